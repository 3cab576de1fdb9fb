package store

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

const (
	updateRequests = `UPDATE requests SET version = u.v, state = u.s, requester = u.r, pending = u.p, live_key = u.k, guest = u.g, guests = u.m::text[], doc = u.d::json
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::bytea[], $7::text[], $8::text[], $9::text[]) AS u (n, v, s, r, p, k, g, m, d)
		WHERE number = u.n`
	insertRequests = `INSERT INTO requests (number, version, state, requester, pending, live_key, guest, guests, doc)
		SELECT n, v, s, r, p, k, g, m::text[], d::json
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::bytea[], $7::text[], $8::text[], $9::text[]) AS u (n, v, s, r, p, k, g, m, d)`
	insertTrail = `INSERT INTO trail (n, request, record)
		SELECT n, nullif(r, 0), d::json FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u (n, r, d)`
	eraseRecords = `UPDATE trail SET record = u.d::json FROM unnest($1::bigint[], $2::text[]) AS u (n, d) WHERE trail.n = u.n`
	deleteOwed   = `DELETE FROM owed USING unnest($1::bigint[], $2::text[]) AS u (r, k) WHERE request = u.r AND kind = u.k`
	upsertOwed   = `INSERT INTO owed (request, kind, version, due, nanos, attempts)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::smallint[], $6::integer[])
		ON CONFLICT (request, kind) DO UPDATE SET version = excluded.version, due = excluded.due,
			nanos = excluded.nanos, attempts = excluded.attempts`
	releaseOwed = `UPDATE owed SET leased_by = NULL, leased_until = NULL
		FROM unnest($1::bigint[], $2::text[]) AS u (r, k) WHERE request = u.r AND kind = u.k AND leased_by = $3`
	moveHead       = `UPDATE head SET n = $1, mac = $2, last = $3, pending = $4 WHERE one`
	upsertIncident = `INSERT INTO incidents (key, doc) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc`
)

// commit writes all that jobs kept, tells the other replicas what became due,
// and ends the transaction, in one journey.
func (s *shared) commit() error {
	b := &pgx.Batch{}
	s.queueIncidents(b)
	s.queueDelegations(b)
	slices.Sort(s.updated)
	updated := slices.DeleteFunc(slices.Compact(s.updated), func(n uint64) bool { return slices.Contains(s.inserted, n) })
	s.queueRequests(b, updateRequests, updated)
	s.queueRequests(b, insertRequests, s.inserted)
	s.queueTrail(b)
	s.queueRows(b)
	s.queueDomains(b)
	b.Queue(moveHead, s.head.N, s.head.MAC[:], s.last, s.pending)
	if s.probe != "" {
		b.Queue(s.probe)
	}
	if due := s.dueFirst(); len(due) > 0 {
		b.Queue(`SELECT pg_notify($1, $2)`, s.channel, news(s.replica, due))
	}
	b.Queue(`COMMIT`)
	return s.conn.SendBatch(s.ctx, b).Close()
}

func (s *shared) queueRequests(b *pgx.Batch, sql string, numbers []uint64) {
	if len(numbers) == 0 {
		return
	}
	var c requestColumns
	for _, n := range numbers {
		k := s.requests[n]
		c.add(n, k.request, k.doc)
	}
	b.Queue(sql, c.numbers, c.versions, c.states, c.requesters, c.pendings, c.keys, c.guests, c.several, c.docs)
}

// requestColumns are rows of requests, column by column.
type requestColumns struct {
	numbers, versions        []int64
	states, requesters, docs []string // types of the language's own are encoded fastest
	pendings                 []bool
	keys                     [][]byte
	guests, several          []*string
}

func (c *requestColumns) add(n uint64, r approvals.Request, doc string) {
	c.numbers, c.versions, c.states = append(c.numbers, int64(n)), append(c.versions, int64(r.Version)), append(c.states, string(r.State)) //nolint:gosec // the database refuses what is negative
	c.requesters, c.pendings = append(c.requesters, r.Requester.User), append(c.pendings, pendingIndex(r) != nil)
	c.keys, c.guests, c.docs = append(c.keys, liveColumn(r)), append(c.guests, guestColumn(r)), append(c.docs, doc)
	c.several = append(c.several, listText(severalColumn(r)))
}

func (s *shared) queueTrail(b *pgx.Batch) {
	if len(s.entries) > 0 {
		places, numbers, records := recordColumns(s.entries)
		b.Queue(insertTrail, places, numbers, records)
	}
	if len(s.erased) > 0 {
		places, _, records := recordColumns(s.erased)
		b.Queue(eraseRecords, places, records)
	}
}

func recordColumns(entries []entryRow) (places, numbers []int64, records []string) {
	for _, e := range entries {
		places, numbers, records = append(places, int64(e.n)), append(numbers, int64(e.request)), append(records, string(e.record)) //nolint:gosec // counted from 1
	}
	return places, numbers, records
}

func (s *shared) queueIncidents(b *pgx.Batch) {
	for key, value := range s.changed {
		if value == nil {
			b.Queue(`DELETE FROM incidents WHERE key = $1`, key)
		} else {
			b.Queue(upsertIncident, key, string(value))
		}
	}
}

// rowKeys are the primary keys of rows, column by column.
type rowKeys struct {
	numbers []int64
	kinds   []string
}

func (k *rowKeys) add(r row) {
	k.numbers, k.kinds = append(k.numbers, int64(r.number)), append(k.kinds, string(r.kind)) //nolint:gosec // of a request that is there
}

// rowColumns are rows of owed work, column by column.
type rowColumns struct {
	rowKeys
	versions []int64
	dues     []time.Time
	nanos    []int16
	attempts []int32
}

func (c *rowColumns) add(o approvals.Owed) {
	due, rest := split(o.Due)
	c.rowKeys.add(rowOf(o))
	c.versions, c.dues, c.nanos, c.attempts = append(c.versions, int64(o.Version)), append(c.dues, due), append(c.nanos, rest), append(c.attempts, int32(o.Attempts)) //nolint:gosec // the database refuses what is negative
}

// queueRows writes rows in one order, that of their keys, for all replicas.
func (s *shared) queueRows(b *pgx.Batch) {
	var gone, freed rowKeys
	var kept rowColumns
	for _, r := range slices.SortedFunc(keysOf(s.touched), row.compare) {
		if is := s.rows[r]; is == nil {
			gone.add(r)
		} else {
			kept.add(*is)
		}
	}
	for _, r := range s.ended {
		if s.rows[r] != nil {
			freed.add(r)
		}
	}
	if len(gone.kinds) > 0 {
		b.Queue(deleteOwed, gone.numbers, gone.kinds)
	}
	if len(kept.kinds) > 0 {
		b.Queue(upsertOwed, kept.numbers, kept.kinds, kept.versions, kept.dues, kept.nanos, kept.attempts)
	}
	if len(freed.kinds) > 0 {
		b.Queue(releaseOwed, freed.numbers, freed.kinds, s.replica)
	}
}

// dueFirst is when the first of the rows of each lane will be due that were
// written and are in nobody's hand.
func (s *shared) dueFirst() map[approvals.Lane]time.Time {
	first := map[approvals.Lane]time.Time{}
	for r := range s.touched {
		is := s.rows[r]
		if is == nil || s.leased[r] {
			continue
		}
		if at, ok := first[r.kind.Lane()]; !ok || is.Due.Before(at) {
			first[r.kind.Lane()] = is.Due
		}
	}
	return first
}

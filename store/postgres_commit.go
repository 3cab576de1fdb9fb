package store

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// commit writes all that jobs kept, tells the other replicas what became due,
// and ends the transaction, in one journey.
func (s *shared) commit() error {
	b := &pgx.Batch{}
	slices.Sort(s.updated)
	updated := slices.DeleteFunc(slices.Compact(s.updated), func(n uint64) bool { return slices.Contains(s.inserted, n) })
	s.queueRequests(b, updateRequests, updated)
	s.queueRequests(b, insertRequests, s.inserted)
	if len(s.entries) > 0 {
		b.Queue(insertTrail, s.entryOf, s.entries)
	}
	s.queueRows(b)
	if len(s.inserted) > 0 {
		b.Queue(`UPDATE counters SET n = $1 WHERE name = 'last'`, s.last)
	}
	if s.pending != 0 {
		b.Queue(`UPDATE counters SET n = n + $1 WHERE name = 'pending'`, s.pending)
	}
	if due, ok := s.dueFirst(); ok {
		b.Queue(`SELECT pg_notify($1, $2)`, s.channel, news(s.replica, due))
	}
	b.Queue(`COMMIT`)
	return s.conn.SendBatch(s.ctx, b).Close()
}

const (
	updateRequests = `UPDATE requests SET version = u.v, state = u.s, requester = u.r, pending = u.p, live_key = u.k, doc = u.d::json
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::bytea[], $7::text[]) AS u (n, v, s, r, p, k, d)
		WHERE number = u.n`
	insertRequests = `INSERT INTO requests (number, version, state, requester, pending, live_key, doc)
		SELECT n, v, s, r, p, k, d::json
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::bytea[], $7::text[]) AS u (n, v, s, r, p, k, d)`
	insertTrail = `INSERT INTO trail (request, entry)
		SELECT r, e::json FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS u (r, e, o) ORDER BY o`
	deleteOwed = `DELETE FROM owed USING unnest($1::bigint[], $2::text[]) AS u (r, k) WHERE request = u.r AND kind = u.k`
	upsertOwed = `INSERT INTO owed (request, kind, version, due, nanos, attempts)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::smallint[], $6::integer[])
		ON CONFLICT (request, kind) DO UPDATE SET version = excluded.version, due = excluded.due,
			nanos = excluded.nanos, attempts = excluded.attempts`
	releaseOwed = `UPDATE owed SET leased_by = NULL, leased_until = NULL
		FROM unnest($1::bigint[], $2::text[]) AS u (r, k) WHERE request = u.r AND kind = u.k AND leased_by = $3`
)

func (s *shared) queueRequests(b *pgx.Batch, sql string, numbers []uint64) {
	if len(numbers) == 0 {
		return
	}
	size := len(numbers)
	versions, states, requesters := make([]uint64, size), make([]approvals.State, size), make([]string, size)
	pendings, keys, docs := make([]bool, size), make([][]byte, size), make([]string, size)
	for i, n := range numbers {
		k := s.requests[n]
		versions[i], states[i], requesters[i] = k.request.Version, k.request.State, k.request.Requester.User
		pendings[i], keys[i], docs[i] = pendingIndex(k.request) != nil, liveIndex(k.request), k.doc
	}
	b.Queue(sql, numbers, versions, states, requesters, pendings, keys, docs)
}

// rowKeys are the primary keys of rows, column by column.
type rowKeys struct {
	numbers []uint64
	kinds   []approvals.Work
}

func (k *rowKeys) add(r row) {
	k.numbers, k.kinds = append(k.numbers, r.number), append(k.kinds, r.kind)
}

// queueRows writes rows in one order, that of their keys, for all replicas.
func (s *shared) queueRows(b *pgx.Batch) {
	var gone, kept, freed rowKeys
	var versions []uint64
	var dues []time.Time
	var nanos []int16
	var attempts []int
	for _, r := range slices.SortedFunc(keysOf(s.touched), row.compare) {
		is := s.rows[r]
		if is == nil {
			gone.add(r)
			continue
		}
		due, rest := split(is.Due)
		kept.add(r)
		versions, dues, nanos, attempts = append(versions, is.Version), append(dues, due), append(nanos, rest), append(attempts, is.Attempts)
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
		b.Queue(upsertOwed, kept.numbers, kept.kinds, versions, dues, nanos, attempts)
	}
	if len(freed.kinds) > 0 {
		b.Queue(releaseOwed, freed.numbers, freed.kinds, s.replica)
	}
}

// dueFirst is when the first of the rows will be due that were written and are in nobody's hand.
func (s *shared) dueFirst() (first time.Time, ok bool) {
	for r := range s.touched {
		is := s.rows[r]
		if is == nil || s.leased[r] || (ok && !is.Due.Before(first)) {
			continue
		}
		first, ok = is.Due, true
	}
	return first, ok
}

package store

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

const (
	lockHead = `SELECT schema, n, mac, last, pending FROM head WHERE one FOR UPDATE`
	readDocs = `SELECT number, doc FROM requests WHERE number = ANY($1)`
	familyOf = `WITH mine AS (SELECT unnest(coalesce(guests, ARRAY[guest])) AS email FROM requests WHERE number = ANY($1))
		SELECT number, doc FROM requests WHERE live_key IS NOT NULL AND guest IN (SELECT email FROM mine)
		UNION ALL SELECT number, doc FROM requests WHERE live_key IS NOT NULL AND guests && (SELECT array_agg(email) FROM mine)`
	docsOfKeys = `SELECT number, doc FROM requests WHERE live_key = ANY($1)`
	rowsOf     = `SELECT request, kind, version, due, nanos, attempts, coalesce(leased_until > clock_timestamp(), false)
		FROM owed WHERE request = ANY($1)`
	recordsOf = `SELECT n, request, record FROM trail WHERE request = ANY($1) ORDER BY n`
	// Records are read as text: the database knows no zero character in JSON, and words may hold one.
	signersOf = `SELECT r, t.record FROM unnest($1::bigint[]) AS u (r), LATERAL (
			SELECT record FROM trail WHERE request = r AND record::text LIKE '%,"is":"%' ORDER BY n DESC LIMIT 1) t`
	readKeys = `SELECT key, doc FROM incidents WHERE key = ANY($1)`
)

// wants are all that the jobs of a transaction read.
type wants struct {
	numbers, families, erased []int64
	keys                      [][]byte
	incidents                 []string
}

func (s *shared) wants(jobs []*job[*shared]) (w wants) {
	for _, j := range jobs {
		if n, ok := known(j.needs.number); ok && !slices.Contains(w.numbers, n) {
			w.numbers = append(w.numbers, n)
		}
		if n, ok := known(j.needs.number); ok && j.needs.family {
			w.families = append(w.families, n)
		}
		if n, ok := known(j.needs.number); ok && j.needs.trail {
			w.erased = append(w.erased, n)
		}
		if j.needs.create {
			w.keys = append(w.keys, []byte(j.needs.liveKey))
			s.live[j.needs.liveKey] = nil
		}
		if j.needs.incident != "" {
			w.incidents = append(w.incidents, j.needs.incident)
		}
	}
	return w
}

// read begins the transaction, locks the head and reads what jobs need, and
// whether an entry in doubt came to be. Whoever sent it has the head no more.
func (s *shared) read(jobs []*job[*shared], doubt *entryRow) error {
	w := s.wants(jobs)
	b := &pgx.Batch{}
	b.Queue(`BEGIN`)
	b.Queue(lockHead).QueryRow(s.readHead)
	if doubt != nil {
		b.Queue(`SELECT EXISTS (SELECT FROM trail WHERE n = $1 AND record::text = $2)`, doubt.n, string(doubt.record)).
			QueryRow(func(row pgx.Row) error { return row.Scan(&s.came) })
	}
	if len(w.numbers) > 0 {
		b.Queue(readDocs, w.numbers).Query(s.readRequests)
		b.Queue(rowsOf, w.numbers).Query(s.readRows)
		if !s.sealer.keys.Empty() {
			b.Queue(signersOf, w.numbers).Query(s.readSigners)
		}
	}
	if len(w.families) > 0 {
		b.Queue(familyOf, w.families).Query(s.readRequests)
	}
	if len(w.keys) > 0 {
		b.Queue(docsOfKeys, w.keys).Query(s.readLive)
	}
	if len(w.erased) > 0 {
		b.Queue(recordsOf, w.erased).Query(s.readTrail)
	}
	if len(w.incidents) > 0 {
		b.Queue(readKeys, w.incidents).Query(s.readIncidents)
	}
	return s.conn.SendBatch(s.ctx, b).Close()
}

// known is a request's number as the database has it; numbers that no request
// can have are not asked for.
func known(number uint64) (int64, bool) {
	if number == 0 || number > math.MaxInt64 {
		return 0, false
	}
	return int64(number), true
}

// readHead refuses a schema that a newer program made of ours meanwhile.
func (s *shared) readHead(row pgx.Row) error {
	var version int
	var mac []byte
	if err := row.Scan(&version, &s.head.N, &mac, &s.last, &s.pending); err != nil {
		return err
	}
	copy(s.head.MAC[:], mac)
	return notNewer(version)
}

func (s *shared) readRequests(rows pgx.Rows) error {
	return eachDoc(rows, func(n uint64, doc []byte, r approvals.Request) {
		s.requests[n] = kept{r, string(doc)}
		if r.Live() {
			s.live[r.LiveKey()] = &r
		}
	})
}

func (s *shared) readLive(rows pgx.Rows) error {
	return eachDoc(rows, func(_ uint64, _ []byte, r approvals.Request) { s.live[r.LiveKey()] = &r })
}

func (s *shared) readRows(rows pgx.Rows) error {
	var o approvals.Owed
	var leased bool
	return eachOwed(rows, &o, []any{&leased}, func() {
		o := o
		s.rows[rowOf(o)], s.leased[rowOf(o)] = &o, leased
	})
}

func (s *shared) readSigners(rows pgx.Rows) error {
	var n uint64
	var record []byte
	_, err := pgx.ForEachRow(rows, []any{&n, &record}, func() error { s.signers[n], _ = keyOf(record); return nil })
	return err
}

func (s *shared) readTrail(rows pgx.Rows) error {
	return eachRecord(rows, func(e entryRow) error {
		s.trail[e.request] = append(s.trail[e.request], e)
		return nil
	})
}

// eachRecord reads rows of the trail.
func eachRecord(rows pgx.Rows, do func(entryRow) error) error {
	var e entryRow
	var text []byte
	_, err := pgx.ForEachRow(rows, []any{&e.n, &e.request, &text}, func() error {
		e.record = slices.Clone(text)
		return do(e)
	})
	return err
}

func (s *shared) readIncidents(rows pgx.Rows) error {
	return eachIncident(rows, func(i approvals.Incident) error {
		s.incidents[i.Key] = i
		return nil
	})
}

// eachIncident reads rows of incidents.
func eachIncident(rows pgx.Rows, do func(approvals.Incident) error) error {
	var key string
	var doc []byte
	_, err := pgx.ForEachRow(rows, []any{&key, &doc}, func() error {
		var i approvals.Incident
		if err := json.Unmarshal(doc, &i); err != nil {
			return fmt.Errorf("table incidents, key %q: %w: %w", key, ErrCorrupt, err)
		}
		return do(i)
	})
	return err
}

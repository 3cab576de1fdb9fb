package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

const (
	// As in tally.counted nothing becomes less than nothing.
	sumDomains = `WITH u AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS u (d, p, l, a, o)),
		there AS (UPDATE domains SET pending = greatest(pending + u.p, 0), live = greatest(live + u.l, 0),
				active = least(greatest(active + u.a, 0), greatest(live + u.l, 0)), past = greatest(past + u.o, 0)
			FROM u WHERE domain = u.d RETURNING domain)
		INSERT INTO domains (domain, pending, live, active, past)
			SELECT d, greatest(p, 0), greatest(l, 0), least(greatest(a, 0), greatest(l, 0)), greatest(o, 0)
			FROM u WHERE d NOT IN (SELECT domain FROM there)`
	dropDomains = `DELETE FROM domains WHERE domain = ANY($1) AND pending + live + past = 0`
	decide      = `INSERT INTO decisions (domain, at, nanos, request)
		SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::smallint[], $4::bigint[]) ON CONFLICT DO NOTHING`
	undecide = `DELETE FROM decisions USING unnest($1::text[], $2::timestamptz[], $3::smallint[], $4::bigint[]) AS u (d, a, s, r)
		WHERE domain = u.d AND at = u.a AND nanos = u.s AND request = u.r`
	// The documents are read as text, with the counts of the same moment.
	readDomain = `SELECT pending, live, active, past, ARRAY(SELECT r.doc::text FROM decisions d JOIN requests r ON r.number = d.request
		WHERE d.domain = $1 ORDER BY d.at DESC, d.nanos DESC, d.request DESC LIMIT $2) FROM domains WHERE domain = $1`
)

// Domain implements approvals.Reader. It costs a few requests, however many there are.
func (p *Postgres) Domain(ctx context.Context, domain string) (approvals.DomainCount, error) {
	var t tally
	var docs []string
	err := p.pool.QueryRow(ctx, readDomain, approvals.BaseDomain(domain), newestDecisions).Scan(&t.pending, &t.live, &t.active, &t.past, &docs)
	if errors.Is(err, pgx.ErrNoRows) {
		return approvals.DomainCount{}, nil
	}
	c := t.count()
	for _, doc := range docs {
		var r approvals.Request
		if r, err = decodeAny([]byte(doc)); err != nil {
			break
		}
		d, ok := decision(r)
		if !ok {
			err = fmt.Errorf("table decisions, request %d: %w: it was not decided", r.ID.Number(), ErrCorrupt)
			break
		}
		c.Last = append(c.Last, d)
	}
	if err != nil {
		return approvals.DomainCount{}, fmt.Errorf("counting the requests of a domain: %w", p.said(err))
	}
	return c, nil
}

// decided is a row of decisions.
type decided struct {
	domain string
	micros int64 // since 1970
	nanos  int16
	number uint64
}

func (d decided) compare(e decided) int {
	return cmp.Or(cmp.Compare(d.domain, e.domain), cmp.Compare(d.micros, e.micros), cmp.Compare(d.nanos, e.nanos), cmp.Compare(d.number, e.number))
}

// at is the column of when it was decided.
func (d decided) at() time.Time { return time.UnixMicro(d.micros).UTC() }

// decidedRows are those of a request, none if it was not decided.
func decidedRows(r approvals.Request) (rows []decided) {
	d, ok := decision(r)
	if !ok {
		return nil
	}
	at, nanos := split(d.At)
	for _, domain := range domainsOf(r) {
		rows = append(rows, decided{domain, at.UnixMicro(), nanos, r.ID.Number()})
	}
	return rows
}

// countDomains notes what a change of a request does to its domains.
func (s *shared) countDomains(was, is approvals.Request) {
	for domain, by := range tallied(was, is) {
		s.tallies[domain] = s.tallies[domain].plus(by)
	}
	from, to := decidedRows(was), decidedRows(is)
	if slices.Equal(from, to) {
		return
	}
	for _, row := range from {
		s.decided[row] = false
	}
	for _, row := range to {
		s.decided[row] = true
	}
}

// tallyColumns are rows of domains, column by column.
type tallyColumns struct {
	domains                     []string
	pending, live, active, past []int64
}

func (c *tallyColumns) add(domain string, t tally) {
	c.domains, c.pending, c.live = append(c.domains, domain), append(c.pending, t.pending), append(c.live, t.live)
	c.active, c.past = append(c.active, t.active), append(c.past, t.past)
}

func (s *shared) queueDomains(b *pgx.Batch) {
	var sums tallyColumns
	var fewer []string
	for _, domain := range slices.Sorted(maps.Keys(s.tallies)) {
		by := s.tallies[domain]
		if by != (tally{}) {
			sums.add(domain, by)
		}
		if by.requests() < 0 {
			fewer = append(fewer, domain)
		}
	}
	if len(sums.domains) > 0 {
		b.Queue(sumDomains, sums.domains, sums.pending, sums.live, sums.active, sums.past)
	}
	if len(fewer) > 0 {
		b.Queue(dropDomains, fewer)
	}
	s.queueDecided(b)
}

func (s *shared) queueDecided(b *pgx.Batch) {
	var more, fewer decidedColumns
	for _, d := range slices.SortedFunc(maps.Keys(s.decided), decided.compare) {
		if s.decided[d] {
			more.add(d)
		} else {
			fewer.add(d)
		}
	}
	if len(more.domains) > 0 {
		b.Queue(decide, more.domains, more.at, more.nanos, more.numbers)
	}
	if len(fewer.domains) > 0 {
		b.Queue(undecide, fewer.domains, fewer.at, fewer.nanos, fewer.numbers)
	}
}

// decidedColumns are rows of decisions, column by column.
type decidedColumns struct {
	domains []string
	at      []time.Time
	nanos   []int16
	numbers []int64
}

func (c *decidedColumns) add(d decided) {
	c.domains, c.at, c.nanos = append(c.domains, d.domain), append(c.at, d.at()), append(c.nanos, d.nanos)
	c.numbers = append(c.numbers, int64(d.number)) //nolint:gosec // of a request that is there
}

// census counts the requests that are copied, and writes the two tables anew.
type census struct {
	f         *loader
	sums      map[string]tally
	decisions page
}

func newCensus(f *loader) *census {
	return &census{f: f, sums: map[string]tally{}, decisions: page{f: f, table: "decisions", columns: []string{"domain", "at", "nanos", "request"}}}
}

func (c *census) add(r approvals.Request) error {
	for domain, by := range tallied(approvals.Request{}, r) {
		c.sums[domain] = c.sums[domain].plus(by)
	}
	for _, d := range decidedRows(r) {
		c.f.total++
		if err := c.decisions.add(d.domain, d.at(), d.nanos, d.number); err != nil {
			return err
		}
	}
	return nil
}

func (c *census) flush() error {
	if err := c.decisions.flush(); err != nil {
		return err
	}
	p := &page{f: c.f, table: "domains", columns: []string{"domain", "pending", "live", "active", "past"}}
	for _, domain := range slices.Sorted(maps.Keys(c.sums)) {
		t := c.sums[domain]
		c.f.total++
		if err := p.add(domain, t.pending, t.live, t.active, t.past); err != nil {
			return err
		}
	}
	return p.flush()
}

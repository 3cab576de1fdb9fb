package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

func keysOf[V any](m map[row]V) iter.Seq[row] { return maps.Keys(m) }

func (r row) compare(q row) int {
	return cmp.Or(cmp.Compare(r.number, q.number), cmp.Compare(r.kind, q.kind))
}

const (
	free      = `(leased_until IS NULL OR leased_until <= clock_timestamp())`
	leaseOwed = `WITH chosen AS (
			SELECT request, kind FROM owed WHERE lane = $6 AND (due, nanos) <= ($1::timestamptz, $2::smallint) AND ` + free + `
			ORDER BY lane, due, nanos, kind, request LIMIT $3 FOR UPDATE SKIP LOCKED)
		UPDATE owed SET leased_by = $4, leased_until = clock_timestamp() + make_interval(secs => $5)
		FROM chosen WHERE owed.request = chosen.request AND owed.kind = chosen.kind
		RETURNING owed.request, owed.kind, version, due, nanos, attempts`
	nextOwed   = `SELECT due, nanos FROM owed WHERE lane = $1 AND ` + free + ` ORDER BY lane, due, nanos LIMIT 1`
	renewLease = `UPDATE owed SET leased_until = clock_timestamp() + make_interval(secs => $4)
		FROM unnest($1::bigint[], $2::text[]) AS u (r, k) WHERE request = u.r AND kind = u.k AND leased_by = $3`
)

// Take implements approvals.Store. A row is in the hand of one replica while its
// lease lasts; next says nothing of rows in other hands, which are looked at again
// when the worker looks again.
func (p *Postgres) Take(ctx context.Context, now time.Time, lane approvals.Lane, limit int) ([]approvals.Owed, time.Time, error) {
	p.taking.Lock()
	defer p.taking.Unlock()
	// Until next is known, all news rings.
	back, later := p.hands.begin(now, lane)
	rows, next, err := p.lease(ctx, now, lane, max(limit, 0), back)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("taking owed work: %w", p.said(err))
	}
	next = sooner(next, later)
	return p.hands.take(lane, rows, back, next), next, nil
}

// begin returns the rows of a lane that were given back in memory and are free by
// now, and when the first of the others will be.
func (h *hands) begin(now time.Time, lane approvals.Lane) (back []row, later time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next[lane] = time.Time{}
	for r, until := range h.in {
		switch {
		case until.IsZero(), r.kind.Lane() != lane:
		case until.After(now):
			later = sooner(later, until)
		default:
			back = append(back, r)
		}
	}
	return back, later
}

// take marks rows as in hand and leaves out those that were already: the
// database was away for longer than their lease.
func (h *hands) take(lane approvals.Lane, rows []approvals.Owed, back []row, next time.Time) []approvals.Owed {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range back {
		delete(h.in, r)
	}
	rows = slices.DeleteFunc(rows, func(o approvals.Owed) bool {
		_, held := h.in[rowOf(o)]
		if held {
			h.missed[rowOf(o)] = true
		}
		return held
	})
	for _, o := range rows {
		h.in[rowOf(o)] = time.Time{}
	}
	h.next[lane] = next
	return rows
}

// lease asks the database for rows, the longest due first, and for the time of the next.
func (p *Postgres) lease(ctx context.Context, now time.Time, lane approvals.Lane, limit int, back []row) (rows []approvals.Owed, next time.Time, err error) {
	b := &pgx.Batch{}
	if len(back) > 0 {
		keys := keysIn(back)
		b.Queue(releaseOwed, keys.numbers, keys.kinds, p.replica)
	}
	due, nanos := split(now)
	b.Queue(leaseOwed, due, nanos, limit, p.replica, p.opts.Lease.Seconds(), lane).Query(func(r pgx.Rows) error {
		var o approvals.Owed
		return eachOwed(r, &o, nil, func() { rows = append(rows, o) })
	})
	b.Queue(nextOwed, lane).Query(func(r pgx.Rows) error {
		var due time.Time
		var nanos int16
		_, err := pgx.ForEachRow(r, []any{&due, &nanos}, func() error { next = whole(due, nanos); return nil })
		return err
	})
	if err := p.writers.SendBatch(ctx, b).Close(); err != nil {
		return nil, time.Time{}, err
	}
	slices.SortFunc(rows, func(x, y approvals.Owed) int {
		return cmp.Or(x.Due.Compare(y.Due), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Request.Number(), y.Request.Number()))
	})
	return rows, next, nil
}

func keysIn(rows []row) (k rowKeys) {
	for _, r := range rows {
		k.add(r)
	}
	return k
}

// held are the rows in hand, in the order in which everybody locks them.
func (h *hands) held() rowKeys {
	h.mu.Lock()
	defer h.mu.Unlock()
	return keysIn(slices.SortedFunc(keysOf(h.in), row.compare))
}

// renewAll keeps the rows in hand from other replicas until ctx ends.
func (p *Postgres) renewAll(ctx context.Context) {
	tick := time.NewTicker(max(p.opts.Lease/3, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := p.renew(ctx); err != nil && ctx.Err() == nil {
			p.opts.Log.WarnContext(ctx, "work in hand may go to another replica", "error", worded(err))
		}
	}
}

func (p *Postgres) renew(ctx context.Context) error {
	keys := p.hands.held()
	if len(keys.kinds) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.opts.Lease/3)
	defer cancel()
	_, err := p.writers.Exec(ctx, renewLease, keys.numbers, keys.kinds, p.replica, p.opts.Lease.Seconds())
	return err
}

// releaseAll gives the rows in hand to whoever wants them.
func (p *Postgres) releaseAll(ctx context.Context) error {
	keys := p.hands.held()
	if len(keys.kinds) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	b.Queue(releaseOwed, keys.numbers, keys.kinds, p.replica)
	b.Queue(`SELECT pg_notify($1, $2)`, p.channel, news(p.replica, nil))
	return p.writers.SendBatch(ctx, b).Close()
}

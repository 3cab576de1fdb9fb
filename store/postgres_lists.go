package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// Requests for several guests are found by each of them, in an index of their own.
const (
	guestDocs = `SELECT number, doc FROM requests WHERE live_key >= $1 AND live_key < $2
		UNION ALL SELECT number, doc FROM requests WHERE guests @> $3::text[] AND live_key IS NOT NULL ORDER BY number DESC`
	historyDocs = `SELECT number, doc FROM requests WHERE guest = $1
		UNION ALL SELECT number, doc FROM requests WHERE guests @> $2::text[] ORDER BY number DESC`
)

// Get implements approvals.Reader.
func (p *Postgres) Get(ctx context.Context, id approvals.RequestID) (approvals.Request, error) {
	n, ok := known(id.Number())
	if !ok {
		return approvals.Request{}, approvals.ErrNotFound.With("id", string(id))
	}
	found, err := p.docs(ctx, `SELECT number, doc FROM requests WHERE number = $1`, n)
	if err != nil {
		return approvals.Request{}, fmt.Errorf("reading %s: %w", id, p.said(err))
	}
	if len(found) == 0 {
		return approvals.Request{}, approvals.ErrNotFound.With("id", string(id))
	}
	return found[0], nil
}

// Guest implements approvals.Reader, newest first.
func (p *Postgres) Guest(ctx context.Context, email string) ([]approvals.Request, error) {
	from := []byte(approvals.LiveKey(email, ""))
	to := slices.Clone(from)
	to[len(to)-1]++ // the end of the address, a zero byte
	found, err := p.docs(ctx, guestDocs, from, to, []string{strings.ToLower(email)})
	if err != nil {
		return nil, fmt.Errorf("reading a guest's requests: %w", p.said(err))
	}
	return slices.DeleteFunc(found, func(r approvals.Request) bool { return !isFor(r, email) }), nil
}

// History implements approvals.Reader.
func (p *Postgres) History(ctx context.Context, email string) ([]approvals.Request, error) {
	found, err := p.docs(ctx, historyDocs, strings.ToLower(email), []string{strings.ToLower(email)})
	if err != nil {
		return nil, fmt.Errorf("reading a guest's requests: %w", p.said(err))
	}
	return found, nil
}

// Incidents implements approvals.Reader.
func (p *Postgres) Incidents(ctx context.Context) (all []approvals.Incident, err error) {
	rows, err := p.pool.Query(ctx, allIncidents)
	if err == nil {
		err = eachIncident(rows, func(i approvals.Incident) error { all = append(all, i); return nil })
	}
	if err != nil {
		return nil, fmt.Errorf("reading the incidents: %w", p.said(err))
	}
	return all, nil
}

func (p *Postgres) docs(ctx context.Context, sql string, args ...any) (found []approvals.Request, err error) {
	rows, err := p.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	err = eachDoc(rows, func(_ uint64, _ []byte, r approvals.Request) { found = append(found, r) })
	return found, err
}

// Trail implements approvals.Reader. A request that is not there has no trail
// but ErrNotFound.
func (p *Postgres) Trail(ctx context.Context, id approvals.RequestID) ([]approvals.Entry, error) {
	n, ok := known(id.Number())
	if !ok {
		return nil, approvals.ErrNotFound.With("id", string(id))
	}
	there := false
	var entries []approvals.Entry
	b := &pgx.Batch{}
	b.Queue(`SELECT EXISTS (SELECT FROM requests WHERE number = $1)`, n).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	b.Queue(`SELECT n, request, record FROM trail WHERE request = $1 ORDER BY n`, n).Query(func(rows pgx.Rows) error {
		return eachRecord(rows, func(row entryRow) error {
			e, err := openRecord(row.record)
			if err != nil {
				return fmt.Errorf("table trail, entry %d: %w: %w", row.n, ErrCorrupt, err)
			}
			entries = append(entries, e)
			return nil
		})
	})
	if err := p.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("reading the trail of %s: %w", id, p.said(err))
	}
	if !there {
		return nil, approvals.ErrNotFound.With("id", string(id))
	}
	return entries, nil
}

// List implements approvals.Reader. It costs the page, and is of one moment.
func (p *Postgres) List(ctx context.Context, q approvals.Query) (approvals.Page, error) {
	limit := min(q.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	var beyond bool
	page := approvals.Page{Total: -1}
	ahead, behind, args := listSQL(q, limit)
	b := &pgx.Batch{}
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	b.Queue(ahead, args...).Query(func(rows pgx.Rows) error {
		return eachDoc(rows, func(_ uint64, _ []byte, r approvals.Request) { page.Requests = append(page.Requests, r) })
	})
	b.Queue(behind, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&beyond) })
	if q.Pending && q.Requester.User == "" {
		b.Queue(`SELECT pending FROM head WHERE one`).QueryRow(func(row pgx.Row) error { return row.Scan(&page.Total) })
	}
	b.Queue(`COMMIT`)
	if err := p.pool.SendBatch(ctx, b).Close(); err != nil {
		return approvals.Page{}, fmt.Errorf("listing requests: %w", p.said(err))
	}
	more := len(page.Requests) > limit
	page.Requests = page.Requests[:min(limit, len(page.Requests))]
	page.Older, page.Newer = more, beyond
	if q.After > 0 {
		slices.Reverse(page.Requests)
		page.Newer, page.Older = more, beyond
	}
	return page, nil
}

// listSQL asks for one request more than a page, from the bound on, and whether
// there is any on the other side of it, the bound itself included. The limit is
// in the text, so that the plan is made for a page.
func listSQL(q approvals.Query, limit int) (ahead, behind string, args []any) {
	args = []any{int64(math.MaxInt64)}
	on, off, order := `<`, `>=`, `DESC`
	switch {
	case q.After > 0:
		args[0] = bounds(q.After)
		on, off, order = `>`, `<=`, `ASC`
	case q.Before > 0:
		args[0] = bounds(q.Before)
	}
	where := ``
	if q.Requester.User != "" {
		where = ` AND requester = $2`
		args = append(args, q.Requester.User)
	}
	if q.Pending {
		where += ` AND pending`
	}
	ahead = fmt.Sprintf(`SELECT number, doc FROM requests WHERE number %s $1%s ORDER BY number %s LIMIT %d`, on, where, order, limit+1)
	behind = fmt.Sprintf(`SELECT EXISTS (SELECT FROM requests WHERE number %s $1%s)`, off, where)
	return ahead, behind, args
}

// bounds is the bound of a page as a number of the database.
func bounds(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerbot/approvals"
)

// Create implements approvals.Store.
func (p *Postgres) Create(ctx context.Context, liveKey string, create func(approvals.RequestID, *approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{create: true, liveKey: liveKey}, func(s *shared) (plan, error) {
		id := approvals.NewID(s.last + 1)
		live, err := s.liveRequest(liveKey)
		if err != nil {
			return plan{}, err
		}
		c, err := create(id, live)
		if err != nil {
			return plan{}, err
		}
		return s.plan(id, c, nil)
	})
}

// Update implements approvals.Store.
func (p *Postgres) Update(ctx context.Context, id approvals.RequestID, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{number: id.Number()}, func(s *shared) (plan, error) { return s.changed(id, change, nil) })
}

// Settle implements approvals.Store. If change refuses, the work stays in hand,
// to be postponed.
func (p *Postgres) Settle(ctx context.Context, work approvals.Owed, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{number: work.Request.Number()}, func(s *shared) (plan, error) { return s.changed(work.Request, change, &work) })
}

// Postpone implements approvals.Store. Work that the database does not take back
// is given back in memory: this replica hands it out again no earlier than due.
func (p *Postgres) Postpone(ctx context.Context, work approvals.Owed, due time.Time) error {
	r := rowOf(work)
	_, err := p.write(ctx, needs{number: r.number}, func(s *shared) (plan, error) {
		was := s.rows[r]
		changes := []rowChange{{row: r, was: was, is: postponed(was, work, due)}}
		return plan{ends: r, rows: changes, keep: func() error { s.keepRows(r, changes); return nil }}, nil
	})
	if err != nil {
		p.hands.hold(r, due)
		return fmt.Errorf("postponing %s of %s: %w", work.Kind, work.Request, err)
	}
	return nil
}

// tries is how often a transaction is begun that met another replica's, or a
// connection that had died unnoticed.
const tries = 5

// transact does jobs in one transaction. Where the database refuses what one of
// them wrote, each is done alone, so that the others are not harmed.
func (p *Postgres) transact(jobs []*job[*shared]) error {
	ctx, cancel := context.WithTimeout(context.Background(), p.opts.Timeout)
	defer cancel()
	var err error
	for range tries {
		var written bool
		written, err = p.attempt(ctx, jobs)
		switch {
		case err == nil:
			return nil
		case met(err, len(jobs)), !written && stale(err):
			continue
		case refused(err) && len(jobs) > 1:
			return p.oneByOne(jobs)
		}
		break
	}
	return p.said(err)
}

func (p *Postgres) oneByOne(jobs []*job[*shared]) error {
	for _, j := range jobs {
		if err := p.transact([]*job[*shared]{j}); err != nil {
			j.err = err
		}
	}
	return nil
}

// met reports whether another transaction stood in the way of one that is alone
// or whose members cannot be at fault; nothing was kept, and a repetition sees
// what the other one did.
func met(err error, jobs int) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch answer.Code {
	case "40P01", "40001": // deadlock, serialization
		return true
	case "23505": // unique
		return jobs == 1
	}
	return false
}

// stale reports whether a connection from the pool was dead already. One that
// could not be made is no use trying again.
func stale(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && !connecting {
		return answer.Code == "57P01"
	}
	return !connecting && isLost(err) && !pgconn.Timeout(err)
}

// refused reports whether the database found fault with a value or a rule.
func refused(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(answer.Code, "22") || strings.HasPrefix(answer.Code, "23"))
}

// attempt runs every job on what the ones before it left. A job that is refused
// or panics leaves nothing; if writing fails, all fail. written says that an
// error may have come after the commit.
func (p *Postgres) attempt(ctx context.Context, jobs []*job[*shared]) (written bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release() // which ends a connection whose transaction is not over
	s := newShared(ctx, conn.Conn(), p.replica, p.channel)
	if err := s.read(jobs); err != nil {
		return false, err
	}
	kept := 0
	for _, j := range jobs {
		if j.plan, j.err = j.decided(s); j.err != nil {
			continue
		}
		if err := j.plan.keep(); err != nil {
			return false, err
		}
		kept++
	}
	if kept == 0 {
		_, err := conn.Exec(ctx, "ROLLBACK")
		return false, err
	}
	return true, s.commit()
}

// read begins the transaction, locks the requests that jobs change, in the order
// of their numbers, and after them the counter of numbers if there are new ones.
func (s *shared) read(jobs []*job[*shared]) error {
	var numbers []int64
	var keys [][]byte
	create := false
	for _, j := range jobs {
		if n, ok := known(j.needs.number); ok {
			numbers = append(numbers, n)
		}
		if j.needs.create {
			create = true
			keys = append(keys, []byte(j.needs.liveKey))
			s.live[j.needs.liveKey] = nil
		}
	}
	b := &pgx.Batch{}
	b.Queue(`BEGIN`)
	if len(numbers) > 0 {
		b.Queue(`SELECT number, doc FROM requests WHERE number = ANY($1) ORDER BY number FOR UPDATE`, numbers).Query(s.readRequests)
		b.Queue(`SELECT request, kind, version, due, nanos, attempts, coalesce(leased_until > clock_timestamp(), false)
			FROM owed WHERE request = ANY($1)`, numbers).Query(s.readRows)
	}
	if create {
		b.Queue(`SELECT n FROM counters WHERE name = 'last' FOR UPDATE`).QueryRow(func(row pgx.Row) error { return row.Scan(&s.last) })
		b.Queue(`SELECT number, doc FROM requests WHERE live_key = ANY($1)`, keys).Query(s.readLive)
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

func (s *shared) readRequests(rows pgx.Rows) error {
	return eachDoc(rows, func(n uint64, doc []byte, r approvals.Request) { s.requests[n] = kept{r, string(doc)} })
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

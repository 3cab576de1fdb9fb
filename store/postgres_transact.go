package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// tries is how often a transaction is begun that met another replica's, or whose
// connection broke.
const tries = 5

// transact does jobs in one transaction. Where the database refuses what one of
// them wrote, each is done alone, so that the others are not harmed. Where the
// answer to a commit is lost, the trail says whether it came to be.
func (p *Postgres) transact(jobs []*job[*shared]) error {
	if p.lacks != nil {
		return p.lacks
	}
	ctx, cancel := context.WithTimeout(p.life, p.opts.Timeout)
	defer cancel()
	var doubt *entryRow
	var err error
	for range tries {
		var last *entryRow
		last, err = p.attempt(ctx, jobs, doubt)
		if last != nil {
			doubt = last
		}
		switch {
		case err == nil:
			p.noted(nil)
			return nil
		case locked(err):
			p.evict(ctx)
			continue
		case met(err, len(jobs)), stale(err):
			continue
		case refused(err) && len(jobs) > 1:
			return p.oneByOne(jobs)
		}
		break
	}
	if err = p.said(err); p.life.Err() != nil {
		err = fmt.Errorf("%w before the database answered: %w", ErrClosed, err)
	}
	p.noted(err)
	return err
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
	case "40P01", "40001", "25P03": // deadlock, serialization, cut off because we hung in the middle
		return true
	case "23505": // unique
		return jobs == 1
	}
	return false
}

// locked reports whether the head was not to be had in time.
func locked(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && answer.Code == "55P03"
}

// evictIdlers ends the sessions that hold the head and have not been heard of for
// two seconds. A replica that is stopped while it sends is not idle to the
// database, which would wait for ever.
const evictIdlers = `SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	WHERE l.relation = 'head'::regclass AND l.mode = 'RowShareLock' AND l.granted AND a.wait_event = 'ClientRead'
		AND a.state_change < clock_timestamp() - interval '2 seconds'`

func (p *Postgres) evict(ctx context.Context) {
	gone, err := p.writers.Exec(ctx, evictIdlers)
	if err != nil || gone.RowsAffected() > 0 {
		p.opts.Log.WarnContext(ctx, "another replica hung in the middle of a write and was cut off", "sessions", gone.RowsAffected(), "error", worded(err))
	}
}

// stale reports whether a connection from the pool was dead already, or broke. One
// that could not be made is no use trying again.
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
// or panics leaves nothing; if writing fails, all fail. If the entry that is in
// doubt is in the trail, the attempt before came to be and this one keeps nothing.
// last is the end of the trail that was sent, for an answer that is lost.
func (p *Postgres) attempt(ctx context.Context, jobs []*job[*shared], doubt *entryRow) (last *entryRow, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	conn, err := p.writers.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release() // which ends a connection whose transaction is not over
	s := newShared(ctx, conn.Conn(), p)
	if err := s.read(jobs, doubt); err != nil {
		return nil, err
	}
	kept := 0
	for _, j := range jobs {
		if s.came {
			break
		}
		if j.plan, j.err = j.decided(s); j.err != nil {
			continue
		}
		if err := j.plan.keep(); err != nil {
			return nil, err
		}
		kept++
	}
	if kept == 0 {
		_, err := conn.Exec(ctx, "ROLLBACK")
		return nil, err
	}
	if len(s.entries) > 0 {
		last = &s.entries[len(s.entries)-1]
	}
	return last, s.commit()
}

// findSigner looks at the key that the end of the trail is sealed with.
func (p *Postgres) findSigner(ctx context.Context) error {
	var record []byte
	err := p.writers.QueryRow(ctx, `SELECT t.record FROM head h LEFT JOIN trail t ON t.n = h.n`).Scan(&record)
	if err != nil {
		return err
	}
	key, _ := keyOf(record)
	if p.lacks = p.opts.Keys.lacking(key); p.opts.Reading {
		return nil
	}
	return p.lacks
}

package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	quiet     = 30 * time.Second // after so long without news the line is tried
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// news is what a replica tells the others: who it is, and when the first of what
// it wrote is due. The zero time says nothing of when.
func news(replica string, due time.Time) string { return replica + " " + due.Format(time.RFC3339Nano) }

// heard rings for what another replica wrote.
func (p *Postgres) heard(text string) {
	replica, when, _ := strings.Cut(text, " ")
	if replica == p.replica {
		return
	}
	due, err := time.Parse(time.RFC3339Nano, when)
	if err != nil {
		due = time.Time{}
	}
	p.ring(due)
}

func (p *Postgres) ring(due time.Time) {
	p.hands.mu.Lock()
	defer p.hands.mu.Unlock()
	p.hands.wake(due)
}

// listen hears the other replicas until ctx ends, over a connection of its own.
// News that came while there was none is made up for by ringing once.
func (p *Postgres) listen(ctx context.Context, cfg *pgx.ConnConfig) {
	wait := firstWait
	for ctx.Err() == nil {
		err := p.hear(ctx, cfg, func() { wait = firstWait })
		if ctx.Err() != nil {
			return
		}
		p.opts.Log.WarnContext(ctx, "work of other replicas is noticed late", "error", worded(err), "again_in", wait)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		wait = min(2*wait, lastWait)
	}
}

// hear listens until the connection breaks; listening is told when it does.
func (p *Postgres) hear(ctx context.Context, cfg *pgx.ConnConfig, listening func()) error {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), firstWait)
		defer cancel()
		_ = conn.Close(end) // it is of no more use, and holds nothing
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{p.channel}.Sanitize()); err != nil {
		return err
	}
	listening()
	p.ring(time.Time{})
	for {
		n, err := next(ctx, conn)
		switch {
		case err != nil:
			return err
		case n != nil:
			p.heard(n.Payload)
		}
	}
}

// next waits for news; none after a while, if the line is whole.
func next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	short, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	n, err := conn.WaitForNotification(short)
	if err == nil || ctx.Err() != nil || !pgconn.Timeout(err) {
		return n, err
	}
	try, done := context.WithTimeout(ctx, lastWait)
	defer done()
	return nil, conn.Ping(try)
}

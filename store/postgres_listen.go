package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerbot/approvals"
)

const (
	quiet     = 30 * time.Second // after so long without news the line is tried
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// news is what a replica tells the others: who it is, and when the first of what
// it wrote in each lane is due. No lanes say that anything may be due.
func news(replica string, due map[approvals.Lane]time.Time) string {
	words := []string{replica}
	for _, lane := range approvals.Lanes() {
		if at, ok := due[lane]; ok {
			words = append(words, string(lane), at.Format(time.RFC3339Nano))
		}
	}
	return strings.Join(words, " ")
}

// heard rings for what another replica wrote.
func (p *Postgres) heard(text string) {
	words := strings.Fields(text)
	switch {
	case len(words) > 0 && words[0] == p.replica:
		return
	case len(words) < 3:
		p.ringAll()
		return
	}
	for pair := range slices.Chunk(words[1:], 2) {
		due, err := time.Parse(time.RFC3339Nano, pair[len(pair)-1])
		if err != nil {
			due = time.Time{}
		}
		p.ring(approvals.Lane(pair[0]), due)
	}
}

func (p *Postgres) ring(lane approvals.Lane, due time.Time) {
	p.hands.mu.Lock()
	defer p.hands.mu.Unlock()
	p.hands.wake(lane, due)
}

// ringAll rings in every lane, whatever is known there.
func (p *Postgres) ringAll() {
	for _, lane := range approvals.Lanes() {
		p.ring(lane, time.Time{})
	}
}

// listen hears the other replicas until ctx ends, over a connection of its own.
// News that came while there was none is made up for by ringing once.
func (p *Postgres) listen(ctx context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		err := p.hear(ctx, func() { wait = firstWait })
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
func (p *Postgres) hear(ctx context.Context, listening func()) error {
	conn, err := pgx.ConnectConfig(ctx, p.config.Copy())
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
	p.ringAll()
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

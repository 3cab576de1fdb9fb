package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
	"partnerbot/store"
)

type copyCmd struct {
	From        string `help:"The store that moves." required:"" placeholder:"STORE"`
	To          string `help:"Where to: a store that is not there yet, or is empty." required:"" placeholder:"STORE"`
	PlainBefore uint64 `help:"Entries before this one may be sealed without a key." placeholder:"N"`
	Unverified  bool   `help:"Copy even if the trail does not hold."`
}

// Run moves a company from one store to another. While it runs, and after it has
// succeeded, serve refuses the first: two stores would both be the company. A
// copy that did not succeed leaves the first as it was.
func (c copyCmd) Run(ctx context.Context, p program) error {
	from, err := whichStore{Store: c.From}.place(p)
	if err != nil {
		return err
	}
	to, err := whichStore{Store: c.To}.place(p)
	if err != nil {
		return err
	}
	if from.same(to) {
		return usageError{fmt.Errorf("--from and --to both name %s", from)}
	}
	counts, err := c.move(ctx, from, to, p)
	if errors.Is(err, store.ErrNotEmpty) {
		err = fmt.Errorf("%w, and a copy replaces nothing: name a store that is not there yet, or empty it", err)
	}
	if err != nil {
		return fmt.Errorf("copying %s to %s: %w", from, to, err)
	}
	_, err = fmt.Fprintf(p.out, `%s holds %s, the same as %s.
Now set store in the configuration to it and start serve. The old store is marked as moved, so serve refuses it; to go
back, stop serve and copy the other way, into a store that is not there yet.
`, to, inWords(counts), from)
	return err
}

func (c copyCmd) move(ctx context.Context, from, to place, p program) (counts store.Counts, err error) {
	if err := from.mustRest(ctx); err != nil {
		return counts, err
	}
	if err := to.mustBeFree(ctx); err != nil {
		return counts, err
	}
	source, err := from.open(ctx)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	before, err := markMoved(ctx, source, to.String(), time.Now())
	if err != nil {
		return counts, err
	}
	defer func() {
		if err != nil {
			undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
			defer cancel()
			_, again := source.Incident(undo, movedKey, func(approvals.Incident) (approvals.Incident, error) { return before, nil })
			err = errors.Join(err, again)
		}
	}()
	if err := from.mustRest(ctx); err != nil { // a serve that started before the mark was there
		return counts, err
	}
	if err := c.holds(ctx, source, from.keys, p); err != nil { // before anything is written
		return counts, err
	}
	counts, err = to.receive(ctx, source, p, func(copied books) error {
		if err := errors.Join(sameHead(ctx, source, copied), c.holds(ctx, copied, to.keys, p)); err != nil {
			return err
		}
		_, err := copied.Incident(ctx, movedKey, func(approvals.Incident) (approvals.Incident, error) { return approvals.Incident{}, nil })
		return err
	})
	counts.Incidents = max(counts.Incidents, 1) - 1 // the mark, which the copy does not bear any more
	return counts, err
}

// sameHead refuses a copy of a store that was written to meanwhile.
func sameHead(ctx context.Context, from, to store.Archive) error {
	was, err := headOf(ctx, to)
	if err != nil {
		return err
	}
	is, err := headOf(ctx, from)
	if err == nil && is != was {
		err = errors.New("something was written into it meanwhile: stop every serve on it and copy again, into a store that is empty")
	}
	return err
}

func (c copyCmd) holds(ctx context.Context, db store.Archive, keys store.Keys, p program) error {
	return db.Snapshot(ctx, func(s store.Snapshot) error {
		doubt, err := doubtsOf(ctx, s, keys, c.PlainBefore, p)
		switch {
		case err != nil:
			return fmt.Errorf("verifying the trail: %w", err)
		case doubt != nil && !c.Unverified:
			return fmt.Errorf("%w; --unverified copies it all the same", doubt)
		}
		return nil
	})
}

// same reports whether two names are of one store.
func (a place) same(b place) bool {
	if a.Bolt == "" || b.Bolt == "" {
		return a.Store == b.Store
	}
	if absolute(a.Bolt) == absolute(b.Bolt) {
		return true
	}
	one, err := os.Stat(a.Bolt)
	if err != nil {
		return false
	}
	other, err := os.Stat(b.Bolt)
	return err == nil && os.SameFile(one, other)
}

// mustBeFree refuses to fill a store that `serve` works on.
func (a place) mustBeFree(ctx context.Context) error {
	serves, err := a.served(ctx)
	if err == nil && serves != "" {
		err = errors.New(serves + ": stop it, and name a store that is not there yet")
	}
	return err
}

// mustRest refuses a store that `serve` works on.
func (a place) mustRest(ctx context.Context) error {
	const stop = "stop it first, so that nothing happens here while the store moves, and start it on the new store"
	serves, err := a.served(ctx)
	if err == nil && serves != "" {
		err = errors.New(serves + ": " + stop)
	}
	return err
}

// served says that `serve` works on the store, and nothing if none does.
func (a place) served(ctx context.Context) (string, error) {
	if a.Postgres != "" {
		n, err := a.replicas(ctx)
		if err != nil || n == 0 {
			return "", err
		}
		return fmt.Sprintf("partnerbot serves on it, with %d connections", n), nil
	}
	line, serves, err := a.serving(ctx)
	if !serves {
		return "", err
	}
	line.hangUp()
	return "partnerbot serves on it", nil
}

// replicas counts the connections of `serve` on the database.
func (a place) replicas(ctx context.Context) (n int, err error) {
	address, _ := a.As("command")
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return 0, err
	}
	_, serve := a.As("serve")
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = left($1, 63)`, serve).Scan(&n)
	return n, err
}

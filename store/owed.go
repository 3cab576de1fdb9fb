package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// rowChange is a row of owed work before and after; nil is no row.
type rowChange struct {
	row
	was, is *approvals.Owed
	value   []byte // of is
}

// Postpone implements approvals.Store. Work that cannot be given back on disk
// is given back in memory: it is handed out again no earlier than due.
func (b *Bolt) Postpone(ctx context.Context, work approvals.Owed, due time.Time) error {
	_, err := b.write(ctx, needs{}, func(t *tables) (plan, error) {
		was, err := t.rowToChange(rowOf(work))
		if err != nil {
			return plan{}, err
		}
		change, err := rowOf(work).change(was, postponed(was, work, due))
		if err != nil {
			return plan{}, err
		}
		return plan{
			ends: rowOf(work), rows: []rowChange{change},
			keep: func() error { return t.keepRow(change) },
		}, nil
	})
	if err != nil {
		b.hands.hold(rowOf(work), due)
		return fmt.Errorf("postponing %s of %s: %w", work.Kind, work.Request, err)
	}
	return nil
}

// postponed is a row after a run without success, one attempt after those that
// the work says it had. One that was asked for again meanwhile is due as it was asked for.
func postponed(was *approvals.Owed, work approvals.Owed, due time.Time) *approvals.Owed {
	if was == nil || was.Version != work.Version {
		return was
	}
	is := *was
	is.Due, is.Attempts = due.UTC(), work.Attempts+1
	return &is
}

// planRows says what becomes of the rows that a change owes, and of the work
// that it settles.
func planRows(c approvals.Change, work *approvals.Owed, at func(row) (*approvals.Owed, error)) ([]rowChange, error) {
	var kinds []approvals.Work
	for _, o := range c.Owed {
		if !slices.Contains(kinds, o.Kind) {
			kinds = append(kinds, o.Kind)
		}
	}
	if work != nil && !slices.Contains(kinds, work.Kind) {
		kinds = append(kinds, work.Kind)
	}
	changes := make([]rowChange, 0, len(kinds))
	for _, kind := range kinds {
		r := row{c.Request.ID.Number(), kind}
		was, err := at(r)
		if err != nil {
			return nil, err
		}
		change, err := r.change(was, r.after(was, c, work))
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// after is what a row becomes by a change, nil for none. Of two owings of its
// kind the last one counts. Settled work that was asked for again meanwhile
// stays, and a later look does not delay it.
func (r row) after(was *approvals.Owed, c approvals.Change, work *approvals.Owed) *approvals.Owed {
	settled := work != nil && work.Kind == r.kind
	meanwhile := settled && was != nil && was.Version != work.Version
	var is *approvals.Owed
	for _, o := range c.Owed {
		if o.Kind == r.kind {
			is = stamped(c.Request, o)
		}
	}
	switch {
	case is != nil && meanwhile && was.Due.Before(is.Due):
		is.Due = was.Due
	case is == nil && (!settled || meanwhile):
		return was
	}
	return is
}

// stamped is the row for work that a change of r asks for. What is due at once
// is due since the change.
func stamped(r approvals.Request, o approvals.Owing) *approvals.Owed {
	due := o.Due
	if due.IsZero() {
		due = r.Changed
	}
	return &approvals.Owed{Kind: o.Kind, Request: r.ID, Version: r.Version, Due: due.UTC()}
}

// change encodes what becomes of a row.
func (r row) change(was, is *approvals.Owed) (rowChange, error) {
	c := rowChange{row: r, was: was, is: is}
	if is == nil {
		return c, nil
	}
	var err error
	if c.value, err = json.Marshal(is); err != nil {
		return rowChange{}, fmt.Errorf("encoding %s of %s: %w", is.Kind, is.Request, err)
	}
	return c, nil
}

// rowAt reads a row, nil if there is none.
func rowAt(owed *bbolt.Bucket, r row) (*approvals.Owed, error) {
	key := r.key()
	value := owed.Get(key)
	if value == nil {
		return nil, nil // no row is an answer here, not a fault
	}
	o, err := decodeOwed(key, value)
	return &o, err
}

// rowToChange reads a row that is about to be written anew. One that cannot be
// read is as good as none: what is owed now takes its place.
func (t *tables) rowToChange(r row) (*approvals.Owed, error) {
	o, err := rowAt(t.owed, r)
	if errors.Is(err, ErrCorrupt) {
		return nil, nil
	}
	return o, err
}

// noRow reads the rows of a new request, which has none.
func noRow(row) (*approvals.Owed, error) { return nil, nil }

// keepRow writes a row and its place in the bucket due.
func (t *tables) keepRow(c rowChange) error {
	var from, to []byte
	if c.was != nil {
		from = c.dueKey(c.was.Due)
	}
	if c.is != nil {
		to = c.dueKey(c.is.Due)
	}
	if err := move(t.due, from, to, nil); err != nil {
		return err
	}
	if c.is != nil {
		return t.owed.Put(c.key(), c.value)
	}
	return t.owed.Delete(c.key())
}

package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// hands remembers which rows are in hand. It is memory only: the file belongs
// to one process, so when that ends nothing is in hand any more.
type hands struct {
	mu    sync.Mutex
	in    map[row]time.Time // zero: in hand; else given back, and free from then on
	next  time.Time         // as the last Take reported it; zero: it knew of none
	woken chan struct{}
}

func newHands() hands {
	return hands{in: map[row]time.Time{}, woken: make(chan struct{}, 1)}
}

// Woken implements approvals.Store. There may be a value though nothing is due
// any more; there is always one if something is that Take did not foresee.
func (c *committer[T]) Woken() <-chan struct{} { return c.hands.woken }

// Take implements approvals.Store. It costs the rows it returns and those in
// hand, however many are due later.
func (b *Bolt) Take(ctx context.Context, now time.Time, limit int) ([]approvals.Owed, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, time.Time{}, err
	}
	h := &b.hands
	h.mu.Lock()
	defer h.mu.Unlock()
	var rows []approvals.Owed
	var next time.Time
	err := b.view(func(tx *bbolt.Tx) (err error) {
		rows, next, err = h.due(tx, now, limit)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("taking owed work: %w", err)
	}
	for _, o := range rows {
		h.in[rowOf(o)] = time.Time{}
	}
	h.next = next
	return rows, next, nil
}

// due reads the free rows that are due, and when the first of the others will be.
func (h *hands) due(tx *bbolt.Tx, now time.Time, limit int) (rows []approvals.Owed, next time.Time, err error) {
	owed, c := tx.Bucket(bucketOwed), tx.Bucket(bucketDue).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		due, r, err := parseDueKey(k)
		if err != nil {
			return nil, time.Time{}, err
		}
		until, held := h.in[r]
		switch {
		case held && until.IsZero():
			continue
		case held && until.After(now):
			next = sooner(next, until)
			continue
		case due.After(now) || len(rows) >= limit:
			return rows, sooner(next, due), nil
		}
		o, err := rowAt(owed, r)
		if err != nil {
			return nil, time.Time{}, err
		}
		if o == nil {
			return nil, time.Time{}, corrupt(bucketDue, k, "its row is missing")
		}
		rows = append(rows, *o)
	}
	return rows, next, nil
}

// settle ends the hand-outs of jobs that are kept, and wakes the worker if a
// free row is due before it would look by itself.
func settle[T any](h *hands, jobs []*job[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range jobs {
		if j.err == nil {
			delete(h.in, j.plan.ends)
		}
	}
	for _, j := range jobs {
		if j.err != nil {
			continue
		}
		for _, c := range j.plan.rows {
			if _, held := h.in[c.row]; !held && c.is != nil {
				h.wake(c.is.Due)
			}
		}
	}
}

// hold gives work back in memory only.
func (h *hands) hold(r row, due time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if due.IsZero() {
		delete(h.in, r)
	} else {
		h.in[r] = due
	}
	h.wake(due)
}

// wake rings unless the worker knows of something that is due no later.
func (h *hands) wake(due time.Time) {
	if !h.next.IsZero() && !due.Before(h.next) {
		return
	}
	select {
	case h.woken <- struct{}{}:
	default:
	}
}

// sooner is the earlier of two times, of which the zero one means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

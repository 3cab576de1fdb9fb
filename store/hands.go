package store

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// hands remembers which rows are in hand. It is memory only: the file belongs
// to one process, so when that ends nothing is in hand any more.
type hands struct {
	mu     sync.Mutex
	in     map[row]time.Time                // zero: in hand; else given back, and free from then on
	missed map[row]bool                     // leased to us once more before the first hand-out was over
	next   map[approvals.Lane]time.Time     // as the last Take reported it; zero: it knew of none
	woken  map[approvals.Lane]chan struct{} // never changed
}

func newHands() hands {
	woken := map[approvals.Lane]chan struct{}{}
	for _, lane := range approvals.Lanes() {
		woken[lane] = make(chan struct{}, 1)
	}
	return hands{in: map[row]time.Time{}, missed: map[row]bool{}, next: map[approvals.Lane]time.Time{}, woken: woken}
}

// Woken implements approvals.Store. There may be a value though nothing is due
// any more; there is always one if something is that Take did not foresee.
func (c *committer[T]) Woken(lane approvals.Lane) <-chan struct{} { return c.hands.woken[lane] }

// Take implements approvals.Store. It costs the rows it returns, those of its
// lane in hand and those that cannot be read, however many are due later.
func (b *Bolt) Take(ctx context.Context, now time.Time, lane approvals.Lane, limit int) ([]approvals.Owed, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, time.Time{}, err
	}
	h := &b.hands
	h.mu.Lock()
	defer h.mu.Unlock()
	var rows []approvals.Owed
	var next time.Time
	err := b.view(func(tx *bbolt.Tx) (err error) {
		rows, next, err = b.due(ctx, tx, now, lane, limit)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("taking owed work: %w", err)
	}
	for _, o := range rows {
		h.in[rowOf(o)] = time.Time{}
	}
	h.next[lane] = next
	return rows, next, nil
}

// due reads the free rows of a lane that are due, and when the first of the others will be.
func (b *Bolt) due(ctx context.Context, tx *bbolt.Tx, now time.Time, lane approvals.Lane, limit int) (rows []approvals.Owed, next time.Time, err error) {
	owed := tx.Bucket(bucketOwed)
	for k := range keysFrom(tx.Bucket(bucketDue), lanePrefix(lane)) {
		o, err := dueRow(owed, lane, k)
		if err != nil {
			b.skipped.add(ctx, b.log, k, err)
			continue
		}
		until, held := b.hands.in[rowOf(o)]
		switch {
		case held && until.IsZero():
		case held && until.After(now):
			next = sooner(next, until)
		case o.Due.After(now) || len(rows) >= limit:
			return rows, sooner(next, o.Due), nil
		default:
			rows = append(rows, o)
		}
	}
	return rows, next, nil
}

// dueRow reads the row that a key of the bucket due is of.
func dueRow(owed *bbolt.Bucket, lane approvals.Lane, k []byte) (approvals.Owed, error) {
	due, r, err := parseDueKey(lane, k)
	if err != nil {
		return approvals.Owed{}, err
	}
	o, err := rowAt(owed, r)
	switch {
	case err != nil:
		return approvals.Owed{}, err
	case o == nil:
		return approvals.Owed{}, corrupt(bucketDue, k, "its row is missing")
	case !o.Due.Equal(due):
		return approvals.Owed{}, corrupt(bucketDue, k, fmt.Sprintf("its row is due at %s", o.Due))
	}
	return *o, nil
}

// skipped remembers the rows that were passed over because they cannot be read.
type skipped struct {
	mu   sync.Mutex
	keys map[string]bool
}

// add logs a row the first time.
func (s *skipped) add(ctx context.Context, log *slog.Logger, key []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[string(key)] {
		return
	}
	if s.keys == nil {
		s.keys = map[string]bool{}
	}
	s.keys[string(key)] = true
	log.ErrorContext(ctx, "a row of owed work cannot be read and is passed over", "error", err)
}

// Skipped is how many rows of owed work were passed over since Open because they
// could not be read.
func (b *Bolt) Skipped() int {
	b.skipped.mu.Lock()
	defer b.skipped.mu.Unlock()
	return len(b.skipped.keys)
}

// settle ends the hand-outs of jobs that are kept, and wakes the worker if a
// free row is due before it would look by itself.
func settle[T any](h *hands, jobs []*job[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range jobs {
		if j.err == nil {
			h.end(j.plan.ends)
		}
	}
	for _, j := range jobs {
		if j.err != nil {
			continue
		}
		for _, c := range j.plan.rows {
			if _, held := h.in[c.row]; !held && c.is != nil {
				h.wake(c.kind.Lane(), c.is.Due)
			}
		}
	}
}

// end takes a row out of our hands. One whose new lease was passed over, because
// we still had it, is given back.
func (h *hands) end(r row) {
	delete(h.in, r)
	if h.missed[r] {
		delete(h.missed, r)
		h.in[r] = atOnce
		h.wake(r.kind.Lane(), atOnce)
	}
}

// atOnce is a time that has always come.
var atOnce = time.Unix(0, 0)

// hold gives work back in memory only.
func (h *hands) hold(r row, due time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if due.IsZero() {
		h.end(r)
	} else {
		h.in[r] = due
	}
	h.wake(r.kind.Lane(), due)
}

// wake rings unless the lane's worker knows of something that is due no later.
func (h *hands) wake(lane approvals.Lane, due time.Time) {
	if next := h.next[lane]; !next.IsZero() && !due.Before(next) {
		return
	}
	select {
	case h.woken[lane] <- struct{}{}:
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

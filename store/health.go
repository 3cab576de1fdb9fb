package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// health remembers how the last write went, for as long as that says anything.
type health struct {
	mu    sync.Mutex
	good  bool
	full  bool // it failed for lack of room
	quiet time.Duration
	timer *time.Timer
}

func newHealth(quiet time.Duration) *health {
	if quiet <= 0 {
		quiet = 10 * time.Second
	}
	return &health{quiet: quiet}
}

// note remembers a write. A good one counts until nothing was written for a while.
func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.good, h.full = err == nil, errors.Is(err, ErrNoRoom)
	switch {
	case !h.good:
	case h.timer == nil:
		h.timer = time.AfterFunc(h.quiet, h.forget)
	default:
		h.timer.Reset(h.quiet)
	}
}

func (h *health) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.good = false
}

func (h *health) isGood() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.good
}

func (h *health) isFull() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.full
}

func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.good = false
	if h.timer != nil {
		h.timer.Stop()
	}
}

// large is what Writable tries to write after there was no room: more than a
// change of a request takes. A little would find room in the file itself.
const large = 256 << 10

// Writable implements approvals.Store. Unless a write was kept a moment ago it
// makes one.
func (b *Bolt) Writable(ctx context.Context) error {
	if b.health.isGood() {
		return nil
	}
	_, err := b.write(ctx, needs{}, func(t *tables) (plan, error) {
		value := make([]byte, 1)
		if b.health.isFull() {
			value = make([]byte, large)
		}
		return plan{keep: func() error { return t.probe.Put(keyProbe, value) }}, nil
	})
	if err != nil {
		return fmt.Errorf("trying to write: %w", err)
	}
	return nil
}

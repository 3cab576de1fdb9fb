package approvals

import (
	"context"
	"time"
)

// pressesWait is how often the clock looks again at a request whose deadline
// waits for presses. The votes end it sooner: they let the deadline pass themselves.
const pressesWait = time.Minute

// clockWait is how soon time is looked at again while our clock cannot be trusted.
const clockWait = 15 * time.Second

// clock turns time into events, unless our clock cannot be trusted. The request
// looks at the clock itself.
func (w *Worker) clock(ctx context.Context, r Request) (outcome, error) {
	if err := w.trusted(ctx); err != nil {
		return outcome{}, &Trouble{Kind: Later, Code: CodeClock, After: clockWait, Doing: "looking at the clock", Text: err.Error(), Err: err}
	}
	now := w.Now()
	out := outcome{events: []Event{Ticked{}, DeadlinePassed{}, TimeOver{}}}
	c, err := advance(r, now, out.events...)
	if err != nil {
		return outcome{}, err
	}
	switch next := c.Request.due(); {
	case next.IsZero():
	case len(c.Request.Presses) > 0 && !now.Before(next):
		out.again = now.Add(pressesWait)
	case now.Before(next):
		out.again = next
	}
	return out, nil
}

// latest is the later of two moments.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// trusted is nil unless our clock is known to be wrong.
func (w *Worker) trusted(ctx context.Context) error {
	if w.ClockTrusted == nil {
		return nil
	}
	return w.ClockTrusted(ctx)
}

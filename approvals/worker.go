package approvals

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// Worker does owed work: it takes rows that are due, makes Slack or Entra match
// the request, and keeps what came of it together with striking the row out.
// Any step may be repeated after a crash, so every step bears repetition.
type Worker struct {
	Store  Store
	Desk   Desk
	Tenant Tenant
	Policy func() *Policy // for who the admins are
	Glance People         // Slack from memory of a few minutes, for what decides nothing
	Now    func() time.Time
	Log    *slog.Logger
	Hands  int               // rows in hand at once, for Slack and for Entra each; 0 means 16
	Nap    time.Duration     // the longest sleep between two looks at the clock; 0 means 1 s
	Done   func(Work, error) // told of each run; may be nil
	Beat   func(error)       // told of each look at the store; may be nil
	Rand   func() float64    // in [0, 1), spreads what is tried again; nil means math/rand/v2

	// ClockTrusted says why our clock may be wrong; nil, or a nil error, trusts it.
	// What time brings waits meanwhile.
	ClockTrusted func(ctx context.Context) error

	turned    turned
	pauses    pauses
	doubts    doubts
	incidents incidents
}

// outcome is what a run of a row came to.
type outcome struct {
	events  []Event
	note    func(*Request, time.Time) // what is shown or told now; makes no new version
	again   time.Time                 // look again then, though nothing changed
	trouble error                     // what is left to do: the rest is kept, and the row tried again
}

// grace is how long rows in hand may go on after the order to stop.
const grace = 5 * time.Second

// Run works until ctx ends and returns after the rows in hand are finished or
// given up. Rows given up are due again at the next start. Every lane has hands
// of its own: however slow Entra is, cards and clicks never wait for it.
func (w *Worker) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	w.incidents.begin()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { w.runTelling(ctx, work) })
	for _, lane := range Lanes() {
		wg.Go(func() { w.runLane(ctx, work, lane) })
	}
	return nil
}

// do runs one row to its end: settled, or postponed with the reason logged once.
func (w *Worker) do(ctx context.Context, row Owed) {
	err := w.run(ctx, row)
	if w.Done != nil {
		w.Done(row.Kind, err)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	t, due := troubleOf(err), w.Now()
	switch {
	case t.Code == CodePace, t.Code == CodeClock: // a turn of its own, no trouble at all
		w.putOff(ctx, row, due.Add(t.After))
		return
	case errors.Is(err, errPaused):
		row.Attempts-- // nothing was tried
		due = due.Add(backoff(row.Attempts, t.After, w.random()))
	default:
		due = due.Add(backoff(row.Attempts, t.After, w.random()))
		w.Log.WarnContext(ctx, "owed work must be tried again", "kind", row.Kind, "request", row.Request,
			"attempt", row.Attempts+1, "due", due, "trouble", t.inLog())
	}
	switch {
	case row.Kind == WorkGuest && tells(t, row.Attempts+1):
		w.delayed(ctx, row, t)
	case row.Kind.Lane() == LaneSlack && t.Wide != "":
		w.raise(ctx, t)
	}
	w.postpone(ctx, row, due)
}

func (w *Worker) random() float64 {
	if w.Rand != nil {
		return w.Rand()
	}
	return rand.Float64() //nolint:gosec // spreads load, keeps no secret
}

// putOff gives work back that was not tried.
func (w *Worker) putOff(ctx context.Context, row Owed, due time.Time) {
	row.Attempts--
	w.postpone(ctx, row, due)
}

func (w *Worker) postpone(ctx context.Context, row Owed, due time.Time) {
	if err := w.Store.Postpone(ctx, row, due); err != nil {
		w.Log.ErrorContext(ctx, "postponing owed work", "kind", row.Kind, "request", row.Request, "error", err)
	}
}

// tells reports whether people should hear of trouble after so many attempts. A
// new account takes its time to be known everywhere; that is no news for a minute.
func tells(t Trouble, attempts int) bool {
	switch {
	case t.Wide != "":
		return true
	case t.Kind == Replicating:
		return attempts >= 6
	}
	return attempts >= 3
}

// delayed lets the request say what it waits for.
func (w *Worker) delayed(ctx context.Context, row Owed, t Trouble) {
	_, err := w.Store.Update(ctx, row.Request, func(r Request) (Change, error) {
		c, err := advance(r, w.Now(), Delayed{Trouble: t})
		if err == nil && len(c.Entries) == 0 {
			return Change{}, ErrNotDue
		}
		return c, err
	})
	if err != nil && !isNotDue(err) {
		w.Log.ErrorContext(ctx, "saying what a request waits for", "request", row.Request, "error", err)
	}
}

// run does one row. A panic in it is an error like another: the row is tried
// again later, and everything else goes on.
func (w *Worker) run(ctx context.Context, row Owed) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	r, err := w.Store.Get(ctx, row.Request)
	if err != nil {
		return err
	}
	out, err := w.step(ctx, r, row)
	if err != nil {
		return err
	}
	if out.trouble != nil {
		out.again = time.Time{} // it is tried again anyway, and sooner if it was asked for meanwhile
	}
	change := func(r Request) (Change, error) { return w.keep(r, row, out) }
	if out.trouble != nil {
		if _, err := w.Store.Update(ctx, row.Request, change); err != nil {
			return err
		}
		return out.trouble
	}
	is, err := w.Store.Settle(ctx, row, change)
	if err == nil && r.State != Failed && is.State == Failed && is.Trouble != nil {
		w.Log.ErrorContext(ctx, "a request failed and waits for an admin", "request", is.ID, "trouble", is.Trouble.inLog(),
			"request_id", is.Trouble.RequestID)
	}
	return err
}

func (w *Worker) step(ctx context.Context, r Request, row Owed) (outcome, error) {
	switch row.Kind {
	case WorkCards:
		return w.cards(ctx, r)
	case WorkDirect:
		return w.direct(ctx, r)
	case WorkVotes:
		return w.votes(ctx, r)
	case WorkAnswers:
		return w.answers(ctx, r)
	case WorkGuest:
		return w.guest(ctx, r)
	case WorkClock:
		return w.clock(ctx, r)
	case WorkFailure:
		return w.failure(ctx, r)
	case WorkThread:
		return w.thread(ctx, r)
	case WorkSight:
		return w.anybody(ctx, r)
	case WorkFacts:
		return w.facts(ctx, r)
	case WorkSpread:
		return w.spread(ctx, r)
	}
	return outcome{}, nil
}

// keep turns an outcome into the change of one transaction, on the request as
// it is by then.
func (w *Worker) keep(r Request, row Owed, out outcome) (Change, error) {
	now := w.Now()
	c, err := advance(r, now, out.events...)
	if err != nil {
		return Change{}, err
	}
	if out.note != nil {
		c.Request = c.Request.clone()
		out.note(&c.Request, now)
	}
	if !out.again.IsZero() {
		c.Owed = append(c.Owed, Owing{Kind: row.Kind, Due: out.again})
	}
	return c, nil
}

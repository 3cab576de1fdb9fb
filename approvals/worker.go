package approvals

import (
	"context"
	"fmt"
	"log/slog"
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
	Policy *Policy // for who the admins are
	Now    func() time.Time
	Log    *slog.Logger
	Hands  int               // rows in hand at once, for Slack and for Entra each; 0 means 16
	Nap    time.Duration     // the longest sleep between two looks at the clock; 0 means 1 s
	Done   func(Work, error) // told of each run; may be nil
	Beat   func(error)       // told of each look at the store; may be nil

	turned turned
	doors  doors
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
// given up. Rows given up are due again at the next start. Entra has hands of
// its own: however slow it is, cards and clicks never wait for it.
func (w *Worker) Run(ctx context.Context) error {
	hands, guests := make(chan struct{}, w.hands()), make(chan Owed, guestsInHand)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(guests)
	for range w.hands() {
		wg.Go(func() {
			for row := range guests {
				if ctx.Err() == nil {
					w.do(work, row)
				}
			}
		})
	}
	for {
		hands <- struct{}{}
		<-hands
		if ctx.Err() != nil {
			return nil
		}
		next, err := w.round(work, hands, guests, &wg)
		if w.Beat != nil {
			w.Beat(err)
		}
		if err != nil {
			w.Log.ErrorContext(ctx, "taking owed work", "error", err)
			next = w.Now().Add(w.nap())
		}
		if !w.rest(ctx, next, hands) {
			return nil
		}
	}
}

// guestsInHand is how many rows may wait for Entra's hands. More of them than
// this stop the worker until some are done.
const guestsInHand = 1 << 16

// round takes as many due rows as there are free hands and starts them. Rows
// about guests queue for hands of their own and take none from the others.
func (w *Worker) round(ctx context.Context, hands chan struct{}, guests chan<- Owed, wg *sync.WaitGroup) (time.Time, error) {
	rows, next, err := w.Store.Take(ctx, w.Now(), cap(hands)-len(hands))
	if err != nil {
		return time.Time{}, err
	}
	for _, row := range rows {
		if row.Kind == WorkGuest {
			guests <- row
			continue
		}
		hands <- struct{}{}
		wg.Go(func() {
			defer func() { <-hands }()
			w.do(ctx, row)
		})
	}
	return next, nil
}

// rest waits for the next due row, for news or for the longest nap. It returns
// false when ctx has ended.
func (w *Worker) rest(ctx context.Context, next time.Time, hands chan struct{}) bool {
	wait := w.nap()
	if !next.IsZero() {
		wait = min(wait, max(next.Sub(w.Now()), 0))
	}
	if wait == 0 && len(hands) < cap(hands) {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(max(wait, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-w.Store.Woken():
	case <-timer.C:
	}
	return true
}

func (w *Worker) hands() int {
	if w.Hands > 0 {
		return w.Hands
	}
	return 16
}

func (w *Worker) nap() time.Duration {
	if w.Nap > 0 {
		return w.Nap
	}
	return time.Second
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
	t := troubleOf(err)
	due := w.Now().Add(backoff(row.Attempts, t.After))
	if t.Code == CodePace { // our own queue for a busy channel, no trouble at all
		w.postpone(ctx, row, due)
		return
	}
	w.Log.WarnContext(ctx, "owed work must be tried again", "kind", row.Kind, "request", row.Request,
		"attempt", row.Attempts+1, "due", due, "trouble", t.String())
	if row.Kind == WorkGuest && tells(t, row.Attempts+1) {
		w.delayed(ctx, row, t)
	}
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
	if t.Kind == Replicating {
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
	change := func(r Request) (Change, error) { return w.keep(r, row, out) }
	if out.trouble != nil {
		if _, err := w.Store.Update(ctx, row.Request, change); err != nil {
			return err
		}
		return out.trouble
	}
	is, err := w.Store.Settle(ctx, row, change)
	if err == nil && r.State != Failed && is.State == Failed && is.Trouble != nil {
		w.Log.ErrorContext(ctx, "a request failed and waits for an admin", "request", is.ID, "trouble", is.Trouble.String(),
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
		return w.clock(r), nil
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

func (w *Worker) cards(ctx context.Context, r Request) (outcome, error) {
	posted, err := w.Desk.Cards(ctx, r)
	if err != nil && len(posted) == 0 {
		return outcome{}, err
	}
	return outcome{note: func(q *Request, _ time.Time) { q.Shown.Cards = posted }, trouble: err}, nil
}

func (w *Worker) direct(ctx context.Context, r Request) (outcome, error) {
	posted, said, err := w.Desk.Direct(ctx, r)
	if err != nil && posted.TS == "" {
		return outcome{}, err
	}
	return outcome{note: func(q *Request, _ time.Time) {
		q.Shown.Direct = posted
		for _, s := range said {
			if !q.Shown.HasSaid(s.What) {
				q.Shown.Said = append(q.Shown.Said, s)
			}
		}
	}, trouble: err}, nil
}

// pressesWait is how often the clock looks again at a request whose deadline
// waits for presses. The votes end it sooner: they let the deadline pass themselves.
const pressesWait = time.Minute

// clock turns time into events. The request looks at the clock itself.
func (w *Worker) clock(r Request) outcome {
	now := w.Now()
	out := outcome{events: []Event{DeadlinePassed{}, TimeOver{}}}
	switch {
	case r.State == Pending && now.Before(r.Deadline):
		out.again = r.Deadline
	case r.State == Pending && len(r.Presses) > 0:
		out.again = now.Add(pressesWait)
	case r.State != Pending && now.Before(r.Until):
		out.again = r.Until
	}
	return out
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// clockOff is how far our clock may be from Slack's.
	clockOff = 2 * time.Minute
	// clockStep is how far our clock may part from the time that has really
	// passed before Slack is asked for the time anew.
	clockStep = 30 * time.Second
	// clockAgain is how soon Slack is asked again after that did not help.
	clockAgain = 2 * time.Second
	// clockPatience is how long somebody who wants to know the time waits for Slack.
	clockPatience = 500 * time.Millisecond
)

// guard knows whether our clock can be trusted. Every answer of Slack's bears a
// date to hold it against, and between answers it must not jump.
type guard struct {
	now    func() time.Time
	ask    func(context.Context) error // has Slack answer something, through watch
	log    *slog.Logger
	began  time.Time
	asking chan struct{} // holds a value while Slack is asked

	mu     sync.Mutex
	start  time.Time     // when the process began, by our clock as it was last agreed on
	ahead  time.Duration // of Slack, at the last answer
	dates  int           // answers that bore one
	wrong  bool          // it was said that the clock is wrong
	asked  time.Duration // when Slack was asked last, since the process began
	failed error         // why there was no answer
}

func newGuard(now func() time.Time, log *slog.Logger) *guard {
	return &guard{now: now, log: log, began: time.Now(), start: now().Round(0), asking: make(chan struct{}, 1)}
}

// moment is our clock, and how long the process has really lived by then.
type moment struct {
	wall  time.Time
	lived time.Duration
}

func (g *guard) moment() moment { return moment{g.now().Round(0), time.Since(g.began)} }

// start is when the process began, going by the clock at this moment. It moves
// when the clock does.
func (m moment) start() time.Time { return m.wall.Add(-m.lived) }

// watch reads the time in Slack's answers.
func (g *guard) watch(next http.RoundTripper) http.RoundTripper { return datedAnswers{g, next} }

type datedAnswers struct {
	guard *guard
	next  http.RoundTripper
}

func (d datedAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	asked := d.guard.moment()
	res, err := d.next.RoundTrip(req)
	if err == nil && res.StatusCode == http.StatusOK {
		d.guard.answered(asked, d.guard.moment(), res.Header.Get("Date"))
	}
	return res, err
}

// answered compares our clock with an answer's date. An answer that took long, or
// during which our clock jumped, says nothing.
func (g *guard) answered(asked, got moment, date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dates++
	if got.lived-asked.lived > clockStep || got.start().Sub(asked.start()).Abs() > clockStep {
		return
	}
	g.start, g.ahead = got.start(), got.wall.Sub(theirs).Truncate(time.Second)
	switch off := g.ahead.Abs() > clockOff; {
	case off && !g.wrong:
		g.log.Error("our clock is wrong: deadlines and ends of access wait until it is right", "ahead_of_slack", g.ahead.String())
		g.wrong = true
	case !off && g.wrong:
		g.log.Info("our clock agrees with Slack again")
		g.wrong = false
	}
}

// time is the clock that everything goes by. It follows ours, but a jump counts
// only once Slack has made it too; and where ours is known to be wrong, Slack's
// time is taken. It may wait a moment for Slack when the clock has just jumped.
func (g *guard) time() time.Time {
	if g.doubts().jump {
		ctx, cancel := context.WithTimeout(context.Background(), clockPatience)
		defer cancel()
		g.look(ctx)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now, off := g.now(), time.Duration(0)
	if jumped := g.jumped(); jumped.Abs() > clockStep {
		off = jumped
	}
	if g.wrong {
		off += g.ahead
	}
	if off == 0 {
		return now
	}
	return now.Round(0).Add(-off)
}

// trusted is nil while our clock agrees with Slack's. Slack is asked for the time
// when the clock has jumped, and again and again while it is wrong.
func (g *guard) trusted(ctx context.Context) error {
	if g.doubts() != (doubts{}) {
		g.look(ctx)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch jumped := g.jumped(); {
	case jumped.Abs() > clockStep && g.failed != nil:
		return fmt.Errorf("our clock jumped by %s, and Slack cannot be asked for the time: %w", jumped, g.failed)
	case jumped.Abs() > clockStep:
		return fmt.Errorf("our clock jumped by %s", jumped)
	case g.ahead > clockOff:
		return fmt.Errorf("our clock is %s ahead of Slack's", g.ahead)
	case g.ahead < -clockOff:
		return fmt.Errorf("our clock is %s behind Slack's", -g.ahead)
	}
	return nil
}

// jumped is how far our clock moved, beside the time that passed, since it was
// last held against Slack's.
func (g *guard) jumped() time.Duration {
	return g.moment().start().Sub(g.start).Round(time.Second)
}

// doubts are why Slack is to be asked for the time now.
type doubts struct{ jump, wrong bool }

func (g *guard) doubts() doubts {
	g.mu.Lock()
	defer g.mu.Unlock()
	rested := g.moment().lived-g.asked >= clockAgain
	return doubts{jump: g.jumped().Abs() > clockStep && (rested || g.failed == nil), wrong: g.wrong && rested}
}

// look asks Slack for the time. Who comes meanwhile waits for that answer. If
// Slack tells no time, nothing speaks against our clock.
func (g *guard) look(ctx context.Context) {
	select {
	case g.asking <- struct{}{}:
		defer func() { <-g.asking }()
	case <-ctx.Done():
		return
	}
	if g.doubts() == (doubts{}) {
		return
	}
	g.mu.Lock()
	dates := g.dates
	g.mu.Unlock()
	err := g.ask(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked, g.failed = g.moment().lived, err
	if err == nil && g.dates == dates {
		g.start = g.moment().start()
	}
}

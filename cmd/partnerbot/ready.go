package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/store"
)

const (
	// probeLimit is how long each part has to answer a probe.
	probeLimit = 3 * time.Second
	// slackSeenFor is how long an answer of Slack's counts for readiness.
	slackSeenFor = 15 * time.Second
	// beatsWithin is how long the worker may go without a look at the store. It
	// looks once a second when it has nothing to do.
	beatsWithin = 10 * time.Second
)

// part is a line of the readiness: whether something is ready, and why not.
type part struct {
	name string
	ask  func(context.Context) error
	err  error
}

// reason is an error that probes are told; of others only that there is one.
type reason struct{ error }

func (r reason) Unwrap() error { return r.error }

var errNotYet = errors.New("not yet")

func unless(well bool) error {
	if well {
		return nil
	}
	return errNotYet
}

// serveReady says of each part whether it is ready, and answers 503 if one is not.
func (o *ops) serveReady(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	var text strings.Builder
	for _, part := range o.parts(r.Context()) {
		mark := "ok"
		if part.err != nil {
			mark, status = "NOT YET", http.StatusServiceUnavailable
		}
		if why, ok := errors.AsType[reason](part.err); ok {
			mark += " (" + why.Error() + ")"
		}
		fmt.Fprintf(&text, "%s: %s\n", part.name, mark)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, text.String())
}

// parts asks all parts at once, each with its own time: one that hangs does not
// make the others look as if they did.
func (o *ops) parts(ctx context.Context) []*part {
	readable := &part{name: "store readable", ask: o.readable}
	writable := &part{name: "store writable", ask: o.writable}
	all := []*part{
		readable, writable,
		{name: "worker running", ask: func(context.Context) error {
			return unless(time.Since(o.began)-time.Duration(o.beaten.Load()) < beatsWithin)
		}},
		{name: "clock agrees with Slack", ask: o.rightTime},
		{name: "Slack reachable", ask: o.slack},
		{name: "Slack connected", ask: func(context.Context) error { return unless(o.connected.Load()) }},
		{name: "start over", ask: func(context.Context) error { return unless(o.ready.Load()) }},
	}
	var asked sync.WaitGroup
	for _, part := range all {
		asked.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, probeLimit)
			defer cancel()
			part.err = part.ask(ctx)
		})
	}
	asked.Wait()
	if writable.err == nil { // a write of a moment ago counts, but not for a store that is away since
		writable.err = readable.err
	}
	return all
}

func (o *ops) rightTime(ctx context.Context) error {
	if err := o.clock.trusted(ctx); err != nil {
		return reason{err}
	}
	return nil
}

// readable reads a page of the store.
func (o *ops) readable(ctx context.Context) error {
	_, err := o.store.List(ctx, approvals.Query{Pending: true, Limit: 1})
	return o.inTime(err)
}

// inTime puts into words that the store did not answer in time.
func (o *ops) inTime(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, store.ErrUnsure) {
		return err
	}
	if _, file := o.store.(*store.Bolt); file {
		return reason{errors.New("the disk does not answer")}
	}
	return reason{errors.New("the database does not answer")}
}

// writable has the store write something, if it was not written lately. When that
// begins to fail, and when it is over, it is logged.
func (o *ops) writable(ctx context.Context) error {
	err := o.inTime(o.store.Writable(ctx))
	o.telling.Lock()
	defer o.telling.Unlock()
	switch {
	case err != nil && !o.full:
		o.log.ErrorContext(ctx, "the store cannot be written: nothing new is taken until it can", "error", err)
	case err == nil && o.full:
		o.log.InfoContext(ctx, "the store can be written again")
	}
	o.full = err != nil
	return err
}

// slack asks Slack who we are, at most once in slackSeenFor.
func (o *ops) slack(ctx context.Context) error {
	o.asking.Lock()
	defer o.asking.Unlock()
	if age := o.now().Sub(o.asked); age < 0 || age >= slackSeenFor || o.problem != nil {
		_, o.problem = bot.WhoAmI(ctx, o.api)
		o.asked = o.now()
	}
	return o.problem
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// load is how a contestant is pressed: by so many connections that each send
// their next form when the last one was acknowledged, or, with a rate, by forms
// that come so many a second whatever became of the ones before.
type load struct {
	connections int
	rate        int           // a second; 0: as fast as they are acknowledged
	warm        time.Duration // sent and not counted, before
	length      time.Duration // counted
}

func (l load) String() string {
	switch {
	case l.rate > 0:
		return fmt.Sprintf("%d a second", l.rate)
	case l.connections == 1:
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", l.connections)
}

// result is what came of a load.
type result struct {
	accepted int // in all, also while warming up
	rate     float64
	p50, p99 time.Duration
	cpu      time.Duration // of the contestant, a request
}

// run presses whoever listens at an address. An answer that is not an
// acceptance ends the run with an error: a refusal is no speed.
func (l load) run(ctx context.Context, address string) (result, error) {
	p := &press{load: l, due: make(chan time.Time, 1<<20)}
	p.from = time.Now().Add(l.warm)
	p.to = p.from.Add(l.length)
	p.took = make([][]time.Duration, l.connections)
	group, ctx := errgroup.WithContext(ctx)
	if l.rate > 0 {
		group.Go(func() error { return p.pace(ctx) })
	}
	for w := range l.connections {
		group.Go(func() error { return p.work(ctx, address, w) })
	}
	if err := group.Wait(); err != nil {
		return result{}, err
	}
	took := append(slices.Concat(p.took...), p.waited()...)
	if len(took) == 0 {
		return result{}, fmt.Errorf("nothing was accepted within %s", l.length)
	}
	slices.Sort(took)
	return result{
		accepted: int(p.accepted.Load()), rate: float64(p.counted.Load()) / l.length.Seconds(),
		p50: percentile(took, 50), p99: percentile(took, 99),
	}, nil
}

// percentile is of sorted times.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// press is a load under way.
type press struct {
	load
	from, to time.Time // what is counted
	sent     atomic.Uint64
	accepted atomic.Uint64
	counted  atomic.Uint64  // of those accepted, within the time that counts
	due      chan time.Time // when the next forms came, if they come at a rate
	took     [][]time.Duration
}

// pace lets forms come at the rate. A form that finds every connection busy
// waits, and its waiting counts.
func (p *press) pace(ctx context.Context) error {
	defer close(p.due)
	tick := time.NewTicker(time.Second / time.Duration(p.rate))
	defer tick.Stop()
	began := time.Now()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := time.Now()
		if now.After(p.to) {
			return nil
		}
		for ; sent < int(now.Sub(began).Seconds()*float64(p.rate)); sent++ {
			p.due <- now
		}
	}
}

// work sends one form after another over one connection.
func (p *press) work(ctx context.Context, address string, w int) error {
	f, err := newForm()
	if err != nil {
		return err
	}
	c, err := connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.close()
	for {
		came, more := p.next(ctx)
		if !more {
			return ctx.Err()
		}
		text := f.next(p.sent.Add(1), time.Now())
		if p.rate == 0 {
			came = time.Now()
		}
		if err := c.send(text); err != nil {
			return err
		}
		p.accepted.Add(1)
		p.note(w, came, time.Now())
	}
}

// note counts a form that was accepted. One that came at a rate and was accepted
// too late to count has its waiting noted all the same: who is overrun is slow.
func (p *press) note(w int, came, now time.Time) {
	if came.Before(p.from) || (p.rate == 0 && now.After(p.to)) {
		return
	}
	p.took[w] = append(p.took[w], now.Sub(came))
	if now.Before(p.to) {
		p.counted.Add(1)
	}
}

// waited is how long the forms had waited that nobody came to send.
func (p *press) waited() (took []time.Duration) {
	if p.rate == 0 {
		return nil
	}
	for came := range p.due {
		if !came.Before(p.from) {
			took = append(took, p.to.Sub(came))
		}
	}
	return took
}

// next waits for a form to come; more is false when the time is over. Forms that
// still wait by then are left.
func (p *press) next(ctx context.Context) (came time.Time, more bool) {
	if p.rate == 0 || time.Now().After(p.to) {
		return time.Time{}, time.Now().Before(p.to) && ctx.Err() == nil
	}
	select {
	case came, more = <-p.due:
		return came, more
	case <-ctx.Done():
		return time.Time{}, false
	}
}

// connection is one that is kept alive.
type connection struct {
	net.Conn
	in   *bufio.Reader
	stop func() bool
}

func connect(ctx context.Context, address string) (*connection, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	cut := context.AfterFunc(ctx, func() { _ = c.Close() })
	return &connection{Conn: c, in: bufio.NewReader(c), stop: cut}, nil
}

func (c *connection) close() {
	c.stop()
	_ = c.Close()
}

// send sends a form and waits for its acknowledgement. Only an empty 200 says
// that it was accepted: anything else keeps the form open in Slack.
func (c *connection) send(text []byte) error {
	if _, err := c.Write(text); err != nil {
		return fmt.Errorf("sending a form: %w", err)
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return fmt.Errorf("reading an acknowledgement: %w", err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return fmt.Errorf("reading an acknowledgement: %w", err)
	}
	if resp.StatusCode != http.StatusOK || len(body) > 0 {
		return fmt.Errorf("a form was not accepted: %s %.300q", resp.Status, body)
	}
	return nil
}

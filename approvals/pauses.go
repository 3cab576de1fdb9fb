package approvals

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// call is a kind of question to Entra.
type call string

const (
	callFind     call = "find"
	callInvite   call = "invite"
	callLook     call = "look"
	callGrant    call = "grant"
	callTakeBack call = "take back"
	callFacts    call = "facts" // which nothing waits for
)

// needs are the incidents each of which makes a call pointless.
func (c call) needs() []string {
	switch c {
	case callFind, callLook, callFacts:
		return []string{WideToken, WideDirectory}
	case callInvite:
		return []string{WideToken, WideInvitations}
	case callGrant, callTakeBack:
	}
	return []string{WideToken}
}

const (
	firstPause = 30 * time.Second // until the first look whether the whole tenant is served again
	lastPause  = 5 * time.Minute
	probeTakes = 2 * time.Second // how long others wait while one looks
)

// errPaused marks trouble that was told without asking: what it names was met
// by another request, and was logged there.
var errPaused = errors.New("paused")

// pauses hold back calls that cannot succeed now, for all requests at once: what
// is refused to the whole tenant, until one call that looks again succeeds, and
// what was asked to wait, for exactly that long.
type pauses struct {
	mu    sync.Mutex
	wide  map[string]*pause // by incident
	asked map[call]*pause   // by Retry-After
}

type pause struct {
	trouble Trouble
	from    time.Time
	length  time.Duration
	probing bool
}

// left is how long the pause still lasts. A clock that was set back does not prolong it.
func (p *pause) left(now time.Time) time.Duration {
	if left := p.length - now.Sub(p.from); p.from.Compare(now) <= 0 {
		return left
	}
	return 0
}

// turn is leave to make one call.
type turn struct {
	call   call
	began  time.Time
	probes []string // the pauses that this call finds out about
}

// turn gives leave to call, or the trouble that speaks against it and how long to
// wait. Whoever is given a turn ends it with done or back.
func (p *pauses) turn(c call, now time.Time) (turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.asked[c]; a != nil {
		if left := a.left(now); left > 0 {
			return turn{}, a.paused(left)
		}
		delete(p.asked, c)
	}
	t := turn{call: c, began: now}
	for _, key := range c.needs() {
		switch s := p.wide[key]; {
		case s == nil:
		case s.probing:
			return turn{}, s.paused(probeTakes)
		case s.left(now) > 0:
			return turn{}, s.paused(s.left(now))
		default:
			t.probes = append(t.probes, key)
		}
	}
	for _, key := range t.probes {
		p.wide[key].probing = true
	}
	return t, nil
}

func (p *pause) paused(left time.Duration) error {
	t := p.trouble
	t.After, t.Err = left, errPaused
	return &t
}

// back gives a turn back that was not used.
func (p *pauses) back(t turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(t)
}

func (p *pauses) release(t turn) {
	for _, key := range t.probes {
		if s := p.wide[key]; s != nil {
			s.probing = false
		}
	}
}

// done learns from the outcome of a call. It returns the incidents which the call
// shows to be over, and what the caller goes on with.
func (p *pauses) done(t turn, err error, now time.Time) (over []string, goesOn error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(t)
	var trouble Trouble
	if err != nil {
		trouble = troubleOf(err)
	}
	if trouble.After > 0 && trouble.Wide == "" && trouble.Code != CodePace {
		p.hold(t.call, trouble, now)
	}
	for _, key := range t.call.needs() {
		switch {
		case key == trouble.Wide:
			err = p.shut(t, trouble, now)
		case err == nil || key == WideToken && served(trouble):
			if s := p.wide[key]; s == nil || !t.began.Before(s.from) {
				delete(p.wide, key)
				over = append(over, key)
			}
		case slices.Contains(t.probes, key) && p.wide[key] != nil:
			p.wide[key].from = now // the call says nothing about it
		}
	}
	return over, err
}

// served reports whether an answer shows that the token was taken.
func served(t Trouble) bool {
	return t.Wide == WideDirectory || t.Wide == WideInvitations || t.Kind == Refused || t.Kind == Replicating
}

// hold pauses a kind of call for as long as the platform asked.
func (p *pauses) hold(c call, t Trouble, now time.Time) {
	if p.asked == nil {
		p.asked = map[call]*pause{}
	}
	if a := p.asked[c]; a == nil || a.left(now) < t.After {
		p.asked[c] = &pause{trouble: t, from: now, length: t.After}
	}
}

// shut pauses what an incident stops, longer after each look that found it so.
func (p *pauses) shut(t turn, trouble Trouble, now time.Time) error {
	if p.wide == nil {
		p.wide = map[string]*pause{}
	}
	s := p.wide[trouble.Wide]
	switch {
	case s == nil:
		s = &pause{from: now, length: firstPause}
		p.wide[trouble.Wide] = s
	case slices.Contains(t.probes, trouble.Wide):
		s.from, s.length = now, min(2*s.length, lastPause)
	}
	s.trouble, s.trouble.After = trouble, 0
	s.length = max(s.length, trouble.After)
	return s.paused(max(s.left(now), time.Second))
}

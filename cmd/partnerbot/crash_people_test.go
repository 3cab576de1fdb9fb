package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"partnerbot/bot"
	"partnerbot/sandbox"
)

// crowd are people who use the program while it is killed, and keep at it.
type crowd struct {
	p    *play
	wall *wall
	wg   sync.WaitGroup

	mu    sync.Mutex
	seats map[string]*sync.Mutex // a person has one form in front of them at a time
	lives []*life
}

// life is what became of a wish, as people saw it.
type life struct {
	wish

	mu       sync.Mutex
	over     bool // nobody is about to do anything more about it
	asked    bool // acknowledged
	done     []done
	redeemed bool
}

// done is a deed that was acknowledged.
type done struct {
	deed
	sent, at time.Time
}

func newCrowd(p *play, w *wall) *crowd { return &crowd{p: p, wall: w, seats: map[string]*sync.Mutex{}} }

// sit waits until a person has no other form to fill, and returns what ends that.
func (c *crowd) sit(who string) (leave func()) {
	c.mu.Lock()
	seat := c.seats[who]
	if seat == nil {
		seat = &sync.Mutex{}
		c.seats[who] = seat
	}
	c.mu.Unlock()
	seat.Lock()
	return seat.Unlock
}

// wait lets a moment come that was drawn.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// patienceOfPeople is how long somebody looks at nothing before they try again.
const patienceOfPeople = 50 * time.Millisecond

// lead lets people live through their wishes. It returns at once.
func (c *crowd) lead(ctx context.Context, wishes []wish) {
	for _, w := range wishes {
		l := &life{wish: w}
		c.mu.Lock()
		c.lives = append(c.lives, l)
		c.mu.Unlock()
		c.wg.Go(func() {
			c.live(ctx, l)
			l.note(func() { l.over = true })
		})
	}
}

func (c *crowd) live(ctx context.Context, l *life) {
	wait(ctx, l.after)
	if !c.asks(ctx, l) {
		return
	}
	var all sync.WaitGroup
	defer all.Wait()
	for _, d := range l.deeds {
		all.Go(func() { c.does(ctx, l, d) })
	}
	if l.redeems {
		all.Go(func() { c.redeems(ctx, l) })
	}
}

// asks files the request, again and again until it is acknowledged.
func (c *crowd) asks(ctx context.Context, l *life) bool {
	defer c.sit(l.by)()
	person := c.p.world.As(l.by)
	defer c.clears(ctx, person)
	tried := false // sent before, so that it may be there already
	for ctx.Err() == nil {
		if v := person.View(); v == nil || v.CallbackID != bot.CallbackInvite {
			c.opens(ctx, person, func() error { return person.Slash(ctx, general, bot.CommandInvite) })
			continue
		}
		c.fills(ctx, person, l)
		err := person.Submit(ctx)
		switch v := person.View(); {
		case err == nil && v == nil, tried && v != nil && strings.Contains(v.Errors["email"], "already"):
			l.note(func() { l.asked = true })
			return true
		case v != nil && v.Errors["email"] != "":
			c.p.t.Errorf("%s, asked for by %s, is refused: %v", l.name(), l.by, v.Errors)
			return false
		}
		tried = true
		wait(ctx, patienceOfPeople)
	}
	return false
}

// fills puts into the form what it asks for. Where it does not show the lengths of
// the access yet, they are waited for a little: nobody may be there to answer, and
// who sends the form as it is will be asked for what is missing.
func (c *crowd) fills(ctx context.Context, person *sandbox.Actor, l *life) {
	fill := func(field, value string) {
		if err := person.Fill(field, value); err != nil {
			c.p.t.Errorf("%s of %s: %v", field, l.name(), err)
		}
	}
	fill("email", l.email())
	fill("name", l.guest)
	fill("reason", "crash")
	if !hasField(person.View(), "for") {
		_ = person.Pick(ctx, "access", l.title)
		soon, cancel := context.WithTimeout(ctx, patienceOfPeople)
		defer cancel()
		c.wall.until(soon, func() bool { return hasField(person.View(), "for") })
	}
	if hasField(person.View(), "for") {
		fill("for", "30 days")
	}
}

// opens does what should open a form, and waits a little for it.
func (c *crowd) opens(ctx context.Context, person *sandbox.Actor, act func() error) {
	c.clears(ctx, person)
	if act() != nil {
		wait(ctx, patienceOfPeople)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c.wall.until(ctx, func() bool { return person.View() != nil })
}

// clears takes away whatever form is in front of a person.
func (c *crowd) clears(ctx context.Context, person *sandbox.Actor) {
	for person.View() != nil && ctx.Err() == nil {
		_ = person.CloseView(ctx)
	}
}

func (l *life) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// peg is where a deed is done.
func (l *life) peg(d deed) peg {
	if d.what == withdraws {
		return peg{l.name(), direct}
	}
	return peg{l.name(), d.stage}
}

// does one deed as soon as it can be seen where, until it is acknowledged, and
// gives up when there is nothing to press any more.
func (c *crowd) does(ctx context.Context, l *life, d deed) {
	at := l.peg(d)
	if !l.reaches(d.stage) {
		return
	}
	shown := c.wall.until(ctx, func() bool { return c.wall.post(at).ts != "" || c.wall.post(peg{at.wish, 0}).over() })
	if !shown || c.wall.post(at).ts == "" {
		return
	}
	wait(ctx, d.after)
	if d.what == denies {
		defer c.sit(d.who)()
		defer c.clears(ctx, c.p.world.As(d.who))
	}
	for ctx.Err() == nil && c.wall.post(at).offers(d.what) {
		began := time.Now()
		if c.presses(ctx, c.wall.post(at), d) {
			l.note(func() { l.done = append(l.done, done{deed: d, sent: began, at: time.Now()}) })
			return
		}
		wait(ctx, patienceOfPeople)
	}
}

// presses a button, and reports whether Slack got its acknowledgement; of a
// denial, of its reason.
func (c *crowd) presses(ctx context.Context, at post, d deed) bool {
	person := c.p.world.As(d.who)
	press := func() error { return person.ClickText(ctx, at.channel, at.ts, d.what) }
	if d.what != denies {
		return press() == nil
	}
	if person.View() == nil {
		c.opens(ctx, person, press)
	}
	if v := person.View(); v == nil || v.CallbackID != bot.CallbackDeny {
		return false
	}
	if target, ok := bot.ParseTarget(person.View().PrivateMetadata); !ok || string(target.ID) != at.id {
		c.clears(ctx, person)
		return false
	}
	if err := person.Fill("reason", "No contract yet"); err != nil {
		c.p.t.Errorf("the form that asks why: %v", err)
	}
	return person.Submit(ctx) == nil && person.View() == nil
}

// redeems lets the guest join as soon as there is one.
func (c *crowd) redeems(ctx context.Context, l *life) {
	tenant := c.p.world.Tenant()
	there := func() bool { _, ok := tenant.Guest(l.email()); return ok }
	hopeless := func() bool { return c.wall.post(peg{l.name(), 0}).over() }
	c.wall.until(ctx, func() bool { return there() || hopeless() || !l.wanted() })
	wait(ctx, l.redeemsAfter)
	if g, ok := tenant.Guest(l.email()); ok {
		if err := tenant.Redeem(g.ID); err != nil {
			c.p.t.Errorf("redeeming the invitation of %s: %v", l.email(), err)
		}
		l.note(func() { l.redeemed = true })
	}
}

// reaches reports whether enough of those who may will approve every stage
// before this one.
func (l *life) reaches(stage int) bool {
	for i, may := range approversOf(l.title)[:stage] {
		yes := 0
		for _, d := range l.deeds {
			if d.what == approves && d.stage == i && d.who != l.by && slices.Contains(may, d.who) {
				yes++
			}
		}
		if yes < quorumOf(i) {
			return false
		}
	}
	return true
}

// wanted reports whether enough people will approve all of it.
func (l *life) wanted() bool { return l.reaches(len(approversOf(l.title))) }

// targetOf reads the value of a button.
func targetOf(value string) (click, bool) {
	t, ok := bot.ParseTarget(value)
	return click{id: string(t.ID), stage: t.Stage}, ok
}

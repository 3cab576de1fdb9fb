package main

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// bob is the guest who is denied.
const bob = "bob@acme.example"

// While a play waits, its clock moves this much at every tick: a time-out lasts
// about as long as in life, and after a while everything goes faster. Patience is
// counted in ticks too, so that a busy machine only makes it slower.
const (
	tick      = 50 * time.Millisecond
	step      = time.Second
	longStep  = 5 * time.Second
	fewTicks  = 80
	manyTicks = 800
	manyTries = often + 8
)

// newSpoiltPlay is newPlay in a world that is spoilt before the bot starts. A
// start that is refused for good is repeated, as an operator would who has read why.
func newSpoiltPlay(t *testing.T, mode string, spoil func(*sandbox.World)) *play {
	t.Helper()
	p := &play{t: t, clock: &clock{}, log: &journal{}}
	p.set = setting{
		addr: "127.0.0.1:0", mode: mode, data: t.TempDir(), now: p.clock.now, lag: 2 * time.Second, timeout: faultTimeout, nap: 20 * time.Millisecond,
		log: slog.New(slog.NewJSONHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	world, err := newWorld(p.set)
	p.must(err)
	p.must(world.Start(t.Context(), p.set.addr))
	p.stage, p.story = &stage{world: world}, newStory(world, t.Output())
	t.Cleanup(func() {
		if err := p.stage.close(); err != nil {
			t.Error(err)
		}
		p.checkContracts()
		if t.Failed() {
			_, _ = io.WriteString(t.Output(), p.log.String())
		}
	})
	spoil(world)
	for range often + 2 {
		err = p.stage.serve(t.Context(), p.set)
		if err == nil {
			return p
		}
		p.stage.wg.Wait()
		if !strings.Contains(err.Error(), "SLACK_BOT_TOKEN") && !strings.Contains(err.Error(), "app-level token") {
			t.Fatalf("the start is refused, and does not say what to do: %v", err)
		}
	}
	t.Fatal(err)
	return nil
}

// comes waits until something is so, and lets the clock run fast meanwhile.
func (p *play) comes(what string, so func() bool) {
	p.t.Helper()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for ticks := 0; ticks < manyTicks; {
		changed := p.world.Changed()
		if so() {
			return
		}
		select {
		case <-changed:
			continue
		case <-ticker.C:
		}
		if ticks++; ticks < fewTicks {
			p.clock.forward(step)
		} else {
			p.clock.forward(longStep)
		}
	}
	p.t.Fatalf("waited for %s", what)
}

// persists lets somebody try until it is done, as long as they are told each
// time that it did not work: by Slack, in private or in the form.
func (p *play) persists(who, where, what string, try func() error, done func() bool) {
	p.t.Helper()
	for range manyTries {
		before := p.words(who, where)
		told := func() bool { return p.words(who, where) > before }
		if err := try(); err == nil {
			p.eventually(who+" to be told of "+what, func() bool { return done() || told() })
		}
		if p.shortly(done) {
			return
		}
		p.comes("a moment", p.later(2*time.Second))
	}
	p.t.Fatalf("%s does not get %s", who, what)
}

// later is over when so much time has passed on the play's clock.
func (p *play) later(d time.Duration) func() bool {
	at := p.clock.now().Add(d)
	return func() bool { return p.clock.now().After(at) }
}

// shortly gives what was begun a moment to be done.
func (p *play) shortly(done func() bool) bool {
	for end := time.After(200 * time.Millisecond); ; {
		changed := p.world.Changed()
		if done() {
			return true
		}
		select {
		case <-changed:
		case <-end:
			return false
		}
	}
}

// words counts what somebody was told in private, wherever it was said. What
// their requests say of themselves is no answer to anything.
func (p *play) words(who, where string) int {
	n := 0
	for _, m := range p.world.As(who).Sees(where) {
		if m.Ephemeral && m.ForUser == who {
			n++
		}
	}
	for _, m := range p.world.As(who).Sees(p.world.As(who).DM()) {
		if !isReply(m) && !strings.HasPrefix(m.Plain(), "INV-") {
			n++
		}
	}
	return n
}

// files lets somebody file a request; whatever goes wrong, the form keeps what was typed.
func (p *play) files(who, email string) {
	p.t.Helper()
	ctx, person := p.t.Context(), p.world.As(who)
	open := func() bool { return person.View() != nil }
	p.persists(who, general, "the form", func() error { return person.Slash(ctx, general, "/invite-partner") }, open)
	p.must(p.fillIn(p.t.Context(), who, [][2]string{{"email", email}, {"name", "Guest of " + who}, {"access", "Project Falcon"}, {"for", "30 days"}, {"reason", "kick-off"}}...))
	for range manyTries {
		err := person.Submit(ctx)
		v := person.View()
		if v == nil {
			return
		}
		if typed(v, "email") != email || typed(v, "reason") != "kick-off" {
			p.t.Fatal("what was typed is lost")
		}
		if err == nil || len(v.Errors) == 0 {
			p.t.Fatalf("the form stays open and says nothing: %v", err)
		}
		p.comes("a moment", p.later(2*time.Second))
	}
	p.t.Fatal("the form is never taken")
}

// card is the one card of a request, whatever it says.
func (p *play) card(id string) sandbox.Message {
	return p.message(sam, falconSponsors, id+" ")
}

func (p *play) buttons(id string) []string { return p.card(id).Buttons() }

// approves lets Sam press Approve on a card until it counts or he is told why not.
func (p *play) approves(id string) {
	p.t.Helper()
	p.comes("the card of "+id, func() bool { return slices.Contains(p.buttons(id), "Approve") })
	if n := p.effects(http.MethodPost, "/invitations"); n > 0 {
		p.t.Fatalf("%d invitations before the approval", n)
	}
	done := func() bool { return !slices.Contains(p.buttons(id), "Approve") }
	for range manyTries {
		before := p.words(sam, falconSponsors)
		if p.world.As(sam).ClickText(p.t.Context(), falconSponsors, p.card(id).TS, "Approve") == nil {
			p.comes("the press to count, or Sam to be told", func() bool { return done() || p.words(sam, falconSponsors) > before })
		}
		if p.shortly(done) {
			return
		}
	}
	p.t.Fatal("Sam cannot approve")
}

// refuses lets Sam deny with a reason.
func (p *play) refuses(id string) {
	p.t.Helper()
	p.comes("the card of "+id, func() bool { return slices.Contains(p.buttons(id), "Deny") })
	ctx, person := p.t.Context(), p.world.As(sam)
	p.persists(sam, falconSponsors, "the form that asks why", func() error {
		return person.ClickText(ctx, falconSponsors, p.card(id).TS, "Deny")
	}, func() bool { return person.View() != nil })
	denied := func() bool { return strings.Contains(p.card(id).Plain(), "Denied") }
	for range manyTries {
		before := p.words(sam, falconSponsors)
		if person.View() == nil { // he was told that it did not count, or later than he thought that the form had not come
			p.persists(sam, falconSponsors, "the form again, or the denial", func() error {
				return person.ClickText(ctx, falconSponsors, p.card(id).TS, "Deny")
			}, func() bool { return person.View() != nil || denied() })
		}
		if denied() {
			return
		}
		p.must(person.Fill("reason", "No contract yet"))
		if err := person.Submit(ctx); err == nil {
			p.comes("the denial, or Sam to be told", func() bool { return denied() || p.words(sam, falconSponsors) > before })
		}
		if p.shortly(denied) {
			return
		}
	}
	p.t.Fatal("Sam cannot deny")
}

// effects counts the calls to Graph that were carried out.
func (p *play) effects(method, path string) int {
	n := 0
	for _, c := range p.world.Tenant().Calls() {
		if c.Method == method && c.Path == path && c.Effect && c.Status != http.StatusForbidden {
			n++
		}
	}
	return n
}

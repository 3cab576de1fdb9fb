package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPromise2OneOutcome lets 64 sponsors press Approve and Deny at once: one
// decision, and everybody else is told privately who was first.
func TestPromise2OneOutcome(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlay(t, mode)
			ids := p.sponsors(64)
			p.asks(ann, jane, "Project Falcon", "30 days", "everybody at once")
			card := p.sees(ids[0], falconSponsors, "INV-1", "[Approve]")
			for _, id := range ids[:32] { // half of them have the form open that asks why
				p.must(p.world.As(id).ClickText(t.Context(), falconSponsors, card.TS, "Deny"))
				p.eventually("the form of "+id, func() bool { return p.world.As(id).View() != nil })
				p.must(p.world.As(id).Fill("reason", "no, says "+id))
			}
			var wg sync.WaitGroup
			for i, id := range ids {
				wg.Go(func() {
					if i < 32 {
						_ = p.world.As(id).Submit(t.Context())
					} else {
						_ = p.world.As(id).ClickText(t.Context(), falconSponsors, card.TS, "Approve")
					}
				})
			}
			wg.Wait()
			p.eventually("the buttons to vanish", func() bool { return !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") })
			first := p.decider()
			p.eventually("everybody else to be told", func() bool {
				for _, id := range ids {
					if id != first && !slices.ContainsFunc(p.told(id), func(s string) bool { return strings.Contains(s, "Person "+first) }) {
						return false
					}
				}
				return true
			})
			if told := p.told(first); len(told) > 0 {
				t.Errorf("%s was first, and was told %q", first, told)
			}
			p.settled(first)
		})
	}
}

// sponsors makes n more people and lets them decide about Falcon.
func (p *play) sponsors(n int) []string {
	ids := make([]string, 0, n)
	for i := range n {
		who := person(i)
		p.world.AddPerson(who)
		ids = append(ids, who.ID)
	}
	p.world.SetGroup("S0FALCON", ids...)
	p.world.SetMembers(falconSponsors, append(slices.Clone(ids), ann, sam, olga, ada, gus, vera, "U0BOT")...)
	return ids
}

// decider is who the card says decided.
func (p *play) decider() string {
	text := p.message(sam, falconSponsors, "INV-1").Plain()
	_, after, _ := strings.Cut(text, "Person ")
	return after[:min(len("U0TEST000"), len(after))]
}

// told is every private word to somebody, wherever it was said.
func (p *play) told(who string) []string {
	texts := p.private(who)
	for _, m := range p.world.As(who).Sees(p.world.As(who).DM()) {
		texts = append(texts, m.Plain())
	}
	return texts
}

// settled checks that what the card says is what happened.
func (p *play) settled(first string) {
	p.t.Helper()
	var n int
	if _, err := fmt.Sscanf(first, "U0TEST%03d", &n); err != nil {
		p.t.Fatalf("the card names nobody who decided: %q", p.message(sam, falconSponsors, "INV-1").Plain())
	}
	if n < 32 { // a Deny
		p.sees(sam, falconSponsors, "INV-1", "Denied")
		if left := p.invitations(jane); left != 0 {
			p.t.Errorf("denied by %s, and %d invitations left", first, left)
		}
		return
	}
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	if left := p.invitations(jane); left != 1 {
		p.t.Errorf("%d invitations left", left)
	}
}

// hurry moves the clock while it waits, so that back-off costs no time.
func (p *play) hurry(so func() bool) {
	p.t.Helper()
	end := time.After(patience)
	for !so() {
		changed := p.world.Changed()
		p.clock.forward(time.Second)
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond):
		case <-end:
			p.t.Fatal("it did not come to pass")
		}
	}
}

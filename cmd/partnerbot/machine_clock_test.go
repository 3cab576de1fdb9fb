package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// newMisledPlay is newPlay with a clock of the bot's own: when only that one
// moves, it is wrong.
func newMisledPlay(t *testing.T, mode string) (p *play, ours *clock) {
	t.Helper()
	p = newPlay(t, mode)
	ours = &clock{}
	p.set.now = func() time.Time { return p.clock.now().Add(time.Duration(ours.ahead.Load())) }
	p.restart(nil)
	return p, ours
}

// disagrees waits until the probe says that the clock is wrong, and by how much.
func (p *play) disagrees(by string) {
	p.t.Helper()
	p.comesAt("the clock to be doubted", func() bool {
		status, text := p.gets("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "clock agrees with Slack: NOT YET") && strings.Contains(text, by)
	})
}

// agrees waits until all is well again.
func (p *play) agrees() {
	p.t.Helper()
	p.comesAt("the program to be ready", func() bool { status, _ := p.gets("/readyz"); return status == http.StatusOK })
}

// comesAt waits for what the world does not tell of, in real time.
func (p *play) comesAt(what string, so func() bool) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			p.t.Fatalf("waited for %s", what)
		}
	}
}

// TestAClockThatStepsForthEndsNothing moves the bot's clock an hour beyond a
// deadline and beyond the end of an access that are not reached yet. A press
// still counts; what really is over meanwhile ends when the clock is right again.
func TestAClockThatStepsForthEndsNothing(t *testing.T) {
	t.Parallel()
	p, ours := newMisledPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.clock.forward(25 * 24 * hour)
	p.agrees()
	p.asks(ann, bob, "Project Falcon", "30 days", "nobody looks yet")
	p.sees(sam, falconSponsors, "INV-2", "[Approve]")
	p.clock.forward(5*24*hour - hour/2) // half an hour before either
	p.agrees()

	ours.forward(hour)
	p.disagrees("1h0m0s ahead")
	p.asks(ann, "eve@acme.example", "Project Falcon", "30 days", "asked meanwhile")
	p.sees(sam, falconSponsors, "INV-3", "[Approve]")
	p.must(p.presses(sam, "INV-2", "Approve"))
	p.eventually("the press to count", p.inGroup(bob, "Project Falcon"))
	p.clock.forward(hour)
	p.disagrees("1h0m0s ahead")
	p.asks(ann, "sue@acme.example", "Project Falcon", "30 days", "asked meanwhile")
	p.sees(sam, falconSponsors, "INV-4", "[Approve]")
	if !p.inGroup(jane, "Project Falcon")() {
		t.Error("an access ended while nobody knew the time")
	}
	if n := strings.Count(p.log.String(), "our clock is wrong"); n != 1 {
		t.Errorf("said %d times", n)
	}

	ours.forward(-hour)
	p.agrees()
	p.asks(ann, "ida@acme.example", "Project Falcon", "30 days", "asked after it")
	p.sees(sam, falconSponsors, "INV-5", "[Approve]")
	p.hurry(p.inGroup(jane))
}

// TestAClockThatStepsBackLosesNothing moves the bot's clock an hour back while
// requests wait, and forth again.
func TestAClockThatStepsBackLosesNothing(t *testing.T) {
	t.Parallel()
	p, ours := newMisledPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	ours.forward(-hour)
	p.disagrees("behind")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.asks(ann, bob, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-2", "[Approve]")
	ours.forward(hour)
	p.agrees()
	p.must(p.presses(sam, "INV-2", "Approve"))
	p.eventually("the guest in the group", p.inGroup(bob, "Project Falcon"))
	if n := p.invitations(jane); n != 1 {
		t.Errorf("%d invitations", n)
	}
}

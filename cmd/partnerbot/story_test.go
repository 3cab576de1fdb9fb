package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"partnerbot/store/pgtest"
)

const hour = time.Hour

// TestStory tells the main job, the same that `demo --script` tells, over both
// ways into the bot, and to several replicas on one database.
func TestStory(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlay(t, mode)
			p.must(p.tell(t.Context()))
		})
	}
	t.Run("postgres", func(t *testing.T) {
		f := newFleet(t, "http", false, pgtest.URL(t), 3)
		f.start()
		f.p.must(f.p.tell(t.Context()))
		f.stop()
	})
}

// TestDemoScript runs the program as a person would.
func TestDemoScript(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			var out, errs journal
			got := run(t.Context(), []string{"demo", "--script", "--mode", mode}, program{env: func(string) string { return "" }, out: &out, err: &errs})
			if got != exitWell {
				t.Fatalf("exit status %d\n%s\n%s", got, out.String(), errs.String())
			}
			for _, want := range []string{"✓", "nothing else was said", "jane@acme.example", "Accepted, in Project Falcon", "Joined"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in:\n%s", want, out.String())
				}
			}
			if !regexp.MustCompile(`(?m)^Slack, to Ann +reply +Jane Doe has joined`).MatchString(out.String()) {
				t.Errorf("the reply that says she joined is not in:\n%s", out.String())
			}
		})
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.denies(sam, "No contract yet"))
	card := p.sees(olga, falconSponsors, "INV-1", "Denied", "Sam", "No contract yet")
	if len(card.Buttons()) > 0 {
		t.Errorf("the card keeps %q", card.Buttons())
	}
	p.sees(ann, p.world.As(ann).DM(), "INV-1", "Sam", "No contract yet")
	if n := p.invitations(jane); n > 0 {
		t.Errorf("%d invitations left for a denied guest", n)
	}
}

func TestWithdrawn(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	dm := p.sees(ann, p.world.As(ann).DM(), "INV-1")
	p.must(p.world.As(ann).ClickText(t.Context(), p.world.As(ann).DM(), dm.TS, "Withdraw"))
	if card := p.sees(sam, falconSponsors, "INV-1", "ithdr"); len(card.Buttons()) > 0 {
		t.Errorf("the card keeps %q", card.Buttons())
	}
}

// TestTwoStagesWithQuorum sends one request through a sponsor and two owners.
func TestTwoStagesWithQuorum(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Heron", "7 days", "audit")
	p.must(p.presses(sam, "INV-1", "Approve"))
	const owners = "C0HERON"
	card := p.sees(olga, owners, "INV-1", "[Approve]")
	p.must(p.world.As(olga).ClickText(t.Context(), owners, card.TS, "Approve"))
	card = p.sees(ada, owners, "INV-1", "1 of 2", "[Approve]")
	if n := p.invitations(jane); n > 0 {
		t.Fatalf("%d invitations left before the quorum", n)
	}
	p.must(p.world.As(ada).ClickText(t.Context(), owners, card.TS, "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Heron"))
}

// TestTimeIsAnEvent moves the clock: nobody decides in time, and an access ends.
func TestTimeIsAnEvent(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, "late@acme.example", "Project Falcon", "30 days", "nobody looks")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.clock.forward(5*24*hour + hour)
	if card := p.sees(sam, falconSponsors, "INV-1", "in time"); len(card.Buttons()) > 0 {
		t.Errorf("the card keeps %q", card.Buttons())
	}

	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-2", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.sees(ann, p.world.As(ann).DM(), "INV-2", "/redeem")
	p.restart(func() { p.clock.forward(37 * 24 * hour) })
	p.eventually("the guest out of the group", p.inGroup(jane))
	p.sees(sam, falconSponsors, "INV-2", "nded")
}

// TestPartnerRequests pages through what is pending, tells a story, and shows
// nobody what is not theirs.
func TestPartnerRequests(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "http")
	const here = "C0RANDOM" // the bot is not a member
	for _, guest := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		p.asks(ann, guest+"@acme.example", "Project Falcon", "30 days", "list me")
	}
	ctx := t.Context()
	answer := func(who string, words ...string) func() bool {
		return func() bool {
			for _, m := range p.world.As(who).Sees(here) {
				text := m.Plain()
				all := m.Ephemeral
				for _, w := range words {
					all = all && strings.Contains(text, w)
				}
				if all {
					return true
				}
			}
			return false
		}
	}
	p.must(p.world.As(ada).Slash(ctx, here, "/partner-requests"))
	p.eventually("Ada's first page", answer(ada, "INV-12", "Older"))
	for _, m := range p.world.As(ada).Sees(here) {
		if m.Ephemeral {
			p.must(p.world.As(ada).ClickText(ctx, here, m.TS, "Older"))
		}
	}
	p.eventually("Ada's second page", answer(ada, "INV-1", "Newer"))
	p.must(p.world.As(ada).Slash(ctx, here, "/partner-requests show INV-7"))
	p.eventually("the story of INV-7", answer(ada, "INV-7", "g@acme.example", "list me"))
	p.must(p.world.As("U0BEN").Slash(ctx, here, "/partner-requests show inv-7"))
	p.eventually("no story for Ben", answer("U0BEN", "INV-7"))
	if answer("U0BEN", "g@acme.example")() {
		t.Error("Ben is shown a request that is none of his business")
	}
	p.must(p.world.As(ann).Slash(ctx, here, "/partner-requests"))
	p.eventually("Ann's own", answer(ann, "INV-12"))
}

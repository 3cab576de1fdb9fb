package main

import (
	"strings"
	"testing"
	"time"
)

// TestADelegateDecides in somebody's place, as long as they let them.
func TestADelegateDecides(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.world.SetMembers(falconSponsors, sam, olga, ada, ann, ben, "U0BOT")
	until := p.clock.now().Add(7 * day).Format(time.DateOnly)
	p.must(p.world.As(sam).Slash(t.Context(), general, "/partner-requests delegate until "+until))
	if got := p.form(sam).Field("until"); got != until {
		t.Errorf("the form begins with %q", got)
	}
	p.must(p.world.As(sam).Fill("to", ben))
	p.sends(sam)
	p.eventually("Sam to be told", func() bool { return strings.Contains(strings.Join(p.told(sam), "\n"), "may decide where you may") })

	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(ben, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.sees(olga, falconSponsors, "INV-1", "Approved", "Ben", "for @Sam")

	p.must(p.world.As(sam).Slash(t.Context(), general, "/partner-requests delegate off"))
	p.eventually("Sam to be told", func() bool {
		return strings.Contains(strings.Join(append(p.told(sam), p.heardIn(sam, general)...), "\n"), "Nobody decides in your place")
	})
	p.asks(ann, mia, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(ben, "INV-2", "Approve"))
	p.isTold(ben, falconSponsors, "INV-2")
	p.sees(olga, falconSponsors, "INV-2", "[Approve]")
	if n := p.invitations(mia); n > 0 {
		t.Errorf("%d invitations left by somebody whose time was over", n)
	}
}

// heardIn is what somebody was told in private in a channel.
func (p *play) heardIn(who, channel string) []string {
	var out []string
	for _, m := range p.world.As(who).Sees(channel) {
		if m.Ephemeral && m.ForUser == who {
			out = append(out, m.Plain())
		}
	}
	return out
}

// TestADelegateDoesNotDecideAboutTheirOwn request.
func TestADelegateDoesNotDecideAboutTheirOwn(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	until := p.clock.now().Add(7 * day).Format(time.DateOnly)
	p.must(p.world.As(sam).Slash(t.Context(), general, "/partner-requests delegate until "+until))
	p.form(sam)
	p.must(p.world.As(sam).Fill("to", ann))
	p.sends(sam)
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(ann, "INV-1", "Approve"))
	p.isTold(ann, falconSponsors, "INV-1")
	p.sees(olga, falconSponsors, "INV-1", "[Approve]")
}

// TestWhoHasLeftHandsOver to those whom the stage names for it, and the admins know.
func TestWhoHasLeftHandsOver(t *testing.T) {
	t.Parallel()
	p := newPlayWith(t, "        deadline: 5d\n\n  # Two", "        deadline: 5d\n        escalate: {approvers: [U0BEN]}\n\n  # Two")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.departs(sam, olga)
	p.clock.forward(2 * hour)
	p.reads(ben, p.dm(ben), "nobody is left who could decide INV-1")
	p.sees(ada, p.dm(ada), "INV-1", "nobody left who can decide it")
	p.clicks(ben, p.dm(ben), "Approve", "INV-1")
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// TestNobodyIsLeft: the admins are told, and whoever they name decides.
func TestNobodyIsLeft(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.departs(sam, olga)
	p.clock.forward(2 * hour)
	p.sees(ada, p.dm(ada), "INV-1", "nobody left who can decide it", "Put somebody into the stage's user group")
	p.reads(ann, p.dm(ann), "Nobody is left who could decide INV-1")
	p.sees(ada, falconSponsors, "INV-1", "None of them can decide any more")
	p.world.SetGroup("S0FALCON", ada)
	p.clock.forward(hour)
	p.eventually("the card to be as before", func() bool {
		return !strings.Contains(p.message(ada, falconSponsors, "INV-1").Plain(), "None of them")
	})
	p.must(p.presses(ada, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// TestWhatNobodyCanApproveIsRefusedAtOnce, while it is typed and when it is sent,
// with whom to ask.
func TestWhatNobodyCanApproveIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, approvers := range map[string][]string{"an empty group": nil, "only the requester": {ann}, "somebody who left": {"U0DAN"}} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, "socket")
			p.world.SetGroup("S0FALCON", approvers...)
			p.starts(ann, [][2]string{{"email", jane}, {"name", "Jane"}, {"access", "Project Falcon"}, {"reason", "kick-off"}}...)
			p.shown(ann, "Nobody is there who could approve Project Falcon")
			p.must(p.world.As(ann).Pick(t.Context(), "for", "30 days"))
			_ = p.world.As(ann).Submit(t.Context()) // its error is the one in the form
			if v := p.world.As(ann).View(); v == nil || !containsAll(v.Error("access")+v.Error("email"), "Nobody is there who could approve Project Falcon", "to name approvers") {
				t.Fatalf("the form says %+v", v)
			}
			if n := len(p.world.Messages(falconSponsors)); n > 0 {
				t.Errorf("%d cards", n)
			}
		})
	}
}

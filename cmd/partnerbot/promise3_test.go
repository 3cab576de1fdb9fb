package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// TestPromise3NobodyWithoutApproval presses Approve while Slack cannot say who
// presses: nothing leaves for Entra, across a restart too, until Slack can.
func TestPromise3NobodyWithoutApproval(t *testing.T) {
	unreadable := map[string]func(*sandbox.World){
		"Slack is down for people":    func(w *sandbox.World) { w.Fail("users.info", sandbox.Fault{Status: 503, Times: 1000}) },
		"Slack is down for groups":    func(w *sandbox.World) { w.Fail("usergroups.users.list", sandbox.Fault{Status: 500, Times: 1000}) },
		"Slack answers with nonsense": func(w *sandbox.World) { w.Fail("usergroups.users.list", sandbox.Fault{Body: "<html>", Times: 1000}) },
	}
	for name, spoil := range unreadable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, "socket")
			p.asks(ann, jane, "Project Falcon", "30 days", "is anybody there?")
			p.sees(sam, falconSponsors, "INV-1", "[Approve]")
			spoil(p.world)
			p.must(p.presses(sam, "INV-1", "Approve"))
			before := p.readings()
			p.restart(nil)
			p.eventually("another look at who Sam is", func() bool { return p.readings() > before })
			p.clock.forward(4 * 24 * hour) // long, but before the deadline
			p.eventually("still another look", func() bool { return p.readings() > before+1 })
			if calls := p.world.Tenant().Calls(); slices.ContainsFunc(calls, func(c sandbox.GraphCall) bool { return c.Method != http.MethodGet }) {
				t.Errorf("Entra was changed on an approval that nobody could verify")
			}
			if p.invitations(jane) != 0 || !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") {
				t.Errorf("decided without knowing by whom")
			}
		})
	}
}

// TestPromise3WhatSlackWillNeverSayIsANo takes the scope away: the sponsor is
// told that the press did not count, and it never does.
func TestPromise3WhatSlackWillNeverSayIsANo(t *testing.T) {
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "is anybody there?")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.world.Fail("usergroups.users.list", sandbox.Fault{Error: "missing_scope", Times: 1000})
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("a private word to Sam", func() bool { return len(p.private(sam)) == 1 })
	p.world.Heal("usergroups.users.list")
	if p.invitations(jane) != 0 || !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") {
		t.Error("decided without knowing by whom")
	}
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// readings counts the questions to Slack about people and groups.
func (p *play) readings() int {
	return len(p.world.CallsOf("users.info")) + len(p.world.CallsOf("usergroups.users.list"))
}

// TestPromise3NoAnswerIsANo lets a deadline pass: nobody is let in by that, and
// an admin cannot bring the request back.
func TestPromise3NoAnswerIsANo(t *testing.T) {
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "nobody looks")
	card := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.clock.forward(5*24*hour + time.Minute)
	p.sees(sam, falconSponsors, "INV-1", "in time")
	p.notTriedAgain(card, "in time")
}

// TestPromise3ADenialStands denies a request: an admin cannot try it again.
func TestPromise3ADenialStands(t *testing.T) {
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	card := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.must(p.denies(sam, "No contract yet"))
	p.sees(sam, falconSponsors, "INV-1", "Denied")
	p.notTriedAgain(card, "Denied")
}

// notTriedAgain lets an admin send a press of Try again on a card that has no
// such button, and that was live once: it is refused in private, the card says what it said, and nothing
// was changed in Entra while another guest was let in after all that.
func (p *play) notTriedAgain(live sandbox.Message, words string) {
	p.t.Helper()
	told := p.answers(ada)
	p.send(clickBody(ada, live.TS, "retry", pointedAt(live)))
	p.eventually("an answer to Ada", func() bool { return p.answers(ada) > told })
	const later = "later@acme.example"
	p.asks(ann, later, "Project Falcon", "30 days", "in order")
	p.must(p.presses(sam, "INV-2", "Approve"))
	p.eventually("the later guest in the group", p.inGroup(later, "Project Falcon"))
	if p.message(sam, falconSponsors, "INV-1 ", words).TS == "" || p.invitations(jane) > 0 {
		p.t.Errorf("let in without approval:\n%s", p.message(sam, falconSponsors, "INV-1 ").Plain())
	}
}

// TestPromise3EveryStageAndItsQuorum approves a request in its first stage, and
// by one of two in its second, twice: nothing leaves for Entra before the other
// one has approved.
func TestPromise3EveryStageAndItsQuorum(t *testing.T) {
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Heron", "7 days", "audit")
	first := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.must(p.presses(sam, "INV-1", "Approve"))
	card := p.sees(olga, heronOwners, "INV-1", "[Approve]")
	owner := func(who string) { p.must(p.world.As(who).ClickText(t.Context(), heronOwners, card.TS, "Approve")) }
	p.send(clickBody(olga, first.TS, "approve", pointedAt(first))) // of the stage before, whose approver she is, too
	p.eventually("Olga to be told that the stage is over", func() bool { return p.ephemerals(olga, falconSponsors) > 0 })
	owner(olga)
	p.sees(olga, heronOwners, "INV-1", "1 of 2", "[Approve]")
	owner(olga)
	p.eventually("Olga to be told that hers counts already", func() bool { return p.ephemerals(olga, heronOwners) > 0 })
	if p.changed() || !slices.Contains(p.message(ada, heronOwners, "INV-1", "1 of 2").Buttons(), "Approve") {
		t.Fatal("one approval of two was enough")
	}
	owner(ada)
	p.eventually("the guest in the group", p.inGroup(jane, "Project Heron"))
}

// TestPromise3OnlyAnAdminTriesAgain lets a request fail: its approver, its
// requester and an admin who became a Slack guest are refused, the admin is heard.
func TestPromise3OnlyAnAdminTriesAgain(t *testing.T) {
	p := newPlay(t, "http")
	p.world.Tenant().Fail("POST", "/invitations", refusedByEntra)
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.sees(sam, falconSponsors, "INV-1", "an admin must act", "[Try again]")
	refused := func(who string) {
		told := p.answers(who)
		p.must(p.presses(who, "INV-1", "Try again"))
		p.eventually("an answer to "+who, func() bool { return p.answers(who) > told })
		if !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Try again") || p.invitations(jane) != 1 {
			t.Fatalf("%s had it tried again", who)
		}
	}
	refused(sam)
	refused(ann)
	p.world.SetPerson(ada, func(x *sandbox.Person) { x.Restricted = true })
	refused(ada)
	p.world.SetPerson(ada, func(x *sandbox.Person) { x.Restricted = false })
	p.clock.forward(time.Minute) // a no is remembered for half of that
	p.must(p.presses(ada, "INV-1", "Try again"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// changed reports whether Entra was asked for anything but to be read.
func (p *play) changed() bool {
	return slices.ContainsFunc(p.world.Tenant().Calls(), func(c sandbox.GraphCall) bool { return c.Method != http.MethodGet })
}

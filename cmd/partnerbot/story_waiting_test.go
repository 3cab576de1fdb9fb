package main

import (
	"testing"
	"time"
)

// owners is the second stage of Heron: asked for, and passed on by the sponsor.
func (p *play) owners() {
	p.t.Helper()
	p.asks(ann, jane, "Project Heron", "7 days", "audit")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.sees(olga, heronOwners, "INV-1", "[Approve]")
}

const (
	reminds = "INV-1 still waits for you"
	waited  = "has waited for a decision for a while"
)

// TestRemindersComeLessAndLessOften in the thread of the card, and then others are
// asked who may decide as well.
func TestRemindersComeLessAndLessOften(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.owners()
	p.clock.forward(day + hour)
	p.reads(olga, heronOwners, reminds)
	p.sees(ann, p.dm(ann), "INV-1", "They were reminded once")
	p.clock.forward(2 * day)
	p.eventually("the second reminder", func() bool { return p.count(olga, heronOwners, reminds) == 2 })
	p.clock.forward(day)
	p.reads(sam, falconSponsors, waited)
	if n := p.count(olga, heronOwners, reminds); n != 2 {
		t.Errorf("the owners were reminded %d times", n)
	}
	p.clicks(sam, falconSponsors, "Approve", "INV-1")
	p.clicks(ada, heronOwners, "Approve", "INV-1", "1 of 2")
	p.eventually("the guest in the group", p.inGroup(jane, "Project Heron"))
}

// TestAnEscalationWithoutAnAnswerIsANo at the deadline that it brought with it.
func TestAnEscalationWithoutAnAnswerIsANo(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.owners()
	p.clock.forward(4*day + hour)
	p.reads(sam, falconSponsors, waited)
	p.clock.forward(day + hour) // the stage's own five days are over
	p.clicks(sam, falconSponsors, "I'm on it", "INV-1")
	p.sees(olga, heronOwners, "INV-1", "Sam", "is on it")
	p.clock.forward(day)
	for who, channel := range map[string]string{olga: heronOwners, sam: falconSponsors} {
		p.sees(who, channel, "INV-1", "no decision in time")
	}
	p.reads(ann, p.dm(ann), "INV-1", "in time")
	if n := p.invitations(jane); n > 0 {
		t.Errorf("%d invitations left without an answer", n)
	}
}

// TestATimeOutThatEscalates asks others at the deadline, in direct messages.
func TestATimeOutThatEscalates(t *testing.T) {
	t.Parallel()
	p := newPlayWith(t, "        deadline: 5d\n\n  # Two", "        deadline: 5d\n        escalate: {approvers: [U0BEN], deadline: 1d}\n        on_timeout: escalate\n\n  # Two")
	p.asks(ann, jane, "Project Falcon", "30 days", "nobody looks")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.clock.forward(5*day + hour)
	p.reads(ben, p.dm(ben), waited)
	p.reads(ann, p.dm(ann), "INV-1", "Ben", "may decide it now, too")
	p.clicks(ben, p.dm(ben), "Approve", "INV-1")
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.sees(sam, falconSponsors, "INV-1", "Approved", "Ben")
}

// TestWhoeverIsOnItIsNotReminded until the claim lapses.
func TestWhoeverIsOnItIsNotReminded(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.owners()
	p.asks(ben, mia, "Project Heron", "7 days", "audit")
	p.must(p.presses(sam, "INV-2", "Approve"))
	p.sees(olga, heronOwners, "INV-2", "[Approve]")
	p.clock.forward(23*hour + 30*time.Minute)
	claimed := p.clock.now()
	p.clicks(olga, heronOwners, "I'm on it", "INV-1")
	p.sees(ada, heronOwners, "INV-1", "Olga", "is on it until")
	p.sees(ann, p.dm(ann), "INV-1", "Olga", "is on it until")
	p.clock.forward(40 * time.Minute) // both reminders are due
	p.reads(ada, heronOwners, "INV-2 still waits for you")
	p.clicks(ben, p.dm(ben), "Remind the approvers", "INV-2")
	p.reads(ada, heronOwners, "asks you to look at INV-2") // and by now INV-1 would have been said, too
	p.clock.forward(30 * time.Minute)
	if m := p.reads(ada, heronOwners, reminds); m.At.Before(claimed.Add(hour)) {
		t.Errorf("they were reminded %s after Olga was on it", m.At.Sub(claimed))
	}
	p.eventually("the claim to lapse", func() bool {
		m := p.message(ada, heronOwners, "INV-1", "[Approve]")
		return m.TS != "" && !containsAll(m.Plain(), "is on it")
	})
}

package main

import (
	"slices"
	"testing"
)

// TestAChangeIsShownAsADifference, and whoever saw the request as it was is told
// of it and decides nothing.
func TestAChangeIsShownAsADifference(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "90 days", "kick-off")
	form := p.opens(sam, falconSponsors, "Change", "INV-1", "Entra has")
	if got := form.Field("for"); got != "As it is: 90 days from approval" {
		t.Errorf("the form begins with %q", got)
	}
	p.must(p.world.As(sam).Fill("for", "30 days"))
	p.frozen(func() { // so the card is still the old one
		p.sends(sam)
		p.clicks(olga, falconSponsors, "Approve", "INV-1", "90 days from approval")
		p.isTold(olga, falconSponsors, "INV-1", "Sam", "30 days", "instead of 90 days")
	})
	p.sees(olga, falconSponsors, "INV-1", "Changed by", "Sam", "instead of 90 days", "[Approve]")
	p.reads(ann, p.dm(ann), "Sam", "changed INV-1", "30 days")
	p.must(p.presses(olga, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// TestAChangeThatApproves is one press.
func TestAChangeThatApproves(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "90 days", "kick-off")
	p.opens(sam, falconSponsors, "Change", "INV-1")
	p.must(p.world.As(sam).Fill("for", "30 days"))
	p.must(p.world.As(sam).Fill("also", "Approve it with this change"))
	p.sends(sam)
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.reads(ann, p.dm(ann), "for less than you asked", "30 days")
	p.clock.forward(31 * day)
	p.eventually("the guest out of the group", p.inGroup(jane))
}

// TestAChangeThatChangesNothing keeps its form open.
func TestAChangeThatChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "90 days", "kick-off")
	p.opens(sam, falconSponsors, "Change", "INV-1")
	_ = p.world.As(sam).Submit(t.Context()) // its error is the one under the field
	if v := p.world.As(sam).View(); v == nil || v.Error("for") == "" {
		t.Errorf("the form says nothing: %+v", v)
	}
}

// TestARequestIsEdited by whoever asked, before anybody has decided.
func TestARequestIsEdited(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "90 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "90 days", "[Approve]")
	form := p.opens(ann, p.dm(ann), "Change my request", "INV-1")
	if form.Field("for") != "90 days" || form.Field("reason") != "kick-off" {
		t.Errorf("the form begins with %q and %q", form.Field("for"), form.Field("reason"))
	}
	p.must(p.world.As(ann).Fill("for", "30 days"))
	p.must(p.world.As(ann).Fill("reason", "the drawings only"))
	p.sends(ann)
	p.sees(sam, falconSponsors, "INV-1", "30 days", "the drawings only", "Changed by", "instead of 90 days", "[Approve]")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	if dm := p.sees(ann, p.dm(ann), "INV-1", "aiting for"); slices.Contains(dm.Buttons(), "Change my request") {
		t.Errorf("what is decided can be edited: %q", dm.Buttons())
	}
}

package main

import (
	"strings"
	"testing"
	"time"
)

// TestAnApprovalIsUndone within the time that it is held, over both ways in.
func TestAnApprovalIsUndone(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newHeldPlay(t, mode)
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			p.must(p.presses(sam, "INV-1", "Approve"))
			p.sees(ann, p.dm(ann), "INV-1", "leaves at", "[Withdraw]")
			p.clicks(sam, falconSponsors, "Undo", "INV-1", "Sam", "leaves at")
			p.sees(sam, falconSponsors, "INV-1", "Waiting for approval", "[Approve]")
			p.clock.forward(time.Minute)
			p.sees(ann, p.dm(ann), "INV-1", "Waiting for approval")
			if n := p.invitations(jane); n > 0 {
				t.Fatalf("%d invitations left although the approval was undone", n)
			}
			p.must(p.presses(olga, "INV-1", "Approve"))
			p.sees(sam, falconSponsors, "INV-1", "Olga", "leaves at")
			p.clock.forward(undoHeld + time.Second)
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
			if n := p.invitations(jane); n != 1 {
				t.Errorf("%d invitations left", n)
			}
		})
	}
}

// TestOnlyWhoeverApprovedUndoes: everybody sees the button, and nobody else's press counts.
func TestOnlyWhoeverApprovedUndoes(t *testing.T) {
	t.Parallel()
	p := newHeldPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.clicks(olga, falconSponsors, "Undo", "INV-1")
	p.isTold(olga, falconSponsors, "INV-1", "not yours to undo")
	p.clock.forward(undoHeld + time.Second)
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// TestAHeldApprovalIsWithdrawn by whoever asked, before anything has left.
func TestAHeldApprovalIsWithdrawn(t *testing.T) {
	t.Parallel()
	p := newHeldPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.clicks(ann, p.dm(ann), "Withdraw", "INV-1", "leaves at")
	p.sees(sam, falconSponsors, "INV-1", "Withdrawn")
	p.clock.forward(time.Minute)
	if card := p.sees(sam, falconSponsors, "INV-1", "Withdrawn"); len(card.Buttons()) > 0 {
		t.Errorf("the card keeps %q", card.Buttons())
	}
	if n := p.invitations(jane); n > 0 {
		t.Errorf("%d invitations left for a guest who was withdrawn", n)
	}
}

// TestAnAccessIsRevoked in the place where it could be undone, by another sponsor
// than the one who gave it.
func TestAnAccessIsRevoked(t *testing.T) {
	t.Parallel()
	p := newHeldPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.sees(sam, falconSponsors, "INV-1", "leaves at", "[Undo]")
	p.clock.forward(undoHeld + time.Second)
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.says(olga, "Revoke", "The project is over", "INV-1")
	p.eventually("the guest out of the group", p.inGroup(jane))
	card := p.sees(sam, falconSponsors, "INV-1", "Revoked", "Olga", "The project is over")
	if buttons := strings.Join(card.Buttons(), " "); strings.Contains(buttons, "Revoke") {
		t.Errorf("the card keeps %q", buttons)
	}
	p.reads(ann, p.dm(ann), "Olga", "before its time", "The project is over")
}

// TestAnAccessIsGivenBack by whoever asked for it.
func TestAnAccessIsGivenBack(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.clicks(ann, p.dm(ann), "Give it back", "INV-1")
	p.eventually("the guest out of the group", p.inGroup(jane))
	p.sees(sam, falconSponsors, "INV-1", "Revoked", "gave the access back")
}

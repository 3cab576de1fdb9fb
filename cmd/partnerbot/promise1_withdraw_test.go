package main

import (
	"slices"
	"syscall"
	"testing"

	"partnerbot/sandbox"
)

// TestPromise1AWithdrawalIsKept kills the program with -9 right after Slack got
// its acknowledgement of Withdraw, before anything was done about it: after the
// next start nobody can approve the request any more.
func TestPromise1AWithdrawalIsKept(t *testing.T) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newProcess(t, mode, false)
			p, me := r.p, r.p.world.As(ann)
			r.start()
			p.asks(ann, jane, "Project Falcon", "30 days", "on second thought")
			p.sees(sam, falconSponsors, "INV-1", "[Approve]")
			dm := p.sees(ann, me.DM(), "INV-1", "[Withdraw]")
			p.world.Fail("chat.update", sandbox.Fault{Cut: true, Times: 1_000_000}) // whatever the bot shows is lost
			p.must(me.ClickText(t.Context(), me.DM(), dm.TS, "Withdraw"))
			r.end(syscall.SIGKILL)
			if !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") {
				t.Fatal("the card was changed before the kill")
			}
			p.world.Heal("chat.update")
			r.start()
			if card := p.sees(sam, falconSponsors, "INV-1", "Withdrawn"); len(card.Buttons()) > 0 {
				t.Errorf("the card keeps %q", card.Buttons())
			}
			if card := p.sees(ann, me.DM(), "INV-1", "Withdrawn"); slices.Contains(card.Buttons(), "Withdraw") {
				t.Errorf("the message keeps %q", card.Buttons())
			}
			if p.invitations(jane) > 0 {
				t.Error("an invitation left")
			}
		})
	}
}

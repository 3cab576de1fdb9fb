package approvals

import (
	"errors"
	"testing"
)

// TestWhatBecameOfARequestIsToldToWhoMaySeeIt: somebody who only guessed an ID
// learns nothing from what a button answers.
func TestWhatBecameOfARequestIsToldToWhoMaySeeIt(t *testing.T) {
	why := ErrDecided.With("by", "sam")
	for user, want := range map[string]*Refusal{
		"ann": why, "sam": why, "omar": why, "ada": why, // the requester, approvers of either stage, an admin
		"ben": ErrNotApprover, "gus": ErrSlackGuest, "nobody": ErrUnknownPerson,
	} {
		t.Run(user, func(t *testing.T) {
			story(t, func(w *world) {
				guest := colleague("gus")
				guest.Guest = true
				w.desk.people["gus"] = guest
				r := w.submit("falcon")
				if got := w.service.Tell(w.Context(), r.ID, id(user), why); !errors.Is(got, want) {
					t.Errorf("told %v, want %v", got, want)
				}
				w.desk.fails("person", fault{always: true, err: &Trouble{Kind: Later}})
				if got := w.service.Tell(w.Context(), r.ID, id(user), why); !errors.Is(got, ErrUnreadable) {
					t.Errorf("with Slack away told %v", got)
				}
			})
		})
	}
}

package approvals

import (
	"testing"
	"time"
)

// TestAnUndoIsHeardBeforeAnythingLeaves though Slack takes hours to say who it was.
func TestAnUndoIsHeardBeforeAnythingLeaves(t *testing.T) {
	for name, user := range map[string]string{"theirs": "sam", "somebody else's": "ben"} {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				w.nap, w.policy.Limits.Hold = time.Minute, 20*time.Second
				w.policy.Accesses[1].Durations = []time.Duration{30 * day}
				w.start()
				r := w.submit("harbor")
				w.press(r, "sam", Approve)
				w.pass(19 * time.Second)
				w.desk.fails("person", fault{err: &Trouble{Kind: Later, After: 2 * hour}})
				_, err := w.service.Press(w.Context(), r.ID, Press{By: id(user), Verdict: Undo, Tag: r.Tag})
				if user != "sam" {
					if err == nil {
						t.Error("another one's approval is taken back")
					}
					w.until(r.ID, Invited)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				w.pass(hour)
				if n := len(w.tenant.calls("")); n > 0 || w.get(r.ID).State != Inviting {
					t.Errorf("%d calls to Entra meanwhile", n)
				}
				w.until(r.ID, Pending)
				w.pass(10 * time.Minute)
				if n := len(w.tenant.calls("")); n > 0 {
					t.Errorf("%d calls to Entra in the end", n)
				}
				w.press(r, "sam", Approve)
				w.until(r.ID, Invited)
			})
		})
	}
}

// TestWhatARuleApprovesComesInAfterTheHold, and goes by its requester's word.
func TestWhatARuleApprovesComesInAfterTheHold(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Limits.Hold, w.policy.Rules = 20*time.Second, []Rule{rule("known", lets)}
		w.policy.Accesses[1].Durations = []time.Duration{30 * day}
		w.start()
		r := w.submit("harbor")
		w.pass(19 * time.Second)
		if n := len(w.tenant.calls("")); n > 0 {
			t.Errorf("%d calls to Entra within the hold", n)
		}
		if _, err := w.service.Press(w.Context(), r.ID, Press{By: id("sam"), Verdict: Undo, Tag: r.Tag}); err == nil {
			t.Error("a rule's word was taken back")
		}
		w.pass(2 * time.Second)
		w.until(r.ID, Invited)
		w.press(r, "sam", Revoke)
		w.pass(time.Second)
		if told := w.desk.toldTo("sam"); len(told) != 1 || told[0].Code != ErrMayNotRevoke.Code {
			t.Errorf("sam was told %v", told)
		}
		w.press(r, "ann", Revoke)
		if got := w.until(r.ID, Ended); got.Closed.By != id("ann") || len(w.tenant.rights()) > 0 {
			t.Errorf("%+v, %v", got.Closed, w.tenant.rights())
		}
	})
}

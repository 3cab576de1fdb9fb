package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
	"partnerbot/sandbox"
)

// direct shows a request to its requester, as a store keeps what came of it.
func (h *town) direct(t *testing.T, r approvals.Request) approvals.Request {
	t.Helper()
	is, said, err := h.desk.Direct(t.Context(), r, h.note)
	if err != nil {
		t.Fatal(err)
	}
	r.Shown.Direct, r.Shown.Said = is, append(r.Shown.Said, said...)
	h.forward(10 * time.Second) // so that the next one has its turn
	return r
}

// heard is what was said to the requester below the message, in order.
func (h *town) heard() []string {
	var out []string
	for _, m := range h.ours(h.As("U0ANN").DM()) {
		if m.ThreadTS != "" {
			out = append(out, m.Plain())
		}
	}
	return out
}

// TestEachTurnIsSaidOnce although another is said before or after it.
func TestEachTurnIsSaidOnce(t *testing.T) {
	for name, r := range turns() {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			first := h.request("pending")
			first.Requester.Team = r.Requester.Team
			first = h.direct(t, first)
			r.Shown = first.Shown
			h.forward(time.Hour)
			r = h.direct(t, r)
			again := h.direct(t, r)
			heard := h.heard()
			reached := milestones(r)
			if len(heard) != 1 || !again.Shown.HasSaid(reached[len(reached)-1]) {
				t.Errorf("heard %q, said %v", heard, again.Shown.Said)
			}
		})
	}
}

// TestWhatWasSaidLaterKeepsNothingFromBeingSaid: a question before a change of the terms.
func TestWhatWasSaidLaterKeepsNothingFromBeingSaid(t *testing.T) {
	h := newTown(t)
	r := h.direct(t, h.request("pending"))
	asked, changed := turns()["asked"], turns()["changed"]
	asked.Shown = r.Shown
	r = h.direct(t, asked)
	r.Edits, r.Edition, r.For = changed.Edits, 1, changed.For
	r.Version++
	r = h.direct(t, r)
	r.Talk[0].Answered = nine.Add(time.Hour)
	r.Talk = append(r.Talk, approvals.Exchange{By: sam, Question: "And when?", At: nine.Add(2 * time.Hour)})
	r.Version++
	h.direct(t, r)
	heard := h.heard()
	if len(heard) != 3 || !strings.Contains(heard[0], "Which drawings exactly?") || !strings.Contains(heard[1], "7 days") || !strings.Contains(heard[2], "And when?") {
		t.Errorf("heard %q", heard)
	}
}

// TestAnApprovalIsNoNewsWhileItCanBeUndone and never, if it was.
func TestAnApprovalIsNoNewsWhileItCanBeUndone(t *testing.T) {
	h := newTown(t)
	r := h.direct(t, h.request("second_stage"))
	held := h.after(r, "inviting")
	held.Hold = h.now().Add(30 * time.Second)
	held = h.direct(t, held)
	if heard := h.heard(); len(heard) != 0 || held.Shown.HasSaid("approved") {
		t.Fatalf("heard %q", heard)
	}
	undone := h.after(held, "half_quorum")
	undone.Version = held.Version + 1
	undone = h.direct(t, undone)
	if heard := h.heard(); len(heard) != 0 {
		t.Fatalf("heard %q", heard)
	}
	held.Version, held.Shown = undone.Version+1, undone.Shown
	h.forward(time.Minute)
	updates := len(h.CallsOf("chat.update"))
	h.direct(t, held)
	if heard := h.heard(); len(heard) != 1 || !strings.Contains(heard[0], "approved") || len(h.CallsOf("chat.update")) != updates+1 {
		t.Errorf("heard %q", heard)
	}
}

// TestTheMessageChangesWithTheEndOfTheHold although the request has no new version.
func TestTheMessageChangesWithTheEndOfTheHold(t *testing.T) {
	h := newTown(t)
	r := h.request("inviting")
	r.Hold = nine.Add(20 * time.Second)
	r = h.direct(t, r)
	h.forward(20 * time.Second)
	r = h.direct(t, r)
	first := len(h.CallsOf("chat.update"))
	h.direct(t, r)
	if n := len(h.CallsOf("chat.update")); first != 1 || n != first {
		t.Errorf("%d updates, then %d", first, n)
	}
}

// TestOneOfSeveralGuestsIsAReplyBelowTheirLead, and so is what is said of them.
func TestOneOfSeveralGuestsIsAReplyBelowTheirLead(t *testing.T) {
	h := newTown(t)
	lead, child := h.oneOfSeveral(t)
	child = h.direct(t, child)
	joined := h.request("active")
	joined.Lead, joined.Shown = lead.ID, child.Shown
	joined = h.direct(t, joined)
	all := h.ours(h.As("U0ANN").DM())
	if len(all) != 3 || all[0].TS != lead.Shown.Direct.TS || all[1].ThreadTS != all[0].TS || all[2].ThreadTS != all[0].TS || !strings.Contains(all[2].Plain(), "joined") {
		t.Fatalf("%+v", all)
	}
	var said []string
	for _, s := range joined.Shown.Said {
		said = append(said, s.What)
	}
	if diff := cmp.Diff([]string{"invited", "joined"}, said); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	h.Remove(all[0].Channel, all[0].TS)
	orphan := h.request("inviting")
	orphan.ID, orphan.Lead, orphan.Shown.Under = "INV-9", lead.ID, lead.Shown.Direct
	orphan = h.direct(t, orphan)
	later := h.request("active")
	later.ID, later.Lead, later.Shown = "INV-9", lead.ID, orphan.Shown
	h.direct(t, later)
	all = h.ours(all[0].Channel)
	if n := len(all); n < 2 || all[n-2].ThreadTS != "" || all[n-1].ThreadTS != all[n-2].TS {
		t.Errorf("%+v", all)
	}
}

// TestNobodyIsToldWhatTheyDidThemselves nor what another message says.
func TestNobodyIsToldWhatTheyDidThemselves(t *testing.T) {
	own, child, free := turns()["revoked"], turns()["revoked"], stories()["inviting"]
	own.Closed = &approvals.Closed{Verdict: approvals.Revoke, By: ann, At: nine}
	child.Lead = "INV-3"
	free.Access.Stages, free.Stage = nil, 0
	edited := turns()["changed"]
	edited.Edits = []approvals.Edit{{By: ann, Edition: 1}}
	for name, r := range map[string]approvals.Request{"an end of one's own": own, "that of all": child, "an approval by the policy": free, "a change of one's own": edited} {
		if got := milestones(r); len(got) != 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestALostAnswerMakesNoSecondMessageOfAGuestOfSeveral(t *testing.T) {
	h := newTown(t)
	_, child := h.oneOfSeveral(t)
	h.noted = map[string]time.Time{} // of another request
	h.Fail("chat.postMessage", sandbox.Fault{Cut: true, AfterEffect: true})
	if _, _, err := h.desk.Direct(t.Context(), child, h.note); err == nil {
		t.Fatal("a lost answer is success")
	}
	child = h.direct(t, child)
	if all := h.ours(h.As("U0ANN").DM()); len(all) != 2 || child.Shown.Direct.TS != all[1].TS {
		t.Errorf("%+v", all)
	}
}

// TestWhatIsLessIsSaidAgainstTheRequestersOwnWish and not against an earlier one.
func TestWhatIsLessIsSaidAgainstTheRequestersOwnWish(t *testing.T) {
	r := turns()["approved_less"] // 30 days, and 7 by an approver
	r.Edits = append([]approvals.Edit{{By: ann, Edition: 1, Was: approvals.Terms{For: 90 * 24 * time.Hour, Grants: r.Access.Grants}}}, r.Edits...)
	r.Edits[1].Edition, r.Edition = 2, 2
	if got := wish(r).For; got != 30*24*time.Hour {
		t.Errorf("the wish was %s", got)
	}
	if got := look(t).Milestone("en", r, "approved"); strings.Contains(got.Text, "90") || !strings.Contains(got.Text, "7 days") {
		t.Errorf("said %q", got.Text)
	}
}

// oneOfSeveral is a request for several guests whose message is shown, and that of
// one of them.
func (h *town) oneOfSeveral(t *testing.T) (lead, child approvals.Request) {
	t.Helper()
	lead = h.request("pending")
	lead.ID = "INV-3"
	lead = h.direct(t, lead)
	child = h.request("inviting")
	child.Lead, child.Shown.Under = lead.ID, lead.Shown.Direct
	return lead, child
}

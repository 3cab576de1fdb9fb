package approvals

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// isRefusal holds the entries that a refused decision left against what happened.
func (w *world) isRefusal(more []Entry, r Request, by PersonID, what string, why *Refusal) {
	w.Helper()
	want := []Entry{{
		Request: r.ID, Version: r.Version, At: time.Now(), By: by, Event: EventRefused, From: r.State, To: r.State,
		Detail: what + ": " + string(why.Code),
	}}
	if diff := cmp.Diff(want, more); diff != "" {
		w.Errorf("the trail of a refusal:\n%s", diff)
	}
}

func TestAWithdrawalThatIsRefusedIsInTheTrail(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		if _, err := w.service.Withdraw(w.Context(), r.ID, Withdrawn{id("sam"), r.Tag}); !errors.Is(err, ErrOnlyRequester) {
			t.Errorf("got %v", err)
		}
		w.isRefusal(w.trail(r.ID)[1:], r, id("sam"), "withdraw", ErrOnlyRequester)
	})
}

// TestAnOldCardIsRefusedAndNoted for every button of it, and whoever pressed
// is told that it is old, whether or not they may see the request that has its number now.
func TestAnOldCardIsRefusedAndNoted(t *testing.T) {
	tests := map[string]func(w *world, r RequestID, who PersonID) error{
		"approve": func(w *world, r RequestID, who PersonID) error {
			_, err := w.service.Press(w.Context(), r, Press{By: who, Verdict: Approve, Tag: older})
			return err
		},
		"deny": func(w *world, r RequestID, who PersonID) error { // asks for the form
			_, err := w.service.MayDecide(w.Context(), r, Press{By: who, Verdict: Deny, Tag: older})
			return err
		},
		"retry": func(w *world, r RequestID, who PersonID) error {
			_, err := w.service.Press(w.Context(), r, Press{By: who, Verdict: Retry, Tag: older})
			return err
		},
		"withdraw": func(w *world, r RequestID, who PersonID) error {
			_, err := w.service.Withdraw(w.Context(), r, Withdrawn{who, older})
			return err
		},
	}
	for what, press := range tests {
		t.Run(what, func(t *testing.T) {
			story(t, func(w *world) {
				r := w.submit("harbor")
				for n, user := range []string{"sam", "ann", "ada", "ben"} {
					if err := press(w, r.ID, id(user)); !errors.Is(err, ErrOldCard) {
						t.Errorf("%s got %v", user, err)
					}
					w.isRefusal(w.trail(r.ID)[1+n:], r, id(user), what, ErrOldCard)
				}
				if diff := cmp.Diff(r, w.get(r.ID)); diff != "" {
					t.Errorf("the request changed:\n%s", diff)
				}
				err := press(w, "INV-9", id("ben")) // whose number is not given again yet
				refusal, _ := errors.AsType[*Refusal](err)
				if what == "deny" && !errors.Is(err, ErrOldCard) { // it is told as it is
					t.Errorf("on a card without a request: %v", err)
				}
				if refusal == nil || !errors.Is(w.service.Tell(w.Context(), "INV-9", id("ben"), refusal), ErrOldCard) {
					t.Errorf("on a card without a request: %v", err)
				}
			})
		})
	}
}

// TestARefusalIsToldThoughItCannotBeNoted: and the caller has the fault to log.
func TestARefusalIsToldThoughItCannotBeNoted(t *testing.T) {
	disk := errors.New("disk full")
	for name, do := range map[string]func(w *world, r Request) error{
		"press": func(w *world, r Request) error {
			_, err := w.service.Press(w.Context(), r.ID, Press{By: id("ann"), Verdict: Approve, Tag: r.Tag})
			return err
		},
		"form": func(w *world, r Request) error {
			_, err := w.service.MayDecide(w.Context(), r.ID, Press{By: id("ann"), Verdict: Deny, Tag: r.Tag})
			return err
		},
		"form of a stranger": func(w *world, r Request) error {
			_, err := w.service.MayDecide(w.Context(), r.ID, Press{By: id("ben"), Verdict: Deny, Tag: r.Tag})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				r := w.submit("falcon")
				w.store.fail("update", disk)
				err := do(w, r)
				refusal, ok := errors.AsType[*Refusal](err)
				unnoted, faulty := errors.AsType[*UnnotedError](err)
				if !ok || !faulty || !errors.Is(err, disk) || unnoted.Refusal.Code != refusal.Code || !strings.Contains(err.Error(), "disk full") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestAnAcceptedPressThatCannotBeKeptIsAFault: nobody is told anything else.
func TestAnAcceptedPressThatCannotBeKeptIsAFault(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		w.store.fail("update", errors.New("disk full"))
		_, err := w.service.Press(w.Context(), r.ID, Press{By: id("sam"), Verdict: Approve, Tag: r.Tag})
		if _, ok := errors.AsType[*Refusal](err); ok || err == nil {
			t.Errorf("got %v", err)
		}
	})
}

// TestWhoAskedIsNoDecision: naming the requester leaves nothing in the trail.
func TestWhoAskedIsNoDecision(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		if by, err := w.service.AskedBy(w.Context(), r.ID); by != r.Requester || err != nil || len(w.trail(r.ID)) != 1 {
			t.Errorf("got %v, %v, trail %v", by, err, w.trail(r.ID))
		}
		if _, err := w.service.AskedBy(w.Context(), "INV-9"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// TestNothingTypedOrPersonalIsADetail: those are the words of an entry, which
// can be erased.
func TestNothingTypedOrPersonalIsADetail(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.fails("find", fault{err: &Trouble{Kind: Refused, Code: "Forbidden", Text: "Jane may not", RequestID: "5f1c"}})
		r, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Company, d.Reason = "Acme", "secret reason" }))
		if err != nil {
			t.Fatal(err)
		}
		w.approve(r)
		w.until(r.ID, Failed)
		q := w.submit("harbor")
		w.press(q, "sam", Deny)
		w.until(q.ID, Denied)
		trail := append(w.trail(r.ID), w.trail(q.ID)...)
		for _, e := range trail {
			for _, personal := range []string{"jane", "Jane", "acme", "Acme", "reason", "because"} {
				if strings.Contains(e.Detail, personal) {
					t.Errorf("%s says %q", e.Event, e.Detail)
				}
			}
		}
		first, last := trail[0], trail[len(trail)-1]
		if first.Detail != "falcon: 30d" || first.Words != "jane@acme.example (Jane Doe, Acme): secret reason" {
			t.Errorf("opened: %q and %q", first.Detail, first.Words)
		}
		if last.Event != "voted" || last.Detail != "deny" || last.Words != "because" {
			t.Errorf("voted: %+v", last)
		}
		failed := w.trail(r.ID)
		if e := failed[len(failed)-1]; e.Detail != "looking for the guest: Forbidden: request-id 5f1c" || e.Words != "Jane may not" {
			t.Errorf("failed: %+v", e)
		}
	})
}

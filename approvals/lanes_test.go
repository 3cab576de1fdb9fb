package approvals

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestTwoRequestsForOneGuestInviteOnce: whoever comes second takes the account
// and the link of the first, also while the directory does not show it yet, and
// whichever replica does either.
func TestTwoRequestsForOneGuestInviteOnce(t *testing.T) {
	for name, lag := range map[string]time.Duration{"at once": 0, "after a while": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				w.hands = 1
				harbor, pier := w.submit("harbor"), w.submit("pier")
				w.press(harbor, "sam", Approve)
				w.press(pier, "sam", Approve)
				w.tenant.blindTo = time.Now().Add(lag)
				w.tenant.fails("invite", fault{during: func(context.Context) { <-time.After(5 * time.Second) }})
				w.start()
				defer w.stop()
				w.start() // another replica
				harbor, pier = w.until(harbor.ID, Invited), w.until(pier.ID, Invited)
				if n := len(w.tenant.calls("invite")); n != 1 {
					t.Errorf("%d invitations were sent", n)
				}
				if harbor.Account.ID != pier.Account.ID || harbor.Account.Link == "" || harbor.Account.Link != pier.Account.Link {
					t.Errorf("accounts %+v and %+v", harbor.Account, pier.Account)
				}
			})
		})
	}
}

// TestAGuestSeenBeforeTheAnswerToTheirInvitation: the directory may show an
// account while the answer that carries its link is still on the way.
func TestAGuestSeenBeforeTheAnswerToTheirInvitation(t *testing.T) {
	story(t, func(w *world) {
		harbor, pier := w.submit("harbor"), w.submit("pier")
		w.press(harbor, "sam", Approve)
		w.press(pier, "sam", Approve)
		w.tenant.fails("invite", fault{during: func(context.Context) {
			w.tenant.mu.Lock()
			w.tenant.accounts[harbor.Guest.Email] = Found{ID: "u1", Guest: true, Pending: true}
			w.tenant.mu.Unlock()
			<-time.After(5 * time.Second)
		}})
		w.start()
		harbor, pier = w.until(harbor.ID, Invited), w.until(pier.ID, Invited)
		if harbor.Account.Link == "" || harbor.Account.Link != pier.Account.Link {
			t.Errorf("accounts %+v and %+v", harbor.Account, pier.Account)
		}
	})
}

// TestASlowEntraDelaysNoCard: a hundred guests whose look-up hangs keep no card
// and no click waiting.
func TestASlowEntraDelaysNoCard(t *testing.T) {
	story(t, func(w *world) {
		hang := fault{always: true, during: func(context.Context) { <-time.After(30 * time.Second) }}
		w.tenant.fails("find", hang)
		for i := range 100 {
			d := draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute })
			d.Email = string(rune('a'+i/26)) + string(rune('a'+i%26)) + "@acme.example"
			r, err := w.service.Submit(w.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			w.press(r, "sam", Approve)
		}
		w.start()
		w.pass(time.Second)
		r := w.submit("pier")
		w.pass(time.Second)
		if got := w.get(r.ID); len(got.Shown.Cards) == 0 {
			t.Fatal("a new card waits for Entra")
		}
		w.press(r, "sam", Approve)
		w.pass(time.Second)
		if got := w.get(r.ID); got.State != Inviting {
			t.Errorf("a click waits for Entra: %s", got.State)
		}
	})
}

// TestAPanicIsOneRowsTrouble: the row is tried again, the program lives.
func TestAPanicIsOneRowsTrouble(t *testing.T) {
	story(t, func(w *world) {
		w.desk.fails("cards", fault{during: func(context.Context) { panic("a bug") }})
		w.start()
		r := w.submit("harbor")
		w.pass(time.Minute)
		if got := w.get(r.ID); len(got.Shown.Cards) == 0 {
			t.Error("the card was given up")
		}
	})
}

// TestNothingIsTriedAfterTheEnd: a retry that comes too late is refused, and an
// approval whose time ran out while we were down invites nobody.
func TestNothingIsTriedAfterTheEnd(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.fails("find", fault{err: &Trouble{Kind: Refused}})
		r := w.submit("harbor")
		w.approve(r)
		r = w.until(r.ID, Failed)
		w.pass(r.For)
		w.press(r, "ada", Retry)
		w.pass(time.Minute)
		if got := w.get(r.ID); got.State != Failed || len(w.tenant.calls("invite")) > 0 {
			t.Errorf("%s with %d invitations", got.State, len(w.tenant.calls("invite")))
		}
		if told := w.desk.toldTo("ada"); len(told) != 1 || !errors.Is(&told[0], ErrNotRetryable) {
			t.Errorf("ada is told %v", told)
		}

		next := w.submit("pier")
		w.stop()
		w.press(next, "sam", Approve)
		w.start()
		w.tenant.fails("find", fault{always: true, err: &Trouble{Kind: Later}})
		w.pass(time.Minute)
		w.stop()
		w.tenant.fails("find")
		w.pass(100 * 24 * time.Hour)
		w.start()
		w.pass(time.Hour)
		if got := w.get(next.ID); got.State != Ended || len(w.tenant.calls("invite")) > 0 {
			t.Errorf("%s with %d invitations", got.State, len(w.tenant.calls("invite")))
		}
	})
}

// TestTheStepItselfLooksAtTheClock: should Entra's row come before the clock's,
// nobody is looked for or invited after the end.
func TestTheStepItselfLooksAtTheClock(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		r.State, r.Until = Inviting, time.Now()
		worker := &Worker{Store: w.store, Tenant: w.tenant, Now: time.Now}
		if out, err := worker.guest(w.Context(), r); err != nil || len(out.events) > 0 || len(w.tenant.calls("")) > 0 {
			t.Errorf("events %v, calls %v, %v", out.events, w.tenant.calls(""), err)
		}
	})
}

// TestATwinsInvitationUnderWayIsWaitedFor: its answer is not known yet.
func TestATwinsInvitationUnderWayIsWaitedFor(t *testing.T) {
	story(t, func(w *world) {
		harbor, pier := w.submit("harbor"), w.submit("pier")
		approve := func(id RequestID, tried time.Time) Request {
			r, err := w.store.Update(w.Context(), id, func(r Request) (Change, error) {
				r.State, r.Account.Tried = Inviting, tried
				return Change{Request: r}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		approve(harbor.ID, time.Now())
		pier = approve(pier.ID, time.Time{})
		worker := &Worker{Store: w.store, Tenant: w.tenant, Now: time.Now}
		if twin, wait, err := worker.mayInvite(w.Context(), pier); twin != nil || !wait || err != nil {
			t.Errorf("twin %v, wait %v, %v", twin, wait, err)
		}
	})
}

// TestARowInTwoHandsInvitesOnce: a replica whose lease ran out may still be at it.
func TestARowInTwoHandsInvitesOnce(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		w.store.restate(r.ID, func(r *Request) { r.State = Inviting })
		r = w.get(r.ID)
		worker := &Worker{Store: w.store, Tenant: w.tenant, Now: time.Now}
		for i, want := range []bool{false, true} {
			if twin, wait, err := worker.mayInvite(w.Context(), r); twin != nil || wait != want || err != nil {
				t.Errorf("hand %d: twin %v, wait %v, %v", i, twin, wait, err)
			}
		}
	})
}

// TestAnInvitationOfARequestThatFailedIsNotRepeated: the guest is there, though the
// directory does not show them yet.
func TestAnInvitationOfARequestThatFailedIsNotRepeated(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.blindTo = time.Now().Add(time.Hour)
		w.tenant.fails("grant u1 group:g3", fault{err: &Trouble{Kind: Refused}, always: true})
		harbor := w.submit("harbor")
		w.approve(harbor)
		w.until(harbor.ID, Failed)
		pier := w.submit("pier")
		w.approve(pier)
		pier = w.until(pier.ID, Invited)
		if n := len(w.tenant.calls("invite")); n != 1 || pier.Account.ID != "u1" || pier.Account.Link == "" {
			t.Errorf("invited %d times, account %+v", n, pier.Account)
		}
	})
}

func TestMoreWorkThanHands(t *testing.T) {
	story(t, func(w *world) {
		w.hands = 2
		w.start()
		for i := range 50 {
			if _, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Email = "g" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "@acme.example" })); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(time.Second)
		shown := map[string]bool{} // some twice: as they were made, and when Entra has said what it knows
		for _, h := range append(w.desk.calls("cards"), w.desk.calls("direct")...) {
			shown[h.What] = true
		}
		if len(shown) != 100 {
			t.Errorf("%d cards and messages of 50 requests", len(shown))
		}
	})
}

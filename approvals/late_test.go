package approvals

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// takes lets a call last so long, whatever stops it.
func takes(d time.Duration) fault {
	return fault{during: func(context.Context) { <-time.After(d) }}
}

// TestAGrantOfAReplicaThatStoodStillIsTakenBack: it was confirmed after the access
// had ended everywhere else.
func TestAGrantOfAReplicaThatStoodStillIsTakenBack(t *testing.T) {
	story(t, func(w *world) {
		w.tenant.fails("grant u1 group:g1", takes(25*time.Minute))
		w.start()
		stood := w.stop
		r := w.submit("pier")
		w.approve(r)
		w.pass(30 * time.Second)
		w.store.restart() // others may take its work
		w.start()
		w.until(r.ID, Ended)
		w.pass(time.Hour)
		stood()
		if got := w.tenant.rights(); len(got) > 0 || w.get(r.ID).State != Ended {
			t.Errorf("%s, and the guest is in %v; trail %v", w.get(r.ID).State, got, w.events(r.ID))
		}
		if n := count(w.events(r.ID), "taken back"); n != 2 {
			t.Errorf("taken back %d times", n)
		}
	})
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// TestAGrantConfirmedAfterTheEnd: the request takes it back, and only that.
func TestAGrantConfirmedAfterTheEnd(t *testing.T) {
	over := nine.Add(30 * 24 * time.Hour)
	r, _, err := play(t, nine, invited)
	if err != nil {
		t.Fatal(err)
	}
	c, err := advance(r, over, TimeOver{}, GrantTaken{"group:g1"}, GrantTaken{"group:g2"})
	if err != nil || c.Request.State != Ended {
		t.Fatalf("%s, %v", c.Request.State, err)
	}
	late, owed, err := c.Request.Apply(GrantMade{"group:g2"}, over.Add(time.Minute))
	if err != nil || late.State != Ending || late.Closed != nil || !slices.Equal(late.Account.Taken, []string{"group:g1"}) || !hasOwing(owed, Owing{Kind: WorkGuest}) {
		t.Errorf("%s with %v taken, %v, owed %v", late.State, late.Account.Taken, err, owed)
	}
	if _, _, err = late.Apply(GrantMade{"group:g2"}, over.Add(time.Minute)); !errors.Is(err, ErrNotDue) {
		t.Errorf("again: %v", err)
	}
	if _, _, err = c.Request.Apply(GrantMade{"group:g9"}, over); !errors.Is(err, ErrNotDue) {
		t.Errorf("another grant: %v", err)
	}
}

// TestAGrantGivenAgainAfterTheOtherEnded: it was given for a request that ended
// while Entra took its time.
func TestAGrantGivenAgainAfterTheOtherEnded(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		harbor, pier := w.submit("harbor"), w.submit("pier") // 10 and 20 minutes
		w.approve(pier)
		w.until(pier.ID, Invited)
		w.pass(9*time.Minute + 50*time.Second)
		w.approve(harbor) // so it ends ten seconds before pier
		w.until(harbor.ID, Invited)
		w.tenant.fails("grant u1 group:g1", takes(20*time.Second))
		w.until(harbor.ID, Ended)
		w.until(pier.ID, Ended)
		w.pass(time.Hour)
		if got := w.tenant.rights(); len(got) > 0 {
			t.Errorf("both ended, and the guest is in %v", got)
		}
	})
}

// fickle is a store in which another request needs what is taken every other time.
type fickle struct {
	*memory

	other Request
	asked int
	until int // from then on nobody needs it
}

func (f *fickle) Guest(context.Context, string) ([]Request, error) {
	if f.asked++; f.asked >= f.until || f.asked%2 == 0 {
		return nil, nil
	}
	return []Request{f.other}, nil
}

// TestWhatIsWantedAndNotWantedInTurns: a run does what is asked for after its last
// call, and does not go on for ever.
func TestWhatIsWantedAndNotWantedInTurns(t *testing.T) {
	for until, want := range map[int]struct {
		calls int
		kind  TroubleKind
	}{1: {1, ""}, 3: {2, ""}, 4: {4, ""}, 100: {4, Later}} {
		story(t, func(w *world) {
			r := w.submit("pier")
			w.approve(r)
			w.store.restate(r.ID, func(r *Request) {
				r.State, r.Account.ID = Ending, "u1"
				r.Votes = []Vote{{By: id("sam"), Verdict: Approve}}
			})
			w.tenant.accounts[jane] = Found{ID: "u1", Guest: true}
			r = w.get(r.ID)
			other := r
			other.ID, other.State = "INV-9", Active
			worker := &Worker{Store: &fickle{memory: w.store, other: other, until: until}, Tenant: w.tenant, Policy: w.policy.Always, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
			err := worker.takeBack(w.Context(), r, r.Access.Grants[0])
			if t, ok := errors.AsType[*Trouble](err); (err == nil) != (want.kind == "") || ok && t.Kind != want.kind {
				w.Errorf("until %d: %v", until, err)
			}
			calls := slices.Concat(w.tenant.calls("grant"), w.tenant.calls("takeback"))
			if len(calls) != want.calls {
				w.Errorf("until %d: %v", until, what(calls))
			}
		})
	}
}

// TestWhatCannotBeGivenAgainIsSaidWithoutTheGuest: and keeps nothing from ending.
func TestWhatCannotBeGivenAgainIsSaidWithoutTheGuest(t *testing.T) {
	story(t, func(w *world) {
		var log strings.Builder
		w.log = slog.NewTextHandler(&log, nil)
		w.start()
		harbor, pier := w.submit("harbor"), w.submit("pier")
		w.approve(harbor)
		w.approve(pier)
		w.until(pier.ID, Invited)
		w.tenant.fails("grant", fault{err: &Trouble{Kind: Refused, Code: "Forbidden", Text: jane + " is blocked"}})
		w.until(harbor.ID, Ended)
		w.stop()
		if !strings.Contains(log.String(), "cannot be given again") || strings.Contains(log.String(), jane) {
			t.Error(log.String())
		}
	})
}

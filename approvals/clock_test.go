package approvals

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestWhatTimeBringsWaitsForAClockThatCanBeTrusted: deadlines by every path, and
// ends; all else goes on.
func TestWhatTimeBringsWaitsForAClockThatCanBeTrusted(t *testing.T) {
	story(t, func(w *world) {
		w.nap = time.Minute
		wrong := true
		w.trusts = func(context.Context) error {
			if wrong {
				return errors.New("an hour off")
			}
			return nil
		}
		w.policy.Accesses[0].Stages[0].Deadline = time.Hour
		w.start()
		harbor, pier, falcon := w.submit("harbor"), w.submit("pier"), w.submit("falcon")
		w.approve(harbor)
		w.until(harbor.ID, Invited)
		w.desk.fails("person", fault{err: &Trouble{Kind: Later, After: 3 * time.Hour}})
		w.press(falcon, "ben", Approve) // is judged after the deadline
		w.tenant.fails("find", fault{err: &Trouble{Kind: Later, After: 3 * time.Hour}})
		w.approve(pier) // its time is over before anybody is invited
		w.pass(4 * time.Hour)
		for id, want := range map[RequestID]State{harbor.ID: Invited, pier.ID: Inviting, falcon.ID: Pending} {
			if got := w.get(id); got.State != want || len(got.Presses) > 0 {
				t.Errorf("%s is %s with presses %v", id, got.State, got.Presses)
			}
		}
		if told := w.desk.toldTo("ben"); len(told) != 1 {
			t.Errorf("ben was told %v", told)
		}
		wrong = false
		w.pass(clockWait)
		w.pass(time.Minute)
		for id, want := range map[RequestID]State{harbor.ID: Ended, pier.ID: Ended, falcon.ID: TimedOut} {
			if got := w.get(id); got.State != want {
				t.Errorf("%s is %s", id, got.State)
			}
		}
	})
}

// TestAGuestWhoseTimeSeemsOverIsNotForgotten: when the clock is put right, the
// invitation goes on.
func TestAGuestWhoseTimeSeemsOverIsNotForgotten(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		r.State, r.Until = Inviting, time.Now()
		worker := &Worker{Store: w.store, Tenant: w.tenant, Now: time.Now}
		if out, err := worker.guest(w.Context(), r); err != nil || !out.again.After(time.Now()) {
			t.Errorf("looked again at %v, %v", out.again, err)
		}
	})
}

// TestWorkThatCouldNotBeRecalledIsRecalledLater: the store is away just when the
// clock is set back.
func TestWorkThatCouldNotBeRecalledIsRecalledLater(t *testing.T) {
	story(t, func(w *world) {
		w.ahead.Store(int64(time.Hour))
		w.start()
		w.tenant.fails("find", fault{err: &Trouble{Kind: Later}}, fault{err: &Trouble{Kind: Later}})
		harbor := w.submit("harbor")
		w.approve(harbor)
		w.pass(0)
		w.store.fail("take", errors.New("the database is gone"))
		w.ahead.Store(0)
		w.pass(10 * time.Second)
		w.store.fail("take", nil)
		w.pass(10 * time.Second)
		if got := w.get(harbor.ID); got.State != Invited {
			t.Errorf("ten seconds after the store was back it is %s", got.State)
		}
	})
}

// TestWorkOfAClockThatRanAheadDoesNotWaitForThatTime: nor is any other due twice.
func TestWorkOfAClockThatRanAheadDoesNotWaitForThatTime(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Accesses[0].Stages[0].Deadline = 90 * time.Minute
		w.ahead.Store(int64(time.Hour))
		w.start()
		w.tenant.fails("find", fault{err: &Trouble{Kind: Later}}, fault{err: &Trouble{Kind: Later}})
		falcon, harbor := w.submit("falcon"), w.submit("harbor")
		w.approve(harbor)
		w.pass(0)
		w.ahead.Store(0)
		w.pass(time.Second)
		if got := w.get(harbor.ID); got.State != Inviting {
			t.Fatalf("%s: the test needs work that was put off", got.State)
		}
		w.pass(10 * time.Second)
		if got := w.get(harbor.ID); got.State != Invited || len(w.tenant.calls("find")) != 3 {
			t.Errorf("%s after %d questions", got.State, len(w.tenant.calls("find")))
		}
		before := len(w.desk.calls("cards " + string(falcon.ID)))
		w.pass(time.Minute)
		if n := len(w.desk.calls("cards "+string(falcon.ID))) - before; n > 0 || w.get(falcon.ID).State != Pending {
			t.Errorf("%s, and its card was looked at %d times in a minute", w.get(falcon.ID).State, n)
		}
		w.pass(90 * time.Minute)
		if got := w.get(falcon.ID); got.State != TimedOut {
			t.Errorf("after its deadline it is %s", got.State)
		}
	})
}

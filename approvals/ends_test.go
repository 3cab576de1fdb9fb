package approvals

import (
	"slices"
	"testing"
	"time"
)

// TestAskingAgainKeepsNoAccessAlive: a request that failed half-way still ends
// on time while a new one for the same guest and access is pending.
func TestAskingAgainKeepsNoAccessAlive(t *testing.T) {
	story(t, func(w *world) {
		w.nap = time.Minute
		w.start()
		w.tenant.fails("grant u1 group:g2", fault{err: &Trouble{Kind: Refused}, always: true})
		first := w.submit("falcon")
		w.approve(first)
		first = w.until(first.ID, Failed)
		if !slices.Equal(first.Account.Granted, []string{"group:g1"}) {
			t.Fatalf("granted %v", first.Account.Granted)
		}
		w.pass(time.Until(first.Until) - time.Hour)
		w.submit("falcon") // nobody looks at it
		w.pass(2 * time.Hour)
		if first = w.get(first.ID); first.State != Ended {
			t.Errorf("after its end the first request is %s", first.State)
		}
		if calls := what(w.tenant.calls("takeback")); !slices.Contains(calls, "takeback u1 group:g1") {
			t.Errorf("taken back: %v", calls)
		}
	})
}

// TestAGrantIsKeptOnlyForWhoKnowsTheGuest: a request that is approved but has
// no account yet gives what it needs itself; it keeps nothing of another one.
func TestAGrantIsKeptOnlyForWhoKnowsTheGuest(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		first := w.submit("harbor")
		w.approve(first)
		first = w.until(first.ID, Invited)
		w.pass(time.Until(first.Until) - time.Minute)
		w.tenant.fails("find", fault{err: &Trouble{Kind: Later}, always: true})
		second := w.submit("falcon")
		w.approve(second)
		w.pass(5 * time.Minute)
		if first = w.get(first.ID); first.State != Ended || w.get(second.ID).State != Inviting {
			t.Fatalf("%s, %s", first.State, w.get(second.ID).State)
		}
		if calls := what(w.tenant.calls("takeback")); !slices.Contains(calls, "takeback u1 group:g1") {
			t.Errorf("taken back: %v", calls)
		}
	})
}

// TestPressingOnAndOnAsksSlackOnce: somebody who may not decide is turned away
// from memory, for a while, and takes no question from those who may.
func TestPressingOnAndOnAsksSlackOnce(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		r := w.submit("falcon")
		for range 10 {
			w.press(r, "ben", Approve)
			w.pass(time.Second)
		}
		if n := len(w.desk.calls("person ben")); n != 1 {
			t.Errorf("asked %d times who ben is", n)
		}
		if told := w.desk.toldTo("ben"); len(told) != 10 {
			t.Errorf("ben was told %d times", len(told))
		}
		w.desk.change(func(d *desk) { d.groups["S1"] = append(d.groups["S1"], "ben") })
		w.pass(turnedFor)
		w.press(r, "ben", Approve)
		w.pass(time.Second)
		if got := w.get(r.ID); len(got.Votes) != 1 {
			t.Errorf("ben may decide by now, and has %d votes", len(got.Votes))
		}
	})
}

// TestDelayIsSaid: what Entra keeps waiting for is told after some attempts,
// once, and forgotten when it goes on.
func TestDelayIsSaid(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.fails("find", slices.Repeat([]fault{{err: &Trouble{Kind: Later, Code: "down", Text: "we are down"}}}, 6)...)
		r := w.submit("falcon")
		w.approve(r)
		w.pass(20 * time.Second)
		if got := w.get(r.ID); got.State != Inviting || got.Trouble == nil || got.Trouble.Code != "down" {
			t.Fatalf("%s with trouble %v", got.State, got.Trouble)
		}
		if n := len(slices.DeleteFunc(w.events(r.ID), func(e string) bool { return e != "delayed" })); n != 1 {
			t.Errorf("said %d times", n)
		}
		if got := w.until(r.ID, Invited); got.Trouble != nil {
			t.Errorf("still in trouble: %v", got.Trouble)
		}
	})
}

// TestWhoIsNoColleagueCostsNoQuestionAboutGroups: groups are read sparingly, as
// Slack answers 20 such questions a minute.
func TestWhoIsNoColleagueCostsNoQuestionAboutGroups(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		r := w.submit("falcon")
		becomes(func(p *Person) { p.Guest = true })(w.desk)
		w.press(r, "sam", Approve)
		w.pass(time.Second)
		if n := len(w.desk.calls("members")); n != 0 || len(w.desk.toldTo("sam")) != 1 {
			t.Errorf("%d questions about groups, sam is told %v", n, w.desk.toldTo("sam"))
		}
	})
}

// TestTheSamePressTwiceIsOne: a double click changes nothing while the first
// one waits.
func TestTheSamePressTwiceIsOne(t *testing.T) {
	story(t, func(w *world) { // the worker is down
		r := w.submit("falcon")
		w.press(r, "sam", Approve)
		was := w.get(r.ID)
		w.pass(time.Second)
		w.press(r, "sam", Approve)
		if is := w.get(r.ID); is.Version != was.Version || len(is.Presses) != 1 {
			t.Errorf("version %d after %d, presses %v", is.Version, was.Version, is.Presses)
		}
	})
}

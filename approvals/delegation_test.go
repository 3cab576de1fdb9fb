package approvals

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"
)

func (w *world) delegates(from, to string, start, end time.Duration) error {
	now := time.Now()
	_, err := w.service.Delegate(w.Context(), w.desk.people[from], id(to), now.Add(start), now.Add(end))
	return err
}

// TestARightIsGivenAwayForATime: it counts from its beginning to its end, where
// its owner has one, and is looked at afresh at each press.
func TestARightIsGivenAwayForATime(t *testing.T) {
	give := func(from, to string, start, end time.Duration) func(*world) {
		return func(w *world) {
			if err := w.delegates(from, to, start, end); err != nil {
				w.Fatal(err)
			}
		}
	}
	then := func(all ...func(*world)) func(*world) {
		return func(w *world) {
			for _, f := range all {
				f(w)
			}
		}
	}
	pass := func(d time.Duration) func(*world) { return func(w *world) { w.pass(d) } }
	tests := []struct {
		name string
		mess func(w *world)
		want *Refusal
	}{
		{"given", give("sam", "ben", 0, hour), nil},
		{"nothing given", func(*world) {}, ErrNotApprover},
		{"not yet", give("sam", "ben", time.Minute, hour), ErrNotApprover},
		{"from now on", then(give("sam", "ben", time.Minute, hour), pass(time.Minute)), nil},
		{"not any more", then(give("sam", "ben", 0, time.Minute), pass(time.Minute)), ErrNotApprover},
		{"to the last moment", then(give("sam", "ben", 0, time.Minute), pass(time.Minute-1)), nil},
		{"taken back", then(give("sam", "ben", 0, hour), give("sam", "", 0, 0)), ErrNotApprover},
		{"given to another since", then(give("sam", "ben", 0, hour), give("sam", "ada", 0, hour)), ErrNotApprover},
		{"by who has no right", give("ada", "ben", 0, hour), ErrNotApprover},
		{"passed on", then(give("sam", "ada", 0, hour), give("ada", "ben", 0, hour)), ErrNotApprover},
		{"by the requester", give("ann", "ben", 0, hour), ErrNotApprover},
		{"by who has left since", then(give("sam", "ben", 0, hour), func(w *world) {
			w.desk.people["sam"] = Person{ID: id("sam"), Deactivated: true}
		}), ErrNotApprover},
		{"by who is gone altogether", then(give("sam", "ben", 0, hour), func(w *world) { delete(w.desk.people, "sam") }), ErrNotApprover},
		{"by who left the group since", then(give("sam", "ben", 0, hour), func(w *world) { w.desk.groups["S1"] = []string{"ann"} }), ErrNotApprover},
		{"by two, of whom one has a right", then(give("ada", "ben", 0, hour), give("sam", "ben", 0, hour)), nil},
		{"by the requester and by one who has a right", then(give("ann", "ben", 0, hour), give("sam", "ben", 0, hour)), nil},
		{"by one who has voted and by one who has not", then(give("olga", "ben", 0, hour), give("sam", "ben", 0, hour), func(w *world) {
			w.store.restate("INV-1", func(r *Request) { r.Access.Stages[0].Approvers, r.Access.Stages[0].Quorum = []string{"olga", "sam"}, 2 })
			w.press(w.get("INV-1"), "olga", Approve)
			w.pass(time.Second)
		}), nil},
		{"to who has left since", then(give("sam", "ben", 0, hour), func(w *world) {
			w.desk.people["ben"] = Person{ID: id("ben"), Deactivated: true}
		}), ErrDeactivated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				r := w.submit("falcon")
				tt.mess(w)
				w.press(r, "ben", Approve)
				w.pass(time.Second)
				got, told := w.get(r.ID), w.desk.toldTo("ben")
				if tt.want == nil {
					if n := len(got.Votes); got.Stage != 1 || n == 0 || got.Votes[n-1].For != id("sam") || got.Votes[n-1].By != id("ben") {
						t.Errorf("in stage %d with %+v, told %v", got.Stage, got.Votes, told)
					}
					if e := w.trail(r.ID); !slices.ContainsFunc(e, func(e Entry) bool { return e.Event == "voted" && e.Detail == "approve: for "+team+"/sam" }) {
						t.Errorf("the trail: %+v", e)
					}
					return
				}
				if got.Stage != 0 || len(got.Votes) > 0 || len(told) != 1 || told[0].Code != tt.want.Code {
					t.Errorf("in stage %d with %v, told %v", got.Stage, got.Votes, told)
				}
			})
		})
	}
}

// TestAPressCountsByTheRightOfItsMoment: though it is judged after the right has
// ended, or before one has begun.
func TestAPressCountsByTheRightOfItsMoment(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(strconv.FormatBool(late), func(t *testing.T) {
			story(t, func(w *world) {
				r := w.submit("falcon")
				start := map[bool]time.Duration{false: 0, true: time.Second}[late]
				if err := w.delegates("sam", "ben", start, time.Minute); err != nil {
					t.Fatal(err)
				}
				w.press(r, "ben", Approve)
				w.pass(map[bool]time.Duration{false: hour, true: 2 * time.Second}[late])
				w.start()
				w.pass(time.Second)
				if got := w.get(r.ID).Stage; got != map[bool]int{false: 1, true: 0}[late] {
					t.Errorf("in stage %d", got)
				}
			})
		})
	}
}

func TestWhoMayGiveWhatAway(t *testing.T) {
	tests := []struct {
		name       string
		from, to   string
		start, end time.Duration
		mess       func(*world)
		want       error
	}{
		{"for a week", "sam", "ben", 0, 7 * day, nil, nil},
		{"later", "sam", "ben", 30 * day, 37 * day, nil, nil},
		{"for as long as may be", "sam", "ben", 0, 90 * day, nil, nil},
		{"for longer", "sam", "ben", 0, 90*day + 1, nil, ErrDelegateDates},
		{"for no time", "sam", "ben", hour, hour, nil, ErrDelegateDates},
		{"backwards", "sam", "ben", 2 * hour, hour, nil, ErrDelegateDates},
		{"for what is over", "sam", "ben", -2 * hour, -hour, nil, ErrDelegateDates},
		{"since yesterday", "sam", "ben", -day, day, nil, nil},
		{"to oneself", "sam", "sam", 0, day, nil, ErrDelegateSelf},
		{"to nobody whom Slack knows", "sam", "eve", 0, day, nil, ErrDelegateUnfit},
		{"to a guest", "sam", "ben", 0, day, func(w *world) { w.desk.people["ben"] = Person{ID: id("ben"), Guest: true} }, ErrDelegateUnfit},
		{"to a bot", "sam", "ben", 0, day, func(w *world) { w.desk.people["ben"] = Person{ID: id("ben"), Bot: true} }, ErrDelegateUnfit},
		{"by a guest", "sam", "ben", 0, day, func(w *world) { w.desk.people["sam"] = Person{ID: id("sam"), Guest: true} }, ErrSlackGuest},
		{"taken back by a guest", "sam", "", 0, 0, func(w *world) { w.desk.people["sam"] = Person{ID: id("sam"), Guest: true} }, ErrSlackGuest},
		{"while Slack says nothing", "sam", "ben", 0, day, func(w *world) { w.desk.fails("person", fault{err: errLost}) }, errLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				if tt.mess != nil {
					tt.mess(w)
				}
				if err := w.delegates(tt.from, tt.to, tt.start, tt.end); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if kept := len(w.store.given); (kept == 1) != (tt.want == nil) {
					t.Errorf("%d are kept", kept)
				}
			})
		})
	}
}

func TestWhatSomebodyMadeOfTheirRight(t *testing.T) {
	story(t, func(w *world) {
		has := func(want bool) {
			t.Helper()
			if d, ok, err := w.service.Delegation(w.Context(), id("sam")); ok != want || err != nil {
				t.Errorf("got %+v, %v, %v", d, ok, err)
			}
		}
		has(false)
		if err := errors.Join(w.delegates("sam", "ben", 0, hour), w.delegates("olga", "ben", 0, hour)); err != nil {
			t.Fatal(err)
		}
		has(true)
		w.pass(hour)
		has(false)
	})
}

// TestADelegateMayDecide: the form opens for them, and what they see is the story.
func TestADelegateMayDecide(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		may := func() error {
			_, err := w.service.MayDecide(w.Context(), r.ID, Press{By: id("ben"), Verdict: Deny, Tag: r.Tag})
			return err
		}
		if err := may(); !errors.Is(err, ErrNotApprover) {
			t.Errorf("got %v", err)
		}
		if err := w.delegates("sam", "ben", 0, hour); err != nil {
			t.Fatal(err)
		}
		if err := may(); err != nil {
			t.Error(err)
		}
		if _, _, err := w.service.Story(w.Context(), r.ID, id("ben")); err != nil {
			t.Error(err)
		}
	})
}

// TestTheRightOfWhoChoseIsSpent: their delegate decides by it no more than they do,
// and by another's all the same.
func TestTheRightOfWhoChoseIsSpent(t *testing.T) {
	for _, other := range []bool{false, true} {
		t.Run(strconv.FormatBool(other), func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				r := w.submit("falcon")
				w.store.restate(r.ID, func(r *Request) {
					r.Access.Stages[0].Approvers = []string{"olga"}
					r.Access.Stages[1].Approvers, r.Access.Stages[1].Quorum = []string{RoleChosen, "sam", "olga"}, 1
				})
				w.chooses(r, "olga", "ada")
				err := w.delegates("olga", "ben", 0, hour)
				if other {
					err = errors.Join(err, w.delegates("sam", "ben", 0, hour))
				}
				if err != nil {
					t.Fatal(err)
				}
				w.press(w.get(r.ID), "ben", Approve)
				w.pass(time.Second)
				if got := w.get(r.ID); (got.State == Pending) == other || other && got.Votes[1].For != id("sam") {
					t.Errorf("%s with %+v, told %v", got.State, got.Votes, w.desk.toldTo("ben"))
				}
			})
		})
	}
}

// TestADelegationThatCannotBeReadDecidesNothing.
func TestADelegationThatCannotBeReadDecidesNothing(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		if err := w.delegates("sam", "ben", 0, hour); err != nil {
			t.Fatal(err)
		}
		w.desk.fails("person sam", fault{err: &Trouble{Kind: Later}, during: func(context.Context) {}})
		w.press(r, "ben", Approve)
		w.start()
		w.pass(time.Minute)
		if got := w.get(r.ID); got.Stage != 1 || len(w.desk.toldTo("ben")) > 0 {
			t.Errorf("in stage %d, told %v", got.Stage, w.desk.toldTo("ben"))
		}
	})
}

package approvals

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPromise2OneOutcome: 64 people press at once. One decides; each other one
// is told once, either at the press or in private, who was first.
func TestPromise2OneOutcome(t *testing.T) {
	for name, mess := range map[string]func(w *world){
		"while the worker works":   func(w *world) { w.start() },
		"while the worker is down": func(*world) {},
		"while Slack cannot say who is who": func(w *world) {
			w.desk.fails("person", slices.Repeat([]fault{{err: &Trouble{Kind: Later}}}, 3)...)
			w.start()
		},
		"while every answer is slow": func(w *world) {
			slow := fault{always: true, during: func(context.Context) { <-time.After(time.Second) }}
			w.desk.fails("person", slow)
			w.desk.fails("answer", slow)
			w.start()
		},
	} {
		for round := range 2 {
			t.Run(fmt.Sprint(name, round), func(t *testing.T) {
				story(t, func(w *world) { oneOutcome(w, round, mess) })
			})
		}
	}
}

func oneOutcome(w *world, round int, mess func(*world)) {
	const many = 64
	w.desk.groups["S1"] = nil
	for i := range many {
		user := fmt.Sprintf("p%02d", i)
		w.desk.people[user] = colleague(user)
		w.desk.groups["S1"] = append(w.desk.groups["S1"], user)
	}
	r := w.submit("harbor")
	mess(w)
	var mu sync.Mutex
	told := map[string][]Refusal{}
	var wg sync.WaitGroup
	for i, user := range w.desk.groups["S1"] {
		wg.Go(func() {
			verdict := []Verdict{Approve, Deny}[(i+round)%2]
			_, err := w.service.Press(w.Context(), r.ID, Press{By: id(user), Verdict: verdict, Reason: "because", Tag: r.Tag})
			if refusal, ok := errors.AsType[*Refusal](err); ok {
				mu.Lock()
				defer mu.Unlock()
				told[user] = append(told[user], *refusal)
			} else if err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	if round%2 == 1 { // everybody pressed before anybody was judged, or not
		w.stop()
	}
	w.stop()
	w.start()
	w.pass(3 * time.Minute)

	r = w.get(r.ID)
	if len(r.Votes) != 1 || len(r.Presses) > 0 || len(r.Answers) > 0 {
		w.Fatalf("%s with %d votes, %d presses and %d answers left", r.State, len(r.Votes), len(r.Presses), len(r.Answers))
	}
	first := r.Votes[0]
	if invited := len(w.tenant.calls("invite")); (first.Verdict == Deny) != (r.State == Denied) || (first.Verdict == Approve) != (invited == 1) {
		w.Errorf("%s said %s first, the request is %s and %d were invited", first.By, first.Verdict, r.State, invited)
	}
	for _, user := range w.desk.groups["S1"] {
		news := append(told[user], w.desk.toldTo(user)...)
		if user == first.By.User {
			if len(news) > 0 {
				w.Errorf("%s was first and is told %v", user, news)
			}
			continue
		}
		if len(news) != 1 || news[0].Code != ErrDecided.Code || news[0].Args["by"] != first.By.User {
			w.Errorf("%s was first, %s is told %v", first.By, user, news)
		}
	}
}

// becomes changes what Slack says of sam.
func becomes(change func(*Person)) func(*desk) {
	return func(d *desk) {
		who := d.people["sam"]
		change(&who)
		d.people["sam"] = who
	}
}

// TestPromise3NobodyComesInWithoutApproval: what Slack says between a press and
// its judgement counts, and what it does not say is a no.
func TestPromise3NobodyComesInWithoutApproval(t *testing.T) {
	later, refused := fault{err: &Trouble{Kind: Later}, always: true}, fault{err: &Trouble{Kind: Refused, Code: "missing_scope"}, always: true}
	tests := []struct {
		name string
		mess func(d *desk)
		told *Refusal // nil: the press waits
	}{
		{"they left the group", func(d *desk) { d.groups["S1"] = []string{"ann"} }, ErrNotApprover},
		{"the group is gone", func(d *desk) { delete(d.groups, "S1") }, ErrNotApprover},
		{"Slack knows nobody by that ID", func(d *desk) { delete(d.people, "sam") }, ErrUnknownPerson},
		{"Slack describes nobody", func(d *desk) { d.people["sam"] = Person{} }, ErrUnknownPerson},
		{"Slack describes somebody else", becomes(func(p *Person) { p.ID = id("olga") }), ErrUnknownPerson},
		{"they were deactivated", becomes(func(p *Person) { p.Deactivated = true }), ErrDeactivated},
		{"they became a guest", becomes(func(p *Person) { p.Guest = true }), ErrSlackGuest},
		{"they are a bot", becomes(func(p *Person) { p.Bot = true }), ErrBot},
		{"they are of another workspace", becomes(func(p *Person) { p.Foreign = true }), ErrForeign},
		{"people cannot be read now", func(d *desk) { d.fails("person", later) }, nil},
		{"people cannot be read, without a kind", func(d *desk) { d.fails("person", fault{err: errors.New("eof"), always: true}) }, nil},
		{"groups cannot be read now", func(d *desk) { d.fails("members", later) }, nil},
		{"half an answer", func(d *desk) { d.fails("members", fault{err: later.err, always: true, done: true}) }, nil},
		{"people may never be read", func(d *desk) { d.fails("person", refused) }, ErrUnreadable},
		{"groups may never be read", func(d *desk) { d.fails("members", refused) }, ErrUnreadable},
	}
	for _, tt := range tests {
		for _, verdict := range []Verdict{Approve, Deny} {
			t.Run(tt.name+" "+string(verdict), func(t *testing.T) {
				story(t, func(w *world) {
					r := w.submit("harbor")
					w.press(r, "sam", verdict)
					tt.mess(w.desk)
					w.start()
					w.pass(10 * time.Minute)
					r = w.get(r.ID)
					if r.State != Pending || len(r.Votes) > 0 || len(w.tenant.calls("")) > 0 {
						t.Fatalf("%s with votes %v, and Entra heard %v", r.State, r.Votes, what(w.tenant.calls("")))
					}
					told := w.desk.toldTo("sam")
					if tt.told == nil && (len(told) > 0 || len(r.Presses) != 1) {
						t.Errorf("told %v, presses %v", told, r.Presses)
					}
					if tt.told != nil && (len(told) != 1 || told[0].Code != tt.told.Code || len(r.Presses) > 0) {
						t.Errorf("told %v, presses %v", told, r.Presses)
					}
				})
			})
		}
	}
}

func TestAPressWaitsUntilSlackCanBeRead(t *testing.T) {
	for _, call := range []string{"person", "members"} {
		t.Run(call, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				r := w.submit("harbor")
				w.desk.fails(call, fault{err: &Trouble{Kind: Later}, always: true})
				w.press(r, "sam", Approve)
				w.pass(time.Hour)
				w.desk.fails(call)
				w.until(r.ID, Invited)
			})
		})
	}
}

// TestWhoPressedFirstIsJudgedFirst: also when the second could be judged sooner,
// and a press that is judged is kept though the next one cannot be.
func TestWhoPressedFirstIsJudgedFirst(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		for _, user := range []string{"ben", "sam", "olga"} {
			w.press(r, user, Deny)
			w.pass(time.Second)
		}
		w.desk.change(func(d *desk) { d.groups["S1"] = []string{"sam", "olga"} })
		w.desk.fails("person sam", fault{err: &Trouble{Kind: Later, After: time.Minute}})
		w.start()
		w.pass(time.Second)
		if told := w.desk.toldTo("ben"); len(told) != 1 {
			t.Errorf("ben is told %v", told)
		}
		if got := w.get(r.ID); len(got.Presses) != 2 || got.State != Pending {
			t.Errorf("%s with presses %v", got.State, got.Presses)
		}
		w.pass(2 * time.Minute)
		if got := w.get(r.ID); got.State != Denied || got.Closed.By.User != "sam" {
			t.Errorf("%s by %+v", got.State, got.Closed)
		}
		if asked := w.desk.calls("person olga"); len(asked) > 0 {
			t.Errorf("olga was looked up after the decision: %v", asked)
		}
	})
}

func TestAPressThatIsChangedWhileItIsJudgedIsJudgedAnew(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		w.press(r, "sam", Approve)
		w.desk.fails("person sam", fault{during: func(context.Context) {
			<-time.After(time.Second)
			w.press(r, "sam", Deny)
			w.desk.change(becomes(func(p *Person) { p.Deactivated = true }))
		}})
		w.start()
		w.pass(time.Minute)
		if r = w.get(r.ID); r.State != Pending || len(r.Votes) > 0 {
			t.Errorf("%s with votes %v", r.State, r.Votes)
		}
		if told := w.desk.toldTo("sam"); len(told) != 1 || told[0].Code != ErrDeactivated.Code {
			t.Errorf("sam is told %v", told)
		}
	})
}

func TestARequestWithdrawnWhileAPressIsJudgedStaysWithdrawn(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		w.press(r, "sam", Approve)
		w.desk.fails("person sam", fault{during: func(ctx context.Context) {
			if _, err := w.service.Withdraw(ctx, r.ID, Withdrawn{id("ann"), r.Tag}); err != nil {
				t.Error(err)
			}
		}})
		w.start()
		w.pass(time.Minute)
		if r = w.get(r.ID); r.State != Cancelled || len(r.Votes) > 0 {
			t.Errorf("%s with votes %v", r.State, r.Votes)
		}
		if told := w.desk.toldTo("sam"); len(told) != 1 || told[0].Args["how"] != "cancelled" {
			t.Errorf("sam is told %v", told)
		}
	})
}

func TestOnlyAnAdminTriesAgain(t *testing.T) {
	tests := []struct {
		name string
		user string
		mess func(w *world)
		want State
		told *Refusal
	}{
		{"an admin of the group", "ada", nil, Invited, nil},
		{"an admin by name", "U0ROOT", nil, Invited, nil},
		{"an approver is no admin", "sam", nil, Failed, ErrOnlyAdmins},
		{"the requester is no admin", "ann", nil, Failed, ErrOnlyAdmins},
		{"no admin any more", "ada", func(w *world) { w.desk.groups["S0ADMINS"] = nil }, Failed, ErrOnlyAdmins},
		{"an admin who was deactivated", "ada", func(w *world) { w.desk.people["ada"] = Person{ID: id("ada"), Deactivated: true} }, Failed, ErrDeactivated},
		{"admins cannot be read", "ada", func(w *world) { w.desk.fails("members", fault{err: errors.New("eof"), always: true}) }, Failed, nil},
		{"the wish was made anew meanwhile", "ada", func(w *world) { w.submit("harbor") }, Failed, ErrAlreadyPending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				w.desk.people["U0ROOT"] = colleague("U0ROOT")
				w.tenant.fails("grant", fault{err: &Trouble{Kind: Refused, Text: "no such group"}})
				r := w.submit("harbor")
				w.approve(r)
				w.until(r.ID, Failed)
				w.stop()
				w.press(r, tt.user, Retry)
				if tt.mess != nil {
					tt.mess(w)
				}
				w.start()
				w.pass(time.Minute)
				if got := w.get(r.ID); got.State != tt.want || len(got.Votes) != 1 {
					t.Errorf("%s with votes %v, want %s", got.State, got.Votes, tt.want)
				}
				told := w.desk.toldTo(tt.user)
				if (tt.told == nil) != (len(told) == 0) || tt.told != nil && told[0].Code != tt.told.Code {
					t.Errorf("told %v, want %v", told, tt.told)
				}
				if n := len(w.tenant.calls("invite")); n != 1 {
					t.Errorf("invited %d times", n)
				}
			})
		})
	}
}

// TestOneWhoCannotBeToldKeepsNobodyWaiting: and is told once, when it is possible.
func TestOneWhoCannotBeToldKeepsNobodyWaiting(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		for _, user := range []string{"ben", "olga", "omar"} {
			w.press(r, user, Approve)
		}
		w.desk.fails("answer ben", slices.Repeat([]fault{{err: &Trouble{Kind: Later}}}, 3)...)
		w.desk.fails("answer olga", fault{err: &Trouble{Kind: Refused, Code: "channel_not_found"}, always: true})
		w.start()
		w.pass(0)
		if told := w.desk.toldTo("omar"); len(told) != 1 {
			t.Errorf("omar is told %v", told)
		}
		w.pass(time.Hour)
		for user, calls := range map[string]int{"ben": 4, "olga": 1, "omar": 1} {
			if n := len(w.desk.calls("answer " + user)); n != calls {
				t.Errorf("%s was spoken to %d times", user, n)
			}
		}
		if told := w.desk.toldTo("ben"); len(told) != 1 || len(w.get(r.ID).Answers) > 0 {
			t.Errorf("ben is told %v, owed %v", told, w.get(r.ID).Answers)
		}
	})
}

// TestTheLongestWaitThatWasAskedForCounts: of several answers that failed.
func TestTheLongestWaitThatWasAskedForCounts(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		w.press(r, "ben", Approve)
		w.press(r, "olga", Approve)
		w.desk.fails("answer ben", fault{err: &Trouble{Kind: Later, After: time.Minute}})
		w.desk.fails("answer olga", fault{err: &Trouble{Kind: Later, After: time.Second}})
		w.start()
		w.pass(time.Hour)
		calls := w.desk.calls("answer")
		if len(calls) != 4 || calls[2].At.Sub(calls[1].At) < time.Minute {
			t.Errorf("spoken to at %v", calls)
		}
	})
}

func TestAnAnswerThatIsOwedWhileOthersAreToldIsNotForgotten(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		w.press(r, "ben", Approve)
		w.desk.fails("answer ben", fault{during: func(context.Context) {
			<-time.After(time.Second)
			w.press(r, "ben", Deny)
			w.press(r, "olga", Deny)
			<-time.After(time.Second)
		}})
		w.start()
		w.pass(time.Minute)
		synctest.Wait()
		for user, want := range map[string]int{"ben": 2, "olga": 1} {
			if told := w.desk.toldTo(user); len(told) != want {
				t.Errorf("%s is told %v", user, told)
			}
		}
	})
}

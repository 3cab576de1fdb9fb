package approvals

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wished are requests of so many guests that all who decide said yes to.
func (w *world) wished(n int, access string) []Request {
	w.Helper()
	var list []Request
	for i := range n {
		a, _ := w.policy.Access(access)
		r, err := w.service.Submit(w.Context(), draft(func(d *Draft) {
			d.Access, d.For, d.Email = access, a.Durations[0], fmt.Sprintf("guest%d@acme.example", i)
		}))
		if err != nil {
			w.Fatal(err)
		}
		w.press(r, "sam", Approve)
		list = append(list, r)
	}
	return list
}

// times are the distinct moments of calls.
func times(calls []heard) []time.Time {
	var at []time.Time
	for _, h := range calls {
		at = append(at, h.At)
	}
	slices.SortFunc(at, time.Time.Compare)
	return slices.CompactFunc(at, time.Time.Equal)
}

// TestWhatIsRefusedToEverybodyPausesThatKindOfCall: for all guests at once, with
// one that looks again now and then, in as many words on every request, told to
// the admins once, and over by itself.
func TestWhatIsRefusedToEverybodyPausesThatKindOfCall(t *testing.T) {
	const guests = 10
	for wide, methods := range map[string][]string{
		WideInvitations: {"invite"}, WideDirectory: {"find", "look"}, WideToken: {"find", "invite", "look", "grant", "takeback"},
	} {
		method := methods[0]
		t.Run(wide, func(t *testing.T) {
			story(t, func(w *world) {
				w.policy.Accesses = append(w.policy.Accesses, pier("year", 365*24*time.Hour, "g1"))
				w.start()
				off := &Trouble{Kind: Later, Code: "off", Text: "not for you", Wide: wide, Status: 403}
				for _, m := range methods {
					w.tenant.fails(m, fault{err: off, always: true})
				}
				all := w.wished(guests, "year")
				w.pass(time.Hour)
				met := w.tenant.calls(method)
				if at := times(met); len(at) < 10 || len(at) > 20 || len(met) > len(at)+16 {
					t.Errorf("asked %d times, at %d moments", len(met), len(at))
				} else if first, last := at[1].Sub(at[0]), at[len(at)-1].Sub(at[len(at)-2]); first < firstPause || last < lastPause || last > lastPause+10*time.Second {
					t.Errorf("looked again after %s first and %s in the end", first, last)
				}
				for _, r := range all {
					if r = w.get(r.ID); r.State != Inviting || r.Trouble == nil || r.Trouble.Text != off.Text {
						t.Fatalf("%s is %s because of %v", r.ID, r.State, r.Trouble)
					}
					if n := len(slices.DeleteFunc(w.events(r.ID), func(e string) bool { return e != "delayed" })); n != 1 {
						t.Errorf("%s said %d times why it waits", r.ID, n)
					}
				}
				if told := what(w.desk.calls("incident")); !slices.Equal(told, []string{"incident " + wide}) {
					t.Errorf("the admins were told %v", told)
				}
				for _, m := range methods {
					w.tenant.fails(m)
				}
				w.pass(lastPause + 10*time.Second)
				for _, r := range all {
					if r = w.get(r.ID); r.State != Invited || r.Trouble != nil {
						t.Fatalf("%s is %s because of %v", r.ID, r.State, r.Trouble)
					}
				}
				w.pass(time.Minute)
				if told := w.desk.calls("incident"); len(told) != 2 {
					t.Errorf("the admins were told %d times", len(told))
				}
				left := 0
				for _, r := range all {
					left += len(slices.DeleteFunc(w.events(r.ID), func(e string) bool { return e != "invitation leaves" }))
				}
				if calls := len(w.tenant.calls("invite")); left != calls {
					t.Errorf("%d invitations are in the trail, %d left", left, calls)
				}
			})
		})
	}
}

// TestAPauseStopsNothingElse: while nobody can be invited, who is there is let
// in, who has to go is taken out, and who was invited is watched.
func TestAPauseStopsNothingElse(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		harbor := w.submit("harbor")
		w.approve(harbor)
		w.until(harbor.ID, Invited)
		w.tenant.fails("invite", fault{err: &Trouble{Kind: Later, Code: "off", Wide: WideInvitations}, always: true})
		w.wished(3, "pier")
		w.pass(time.Minute)
		w.tenant.redeem()
		w.until(harbor.ID, Active)
		w.tenant.mu.Lock()
		w.tenant.accounts["guest0@acme.example"] = Found{ID: "u9", Guest: true, Pending: true} // by somebody else's hand
		w.tenant.mu.Unlock()
		w.until("INV-2", Invited)
		w.until(harbor.ID, Ended)
		if got := w.tenant.rights(); !slices.Equal(got, []string{"u9 group:g1"}) {
			t.Errorf("rights: %v", got)
		}
	})
}

// TestOneAnswerThatAsksToWaitHoldsAll: nobody else asks the same before that
// time is over, and everybody does right after it.
func TestOneAnswerThatAsksToWaitHoldsAll(t *testing.T) {
	const asked = 37 * time.Second
	for _, method := range []string{"find", "invite", "grant"} {
		t.Run(method, func(t *testing.T) {
			story(t, func(w *world) {
				w.hands = 1
				w.start()
				w.tenant.fails(method, fault{err: &Trouble{Kind: Later, Status: 429, After: asked}})
				all := w.wished(30, "pier")
				w.pass(asked - time.Second)
				if n := len(w.tenant.calls(method)); n != 1 {
					t.Errorf("asked %d times while waiting", n)
				}
				w.pass(3 * time.Second)
				for _, r := range all {
					if r = w.get(r.ID); r.State != Invited || r.Trouble != nil {
						t.Errorf("%s is %s, %v", r.ID, r.State, r.Trouble)
					}
				}
				if gap := w.tenant.calls(method)[1].At.Sub(w.tenant.calls(method)[0].At); gap < asked || gap > asked+time.Second {
					t.Errorf("asked again after %s", gap)
				}
				if n := len(w.desk.calls("incident")); n != 0 {
					t.Errorf("the admins were told %d times", n)
				}
			})
		})
	}
}

func TestPauses(t *testing.T) {
	off := &Trouble{Kind: Later, Text: "off", Wide: WideInvitations}
	at := func(d time.Duration) time.Time { return nine.Add(d) }
	shut := func() *pauses {
		p := &pauses{}
		first, _ := p.turn(callInvite, nine)
		p.done(first, off, nine)
		return p
	}
	wait := func(t *testing.T, p *pauses, c call, now time.Time) time.Duration {
		t.Helper()
		turn, err := p.turn(c, now)
		if err == nil {
			p.back(turn)
			return 0
		}
		if !errors.Is(err, errPaused) || troubleOf(err).Text != "off" {
			t.Fatalf("got %v", err)
		}
		return troubleOf(err).After
	}
	t.Run("all of one kind wait for as long as is left", func(t *testing.T) {
		p := shut()
		if got := wait(t, p, callInvite, at(10*time.Second)); got != 20*time.Second {
			t.Errorf("told to wait %s", got)
		}
		if got := wait(t, p, callTakeBack, nine) + wait(t, p, callFind, nine); got != 0 {
			t.Errorf("other calls wait %s", got)
		}
	})
	t.Run("only one looks again", func(t *testing.T) {
		p := shut()
		one, err := p.turn(callInvite, at(firstPause))
		if got := wait(t, p, callInvite, at(firstPause)); err != nil || got != probeTakes {
			t.Errorf("%v, and the next waits %s", err, got)
		}
		p.back(one) // it did not ask after all
		if got := wait(t, p, callInvite, at(firstPause)); got != 0 {
			t.Errorf("after that the next waits %s", got)
		}
	})
	t.Run("what a look does not settle is looked at again as late", func(t *testing.T) {
		p := shut()
		one, _ := p.turn(callInvite, at(firstPause))
		if over, err := p.done(one, &Trouble{Kind: Refused, Text: "this one"}, at(firstPause)); len(over) != 1 || over[0] != WideToken || troubleOf(err).Text != "this one" {
			t.Errorf("%v, over: %v", err, over)
		}
		if got := wait(t, p, callInvite, at(firstPause)); got != firstPause {
			t.Errorf("told to wait %s", got)
		}
	})
	t.Run("a success that is older than the refusal says nothing", func(t *testing.T) {
		p := &pauses{}
		old, _ := p.turn(callInvite, nine)
		young, _ := p.turn(callInvite, at(time.Second))
		p.done(young, off, at(2*time.Second))
		if over, _ := p.done(old, nil, at(3*time.Second)); slices.Contains(over, WideInvitations) || wait(t, p, callInvite, at(3*time.Second)) == 0 {
			t.Errorf("over: %v", over)
		}
	})
	t.Run("those that were under way do not make it longer", func(t *testing.T) {
		p := &pauses{}
		one, _ := p.turn(callInvite, nine)
		two, _ := p.turn(callInvite, nine)
		p.done(one, off, nine)
		p.done(two, off, at(time.Second))
		if got := wait(t, p, callInvite, at(time.Second)); got != firstPause-time.Second {
			t.Errorf("told to wait %s", got)
		}
	})
	t.Run("a clock that was set back prolongs nothing", func(t *testing.T) {
		if got := wait(t, shut(), callInvite, at(-time.Hour)); got != 0 {
			t.Errorf("told to wait %s", got)
		}
	})
	t.Run("our own queue is no reason to hold others", func(t *testing.T) {
		p := &pauses{}
		one, _ := p.turn(callInvite, nine)
		p.done(one, &Trouble{Kind: Later, Code: CodePace, After: time.Hour}, nine)
		if got := wait(t, p, callInvite, nine); got != 0 {
			t.Errorf("told to wait %s", got)
		}
	})
}

// TestAPanicWhileLookingAgainLeavesThePauseToOthers: the next one looks.
func TestAPanicWhileLookingAgainLeavesThePauseToOthers(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		off := fault{err: &Trouble{Kind: Later, Code: "off", Wide: WideInvitations}}
		w.tenant.fails("invite", off, fault{during: func(context.Context) { panic("a bug") }})
		all := w.wished(1, "pier")
		w.until(all[0].ID, Invited)
		if n := len(slices.DeleteFunc(what(w.tenant.calls("invite")), func(s string) bool { return !strings.HasPrefix(s, "invite") })); n != 3 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestAPanicBeforeTheCallLeavesThePauseToOthers: the leave to look is given back.
func TestAPanicBeforeTheCallLeavesThePauseToOthers(t *testing.T) {
	story(t, func(w *world) {
		r := w.approved("pier")
		worker := &Worker{Store: w.store, Tenant: w.tenant, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		worker.pauses.wide = map[string]*pause{WideInvitations: {from: time.Now().Add(-time.Hour)}}
		worker.Store = panicking{w.store}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the test needs a panic")
				}
			}()
			_, _ = worker.bringIn(w.Context(), r)
		}()
		if worker.pauses.wide[WideInvitations].probing {
			t.Error("nobody looks again any more")
		}
	})
}

// approved is ann's request for jane, which is approved, and no worker runs any more.
func (w *world) approved(access string) Request {
	w.Helper()
	w.tenant.fails("find", fault{err: &Trouble{Kind: Later, After: time.Hour}})
	w.start()
	r := w.submit(access)
	w.approve(r)
	w.stop()
	return w.get(r.ID)
}

// panicking is a store that cannot tell what else there was of a guest.
type panicking struct{ *memory }

func (panicking) History(context.Context, string) ([]Request, error) { panic("a bug") }

// TestWaitingForOnesTurnIsNoAttempt: the first real trouble after it is tried again
// at once, and is no news.
func TestWaitingForOnesTurnIsNoAttempt(t *testing.T) {
	waits := map[string]*Trouble{
		"for Slack":   {Kind: Later, Code: CodePace, After: 61 * time.Second},
		"for a clock": {Kind: Later, Code: CodeClock, After: 61 * time.Second},
		"for others":  {Kind: Later, Err: errPaused, After: 61 * time.Second},
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				faults := slices.Repeat([]fault{{err: wait}}, 10)
				w.noFacts()
				w.desk.fails("direct", append(faults, fault{err: &Trouble{Kind: Later, Status: 500}})...)
				log := &logged{}
				w.log = log
				w.start()
				w.submit("falcon")
				w.pass(time.Hour)
				at := times(w.desk.calls("direct"))
				if len(at) < 12 || at[11].Sub(at[10]) != time.Second {
					t.Fatalf("tried at %v", at)
				}
				if n := log.count("owed work must be tried again"); n != 1 {
					t.Errorf("it was logged %d times; want the trouble only", n)
				}
			})
		})
	}
}

// logged counts the lines of a log.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logged) WithGroup(string) slog.Handler            { return l }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Message)
	return nil
}

func (l *logged) count(message string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if line == message {
			n++
		}
	}
	return n
}

// TestWhatFailedTogetherDoesNotComeAgainTogether: waits are longer by chance, and
// never shorter than what was asked for.
func TestWhatFailedTogetherDoesNotComeAgainTogether(t *testing.T) {
	for attempts, seconds := range []int{1, 2, 4, 8, 15, 30, 60, 120, 240, 300, 300} {
		least := time.Duration(seconds) * time.Second
		if few, many := backoff(attempts, 0, 0), backoff(attempts, 0, 0.999); few != least || many <= least || many >= least*3/2 {
			t.Errorf("after %d runs: from %s to %s, want from %s", attempts, few, many, least)
		}
	}
	if few, many := backoff(7, time.Minute, 0), backoff(7, time.Minute, 0.999); few != time.Minute || many <= few || many > few+time.Second {
		t.Errorf("a minute was asked for: from %s to %s", few, many)
	}
	story(t, func(w *world) {
		w.chance = 0.5
		w.start()
		w.tenant.fails("find", fault{err: &Trouble{Kind: Later}}, fault{err: &Trouble{Kind: Later}})
		w.wished(1, "pier")
		w.pass(time.Minute)
		if at := times(w.tenant.calls("find")); len(at) != 3 || at[2].Sub(at[1]) != 2500*time.Millisecond {
			t.Errorf("asked at %v", at)
		}
	})
}

// noFacts keeps Entra from saying what it knows of guests: no news of it comes
// between what a test looks at.
func (w *world) noFacts() {
	w.tenant.learned.fails("facts", fault{err: &Trouble{Kind: Later, Code: CodePace, After: 24 * time.Hour}, always: true})
}

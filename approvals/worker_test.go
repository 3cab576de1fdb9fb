package approvals

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the domain with fakes around it, in a bubble of its own time.
type world struct {
	*testing.T
	store   *memory
	desk    *desk
	tenant  *tenant
	policy  *Policy
	service *Service
	nap     time.Duration
	hands   int
	chance  float64                     // what the worker draws
	trusts  func(context.Context) error // whether its clock is right
	ahead   atomic.Int64                // how far the worker's clock is ahead
	log     slog.Handler                // nil: the test's output
	stop    func()                      // the worker, which may be started again
}

// story plays in a bubble. At its end the worker is stopped, and nothing may
// have reached Entra for a guest whom nobody let in.
func story(t *testing.T, tell func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, store: newMemory(), policy: policy(), stop: func() {}}
		w.policy.Accesses = append(w.policy.Accesses, pier("harbor", 10*time.Minute, "g1", "g3"), pier("pier", 20*time.Minute, "g1"))
		w.desk = &desk{people: map[string]Person{}, groups: maps.Clone(members)}
		for _, user := range []string{"ann", "sam", "olga", "omar", "ben", "ada"} {
			w.desk.people[user] = colleague(user)
		}
		w.desk.groups["S0ADMINS"] = []string{"ada"}
		w.tenant = &tenant{world: w, accounts: map[string]Found{}, members: map[string]bool{}}
		w.service = &Service{Store: w.store, People: memo{w.desk}, Policy: w.policy.Always, Now: time.Now}
		defer func() { w.stop() }()
		tell(w)
	})
}

func (w *world) start() { w.runs(w.worker()) }

func (w *world) worker() *Worker {
	log := w.log
	if log == nil {
		log = slog.NewTextHandler(w.Output(), nil)
	}
	return &Worker{
		Store: w.store, Desk: w.desk, Glance: memo{w.desk}, Tenant: w.tenant, Policy: w.policy.Always,
		Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) },
		Log: slog.New(log), Nap: w.nap, Hands: w.hands,
		Rand: func() float64 { return w.chance }, ClockTrusted: w.trusts,
	}
}

func (w *world) runs(worker *Worker) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("the worker ended with %v", err)
		}
		w.store.restart()
		w.stop = func() {}
	}
}

// pass lets the bubble's time go on, and then everything that it set off.
func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// until waits for a state, for up to a day of the bubble's time, the longer the
// less closely.
func (w *world) until(id RequestID, want State) Request {
	w.Helper()
	began := time.Now()
	for age := time.Duration(0); age < 24*time.Hour; age = time.Since(began) {
		synctest.Wait()
		if r := w.get(id); r.State == want {
			return r
		}
		w.pass(min(max(age/20, time.Second), time.Minute))
	}
	w.Fatalf("%s is still %s, not %s", id, w.get(id).State, want)
	return Request{}
}

func (w *world) get(id RequestID) Request {
	w.Helper()
	r, err := w.store.Get(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// submit is ann's request for jane.
func (w *world) submit(access string) Request {
	w.Helper()
	a, _ := w.policy.Access(access)
	r, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Access, d.For = access, a.Durations[0] }))
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) press(r Request, user string, v Verdict) {
	w.Helper()
	p := Press{By: id(user), Verdict: v, Reason: "because", Stage: w.get(r.ID).Stage, Tag: r.Tag, Reply: "https://hooks/" + user}
	if _, err := w.service.Press(w.Context(), r.ID, p); err != nil {
		w.Fatalf("%s pressing %s: %v", user, v, err)
	}
}

// approve presses all that it takes, letting each press be judged.
func (w *world) approve(r Request) {
	w.Helper()
	for _, user := range map[string][]string{"falcon": {"sam", "olga", "omar"}}[r.Access.ID] {
		w.press(r, user, Approve)
		w.pass(0)
	}
	if r.Access.ID != "falcon" {
		w.press(r, "sam", Approve)
		w.pass(0)
	}
}

func (w *world) trail(id RequestID) []Entry {
	w.Helper()
	trail, err := w.store.Trail(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return trail
}

func (w *world) events(id RequestID) []string {
	var list []string
	for _, e := range w.trail(id) {
		list = append(list, e.Event)
	}
	return list
}

func TestAGuestComesInAndGoesAgain(t *testing.T) {
	story(t, func(w *world) {
		w.nap = time.Minute
		w.start()
		r := w.submit("falcon")
		w.pass(time.Hour)
		for _, user := range []string{"sam", "olga", "omar"} {
			before := len(w.desk.calls(""))
			w.press(r, user, Approve)
			w.pass(time.Hour)
			if read := what(w.desk.calls("")[before:]); !slices.Contains(read, "person "+user) || !slices.ContainsFunc(read, func(s string) bool { return strings.HasPrefix(s, "members S") }) {
				t.Errorf("after the press of %s only this was read: %v", user, read)
			}
		}
		r = w.until(r.ID, Invited)
		w.pass(time.Hour)
		w.tenant.redeem()
		r = w.until(r.ID, Active)
		w.pass(time.Until(r.Until) - time.Second)
		if r = w.get(r.ID); r.State != Active {
			t.Errorf("a second before its end the access is %s", r.State)
		}
		r = w.until(r.ID, Ended)
		w.pass(0)
		if late := r.Closed.At.Sub(r.Until); late < 0 || late > 2*w.nap {
			t.Errorf("ended %v after its time", late)
		}

		calls := slices.DeleteFunc(what(w.tenant.calls("")), func(s string) bool { return strings.HasPrefix(s, "look") })
		want := []string{"find jane@acme.example", "invite jane@acme.example", "grant u1 group:g1", "grant u1 group:g2", "takeback u1 group:g1", "takeback u1 group:g2"}
		if diff := cmp.Diff(want, calls); diff != "" {
			t.Errorf("Entra heard:\n%s", diff)
		}
		if looks := len(w.tenant.calls("look")); looks == 0 || looks > 40 {
			t.Errorf("looked %d times in an hour whether the guest had joined", looks)
		}
		told := []string{
			"opened", "pressed", "voted", "pressed", "voted", "pressed", "voted", "invitation leaves", "guest invited",
			"granted", "granted", "joined", "time over", "taken back", "taken back",
		}
		if diff := cmp.Diff(told, slices.DeleteFunc(w.events(r.ID), func(e string) bool { return e == "facts found" })); diff != "" {
			t.Errorf("the trail:\n%s", diff)
		}
		if r = w.get(r.ID); shows(r) != r.Version || r.Shown.Direct.Version != r.Version {
			t.Errorf("version %d is shown as %+v", r.Version, r.Shown)
		}
		for _, s := range []State{Pending, Invited, Active, Ended} {
			if n := len(slices.DeleteFunc(slices.Clone(r.Shown.Said), func(x Said) bool { return x.What != string(s) })); n != 1 {
				t.Errorf("%s was said %d times", s, n)
			}
		}
		if rows := w.store.owed(); len(rows) > 0 {
			t.Errorf("still owed: %v", rows)
		}
	})
}

// TestPromise5TheCardTellsTheTruth: what is shown follows, whatever went wrong.
func TestPromise5TheCardTellsTheTruth(t *testing.T) {
	down := &Trouble{Kind: Later, Text: "internal_error"}
	tests := []struct {
		name string
		mess func(w *world, r RequestID)
	}{
		{"Slack fails the first three times", func(w *world, _ RequestID) {
			w.desk.fails("cards", fault{err: down}, fault{err: down}, fault{err: down})
		}},
		{"Slack shows it and the answer is lost", func(w *world, _ RequestID) { w.desk.fails("cards", fault{err: down, done: true}) }},
		{"an error of no kind", func(w *world, _ RequestID) { w.desk.fails("cards", fault{err: errors.New("eof")}) }},
		{"what was shown cannot be kept", func(w *world, _ RequestID) {
			w.store.fail("settle", errors.New("disk full"))
			time.AfterFunc(50*time.Second, func() { w.store.fail("settle", nil) })
		}},
		{"the request is decided while the card is being shown", func(w *world, r RequestID) {
			w.desk.fails("cards", fault{during: func(context.Context) { w.press(w.get(r), "sam", Deny); <-time.After(time.Second) }})
		}},
		{"the request is decided while the card fails", func(w *world, r RequestID) {
			w.desk.fails("cards", fault{err: down, during: func(context.Context) { w.press(w.get(r), "sam", Deny); <-time.After(time.Second) }})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				r := w.submit("falcon")
				tt.mess(w, r.ID)
				w.start()
				w.pass(10 * time.Minute)
				if r = w.get(r.ID); r.State == Pending {
					w.press(r, "sam", Deny)
				}
				w.pass(10 * time.Minute)
				r = w.get(r.ID)
				calls := w.desk.calls("cards")
				if last := calls[len(calls)-1]; last.State != Denied || r.State != Denied || shows(r) != r.Version {
					t.Errorf("the card shows %s, version %d of %s, version %d", last.State, shows(r), r.State, r.Version)
				}
				rows := slices.DeleteFunc(w.store.owed(), func(o Owed) bool { return o.Kind == WorkClock || o.Kind == WorkSight })
				if len(rows) != 0 { // these come once more, and find nothing to do
					t.Errorf("owed at the end: %v", rows)
				}
				if n := len(calls); n > 9 {
					t.Errorf("the card was shown %d times", n)
				}
			})
		})
	}
}

// TestACardThatCannotBeShownIsTriedMoreAndMoreSeldom: a card in a channel that is gone.
func TestACardThatCannotBeShownIsTriedMoreAndMoreSeldom(t *testing.T) {
	for _, what := range []string{"cards", "direct"} {
		t.Run(what, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				w.submit("falcon")
				w.pass(0)
				w.desk.fails(what, fault{err: &Trouble{Kind: Refused, Code: "is_archived"}, always: true, done: true}) // a part is shown
				w.approve(w.get("INV-1"))
				before := len(w.desk.calls(what))
				w.pass(time.Hour)
				if n := len(w.desk.calls(what)) - before; n < 10 || n > 25 {
					t.Errorf("tried %d times in an hour", n)
				}
			})
		})
	}
}

func TestOneDeafKindOfWorkDelaysNoOther(t *testing.T) {
	for _, kind := range []string{"cards", "direct", "answer"} {
		for name, how := range map[string]fault{
			"fails":      {err: &Trouble{Kind: Later}, always: true},
			"never ends": {always: true, during: func(ctx context.Context) { <-ctx.Done() }},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				story(t, func(w *world) {
					w.desk.fails(kind, how)
					w.start()
					r := w.submit("falcon")
					w.press(r, "ben", Approve)
					w.pass(time.Minute)
					asked := time.Now()
					w.approve(r)
					w.until(r.ID, Invited)
					if took := time.Since(asked); took > time.Second {
						t.Errorf("the guest waited %v", took)
					}
				})
			})
		}
	}
}

func TestDeadlines(t *testing.T) {
	later := fault{err: &Trouble{Kind: Later, After: 3 * time.Hour}}
	tests := []struct {
		name string
		do   func(w *world, r Request)
		want State
		at   time.Duration // after the opening, when it came to that
	}{
		{"no answer is a no at the deadline", func(w *world, _ Request) { w.pass(25 * time.Hour) }, TimedOut, 24 * time.Hour},
		{"a deadline that passed in a week of downtime ends it at the start", func(w *world, _ Request) {
			w.stop()
			w.pass(7 * 24 * time.Hour)
			w.start()
			w.pass(0)
		}, TimedOut, 7 * 24 * time.Hour},
		{"the second stage has its own deadline", func(w *world, r Request) {
			w.pass(20 * time.Hour)
			w.press(r, "sam", Approve)
			w.pass(50 * time.Hour)
		}, TimedOut, 68 * time.Hour},
		{"a decision before the deadline stands", func(w *world, r Request) {
			w.pass(24*time.Hour - time.Second)
			w.press(r, "sam", Deny)
			w.pass(2 * time.Hour)
		}, Denied, 24*time.Hour - time.Second},
		{"a press in time counts though it is judged after the deadline", func(w *world, r Request) {
			w.pass(23 * time.Hour)
			w.desk.fails("person", later)
			w.press(r, "sam", Deny)
			w.pass(2 * time.Hour)
			if got := w.get(r.ID); got.State != Pending {
				w.Errorf("%s while a press in time was waiting", got.State)
			}
			w.pass(2 * time.Hour)
		}, Denied, 23 * time.Hour},
		{"a press in time outlives a week of downtime", func(w *world, r Request) {
			w.stop()
			w.press(r, "sam", Deny)
			w.pass(7 * 24 * time.Hour)
			w.start()
			w.pass(0)
		}, Denied, 0},
		{"a press in time that does not count leaves the deadline passed", func(w *world, r Request) {
			w.pass(23 * time.Hour)
			w.desk.fails("person", later)
			w.press(r, "ben", Approve)
			w.pass(4 * time.Hour)
		}, TimedOut, 26 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.nap = time.Minute
				w.start()
				r := w.submit("falcon")
				w.pass(0)
				tt.do(w, r)
				got := w.get(r.ID)
				if got.State != tt.want {
					t.Fatalf("got %s, want %s", got.State, tt.want)
				}
				if at := got.Closed.At.Sub(r.Opened); at < tt.at || at > tt.at+time.Second {
					t.Errorf("closed after %v, want %v", at, tt.at)
				}
				if calls := w.tenant.calls(""); len(calls) > 0 {
					t.Errorf("Entra heard %v", what(calls))
				}
			})
		})
	}
}

// TestATimerThatComesEarlyChangesNothing: and the clock is looked at again in time.
func TestATimerThatComesEarlyChangesNothing(t *testing.T) {
	for _, state := range []State{Pending, Invited, Failed} {
		t.Run(string(state), func(t *testing.T) {
			story(t, func(w *world) {
				w.nap = time.Minute
				w.start()
				r := w.submit("harbor")
				want := TimedOut
				if state != Pending {
					w.approve(r)
					w.until(r.ID, Invited)
					want = Ended
				}
				if state == Failed { // half-way: one grant of two is in place
					w.store.restate(r.ID, func(r *Request) { r.State, r.Account.Granted = Failed, r.Account.Granted[:1] })
				}
				w.stop()
				w.store.bringForward(r.ID, WorkClock, time.Now())
				w.start()
				w.pass(0)
				if got := w.get(r.ID); got.State != state {
					t.Fatalf("%s became %s", state, got.State)
				}
				w.pass(25 * time.Hour)
				if got := w.get(r.ID); got.State != want || len(w.tenant.rights()) > 0 {
					t.Errorf("%s with %v, want %s", got.State, w.tenant.rights(), want)
				}
			})
		})
	}
}

func TestAccessThatEndedInAWeekOfDowntimeIsTakenBackAtTheStart(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		r := w.submit("harbor")
		w.approve(r)
		w.until(r.ID, Invited)
		w.stop()
		w.pass(7 * 24 * time.Hour)
		w.start()
		w.pass(0)
		if r = w.get(r.ID); r.State != Ended || len(w.tenant.rights()) > 0 {
			t.Errorf("%s with %v", r.State, w.tenant.rights())
		}
	})
}

func TestAStoppedWorkerFinishesWhatIsInHand(t *testing.T) {
	story(t, func(w *world) {
		w.desk.fails("cards", fault{during: func(context.Context) { <-time.After(4 * time.Second) }})
		w.start()
		r := w.submit("falcon")
		synctest.Wait()
		began := time.Now()
		w.stop()
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if r = w.get(r.ID); len(r.Shown.Cards) != 1 {
			t.Errorf("what was in hand is not kept: %+v", r.Shown)
		}
	})
}

func TestAStoppedWorkerGivesUpWhatDoesNotEnd(t *testing.T) {
	story(t, func(w *world) {
		w.hands = 1 // every hand is taken
		w.desk.fails("cards", fault{during: func(ctx context.Context) { <-ctx.Done() }})
		w.start()
		r := w.submit("falcon")
		w.pass(time.Second) // the one hand may have other rows first
		began := time.Now()
		w.stop()
		if took := time.Since(began); took != grace {
			t.Errorf("stopping took %v", took)
		}
		w.start()
		w.pass(time.Minute)
		if r = w.get(r.ID); len(r.Shown.Cards) != 1 || r.Shown.Direct.TS == "" {
			t.Errorf("what was given up is not done after the start: %+v", r.Shown)
		}
	})
}

func TestAStoreThatFailsForAWhileIsAskedAgain(t *testing.T) {
	story(t, func(w *world) {
		w.store.fail("take", errors.New("disk"))
		w.start()
		r := w.submit("falcon")
		w.pass(time.Minute)
		w.store.fail("take", nil)
		w.pass(time.Second)
		if r = w.get(r.ID); len(r.Shown.Cards) != 1 {
			t.Errorf("shown: %+v", r.Shown)
		}
	})
}

package approvals

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestOneOfManyEqualWishesIsMade: 64 people ask at once for the same guest and
// access, each in their own spelling; the others are shown the first.
func TestOneOfManyEqualWishesIsMade(t *testing.T) {
	story(t, func(w *world) {
		var mu sync.Mutex
		var won []RequestID
		var lost []*Refusal
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				r, err := w.service.Submit(w.Context(), draft(func(d *Draft) {
					d.By = colleague(fmt.Sprintf("p%02d", i))
					d.Email = []string{"jane@acme.example", "Jane@ACME.example"}[i%2]
				}))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, r.ID)
					return
				}
				var refusals Refusals
				if !errors.As(err, &refusals) || len(refusals) != 1 {
					t.Errorf("not one refusal: %v", err)
					return
				}
				lost = append(lost, refusals[0])
			})
		}
		wg.Wait()
		if len(won) != 1 || len(lost) != 63 {
			t.Fatalf("%d were made, %d refused", len(won), len(lost))
		}
		for _, refusal := range lost {
			if refusal.Code != ErrAlreadyPending.Code || refusal.Field != FieldEmail || refusal.Args["id"] != string(won[0]) {
				t.Errorf("refused with %+v", refusal)
			}
		}
		if page, _ := w.store.List(w.Context(), Query{Pending: true, Limit: 100}); len(page.Requests) != 1 {
			t.Errorf("kept: %v", page.Requests)
		}
	})
}

// TestAWishMayBeRepeatedOnceTheFirstIsOver: and not before.
func TestAWishMayBeRepeatedOnceTheFirstIsOver(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, r Request)
		want *Refusal
	}{
		{"pending", func(*world, Request) {}, ErrAlreadyPending},
		{"withdrawn", func(w *world, r Request) { _, _ = w.service.Withdraw(w.Context(), r.ID, Withdrawn{id("ann"), r.Tag}) }, nil},
		{"denied", func(w *world, r Request) { w.press(r, "sam", Deny); w.until(r.ID, Denied) }, nil},
		{"invited", func(w *world, r Request) { w.approve(r); w.until(r.ID, Invited) }, ErrAlreadyIn},
		{"ending", func(w *world, r Request) {
			w.tenant.fails("takeback", fault{err: &Trouble{}, always: true})
			w.approve(r)
			w.until(r.ID, Ending)
		}, nil},
		{"ended", func(w *world, r Request) { w.approve(r); w.until(r.ID, Ended) }, nil},
		{"failed", func(w *world, r Request) {
			w.tenant.fails("find", fault{err: &Trouble{Kind: Refused}})
			w.approve(r)
			w.until(r.ID, Failed)
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				tt.do(w, w.submit("harbor"))
				r, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute }))
				if tt.want == nil && (err != nil || r.ID != "INV-2") || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("got %s, %v; want %v", r.ID, err, tt.want)
				}
			})
		})
	}
}

func TestEveryWrongFieldOfADraftIsRefusedAndNothingIsKept(t *testing.T) {
	tests := []struct {
		field Field
		with  func(*Draft)
		want  *Refusal
	}{
		{FieldEmail, func(d *Draft) { d.Email = "jane" }, ErrEmailMalformed},
		{FieldEmail, func(d *Draft) { d.Email = "jane@northwind.example" }, ErrOwnDomain},
		{FieldEmail, func(d *Draft) { d.Email = "jane@rival.example" }, ErrBlockedDomain},
		{FieldName, func(d *Draft) { d.Name = "" }, ErrNameMissing},
		{FieldCompany, func(d *Draft) { d.Company = strings.Repeat("x", MaxCompany+1) }, ErrTooLong},
		{FieldAccess, func(d *Draft) { d.Access = "eagle" }, ErrAccessUnknown},
		{FieldFor, func(d *Draft) { d.For = time.Minute }, ErrForUnknown},
		{FieldReason, func(d *Draft) { d.Reason = " " }, ErrReasonMissing},
		{"", func(d *Draft) { d.By.Guest = true }, ErrSlackGuest},
		{"", func(d *Draft) { d.By.Foreign = true }, ErrForeign},
		{"", func(d *Draft) { d.By.Bot = true }, ErrBot},
		{"", func(d *Draft) { d.By.Deactivated = true }, ErrDeactivated},
		{"", func(d *Draft) { d.By = Person{} }, ErrUnknownPerson},
	}
	for _, tt := range tests {
		t.Run(string(tt.want.Code), func(t *testing.T) {
			story(t, func(w *world) {
				_, err := w.service.Submit(w.Context(), draft(tt.with))
				refusal, ok := errors.AsType[*Refusal](err)
				if !ok || !errors.Is(err, tt.want) || refusal.Field != tt.field {
					t.Errorf("got %+v, want %v", refusal, tt.want)
				}
				if len(w.store.kept) > 0 || len(w.store.owed()) > 0 {
					t.Error("something is kept")
				}
			})
		})
	}
}

func TestAPressThatCannotCountIsRefusedAtOnce(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, r Request)
		p    Press
		want *Refusal
	}{
		{"in time", nil, Press{By: id("sam"), Verdict: Approve}, nil},
		{"after the decision", func(w *world, r Request) { w.press(r, "sam", Deny); w.until(r.ID, Denied) }, Press{By: id("olga"), Verdict: Approve}, ErrDecided},
		{"after the approval", func(w *world, r Request) { w.approve(r) }, Press{By: id("olga"), Verdict: Deny, Reason: "x"}, ErrDecided},
		{"by the requester", nil, Press{By: id("ann"), Verdict: Approve}, ErrOwnRequest},
		{"a no without a reason", nil, Press{By: id("sam"), Verdict: Deny}, ErrDenyReason},
		{"for another stage", nil, Press{By: id("sam"), Verdict: Approve, Stage: 1}, ErrStaleStage},
		{"at the deadline", func(w *world, _ Request) { w.stop(); w.pass(24 * time.Hour) }, Press{By: id("sam"), Verdict: Approve}, ErrTooLate},
		{"a retry of what did not fail", nil, Press{By: id("ada"), Verdict: Retry}, ErrNotRetryable},
		{"on an older card", nil, Press{By: id("sam"), Verdict: Approve, Tag: older}, ErrOldCard},
		{"in the form of an older card", nil, Press{By: id("sam"), Verdict: Deny, Reason: "x", Tag: older}, ErrOldCard},
		{"a retry on an older card", nil, Press{By: id("ada"), Verdict: Retry, Tag: older}, ErrOldCard},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.noFacts()
				w.start()
				r := w.submit("harbor")
				if tt.do != nil {
					tt.do(w, r)
				}
				before, trail := w.get(r.ID), w.trail(r.ID)
				if tt.p.Tag == "" {
					tt.p.Tag = r.Tag
				}
				_, err := w.service.Press(w.Context(), r.ID, tt.p)
				if tt.want == nil && err != nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
				if tt.want != nil && !cmp.Equal(before.Presses, w.get(r.ID).Presses) {
					t.Errorf("the press is kept: %v", w.get(r.ID).Presses)
				}
				if more := w.trail(r.ID)[len(trail):]; tt.want != nil {
					w.isRefusal(more, before, tt.p.By, string(tt.p.Verdict), tt.want)
				}
				if refusal, _ := errors.AsType[*Refusal](err); errors.Is(err, ErrDecided) && refusal.Args["by"] != "sam" {
					t.Errorf("decided by %v", refusal.Args)
				}
			})
		})
	}
	t.Run("on nothing", func(t *testing.T) {
		story(t, func(w *world) {
			if _, err := w.service.Press(w.Context(), "INV-9", Press{By: id("sam"), Verdict: Approve}); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestAnAcknowledgedPressIsKept(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("harbor")
		w.pass(time.Minute)
		p := Press{By: id("sam"), Verdict: Deny, Reason: "no", Tag: r.Tag, Reply: "https://hooks/1", At: time.Time{}}
		if _, err := w.service.Press(w.Context(), r.ID, p); err != nil {
			t.Fatal(err)
		}
		p.At = time.Now()
		if diff := cmp.Diff([]Press{p}, w.get(r.ID).Presses); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOnlyTheRequesterWithdrawsAndOnlyBeforeADecision(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		r := w.submit("harbor")
		if _, err := w.service.Withdraw(w.Context(), r.ID, Withdrawn{id("sam"), r.Tag}); !errors.Is(err, ErrOnlyRequester) {
			t.Errorf("sam withdraws: %v", err)
		}
		if got, err := w.service.Withdraw(w.Context(), r.ID, Withdrawn{id("ann"), r.Tag}); err != nil || got.State != Cancelled {
			t.Errorf("ann withdraws: %s, %v", got.State, err)
		}
		if _, err := w.service.Withdraw(w.Context(), r.ID, Withdrawn{id("ann"), r.Tag}); !errors.Is(err, ErrNotCancellable) {
			t.Errorf("ann withdraws again: %v", err)
		}
		w.pass(time.Second)
		if calls := w.desk.calls("cards"); calls[len(calls)-1].State != Cancelled {
			t.Errorf("the card shows %v", calls)
		}
		q := w.submit("pier")
		w.approve(q)
		if _, err := w.service.Withdraw(w.Context(), q.ID, Withdrawn{id("ann"), q.Tag}); !errors.Is(err, ErrNotCancellable) {
			t.Errorf("ann withdraws what is approved: %v", err)
		}
	})
}

// submitMany makes five requests by ann and two by ben; INV-2 is denied.
func submitMany(w *world) {
	w.start()
	for i, user := range []string{"ann", "ann", "ben", "ann", "ben", "ann", "ann"} {
		if _, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.By, d.Email = colleague(user), fmt.Sprintf("g%d@acme.example", i) })); err != nil {
			w.Fatal(err)
		}
	}
	w.press(w.get("INV-2"), "sam", Deny)
	w.until("INV-2", Denied)
}

func TestPendingListsAllForAdminsAndOnesOwnForOthers(t *testing.T) {
	tests := []struct {
		user         string
		q            Query
		want         string
		newer, older bool
		total        int
		admin        bool
	}{
		{"ada", Query{Limit: 10}, "7 6 5 4 3 1", false, false, 6, true},
		{"ada", Query{Limit: 2}, "7 6", false, true, 6, true},
		{"ada", Query{Limit: 2, Before: 6}, "5 4", true, true, 6, true},
		{"ada", Query{Limit: 3, Before: 4}, "3 1", true, false, 6, true},
		{"ada", Query{Limit: 2, After: 3}, "5 4", true, true, 6, true},
		{"ada", Query{Limit: 10, Requester: id("ben")}, "7 6 5 4 3 1", false, false, 6, true},
		{"ben", Query{Limit: 10}, "5 3", false, false, -1, false},
		{"ann", Query{Limit: 10}, "7 6 4 2 1", false, false, -1, false},
		{"ann", Query{Limit: 10, Pending: true, Requester: id("ben")}, "7 6 4 2 1", false, false, -1, false},
		{"sam", Query{Limit: 10, Requester: id("ann")}, "", false, false, -1, false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.user, tt.q), func(t *testing.T) {
			story(t, func(w *world) {
				submitMany(w)
				page, admin, err := w.service.Pending(w.Context(), id(tt.user), tt.q)
				if err != nil || admin != tt.admin {
					t.Fatalf("admin %v, %v", admin, err)
				}
				var got []string
				for _, r := range page.Requests {
					got = append(got, strings.TrimPrefix(string(r.ID), "INV-"))
				}
				if strings.Join(got, " ") != tt.want || page.Newer != tt.newer || page.Older != tt.older || page.Total != tt.total {
					t.Errorf("got %v, newer %v, older %v, %d in all", got, page.Newer, page.Older, page.Total)
				}
			})
		})
	}
}

func TestOwnListsWhatSomebodyAskedForWhateverBecameOfIt(t *testing.T) {
	story(t, func(w *world) {
		submitMany(w)
		for user, want := range map[string]int{"ann": 5, "ben": 2, "ada": 0} {
			page, err := w.service.Own(w.Context(), id(user), Query{Pending: true, Requester: id("ann"), Limit: 10})
			if err != nil || len(page.Requests) != want {
				t.Errorf("%s asked for %d, %v", user, len(page.Requests), err)
			}
		}
	})
}

// blind are the ways in which Slack does not say that somebody may.
var blind = []struct {
	name string
	mess func(d *desk)
	want error // nil: any error
}{
	{"a guest", func(d *desk) { d.people["ada"] = Person{ID: id("ada"), Guest: true} }, ErrSlackGuest},
	{"deactivated", func(d *desk) { d.people["ada"] = Person{ID: id("ada"), Deactivated: true} }, ErrDeactivated},
	{"unknown", func(d *desk) { delete(d.people, "ada") }, ErrUnknownPerson},
	{"people unreadable", func(d *desk) { d.fails("person", fault{err: &Trouble{Kind: Later}, always: true}) }, nil},
	{"groups unreadable", func(d *desk) { d.fails("members", fault{err: &Trouble{Kind: Later}, always: true}) }, nil},
}

func TestNobodySeesAnythingWhomSlackDoesNotDescribe(t *testing.T) {
	for _, tt := range blind {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				submitMany(w)
				tt.mess(w.desk)
				page, _, err := w.service.Pending(w.Context(), id("ada"), Query{Limit: 10})
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) || len(page.Requests) > 0 {
					t.Errorf("the list: %v, %v", page.Requests, err)
				}
				r, trail, err := w.service.Story(w.Context(), "INV-1", id("ada"))
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) || r.ID != "" || trail != nil {
					t.Errorf("the story: %v, %v", r, err)
				}
				if _, admin, _ := w.service.Admin(w.Context(), id("ada")); admin {
					t.Error("an admin")
				}
			})
		})
	}
}

// TestTheStoryIsForThoseWhoMaySeeIt: nobody else can tell it from no request.
func TestTheStoryIsForThoseWhoMaySeeIt(t *testing.T) {
	tests := []struct {
		user string
		sees bool
	}{
		{"ann", true},  // asked
		{"sam", true},  // approves in the first stage
		{"olga", true}, // approves in the second one, by group
		{"omar", true}, // by name
		{"ada", true},  // administers
		{"ben", false},
	}
	for _, tt := range tests {
		t.Run(tt.user, func(t *testing.T) {
			story(t, func(w *world) {
				w.desk.groups = map[string][]string{"S1": {"sam"}, "S2": {"olga"}, "S0ADMINS": {"ada"}}
				r := w.submit("falcon")
				got, trail, err := w.service.Story(w.Context(), r.ID, id(tt.user))
				if tt.sees {
					if err != nil || got.ID != r.ID || len(trail) != 1 || trail[0].Event != "opened" {
						t.Errorf("got %s, %v, %v", got.ID, trail, err)
					}
					return
				}
				_, _, none := w.service.Story(w.Context(), "INV-9", id(tt.user))
				hidden, _ := errors.AsType[*Refusal](err)
				missing, _ := errors.AsType[*Refusal](none)
				if hidden == nil || missing == nil || got.ID != "" || trail != nil {
					t.Fatalf("got %s, %v, %v and %v", got.ID, trail, err, none)
				}
				if diff := cmp.Diff(missing, hidden.With("id", "INV-9")); diff != "" {
					t.Errorf("a hidden request differs from none:\n%s", diff)
				}
			})
		})
	}
}

func TestMayDecide(t *testing.T) {
	tests := []struct {
		name  string
		user  string
		stage int
		mess  func(w *world, r Request)
		want  error
	}{
		{"an approver of the stage", "sam", 0, nil, nil},
		{"an approver of a later stage", "olga", 0, nil, ErrNotApprover},
		{"anybody else", "ben", 0, nil, ErrNotApprover},
		{"the requester, though an approver", "ann", 0, nil, ErrOwnRequest},
		{"nobody whom Slack knows", "eve", 0, nil, ErrUnknownPerson},
		{"for a stage that is over", "sam", 0, func(w *world, r Request) { w.press(r, "sam", Approve); w.pass(0) }, ErrStaleStage},
		{"an approver of the second stage", "olga", 1, func(w *world, r Request) { w.press(r, "sam", Approve); w.pass(0) }, nil},
		{"who decided already", "olga", 1, func(w *world, r Request) {
			w.press(r, "sam", Approve)
			w.pass(0)
			w.press(r, "olga", Approve)
			w.pass(0)
		}, ErrRepeated},
		{"after the decision", "olga", 0, func(w *world, r Request) { w.press(r, "sam", Deny); w.pass(0) }, ErrDecided},
		{"after the deadline", "sam", 0, func(w *world, _ Request) { w.stop(); w.pass(25 * time.Hour) }, ErrTooLate},
		{"who left the group", "sam", 0, func(w *world, _ Request) { w.desk.groups["S1"] = nil }, ErrNotApprover},
		{"who became a guest", "sam", 0, func(w *world, _ Request) { becomes(func(p *Person) { p.Guest = true })(w.desk) }, ErrSlackGuest},
		{"while people are unreadable", "sam", 0, func(w *world, _ Request) { w.desk.fails("person", fault{err: errLost}) }, errLost},
		{"while groups are unreadable", "sam", 0, func(w *world, _ Request) { w.desk.fails("members", fault{err: errLost}) }, errLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				r := w.submit("falcon")
				w.pass(0)
				if tt.mess != nil {
					tt.mess(w, r)
				}
				before, trail := w.get(r.ID), w.trail(r.ID)
				if _, err := w.service.MayDecide(w.Context(), r.ID, Press{By: id(tt.user), Verdict: Deny, Stage: tt.stage, Tag: r.Tag}); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				more := w.trail(r.ID)[len(trail):]
				if why, ok := errors.AsType[*Refusal](tt.want); ok {
					w.isRefusal(more, before, id(tt.user), "deny", why)
				} else if len(more) > 0 {
					t.Errorf("the trail says %+v", more)
				}
				if diff := cmp.Diff(before, w.get(r.ID)); diff != "" {
					t.Errorf("asking changed something:\n%s", diff)
				}
			})
		})
	}
}

// TestFaultsAreNotRefusals: what is nobody's fault in Slack is told apart.
func TestFaultsAreNotRefusals(t *testing.T) {
	disk := errors.New("disk full")
	if err := wrapFault(disk, "submitting"); !errors.Is(err, disk) || !strings.HasPrefix(err.Error(), "submitting") {
		t.Errorf("got %v", err)
	}
	for _, err := range []error{ErrDecided, Refusals{ErrNameMissing}} {
		if got := wrapFault(err, "submitting"); got.Error() != err.Error() {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// TestTheMemoryStoreKeepsWhatItPromises: what the other tests rely on.
func TestTheMemoryStoreKeepsWhatItPromises(t *testing.T) {
	m, ctx := newMemory(), t.Context()
	c := open(Draft{By: colleague("ann"), Email: jane}, falcon(), nine)
	if _, err := m.Create(ctx, "k", func(RequestID, *Request) (Change, error) { return c, nil }); err != nil {
		t.Fatal(err)
	}
	rows, next, _ := m.Take(ctx, nine, LaneSlack, 1)
	if len(rows) != 1 || !next.Equal(nine) {
		t.Fatalf("took %v, next %v", rows, next)
	}
	ask := func(r Request) (Change, error) {
		r.Version++
		return Change{Request: r, Owed: []Owing{{Kind: rows[0].Kind, Due: nine.Add(time.Minute)}}}, nil
	}
	if _, err := m.Update(ctx, "INV-1", ask); err != nil {
		t.Fatal(err)
	}
	keep := func(r Request) (Change, error) { return Change{Request: r}, nil }
	if _, err := m.Settle(ctx, rows[0], keep); err != nil {
		t.Fatal(err)
	}
	if owed := m.owed(); !slices.ContainsFunc(owed, func(o Owed) bool { return o.Kind == rows[0].Kind && o.Due.Equal(nine.Add(time.Minute)) }) {
		t.Errorf("a row that was asked for again is gone: %v", owed)
	}
	select {
	case <-m.Woken(LaneSlack):
	default:
		t.Error("nobody is woken")
	}
}

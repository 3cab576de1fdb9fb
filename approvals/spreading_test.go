package approvals

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// guests are so many of one organisation.
func guests(n int) (list []Guest) {
	for i := range n {
		list = append(list, Guest{Email: fmt.Sprintf("guest%d@acme.example", i), Name: fmt.Sprintf("Guest %d", i)})
	}
	return list
}

// bulk is ann's request for several, by one decision.
func (w *world) bulk(access string, list []Guest) Request {
	w.Helper()
	a, _ := w.policy.Access(access)
	made, err := w.service.SubmitSeveral(w.Context(), Several{
		Draft: draft(func(d *Draft) { d.Email, d.Name, d.Access, d.For = "", "", access, a.Durations[0] }), Guests: list,
	})
	if err != nil || len(made) != 1 {
		w.Fatalf("%d were made, %v", len(made), err)
	}
	return made[0]
}

// children are the requests that came from a lead.
func (w *world) children(lead RequestID) (list []Request) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	return slices.DeleteFunc(w.store.all(), func(r Request) bool { return r.Lead != lead })
}

// TestOneDecisionLetsSeveralIn after the hold, each by a request of their own,
// and none of them waits for another.
func TestOneDecisionLetsSeveralIn(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Limits.Hold = 20 * time.Second
		w.start()
		lead := w.bulk("harbor", guests(50))
		w.pass(time.Hour)
		w.press(lead, "sam", Approve)
		w.pass(19 * time.Second)
		if made := w.children(lead.ID); len(made) > 0 || w.get(lead.ID).State != Inviting {
			t.Fatalf("%d were made within the hold", len(made))
		}
		w.pass(10 * time.Second)
		if got := w.get(lead.ID); got.State != Split || len(got.Children) != 50 {
			t.Fatalf("%s with %v", got.State, got.Children)
		}
		made := w.children(lead.ID)
		if n := len(w.tenant.calls("invite")); n != 50 || len(made) != 50 {
			t.Errorf("%d requests, %d invitations", len(made), n)
		}
		for _, r := range made {
			if r.State != Invited || !cmp.Equal(r.Votes, w.get(lead.ID).Votes) || len(r.Guests) > 0 || !r.Until.Equal(w.get(lead.ID).Until) {
				t.Fatalf("%+v", r)
			}
		}
		w.pass(5 * time.Second)
		for i, c := range w.get(lead.ID).Children {
			if q := w.get(c.ID); c.State != Invited || q.Guest != lead.Guests[i] {
				t.Errorf("guest %d, %s, is shown as %+v", i, q.Guest.Email, c)
			}
		}
	})
}

func TestEachBySelfIsADecisionEach(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		made, err := w.service.SubmitSeveral(w.Context(), Several{
			Draft: draft(func(d *Draft) { d.Company = "Acme" }), Guests: []Guest{{Email: "a@acme.example"}, {Email: "b@acme.example", Name: "Bea", Company: "Else"}}, Each: true,
		})
		if err != nil || len(made) != 2 {
			t.Fatalf("%v, %v", made, err)
		}
		want := []Guest{{"a@acme.example", "a", "Acme"}, {"b@acme.example", "Bea", "Else"}}
		slices.SortFunc(made, func(a, b Request) int {
			return slices.Index([]string{"a", "Bea"}, a.Guest.Name) - slices.Index([]string{"a", "Bea"}, b.Guest.Name)
		})
		if diff := cmp.Diff(want, []Guest{made[0].Guest, made[1].Guest}); diff != "" {
			t.Error(diff)
		}
		w.press(made[0], "sam", Deny)
		w.until(made[0].ID, Denied)
		if got := w.get(made[1].ID); got.State != Pending || len(got.Guests) > 0 {
			t.Errorf("the other one is %s", got.State)
		}
	})
}

func TestARequestIsSpawnedOnlyOfWhatIsApproved(t *testing.T) {
	lead := set(func(r *Request) { r.Guest, r.Guests = Guest{}, []Guest{{Email: jane}, {}} })
	tried := does(just(InviteTried{}))
	tests := []struct {
		name  string
		do    []act
		index int
		want  error
	}{
		{"pending", []act{lead}, 0, ErrNotDue},
		{"within the hold", []act{lead, acts(approved)}, 0, ErrNotDue},
		{"before it is on disk that it begins", []act{lead, acts(approved), after}, 0, ErrNotDue},
		{"after the hold", []act{lead, acts(approved), after, tried}, 0, nil},
		{"of a guest who was erased", []act{lead, acts(approved), after, tried}, 1, ErrNotDue},
		{"of a guest that there is not", []act{lead, acts(approved), after, tried}, 2, ErrNotDue},
		{"of none", []act{lead, acts(approved), after, tried}, -1, ErrNotDue},
		{"withdrawn", []act{lead, acts(approved), acts(withdraw("ann"))}, 0, ErrNotDue},
		{"revoked", []act{lead, acts(approved), after, tried, revoking("ann", false)}, 0, ErrNotDue},
		{"denied", []act{lead, acts(no("sam"))}, 0, ErrNotDue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, falcon(), tt.do...)
			c, err := Spawn("INV-2", s.r, tt.index, s.now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if r := c.Request; tt.want == nil && (r.State != Inviting || r.Lead != "INV-1" || r.Tag == s.r.Tag || r.Guest.Email != jane || len(r.Guests)+len(r.Presses)+len(r.Calls) > 0 || !r.Account.Tried.IsZero() || !fullyApproved(r)) {
				t.Errorf("%+v", r)
			}
			if tt.want == nil && (!hasOwing(c.Owed, Owing{Kind: WorkGuest}) || !hasOwing(c.Owed, Owing{Kind: WorkClock, Due: c.Request.Until})) {
				t.Errorf("owed: %v", c.Owed)
			}
		})
	}
}

// TestALeadIsSplitWhenEachGuestHasARequest or one that stands in its place.
func TestALeadIsSplitWhenEachGuestHasARequest(t *testing.T) {
	lead := set(func(r *Request) { r.Guest, r.Guests = Guest{}, guests(3) })
	begun := []act{lead, acts(approved), after, does(just(InviteTried{}))}
	child := func(i int, c Child) act { return does(just(Spread{i, c})) }
	tests := []struct {
		name string
		do   []act
		want State
		err  error
	}{
		{"some", []act{child(0, Child{ID: "INV-2"}), child(2, Child{ID: "INV-3"})}, Inviting, nil},
		{"all", []act{child(0, Child{ID: "INV-2"}), child(2, Child{Twin: "INV-3"}), child(1, Child{State: Cancelled})}, Split, nil},
		{"the same again", []act{child(0, Child{ID: "INV-2"}), child(0, Child{ID: "INV-2"})}, Inviting, ErrNotDue},
		{"one that there is not", []act{child(3, Child{ID: "INV-2"})}, Inviting, ErrNotDue},
		{"another state later", []act{child(0, Child{ID: "INV-2"}), child(0, Child{ID: "INV-2", State: Active})}, Inviting, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { scened(t, falcon(), append(begun, tt.do...)...).wants(tt.want, tt.err) })
	}
	scened(t, falcon(), lead, child(0, Child{ID: "INV-2"})).wants(Pending, ErrNotDue)
	scened(t, falcon(), lead, acts(approved), after, does(just(GuestInvited{ID: "u1"}))).wants(Inviting, ErrNotDue)
}

// TestNoGuestIsMadeTwice: a run that was cut off is gone on with.
func TestNoGuestIsMadeTwice(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		lead := w.bulk("harbor", guests(12))
		w.pass(time.Second)
		w.press(lead, "sam", Approve)
		w.until(lead.ID, Inviting)
		w.stop()
		if n := len(w.children(lead.ID)); n > 12 {
			t.Fatalf("%d were made", n)
		}
		w.store.restate(lead.ID, func(r *Request) { r.Children, r.State = nil, Inviting }) // as if none was noted
		w.store.bringForward(lead.ID, WorkSpread, time.Now())
		w.store.restate(lead.ID, func(r *Request) { r.Account.Tried = time.Now() })
		w.start()
		w.until(lead.ID, Split)
		w.pass(2 * time.Second)
		if n, invited := len(w.children(lead.ID)), len(w.tenant.calls("invite")); n != 12 || invited != 12 {
			t.Errorf("%d requests, %d invitations", n, invited)
		}
	})
}

// TestWhoIsInAlreadyIsNotAskedInAgain: their own request stands for them.
func TestWhoIsInAlreadyIsNotAskedInAgain(t *testing.T) {
	story(t, func(w *world) {
		lead := w.bulk("harbor", guests(2))
		twin, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Email, d.Access, d.For = "guest1@acme.example", "pier", 20*time.Minute }))
		if err != nil {
			t.Fatal(err)
		}
		w.store.restate(twin.ID, func(r *Request) { r.Access.ID = "harbor" }) // asked for at the same moment
		w.press(lead, "sam", Approve)
		w.start()
		got := w.until(lead.ID, Split)
		if c := got.Children[1]; c.Twin != twin.ID || c.ID != "" || len(w.children(lead.ID)) != 1 {
			t.Errorf("%+v", got.Children)
		}
	})
}

// TestWhoIsAskedInWithOthersIsNotAskedInAlone for the same access.
func TestWhoIsAskedInWithOthersIsNotAskedInAlone(t *testing.T) {
	story(t, func(w *world) {
		lead := w.bulk("harbor", guests(2))
		_, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Email, d.Access, d.For = "Guest1@acme.example", "harbor", 10*time.Minute }))
		if wrong := refusalsOf(err); len(wrong) != 1 || !wrong[0].Is(ErrAlreadyPending) || wrong[0].Args["id"] != string(lead.ID) {
			t.Errorf("got %v", err)
		}
	})
}

// TestRevokingTheLeadRevokesEach guest's access, also that of a request which was
// made in a run whose end was lost.
func TestRevokingTheLeadRevokesEach(t *testing.T) {
	for name, lose := range map[string]func(*world, RequestID){
		"noted": func(*world, RequestID) {},
		"lost": func(w *world, lead RequestID) {
			w.store.restate(lead, func(r *Request) { r.State, r.Children[1] = Inviting, Child{} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				lead := w.bulk("pier", guests(3))
				w.press(lead, "sam", Approve)
				w.until(lead.ID, Split)
				for _, r := range w.children(lead.ID) {
					w.until(r.ID, Invited)
				}
				w.stop()
				lose(w, lead.ID)
				w.press(lead, "ann", Revoke)
				w.store.bringForward(lead.ID, WorkSpread, time.Now().Add(time.Second))
				w.start()
				w.pass(time.Minute)
				for _, r := range append(w.children(lead.ID), w.get(lead.ID)) {
					if r.State != Ended || r.Closed == nil {
						t.Errorf("%s is %s", r.ID, r.State)
					}
				}
				if rights := w.tenant.rights(); len(rights) > 0 {
					t.Errorf("left: %v", rights)
				}
			})
		})
	}
}

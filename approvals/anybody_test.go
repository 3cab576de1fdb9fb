package approvals

import (
	"context"
	"slices"
	"testing"
	"time"
)

func (w *world) leaves(users ...string) {
	w.desk.change(func(d *desk) {
		for _, user := range users {
			d.people[user] = Person{ID: id(user), Deactivated: true}
		}
	})
}

// chooses is somebody approving, who says who decides next.
func (w *world) chooses(r Request, user, next string) {
	w.Helper()
	if _, err := w.service.Press(w.Context(), r.ID, Press{By: id(user), Verdict: Approve, Choose: next, Tag: r.Tag}); err != nil {
		w.Fatal(err)
	}
	w.pass(0)
}

// TestWhenThoseLeaveWhoCouldDecide the stage's others come in, or the admins
// hear of it; and nobody is written off who is there.
func TestWhenThoseLeaveWhoCouldDecide(t *testing.T) {
	tests := []struct {
		name      string
		mess      func(w *world, r Request)
		stranded  bool
		escalated bool
	}{
		{"nobody does", func(*world, Request) {}, false, false},
		{"the only one", func(w *world, _ Request) { w.leaves("sam") }, true, false},
		{"all of a group", func(w *world, _ Request) { w.desk.change(func(d *desk) { d.groups["S1"] = nil }) }, true, false},
		{"all but the requester", func(w *world, _ Request) { w.desk.change(func(d *desk) { d.groups["S1"] = []string{"ann"} }) }, true, false},
		{"one of many", func(w *world, _ Request) {
			w.desk.change(func(d *desk) { d.groups["S1"] = []string{"sam", "ben"} })
			w.leaves("sam")
		}, false, false},
		{"one of a quorum", func(w *world, r Request) {
			w.press(r, "sam", Approve)
			w.pass(0)
			w.leaves("olga", "sam") // only omar is left
		}, true, false},
		{"one whose yes is there", func(w *world, r Request) {
			w.press(r, "sam", Approve)
			w.pass(0)
			w.press(r, "olga", Approve)
			w.pass(0)
			w.leaves("olga", "sam")
		}, false, false},
		{"all whose yes is missing", func(w *world, r Request) {
			w.press(r, "sam", Approve)
			w.pass(0)
			w.press(r, "olga", Approve)
			w.pass(0)
			w.leaves("omar", "sam")
		}, true, false},
		{"and others are named", func(w *world, r Request) {
			w.store.restate(r.ID, func(r *Request) { r.Access.Stages[0].Escalate = &Escalation{Approvers: []string{"ben"}} })
			w.leaves("sam")
		}, false, true},
		{"and the others too", func(w *world, r Request) {
			w.store.restate(r.ID, func(r *Request) { r.Access.Stages[0].Escalate = &Escalation{Approvers: []string{"ben"}} })
			w.leaves("sam", "ben")
		}, true, true},
		{"and only who chose is left", func(w *world, r Request) {
			w.store.restate(r.ID, func(r *Request) {
				r.Access.Stages[1].Approvers, r.Access.Stages[1].Quorum = []string{RoleChosen, "sam"}, 1
			})
			w.chooses(r, "sam", "ben")
			w.leaves("ben")
		}, true, false},
		{"and another one beside who chose", func(w *world, r Request) {
			w.store.restate(r.ID, func(r *Request) {
				r.Access.Stages[1].Approvers, r.Access.Stages[1].Quorum = []string{RoleChosen, "sam", "olga"}, 1
			})
			w.chooses(r, "sam", "ben")
			w.leaves("ben")
		}, false, false},
		{"Slack says nothing", func(w *world, _ Request) {
			w.leaves("sam")
			w.desk.fails("person", fault{err: &Trouble{Kind: Later}, always: true})
		}, false, false},
		{"their groups cannot be read", func(w *world, _ Request) {
			w.desk.change(func(d *desk) { d.groups["S1"] = nil })
			w.desk.fails("members", fault{err: &Trouble{Kind: Later}, always: true})
		}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.nap = time.Minute
				w.start()
				r := w.submit("falcon")
				w.pass(2 * time.Minute)
				tt.mess(w, r)
				w.pass(2*hour + time.Minute)
				got := w.get(r.ID)
				if got.State != Pending || got.Stranded.IsZero() == tt.stranded || got.Escalated.IsZero() == tt.escalated {
					t.Errorf("%s, stranded %s, escalated %s", got.State, got.Stranded, got.Escalated)
				}
				if i := w.incidentOf(WideStranded + string(r.ID)); i.lasts() != tt.stranded || tt.stranded && i.Told != i.Version {
					t.Errorf("the admins heard %+v", i)
				}
				if n := len(got.Calls); n > 1 || (n == 1) != tt.escalated {
					t.Errorf("called: %v", got.Calls)
				}
			})
		})
	}
}

// TestWhenSomebodyComesBack the admins hear that too, and the decision goes on.
func TestWhenSomebodyComesBack(t *testing.T) {
	story(t, func(w *world) {
		w.nap = time.Minute
		w.start()
		r := w.submit("falcon")
		w.leaves("sam")
		w.pass(2 * hour)
		w.desk.change(func(d *desk) { d.people["sam"] = colleague("sam") })
		w.pass(hour)
		if got := w.get(r.ID); !got.Stranded.IsZero() || w.incidentOf(WideStranded+string(r.ID)).lasts() {
			t.Errorf("stranded since %s, %+v", got.Stranded, w.incidentOf(WideStranded+string(r.ID)))
		}
		w.press(r, "sam", Approve)
		w.pass(time.Second)
		if got := w.get(r.ID); got.Stage != 1 {
			t.Errorf("in stage %d", got.Stage)
		}
	})
}

// TestTheRequestersManager is found without anybody waiting for it but their own stage.
func TestTheRequestersManager(t *testing.T) {
	const hers, his = "ann@northwind.example", "ben@northwind.example"
	tests := []struct {
		name string
		mess func(w *world)
		want []Seat
	}{
		{"is found", func(*world) {}, []Seat{{0, RoleManager, "ben"}}},
		{"is found by any spelling", func(w *world) { w.tenant.managers[hers] = "Ben@Northwind.example" }, []Seat{{0, RoleManager, "ben"}}},
		{"is not there", func(w *world) { w.tenant.managers = nil }, []Seat{{0, RoleManager, ""}}},
		{"is not in Slack", func(w *world) { w.tenant.managers[hers] = "boss@northwind.example" }, []Seat{{0, RoleManager, ""}}},
		{"has left", func(w *world) { w.leaves("ben") }, []Seat{{0, RoleManager, ""}}},
		{"is the requester", func(w *world) { w.tenant.managers[hers] = hers }, []Seat{{0, RoleManager, ""}}},
		{"is a guest in Slack", func(w *world) { w.desk.people["ben"] = Person{ID: id("ben"), Email: his, Guest: true} }, []Seat{{0, RoleManager, ""}}},
		{"of nobody's address", func(w *world) { w.desk.people["ann"] = colleague("ann") }, []Seat{{0, RoleManager, ""}}},
		{"is what Entra will never say", func(w *world) {
			w.tenant.learned.fails("manager", fault{err: &Trouble{Kind: Refused, Code: "no"}, always: true})
		}, []Seat{{0, RoleManager, ""}}},
		{"is what Entra does not say now", func(w *world) { w.tenant.learned.fails("manager", fault{err: &Trouble{Kind: Later}}) }, []Seat{{0, RoleManager, "ben"}}},
		{"is what Entra says to nobody", func(w *world) {
			w.tenant.learned.fails("manager", fault{err: &Trouble{Kind: Later, Wide: WideToken}, always: true})
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.policy.Accesses = slices.Clone(w.policy.Accesses)
				w.policy.Accesses[1].Stages = []Stage{{Name: "Manager", Channel: "C1", Approvers: []string{RoleManager}, Quorum: 1, Deadline: day}}
				w.desk.people["ann"] = Person{ID: id("ann"), Email: hers}
				w.desk.people["ben"] = Person{ID: id("ben"), Email: his}
				w.tenant.managers = map[string]string{hers: his}
				tt.mess(w)
				w.start()
				r := w.submit("harbor")
				w.pass(5 * time.Minute)
				got := w.get(r.ID)
				if !slices.Equal(got.Seats, tt.want) {
					t.Fatalf("got %v, want %v", got.Seats, tt.want)
				}
				if len(got.Shown.Cards) != 1 {
					t.Error("no card is shown")
				}
				w.pass(20 * time.Minute)
				if none := len(tt.want) == 1 && tt.want[0].User == ""; none == w.get(r.ID).Stranded.IsZero() {
					t.Errorf("stranded since %s", w.get(r.ID).Stranded)
				}
				if len(tt.want) == 1 && tt.want[0].User == "ben" {
					w.press(r, "sam", Approve)
					w.press(r, "ben", Approve)
					if w.until(r.ID, Invited).Votes[0].By != id("ben") || len(w.desk.toldTo("sam")) != 1 {
						t.Errorf("sam was told %v", w.desk.toldTo("sam"))
					}
				}
			})
		})
	}
}

// TestACardWaitsForNoFacts of Entra, and shows them as they come.
func TestACardWaitsForNoFacts(t *testing.T) {
	story(t, func(w *world) {
		w.tenant.accounts["joe@acme.example"] = Found{ID: "u9", Guest: true}
		w.tenant.learned.fails("facts", fault{during: func(context.Context) { <-time.After(20 * time.Second) }})
		w.start()
		r := w.submit("falcon")
		w.pass(time.Second)
		if got := w.get(r.ID); len(got.Shown.Cards) != 1 || got.Facts.Tenant != nil {
			t.Errorf("after a second: %+v, %+v", got.Shown, got.Facts)
		}
		w.pass(20 * time.Second)
		got := w.get(r.ID)
		if got.Facts.Tenant == nil || got.Facts.Tenant.Account || got.Facts.Tenant.Count.Guests != 1 || shows(got) != got.Version {
			t.Errorf("then: %+v", got.Facts.Tenant)
		}
	})
}

// TestFactsThatEntraRefusesAreSaidToBeMissing and not asked for on and on.
func TestFactsThatEntraRefusesAreSaidToBeMissing(t *testing.T) {
	story(t, func(w *world) {
		w.tenant.learned.fails("facts", fault{err: &Trouble{Kind: Refused}, always: true})
		w.start()
		r := w.submit("falcon")
		w.pass(hour)
		if got := w.get(r.ID).Facts.Tenant; got == nil || got.Trouble != "refused" || len(w.tenant.learned.calls("facts")) != 1 {
			t.Errorf("%+v after %d questions", got, len(w.tenant.learned.calls("facts")))
		}
	})
}

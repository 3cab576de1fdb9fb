package approvals

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const jane = "jane@acme.example"

var errLost = &Trouble{Kind: Unsure, Text: "connection reset"}

// TestPromise4OneGuest: whatever becomes of the answer to an invitation, no
// second one leaves while the first may have had its effect.
func TestPromise4OneGuest(t *testing.T) {
	hang := func(ctx context.Context) { <-ctx.Done() }
	tests := []struct {
		name    string
		invite  fault
		blind   time.Duration // how long Find does not see a new account
		crash   bool
		invites int
	}{
		{"the answer arrives", fault{}, 0, false, 1},
		{"it invited and the answer was lost", fault{err: errLost, done: true}, 0, false, 1},
		{"it invited, the answer was lost, and the directory is slow", fault{err: errLost, done: true}, 20 * time.Second, false, 1},
		{"it did not invite and the answer was lost", fault{err: errLost}, 0, false, 2},
		{"it invited and the error says nothing", fault{err: errors.New("eof"), done: true}, 20 * time.Second, false, 1},
		{"it invited and the trouble has no kind", fault{err: &Trouble{}, done: true}, 20 * time.Second, false, 1},
		{"it invited and ran out of time", fault{err: context.DeadlineExceeded, done: true}, 20 * time.Second, false, 1},
		{"it invited and we crashed", fault{during: hang, done: true}, 20 * time.Second, true, 1},
		{"it did not invite and we crashed", fault{during: hang}, 0, true, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				w.tenant.fails("invite", tt.invite)
				r := w.submit("falcon")
				w.tenant.blindTo = time.Now().Add(tt.blind)
				w.approve(r)
				w.pass(0)
				if tt.crash {
					w.stop()
					w.start()
				}
				r = w.until(r.ID, Invited)
				calls := w.tenant.calls("invite")
				if len(calls) != tt.invites {
					t.Fatalf("invited %d times, want %d", len(calls), tt.invites)
				}
				if gap := calls[len(calls)-1].At.Sub(calls[0].At); tt.invites > 1 && (gap < unsureFor || gap > 2*unsureFor) {
					t.Errorf("the second invitation left %v after the first", gap)
				}
				if grants := what(w.tenant.calls("grant")); !cmp.Equal(grants, []string{"grant u1 group:g1", "grant u1 group:g2"}) || r.Account.ID != "u1" {
					t.Errorf("grants %v of account %q", grants, r.Account.ID)
				}
			})
		})
	}
}

func TestAnInvitationWhoseAnswerNamesNoAccountIsLookedFor(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.accounts[jane] = Found{Guest: true, Pending: true} // an ID not known yet
		w.tenant.blindTo = time.Now().Add(5 * time.Second)
		r := w.submit("falcon")
		w.approve(r)
		w.pass(10 * time.Second)
		if r = w.get(r.ID); r.State != Inviting || r.Account.ID != "" {
			t.Fatalf("%s with %+v", r.State, r.Account)
		}
		w.tenant.accounts[jane] = Found{ID: "u1", Guest: true, Pending: true}
		w.until(r.ID, Invited)
		if n := len(w.tenant.calls("invite")); n != 1 {
			t.Errorf("invited %d times", n)
		}
	})
}

// TestALostInvitationIsLookedForSinceItWasGivenUp: what counts is not when it left,
// for it may have been on its way for all that time.
func TestALostInvitationIsLookedForSinceItWasGivenUp(t *testing.T) {
	story(t, func(w *world) {
		worker := &Worker{Store: w.store, Tenant: w.tenant, Now: time.Now}
		w.tenant.fails("invite", fault{err: errors.New("eof"), during: func(context.Context) { <-time.After(25 * time.Second) }})
		r := w.approved("falcon")
		r.Account.Tried = time.Now()
		out, err := worker.invite(w.Context(), r, turn{call: callInvite})
		if err != nil {
			w.Fatal(err)
		}
		c, err := worker.keep(r, Owed{Kind: WorkGuest, Request: r.ID}, out)
		if err != nil || !c.Request.Account.Tried.Equal(time.Now()) {
			t.Errorf("looked for since %v, want %v; %v", c.Request.Account.Tried, time.Now(), err)
		}
	})
}

// TestWhatAPlatformAsksForIsWaited: to the second, in every call.
func TestWhatAPlatformAsksForIsWaited(t *testing.T) {
	const asked = 37 * time.Second
	busy := &Trouble{Kind: Later, Status: 429, After: asked}
	for _, call := range []string{
		"find jane", "invite jane", "grant u1 group:g3", "look u1", "takeback u1 group:g1",
		"cards INV-1", "direct INV-1", "answer ben", "person sam", "members S1",
	} {
		t.Run(call, func(t *testing.T) {
			story(t, func(w *world) {
				method, _, _ := strings.Cut(call, " ")
				calls := w.tenant.calls
				if slices.Contains([]string{"cards", "direct", "answer", "person", "members"}, method) {
					calls = w.desk.calls
				}
				w.noFacts()
				w.start()
				w.desk.fails(method, fault{err: busy})
				w.tenant.fails(method, fault{err: busy})
				r := w.submit("harbor")
				w.pass(time.Minute)
				w.press(r, "ben", Approve)
				w.pass(time.Minute)
				w.press(r, "sam", Approve)
				w.until(r.ID, Ended)
				heard := calls(method)
				if len(heard) < 2 {
					t.Fatalf("heard %v", heard)
				}
				if gap := heard[1].At.Sub(heard[0].At); gap < asked || gap > asked+time.Second {
					t.Errorf("called again after %v", gap)
				}
				if calls(call) == nil {
					t.Errorf("nobody heard %q: %v", call, what(calls(method)))
				}
			})
		})
	}
}

func TestAnInvitationThatIsPutOffManyTimesIsTriedMoreAndMoreSeldom(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.fails("invite", fault{err: &Trouble{Kind: Later, Status: 503}, always: true})
		r := w.submit("falcon")
		w.approve(r)
		w.pass(time.Hour)
		calls := w.tenant.calls("invite")
		if n := len(calls); n < 10 || n > 25 {
			t.Errorf("invited %d times in an hour", n)
		}
		if gap := calls[1].At.Sub(calls[0].At); gap > 2*time.Second {
			t.Errorf("the first wait was %v, though nothing had left", gap)
		}
		w.tenant.fails("invite")
		w.until(r.ID, Invited)
	})
}

func TestAGrantWaitsForTheDirectory(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		slow := fault{err: &Trouble{Kind: Replicating, Status: 404}}
		w.tenant.fails("grant", slow, slow, slow, slow, slow)
		r := w.submit("falcon")
		w.approve(r)
		w.until(r.ID, Invited)
		calls := w.tenant.calls("grant u1 group:g1")
		if len(calls) != 6 {
			t.Fatalf("tried %d times", len(calls))
		}
		for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second} {
			if gap := calls[i+1].At.Sub(calls[i].At); gap < want || gap > want+time.Second {
				t.Errorf("wait %d was %v, want %v", i+1, gap, want)
			}
		}
	})
}

// TestWhatEntraRefusesForGoodIsAHumansMatter: it fails with Entra's own words.
func TestWhatEntraRefusesForGoodIsAHumansMatter(t *testing.T) {
	words := "Guest invitations not allowed for your company."
	refused := fault{err: &Trouble{Kind: Refused, Code: "Forbidden", Text: words, RequestID: "5f1c"}}
	account := func(acc Found) func(*world) {
		return func(w *world) { w.tenant.accounts[jane] = acc }
	}
	tests := []struct {
		name  string
		mess  func(w *world)
		doing string
		text  string
		heard []string
	}{
		{"looking", func(w *world) { w.tenant.fails("find", refused) }, "looking for the guest", words, []string{"find " + jane}},
		{"inviting", func(w *world) { w.tenant.fails("invite", refused) }, "inviting the guest", words, []string{"find " + jane, "invite " + jane}},
		{
			"granting", func(w *world) { w.tenant.fails("grant", refused) }, "giving group:g1", words,
			[]string{"find " + jane, "invite " + jane, "grant u1 group:g1"},
		},
		{
			"the address of a member", account(Found{ID: "m1"}), "looking for the guest",
			"this address belongs to a member of the tenant, not to a guest",
			[]string{"find " + jane},
		},
		{
			"a guest whose account is blocked", account(Found{ID: "u7", Guest: true, Disabled: true}), "looking for the guest",
			"this guest is in the tenant, but the account is blocked from signing in",
			[]string{"find " + jane},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				tt.mess(w)
				r := w.submit("falcon")
				w.approve(r)
				r = w.until(r.ID, Failed)
				w.pass(time.Hour)
				if r.Trouble == nil || r.Trouble.Doing != tt.doing || r.Trouble.Text != tt.text || r.Closed.Reason != tt.text {
					t.Errorf("got %+v", r.Trouble)
				}
				if diff := cmp.Diff(tt.heard, what(w.tenant.calls(""))); diff != "" {
					t.Errorf("Entra heard:\n%s", diff)
				}
			})
		})
	}
}

// TestWhatIsRefusedToEverybodyFailsNobody: whatever step met it, in whatever kind.
func TestWhatIsRefusedToEverybodyFailsNobody(t *testing.T) {
	for _, method := range []string{"find", "invite", "grant", "look"} {
		t.Run(method, func(t *testing.T) {
			story(t, func(w *world) {
				w.nap = time.Minute
				w.start()
				w.tenant.fails(method, fault{err: &Trouble{Kind: Refused, Code: "off", Wide: WideToken}, always: true})
				r := w.submit("falcon")
				w.approve(r)
				w.pass(3 * time.Hour)
				w.tenant.fails(method)
				w.until(r.ID, Invited)
				w.tenant.redeem()
				w.until(r.ID, Active)
				if events := w.events(r.ID); slices.Contains(events, "refused by Entra") {
					t.Errorf("the trail: %v", events)
				}
			})
		})
	}
}

func TestADirectoryThatNeverCatchesUpIsAHumansMatter(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.fails("grant", fault{err: &Trouble{Kind: Replicating, Text: "does not exist"}, always: true})
		r := w.submit("falcon")
		w.approve(r)
		w.pass(0)
		began := time.Now()
		r = w.until(r.ID, Failed)
		if took := time.Since(began); took < replicatesFor || took > replicatesFor+10*time.Minute {
			t.Errorf("gave up after %v", took)
		}
		if r.Trouble.Text != "does not exist" {
			t.Errorf("got %+v", r.Trouble)
		}
	})
}

func TestAGuestWhoIsThereIsNotInvited(t *testing.T) {
	joined := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, acc := range map[string]Found{
		"and has joined":                  {ID: "u7", Guest: true, Joined: joined},
		"and joined at a time unknown":    {ID: "u7", Guest: true},
		"and has still to follow a link":  {ID: "u7", Guest: true, Pending: true, Link: "https://myapps"},
		"and turns up while it was tried": {ID: "u7", Guest: true},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				w.tenant.accounts[jane] = acc
				r := w.submit("falcon")
				w.approve(r)
				want := Active
				if acc.Pending {
					want = Invited
				}
				r = w.until(r.ID, want)
				if n := len(w.tenant.calls("invite")); n > 0 || !r.Account.Found || r.Account.ID != "u7" || r.Account.Link != acc.Link {
					t.Errorf("invited %d times, account %+v", n, r.Account)
				}
				if diff := cmp.Diff([]string{"u7 group:g1", "u7 group:g2"}, w.tenant.rights()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestTheEndIsNeverGivenUp: what Entra refuses to take back is asked for again.
func TestTheEndIsNeverGivenUp(t *testing.T) {
	for _, kind := range []TroubleKind{Refused, Later, Unsure, Replicating, ""} {
		t.Run(string(kind), func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				w.tenant.fails("takeback", fault{err: &Trouble{Kind: kind}, always: true})
				r := w.submit("harbor")
				w.approve(r)
				w.until(r.ID, Ending)
				w.pass(time.Hour)
				if r = w.get(r.ID); r.State != Ending {
					t.Fatalf("%s while the guest is in %v", r.State, w.tenant.rights())
				}
				w.tenant.fails("takeback")
				w.until(r.ID, Ended)
				if len(w.tenant.rights()) > 0 {
					t.Errorf("left: %v", w.tenant.rights())
				}
			})
		})
	}
}

// TestASharedGrantStays: harbor (g1, g3) ends after ten minutes, pier (g1) after twenty.
func TestASharedGrantStays(t *testing.T) {
	tests := []struct {
		name string
		mess func(w *world, pier Request)
	}{
		{"approved before", func(w *world, pier Request) { w.approve(pier) }},
		{"approved while it was being taken", func(w *world, pier Request) {
			w.tenant.fails("takeback u1 group:g1", fault{during: func(context.Context) { w.press(pier, "sam", Approve); <-time.After(time.Minute) }})
		}},
		{"approved while it was being taken, and the answer was lost", func(w *world, pier Request) {
			w.tenant.fails("takeback u1 group:g1", fault{done: true, err: errLost, during: func(context.Context) { w.press(pier, "sam", Approve); <-time.After(time.Minute) }})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				harbor, pier := w.submit("harbor"), w.submit("pier")
				w.approve(harbor)
				w.until(harbor.ID, Invited)
				tt.mess(w, pier)
				w.until(harbor.ID, Ended)
				if diff := cmp.Diff([]string{"u1 group:g1"}, w.tenant.rights()); diff != "" {
					t.Errorf("after the end of the first: %s", diff)
				}
				w.until(pier.ID, Ended)
				if len(w.tenant.rights()) > 0 {
					t.Errorf("after the end of both: %v", w.tenant.rights())
				}
			})
		})
	}
}

// TestAnEndThatIsStuckKeepsNoGrantOfAnother: two that end do not leave a shared
// grant to each other.
func TestAnEndThatIsStuckKeepsNoGrantOfAnother(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		harbor, pier := w.submit("harbor"), w.submit("pier")
		w.approve(harbor)
		w.approve(pier)
		w.tenant.fails("takeback u1 group:g3", fault{err: &Trouble{Kind: Refused}, always: true})
		w.until(harbor.ID, Ending)
		w.until(pier.ID, Ended)
		if diff := cmp.Diff([]string{"u1 group:g3"}, w.tenant.rights()); diff != "" {
			t.Error(diff)
		}
	})
}

package approvals

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyEvent draws an event that may or may not make sense, by people who may or
// may not decide, at a time that may or may not be due.
func anyEvent(t *rapid.T, r Request) Event {
	user := rapid.SampledFrom([]string{"ann", "sam", "olga", "omar", "ben", "ada"}).Draw(t, "user")
	who := colleague(user)
	switch rapid.SampledFrom([]string{"", "", "", "", "guest", "bot", "gone", "foreign"}).Draw(t, "kind") {
	case "guest":
		who.Guest = true
	case "bot":
		who.Bot = true
	case "gone":
		who.Deactivated = true
	case "foreign":
		who.Foreign = true
	}
	p := Press{
		By: id(user), Reason: "r", Stage: rapid.IntRange(0, 2).Draw(t, "stage"),
		Verdict: rapid.SampledFrom([]Verdict{Approve, Approve, Approve, Deny, Retry}).Draw(t, "verdict"),
	}
	if len(r.Presses) > 0 && rapid.Bool().Draw(t, "waiting") {
		p = rapid.SampledFrom(r.Presses).Draw(t, "press")
		who.ID = p.By
	}
	key := rapid.SampledFrom([]string{"group:g1", "group:g2", "group:g3"}).Draw(t, "grant")
	account := rapid.SampledFrom([]string{"u1", "u2", ""}).Draw(t, "account")
	return rapid.SampledFrom([]Event{
		Pressed{p},
		Pressed{p},
		Voted{By: who, Groups: groupsOf(r, who.ID.User), Press: p},
		Voted{By: who, Groups: groupsOf(r, who.ID.User), Press: p},
		Dismissed{p, *ErrNotApprover},
		Withdrawn{p.By},
		DeadlinePassed{},
		InviteTried{},
		InviteHeld{},
		GuestFound{ID: account},
		GuestInvited{ID: account},
		GrantMade{key},
		GuestJoined{nine},
		TimeOver{},
		GrantTaken{key},
		StepRefused{},
		Retried{By: who, Admin: user == "ada", Press: p},
	}).Draw(t, "event")
}

// TestWhateverHappens holds the machine's rules against any order of events.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, now := fresh(), nine
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "hours")) * time.Hour)
			ev := anyEvent(t, r)
			was := r.clone()
			next, owed, err := r.Apply(ev, now)
			again, owed2, err2 := r.Apply(ev, now)
			if diff := cmp.Diff(was, r); diff != "" {
				t.Fatalf("%T changed its receiver:\n%s", ev, diff)
			}
			if !cmp.Equal(next, again) || !cmp.Equal(owed, owed2) || !errors.Is(err2, err) {
				t.Fatalf("%T is not the same twice", ev)
			}
			if err != nil {
				if !cmp.Equal(was, next) || owed != nil {
					t.Fatalf("a refusal of %T changed something", ev)
				}
				continue
			}
			if next.Version != was.Version+1 {
				t.Fatalf("%T: version %d after %d", ev, next.Version, was.Version)
			}
			r = next
			holdsPromises(t, was, r, owed)
		}
	})
}

// holdsPromises checks what must be true of every request that events can make.
func holdsPromises(t *rapid.T, was, r Request, owed []Owing) {
	inTenant := r.Account.ID != "" || len(r.Account.Granted) > 0 || !r.Account.Tried.IsZero()
	worksOnGuest := hasOwing(owed, Owing{Kind: WorkGuest}) || r.State == Inviting || r.State == Invited || r.State == Active
	if (inTenant || worksOnGuest) && !fullyApproved(r) {
		t.Fatalf("access without approval: %s with votes %v", r.State, r.Votes)
	}
	switch was.State {
	case Denied, Cancelled, TimedOut, Ended:
		if r.State != was.State {
			t.Fatalf("%s went on to %s", was.State, r.State)
		}
	case Pending, Inviting, Invited, Active, Ending, Failed:
	}
	if was.Account.ID != "" && was.Account.ID != r.Account.ID {
		t.Fatalf("the guest changed from %s to %s", was.Account.ID, r.Account.ID)
	}
	if r.State == Active && (r.Account.Joined.IsZero() || len(r.Account.Granted) != len(r.Access.Grants)) {
		t.Fatalf("active without having joined or without every grant: %+v", r.Account)
	}
	if r.State == Pending && r.Deadline.IsZero() {
		t.Fatal("pending without a deadline")
	}
	if r.State != was.State && !hasOwing(owed, Owing{Kind: WorkCards}) {
		t.Fatalf("%s to %s leaves the card untrue", was.State, r.State)
	}
}

// fullyApproved counts, apart from the machine, the distinct entitled people
// other than the requester who approved each stage.
func fullyApproved(r Request) bool {
	for i, stage := range r.Access.Stages {
		yes := map[string]bool{}
		for _, v := range r.Votes {
			entitled := v.By.User == "omar" && i == 1
			for _, g := range stage.Groups() {
				entitled = entitled || has(members[g], v.By.User)
			}
			if v.Verdict == Deny {
				return false
			}
			if v.Stage == i && entitled && v.By.User != r.Requester.User {
				yes[v.By.User] = true
			}
		}
		if len(yes) < stage.Quorum {
			return false
		}
	}
	return true
}

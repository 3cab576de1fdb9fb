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
		Tag:     rapid.SampledFrom([]string{r.Tag, r.Tag, r.Tag, older, ""}).Draw(t, "tag"),
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
		Withdrawn{p.By, p.Tag},
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
		Delayed{Trouble{Code: key}},
		Erased{},
		Retried{By: who, Admin: user == "ada", Press: p},
	}).Draw(t, "event")
}

// sensible are the events that bring a request on, so that a run gets somewhere.
func sensible(r Request) (evs []Event) {
	press := func(user string, v Verdict) Event {
		return Pressed{Press{By: id(user), Verdict: v, Reason: "r", Stage: r.Stage, Tag: r.Tag}}
	}
	for _, p := range r.Presses {
		who := colleague(p.By.User)
		evs = append(evs, Voted{By: who, Groups: groupsOf(r, p.By.User), Press: p}, Retried{By: who, Admin: p.By.User == "ada", Press: p})
	}
	switch r.State {
	case Pending:
		evs = append(evs, press("sam", Approve), press("olga", Approve), press("omar", Approve))
	case Inviting:
		evs = append(evs, InviteTried{}, GuestInvited{ID: "u1"}, GrantMade{"group:g1"}, GrantMade{"group:g2"}, GuestJoined{nine}, StepRefused{})
	case Failed:
		evs = append(evs, press("ada", Retry), Erased{})
	case Ending:
		evs = append(evs, GrantTaken{"group:g1"}, GrantTaken{"group:g2"})
	case Invited:
		evs = append(evs, GuestJoined{nine})
	case Ended:
		evs = append(evs, GrantMade{"group:g1"})
	case Active, Denied, Cancelled, TimedOut:
	}
	return append(evs, TimeOver{}, DeadlinePassed{})
}

// TestWhateverHappens holds the machine's rules against any order of events, with
// the same ones again and stale ones among them, and a clock that also steps back.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, now := fresh(), nine
		told := tale{pressed: map[button]int{}}
		var earlier []Event
		smoothly := rapid.IntRange(0, len(invited)).Draw(t, "smoothly") // as everybody wishes, up to here
		for n := range smoothly + rapid.IntRange(1, 40).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 1, 2, 20, 30, 300, -1, -12}).Draw(t, "hours")) * time.Hour)
			var ev Event
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case n < smoothly:
				ev, now = invited[n](r, now), nine.Add(time.Duration(n)*time.Minute)
			case kind < 6:
				ev = rapid.SampledFrom(sensible(r)).Draw(t, "sensible")
			case kind < 9 || len(earlier) == 0:
				ev = anyEvent(t, r)
			default:
				ev = rapid.SampledFrom(earlier).Draw(t, "earlier")
			}
			earlier = append(earlier, ev)
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
			told.goesOn(t, was, r, ev, now)
		}
	})
}

// tale is what has become of a request so far, apart from the machine.
type tale struct {
	pressed map[button]int // the stages of the buttons whose press was kept
	outcome string         // of the decision: let in, or how it ended
	until   time.Time
}

type button struct {
	user string
	at   time.Time
}

// goesOn checks promises 2 and 3 over time: one outcome that nothing turns
// round, no vote that was pressed after its stage's deadline, no end before its time.
func (o *tale) goesOn(t *rapid.T, was, is Request, ev Event, now time.Time) {
	if p, ok := ev.(Pressed); ok && p.Tag != was.Tag {
		t.Fatalf("a press on the card of another request was kept: %+v", p)
	}
	if w, ok := ev.(Withdrawn); ok && w.Tag != was.Tag {
		t.Fatalf("the card of another request withdrew this one: %+v", w)
	}
	if p, ok := ev.(Pressed); ok && p.Verdict != Retry {
		if was.State != Pending || !now.Before(was.Deadline) {
			t.Fatalf("a press was kept at %s, the deadline of %s was %s", now, was.State, was.Deadline)
		}
		o.pressed[button{p.By.User, now}] = p.Stage
	}
	for _, v := range is.Votes[len(was.Votes):] {
		if stage, ok := o.pressed[button{v.By.User, v.At}]; !ok || stage != v.Stage || !v.At.Before(was.Deadline) || v.Stage != was.Stage || was.State != Pending {
			t.Fatalf("in stage %d, %s until %s, this vote counted: %+v", was.Stage, was.State, was.Deadline, v)
		}
	}
	if len(is.Votes) < len(was.Votes) || is.State == Pending && is.Stage < was.Stage {
		t.Fatalf("the decision went back from stage %d, %v", was.Stage, was.Votes)
	}
	if is.State == TimedOut && was.State == Pending && (now.Before(was.Deadline) || len(was.Presses) > 0) {
		t.Fatalf("timed out at %s, before %s or with presses %v", now, was.Deadline, was.Presses)
	}
	if o.outcome != "" && is.State == Pending {
		t.Fatalf("%s is pending again", o.outcome)
	}
	if was.State == Pending && is.State != Pending {
		if o.outcome != "" {
			t.Fatalf("%s after %s", is.State, o.outcome)
		}
		o.outcome, o.until = string(is.State), is.Until
	}
	if !is.Until.Equal(o.until) {
		t.Fatalf("the end moved from %s to %s", o.until, is.Until)
	}
	if was.State == Ending && is.State != Ending && is.State != Ended {
		t.Fatalf("what was ending is %s", is.State)
	}
	if (is.State == Ending || is.State == Ended) && was.State != is.State && was.State != Ending && was.State != Ended && now.Before(is.Until) {
		t.Fatalf("%s at %s, before %s", is.State, now, is.Until)
	}
	if is.State == Inviting && was.State == Failed && !now.Before(is.Until) {
		t.Fatalf("tried again at %s, after the end at %s", now, is.Until)
	}
}

// holdsPromises checks what must be true of every request that events can make.
func holdsPromises(t *rapid.T, was, r Request, owed []Owing) {
	inTenant := r.Account.ID != "" || len(r.Account.Granted) > 0 || !r.Account.Tried.IsZero()
	worksOnGuest := hasOwing(owed, Owing{Kind: WorkGuest}) || r.State == Inviting || r.State == Invited || r.State == Active
	if (inTenant || worksOnGuest) && !fullyApproved(r) {
		t.Fatalf("access without approval: %s with votes %v", r.State, r.Votes)
	}
	switch was.State {
	case Denied, Cancelled, TimedOut:
		if r.State != was.State {
			t.Fatalf("%s went on to %s", was.State, r.State)
		}
	case Ended:
		if r.State != Ended && (r.State != Ending || !hasOwing(owed, Owing{Kind: WorkGuest}) || len(r.Account.Taken) >= len(was.Account.Taken)) {
			t.Fatalf("what ended went on to %s with %v taken of %v", r.State, r.Account.Taken, was.Account.Taken)
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
	if !r.Erased.IsZero() && (r.Live() || r.Guest != Guest{} || r.Waits()) {
		t.Fatalf("erased, and %s for %+v", r.State, r.Guest)
	}
	if (r.State == Failed) != (was.State == Failed) && !hasOwing(owed, Owing{Kind: WorkFailure}) {
		t.Fatalf("%s to %s, and no admin hears of it", was.State, r.State)
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

package approvals

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var cast = []string{"ann", "sam", "olga", "omar", "ben", "ada"}

// given are the rights that somebody has from somebody else, while a tale lasts.
type given map[string][]string // by whom they were given to

// anyPress draws a press that may or may not make sense.
func anyPress(t *rapid.T, r Request, user string) Press {
	p := Press{
		By: id(user), Reason: rapid.SampledFrom([]string{"r", "r", "r", ""}).Draw(t, "reason"),
		Stage: rapid.SampledFrom([]int{r.Stage, r.Stage, 0, 1, 2}).Draw(t, "stage"),
		Verdict: rapid.SampledFrom([]Verdict{
			Approve, Approve, Approve, Narrow, Narrow, Deny, Ask, OnIt, Undo, Undo, Revoke, Retry,
		}).Draw(t, "verdict"),
		Edition: rapid.SampledFrom([]int{r.Edition, r.Edition, r.Edition, r.Edition - 1, 0}).Draw(t, "edition"),
		Tag:     rapid.SampledFrom([]string{r.Tag, r.Tag, r.Tag, r.Tag, older, ""}).Draw(t, "tag"),
		Choose:  rapid.SampledFrom(append(cast, "", "", "")).Draw(t, "chosen"),
	}
	if p.Verdict == Narrow {
		p.Terms, p.Also = new(anyTerms(t, r)), rapid.Bool().Draw(t, "also")
	}
	return p
}

// anyTerms draws terms that may be less, more or nonsense.
func anyTerms(t *rapid.T, r Request) Terms {
	is := r.Terms()
	switch rapid.SampledFrom([]string{"for", "for", "ends", "ends", "open", "none", ""}).Draw(t, "length") {
	case "for":
		is.For, is.Ends, is.OpenEnded = time.Duration(rapid.IntRange(-1, 40).Draw(t, "days"))*day, time.Time{}, false
	case "ends":
		is.For, is.Ends, is.OpenEnded = 0, nine.Add(time.Duration(rapid.IntRange(-1, 40).Draw(t, "days"))*day), false
	case "open":
		is.For, is.Ends, is.OpenEnded = 0, time.Time{}, true
	case "none":
		is.For, is.Ends, is.OpenEnded = 0, time.Time{}, false
	}
	if rapid.Bool().Draw(t, "other grants") {
		is.Grants = rapid.SampledFrom([][]Grant{nil, {{Group: "g1"}}, {{Group: "g2"}}, {{Group: "g1"}, {Group: "g2"}}, {{Group: "g3"}, {Group: "g1"}}}).Draw(t, "grants")
	}
	is.Name = rapid.SampledFrom([]string{is.Name, is.Name, "Mallory"}).Draw(t, "name")
	return is
}

// described is somebody as Slack says, with the right that they were given.
func described(t *rapid.T, r Request, g given, p Press) Voted {
	who := colleague(p.By.User)
	switch rapid.SampledFrom([]string{"", "", "", "", "", "", "guest", "bot", "gone", "foreign", "other"}).Draw(t, "kind") {
	case "guest":
		who.Guest = true
	case "bot":
		who.Bot = true
	case "gone":
		who.Deactivated = true
	case "foreign":
		who.Foreign = true
	case "other":
		who = colleague(rapid.SampledFrom(cast).Draw(t, "other"))
	}
	return truly(t, r, g, p, who)
}

func truly(t *rapid.T, _ Request, g given, p Press, who Person) Voted {
	ev := Voted{By: who, Groups: groupsOfUser(who.ID.User), Press: p}
	if owners := g[who.ID.User]; len(owners) > 0 && rapid.IntRange(0, 3).Draw(t, "with another's right") > 0 {
		owner := rapid.SampledFrom(owners).Draw(t, "owner")
		ev.Behalf = Behalf{Of: colleague(owner), Groups: groupsOfUser(owner)}
		ev.Behalf.Of.Deactivated = owner == "gus"
	}
	if p.Choose != "" {
		ev.Chosen = new(colleague(p.Choose))
		ev.Chosen.Bot = p.Choose == "ada"
	}
	return ev
}

// anyEvent draws an event that may or may not make sense, by people who may or
// may not decide, at a time that may or may not be due.
func anyEvent(t *rapid.T, r Request, g given) Event {
	user := rapid.SampledFrom(cast).Draw(t, "user")
	p := anyPress(t, r, user)
	if len(r.Presses) > 0 && rapid.Bool().Draw(t, "waiting") {
		p = rapid.SampledFrom(r.Presses).Draw(t, "press")
	}
	voted := described(t, r, g, p)
	who, admin := voted.By, voted.By.ID.User == "ada"
	key := rapid.SampledFrom([]string{"group:g1", "group:g2", "group:g3"}).Draw(t, "grant")
	account := rapid.SampledFrom([]string{"u1", "u2", ""}).Draw(t, "account")
	seat := Seat{rapid.IntRange(0, 2).Draw(t, "seat's stage"), rapid.SampledFrom([]string{RoleManager, RoleChosen, RoleSponsors}).Draw(t, "role"), rapid.SampledFrom(append(cast, "")).Draw(t, "seated")}
	asked := rapid.SampledFrom(append(r.Talk, Exchange{At: nine})).Draw(t, "question").At
	lead := Request{ID: rapid.SampledFrom([]RequestID{"INV-9", r.Lead}).Draw(t, "lead"), Closed: &Closed{Verdict: Revoke, At: nine}}
	return rapid.SampledFrom([]Event{
		Pressed{p},
		Pressed{p},
		voted, voted, voted,
		Dismissed{p, *ErrNotApprover},
		Withdrawn{p.By, p.Tag},
		Edited{By: p.By, Tag: p.Tag, Edition: p.Edition, Terms: anyTerms(t, r)},
		Answered{By: p.By, Tag: p.Tag, Asked: asked, Text: p.Reason},
		Nudged{By: p.By, Tag: p.Tag},
		Undone{By: who, Press: p},
		Undone{By: who, Press: p},
		Revoked{By: who, Groups: voted.Groups, Admin: admin, Press: p},
		LeadRevoked{lead},
		Seated{seat},
		FactsFound{},
		DomainsCounted{map[string]DomainCount{r.Facts.Domain: {Live: rapid.IntRange(0, 1).Draw(t, "live")}}},
		NobodyLeft{p.Stage},
		SomebodyLeft{p.Stage},
		Ticked{},
		Spread{rapid.IntRange(-1, 3).Draw(t, "index"), Child{ID: "INV-5", State: Inviting}},
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
		Retried{By: who, Admin: admin, Press: p},
	}).Draw(t, "event")
}

// sensible are the events that bring a request on, so that a run gets somewhere.
func sensible(t *rapid.T, r Request, g given) (evs []Event) {
	press := func(user string, v Verdict) Event {
		p := Press{By: id(user), Verdict: v, Reason: "r", Stage: r.Stage, Edition: r.Edition, Tag: r.Tag}
		if r.Choosing() {
			p.Choose = "ben"
		}
		return Pressed{p}
	}
	for _, p := range r.Presses {
		voted := truly(t, r, g, p, colleague(p.By.User))
		switch p.Verdict {
		case Undo:
			evs = append(evs, Undone{By: voted.By, Press: p})
		case Revoke:
			evs = append(evs, Revoked{By: voted.By, Groups: voted.Groups, Admin: p.By.User == "ada", Press: p})
		case Retry:
			evs = append(evs, Retried{By: voted.By, Admin: p.By.User == "ada", Press: p})
		case Approve, Deny, Narrow, Ask, OnIt:
			evs = append(evs, voted, voted)
		}
	}
	switch r.State {
	case Pending:
		for _, user := range []string{"sam", "olga", "omar", "ben"} {
			evs = append(evs, press(user, Approve))
		}
		evs = append(evs, Seated{Seat{r.Stage, RoleManager, "ben"}}, NobodyLeft{r.Stage}, Ticked{})
		if e, is := r.Asked(); is {
			evs = append(evs, Answered{By: r.Requester, Tag: r.Tag, Asked: e.At, Text: "yes"})
		}
	case Inviting:
		evs = append(evs, InviteTried{}, GuestInvited{ID: "u1"}, GrantMade{"group:g1"}, GrantMade{"group:g2"}, GuestJoined{nine}, StepRefused{}, Ticked{})
		for i := range r.Guests {
			evs = append(evs, Spread{i, Child{ID: "INV-5"}})
		}
		if !r.Hold.IsZero() {
			evs = append(evs, press("omar", Undo), press("olga", Undo), press("sam", Undo))
		}
	case Failed:
		evs = append(evs, press("ada", Retry), Erased{}, press("ada", Revoke))
	case Ending:
		evs = append(evs, GrantTaken{"group:g1"}, GrantTaken{"group:g2"})
	case Invited:
		evs = append(evs, GuestJoined{nine})
	case Ended:
		evs = append(evs, GrantMade{"group:g1"})
	case Active, Split:
		evs = append(evs, press("ann", Revoke))
	case Denied, Cancelled, TimedOut:
	}
	return append(evs, TimeOver{}, DeadlinePassed{})
}

// anyBeginning draws what was asked for, of whom, and who gave whom their right.
func anyBeginning(t *rapid.T) (Request, given, bool) {
	a, plain := falcon(), true
	switch rapid.IntRange(0, 5).Draw(t, "access") {
	case 1: // who decides comes out on the way
		plain = false
		a.Stages[0].Approvers = []string{RoleManager, "S1"}
		a.Stages[0].Escalate = &Escalation{After: 2 * hour, Approvers: []string{"ben", "ann"}, Deadline: 30 * hour}
		a.Stages[1].Approvers = []string{RoleChosen, "omar", "S2"}
	case 2: // one stage
		plain, a.Stages = false, a.Stages[1:]
	case 3: // others come in at the end
		plain = false
		a.Stages[1].Escalate = &Escalation{Approvers: []string{"ben"}, Deadline: hour}
		a.Stages[0].Quorum = 0 // which still is one
	}
	plan := Plan{Requester: id("ann"), Access: a, Guest: Guest{Email: jane, Name: "Jane"}, Terms: Terms{For: 30 * day, Grants: a.Grants, Name: "Jane"}}
	limits := Limits{Hold: rapid.SampledFrom([]time.Duration{0, time.Minute, 3 * hour}).Draw(t, "hold")}
	plain = plain && limits.Hold == 0
	switch rapid.IntRange(0, 5).Draw(t, "terms") {
	case 1:
		plan.Terms.For, plan.Terms.Ends, plain = 0, nine.Add(30*day), false
	case 2:
		plan.Terms.For, plan.Terms.OpenEnded, plain = 0, true, false
	}
	if rapid.IntRange(0, 3).Draw(t, "several") == 0 {
		plan.Guest, plan.Guests, plain = Guest{}, []Guest{{Email: "a@acme.example", Name: "Jane"}, {Email: "b@acme.example"}}, false
		plan.Terms.Name = ""
	}
	if rapid.IntRange(0, 9).Draw(t, "by rule") == 0 {
		plan.Approved, plan.Access.Stages, plain = true, nil, false
	}
	g := given{}
	for range rapid.IntRange(0, 3).Draw(t, "delegations") {
		to := rapid.SampledFrom(cast).Draw(t, "to")
		g[to] = append(g[to], rapid.SampledFrom(append(cast, "gus")).Draw(t, "from"))
	}
	r := Open("INV-1", plan, limits, nine).Request
	if len(plan.Guests) == 0 && rapid.IntRange(0, 3).Draw(t, "of a lead") == 0 {
		r.Lead = "INV-7"
	}
	return r, g, plain
}

// TestWhateverHappens holds the machine's rules against any order of events, with
// the same ones again and stale ones among them, and a clock that also steps back.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, g, plain := anyBeginning(t)
		now := nine
		told := newTale(r, g)
		var earlier []Event
		smoothly := 0 // as everybody wishes, up to here
		if plain {
			smoothly = rapid.IntRange(0, len(invited)).Draw(t, "smoothly")
		}
		for n := range smoothly + rapid.IntRange(1, 40).Draw(t, "events") {
			now = now.Add(rapid.SampledFrom([]time.Duration{
				0, 0, 0, 0, 0, 0, time.Second, 30 * time.Second, 2 * time.Minute, hour, hour, 2 * hour, 20 * hour, 30 * hour, 300 * hour, -hour, -12 * hour,
			}).Draw(t, "later"))
			var ev Event
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case n < smoothly:
				ev, now = invited[n](r, now), nine.Add(time.Duration(n)*time.Minute)
			case kind < 6:
				ev = rapid.SampledFrom(sensible(t, r, g)).Draw(t, "sensible")
			case kind < 9 || len(earlier) == 0:
				ev = anyEvent(t, r, g)
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
			told.notes(t, was, r, ev, now)
			holdsPromises(t, was, r, ev, owed)
			told.goesOn(t, was, r, ev, now)
			told.letsIn(t, was, r, ev, owed, now)
		}
	})
}

// holdsPromises checks what must be true of every request that events can make.
func holdsPromises(t *rapid.T, was, r Request, ev Event, owed []Owing) {
	switch was.State {
	case Denied, Cancelled, TimedOut:
		if r.State != was.State {
			t.Fatalf("%s went on to %s", was.State, r.State)
		}
	case Ended:
		if r.State != Ended && (r.State != Ending || !hasOwing(owed, Owing{Kind: WorkGuest}) || len(r.Account.Taken) >= len(was.Account.Taken)) {
			t.Fatalf("what ended went on to %s with %v taken of %v", r.State, r.Account.Taken, was.Account.Taken)
		}
	case Pending, Inviting, Invited, Active, Ending, Split, Failed:
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
	if !r.Erased.IsZero() && (r.Live() || r.Guest != Guest{} || len(r.Addresses())+len(r.Talk)+len(r.Edits)+len(r.Filled)+len(r.Presses) > 0 || r.Waits()) {
		t.Fatalf("erased, and %s for %+v", r.State, r)
	}
	if (r.State == Failed) != (was.State == Failed) && !hasOwing(owed, Owing{Kind: WorkFailure}) {
		t.Fatalf("%s to %s, and no admin hears of it", was.State, r.State)
	}
	if r.State != was.State && !hasOwing(owed, Owing{Kind: WorkCards}) {
		t.Fatalf("%s to %s leaves the card untrue", was.State, r.State)
	}
	switch ev.(type) {
	case Voted, Undone, Revoked, Retried: // with which the judging stops for the time
		if len(r.Presses) > 0 && (r.State != was.State || r.Stage != was.Stage) && !owes(owed, WorkVotes) {
			t.Fatalf("%T: %s to %s, and nobody judges %v", ev, was.State, r.State, r.Presses)
		}
	}
	if len(r.Calls) > len(was.Calls) && !owes(owed, WorkThread) {
		t.Fatalf("%T: nobody says %v", ev, r.Calls)
	}
	if len(r.Answers) > len(was.Answers) && !owes(owed, WorkAnswers) {
		t.Fatalf("%T: nobody tells %v", ev, r.Answers)
	}
	if _, again := ev.(Retried); again || r.State == Ending || !r.Live() { // which comes after every hold; and what waits for no time
		return
	}
	if due := r.due(); !due.IsZero() && !due.Equal(was.due()) && (was.due().IsZero() || due.Before(was.due())) && !owes(owed, WorkClock) {
		t.Fatalf("%T: due at %s, before %s, and nobody looks at the clock", ev, due, was.due())
	}
}

func owes(owed []Owing, kind Work) bool {
	return slices.ContainsFunc(owed, func(o Owing) bool { return o.Kind == kind })
}

// fullyApproved counts, apart from the machine, the distinct entitled people
// other than the requester who approved each stage of falcon.
func fullyApproved(r Request) bool {
	for i, stage := range r.Access.Stages {
		yes := map[string]bool{}
		for _, v := range r.Votes {
			entitled := v.By.User == "omar" && i == 1
			for _, g := range groupsOf(stage.Approvers) {
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

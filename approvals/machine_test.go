package approvals

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// older is the tag of a request that was opened a moment before nine.
var older = newTag(nine.Add(-1))

const team = "T0NORTH"

func id(user string) PersonID { return PersonID{Team: team, User: user} }

func colleague(user string) Person { return Person{ID: id(user), Name: user} }

// falcon has two stages: one sponsor, then two owners.
func falcon() Access {
	return Access{
		ID: "falcon", Title: "Project Falcon",
		Grants:    []Grant{{Group: "g1"}, {Group: "g2"}},
		Durations: []time.Duration{30 * 24 * time.Hour},
		Stages: []Stage{
			{Name: "Sponsor", Channel: "C1", Approvers: []string{"S1"}, Quorum: 1, Deadline: 24 * time.Hour},
			{Name: "Owners", Channel: "C2", Approvers: []string{"S2", "omar"}, Quorum: 2, Deadline: 48 * time.Hour},
		},
	}
}

// members of the user groups that the stages name.
var members = map[string][]string{"S1": {"sam", "ann"}, "S2": {"olga", "ann", "sam"}}

func fresh() Request {
	d := Draft{By: colleague("ann"), Email: "jane@acme.example", Name: "Jane", Access: "falcon", For: 30 * 24 * time.Hour, Reason: "kick-off"}
	return open(d, falcon(), nine).Request
}

// open makes the first version of a request without asking a policy.
func open(d Draft, a Access, now time.Time) Change {
	return Open("INV-1", Plan{
		Requester: d.By.ID, Guest: Guest{Email: d.Email, Name: d.Name, Company: d.Company}, Access: a,
		Terms: Terms{For: d.For, Ends: d.Ends, OpenEnded: d.OpenEnded, Grants: a.Grants, Reason: d.clean().Reason},
	}, Limits{}, now)
}

// step is one thing that happens in a table, on the request as it is by then.
type step func(r Request, now time.Time) Event

func just(ev Event) step { return func(Request, time.Time) Event { return ev } }

// press is somebody's press; judged is the worker's word on it with true facts.
func press(user string, v Verdict) step {
	return func(r Request, _ time.Time) Event {
		return Pressed{Press{By: id(user), Verdict: v, Reason: "because", Stage: r.Stage, Edition: r.Edition, Tag: r.Tag}}
	}
}

func withdraw(user string) []step {
	return []step{func(r Request, _ time.Time) Event { return Withdrawn{By: id(user), Tag: r.Tag} }}
}

// old is a button drawn for another request that has this number, or had it once.
func old(tag string, press Press) []step {
	press.Reason, press.Tag = "because", tag
	return one(Pressed{press})
}

func judged(user string) step { return judgedAs(colleague(user)) }

func judgedAs(who Person) step {
	return func(r Request, _ time.Time) Event {
		for _, p := range r.Presses {
			if p.By.Same(who.ID) {
				return Voted{By: who, Groups: groupsSeen(r, who.ID.User), Press: p}
			}
		}
		return Voted{By: who, Press: Press{By: who.ID}}
	}
}

func groupsSeen(r Request, user string) []string {
	var in []string
	for _, g := range groupsOf(r.CurrentStage().Approvers) {
		if has(members[g], user) {
			in = append(in, g)
		}
	}
	return in
}

func retry(user string, admin bool) []step {
	return []step{
		press(user, Retry),
		func(r Request, _ time.Time) Event {
			return Retried{By: colleague(user), Admin: admin, Press: r.Presses[0]}
		},
	}
}

func yes(user string) []step { return []step{press(user, Approve), judged(user)} }
func no(user string) []step  { return []step{press(user, Deny), judged(user)} }

func steps(all ...[]step) []step {
	var out []step
	for _, s := range all {
		out = append(out, s...)
	}
	return out
}

func one(ev Event) []step { return []step{just(ev)} }

var approved = steps(yes("sam"), yes("olga"), yes("omar"))

var invited = steps(approved, one(InviteTried{}), one(GuestInvited{ID: "u1", Link: "https://redeem"}), one(GrantMade{"group:g1"}), one(GrantMade{"group:g2"}))

// play applies all steps; the last one's error counts, the others must be accepted.
func play(t *testing.T, now time.Time, all []step) (Request, []Owing, error) {
	t.Helper()
	r := fresh()
	var owed []Owing
	for i, s := range all {
		ev := s(r, now)
		before := r
		next, o, err := r.Apply(ev, now)
		if err != nil {
			if diff := cmp.Diff(before, next); diff != "" {
				t.Errorf("a refusal of %T changed the request:\n%s", ev, diff)
			}
			if i < len(all)-1 {
				t.Fatalf("step %d (%T) was refused: %v", i, ev, err)
			}
			return next, nil, err
		}
		if next.Version != r.Version+1 {
			t.Errorf("step %d (%T): version %d after %d", i, ev, next.Version, r.Version)
		}
		r, owed = next, o
	}
	return r, owed, nil
}

func TestApply(t *testing.T) {
	guest := colleague("sam")
	guest.Guest = true
	bot := colleague("sam")
	bot.Bot = true
	gone := colleague("sam")
	gone.Deactivated = true
	foreign := colleague("sam")
	foreign.Foreign = true
	tests := []struct {
		name string
		at   time.Duration // after nine
		do   []step
		want State
		err  error
	}{
		{"one stage is not enough", 0, yes("sam"), Pending, nil},
		{"half a quorum waits", 0, steps(yes("sam"), yes("olga")), Pending, nil},
		{"the last quorum approves", 0, approved, Inviting, nil},
		{"one person counts once in a stage", 0, steps(yes("sam"), yes("olga"), []step{press("olga", Approve)}), Pending, ErrRepeated},
		{"the same person may decide in two stages", 0, steps(yes("sam"), yes("sam"), yes("olga")), Inviting, nil},
		{"nobody approves their own", 0, []step{press("ann", Approve)}, Pending, ErrOwnRequest},
		{"nobody denies their own", 0, []step{press("ann", Deny)}, Pending, ErrOwnRequest},
		{"an approver of another stage waits their turn", 0, yes("olga"), Pending, ErrNotApprover},
		{"a stranger to the policy decides nothing", 0, yes("ben"), Pending, ErrNotApprover},
		{"deny needs the same right as approve", 0, no("ben"), Pending, ErrNotApprover},
		{"a Slack guest decides nothing", 0, []step{press("sam", Approve), judgedAs(guest)}, Pending, ErrSlackGuest},
		{"a bot decides nothing", 0, []step{press("sam", Approve), judgedAs(bot)}, Pending, ErrBot},
		{"a deactivated person decides nothing", 0, []step{press("sam", Approve), judgedAs(gone)}, Pending, ErrDeactivated},
		{"a Slack Connect visitor decides nothing", 0, []step{press("sam", Approve), judgedAs(foreign)}, Pending, ErrForeign},
		{"one no ends it", 0, steps(yes("sam"), yes("olga"), no("omar")), Denied, nil},
		{"a no needs a reason", 0, []step{func(r Request, _ time.Time) Event {
			return Pressed{Press{By: id("sam"), Verdict: Deny, Reason: "  ", Tag: r.Tag}}
		}}, Pending, ErrDenyReason},
		{"a press for another stage is stale", 0, steps(yes("sam"), []step{just(Pressed{Press{By: id("olga"), Verdict: Approve, Stage: 0, Tag: newTag(nine)}})}), Pending, ErrStaleStage},
		{"a press at the deadline is too late", 24 * time.Hour, []step{press("sam", Approve)}, Pending, ErrTooLate},
		{"a vote that nobody pressed counts nothing", 0, []step{judged("sam")}, Pending, ErrNotDue},
		{"a press after the end is told the end", 0, steps(no("sam"), []step{press("olga", Approve)}), Denied, ErrDecided},
		{"the requester withdraws", 0, withdraw("ann"), Cancelled, nil},
		{"nobody else withdraws", 0, withdraw("sam"), Pending, ErrOnlyRequester},
		{"nothing is withdrawn after the decision", 0, steps(approved, withdraw("ann")), Inviting, ErrNotCancellable},
		{"an early timer is ignored", 24*time.Hour - 1, one(DeadlinePassed{}), Pending, ErrNotDue},
		{"no answer is a no", 24 * time.Hour, one(DeadlinePassed{}), TimedOut, nil},
		{"a timer after the decision is ignored", 0, steps(no("sam"), one(DeadlinePassed{})), Denied, ErrNotDue},
		{"nobody is invited without approval", 0, one(GuestInvited{ID: "u1"}), Pending, ErrNotDue},
		{"nobody is found without approval", 0, one(GuestFound{ID: "u1"}), Pending, ErrNotDue},
		{"nothing is granted without approval", 0, one(GrantMade{"group:g1"}), Pending, ErrNotDue},
		{"a denied request invites nobody", 0, steps(no("sam"), one(InviteTried{})), Denied, ErrNotDue},
		{"one grant of two is not all", 0, steps(approved, one(GuestInvited{ID: "u1"}), one(GrantMade{"group:g1"})), Inviting, nil},
		{"every grant in place is invited", 0, invited, Invited, nil},
		{"a grant that was not asked for is refused", 0, steps(approved, one(GuestInvited{ID: "u1"}), one(GrantMade{"group:g9"})), Inviting, ErrNotDue},
		{"a grant counts once", 0, steps(approved, one(GuestInvited{ID: "u1"}), one(GrantMade{"group:g1"}), one(GrantMade{"group:g1"})), Inviting, ErrNotDue},
		{"a request has one guest", 0, steps(approved, one(GuestInvited{ID: "u1"}), one(GuestInvited{ID: "u2"})), Inviting, ErrNotDue},
		{"the guest joins", 0, steps(invited, one(GuestJoined{nine})), Active, nil},
		{"joining early waits for the grants", 0, steps(approved, one(GuestInvited{ID: "u1"}), one(GuestJoined{nine})), Inviting, nil},
		{"who had joined before is active at once", 0, steps(approved, one(GuestFound{ID: "u1", Joined: nine}), one(GrantMade{"group:g1"}), one(GrantMade{"group:g2"})), Active, nil},
		{"Entra refuses for good", 0, steps(approved, one(StepRefused{Trouble{Text: "blocked"}})), Failed, nil},
		{"an admin tries again", 0, steps(approved, one(StepRefused{}), retry("ada", true)), Inviting, nil},
		{"nobody else tries again", 0, steps(approved, one(StepRefused{}), retry("sam", false)), Failed, ErrOnlyAdmins},
		{"an approval is no wish to try again", 0, append([]step{press("ada", Approve)}, retry("ada", true)[1]), Pending, ErrNotDue},
		{"only a failure is tried again", 0, []step{press("ada", Retry)}, Pending, ErrNotRetryable},
		{"an older request's Approve", 0, old(older, Press{By: id("sam"), Verdict: Approve}), Pending, ErrOldCard},
		{"an older request's Deny", 0, old(older, Press{By: id("sam"), Verdict: Deny}), Pending, ErrOldCard},
		{"an older request's Try again", 0, steps(approved, one(StepRefused{}), old(older, Press{By: id("ada"), Verdict: Retry})), Failed, ErrOldCard},
		{"an older request's Withdraw", 0, one(Withdrawn{id("ann"), older}), Pending, ErrOldCard},
		{"an Approve that does not say whose it is", 0, old("", Press{By: id("sam"), Verdict: Approve}), Pending, ErrOldCard},
		{"a Deny that does not say whose it is", 0, old("", Press{By: id("sam"), Verdict: Deny}), Pending, ErrOldCard},
		{"a Try again that does not say whose it is", 0, steps(approved, one(StepRefused{}), old("", Press{By: id("ada"), Verdict: Retry})), Failed, ErrOldCard},
		{"a Withdraw that does not say whose it is", 0, one(Withdrawn{id("ann"), ""}), Pending, ErrOldCard},
		{"an older request's button does not tell what became of this one", 0, steps(no("sam"), old(older, Press{By: id("sam"), Verdict: Approve})), Denied, ErrOldCard},
		{"access does not end early", 0, steps(invited, one(TimeOver{})), Invited, ErrNotDue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := play(t, nine.Add(tt.at), tt.do)
			if got.State != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %s, %v; want %s, %v", got.State, err, tt.want, tt.err)
			}
		})
	}
}

func TestAccessEnds(t *testing.T) {
	over := nine.Add(30 * 24 * time.Hour)
	partly := steps(approved, one(GuestInvited{ID: "u1"}), one(GrantMade{"group:g1"}))
	tests := []struct {
		name string
		do   []step
		then []Event
		want State
	}{
		{"invited and never joined", invited, []Event{TimeOver{}}, Ending},
		{"active", steps(invited, one(GuestJoined{nine})), []Event{TimeOver{}}, Ending},
		{"still inviting", partly, []Event{TimeOver{}}, Ending},
		{"nobody was let in yet", approved, []Event{TimeOver{}}, Ended},
		{"failed half-way", steps(partly, one(StepRefused{})), []Event{TimeOver{}}, Ending},
		{"one of two taken back", invited, []Event{TimeOver{}, GrantTaken{"group:g1"}}, Ending},
		{"all taken back", invited, []Event{TimeOver{}, GrantTaken{"group:g1"}, GrantTaken{"group:g2"}}, Ended},
		{"a grant that is late does not bring it back", invited, []Event{TimeOver{}, GrantMade{"group:g1"}}, Ending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _, err := play(t, nine, tt.do)
			if err != nil {
				t.Fatal(err)
			}
			c, err := advance(r, over, tt.then...)
			if err != nil || c.Request.State != tt.want {
				t.Errorf("got %s, %v; want %s", c.Request.State, err, tt.want)
			}
			if early, err := advance(r, over.Add(-1), TimeOver{}); err != nil || early.Request.State != r.State {
				t.Errorf("a moment before the end: got %s, %v; want %s", early.Request.State, err, r.State)
			}
		})
	}
}

func TestAcknowledgedPressOutlivesTheDeadline(t *testing.T) {
	r, _, err := play(t, nine.Add(24*time.Hour-1), []step{press("sam", Approve)})
	if err != nil {
		t.Fatal(err)
	}
	late := nine.Add(30 * time.Hour)
	if _, _, err := r.Apply(DeadlinePassed{}, late); !errors.Is(err, ErrNotDue) {
		t.Errorf("the deadline passed over a press that was in time: %v", err)
	}
	r, _, err = r.Apply(judged("sam")(r, late), late)
	if err != nil || r.Stage != 1 {
		t.Errorf("a press in time was not counted: stage %d, %v", r.Stage, err)
	}
	if want := late.Add(48 * time.Hour); !r.Deadline.Equal(want) {
		t.Errorf("the next stage's deadline is %v, want %v", r.Deadline, want)
	}
}

func TestTheClockOfAnAccessStartsAtItsApproval(t *testing.T) {
	later := nine.Add(20 * time.Hour)
	r, owed, err := play(t, later, approved)
	if err != nil {
		t.Fatal(err)
	}
	if want := later.Add(r.For); !r.Until.Equal(want) {
		t.Errorf("access lasts until %v, want %v", r.Until, want)
	}
	if !hasOwing(owed, Owing{Kind: WorkClock, Due: r.Until}) || !hasOwing(owed, Owing{Kind: WorkGuest}) {
		t.Errorf("owed after approval: %v", owed)
	}
}

func TestEverybodyElseIsToldWhoWasFirst(t *testing.T) {
	r, owed, err := play(t, nine, steps([]step{press("sam", Deny), press("ben", Approve), press("olga", Approve), judged("sam")}))
	if err != nil || r.State != Denied {
		t.Fatalf("got %s, %v", r.State, err)
	}
	if len(r.Presses) != 0 || len(r.Answers) != 2 || !hasOwing(owed, Owing{Kind: WorkAnswers}) {
		t.Fatalf("presses %v, answers %v, owed %v", r.Presses, r.Answers, owed)
	}
	for _, a := range r.Answers {
		if a.Refusal.Code != ErrDecided.Code || a.Refusal.Args["by"] != "sam" || a.Refusal.Args["how"] != "denied" {
			t.Errorf("%s is told %+v", a.To, a.Refusal)
		}
	}
}

func hasOwing(list []Owing, want Owing) bool {
	for _, o := range list {
		if o.Kind == want.Kind && o.Due.Equal(want.Due) {
			return true
		}
	}
	return false
}

// TestARetryGivesEveryGrantAgain: while the request had failed, the end of
// another one of the same guest may have taken a grant along.
func TestARetryGivesEveryGrantAgain(t *testing.T) {
	partly := steps(approved, one(GuestInvited{ID: "u1"}), one(GrantMade{"group:g1"}), one(StepRefused{}))
	r, owed, err := play(t, nine, steps(partly, retry("ada", true)))
	if err != nil || len(r.Account.Granted) != 0 || r.Account.ID != "u1" || !hasOwing(owed, Owing{Kind: WorkGuest}) {
		t.Errorf("after a retry: %+v, owed %v, %v", r.Account, owed, err)
	}
}

// TestButtonsFromBeforeThereWereTagsWork on the requests of then, and only there:
// what was acknowledged on them counts after an upgrade.
func TestButtonsFromBeforeThereWereTagsWork(t *testing.T) {
	r := fresh()
	r.Tag = ""
	r, _, err := r.Apply(press("sam", Approve)(r, nine), nine)
	if err == nil {
		r, _, err = r.Apply(judged("sam")(r, nine), nine)
	}
	if err != nil || r.Stage != 1 {
		t.Errorf("in stage %d, %v", r.Stage, err)
	}
	if _, _, err := r.Apply(Withdrawn{id("ann"), older}, nine); !errors.Is(err, ErrOldCard) {
		t.Errorf("a button of another request: %v", err)
	}
}

// TestEveryRequestHasATagOfItsOwn though it is given a number that was given before.
func TestEveryRequestHasATagOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, later := range []time.Duration{0, 1, time.Millisecond, time.Hour, -time.Hour, 365 * 24 * time.Hour} {
		r := open(Draft{By: colleague("ann"), Email: "jane@acme.example"}, falcon(), nine.Add(later)).Request
		if r.Tag == "" || len(r.Tag) > 16 || strings.ContainsAny(r.Tag, ": ") || seen[r.Tag] {
			t.Errorf("after %s: %q", later, r.Tag)
		}
		seen[r.Tag] = true
	}
}

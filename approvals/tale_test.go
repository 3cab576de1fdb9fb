package approvals

import (
	"slices"
	"time"

	"pgregory.net/rapid"
)

// tale is what has become of a request so far, reckoned apart from the machine.
type tale struct {
	asked   Request // as it was made
	given   given
	seats   map[Seat]bool // without a User: that a role was given; with one: to whom
	more    map[int]bool  // the stages that others were brought into
	yes     []approval
	left    bool // something has left: an invitation, or the requests of several
	pressed map[button]int
	outcome string // of the decision: let in, or how it ended
	until   time.Time
	decided time.Time // when the last stage let them in
	over    bool      // the hold has been, by some clock
}

// approval is a yes with all that made it one.
type approval struct {
	stage int
	by    string
	right string // whose it was
	saw   Terms
}

type button struct {
	user string
	at   time.Time
}

func newTale(r Request, g given) *tale {
	o := &tale{asked: r, given: g, seats: map[Seat]bool{}, more: map[int]bool{}, pressed: map[button]int{}}
	if r.State == Inviting {
		o.outcome, o.until, o.decided = "by rule", r.Until, nine
	}
	return o
}

// entitled reports whether somebody has a right of their own in a stage.
func (o *tale) entitled(user string, stage int) bool {
	if stage >= len(o.asked.Access.Stages) {
		return false
	}
	s := o.asked.Access.Stages[stage]
	names := slices.Clone(s.Approvers)
	if o.more[stage] {
		names = append(names, s.Escalate.Approvers...)
	}
	for _, name := range names {
		switch name {
		case RoleManager, RoleChosen, RoleSponsors:
			if o.seats[Seat{stage, name, user}] {
				return true
			}
		case "S1", "S2", "S3":
			if has(members[name], user) {
				return true
			}
		default:
			if name == user {
				return true
			}
		}
	}
	return false
}

func (o *tale) seat(stage int, role, user string) {
	if !o.seats[Seat{Stage: stage, Role: role}] {
		o.seats[Seat{Stage: stage, Role: role}], o.seats[Seat{stage, role, user}] = true, true
	}
}

// notes keeps what an event that was accepted means.
func (o *tale) notes(t *rapid.T, was, is Request, ev Event, now time.Time) {
	switch ev := ev.(type) {
	case Seated:
		o.seat(ev.Seat.Stage, ev.Seat.Role, ev.Seat.User)
	case Voted:
		yes := ev.Press.Verdict == Approve || ev.Press.Verdict == Narrow && ev.Press.Also
		if !yes {
			break
		}
		a := approval{stage: was.Stage, by: ev.By.ID.User, right: ev.By.ID.User, saw: was.TermsAt(ev.Press.Edition)}
		if ev.Press.Verdict == Narrow {
			a.saw = is.Terms()
		}
		if !o.entitled(a.by, a.stage) && slices.Contains(o.given[a.by], ev.Behalf.Of.ID.User) {
			a.right = ev.Behalf.Of.ID.User
		}
		if ev.By.Bot || ev.By.Guest || ev.By.Foreign || ev.By.Deactivated || a.right == "gus" {
			t.Fatalf("counted for %+v by %+v", ev.Behalf, ev.By)
		}
		o.yes = append(o.yes, a)
		if next := was.Stage + 1; next < len(o.asked.Access.Stages) && slices.Contains(o.asked.Access.Stages[next].Approvers, RoleChosen) && !o.seats[Seat{Stage: next, Role: RoleChosen}] {
			if ev.Press.Choose == "" || ev.Press.Choose == "ann" || ev.Press.Choose == a.by || ev.Press.Choose == "ada" {
				t.Fatalf("%s chose %q", a.by, ev.Press.Choose)
			}
			o.seat(next, RoleChosen, ev.Press.Choose)
		}
	case Undone:
		o.yes = slices.DeleteFunc(o.yes, func(a approval) bool { return a.stage == was.Stage && a.by == ev.By.ID.User })
		if o.left || !now.Before(o.decided.Add(o.asked.Limits.Hold)) && !slices.ContainsFunc(was.Presses, func(p Press) bool {
			return p.Verdict == Undo && p.At.Before(o.decided.Add(o.asked.Limits.Hold))
		}) {
			t.Fatalf("undone at %s, decided at %s, left %v", now, o.decided, o.left)
		}
		o.outcome, o.until = "", time.Time{}
	}
	if was.Escalated.IsZero() && !is.Escalated.IsZero() {
		switch ev.(type) {
		case Ticked, DeadlinePassed, NobodyLeft:
			o.more[is.Stage] = true
		default:
			t.Fatalf("%T brought others in", ev)
		}
	}
	if was.State == Pending && is.State == Inviting {
		o.decided, o.over = now, false
	}
	o.over = o.over || o.asked.Limits.Hold == 0 || !now.Before(o.decided.Add(o.asked.Limits.Hold))
}

// letsIn checks, whenever a guest may come in by what happened, that each stage of
// what was asked for has its quorum of distinct, entitled people other than the
// requester, on terms that include what is given, and that nothing left too soon.
func (o *tale) letsIn(t *rapid.T, was, is Request, ev Event, owed []Owing, now time.Time) {
	leaves := !is.Account.Tried.IsZero() && was.Account.Tried.IsZero() || is.Account.ID != "" && was.Account.ID == ""
	for i := range is.Guests {
		if c, err := Spawn("INV-8", is, i, now); err == nil {
			leaves = true
			if c.Request.Until != is.Until || !slices.Equal(c.Request.grantKeys(), is.grantKeys()) {
				t.Fatalf("a guest of several got another access: %+v", c.Request)
			}
		}
	}
	if leaves {
		if hold := o.decided.Add(o.asked.Limits.Hold); !o.left && !o.over {
			t.Fatalf("%T at %s, held until %s", ev, now, hold)
		}
		o.left = true
	}
	open := is.State == Inviting || is.State == Invited || is.State == Active || is.State == Split
	if !leaves && !open && !owes(owed, WorkSpread) && (!owes(owed, WorkGuest) || is.State == Ending) && len(is.Account.Granted) == len(was.Account.Granted) {
		return
	}
	if o.asked.State == Inviting { // a rule's word
		return
	}
	for stage := range o.asked.Access.Stages {
		o.quorum(t, is, stage)
	}
	n := 0
	for _, v := range is.Votes {
		if v.Verdict == Approve {
			n++
		}
		if v.Verdict == Deny {
			t.Fatalf("let in against %+v", v)
		}
	}
	if n != len(o.yes) {
		t.Fatalf("%d approvals are kept, %d were given", n, len(o.yes))
	}
}

func (o *tale) quorum(t *rapid.T, is Request, stage int) {
	people := map[string]bool{}
	n := 0
	for _, a := range o.yes {
		if a.stage != stage {
			continue
		}
		if a.by == "ann" || a.right == "ann" || people[a.by] || people[a.right] || !o.entitled(a.right, stage) {
			t.Fatalf("in stage %d this counted: %+v of %+v", stage, a, o.yes)
		}
		people[a.by], people[a.right] = true, true
		n++
		if !o.includes(a.saw, is) {
			t.Fatalf("%s saw %+v; given is %+v until %s", a.by, a.saw, is.Terms(), is.Until)
		}
	}
	if n < max(o.asked.Access.Stages[stage].Quorum, 1) {
		t.Fatalf("%s with %d approvals in stage %d: %+v", is.State, n, stage, o.yes)
	}
}

// includes reports whether what is given is no more than what somebody saw.
func (o *tale) includes(saw Terms, is Request) bool {
	for _, g := range is.Access.Grants {
		if !slices.Contains(saw.Grants, g) {
			return false
		}
	}
	if saw.Name != is.Guest.Name && is.Erased.IsZero() {
		return false
	}
	switch {
	case saw.OpenEnded:
		return true
	case is.Until.IsZero():
		return false
	case !saw.Ends.IsZero():
		return !is.Until.After(saw.Ends)
	}
	return !is.Until.After(o.decided.Add(saw.For))
}

// goesOn checks promises 2 and 3 over time: one outcome that nothing turns
// round but an undo, no vote that was pressed after its stage's deadline, no end
// before its time but by a revocation.
func (o *tale) goesOn(t *rapid.T, was, is Request, ev Event, now time.Time) {
	over := was.Deadline
	for _, e := range was.Talk {
		if e.Stage == was.Stage && e.Answered.IsZero() {
			over = was.Deadline.Add(14 * day)
		}
	}
	if !was.Ends.IsZero() && was.Ends.Before(over) {
		over = was.Ends
	}
	o.buttons(t, was, ev, now, over)
	undo, revoked := false, false
	switch ev.(type) {
	case Undone:
		undo = true
	case Revoked, LeadRevoked:
		revoked = true
	}
	if undo && (len(is.Votes) != len(was.Votes)-1 || is.Stage != was.Stage || is.State != Pending) {
		t.Fatalf("an undo went from %s with %v to %s with %v", was.State, was.Votes, is.State, is.Votes)
	}
	if !undo {
		if len(is.Votes) < len(was.Votes) || is.State == Pending && is.Stage < was.Stage {
			t.Fatalf("the decision went back from stage %d, %v", was.Stage, was.Votes)
		}
		for _, v := range is.Votes[len(was.Votes):] {
			if stage, ok := o.pressed[button{v.By.User, v.At}]; !ok || stage != v.Stage || !v.At.Before(over) || v.Stage != was.Stage || was.State != Pending {
				t.Fatalf("in stage %d, %s until %s, this vote counted: %+v", was.Stage, was.State, over, v)
			}
		}
	}
	if is.State == TimedOut && was.State == Pending && (now.Before(over) || len(was.Presses) > 0) {
		t.Fatalf("timed out at %s, before %s or with presses %v", now, over, was.Presses)
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
	if was.State != Pending && is.State == Cancelled && was.State != Cancelled {
		if was.State != Inviting || o.left || !now.Before(o.decided.Add(o.asked.Limits.Hold)) {
			t.Fatalf("%s was withdrawn at %s, decided at %s", was.State, now, o.decided)
		}
		o.until = time.Time{}
	}
	if !is.Until.Equal(o.until) {
		t.Fatalf("the end moved from %s to %s", o.until, is.Until)
	}
	if was.State == Ending && is.State != Ending && is.State != Ended {
		t.Fatalf("what was ending is %s", is.State)
	}
	if (is.State == Ending || is.State == Ended) && was.State != is.State && was.State != Ending && was.State != Ended && !revoked && (is.Until.IsZero() || now.Before(is.Until)) {
		t.Fatalf("%s at %s, before %s", is.State, now, is.Until)
	}
	if is.State == Inviting && was.State == Failed && !is.Until.IsZero() && !now.Before(is.Until) {
		t.Fatalf("tried again at %s, after the end at %s", now, is.Until)
	}
}

// buttons checks which presses are kept at all.
func (o *tale) buttons(t *rapid.T, was Request, ev Event, now, over time.Time) {
	if w, ok := ev.(Withdrawn); ok && (w.Tag != was.Tag || !w.By.Same(was.Requester)) {
		t.Fatalf("this withdrew it: %+v", w)
	}
	p, ok := ev.(Pressed)
	if !ok {
		return
	}
	if p.Tag != was.Tag {
		t.Fatalf("a press on the card of another request was kept: %+v", p)
	}
	switch p.Verdict {
	case Undo:
		if was.State != Inviting || o.left || !now.Before(o.decided.Add(o.asked.Limits.Hold)) {
			t.Fatalf("an undo was kept at %s, decided at %s", now, o.decided)
		}
	case Retry, Revoke:
		if was.State == Pending {
			t.Fatalf("%s of what is pending was kept", p.Verdict)
		}
	case Approve, Deny, Narrow, Ask, OnIt:
		if was.State != Pending || !now.Before(over) || (p.Verdict == Approve || p.Verdict == Narrow) && p.Edition != was.Edition {
			t.Fatalf("a press was kept at %s, the deadline of %s was %s: %+v", now, was.State, over, p)
		}
		o.pressed[button{p.By.User, now}] = p.Stage
	}
}

package approvals

import (
	"fmt"
	"slices"
	"time"
)

// State is where a request stands. Every state survives a crash: what is owed
// in it is on disk, so after a restart the worker goes on where it was.
type State string

// The states.
const (
	// Pending waits for the current stage's approvers until the deadline.
	// After a crash: cards are brought up to date, acknowledged presses are
	// authorised, a deadline that passed meanwhile ends the request.
	Pending State = "pending"
	// Inviting is approved. Until Hold nothing leaves, and the approval can be
	// undone; then it waits for Entra: the guest, then every grant.
	// After a crash: the guest is looked for before anything is invited.
	Inviting State = "inviting"
	// Invited waits for the guest to redeem; every grant is in place.
	// After a crash: the guest is looked at again.
	Invited State = "invited"
	// Active has joined with every grant in place and waits for the end.
	// After a crash: nothing is lost but the time until the next look.
	Active State = "active"
	// Ending waits for Entra to take every grant back.
	// After a crash: grants already gone are found gone.
	Ending State = "ending"
	// Split was approved for several guests, each of whom goes on as a request of
	// their own. After a crash: those that are not made yet are made.
	Split State = "split"
	// Denied ended by an approver's no.
	Denied State = "denied"
	// Cancelled ended by the requester's own word.
	Cancelled State = "cancelled"
	// TimedOut ended because a stage did not decide in time: no answer is a no.
	TimedOut State = "timed out"
	// Ended had its access, and all of it is taken back. It goes back to Ending
	// when a grant turns out to have been made after all.
	Ended State = "ended"
	// Failed waits for a human: Entra refused for good. Retry goes back to Inviting.
	Failed State = "failed"
)

// States are all states, in the order of a request's life.
func States() []State {
	return []State{Pending, Inviting, Invited, Active, Ending, Split, Denied, Cancelled, TimedOut, Ended, Failed}
}

// Event is something that happened and may change a request.
//
//sumtype:decl
type Event interface{ event() }

// The events.
type (
	// Pressed is a button that somebody pressed, before anybody knows whether they may.
	Pressed struct{ Press }
	// Voted is a press by somebody whom Slack described afresh. Groups are the
	// stage's user groups that the person was seen in.
	Voted struct {
		By     Person
		Groups []string
		Behalf Behalf  // whose right it is, if By has none of their own
		Chosen *Person // whom the press chose for the next stage
		Press  Press
	}
	// Dismissed takes back a press that does not count; the person is told why.
	Dismissed struct {
		Press   Press
		Refusal Refusal
	}
	// Withdrawn is the requester taking their wish back. Tag is of the request that
	// the button was drawn for.
	Withdrawn struct {
		By  PersonID
		Tag string
	}
	// Edited is the requester changing the terms before anybody decided. Edition is
	// of those that they changed.
	Edited struct {
		By      PersonID
		Tag     string
		Edition int
		Terms   Terms
	}
	// Answered is the requester's answer to the question that was asked at that moment.
	Answered struct {
		By    PersonID
		Tag   string
		Asked time.Time
		Text  string
	}
	// Nudged is the requester asking the approvers to look.
	Nudged struct {
		By  PersonID
		Tag string
	}
	// Undone is a press by somebody who takes their own approval back.
	Undone struct {
		By    Person
		Press Press
	}
	// Revoked is a press by somebody who ends an access before its time. Groups are
	// the stages' user groups that they were seen in, Admin that they administer.
	Revoked struct {
		By     Person
		Groups []string
		Admin  bool
		Press  Press
	}
	// LeadRevoked says that the request for several was revoked which this one came from.
	LeadRevoked struct{ Lead Request }
	// Seated says who has a role among the approvers of a stage.
	Seated struct{ Seat Seat }
	// FactsFound is what Entra knows of the guest.
	FactsFound struct{ Tenant TenantFacts }
	// DomainsCounted is what the store knows by now of the guests' mail domains, by
	// domain and without the request itself.
	DomainsCounted struct{ Here map[string]DomainCount }
	// NobodyLeft says that none of a stage's approvers can decide.
	NobodyLeft struct{ Stage int }
	// SomebodyLeft says that somebody can again.
	SomebodyLeft struct{ Stage int }
	// Ticked says that time has passed while a stage runs.
	Ticked struct{}
	// Spread says what became of one guest of a request for several.
	Spread struct {
		Index int
		Child Child
	}
	// DeadlinePassed says that the clock of the stage ran out.
	DeadlinePassed struct{}
	// InviteTried says that an invitation is about to leave. It is on disk
	// before the call, so that a lost answer is known to be lost.
	InviteTried struct{}
	// InviteHeld says that the invitation which was tried certainly had no effect.
	InviteHeld struct{}
	// GuestFound says that the guest is in the tenant without an answer to an invitation of ours.
	GuestFound struct {
		ID, Link string
		Joined   time.Time // zero while the invitation is not redeemed
	}
	// GuestInvited is the answer to our invitation.
	GuestInvited struct{ ID, Link string }
	// GrantMade says that Entra confirmed a grant.
	GrantMade struct{ Key string }
	// GuestJoined says that the guest redeemed the invitation.
	GuestJoined struct{ At time.Time }
	// TimeOver says that the access reached its end.
	TimeOver struct{}
	// GrantTaken says that Entra confirmed that a grant is gone.
	GrantTaken struct{ Key string }
	// Delayed says why Entra's part takes longer than people expect. It is tried on.
	Delayed struct{ Trouble Trouble }
	// StepRefused says that Entra refused for good.
	StepRefused struct{ Trouble Trouble }
	// Retried is a press by an admin to try again. Admin says that the policy's
	// admins, read afresh, include the person.
	Retried struct {
		By    Person
		Admin bool
		Press Press
	}
	// Erased is an operator's order to forget who the guest was. By is how the
	// operator is called on their machine.
	Erased struct{ By, Email string }
)

func (Pressed) event()        {}
func (Voted) event()          {}
func (Dismissed) event()      {}
func (Withdrawn) event()      {}
func (Edited) event()         {}
func (Answered) event()       {}
func (Nudged) event()         {}
func (Undone) event()         {}
func (Revoked) event()        {}
func (LeadRevoked) event()    {}
func (Seated) event()         {}
func (FactsFound) event()     {}
func (DomainsCounted) event() {}
func (NobodyLeft) event()     {}
func (SomebodyLeft) event()   {}
func (Ticked) event()         {}
func (Spread) event()         {}
func (DeadlinePassed) event() {}
func (InviteTried) event()    {}
func (InviteHeld) event()     {}
func (GuestFound) event()     {}
func (GuestInvited) event()   {}
func (GrantMade) event()      {}
func (GuestJoined) event()    {}
func (TimeOver) event()       {}
func (GrantTaken) event()     {}
func (Delayed) event()        {}
func (StepRefused) event()    {}
func (Retried) event()        {}
func (Erased) event()         {}

// Apply returns the request after an event and the work that is owed because of
// it, or a refusal and the request unchanged. It is pure: it may be called any
// number of times with the same result, and r is never changed.
func (r Request) Apply(ev Event, now time.Time) (Request, []Owing, error) {
	next, owed, err := r.clone().apply(ev, now)
	if err != nil {
		return r, nil, err
	}
	next.Version = r.Version + 1
	next.Changed = now
	if (r.State == Failed) != (next.State == Failed) {
		owed = append(owed, Owing{Kind: WorkFailure})
	}
	return next, owed, nil
}

func (r Request) apply(ev Event, now time.Time) (Request, []Owing, error) {
	switch ev := ev.(type) {
	case Pressed:
		return r.pressed(ev.Press, now)
	case Voted:
		return r.voted(ev, now)
	case Dismissed:
		return r.dismissed(ev)
	case Withdrawn:
		return r.withdrawn(ev, now)
	case Edited:
		return r.edited(ev, now)
	case Answered:
		return r.answered(ev, now)
	case Nudged:
		return r.nudged(ev, now)
	case Undone:
		return r.undone(ev, now)
	case Revoked:
		return r.revoked(ev, now)
	case LeadRevoked:
		return r.leadRevoked(ev, now)
	case Seated:
		return r.seated(ev, now)
	case FactsFound:
		return r.factsFound(ev)
	case DomainsCounted:
		return r.domainsCounted(ev)
	case NobodyLeft:
		return r.nobodyLeft(ev, now)
	case SomebodyLeft:
		return r.somebodyLeft(ev)
	case Ticked:
		return r.ticked(now)
	case Spread:
		return r.spread(ev)
	case DeadlinePassed:
		return r.deadlinePassed(now)
	case InviteTried:
		return r.inviteTried(now)
	case InviteHeld:
		return r.inviteHeld()
	case GuestFound:
		return r.guestKnown(Account{ID: ev.ID, Link: ev.Link, Found: true, Joined: ev.Joined, Invited: now})
	case GuestInvited:
		return r.guestKnown(Account{ID: ev.ID, Link: ev.Link, Invited: now})
	case GrantMade:
		return r.grantMade(ev.Key)
	case GuestJoined:
		return r.guestJoined(ev.At)
	case TimeOver:
		return r.timeOver(now)
	case GrantTaken:
		return r.grantTaken(ev.Key, now)
	case Delayed:
		return r.delayed(ev.Trouble)
	case StepRefused:
		return r.stepRefused(ev.Trouble, now)
	case Retried:
		return r.retried(ev, now)
	case Erased:
		return r.erased(ev, now)
	}
	return r, nil, fmt.Errorf("applying %T to %s: unknown event", ev, r.ID)
}

// enter moves to a state. What people see is out of date after that, always.
func (r Request) enter(s State, owed ...Owing) (Request, []Owing, error) {
	r.State = s
	return r, append(owed, Owing{Kind: WorkCards}, Owing{Kind: WorkDirect}), nil
}

// close ends a pending request. Presses that were not counted yet are answered
// with the decision that came first.
func (r Request) close(s State, by PersonID, reason string, now time.Time) (Request, []Owing, error) {
	r.State, r.Closed, r.Deadline, r.Until, r.Hold = s, &Closed{By: by, Reason: reason, At: now}, time.Time{}, time.Time{}, time.Time{}
	return r.answerRest(by, now).enter(s, Owing{Kind: WorkAnswers})
}

// answerRest owes everybody whose press is still open the news that they were not first.
func (r Request) answerRest(by PersonID, now time.Time) Request {
	for _, p := range r.Presses {
		if !p.By.Same(by) {
			r.Answers = append(r.Answers, Answer{To: p.By, Refusal: *r.decided(), Reply: p.Reply, At: now})
		}
	}
	r.Presses = nil
	return r
}

// withdrawn: only the requester, only before an invitation can have left.
func (r Request) withdrawn(ev Withdrawn, now time.Time) (Request, []Owing, error) {
	if ev.Tag != r.Tag {
		return r, nil, about(ErrOldCard, r)
	}
	if !ev.By.Same(r.Requester) {
		return r, nil, about(ErrOnlyRequester, r)
	}
	if r.State != Pending && !r.Held(now) {
		return r, nil, about(ErrNotCancellable, r).With("state", string(r.State))
	}
	return r.close(Cancelled, ev.By, "", now)
}

// deadlinePassed looks at the clock itself, so that a stale timer cannot end a
// newer stage. A press acknowledged in time is authorised before the stage ends.
func (r Request) deadlinePassed(now time.Time) (Request, []Owing, error) {
	if r.State != Pending || now.Before(r.over()) || len(r.Presses) > 0 {
		return r, nil, ErrNotDue
	}
	if e := r.CurrentStage().Escalate; e != nil && e.Deadline > 0 && r.Escalated.IsZero() {
		return r.escalate(CallEscalate, now)
	}
	return r.close(TimedOut, PersonID{}, "", now)
}

// timeOver ends the access when its time has come, wherever it stands, also
// where it failed half-way. Grants are made to a known account only, so without
// one there is nothing to take back.
func (r Request) timeOver(now time.Time) (Request, []Owing, error) {
	switch r.State {
	case Inviting, Invited, Active:
		if r.Until.IsZero() || now.Before(r.Until) {
			return r, nil, ErrNotDue
		}
		if r.Account.ID == "" {
			r.Closed = &Closed{At: now}
			return r.enter(Ended)
		}
		return r.enter(Ending, Owing{Kind: WorkGuest})
	case Failed:
		if r.Account.ID == "" || r.Until.IsZero() || now.Before(r.Until) {
			return r, nil, ErrNotDue
		}
		r.Trouble, r.Closed = nil, nil
		return r.enter(Ending, Owing{Kind: WorkGuest})
	case Pending, Ending, Split, Denied, Cancelled, TimedOut, Ended:
	}
	return r, nil, ErrNotDue
}

// delayed lets people see what is waited for, once for each kind of trouble.
func (r Request) delayed(t Trouble) (Request, []Owing, error) {
	switch r.State {
	case Inviting, Ending:
		if r.Trouble != nil && r.Trouble.Code == t.Code && r.Trouble.Doing == t.Doing {
			return r, nil, ErrNotDue
		}
		r.Trouble = &t
		return r.enter(r.State)
	case Pending, Invited, Active, Split, Denied, Cancelled, TimedOut, Ended, Failed:
	}
	return r, nil, ErrNotDue
}

// stepRefused stops an invitation that cannot succeed without a human. What is
// being taken back is never given up.
func (r Request) stepRefused(t Trouble, now time.Time) (Request, []Owing, error) {
	if r.State != Inviting {
		return r, nil, ErrNotDue
	}
	r.Trouble, r.Closed = &t, &Closed{Reason: t.Text, At: now}
	return r.enter(Failed)
}

// retried: only an admin who pressed Retry, only after a failure. The approval
// stands, and its end stays where it was; after it nothing is tried. Grants are given again: another
// request of the guest may have taken one along with it meanwhile.
func (r Request) retried(ev Retried, now time.Time) (Request, []Owing, error) {
	r, p, ok := r.without(ev.Press)
	if !ok || p.Verdict != Retry {
		return r, nil, ErrNotDue
	}
	if err := r.open(p, p.At); err != nil {
		return r, nil, err
	}
	if err := ev.By.Colleague(); err != nil {
		return r, nil, err
	}
	if !ev.Admin || !ev.By.ID.Same(p.By) {
		return r, nil, about(ErrOnlyAdmins, r)
	}
	if !r.Until.IsZero() && !now.Before(r.Until) {
		return r, nil, about(ErrNotRetryable, r).With("state", string(Ended))
	}
	r.Trouble, r.Closed, r.State, r.Account.Granted = nil, nil, Inviting, nil
	owed := []Owing{{Kind: WorkGuest}, {Kind: WorkAnswers}, {Kind: WorkVotes}}
	if !r.Until.IsZero() {
		owed = append(owed, Owing{Kind: WorkClock, Due: r.Until})
	}
	revokes := slices.DeleteFunc(slices.Clone(r.Presses), func(p Press) bool { return p.Verdict != Revoke })
	r.Presses = slices.DeleteFunc(r.Presses, func(p Press) bool { return p.Verdict == Revoke })
	r = r.answerRest(p.By, now)
	r.Presses = revokes // they are heard before anything leaves
	return r.enter(Inviting, owed...)
}

// grantKeys are the keys of all that the access opens.
func (r Request) grantKeys() []string {
	keys := make([]string, 0, len(r.Access.Grants))
	for _, g := range r.Access.Grants {
		keys = append(keys, g.Key())
	}
	return keys
}

func has(keys []string, key string) bool { return slices.Contains(keys, key) }

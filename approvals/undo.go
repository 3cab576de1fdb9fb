package approvals

import (
	"slices"
	"time"
)

// undoable refuses an undo that comes too late, or of somebody else's approval.
func (r Request) undoable(by PersonID, at time.Time) error {
	switch {
	case !r.Held(at):
		return about(ErrNotUndoable, r).With("state", string(r.State))
	case !slices.ContainsFunc(r.Votes, func(v Vote) bool { return v.Stage == r.Stage && v.Verdict == Approve && v.By.Same(by) }):
		return about(ErrNotYourVote, r)
	}
	return nil
}

// undone takes one's own approval of the last stage back: it decides again.
func (r Request) undone(ev Undone, now time.Time) (Request, []Owing, error) {
	r, p, ok := r.without(ev.Press)
	if !ok {
		return r, nil, ErrNotDue
	}
	if !ev.By.ID.Same(p.By) {
		return r, nil, ErrUnknownPerson
	}
	if err := ev.By.Colleague(); err != nil {
		return r, nil, err
	}
	if err := r.undoable(p.By, p.At); err != nil {
		return r, nil, err
	}
	if r.State != Inviting || !r.Account.Tried.IsZero() || r.Account.ID != "" { // left meanwhile
		return r, nil, about(ErrNotUndoable, r).With("state", string(r.State))
	}
	r.Votes = slices.DeleteFunc(r.Votes, func(v Vote) bool { return v.Stage == r.Stage && v.By.Same(p.By) })
	r.State, r.Deadline = Pending, r.Back
	if least := now.Add(undoLeft); r.Undos == 0 && r.Deadline.Before(least) {
		r.Deadline = least
	}
	r.Hold, r.Back, r.Until, r.Undos = time.Time{}, time.Time{}, time.Time{}, r.Undos+1
	return r.enter(Pending, r.clock(), Owing{Kind: WorkAnswers}, Owing{Kind: WorkVotes}, Owing{Kind: WorkSight}, Owing{Kind: WorkFacts})
}

// revocable refuses the end of what has not begun or is over already.
func (r Request) revocable() error {
	switch r.State {
	case Inviting, Invited, Active, Split, Failed:
		if r.Erased.IsZero() {
			return nil
		}
	case Pending, Ending, Denied, Cancelled, TimedOut, Ended:
	}
	return about(ErrNotRevocable, r).With("state", string(r.State))
}

// revoked ends an access before its time: by its requester, by an approver of
// any of its stages, or by an admin.
func (r Request) revoked(ev Revoked, now time.Time) (Request, []Owing, error) {
	r, p, ok := r.without(ev.Press)
	if !ok || p.Verdict != Revoke {
		return r, nil, ErrNotDue
	}
	if err := r.revocable(); err != nil {
		return r, nil, err
	}
	if !ev.By.ID.Same(p.By) {
		return r, nil, ErrUnknownPerson
	}
	if err := ev.By.Colleague(); err != nil {
		return r, nil, err
	}
	if !ev.Admin && !r.Requester.Same(p.By) && !r.approver(p.By.User, ev.Groups) {
		return r, nil, about(ErrMayNotRevoke, r)
	}
	return r.answerRest(p.By, now).revoke(Closed{Verdict: Revoke, By: p.By, Reason: p.Reason, At: p.At})
}

// leadRevoked follows the request for several that this one came from.
func (r Request) leadRevoked(ev LeadRevoked, now time.Time) (Request, []Owing, error) {
	c := ev.Lead.Closed
	if r.Lead == "" || ev.Lead.ID != r.Lead || c == nil || c.Verdict != Revoke || r.revocable() != nil {
		return r, nil, ErrNotDue
	}
	return r.answerRest(c.By, now).revoke(*c)
}

// revoke takes back what was given. Grants are made to a known account only, so
// without one there is nothing to take.
func (r Request) revoke(c Closed) (Request, []Owing, error) {
	r.Closed, r.Trouble, r.Hold = &c, nil, time.Time{}
	switch {
	case r.Account.ID != "":
		return r.enter(Ending, Owing{Kind: WorkGuest}, Owing{Kind: WorkAnswers})
	case len(r.Guests) > 0:
		return r.enter(Ended, Owing{Kind: WorkSpread}, Owing{Kind: WorkAnswers})
	}
	return r.enter(Ended, Owing{Kind: WorkAnswers})
}

// approver reports whether somebody could decide any stage.
func (r Request) approver(user string, groups []string) bool {
	for i := range r.Access.Stages {
		if named(r.Named(i), user, groups) {
			return true
		}
	}
	return false
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

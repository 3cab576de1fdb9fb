package approvals

import (
	"slices"
	"time"
)

// inviteTried remembers that an invitation is about to leave, or that the requests
// of several guests are about to be made. Neither does before somebody is heard
// who wants the approval back.
func (r Request) inviteTried(now time.Time) (Request, []Owing, error) {
	if r.State != Inviting || r.Account.ID != "" || !r.Hold.IsZero() || r.recalls() {
		return r, nil, ErrNotDue
	}
	r.Account.Tried = now
	return r, nil, nil
}

// inviteHeld forgets an invitation that is known to have had no effect.
func (r Request) inviteHeld() (Request, []Owing, error) {
	if r.State != Inviting || r.Account.ID != "" || r.Account.Tried.IsZero() {
		return r, nil, ErrNotDue
	}
	r.Account.Tried = time.Time{}
	return r, nil, nil
}

// guestKnown records the guest's account once. What comes later about another
// account is refused, so one request never has two guests.
// The answer to an invitation that left before the end is noted after it, too.
func (r Request) guestKnown(a Account) (Request, []Owing, error) {
	if r.State == Ended && !a.Found && r.Account.ID == "" && !r.Account.Tried.IsZero() && a.ID != "" && len(r.Guests) == 0 {
		r.Account = a
		return r.enter(Ended)
	}
	if r.State != Inviting || r.Account.ID != "" || a.ID == "" || !r.Hold.IsZero() || len(r.Guests) > 0 || a.Found && r.recalls() {
		return r, nil, ErrNotDue
	}
	r.Trouble, r.Account = nil, a
	return r.settle()
}

// grantMade ticks off one grant of the access. One that is confirmed after the
// end, by a replica that stood still meanwhile, is taken back again.
func (r Request) grantMade(key string) (Request, []Owing, error) {
	if (r.State == Ending || r.State == Ended) && has(r.Account.Taken, key) {
		if r.Closed != nil && r.Closed.Verdict != Revoke {
			r.Closed = nil
		}
		r.Account.Taken = slices.DeleteFunc(r.Account.Taken, func(k string) bool { return k == key })
		return r.enter(Ending, Owing{Kind: WorkGuest})
	}
	if r.State != Inviting || r.Account.ID == "" || !has(r.grantKeys(), key) || has(r.Account.Granted, key) {
		return r, nil, ErrNotDue
	}
	r.Trouble = nil
	r.Account.Granted = append(r.Account.Granted, key)
	return r.settle()
}

// guestJoined records the redemption, also while grants are still on their way.
func (r Request) guestJoined(at time.Time) (Request, []Owing, error) {
	if (r.State != Inviting && r.State != Invited) || r.Account.ID == "" || !r.Account.Joined.IsZero() {
		return r, nil, ErrNotDue
	}
	r.Account.Joined = at
	return r.settle()
}

// settle says where a request with a known guest stands: still inviting until
// every grant is confirmed, then invited, and active once the guest has joined.
func (r Request) settle() (Request, []Owing, error) {
	guest := Owing{Kind: WorkGuest}
	for _, key := range r.grantKeys() {
		if !has(r.Account.Granted, key) {
			return r.enter(Inviting, guest)
		}
	}
	if r.Account.Joined.IsZero() {
		return r.enter(Invited, guest)
	}
	return r.enter(Active)
}

// grantTaken ticks off one grant that is gone; after the last one the access has ended.
func (r Request) grantTaken(key string, now time.Time) (Request, []Owing, error) {
	if r.State != Ending || !has(r.grantKeys(), key) || has(r.Account.Taken, key) {
		return r, nil, ErrNotDue
	}
	r.Trouble = nil
	r.Account.Taken = append(r.Account.Taken, key)
	for _, k := range r.grantKeys() {
		if !has(r.Account.Taken, k) {
			return r.enter(Ending, Owing{Kind: WorkGuest})
		}
	}
	if r.Closed == nil || r.Closed.Verdict != Revoke { // who ended it before its time is not forgotten
		r.Closed = &Closed{At: now}
	}
	return r.enter(Ended)
}

// recalls reports whether a press waits that may take the approval back.
func (r Request) recalls() bool {
	return slices.ContainsFunc(r.Presses, func(p Press) bool { return p.Verdict == Undo || p.Verdict == Revoke })
}

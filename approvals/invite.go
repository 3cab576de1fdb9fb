package approvals

import (
	"context"
	"errors"
	"time"
)

// mayInvite writes down that an invitation leaves, unless another request for
// the same person has one under way, or one whose guest the directory does not
// show yet, whatever became of that request. A second invitation would kill the
// link of the first. Whoever asks at the same time, here or in another replica,
// sees what was written down before.
func (w *Worker) mayInvite(ctx context.Context, r Request) (twin *Account, wait bool, err error) {
	all, err := w.Store.History(ctx, r.Guest.Email)
	if err != nil {
		return nil, false, err
	}
	if twin, wait = w.invitedBy(all, r.ID); twin != nil || wait {
		return twin, wait, nil
	}
	_, err = w.Store.Together(ctx, r.ID, func(q Request, others []Request) (Change, error) {
		if twin, wait = w.invitedBy(others, q.ID); twin != nil || wait {
			return Change{}, ErrNotDue
		}
		if q.State != Inviting || q.Account.ID != "" || !q.Account.Tried.Equal(r.Account.Tried) {
			wait = true // it was closed meanwhile, or somebody else is at it
			return Change{}, ErrNotDue
		}
		c, err := advance(q, w.Now(), InviteTried{})
		if err == nil && len(c.Entries) == 0 { // it may not leave now, and nothing is written down
			wait, err = true, ErrNotDue
		}
		return c, err
	})
	if isNotDue(err) {
		return twin, wait, nil
	}
	return nil, false, err
}

// invitedBy finds an invitation that left for one of these requests and may not
// be seen in the directory yet: its account, or that its answer is awaited.
func (w *Worker) invitedBy(others []Request, except RequestID) (twin *Account, wait bool) {
	now := w.Now()
	for _, o := range others {
		switch {
		case o.ID == except, len(o.Guests) > 0: // each of several has an invitation of their own
		case o.Account.ID != "" && now.Sub(o.Account.Invited) < replicatesFor:
			return &o.Account, false
		case o.Account.ID == "" && !o.Account.Tried.IsZero() && w.doubts.age(o, now) < underWayFor:
			wait = true
		}
	}
	return nil, wait
}

// invite sends the invitation that was written down. Only the clear
// word that it had no effect lets another one leave soon: an error that says
// nothing, and an answer without an account, may have invited.
func (w *Worker) invite(ctx context.Context, r Request, leave turn) (outcome, error) {
	var inv Invitation
	err := w.use(ctx, leave, func() (err error) {
		inv, err = w.Tenant.Invite(ctx, r.Guest)
		return err
	})
	if err == nil && inv.AccountID == "" {
		err = &Trouble{Kind: Unsure, Doing: "inviting the guest", Text: "the answer names no account"}
	}
	if err == nil {
		return outcome{events: []Event{GuestInvited{ID: inv.AccountID, Link: inv.Link}}}, nil
	}
	t, _ := errors.AsType[*Trouble](err)
	switch {
	case t == nil:
	case t.Wide != "", t.Kind == Later, t.Kind == Replicating:
		return outcome{events: []Event{InviteHeld{}}, trouble: err}, nil
	case t.Kind == Refused:
		refused := *t
		refused.Doing = "inviting the guest"
		return outcome{events: []Event{InviteHeld{}, StepRefused{Trouble: refused}}}, nil
	}
	return outcome{trouble: err, note: stillUnsure}, nil
}

// stillUnsure lets the time in which a lost invitation is looked for begin when
// its answer was given up: until then the call may have been waiting its turn.
func stillUnsure(r *Request, now time.Time) {
	if r.State == Inviting && r.Account.ID == "" && !r.Account.Tried.IsZero() {
		r.Account.Tried = now
	}
}

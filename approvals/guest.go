package approvals

import (
	"context"
	"errors"
	"strings"
	"time"
)

// unsureFor is how long an invitation whose answer was lost is looked for before
// another one may leave. New accounts take seconds to become visible.
const unsureFor = 30 * time.Second

// replicatesFor is how long a new account may stay unknown to the rest of the
// directory before a human is asked. Microsoft promises no limit.
const replicatesFor = 2 * time.Hour

// guest does the next thing that Entra is owed for a request: one step a run, so
// that each answer is on disk before the next question.
func (w *Worker) guest(ctx context.Context, r Request) (outcome, error) {
	switch r.State {
	case Inviting:
		if !r.Until.IsZero() && !w.Now().Before(r.Until) {
			return outcome{}, nil // the time is over: the clock says so any moment
		}
		if r.Account.ID == "" {
			return w.bringIn(ctx, r)
		}
		return w.grantNext(ctx, r)
	case Invited:
		return w.watch(ctx, r)
	case Ending:
		return w.takeNext(ctx, r)
	case Pending, Active, Denied, Cancelled, TimedOut, Ended, Failed:
	}
	return outcome{}, nil
}

// bringIn looks for the guest first and invites only who is not there.
func (w *Worker) bringIn(ctx context.Context, r Request) (outcome, error) {
	acc, ok, err := w.Tenant.Find(ctx, r.Guest.Email)
	switch {
	case err != nil:
		return w.refused(err, "looking for the guest")
	case ok:
		return w.found(ctx, r, acc)
	}
	if left := unsureFor - w.Now().Sub(r.Account.Tried); !r.Account.Tried.IsZero() && left > 0 {
		return outcome{}, &Trouble{Kind: Unsure, Doing: "looking for the guest", Text: "an invitation left and its answer was lost"}
	}
	twin, wait, err := w.mayInvite(ctx, r)
	switch {
	case err != nil:
		return outcome{}, err
	case twin != nil:
		return outcome{events: []Event{GuestFound{ID: twin.ID, Link: twin.Link, Joined: twin.Joined}}}, nil
	case wait:
		return outcome{again: w.Now().Add(time.Second)}, nil
	}
	return w.invite(ctx, r)
}

// found accepts an account that is there already, if a guest can be let in by it.
// One who was invited for another request has that invitation's link.
func (w *Worker) found(ctx context.Context, r Request, acc Found) (outcome, error) {
	switch {
	case acc.ID == "":
		return outcome{}, &Trouble{Kind: Later, Doing: "looking for the guest", Text: "the account has no ID"}
	case !acc.Guest:
		return w.giveUp(Trouble{
			Kind: Refused, Doing: "looking for the guest", Code: "colleague",
			Text: "this address belongs to a member of the tenant, not to a guest",
		})
	case acc.Disabled:
		return w.giveUp(Trouble{
			Kind: Refused, Doing: "looking for the guest", Code: "disabled",
			Text: "this guest is in the tenant, but the account is blocked from signing in",
		})
	}
	live, err := w.Store.Guest(ctx, r.Guest.Email)
	if err != nil {
		return outcome{}, err
	}
	link := acc.Link
	for _, q := range live {
		if acc.Pending && q.Account.ID == acc.ID && q.Account.Link != "" {
			link = q.Account.Link
		}
	}
	return outcome{events: []Event{GuestFound{ID: acc.ID, Link: link, Joined: w.joined(acc)}}}, nil
}

// joined is when an account was redeemed: zero if it was not, now if Entra does not say.
func (w *Worker) joined(acc Found) time.Time {
	switch {
	case acc.Pending:
		return time.Time{}
	case acc.Joined.IsZero():
		return w.Now()
	}
	return acc.Joined
}

// mayInvite writes down that an invitation leaves, unless another request for
// the same person has one under way, or one whose guest the directory does not
// show yet. A second invitation would kill the link of the first.
func (w *Worker) mayInvite(ctx context.Context, r Request) (twin *Account, wait bool, err error) {
	defer w.doors.lock(strings.ToLower(r.Guest.Email))()
	live, err := w.Store.Guest(ctx, r.Guest.Email)
	if err != nil {
		return nil, false, err
	}
	for _, q := range live {
		switch {
		case q.ID == r.ID:
		case q.Account.ID != "" && w.Now().Sub(q.Account.Invited) < replicatesFor:
			return &q.Account, false, nil
		case !q.Account.Tried.IsZero() && w.Now().Sub(q.Account.Tried) < unsureFor:
			return nil, true, nil
		}
	}
	_, err = w.Store.Update(ctx, r.ID, func(q Request) (Change, error) {
		if q.State != Inviting || q.Account.ID != "" {
			return Change{}, ErrNotDue
		}
		return advance(q, w.Now(), InviteTried{})
	})
	if isNotDue(err) { // it was closed meanwhile
		return nil, true, nil
	}
	return nil, false, err
}

// invite sends the invitation that was written down. Only the clear
// word that it had no effect lets another one leave soon: an error that says
// nothing, and an answer without an account, may have invited.
func (w *Worker) invite(ctx context.Context, r Request) (outcome, error) {
	inv, err := w.Tenant.Invite(ctx, r.Guest)
	if err == nil && inv.AccountID == "" {
		err = &Trouble{Kind: Unsure, Doing: "inviting the guest", Text: "the answer names no account"}
	}
	if err == nil {
		return outcome{events: []Event{GuestInvited{ID: inv.AccountID, Link: inv.Link}}}, nil
	}
	t, _ := errors.AsType[*Trouble](err)
	switch {
	case t == nil:
		return outcome{}, err
	case t.Kind == Refused:
		refused := *t
		refused.Doing = "inviting the guest"
		return outcome{events: []Event{InviteHeld{}, StepRefused{Trouble: refused}}}, nil
	case t.Kind == Later, t.Kind == Replicating:
		return outcome{events: []Event{InviteHeld{}}, trouble: err}, nil
	}
	return outcome{}, err
}

// grantNext gives the first grant that is not confirmed.
func (w *Worker) grantNext(ctx context.Context, r Request) (outcome, error) {
	for _, g := range r.Access.Grants {
		if has(r.Account.Granted, g.Key()) {
			continue
		}
		err := w.Tenant.Grant(ctx, r.Account.ID, g)
		if err == nil {
			return outcome{events: []Event{GrantMade{Key: g.Key()}}}, nil
		}
		t := troubleOf(err)
		if t.Kind == Replicating && w.Now().Sub(r.Account.Invited) < replicatesFor {
			return outcome{}, err
		}
		if t.Kind == Replicating {
			t.Kind = Refused
		}
		return w.refused(&t, "giving "+g.Key())
	}
	return outcome{}, nil
}

// takeNext takes the first grant back that is not confirmed gone. It is never
// given up: what cannot be taken back now is tried again until it can.
func (w *Worker) takeNext(ctx context.Context, r Request) (outcome, error) {
	for _, g := range r.Access.Grants {
		if has(r.Account.Taken, g.Key()) {
			continue
		}
		if err := w.takeBack(ctx, r, g); err != nil {
			return outcome{}, err
		}
		return outcome{events: []Event{GrantTaken{Key: g.Key()}}}, nil
	}
	return outcome{}, nil
}

// takeBack takes one grant back unless another request of the guest needs it.
// That one may have been approved while the grant was being taken, by this run
// or by one that crashed, so what it needs is given again. If Entra will not,
// that is the other request's matter and does not keep this one from ending.
func (w *Worker) takeBack(ctx context.Context, r Request, g Grant) error {
	shared, err := w.shared(ctx, r, g)
	if err == nil && !shared {
		if err = w.Tenant.TakeBack(ctx, r.Account.ID, g); err == nil {
			shared, err = w.shared(ctx, r, g)
		}
	}
	if err != nil || !shared {
		return err
	}
	err = w.Tenant.Grant(ctx, r.Account.ID, g)
	if t, ok := errors.AsType[*Trouble](err); ok && (t.Kind == Refused || t.Kind == Replicating) {
		w.Log.ErrorContext(ctx, "a grant that another request needs cannot be given again", "request", r.ID, "trouble", t.String())
		return nil
	}
	return err
}

// shared reports whether another request of the same guest still needs a grant,
// so that the end of one access does not cut another one short.
func (w *Worker) shared(ctx context.Context, r Request, g Grant) (bool, error) {
	live, err := w.Store.Guest(ctx, r.Guest.Email)
	if err != nil {
		return false, err
	}
	for _, q := range live {
		if q.ID == r.ID || q.Account.ID == "" || !has(q.grantKeys(), g.Key()) {
			continue // one that does not know the guest yet gives what it needs later
		}
		switch q.State {
		case Inviting, Invited, Active:
			return true, nil
		case Pending, Ending, Denied, Cancelled, TimedOut, Ended, Failed:
		}
	}
	return false, nil
}

// watch asks whether the guest has redeemed. The younger the invitation, the
// sooner the next look: most guests redeem within minutes or not for days.
func (w *Worker) watch(ctx context.Context, r Request) (outcome, error) {
	acc, err := w.Tenant.Look(ctx, r.Account.ID)
	if err != nil {
		if t := troubleOf(err); t.Kind == Refused {
			w.Log.ErrorContext(ctx, "a guest cannot be watched", "request", r.ID, "trouble", t.String())
			return outcome{again: w.Now().Add(15 * time.Minute)}, nil
		}
		return outcome{}, err
	}
	if !acc.Pending {
		return outcome{events: []Event{GuestJoined{At: w.joined(acc)}}}, nil
	}
	age := w.Now().Sub(r.Account.Invited)
	return outcome{again: w.Now().Add(min(max(age/8, 2*time.Second), 15*time.Minute))}, nil
}

// refused turns a refusal for good into a failed request, and leaves every
// other trouble to be tried again.
func (w *Worker) refused(err error, doing string) (outcome, error) {
	t := troubleOf(err)
	if t.Kind != Refused {
		return outcome{}, err
	}
	t.Doing = doing
	return w.giveUp(t)
}

func (w *Worker) giveUp(t Trouble) (outcome, error) {
	return outcome{events: []Event{StepRefused{Trouble: t}}}, nil
}

package approvals

import (
	"context"
	"time"
)

// replicatesFor is how long a new account may stay unknown to the rest of the
// directory before a human is asked. Microsoft promises no limit.
const replicatesFor = 2 * time.Hour

// guest does the next thing that Entra is owed for a request: one step a run, so
// that each answer is on disk before the next question.
func (w *Worker) guest(ctx context.Context, r Request) (outcome, error) {
	switch r.State {
	case Inviting:
		if !r.Hold.IsZero() { // the clock lets it go, and owes this anew
			return outcome{again: latest(r.Hold, w.Now().Add(pressesWait))}, nil
		}
		if r.recalls() { // whoever wants it back is heard first, and owes this anew
			return outcome{again: w.Now().Add(pressesWait)}, nil
		}
		if !r.Until.IsZero() && !w.Now().Before(r.Until) {
			return outcome{again: w.Now().Add(time.Minute)}, nil // the time is over: the clock says so any moment
		}
		if r.Account.ID == "" {
			return w.bringIn(ctx, r)
		}
		return w.grantNext(ctx, r)
	case Invited:
		return w.watch(ctx, r)
	case Ending:
		return w.takeNext(ctx, r)
	case Pending, Active, Split, Denied, Cancelled, TimedOut, Ended, Failed:
	}
	return outcome{}, nil
}

// bringIn looks for the guest first and invites only who is not there.
func (w *Worker) bringIn(ctx context.Context, r Request) (outcome, error) {
	acc, ok, err := w.find(ctx, r.Guest.Email)
	switch {
	case err != nil:
		return w.refused(err, "looking for the guest")
	case ok:
		return w.found(ctx, r, acc)
	}
	if !r.Account.Tried.IsZero() && w.Now().Sub(r.Account.Tried) < unsureFor {
		return outcome{}, &Trouble{Kind: Unsure, Doing: "looking for the guest", Text: "an invitation left and its answer was lost"}
	}
	t, err := w.pauses.turn(callInvite, w.Now())
	if err != nil {
		return outcome{}, err
	}
	left := false
	defer func() {
		if !left { // also by a panic
			w.pauses.back(t)
		}
	}()
	twin, wait, err := w.mayInvite(ctx, r)
	if err == nil && twin == nil && !wait {
		left = true
		return w.invite(ctx, r, t)
	}
	switch {
	case err != nil:
		return outcome{}, err
	case twin != nil:
		return outcome{events: []Event{GuestFound{ID: twin.ID, Link: twin.Link, Joined: twin.Joined}}}, nil
	}
	return outcome{again: w.Now().Add(time.Second)}, nil
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
	if _, wait := w.invitedBy(live, r.ID); acc.Pending && wait { // the link is on its way to the other request
		return outcome{again: w.Now().Add(time.Second)}, nil
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

// grantNext gives the first grant that is not confirmed.
func (w *Worker) grantNext(ctx context.Context, r Request) (outcome, error) {
	for _, g := range r.Access.Grants {
		if has(r.Account.Granted, g.Key()) {
			continue
		}
		err := w.grant(ctx, r.Account.ID, g)
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

// watch asks whether the guest has redeemed. The younger the invitation, the
// sooner the next look: most guests redeem within minutes or not for days.
func (w *Worker) watch(ctx context.Context, r Request) (outcome, error) {
	began := w.Now()
	acc, err := w.look(ctx, r.Account.ID)
	if err != nil {
		t := troubleOf(err)
		if t.Kind == Replicating && began.Sub(r.Account.Invited) >= replicatesFor {
			t.Kind = Refused
		}
		if t.Kind == Refused && t.Wide == "" {
			w.stuck(ctx, r, &t)
			return outcome{again: w.Now().Add(15 * time.Minute)}, nil
		}
		return outcome{}, err
	}
	w.over(ctx, WideStuck+string(r.ID), began)
	if !acc.Pending {
		return outcome{events: []Event{GuestJoined{At: w.joined(acc)}}}, nil
	}
	age := w.Now().Sub(r.Account.Invited)
	return outcome{again: w.Now().Add(min(max(age/8, 2*time.Second), 15*time.Minute))}, nil
}

// refused turns a refusal for good into a failed request. Every other trouble, and
// what is refused to the whole tenant, is tried again.
func (w *Worker) refused(err error, doing string) (outcome, error) {
	t := troubleOf(err)
	if t.Kind != Refused || t.Wide != "" {
		return outcome{}, err
	}
	t.Doing = doing
	return w.giveUp(t)
}

func (w *Worker) giveUp(t Trouble) (outcome, error) {
	return outcome{events: []Event{StepRefused{Trouble: t}}}, nil
}

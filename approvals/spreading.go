package approvals

import (
	"context"
	"errors"
	"time"
)

const (
	spreadSoon  = 2 * time.Second
	spreadLate  = 15 * time.Minute
	spreadBatch = 10 // guests in one run, so that what was made is noted soon
)

// spread makes the requests of the guests of one for several, and follows them
// while something is still to come.
func (w *Worker) spread(ctx context.Context, r Request) (outcome, error) {
	switch r.State {
	case Inviting:
		return w.split(ctx, r)
	case Split, Ended:
		return w.follow(ctx, r)
	case Pending, Invited, Active, Ending, Denied, Cancelled, TimedOut, Failed:
	}
	return outcome{}, nil
}

// split makes requests that are not there yet. That it begins is on disk before
// the first of them, so that nobody undoes what has left.
func (w *Worker) split(ctx context.Context, r Request) (outcome, error) {
	now := w.Now()
	switch {
	case !r.Hold.IsZero(): // the clock lets it go, and owes this anew
		return outcome{again: latest(r.Hold, now.Add(pressesWait))}, nil
	case r.recalls():
		return outcome{again: now.Add(pressesWait)}, nil
	case r.Account.Tried.IsZero():
		return outcome{events: []Event{InviteTried{}}, again: now}, nil
	}
	var out outcome
	for i := range r.Guests {
		if len(r.Children) > i && r.Children[i] != (Child{}) {
			continue
		}
		child, err := w.spawn(ctx, r, i)
		if err != nil {
			out.trouble = err
			break
		}
		out.events = append(out.events, Spread{Index: i, Child: child})
		if len(out.events) >= spreadBatch {
			break
		}
	}
	if out.trouble != nil && len(out.events) == 0 {
		return outcome{}, out.trouble
	}
	out.again = w.Now()
	return out, nil
}

// spawn makes the request of one guest, or finds the one that was made by a run
// whose end was lost.
func (w *Worker) spawn(ctx context.Context, lead Request, i int) (Child, error) {
	guest := lead.Guests[i]
	if guest.Email == "" {
		return Child{State: Cancelled}, nil
	}
	if made, err := w.made(ctx, lead, i); err != nil || made.ID != "" {
		return made, err
	}
	lead, err := w.Store.Get(ctx, lead.ID) // it may be revoked by now
	if err != nil {
		return Child{}, err
	}
	var twin *Request
	r, err := w.Store.Create(ctx, LiveKey(guest.Email, lead.Access.ID), func(id RequestID, live *Request) (Change, error) {
		if twin = live; live != nil {
			return Change{}, RefuseTwin(*live)
		}
		return Spawn(id, lead, i, w.Now())
	})
	if _, refused := errors.AsType[*Refusal](err); refused && twin != nil {
		return Child{Twin: twin.ID, State: twin.State}, nil
	}
	return Child{ID: r.ID, State: r.State}, err
}

// made is the request of one guest that was made already, if there is one.
func (w *Worker) made(ctx context.Context, lead Request, i int) (Child, error) {
	all, err := w.Store.History(ctx, lead.Guests[i].Email)
	if err != nil {
		return Child{}, err
	}
	for _, q := range all {
		if q.Lead == lead.ID && len(q.Guests) == 0 {
			return Child{ID: q.ID, State: q.State}, nil
		}
	}
	return Child{}, nil
}

// follow keeps what the lead shows of its guests true, and passes on that it was
// revoked. What is at rest is looked at less and less often.
func (w *Worker) follow(ctx context.Context, lead Request) (outcome, error) {
	var out outcome
	moving := false
	for i := range lead.Guests {
		var c Child
		if i < len(lead.Children) {
			c = lead.Children[i]
		}
		if c == (Child{}) && lead.Guests[i].Email != "" { // made, perhaps, in a run whose end was lost
			var err error
			if c, err = w.made(ctx, lead, i); err != nil {
				out.trouble = err
				continue
			}
			if c.ID != "" {
				out.events = append(out.events, Spread{Index: i, Child: c})
			}
		}
		if c.ID == "" {
			continue
		}
		q, err := w.Store.Get(ctx, c.ID)
		if err == nil && lead.State == Ended {
			q, err = w.pass(ctx, lead, q)
		}
		if err != nil { // the others go on
			out.trouble = err
			continue
		}
		moving = moving || !atRest(q.State)
		if q.State != c.State {
			out.events = append(out.events, Spread{Index: i, Child: Child{ID: c.ID, State: q.State}})
		}
	}
	if out.trouble != nil && len(out.events) == 0 {
		return outcome{}, out.trouble
	}
	if moving {
		out.again = w.Now().Add(min(max(w.Now().Sub(lead.Changed)/4, spreadSoon), spreadLate))
	}
	return out, nil
}

func atRest(s State) bool {
	switch s {
	case Split, Denied, Cancelled, TimedOut, Ended:
		return true
	case Pending, Inviting, Invited, Active, Ending, Failed:
	}
	return false
}

// pass revokes one guest's request because the lead was.
func (w *Worker) pass(ctx context.Context, lead, q Request) (Request, error) {
	is, err := w.Store.Update(ctx, q.ID, func(q Request) (Change, error) {
		c, err := advance(q, w.Now(), LeadRevoked{Lead: lead})
		if err == nil && len(c.Entries) == 0 {
			return Change{}, ErrNotDue
		}
		return c, err
	})
	if isNotDue(err) {
		return q, nil
	}
	return is, err
}

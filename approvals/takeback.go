package approvals

import (
	"context"
	"errors"
)

// takeNext takes the first grant back that is not confirmed gone. It is never
// given up: what cannot be taken back now is tried again until it can.
func (w *Worker) takeNext(ctx context.Context, r Request) (outcome, error) {
	for _, g := range r.Access.Grants {
		if has(r.Account.Taken, g.Key()) {
			continue
		}
		began := w.Now()
		if err := w.takeBack(ctx, r, g); err != nil {
			w.stuck(ctx, r, err)
			return outcome{}, err
		}
		w.over(ctx, WideStuck+string(r.ID), began)
		return outcome{events: []Event{GrantTaken{Key: g.Key()}}}, nil
	}
	return outcome{}, nil
}

// stuck tells the admins of a step that Entra refuses and that is tried on all
// the same: nobody else would hear that access outlives its end, or that a guest
// is not to be found any more.
func (w *Worker) stuck(ctx context.Context, r Request, err error) {
	if t := troubleOf(err); t.Kind == Refused && t.Wide == "" {
		t.Wide = WideStuck + string(r.ID)
		w.raise(ctx, t)
	}
}

// changesOfMind is how often a run gives and takes one grant before it comes back later.
const changesOfMind = 4

// takeBack takes one grant back unless another request of the guest needs it.
// That one may have been approved while the grant was being taken, by this run
// or by one that crashed, so what it needs is given again; and it may have ended
// while that was done. So what was done last is what the requests ask for after
// it. If Entra will not give, that is the other request's matter and does not
// keep this one from ending.
func (w *Worker) takeBack(ctx context.Context, r Request, g Grant) error {
	shared, err := w.shared(ctx, r, g)
	for range changesOfMind {
		if err != nil {
			return err
		}
		was := shared
		if was {
			err = w.giveAgain(ctx, r, g)
		} else {
			err = w.take(ctx, r.Account.ID, g)
		}
		if err != nil {
			return err
		}
		if shared, err = w.shared(ctx, r, g); err == nil && shared == was {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return &Trouble{Kind: Later, Doing: "taking back " + g.Key(), Code: "contested"}
}

// giveAgain gives what another request needs, as far as Entra lets it.
func (w *Worker) giveAgain(ctx context.Context, r Request, g Grant) error {
	err := w.grant(ctx, r.Account.ID, g)
	if t, ok := errors.AsType[*Trouble](err); ok && t.Wide == "" && (t.Kind == Refused || t.Kind == Replicating) {
		w.Log.ErrorContext(ctx, "a grant that another request needs cannot be given again", "request", r.ID, "trouble", t.inLog())
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
		case Pending, Ending, Split, Denied, Cancelled, TimedOut, Ended, Failed:
		}
	}
	return false, nil
}

package approvals

import "context"

// Every question to Entra passes here, so that one which cannot be answered now
// is asked for nobody.

func (w *Worker) find(ctx context.Context, email string) (acc Found, ok bool, err error) {
	err = w.ask(ctx, callFind, func() error {
		acc, ok, err = w.Tenant.Find(ctx, email)
		return err
	})
	return acc, ok, err
}

func (w *Worker) look(ctx context.Context, accountID string) (acc Found, err error) {
	err = w.ask(ctx, callLook, func() error {
		acc, err = w.Tenant.Look(ctx, accountID)
		return err
	})
	return acc, err
}

func (w *Worker) grant(ctx context.Context, accountID string, g Grant) error {
	return w.ask(ctx, callGrant, func() error { return w.Tenant.Grant(ctx, accountID, g) })
}

func (w *Worker) take(ctx context.Context, accountID string, g Grant) error {
	return w.ask(ctx, callTakeBack, func() error { return w.Tenant.TakeBack(ctx, accountID, g) })
}

// ask makes a call unless its kind is paused.
func (w *Worker) ask(ctx context.Context, c call, doing func() error) error {
	t, err := w.pauses.turn(c, w.Now())
	if err != nil {
		return err
	}
	return w.use(ctx, t, doing)
}

// use makes the call that a turn was given for, and keeps what it says about
// the tenant as a whole.
func (w *Worker) use(ctx context.Context, t turn, doing func() error) error {
	used := false
	defer func() {
		if !used { // a panic
			w.pauses.back(t)
		}
	}()
	err := doing()
	used = true
	over, err := w.pauses.done(t, err, w.Now())
	if err != nil {
		if trouble := troubleOf(err); trouble.Wide != "" {
			w.raise(ctx, trouble)
		}
	}
	for _, key := range over {
		w.over(ctx, key, t.began)
	}
	return err
}

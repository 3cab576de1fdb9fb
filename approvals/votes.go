package approvals

import (
	"context"
	"errors"
	"slices"
	"time"
)

// votes authorises the presses that were acknowledged, oldest first, on facts
// read now: after every one of them was made. Those that do not count are owed
// an answer. If Slack cannot be read now nothing more is decided, and the row
// stays. A deadline that waited for the presses passes with the last of them, if
// our clock can be trusted.
func (w *Worker) votes(ctx context.Context, r Request) (outcome, error) {
	var out outcome
	seen := sight{people: w.Desk}
	now := r
	delegations, err := w.delegations(ctx, r)
	if err != nil {
		return outcome{}, err
	}
	for _, p := range r.Presses {
		if now.State != r.State || now.Stage != r.Stage {
			break
		}
		ev, err := w.judge(ctx, &seen, delegations, now, p)
		if err != nil {
			out.trouble = err
			break
		}
		out.events = append(out.events, ev)
		c, err := advance(now, w.Now(), out.events[len(out.events)-1])
		if err != nil {
			return outcome{}, err
		}
		now = c.Request
	}
	if w.trusted(ctx) == nil {
		out.events = append(out.events, DeadlinePassed{})
	}
	return out, nil
}

// delegations are read only if a press may need one.
func (w *Worker) delegations(ctx context.Context, r Request) ([]Delegation, error) {
	for _, p := range r.Presses {
		if p.Verdict != Retry && p.Verdict != Undo && p.Verdict != Revoke {
			return w.Store.Delegations(ctx)
		}
	}
	return nil, nil
}

// judge turns one press into an event that counts it, or into a dismissal with
// its reason. What Slack will never say is a no; what it cannot say now is an error.
func (w *Worker) judge(ctx context.Context, seen *sight, delegations []Delegation, r Request, p Press) (Event, error) {
	if refusal, ok := w.turned.away(r, p); ok {
		return Dismissed{Press: p, Refusal: refusal}, nil
	}
	counted, err := w.described(ctx, seen, delegations, r, p)
	switch {
	case errors.Is(err, ErrUnknownPerson):
		return Dismissed{Press: p, Refusal: *ErrUnknownPerson}, nil
	case err != nil && troubleOf(err).Kind == Refused:
		w.Log.ErrorContext(ctx, "Slack does not say who may decide", "request", r.ID, "by", p.By, "error", err)
		return Dismissed{Press: p, Refusal: *about(ErrUnreadable, r)}, nil
	case err != nil:
		return nil, err
	}
	_, _, err = r.Apply(counted, w.Now())
	if refusal, ok := errors.AsType[*Refusal](err); ok && !isNotDue(err) {
		w.turned.remember(r, p, *refusal)
		return Dismissed{Press: p, Refusal: *refusal}, nil
	}
	if p.Verdict == Retry {
		return w.unlessTwin(ctx, r, p, counted)
	}
	return counted, nil
}

// described is a press with what Slack says of its maker, and of whoever else it
// is about, read afresh.
func (w *Worker) described(ctx context.Context, seen *sight, delegations []Delegation, r Request, p Press) (Event, error) {
	who, groups, err := seen.of(ctx, p.By, w.asks(r, p))
	if err != nil {
		return nil, err
	}
	admin := w.Policy().Admin(p.By.User, groups)
	switch p.Verdict {
	case Retry:
		return Retried{By: who, Admin: admin, Press: p}, nil
	case Undo:
		return Undone{By: who, Press: p}, nil
	case Revoke:
		return Revoked{By: who, Groups: groups, Admin: admin, Press: p}, nil
	case Approve, Deny, Narrow, Ask, OnIt:
	}
	ev := Voted{By: who, Groups: groups, Press: p}
	if !named(r.Approvers(r.Stage), p.By.User, groups) {
		if ev.Behalf, err = seen.behalf(ctx, delegations, r, p); err != nil {
			return nil, err
		}
	}
	if p.Choose != "" {
		chosen, _, err := seen.of(ctx, PersonID{Team: p.By.Team, User: p.Choose}, nil)
		switch {
		case err == nil:
			ev.Chosen = &chosen
		case !errors.Is(err, ErrUnknownPerson):
			return nil, err
		}
	}
	return ev, nil
}

// asks are the user groups that matter for a press.
func (w *Worker) asks(r Request, p Press) []string {
	switch p.Verdict {
	case Retry:
		return w.Policy().AdminGroups()
	case Undo:
		return nil
	case Revoke:
		if r.Requester.Same(p.By) {
			return nil
		}
		groups := w.Policy().AdminGroups()
		for i := range r.Access.Stages {
			groups = append(groups, groupsOf(r.Named(i))...)
		}
		slices.Sort(groups)
		return slices.Compact(groups)
	case Approve, Deny, Narrow, Ask, OnIt:
	}
	return groupsOf(r.Approvers(r.Stage))
}

// unlessTwin dismisses a retry when the same wish was made anew meanwhile: only
// one request may be live for a guest and an access.
func (w *Worker) unlessTwin(ctx context.Context, r Request, p Press, counted Event) (Event, error) {
	live, err := w.Store.Guest(ctx, r.Guest.Email)
	if err != nil {
		return nil, err
	}
	for _, q := range live {
		if q.ID != r.ID && q.LiveKey() == r.LiveKey() {
			return Dismissed{Press: p, Refusal: *RefuseTwin(q)}, nil
		}
	}
	return counted, nil
}

// answers tells everybody who is owed a private word. Each is told once; one
// who cannot be reached keeps nobody else waiting, and one whom Slack will never
// let us reach is given up.
func (w *Worker) answers(ctx context.Context, r Request) (outcome, error) {
	var told []Answer
	var failed error
	for _, a := range r.Answers {
		err := w.Desk.Answer(ctx, r, a)
		switch {
		case err == nil:
		case troubleOf(err).Kind == Refused:
			w.Log.WarnContext(ctx, "an answer is given up", "request", r.ID, "to", a.To, "error", err)
		default:
			if failed == nil || troubleOf(err).After > troubleOf(failed).After {
				failed = err
			}
			continue
		}
		told = append(told, a)
	}
	if failed != nil && len(told) == 0 {
		return outcome{}, failed
	}
	return outcome{note: func(q *Request, _ time.Time) {
		q.Answers = slices.DeleteFunc(q.Answers, func(a Answer) bool {
			return slices.ContainsFunc(told, a.same)
		})
	}, trouble: failed}, nil
}

func (a Answer) same(b Answer) bool {
	return a.To == b.To && a.At.Equal(b.At) && a.Refusal.Code == b.Refusal.Code && a.Reply == b.Reply
}

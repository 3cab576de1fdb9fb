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
	for _, p := range r.Presses {
		if now.State != r.State || now.Stage != r.Stage {
			break
		}
		ev, err := w.judge(ctx, &seen, now, p)
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

// judge turns one press into an event that counts it, or into a dismissal with
// its reason. What Slack will never say is a no; what it cannot say now is an error.
func (w *Worker) judge(ctx context.Context, seen *sight, r Request, p Press) (Event, error) {
	if refusal, ok := w.turned.away(r, p); ok {
		return Dismissed{Press: p, Refusal: refusal}, nil
	}
	ask := r.CurrentStage().Groups()
	if p.Verdict == Retry {
		ask = w.Policy.AdminGroups()
	}
	who, groups, err := seen.of(ctx, p.By, ask)
	switch {
	case errors.Is(err, ErrUnknownPerson):
		return Dismissed{Press: p, Refusal: *ErrUnknownPerson}, nil
	case err != nil && troubleOf(err).Kind == Refused:
		w.Log.ErrorContext(ctx, "Slack does not say who may decide", "request", r.ID, "by", p.By, "error", err)
		return Dismissed{Press: p, Refusal: *about(ErrUnreadable, r)}, nil
	case err != nil:
		return nil, err
	}
	var counted Event = Voted{By: who, Groups: groups, Press: p}
	if p.Verdict == Retry {
		counted = Retried{By: who, Admin: w.Policy.Admin(p.By.User, groups), Press: p}
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

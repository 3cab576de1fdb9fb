package approvals

import (
	"context"
	"errors"
	"slices"
	"time"
)

// votes authorises the presses that were acknowledged, oldest first, on facts
// read now: after every one of them was made. Those that do not count are owed
// an answer. If Slack cannot be read nothing is decided, and the row stays.
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
			if len(out.events) > 0 {
				out.again = w.Now()
				return out, nil
			}
			return outcome{}, err
		}
		out.events = append(out.events, ev)
		c, err := advance(now, w.Now(), out.events[len(out.events)-1])
		if err != nil {
			return outcome{}, err
		}
		now = c.Request
	}
	return out, nil
}

// judge turns one press into an event that counts it, or into a dismissal with
// its reason.
func (w *Worker) judge(ctx context.Context, seen *sight, r Request, p Press) (Event, error) {
	ask := r.CurrentStage().Groups()
	if p.Verdict == Retry {
		ask = w.Policy.AdminGroups()
	}
	who, groups, err := seen.of(ctx, p.By, ask)
	if errors.Is(err, ErrUnknownPerson) {
		return Dismissed{Press: p, Refusal: *ErrUnknownPerson}, nil
	}
	if err != nil {
		return nil, err
	}
	var counted Event = Voted{By: who, Groups: groups, Press: p}
	if p.Verdict == Retry {
		counted = Retried{By: who, Admin: w.Policy.Admin(p.By.User, groups), Press: p}
	}
	_, _, err = r.Apply(counted, w.Now())
	if refusal, ok := errors.AsType[*Refusal](err); ok && !isNotDue(err) {
		return Dismissed{Press: p, Refusal: *refusal}, nil
	}
	return counted, nil
}

// answers tells everybody who is owed a private word. Each is told once; one
// who cannot be reached keeps nobody else waiting.
func (w *Worker) answers(ctx context.Context, r Request) (outcome, error) {
	var told []Answer
	var failed error
	for _, a := range r.Answers {
		if err := w.Desk.Answer(ctx, r, a); err != nil {
			failed = err
			if troubleOf(err).Kind != Refused {
				continue
			}
		}
		told = append(told, a)
	}
	if failed != nil && len(told) == 0 {
		return outcome{}, failed
	}
	out := outcome{note: func(q *Request, _ time.Time) {
		q.Answers = slices.DeleteFunc(q.Answers, func(a Answer) bool {
			return slices.ContainsFunc(told, func(t Answer) bool { return t.To == a.To && t.At.Equal(a.At) })
		})
	}}
	if len(told) < len(r.Answers) {
		out.again = w.Now().Add(backoff(2, troubleOf(failed).After))
	}
	return out, nil
}

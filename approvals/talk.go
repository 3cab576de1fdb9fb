package approvals

import (
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxTalk and maxEdits bound what one request keeps of its discussion.
const (
	maxTalk  = 10
	maxEdits = 20
)

// ask puts an approver's question to the requester. The deadline waits for the answer.
func (r Request) ask(p Press) (Request, []Owing, error) {
	if _, asked := r.Asked(); asked {
		return r, nil, about(ErrAskedAlready, r)
	}
	if len(r.Talk) >= maxTalk {
		return r, nil, about(ErrTalkLong, r)
	}
	r.Talk = append(r.Talk, Exchange{Stage: r.Stage, By: p.By, Question: p.Reason, At: p.At})
	return r.enter(Pending, r.clock())
}

// answered is the requester's answer; the stage goes on from where it waited.
func (r Request) answered(ev Answered, now time.Time) (Request, []Owing, error) {
	switch {
	case ev.Tag != r.Tag:
		return r, nil, about(ErrOldCard, r)
	case !ev.By.Same(r.Requester):
		return r, nil, about(ErrOnlyRequester, r)
	case r.State != Pending:
		return r, nil, r.decided()
	}
	text := cleanText(ev.Text)
	i := slices.IndexFunc(r.Talk, func(e Exchange) bool { return e.At.Equal(ev.Asked) })
	switch {
	case i < 0 || !r.Talk[i].Answered.IsZero() || r.Talk[i].Stage != r.Stage:
		return r, nil, about(ErrNotAsked, r)
	case !visible(text):
		return r, nil, ErrAnswerMissing
	case utf8.RuneCountInString(text) > MaxReason:
		return r, nil, tooLong(FieldAnswer, MaxReason)
	}
	waited := min(max(now.Sub(r.Talk[i].At), 0), longestAnswer)
	r.Talk[i].Answer, r.Talk[i].Answered = text, now
	r.Since, r.Deadline = r.began().Add(waited), r.Deadline.Add(waited)
	r.Calls = append(r.Calls, Call{Kind: CallAnswered, Stage: r.Stage, By: r.Talk[i].By, At: now})
	return r.enter(Pending, r.clock(), Owing{Kind: WorkThread})
}

// nudged reminds the stage on the requester's wish, now and then.
func (r Request) nudged(ev Nudged, now time.Time) (Request, []Owing, error) {
	every, limit := r.Limits.NudgeEvery, r.Limits.NudgeLimit
	if every == 0 {
		every = 4 * time.Hour
	}
	if limit == 0 {
		limit = 3
	}
	switch {
	case ev.Tag != r.Tag:
		return r, nil, about(ErrOldCard, r)
	case !ev.By.Same(r.Requester):
		return r, nil, about(ErrOnlyRequester, r)
	case r.State != Pending:
		return r, nil, r.decided()
	case len(r.Nudges) >= limit:
		return r, nil, about(ErrNudgedOut, r)
	case len(r.Nudges) > 0 && now.Before(r.Nudges[len(r.Nudges)-1].Add(every)):
		return r, nil, about(ErrNudgedLately, r).With("at", unix(r.Nudges[len(r.Nudges)-1].Add(every)))
	}
	r.Nudges = append(r.Nudges, now)
	r.Calls = append(r.Calls, Call{Kind: CallNudge, Stage: r.Stage, By: ev.By, At: now})
	return r.enter(Pending, Owing{Kind: WorkThread})
}

// Changeable refuses whoever may not change the terms of the request as its
// requester: only before the first decision of anybody.
func (r Request) Changeable(by PersonID, tag string) error {
	switch {
	case tag != r.Tag:
		return about(ErrOldCard, r)
	case !by.Same(r.Requester):
		return about(ErrOnlyRequester, r)
	case r.State != Pending:
		return r.decided()
	case len(r.Votes) > 0 || len(r.Guests) > 0 || len(r.Edits) >= maxEdits,
		slices.ContainsFunc(r.Edits, func(e Edit) bool { return !e.By.Same(r.Requester) }): // an approver gave less
		return about(ErrNotEditable, r)
	}
	return nil
}

// edited is the requester's change of their wish. That the policy allows it, and
// lets the same people decide, is settled by Service.Edit; an approval of what
// was there before does not count for it.
func (r Request) edited(ev Edited, now time.Time) (Request, []Owing, error) {
	if err := r.Changeable(ev.By, ev.Tag); err != nil {
		return r, nil, err
	}
	if ev.Edition != r.Edition {
		return r, nil, r.stale(ev.Edition)
	}
	if !ev.Terms.OpenEnded && ev.Terms.end(now).IsZero() { // no length is not for ever
		return r, nil, ErrForUnknown
	}
	if reflect.DeepEqual(ev.Terms, r.Terms()) {
		return r, nil, ErrChangeNothing
	}
	r = r.take(ev.Terms, ev.By, now)
	return r.enter(Pending, r.clock(), Owing{Kind: WorkVotes})
}

// stale tells somebody that the terms are not those any more that they saw.
func (r Request) stale(seen int) *Refusal {
	return about(ErrStaleTerms, r).With("edition", strconv.Itoa(seen))
}

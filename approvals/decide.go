package approvals

import (
	"strings"
	"time"
	"unicode/utf8"
)

// pressed takes a press that may still count. It only looks at the request:
// whether the person may decide is settled by Voted, on facts read afresh.
// A second press by the same person replaces the first one.
func (r Request) pressed(p Press, now time.Time) (Request, []Owing, error) {
	if err := r.open(p, now); err != nil {
		return r, nil, err
	}
	p.At, p.Reason = now, cleanText(p.Reason)
	for i, old := range r.Presses {
		if old.By.Same(p.By) && old.Verdict == p.Verdict && old.Reason == p.Reason && old.Stage == p.Stage {
			return r, nil, ErrNotDue // the same press waits already
		}
		if old.By.Same(p.By) {
			r.Presses[i] = p
			return r, []Owing{{Kind: WorkVotes}}, nil
		}
	}
	r.Presses = append(r.Presses, p)
	return r, []Owing{{Kind: WorkVotes}}, nil
}

// open refuses a press that cannot count whoever made it. The deadline is held
// against the moment of the press. A button of another request that had the same
// number once does nothing to this one, nor does one that does not say whose it is.
func (r Request) open(p Press, at time.Time) error {
	switch {
	case p.Tag != r.Tag:
		return about(ErrOldCard, r)
	case p.Verdict == Retry && (r.State != Failed || !r.Erased.IsZero()):
		return about(ErrNotRetryable, r).With("state", string(r.State))
	case p.Verdict == Retry:
		return nil
	case r.State != Pending:
		return r.decided()
	case p.Stage != r.Stage:
		return about(ErrStaleStage, r)
	case !at.Before(r.Deadline):
		return about(ErrTooLate, r)
	case p.By.Same(r.Requester):
		return about(ErrOwnRequest, r)
	case p.Verdict == Deny && !visible(p.Reason):
		return ErrDenyReason
	case utf8.RuneCountInString(p.Reason) > MaxReason:
		return tooLong(FieldReason, MaxReason)
	case r.hasVoted(p.By):
		return about(ErrRepeated, r)
	}
	return nil
}

// MayDecide refuses everybody who may not decide the current stage, for
// whatever verdict: who is not a colleague, who asked, who is no approver.
// Groups are the stage's user groups that the person was seen in.
func (r Request) MayDecide(who Person, groups []string) error {
	if err := who.Colleague(); err != nil {
		return err
	}
	if who.ID.Same(r.Requester) {
		return about(ErrOwnRequest, r)
	}
	if !r.CurrentStage().names(who.ID.User, groups) {
		return about(ErrNotApprover, r)
	}
	return nil
}

// voted counts a press whose maker was described afresh. A press that is not
// waiting here (any more) means nothing, so a vote counts at most once.
func (r Request) voted(ev Voted, now time.Time) (Request, []Owing, error) {
	r, p, ok := r.without(ev.Press)
	if !ok {
		return r, nil, ErrNotDue
	}
	if err := r.open(p, p.At); err != nil {
		return r, nil, err
	}
	if !ev.By.ID.Same(p.By) {
		return r, nil, ErrUnknownPerson
	}
	if err := r.MayDecide(ev.By, ev.Groups); err != nil {
		return r, nil, err
	}
	r.Votes = append(r.Votes, Vote{By: p.By, Verdict: p.Verdict, Reason: strings.TrimSpace(p.Reason), Stage: r.Stage, At: p.At})
	switch p.Verdict {
	case Deny:
		return r.close(Denied, p.By, strings.TrimSpace(p.Reason), p.At)
	case Retry: // is never a vote: see Retried
	case Approve:
		if r.quorum() < max(r.CurrentStage().Quorum, 1) {
			return r.enter(Pending)
		}
		return r.passStage(p, now)
	}
	return r, nil, ErrUnreadable
}

// passStage goes to the next stage, or to Entra after the last one. The time of
// the access starts now, not when it was asked for.
func (r Request) passStage(p Press, now time.Time) (Request, []Owing, error) {
	if r.Stage+1 < len(r.Access.Stages) {
		for _, rest := range r.Presses {
			r.Answers = append(r.Answers, Answer{To: rest.By, Refusal: *about(ErrStaleStage, r), Reply: rest.Reply, At: now})
		}
		r.Presses = nil
		r.Stage++
		r.Deadline = now.Add(r.CurrentStage().Deadline)
		return r.enter(Pending, Owing{Kind: WorkClock, Due: r.Deadline}, Owing{Kind: WorkAnswers})
	}
	r.State, r.Deadline = Inviting, time.Time{}
	owed := []Owing{{Kind: WorkGuest}, {Kind: WorkAnswers}}
	if r.For > 0 {
		r.Until = now.Add(r.For)
		owed = append(owed, Owing{Kind: WorkClock, Due: r.Until})
	}
	return r.answerRest(p.By, now).enter(Inviting, owed...)
}

// dismissed drops a press and owes its maker the reason.
func (r Request) dismissed(ev Dismissed) (Request, []Owing, error) {
	r, p, ok := r.without(ev.Press)
	if !ok {
		return r, nil, ErrNotDue
	}
	r.Answers = append(r.Answers, Answer{To: p.By, Refusal: ev.Refusal, Reply: p.Reply, At: p.At})
	return r, []Owing{{Kind: WorkAnswers}}, nil
}

// without removes one waiting press; the same person's newer press is another one.
func (r Request) without(p Press) (rest Request, taken Press, ok bool) {
	for i, w := range r.Presses {
		if w.By.Same(p.By) && w.At.Equal(p.At) && w.Verdict == p.Verdict {
			r.Presses = append(r.Presses[:i:i], r.Presses[i+1:]...)
			return r, w, true
		}
	}
	return r, Press{}, false
}

// quorum counts the distinct people who approved the current stage.
func (r Request) quorum() int {
	n := 0
	for _, v := range r.Votes {
		if v.Stage == r.Stage && v.Verdict == Approve {
			n++
		}
	}
	return n
}

func (r Request) hasVoted(who PersonID) bool {
	for _, v := range r.Votes {
		if v.Stage == r.Stage && v.By.Same(who) {
			return true
		}
	}
	return false
}

// decided is what is told to whoever comes too late: what happened, by whom and when.
func (r Request) decided() *Refusal {
	refusal := about(ErrDecided, r).With("state", string(r.State))
	switch r.State {
	case Denied, Cancelled, TimedOut:
		if r.Closed != nil {
			return refusal.With("by", r.Closed.By.User).With("at", unix(r.Closed.At)).With("how", string(r.State))
		}
	case Pending, Inviting, Invited, Active, Ending, Ended, Failed:
		if len(r.Votes) > 0 {
			last := r.Votes[len(r.Votes)-1]
			return refusal.With("by", last.By.User).With("at", unix(last.At)).With("how", "approved")
		}
	}
	return refusal
}

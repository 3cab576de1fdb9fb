package approvals

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// pressed takes a press that may still count. It only looks at the request:
// whether the person may decide is settled by Voted, on facts read afresh.
// A second decision by the same person replaces the first one.
func (r Request) pressed(p Press, now time.Time) (Request, []Owing, error) {
	if err := r.open(p, now); err != nil {
		return r, nil, err
	}
	p.At, p.Reason = now, cleanText(p.Reason)
	for i, old := range r.Presses {
		if old.same(p) {
			return r, nil, ErrNotDue // the same press waits already
		}
		if old.By.Same(p.By) && old.Verdict.replacedBy(p.Verdict) {
			r.Presses[i] = p
			return r, []Owing{{Kind: WorkVotes}}, nil
		}
	}
	r.Presses = append(r.Presses, p)
	return r, []Owing{{Kind: WorkVotes}}, nil
}

// replacedBy reports whether a later press takes the place of an earlier one: a
// question or "I'm on it" takes no decision back.
func (v Verdict) replacedBy(later Verdict) bool {
	decides := func(v Verdict) bool { return v == Approve || v == Deny || v == Narrow }
	return v == later || decides(v) && decides(later)
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
	case utf8.RuneCountInString(p.Reason) > MaxReason:
		return tooLong(FieldReason, MaxReason)
	case p.Verdict == Undo:
		return r.undoable(p.By, at)
	case p.Verdict == Revoke:
		return r.revocable()
	case r.State != Pending:
		return r.decided()
	case p.Stage != r.Stage:
		return about(ErrStaleStage, r)
	case !at.Before(r.over()):
		return about(ErrTooLate, r)
	case p.By.Same(r.Requester):
		return about(ErrOwnRequest, r)
	case p.Verdict == Deny && !visible(p.Reason):
		return ErrDenyReason
	case p.Verdict == Ask && !visible(p.Reason):
		return ErrQuestion
	case (p.Verdict == Approve || p.Verdict == Narrow) && p.Edition != r.Edition:
		return r.stale(p.Edition)
	case p.Verdict != Ask && p.Verdict != OnIt && r.hasVoted(p.By):
		return about(ErrRepeated, r)
	}
	return nil
}

// same reports whether two presses of one person say the same.
func (p Press) same(q Press) bool {
	return p.By.Same(q.By) && p.Verdict == q.Verdict && p.Reason == q.Reason && p.Stage == q.Stage &&
		p.Edition == q.Edition && p.Choose == q.Choose && p.Also == q.Also && (p.Terms == nil) == (q.Terms == nil) && p.Terms == nil
}

// Behalf is somebody who gave their right to decide to another person for a time.
// Groups are the stage's user groups that they were seen in. The zero Behalf is nobody's.
type Behalf struct {
	Of     Person
	Groups []string
}

// MayDecide refuses everybody who may not decide the current stage, for
// whatever verdict: who is not a colleague, who asked, who is no approver.
// Groups are the stage's user groups that the person was seen in. A right that
// was given away counts as its owner's: it is nobody's if they asked themselves,
// have left, or have had their say.
func (r Request) MayDecide(who Person, groups []string, behalf Behalf) error {
	if err := who.Colleague(); err != nil {
		return err
	}
	if who.ID.Same(r.Requester) {
		return about(ErrOwnRequest, r)
	}
	if r.chose(who.ID) || r.spent(behalf.Of.ID) {
		return about(ErrRepeated, r)
	}
	approvers := r.Approvers(r.Stage)
	if named(approvers, who.ID.User, groups) {
		return nil
	}
	if behalf.Of.Colleague() != nil || behalf.Of.ID.Same(r.Requester) ||
		!named(approvers, behalf.Of.ID.User, behalf.Groups) {
		return about(ErrNotApprover, r)
	}
	return nil
}

// spent reports whether somebody has had their say in the present stage: by voting
// in it, or by choosing who decides it.
func (r Request) spent(who PersonID) bool { return r.hasVoted(who) || r.chose(who) }

// chose reports whether somebody had a part in choosing who decides the present
// stage: whoever did decides nothing in it.
func (r Request) chose(who PersonID) bool {
	return r.CurrentStage().Has(RoleChosen) && slices.ContainsFunc(r.Votes, func(v Vote) bool {
		return v.Stage == r.Stage-1 && (v.By.Same(who) || v.For.Same(who))
	})
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
	if err := r.MayDecide(ev.By, ev.Groups, ev.Behalf); err != nil {
		return r, nil, err
	}
	v := Vote{By: p.By, Verdict: p.Verdict, Reason: strings.TrimSpace(p.Reason), Stage: r.Stage, Edition: r.Edition, At: p.At}
	if !named(r.Approvers(r.Stage), ev.By.ID.User, ev.Groups) {
		v.For = ev.Behalf.Of.ID
	}
	switch p.Verdict {
	case Deny:
		r.Votes = append(r.Votes, v)
		return r.close(Denied, p.By, v.Reason, p.At)
	case Approve:
		return r.approved(v, p, ev.Chosen, now)
	case Narrow:
		return r.narrowed(v, p, ev.Chosen, now)
	case Ask:
		return r.ask(p)
	case OnIt:
		r.Claim = &Claim{By: p.By, Until: p.At.Add(orElse(r.Limits.Claim, time.Hour))}
		return r.enter(Pending, r.clock())
	case Retry, Undo, Revoke: // are no votes: see Retried, Undone, Revoked
	}
	return r, nil, ErrUnreadable
}

// approved counts one approval, and passes the stage with the last that it needs.
func (r Request) approved(v Vote, p Press, chosen *Person, now time.Time) (Request, []Owing, error) {
	if r.Choosing() {
		if p.Choose == "" {
			return r, nil, about(ErrChooseNeeded, r).With("stage", r.Access.Stages[r.Stage+1].Name)
		}
		if chosen == nil || chosen.ID.User != p.Choose || chosen.stranger() || chosen.ID.Same(r.Requester) || chosen.ID.Same(p.By) || chosen.ID.Same(v.For) || r.hasVoted(chosen.ID) {
			return r, nil, about(ErrChosenUnfit, r)
		}
		r.Seats = append(r.Seats, Seat{Stage: r.Stage + 1, Role: RoleChosen, User: p.Choose})
	}
	v.Verdict = Approve
	r.Votes = append(r.Votes, v)
	if r.quorum() < max(r.CurrentStage().Quorum, 1) {
		return r.enter(Pending)
	}
	return r.passStage(p, now)
}

// narrowed gives less than was asked for. Approvals that were counted stand: what
// they were given for included it.
func (r Request) narrowed(v Vote, p Press, chosen *Person, now time.Time) (Request, []Owing, error) {
	if p.Terms == nil {
		return r, nil, ErrChangeNothing
	}
	if len(r.Edits) >= 2*maxEdits { // the requester's own use up half of them
		return r, nil, about(ErrNotEditable, r)
	}
	t := r.Terms()
	t.For, t.Ends, t.OpenEnded, t.Grants = p.Terms.For, p.Terms.Ends, p.Terms.OpenEnded, r.grantsOf(p.Terms.Grants)
	if !r.Ends.IsZero() && t.Ends.IsZero() && !t.OpenEnded { // a date stays one, or a late approval would reach beyond it
		t.For, t.Ends = 0, t.end(now)
	}
	if err := r.narrower(t, now); err != nil {
		return r, nil, err
	}
	r = r.take(t, p.By, now)
	if !p.Also {
		return r.enter(Pending, r.clock(), Owing{Kind: WorkVotes})
	}
	v.Edition, v.Reason = r.Edition, ""
	next, owed, err := r.approved(v, p, chosen, now)
	if err == nil && next.State == Pending {
		owed = append(owed, next.clock()) // the end may have come nearer
	}
	return next, append(owed, Owing{Kind: WorkVotes}), err
}

// grantsOf are the request's own grants out of a list.
func (r Request) grantsOf(wanted []Grant) []Grant {
	return slices.DeleteFunc(slices.Clone(r.Access.Grants), func(g Grant) bool {
		return !slices.ContainsFunc(wanted, func(w Grant) bool { return w.Key() == g.Key() })
	})
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
		r = r.begin(now)
		return r.enter(Pending, r.clock(), Owing{Kind: WorkAnswers}, Owing{Kind: WorkSight}, Owing{Kind: WorkFacts})
	}
	return r.answerRest(p.By, now).admit(now)
}

// admitting is the work that lets an approved guest in, or several of them.
func (r Request) admitting() Owing {
	if len(r.Guests) > 0 {
		return Owing{Kind: WorkSpread, Due: r.Hold}
	}
	return Owing{Kind: WorkGuest, Due: r.Hold}
}

// admit lets the guest in, after the hold.
func (r Request) admit(now time.Time) (Request, []Owing, error) {
	if r.Limits.Hold > 0 {
		r.Hold, r.Back = now.Add(r.Limits.Hold), r.Deadline
	}
	r.State, r.Deadline, r.Claim = Inviting, time.Time{}, nil
	r.Until = r.Terms().end(now)
	owed := []Owing{r.admitting(), {Kind: WorkAnswers}}
	if !r.due().IsZero() {
		owed = append(owed, r.clock())
	}
	return r.enter(Inviting, owed...)
}

// dismissed drops a press and owes its maker the reason.
func (r Request) dismissed(ev Dismissed) (Request, []Owing, error) {
	r, p, ok := r.without(ev.Press)
	if !ok {
		return r, nil, ErrNotDue
	}
	r.Answers = append(r.Answers, Answer{To: p.By, Refusal: ev.Refusal, Reply: p.Reply, At: p.At})
	owed := []Owing{{Kind: WorkAnswers}}
	if r.State == Inviting { // which may have waited for it
		owed = append(owed, r.admitting(), r.clock())
	}
	return r, owed, nil
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

// quorum counts the distinct people who approved the current stage: nobody votes
// twice in it, neither for themselves nor for another.
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
		if v.Stage == r.Stage && (v.By.Same(who) || v.For.Same(who)) {
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
	case Pending, Inviting, Invited, Active, Ending, Split, Ended, Failed:
		if len(r.Votes) > 0 {
			last := r.Votes[len(r.Votes)-1]
			return refusal.With("by", last.By.User).With("at", unix(last.At)).With("how", "approved")
		}
	}
	return refusal
}

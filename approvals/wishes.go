package approvals

import (
	"context"
	"time"
)

// Edit changes the terms of a request for its requester, before anybody has
// decided. The policy reads the draft anew, as of one of the guests that were asked
// in at once: what it refuses is refused, and what other people would have to decide
// is to be asked for anew.
func (s *Service) Edit(ctx context.Context, id RequestID, tag string, edition int, d Draft) (Request, error) {
	r, err := s.Store.Get(ctx, id)
	if err != nil {
		return Request{}, wrapFault(err, "reading "+string(id))
	}
	if err := r.Changeable(d.By.ID, tag); err != nil {
		return r, err
	}
	d.Email, d.Access, d.Guests = r.Guest.Email, r.Access.ID, r.AtOnce
	plan, err := s.plan(ctx, d)
	if err != nil {
		return r, err
	}
	if plan.Approved || !sameStages(plan.Access.Stages, r.Access.Stages) {
		return r, about(ErrEditStages, r)
	}
	plan.Terms.Grants = r.Access.Grants // as they were when the request was made
	return s.decide(ctx, id, d.By.ID, "edit", Edited{By: d.By.ID, Tag: tag, Edition: edition, Terms: plan.Terms})
}

// Answer keeps the requester's answer to a question.
func (s *Service) Answer(ctx context.Context, id RequestID, a Answered) (Request, error) {
	return s.decide(ctx, id, a.By, "answer", a)
}

// Nudge reminds the approvers on the requester's wish.
func (s *Service) Nudge(ctx context.Context, id RequestID, n Nudged) (Request, error) {
	return s.decide(ctx, id, n.By, "nudge", n)
}

// Delegate gives somebody's right to decide to a colleague for a time; nobody in
// to takes it back. It says nothing about whether they have such a right: it counts
// where they would, at the moment of each press.
func (s *Service) Delegate(ctx context.Context, from Person, to PersonID, start, end time.Time) (Delegation, error) {
	if err := from.Colleague(); err != nil {
		return Delegation{}, err
	}
	d := Delegation{From: from.ID, To: to, Start: start, End: end, Made: s.Now()}
	if to.User == "" {
		d.Start, d.End = time.Time{}, time.Time{}
		return d, wrapFault(s.Store.Delegate(ctx, d), "keeping a delegation")
	}
	switch {
	case to.Same(from.ID):
		return Delegation{}, ErrDelegateSelf
	case !end.After(start) || !end.After(d.Made) || end.Sub(start) > longestDelegation:
		return Delegation{}, ErrDelegateDates
	}
	who, err := s.People.Person(ctx, to)
	if err != nil && len(refusalsOf(err)) == 0 {
		return Delegation{}, err
	}
	if err != nil || who.stranger() {
		return Delegation{}, ErrDelegateUnfit
	}
	return d, wrapFault(s.Store.Delegate(ctx, d), "keeping a delegation")
}

// Delegation is what somebody has made of their right to decide, if anything.
func (s *Service) Delegation(ctx context.Context, from PersonID) (Delegation, bool, error) {
	all, err := s.Store.Delegations(ctx)
	if err != nil {
		return Delegation{}, false, wrapFault(err, "reading the delegations")
	}
	for _, d := range all {
		if d.From.Same(from) && d.To.User != "" && s.Now().Before(d.End) {
			return d, true, nil
		}
	}
	return Delegation{}, false, nil
}

package approvals

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Service is what people can do with requests. A nil error means that it is on
// disk; a *Refusal or Refusals is for the person; anything else is a fault.
//
// People may answer from memory: the service shows and opens forms by it, and
// decides nothing. Decisions are the worker's, on facts read afresh.
type Service struct {
	Store  Store
	People People
	Policy func() *Policy
	Now    func() time.Time
}

// Press keeps what somebody pressed (any Verdict) and
// returns when it is on disk. Whether it counts is settled by the worker, on
// facts read afresh; the person hears of it privately if not. A press that cannot
// count whoever made it is refused at once.
func (s *Service) Press(ctx context.Context, id RequestID, p Press) (Request, error) {
	r, err := s.decide(ctx, id, p.By, string(p.Verdict), Pressed{Press: p})
	if isNotDue(err) { // the same press waits already
		return s.Store.Get(ctx, id)
	}
	return r, err
}

// Withdraw takes a pending request back, for its requester only.
func (s *Service) Withdraw(ctx context.Context, id RequestID, w Withdrawn) (Request, error) {
	return s.decide(ctx, id, w.By, "withdraw", w)
}

// Tell is what may be told of a refusal about a request: to those who may see
// the request the refusal itself, to a colleague that they are no approver, to
// everybody else why they are not heard at all. What became of a request is
// nobody's business who only guessed its ID. A card that was there once names a
// request that is not: its buttons are old, whether the number was given again or not.
func (s *Service) Tell(ctx context.Context, id RequestID, to PersonID, why *Refusal) *Refusal {
	_, _, err := s.Story(ctx, id, to)
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		return why
	case refused && refusal.Is(ErrNotFound) && (why.Is(ErrOldCard) || why.Is(ErrNotFound)):
		return ErrOldCard.With("id", string(id))
	case refused && refusal.Is(ErrNotFound):
		return ErrNotApprover.With("id", string(id))
	case refused:
		return refusal
	}
	return ErrUnreadable.With("id", string(id))
}

// Admin says who somebody is and whether they administer partnerbot.
func (s *Service) Admin(ctx context.Context, id PersonID) (Person, bool, error) {
	seen := sight{people: s.People}
	who, groups, err := seen.of(ctx, id, s.Policy().AdminGroups())
	if err != nil {
		return Person{}, false, err
	}
	return who, who.Colleague() == nil && s.Policy().Admin(id.User, groups), nil
}

// Pending lists what waits for a decision: everything for admins, one's own for
// everybody else.
func (s *Service) Pending(ctx context.Context, by PersonID, q Query) (Page, bool, error) {
	who, admin, err := s.Admin(ctx, by)
	if err != nil {
		return Page{}, false, err
	}
	if err := who.Colleague(); err != nil {
		return Page{}, false, err
	}
	if admin {
		q.Pending, q.Requester = true, PersonID{}
	} else {
		q.Pending, q.Requester = false, by
	}
	page, err := s.Store.List(ctx, q)
	return page, admin, wrapFault(err, "listing requests")
}

// Own lists what somebody asked for themselves, whatever became of it.
func (s *Service) Own(ctx context.Context, by PersonID, q Query) (Page, error) {
	q.Pending, q.Requester = false, by
	page, err := s.Store.List(ctx, q)
	return page, wrapFault(err, "listing requests")
}

// Story returns a request and its trail to those who may see it: its
// requester, the approvers of its stages and the admins. Everybody else is
// told the same as for a request that does not exist. What is known of the domain
// of a pending one is as of now.
func (s *Service) Story(ctx context.Context, id RequestID, by PersonID) (Request, []Entry, error) {
	who, admin, err := s.Admin(ctx, by)
	if err != nil {
		return Request{}, nil, err
	}
	if err := who.Colleague(); err != nil {
		return Request{}, nil, err
	}
	r, err := s.Store.Get(ctx, id)
	if err != nil {
		return Request{}, nil, wrapFault(err, "reading "+string(id))
	}
	if !admin && !r.Requester.Same(by) {
		if err := s.approves(ctx, r, by); err != nil {
			return Request{}, nil, err
		}
	}
	trail, err := s.Store.Trail(ctx, id)
	if err != nil || r.State != Pending {
		return r, trail, wrapFault(err, "reading the trail of "+string(id))
	}
	here, err := countDomains(ctx, s.Store, r)
	if err != nil {
		return r, trail, err
	}
	if is, _, err := r.domainsCounted(DomainsCounted{Here: here}); err == nil {
		r = is
	}
	return r, trail, nil
}

// approves refuses whoever is no approver in any stage, and has the right of none.
func (s *Service) approves(ctx context.Context, r Request, by PersonID) error {
	seen := sight{people: s.People}
	for i := range r.Access.Stages {
		_, groups, err := seen.of(ctx, by, groupsOf(r.Named(i)))
		if err != nil {
			return err
		}
		if named(r.Named(i), by.User, groups) {
			return nil
		}
	}
	behalf, err := s.behalf(ctx, &seen, r, Press{By: by})
	if err != nil {
		return err
	}
	if behalf.Of.ID.User == "" {
		return ErrNotFound.With("id", string(r.ID))
	}
	return nil
}

// wrapFault says what was being done, and leaves refusals as they are.
func wrapFault(err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Refusal](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

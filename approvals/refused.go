package approvals

import (
	"context"
	"errors"
	"fmt"
)

// UnnotedError is a refusal that the trail lacks, because the store failed. The
// person is told the refusal; the fault is for the log.
type UnnotedError struct {
	Refusal *Refusal
	Fault   error
}

func (u *UnnotedError) Error() string {
	return fmt.Sprintf("noting that a decision was %v: %v", u.Refusal, u.Fault)
}

// Unwrap lets callers find either.
func (u *UnnotedError) Unwrap() []error { return []error{u.Refusal, u.Fault} }

// decide applies somebody's decision. One that is refused is kept in the trail,
// with the request as it was, before they are told.
func (s *Service) decide(ctx context.Context, id RequestID, by PersonID, what string, ev Event) (Request, error) {
	now := s.Now()
	var refused *Refusal
	r, err := s.Store.Update(ctx, id, func(r Request) (Change, error) {
		refused = nil
		next, owed, err := r.Apply(ev, now)
		why, ok := errors.AsType[*Refusal](err)
		switch {
		case err == nil:
			return Change{Request: next, Entries: []Entry{entry(r, next, ev, now)}, Owed: owed}, nil
		case !ok || isNotDue(err):
			return Change{}, err
		}
		refused = why
		return Change{Request: r, Entries: []Entry{refusedEntry(r, by, what, why, now)}}, nil
	})
	switch {
	case refused != nil && err != nil:
		return r, &UnnotedError{Refusal: refused, Fault: err}
	case refused != nil:
		return r, refused
	}
	return r, wrapFault(err, fmt.Sprintf("applying %T to %s", ev, id))
}

// MayDecide refuses somebody who could not press a button of the request now, so
// that no form is opened for nothing, and keeps the refusal in the trail. Who may
// not decide is told that and nothing about the request. It decides nothing. Of the
// press only the person and the button matter.
func (s *Service) MayDecide(ctx context.Context, id RequestID, p Press) (Request, error) {
	r, err := s.Store.Get(ctx, id)
	if why, ok := errors.AsType[*Refusal](err); ok {
		return Request{}, s.Tell(ctx, id, p.By, why)
	}
	if err != nil {
		return Request{}, wrapFault(err, "reading "+string(id))
	}
	if p.Verdict == Deny || p.Verdict == Ask {
		p.Reason = "-" // none is given yet
	}
	if why, ok := errors.AsType[*Refusal](r.open(p, s.Now())); ok {
		err := s.noteRefusal(ctx, id, p, why)
		why = s.Tell(ctx, id, p.By, why)
		if err != nil {
			return r, &UnnotedError{Refusal: why, Fault: err}
		}
		return r, why
	}
	err = s.mayPress(ctx, r, p)
	why, ok := errors.AsType[*Refusal](err)
	if !ok {
		return r, err
	}
	if err := s.noteRefusal(ctx, id, p, why); err != nil {
		return r, &UnnotedError{Refusal: why, Fault: err}
	}
	return r, why
}

// mayPress looks at the person.
func (s *Service) mayPress(ctx context.Context, r Request, p Press) error {
	if p.Verdict == Revoke {
		_, _, err := s.Story(ctx, r.ID, p.By)
		if errors.Is(err, ErrNotFound) {
			return about(ErrMayNotRevoke, r)
		}
		return err
	}
	seen := sight{people: s.People}
	who, groups, err := seen.of(ctx, p.By, groupsOf(r.Approvers(r.Stage)))
	if err != nil {
		return err
	}
	var behalf Behalf
	if !named(r.Approvers(r.Stage), p.By.User, groups) {
		if behalf, err = s.behalf(ctx, &seen, r, p); err != nil {
			return err
		}
	}
	return r.MayDecide(who, groups, behalf)
}

func (s *Service) behalf(ctx context.Context, seen *sight, r Request, p Press) (Behalf, error) {
	all, err := s.Store.Delegations(ctx)
	if err != nil {
		return Behalf{}, err
	}
	p.At = s.Now()
	return seen.behalf(ctx, all, r, p)
}

// noteRefusal keeps in the trail that somebody was not let decide.
func (s *Service) noteRefusal(ctx context.Context, id RequestID, p Press, why *Refusal) error {
	_, err := s.Store.Update(ctx, id, func(r Request) (Change, error) {
		return Change{Request: r, Entries: []Entry{refusedEntry(r, p.By, string(p.Verdict), why, s.Now())}}, nil
	})
	return err
}

// AskedBy names the requester of a request, for somebody who asked for the same
// and is told whom to talk to. It decides nothing and keeps nothing.
func (s *Service) AskedBy(ctx context.Context, id RequestID) (PersonID, error) {
	r, err := s.Store.Get(ctx, id)
	return r.Requester, wrapFault(err, "reading "+string(id))
}

// Incidents are the troubles of everybody that last, by key, for admins. Nobody
// else is told of any.
func (s *Service) Incidents(ctx context.Context, by PersonID) ([]Incident, error) {
	_, admin, err := s.Admin(ctx, by)
	if err != nil || !admin {
		return nil, err
	}
	all, err := s.Store.Incidents(ctx)
	var lasting []Incident
	for _, i := range all {
		if i.lasts() {
			lasting = append(lasting, i)
		}
	}
	return lasting, wrapFault(err, "reading the incidents")
}

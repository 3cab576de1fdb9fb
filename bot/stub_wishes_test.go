package bot

import (
	"context"
	"sync"
	"time"

	"partnerbot/approvals"
)

// stubWishes is the part of a stubService that requesters wish something of.
type stubWishes struct {
	preview    func(approvals.Draft) (approvals.Preview, error) // nil: nothing is known
	several    []approvals.Request                              // what SubmitSeveral makes
	severalErr error
	delegation *approvals.Delegation
	wishErr    error // of each of these calls

	mu        sync.Mutex
	previewed []approvals.Draft
	lists     []approvals.Several
	edits     []approvals.Draft
	editions  []int
	answers   []approvals.Answered
	nudges    []approvals.Nudged
	delegated []approvals.Delegation
}

func (s *stubWishes) Preview(_ context.Context, d approvals.Draft) (approvals.Preview, error) {
	s.mu.Lock()
	s.previewed = append(s.previewed, d)
	s.mu.Unlock()
	if s.preview == nil {
		return approvals.Preview{}, nil
	}
	return s.preview(d)
}

func (s *stubWishes) SubmitSeveral(_ context.Context, d approvals.Several) ([]approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = append(s.lists, d)
	return s.several, s.severalErr
}

func (s *stubWishes) Edit(_ context.Context, _ approvals.RequestID, _ string, edition int, d approvals.Draft) (approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edits, s.editions = append(s.edits, d), append(s.editions, edition)
	return inv7(), s.wishErr
}

func (s *stubWishes) Answer(_ context.Context, _ approvals.RequestID, a approvals.Answered) (approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, a)
	return inv7(), s.wishErr
}

func (s *stubWishes) Nudge(_ context.Context, _ approvals.RequestID, n approvals.Nudged) (approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nudges = append(s.nudges, n)
	return inv7(), s.wishErr
}

func (s *stubWishes) Delegate(_ context.Context, from approvals.Person, to approvals.PersonID, start, end time.Time) (approvals.Delegation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := approvals.Delegation{From: from.ID, To: to, Start: start, End: end}
	s.delegated = append(s.delegated, d)
	return d, s.wishErr
}

func (s *stubWishes) Delegation(context.Context, approvals.PersonID) (approvals.Delegation, bool, error) {
	if s.delegation == nil {
		return approvals.Delegation{}, false, nil
	}
	return *s.delegation, true, nil
}

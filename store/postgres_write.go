package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"partnerbot/approvals"
)

// Create implements approvals.Store.
func (p *Postgres) Create(ctx context.Context, liveKey string, create func(approvals.RequestID, *approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{create: true, liveKey: liveKey}, func(s *shared) (plan, error) {
		id := approvals.NewID(s.last + 1)
		live, err := s.liveRequest(liveKey)
		if err != nil {
			return plan{}, err
		}
		c, err := create(id, live)
		if err != nil {
			return plan{}, err
		}
		return s.plan(id, nil, c, nil)
	})
}

// Update implements approvals.Store.
func (p *Postgres) Update(ctx context.Context, id approvals.RequestID, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{number: id.Number()}, func(s *shared) (plan, error) { return s.change(id, change, nil) })
}

// Settle implements approvals.Store. If change refuses, the work stays in hand,
// to be postponed.
func (p *Postgres) Settle(ctx context.Context, work approvals.Owed, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{number: work.Request.Number()}, func(s *shared) (plan, error) { return s.change(work.Request, change, &work) })
}

// Together implements approvals.Store.
func (p *Postgres) Together(ctx context.Context, id approvals.RequestID, change func(r approvals.Request, others []approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{number: id.Number(), family: true}, func(s *shared) (plan, error) {
		return s.change(id, func(r approvals.Request) (approvals.Change, error) {
			others, err := s.others(r)
			if err != nil {
				return approvals.Change{}, err
			}
			return change(r, others)
		}, nil)
	})
}

// Erase implements approvals.Store.
func (p *Postgres) Erase(ctx context.Context, id approvals.RequestID, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return p.write(ctx, needs{number: id.Number(), trail: true}, func(s *shared) (plan, error) {
		is, err := s.change(id, change, nil)
		if err != nil {
			return plan{}, err
		}
		keep := is.keep
		is.keep = func() error { return errors.Join(keep(), s.erase(id.Number())) }
		return is, nil
	})
}

// Incident implements approvals.Store.
func (p *Postgres) Incident(ctx context.Context, key string, change func(approvals.Incident) (approvals.Incident, error)) (is approvals.Incident, err error) {
	_, err = p.write(ctx, needs{incident: key}, func(s *shared) (plan, error) {
		was, there := s.incidents[key]
		if !there {
			was = approvals.Incident{Key: key}
		}
		was.Tried, was.Shown = maps.Clone(was.Tried), slices.Clone(was.Shown)
		value, err := changeIncident(was, change, &is)
		if err != nil {
			return plan{}, err
		}
		after := is
		return plan{keep: func() error { s.keepIncident(key, after, value); return nil }}, nil
	})
	if err != nil {
		return approvals.Incident{}, err
	}
	return is, nil
}

// Postpone implements approvals.Store. Work that the database does not take back
// is given back in memory: this replica hands it out again no earlier than due.
func (p *Postgres) Postpone(ctx context.Context, work approvals.Owed, due time.Time) error {
	r := rowOf(work)
	_, err := p.write(ctx, needs{number: r.number}, func(s *shared) (plan, error) {
		was := s.rows[r]
		changes := []rowChange{{row: r, was: was, is: postponed(was, work, due)}}
		return plan{ends: r, rows: changes, keep: func() error { s.keepRows(r, changes); return nil }}, nil
	})
	if err != nil {
		p.hands.hold(r, due)
		return fmt.Errorf("postponing %s of %s: %w", work.Kind, work.Request, err)
	}
	return nil
}

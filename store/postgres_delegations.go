package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

const (
	allDelegations   = `SELECT person, doc FROM delegations ORDER BY person`
	upsertDelegation = `INSERT INTO delegations (person, doc) VALUES ($1, $2) ON CONFLICT (person) DO UPDATE SET doc = excluded.doc`
)

// Delegate implements approvals.Store.
func (p *Postgres) Delegate(ctx context.Context, d approvals.Delegation) error {
	_, err := p.write(ctx, needs{}, func(s *shared) (plan, error) {
		doc, u, err := s.sealer.delegation(d)
		if err != nil {
			return plan{}, err
		}
		return plan{keep: func() error {
			var record []byte
			record, s.head = s.sealer.seal(s.head, u)
			s.entries = append(s.entries, entryRow{s.head.N, 0, record})
			s.delegations[d.From.User] = doc
			return nil
		}}, nil
	})
	if err != nil {
		return fmt.Errorf("keeping the delegation of %s: %w", d.From, err)
	}
	return nil
}

// Delegations implements approvals.Reader.
func (p *Postgres) Delegations(ctx context.Context) (all []approvals.Delegation, err error) {
	rows, err := p.pool.Query(ctx, allDelegations)
	if err == nil {
		err = eachDelegation(rows, func(person string, doc []byte) error {
			d, err := decodeDelegation(person, doc)
			all = append(all, d)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the delegations: %w", p.said(err))
	}
	return all, nil
}

// eachDelegation reads rows of delegations.
func eachDelegation(rows pgx.Rows, do func(person string, doc []byte) error) error {
	var person string
	var doc []byte
	_, err := pgx.ForEachRow(rows, []any{&person, &doc}, func() error { return do(person, doc) })
	return err
}

func (s *shared) queueDelegations(b *pgx.Batch) {
	for _, person := range slices.Sorted(maps.Keys(s.delegations)) {
		if doc := s.delegations[person]; doc == nil {
			b.Queue(`DELETE FROM delegations WHERE person = $1`, person)
		} else {
			b.Queue(upsertDelegation, person, string(doc))
		}
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
)

// makeRoom needs new pages on the database's disk, which a write to a page that
// is there does not.
const makeRoom = `CREATE TEMP TABLE partnerbot_room ON COMMIT DROP AS
	SELECT string_agg(md5(n::text), '') FROM generate_series(1, 8000) AS n`

// Writable implements approvals.Store. Unless a write was kept a moment ago it
// writes the head again as it is.
func (p *Postgres) Writable(ctx context.Context) error {
	if p.health.isGood() {
		return nil
	}
	_, err := p.write(ctx, needs{}, func(s *shared) (plan, error) {
		return plan{keep: func() error {
			if p.full.Load() {
				s.probe = makeRoom
			}
			return nil
		}}, nil
	})
	if err != nil {
		return fmt.Errorf("trying to write: %w", err)
	}
	return nil
}

// noted remembers how a transaction went.
func (p *Postgres) noted(err error) {
	p.health.note(err)
	p.full.Store(errors.Is(err, ErrNoRoom))
}

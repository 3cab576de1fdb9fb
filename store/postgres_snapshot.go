package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// postgresSnapshot is one moment of the database, seen by one transaction. Pages
// are asked for by key, so that any number of walks may be under way.
type postgresSnapshot struct {
	ctx    context.Context // of the one reading that this is
	tx     pgx.Tx
	schema int
	last   uint64
	head   Head
}

// Snapshot implements Archive, over a connection of its own, however slow read is.
func (p *Postgres) Snapshot(ctx context.Context, read func(Snapshot) error) error {
	return p.alone(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		s := &postgresSnapshot{ctx: ctx, tx: tx}
		var mac []byte
		err := tx.QueryRow(ctx, `SELECT schema, n, mac, last FROM head WHERE one`).Scan(&s.schema, &s.head.N, &mac, &s.last)
		if err != nil {
			return fmt.Errorf("reading the head of the trail: %w", p.said(err))
		}
		copy(s.head.MAC[:], mac)
		if err := notNewer(s.schema); err != nil {
			return err
		}
		return read(s)
	})
}

// alone runs a transaction that may take its time, over a connection of its own.
func (p *Postgres) alone(ctx context.Context, opts pgx.TxOptions, do func(pgx.Tx) error) error {
	if p.closed.Load() {
		return ErrClosed
	}
	conn, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return fmt.Errorf("reaching the store: %w", worded(err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it is of no more use
	return pgx.BeginTxFunc(ctx, conn, opts, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = '10min'`); err != nil {
			return worded(err)
		}
		return do(tx)
	})
}

// Schema implements Snapshot.
func (s *postgresSnapshot) Schema() int { return s.schema }

// Last implements Snapshot.
func (s *postgresSnapshot) Last() uint64 { return s.last }

// Head implements Snapshot.
func (s *postgresSnapshot) Head() Head { return s.head }

// Requests implements Snapshot.
func (s *postgresSnapshot) Requests(yield func(number uint64, doc []byte) error) error {
	type request struct {
		n   uint64
		doc []byte
	}
	var after uint64
	return pages(func() ([]request, error) {
		rows, err := s.tx.Query(s.ctx, `SELECT number, doc FROM requests WHERE number > $1 ORDER BY number LIMIT $2`, after, pageSize)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r request, err error) { return r, row.Scan(&r.n, &r.doc) })
	}, func(r request) error {
		after = r.n
		return yield(r.n, r.doc)
	})
}

// Trail implements Snapshot.
func (s *postgresSnapshot) Trail(yield func(number, n uint64, record []byte) error) error {
	for _, sql := range []string{
		`SELECT n, 0::bigint, record FROM trail WHERE request IS NULL AND $1 = 0 AND n > $2 ORDER BY n LIMIT $3`,
		`SELECT n, request, record FROM trail WHERE (request, n) > ($1, $2) ORDER BY request, n LIMIT $3`,
	} {
		if err := s.records(sql, yield); err != nil {
			return err
		}
	}
	return nil
}

func (s *postgresSnapshot) records(sql string, yield func(number, n uint64, record []byte) error) error {
	var after entryRow
	return pages(func() (page []entryRow, err error) {
		rows, err := s.tx.Query(s.ctx, sql, int64(after.request), int64(after.n), pageSize) //nolint:gosec // as they were read
		if err != nil {
			return nil, err
		}
		err = eachRecord(rows, func(e entryRow) error { page = append(page, e); return nil })
		return page, err
	}, func(e entryRow) error {
		after = e
		return yield(e.request, e.n, e.record)
	})
}

// Delegations implements Snapshot.
func (s *postgresSnapshot) Delegations(yield func(person string, doc []byte) error) error {
	type row struct {
		person string
		doc    []byte
	}
	var all []row
	rows, err := s.tx.Query(s.ctx, allDelegations)
	if err == nil {
		err = eachDelegation(rows, func(person string, doc []byte) error {
			all = append(all, row{person, slices.Clone(doc)})
			return nil
		})
	}
	for _, d := range all {
		if err := yield(d.person, d.doc); err != nil {
			return err
		}
	}
	return worded(err)
}

// Owed implements Snapshot.
func (s *postgresSnapshot) Owed(yield func(approvals.Owed) error) error {
	var after row
	return pages(func() (page []approvals.Owed, err error) {
		rows, err := s.tx.Query(s.ctx, `SELECT request, kind, version, due, nanos, attempts FROM owed
			WHERE (request, kind) > ($1, $2) ORDER BY request, kind LIMIT $3`, after.number, after.kind, pageSize)
		if err != nil {
			return nil, err
		}
		var o approvals.Owed
		err = eachOwed(rows, &o, nil, func() { page = append(page, o) })
		return page, err
	}, func(o approvals.Owed) error {
		after = rowOf(o)
		return yield(o)
	})
}

const allIncidents = `SELECT key, doc FROM incidents ORDER BY key COLLATE "C"`

// Incidents implements Snapshot.
func (s *postgresSnapshot) Incidents(yield func(approvals.Incident) error) error {
	all := func() (page []approvals.Incident, err error) {
		rows, err := s.tx.Query(s.ctx, allIncidents)
		if err != nil {
			return nil, err
		}
		err = eachIncident(rows, func(i approvals.Incident) error { page = append(page, i); return nil })
		return page, err
	}
	page, err := all()
	for _, i := range page {
		if err := yield(i); err != nil {
			return err
		}
	}
	return worded(err)
}

// pages yields page after page until one is empty.
func pages[T any](next func() ([]T, error), yield func(T) error) error {
	for {
		page, err := next()
		if err != nil {
			return worded(err)
		}
		for _, x := range page {
			if err := yield(x); err != nil {
				return err
			}
		}
		if len(page) == 0 {
			return nil
		}
	}
}

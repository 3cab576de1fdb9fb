package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// loader copies a snapshot into an empty database, a page at a time.
type loader struct {
	ctx         context.Context // of the one filling that this is
	tx          pgx.Tx
	progress    func(done, total uint64)
	done, total uint64
	pending     uint64
}

// Fill implements Archive.
func (p *Postgres) Fill(ctx context.Context, from Snapshot, progress func(done, total uint64)) error {
	err := p.alone(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := reserve(ctx, tx); err != nil {
			return worded(err)
		}
		f := &loader{ctx: ctx, tx: tx, progress: progress, total: from.Last() + from.Head().N}
		return f.fill(from, p.channel, p.replica)
	})
	if err != nil {
		return fmt.Errorf("filling the store: %w", err)
	}
	p.ringAll()
	return nil
}

// reserve keeps other writers out until the transaction ends, and refuses a store
// that ever held anything.
func reserve(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `LOCK TABLE head IN EXCLUSIVE MODE`); err != nil {
		return err
	}
	var empty bool
	err := tx.QueryRow(ctx, `SELECT n = 0 AND last = 0 AND NOT EXISTS (SELECT FROM requests) AND NOT EXISTS (SELECT FROM incidents) FROM head WHERE one`).Scan(&empty)
	if err == nil && !empty {
		return ErrNotEmpty
	}
	return err
}

func (f *loader) fill(from Snapshot, channel, replica string) error {
	for _, copyTable := range []func(Snapshot) error{f.requests, f.trail, f.owed, f.incidents, f.delegations} {
		if err := copyTable(from); err != nil {
			return err
		}
	}
	head := from.Head()
	_, err := f.tx.Exec(f.ctx, moveHead, head.N, head.MAC[:], from.Last(), f.pending)
	if err == nil {
		_, err = f.tx.Exec(f.ctx, `SELECT pg_notify($1, $2)`, channel, news(replica, nil))
	}
	return worded(err)
}

// page gathers rows and copies them when there are enough of them.
type page struct {
	f       *loader
	table   string
	columns []string
	rows    [][]any
}

func (p *page) add(row ...any) error {
	p.rows = append(p.rows, row)
	if len(p.rows) < pageSize {
		return nil
	}
	return p.flush()
}

func (p *page) flush() error {
	_, err := p.f.tx.CopyFrom(p.f.ctx, pgx.Identifier{p.table}, p.columns, pgx.CopyFromRows(p.rows))
	p.f.done += uint64(len(p.rows))
	p.rows = p.rows[:0]
	if err == nil && p.f.progress != nil {
		p.f.progress(p.f.done, max(p.f.total, p.f.done))
	}
	return worded(err)
}

func (f *loader) requests(from Snapshot) error {
	p := &page{f: f, table: "requests", columns: []string{"number", "version", "state", "requester", "pending", "live_key", "guest", "guests", "doc"}}
	counted := newCensus(f)
	err := from.Requests(func(number uint64, doc []byte) error {
		r, err := decodeDoc(number, doc)
		if err != nil {
			return err
		}
		if pendingIndex(r) != nil {
			f.pending++
		}
		if err := counted.add(r); err != nil {
			return err
		}
		return p.add(number, r.Version, string(r.State), r.Requester.User, pendingIndex(r) != nil, liveColumn(r), guestColumn(r), severalColumn(r), slices.Clone(doc))
	})
	if err != nil {
		return err
	}
	if err := p.flush(); err != nil {
		return err
	}
	return counted.flush()
}

func (f *loader) trail(from Snapshot) error {
	p := &page{f: f, table: "trail", columns: []string{"n", "request", "record"}}
	err := from.Trail(func(number, n uint64, record []byte) error { return p.add(n, ofSome(number), slices.Clone(record)) })
	if err != nil {
		return err
	}
	return p.flush()
}

// ofSome is the request of an entry as the database has it, nil for none.
func ofSome(number uint64) *uint64 {
	if number == 0 {
		return nil
	}
	return &number
}

func (f *loader) owed(from Snapshot) error {
	p := &page{f: f, table: "owed", columns: []string{"request", "kind", "version", "due", "nanos", "attempts"}}
	err := from.Owed(func(o approvals.Owed) error {
		due, nanos := split(o.Due)
		f.total++
		return p.add(o.Request.Number(), string(o.Kind), o.Version, due, nanos, o.Attempts)
	})
	if err != nil {
		return err
	}
	return p.flush()
}

func (f *loader) delegations(from Snapshot) error {
	return from.Delegations(func(person string, doc []byte) error {
		if _, err := decodeDelegation(person, doc); err != nil {
			return err
		}
		_, err := f.tx.Exec(f.ctx, upsertDelegation, person, string(doc))
		return worded(err)
	})
}

func (f *loader) incidents(from Snapshot) error {
	return from.Incidents(func(i approvals.Incident) error {
		doc, err := json.Marshal(i)
		if err != nil {
			return err
		}
		_, err = f.tx.Exec(f.ctx, upsertIncident, i.Key, string(doc))
		return worded(err)
	})
}

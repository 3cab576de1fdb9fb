package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// pageSize is how many rows are in memory at once where all of them are read.
const pageSize = 1000

// sealOld leads what schema version 1 kept to version 2: the guests are found by
// requests, and the entries are sealed in the order in which they were written.
func sealOld(ctx context.Context, tx pgx.Tx, suffix string) (entries uint64, err error) {
	if err := nameGuests(ctx, tx, pgx.Identifier{"requests" + suffix}.Sanitize()); err != nil {
		return 0, fmt.Errorf("naming the guests: %w", err)
	}
	head, sealer, old := Head{}, Keys{}.sealer(), pgx.Identifier{"trail" + suffix}.Sanitize()
	last, err := lastChanges(ctx, tx, old)
	if err != nil {
		return 0, fmt.Errorf("reading the trail: %w", err)
	}
	err = paged(ctx, tx, "old_trail", `SELECT request, n, entry FROM `+old+` ORDER BY n, request`, func(rows pgx.Rows) error {
		entries, err := readOld(rows)
		if err != nil {
			return err
		}
		docs, err := docsOf(ctx, tx, entries, last)
		if err != nil {
			return err
		}
		var sealed []entryRow
		for _, old := range entries {
			u, err := sealer.oldEntry(old, docs[old.request], last[old.request] == old.n)
			if err != nil {
				return err
			}
			var record []byte
			record, head = sealer.seal(head, u)
			sealed = append(sealed, entryRow{head.N, old.request, record})
		}
		b := &pgx.Batch{}
		(&shared{entries: sealed}).queueTrail(b)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return 0, fmt.Errorf("sealing the trail: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE head SET n = $1, mac = $2`, head.N, head.MAC[:])
	return head.N, err
}

// oldRow is an entry of schema version 1. The database reads nothing in it: it
// knows no zero character, and words may hold one.
type oldRow struct {
	request, n uint64
	entry      approvals.Entry
}

func readOld(rows pgx.Rows) (all []oldRow, err error) {
	var r oldRow
	var text []byte
	_, err = pgx.ForEachRow(rows, []any{&r.request, &r.n, &text}, func() error {
		r.entry = approvals.Entry{}
		if err := json.Unmarshal(text, &r.entry); err != nil {
			return fmt.Errorf("table trail, request %d: %w: %w", r.request, ErrCorrupt, err)
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// lastChanges are, by request, the places of the last entries that are about a change.
func lastChanges(ctx context.Context, tx pgx.Tx, old string) (map[uint64]uint64, error) {
	last := map[uint64]uint64{}
	err := paged(ctx, tx, "old_changes", `SELECT request, n, entry FROM `+old, func(rows pgx.Rows) error {
		entries, err := readOld(rows)
		for _, r := range entries {
			if changes(r.entry) {
				last[r.request] = max(last[r.request], r.n)
			}
		}
		return err
	})
	return last, err
}

// docsOf are the requests that entries open, or change for the last time.
func docsOf(ctx context.Context, tx pgx.Tx, entries []oldRow, last map[uint64]uint64) (map[uint64]approvals.Request, error) {
	var numbers []int64
	for _, r := range entries {
		if opens(r.entry) || last[r.request] == r.n {
			numbers = append(numbers, int64(r.request)) //nolint:gosec // as it was read
		}
	}
	rows, err := tx.Query(ctx, readDocs, numbers)
	if err != nil {
		return nil, err
	}
	docs := map[uint64]approvals.Request{}
	err = eachDoc(rows, func(n uint64, _ []byte, r approvals.Request) { docs[n] = r })
	return docs, err
}

// oldEntry encodes an entry of schema version 1.
func (s *sealer) oldEntry(old oldRow, r approvals.Request, last bool) (u unsealed, err error) {
	if u, err = encodeEntry(partWords(old.entry), r, opens(old.entry)); err == nil && last {
		u.is, err = s.digest(r, "")
	}
	return u, err
}

// countOld leads what schema version 2 kept to version 3: requests are counted by domain.
func countOld(ctx context.Context, tx pgx.Tx) error {
	counted := newCensus(&loader{ctx: ctx, tx: tx})
	err := paged(ctx, tx, "all_requests", `SELECT number, doc FROM requests ORDER BY number`, func(rows pgx.Rows) error {
		var page []approvals.Request
		if err := eachDoc(rows, func(_ uint64, _ []byte, r approvals.Request) { page = append(page, r) }); err != nil {
			return err
		}
		for _, r := range page {
			if err := counted.add(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = counted.flush()
	}
	if err != nil {
		return fmt.Errorf("counting the requests of domains: %w", err)
	}
	return nil
}

func nameGuests(ctx context.Context, tx pgx.Tx, old string) error {
	return paged(ctx, tx, "old_requests", `SELECT number, doc FROM `+old, func(rows pgx.Rows) error {
		var numbers []uint64
		var guests []*string
		err := eachDoc(rows, func(n uint64, _ []byte, r approvals.Request) {
			numbers, guests = append(numbers, n), append(guests, guestColumn(r))
		})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE requests SET guest = u.g FROM unnest($1::bigint[], $2::text[]) AS u (n, g) WHERE number = u.n`, numbers, guests)
		return err
	})
}

// paged reads a query's answer a page at a time. No other query has that name.
func paged(ctx context.Context, tx pgx.Tx, name, sql string, page func(pgx.Rows) error) error {
	if _, err := tx.Exec(ctx, `DECLARE `+name+` NO SCROLL CURSOR FOR `+sql); err != nil {
		return err
	}
	for {
		rows, err := tx.Query(ctx, fmt.Sprintf(`FETCH %d FROM %s`, pageSize, name))
		if err != nil {
			return err
		}
		err = page(rows)
		if err != nil || rows.CommandTag().RowsAffected() == 0 {
			if err == nil {
				_, err = tx.Exec(ctx, `CLOSE `+name)
			}
			return err
		}
	}
}

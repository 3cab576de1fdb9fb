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
	sql := `SELECT t.request, t.entry, CASE WHEN l.n = t.n OR t.entry ->> 'version' = '1' AND t.entry ->> 'from' IS NULL THEN r.doc END, l.n IS NOT DISTINCT FROM t.n
		FROM ` + old + ` t JOIN requests r ON r.number = t.request
		LEFT JOIN (SELECT request, max(n) AS n FROM ` + old + ` WHERE entry ->> 'event' <> '` + approvals.EventRefused + `' GROUP BY request) l ON l.request = t.request
		ORDER BY t.n, t.request`
	err = paged(ctx, tx, "old_trail", sql, func(rows pgx.Rows) error {
		var entries []entryRow
		var request uint64
		var text, doc []byte
		var last bool
		_, err := pgx.ForEachRow(rows, []any{&request, &text, &doc, &last}, func() error {
			u, err := oldEntry(sealer, request, text, doc, last)
			if err != nil {
				return err
			}
			var record []byte
			record, head = sealer.seal(head, u)
			entries = append(entries, entryRow{head.N, request, record})
			return nil
		})
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		(&shared{entries: entries}).queueTrail(b)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return 0, fmt.Errorf("sealing the trail: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE head SET n = $1, mac = $2`, head.N, head.MAC[:])
	return head.N, err
}

// oldEntry reads an entry of schema version 1. doc is its request's, if it opens
// one or is the last that changed it.
func oldEntry(s *sealer, request uint64, text, doc []byte, last bool) (u unsealed, err error) {
	var e approvals.Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return unsealed{}, fmt.Errorf("table trail, request %d: %w: %w", request, ErrCorrupt, err)
	}
	var r approvals.Request
	if doc != nil {
		if r, err = decodeDoc(request, doc); err != nil {
			return unsealed{}, err
		}
	}
	if u, err = encodeEntry(partWords(e), r); err == nil && last {
		u.is, err = s.digest(r, "")
	}
	return u, err
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

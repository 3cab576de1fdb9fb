package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schemaFiles are the steps that lead from an empty schema to today's. A step
// that was released never changes; what must differ is a new step.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// schemas are the steps in order; the n-th leads to version n.
func schemas() ([]string, error) {
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	steps := make([]string, 0, len(names))
	for _, name := range names {
		text, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, string(text))
	}
	return steps, nil
}

// migrationLock is the advisory lock, together with the schema's OID, under
// which replicas migrate one after the other.
const migrationLock = 1885434478

// migrate takes all missing steps in one transaction, so the schema is as it was
// or as it should be. It returns the channel of the replicas on this schema.
func migrate(ctx context.Context, pool *pgxpool.Pool) (channel string, err error) {
	steps, err := schemas()
	if err != nil {
		return "", err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var encoding string
		var schema *uint32
		err := tx.QueryRow(ctx, `SELECT current_setting('server_encoding'), to_regnamespace(quote_ident(current_schema()))::oid`).Scan(&encoding, &schema)
		switch {
		case err != nil:
			return err
		case encoding != "UTF8":
			return fmt.Errorf("%w: its encoding is %s; create a database with UTF8", ErrNotStore, encoding)
		case schema == nil:
			return fmt.Errorf("%w: the schema in search_path does not exist; create it", ErrNotStore)
		}
		channel = fmt.Sprintf("partnerbot_%d", *schema)
		return climb(ctx, tx, *schema, steps)
	})
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && answer.Code == "42P07" {
		err = fmt.Errorf("%w: another program keeps its tables there; name another database or search_path (%w)", ErrNotStore, err)
	}
	return channel, err
}

// climb takes the steps that this schema has not taken yet.
func climb(ctx context.Context, tx pgx.Tx, schema uint32, steps []string) error {
	// Rather than to wait with the patience of a click: another replica may be migrating.
	if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '5min'`); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, int32(migrationLock), int32(schema)); err != nil { //nolint:gosec // any 32 bits will do
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass('partnerbot_schema') IS NOT NULL`).Scan(&there); err != nil {
		return err
	}
	version := 0
	if there {
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM partnerbot_schema`).Scan(&version); err != nil {
			return err
		}
	} else if _, err := tx.Exec(ctx, `CREATE TABLE partnerbot_schema (version integer PRIMARY KEY, taken timestamptz NOT NULL DEFAULT now())`); err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: it has schema version %d and this program knows %d; install the newer one again", ErrNewerSchema, version, len(steps))
	}
	for n := version; n < len(steps); n++ {
		if _, err := tx.Exec(ctx, steps[n]); err != nil {
			return fmt.Errorf("leading the schema to version %d: %w", n+1, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO partnerbot_schema (version) VALUES ($1)`, n+1); err != nil {
			return err
		}
	}
	return nil
}

// isCut reports whether the connection ended in the middle of something.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

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
)

// schemaFiles are the steps that lead from an empty schema to today's. A step
// that was released never changes; what must differ is a new step.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// postgresSchema is the version that the last step leads to.
const postgresSchema = 3

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

// migrate takes all missing steps in one transaction, over a connection of its
// own, so the schema is as it was or as it should be. It returns the channel of
// the replicas on this schema.
func (p *Postgres) migrate(ctx context.Context) (channel string, err error) {
	conn, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
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
		return p.climb(ctx, tx, *schema)
	})
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && answer.Code == "42P07" {
		err = fmt.Errorf("%w: another program keeps its tables there; name another database or search_path (%w)", ErrNotStore, err)
	}
	return channel, err
}

// climb takes the steps that this schema has not taken yet. Of a schema that
// held something copies of all tables are kept beside it.
func (p *Postgres) climb(ctx context.Context, tx pgx.Tx, schema uint32) error {
	steps, err := schemas()
	if err != nil {
		return err
	}
	version, err := versionIn(ctx, tx, schema)
	if err != nil || version == len(steps) {
		return err
	}
	suffix := ""
	if version > 0 {
		if suffix, err = backUp(ctx, tx, version); err != nil {
			return fmt.Errorf("copying the tables of schema version %d: %w", version, err)
		}
		p.opts.Log.InfoContext(ctx, "the database is being migrated", "from", version, "to", len(steps), "old_tables", "names end in "+suffix)
	}
	for n := version; n < len(steps); n++ {
		_, err := tx.Exec(ctx, steps[n])
		if err == nil && suffix != "" {
			err = p.fillStep(ctx, tx, n+1, suffix)
		}
		if err != nil {
			return fmt.Errorf("leading the schema to version %d: %w", n+1, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO partnerbot_schema (version) VALUES ($1)`, n+1); err != nil {
			return err
		}
	}
	return nil
}

// fillStep fills what a step made, from what there was before it.
func (p *Postgres) fillStep(ctx context.Context, tx pgx.Tx, step int, suffix string) error {
	switch step {
	case 2:
		entries, err := sealOld(ctx, tx, suffix)
		logPlain(p.opts.Log, p.opts.Keys, entries)
		return err
	case 3:
		return countOld(ctx, tx)
	}
	return nil
}

// versionIn is the version that the schema has, 0 for a new one. Until the
// transaction ends no other replica asks.
func versionIn(ctx context.Context, tx pgx.Tx, schema uint32) (version int, err error) {
	// Rather than to wait with the patience of a click: another replica may be migrating.
	if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '10min'; SET LOCAL idle_in_transaction_session_timeout = '1min'`); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, int32(migrationLock), int32(schema)); err != nil { //nolint:gosec // any 32 bits will do
		return 0, err
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass('partnerbot_schema') IS NOT NULL`).Scan(&there); err != nil {
		return 0, err
	}
	if !there {
		_, err := tx.Exec(ctx, `CREATE TABLE partnerbot_schema (version integer PRIMARY KEY, taken timestamptz NOT NULL DEFAULT now())`)
		return 0, err
	}
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM partnerbot_schema`).Scan(&version); err != nil {
		return 0, err
	}
	return version, notNewer(version)
}

func notNewer(version int) error {
	if version <= postgresSchema {
		return nil
	}
	return fmt.Errorf("%w: it has schema version %d and this program knows %d; install the newer one again", ErrNewerSchema, version, postgresSchema)
}

// backUp copies every table of an old schema. The copies are in the same schema:
// to make another takes rights that the owner of one need not have.
func backUp(ctx context.Context, tx pgx.Tx, version int) (suffix string, err error) {
	err = tx.QueryRow(ctx, `SELECT format('_schema%s_%s', $1::integer, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS"z"'))`, version).Scan(&suffix)
	if err != nil {
		return "", err
	}
	tables := []string{"requests", "trail", "owed", "head", "incidents"}
	if version == 1 {
		tables = []string{"requests", "trail", "owed", "counters"}
	}
	for _, table := range tables {
		if _, err := tx.Exec(ctx, `CREATE TABLE `+pgx.Identifier{table + suffix}.Sanitize()+` AS TABLE `+table); err != nil {
			return "", err
		}
	}
	return suffix, nil
}

// isCut reports whether the connection ended in the middle of something.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tellOldCopies names the copies of the store that upgrades left, which hold
// whoever was erased still.
func (a place) tellOldCopies(ctx context.Context, p program) error {
	found, err := a.oldCopies(ctx)
	if err != nil {
		return fmt.Errorf("the guest was erased, but looking for copies that an upgrade left: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	_, err = fmt.Fprintf(p.out, "An upgrade left these copies, which hold the guest still if they did then. Remove them:\n  %s\n", strings.Join(found, "\n  "))
	return err
}

// oldCopies are the files, or the tables of a database, that hold the store as it
// was before an upgrade.
func (a place) oldCopies(ctx context.Context) (found []string, err error) {
	if a.Bolt == "" {
		return a.oldTables(ctx)
	}
	folder, name := filepath.Split(a.Bolt)
	files, err := os.ReadDir(filepath.Clean(folder))
	for _, f := range files {
		if strings.HasPrefix(f.Name(), name+".schema") {
			found = append(found, folder+f.Name())
		}
	}
	return found, err
}

func (a place) oldTables(ctx context.Context) (found []string, err error) {
	address, _ := a.As("command")
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, `SELECT 'table ' || tablename FROM pg_tables
		WHERE schemaname = current_schema() AND tablename ~ '_schema[0-9]+_[0-9]{8}t[0-9]{6}z$' ORDER BY tablename`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"partnerbot/store/pgtest"
)

// emptySchema makes one on a server, and returns its address and how to drop it.
func emptySchema(ctx context.Context, s *pgtest.Server) (address string, drop func() error, err error) {
	address, err = s.Schema(ctx)
	return address, func() error { return dropSchema(ctx, address) }, err
}

func dropSchema(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	var drop string
	err = conn.QueryRow(ctx, "SELECT format('DROP SCHEMA %I CASCADE', current_schema())").Scan(&drop)
	if err == nil {
		_, err = conn.Exec(ctx, drop)
	}
	return errors.Join(err, conn.Close(ctx))
}

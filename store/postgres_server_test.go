package store_test

import (
	"context"
	"strings"
	"testing"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// stopPostgres ends the server of this process, if there is one.
func stopPostgres() error { return pgtest.Stop() }

// pgURL is the address of a new, empty schema.
func pgURL(t testing.TB) string {
	t.Helper()
	return pgtest.URL(t)
}

// pgExec changes a database behind the store's back.
func pgExec(t testing.TB, address, sql string) {
	t.Helper()
	for part := range strings.SplitSeq(sql, ";;") {
		pgtest.Exec(t, address, part)
	}
}

func openPostgres(t testing.TB, address string) *store.Postgres {
	t.Helper()
	return openReplica(t, address, store.PostgresOptions{MaxConns: 8})
}

func openReplica(t testing.TB, address string, opts store.PostgresOptions) *store.Postgres {
	t.Helper()
	p, err := store.OpenPostgres(context.Background(), address, opts)
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	return p
}

// postgresOpener is for the list of stores.
func postgresOpener(t testing.TB) opener {
	address := pgURL(t)
	var last *store.Postgres
	return func(t testing.TB) approvals.Store {
		t.Helper()
		if last != nil {
			must(t, last.Close())
		}
		last = openPostgres(t, address)
		rings(t, "listening", last) // once, when it has begun to hear other replicas
		return last
	}
}

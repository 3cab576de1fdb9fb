package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"partnerbot/store/pgtest"
)

const upgradeLeft = "An upgrade left these copies"

// TestErasingNamesTheCopiesThatAnUpgradeLeft and nothing else that is there.
func TestErasingNamesTheCopiesThatAnUpgradeLeft(t *testing.T) {
	for _, kind := range []string{"bolt", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newCompany(t)
			database := ""
			if kind == "postgres" {
				database = pgtest.URL(t)
				r.livesIn(database)
			}
			r.start()
			r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			r.p.must(r.p.denies(olga, "no contract"))
			r.end(syscall.SIGTERM)
			left := r.file() + ".schema1-20260102T030405Z"
			if kind == "bolt" {
				for _, path := range []string{left, filepath.Join(filepath.Dir(r.file()), "another.db.schema1-20260102T030405Z")} {
					r.p.must(os.WriteFile(path, nil, 0o600))
				}
			} else {
				left = "table requests_schema1_20260102t030405z"
				pgtest.Exec(t, database, `CREATE TABLE requests_schema1_20260102t030405z (n integer)`, `CREATE TABLE requests_schema (n integer)`)
			}
			said := r.does("erase", "--guest", jane, "--yes").must(t, exitWell, left, "")
			if !strings.Contains(said.out, upgradeLeft) || strings.Count(said.out, "2026") > 1+strings.Count(said.out, "asked for on 2026") {
				t.Errorf("it says: %s", said.out)
			}
		})
	}
}

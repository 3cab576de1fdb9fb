package store_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// oldDatabase is one as the first release left it: a request in every state,
// work of every kind, presses not yet counted. testdata/schema1.db is the same in
// a file.
func oldDatabase(t *testing.T) (address string) {
	t.Helper()
	address = pgURL(t)
	pgtest.Exec(t, address, text(t, "schema/0001_requests.sql"),
		`CREATE TABLE partnerbot_schema (version integer PRIMARY KEY, taken timestamptz NOT NULL DEFAULT now()); INSERT INTO partnerbot_schema VALUES (1)`,
		text(t, "testdata/schema1.sql"))
	return address
}

// database2 is one as the next release left it. testdata/schema2.db is the same in a file.
func database2(t *testing.T) (address string) {
	t.Helper()
	address = pgURL(t)
	pgtest.Exec(
		t, address, text(t, "schema/0001_requests.sql"), text(t, "schema/0002_sealed_trail.sql"),
		`CREATE TABLE partnerbot_schema (version integer PRIMARY KEY, taken timestamptz NOT NULL DEFAULT now()); INSERT INTO partnerbot_schema VALUES (1), (2)`,
		text(t, "testdata/schema2.sql"),
	)
	return address
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

// oldFile is the file that holds the same as oldDatabase.
func oldFile(t *testing.T) (path string) {
	t.Helper()
	packed, err := os.Open("testdata/schema1.db.gz")
	must(t, err)
	defer func() { must(t, packed.Close()) }()
	reader, err := gzip.NewReader(packed)
	must(t, err)
	b, err := io.ReadAll(reader)
	must(t, err)
	path = filepath.Join(t.TempDir(), "requests.db")
	must(t, os.WriteFile(path, b, 0o600))
	return path
}

func TestAnOldDatabaseBecomesWhatAnOldFileBecomes(t *testing.T) {
	keys := someKeys(t)
	file, err := store.Open(oldFile(t), store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, file.Close()) }()
	p := openReplica(t, oldDatabase(t), store.PostgresOptions{Keys: keys})
	must(t, file.Snapshot(t.Context(), func(want store.Snapshot) error {
		return p.Snapshot(t.Context(), func(got store.Snapshot) error {
			equal(t, "the requests", docsOf(t, got), docsOf(t, want))
			equal(t, "the work", owedOf(t, got), owedOf(t, want))
			equal(t, "the last number", got.Last(), want.Last())
			equal(t, "the trail's length", got.Head().N, want.Head().N)
			report, err := store.Verify(t.Context(), got, keys, store.VerifyOptions{PlainBefore: 61})
			equal(t, "what an auditor finds", report.Findings, []store.Finding(nil))
			return err
		})
	}))
	for n := range 15 {
		id := approvals.NewID(uint64(n) + 1)
		want, err := file.Trail(t.Context(), id)
		must(t, err)
		got, err := p.Trail(t.Context(), id)
		must(t, err)
		equal(t, "the trail of "+string(id), got, want)
		email := get(t, file, id).Guest.Email
		was, err := file.History(t.Context(), email)
		must(t, err)
		is, err := p.History(t.Context(), strings.ToUpper(email))
		must(t, err)
		equal(t, "the requests for "+email, numbers(is), numbers(was))
	}
	if pending := list(t, p, approvals.Query{Pending: true}); pending.Total != 5 {
		t.Errorf("%d pending; want 5", pending.Total)
	}
	if r := create(t, p, "next@acme.example"); r.ID != "INV-16" {
		t.Errorf("the next is %s; want INV-16", r.ID)
	}
}

func TestADatabaseOfSchema2BecomesWhatAFileOfItBecomes(t *testing.T) {
	keys, address := keysOf(t, secret), database2(t)
	file, err := store.Open(schema2(t), store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, file.Close()) }()
	p := openReplica(t, address, store.PostgresOptions{Keys: keys})
	equal(t, "all of it", count(t, p), count(t, file))
	for _, name := range []string{"acme.example", "beta.example", "gmail.example", "home.example"} {
		equal(t, name, domain(t, p, name), domain(t, file, name))
	}
	rows := func(s approvals.Store) []approvals.Owed { return rowsOf(take(t, s, nine.Add(365*24*time.Hour))) }
	equal(t, "what is owed", rows(p), rows(file))
	verified(t, p, keys)
	checkSchema2(t, p)
	verified(t, p, keys)
	conn := pgtest.Conn(t, address)
	for table, want := range map[string]int{"requests": 13, "trail": 59, "owed": 69, "head": 1, "incidents": 1} {
		var name string
		must(t, conn.QueryRow(t.Context(), `SELECT relname FROM pg_class WHERE relname LIKE $1 AND relnamespace = current_schema()::regnamespace`, table+"_schema2_%").Scan(&name))
		var n int
		must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM `+name).Scan(&n))
		if n != want {
			t.Errorf("%s has %d rows; want %d", name, n, want)
		}
	}
}

func TestADatabaseOfSchema2ThatCannotBeReadStaysAsItWas(t *testing.T) {
	address := database2(t)
	pgtest.Exec(t, address, `SET session_replication_role = replica; UPDATE requests SET doc = '{"id":"INV-7","version":9,"state":"ended","stage":"x"}' WHERE number = 7`)
	_, err := store.OpenPostgres(t.Context(), address, store.PostgresOptions{})
	refusedWith(t, err, store.ErrCorrupt)
	var version, tables int
	must(t, pgtest.Conn(t, address).QueryRow(t.Context(), `SELECT max(version), (SELECT count(*) FROM pg_class
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace) FROM partnerbot_schema`).Scan(&version, &tables))
	if version != 2 || tables != 6 {
		t.Errorf("version %d, %d tables; want 2 and 6, as it was", version, tables)
	}
}

// TestOldEntriesMayHoldAnything: a zero character, which the database cannot read in
// JSON, and what was refused after the last change.
func TestOldEntriesMayHoldAnything(t *testing.T) {
	address := oldDatabase(t)
	pgtest.Exec(t, address, `INSERT INTO trail (request, entry) VALUES (1,
		'{"request":"INV-1","version":1,"at":"2026-11-23T09:00:00Z","event":"refused","from":"pending","to":"pending","detail":"approve"}')`)
	pgtest.Exec(t, address, `UPDATE trail SET entry = replace(entry::text, '"detail":"falcon', '"detail":"\u0000falcon')::json WHERE n = 1`)
	p := openReplica(t, address, store.PostgresOptions{})
	verified(t, p, store.Keys{})
	trail, err := p.Trail(t.Context(), "INV-1")
	must(t, err)
	if trail[0].Detail != "\x00falcon" {
		t.Errorf("the detail is %q", trail[0].Detail)
	}
}

func docsOf(t *testing.T, s store.Snapshot) (docs []string) {
	t.Helper()
	must(t, s.Requests(func(_ uint64, doc []byte) error { docs = append(docs, string(doc)); return nil }))
	return docs
}

func owedOf(t *testing.T, s store.Snapshot) (rows []approvals.Owed) {
	t.Helper()
	must(t, s.Owed(func(o approvals.Owed) error { rows = append(rows, o); return nil }))
	return rows
}

func someKeys(t testing.TB) store.Keys {
	t.Helper()
	keys, err := store.ParseKeys(strings.Repeat("k", 40))
	must(t, err)
	return keys
}

func TestTheTablesOfAnOldDatabaseAreKept(t *testing.T) {
	address := oldDatabase(t)
	var log bytes.Buffer
	openReplica(t, address, store.PostgresOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	conn := pgtest.Conn(t, address)
	var suffix string
	must(t, conn.QueryRow(t.Context(), `SELECT substr(relname, 9) FROM pg_class WHERE relname LIKE 'requests_schema1_%' AND relnamespace = current_schema()::regnamespace`).Scan(&suffix))
	for table, want := range map[string]int{"requests": 15, "trail": 60, "owed": 74, "counters": 2} {
		var n int
		must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM `+table+suffix).Scan(&n))
		if n != want {
			t.Errorf("%s%s has %d rows; want %d", table, suffix, n, want)
		}
	}
	if !strings.Contains(log.String(), suffix) {
		t.Errorf("the log does not say where the old tables are:\n%s", log.String())
	}
	openReplica(t, address, store.PostgresOptions{})
	var copies int
	must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_class WHERE relname LIKE 'requests_schema%' AND relnamespace = current_schema()::regnamespace`).Scan(&copies))
	if copies != 1 {
		t.Errorf("%d copies; want one, of the one migration", copies)
	}
}

func TestReplicasMayRaceTheMigrationOfAnOldDatabase(t *testing.T) {
	address := oldDatabase(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p, err := store.OpenPostgres(context.Background(), address, store.PostgresOptions{MaxConns: 2})
			if err != nil {
				t.Error(err)
				return
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p := openPostgres(t, address)
	verified(t, p, store.Keys{})
	if page := list(t, p, approvals.Query{Limit: 100}); len(page.Requests) != 15 {
		t.Errorf("%d requests; want 15", len(page.Requests))
	}
}

func TestAMigrationThatFailsLeavesTheDatabaseAsItWas(t *testing.T) {
	address := oldDatabase(t)
	pgtest.Exec(t, address, `UPDATE trail SET entry = '[]' WHERE n = 60`)
	_, err := store.OpenPostgres(t.Context(), address, store.PostgresOptions{})
	refusedWith(t, err, store.ErrCorrupt)
	conn := pgtest.Conn(t, address)
	var version, entries, tables int
	must(t, conn.QueryRow(t.Context(), `SELECT max(version), (SELECT count(entry) FROM trail),
		(SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace) FROM partnerbot_schema`).Scan(&version, &entries, &tables))
	if version != 1 || entries != 60 || tables != 5 {
		t.Errorf("version %d, %d entries, %d tables; want 1, 60 and 5, as it was", version, entries, tables)
	}
}

func TestARunningReplicaStopsWhenANewerOneMigrated(t *testing.T) {
	address := pgURL(t)
	s := openPostgres(t, address)
	r := create(t, s, "jane@acme.example")
	pgtest.Exec(t, address, `UPDATE head SET schema = 4`)
	_, err := s.Update(t.Context(), r.ID, next())
	refusedWith(t, err, store.ErrNewerSchema)
	if err := s.Snapshot(t.Context(), func(store.Snapshot) error { return errors.New("it was read") }); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("got %v; want %v", err, store.ErrNewerSchema)
	}
}

// verified reads the whole trail and expects nothing to be found.
func verified(t testing.TB, s store.Archive, keys store.Keys) store.Report {
	t.Helper()
	var report store.Report
	must(t, s.Snapshot(context.Background(), func(s store.Snapshot) (err error) {
		report, err = store.Verify(context.Background(), s, keys, store.VerifyOptions{})
		return err
	}))
	if !report.Good() {
		t.Errorf("%d findings, first %s", len(report.Findings), report.Findings[0])
	}
	return report
}

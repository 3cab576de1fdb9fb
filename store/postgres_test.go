package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

func TestReplicasMayRaceTheMigrations(t *testing.T) {
	address := pgURL(t)
	var wg sync.WaitGroup
	opened := make(chan *store.Postgres, 8)
	for range 8 {
		wg.Go(func() {
			p, err := store.OpenPostgres(context.Background(), address, store.PostgresOptions{MaxConns: 2})
			if err != nil {
				t.Error(err)
				return
			}
			opened <- p
		})
	}
	wg.Wait()
	close(opened)
	n := 0
	for p := range opened {
		create(t, p, guestNo(n))
		n++
		must(t, p.Close())
	}
	if n != 8 {
		t.Errorf("%d of 8 opened", n)
	}
}

func TestOpenPostgresRefusesWhatItCannotUse(t *testing.T) {
	address := pgURL(t)
	tests := []struct {
		name string
		make func(t *testing.T, address string) string
		want error
		says string
	}{
		{"a newer schema", func(t *testing.T, address string) string {
			must(t, openPostgres(t, address).Close())
			pgExec(t, address, `INSERT INTO partnerbot_schema VALUES (99)`)
			return address
		}, store.ErrNewerSchema, "schema version 99"},
		{"another program's tables", func(t *testing.T, address string) string {
			pgExec(t, address, `CREATE TABLE requests (id text)`)
			return address
		}, store.ErrNotStore, "another program"},
		{"a schema that is not there", func(_ *testing.T, address string) string { return address + "x" }, store.ErrNotStore, "create it"},
		{"a database in an old encoding", func(t *testing.T, address string) string {
			pgExec(t, address, `DROP DATABASE IF EXISTS old;; CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0`)
			return strings.Replace(address, "/postgres?", "/old?", 1)
		}, store.ErrNotStore, "LATIN1"},
		{"a user that is not there", func(_ *testing.T, address string) string {
			return strings.Replace(address, "partnerbot@", "nobody:hush@", 1)
		}, store.ErrLogin, "user and password"},
		{"a server that is not there", func(*testing.T, string) string {
			return "postgres://partnerbot:hush@127.0.0.1:1/postgres"
		}, store.ErrUnreachable, "127.0.0.1:1"},
		{"a folder without a server", func(t *testing.T, _ string) string {
			return "postgres://partnerbot:hush@/postgres?host=" + t.TempDir()
		}, store.ErrUnreachable, "cannot be reached"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := tt.make(t, pgURL(t))
			p, err := store.OpenPostgres(t.Context(), at, store.PostgresOptions{})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, %v; want %v", p, err, tt.want)
			}
			if text := err.Error(); !strings.Contains(text, tt.says) || !strings.Contains(text, "postgres://") || strings.Contains(text, "hush") {
				t.Errorf("%q does not say %q, does not name the database, or tells the password", text, tt.says)
			}
		})
	}
	t.Run("what is refused is left as it was", func(t *testing.T) {
		pgExec(t, address, `CREATE TABLE owed (id text)`)
		_, err := store.OpenPostgres(t.Context(), address, store.PostgresOptions{})
		refusedWith(t, err, store.ErrNotStore)
		conn, err := pgx.Connect(t.Context(), address)
		must(t, err)
		defer func() { must(t, conn.Close(context.Background())) }()
		var tables int
		must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`).Scan(&tables))
		if tables != 1 {
			t.Errorf("%d tables; want the one of the other program", tables)
		}
	})
}

func TestTheDatabaseKeepsTheRulesToo(t *testing.T) {
	address := pgURL(t)
	s := openPostgres(t, address)
	create(t, s, guestNo(1))
	create(t, s, guestNo(2))
	ended := create(t, s, guestNo(3))
	update(t, s, ended.ID, to(approvals.Ended))
	tests := []struct{ name, sql, rule string }{
		{"a state that is none", `UPDATE requests SET version = 2, state = 'granted', doc = '{"id":"INV-1","state":"granted","version":2}' WHERE number = 1`, "known_state"},
		{"a live request without its key", `UPDATE requests SET live_key = NULL WHERE number = 1`, "live_has_key"},
		{"a key of one that is not live", `UPDATE requests SET live_key = 'x' WHERE number = 3`, "live_has_key"},
		{"a second live request", `UPDATE requests SET live_key = (SELECT live_key FROM requests WHERE number = 1) WHERE number = 2`, "one_live"},
		{"a request of another number", `UPDATE requests SET doc = (SELECT doc FROM requests WHERE number = 1) WHERE number = 2`, "doc_is_of_row"},
		{"a request in another state", `UPDATE requests SET state = 'active' WHERE number = 1`, "doc_is_of_row"},
		{"an older version", `UPDATE requests SET version = 0 WHERE number = 1`, "versions_grow"},
		{"a guest without a name", `UPDATE requests SET guest = ''`, "guest_is_somebody"},
		{"a request of another version", `UPDATE requests SET version = 9 WHERE number = 1`, "doc_is_of_row"},
		{"a request that is taken out", `DELETE FROM requests WHERE number = 1`, "requests_stay"},
		{"an entry that is taken out", `DELETE FROM trail WHERE n = 3`, "trail_stays"},
		{"an empty trail", `TRUNCATE trail`, "trail_stays"},
		{"an entry moved to another request", `UPDATE trail SET request = 2 WHERE n = 1`, "places_stay"},
		{"an entry that says another place", `UPDATE trail SET record = (SELECT record FROM trail WHERE n = 2) WHERE n = 1`, "record_is_of_row"},
		{"two entries in a place", `INSERT INTO trail SELECT n, 2, record FROM trail WHERE n = 1`, "trail_pkey"},
		{"an entry of no request", `INSERT INTO trail (n, request, record) VALUES (99, 99, '{"n":99,"x":1}')`, "trail_request_fkey"},
		{"work of no kind", `UPDATE owed SET kind = 'x'`, "known_kind"},
		{"half a lease", `UPDATE owed SET leased_by = 'x'`, "lease_is_whole"},
		{"a count below nothing", `UPDATE head SET pending = -1`, "pending_is_a_count"},
		{"a count above all", `UPDATE head SET pending = 9`, "pending_is_a_count"},
		{"half a seal", `UPDATE head SET mac = 'x'`, "mac_is_whole"},
		{"a number given out again", `UPDATE head SET last = 2`, "head_grows"},
		{"a place given out again", `UPDATE head SET n = 1`, "head_grows"},
		{"a list of no guests", `UPDATE requests SET guests = '{}'`, "guests_are_some"},
		{"an entry of a request that is nobody's", `INSERT INTO trail (n, record) VALUES (99, '{"n":99,"x":1}')`, "entry_has_request"},
		{"an entry taken from its request", `UPDATE trail SET request = NULL WHERE n = 1`, "places_stay"},
		{"another's delegation", `INSERT INTO delegations VALUES ('U1', '{"from":{"user":"U2"}}')`, "doc_is_of_person"},
		{"nobody's delegation", `INSERT INTO delegations VALUES ('U1', '{}')`, "doc_is_of_person"},
		{"less than no requests of a domain", `UPDATE domains SET past = -1`, "domain_is_counted"},
		{"more active than live", `UPDATE domains SET active = 9`, "domain_is_counted"},
		{"a second head", `INSERT INTO head SELECT true, schema, n, mac, last, pending FROM head`, "head_pkey"},
		{"no head", `DELETE FROM head`, "head_stays"},
		{"an incident of another key", `INSERT INTO incidents VALUES ('x', '{"key":"y"}')`, "doc_is_of_incident"},
	}
	conn, err := pgx.Connect(t.Context(), address)
	must(t, err)
	defer func() { must(t, conn.Close(context.Background())) }()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), "BEGIN; "+tt.sql)
			answer, ok := errors.AsType[*pgconn.PgError](err)
			if !ok || answer.ConstraintName != tt.rule {
				t.Errorf("got %v; want a refusal by %s", err, tt.rule)
			}
			_, err = conn.Exec(t.Context(), "ROLLBACK")
			must(t, err)
		})
	}
}

func TestWhatTheDatabaseRefusesHarmsNoOtherWrite(t *testing.T) {
	s := openPostgres(t, pgURL(t))
	create(t, s, "jane@acme.example")
	errs := together(
		t, s,
		func() error { return errOf(s.Update(context.Background(), "INV-1", next())) },
		func() error {
			return errOf(s.Create(context.Background(), "", func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
				c := pending(id, guestNo(1))
				c.Request.Requester.User = "U\x00"
				return c, nil
			}))
		},
		func() error { return errOf(s.Create(context.Background(), "", openChange(guestNo(2)))) },
	)
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("got %v; want the second refused and no other", errs)
	}
	if page := list(t, s, approvals.Query{Pending: true}); page.Total != 2 || get(t, s, "INV-1").Version != 2 {
		t.Errorf("%d pending; want 2", page.Total)
	}
	if r := create(t, s, guestNo(3)); r.ID != "INV-3" {
		t.Errorf("the next is %s; want INV-3", r.ID)
	}
}

func TestTheDatabaseMayGoAndComeBack(t *testing.T) {
	server := pgtest.Own(t, pgtest.Options{})
	s := openReplica(t, server.Empty(t), store.PostgresOptions{Timeout: 5 * time.Second})
	r := create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	rings(t, "listening", s)
	must(t, server.Stop())
	back := sync.OnceFunc(func() { must(t, server.Start()) })
	defer back()
	_, err := s.Update(t.Context(), r.ID, next())
	refusedWith(t, err, store.ErrUnreachable)
	_, err = s.Get(t.Context(), r.ID)
	refusedWith(t, err, store.ErrUnreachable)
	_, _, err = s.Take(t.Context(), nine, approvals.LaneSlack, 1)
	refusedWith(t, err, store.ErrUnreachable)
	refusedWith(t, s.Postpone(t.Context(), work, nine.Add(time.Minute)), store.ErrUnreachable)
	back()
	if got := update(t, s, r.ID); got.Version != 2 {
		t.Errorf("version %d; want 2: what failed was not kept", got.Version)
	}
	rings(t, "listening again", s)
	if rows, _ := take(t, s, nine); len(rows) != 0 {
		t.Errorf("handed out too early: %v", rows)
	}
	equal(t, "the row that could not be given back", takeOne(t, s, nine.Add(time.Minute)), work)
}

func TestConnectionsThatDiedUnnoticedFailNobody(t *testing.T) {
	address := pgURL(t)
	s := openPostgres(t, address)
	r := create(t, s, "jane@acme.example")
	pgExec(t, address, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'partnerbot'`)
	update(t, s, r.ID)
}

func TestAClosedPostgresSaysSo(t *testing.T) {
	s := openPostgres(t, pgURL(t))
	r := create(t, s, "jane@acme.example")
	must(t, s.Close())
	_, err := s.Update(t.Context(), r.ID, next())
	refusedWith(t, err, store.ErrClosed)
	_, err = s.Get(t.Context(), r.ID)
	refusedWith(t, err, store.ErrClosed)
	_, _, err = s.Take(t.Context(), nine, approvals.LaneSlack, 1)
	refusedWith(t, err, store.ErrClosed)
	must(t, s.Close())
}

func TestTextsThatAreNoRequestAreErrors(t *testing.T) {
	address := pgURL(t)
	s := openPostgres(t, address)
	create(t, s, "jane@acme.example")
	pgExec(t, address, `UPDATE requests SET doc = '{"id":"INV-1","state":"pending","version":1,"stage":"x"}';; UPDATE trail SET record = '{"n":1,"entry":[]}'`)
	_, err := s.Get(t.Context(), "INV-1")
	refusedWith(t, err, store.ErrCorrupt)
	_, err = s.Update(t.Context(), "INV-1", next())
	refusedWith(t, err, store.ErrCorrupt)
	_, err = s.Trail(t.Context(), "INV-1")
	refusedWith(t, err, store.ErrCorrupt)
}

// TestSessionsKeepWhatTheyPromise looks at what the sessions say of themselves,
// whatever the role's own settings are.
func TestSessionsKeepWhatTheyPromise(t *testing.T) {
	address := pgURL(t)
	pgExec(t, address, `ALTER ROLE partnerbot SET synchronous_commit = off`)
	defer pgExec(t, address, `ALTER ROLE partnerbot RESET synchronous_commit`)
	s := openPostgres(t, address)
	for name, want := range map[string]string{
		"synchronous_commit": "on", "idle_in_transaction_session_timeout": "2s", "lock_timeout": "2500ms", "plan_cache_mode": "force_generic_plan",
	} {
		if got := s.Setting(t.Context(), name); got != want {
			t.Errorf("%s is %s; want %s", name, got, want)
		}
	}
}

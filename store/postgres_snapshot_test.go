package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

func TestACompanyMovesThereAndBack(t *testing.T) {
	keys := someKeys(t)
	from, err := store.Open(oldFile(t), store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, from.Close()) }()
	filled(t, from, 2500)
	middle := openReplica(t, pgURL(t), store.PostgresOptions{Keys: keys})
	back := openBolt(t, filepath.Join(t.TempDir(), "back.db"))
	var told uint64
	there, err := store.Copy(t.Context(), from, middle, func(done, total uint64) { told = done })
	must(t, err)
	again, err := store.Copy(t.Context(), middle, back, nil)
	must(t, err)
	equal(t, "what came back", again, there)
	if told < there.Total() {
		t.Errorf("progress ended at %d of %d", told, there.Total())
	}
	if report := verifyFrom(t, middle, keys, 61); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
	equal(t, "the pending", list(t, middle, approvals.Query{Pending: true}), list(t, from, approvals.Query{Pending: true}))
	equal(t, "what is owed", rowsOf(take(t, middle, nine.Add(9000*time.Hour))), rowsOf(take(t, from, nine.Add(9000*time.Hour))))
	for _, s := range []approvals.Store{middle, back} {
		equal(t, "what is known of a domain", domain(t, s, "acme.example"), domain(t, from, "acme.example"))
	}
	next := ask(t, middle, "next@acme.example", "falcon")
	if next.ID.Number() != lastOf(t, from)+1 {
		t.Errorf("the next is %s; want the number after %d", next.ID, lastOf(t, from))
	}
	if report := verifyFrom(t, middle, keys, 61); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
}

// lastOf is the last number that a store gave.
func lastOf(t *testing.T, s store.Archive) (last uint64) {
	t.Helper()
	must(t, s.Snapshot(t.Context(), func(s store.Snapshot) error { last = s.Last(); return nil }))
	return last
}

// filled asks for many guests and has an incident.
func filled(t *testing.T, s approvals.Store, many int) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for n := w; n < many; n += 16 {
				if _, err := s.Create(context.Background(), "", asks(guestNo(n), "falcon")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	_, err := s.Incident(t.Context(), approvals.WideToken, func(i approvals.Incident) (approvals.Incident, error) {
		i.Since, i.Version = nine, 1
		return i, nil
	})
	must(t, err)
}

func TestOnlyAnEmptyDatabaseIsFilled(t *testing.T) {
	from := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
	ask(t, from, "jane@acme.example", "falcon")
	for name, keep := range map[string]func(*store.Postgres){
		"a request": func(s *store.Postgres) { ask(t, s, "joe@acme.example", "falcon") },
		"an incident": func(s *store.Postgres) {
			_, err := s.Incident(t.Context(), "x", func(i approvals.Incident) (approvals.Incident, error) { return i, nil })
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := openPostgres(t, pgURL(t))
			keep(to)
			_, err := store.Copy(t.Context(), from, to, nil)
			refusedWith(t, err, store.ErrNotEmpty)
		})
	}
}

func TestAFillingThatFailsLeavesTheDatabaseEmpty(t *testing.T) {
	from := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
	filled(t, from, 1500)
	to := openPostgres(t, pgURL(t))
	must(t, from.Snapshot(t.Context(), func(s store.Snapshot) error {
		refusedWith(t, to.Fill(t.Context(), halfWay{s}, nil), errTest)
		return nil
	}))
	if page := list(t, to, approvals.Query{Pending: true}); len(page.Requests) != 0 || page.Total != 0 {
		t.Errorf("%d requests were left", page.Total)
	}
	_, err := store.Copy(t.Context(), from, to, nil)
	must(t, err)
}

// halfWay is a snapshot whose trail cannot be read to its end.
type halfWay struct{ store.Snapshot }

func (h halfWay) Trail(yield func(number, n uint64, record []byte) error) error {
	left := 1200
	return h.Snapshot.Trail(func(number, n uint64, record []byte) error {
		if left--; left == 0 {
			return errTest
		}
		return yield(number, n, record)
	})
}

func TestASnapshotIsOfOneMoment(t *testing.T) {
	s := openPostgres(t, pgURL(t))
	filled(t, s, 100)
	must(t, s.Snapshot(t.Context(), func(snapshot store.Snapshot) error {
		before, err := store.Count(t.Context(), snapshot)
		must(t, err)
		ask(t, s, "late@acme.example", "falcon")
		update(t, s, "INV-1", to(approvals.Denied))
		after, err := store.Count(t.Context(), snapshot)
		equal(t, "what it holds", after, before)
		return err
	}))
}

func TestSlowReadersKeepNobodyWaiting(t *testing.T) {
	s := openReplica(t, pgURL(t), store.PostgresOptions{MaxConns: 1})
	filled(t, s, 10)
	var inside, wg sync.WaitGroup
	leave := make(chan struct{})
	for range 4 {
		inside.Add(1)
		wg.Go(func() {
			err := s.Snapshot(context.Background(), func(snapshot store.Snapshot) error {
				return snapshot.Requests(func(uint64, []byte) error {
					inside.Done()
					<-leave
					return errTest
				})
			})
			if !errors.Is(err, errTest) {
				t.Error(err)
			}
		})
	}
	inside.Wait()
	r := ask(t, s, "jane@acme.example", "falcon")
	get(t, s, r.ID)
	take(t, s, nine)
	close(leave)
	wg.Wait()
}

// TestReadersKeepNoWriterWaiting has every connection for readers taken.
func TestReadersKeepNoWriterWaiting(t *testing.T) {
	address := pgURL(t)
	s := openReplica(t, address, store.PostgresOptions{MaxConns: 1})
	r := ask(t, s, "jane@acme.example", "falcon")
	lock, watch := pgtest.Conn(t, address), pgtest.Conn(t, address)
	_, err := lock.Exec(t.Context(), `BEGIN; LOCK TABLE incidents IN ACCESS EXCLUSIVE MODE`)
	must(t, err)
	read := make(chan error, 1)
	go func() { _, err := s.Incidents(context.Background()); read <- err }()
	eventually(t, "the reader waits", func() (waits bool) {
		must(t, watch.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM incidents%')`).Scan(&waits))
		return waits
	})
	update(t, s, r.ID, to(approvals.Denied))
	take(t, s, nine)
	_, err = lock.Exec(t.Context(), `COMMIT`)
	must(t, err)
	must(t, <-read)
}

// TestWhoeverWritesToTheDatabaseIsFound changes it as somebody may who has its password.
func TestWhoeverWritesToTheDatabaseIsFound(t *testing.T) {
	for name, sql := range map[string]string{
		"an entry changed":          `UPDATE trail SET record = replace(record::text, 'U0ANN', 'U0EVE')::json WHERE n = 2`,
		"words changed":             `UPDATE trail SET record = replace(record::text, '"words":"guest', '"words":"ghost')::json WHERE n = 2`,
		"an entry removed":          `DELETE FROM trail WHERE n = 2`,
		"the last entry removed":    `DELETE FROM trail WHERE n = 5; UPDATE head SET n = 4, mac = (SELECT decode(record ->> 'mac', 'hex') FROM trail WHERE n = 4)`,
		"two entries changed round": `UPDATE trail SET request = 6 - request WHERE n IN (2, 4)`,
		"a whole request removed":   `DELETE FROM trail WHERE request = 3; DELETE FROM requests WHERE number = 3`,
		"a request let in":          `UPDATE requests SET version = 2, state = 'inviting', pending = false, doc = replace(replace(doc::text, '"pending"', '"inviting"'), '"version":1', '"version":2')::json WHERE number = 1`,
		"another guest":             `UPDATE requests SET doc = replace(doc::text, 'guest1@', 'ghost@')::json WHERE number = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			address := pgURL(t)
			s := openReplica(t, address, store.PostgresOptions{Keys: someKeys(t)})
			for n := range 5 {
				ask(t, s, guestNo(n), "falcon")
			}
			noted := verified(t, s, someKeys(t)).Head
			pgtest.Exec(t, address, `SET session_replication_role = replica; `+sql)
			must(t, s.Snapshot(t.Context(), func(snapshot store.Snapshot) error {
				report, err := store.Verify(t.Context(), snapshot, someKeys(t), store.VerifyOptions{Noted: noted})
				if report.Good() {
					t.Error("nothing was found")
				}
				return err
			}))
		})
	}
}

func TestErasedWordsAreNowhereInTheDatabase(t *testing.T) {
	address := pgURL(t)
	s := openReplica(t, address, store.PostgresOptions{Keys: someKeys(t)})
	for _, r := range []approvals.Request{ask(t, s, "Jane@janes.example", "falcon"), createSeveral(t, s, "Jane@acme.example", "other.jane@janes.example")} {
		_, err := s.Update(t.Context(), r.ID, next(denied(sam, 1)))
		must(t, err)
		_, err = s.Erase(t.Context(), r.ID, func(r approvals.Request) (approvals.Change, error) {
			c, err := erased(r)
			c.Entries[0].Words = "jane"
			return c, err
		})
		must(t, err)
	}
	conn := pgtest.Conn(t, address)
	for table, column := range map[string]string{
		"requests": "concat(doc, guest, guests, live_key)", "trail": "record::text", "owed": "owed::text", "domains": "domain", "decisions": "domain",
	} {
		var n int
		must(t, conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s ILIKE '%%jane%%'`, table, column)).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows of %s name the guest", n, table)
		}
	}
	verified(t, s, someKeys(t))
	found, err := s.History(t.Context(), "jane@acme.example")
	must(t, err)
	if len(found) != 0 {
		t.Errorf("found %v by the address that was erased", numbers(found))
	}
}

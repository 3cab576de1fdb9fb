package pgtest_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"partnerbot/store/pgtest"
)

func TestASchemaIsEmptyAndOnesOwn(t *testing.T) {
	one, two := pgtest.URL(t), pgtest.URL(t)
	pgtest.Exec(t, one, `CREATE TABLE x (n integer)`, `INSERT INTO x VALUES (1)`)
	pgtest.Exec(t, two, `CREATE TABLE x (n integer)`)
	if n := count(t, two); n != 0 {
		t.Errorf("%d rows of another test", n)
	}
}

func TestAServerKeepsItsDataThroughStopAndCrash(t *testing.T) {
	s := pgtest.Own(t, pgtest.Options{})
	address := s.Empty(t)
	pgtest.Exec(t, address, `CREATE TABLE x (n integer)`)
	for want, end := range []func() error{s.Stop, s.Kill} {
		pgtest.Exec(t, address, `INSERT INTO x VALUES (1)`)
		must(t, end())
		must(t, s.Start())
		if n := count(t, address); n != want+1 {
			t.Errorf("%d rows; want %d", n, want+1)
		}
	}
}

func TestAPausedServerAnswersNobodyAndGoesOn(t *testing.T) {
	s := pgtest.Own(t, pgtest.Options{})
	conn := pgtest.Conn(t, s.Empty(t))
	must(t, s.Pause())
	answered := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), `SELECT 1`)
		answered <- err
	}()
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	select {
	case err := <-answered:
		t.Errorf("it answered: %v", err)
	case <-short.Done():
	}
	must(t, s.Resume())
	must(t, <-answered)
}

func TestNothingIsLeftOfAServer(t *testing.T) {
	s, err := pgtest.New(pgtest.Options{})
	if errors.Is(err, pgtest.ErrNone) {
		pgtest.Shared(t) // which says so
	}
	must(t, err)
	folder := s.Folder()
	must(t, s.Remove())
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there still (%v)", folder, err)
	}
}

func count(t *testing.T, address string) (n int) {
	t.Helper()
	must(t, pgtest.Conn(t, address).QueryRow(t.Context(), `SELECT count(*) FROM x`).Scan(&n))
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

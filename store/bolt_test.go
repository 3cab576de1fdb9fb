package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
	"partnerbot/store"
)

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want error
		says string
	}{
		{"a file that another process uses", func(t *testing.T, path string) { openBolt(t, path) }, store.ErrInUse, "stop the other partnerbot"},
		{"a text file", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte("store: bolt\n"), 0o600))
		}, store.ErrNotStore, "name another file"},
		{"a large file of something else", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, make([]byte, 1<<16), 0o600))
		}, store.ErrNotStore, "name another file"},
		{"another program's database", func(t *testing.T, path string) {
			edit(t, path, func(tx *bbolt.Tx) error {
				_, err := tx.CreateBucket([]byte("accounts"))
				return err
			})
		}, store.ErrNotStore, "another program"},
		{"a file of a newer schema", func(t *testing.T, path string) {
			setSchema(t, path, "4")
		}, store.ErrNewerSchema, "schema version 4"},
		{"a file that is half a copy", func(t *testing.T, path string) {
			setSchema(t, path, "3")
			edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("filling"), nil) })
		}, store.ErrHalfFilled, "copy again"},
		{"a file that was cut short", func(t *testing.T, path string) {
			setSchema(t, path, "3")
			must(t, os.Truncate(path, 3*int64(os.Getpagesize())))
		}, store.ErrDamaged, "backup that is whole"},
		{"a schema that is no number", func(t *testing.T, path string) {
			setSchema(t, path, "two")
		}, store.ErrNotStore, "two"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "requests.db")
			tt.make(t, path)
			before, err := os.ReadFile(path)
			must(t, err)
			refused(t, path, tt.want, tt.says)
			after, err := os.ReadFile(path)
			must(t, err)
			if string(before) != string(after) {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("a folder that is not there", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "data", "requests.db")
		refused(t, path, store.ErrNoFolder, filepath.Dir(path))
	})
	t.Run("a folder that is a file", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "data")
		must(t, os.WriteFile(folder, nil, 0o600))
		refused(t, filepath.Join(folder, "requests.db"), store.ErrNoFolder, folder)
	})
	t.Run("a path that is a folder", func(t *testing.T) {
		if b, err := store.Open(t.TempDir(), store.Options{}); err == nil {
			t.Error("a folder was opened as a store", b.Close())
		}
	})
}

// refused expects Open to fail for a reason, in a sentence that names the file
// and says what to do.
func refused(t *testing.T, path string, want error, says string) {
	t.Helper()
	b, err := store.Open(path, store.Options{Timeout: time.Millisecond})
	if !errors.Is(err, want) {
		t.Fatalf("got %v, %v; want %v", b, err, want)
	}
	if text := err.Error(); !strings.Contains(text, path) || !strings.Contains(text, says) {
		t.Errorf("%q does not name the file or does not say %q", text, says)
	}
}

// edit changes a file behind the store's back.
func edit(t *testing.T, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, errors.Join(db.Update(change), db.Close()))
}

func setSchema(t *testing.T, path, version string) {
	t.Helper()
	b, err := store.Open(path, store.Options{})
	must(t, err)
	must(t, b.Close())
	edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte(version)) })
}

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	openBolt(t, path)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v; want 0600", info.Mode())
	}
}

func TestCorruptValuesAreErrors(t *testing.T) {
	number := "\x00\x00\x00\x00\x00\x00\x00\x01"
	someTime := strings.Repeat("\x01", 12)
	tests := []struct {
		name, bucket, key, value string
		ask                      func(s *store.Bolt) error
	}{
		{"a request that is no JSON", "requests", number, "{", func(s *store.Bolt) error { return errOf(s.Get(context.Background(), "INV-1")) }},
		{"a request that is empty", "requests", number, "{}", func(s *store.Bolt) error { return errOf(s.Get(context.Background(), "INV-1")) }},
		{"a request that is another's", "requests", number, `{"id":"INV-2","state":"pending"}`, func(s *store.Bolt) error {
			return errOf(s.List(context.Background(), approvals.Query{Pending: true}))
		}},
		{"a request under change", "requests", number, "{}", func(s *store.Bolt) error {
			return errOf(s.Update(context.Background(), "INV-1", next()))
		}},
		{"an index of what is not there", "live", "jane@acme.example\x00falcon", "\x00\x00\x00\x00\x00\x00\x00\x09", func(s *store.Bolt) error {
			return errOf(s.Guest(context.Background(), "jane@acme.example"))
		}},
		{"a live request that is not there", "live", "jane@acme.example\x00falcon", "\x00\x00\x00\x00\x00\x00\x00\x09", func(s *store.Bolt) error {
			return errOf(s.Create(context.Background(), "jane@acme.example\x00falcon", openChange("jane@acme.example")))
		}},
		{"an entry of the trail", "trail", number + number, "[]", func(s *store.Bolt) error { return errOf(s.Trail(context.Background(), "INV-1")) }},
		{"an index of a guest", "guests", "jane@acme.example\x00x", "", func(s *store.Bolt) error {
			return errOf(s.History(context.Background(), "jane@acme.example"))
		}},
		{"an entry to be erased", "trail", number + number, "[]", func(s *store.Bolt) error {
			return errOf(s.Erase(context.Background(), "INV-1", next()))
		}},
		{"the end of the trail", "meta", "head", "x", func(s *store.Bolt) error {
			return errOf(s.Update(context.Background(), "INV-1", next()))
		}},
		{"the end of a trail that is read", "meta", "head", "x", func(s *store.Bolt) error {
			return s.Snapshot(context.Background(), func(store.Snapshot) error { return nil })
		}},
		{"an incident", "incidents", "entra token", `{"key":"other"}`, func(s *store.Bolt) error {
			return errOf(s.Incidents(context.Background()))
		}},
		{"an incident under change", "incidents", "entra token", `[]`, func(s *store.Bolt) error {
			return errOf(s.Incident(context.Background(), "entra token", func(i approvals.Incident) (approvals.Incident, error) { return i, nil }))
		}},
		{"what is counted of a domain", "domains", "acme.example", "x", func(s *store.Bolt) error {
			return errOf(s.Domain(context.Background(), "acme.example"))
		}},
		{"what is counted of a domain, under change", "domains", "acme.example", "x", func(s *store.Bolt) error {
			return errOf(s.Update(context.Background(), "INV-1", next(to(approvals.Ended))))
		}},
		{"a decision that there was not", "decided", "acme.example\x00" + someTime + number, "", func(s *store.Bolt) error {
			return errOf(s.Domain(context.Background(), "acme.example"))
		}},
		{"a decision at another time", "decided", "acme.example\x00" + someTime + number, "", func(s *store.Bolt) error {
			must(t, errOf(s.Update(context.Background(), "INV-1", next(denied(sam, 1)))))
			return errOf(s.Domain(context.Background(), "acme.example"))
		}},
		{"a decision at no time", "decided", "acme.example\x00" + number, "", func(s *store.Bolt) error {
			return errOf(s.Domain(context.Background(), "acme.example"))
		}},
		{"a decision about what is not there", "decided", "acme.example\x00" + someTime + number[1:] + "\x09", "", func(s *store.Bolt) error {
			return errOf(s.Domain(context.Background(), "acme.example"))
		}},
		{"a delegation", "delegations", "U0SAM", `{"from":{"user":"U0OLGA"},"to":{"user":"U0EVE"}}`, func(s *store.Bolt) error {
			return errOf(s.Delegations(context.Background()))
		}},
		{"a delegation that is no JSON", "delegations", "U0SAM", "{", func(s *store.Bolt) error {
			return errOf(s.Delegations(context.Background()))
		}},
		{"a row in a copy", "owed", number + "cards", "{}", func(s *store.Bolt) error {
			return s.Snapshot(context.Background(), func(is store.Snapshot) error { return errOf(store.Count(context.Background(), is)) })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "requests.db")
			s := openBolt(t, path)
			create(t, s, "jane@acme.example")
			must(t, s.Close())
			edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(tt.bucket)).Put([]byte(tt.key), []byte(tt.value)) })
			err := tt.ask(openBolt(t, path))
			if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "bucket "+tt.bucket) {
				t.Errorf("got %v; want a corrupt value in bucket %s", err, tt.bucket)
			}
		})
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestAClosedStoreSaysSo(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
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

// sharer is a store whose writers share commits.
type sharer interface {
	approvals.Store
	Waiting() int
}

// together holds a commit up until all the writes wait, then lets them go: they
// share the next one. It returns their errors.
func together(t *testing.T, s sharer, writes ...func() error) []error {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = s.Update(context.Background(), "INV-1", func(approvals.Request) (approvals.Change, error) {
			close(entered)
			<-leave
			return approvals.Change{}, errTest
		})
	})
	<-entered
	errs := make([]error, len(writes))
	for n, write := range writes {
		wg.Go(func() { errs[n] = write() })
		for s.Waiting() <= n {
			runtime.Gosched()
		}
	}
	close(leave)
	wg.Wait()
	return errs
}

func TestWhoWaitsTogetherIsCommittedTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	s := openBolt(t, path)
	create(t, s, "jane@acme.example")
	must(t, s.Close())
	before := commits(t, path)
	s = openBolt(t, path)
	writes := make([]func() error, 50)
	for n := range writes {
		writes[n] = func() error { return errOf(s.Update(context.Background(), "INV-1", next())) }
	}
	writes[20] = func() error {
		return errOf(s.Update(context.Background(), "INV-1", func(approvals.Request) (approvals.Change, error) { panic("oh") }))
	}
	for n, err := range together(t, s, writes...) {
		if (err != nil) != (n == 20) {
			t.Errorf("write %d: %v", n, err)
		}
	}
	if got := get(t, s, "INV-1").Version; got != 50 {
		t.Errorf("version %d; want 50", got)
	}
	must(t, s.Close())
	if n := commits(t, path) - before; n != 1 {
		t.Errorf("%d commits for 49 writes that waited together; want 1", n)
	}
}

// commits counts the transactions that a file has seen.
func commits(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, errors.Join(db.View(func(tx *bbolt.Tx) error { n = tx.ID(); return nil }), db.Close()))
	return n
}

func TestAFailedCommitFailsEverybodyInItAndNobodyElse(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
	create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	long := strings.Repeat("x", bbolt.MaxKeySize)
	twin := openChange("bob@acme.example")
	errs := together(
		t, s,
		func() error { return errOf(s.Update(context.Background(), "INV-1", next())) },
		func() error { return errOf(s.Create(context.Background(), "bob@acme.example\x00falcon", twin)) },
		func() error { return errOf(s.Create(context.Background(), "bob@acme.example\x00falcon", twin)) },
		func() error { return errOf(s.Settle(context.Background(), work, same())) },
		func() error { return errOf(s.Create(context.Background(), "", openChange(long))) },
	)
	for n, err := range errs {
		if _, refusal := errors.AsType[*approvals.Refusal](err); err == nil || refusal {
			t.Errorf("write %d got %v; want the commit's error", n, err)
		}
	}
	if got := get(t, s, "INV-1").Version; got != 1 {
		t.Errorf("version %d; want 1", got)
	}
	if rows, _ := take(t, s, nine); len(rows) != 0 {
		t.Errorf("work was given back though its settling was not kept: %v", rows)
	}
	if r := create(t, s, "bob@acme.example"); r.ID != "INV-2" {
		t.Errorf("the next is %s; want INV-2", r.ID)
	}
}

package store_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
)

var noKeys store.Keys

func keysOf(t testing.TB, text string) store.Keys {
	t.Helper()
	k, err := store.ParseKeys(text)
	must(t, err)
	return k
}

// snapshot runs read over what a store holds.
func snapshot(t testing.TB, s approvals.Store, read func(store.Snapshot) error) {
	t.Helper()
	must(t, s.(store.Archive).Snapshot(t.Context(), read))
}

func verify(t testing.TB, s approvals.Store, keys store.Keys) (report store.Report) {
	t.Helper()
	return verifyFrom(t, s, keys, 0)
}

// verifyFrom is verify for a trail that was begun without a key.
func verifyFrom(t testing.TB, s approvals.Store, keys store.Keys, plainBefore uint64) (report store.Report) {
	t.Helper()
	snapshot(t, s, func(is store.Snapshot) (err error) {
		report, err = store.Verify(t.Context(), is, keys, store.VerifyOptions{PlainBefore: plainBefore})
		return err
	})
	return report
}

func count(t testing.TB, s approvals.Store) (c store.Counts) {
	t.Helper()
	snapshot(t, s, func(is store.Snapshot) (err error) { c, err = store.Count(t.Context(), is); return err })
	return c
}

// populate makes requests in several states, with words, rows, an incident and an erased guest.
func populate(t testing.TB, s approvals.Store) {
	t.Helper()
	for n := range 6 {
		r := create(t, s, guestNo(n))
		if n%2 == 1 {
			update(t, s, r.ID, owing(guest, nine.Add(time.Duration(n))), func(c *approvals.Change) { c.Entries[0].Words = "because <" + string(r.ID) + ">" })
			update(t, s, "INV-1")
		}
	}
	update(t, s, "INV-2", to(approvals.Active))
	update(t, s, "INV-3", to(approvals.Denied))
	_, err := s.Erase(t.Context(), "INV-3", erased)
	must(t, err)
	update(t, s, "INV-4", to(approvals.Failed))
	delegate(t, s, given("U0OLGA", "U0SAM", nine))
	delegate(t, s, given("U0SAM", "U0BOB", nine))
	delegate(t, s, given("U0OLGA", "", nine.Add(time.Hour)))
	_, err = s.Incident(t.Context(), approvals.WideToken, func(i approvals.Incident) (approvals.Incident, error) {
		i.Version, i.Since = 1, nine
		return i, nil
	})
	must(t, err)
}

func testVerifies(t *testing.T, open opener) {
	s := open(t)
	if report := verify(t, s, noKeys); !report.Good() || report.Head != (store.Head{}) {
		t.Errorf("an empty store: %+v", report)
	}
	populate(t, s)
	report := verify(t, s, noKeys)
	trail := 0
	for n := range 6 {
		entries, err := s.Trail(t.Context(), approvals.NewID(uint64(n)+1))
		must(t, err)
		trail += len(entries)
	}
	trail += len(delegated(t, s))
	if !report.Good() || report.Requests != 6 || report.Entries != uint64(trail) || report.Head.N != report.Entries || report.Plain != report.Entries {
		t.Errorf("%d entries: %+v", trail, report)
	}
	if again := verify(t, open(t), noKeys); again.Head != report.Head {
		t.Errorf("the head is %s after reopening; want %s", again.Head, report.Head)
	}
}

// testSnapshotMoment writes while a snapshot is read.
func testSnapshotMoment(t *testing.T, open opener) {
	s := open(t)
	populate(t, s)
	before := count(t, s)
	snapshot(t, s, func(is store.Snapshot) error {
		first := true
		err := is.Requests(func(uint64, []byte) error {
			if first {
				first = false
				create(t, s, "late@acme.example")
				update(t, s, "INV-6", to(approvals.Denied))
			}
			return nil
		})
		must(t, err)
		during, err := store.Count(t.Context(), is)
		must(t, err)
		equal(t, "while others write", during, before)
		return nil
	})
	if after := count(t, s); after.Total() != before.Total()+1 || after.Equal(before) {
		t.Errorf("afterwards %+v", after)
	}
	stop := fmt.Errorf("enough: %w", errTest)
	refusedWith(t, s.(store.Archive).Snapshot(t.Context(), func(is store.Snapshot) error {
		return is.Trail(func(uint64, uint64, []byte) error { return stop })
	}), errTest)
	must(t, s.(store.Archive).Snapshot(t.Context(), func(store.Snapshot) error { return nil }))
}

// testCopy copies from the store to a bbolt file and from that into a new store of its kind.
func testCopy(t *testing.T, open opener) {
	from := open(t)
	populate(t, from)
	want := count(t, from)
	equal(t, "what there is", want.Requests, map[approvals.State]uint64{
		approvals.Pending: 3, approvals.Active: 1, approvals.Denied: 1, approvals.Failed: 1,
	})
	file := openBolt(t, filepath.Join(t.TempDir(), "copy.db"))
	var last, total uint64
	got, err := store.Copy(t.Context(), from.(store.Archive), file, func(done, of uint64) { last, total = done, of })
	must(t, err)
	equal(t, "the copy", got, want)
	if last == 0 || last != total {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	for n := range 6 {
		id := approvals.NewID(uint64(n) + 1)
		equal(t, "a request", get(t, file, id), get(t, from, id))
	}
	if r := create(t, file, "late@acme.example"); r.ID != "INV-7" {
		t.Errorf("the next is %s; want INV-7", r.ID)
	}
	if report := verify(t, file, noKeys); !report.Good() {
		t.Errorf("the copy, written to: %v", report.Findings)
	}
	if found, err := file.History(t.Context(), guestNo(1)); err != nil || len(found) != 1 {
		t.Errorf("found %v, %v; want a guest's request", found, err)
	}
	equal(t, "the delegations", delegations(t, file), delegations(t, from))
	if page := list(t, file, approvals.Query{Pending: true}); page.Total != 5 {
		t.Errorf("%d wait; want 5", page.Total)
	}
	rows, _ := take(t, file, nine.Add(2*time.Hour))
	all, _ := take(t, from, nine.Add(2*time.Hour))
	if len(rows) != len(all)+2 {
		t.Errorf("%d rows are owed; want %d", len(rows), len(all)+2)
	}
}

func testFillNotEmpty(t *testing.T, open opener) {
	s, empty := open(t), openBolt(t, filepath.Join(t.TempDir(), "empty.db"))
	create(t, s, "jane@acme.example")
	before := count(t, s)
	_, err := store.Copy(t.Context(), empty, s.(store.Archive), nil)
	refusedWith(t, err, store.ErrNotEmpty)
	equal(t, "what was there", count(t, s), before)
}

// failing is a snapshot whose trail breaks off.
type failing struct{ store.Snapshot }

func (f failing) Trail(yield func(number, n uint64, record []byte) error) error {
	n := 0
	return f.Snapshot.Trail(func(number, place uint64, record []byte) error {
		if n++; n > 3 {
			return errTest
		}
		return yield(number, place, record)
	})
}

func testFillFails(t *testing.T, open opener) {
	from := openBolt(t, filepath.Join(t.TempDir(), "from.db"))
	populate(t, from)
	s := open(t)
	empty := count(t, s)
	snapshot(t, from, func(is store.Snapshot) error {
		refusedWith(t, s.(store.Archive).Fill(t.Context(), failing{is}, nil), errTest)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		refusedWith(t, s.(store.Archive).Fill(gone, is, nil), context.Canceled)
		return nil
	})
	equal(t, "what there is", count(t, s), empty)
	s = open(t)
	if r := create(t, s, "jane@acme.example"); r.ID != "INV-1" {
		t.Errorf("the first is %s; want INV-1", r.ID)
	}
}

func testWritable(t *testing.T, open opener) {
	s := open(t)
	must(t, s.Writable(t.Context()))
	create(t, s, "jane@acme.example")
	must(t, s.Writable(t.Context()))
	before := count(t, s)
	s = open(t)
	must(t, s.Writable(t.Context()))
	equal(t, "what there is", count(t, s), before)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	refusedWith(t, open(t).Writable(gone), context.Canceled)
}

func TestABackupOfARunningStoreIsAStore(t *testing.T) {
	keys := keysOf(t, strings.Repeat("k", 32))
	s, err := store.Open(filepath.Join(t.TempDir(), "requests.db"), store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	populate(t, s)
	want := count(t, s)
	path := filepath.Join(t.TempDir(), "backup.db")
	var b bytes.Buffer
	size, err := s.Backup(t.Context(), writerFunc(func(p []byte) (int, error) {
		update(t, s, "INV-5") // what is written meanwhile is not in it
		return b.Write(p)
	}))
	must(t, err)
	if size != int64(b.Len()) {
		t.Errorf("said %d bytes; wrote %d", size, b.Len())
	}
	must(t, writeFile(path, b.Bytes()))
	got, err := store.CheckFile(t.Context(), path, keys, 0)
	must(t, err)
	equal(t, "the backup", got, want)
	if _, err := store.CheckFile(t.Context(), path, noKeys, 0); err == nil || !strings.Contains(err.Error(), "not among yours") {
		t.Errorf("without the key: %v", err)
	}
	copied, err := store.Open(path, store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, copied.Close()) }()
	equal(t, "the backup as a store", count(t, copied), want)
	_, err = s.Backup(t.Context(), writerFunc(func([]byte) (int, error) { return 0, errTest }))
	refusedWith(t, err, errTest)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestCountsAreOfEverything(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
	populate(t, s)
	rows, _ := take(t, s, nine.Add(time.Hour))
	was := count(t, s)
	for name, do := range map[string]func() error{
		"nothing, and Writable": func() error { return s.Writable(t.Context()) },
		"a row's due time":      func() error { return s.Postpone(t.Context(), rows[0], nine.Add(2*time.Hour)) },
		"what is shown": func() error {
			return errOf(s.Update(t.Context(), "INV-1", same(func(c *approvals.Change) { c.Request.Shown.Direct.TS = "9.9" })))
		},
		"an entry": func() error {
			return errOf(s.Update(t.Context(), "INV-1", same(func(c *approvals.Change) {
				c.Entries = []approvals.Entry{{Request: "INV-1", Version: c.Request.Version, Event: "refused"}}
			})))
		},
		"an incident": func() error {
			return errOf(s.Incident(t.Context(), approvals.WideToken, func(i approvals.Incident) (approvals.Incident, error) {
				i.Told++
				return i, nil
			}))
		},
	} {
		must(t, do())
		is := count(t, s)
		if is.Equal(was) != strings.HasPrefix(name, "nothing") || was.Equal(is) != is.Equal(was) {
			t.Errorf("%s: from %+v to %+v", name, was, is)
		}
		was = is
	}
}

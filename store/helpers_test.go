package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
	"partnerbot/store"
)

var (
	nine    = time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)
	errTest = errors.New("no, thank you")
)

// opener opens one kind of store on the same data every time it is called.
// What it opened is closed at the end of the test.
type opener func(t testing.TB) approvals.Store

// stores are all kinds of store; the list of tests runs over each.
func stores() map[string]func(t testing.TB) opener {
	return map[string]func(t testing.TB) opener{
		"bolt": func(t testing.TB) opener {
			path := filepath.Join(t.TempDir(), "requests.db")
			var last *store.Bolt
			return func(t testing.TB) approvals.Store {
				t.Helper()
				if last != nil {
					must(t, last.Close())
				}
				last = openBolt(t, path)
				return last
			}
		},
		"postgres": postgresOpener,
	}
}

func openBolt(t testing.TB, path string) *store.Bolt {
	t.Helper()
	b, err := store.Open(path, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

// pending is the change that opens a request of ann's for a guest.
func pending(id approvals.RequestID, email string) approvals.Change {
	r := approvals.Request{
		ID: id, Version: 1, State: approvals.Pending, Requester: approvals.PersonID{Team: "T1", User: "U0ANN"},
		Guest:  approvals.Guest{Email: email, Name: "Jane"},
		Access: approvals.Access{ID: "falcon", Title: "Project Falcon"}, Reason: "the audit", Opened: nine, Changed: nine,
	}
	return approvals.Change{
		Request: r,
		Entries: []approvals.Entry{{Request: id, Version: 1, At: nine, By: r.Requester, Event: "opened", To: r.State, Detail: "falcon", Words: email + ": the audit"}},
		Owed:    []approvals.Owing{{Kind: approvals.WorkCards}, {Kind: approvals.WorkClock, Due: nine.Add(time.Hour)}},
	}
}

func openChange(email string) func(approvals.RequestID, *approvals.Request) (approvals.Change, error) {
	return func(id approvals.RequestID, live *approvals.Request) (approvals.Change, error) {
		if live != nil {
			return approvals.Change{}, approvals.ErrAlreadyPending.With("id", string(live.ID))
		}
		return pending(id, email), nil
	}
}

func create(t testing.TB, s approvals.Store, email string) approvals.Request {
	t.Helper()
	r, err := s.Create(t.Context(), approvals.LiveKey(email, "falcon"), openChange(email))
	must(t, err)
	return r
}

// next is a change to the next version that also does what the edits say.
func next(edits ...func(*approvals.Change)) func(approvals.Request) (approvals.Change, error) {
	return func(r approvals.Request) (approvals.Change, error) {
		r.Version++
		c := approvals.Change{Request: r, Entries: []approvals.Entry{{Request: r.ID, Version: r.Version, At: nine, Event: "edited", From: r.State, To: r.State}}}
		for _, edit := range edits {
			edit(&c)
		}
		return c, nil
	}
}

// same is a change that keeps the request as it is.
func same(edits ...func(*approvals.Change)) func(approvals.Request) (approvals.Change, error) {
	return func(r approvals.Request) (approvals.Change, error) {
		c := approvals.Change{Request: r}
		for _, edit := range edits {
			edit(&c)
		}
		return c, nil
	}
}

func owing(kind approvals.Work, due time.Time) func(*approvals.Change) {
	return func(c *approvals.Change) { c.Owed = append(c.Owed, approvals.Owing{Kind: kind, Due: due}) }
}

func to(s approvals.State) func(*approvals.Change) {
	return func(c *approvals.Change) {
		c.Request.State = s
		for i := range c.Entries {
			c.Entries[i].To = s
		}
	}
}

func update(t testing.TB, s approvals.Store, id approvals.RequestID, edits ...func(*approvals.Change)) approvals.Request {
	t.Helper()
	r, err := s.Update(t.Context(), id, next(edits...))
	must(t, err)
	return r
}

func get(t testing.TB, s approvals.Store, id approvals.RequestID) approvals.Request {
	t.Helper()
	r, err := s.Get(t.Context(), id)
	must(t, err)
	return r
}

// take hands out everything that is due, whichever lane it is in.
func take(t testing.TB, s approvals.Store, now time.Time) (rows []approvals.Owed, next time.Time) {
	t.Helper()
	for _, lane := range approvals.Lanes() {
		more, then, err := s.Take(t.Context(), now, lane, 1000)
		must(t, err)
		rows = append(rows, more...)
		if next.IsZero() || (!then.IsZero() && then.Before(next)) {
			next = then
		}
	}
	return rows, next
}

// takeOne hands out what is due and expects one row.
func takeOne(t testing.TB, s approvals.Store, now time.Time) approvals.Owed {
	t.Helper()
	rows, _ := take(t, s, now)
	if len(rows) != 1 {
		t.Fatalf("took %v at %s; want one row", rows, now)
	}
	return rows[0]
}

func list(t testing.TB, s approvals.Store, q approvals.Query) approvals.Page {
	t.Helper()
	page, err := s.List(t.Context(), q)
	must(t, err)
	return page
}

func numbers(rs []approvals.Request) []uint64 {
	ns := make([]uint64, 0, len(rs))
	for _, r := range rs {
		ns = append(ns, r.ID.Number())
	}
	return ns
}

// woken reports whether the store rang since the last look.
func woken(s approvals.Store) bool {
	select {
	case <-s.Woken(approvals.LaneSlack):
		return true
	default:
		return false
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func refusedWith(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v; want %v", err, want)
	}
}

func guestNo(n int) string { return fmt.Sprintf("guest%d@acme.example", n) }

func kinds(rows []approvals.Owed) []approvals.Work {
	var ks []approvals.Work
	for _, o := range rows {
		ks = append(ks, o.Kind)
	}
	slices.Sort(ks)
	return ks
}

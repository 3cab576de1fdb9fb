package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
)

// given is a delegation for a week, to nobody if it ends one. Times have parts of a
// second, which its entry does not tell.
func given(from, to string, made time.Time) approvals.Delegation {
	d := approvals.Delegation{
		From: approvals.PersonID{Team: "T1", User: from}, Start: made.Add(time.Hour), End: made.Add(7 * 24 * time.Hour), Made: made,
	}
	if to != "" {
		d.To = approvals.PersonID{Team: "T1", User: to}
	}
	return d
}

func delegate(t testing.TB, s approvals.Store, d approvals.Delegation) {
	t.Helper()
	must(t, s.Delegate(t.Context(), d))
}

func delegations(t testing.TB, s approvals.Store) []approvals.Delegation {
	t.Helper()
	all, err := s.Delegations(t.Context())
	must(t, err)
	return all
}

// delegated are the entries of a store that have no request.
func delegated(t testing.TB, s approvals.Store) (entries []approvals.Entry) {
	t.Helper()
	snapshot(t, s, func(is store.Snapshot) error {
		return is.Trail(func(number, n uint64, record []byte) error {
			e, err := store.OpenRecord(record)
			if number == 0 {
				entries = append(entries, e)
			}
			return err
		})
	})
	return entries
}

func testDelegations(t *testing.T, open opener) {
	s := open(t)
	equal(t, "at first", delegations(t, s), []approvals.Delegation(nil))
	r := create(t, s, "jane@acme.example")
	sams, olgas := given("U0SAM", "U0BOB", nine), given("U0OLGA", "U0SAM", nine.Add(time.Minute))
	delegate(t, s, sams)
	delegate(t, s, olgas)
	equal(t, "by whose right they give", delegations(t, s), []approvals.Delegation{olgas, sams})
	update(t, s, r.ID)
	newer := given("U0SAM", "U0EVE", nine.Add(time.Hour))
	delegate(t, s, newer)
	over := given("U0OLGA", "", nine.Add(2*time.Hour))
	delegate(t, s, over)
	delegate(t, s, given("U0NEVER", "", nine))
	for range 2 {
		equal(t, "what is not replaced", delegations(t, s), []approvals.Delegation{newer})
		s = open(t)
	}
	want := []approvals.Entry{sams.Entry(), olgas.Entry(), newer.Entry(), over.Entry(), given("U0NEVER", "", nine).Entry()}
	for i, n := range []uint64{2, 3, 5, 6, 7} {
		want[i].N = n
	}
	equal(t, "what the trail says", delegated(t, s), want)
	trail, err := s.Trail(t.Context(), r.ID)
	if err != nil || len(trail) != 2 {
		t.Errorf("the request's trail is %v, %v; want its own entries", trail, err)
	}
	_, err = s.Trail(t.Context(), "")
	refusedWith(t, err, approvals.ErrNotFound)
	if report := verify(t, s, noKeys); !report.Good() || report.Entries != 7 {
		t.Errorf("%d entries, found %v", report.Entries, report.Findings)
	}
	if c := count(t, s); c.Delegations != 1 {
		t.Errorf("%d delegations are counted; want 1", c.Delegations)
	}
}

func testDelegationsRefused(t *testing.T, open opener) {
	s := open(t)
	for _, to := range []string{"U0BOB", ""} {
		if err := s.Delegate(t.Context(), given("", to, nine)); err == nil {
			t.Errorf("nobody's right was given to %q", to)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	refusedWith(t, s.Delegate(gone, given("U0SAM", "U0BOB", nine)), context.Canceled)
	if all, entries := delegations(t, s), delegated(t, s); len(all) != 0 || len(entries) != 0 {
		t.Errorf("kept are %v, told is %v", all, entries)
	}
}

func testDelegationsMany(t *testing.T, open opener) {
	s := open(t)
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			if err := s.Delegate(context.Background(), given(fmt.Sprintf("U%d", n%4), fmt.Sprintf("U1%02d", n), nine)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if all, entries := delegations(t, s), delegated(t, s); len(all) != 4 || len(entries) != 100 {
		t.Errorf("%d are kept, %d told; want 4 and 100", len(all), len(entries))
	}
	if report := verify(t, s, noKeys); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
}

// TestADelegationThatNoEntrySaysIsFound changes what a store keeps of delegations,
// as somebody can who writes to it and has no key.
func TestADelegationThatNoEntrySaysIsFound(t *testing.T) {
	doc := func(d approvals.Delegation) func(text string) string {
		return func(text string) string {
			from, to := fmt.Sprintf("%q", d.Start.Format(time.RFC3339Nano)), fmt.Sprintf("%q", d.Start.Add(-time.Nanosecond).Format(time.RFC3339Nano))
			return strings.Replace(text, from, to, 1)
		}
	}
	tests := []struct {
		name   string
		tamper func(l *loose)
		want   []string
	}{
		{"nothing", func(*loose) {}, nil},
		{"one is put in", func(l *loose) { l.delegations["U0EVE"] = l.delegations["U0SAM"] }, []string{
			"a delegation by U0EVE is kept, and no entry says so",
		}},
		{"one that ended is put back", func(l *loose) { l.delegations["U0OLGA"] = l.delegations["U0SAM"] }, []string{
			"entry 4: the delegation by U0OLGA ended here, and one is kept",
		}},
		{"one is taken out", func(l *loose) { delete(l.delegations, "U0SAM") }, []string{"entry 3: the delegation by U0SAM is missing"}},
		{"whom it is to", func(l *loose) {
			l.delegations["U0SAM"] = strings.Replace(l.delegations["U0SAM"], "U0BOB", "U0EVE", 1)
		}, []string{"entry 3: the delegation by U0SAM is not what this entry says"}},
		{"when it begins, by the least", func(l *loose) {
			l.delegations["U0SAM"] = doc(given("U0SAM", "U0BOB", nine.Add(time.Hour)))(l.delegations["U0SAM"])
		}, []string{"entry 3: the delegation by U0SAM is not what this entry says"}},
		{"the one that was replaced", func(l *loose) { l.delegations["U0SAM"] = l.delegations["before"] }, []string{
			"entry 3: the delegation by U0SAM is not what this entry says",
		}},
		{"its entry is taken out", func(l *loose) {
			l.trail = slices.DeleteFunc(l.trail, func(e looseEntry) bool { return e.n == 3 })
		}, []string{"entry 3: the entry is missing", "entry 1: the delegation by U0SAM is not what this entry says"}},
		{"its entry is another request's", func(l *loose) {
			for i := range l.trail {
				if l.trail[i].n == 3 {
					l.trail[i].number = 1
				}
			}
		}, []string{
			"entry 3, INV-1: it was sealed as entry 3 of no request", `entry 3, INV-1: it leads from version 18446744073709551615, "", and the entry before it to version 1, "pending"`,
			"entry 3, INV-1: the request was changed between the entry before it and this one",
			"INV-1: it is kept as version 1, pending, and its trail ends with version 0, ",
			"entry 1: the delegation by U0SAM is not what this entry says",
		}},
		{"an entry of a request is nobody's", func(l *loose) {
			for i := range l.trail {
				if l.trail[i].n == 2 {
					l.trail[i].number = 0
				}
			}
		}, []string{
			"entry 2: it was sealed as entry 2 of INV-1", "entry 2: it is about no request, and about no delegation either",
			"INV-1: the request is there and its entries are missing",
		}},
	}
	for name, s := range map[string]func(keys string, reading bool) (approvals.Store, error){"bolt": boltAgain(t), "postgres": postgresAgain(t)} {
		s, err := s(secret, false)
		must(t, err)
		delegate(t, s, given("U0SAM", "U0BOB", nine))
		create(t, s, "jane@acme.example")
		before := takeLoose(t, s).delegations["U0SAM"]
		delegate(t, s, given("U0SAM", "U0BOB", nine.Add(time.Hour)))
		delegate(t, s, given("U0OLGA", "", nine))
		whole := takeLoose(t, s)
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				l := whole.clone()
				l.delegations["before"] = before
				tt.tamper(l)
				delete(l.delegations, "before")
				report, err := store.Verify(t.Context(), l, keysOf(t, secret), store.VerifyOptions{})
				must(t, err)
				var got []string
				for _, f := range report.Findings {
					got = append(got, f.String())
				}
				equal(t, "found", got, tt.want)
			})
		}
	}
}

func TestAnEntryOfNoRequestIsAboutADelegation(t *testing.T) {
	keys := keysOf(t, secret)
	for name, e := range map[string]approvals.Entry{
		"another event": {Event: "voted", By: sam, At: nine},
		"a version":     {Event: approvals.EventDelegated, Version: 1, By: sam, At: nine},
		"a state":       {Event: approvals.EventDelegated, To: approvals.Inviting, By: sam, At: nine},
	} {
		l := &loose{}
		record, head, err := store.Seal(keys, l.head, e, approvals.Request{})
		must(t, err)
		l.head, l.trail = head, []looseEntry{{0, 1, record}}
		report, err := store.Verify(t.Context(), l, keys, store.VerifyOptions{})
		must(t, err)
		equal(t, name, report.Findings, []store.Finding{{N: 1, Text: "it is about no request, and about no delegation either"}})
	}
}

func TestCountsTellDelegationsApart(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
	delegate(t, s, given("U0SAM", "U0BOB", nine))
	l := takeLoose(t, s)
	was, err := store.Count(t.Context(), l)
	must(t, err)
	l.delegations["U0SAM"] = strings.Replace(l.delegations["U0SAM"], "U0BOB", "U0EVE", 1)
	is, err := store.Count(t.Context(), l)
	must(t, err)
	if was.Equal(is) || was.Delegations != 1 {
		t.Errorf("from %+v to %+v", was, is)
	}
}

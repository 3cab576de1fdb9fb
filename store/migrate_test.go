package store_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
	"partnerbot/store"
)

// schema1 is a file as the first partnerbot wrote it, with requests in every state.
func schema1(t testing.TB) (path string) {
	t.Helper()
	return unpacked(t, "testdata/schema1.db.gz")
}

// schema2 is a file as the next one wrote it, sealed with the key of the tests, with
// requests in every state, one whose guest was erased, and work of every kind.
func schema2(t testing.TB) (path string) {
	t.Helper()
	return unpacked(t, "testdata/schema2.db.gz")
}

func unpacked(t testing.TB, from string) (path string) {
	t.Helper()
	packed, err := os.Open(from)
	must(t, err)
	defer func() { must(t, packed.Close()) }()
	r, err := gzip.NewReader(packed)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	path = filepath.Join(t.TempDir(), "requests.db")
	must(t, writeFile(path, b))
	must(t, os.Chtimes(path, nine, nine))
	return path
}

func TestAFileOfSchema1IsBroughtUpToDate(t *testing.T) {
	path := schema1(t)
	before, err := os.ReadFile(path)
	must(t, err)
	keys := keysOf(t, secret)
	var logged bytes.Buffer
	s, err := store.Open(path, store.Options{Keys: keys, Log: slog.New(slog.NewJSONHandler(&logged, nil))})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	report := verifyFrom(t, s, keys, 61)
	if !report.Good() || report.Requests != 15 || report.Entries != 60 || report.Plain != 60 {
		t.Errorf("the trail: %+v", report)
	}
	if report := verify(t, s, keys); len(report.Findings) != 60 || !strings.Contains(logged.String(), `"plain_before":61`) {
		t.Errorf("old entries pass as sealed with the key: %+v; the log: %s", report, &logged)
	}
	c := count(t, s)
	for _, state := range approvals.States() {
		if c.Requests[state] == 0 && state != approvals.Split {
			t.Errorf("no request is %s", state)
		}
	}
	checkOldWords(t, s)
	checkOldIndexes(t, s)
	if r := createFor(t, s, "new@acme.example", "falcon"); r.ID != "INV-16" {
		t.Errorf("the next is %s; want INV-16", r.ID)
	}
	aside := path + ".schema1-20261123T090000Z"
	if !strings.Contains(logged.String(), aside) {
		t.Errorf("the log does not name the copy: %s", &logged)
	}
	checkAside(t, aside, "1", before)
}

func TestAFileOfSchema2IsBroughtUpToDate(t *testing.T) {
	path := schema2(t)
	before, err := os.ReadFile(path)
	must(t, err)
	keys := keysOf(t, secret)
	var logged bytes.Buffer
	s, err := store.Open(path, store.Options{Keys: keys, Log: slog.New(slog.NewJSONHandler(&logged, nil))})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	if report := verify(t, s, keys); !report.Good() || report.Requests != 13 || report.Entries != 59 || report.Plain != 0 {
		t.Errorf("the trail: %+v", report)
	}
	aside := path + ".schema2-20261123T090000Z"
	if text := logged.String(); !strings.Contains(text, aside) || strings.Contains(text, "plain_before") {
		t.Errorf("the log does not name the copy, or speaks of entries without a key: %s", text)
	}
	checkAside(t, aside, "2", before)
	checkSchema2(t, s)
	if report := verify(t, s, keys); !report.Good() {
		t.Errorf("after more was written: %v", report.Findings)
	}
}

// checkSchema2 asks a store that was brought up to date what the older one never
// knew, and writes to it.
func checkSchema2(t *testing.T, s approvals.Store) {
	t.Helper()
	acme, beta, gmail := counts(2, 3, 0, 4), counts(0, 1, 1, 1), counts(0, 0, 0, 1)
	acme.Last = []approvals.Decision{decidedIn(t, s, "INV-13"), decidedIn(t, s, "INV-8"), decidedIn(t, s, "INV-7")}
	beta.Last = []approvals.Decision{decidedIn(t, s, "INV-6"), decidedIn(t, s, "INV-5")}
	gmail.Last = []approvals.Decision{decidedIn(t, s, "INV-11")}
	for name, want := range map[string]approvals.DomainCount{
		"acme.example": acme, "beta.example": beta, "gmail.example": gmail, "home.example": counts(0, 0, 0, 0), // who was erased
	} {
		equal(t, name, domain(t, s, name), want)
	}
	equal(t, "the delegations", delegations(t, s), []approvals.Delegation(nil))
	update(t, s, "INV-1", to(approvals.Denied))
	update(t, s, "INV-5", to(approvals.Ending))
	_, err := s.Erase(t.Context(), "INV-8", erased)
	must(t, err)
	delegate(t, s, given("U0SAM", "U0BOB", nine))
	if r := createSeveral(t, s, "new@acme.example", "new@beta.example"); r.ID != "INV-14" {
		t.Errorf("the next is %s; want INV-14", r.ID)
	}
	if c := domain(t, s, "acme.example"); c.Pending != 2 || c.Live != 3 || c.Before != 4 {
		t.Errorf("acme.example has %+v", c)
	}
	if c := domain(t, s, "beta.example"); c.Pending != 1 || c.Live != 0 || c.Before != 2 {
		t.Errorf("beta.example has %+v", c)
	}
}

// decidedIn is the decision of the request's last vote.
func decidedIn(t *testing.T, s approvals.Store, id approvals.RequestID) approvals.Decision {
	t.Helper()
	r := get(t, s, id)
	v := r.Votes[len(r.Votes)-1]
	return approvals.Decision{ID: id, State: r.State, By: v.By, At: v.At}
}

func checkOldWords(t *testing.T, s *store.Bolt) {
	t.Helper()
	of := func(id approvals.RequestID, event string) (detail, words string) {
		trail, err := s.Trail(t.Context(), id)
		must(t, err)
		i := slices.IndexFunc(trail, func(e approvals.Entry) bool { return e.Event == event })
		return trail[i].Detail, trail[i].Words
	}
	for _, tt := range []struct {
		id                   approvals.RequestID
		event, detail, words string
	}{
		{"INV-1", "opened", "falcon", "Jane@acme.example: She reviews the drawings: all of them"},
		{"INV-14", "opened", "condor", "jane@acme.example: And the other one"},
		{"INV-2", "pressed", "approve", ""},
		{"INV-3", "voted", "approve", ""},
		{"INV-11", "voted", "deny", "not her: he left Acme"},
		{"INV-4", "delayed", "", "inviting the guest: 503: Service Unavailable for delayed@acme.example: request-id r-1"},
		{"INV-9", "refused by Entra", "", "inviting the guest: Forbidden: Guests from failed@acme.example are blocked: request-id r-2"},
		{"INV-13", "deadline passed", "Sponsor", ""},
		{"INV-6", "granted", "group:6f0c5a3e-falcon", ""},
	} {
		if detail, words := of(tt.id, tt.event); detail != tt.detail || words != tt.words {
			t.Errorf("%s %s: got %q, %q; want %q, %q", tt.id, tt.event, detail, words, tt.detail, tt.words)
		}
	}
}

func checkOldIndexes(t *testing.T, s *store.Bolt) {
	t.Helper()
	found, err := s.History(t.Context(), "JANE@acme.example")
	must(t, err)
	equal(t, "jane's", numbers(found), []uint64{14, 1})
	found, err = s.History(t.Context(), "cancelled@acme.example")
	must(t, err)
	equal(t, "the cancelled one's", numbers(found), []uint64{15, 12})
	late := nine.Add(365 * 24 * time.Hour)
	entra, _, err := s.Take(t.Context(), late, approvals.LaneEntra, 1000)
	must(t, err)
	slack, next, err := s.Take(t.Context(), late, approvals.LaneSlack, 1000)
	must(t, err)
	if n := count(t, s).Rows; uint64(len(entra)+len(slack)) != n || len(entra) == 0 || !next.IsZero() {
		t.Errorf("took %d of Entra's and %d of Slack's of %d rows, next %s", len(entra), len(slack), n, next)
	}
	if s.Skipped() != 0 {
		t.Errorf("%d rows were passed over", s.Skipped())
	}
}

// checkAside looks at the copy that is kept of the old file.
func checkAside(t *testing.T, aside, version string, want []byte) {
	t.Helper()
	info, err := os.Stat(aside)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v; want 0600", info.Mode())
	}
	got, err := os.ReadFile(aside)
	must(t, err)
	const metas = 2 * 4096 // a copy has the newer one of them twice
	if !bytes.Equal(got[metas:], want[metas:len(got)]) {
		t.Error("the copy is not the old file")
	}
	if _, err := store.CheckFile(t.Context(), aside, noKeys, 0); err == nil || !strings.Contains(err.Error(), "schema version "+version) {
		t.Errorf("the copy: %v", err)
	}
	others, err := filepath.Glob(filepath.Join(filepath.Dir(aside), "*"))
	must(t, err)
	if len(others) != 2 {
		t.Errorf("beside the store there are %v; want the copy alone", others)
	}
}

func TestAFileThatCannotBeBroughtUpToDateIsLeftAsItIs(t *testing.T) {
	for name, spoil := range map[string]func(tx *bbolt.Tx) error{
		"a request that cannot be read": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("requests")).Put(number8(7), []byte("{"))
		},
		"an entry that cannot be read": func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket([]byte("trail")).Cursor().Last()
			return tx.Bucket([]byte("trail")).Put(bytes.Clone(k), []byte("{"))
		},
		"an entry of no request": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("trail")).Put(append(number8(99), number8(99)...), []byte("{}"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			staysAsItIs(t, schema1(t), "1", spoil)
		})
	}
	t.Run("a request of schema 2 that cannot be read", func(t *testing.T) {
		staysAsItIs(t, schema2(t), "2", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("requests")).Put(number8(7), []byte("{"))
		})
	})
}

func staysAsItIs(t *testing.T, path, version string, spoil func(tx *bbolt.Tx) error) {
	t.Helper()
	edit(t, path, spoil)
	before, err := os.ReadFile(path)
	must(t, err)
	for range 2 {
		refused(t, path, store.ErrCorrupt, "schema version "+version)
	}
	after, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

// TestMigrationGoesOnAfterACrash: what a crash left of the copy is made anew.
func TestMigrationGoesOnAfterACrash(t *testing.T) {
	path := schema1(t)
	aside := path + ".schema1-20261123T090000Z"
	must(t, writeFile(aside+".part", []byte("half")))
	must(t, writeFile(aside, []byte("half")))
	openBolt(t, path)
	if info, err := os.Stat(aside); err != nil || info.Size() < 4096 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	if _, err := os.Stat(aside + ".part"); err == nil {
		t.Error("half a copy is left")
	}
}

// TestARowThatCannotBeReadIsMigratedAround: the others go on.
func TestARowThatCannotBeReadIsMigratedAround(t *testing.T) {
	path := schema1(t)
	edit(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("owed")).Put(append(number8(1), "cards"...), []byte("{"))
	})
	s := openBolt(t, path)
	if rows, _ := take(t, s, nine.Add(365*24*time.Hour)); len(rows) == 0 {
		t.Error("nothing is owed")
	}
}

package store_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
	"partnerbot/store"
)

// unbound are the fields of a request that change without an event, by path.
var unbound = []string{"Shown", "Answers", "Account.Tried"}

// fieldEdits is one edit for every field of a request, found by reflection so that
// none is forgotten. Those that are no fields of its events are left out.
func fieldEdits() map[string]func(*approvals.Request) {
	edits := map[string]func(*approvals.Request){}
	var walk func(t reflect.Type, path string, at []int)
	walk = func(t reflect.Type, path string, at []int) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, index := strings.TrimPrefix(path+"."+f.Name, "."), append(slices.Clone(at), i)
			switch {
			case slices.Contains(unbound, name):
			case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]():
				walk(f.Type, name, index)
			default:
				edits[name] = func(r *approvals.Request) { another(reflect.ValueOf(r).Elem().FieldByIndex(index)) }
			}
		}
	}
	walk(reflect.TypeFor[approvals.Request](), "", nil)
	return edits
}

// another puts a value where there was a different one.
func another(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the kinds that requests are made of; another panics below
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		} else {
			v.SetZero()
		}
	default:
		v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Hour)))
	}
}

func TestEveryFieldOfAKeptRequestIsBoundToItsTrail(t *testing.T) {
	for _, key := range []string{"", secret} {
		keys := keysOf(t, key)
		s, err := store.Open(filepath.Join(t.TempDir(), "requests.db"), store.Options{Keys: keys})
		must(t, err)
		defer func() { must(t, s.Close()) }()
		populate(t, s)
		whole := takeLoose(t, s)
		edits := fieldEdits()
		if len(edits) < 25 {
			t.Fatalf("only %d fields were found", len(edits))
		}
		for name, edit := range edits {
			for i := range whole.requests {
				l := whole.clone()
				l.requests[i].edited(edit)
				if slices.Equal(l.requests[i].doc, whole.requests[i].doc) {
					t.Errorf("%s of %d did not change", name, i+1)
				}
				if report, err := store.Verify(t.Context(), l, keys, store.VerifyOptions{}); err != nil || report.Good() {
					t.Errorf("%s of INV-%d, with the key %q: nothing was found, %v", name, i+1, key, err)
				}
			}
		}
		l := whole.clone()
		l.requests[0].edited(func(r *approvals.Request) {
			r.Shown.Direct.TS, r.Answers, r.Account.Tried = "9.9", []approvals.Answer{{}}, nine
		})
		if report, err := store.Verify(t.Context(), l, keys, store.VerifyOptions{}); err != nil || !report.Good() {
			t.Errorf("what changes without an event was found: %v, %v", report.Findings, err)
		}
	}
}

// behind edits a request of a file as somebody who has it and no key.
func behind(t *testing.T, path string, n uint64, change func(*approvals.Request)) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("requests"))
		r := looseRequest{n, b.Get(number8(n))}
		r.edited(change)
		return b.Put(number8(n), r.doc)
	}))
	must(t, db.Close())
}

func openKeyed(t *testing.T, path, keys string) *store.Bolt {
	t.Helper()
	s, err := store.Open(path, store.Options{Keys: keysOf(t, keys)})
	must(t, err)
	return s
}

func TestAChangeBehindTheTrailIsFoundAfterLaterEvents(t *testing.T) {
	for name, later := range map[string]string{"the same key": secret, "a newer key": secret + "2\n" + secret} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "requests.db")
			s := openKeyed(t, path, secret)
			for n := range 2 {
				create(t, s, guestNo(n))
			}
			must(t, s.Close())
			behind(t, path, 1, func(r *approvals.Request) { r.Presses = []approvals.Press{{Verdict: approvals.Approve, At: nine}} })
			s = openKeyed(t, path, later)
			defer func() { must(t, s.Close()) }()
			for range 2 {
				update(t, s, "INV-1")
				update(t, s, "INV-2")
			}
			report := verify(t, s, keysOf(t, later))
			want := []store.Finding{{N: 3, Request: "INV-1", Text: "the request was changed between the entry before it and this one"}}
			equal(t, "found", report.Findings, want)
		})
	}
}

func TestATrailSpansItsKeys(t *testing.T) {
	for name, s := range map[string]func(keys string, reading bool) (approvals.Store, error){
		"bolt":     boltAgain(t),
		"postgres": postgresAgain(t),
	} {
		t.Run(name, func(t *testing.T) {
			for _, keys := range []string{"", secret, secret + "2\n" + secret} {
				s, err := s(keys, false)
				must(t, err)
				create(t, s, guestNo(len(keys)))
				update(t, s, "INV-1")
			}
			is, err := s(secret+"2\n"+secret, false)
			must(t, err)
			if report := verifyFrom(t, is, keysOf(t, secret+"2\n"+secret), 3); !report.Good() {
				t.Errorf("found %v", report.Findings)
			}
			for _, keys := range []string{"", secret} {
				if _, err := s(keys, false); !errors.Is(err, store.ErrNoKey) || !strings.Contains(err.Error(), idOf(secret+"2")) || !strings.Contains(err.Error(), "PARTNERBOT_AUDIT_KEY") {
					t.Errorf("opened with %q: %v", keys, err)
				}
				is, err := s(keys, true)
				must(t, err)
				get(t, is, "INV-1")
				_, err = is.Update(t.Context(), "INV-1", next())
				refusedWith(t, err, store.ErrNoKey)
			}
		})
	}
}

// boltAgain opens the same file each time, after it closed it.
func boltAgain(t *testing.T) func(string, bool) (approvals.Store, error) {
	path := filepath.Join(t.TempDir(), "requests.db")
	last := (*store.Bolt)(nil)
	t.Cleanup(func() { must(t, last.Close()) })
	return func(keys string, reading bool) (approvals.Store, error) {
		if last != nil {
			must(t, last.Close())
		}
		s, err := store.Open(path, store.Options{Keys: keysOf(t, keys), Reading: reading})
		if err == nil {
			last = s
		}
		return s, err
	}
}

// postgresAgain opens the same database each time.
func postgresAgain(t *testing.T) func(string, bool) (approvals.Store, error) {
	address := pgURL(t)
	return func(keys string, reading bool) (approvals.Store, error) {
		s, err := store.OpenPostgres(t.Context(), address, store.PostgresOptions{Keys: keysOf(t, keys), Reading: reading})
		if err == nil {
			t.Cleanup(func() { must(t, s.Close()) })
		}
		return s, err
	}
}

func TestAStateThatNoEventLedToIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	s := openKeyed(t, path, secret)
	create(t, s, guestNo(1))
	must(t, s.Close())
	behind(t, path, 1, func(r *approvals.Request) { r.State = approvals.Inviting })
	s = openKeyed(t, path, secret)
	defer func() { must(t, s.Close()) }()
	update(t, s, "INV-1", to(approvals.Active))
	equal(t, "found", verify(t, s, keysOf(t, secret)).Findings, []store.Finding{
		{N: 2, Request: "INV-1", Text: `it leads from version 1, "inviting", and the entry before it to version 1, "pending"`},
		{N: 2, Request: "INV-1", Text: "the request was changed between the entry before it and this one"},
	})
}

func TestABackupSealedAnewWithoutAKeyIsNoBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	s := openKeyed(t, path, "")
	create(t, s, guestNo(1))
	must(t, s.Close())
	if _, err := store.CheckFile(t.Context(), path, keysOf(t, secret), 0); !errors.Is(err, store.ErrTampered) {
		t.Errorf("with a key: %v", err)
	}
	for _, keys := range []string{"", secret} {
		_, err := store.CheckFile(t.Context(), path, keysOf(t, keys), 2)
		must(t, err)
	}
}

// TestTheDigestsAreAsDescribed computes those of a change by the description alone.
func TestTheDigestsAreAsDescribed(t *testing.T) {
	s := openKeyed(t, filepath.Join(t.TempDir(), "requests.db"), secret)
	defer func() { must(t, s.Close()) }()
	r := create(t, s, "\xff"+guestNo(1)) // kept as U+FFFD
	was, err := json.Marshal(get(t, s, r.ID))
	must(t, err)
	is, err := json.Marshal(update(t, s, r.ID, func(c *approvals.Change) {
		c.Entries = append(c.Entries, c.Entries[0])
		c.Entries[1].Version, c.Entries[1].From, c.Request.Version = 3, approvals.Pending, 3
	}))
	must(t, err)
	is = []byte(strings.ReplaceAll(string(is), `\ufffd`, "\uFFFD"))
	var got []string
	for _, e := range takeLoose(t, s).trail {
		var r struct{ Was, Is string }
		must(t, json.Unmarshal(e.record, &r))
		got = append(got, r.Was, r.Is)
	}
	before, after := digestOf(secret, was), digestOf(secret, is)
	equal(t, "was and is", got, []string{"", before, before, "", "", after})
	if report := verify(t, s, keysOf(t, secret)); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
}

func digestOf(key string, doc []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte("partnerbot request 1\n"))
	h.Write(doc)
	return hex.EncodeToString(h.Sum(nil))
}

package store_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partnerbot/approvals"
	"partnerbot/store"
)

// loose is a snapshot that can be tampered with, as somebody can who writes to
// the database and has no key.
type loose struct {
	last        uint64
	head        store.Head
	requests    []looseRequest
	trail       []looseEntry
	delegations map[string]string // by whose right they are
}

type looseRequest struct {
	number uint64
	doc    []byte
}

type looseEntry struct {
	number, n uint64
	record    []byte
}

func (l *loose) Schema() int      { return 3 }
func (l *loose) Last() uint64     { return l.last }
func (l *loose) Head() store.Head { return l.head }

func (l *loose) Requests(yield func(uint64, []byte) error) error {
	for _, r := range l.requests {
		if err := yield(r.number, r.doc); err != nil {
			return err
		}
	}
	return nil
}

func (l *loose) Trail(yield func(uint64, uint64, []byte) error) error {
	slices.SortStableFunc(l.trail, func(a, b looseEntry) int {
		return bytes.Compare(slices.Concat(number8(a.number), number8(a.n)), slices.Concat(number8(b.number), number8(b.n)))
	})
	for _, e := range l.trail {
		if err := yield(e.number, e.n, e.record); err != nil {
			return err
		}
	}
	return nil
}

func (l *loose) Owed(func(approvals.Owed) error) error          { return nil }
func (l *loose) Incidents(func(approvals.Incident) error) error { return nil }

func (l *loose) Delegations(yield func(string, []byte) error) error {
	for _, person := range slices.Sorted(maps.Keys(l.delegations)) {
		if err := yield(person, []byte(l.delegations[person])); err != nil {
			return err
		}
	}
	return nil
}

func number8(n uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[7-i] = byte(n >> (8 * i))
	}
	return b
}

// takeLoose reads a store into memory.
func takeLoose(t testing.TB, s approvals.Store) *loose {
	l := &loose{delegations: map[string]string{}}
	snapshot(t, s, func(is store.Snapshot) error {
		l.last, l.head = is.Last(), is.Head()
		must(t, is.Requests(func(n uint64, doc []byte) error {
			l.requests = append(l.requests, looseRequest{n, bytes.Clone(doc)})
			return nil
		}))
		must(t, is.Delegations(func(person string, doc []byte) error {
			l.delegations[person] = string(doc)
			return nil
		}))
		return is.Trail(func(number, n uint64, record []byte) error {
			l.trail = append(l.trail, looseEntry{number, n, bytes.Clone(record)})
			return nil
		})
	})
	return l
}

func (l *loose) clone() *loose {
	c := *l
	c.requests, c.trail, c.delegations = slices.Clone(l.requests), slices.Clone(l.trail), maps.Clone(l.delegations)
	return &c
}

func (l *loose) anyEntry(rt *rapid.T) *looseEntry {
	return &l.trail[rapid.IntRange(0, len(l.trail)-1).Draw(rt, "entry")]
}

func (l *loose) anyRequest(rt *rapid.T) *looseRequest {
	return &l.requests[rapid.IntRange(0, len(l.requests)-1).Draw(rt, "request")]
}

// byPlace are the entries as they were sealed.
func (l *loose) byPlace() []*looseEntry {
	all := make([]*looseEntry, len(l.trail))
	for i := range l.trail {
		all[l.trail[i].n-1] = &l.trail[i]
	}
	return all
}

// edited changes members of a record and writes it as records are written.
func (e *looseEntry) edited(members map[string]string) {
	for name, value := range members {
		e.record = setMember(e.record, name, value)
	}
}

// setMember puts another value, as JSON, in the place of a member's first one.
func setMember(text []byte, name, value string) []byte {
	from := bytes.Index(text, []byte(`"`+name+`":`)) + len(name) + 3
	var old json.RawMessage
	if from < len(name)+3 || json.NewDecoder(bytes.NewReader(text[from:])).Decode(&old) != nil {
		return text
	}
	return slices.Concat(text[:from], []byte(value), text[from+len(old):])
}

func (r *looseRequest) edited(change func(*approvals.Request)) {
	var q approvals.Request
	if json.Unmarshal(r.doc, &q) == nil {
		change(&q)
		if doc, err := json.Marshal(q); err == nil {
			r.doc = doc
		}
	}
}

// reseal seals the whole trail anew with keys of the forger's own.
func (l *loose) reseal(keys store.Keys) {
	l.head = store.Head{}
	for _, e := range l.byPlace() {
		entry, err := store.OpenRecord(e.record)
		var r approvals.Request
		for _, q := range l.requests {
			if q.number == e.number {
				_ = json.Unmarshal(q.doc, &r)
			}
		}
		if err == nil {
			e.record, l.head, _ = store.Seal(keys, l.head, entry, r)
		}
	}
}

// cut removes the entries from a place on, and makes requests what the rest says.
func (l *loose) cut(from uint64, mac string) {
	l.trail = slices.DeleteFunc(l.trail, func(e looseEntry) bool { return e.n >= from })
	l.head, _ = store.ParseHead(mac)
	standing := map[uint64]approvals.Entry{}
	for _, e := range l.byPlace() {
		standing[e.number], _ = store.OpenRecord(e.record)
	}
	l.requests = slices.DeleteFunc(l.requests, func(r looseRequest) bool { return standing[r.number].N == 0 })
	l.last = slices.Max(slices.Collect(maps.Keys(standing)))
	for i := range l.requests {
		e := standing[l.requests[i].number]
		l.requests[i].edited(func(q *approvals.Request) { q.Version, q.State = e.Version, e.To })
	}
}

// tamperings is every way to change a store behind its back.
func tamperings(t *testing.T) map[string]func(rt *rapid.T, l *loose) {
	other := keysOf(t, strings.Repeat("forger", 6))
	edit := func(members map[string]string) func(rt *rapid.T, l *loose) {
		return func(rt *rapid.T, l *loose) { l.anyEntry(rt).edited(members) }
	}
	change := func(change func(*approvals.Request)) func(rt *rapid.T, l *loose) {
		return func(rt *rapid.T, l *loose) { l.anyRequest(rt).edited(change) }
	}
	return map[string]func(rt *rapid.T, l *loose){
		"a byte of a record": func(rt *rapid.T, l *loose) {
			e := l.anyEntry(rt)
			e.record = bytes.Clone(e.record)
			e.record[rapid.IntRange(0, len(e.record)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		},
		"the event":             edit(map[string]string{"event": `"granted"`}),
		"when it was":           edit(map[string]string{"at": `"2020-01-01T00:00:00Z"`}),
		"the state it led to":   edit(map[string]string{"to": `"gone"`}),
		"the version":           edit(map[string]string{"version": `77`}),
		"the place in a record": edit(map[string]string{"n": `4711`}),
		"the key's name":        edit(map[string]string{"key": `""`}),
		"the seal":              edit(map[string]string{"mac": `"` + strings.Repeat("0", 64) + `"`}),
		"the seal before":       edit(map[string]string{"prev": `"` + strings.Repeat("a", 64) + `"`}),
		"the proof":             edit(map[string]string{"proof": `"` + strings.Repeat("a", 64) + `"`, "mac": `"` + strings.Repeat("b", 64) + `"`}),
		"what people typed": func(rt *rapid.T, l *loose) {
			l.wordy(rt).edited(map[string]string{"words": `"yes"`})
		},
		"the salt": func(rt *rapid.T, l *loose) {
			l.wordy(rt).edited(map[string]string{"salt": `"` + strings.Repeat("0", 32) + `"`})
		},
		"words that nobody erased": func(rt *rapid.T, l *loose) {
			e := l.wordy(rt)
			e.record, _ = store.EraseWords(e.record)
		},
		"an entry is taken out": func(rt *rapid.T, l *loose) {
			i := rapid.IntRange(0, len(l.trail)-1).Draw(rt, "entry")
			l.trail = slices.Delete(l.trail, i, i+1)
		},
		"several entries are taken out": func(rt *rapid.T, l *loose) {
			from := rapid.Uint64Range(1, l.head.N).Draw(rt, "from")
			to := rapid.Uint64Range(from, l.head.N).Draw(rt, "to")
			l.trail = slices.DeleteFunc(l.trail, func(e looseEntry) bool { return e.n >= from && e.n <= to })
		},
		"two entries change places": func(rt *rapid.T, l *loose) {
			two := rapid.SliceOfNDistinct(rapid.IntRange(0, len(l.trail)-1), 2, 2, rapid.ID).Draw(rt, "entries")
			a, b := &l.trail[two[0]], &l.trail[two[1]]
			a.record, b.record = b.record, a.record
		},
		"two entries change places and numbers": func(rt *rapid.T, l *loose) {
			two := rapid.SliceOfNDistinct(rapid.IntRange(0, len(l.trail)-1), 2, 2, rapid.ID).Draw(rt, "entries")
			a, b := &l.trail[two[0]], &l.trail[two[1]]
			a.n, b.n = b.n, a.n
		},
		"an entry moves to another request": func(rt *rapid.T, l *loose) {
			e := l.anyEntry(rt)
			e.number = e.number%l.last + 1
		},
		"an entry is there twice": func(rt *rapid.T, l *loose) { l.trail = append(l.trail, *l.anyEntry(rt)) },
		"an entry is there twice, in two requests": func(rt *rapid.T, l *loose) {
			e := *l.anyEntry(rt)
			e.number = e.number%l.last + 1
			l.trail = append(l.trail, e)
		},
		"an entry is put at the end, without the key": func(rt *rapid.T, l *loose) {
			e := approvals.Entry{Request: "INV-1", Version: 9, At: nine, Event: "voted", To: approvals.Inviting}
			record, head, _ := store.Seal(rapid.SampledFrom([]store.Keys{noKeys, other}).Draw(rt, "keys"), l.head, e, approvals.Request{})
			l.trail = append(l.trail, looseEntry{1, head.N, record})
			l.requests[0].edited(func(q *approvals.Request) { q.Version, q.State = 9, approvals.Inviting })
			l.head = head
		},
		"an entry is put in the middle, without the key": func(rt *rapid.T, l *loose) {
			e := l.anyEntry(rt)
			after, _ := store.ParseHead(l.seal(e.n - 1))
			e.record, _, _ = store.Seal(noKeys, after, approvals.Entry{Request: approvals.NewID(e.number), Version: 9, Event: "voted"}, approvals.Request{})
		},
		"an entry of another history, sealed with the key": func(rt *rapid.T, l *loose) {
			e := l.byPlace()[rapid.IntRange(0, len(l.trail)-2).Draw(rt, "entry")]
			entry, _ := store.OpenRecord(e.record)
			entry.By = approvals.PersonID{Team: "T1", User: "U0EVE"}
			after, _ := store.ParseHead(l.seal(e.n - 1))
			if e.record, _, _ = store.Seal(keysOf(t, secret), after, entry, full(entry.Request)); entry.Version == 1 || entry.Erased {
				rt.Skip("its terms and proof would be others")
			}
		},
		"all is sealed anew, without the key": func(rt *rapid.T, l *loose) {
			l.reseal(rapid.SampledFrom([]store.Keys{noKeys, other}).Draw(rt, "keys"))
		},
		"the end of the trail":     func(_ *rapid.T, l *loose) { l.head.MAC[0] ^= 1 },
		"the end is noted earlier": func(_ *rapid.T, l *loose) { l.head, _ = store.ParseHead(l.seal(l.head.N - 1)) },
		"the end is noted later":   func(_ *rapid.T, l *loose) { l.head.N++ },
		"a request is taken out": func(rt *rapid.T, l *loose) {
			i := rapid.IntRange(0, len(l.requests)-1).Draw(rt, "request")
			l.requests = slices.Delete(l.requests, i, i+1)
		},
		"a request is taken out with its entries": func(rt *rapid.T, l *loose) {
			i := rapid.IntRange(0, len(l.requests)-1).Draw(rt, "request")
			l.trail = slices.DeleteFunc(l.trail, func(e looseEntry) bool { return e.number == l.requests[i].number })
			l.requests = slices.Delete(l.requests, i, i+1)
		},
		"the last request is taken out with its number": func(_ *rapid.T, l *loose) {
			l.requests, l.last = l.requests[:len(l.requests)-1], l.last-1
		},
		"a delegation is put in": func(_ *rapid.T, l *loose) {
			l.delegations["U0EVE"] = `{"from":{"user":"U0EVE"},"to":{"user":"U0EVE2"}}`
		},
		"a delegation is taken out": func(_ *rapid.T, l *loose) { clear(l.delegations) },
		"a delegation is another's": func(_ *rapid.T, l *loose) {
			l.delegations["U0SAM"] = strings.Replace(l.delegations["U0SAM"], "U0BOB", "U0EVE", 1)
		},
		"a delegation cannot be read": func(_ *rapid.T, l *loose) { l.delegations["U0SAM"] = "{" },
		"a request is put in": func(_ *rapid.T, l *loose) {
			r := l.requests[0]
			r.number = l.last + 1
			r.edited(func(q *approvals.Request) { q.ID = approvals.NewID(r.number) })
			l.requests, l.last = append(l.requests, r), r.number
		},
		"a request cannot be read": func(rt *rapid.T, l *loose) { l.anyRequest(rt).doc = []byte("{") },
		"a request's version":      change(func(q *approvals.Request) { q.Version++ }),
		"a request's state": change(func(q *approvals.Request) {
			q.State = map[bool]approvals.State{true: approvals.Active, false: approvals.Inviting}[q.State == approvals.Inviting]
		}),
		"a request's guest": change(func(q *approvals.Request) { q.Guest.Email = "eve@evil.example" }),
		"a request's guest, nearly": func(_ *rapid.T, l *loose) {
			l.requests[0].edited(func(q *approvals.Request) { q.Guest.Email = q.Guest.Email[:len(q.Guest.Email)-1] })
		},
		"a request's guest is taken out": func(_ *rapid.T, l *loose) {
			l.requests[0].edited(func(q *approvals.Request) { q.Guest = approvals.Guest{} })
		},
		"a request's access": change(func(q *approvals.Request) { q.Access.ID = "condor" }),
		"what a request opens": change(func(q *approvals.Request) {
			q.Access.Grants = append(slices.Clone(q.Access.Grants), approvals.Grant{Group: "admins"})
		}),
		"who decides about a request": change(func(q *approvals.Request) {
			q.Access.Stages = []approvals.Stage{{Name: "Sponsor", Channel: "C1", Approvers: []string{"U0EVE"}, Quorum: 1, Deadline: time.Hour}}
		}),
	}
}

// wordy is an entry with words.
func (l *loose) wordy(rt *rapid.T) *looseEntry {
	var with []*looseEntry
	for i := range l.trail {
		if e, err := store.OpenRecord(l.trail[i].record); err == nil && e.Words != "" {
			with = append(with, &l.trail[i])
		}
	}
	return rapid.SampledFrom(with).Draw(rt, "wordy")
}

// seal is the head as it was after an entry.
func (l *loose) seal(n uint64) string {
	if n == 0 {
		return store.Head{}.String()
	}
	var r struct{ MAC string }
	_ = json.Unmarshal(l.byPlace()[n-1].record, &r)
	return store.Head{N: n}.String()[:len(store.Head{N: n}.String())-64] + r.MAC
}

func (l *loose) equal(m *loose) bool {
	return l.last == m.last && l.head == m.head && maps.Equal(l.delegations, m.delegations) &&
		slices.EqualFunc(l.requests, m.requests, func(a, b looseRequest) bool { return a.number == b.number && bytes.Equal(a.doc, b.doc) }) &&
		slices.EqualFunc(l.trail, m.trail, func(a, b looseEntry) bool {
			return a.number == b.number && a.n == b.n && bytes.Equal(a.record, b.record)
		})
}

// TestTheAuditTrailCannotBeChangedUnnoticed is promise 9.
func TestTheAuditTrailCannotBeChangedUnnoticed(t *testing.T) {
	keys := keysOf(t, secret)
	s, err := store.Open(filepath.Join(t.TempDir(), "requests.db"), store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	populate(t, s)
	whole := takeLoose(t, s)
	check := func(t testing.TB, l *loose, opts store.VerifyOptions) store.Report {
		report, err := store.Verify(t.Context(), l, keys, opts)
		must(t, err)
		return report
	}
	if report := check(t, whole, store.VerifyOptions{Noted: whole.head}); !report.Good() {
		t.Fatalf("nobody tampered, and found is %v", report.Findings)
	}
	for name, tamper := range tamperings(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				l := whole.clone()
				tamper(rt, l)
				if _ = l.Trail(func(uint64, uint64, []byte) error { return nil }); l.equal(whole) {
					rt.Skip("nothing changed")
				}
				if report := check(t, l, store.VerifyOptions{}); report.Good() {
					rt.Fatal("nothing was found")
				}
			})
		})
	}
	t.Run("all is as it was before an entry, and the head was noted", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			from := rapid.Uint64Range(2, whole.head.N).Draw(rt, "from")
			l := whole.clone()
			l.cut(from, whole.seal(from-1))
			if report := check(t, l, store.VerifyOptions{Noted: whole.head}); report.Good() {
				rt.Fatal("nothing was found")
			}
		})
	})
	t.Run("all is sealed anew with the right key, and the head was noted", func(t *testing.T) {
		l := whole.clone()
		l.reseal(keys)
		noted, err := store.ParseHead(whole.seal(whole.head.N / 2))
		must(t, err)
		report := check(t, l, store.VerifyOptions{Noted: noted})
		if !slices.ContainsFunc(report.Findings, func(f store.Finding) bool { return f.N == noted.N && strings.Contains(f.Text, "noted") }) {
			t.Errorf("found %v; want the noted entry", report.Findings)
		}
	})
}

func TestAFindingSaysWhereAndWhat(t *testing.T) {
	keys := keysOf(t, secret+"\n"+secret+"2")
	path := filepath.Join(t.TempDir(), "requests.db")
	plain := openBolt(t, path)
	create(t, plain, guestNo(1))
	must(t, plain.Close())
	s, err := store.Open(path, store.Options{Keys: keys})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	for n := 2; n <= 5; n++ {
		create(t, s, guestNo(n))
	}
	whole := takeLoose(t, s)
	tests := []struct {
		name   string
		tamper func(l *loose)
		keys   store.Keys
		opts   store.VerifyOptions
		want   []string
		more   uint64
	}{
		{"nothing, and the trail was begun without a key", func(*loose) {}, keys, store.VerifyOptions{PlainBefore: 2}, nil, 0},
		{"a trail that was begun without a key", func(*loose) {}, keys, store.VerifyOptions{}, []string{"entry 1, INV-1: it is sealed without a key"}, 0},
		{"a key that is not there", func(*loose) {}, keysOf(t, secret+"2"), store.VerifyOptions{PlainBefore: 2, Limit: 1}, []string{
			"entry 2, INV-2: it is sealed with the key " + idOf(secret) + ", which is not among yours",
		}, 3},
		{"an entry that is missing", func(l *loose) { l.trail = slices.Delete(l.trail, 2, 3) }, keys, store.VerifyOptions{PlainBefore: 2}, []string{
			"INV-3: the request is there and its entries are missing", "entry 3: the entry is missing",
		}, 0},
		{"requests that are missing", func(l *loose) { l.requests = slices.Delete(l.requests, 1, 3) }, keys, store.VerifyOptions{PlainBefore: 2}, []string{
			"INV-2: the requests from here to INV-3 are missing",
			"INV-2: its entries are there and the request is missing", "INV-3: its entries are there and the request is missing",
		}, 0},
		{"the last request is missing", func(l *loose) { l.requests = l.requests[:4] }, keys, store.VerifyOptions{PlainBefore: 2}, []string{
			"INV-5: the request is missing", "INV-5: its entries are there and the request is missing",
		}, 0},
		{"an end that is cut off", func(l *loose) { l.trail = l.trail[:3] }, keys, store.VerifyOptions{PlainBefore: 2, Noted: whole.head}, []string{
			"INV-4: the request is there and its entries are missing", "INV-5: the request is there and its entries are missing",
			"entry 4: the entries from here to 5 are missing", "entry 5: the entry whose seal you noted is missing: the trail was cut off or replaced",
		}, 0},
		{"a state", func(l *loose) { l.requests[3].edited(func(q *approvals.Request) { q.State = approvals.Active }) }, keys, store.VerifyOptions{PlainBefore: 2}, []string{
			"INV-4: it is kept as version 1, active, and its trail ends with version 1, pending",
		}, 0},
		{"a guest", func(l *loose) {
			l.requests[3].edited(func(q *approvals.Request) { q.Guest.Email = "eve@evil.example" })
		}, keys, store.VerifyOptions{PlainBefore: 2}, []string{
			"entry 4, INV-4: the guest is not who was asked in when the request was made",
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := whole.clone()
			tt.tamper(l)
			report, err := store.Verify(t.Context(), l, tt.keys, tt.opts)
			must(t, err)
			var got []string
			for _, f := range report.Findings {
				got = append(got, f.String())
			}
			equal(t, "found", got, tt.want)
			if report.More != tt.more || report.Plain != 1 {
				t.Errorf("%d more, %d without a key; want %d and 1", report.More, report.Plain, tt.more)
			}
		})
	}
}

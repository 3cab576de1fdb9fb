package store_test

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"partnerbot/approvals"
	"partnerbot/store"
)

// rowName names a row of work in the model.
type rowName struct {
	id   approvals.RequestID
	kind approvals.Work
}

// model is a store as plainly as it can be said: maps, and no index at all.
type model struct {
	requests  map[approvals.RequestID]approvals.Request
	trail     map[approvals.RequestID][]approvals.Entry
	rows      map[rowName]approvals.Owed
	inHand    map[rowName]bool
	entries   uint64 // in the whole trail
	incidents map[string]approvals.Incident
	given     map[string]approvals.Delegation
}

// keep is what a change does; settled is the work in hand that it ends, if any.
func (m *model) keep(c approvals.Change, settled *approvals.Owed) {
	id := c.Request.ID
	m.requests[id] = c.Request
	for _, e := range c.Entries {
		m.entries++
		e.N = m.entries
		m.trail[id] = append(m.trail[id], e)
	}
	asked := map[approvals.Work]time.Time{}
	for _, o := range c.Owed {
		asked[o.Kind] = o.Due
		if o.Due.IsZero() {
			asked[o.Kind] = c.Request.Changed
		}
	}
	if settled != nil {
		name := rowName{id, settled.Kind}
		was, there := m.rows[name]
		due, again := asked[settled.Kind]
		meanwhile := there && was.Version != settled.Version
		switch {
		case again && meanwhile && was.Due.Before(due):
			asked[settled.Kind] = was.Due
		case !again && !meanwhile:
			delete(m.rows, name)
		}
		delete(m.inHand, name)
	}
	for kind, due := range asked {
		m.rows[rowName{id, kind}] = approvals.Owed{Kind: kind, Request: id, Version: c.Request.Version, Due: due}
	}
}

func (m *model) postpone(work approvals.Owed, due time.Time) {
	name := rowName{work.Request, work.Kind}
	if was, ok := m.rows[name]; ok && was.Version == work.Version {
		was.Due, was.Attempts = due, work.Attempts+1
		m.rows[name] = was
	}
	delete(m.inHand, name)
}

// erase is what keep does, and no words are left in the trail of the request.
func (m *model) erase(c approvals.Change) {
	m.keep(c, nil)
	for i := range m.trail[c.Request.ID] {
		if e := &m.trail[c.Request.ID][i]; e.Words != "" {
			e.Words, e.Erased = "", true
		}
	}
}

// of are the requests for a guest, live ones or all, other than one, newest first.
func (m *model) of(email string, live bool, but approvals.RequestID) (found []approvals.Request) {
	for _, r := range m.requests {
		mine := slices.ContainsFunc(r.Addresses(), func(a string) bool { return strings.EqualFold(a, email) })
		if mine && (r.Live() || !live) && r.ID != but {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b approvals.Request) int { return cmp.Compare(b.ID.Number(), a.ID.Number()) })
	return found
}

// beside are the live requests for any guest of one, newest first.
func (m *model) beside(r approvals.Request) (found []approvals.Request) {
	for _, email := range r.Addresses() {
		found = append(found, m.of(email, true, r.ID)...)
	}
	slices.SortFunc(found, func(a, b approvals.Request) int { return cmp.Compare(b.ID.Number(), a.ID.Number()) })
	return slices.CompactFunc(found, func(a, b approvals.Request) bool { return a.ID == b.ID })
}

// take hands out what is due in a lane; the order among rows due at the same time is free.
func (m *model) take(now time.Time, lane approvals.Lane) (rows []approvals.Owed, next time.Time) {
	for name, o := range m.rows {
		switch {
		case m.inHand[name] || name.kind.Lane() != lane:
		case !o.Due.After(now):
			rows = append(rows, o)
			m.inHand[name] = true
		case next.IsZero() || o.Due.Before(next):
			next = o.Due
		}
	}
	slices.SortFunc(rows, byDue)
	return rows, next
}

func byDue(a, b approvals.Owed) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Request.Number(), b.Request.Number()))
}

// list is the plain meaning of a query.
func (m *model) list(q approvals.Query) approvals.Page {
	var all []approvals.Request
	for _, r := range m.requests {
		if (!q.Pending || r.Waits()) && (q.Requester.User == "" || r.Requester.Same(q.Requester)) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b approvals.Request) int { return cmp.Compare(b.ID.Number(), a.ID.Number()) })
	page := approvals.Page{Total: -1}
	if q.Pending && q.Requester.User == "" {
		page.Total = len(all)
	}
	from, end := 0, 0
	if q.After > 0 {
		for end < len(all) && all[end].ID.Number() > q.After {
			end++
		}
		from = max(end-q.Limit, 0)
	} else {
		for q.Before > 0 && from < len(all) && all[from].ID.Number() >= q.Before {
			from++
		}
		end = min(from+q.Limit, len(all))
	}
	page.Requests, page.Newer, page.Older = all[from:end], from > 0, end < len(all)
	return page
}

// live is the live request with a key.
func (m *model) live(key string) *approvals.Request {
	for _, r := range m.requests {
		if r.Live() && r.LiveKey() == key {
			return &r
		}
	}
	return nil
}

func TestTheStoreIsItsModel(t *testing.T) {
	for name, kind := range stores() {
		t.Run(name, func(t *testing.T) { checkModel(t, kind) })
	}
}

// closer is a store that can be let go of, as all of them can.
type closer interface {
	approvals.Store
	Close() error
}

func checkModel(t *testing.T, kind func(t testing.TB) opener) {
	rapid.Check(t, func(rt *rapid.T) {
		open := kind(t)
		run := &modelRun{t: t, rt: rt, again: open, store: open(t).(closer), now: nine, m: model{
			requests: map[approvals.RequestID]approvals.Request{}, trail: map[approvals.RequestID][]approvals.Entry{},
			rows: map[rowName]approvals.Owed{}, inHand: map[rowName]bool{}, incidents: map[string]approvals.Incident{},
			given: map[string]approvals.Delegation{},
		}}
		defer func() { _ = run.store.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"create": run.create, "update": run.update, "take": run.take, "settle": run.settle,
			"postpone": run.postpone, "list": run.list, "reopen": run.reopen, "": run.check,
			"together": run.together, "erase": run.erase, "incident": run.incident, "look": run.look, "know": run.know, "verify": run.verify,
			"delegate": run.delegate, "several": run.several,
		})
	})
}

// modelRun plays one random story to the store and to the model.
type modelRun struct {
	t     *testing.T
	rt    *rapid.T
	again opener
	store closer
	now   time.Time
	m     model
	taken []approvals.Owed
}

func (x *modelRun) create(rt *rapid.T) {
	email := rapid.SampledFrom([]string{"a@x.example", "b@x.example", "c@y.example", "aa@x.example"}).Draw(rt, "email")
	c := pending(approvals.NewID(uint64(len(x.m.requests))+1), email)
	c.Request.Requester.User = rapid.SampledFrom([]string{"U1", "U11", "U2"}).Draw(rt, "by")
	x.open(rt, c)
}

func (x *modelRun) open(rt *rapid.T, c approvals.Change) {
	live := x.m.live(c.Request.LiveKey())
	_, err := x.store.Create(x.rt.Context(), c.Request.LiveKey(), func(id approvals.RequestID, seen *approvals.Request) (approvals.Change, error) {
		x.equal(rt, "the live request", seen, live)
		x.equal(rt, "the ID", id, c.Request.ID)
		if seen != nil {
			return approvals.Change{}, errTest
		}
		return c, nil
	})
	x.outcome(rt, err, live != nil, func() { x.m.keep(c, nil) })
}

// change draws a change of a request: what is shown of it, and a version or none,
// with a state, words and owings.
func (x *modelRun) change(rt *rapid.T, id approvals.RequestID) (approvals.Change, bool) {
	r := x.m.requests[id]
	if len(r.Addresses()) == 0 {
		rt.Skip("whose guest was erased does not change")
	}
	r.Shown.Direct.TS = rapid.SampledFrom([]string{"", "1.1", "2.2"}).Draw(rt, "shown")
	c := approvals.Change{Request: r}
	if rapid.Bool().Draw(rt, "accepted") {
		r.State = rapid.SampledFrom(approvals.States()).Draw(rt, "state")
		c.Request.State = r.State
		c.Request.Version++
		x.decide(rt, &c.Request)
		c.Request.Changed = x.now
		c.Entries = []approvals.Entry{{Request: id, Version: c.Request.Version, At: x.now, Event: "edited", From: x.m.requests[id].State, To: r.State}}
		if rapid.Bool().Draw(rt, "words") {
			c.Entries[0].Words = rapid.String().Draw(rt, "typed")
		}
		for range rapid.IntRange(0, 3).Draw(rt, "owings") {
			o := approvals.Owing{Kind: rapid.SampledFrom(approvals.Works()).Draw(rt, "kind")}
			if later := rapid.IntRange(0, 5).Draw(rt, "later"); later > 0 {
				o.Due = x.now.Add(time.Duration(later) * time.Minute)
			}
			c.Owed = append(c.Owed, o)
		}
	}
	live := x.m.live(r.LiveKey())
	return c, r.Live() && live != nil && live.ID != id
}

func (x *modelRun) update(rt *rapid.T) {
	id := x.anyID(rt)
	c, twin := x.change(rt, id)
	refuse := rapid.IntRange(0, 4).Draw(rt, "refuse") == 0
	_, err := x.store.Update(x.rt.Context(), id, func(r approvals.Request) (approvals.Change, error) {
		x.equal(rt, "the request to change", r, x.m.requests[id])
		if refuse {
			return c, errTest
		}
		return c, nil
	})
	x.outcome(rt, err, refuse || twin, func() { x.m.keep(c, nil) })
}

// together changes a request in sight of the guest's other live ones.
func (x *modelRun) together(rt *rapid.T) {
	id := x.anyID(rt)
	c, twin := x.change(rt, id)
	_, err := x.store.Together(x.rt.Context(), id, func(r approvals.Request, others []approvals.Request) (approvals.Change, error) {
		x.equal(rt, "the request to change", r, x.m.requests[id])
		x.equal(rt, "the others", numbers(others), numbers(x.m.beside(r)))
		return c, nil
	})
	x.outcome(rt, err, twin, func() { x.m.keep(c, nil) })
}

// erase takes the guest out of a request that is over.
func (x *modelRun) erase(rt *rapid.T) {
	id := x.anyID(rt)
	r := x.m.requests[id]
	if r.Live() || len(r.Addresses()) == 0 {
		rt.Skip("it is live, or erased already")
	}
	r.Guest, r.Reason = approvals.Guest{}, ""
	if len(r.Guests) > 0 {
		r.Guests = make([]approvals.Guest, len(r.Guests))
	}
	r.Version++
	c := approvals.Change{Request: r, Entries: []approvals.Entry{{Request: id, Version: r.Version, At: x.now, Event: "erased", From: r.State, To: r.State, Words: "by ann"}}}
	refuse := rapid.IntRange(0, 4).Draw(rt, "refuse") == 0
	_, err := x.store.Erase(x.rt.Context(), id, func(approvals.Request) (approvals.Change, error) {
		if refuse {
			return c, errTest
		}
		return c, nil
	})
	x.outcome(rt, err, refuse, func() { x.m.erase(c) })
}

func (x *modelRun) incident(rt *rapid.T) {
	key := rapid.SampledFrom([]string{approvals.WideToken, approvals.WideChannel + "C1"}).Draw(rt, "key")
	is := approvals.Incident{Key: key, Since: x.now, Version: rapid.Uint64Range(1, 9).Draw(rt, "version")}
	verdict := rapid.SampledFrom([]string{"keep", "forget", "refuse"}).Draw(rt, "verdict")
	_, err := x.store.Incident(x.rt.Context(), key, func(was approvals.Incident) (approvals.Incident, error) {
		want, ok := x.m.incidents[key]
		if !ok {
			want.Key = key
		}
		x.equal(rt, "the incident to change", was, want)
		switch verdict {
		case "forget":
			return approvals.Incident{}, nil
		case "refuse":
			return is, errTest
		}
		return is, nil
	})
	x.outcome(rt, err, verdict == "refuse", func() {
		if x.m.incidents[key] = is; verdict == "forget" {
			delete(x.m.incidents, key)
		}
	})
}

func (x *modelRun) settle(rt *rapid.T) {
	work := x.anyTaken(rt)
	c, twin := x.change(rt, work.Request)
	if rapid.Bool().Draw(rt, "again") {
		c.Owed = append(c.Owed, approvals.Owing{Kind: work.Kind, Due: x.now.Add(time.Minute)})
	}
	_, err := x.store.Settle(x.rt.Context(), work, func(approvals.Request) (approvals.Change, error) { return c, nil })
	x.outcome(rt, err, twin, func() { x.m.keep(c, &work) })
	if err != nil {
		x.taken = append(x.taken, work)
	}
}

func (x *modelRun) postpone(rt *rapid.T) {
	work := x.anyTaken(rt)
	due := x.now.Add(time.Duration(rapid.IntRange(-1, 3).Draw(rt, "minutes")) * time.Minute)
	x.outcome(rt, x.store.Postpone(x.rt.Context(), work, due), false, func() { x.m.postpone(work, due) })
}

func (x *modelRun) take(rt *rapid.T) {
	x.now = x.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds")) * time.Second)
	lane := rapid.SampledFrom(approvals.Lanes()).Draw(rt, "lane")
	rows, next, err := x.store.Take(x.rt.Context(), x.now, lane, 1000)
	if err != nil {
		rt.Fatal(err)
	}
	wantRows, wantNext := x.m.take(x.now, lane)
	x.equal(rt, "rows taken", rows, wantRows)
	x.equal(rt, "next", next, wantNext)
	x.taken = append(x.taken, rows...)
}

func (x *modelRun) list(rt *rapid.T) {
	q := approvals.Query{
		Pending: rapid.Bool().Draw(rt, "pending"),
		Before:  rapid.Uint64Range(0, uint64(len(x.m.requests))+2).Draw(rt, "before"),
		After:   rapid.Uint64Range(0, uint64(len(x.m.requests))+2).Draw(rt, "after") * rapid.Uint64Range(0, 1).Draw(rt, "up"),
		Limit:   rapid.IntRange(1, 4).Draw(rt, "limit"),
	}
	q.Requester.User = rapid.SampledFrom([]string{"", "U1", "U11", "U2", "U"}).Draw(rt, "by")
	page, err := x.store.List(x.rt.Context(), q)
	if err != nil {
		rt.Fatal(err)
	}
	want := x.m.list(q)
	x.equal(rt, "numbers", numbers(page.Requests), numbers(want.Requests))
	page.Requests, want.Requests = nil, nil
	x.equal(rt, "page", page, want)
}

func (x *modelRun) reopen(rt *rapid.T) {
	if err := x.store.Close(); err != nil {
		rt.Fatal(err)
	}
	x.store = x.again(x.t).(closer)
	clear(x.m.inHand)
	x.taken = nil
}

// check compares every request and its trail after each step.
func (x *modelRun) check(rt *rapid.T) {
	for id, want := range x.m.requests {
		got, err := x.store.Get(x.rt.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		x.equal(rt, "request", got, want)
		trail, err := x.store.Trail(x.rt.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		x.equal(rt, "trail", trail, x.m.trail[id])
	}
}

// look compares what is found of guests, and the incidents.
func (x *modelRun) look(rt *rapid.T) {
	for _, email := range []string{"a@x.example", "B@x.example"} {
		all, err := x.store.History(x.rt.Context(), email)
		if err != nil {
			rt.Fatal(err)
		}
		x.equal(rt, "all of a guest", numbers(all), numbers(x.m.of(email, false, "")))
		live, err := x.store.Guest(x.rt.Context(), email)
		if err != nil {
			rt.Fatal(err)
		}
		x.equal(rt, "live ones of a guest", numbers(live), numbers(x.m.of(email, true, "")))
	}
	incidents, err := x.store.Incidents(x.rt.Context())
	if err != nil {
		rt.Fatal(err)
	}
	want := slices.SortedFunc(maps.Values(x.m.incidents), func(a, b approvals.Incident) int { return cmp.Compare(a.Key, b.Key) })
	x.equal(rt, "the incidents", incidents, want)
}

// verify finds nothing wrong with a store that nobody tampered with.
func (x *modelRun) verify(rt *rapid.T) {
	err := x.store.(store.Archive).Snapshot(x.rt.Context(), func(s store.Snapshot) error {
		report, err := store.Verify(x.rt.Context(), s, store.Keys{}, store.VerifyOptions{})
		if !report.Good() {
			rt.Fatalf("found %v", report.Findings)
		}
		x.equal(rt, "entries", report.Entries, x.m.entries)
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
}

func (x *modelRun) anyID(rt *rapid.T) approvals.RequestID {
	if len(x.m.requests) == 0 {
		rt.Skip("no request yet")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(x.m.requests))).Draw(rt, "id")
}

func (x *modelRun) anyTaken(rt *rapid.T) approvals.Owed {
	if len(x.taken) == 0 {
		rt.Skip("nothing in hand")
	}
	i := rapid.IntRange(0, len(x.taken)-1).Draw(rt, "work")
	work := x.taken[i]
	x.taken = slices.Delete(x.taken, i, i+1)
	return work
}

// outcome expects a refusal or has the model keep what the store kept.
func (x *modelRun) outcome(rt *rapid.T, err error, refused bool, keep func()) {
	if _, refusal := errors.AsType[*approvals.Refusal](err); err != nil && !refusal && !errors.Is(err, errTest) {
		rt.Fatal(err)
	}
	if (err != nil) != refused {
		rt.Fatalf("got %v; want a refusal: %t", err, refused)
	}
	if err == nil {
		keep()
	}
}

func (x *modelRun) equal(rt *rapid.T, what string, got, want any) {
	if diff := gocmp.Diff(want, got); diff != "" {
		rt.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

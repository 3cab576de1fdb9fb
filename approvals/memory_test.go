package approvals

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// memory is a Store without a disk. Requests are kept encoded, so nothing that
// a test holds is shared with what is kept. It wakes nobody for what is due
// later, which is the least that a Store promises.
type memory struct {
	mu        sync.Mutex
	last      uint64
	kept      map[RequestID][]byte
	trail     map[RequestID][]Entry
	rows      map[rowKey]Owed
	inHand    map[rowKey]bool
	woken     map[Lane]chan struct{}
	incidents map[string]Incident
	given     map[string]Delegation // by whose right it is
	fails     map[string]error      // by method, until taken out
}

type rowKey struct {
	id   RequestID
	kind Work
}

func (o Owed) key() rowKey { return rowKey{o.Request, o.Kind} }

func newMemory() *memory {
	return &memory{
		kept: map[RequestID][]byte{}, trail: map[RequestID][]Entry{}, rows: map[rowKey]Owed{},
		inHand: map[rowKey]bool{}, fails: map[string]error{}, incidents: map[string]Incident{}, given: map[string]Delegation{},
		woken: map[Lane]chan struct{}{LaneSlack: make(chan struct{}, 1), LaneEntra: make(chan struct{}, 1)},
	}
}

func (m *memory) get(id RequestID) (r Request, err error) {
	value, ok := m.kept[id]
	if !ok {
		return Request{}, ErrNotFound.With("id", string(id))
	}
	return r, json.Unmarshal(value, &r)
}

func (m *memory) all() []Request {
	list := make([]Request, 0, len(m.kept))
	for id := range m.kept {
		if r, err := m.get(id); err == nil {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Request) int { return cmp.Compare(b.ID.Number(), a.ID.Number()) })
	return list
}

// keep stores a change; work, if any, is struck out unless it was asked for again.
func (m *memory) keep(c Change, work *Owed) error {
	value, err := json.Marshal(c.Request)
	if err != nil {
		return err
	}
	m.kept[c.Request.ID] = value
	m.trail[c.Request.ID] = append(m.trail[c.Request.ID], c.Entries...)
	stays, wake := false, false
	if work != nil {
		stays = m.rows[work.key()].Version != work.Version
		delete(m.inHand, work.key())
		if !stays {
			delete(m.rows, work.key())
		}
	}
	for _, o := range c.Owed {
		row := Owed{Kind: o.Kind, Request: c.Request.ID, Version: c.Request.Version, Due: o.Due}
		if o.Due.IsZero() {
			row.Due = c.Request.Changed
		}
		if was := m.rows[row.key()]; stays && row.key() == work.key() && was.Due.Before(row.Due) {
			row.Due = was.Due
		}
		m.rows[row.key()] = row
		wake = wake || o.Due.IsZero()
	}
	m.wake(wake || stays)
	return nil
}

func (m *memory) wake(due bool) {
	if !due {
		return
	}
	for _, bell := range m.woken {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}

func (m *memory) Create(_ context.Context, liveKey string, open func(RequestID, *Request) (Change, error)) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var live *Request
	for _, r := range m.all() {
		if r.Live() && r.LiveKey() == liveKey {
			live = &r
		}
	}
	c, err := open(NewID(m.last+1), live)
	if err != nil {
		return Request{}, err
	}
	m.last++
	return c.Request, m.keep(c, nil)
}

func (m *memory) Update(_ context.Context, id RequestID, change func(Request) (Change, error)) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fails["update"]; err != nil {
		r, _ := m.get(id)
		_, _ = change(r)
		return Request{}, err
	}
	return m.change(id, nil, change)
}

func (m *memory) Settle(_ context.Context, work Owed, change func(Request) (Change, error)) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fails["settle"]; err != nil {
		return Request{}, err
	}
	return m.change(work.Request, &work, change)
}

func (m *memory) change(id RequestID, work *Owed, change func(Request) (Change, error)) (Request, error) {
	r, err := m.get(id)
	if err != nil {
		return Request{}, err
	}
	c, err := change(r)
	if err != nil {
		return r, err
	}
	if r.Live() || !c.Request.Live() {
		return c.Request, m.keep(c, work)
	}
	for _, other := range m.all() { // one live request for a guest and an access
		if other.Live() && other.ID != id && other.LiveKey() == c.Request.LiveKey() {
			return r, ErrAlreadyIn
		}
	}
	return c.Request, m.keep(c, work)
}

func (m *memory) Postpone(_ context.Context, work Owed, due time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.inHand, work.key())
	row := m.rows[work.key()]
	again := row.Version != work.Version
	if !again {
		row.Due, row.Attempts = due, work.Attempts+1
		m.rows[work.key()] = row
	}
	m.wake(again)
	return nil
}

func (m *memory) Take(_ context.Context, now time.Time, lane Lane, limit int) (rows []Owed, next time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fails["take"]; err != nil {
		return nil, time.Time{}, err
	}
	free := slices.DeleteFunc(slices.Collect(maps.Values(m.rows)), func(o Owed) bool { return m.inHand[o.key()] || o.Kind.Lane() != lane })
	slices.SortFunc(free, func(a, b Owed) int { return a.Due.Compare(b.Due) })
	for _, o := range free {
		if o.Due.After(now) || len(rows) == limit {
			return rows, o.Due, nil
		}
		m.inHand[o.key()] = true
		rows = append(rows, o)
	}
	return rows, time.Time{}, nil
}

func (m *memory) Woken(lane Lane) <-chan struct{} { return m.woken[lane] }

func (m *memory) Together(_ context.Context, id RequestID, change func(Request, []Request) (Change, error)) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.change(id, nil, func(r Request) (Change, error) {
		others := slices.DeleteFunc(m.all(), func(q Request) bool {
			return q.ID == id || !q.Live() || !slices.ContainsFunc(r.Addresses(), func(a string) bool { return isFor(q, a) })
		})
		return change(r, others)
	})
}

func (m *memory) Erase(_ context.Context, id RequestID, change func(Request) (Change, error)) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.change(id, nil, change)
	if err != nil {
		return r, err
	}
	for i, e := range m.trail[id] {
		if e.Words != "" {
			m.trail[id][i].Words, m.trail[id][i].Erased = "", true
		}
	}
	return r, nil
}

func (m *memory) Incident(_ context.Context, key string, change func(Incident) (Incident, error)) (Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.incidents[key]
	if !ok {
		i.Key = key
	}
	i.Tried = maps.Clone(i.Tried)
	is, err := change(i)
	switch {
	case err != nil:
		return i, err
	case is.Key == "":
		delete(m.incidents, key)
	default:
		m.incidents[key] = is
	}
	return is, nil
}

func (m *memory) Incidents(context.Context) ([]Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.incidents), func(a, b Incident) int { return cmp.Compare(a.Key, b.Key) }), nil
}

func (m *memory) Writable(context.Context) error { return m.fails["writable"] }

func (m *memory) Get(_ context.Context, id RequestID) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.get(id)
}

func (m *memory) List(_ context.Context, q Query) (Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.DeleteFunc(m.all(), func(r Request) bool {
		return q.Pending && !r.Waits() || q.Requester.User != "" && !r.Requester.Same(q.Requester)
	})
	page := Page{Total: -1}
	if q.Pending {
		page.Total = len(list)
	}
	from, to := 0, len(list)
	switch older := func(n uint64) int {
		return len(slices.DeleteFunc(slices.Clone(list), func(r Request) bool { return r.ID.Number() < n }))
	}; {
	case q.After > 0:
		to = older(q.After + 1)
		from = max(0, to-q.Limit)
	case q.Before > 0:
		from = older(q.Before)
		to = min(from+q.Limit, to)
	default:
		to = min(q.Limit, to)
	}
	page.Requests, page.Newer, page.Older = list[from:to], from > 0, to < len(list)
	return page, nil
}

func (m *memory) Guest(_ context.Context, email string) ([]Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(m.all(), func(r Request) bool { return !r.Live() || !isFor(r, email) }), nil
}

func (m *memory) History(_ context.Context, email string) ([]Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(m.all(), func(r Request) bool { return !isFor(r, email) }), nil
}

func isFor(r Request, email string) bool {
	return slices.ContainsFunc(r.Addresses(), func(a string) bool { return strings.EqualFold(a, email) })
}

func (m *memory) Trail(_ context.Context, id RequestID) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.trail[id]), nil
}

func (m *memory) Domain(_ context.Context, domain string) (count DomainCount, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.all() {
		if !slices.ContainsFunc(r.Addresses(), func(a string) bool {
			return a != "" && BaseDomain(a[strings.LastIndexByte(a, '@')+1:]) == BaseDomain(domain)
		}) {
			continue
		}
		switch r.State {
		case Pending:
			count.Pending++
		case Inviting, Invited, Active:
			count.Live++
			if r.State == Active {
				count.Active++
			}
		case Split:
		case Ending, Denied, Cancelled, TimedOut, Ended, Failed:
			count.Before++
		}
		if r.State == Denied && len(count.Last) < 3 { // the newest, by their numbers
			count.Last = append(count.Last, Decision{ID: r.ID, State: Denied, By: r.Closed.By, At: r.Closed.At})
		}
	}
	return count, nil
}

func (m *memory) Delegate(_ context.Context, d Delegation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d.To.User == "" {
		delete(m.given, d.From.User)
		return nil
	}
	m.given[d.From.User] = d
	return nil
}

func (m *memory) Delegations(context.Context) ([]Delegation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.given), func(a, b Delegation) int { return strings.Compare(a.From.User, b.From.User) }), nil
}

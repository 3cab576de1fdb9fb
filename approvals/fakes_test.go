package approvals

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// heard is one call that a fake received.
type heard struct {
	What  string // the method and what it was about
	State State  // of the request that came with it, if one did
	Stage int
	At    time.Time
}

// fault is how a fake answers a call otherwise than by doing it.
type fault struct {
	err    error
	done   bool                  // it had its effect all the same
	always bool                  // this and every later call, not only the next
	during func(context.Context) // comes first, and takes its time
}

// fake records what it heard and fails as it was told to. The keys of faults
// are a method, or a method and what it is about.
type fake struct {
	mu     sync.Mutex
	heard  []heard
	faults map[string][]fault
}

func (f *fake) fails(what string, how ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.faults == nil {
		f.faults = map[string][]fault{}
	}
	f.faults[what] = how
}

func (f *fake) hear(ctx context.Context, h heard, effect func() error) error {
	f.mu.Lock()
	h.At = time.Now()
	f.heard = append(f.heard, h)
	method, _, _ := strings.Cut(h.What, " ")
	var how fault
	for _, key := range []string{h.What, method} {
		if list := f.faults[key]; len(list) > 0 {
			how = list[0]
			if !how.always {
				f.faults[key] = list[1:]
			}
			break
		}
	}
	f.mu.Unlock()
	if how.during != nil {
		how.during(ctx)
		how.err = firstError(how.err, ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if how.err != nil && !how.done {
		return how.err
	}
	return firstError(how.err, effect())
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// calls are those that begin with a prefix, in order.
func (f *fake) calls(prefix string) []heard {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.heard), func(h heard) bool { return !strings.HasPrefix(h.What, prefix) })
}

func what(calls []heard) []string {
	var list []string
	for _, h := range calls {
		list = append(list, h.What)
	}
	return list
}

// desk is Slack.
type desk struct {
	fake
	people map[string]Person
	groups map[string][]string
	told   []Answer
}

func (d *desk) Person(ctx context.Context, id PersonID) (who Person, err error) {
	err = d.hear(ctx, heard{What: "person " + id.User}, func() error {
		var ok bool
		if who, ok = d.people[id.User]; !ok {
			return ErrUnknownPerson
		}
		return nil
	})
	return who, err
}

func (d *desk) Members(ctx context.Context, group string) (users []string, err error) {
	err = d.hear(ctx, heard{What: "members " + group}, func() error {
		users = slices.Clone(d.groups[group])
		return nil
	})
	return users, err
}

// Cards shows every stage that was reached. What cannot be shown stays as it was.
func (d *desk) Cards(ctx context.Context, r Request, _ Note) ([]Posted, error) {
	posted := slices.Clone(r.Shown.Cards)
	err := d.hear(ctx, heard{What: "cards " + string(r.ID), State: r.State, Stage: r.Stage}, func() error {
		posted = nil
		for i := range r.Stage + 1 {
			posted = append(posted, Posted{Channel: r.Access.Stages[i].Channel, TS: "1", Version: r.Version})
		}
		return nil
	})
	return posted, err
}

func (d *desk) Direct(ctx context.Context, r Request, _ Note) (posted Posted, said []Said, err error) {
	err = d.hear(ctx, heard{What: "direct " + string(r.ID), State: r.State}, func() error {
		posted, said = Posted{Channel: "D1", TS: "1", Version: r.Version}, []Said{{What: string(r.State), At: r.Changed}}
		return nil
	})
	return posted, said, err
}

// memo is the desk's people as they are remembered: nobody is asked, and what
// Slack would not say now is not remembered either.
type memo struct{ *desk }

func (m memo) never(method string) error {
	if how := m.faults[method]; len(how) > 0 {
		return how[0].err
	}
	return nil
}

func (m memo) Person(_ context.Context, id PersonID) (Person, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	who, ok := m.people[id.User]
	if err := m.never("person"); ok || err != nil {
		return who, err
	}
	return Person{}, ErrUnknownPerson
}

func (m memo) Members(_ context.Context, group string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.groups[group]), m.never("members")
}

func (d *desk) ByEmail(ctx context.Context, email string) (who Person, err error) {
	err = d.hear(ctx, heard{What: "by email " + email}, func() error {
		for _, p := range d.people {
			if strings.EqualFold(p.Email, email) && !p.Deactivated {
				who = p
				return nil
			}
		}
		return ErrUnknownPerson
	})
	return who, err
}

func (d *desk) Thread(ctx context.Context, r Request, _ Note) (said []Said, err error) {
	err = d.hear(ctx, heard{What: "thread " + string(r.ID), State: r.State, Stage: r.Stage}, func() error {
		for _, c := range r.Calls {
			said = append(said, Said{What: c.Name(), At: c.At})
		}
		return nil
	})
	return said, err
}

func (d *desk) Answer(ctx context.Context, r Request, a Answer) error {
	return d.hear(ctx, heard{What: "answer " + a.To.User, State: r.State}, func() error {
		d.told = append(d.told, a)
		return nil
	})
}

func (d *desk) Failure(ctx context.Context, r Request, _ Note) ([]Posted, error) {
	posted := slices.Clone(r.Shown.Admins)
	err := d.hear(ctx, heard{What: "failure " + string(r.ID), State: r.State}, func() error {
		posted = []Posted{{Channel: "DADA", TS: "1", Version: r.Version}}
		return nil
	})
	return posted, err
}

func (d *desk) Incident(ctx context.Context, i Incident, _ Note) ([]Posted, error) {
	posted := slices.Clone(i.Shown)
	err := d.hear(ctx, heard{What: "incident " + i.Key}, func() error {
		posted = []Posted{{Channel: "DADA", TS: "1", Version: i.Version}}
		return nil
	})
	return posted, err
}

// toldTo is what one person was told in private.
func (d *desk) toldTo(user string) []Refusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Refusal
	for _, a := range d.told {
		if a.To.User == user {
			list = append(list, a.Refusal)
		}
	}
	return list
}

// change changes what Slack knows.
func (d *desk) change(f func(*desk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

// tenant is Entra.
type tenant struct {
	fake
	world    *world
	accounts map[string]Found  // by address
	members  map[string]bool   // account and grant
	learned  fake              // what was asked before anybody was let in
	managers map[string]string // by address
	blindTo  time.Time         // Find sees nobody before
}

// hear reports every call for a guest whom no complete approval lets in.
func (e *tenant) hear(ctx context.Context, h heard, email string, effect func() error) error {
	e.world.store.mu.Lock()
	if !slices.ContainsFunc(e.world.store.all(), func(r Request) bool { return r.Guest.Email == email && letIn(r) }) {
		e.world.Errorf("Entra heard %q, and nobody let %q in", h.What, email)
	}
	e.world.store.mu.Unlock()
	return e.fake.hear(ctx, h, effect)
}

// letIn counts, apart from the machine, the yeses of each stage.
func letIn(r Request) bool {
	for i, stage := range r.Access.Stages {
		yes := map[string]bool{}
		for _, v := range r.Votes {
			if v.Stage == i && v.Verdict == Approve && !v.By.Same(r.Requester) {
				yes[v.By.User] = true
			}
		}
		if len(yes) < stage.Quorum {
			return false
		}
	}
	return !slices.ContainsFunc(r.Votes, func(v Vote) bool { return v.Verdict != Approve })
}

func (e *tenant) emailOf(account string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for email, acc := range e.accounts {
		if acc.ID == account {
			return email
		}
	}
	return ""
}

func (e *tenant) Find(ctx context.Context, email string) (acc Found, ok bool, err error) {
	err = e.hear(ctx, heard{What: "find " + email}, email, func() error {
		if !time.Now().Before(e.blindTo) {
			acc, ok = e.accounts[email]
		}
		return nil
	})
	return acc, ok, err
}

func (e *tenant) Invite(ctx context.Context, g Guest) (inv Invitation, err error) {
	err = e.hear(ctx, heard{What: "invite " + g.Email}, g.Email, func() error {
		acc, ok := e.accounts[g.Email]
		if !ok {
			acc = Found{ID: fmt.Sprintf("u%d", len(e.accounts)+1), Guest: true, Pending: true}
		}
		e.accounts[g.Email] = acc
		inv = Invitation{AccountID: acc.ID, Link: "https://redeem/" + acc.ID}
		return nil
	})
	return inv, err
}

func (e *tenant) Manager(ctx context.Context, email string) (manager string, ok bool, err error) {
	err = e.learned.hear(ctx, heard{What: "manager " + email}, func() error {
		manager, ok = e.managers[email]
		return nil
	})
	return manager, ok, err
}

func (e *tenant) Facts(ctx context.Context, email, domain string) (known TenantFacts, err error) {
	err = e.learned.hear(ctx, heard{What: "facts " + email}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		acc, ok := e.accounts[email]
		known = TenantFacts{Account: ok, Guest: acc.Guest, Pending: acc.Pending, Disabled: acc.Disabled}
		for address, acc := range e.accounts {
			if acc.Guest && domain != "" && strings.HasSuffix(address, "@"+domain) {
				known.Count.Guests++
			}
		}
		return nil
	})
	return known, err
}

func (e *tenant) Look(ctx context.Context, account string) (acc Found, err error) {
	email := e.emailOf(account)
	err = e.hear(ctx, heard{What: "look " + account}, email, func() error {
		acc = e.accounts[email]
		return nil
	})
	return acc, err
}

func (e *tenant) Grant(ctx context.Context, account string, g Grant) error {
	return e.right(ctx, "grant", account, g, func(key string) { e.members[key] = true })
}

func (e *tenant) TakeBack(ctx context.Context, account string, g Grant) error {
	return e.right(ctx, "takeback", account, g, func(key string) { delete(e.members, key) })
}

func (e *tenant) right(ctx context.Context, method, account string, g Grant, effect func(string)) error {
	key := account + " " + g.Key()
	return e.hear(ctx, heard{What: method + " " + key}, e.emailOf(account), func() error {
		effect(key)
		return nil
	})
}

// redeem is jane following her invitation.
func (e *tenant) redeem() {
	e.mu.Lock()
	defer e.mu.Unlock()
	acc := e.accounts[jane]
	acc.Pending, acc.Joined = false, time.Now()
	e.accounts[jane] = acc
}

// rights are who is in which group.
func (e *tenant) rights() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.members))
}

// restart is the end of the process and its next start: nothing is in hand.
func (m *memory) restart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.inHand)
}

func (m *memory) fail(method string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails[method] = err
}

// bringForward makes a row due at another time than it was asked for.
func (m *memory) bringForward(id RequestID, kind Work, due time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.rows[rowKey{id, kind}]
	row.Due = due
	m.rows[row.key()] = row
}

// restate puts a request into a state without an event.
func (m *memory) restate(id RequestID, change func(*Request)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.get(id)
	if err != nil {
		return
	}
	change(&r)
	if value, err := json.Marshal(r); err == nil {
		m.kept[id] = value
	}
}

// owed are the rows that are kept, in hand or not.
func (m *memory) owed() []Owed {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.rows))
}

// pier is an access with one stage, for a short time.
func pier(name string, length time.Duration, groups ...string) Access {
	a := Access{ID: name, Title: name, Durations: []time.Duration{length}, Stages: falcon().Stages[:1]}
	for _, g := range groups {
		a.Grants = append(a.Grants, Grant{Group: g})
	}
	return a
}

// shows is the oldest version that a card of the request shows, 0 if one is missing.
func shows(r Request) uint64 {
	if len(r.Shown.Cards) != r.Stage+1 {
		return 0
	}
	version := r.Version
	for _, c := range r.Shown.Cards {
		version = min(version, c.Version)
	}
	return version
}

// forget strikes out all work of a request.
func (m *memory) forget(id RequestID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.rows {
		if key.id == id {
			delete(m.rows, key)
		}
	}
}

package approvals

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errDead is what a process hears of the world after it was killed: nothing.
var errDead = errors.New("killed")

// fate is what becomes of one call.
type fate int

const (
	well         fate = iota
	fails             // it has no effect, and that is known
	lost              // it has no effect, and that is not known
	lostDone          // it has its effect, and that is not known
	dies              // the process is killed before it
	diesDone          // the process is killed after it had its effect
	throttled         // it is told to wait
	slow              // it takes its time
	hangs             // it takes its time and has its effect, and that is not known
	refusedHim        // Entra refuses this guest
	refusedToAll      // Entra refuses everybody
	fates             // how many there are
)

// chaos is a world in which calls have the fates that were drawn, in their
// order, and then go well. Everything in it happens one after the other, at the
// time that it says, so that a run is the same each time.
type chaos struct {
	now   time.Time
	disks []fate // of calls to the store
	slack []fate // of calls to Slack
	entra []fate // of calls to Entra
	dead  bool
	wrong []string // promises that were broken

	store    *memory
	policy   *Policy
	messages []*message
	accounts map[string]*account // by address
	rights   map[string]bool
	answers  map[string]int // private words, by person
}

type message struct {
	request RequestID
	name    string
	ts      string
	look    string
}

// lookOf is what people see of a request.
func lookOf(r Request) string {
	trouble := ""
	if r.Trouble != nil {
		trouble = r.Trouble.Code
	}
	return fmt.Sprint(r.State, " in stage ", r.Stage, " with ", len(r.Votes), " votes in edition ", r.Edition, " ", trouble, len(r.Children))
}

type account struct {
	Found

	seen time.Time // when Find sees it
}

func newChaos(disks, slack, entra []fate) *chaos {
	c := &chaos{
		now: nine, disks: disks, slack: slack, entra: entra, store: newMemory(), policy: policy(),
		accounts: map[string]*account{}, rights: map[string]bool{}, answers: map[string]int{},
	}
	month := 30 * 24 * time.Hour
	c.policy.Accesses = append(c.policy.Accesses, pier("harbor", month, "g1", "g3"), pier("pier", month, "g1"))
	c.policy.Limits.Hold = 20 * time.Second
	c.policy.Accesses[2].Durations = append(c.policy.Accesses[2].Durations, 20*24*time.Hour)
	c.policy.Accesses[2].Stages = slices.Clone(c.policy.Accesses[2].Stages)
	c.policy.Accesses[2].Stages[0].Approvers = []string{"S1", RoleManager}
	c.policy.Accesses[2].Stages[0].Reminders = []time.Duration{time.Hour}
	return c
}

func (c *chaos) clock() time.Time { return c.now }

func draw(list *[]fate) fate {
	if len(*list) == 0 {
		return well
	}
	f := (*list)[0]
	*list = (*list)[1:]
	return f
}

// call is one call that leaves the process.
func (c *chaos) call(list *[]fate, effect func() error) error {
	if c.dead {
		return errDead
	}
	switch draw(list) {
	case fails:
		return &Trouble{Kind: Later, Code: "down", Text: "we are down"}
	case lost:
		return &Trouble{Kind: Unsure, Text: "connection reset"}
	case lostDone:
		_ = effect()
		return &Trouble{Kind: Unsure, Text: "connection reset"}
	case dies:
		c.dead = true
		return errDead
	case diesDone:
		_ = effect()
		c.dead = true
		return errDead
	case throttled:
		return &Trouble{Kind: Later, Status: 429, After: 37 * time.Second}
	case slow:
		c.now = c.now.Add(25 * time.Second)
	case hangs:
		c.now = c.now.Add(25 * time.Second)
		_ = effect()
		return &Trouble{Kind: Unsure, Text: "timeout"}
	case refusedHim:
		return &Trouble{Kind: Refused, Code: "no", Text: "not this one"}
	case refusedToAll:
		return &Trouble{Kind: Later, Code: "off", Text: "nobody", Wide: WideToken}
	case well, fates:
	}
	return effect()
}

// disk is a call to the store. It fails only with the process, before or after.
func (c *chaos) disk(effect func() error) error {
	if c.dead {
		return errDead
	}
	switch draw(&c.disks) {
	case dies:
		c.dead = true
		return errDead
	case diesDone:
		_ = effect()
		c.dead = true
		return errDead
	case well, fails, lost, lostDone, throttled, slow, hangs, refusedHim, refusedToAll, fates:
	}
	return effect()
}

// mortal is the store as a process sees it that may be killed.
type mortal struct {
	*memory
	c *chaos
}

func (m mortal) Update(ctx context.Context, id RequestID, change func(Request) (Change, error)) (r Request, err error) {
	return r, m.c.disk(func() error { r, err = m.memory.Update(ctx, id, change); return err })
}

func (m mortal) Settle(ctx context.Context, o Owed, change func(Request) (Change, error)) (r Request, err error) {
	return r, m.c.disk(func() error { r, err = m.memory.Settle(ctx, o, change); return err })
}

func (m mortal) Together(ctx context.Context, id RequestID, change func(Request, []Request) (Change, error)) (r Request, err error) {
	return r, m.c.disk(func() error { r, err = m.memory.Together(ctx, id, change); return err })
}

func (m mortal) Postpone(ctx context.Context, o Owed, due time.Time) error {
	return m.c.disk(func() error { return m.memory.Postpone(ctx, o, due) })
}

func (m mortal) Incident(ctx context.Context, key string, change func(Incident) (Incident, error)) (i Incident, err error) {
	return i, m.c.disk(func() error { i, err = m.memory.Incident(ctx, key, change); return err })
}

// slackOf is a Desk over the messages, which keeps what Desk promises: a message
// that may be there already is looked for before it is posted.
type slackOf struct{ *chaos }

// show posts or changes one message and returns what is shown of it then.
func (s slackOf) show(ctx context.Context, r Request, name string, was Posted, note Note) (Posted, error) {
	if was.TS == "" {
		before, err := note(ctx, name)
		if err != nil {
			return was, err
		}
		if before.IsZero() || s.find(r.ID, name) == nil {
			if err := s.call(&s.slack, func() error {
				s.messages = append(s.messages, &message{request: r.ID, name: name, ts: strconv.Itoa(len(s.messages) + 1)})
				return nil
			}); err != nil {
				return was, err
			}
		}
		was.Channel, was.TS = "C", s.find(r.ID, name).ts
	}
	if was.Version == r.Version {
		return was, nil
	}
	if err := s.call(&s.slack, func() error {
		s.find(r.ID, name).look = lookOf(r)
		return nil
	}); err != nil {
		return was, err
	}
	was.Version = r.Version
	return was, nil
}

func (s slackOf) find(id RequestID, name string) *message {
	i := slices.IndexFunc(s.messages, func(m *message) bool { return m.request == id && m.name == name })
	if i < 0 {
		return nil
	}
	return s.messages[i]
}

func (s slackOf) Cards(ctx context.Context, r Request, note Note) ([]Posted, error) {
	if r.Lead != "" {
		return nil, nil
	}
	shown := make([]Posted, len(r.Access.Stages))
	copy(shown, r.Shown.Cards)
	var failed error
	for i := range r.Stage + 1 {
		var err error
		if i >= len(shown) {
			break
		}
		shown[i].Stage = i
		if shown[i], err = s.show(ctx, r, fmt.Sprintf("card %d", i), shown[i], note); err != nil {
			failed = err
		}
	}
	return shown, failed
}

func (s slackOf) Direct(ctx context.Context, r Request, note Note) (Posted, []Said, error) {
	shown, err := s.show(ctx, r, "direct", r.Shown.Direct, note)
	what := string(r.State)
	if err != nil || r.Shown.HasSaid(what) {
		return shown, nil, err
	}
	if _, err := s.show(ctx, r, "said "+what, Posted{}, note); err != nil {
		return shown, nil, err
	}
	return shown, []Said{{What: what, At: s.now}}, nil
}

func (s slackOf) Failure(ctx context.Context, r Request, note Note) ([]Posted, error) {
	var was Posted
	if len(r.Shown.Admins) > 0 {
		was = r.Shown.Admins[0]
	} else if r.State != Failed {
		return nil, nil
	}
	is, err := s.show(ctx, r, "failure ada", was, note)
	if is.TS == "" {
		return nil, err
	}
	return []Posted{is}, err
}

func (s slackOf) Incident(ctx context.Context, i Incident, note Note) ([]Posted, error) {
	return i.Shown, s.call(&s.slack, func() error { return nil })
}

func (s slackOf) Answer(_ context.Context, _ Request, a Answer) error {
	return s.call(&s.slack, func() error { s.answers[a.To.User]++; return nil })
}

func (s slackOf) Person(_ context.Context, id PersonID) (Person, error) {
	who := colleague(id.User)
	who.Email = id.User + "@northwind.example"
	return who, s.call(&s.slack, func() error { return nil })
}

func (s slackOf) ByEmail(_ context.Context, email string) (Person, error) {
	user, _, _ := strings.Cut(email, "@")
	return colleague(user), s.call(&s.slack, func() error { return nil })
}

func (s slackOf) Thread(_ context.Context, r Request, _ Note) (said []Said, err error) {
	for _, c := range r.Calls {
		said = append(said, Said{What: c.Name(), At: s.now})
	}
	return said, s.call(&s.slack, func() error { return nil })
}

func (s slackOf) Members(_ context.Context, group string) (users []string, err error) {
	return users, s.call(&s.slack, func() error {
		users = members[group]
		if group == "S0ADMINS" {
			users = []string{"ada"}
		}
		return nil
	})
}

// entraOf is a Tenant that shows a new account to nobody for a while, and keeps
// what was done that nobody may do.
type entraOf struct{ *chaos }

func (e entraOf) allowed(what, email string) {
	if !slices.ContainsFunc(e.store.all(), func(r Request) bool { return r.Guest.Email == email && letIn(r) }) {
		e.wrong = append(e.wrong, what+" for "+email+", whom nobody let in")
	}
}

func (e entraOf) Find(_ context.Context, email string) (acc Found, ok bool, err error) {
	err = e.call(&e.entra, func() error {
		if a := e.accounts[email]; a != nil && !e.now.Before(a.seen) {
			acc, ok = a.Found, true
		}
		return nil
	})
	return acc, ok && err == nil, err
}

func (e entraOf) Invite(_ context.Context, g Guest) (inv Invitation, err error) {
	err = e.call(&e.entra, func() error {
		e.allowed("invited", g.Email)
		id := fmt.Sprintf("u%d", len(e.accounts)+1)
		if a := e.accounts[g.Email]; a != nil {
			e.wrong, id = append(e.wrong, "a second invitation for "+g.Email), a.ID
		} else {
			e.accounts[g.Email] = &account{Found{ID: id, Guest: true, Pending: true}, e.now.Add(20 * time.Second)}
		}
		inv = Invitation{AccountID: id, Link: "https://redeem/" + id}
		return nil
	})
	return inv, err
}

func (e entraOf) Manager(context.Context, string) (string, bool, error) {
	return "ben@northwind.example", true, e.call(&e.entra, func() error { return nil })
}

func (e entraOf) Facts(context.Context, string, string) (TenantFacts, error) {
	return TenantFacts{}, e.call(&e.entra, func() error { return nil })
}

func (e entraOf) Look(_ context.Context, id string) (acc Found, err error) {
	err = e.call(&e.entra, func() error { acc = e.accounts[e.email(id)].Found; return nil })
	return acc, err
}

func (e entraOf) email(id string) string {
	for email, a := range e.accounts {
		if a.ID == id {
			return email
		}
	}
	return ""
}

func (e entraOf) Grant(_ context.Context, id string, g Grant) error {
	return e.call(&e.entra, func() error {
		e.allowed("gave "+g.Key(), e.email(id))
		e.rights[id+" "+g.Key()] = true
		return nil
	})
}

func (e entraOf) TakeBack(_ context.Context, id string, g Grant) error {
	return e.call(&e.entra, func() error { delete(e.rights, id+" "+g.Key()); return nil })
}

// replica is a process that does owed work until it is killed.
func (c *chaos) replica() *Worker {
	return &Worker{
		Store: mortal{c.store, c}, Desk: slackOf{c}, Tenant: entraOf{c}, Policy: c.policy.Always, Now: c.clock,
		Log: slog.New(slog.DiscardHandler), Rand: func() float64 { return 0 },
	}
}

// step lets a replica do one due row, the pick-th of those that are. If none is
// due, time goes on until one is, at most as far as it may; it returns false if none is by then.
func (c *chaos) step(ctx context.Context, w *Worker, pick int, until time.Time) bool {
	due := c.store.owed()
	slices.SortFunc(due, func(a, b Owed) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(string(a.Request), string(b.Request)), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	if len(due) == 0 || due[0].Due.After(until) {
		return false
	}
	if due[0].Due.After(c.now) {
		c.now = due[0].Due
	}
	n, _ := slices.BinarySearchFunc(due, c.now, func(o Owed, now time.Time) int {
		if o.Due.After(now) {
			return 1
		}
		return -1
	})
	row := due[pick%n]
	c.store.mu.Lock()
	c.store.inHand[row.key()] = true
	c.store.mu.Unlock()
	w.do(ctx, row)
	return true
}

// rightsOf are the rights that a guest has.
func (c *chaos) rightsOf(email string) []string {
	a := c.accounts[email]
	if a == nil {
		return nil
	}
	var list []string
	for right := range maps.Keys(c.rights) {
		if key, ok := strings.CutPrefix(right, a.ID+" "); ok {
			list = append(list, key)
		}
	}
	return slices.Sorted(slices.Values(list))
}

package bot

import (
	"context"
	"sync"
	"time"

	"partnerbot/approvals"
)

const (
	// glanceAge is how old facts may be for showing a list or opening a form. What
	// is decided afterwards is decided on facts read afresh.
	glanceAge = 30 * time.Second

	// spareAge is how old they may be for what a form offers and says early. What is
	// sent is judged on its own.
	spareAge = 10 * time.Minute

	// glanceLimit is how long one question to Slack may take.
	glanceLimit = 10 * time.Second

	// spareShare is the part of what Slack takes of a method from which on forms ask
	// nothing any more: one in so many.
	spareShare = 4
)

// Glance is a view of people for what is shown: many looks at the same moment
// cost Slack one question, which matters for user groups (20 questions a minute).
// All views of one Desk share what they have seen.
type Glance struct {
	people *People
	spare  *People // how forms ask, which do without an answer; nil: as everybody does
	seen   *glimpses
}

// glimpses are the latest readings of user groups.
type glimpses struct {
	mu     sync.Mutex
	groups map[string]*sighting
}

// sighting is one reading of a user group, under way until done is closed.
type sighting struct {
	done  chan struct{}
	users []string
	err   error
	at    time.Time // of its beginning
}

var _ approvals.People = (*Glance)(nil)

// Glance returns the view.
func (p *People) Glance() *Glance {
	return &Glance{people: p, seen: &glimpses{groups: map[string]*sighting{}}}
}

// of returns a view of what this one has seen that asks Slack through other people.
func (g *Glance) of(people, spare *People) *Glance {
	return &Glance{people: people, spare: spare, seen: g.seen}
}

// Person describes somebody by a recent reading.
func (g *Glance) Person(ctx context.Context, id approvals.PersonID) (approvals.Person, error) {
	ctx, cancel := withinLooks(ctx)
	defer cancel()
	return g.people.Recent(ctx, id, glanceAge)
}

// ByEmail describes the person of an e-mail address.
func (g *Glance) ByEmail(ctx context.Context, email string) (approvals.Person, error) {
	ctx, cancel := withinLooks(ctx)
	defer cancel()
	return g.people.ByEmail(ctx, email)
}

// Members are the people who were in a user group a moment ago. Whoever comes
// while Slack is asked waits for that answer, but never longer than ctx lives.
func (g *Glance) Members(ctx context.Context, group string) ([]string, error) {
	ctx, cancel := withinLooks(ctx)
	defer cancel()
	people, age := g.people, glanceAge
	if spared(ctx) {
		age = spareAge
		if g.spare != nil {
			people = g.spare
		}
	}
	for again := false; ; again = true {
		l, mine := g.look(group, age)
		if mine { // for everybody who waits, so it does not end with whoever came first
			go g.read(context.WithoutCancel(ctx), people, group, l)
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if l.err == nil || mine || again { // somebody else's look may fail where this one does not
			return l.users, l.err
		}
	}
}

func (g *Glance) read(ctx context.Context, people *People, group string, l *sighting) {
	ctx, cancel := context.WithTimeout(ctx, glanceLimit)
	defer cancel()
	l.users, l.err = people.Members(ctx, group)
	g.finish(group, l)
}

// look is the reading that serves now; mine says that the caller is to make it.
func (g *Glance) look(group string, age time.Duration) (l *sighting, mine bool) {
	g.seen.mu.Lock()
	defer g.seen.mu.Unlock()
	now := g.people.Now()
	if l := g.seen.groups[group]; l != nil && now.Sub(l.at) <= age && !now.Before(l.at) {
		return l, false
	}
	l = &sighting{done: make(chan struct{}), at: now}
	g.seen.groups[group] = l
	return l, true
}

// finish lets the others have the reading. One that failed serves nobody after them.
func (g *Glance) finish(group string, l *sighting) {
	g.seen.mu.Lock()
	defer g.seen.mu.Unlock()
	if l.err != nil && g.seen.groups[group] == l {
		delete(g.seen.groups, group)
	}
	close(l.done)
}

// spareCall makes a call that nobody needs, while few were made: what is left of
// the minute is for what is decided.
func (t *tiers) spareCall(method string, call func() error) error {
	if left := t.spareLeft(method); left > 0 {
		return &approvals.Trouble{
			Kind: approvals.Later, Code: approvals.CodePace, After: left, Doing: "leaving " + method + " to what is decided",
		}
	}
	err := call()
	t.heard(method, err)
	return err
}

// spareLeft is how long a method is left to others. Zero means that the call is
// made now; it counts.
func (t *tiers) spareLeft(method string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, now := t.of(method)
	left := m.until.Sub(now)
	if n := perMinute(method) / spareShare; len(m.at) >= n && !t.unpaced {
		left = max(left, m.at[len(m.at)-n].Add(tierWindow).Sub(now))
	}
	if left <= 0 {
		m.at = append(m.at, now)
	}
	return max(left, 0)
}

// The manners of looking that a context carries.
type (
	spareKey struct{}
	looksKey struct{}
)

// sparing is a context in which a Glance asks Slack only for what few have asked:
// what it is for can be shown without an answer.
func sparing(ctx context.Context) context.Context { return context.WithValue(ctx, spareKey{}, true) }

func spared(ctx context.Context) bool { return ctx.Value(spareKey{}) != nil }

// limitLooks is a context in which all looks together take no longer than limit, so
// that there is time left for what is to be kept.
func limitLooks(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	looks, cancel := context.WithTimeout(ctx, limit)
	return context.WithValue(ctx, looksKey{}, looks), cancel
}

func withinLooks(ctx context.Context) (context.Context, context.CancelFunc) {
	if looks, ok := ctx.Value(looksKey{}).(context.Context); ok {
		if until, ok := looks.Deadline(); ok {
			return context.WithDeadline(ctx, until)
		}
	}
	return ctx, func() {}
}

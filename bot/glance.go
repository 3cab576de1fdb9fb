package bot

import (
	"context"
	"sync"
	"time"

	"partnerbot/approvals"
)

// glanceAge is how old facts may be for showing a list or opening a form. What
// is decided afterwards is decided on facts read afresh.
const glanceAge = 30 * time.Second

// glanceLimit is how long one question to Slack may take.
const glanceLimit = 10 * time.Second

// Glance is a view of people for what is shown: many looks at the same moment
// cost Slack one question, which matters for user groups (20 questions a minute).
type Glance struct {
	people *People

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
func (p *People) Glance() *Glance { return &Glance{people: p, groups: map[string]*sighting{}} }

// Person describes somebody by a recent reading.
func (g *Glance) Person(ctx context.Context, id approvals.PersonID) (approvals.Person, error) {
	return g.people.Recent(ctx, id, glanceAge)
}

// ByEmail describes the person of an e-mail address.
func (g *Glance) ByEmail(ctx context.Context, email string) (approvals.Person, error) {
	return g.people.ByEmail(ctx, email)
}

// Members are the people who were in a user group a moment ago. Whoever comes
// while Slack is asked waits for that answer, but never longer than ctx lives.
func (g *Glance) Members(ctx context.Context, group string) ([]string, error) {
	l, mine := g.look(group)
	if mine { // for everybody who waits, so it does not end with whoever came first
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), glanceLimit)
			defer cancel()
			l.users, l.err = g.people.Members(ctx, group)
			g.finish(group, l)
		}()
	}
	select {
	case <-l.done:
		return l.users, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// look is the reading that serves now; mine says that the caller is to make it.
func (g *Glance) look(group string) (l *sighting, mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.people.Now()
	if l := g.groups[group]; l != nil && now.Sub(l.at) <= glanceAge && !now.Before(l.at) {
		return l, false
	}
	l = &sighting{done: make(chan struct{}), at: now}
	g.groups[group] = l
	return l, true
}

// finish lets the others have the reading. One that failed serves nobody after them.
func (g *Glance) finish(group string, l *sighting) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.err != nil && g.groups[group] == l {
		delete(g.groups, group)
	}
	close(l.done)
}

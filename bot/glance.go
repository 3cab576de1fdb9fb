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

// Glance is a view of people for what is shown: many looks at the same moment
// cost Slack one question, which matters for user groups (20 questions a minute).
type Glance struct {
	people *People

	mu     sync.Mutex // held while Slack is asked, so that others wait for the answer
	groups map[string]membership
}

type membership struct {
	users []string
	at    time.Time
}

var _ approvals.People = (*Glance)(nil)

// Glance returns the view.
func (p *People) Glance() *Glance { return &Glance{people: p, groups: map[string]membership{}} }

// Person describes somebody by a recent reading.
func (g *Glance) Person(ctx context.Context, id approvals.PersonID) (approvals.Person, error) {
	return g.people.Recent(ctx, id, glanceAge)
}

// Members are the people who were in a user group a moment ago.
func (g *Glance) Members(ctx context.Context, group string) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.people.Now()
	if m, ok := g.groups[group]; ok && now.Sub(m.at) <= glanceAge && !now.Before(m.at) {
		return m.users, nil
	}
	users, err := g.people.Members(ctx, group)
	if err != nil {
		return nil, err
	}
	g.groups[group] = membership{users: users, at: now}
	return users, nil
}

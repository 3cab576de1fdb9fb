package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"partnerbot/approvals"
)

// deputiesAge is how old the delegations may be by which cards are placed. Whether
// somebody may decide is looked at afresh when they do.
const deputiesAge = time.Minute

// deputies knows who decides for whom. The zero value knows of nobody.
type deputies struct {
	read func(ctx context.Context) ([]approvals.Delegation, error)

	mu  sync.Mutex
	all []approvals.Delegation
	at  time.Time
}

// join puts behind each user whoever decides for them now.
func (p *deputies) join(ctx context.Context, users []string, now time.Time) ([]string, error) {
	all, err := p.recent(ctx, now)
	if err != nil {
		return users, err
	}
	var out []string
	add := func(user string) {
		if !slices.Contains(out, user) {
			out = append(out, user)
		}
	}
	for _, user := range users {
		add(user)
		for _, d := range all {
			if d.From.User == user && d.To.User != "" && d.Holds(d.To, now) {
				add(d.To.User)
			}
		}
	}
	return out, nil
}

func (p *deputies) recent(ctx context.Context, now time.Time) ([]approvals.Delegation, error) {
	if p.read == nil {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.at.IsZero() && now.Sub(p.at) <= deputiesAge && !now.Before(p.at) {
		return p.all, nil
	}
	all, err := p.read(ctx)
	if err == nil {
		p.all, p.at = all, now
	}
	return all, err
}

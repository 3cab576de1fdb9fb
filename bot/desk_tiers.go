package bot

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// tierWindow is Slack's minute, and a second for how long calls are under way.
const tierWindow = time.Minute + time.Second

// perMinute is how often Slack takes a method in a minute, at least.
func perMinute(method string) int {
	switch method {
	case "usergroups.users.list":
		return 20
	case "chat.update", "conversations.history", "conversations.replies", "conversations.open",
		"users.lookupByEmail":
		return 50
	case "auth.test", "chat.getPermalink":
		return 200
	}
	return 100
}

// caller makes one call of a method.
type caller func(method string, call func() error) error

// tiers keep what the worker asks within what Slack takes of each method, and
// leave a method alone for as long as Slack said.
type tiers struct {
	now     func() time.Time
	unpaced bool // only what Slack says counts

	mu      sync.Mutex
	methods map[string]*calls
}

// calls are those of one method within the last minute.
type calls struct {
	at    []time.Time
	until time.Time // Slack wants to be left alone
}

// newTiers wants a clock that never goes back.
func newTiers(now func() time.Time, unpaced bool) *tiers {
	return &tiers{now: now, unpaced: unpaced, methods: map[string]*calls{}}
}

// ask makes a call that can wait. If it must, Slack is asked nothing, and the
// error says exactly for how long.
func (t *tiers) ask(method string, call func() error) error {
	if left := t.left(method); left > 0 {
		return &approvals.Trouble{
			Kind: approvals.Later, Code: approvals.CodePace, After: left, Doing: "waiting until Slack takes " + method + " again",
		}
	}
	err := call()
	t.heard(method, err)
	return err
}

// press makes a call that somebody waits for. It counts, and never waits.
func (t *tiers) press(method string, call func() error) error {
	t.mu.Lock()
	m, now := t.of(method)
	m.at = append(m.at, now)
	t.mu.Unlock()
	err := call()
	t.heard(method, err)
	return err
}

// left is how long a method must be left alone. Zero means that the call is
// made now; it counts.
func (t *tiers) left(method string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, now := t.of(method)
	left := m.until.Sub(now)
	if n := perMinute(method); len(m.at) >= n && !t.unpaced {
		left = max(left, m.at[len(m.at)-n].Add(tierWindow).Sub(now))
	}
	if left > 0 {
		return left
	}
	m.at = append(m.at, now)
	return 0
}

// heard leaves the method alone if Slack wants that.
func (t *tiers) heard(method string, err error) {
	limited, ok := errors.AsType[*slack.RateLimitedError](err)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m, now := t.of(method)
	m.until = later(m.until, now.Add(limited.RetryAfter))
}

// of is what is known of a method now.
func (t *tiers) of(method string) (*calls, time.Time) {
	m, now := t.methods[method], t.now()
	if m == nil {
		m = &calls{}
		t.methods[method] = m
	}
	m.at = slices.DeleteFunc(m.at, func(at time.Time) bool { return now.Sub(at) >= tierWindow })
	return m, now
}

// steady makes a clock that stands still, where the one it reads steps back,
// and goes on from there.
func steady(now func() time.Time) func() time.Time {
	var mu sync.Mutex
	var last time.Time
	var behind time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at := now().Add(behind)
		if at.Before(last) {
			behind += last.Sub(at)
			at = last
		}
		last = at
		return at
	}
}

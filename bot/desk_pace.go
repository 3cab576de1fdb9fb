package bot

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Slack takes about one message a second in a channel, and a few at once after
// a rest.
const (
	postBurst  = 3
	postEvery  = time.Second
	turnKept   = 10 * time.Minute // for somebody who does not come when it is their turn
	turnsSwept = time.Minute
	maxTurns   = 1 << 14 // that wait in one channel
)

// turn is one message that is to be posted: where, about which request or
// incident, and what of it.
type turn struct{ channel, about, what string }

// paces gives every message its own second in its channel, so that each comes
// back once and finds its place free, however many wait.
type paces struct {
	now func() time.Time

	mu    sync.Mutex
	lanes map[string]*lane
	swept time.Time
}

// lane is the queue of one channel. Its times are of a clock of its own, which
// stands still while Slack wants to be left alone: shift is how far it is behind.
type lane struct {
	shift   time.Duration
	planned time.Time // when the turns given out so far are over
	used    time.Time // the same of those that were taken
	turns   map[turn]time.Time
}

// newPaces wants a clock that never goes back.
func newPaces(now func() time.Time) *paces {
	return &paces{now: now, lanes: map[string]*lane{}, swept: now()}
}

// wait says how long a message must wait for its turn. Zero means that its turn
// is now; it is taken, until done or limited is called.
func (p *paces) wait(t turn) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep()
	l := p.lanes[t.channel]
	if l == nil {
		l = &lane{turns: map[turn]time.Time{}}
		p.lanes[t.channel] = l
	}
	now := p.now().Add(-l.shift)
	at, given := l.turns[t]
	if late := given && !at.After(now) && free(l.used, now).After(now); late || !given {
		end := later(l.planned, l.used)
		at = free(end, now)
		if len(l.turns) >= maxTurns {
			return max(at.Sub(now), postEvery)
		}
		l.turns[t], l.planned = at, later(end, now).Add(postEvery)
	}
	if at.After(now) {
		return at.Sub(now)
	}
	l.used = later(l.used, now).Add(postEvery)
	return 0
}

// done gives a turn back that was taken.
func (p *paces) done(t turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.lanes[t.channel]; l != nil {
		delete(l.turns, t)
	}
}

// limited says that Slack wants to be left alone in a channel. The turn that was
// taken, and all after it, move that much.
func (p *paces) limited(t turn, after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[t.channel]
	if l == nil {
		return
	}
	if at, given := l.turns[t]; given {
		l.used = l.used.Add(-postEvery)
		l.shift = max(l.shift, p.now().Add(after).Sub(at))
		l.planned = later(l.planned, at.Add(postBurst*postEvery))
	}
}

// sweep forgets who did not come, and channels that nobody waits for.
func (p *paces) sweep() {
	now := p.now()
	if age := now.Sub(p.swept); age >= 0 && age < turnsSwept {
		return
	}
	p.swept = now
	for channel, l := range p.lanes {
		now := now.Add(-l.shift)
		for t, at := range l.turns {
			if now.Sub(at) > turnKept {
				delete(l.turns, t)
			}
		}
		if len(l.turns) == 0 && !l.planned.After(now) && !l.used.After(now) {
			delete(p.lanes, channel)
		}
	}
}

// free is when the next place is free after so much was given out.
func free(until, now time.Time) time.Time {
	return later(now, until.Add(-(postBurst-1)*postEvery))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// post posts a message when its turn has come. Before that nothing is asked of
// Slack, and the error says how long to wait. One that was about to be posted
// before and may be there is looked for first: found says that it is, and what
// it shows is not known. gone is a message that is not to be found.
func (d *Desk) post(ctx context.Context, p parcel, gone string) (is approvals.Posted, found bool, err error) {
	if wait := d.paces.wait(p.to); wait > 0 {
		return is, false, &approvals.Trouble{
			Kind: approvals.Later, Code: approvals.CodePace, After: wait, Doing: "waiting for its turn in " + p.to.channel,
		}
	}
	m, err := p.draw(ctx, true)
	if err == nil {
		is, found, err = d.noted(ctx, p, gone)
	}
	if err != nil || found {
		d.paces.done(p.to)
		return is, found, err
	}
	is, err = d.send(ctx, p, m)
	return is, false, err
}

// noted writes down that the message is about to be posted, and looks for it if
// that was written down before.
func (d *Desk) noted(ctx context.Context, p parcel, gone string) (is approvals.Posted, found bool, err error) {
	before, err := p.note(ctx, p.to.what)
	if err != nil {
		return is, false, fmt.Errorf("noting that a message is about to be posted: %w", err)
	}
	if before.IsZero() {
		return is, false, nil
	}
	return d.find(ctx, p, before, gone)
}

func (d *Desk) send(ctx context.Context, p parcel, m Message) (approvals.Posted, error) {
	options := p.options(m)
	if p.thread != "" {
		options = append(options, slack.MsgOptionTS(p.thread))
	}
	channel, ts, err := d.api.PostMessageContext(ctx, p.to.channel, options...)
	if err == nil {
		d.paces.done(p.to)
		d.dms.remember(p.to.channel, channel)
		return approvals.Posted{Channel: channel, TS: ts}, nil
	}
	trouble := in(p.to.channel, apiTrouble(err))
	trouble.Doing = "posting a message in " + p.to.channel
	if trouble.Status == http.StatusTooManyRequests || trouble.Code == "ratelimited" {
		trouble.After = max(trouble.After, postEvery)
		d.paces.limited(p.to, trouble.After)
	} else {
		d.paces.done(p.to)
	}
	return approvals.Posted{}, trouble
}

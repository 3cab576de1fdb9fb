package entra

import (
	"sync"
	"time"
)

// A tenant takes 150 invitations in any five seconds, from all its apps together
// (Graph's throttling limits). At most inviteBurst leave at once and one more each
// inviteEvery, which makes 100 in any five seconds for each process of ours.
const (
	inviteBurst = 50
	inviteEvery = 100 * time.Millisecond
	maxPromised = 1000 // invitations that wait for their turn
)

// pace lets invitations leave one after the other. Who comes too early is told
// when to come again, each a time of their own, so that nobody comes in vain.
type pace struct {
	mu       sync.Mutex
	used     time.Time // until when all places are taken, at one for each inviteEvery
	promised time.Time // the last time that somebody was told
}

// wait takes a place, or says how long to wait for one.
func (p *pace) wait(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used.Sub(now) > inviteBurst*inviteEvery { // the clock was set back
		p.used, p.promised = now, now
	}
	start := newer(p.used, now)
	free := start.Add(-(inviteBurst - 1) * inviteEvery)
	if !free.After(now) {
		p.used = start.Add(inviteEvery)
		return 0
	}
	if p.promised.Sub(free) > maxPromised*inviteEvery { // they do not come
		p.promised = now
	}
	p.promised = newer(p.promised.Add(inviteEvery), free)
	return p.promised.Sub(now)
}

func newer(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

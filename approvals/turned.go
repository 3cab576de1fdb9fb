package approvals

import (
	"sync"
	"time"
)

// turnedFor is how long somebody who may not decide is turned away without
// asking Slack again.
const turnedFor = 30 * time.Second

// maxTurned bounds how many are remembered.
const maxTurned = 1000

// turned remembers who was just turned away from what, so that pressing on and
// on does not use up the few questions that Slack answers in a minute, and
// holds up nobody who may decide. A no may be a little old; a yes never is.
type turned struct {
	mu   sync.Mutex
	from map[turnedKey]turnedNo
}

type turnedKey struct {
	user    string
	request RequestID
	stage   int
	verdict Verdict
	since   int64 // others may decide since then
	seats   int
}

type turnedNo struct {
	refusal Refusal
	at      time.Time // of the press that was refused
}

func (p Press) turnedKey(r Request) turnedKey {
	return turnedKey{user: p.By.User, request: r.ID, stage: r.Stage, verdict: p.Verdict.right(), since: r.Escalated.Unix(), seats: len(r.Seats)}
}

// away is the refusal that somebody got a moment ago for the same.
func (t *turned) away(r Request, p Press) (Refusal, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	no, ok := t.from[p.turnedKey(r)]
	age := p.At.Sub(no.at)
	return no.refusal, ok && age >= 0 && age < turnedFor
}

// remember keeps a no for want of a right. What is wrong with the press itself
// may be right in the next one.
func (t *turned) remember(r Request, p Press, why Refusal) {
	switch why.Code {
	case ErrNotApprover.Code, ErrOnlyAdmins.Code, ErrMayNotRevoke.Code, ErrOwnRequest.Code,
		ErrBot.Code, ErrForeign.Code, ErrDeactivated.Code, ErrSlackGuest.Code:
	default:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.from == nil || len(t.from) >= maxTurned {
		t.from = map[turnedKey]turnedNo{}
	}
	t.from[p.turnedKey(r)] = turnedNo{refusal: why, at: p.At}
}

// right is one verdict for all that need the same right.
func (v Verdict) right() Verdict {
	switch v {
	case Retry, Undo, Revoke:
		return v
	case Approve, Deny, Narrow, Ask, OnIt:
	}
	return Approve
}

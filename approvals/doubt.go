package approvals

import (
	"maps"
	"sync"
	"time"
)

const (
	// unsureFor is how long an invitation whose answer was lost is looked for before
	// another one may leave. New accounts take seconds to become visible.
	unsureFor = 30 * time.Second
	// underWayFor is the same for one of another request, which may leave only now:
	// a call is given up after half a minute.
	underWayFor = unsureFor + 30*time.Second
	// clocksDiffer is how far apart the clocks of two replicas may be: two minutes
	// from Slack's each, or they are not trusted.
	clocksDiffer = 4 * time.Minute
	// doubtKept is when a note is older than any doubt by everybody's clock.
	doubtKept = 2*clocksDiffer + underWayFor
)

// doubts are when this process first saw other requests' notes of invitations that left. A
// replica with another clock may have written them, so how long ago that was is
// told by how long we have known of it.
type doubts struct {
	mu   sync.Mutex
	seen map[RequestID]doubt
}

type doubt struct{ tried, seen time.Time }

// age is for how long, at least, a noted invitation is on its way.
func (d *doubts) age(r Request, now time.Time) time.Duration {
	noted := now.Sub(r.Account.Tried) - clocksDiffer
	if noted >= underWayFor {
		return noted
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	is := d.seen[r.ID]
	if !is.tried.Equal(r.Account.Tried) {
		maps.DeleteFunc(d.seen, func(_ RequestID, x doubt) bool { return now.Sub(x.seen) > doubtKept })
		if d.seen == nil {
			d.seen = map[RequestID]doubt{}
		}
		is = doubt{tried: r.Account.Tried, seen: now}
		d.seen[r.ID] = is
	}
	return max(now.Sub(is.seen), noted)
}

package bot

import (
	"net/http"
	"sync"
	"time"
)

// How often connections may be opened: a few at once, as after a refresh, then
// one every so often. slack-go opens the next one at once when Slack closes a
// connection, however many times in a row.
const (
	openBurst = 4
	openEvery = 10 * time.Second
)

// pacer spaces things out. Its zero time is long ago.
type pacer struct {
	now func() time.Time

	mu   sync.Mutex
	next time.Time // when the bucket is full again
}

func newPacer(now func() time.Time) *pacer { return &pacer{now: now} }

// wait says how long to wait before the next one, and counts it.
func (p *pacer) wait() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(openEvery)
	return max(p.next.Sub(now)-openBurst*openEvery, 0)
}

// pacedClient is the HTTP client that opens connections.
type pacedClient struct {
	http *http.Client
	pace *pacer
}

// Do sends the request when its turn has come, unless its context ends first.
func (c pacedClient) Do(r *http.Request) (*http.Response, error) {
	turn := time.NewTimer(c.pace.wait())
	defer turn.Stop()
	select {
	case <-turn.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return c.http.Do(r) //nolint:gosec // the address is the configured API's, not a payload's
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// TestGlanceAsksOnceForMany lets many look at one group at once, and moves the
// clock: a reading serves everybody for a moment, and no longer.
func TestGlanceAsksOnceForMany(t *testing.T) {
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"ok":true,"users":["U%d"]}`, asked.Add(1))
	}))
	defer srv.Close()
	var ahead atomic.Int64
	now := func() time.Time { return time.Unix(1_700_000_000+ahead.Load(), 0) }
	g := (&People{API: slack.New("xoxb-1", slack.OptionAPIURL(srv.URL+"/"), slack.OptionHTTPClient(srv.Client())), Now: now}).Glance()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if users, err := g.Members(t.Context(), "S1"); err != nil || len(users) != 1 || users[0] != "U1" {
				t.Errorf("got %v, %v", users, err)
			}
		})
	}
	wg.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times for one moment", asked.Load())
	}
	ahead.Store(int64(glanceAge/time.Second) + 1)
	if users, err := g.Members(t.Context(), "S1"); err != nil || users[0] != "U2" {
		t.Errorf("an old reading served still: %v, %v", users, err)
	}
}

// TestGlanceWaitsNoLongerThanItsCaller: a slow answer to one look keeps nobody
// who is in a hurry.
func TestGlanceWaitsNoLongerThanItsCaller(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		_, _ = fmt.Fprint(w, `{"ok":true,"users":["U1"]}`)
	}))
	defer srv.Close()
	g := (&People{API: slack.New("xoxb-1", slack.OptionAPIURL(srv.URL+"/"), slack.OptionHTTPClient(srv.Client())), Now: time.Now}).Glance()
	first := make(chan error, 1)
	go func() {
		_, err := g.Members(t.Context(), "S1")
		first <- err
	}()
	<-asked
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Members(hurried, "S1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller without time waited: %v", err)
	}
	close(answer)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

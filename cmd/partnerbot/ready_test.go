package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
)

// sickStore is a store whose lists and writes go as a test says.
type sickStore struct {
	approvals.Reader
	list, write func(context.Context) error
}

func (s sickStore) List(ctx context.Context, _ approvals.Query) (approvals.Page, error) {
	return approvals.Page{}, s.list(ctx)
}

func (s sickStore) Writable(ctx context.Context) error { return s.write(ctx) }

// answers is a Slack that knows us, as long as somebody waits for the answer.
type answers struct{}

func (answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"ok":true,"team_id":"T0HOME","user_id":"U0BOT","bot_id":"B0BOT"}`)),
	}, r.Context().Err()
}

// TestAPartThatHangsIsTheOnlyOneBlamed asks for readiness while the store does not
// answer or cannot be read, and Slack is well.
func TestAPartThatHangsIsTheOnlyOneBlamed(t *testing.T) {
	well := func(context.Context) error { return nil }
	away := func(context.Context) error { return errors.New("a detail for the log") }
	hangs := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	const silent = "NOT YET (the database does not answer)"
	tests := []struct {
		name               string
		store              sickStore
		readable, writable string
	}{
		{"all is well", sickStore{list: well, write: well}, "ok", "ok"},
		{"the database hangs", sickStore{list: hangs, write: hangs}, silent, silent},
		{"it cannot be read, and was written a moment ago", sickStore{list: away, write: well}, "NOT YET", "NOT YET"},
		{"it hangs, and was written a moment ago", sickStore{list: hangs, write: well}, silent, silent},
		{"it cannot be written", sickStore{list: well, write: away}, "ok", "NOT YET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, began := slog.New(slog.DiscardHandler), time.Now()
				api := bot.NewClient("xoxb-1", "xapp-1", "http://slack.invalid/api/", &http.Client{Transport: answers{}})
				o := newOps(time.Now, api, tt.store, newGuard(time.Now, log), log)
				w := httptest.NewRecorder()
				o.serveReady(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
				want := "store readable: " + tt.readable + "\nstore writable: " + tt.writable +
					"\nworker running: NOT YET\nclock agrees with Slack: ok\nSlack reachable: ok\nSlack connected: NOT YET\nstart over: NOT YET\n"
				if got := w.Body.String(); got != want || w.Code != http.StatusServiceUnavailable {
					t.Errorf("status %d\n%s", w.Code, got)
				}
				if took := time.Since(began); took > probeLimit {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

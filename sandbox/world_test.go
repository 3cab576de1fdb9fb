package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// clock is a time that only tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_760_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var allScopes = []string{
	"commands", "chat:write", "users:read", "users:read.email", "usergroups:read", "im:write", "im:history", "im:read",
	"channels:read", "channels:history", "groups:read", "groups:history", "files:read",
}

// newWorld is a running world in Socket Mode, with a clock that stands still.
func newWorld(t *testing.T, change ...func(*Config)) (*World, *clock) {
	t.Helper()
	c := newClock()
	cfg := Config{
		Commands: []Command{{Command: "/invite-partner", Description: "Invite", UsageHint: "[e-mail] [reason]"}},
		Scopes:   allScopes, BotEvents: []string{"app_home_opened", "message.im"},
		Now: c.now, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&cfg)
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	return w, c
}

func unlimited(c *Config) { c.NoRateLimits = true }

func quickAck(c *Config) { c.AckTimeout = 50 * time.Millisecond }

// client is slack-go, pointed at the world.
func client(t *testing.T, w *World) *slack.Client {
	t.Helper()
	bot, app, _ := w.Credentials()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return slack.New(bot, slack.OptionAppLevelToken(app), slack.OptionAPIURL(w.SlackURL()),
		slack.OptionHTTPClient(&http.Client{Transport: transport, Timeout: 10 * time.Second}))
}

// answers says how the app under test answers each envelope: nil acks without payload, noAck stays silent.
type answers func(socketmode.Event) any

type silence struct{}

// connect runs a slack-go Socket Mode client until the test ends, and returns once Slack counts it.
func connect(t *testing.T, w *World, answer answers) *slack.Client {
	t.Helper()
	api := client(t, w)
	before := w.Connections()
	sm := socketmode.New(api)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = sm.RunContext(ctx) })
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-sm.Events:
				if e.Request == nil || e.Request.EnvelopeID == "" {
					continue
				}
				reply := answer(e)
				if _, silent := reply.(silence); silent {
					continue
				}
				if reply == nil {
					_ = sm.AckCtx(ctx, e.Request.EnvelopeID, nil)
				} else {
					_ = sm.AckCtx(ctx, e.Request.EnvelopeID, reply)
				}
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	await(t, w, "the socket to be connected", func() bool { return w.Connections() > before })
	return api
}

// await waits until something is so, looking again at each change of the world.
func await(t *testing.T, w *World, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		changed := w.Changed()
		if so() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// post sends a raw request to the Web API and returns its status and decoded body.
func post(t *testing.T, url, body string, headers ...string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if json.Unmarshal(b, &v) != nil {
		v = map[string]any{"raw": string(b)}
	}
	return resp.StatusCode, v
}

// code is the error that Slack answered with, "" if none.
func code(err error) string {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refused.Err
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestAWorldNeedsAClockAndALog(t *testing.T) {
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "Now") || !strings.Contains(err.Error(), "Log") {
		t.Errorf("got %v, want both named", err)
	}
}

func TestClosingTwiceIsFine(t *testing.T) {
	w, _ := newWorld(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOtherSitesHaveNoBusinessHere tries every side of the world from a page elsewhere, and by a name that resolves here.
func TestOtherSitesHaveNoBusinessHere(t *testing.T) {
	w := pageWorld(t)
	for _, path := range []string{"/", "/api/auth.test", "/api/apps.connections.open", "/link/?ticket=x", "/v1.0/users", "/sandbox/state"} {
		for name, change := range map[string]func(*http.Request){
			"a foreign host":   func(r *http.Request) { r.Host = "evil.example" },
			"a foreign origin": func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		} {
			if status, _, _ := pageAsk(t, w, http.MethodPost, path, "{}", change); status != http.StatusForbidden {
				t.Errorf("%s from %s is answered %d", path, name, status)
			}
		}
	}
	slackClient := func(r *http.Request) { r.Header.Set("Origin", "https://api.slack.com") }
	if status, _, _ := pageAsk(t, w, http.MethodPost, "/api/auth.test", "{}", slackClient); status != http.StatusOK {
		t.Errorf("a Slack client is answered %d", status)
	}
}

package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// endpoint is an app's HTTP address: it checks every signature with slack-go and answers as told.
type endpoint struct {
	mu     sync.Mutex
	heard  []*http.Request
	bodies []string
	answer func(n int, rw http.ResponseWriter)
}

func httpWorld(t *testing.T, answer func(n int, rw http.ResponseWriter), change ...func(*Config)) (*World, *endpoint) {
	t.Helper()
	e := &endpoint{answer: answer}
	server := httptest.NewServer(e.handler(t))
	t.Cleanup(server.Close)
	w, _ := newWorld(t, append(change, func(c *Config) {
		c.AppURL, c.Now = server.URL+"/slack/events", time.Now
	})...)
	return w, e
}

func (e *endpoint) handler(t *testing.T) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		v, err := slack.NewSecretsVerifier(r.Header, "sandbox-signing-secret")
		if err == nil {
			_, err = v.Write(b)
		}
		if err := errors.Join(err, v.Ensure()); err != nil {
			t.Errorf("signature: %v", err)
		}
		e.mu.Lock()
		e.heard, e.bodies = append(e.heard, r), append(e.bodies, string(b))
		n := len(e.heard)
		e.mu.Unlock()
		e.answer(n, rw)
	}
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.heard)
}

func TestSlacksPublishedExampleIsReproduced(t *testing.T) {
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V" +
		"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	got := Signature("8f742231b10e8888abcd99yyyzzz85a5", time.Unix(1531420618, 0), []byte(body))
	if want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestACommandComesSignedWithAllItsFields(t *testing.T) {
	w, e := httpWorld(t, func(_ int, rw http.ResponseWriter) { _, _ = rw.Write([]byte("one moment")) })
	ann := w.As("U0ANN")
	if err := ann.Slash(t.Context(), "C0HERON", "/invite-partner x"); err == nil {
		t.Error("Ann is not in that channel")
	}
	if err := w.As("U0ADA").Slash(t.Context(), "C0HERON", "/invite-partner x"); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(e.bodies[0]))
	r.Header = e.heard[0].Header
	cmd, err := slack.SlashCommandParse(r)
	if err != nil || cmd.Command != "/invite-partner" || cmd.UserID != "U0ADA" || cmd.TeamID != TeamID || cmd.Text != "x" ||
		cmd.ChannelName != "privategroup" || cmd.ResponseURL == "" || cmd.TriggerID == "" || cmd.APIAppID != AppID || cmd.IsEnterpriseInstall {
		t.Errorf("%+v, %v", cmd, err)
	}
	if sees := w.As("U0ADA").Sees("C0HERON"); len(sees) != 1 || !sees[0].Ephemeral || sees[0].Text != "one moment" {
		t.Errorf("%+v", sees)
	}
	if got := e.heard[0].UserAgent(); !strings.HasPrefix(got, "Slackbot") {
		t.Errorf("user agent %q", got)
	}
}

func TestAClickComesAsAPayload(t *testing.T) {
	w, e := httpWorld(t, func(int, http.ResponseWriter) {})
	ts := card(t, client(t, w), "C0FALCON")
	if err := w.As("U0SAM").Click(t.Context(), "C0FALCON", ts, "deny"); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(e.bodies[0]))
	r.Header = e.heard[0].Header
	p, err := slack.InteractionCallbackParse(r)
	if err != nil || p.User.ID != "U0SAM" || p.ActionCallback.BlockActions[0].ActionID != "deny" || p.Team.ID != TeamID {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAFailingAppIsToldToThePerson(t *testing.T) {
	tests := []struct {
		name   string
		answer func(int, http.ResponseWriter)
		want   error
	}{
		{"an error", func(_ int, rw http.ResponseWriter) { rw.WriteHeader(http.StatusInternalServerError) }, errHTTP},
		{"a redirect", func(_ int, rw http.ResponseWriter) {
			rw.Header().Set("Location", "/x")
			rw.WriteHeader(http.StatusFound)
		}, errHTTP},
		{"blocks that break a limit", func(_ int, rw http.ResponseWriter) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write([]byte(`{"blocks":[{"type":"section"}]}`))
		}, errAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := httpWorld(t, tt.answer)
			if err := w.As("U0ANN").Slash(t.Context(), "C0GENERAL", "/invite-partner"); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAnEventIsRetriedThreeTimesUnlessTheAppDeclines(t *testing.T) {
	quick := func(c *Config) { c.EventRetries = []time.Duration{0, 0, 0} }
	w, e := httpWorld(t, func(_ int, rw http.ResponseWriter) { rw.WriteHeader(http.StatusServiceUnavailable) }, quick)
	if err := w.As("U0ANN").OpenHome(t.Context()); !errors.Is(err, errHTTP) {
		t.Fatal(err)
	}
	await(t, w, "four deliveries", func() bool { return len(w.CallsOf("events_api")) == 4 })
	e.mu.Lock()
	last := e.heard[3].Header
	e.mu.Unlock()
	if last.Get("X-Slack-Retry-Num") != "3" || last.Get("X-Slack-Retry-Reason") != "http_error" {
		t.Errorf("%v", last)
	}

	w, e = httpWorld(t, func(_ int, rw http.ResponseWriter) {
		rw.Header().Set("X-Slack-No-Retry", "1")
		rw.WriteHeader(http.StatusServiceUnavailable)
	}, quick)
	if err := w.As("U0ANN").OpenHome(t.Context()); !errors.Is(err, errHTTP) {
		t.Fatal(err)
	}
	w.redeliver(delivery{kind: "events_api", what: "app_home_opened", payload: map[string]any{}}, errNoRetry)
	if e.count() != 1 {
		t.Errorf("%d deliveries though the app declined", e.count())
	}
}

func TestAnEventFollowsTwoRedirects(t *testing.T) {
	w, e := httpWorld(t, func(n int, rw http.ResponseWriter) {
		if n < 3 {
			rw.Header().Set("Location", "/elsewhere")
			rw.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
	if err := w.As("U0ANN").OpenHome(t.Context()); err != nil || e.count() != 3 {
		t.Errorf("%v after %d requests", err, e.count())
	}
}

func TestSignedRequestsCanBeForgedForTests(t *testing.T) {
	e := &endpoint{answer: func(int, http.ResponseWriter) {}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, err := slack.NewSecretsVerifier(r.Header, "sandbox-signing-secret"); err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		e.answer(0, rw)
	}))
	t.Cleanup(server.Close)
	w, _ := newWorld(t)
	w.SetAppURL(server.URL)
	_, _, secret := w.Credentials()
	for age, want := range map[time.Duration]int{0: http.StatusOK, time.Hour: http.StatusUnauthorized} {
		req := w.SignedRequest(t.Context(), []byte("x=y"), formType, time.Now().Add(-age), secret)
		if got, _, err := w.SendHTTP(req); err != nil || got != want {
			t.Errorf("%s old: %d, %v", age, got, err)
		}
	}
}

// answer posts to a response URL and returns the status and the error.
func respond(t *testing.T, url string, body map[string]any) (int, string) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	status, got := post(t, url, string(b), "Content-Type", "application/json")
	return status, str(got, "error")
}

func TestAResponseURLWorksFiveTimesForHalfAnHour(t *testing.T) {
	w, c := newWorld(t)
	w.mu.Lock()
	spent, old := w.responseURLLocked("C0GENERAL", "U0ANN", nil), w.responseURLLocked("C0GENERAL", "U0ANN", nil)
	w.mu.Unlock()
	if status, got := respond(t, spent, map[string]any{}); status != http.StatusBadRequest || got != "no_text" {
		t.Errorf("nothing to say: %d %s", status, got)
	}
	for range responseUses {
		if _, got := respond(t, spent, map[string]any{"text": "hi"}); got != "" {
			t.Fatal(got)
		}
	}
	if status, got := respond(t, spent, map[string]any{"text": "hi"}); got != "used_url" || status != http.StatusNotFound {
		t.Errorf("the sixth: %d %s", status, got)
	}
	if got := len(w.As("U0ANN").Sees("C0GENERAL")); got != responseUses || len(w.Messages("C0GENERAL")) != 0 {
		t.Errorf("Ann sees %d; they are for her alone", got)
	}
	c.move(responseLife)
	if _, got := respond(t, old, map[string]any{"text": "hi", "response_type": "in_channel"}); got != "" || len(w.Messages("C0GENERAL")) != 1 {
		t.Errorf("in time, for all: %s", got)
	}
	c.move(time.Second)
	if _, got := respond(t, old, map[string]any{"text": "hi"}); got != "expired_url" {
		t.Errorf("late: %s", got)
	}
}

func TestAResponseReplacesOrDeletesTheMessageClicked(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	whisper, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0SAM", slack.MsgOptionText("psst", false))
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	url := w.responseURLLocked("C0FALCON", "U0SAM", w.findMessageLocked("C0FALCON", whisper))
	w.mu.Unlock()
	if _, got := respond(t, url, map[string]any{"replace_original": true, "text": "done"}); got != "" {
		t.Fatal(got)
	}
	if sees := w.As("U0SAM").Sees("C0FALCON"); len(sees) != 1 || sees[0].Text != "done" || !sees[0].Ephemeral {
		t.Errorf("%+v", sees)
	}
	if _, got := respond(t, url, map[string]any{"delete_original": true}); got != "" || len(w.As("U0SAM").Sees("C0FALCON")) != 0 {
		t.Errorf("deleting: %s", got)
	}
}

package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pageWorld is a running world for tests of the page.
func pageWorld(t *testing.T) *World {
	t.Helper()
	return pageWorldOf(t, Config{})
}

func pageWorldOf(t *testing.T, cfg Config) *World {
	t.Helper()
	if cfg.Log = slog.New(slog.DiscardHandler); cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Commands = []Command{{Command: "/invite-partner", Description: "Ask for access", UsageHint: "[e-mail]"}}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// pageAsk sends one request to the world and returns the status and the body.
func pageAsk(t *testing.T, w *World, method, path, body string, change func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	change(r)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(content)
}

func pageHeaders(r *http.Request, host, origin, kind string) {
	r.Host = host
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	r.Header.Set("Content-Type", kind)
}

func TestPageAnswersItsOwnBrowserOnly(t *testing.T) {
	w := pageWorld(t)
	own := strings.TrimPrefix(w.URL(), "http://")
	_, port, _ := strings.Cut(own, ":")
	local := "localhost:" + port
	tests := []struct {
		name, method, path string
		host, origin, kind string
		want               int
	}{
		{"the page on its own address", "GET", "/", own, "", "", 200},
		{"the page on localhost", "GET", "/", local, "", "", 200},
		{"the page on IPv6 loopback", "GET", "/", "[::1]:" + port, "", "", 200},
		{"the page on a name that resolves here", "GET", "/", "evil.example:" + port, "", "", 403},
		{"the page on a name that begins like ours", "GET", "/", "127.0.0.1.evil.example", "", "", 403},
		{"a script on a foreign name", "GET", "/page.js", "evil.example", "", "", 403},
		{"the state on a foreign name", "GET", "/sandbox/state?as=U0ANN", "evil.example", "", "", 403},
		{"the stream on a foreign name", "GET", "/sandbox/stream?as=U0ANN", "evil.example", "", "", 403},
		{"an act on a foreign name", "POST", "/sandbox/act", "evil.example", "http://evil.example", "application/json", 403},
		{"an act without an origin", "POST", "/sandbox/act", own, "", "application/json", 200},
		{"an act by the page", "POST", "/sandbox/act", local, "http://" + local, "application/json; charset=utf-8", 200},
		{"an act by another site", "POST", "/sandbox/act", own, "http://evil.example", "application/json", 403},
		{"an act by another port", "POST", "/sandbox/act", own, "http://127.0.0.1:1", "application/json", 403},
		{"an act by a sandboxed frame", "POST", "/sandbox/act", own, "null", "application/json", 403},
		{"an act by a form", "POST", "/sandbox/act", own, "", "text/plain", 415},
		{"an act that is read", "GET", "/sandbox/act", own, "", "", 405},
		{"a file outside the page", "GET", "/page/..%2fpage.go", own, "", "", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := `{"as":"U0ANN","do":"read","channel":"C0GENERAL"}`
			status, _, _ := pageAsk(t, w, tt.method, tt.path, body, func(r *http.Request) { pageHeaders(r, tt.host, tt.origin, tt.kind) })
			if status != tt.want {
				t.Errorf("status %d, want %d", status, tt.want)
			}
		})
	}
}

func TestPageRunsNothingThatIsNotItsOwn(t *testing.T) {
	w := pageWorld(t)
	_, header, body := pageAsk(t, w, "GET", "/", "", func(*http.Request) {})
	policy := header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy %q lets strangers in", policy)
	}
	for _, outside := range []string{"http://", "https://", "style=", "onclick"} {
		if strings.Contains(body, outside) {
			t.Errorf("the page contains %s", outside)
		}
	}
}

func TestEveryFileOfThePageIsServed(t *testing.T) {
	w := pageWorld(t)
	files, err := pageFiles.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		status, header, body := pageAsk(t, w, "GET", "/page/"+f.Name(), "", func(*http.Request) {})
		if status != 200 || header.Get("Content-Type") == "" || body == "" {
			t.Errorf("%s: status %d, type %q, %d bytes", f.Name(), status, header.Get("Content-Type"), len(body))
		}
	}
}

func TestStateIsWhatThatPersonSees(t *testing.T) {
	w := pageWorld(t)
	tests := []struct{ name, as, want, not string }{
		{"an admin sees the private channel", "U0ADA", `"C0HERON"`, ""},
		{"a buyer does not", "U0ANN", `"me":{"id":"U0ANN"`, `"C0HERON"`},
		{"nobody is shown the first person's view", "", `"me":{"id":"U0ANN"`, `"C0HERON"`},
		{"a stranger too", "U0NOBODY", `"me":{"id":"U0ANN"`, `"C0HERON"`},
		{"user groups have their names", "U0ANN", `"handle":"falcon-sponsors"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, body := pageAsk(t, w, "GET", "/sandbox/state?as="+tt.as, "", func(*http.Request) {})
			if !strings.Contains(body, tt.want) || (tt.not != "" && strings.Contains(body, tt.not)) {
				t.Errorf("want %s and not %s in\n%s", tt.want, tt.not, body)
			}
		})
	}
}

func TestActTellsWhatThePersonWouldRead(t *testing.T) {
	w := pageWorld(t)
	tests := []struct {
		name, body string
		status     int
		ok         bool
	}{
		{"a plain message", `{"as":"U0ANN","do":"say","channel":"C0GENERAL","text":"hello"}`, 200, true},
		{"somebody unknown", `{"as":"U0NOBODY","do":"say","channel":"C0GENERAL","text":"hello"}`, 200, false},
		{"something nobody can do", `{"as":"U0ANN","do":"fly"}`, 200, false},
		{"a button that is not there", `{"as":"U0SAM","do":"click","channel":"C0FALCON","ts":"1.1","action_id":"x"}`, 200, false},
		{"a form that is not open", `{"as":"U0SAM","do":"submit","state":{}}`, 200, false},
		{"no JSON", `as=U0ANN`, 400, false},
		{"more than a person can type", `{"text":"` + strings.Repeat("x", 1<<20) + `"}`, 400, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, _, body := pageAsk(t, w, "POST", "/sandbox/act", tt.body, func(*http.Request) {})
			if status != tt.status {
				t.Fatalf("status %d, want %d: %s", status, tt.status, body)
			}
			if status != http.StatusOK {
				return
			}
			var answer struct {
				OK    bool
				Error string
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			if answer.OK != tt.ok || (answer.Error == "") != tt.ok {
				t.Errorf("answered %s", body)
			}
		})
	}
}

func TestStreamDeliversEveryChange(t *testing.T) {
	w := pageWorld(t)
	ctx, leave := context.WithTimeout(t.Context(), 20*time.Second)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/sandbox/stream?as=U0BEN", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("the stream is %q", kind)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	said := 0
	for seen := -1; seen < 3; {
		if !lines.Scan() {
			t.Fatalf("the stream ended after %d messages: %v", seen, lines.Err())
		}
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var s State
		if err := json.Unmarshal([]byte(data), &s); err != nil {
			t.Fatal(err)
		}
		if seen = len(s.Messages["C0GENERAL"]); seen == said && said < 3 {
			said++
			if err := w.Act(ctx, Act{As: "U0ANN", Do: "say", Channel: "C0GENERAL", Text: "hello"}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestClosingTheWorldEndsItsStreams(t *testing.T) {
	w := pageWorld(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+"/sandbox/stream?as=U0BEN", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
}

func TestAFileIsAttachedByThePageOnItsOwnWay(t *testing.T) {
	w := pageWorldOf(t, Config{Scopes: allScopes})
	ann := attaching(t, w, "")
	act := func(path string, content []byte) (int, string) {
		body, err := json.Marshal(Act{As: "U0ANN", Do: "attach", BlockID: "list", Name: "guests.csv", Content: content})
		if err != nil {
			t.Fatal(err)
		}
		status, _, answer := pageAsk(t, w, "POST", path, string(body), func(*http.Request) {})
		return status, answer
	}
	if status, answer := act("/sandbox/attach", make([]byte, maxFileBytes)); status != 200 || !strings.Contains(answer, `"ok":true`) {
		t.Errorf("the largest file: %d %s", status, answer)
	}
	if status, _ := act("/sandbox/attach", make([]byte, maxFileBytes+maxAct)); status != 400 {
		t.Errorf("far too large a file: %d", status)
	}
	if status, _ := act("/sandbox/act", make([]byte, maxAct)); status != 400 {
		t.Errorf("a file among ordinary acts: %d", status)
	}
	status, _, _ := pageAsk(t, w, "POST", "/sandbox/attach", `{}`, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") })
	if status != 403 {
		t.Errorf("another site: %d", status)
	}
	if got := ann.View().Field("List"); got != "guests.csv" {
		t.Errorf("attached: %q", got)
	}
}

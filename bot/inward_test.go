package bot

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
)

// noon is when these tests happen.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stubService answers as its fields say and remembers what it heard.
type stubService struct {
	stubWishes
	telling  *approvals.Refusal // what may be told instead of the refusal itself
	err      error              // of every call
	request  approvals.Request
	page     approvals.Page
	admin    bool
	wrong    []approvals.Incident
	wrongErr error
	panics   bool
	gate     chan struct{} // if set, Press says that it is there and waits

	mu        sync.Mutex
	drafts    []approvals.Draft
	presses   []approvals.Press
	pressed   []approvals.RequestID
	withdrawn []approvals.Withdrawn
	mayDecide []approvals.Press
	queries   []approvals.Query
	storyErr  error
}

func (s *stubService) Submit(_ context.Context, d approvals.Draft) (approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drafts = append(s.drafts, d)
	return s.request, s.err
}

func (s *stubService) Press(_ context.Context, id approvals.RequestID, p approvals.Press) (approvals.Request, error) {
	if s.panics {
		panic("a bug")
	}
	if s.gate != nil {
		s.gate <- struct{}{}
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.presses, s.pressed = append(s.presses, p), append(s.pressed, id)
	return s.request, s.err
}

func (s *stubService) Withdraw(_ context.Context, _ approvals.RequestID, w approvals.Withdrawn) (approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdrawn = append(s.withdrawn, w)
	return s.request, s.err
}

func (s *stubService) MayDecide(_ context.Context, _ approvals.RequestID, p approvals.Press) (approvals.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mayDecide = append(s.mayDecide, p)
	return s.request, s.err
}

func (s *stubService) Pending(_ context.Context, _ approvals.PersonID, q approvals.Query) (approvals.Page, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, q)
	return s.page, s.admin, s.err
}

func (s *stubService) Tell(_ context.Context, _ approvals.RequestID, _ approvals.PersonID, why *approvals.Refusal) *approvals.Refusal {
	if s.telling != nil {
		return s.telling
	}
	return why
}

func (s *stubService) Own(_ context.Context, by approvals.PersonID, q approvals.Query) (approvals.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, approvals.Query{Requester: by, Limit: q.Limit})
	return s.page, s.err
}

func (s *stubService) AskedBy(context.Context, approvals.RequestID) (approvals.PersonID, error) {
	return s.request.Requester, nil
}

func (s *stubService) Incidents(context.Context, approvals.PersonID) ([]approvals.Incident, error) {
	return s.wrong, s.wrongErr
}

func (s *stubService) Story(context.Context, approvals.RequestID, approvals.PersonID) (approvals.Request, []approvals.Entry, error) {
	return s.request, nil, s.storyErr
}

// said is one call of the bot's to Slack: a method of the Web API, or "reply"
// for a post to a response URL.
type said struct {
	method string
	body   string // JSON, or the values of a form, joined
}

// stubSlack is a Slack that knows a few people and remembers what it was told.
type stubSlack struct {
	*httptest.Server
	users   map[string]string // user ID to the JSON of users.info
	fails   map[string]string // method to error
	members string            // of every user group, as JSON
	hash    string            // of every view after a drawing
	file    string            // what is in every file
	about   string            // who gave it to Slack, and where it is, as JSON

	mu    sync.Mutex
	heard []said
}

func newStubSlack(t *testing.T) *stubSlack {
	s := &stubSlack{fails: map[string]string{}, users: map[string]string{
		"U0ANN":  `{"id":"U0ANN","team_id":"T0NORTH","real_name":"Ann Lee","locale":"en-US","profile":{"email":"ann@northwind.example"}}`,
		"U0SAM":  `{"id":"U0SAM","team_id":"T0NORTH","real_name":"Sam Ortiz","locale":"en-US"}`,
		"U0GUS":  `{"id":"U0GUS","team_id":"T0NORTH","is_restricted":true}`,
		"U0VERA": `{"id":"U0VERA","team_id":"T0OTHER"}`,
		"U0BOT":  `{"id":"U0BOT","team_id":"T0NORTH","is_bot":true}`,
	}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *stubSlack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	if strings.HasPrefix(r.URL.Path, "/respond/") {
		method = "reply"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, said{method, string(raw)})
	switch form := formOf(raw); {
	case s.fails[method] != "":
		io.WriteString(w, `{"ok":false,"error":"`+s.fails[method]+`"}`)
	case method == "users.info" && s.users[form("user")] == "":
		io.WriteString(w, `{"ok":false,"error":"user_not_found"}`)
	case method == "users.info":
		io.WriteString(w, `{"ok":true,"user":`+s.users[form("user")]+`}`)
	case method == "chat.getPermalink":
		io.WriteString(w, `{"ok":true,"permalink":"https://northwind.slack.com/archives/`+r.FormValue("channel")+`/p`+r.FormValue("message_ts")+`"}`)
	case method == "reply":
		io.WriteString(w, "ok")
	case method == "usergroups.users.list":
		io.WriteString(w, `{"ok":true,"users":`+firstOf(s.members, "[]")+`}`)
	case method == "files.info":
		io.WriteString(w, `{"ok":true,"file":{"id":"F1","mode":"hosted",`+firstOf(s.about, `"user":"U0ANN",`)+`"url_private":"`+s.URL+`/api/file","size":`+strconv.Itoa(len(s.file))+`}}`)
	case method == "file":
		io.WriteString(w, s.file)
	default:
		io.WriteString(w, `{"ok":true,"channel":"C0","ts":"1.1","view":{"id":"V1","hash":"`+s.hash+`"}}`)
	}
}

func formOf(raw []byte) func(string) string {
	r, _ := http.NewRequest(http.MethodPost, "/", strings.NewReader(string(raw)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.PostFormValue
}

// calls are the bodies of what a method was called with.
func (s *stubSlack) calls(method string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var bodies []string
	for _, h := range s.heard {
		if h.method == method {
			bodies = append(bodies, h.body)
		}
	}
	return bodies
}

// spoken counts the calls that are more than a look at who somebody is.
func (s *stubSlack) spoken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, h := range s.heard {
		if h.method != "users.info" {
			n++
		}
	}
	return n
}

func (s *stubSlack) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = nil
}

// office is a bot between a stub of Slack and a stub of the domain.
type office struct {
	ephemeral bool // clicks come from a message that one person sees
	*Bot
	slack   *stubSlack
	service *stubService
	log     *safeBuffer
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func falconPolicy() *approvals.Policy {
	return &approvals.Policy{Accesses: []approvals.Access{{
		ID: "falcon", Title: "Project Falcon", Durations: []time.Duration{720 * time.Hour},
		Grants: []approvals.Grant{{Group: "6f0c5a3e-0000-0000-0000-000000000001"}},
		Stages: []approvals.Stage{{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON", "U0SAM"}, Quorum: 1, Deadline: time.Hour}},
	}}}
}

func inv7() approvals.Request {
	a := falconPolicy().Accesses[0]
	return approvals.Request{
		ID: "INV-7", Version: 1, State: approvals.Pending, Requester: approvals.PersonID{Team: "T0NORTH", User: "U0ANN"},
		Guest: approvals.Guest{Email: "jane@acme.example", Name: "Jane"}, Access: a, For: a.Durations[0], Reason: "She reviews",
		Opened: noon, Changed: noon, Deadline: noon.Add(time.Hour),
		Shown: approvals.Shown{
			Cards:  []approvals.Posted{{Channel: "C0FALCON", TS: "17.1", Version: 1}},
			Direct: approvals.Posted{Channel: "D0ANN", TS: "18.1", Version: 1},
		},
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	slack := newStubSlack(t)
	o := officeAt(t, slack.URL)
	o.slack = slack
	return o
}

// officeAt is a bot between a Slack at a place and a stub of the domain.
func officeAt(t *testing.T, base string) *office {
	t.Helper()
	o := &office{service: &stubService{request: inv7()}, log: &safeBuffer{}}
	catalogue, err := NewWords()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	hc := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	log := slog.New(slog.NewJSONHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	api := NewClient("xoxb-secret-token", "xapp-secret-token", base+"/api/", hc)
	now := func() time.Time { return noon }
	o.Bot, err = New(Config{
		API: api, Service: o.service, HTTP: hc, Now: now, Log: log,
		Desk: NewDesk(DeskConfig{
			API: api, HTTP: hc, APIHost: strings.TrimPrefix(base, "http://"), Team: "T0NORTH",
			Words: catalogue, Policy: falconPolicy().Always, Now: now, Log: log,
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(context.Background()); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return o
}

func (o *office) replyURL() string { return o.slack.URL + "/respond/secret-capability" }

// send brings a payload in, runs what comes after the acknowledgement, and
// returns the acknowledgement.
func (o *office) send(t *testing.T, k kind, payload map[string]any) (string, error) {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	before := o.slack.spoken()
	reply, later, err := o.receive(t.Context(), k, raw)
	if n := o.slack.spoken() - before; n > 0 {
		t.Errorf("%d calls to Slack before the acknowledgement", n)
	}
	o.after(t.Context(), later)
	o.wg.Wait()
	return string(reply), err
}

func (o *office) command(t *testing.T, user, name, text string) string {
	t.Helper()
	reply, err := o.send(t, kindCommand, map[string]any{
		"command": name, "text": text, "user_id": user, "team_id": "T0NORTH", "channel_id": "C0GENERAL",
		"response_url": o.replyURL(), "trigger_id": "1.2.three",
	})
	if err != nil {
		t.Fatalf("%s %s: %v", name, text, err)
	}
	return reply
}

func (o *office) click(t *testing.T, user, action, value string) (string, error) {
	t.Helper()
	return o.send(t, kindInteractive, map[string]any{
		"type": "block_actions", "user": map[string]any{"id": user, "team_id": "T0NORTH"}, "team": nil,
		"channel": map[string]any{"id": "C0FALCON"}, "response_url": o.replyURL(), "trigger_id": "1.2.three",
		"container": map[string]any{"type": "message", "is_ephemeral": o.ephemeral},
		"actions":   []any{map[string]any{"action_id": action, "block_id": "b", "type": "button", "value": value}},
	})
}

func (o *office) form(t *testing.T, user, callback, metadata string, fields map[string]string) (string, error) {
	t.Helper()
	values := map[string]any{}
	for name, value := range fields {
		in := map[string]any{"type": "plain_text_input", "value": value}
		if name == "access" || name == "for" {
			in = map[string]any{"type": "static_select", "selected_option": map[string]any{"value": value}}
		}
		values[name] = map[string]any{name: in}
	}
	return o.send(t, kindInteractive, map[string]any{
		"type": "view_submission", "user": map[string]any{"id": user, "team_id": "T0NORTH"}, "team": map[string]any{"id": "T0NORTH"},
		"view": map[string]any{"callback_id": callback, "private_metadata": metadata, "state": map[string]any{"values": values}},
	})
}

// changed receives that a field of an open form was changed, and returns what is to
// be done after that was acknowledged.
func (o *office) changed(t *testing.T, field string, input map[string]any) func(context.Context) {
	t.Helper()
	raw, err := json.Marshal(acted("form:"+field, "", openInvite(map[string]map[string]any{field: under("form:"+field, input)})))
	if err != nil {
		t.Fatal(err)
	}
	_, later, err := o.receive(t.Context(), kindInteractive, raw)
	if err != nil {
		t.Fatal(err)
	}
	return later
}

package bot

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"partnerbot/approvals"
)

// counter is a small Slack behind a counter: it answers every method with ok,
// unless an answer is scripted, and remembers what it was asked.
type counter struct {
	*httptest.Server
	mu     sync.Mutex
	script map[string][]string // method: answers to give, one a call, then ok
	status map[string]int      // method: HTTP status to answer with
	users  map[string]string   // user ID: the user object's fields
	asked  []call
	posts  int
}

type call struct {
	Method string
	Form   url.Values
	Body   string
}

func openCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{script: map[string][]string{}, status: map[string]int{}, users: map[string]string{
		"U0ANN": `"team_id":"T0HOME","real_name":"Ann Lee","locale":"en-US"`, "U0SAM": `"team_id":"T0HOME","real_name":"Sam Ito"`,
	}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *counter) serve(w http.ResponseWriter, req *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	method := strings.TrimPrefix(req.URL.Path, "/api/")
	var raw strings.Builder
	if strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		var body json.RawMessage
		if err := json.NewDecoder(req.Body).Decode(&body); err == nil {
			raw.Write(body)
		}
	} else if err := req.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form := req.PostForm
	if req.Method == http.MethodGet {
		form = req.Form
	}
	c.asked = append(c.asked, call{Method: method, Form: form, Body: raw.String()})
	if code := c.status[method]; code != 0 {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		return
	}
	if next := c.script[method]; len(next) > 0 {
		c.script[method] = next[1:]
		_, _ = w.Write([]byte(next[0]))
		return
	}
	_, _ = w.Write([]byte(c.usual(method, req.PostForm)))
}

// usual is what Slack answers on a good day.
func (c *counter) usual(method string, form url.Values) string {
	switch method {
	case "users.info":
		fields, ok := c.users[form.Get("user")]
		if !ok {
			return `{"ok":false,"error":"user_not_found"}`
		}
		return `{"ok":true,"user":{"id":"` + form.Get("user") + `",` + fields + `}}`
	case "chat.postMessage":
		c.posts++
		channel := form.Get("channel")
		if strings.HasPrefix(channel, "U") {
			channel = "D0" + channel[2:]
		}
		return `{"ok":true,"channel":"` + channel + `","ts":"9.` + strconv.Itoa(c.posts) + `"}`
	case "auth.test":
		return `{"ok":true,"user_id":"U0BOT","bot_id":"B0BOT"}`
	case "conversations.open":
		return `{"ok":true,"channel":{"id":"D0` + form.Get("users")[2:] + `"}}`
	case "chat.update":
		return `{"ok":true,"channel":"` + form.Get("channel") + `","ts":"` + form.Get("ts") + `"}`
	}
	return `{"ok":true}`
}

func (c *counter) calls(method string) []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []call
	for _, a := range c.asked {
		if a.Method == method {
			out = append(out, a)
		}
	}
	return out
}

// trace is what was asked of Slack but for look-ups, in order.
func (c *counter) trace() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, a := range c.asked {
		if a.Method != "users.info" {
			out = append(out, strings.TrimPrefix(a.Method, "chat.")+" "+a.Form.Get("channel")+a.Form.Get("user")+a.Form.Get("ts")+a.Form.Get("message_ts")+a.Form.Get("thread_ts"))
		}
	}
	return strings.Join(out, "; ")
}

func (c *counter) desk(t *testing.T) *Desk {
	t.Helper()
	hc := c.Client()
	hc.Timeout = 10 * time.Second
	host, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	return NewDesk(DeskConfig{
		API: NewClient("xoxb-secret", "", c.URL+"/api", hc), HTTP: hc, APIHost: host.Host, Team: "T0HOME",
		Words: look(t).Words, Policy: policy().Always, Company: "Northwind", Now: func() time.Time { return nine }, Log: slog.New(slog.DiscardHandler),
	})
}

func TestCardsMatchTheRequest(t *testing.T) {
	posted := func(version uint64) []approvals.Posted {
		return []approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: version}}
	}
	second := stories()["second_stage"]
	tests := []struct {
		name   string
		r      approvals.Request
		shown  []approvals.Posted
		script map[string][]string
		trace  string
		want   []approvals.Posted
		code   string
	}{
		{
			"the first stage's card is posted, and no other", stories()["pending"], nil, nil,
			"postMessage C0FALCON",
			[]approvals.Posted{{Channel: "C0FALCON", TS: "9.1", Version: 2}},
			"",
		},
		{"a card that is up to date and waits is only looked after", stories()["pending"], posted(2), nil, "getPermalink C0FALCON1.1", posted(2), ""},
		{"a card that is up to date and waits for nobody is left alone", stories()["denied"], posted(3), nil, "", posted(3), ""},
		{
			"a card that waits and was deleted is posted again", stories()["pending"], posted(2),
			map[string][]string{"chat.getPermalink": {`{"ok":false,"error":"message_not_found"}`}},
			"getPermalink C0FALCON1.1; postMessage C0FALCON",
			[]approvals.Posted{{Channel: "C0FALCON", TS: "9.1", Version: 2}},
			"",
		},
		{
			"a card that cannot be looked after stays as it is known", stories()["pending"], posted(2),
			map[string][]string{"chat.getPermalink": {`{"ok":false,"error":"channel_not_found"}`}},
			"getPermalink C0FALCON1.1", posted(2), "channel_not_found",
		},
		{"a card that is out of date is updated", stories()["pending"], posted(1), nil, "update C0FALCON1.1", posted(2), ""},
		{
			"the next stage gets its card and the passed one loses its buttons", second, posted(2), nil,
			"update C0FALCON1.1; postMessage C0SEC", append(posted(3), approvals.Posted{Channel: "C0SEC", TS: "9.1", Version: 3, Stage: 1}), "",
		},
		{
			"a deleted card is posted again", stories()["denied"], posted(1),
			map[string][]string{"chat.update": {`{"ok":false,"error":"message_not_found"}`}},
			"update C0FALCON1.1; postMessage C0FALCON",
			[]approvals.Posted{{Channel: "C0FALCON", TS: "9.1", Version: 3}},
			"",
		},
		{
			"a card that cannot be updated is still known", stories()["denied"], posted(1),
			map[string][]string{"chat.update": {`{"ok":false,"error":"channel_not_found"}`}},
			"update C0FALCON1.1", posted(1), "channel_not_found",
		},
		{
			"one card's trouble keeps the other from nothing", second, posted(2),
			map[string][]string{"chat.update": {`{"ok":false,"error":"is_archived"}`}},
			"update C0FALCON1.1; postMessage C0SEC", append(posted(2), approvals.Posted{Channel: "C0SEC", TS: "9.1", Version: 3, Stage: 1}), "is_archived",
		},
		{
			"cards that were noted in the order of their stages are known", stories()["half_quorum"],
			[]approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: 2}, {Channel: "C0SEC", TS: "1.2", Version: 3}},
			nil,
			"update C0FALCON1.1; update C0SEC1.2",
			[]approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: 4}, {Channel: "C0SEC", TS: "1.2", Version: 4, Stage: 1}},
			"",
		},
		{
			"and so is a second one without the first", stories()["half_quorum"],
			[]approvals.Posted{{}, {Channel: "C0SEC", TS: "1.2", Version: 3}},
			map[string][]string{"chat.postMessage": {`{"ok":false,"error":"not_in_channel"}`}},
			"postMessage C0FALCON; update C0SEC1.2",
			[]approvals.Posted{{Channel: "C0SEC", TS: "1.2", Version: 4, Stage: 1}},
			"not_in_channel",
		},
		{
			"a later card is known as such though the first was never posted", second, nil,
			map[string][]string{"chat.postMessage": {`{"ok":false,"error":"not_in_channel"}`}},
			"postMessage C0FALCON; postMessage C0SEC",
			[]approvals.Posted{{Channel: "C0SEC", TS: "9.1", Version: 3, Stage: 1}},
			"not_in_channel",
		},
		{
			"a card that was not posted is not claimed", stories()["pending"], nil,
			map[string][]string{"chat.postMessage": {`{"ok":false,"error":"not_in_channel"}`}},
			"postMessage C0FALCON", nil, "not_in_channel",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			if tt.script != nil {
				c.script = tt.script
			}
			tt.r.Shown.Cards = tt.shown
			got, err := c.desk(t).Cards(t.Context(), tt.r, noNote)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
			if codeOf(err) != tt.code || (err != nil) != (tt.code != "") {
				t.Errorf("got error %v, want code %q", err, tt.code)
			}
			if got := c.trace(); got != tt.trace {
				t.Errorf("asked of Slack: %q, want %q", got, tt.trace)
			}
		})
	}
}

func TestCardsLeaveQuietlyAndKnowTheirRequest(t *testing.T) {
	c := openCounter(t)
	r := stories()["pending"]
	if _, err := c.desk(t).Cards(t.Context(), r, noNote); err != nil {
		t.Fatal(err)
	}
	form := c.calls("chat.postMessage")[0].Form
	for key, want := range map[string]string{
		"unfurl_links": "false", "unfurl_media": "false", "parse": "none", "link_names": "",
		"metadata": `{"event_type":"partnerbot_request","event_payload":{"id":"INV-7","stage":0,"tag":"tag7"}}`,
	} {
		if got := form.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if blocks := form.Get("blocks"); !strings.Contains(blocks, "Ann Lee") || strings.Contains(blocks, "U0ANN") || !strings.Contains(blocks, "S0FALCON") {
		t.Errorf("the first card does not name the requester and call the approvers: %s", blocks)
	}
}

func TestDirectFollowsTheRequest(t *testing.T) {
	dm := func(version uint64) approvals.Posted {
		return approvals.Posted{Channel: "D0ANN", TS: "2.2", Version: version}
	}
	tests := []struct {
		name  string
		story string
		shown approvals.Posted
		said  []string
		trace string
		want  []string
	}{
		{"the first message says it all", "pending", approvals.Posted{}, nil, "postMessage U0ANN", nil},
		{"a first message in a later state says all milestones itself", "invited", approvals.Posted{}, nil, "postMessage U0ANN", []string{"stage 1", "approved", "invited"}},
		{"a stage that approved is told once", "second_stage", dm(2), nil, "update D0ANN2.2; postMessage D0ANN2.2", []string{"stage 1"}},
		{"and not again while the next one decides", "half_quorum", dm(2), []string{"stage 1"}, "update D0ANN2.2", nil},
		{"an approval is told once below it", "inviting", dm(2), nil, "update D0ANN2.2; postMessage D0ANN2.2", []string{"stage 1", "approved"}},
		{"what was said is not said again", "inviting", dm(2), []string{"stage 1", "approved"}, "update D0ANN2.2", nil},
		{"of several milestones the newest is said", "active", dm(2), nil, "update D0ANN2.2; postMessage D0ANN2.2", []string{"stage 1", "approved", "invited", "joined"}},
		{"what is up to date is left alone", "inviting", dm(stories()["inviting"].Version), []string{"stage 1", "approved"}, "", nil},
		{"a denial is told", "denied", dm(2), nil, "update D0ANN2.2; postMessage D0ANN2.2", []string{"denied"}},
		{"a deadline that passed is told", "timed_out", dm(2), nil, "update D0ANN2.2; postMessage D0ANN2.2", []string{"timed out"}},
		{"a failure is told", "failed", dm(2), []string{"stage 1", "approved"}, "update D0ANN2.2; postMessage D0ANN2.2", []string{"failed"}},
		{"the end is told", "ended", dm(2), []string{"stage 1", "approved", "invited", "joined"}, "update D0ANN2.2; postMessage D0ANN2.2", []string{"ended"}},
		{"whoever withdrew is not told so", "cancelled", dm(2), nil, "update D0ANN2.2", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			r := stories()[tt.story]
			r.Shown.Direct = tt.shown
			for _, what := range tt.said {
				r.Shown.Said = append(r.Shown.Said, approvals.Said{What: what, At: nine})
			}
			is, said, err := c.desk(t).Direct(t.Context(), r, noNote)
			if err != nil || is.Version != r.Version || is.Channel != "D0ANN" || is.TS == "" {
				t.Errorf("shown %+v, %v", is, err)
			}
			var got []string
			for _, s := range said {
				got = append(got, s.What)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("said (-want +got):\n%s", diff)
			}
			if got := c.trace(); got != tt.trace {
				t.Errorf("asked of Slack: %q, want %q", got, tt.trace)
			}
		})
	}
}

func TestAReplyThatFailsIsOwedAndTheMessageIsKept(t *testing.T) {
	c := openCounter(t)
	c.status["chat.postMessage"] = http.StatusTooManyRequests
	r := stories()["inviting"]
	r.Shown.Direct = approvals.Posted{Channel: "D0ANN", TS: "2.2", Version: 1}
	is, said, err := c.desk(t).Direct(t.Context(), r, noNote)
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok || trouble.Kind != approvals.Later || trouble.After != 7*time.Second {
		t.Errorf("got %v", err)
	}
	if is.Version != r.Version || len(said) != 0 {
		t.Errorf("shown %+v, said %v", is, said)
	}
}

func TestAnswerFindsAWay(t *testing.T) {
	type row struct {
		name, reply string
		script      map[string][]string
		trace       string
		code        string
	}
	no := func(code string) []string { return []string{`{"ok":false,"error":"` + code + `"}`} }
	tests := []row{
		{"by response URL", "/respond", nil, "/respond ", ""},
		{"in the channel, when the URL is used up", "/respond", map[string][]string{"/respond": no("used_url")}, "/respond ; postEphemeral C0FALCONU0SAM", ""},
		{"in the channel, without a URL", "", nil, "postEphemeral C0FALCONU0SAM", ""},
		{"never by a foreign address", "https://evil.example/steal", nil, "postEphemeral C0FALCONU0SAM", ""},
		{"in a direct message, when they are not in the channel", "", map[string][]string{"chat.postEphemeral": no("user_not_in_channel")}, "postEphemeral C0FALCONU0SAM; postMessage U0SAM", ""},
		{"nowhere, when nothing works", "", map[string][]string{"chat.postEphemeral": no("not_in_channel"), "chat.postMessage": no("messages_tab_disabled")}, "postEphemeral C0FALCONU0SAM; postMessage U0SAM", "messages_tab_disabled"},
		{"later, when Slack is slow", "", map[string][]string{"chat.postEphemeral": no("ratelimited")}, "postEphemeral C0FALCONU0SAM", "ratelimited"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			if tt.script != nil {
				c.script = tt.script
			}
			r := stories()["pending"]
			r.Shown.Cards = []approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: 1}}
			a := approvals.Answer{To: sam, Refusal: *approvals.ErrRepeated.With("id", "INV-7"), Reply: tt.reply}
			if strings.HasPrefix(a.Reply, "/") {
				a.Reply = c.URL + a.Reply
			}
			err := c.desk(t).Answer(t.Context(), r, a)
			if codeOf(err) != tt.code || (err != nil) != (tt.code != "") {
				t.Errorf("got %v, want code %q", err, tt.code)
			}
			if err != nil && strings.Contains(err.Error(), "/respond") {
				t.Errorf("the error tells the address: %v", err)
			}
			if got := c.trace(); got != tt.trace {
				t.Errorf("asked of Slack: %q, want %q", got, tt.trace)
			}
			for _, said := range c.calls("/respond") {
				if !strings.Contains(said.Body, `"replace_original":false`) || !strings.Contains(said.Body, `"ephemeral"`) || !strings.Contains(said.Body, "INV-7") {
					t.Errorf("said %s", said.Body)
				}
			}
		})
	}
}

// TestWhoWaitsForAnAnswerGetsItAnotherWay: nobody tries again to answer what
// somebody typed, so trouble in passing is no reason to stop.
func TestWhoWaitsForAnAnswerGetsItAnotherWay(t *testing.T) {
	c := openCounter(t)
	c.script["chat.postEphemeral"] = []string{`{"ok":false,"error":"internal_error"}`}
	d := c.desk(t)
	if err := d.Whisper(t.Context(), Whisper{To: sam, Channel: "C0FALCON"}, d.render.Help("en", CommandInvite)); err != nil {
		t.Fatal(err)
	}
	if got := c.trace(); got != "postEphemeral C0FALCONU0SAM; postMessage U0SAM" {
		t.Errorf("asked of Slack: %q", got)
	}
}

func TestResponseURLsStayWithSlack(t *testing.T) {
	d := &Desk{apiHost: "127.0.0.1:8125"}
	tests := map[string]bool{
		"https://hooks.slack.com/commands/T1/2/x": true, "https://northwind.slack.com/commands/1": true, "https://hooks.slack-gov.com/1": true,
		"http://127.0.0.1:8125/respond/1": true, "http://hooks.slack.com/1": false, "https://hooks.slack.com:8443/1": false,
		"https://slack.com.evil.example/1": false, "https://evilslack.com/1": false, "https://hooks.slack.com@evil.example/1": false, "https://me:you@hooks.slack.com/1": false,
		"http://127.0.0.1:8126/1": false, "http://127.0.0.1/1": false, "file:///etc/passwd": false, "": false, "://": false, "//hooks.slack.com/1": false,
	}
	for address, want := range tests {
		if got := d.mayReply(address); got != want {
			t.Errorf("%q: got %v, want %v", address, got, want)
		}
	}
}

func TestARedirectOfAResponseURLIsNotFollowed(t *testing.T) {
	c := openCounter(t)
	away := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer away.Close()
	bounce := httptest.NewServer(http.RedirectHandler(away.URL, http.StatusTemporaryRedirect))
	defer bounce.Close()
	d := c.desk(t)
	d.apiHost = strings.TrimPrefix(bounce.URL, "http://")
	to := Whisper{To: sam, URL: bounce.URL + "/respond", Channel: "C0FALCON"}
	if err := d.Whisper(t.Context(), to, d.render.Help("en", CommandInvite)); err != nil {
		t.Fatal(err)
	}
	if got := c.trace(); got != "postEphemeral C0FALCONU0SAM" {
		t.Errorf("asked of Slack: %q", got)
	}
}

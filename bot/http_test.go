package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const secret = "8f742231b10e8888abcd99yyyzzz85a5"

func sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":" + body))
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// knock is a request as Slack makes it; each test spoils one thing of it.
func knock(body, mediaType string, at time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/slack/events", strings.NewReader(body))
	timestamp := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("X-Slack-Request-Timestamp", timestamp)
	r.Header.Set("X-Slack-Signature", sign(secret, timestamp, body))
	return r
}

const (
	formBody = "application/x-www-form-urlencoded"
	jsonBody = "application/json"
)

func approveBody() string {
	return url.Values{"payload": {`{"type":"block_actions","user":{"id":"U0SAM","team_id":"T0NORTH"},"actions":[{"action_id":"approve","value":"INV-7:0"}]}`}}.Encode()
}

func (o *office) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	o.Handler(secret).ServeHTTP(w, r)
	o.wg.Wait()
	return w
}

func TestSlacksPublishedExampleVerifies(t *testing.T) {
	o := newOffice(t)
	o.cfg.Now = func() time.Time { return time.Unix(1531420618, 0) }
	r := httptest.NewRequest(http.MethodPost, "/slack/events", strings.NewReader("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"))
	r.Header.Set("Content-Type", formBody)
	r.Header.Set("X-Slack-Request-Timestamp", "1531420618")
	r.Header.Set("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
	if w := o.serve(r); w.Code != http.StatusOK {
		t.Errorf("status %d, want 200", w.Code)
	}
}

func TestARequestThatIsNotSlacksIsRefused(t *testing.T) {
	stamp := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	resign := func(r *http.Request, with, timestamp, body string) {
		r.Header.Set("X-Slack-Request-Timestamp", timestamp)
		r.Header.Set("X-Slack-Signature", sign(with, timestamp, body))
	}
	right := sign(secret, stamp(noon), approveBody())
	tests := []struct {
		name  string
		spoil func(*http.Request)
		want  int
	}{
		{"as Slack sends it", func(*http.Request) {}, 200},
		{"300 seconds old", func(r *http.Request) { resign(r, secret, stamp(noon.Add(-300*time.Second)), approveBody()) }, 200},
		{"301 seconds old", func(r *http.Request) { resign(r, secret, stamp(noon.Add(-301*time.Second)), approveBody()) }, 401},
		{"300 seconds early", func(r *http.Request) { resign(r, secret, stamp(noon.Add(300*time.Second)), approveBody()) }, 200},
		{"301 seconds early", func(r *http.Request) { resign(r, secret, stamp(noon.Add(301*time.Second)), approveBody()) }, 401},
		{"a timestamp that is no number", func(r *http.Request) { resign(r, secret, "soon", approveBody()) }, 401},
		{"no timestamp", func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }, 401},
		{"no signature", func(r *http.Request) { r.Header.Del("X-Slack-Signature") }, 401},
		{"another secret", func(r *http.Request) { resign(r, "guessed", stamp(noon), approveBody()) }, 401},
		{"no secret at all", func(r *http.Request) { resign(r, "", stamp(noon), approveBody()) }, 401},
		{"a signature of another body", func(r *http.Request) { resign(r, secret, stamp(noon), "payload=other") }, 401},
		{"a fresh timestamp on an old signature", func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", stamp(noon.Add(time.Second))) }, 401},
		{"another version", func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v1"+right[2:]) }, 401},
		{"no version", func(r *http.Request) { r.Header.Set("X-Slack-Signature", right[3:]) }, 401},
		{"half a signature", func(r *http.Request) { r.Header.Set("X-Slack-Signature", right[:35]) }, 401},
		{"an empty signature", func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0=") }, 401},
		{"a signature that is no hex", func(r *http.Request) { r.Header.Set("X-Slack-Signature", right[:66]+"g") }, 401},
		{"one bit wrong", func(r *http.Request) {
			r.Header.Set("X-Slack-Signature", right[:len(right)-1]+flip(right[len(right)-1]))
		}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			r := knock(approveBody(), formBody, noon)
			tt.spoil(r)
			w := o.serve(r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
			if kept := len(o.service.presses); kept != map[int]int{200: 1}[tt.want] {
				t.Errorf("%d presses kept", kept)
			}
			if tt.want == 401 && w.Body.String() != "unauthorized\n" {
				t.Errorf("the answer says more than no: %q", w.Body)
			}
		})
	}
}

func flip(c byte) string {
	if c == '0' {
		return "1"
	}
	return "0"
}

func TestWithoutASecretNothingComesIn(t *testing.T) {
	o := newOffice(t)
	r := knock(approveBody(), formBody, noon)
	stamp := strconv.FormatInt(noon.Unix(), 10)
	r.Header.Set("X-Slack-Signature", sign("", stamp, approveBody()))
	w := httptest.NewRecorder()
	o.Handler("").ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized || len(o.service.presses) > 0 {
		t.Errorf("status %d, %d presses kept", w.Code, len(o.service.presses))
	}
}

func TestARequestOfTheWrongShapeIsRefused(t *testing.T) {
	huge := "payload=" + strings.Repeat("x", 1<<20)
	tests := []struct {
		name    string
		request *http.Request
		want    int
	}{
		{"GET", httptest.NewRequest(http.MethodGet, "/slack/events", nil), 405},
		{"PUT", httptest.NewRequest(http.MethodPut, "/slack/events", nil), 405},
		{"another path", httptest.NewRequest(http.MethodPost, "/slack", nil), 404},
		{"a body over 1 MiB", knock(huge, formBody, noon), 413},
		{"plain text", knock(approveBody(), "text/plain", noon), 415},
		{"no content type", knock(approveBody(), "", noon), 415},
		{"a form that is none", knock("payload=%zz", formBody, noon), 400},
		{"a form of something else", knock("hello=world", formBody, noon), 400},
		{"an interaction that is no JSON", knock("payload=hello", formBody, noon), 400},
		{"an event that is no JSON", knock("{", jsonBody, noon), 400},
		{"an interaction of a new type", knock("payload=%7B%22type%22%3A%22new%22%7D", formBody, noon), 200},
		{"an event of a new type", knock(`{"type":"event_callback","event":{"type":"new"}}`, jsonBody, noon), 200},
		{"an envelope of a new type", knock(`{"type":"app_rate_limited"}`, jsonBody, noon), 200},
		{"a content type with a charset", knock(approveBody(), formBody+"; charset=utf-8", noon), 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if w := newOffice(t).serve(tt.request); w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
		})
	}
}

func TestTheAddressIsNeverReadForAPayload(t *testing.T) {
	o := newOffice(t)
	for _, body := range []string{"", "hello=world", "text=x"} {
		r := knock(body, formBody, noon)
		r.URL.RawQuery = approveBody() + "&ssl_check=1"
		if w := o.serve(r); w.Code != http.StatusBadRequest {
			t.Errorf("body %q: status %d, want 400", body, w.Code)
		}
	}
	if len(o.service.presses) > 0 {
		t.Error("a payload in the address was believed")
	}
}

func TestARequestServedOnceIsNotServedAgain(t *testing.T) {
	o := newOffice(t)
	for i, want := range []int{200, 401, 401} {
		if w := o.serve(knock(approveBody(), formBody, noon)); w.Code != want {
			t.Errorf("time %d: status %d, want %d", i+1, w.Code, want)
		}
	}
	if len(o.service.presses) != 1 {
		t.Errorf("%d presses kept, want 1", len(o.service.presses))
	}
	if w := o.serve(knock(approveBody(), formBody, noon.Add(time.Second))); w.Code != 200 {
		t.Errorf("the same click a second later: status %d, want 200", w.Code)
	}
}

func TestARequestThatFailedMayBeSentAgain(t *testing.T) {
	o := newOffice(t)
	o.service.err = errors.New("the disk is full")
	if w := o.serve(knock(approveBody(), formBody, noon)); w.Code != 500 {
		t.Fatalf("status %d, want 500", w.Code)
	}
	o.service.err = nil
	if w := o.serve(knock(approveBody(), formBody, noon)); w.Code != 200 {
		t.Errorf("sent again: status %d, want 200", w.Code)
	}
}

// badly spoils a signature.
func badly(r *http.Request) *http.Request {
	r.Header.Set("X-Slack-Signature", sign("guessed", r.Header.Get("X-Slack-Request-Timestamp"), "x"))
	return r
}

func TestSlacksProbesAreAnswered(t *testing.T) {
	question := `{"token":"x","challenge":"3eZbrw1a","type":"url_verification"}`
	unsigned := func(body, mediaType string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/slack/events", strings.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		return r
	}
	tests := []struct {
		name    string
		request *http.Request
		status  int
		body    string
		media   string
	}{
		{"a challenge", knock(question, jsonBody, noon), 200, "3eZbrw1a", "text/plain; charset=utf-8"},
		{"an unsigned challenge", unsigned(question, jsonBody), 401, "unauthorized\n", "text/plain; charset=utf-8"},
		{"a certificate check", unsigned("ssl_check=1&token=x", formBody), 200, "", ""},
		{"a signed certificate check", knock("ssl_check=1&token=x", formBody, noon), 200, "", ""},
		{"a certificate check signed by somebody else", badly(knock("ssl_check=1&token=x", formBody, noon)), 401, "unauthorized\n", "text/plain; charset=utf-8"},
		{"a certificate check that brings a click", unsigned("ssl_check=1&"+approveBody(), formBody), 401, "unauthorized\n", "text/plain; charset=utf-8"},
		{"a certificate check that brings a command", unsigned("ssl_check=1&command=/invite-partner", formBody), 401, "unauthorized\n", "text/plain; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			w := o.serve(tt.request)
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Content-Type") != tt.media {
				t.Errorf("got %d %q as %q", w.Code, w.Body, w.Header().Get("Content-Type"))
			}
			if len(o.service.presses) > 0 {
				t.Error("a probe had an effect")
			}
		})
	}
}

func TestACommandByHTTPIsAcknowledgedEmptyAndThenAnswered(t *testing.T) {
	o := newOffice(t)
	body := url.Values{
		"command": {"/invite-partner"}, "text": {"jane@acme.example She reviews"}, "user_id": {"U0ANN"}, "team_id": {"T0NORTH"},
		"trigger_id": {"1.2.three"}, "response_url": {o.replyURL()},
	}.Encode()
	w := o.serve(knock(body, formBody, noon))
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("acknowledged with %d %q", w.Code, w.Body)
	}
	opened := o.slack.calls("views.open")
	if len(opened) != 1 || !strings.Contains(opened[0], `"initial_value":"jane@acme.example"`) {
		t.Errorf("views.open: %v", opened)
	}
}

func TestFormErrorsByHTTPAreJSON(t *testing.T) {
	o := newOffice(t)
	o.service.err = errors.New("the disk is full")
	body := url.Values{"payload": {`{"type":"view_submission","user":{"id":"U0ANN","team_id":"T0NORTH"},"view":{"callback_id":"invite"}}`}}.Encode()
	w := o.serve(knock(body, formBody, noon))
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json; charset=utf-8" || !strings.Contains(w.Body.String(), `"response_action":"errors"`) {
		t.Errorf("got %d %q as %q", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
}

package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"go.uber.org/goleak"

	"partnerbot/approvals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	theGuest  = "11111111-2222-4333-8444-555555555555"
	theGroup  = "6f0c5a3e-0000-0000-0000-000000000001"
	theTenant = "99999999-0000-4000-8000-000000000000"
	theToken  = "eyJ0eXAiOiJKV1QiLCJub25jZSI6.the.token"
	theTicket = "https://login.microsoftonline.com/redeem?rd=https%3a%2f%2finvitations.microsoft.com%2fredeem%2f%3ftenant%3d9%26user%3d1%26ticket%3dTICKET%26ver%3d2.0"
)

var (
	nine  = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	priya = approvals.Guest{Email: "priya@fabrikam.example", Name: "Priya O'Neil", Company: "Fabrikam"}
	into  = approvals.Grant{Group: theGroup}
)

// asked is a request as it was on the wire.
type asked struct {
	method, path, body string
	query              url.Values
	header             http.Header
	url                *url.URL
}

// graph is a Graph that answers as it is told and remembers what it was asked.
type graph struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []asked
	answer http.HandlerFunc
	group  http.HandlerFunc // to GET /groups/{id}; nil: the group is there
}

func newGraph(t *testing.T, answer http.HandlerFunc) *graph {
	t.Helper()
	g := &graph{answer: answer}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	g.asked = append(g.asked, asked{r.Method, strings.TrimPrefix(r.URL.Path, "/v1.0"), string(body), r.URL.Query(), r.Header.Clone(), r.URL})
	g.mu.Unlock()
	w.Header().Set("request-id", "req-1")
	answer := g.answer
	if r.Method == http.MethodGet && r.URL.Path == "/v1.0/groups/"+theGroup {
		if answer = g.group; answer == nil {
			answer = says200(`{"id":"` + theGroup + `"}`)
		}
	}
	answer(w, r)
}

func (g *graph) requests() []asked {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked)
}

func (g *graph) count(method, path string) int {
	n := 0
	for _, a := range g.requests() {
		if a.method == method && a.path == path {
			n++
		}
	}
	return n
}

// graphSays answers JSON with a status, as Graph types it.
func graphSays(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func says200(body string) http.HandlerFunc { return graphSays(http.StatusOK, body) }

func refuses(status int, code, message string, header ...string) http.HandlerFunc {
	body, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": code, "message": message, "innerError": map[string]any{"request-id": "req-inner", "date": "2026-11-23T09:00:00"},
	}})
	if err != nil {
		panic(err)
	}
	return graphSays(status, string(body), header...)
}

func saysHTML(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprint(w, "<html><body>a proxy speaks</body></html>")
	}
}

func saysNothing(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// cutOff closes the connection: before any answer, or within a body of this status.
func cutOff(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if status != 0 {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "400")
			w.WriteHeader(status)
			io.WriteString(w, `{"id":"`)
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// neverAnswers holds the request until the client has gone.
func neverAnswers(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func invited(w http.ResponseWriter, r *http.Request) {
	graphSays(http.StatusCreated, `{"@odata.context":"x","id":"`+theTenant+`","inviteRedeemUrl":"`+theTicket+`","status":"PendingAcceptance",`+
		`"invitedUserMessageInfo":{"messageLanguage":null,"ccRecipients":[{"emailAddress":{"name":null,"address":null}}]},`+
		`"invitedUser":{"id":"`+theGuest+`","userPrincipalName":"priya_fabrikam.example#EXT#@contoso.onmicrosoft.com"}}`)(w, r)
}

// idle is a credential that always has a token.
type idle struct {
	mu     sync.Mutex
	scopes []string
	cae    bool // a token was asked for that Graph may challenge at any call
	err    error
	empty  bool
}

func (c *idle) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scopes, c.cae = o.Scopes, c.cae || o.EnableCAE
	if c.err != nil || c.empty {
		return azcore.AccessToken{}, c.err
	}
	return azcore.AccessToken{Token: theToken, ExpiresOn: nine.Add(time.Hour)}, nil
}

// config reaches the fake with connections that the test closes.
func (g *graph) config() Config {
	return Config{
		GraphURL: g.URL + "/v1.0", RedirectURL: "https://myapplications.microsoft.com", TenantID: theTenant,
		Credential: &idle{}, Transport: g.Client().Transport, Now: func() time.Time { return nine },
	}
}

func (g *graph) client(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	cfg := g.config()
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func logInto(w io.Writer) func(*Config) {
	return func(cfg *Config) {
		cfg.Log = slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tenantFixture is a tenant on a server of its own, a clock that tests move, and a client with a good token.
type tenantFixture struct {
	*Tenant

	t       *testing.T
	server  *httptest.Server
	changes atomic.Int64
	mu      sync.Mutex
	at      time.Time
}

func newTenantFixture(t *testing.T) *tenantFixture {
	t.Helper()
	f := &tenantFixture{t: t, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	f.Tenant = newTenant(f.clock, func() { f.changes.Add(1) })
	mux := http.NewServeMux()
	f.routes(mux)
	f.server = httptest.NewServer(mux)
	f.setBase(f.server.URL)
	t.Cleanup(func() {
		f.server.Client().CloseIdleConnections()
		f.server.Close()
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *tenantFixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *tenantFixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
}

func (f *tenantFixture) grant(permissions ...string) {
	f.Set(func(s *Settings) { s.Permissions = append(s.Permissions, permissions...) })
}

// graphResult is an answer with its JSON decoded.
type graphResult struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (r graphResult) code() string {
	e, _ := r.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (r graphResult) message() string {
	e, _ := r.body["error"].(map[string]any)
	s, _ := e["message"].(string)
	return s
}

// values are the objects of a list.
func (r graphResult) values() []map[string]any {
	list, _ := r.body["value"].([]any)
	var out []map[string]any
	for _, v := range list {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}

// call makes one Graph call. The body may be nil, a string sent as it is, or anything for JSON; headers are pairs.
func (f *tenantFixture) call(method, path string, body any, headers ...string) graphResult {
	f.t.Helper()
	r, err := f.try(method, path, body, headers...)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (f *tenantFixture) try(method, path string, body any, headers ...string) (graphResult, error) {
	f.t.Helper()
	var payload io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		payload = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.server.URL+"/v1.0"+path, payload)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.newToken())
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := f.server.Client().Do(req)
	if err != nil {
		return graphResult{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	out := graphResult{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &out.body)
	return out, err
}

// invites the address and returns the new guest's ID and link.
func (f *tenantFixture) invites(mail string) (id, link string) {
	f.t.Helper()
	r := f.call("POST", "/invitations", map[string]any{"invitedUserEmailAddress": mail, "inviteRedirectUrl": "https://myapplications.microsoft.com"})
	if r.status != http.StatusCreated {
		f.t.Fatalf("inviting %s: %d %s", mail, r.status, r.text)
	}
	guest, _ := r.body["invitedUser"].(map[string]any)
	id, _ = guest["id"].(string)
	link, _ = r.body["inviteRedeemUrl"].(string)
	return id, link
}

func (f *tenantFixture) member(name string) string {
	f.t.Helper()
	u := f.liveUser(name + "@northwind.example")
	if u == nil {
		f.t.Fatalf("nobody is called %s", name)
	}
	return u.id()
}

func (f *tenantFixture) ref(id string) map[string]any {
	return map[string]any{"@odata.id": f.server.URL + "/v1.0/directoryObjects/" + id}
}

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

func TestAGuestComesInFromInvitationToRedemption(t *testing.T) {
	f := newTenantFixture(t)
	id, link := f.invites("jane@acme.example")
	if r := f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id)); r.status != http.StatusNoContent || r.text != "" {
		t.Fatalf("adding to the group: %d %s", r.status, r.text)
	}
	r := f.call("GET", "/users/"+id+query("$select", "id,externalUserState,externalUserStateChangeDateTime,userPrincipalName,mail"), nil)
	want := map[string]any{
		"@odata.context": f.server.URL + "/v1.0/$metadata#users/$entity", "id": id, "mail": "jane@acme.example",
		"externalUserState": "PendingAcceptance", "externalUserStateChangeDateTime": "2026-03-02T09:00:00Z",
		"userPrincipalName": "jane_acme.example#EXT#@northwind.onmicrosoft.com",
	}
	for name := range want {
		if r.body[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, r.body[name], want[name])
		}
	}
	if len(r.body) != len(want) {
		t.Errorf("more than was selected: %v", r.body)
	}
	f.pass(time.Hour)
	before := f.changes.Load()
	if err := f.Redeem(link); err != nil {
		t.Fatal(err)
	}
	if f.changes.Load() == before {
		t.Error("nobody was told of the redemption")
	}
	g, ok := f.Guest("JANE@acme.example")
	if !ok || g.State != "Accepted" || g.Changed-g.Created != 3600 || g.Groups[0] != "Project Falcon" || !g.Visible || !g.Enabled {
		t.Errorf("the guest is %+v", g)
	}
	if got := f.Members(falconGroup); len(got) != 1 || got[0] != id {
		t.Errorf("members of Falcon: %v, want %s", got, id)
	}
}

func TestTheStateIsShapedForThePage(t *testing.T) {
	f := newTenantFixture(t)
	raw, err := json.Marshal(f.state())
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"guests", "groups", "mails"} {
		if _, ok := s[key].([]any); !ok {
			t.Errorf("%s is %v, want a list even when there is nothing in it", key, s[key])
		}
	}
	if s["name"] != "Northwind" || s["domain"] != "northwind.example" {
		t.Errorf("the tenant calls itself %v, %v", s["name"], s["domain"])
	}
	old, _ := f.Guest("old@fabrikam.example")
	blocked, _ := f.Guest("blocked@fabrikam.example")
	if old.State != "Accepted" || !old.Enabled || blocked.Enabled {
		t.Errorf("the seeded guests are %+v and %+v", old, blocked)
	}
}

func TestEnvironmentNamesTheAuthority(t *testing.T) {
	f := newTenantFixture(t)
	if err := f.startAuthority(t.Context()); err != nil {
		t.Fatal(err)
	}
	env := f.Env()
	if !strings.HasPrefix(env["AZURE_AUTHORITY_HOST"], "https://127.0.0.1:") || env["AZURE_TENANT_ID"] != TenantID ||
		env["AZURE_CLIENT_ID"] != ClientID || env["AZURE_CLIENT_SECRET"] != ClientSecret {
		t.Errorf("the environment is %v", env)
	}
}

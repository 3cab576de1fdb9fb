package sandbox

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEveryAnswerCarriesItsRequestID(t *testing.T) {
	f := newTenantFixture(t)
	r := f.call("GET", "/users/nobody", nil, "client-request-id", "mine")
	e, _ := r.body["error"].(map[string]any)
	inner, _ := e["innerError"].(map[string]any)
	if r.status != 404 || r.code() != "Request_ResourceNotFound" {
		t.Errorf("%d %s", r.status, r.text)
	}
	if inner["request-id"] != r.header.Get("request-id") || len(r.header.Get("request-id")) != 36 {
		t.Errorf("request-id is %q in the header and %v in the body", r.header.Get("request-id"), inner["request-id"])
	}
	if inner["client-request-id"] != "mine" || r.header.Get("client-request-id") != "mine" || inner["date"] != "2026-03-02T09:00:00" {
		t.Errorf("inner error: %v", inner)
	}
	if ok := f.call("GET", "/users", nil); ok.header.Get("request-id") == "" {
		t.Error("an answer without an error has no request-id")
	}
}

func TestWhatGraphDoesNotHaveIsNotFoundInItsShape(t *testing.T) {
	f := newTenantFixture(t)
	for _, call := range []string{"GET /invitations", "GET /me", "DELETE /groups/" + falconGroup, "GET /users/x/y/z", "GET /"} {
		method, path, _ := strings.Cut(call, " ")
		if r := f.call(method, path, nil); r.status != 404 || r.code() == "" {
			t.Errorf("%s: %d %s", call, r.status, r.text)
		}
	}
}

func TestOnlyOurTokensOpenTheDoor(t *testing.T) {
	f := newTenantFixture(t)
	good := f.newToken()
	parts := strings.Split(good, ".")
	for name, header := range map[string]string{
		"none": "", "another scheme": "Basic " + good, "nonsense": "Bearer x", "a changed payload": "Bearer " + parts[0] + "." + parts[0] + "." + parts[2],
		"an unsigned one": "Bearer " + parts[0] + "." + parts[1] + ".",
	} {
		r := f.call("GET", "/users", nil, "Authorization", header)
		if r.status != 401 || r.code() != "InvalidAuthenticationToken" || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %d %s", name, r.status, r.code())
		}
	}
	f.pass(1000 * time.Hour)
	if r := f.call("GET", "/users", nil, "Authorization", "Bearer "+good); r.status != 200 {
		t.Errorf("an old token, where age does not matter: %d", r.status)
	}
	f.Set(func(s *Settings) { s.TokenLifetime = time.Hour })
	if r := f.call("GET", "/users", nil, "Authorization", "Bearer "+good); r.status != 401 || !strings.Contains(r.message(), "expired") {
		t.Errorf("an old token, where it does: %d %s", r.status, r.message())
	}
}

func TestCompressedBodiesAreUnderstoodAndFalseOnesRefused(t *testing.T) {
	f := newTenantFixture(t)
	const body = `{"invitedUserEmailAddress":"jane@acme.example","inviteRedirectUrl":"https://a.example"}`
	if r := f.call("POST", "/invitations", body, "Content-Encoding", "gzip"); r.status != 400 || r.message() != "Invalid Data" {
		t.Errorf("a plain body that claims to be compressed: %d %s", r.status, r.message())
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	if r := f.call("POST", "/invitations", packed.String(), "Content-Encoding", "gzip"); r.status != 201 {
		t.Errorf("a compressed body: %d %s", r.status, r.text)
	}
	calls := f.Calls()
	if last := calls[len(calls)-1]; last.Body != body {
		t.Errorf("the call was kept as %q", last.Body)
	}
}

func TestCallsAreKeptWithoutTheToken(t *testing.T) {
	f := newTenantFixture(t)
	f.call("GET", "/users"+query("$filter", "mail eq 'a b'"), nil, "X-Mine", "1")
	c := f.Calls()[0]
	if c.Method != http.MethodGet || c.Path != "/users" || c.Query != "$filter=mail eq 'a b'" || c.Status != 200 || !strings.Contains(c.Response, `"value":[]`) {
		t.Errorf("the call is %+v", c)
	}
	if c.Header.Get("X-Mine") != "1" || c.Header.Get("Authorization") != "" {
		t.Errorf("its headers are %v", c.Header)
	}
	if list := f.traffic(); len(list) != 1 || list[0].What != "GET /users" || list[0].Status != "200" || list[0].Dir != "from app" {
		t.Errorf("the traffic is %+v", list)
	}
}

func TestFaultsAreUsedUpOneByOne(t *testing.T) {
	f := newTenantFixture(t)
	f.Fail("POST", "/groups/*/members/$ref", GraphFault{Times: 2, Status: 503, RetryAfter: "7"})
	f.Fail("*", "/groups/*/members/$ref", GraphFault{Status: 502, HTML: true})
	f.Fail("GET", "/users", GraphFault{Malformed: true})
	f.Fail("GET", "/users", GraphFault{Status: 429})
	f.Fail("GET", "/users", GraphFault{Status: 400, Code: "Request_BadRequest", Message: "Not a valid reference update."})
	f.Fail("GET", "/users", GraphFault{Status: 500, Body: `{"error":{}}`})
	add := func() graphResult {
		return f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(f.member("ann")))
	}
	for range 2 {
		if r := add(); r.status != 503 || r.header.Get("Retry-After") != "7" || r.code() != "ServiceUnavailable" {
			t.Errorf("%d %s %s", r.status, r.header, r.text)
		}
	}
	if r := add(); r.status != 502 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || !strings.Contains(r.text, "<html>") {
		t.Errorf("%d %s", r.status, r.text)
	}
	if len(f.Members(falconGroup)) != 0 {
		t.Error("a call that failed took effect")
	}
	if r := add(); r.status != 204 {
		t.Errorf("when the faults are used up: %d", r.status)
	}
	if r := f.call("GET", "/users", nil); r.body != nil || r.status != 200 {
		t.Errorf("malformed: %d %s", r.status, r.text)
	}
	if r := f.call("GET", "/users", nil); r.status != 429 || r.code() != "TooManyRequests" || r.message() != "" || r.header.Get("Retry-After") != "" {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := f.call("GET", "/users", nil); r.status != 400 || r.message() != "Not a valid reference update." {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := f.call("GET", "/users", nil); r.status != 500 || r.text != `{"error":{}}` {
		t.Errorf("%d %s", r.status, r.text)
	}
}

func TestACallMayTakeEffectAndStillFail(t *testing.T) {
	f := newTenantFixture(t)
	body := func(mail string) map[string]any {
		return map[string]any{"invitedUserEmailAddress": mail, "inviteRedirectUrl": "https://a.example"}
	}
	f.Fail("POST", "/invitations", GraphFault{Status: 503, AfterEffect: true})
	if r := f.call("POST", "/invitations", body("a@acme.example")); r.status != 503 {
		t.Errorf("got %d", r.status)
	}
	f.Fail("POST", "/invitations", GraphFault{Cut: true, AfterEffect: true})
	if _, err := f.try("POST", "/invitations", body("b@acme.example")); err == nil {
		t.Error("the connection was not cut")
	}
	f.Fail("POST", "/invitations", GraphFault{Cut: true})
	if _, err := f.try("POST", "/invitations", body("c@acme.example")); err == nil {
		t.Error("the connection was not cut")
	}
	for mail, want := range map[string]bool{"a@acme.example": true, "b@acme.example": true, "c@acme.example": false} {
		if _, ok := f.Guest(mail); ok != want {
			t.Errorf("%s is a guest: %t, want %t", mail, ok, want)
		}
	}
	calls := f.Calls()
	if statuses := []int{calls[0].Status, calls[1].Status, calls[2].Status}; !slices.Equal(statuses, []int{503, 0, 0}) {
		t.Errorf("the calls were kept with %v", statuses)
	}
}

func TestHalfACallIsNone(t *testing.T) {
	f := newTenantFixture(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", f.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1.0/invitations HTTP/1.1\r\nHost: graph.test\r\nContent-Length: 99\r\n\r\n{\"invited"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil { // until the server has done with it
		t.Fatal(err)
	}
	if calls := f.Calls(); len(calls) > 0 {
		t.Errorf("it was kept: %+v", calls)
	}
	if r := f.call("POST", "/invitations", map[string]any{"invitedUserEmailAddress": strings.Repeat("x", maxGraphBody)}); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %d", r.status)
	}
	if calls := f.Calls(); len(calls) != 1 {
		t.Errorf("what is too large is a call all the same: %+v", calls)
	}
}

func TestADelayEndsWithTheCaller(t *testing.T) {
	f := newTenantFixture(t)
	f.Fail("GET", "/users", GraphFault{Delay: time.Millisecond})
	if r := f.call("GET", "/users", nil); r.status != 200 {
		t.Errorf("late: %d", r.status)
	}
	f.Fail("GET", "/users", GraphFault{Delay: time.Hour})
	client := *f.server.Client()
	client.Timeout = 20 * time.Millisecond
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+"/v1.0/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := client.Do(req); err == nil {
		resp.Body.Close()
		t.Error("an answer came within the hour")
	} // closing the server in the clean-up waits for the handler: it hangs if the delay outlives the caller
}

func TestBatchesKeepTheirOrderAndTheirFailuresApart(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	r := f.call("POST", "/$batch", map[string]any{"requests": []any{
		map[string]any{"id": "1", "method": "GET", "url": "/users/" + id + "?$select=id,mail"},
		map[string]any{"id": "2", "method": "GET", "url": "/users/nobody"},
		map[string]any{"id": "3", "method": "GET", "url": "/users/" + id, "dependsOn": []string{"2"}},
		map[string]any{
			"id": "4", "method": "POST", "url": "/groups/" + falconGroup + "/members/$ref", "body": f.ref(id),
			"headers": map[string]string{"Content-Type": "application/json"}, "dependsOn": []string{"1"},
		},
	}})
	var got []float64
	list, _ := r.body["responses"].([]any)
	for _, item := range list {
		part, _ := item.(map[string]any)
		status, _ := part["status"].(float64)
		got = append(got, status)
	}
	if !slices.Equal(got, []float64{200, 404, 424, 204}) {
		t.Errorf("%d %s", r.status, r.text)
	}
	if len(f.Members(falconGroup)) != 1 {
		t.Error("the batch's last call had no effect")
	}
	for name, requests := range map[string][]any{
		"none": {}, "twice the same id": {map[string]any{"id": "1", "method": "GET", "url": "/users"}, map[string]any{"id": "1", "method": "GET", "url": "/users"}},
		"too many": make([]any, 21),
	} {
		if r := f.call("POST", "/$batch", map[string]any{"requests": requests}); r.status != 400 {
			t.Errorf("%s: %d", name, r.status)
		}
	}
}

func TestTheOrganisationTellsItsDomainsAndPolicy(t *testing.T) {
	f := newTenantFixture(t)
	f.Set(func(s *Settings) { s.VerifiedDomains = append(s.VerifiedDomains, "northwind.test") })
	org := f.call("GET", "/organization", nil).values()[0]
	domains, _ := org["verifiedDomains"].([]any)
	var names []any
	for _, d := range domains {
		m, _ := d.(map[string]any)
		names = append(names, m["name"])
	}
	if org["id"] != TenantID || !slices.Equal(names, []any{"northwind.example", "northwind.test", "northwind.onmicrosoft.com"}) {
		t.Errorf("the organisation is %v", org)
	}
	if r := f.call("GET", "/policies/authorizationPolicy", nil); r.body["allowInvitesFrom"] != "everyone" {
		t.Errorf("the policy is %s", r.text)
	}
	f.Set(func(s *Settings) { s.InvitationsDisabled = true })
	if r := f.call("GET", "/policies/authorizationPolicy", nil); r.body["allowInvitesFrom"] != "none" {
		t.Errorf("the policy is %s", r.text)
	}
}

func TestManyAtOnceMakeOneGuest(t *testing.T) {
	f := newTenantFixture(t)
	body := map[string]any{"invitedUserEmailAddress": "jane@acme.example", "inviteRedirectUrl": "https://a.example"}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if r, err := f.try("POST", "/invitations", body); err != nil || r.status != 201 {
				t.Errorf("%d %v", r.status, err)
			}
			f.state()
			f.Calls()
		})
	}
	wg.Wait()
	if n := len(f.Guests()); n != 3 {
		t.Errorf("there are %d guests, want the two old ones and Jane", n)
	}
}

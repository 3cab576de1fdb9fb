package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAnswersBearTheTimeOfTheWorld: an app may hold its clock against Slack's.
func TestAnswersBearTheTimeOfTheWorld(t *testing.T) {
	w, c := newWorld(t, unlimited)
	c.move(5 * 24 * time.Hour)
	w.Fail("auth.test", Fault{Status: http.StatusServiceUnavailable})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 2 { // with a fault and without
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.SlackURL()+"auth.test", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got, want := res.Header.Get("Date"), c.now().UTC().Format(http.TimeFormat); got != want {
			t.Errorf("%d is dated %q, want %q", res.StatusCode, got, want)
		}
	}
}

func TestACallSaysWhetherItTookEffect(t *testing.T) {
	f := newTenantFixture(t)
	invite := map[string]any{"invitedUserEmailAddress": "a@acme.example", "inviteRedirectUrl": "https://a.example"}
	for _, fault := range []GraphFault{{Status: 503}, {Status: 503, AfterEffect: true}} {
		f.Fail("POST", "/invitations", fault)
		f.call("POST", "/invitations", invite)
	}
	f.call("POST", "/invitations", invite)
	var effects []bool
	for _, c := range f.Calls() {
		effects = append(effects, c.Effect)
	}
	if !slices.Equal(effects, []bool{false, true, true}) {
		t.Errorf("the calls are kept with %v", effects)
	}
}

func TestFaultsStrikeTheAuthorityAndItsCallsAreKept(t *testing.T) {
	f := newTenantFixture(t)
	client := f.withAuthority()
	f.Fail("GET", "/*/v2.0/.well-known/openid-configuration", GraphFault{Status: 503})
	for range 2 {
		res, err := client.Get(f.authorityURL() + TenantID + "/v2.0/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	var kept []string
	for _, c := range f.AuthorityCalls() {
		kept = append(kept, c.Method+" "+strings.TrimPrefix(c.Path, "/"+TenantID))
	}
	if want := "GET /v2.0/.well-known/openid-configuration"; !slices.Equal(kept, []string{want, want}) || f.AuthorityCalls()[0].Status != 503 {
		t.Errorf("kept: %v", f.AuthorityCalls())
	}
}

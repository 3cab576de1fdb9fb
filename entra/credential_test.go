package entra

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"partnerbot/approvals"
)

// authority is an https token authority that is not Microsoft's; Graph answers at the same address.
func authority(t *testing.T, token http.HandlerFunc) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	mux := http.NewServeMux()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		mux.ServeHTTP(w, r)
	}))
	srv.StartTLS()
	t.Cleanup(srv.Close)
	mux.HandleFunc("GET /"+theTenant+"/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		base := srv.URL + "/" + theTenant
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":"%s/v2.0","authorization_endpoint":"%s/oauth2/v2.0/authorize","token_endpoint":"%s/oauth2/v2.0/token"}`, base, base, base)
	})
	mux.HandleFunc("POST /"+theTenant+"/oauth2/v2.0/token", token)
	mux.HandleFunc("POST /v1.0/invitations", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+theToken {
			refuses(401, "InvalidAuthenticationToken", "Access token is empty.")(w, r)
			return
		}
		invited(w, r)
	})
	return srv, &asked
}

// onlyHere fails every request to another address, as a machine without the internet does.
type onlyHere struct {
	t    *testing.T
	host string
	next http.RoundTripper
}

func (o onlyHere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != o.host {
		o.t.Errorf("%s was asked", r.URL.Host)
	}
	return o.next.RoundTrip(r)
}

func atAuthority(t *testing.T, srv *httptest.Server) *Client {
	t.Helper()
	t.Setenv("AZURE_TENANT_ID", theTenant)
	t.Setenv("AZURE_CLIENT_ID", "33333333-0000-4000-8000-000000000000")
	t.Setenv("AZURE_CLIENT_SECRET", "hunter2")
	g := &graph{Server: srv}
	return g.client(t, func(cfg *Config) {
		cfg.Credential, cfg.AuthorityHost = nil, srv.URL
		cfg.Transport = onlyHere{t, strings.TrimPrefix(srv.URL, "https://"), srv.Client().Transport}
	})
}

func TestAStandInAuthorityIsTrustedWithoutAskingMicrosoft(t *testing.T) {
	srv, asked := authority(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_secret") != "hunter2" || !strings.Contains(r.FormValue("scope"), "https://graph.microsoft.com/.default") {
			t.Errorf("asked for a token with %v", r.Form)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, theToken)
	})
	got, err := atAuthority(t, srv).Invite(t.Context(), priya)
	if err != nil || got.AccountID != theGuest {
		t.Errorf("got %+v, %v after %v", got, err, *asked)
	}
}

func TestARefusedSecretIsTriedAgainLaterInEntrasWords(t *testing.T) {
	srv, asked := authority(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("x-ms-request-id", "trace-1")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: trace-1","error_codes":[7000215]}`)
	})
	_, err := atAuthority(t, srv).Invite(t.Context(), priya)
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := approvals.Trouble{
		Kind: approvals.Later, Doing: "inviting the guest", Code: "token",
		Text: "AADSTS7000215: Invalid client secret provided.", Status: 401, RequestID: "trace-1", Wide: approvals.WideToken,
	}
	if *trouble != want {
		t.Errorf("got  %+v\nwant %+v", *trouble, want)
	}
	for _, a := range *asked {
		if strings.HasPrefix(a, "POST /v1.0") {
			t.Errorf("%s left without a token", a)
		}
	}
}

func TestNewCredentialWantsAnHTTPSAuthorityOfAKnownCloud(t *testing.T) {
	for _, tt := range []struct {
		cloud, host string
		ok          bool
	}{
		{"public", "", true},
		{"china", "", true},
		{"usgov", "https://login.microsoftonline.us/", true},
		{"moon", "", false},
		{"public", "http://127.0.0.1:1/", false},
		{"public", "login.example.com", false},
	} {
		if _, err := NewCredential(tt.cloud, tt.host, nil); (err == nil) != tt.ok {
			t.Errorf("%s %q: %v", tt.cloud, tt.host, err)
		}
	}
}

package entra

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

func TestNewNamesEveryProblemAtOnce(t *testing.T) {
	_, err := New(Config{Cloud: "moon", GraphURL: "http://graph.microsoft.com/v1.0", RedirectURL: "home", Mail: "pigeon"})
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, field := range []string{"cloud:", "graph_url:", "redirect_url:", "invitation_mail:", "now:"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], field) {
			t.Errorf("problem %d of %q is not about %s", i, lines, field)
		}
	}
}

func TestTokensGoOverHTTPSOrToThisMachine(t *testing.T) {
	tests := []struct {
		url string
		ok  bool
	}{
		{"https://graph.microsoft.com/v1.0", true},
		{"https://graph.example.com:8443/v1.0/", true},
		{"http://127.0.0.1:9999/v1.0", true},
		{"http://localhost:9999/v1.0", true},
		{"http://[::1]:9999/v1.0", true},
		{"http://127.0.0.1:9999", true},
		{"https://graph.microsoft.com/beta", false},
		{"http://graph.microsoft.com/v1.0", false},
		{"http://127.0.0.1.example.com/v1.0", false},
		{"http://localhost.example.com/v1.0", false},
		{"http://10.0.0.1/v1.0", false},
		{"https://user:pw@graph.microsoft.com/v1.0", false},
		{"https://graph.microsoft.com/v1.0?x=1", false},
		{"ftp://127.0.0.1/v1.0", false},
		{"graph.microsoft.com/v1.0", false},
		{"https:///v1.0", false},
	}
	for _, tt := range tests {
		_, err := New(Config{
			GraphURL: tt.url, RedirectURL: "https://myapplications.microsoft.com",
			Credential: &idle{}, Now: func() time.Time { return nine },
		})
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.url, err)
		}
	}
}

// The SDK sends no token, and no error, to a host that it was not told of.
func TestEveryCallCarriesATokenOfItsCloud(t *testing.T) {
	for cloud, scope := range map[string]string{
		"":       "https://graph.microsoft.com/.default",
		"public": "https://graph.microsoft.com/.default",
		"usgov":  "https://graph.microsoft.us/.default",
		"dod":    "https://dod-graph.microsoft.us/.default",
		"china":  "https://microsoftgraph.chinacloudapi.cn/.default",
	} {
		for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST"} {
			g := newGraph(t, saysNothing(http.StatusNoContent))
			cred := &idle{}
			c := g.client(t, func(cfg *Config) {
				cfg.Cloud, cfg.Credential = cloud, cred
				cfg.GraphURL = strings.Replace(g.URL, "127.0.0.1", host, 1) + "/v1.0"
			})
			c.Invite(t.Context(), priya)
			c.Find(t.Context(), priya.Email)
			c.Look(t.Context(), theGuest)
			c.Grant(t.Context(), theGuest, into)
			c.TakeBack(t.Context(), theGuest, into)
			c.Check(t.Context())
			sent := g.requests()
			if len(sent) != 6 || len(cred.scopes) != 1 || cred.scopes[0] != scope || cred.cae {
				t.Errorf("%s at %s: %d calls with a token for %v, to be challenged: %t", cloud, host, len(sent), cred.scopes, cred.cae)
			}
			for _, a := range sent {
				if got := a.header.Get("Authorization"); got != "Bearer "+theToken {
					t.Errorf("%s %s carried %q", a.method, a.path, got)
				}
			}
		}
	}
}

func TestEachCloudHasItsOwnGraph(t *testing.T) {
	for cloud, want := range map[string]string{
		"": "https://graph.microsoft.com/v1.0", "usgov": "https://graph.microsoft.us/v1.0",
		"dod": "https://dod-graph.microsoft.us/v1.0", "china": "https://microsoftgraph.chinacloudapi.cn/v1.0",
	} {
		cfg := Config{Cloud: cloud, RedirectURL: "https://myapplications.microsoft.com", Credential: &idle{}, Now: time.Now}
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.adapter.GetBaseUrl(); got != want {
			t.Errorf("%q: got %s, want %s", cloud, got, want)
		}
	}
}

func TestCheckAsksWithATokenAndReportsWhy(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		cred   *idle
		want   approvals.TroubleKind
		code   string
	}{
		{"all is well", says200(`{"value":[]}`), &idle{}, done, ""},
		{"no permission", refuses(403, "Authorization_RequestDenied", "Insufficient privileges."), &idle{}, noLooking, "Authorization_RequestDenied"},
		{"no token", says200(`{"value":[]}`), &idle{err: errors.New("AADSTS700016: Application not found.\r\nTrace ID: 1")}, later, "token"},
		{"not Graph", saysHTML(200), &idle{}, later, ""},
		{"an empty answer", says200(`null`), &idle{}, later, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, tt.answer)
			err := g.client(t, func(cfg *Config) { cfg.Credential = tt.cred }).Check(t.Context())
			if kindOf(t, err) != tt.want {
				t.Fatalf("got %v", err)
			}
			if trouble, ok := errors.AsType[*approvals.Trouble](err); ok && trouble.Code != tt.code {
				t.Errorf("got code %q, want %q", trouble.Code, tt.code)
			}
		})
	}
}

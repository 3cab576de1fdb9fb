package entra

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

const direct = "https://myapplications.microsoft.com/?tenantid=" + theTenant

func account(id, fields string) string {
	return `{"id":"` + id + `","displayName":"Priya O'Neil","mail":"priya@fabrikam.example",` + fields + `}`
}

const (
	asGuest  = `"userType":"Guest","accountEnabled":true,"externalUserState":"PendingAcceptance","externalUserStateChangeDateTime":"2026-11-23T08:00:00Z"`
	asMember = `"userType":"Member","accountEnabled":true,"externalUserState":null,"externalUserStateChangeDateTime":null`
	another  = "22222222-2222-4333-8444-555555555555"
)

var pendingPriya = approvals.Found{ID: theGuest, Name: "Priya O'Neil", Guest: true, Pending: true, Link: direct}

func TestFindMeansTheGuest(t *testing.T) {
	member := approvals.Found{ID: another, Name: "Priya O'Neil"}
	tests := []struct {
		name string
		list string
		next string
		want approvals.Found
		ok   bool
		kind approvals.TroubleKind
	}{
		{"nobody", ``, "", approvals.Found{}, false, done},
		{"one guest", account(theGuest, asGuest), "", pendingPriya, true, done},
		{"a colleague", account(another, asMember), "", member, true, done},
		{"a colleague and a guest", account(another, asMember) + `,` + account(theGuest, asGuest), "", pendingPriya, true, done},
		{"two guests", account(another, asGuest) + `,` + account(theGuest, asGuest), "", approvals.Found{}, false, refused},
		{"more than a page", account(theGuest, asGuest), "https://graph.microsoft.com/next", approvals.Found{}, false, refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := `{"value":[` + tt.list + `]}`
			if tt.next != "" {
				body = `{"@odata.nextLink":"` + tt.next + `","value":[` + tt.list + `]}`
			}
			got, ok, err := newGraph(t, says200(body)).client(t).Find(t.Context(), priya.Email)
			if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok || kindOf(t, err) != tt.kind {
				t.Errorf("ok %t, %v\n%s", ok, err, diff)
			}
		})
	}
}

func TestNoAddressEndsTheFilterEarly(t *testing.T) {
	g := newGraph(t, says200(`{"value":[]}`))
	c := g.client(t)
	if _, _, err := c.Find(t.Context(), "o'neil+a&b#c@fabrikam.example"); err != nil {
		t.Fatal(err)
	}
	sent := g.requests()[0]
	const want = "mail eq 'o''neil+a&b#c@fabrikam.example' or userPrincipalName eq 'o''neil+a&b#c@fabrikam.example' or " +
		"otherMails/any(x:x eq 'o''neil+a&b#c@fabrikam.example') or proxyAddresses/any(x:x eq 'SMTP:o''neil+a&b#c@fabrikam.example')"
	if got := sent.query.Get("$filter"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if sent.query.Get("$select") != accountFields || sent.header.Get("ConsistencyLevel") != "" {
		t.Errorf("asked %v with %v", sent.query, sent.header)
	}
	if _, _, err := c.Find(t.Context(), "  "); kindOf(t, err) != refused || len(g.requests()) != 1 {
		t.Errorf("everybody without an address was looked for: %v", err)
	}
}

func TestLookTellsTheAccountsState(t *testing.T) {
	tests := []struct {
		name, fields string
		want         approvals.Found
	}{
		{"invited", asGuest, pendingPriya},
		{
			"redeemed", `"userType":"Guest","accountEnabled":true,"externalUserState":"Accepted","externalUserStateChangeDateTime":"2026-11-23T08:30:00Z"`,
			approvals.Found{ID: theGuest, Name: "Priya O'Neil", Guest: true, Joined: nine.Add(-30 * time.Minute), Link: direct},
		},
		{
			"blocked", `"userType":"Guest","accountEnabled":false,"externalUserState":"Accepted"`,
			approvals.Found{ID: theGuest, Name: "Priya O'Neil", Guest: true, Disabled: true, Link: direct},
		},
		{"a guest nobody invited", `"userType":"Guest"`, approvals.Found{ID: theGuest, Name: "Priya O'Neil", Guest: true, Link: direct}},
		{"a member from outside", `"userType":"Member","externalUserState":"Accepted"`, approvals.Found{ID: theGuest, Name: "Priya O'Neil"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, says200(account(theGuest, tt.fields)))
			got, err := g.client(t).Look(t.Context(), theGuest)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if sent := g.requests()[0]; sent.path != "/users/"+theGuest || sent.query.Get("$select") != accountFields {
				t.Errorf("asked %+v", sent)
			}
		})
	}
}

func TestLookBelievesNoAnswerAboutSomebodyElse(t *testing.T) {
	_, err := newGraph(t, says200(account(another, asGuest))).client(t).Look(t.Context(), theGuest)
	if kindOf(t, err) != later {
		t.Errorf("got %v", err)
	}
}

func TestTheDirectLinkIsTheCloudsMyApps(t *testing.T) {
	own := "https://intranet.northwind.example/welcome?from=mail"
	const byOwn = "https://intranet.northwind.example/welcome?from=mail&tenantid=" + theTenant
	for cloud, want := range map[string]string{"": direct, "public": direct, "usgov": byOwn, "dod": byOwn, "china": byOwn} {
		g := newGraph(t, says200(account(theGuest, asGuest)))
		got, err := g.client(t, func(cfg *Config) { cfg.Cloud, cfg.RedirectURL = cloud, own }).Look(t.Context(), theGuest)
		if err != nil || got.Link != want {
			t.Errorf("%q: got %q, %v, want %q", cloud, got.Link, err, want)
		}
	}
}

func TestNoDirectLinkWithoutATenant(t *testing.T) {
	g := newGraph(t, says200(account(theGuest, asGuest)))
	got, err := g.client(t, func(cfg *Config) { cfg.TenantID = "" }).Look(t.Context(), theGuest)
	if err != nil || got.Link != "" || !got.Pending {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOnlyObjectIDsGetIntoAPath(t *testing.T) {
	g := newGraph(t, saysNothing(http.StatusNoContent))
	c := g.client(t)
	for _, id := range []string{"", "me", theGuest + "/../x", theGuest + "\n", "../users/" + theGuest, strings.ReplaceAll(theGuest, "-", ""), theGuest + "?x=1"} {
		_, look := c.Look(t.Context(), id)
		bad := approvals.Grant{Group: id}
		for _, err := range []error{
			look, c.Grant(t.Context(), id, into), c.TakeBack(t.Context(), id, into),
			c.Grant(t.Context(), theGuest, bad), c.TakeBack(t.Context(), theGuest, bad),
		} {
			if kindOf(t, err) != refused {
				t.Errorf("%q: got %v", id, err)
			}
		}
	}
	if n := len(g.requests()); n != 0 {
		t.Errorf("%d requests left", n)
	}
}

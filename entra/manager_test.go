package entra

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

const (
	ann          = "ann@northwind.example"
	theColleague = "33333333-2222-4333-8444-555555555555"
	noManager    = "Resource 'manager' does not exist or one of its queried reference-property objects are not present."
)

func colleagues(list ...string) string { return `{"value":[` + strings.Join(list, ",") + `]}` }

func working(id string) string {
	return `{"id":"` + id + `","userType":"Member","accountEnabled":true}`
}

// hierarchy answers who is looked for, and who their manager is.
func hierarchy(people, manager http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/manager") {
			manager(w, r)
			return
		}
		people(w, r)
	}
}

func TestTheManagerIsWhoMaySignInAndHasAnAddress(t *testing.T) {
	const sam = "sam@northwind.example"
	tests := []struct {
		name, manager string
		want          string
		kind          approvals.TroubleKind
	}{
		{"with a mailbox", `{"@odata.type":"#microsoft.graph.user","mail":"sam@northwind.example","userPrincipalName":"s.ortiz@northwind.example","accountEnabled":true}`, sam, done},
		{"without one", `{"@odata.type":"#microsoft.graph.user","mail":null,"userPrincipalName":"sam@northwind.example","accountEnabled":true}`, sam, done},
		{"no type is named", `{"mail":"sam@northwind.example","accountEnabled":true}`, sam, done},
		{"disabled", `{"@odata.type":"#microsoft.graph.user","mail":"sam@northwind.example","accountEnabled":false}`, "", done},
		{"perhaps disabled", `{"@odata.type":"#microsoft.graph.user","mail":"sam@northwind.example"}`, "", done},
		{"a contact", `{"@odata.type":"#microsoft.graph.orgContact","mail":"sam@northwind.example","accountEnabled":true}`, "", done},
		{"a contact whom the app may not read", `{"@odata.type":"#microsoft.graph.orgContact","mail":null}`, "", done},
		{"an answer about something else", `{"hello":1}`, "", later},
		{"no object", `null`, "", later},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, hierarchy(says200(colleagues(working(theColleague))), says200(tt.manager)))
			got, ok, err := g.client(t).Manager(t.Context(), ann)
			if got != tt.want || ok != (tt.want != "") || kindOf(t, err) != tt.kind {
				t.Errorf("got %q, %t, %v", got, ok, err)
			}
		})
	}
}

func TestOnlyOneColleagueHasTheManager(t *testing.T) {
	gone := `{"id":"` + another + `","userType":"Member","accountEnabled":false}`
	guest := `{"id":"` + theGuest + `","userType":"Guest","accountEnabled":true}`
	old := `{"id":"` + theColleague + `","userType":null,"accountEnabled":true}`
	tests := []struct {
		name, people string
		asks         bool // for the manager
		kind         approvals.TroubleKind
	}{
		{"nobody", colleagues(), false, done},
		{"a colleague", colleagues(working(theColleague)), true, done},
		{"a colleague from before there were types", colleagues(old), true, done},
		{"a guest", colleagues(guest), false, done},
		{"a guest and a colleague", colleagues(guest, working(theColleague)), true, done},
		{"a colleague who left", colleagues(gone), false, done},
		{"a colleague who came back", colleagues(gone, working(theColleague)), true, done},
		{"two colleagues", colleagues(working(theColleague), working(another)), false, refused},
		{"more than a page", `{"@odata.nextLink":"https://graph.microsoft.com/next","value":[` + working(theColleague) + `]}`, false, refused},
		{"somebody without an ID", colleagues(working("me")), false, later},
		{"nobody can tell", `{}`, false, later},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, hierarchy(says200(tt.people), says200(`{"mail":"sam@northwind.example","accountEnabled":true}`)))
			_, ok, err := g.client(t).Manager(t.Context(), ann)
			if ok != tt.asks || kindOf(t, err) != tt.kind {
				t.Errorf("got %t, %v", ok, err)
			}
			if n := g.count(http.MethodGet, "/users/"+theColleague+"/manager"); n == 1 != tt.asks || len(g.requests()) != 1+n {
				t.Errorf("asked %+v", g.requests())
			}
		})
	}
}

func TestNoManagerIsToldFromNoAnswer(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   approvals.TroubleKind
	}{
		{"there is none", refuses(404, "Request_ResourceNotFound", noManager), done},
		{"the colleague has gone meanwhile", refuses(404, "Request_ResourceNotFound", "Resource '"+theColleague+"' "+noManager[len("Resource 'manager' "):]), done},
		{"a proxy knows none", saysHTML(404), later},
		{"nobody knows, without a word", saysNothing(404), later},
		{"no such address", refuses(404, "UnknownError", "Resource not found for the segment 'manager'."), later},
		{"the directory could not be read", refuses(404, "Directory_ObjectNotFound", "Unable to read the company information from the directory."), later},
		{"not allowed", refuses(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."), refused},
		{"not allowed by a proxy", saysHTML(403), refused},
		{"a token that Graph does not take", refuses(401, "InvalidAuthenticationToken", "Access token validation failure."), noToken},
		{"throttled", refuses(429, "TooManyRequests", "Slow down.", "Retry-After", "7"), later},
		{"a proxy's page", saysHTML(502), later},
		{"no content", saysNothing(204), later},
		{"cut", cutOff(200), later},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, hierarchy(says200(colleagues(working(theColleague))), tt.answer))
			got, ok, err := g.client(t).Manager(t.Context(), ann)
			if got != "" || ok || kindOf(t, err) != tt.want {
				t.Errorf("got %q, %t, %v", got, ok, err)
			}
			if n := len(g.requests()); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestTheManagerIsWaitedForAsLongAsGraphAsks(t *testing.T) {
	g := newGraph(t, hierarchy(says200(colleagues(working(theColleague))), refuses(429, "TooManyRequests", "Slow down.", "Retry-After", "7")))
	_, _, err := g.client(t).Manager(t.Context(), ann)
	if got := troubleOf(t, err); got.After != 7*time.Second || got.Doing != askingForManager {
		t.Errorf("got %+v", got)
	}
}

func TestAColleagueIsLookedForAtWork(t *testing.T) {
	g := newGraph(t, hierarchy(says200(colleagues(working(theColleague))), refuses(404, "Request_ResourceNotFound", noManager)))
	c := g.client(t)
	if _, _, err := c.Manager(t.Context(), "o'neil+a&b#c@northwind.example"); err != nil {
		t.Fatal(err)
	}
	sent := g.requests()
	const want = "mail eq 'o''neil+a&b#c@northwind.example' or userPrincipalName eq 'o''neil+a&b#c@northwind.example' or " +
		"proxyAddresses/any(x:x eq 'SMTP:o''neil+a&b#c@northwind.example')"
	if got := sent[0].query.Get("$filter"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if sent[0].path != "/users" || sent[0].query.Get("$select") != colleagueFields || sent[0].header.Get("ConsistencyLevel") != "" {
		t.Errorf("asked %+v", sent[0])
	}
	if sent[1].path != "/users/"+theColleague+"/manager" || sent[1].query.Get("$select") != managerFields || len(sent[1].query) != 1 {
		t.Errorf("asked %+v", sent[1])
	}
	if _, _, err := c.Manager(t.Context(), " "); kindOf(t, err) != refused || len(g.requests()) != 2 {
		t.Errorf("everybody without an address was looked for: %v", err)
	}
}

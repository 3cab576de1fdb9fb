package entra

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"partnerbot/approvals"
)

func troubleOf(t *testing.T, err error) *approvals.Trouble {
	t.Helper()
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok {
		t.Fatalf("%T is not trouble: %v", err, err)
	}
	return trouble
}

// guests is a page of the directory: so many of all have joined, then these.
func guests(all, joined int, rest ...string) string {
	var list []string
	for i := range joined {
		list = append(list, fmt.Sprintf(`{"id":"11111111-2222-4333-8444-%012d","accountEnabled":true,"externalUserState":"Accepted"}`, i))
	}
	return fmt.Sprintf(`{"@odata.count":%d,"value":[%s]}`, all, strings.Join(append(list, rest...), ","))
}

func TestGuestsOfADomainAreCounted(t *testing.T) {
	state := func(id, fields string) string { return `{"id":"` + id + `",` + fields + `}` }
	pending := state(theGuest, `"accountEnabled":true,"externalUserState":"PendingAcceptance"`)
	disabled := state(another, `"accountEnabled":false,"externalUserState":"Accepted"`)
	both := state(theColleague, `"accountEnabled":false,"externalUserState":"PendingAcceptance"`)
	tests := []struct {
		name, page string
		want       approvals.TroubleKind
		counted    approvals.TenantCount
	}{
		{"nobody", guests(0, 0), done, approvals.TenantCount{}},
		{"some who joined", guests(3, 3), done, approvals.TenantCount{Guests: 3}},
		{"of each kind", guests(4, 2, pending, disabled), done, approvals.TenantCount{Guests: 4, Disabled: 1, Pending: 1}},
		{"disabled before joining", guests(1, 0, both), done, approvals.TenantCount{Guests: 1, Disabled: 1}},
		{"made by hand, without a state", guests(1, 0, state(theGuest, `"accountEnabled":true`)), done, approvals.TenantCount{Guests: 1}},
		{"a full page", guests(100, 99, disabled), done, approvals.TenantCount{Guests: 100, Disabled: 1}},
		{"more than a page", guests(4711, 99, disabled), done, approvals.TenantCount{Guests: 4711, Disabled: 1, More: true}},
		{"another page of nobody knows how many", strings.Replace(guests(2, 2), `{`, `{"@odata.nextLink":"https://graph.microsoft.com/next",`, 1), done, approvals.TenantCount{Guests: 2, More: true}},
		{"a count that is behind", guests(1, 3), done, approvals.TenantCount{Guests: 3}},
		{"no count", `{"value":[` + pending + `]}`, later, approvals.TenantCount{}},
		{"no list", `{"@odata.count":7}`, later, approvals.TenantCount{}},
		{"somebody without an ID", guests(1, 0, `{"accountEnabled":true}`), later, approvals.TenantCount{}},
		{"nothing in the list", guests(1, 0, `null`), later, approvals.TenantCount{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, says200(tt.page))
			got, err := g.client(t).guestsFrom(t.Context(), "fabrikam.example")
			if got != tt.counted || kindOf(t, err) != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.counted)
			}
			if n := len(g.requests()); n != 1 {
				t.Errorf("%d requests: one says enough", n)
			}
		})
	}
}

func TestGuestsAreCountedByAnAdvancedQuery(t *testing.T) {
	g := newGraph(t, says200(guests(0, 0)))
	c := g.client(t)
	if _, err := c.guestsFrom(t.Context(), "o'neil&sons.example"); err != nil {
		t.Fatal(err)
	}
	sent := g.requests()[0]
	for option, want := range map[string]string{
		"$filter": "userType eq 'Guest' and endsWith(mail,'@o''neil&sons.example')", "$count": "true", "$top": "100", "$select": guestFields,
	} {
		if got := sent.query.Get(option); got != want {
			t.Errorf("%s is %q, want %q", option, got, want)
		}
	}
	if sent.method != http.MethodGet || sent.path != "/users" || sent.header.Get("ConsistencyLevel") != "eventual" || len(sent.query) != 4 {
		t.Errorf("asked %+v", sent)
	}
}

// The header belongs to one question: what is looked for next must not be asked of the index that lags.
func TestOnlyCountingAsksTheIndexThatLags(t *testing.T) {
	g := newGraph(t, says200(guests(0, 0)))
	c := g.client(t)
	if _, err := c.guestsFrom(t.Context(), "fabrikam.example"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Find(t.Context(), priya.Email); err != nil {
		t.Fatal(err)
	}
	if sent := g.requests()[1]; sent.header.Get("ConsistencyLevel") != "" || sent.query.Has("$count") {
		t.Errorf("asked %+v", sent)
	}
}

func TestAGraphThatCannotCountSaysSo(t *testing.T) {
	g := newGraph(t, refuses(400, "Request_UnsupportedQuery", "Operator is not supported without the header."))
	_, err := g.client(t).guestsFrom(t.Context(), "fabrikam.example")
	if got := troubleOf(t, err); got.Kind != refused || got.Doing != countingGuests || got.Code != "Request_UnsupportedQuery" || got.Wide != "" {
		t.Errorf("got %+v", got)
	}
}

func TestFactsAreOfTheAccountAndTheDomain(t *testing.T) {
	disabled := `"userType":"Guest","accountEnabled":false,"externalUserState":"Accepted"`
	unsupported := refuses(400, "Request_UnsupportedQuery", "Operator is not supported.")
	tests := []struct {
		name   string
		people string
		count  http.HandlerFunc
		want   approvals.TenantFacts
		kind   approvals.TroubleKind
	}{
		{"nobody", "", says200(guests(0, 0)), approvals.TenantFacts{}, done},
		{"nobody, of a domain with guests", "", says200(guests(3, 3)), approvals.TenantFacts{Count: approvals.TenantCount{Guests: 3}}, done},
		{"invited before", account(theGuest, asGuest), says200(guests(1, 1)), approvals.TenantFacts{Account: true, Guest: true, Pending: true, Count: approvals.TenantCount{Guests: 1}}, done},
		{"disabled", account(theGuest, disabled), says200(guests(0, 0)), approvals.TenantFacts{Account: true, Guest: true, Disabled: true}, done},
		{"a colleague", account(another, asMember), says200(guests(0, 0)), approvals.TenantFacts{Account: true}, done},
		{"two guests", account(another, asGuest) + `,` + account(theGuest, asGuest), says200(guests(0, 0)), approvals.TenantFacts{}, refused},
		{"nobody may count", account(theGuest, asGuest), unsupported, approvals.TenantFacts{Account: true, Guest: true, Pending: true, Trouble: "Request_UnsupportedQuery"}, done},
		{"nobody may count, says a proxy", "", saysHTML(403), approvals.TenantFacts{Trouble: "refused"}, done},
		{"nobody can count now", account(theGuest, asGuest), saysHTML(502), approvals.TenantFacts{}, later},
		{"nobody can count without a token", "", refuses(401, "InvalidAuthenticationToken", "Invalid audience."), approvals.TenantFacts{}, noToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Has("$count") {
					tt.count(w, r)
					return
				}
				says200(`{"value":[`+tt.people+`]}`)(w, r)
			})
			got, err := g.client(t).Facts(t.Context(), priya.Email, "fabrikam.example")
			if got != tt.want || kindOf(t, err) != tt.kind {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestNobodyIsCountedWhereNoDomainIsMeant(t *testing.T) {
	g := newGraph(t, says200(`{"value":[`+account(theGuest, asGuest)+`]}`))
	got, err := g.client(t).Facts(t.Context(), priya.Email, "")
	if want := (approvals.TenantFacts{Account: true, Guest: true, Pending: true}); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if n := len(g.requests()); n != 1 {
		t.Errorf("%d requests left", n)
	}
}

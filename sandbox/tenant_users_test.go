package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFiltersFindWhomTheyDescribe(t *testing.T) {
	f := newTenantFixture(t)
	f.invites("jane@acme.example")
	f.invites("o_hara@acme.example")
	f.Tenant.mu.Lock()
	f.findUser(func(u *dirUser) bool { return u.mail() == "o_hara@acme.example" }).props["displayName"] = "Pat O'Hara"
	f.Tenant.mu.Unlock()
	const pre = "userPrincipalName eq '{0}' or mail eq '{0}' or proxyAddresses/any(x:x eq 'SMTP:{0}') or otherMails/any(x:x eq '{0}')"
	tests := []struct {
		name, filter string
		advanced     bool
		want         []string
	}{
		{"by address", "mail eq 'jane@acme.example'", false, []string{"jane"}},
		{"without regard to case", "mail eq 'JANE@acme.example'", false, []string{"jane"}},
		{"by any address there is", strings.ReplaceAll(pre, "{0}", "jane@acme.example"), false, []string{"jane"}},
		{"by any address, of a member", strings.ReplaceAll(pre, "{0}", "ann@northwind.example"), false, []string{"Ann Lee"}},
		{"by a name with a quote", "displayName eq 'Pat O''Hara'", false, []string{"Pat O'Hara"}},
		{"and binds tighter than or", "displayName eq 'jane' or userType eq 'Guest' and accountEnabled eq false", false, []string{"Bo Locke", "jane"}},
		{"parentheses first", "(displayName eq 'jane' or userType eq 'Guest') and accountEnabled eq false", false, []string{"Bo Locke"}},
		{"by the start", "startswith(displayName,'O') and userType eq 'Member'", false, []string{"Olga Braun"}},
		{"by the start of an element", "otherMails/any(m:startswith(m,'o_h'))", false, []string{"Pat O'Hara"}},
		{"by state", "externalUserState eq 'PendingAcceptance'", false, []string{"jane", "Pat O'Hara"}},
		{"one of several", "mail in ('jane@acme.example', 'ann@northwind.example')", false, []string{"Ann Lee", "jane"}},
		{"no state at all", "externalUserState eq null and startswith(displayName,'Ada')", false, []string{"Ada Park"}},
		{"not, in an advanced query", "not startswith(mail,'old') and userType ne 'Member' and endswith(mail,'fabrikam.example')", true, []string{"Bo Locke"}},
		{"nobody", "mail eq 'nobody@acme.example'", false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, headers := []string{"$filter", tt.filter, "$select", "displayName"}, []string(nil)
			if tt.advanced {
				q, headers = append(q, "$count", "true"), []string{"ConsistencyLevel", "eventual"}
			}
			r := f.call("GET", "/users"+query(q...), nil, headers...)
			var got []string
			for _, u := range r.values() {
				name, _ := u["displayName"].(string)
				got = append(got, name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || r.status != 200 {
				t.Errorf("%d %s\n%s", r.status, r.message(), diff)
			}
		})
	}
}

func TestQueriesAreRefusedAsGraphRefusesThem(t *testing.T) {
	f := newTenantFixture(t)
	tests := []struct{ name, query, code string }{
		{"an unknown property", query("$filter", "email eq 'x'"), "BadRequest"},
		{"a property nobody filters by", query("$filter", "aboutMe eq 'x'"), "Request_UnsupportedQuery"},
		{"a list compared as a text", query("$filter", "otherMails eq 'x'"), "Request_UnsupportedQuery"},
		{"any of a text", query("$filter", "mail/any(x:x eq 'x')"), "Request_UnsupportedQuery"},
		{"ne in a plain query", query("$filter", "userType ne 'Guest'"), "Request_UnsupportedQuery"},
		{"not in a plain query", query("$filter", "not (userType eq 'Guest')"), "Request_UnsupportedQuery"},
		{"endswith in a plain query", query("$filter", "endswith(mail,'x')"), "Request_UnsupportedQuery"},
		{"greater than", query("$filter", "displayName gt 'a'"), "Request_UnsupportedQuery"},
		{"a quote left open", query("$filter", "mail eq 'x"), "BadRequest"},
		{"a quote not doubled", query("$filter", "displayName eq 'O'Hara'"), "BadRequest"},
		{"nothing after eq", query("$filter", "mail eq"), "BadRequest"},
		{"an open parenthesis", query("$filter", "(mail eq 'x'"), "BadRequest"},
		{"two in a row", query("$filter", "mail eq 'x' mail eq 'y'"), "BadRequest"},
		{"very deep", query("$filter", strings.Repeat("(", 200)+"mail eq 'x'"+strings.Repeat(")", 200)), "BadRequest"},
		{"selecting what is not there", query("$select", "id,email"), "BadRequest"},
		{"expanding what is not there", query("$expand", "friends"), "BadRequest"},
		{"an unknown option", query("$limit", "3"), "BadRequest"},
		{"no page at all", query("$top", "0"), "BadRequest"},
		{"too long a page", query("$top", "1000"), "BadRequest"},
		{"search", query("$search", `"displayName:ann"`), "Request_UnsupportedQuery"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := f.call("GET", "/users"+tt.query, nil); r.status != 400 || r.code() != tt.code {
				t.Errorf("got %d %s %q, want 400 %s", r.status, r.code(), r.message(), tt.code)
			}
		})
	}
}

func TestListsComeInPages(t *testing.T) {
	f := newTenantFixture(t)
	seen, pages := map[string]bool{}, 0
	for next := "/users" + query("$top", "3", "$select", "id", "$orderby", "displayName"); next != ""; pages++ {
		r := f.call("GET", next, nil)
		for _, u := range r.values() {
			id, _ := u["id"].(string)
			seen[id] = true
		}
		link, _ := r.body["@odata.nextLink"].(string)
		next = strings.TrimPrefix(link, f.server.URL+"/v1.0")
	}
	if pages != 3 || len(seen) != 7 {
		t.Errorf("%d people on %d pages, want 7 on 3", len(seen), pages)
	}
}

func TestStateIsToldOnlyWhenSelected(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	for _, path := range []string{"/users/" + id, "/users('" + id + "')", "/users/jane_acme.example%23EXT%23@northwind.onmicrosoft.com"} {
		r := f.call("GET", path, nil)
		if r.status != 200 || r.body["id"] != id {
			t.Errorf("%s: %d %v", path, r.status, r.body["id"])
		}
		if _, told := r.body["externalUserState"]; told {
			t.Errorf("%s tells the state unasked", path)
		}
	}
	if r := f.call("GET", "/users/"+id+query("$select", "sponsors"), nil); r.status != 200 || len(r.body) != 1 {
		t.Errorf("selecting the sponsors yields %v", r.body)
	}
}

func TestPatchesAreCheckedAndWhole(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	if r := f.call("PATCH", "/users/"+id, map[string]any{"accountEnabled": false}); r.status != 403 {
		t.Errorf("disabling without a permission: %d", r.status)
	}
	f.grant("User.EnableDisableAccount.All")
	if r := f.call("PATCH", "/users/"+id, map[string]any{"accountEnabled": false}); r.status != 204 {
		t.Errorf("disabling with its permission: %d %s", r.status, r.text)
	}
	if r := f.call("PATCH", "/users/"+id, map[string]any{"accountEnabled": true, "companyName": "Acme"}); r.status != 403 {
		t.Errorf("more than disabling with that permission: %d", r.status)
	}
	f.grant("User.ReadWrite.All")
	for name, value := range map[string]any{
		"companyName": strings.Repeat("x", 65), "creationType": "Invitation", "shoeSize": "44", "accountEnabled": "no", "otherMails": "x",
		"department": 7, "displayName": "",
	} {
		r := f.call("PATCH", "/users/"+id, map[string]any{"jobTitle": "Spy", name: value})
		if r.status != 400 || !strings.Contains(r.message(), name) {
			t.Errorf("%s=%v: %d %s", name, value, r.status, r.message())
		}
	}
	if r := f.call("PATCH", "/users/"+id, map[string]any{"companyName": "Acme", "department": nil, "@odata.type": "#microsoft.graph.user"}); r.status != 204 {
		t.Errorf("%d %s", r.status, r.text)
	}
	r := f.call("GET", "/users/"+id+query("$select", "companyName,jobTitle,accountEnabled"), nil)
	if r.body["companyName"] != "Acme" || r.body["jobTitle"] != nil || r.body["accountEnabled"] != false {
		t.Errorf("after it all: %v", r.body)
	}
	if g, _ := f.Guest("jane@acme.example"); g.Enabled || g.Company != "Acme" {
		t.Errorf("the guest is %+v", g)
	}
}

func TestSponsorsAreFiveAtMost(t *testing.T) {
	f := newTenantFixture(t)
	f.grant("User.ReadWrite.All")
	r := f.call("POST", "/invitations", map[string]any{
		"invitedUserEmailAddress": "jane@acme.example", "inviteRedirectUrl": "https://a.example",
		"invitedUserSponsors": []any{map[string]any{"id": f.member("sam"), "@odata.type": "#microsoft.graph.user"}},
	})
	if r.status != 201 {
		t.Fatal(r.text)
	}
	g, _ := f.Guest("jane@acme.example")
	path := "/users/" + g.ID + "/sponsors"
	if r := f.call("POST", path+"/$ref", f.ref(f.member("sam"))); r.status != 400 || !strings.Contains(r.message(), "already exist") {
		t.Errorf("the same sponsor again: %d %s", r.status, r.message())
	}
	for _, name := range []string{"ann", "ben", "olga", "ada"} {
		if r := f.call("POST", path+"/$ref", f.ref(f.member(name))); r.status != 204 {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	if r := f.call("POST", path+"/$ref", f.ref(falconGroup)); r.status != 400 {
		t.Errorf("a sixth sponsor: %d", r.status)
	}
	if r := f.call("DELETE", path+"/"+f.member("ann")+"/$ref", nil); r.status != 204 {
		t.Errorf("removing one: %d", r.status)
	}
	if r := f.call("POST", path+"/$ref", f.ref(falconGroup)); r.status != 204 {
		t.Errorf("a group as sponsor: %d", r.status)
	}
	list := f.call("GET", path, nil).values()
	if len(list) != 5 || list[0]["@odata.type"] != "#microsoft.graph.user" || list[4]["@odata.type"] != "#microsoft.graph.group" {
		t.Errorf("the sponsors are %v", list)
	}
	expanded, _ := f.call("GET", "/users/"+g.ID+query("$expand", "sponsors"), nil).body["sponsors"].([]any)
	if len(expanded) != 5 {
		t.Errorf("expanded: %v", expanded)
	}
}

func TestADeletedGuestComesBackWithEveryGroupWithinThirtyDays(t *testing.T) {
	f := newTenantFixture(t)
	id, link := f.invites("jane@acme.example")
	f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id))
	if r := f.call("DELETE", "/users/"+id, nil); r.status != 403 {
		t.Fatalf("deleting without a permission: %d", r.status)
	}
	f.grant("User.ReadWrite.All")
	if r := f.call("DELETE", "/users/"+id, nil); r.status != 204 {
		t.Fatal(r.text)
	}
	if _, ok := f.Guest("jane@acme.example"); ok || len(f.Members(falconGroup)) != 0 || f.call("GET", "/users/"+id, nil).status != 404 {
		t.Error("the deleted guest is still there")
	}
	if err := f.Redeem(link); err == nil {
		t.Error("the link of a deleted guest works")
	}
	f.pass(29 * 24 * time.Hour)
	if got := f.call("GET", "/directory/deletedItems/microsoft.graph.user", nil).values(); len(got) != 1 || got[0]["id"] != id {
		t.Errorf("the deleted are %v", got)
	}
	if r := f.call("POST", "/directory/deletedItems/"+id+"/restore", nil); r.status != 200 || r.body["id"] != id {
		t.Fatalf("restoring: %d %s", r.status, r.text)
	}
	if got := f.Members(falconGroup); !slices.Equal(got, []string{id}) {
		t.Errorf("after the restore Falcon has %v", got)
	}
	f.call("DELETE", "/users/"+id, nil)
	f.pass(30 * 24 * time.Hour)
	if r := f.call("POST", "/directory/deletedItems/"+id+"/restore", nil); r.status != 404 {
		t.Errorf("restoring after thirty days: %d", r.status)
	}
}

func TestRevokingSessionsDoesNothingForGuests(t *testing.T) {
	f := newTenantFixture(t)
	f.grant("User.RevokeSessions.All")
	id, _ := f.invites("jane@acme.example")
	const selected = "signInSessionsValidFromDateTime"
	for who, touched := range map[string]bool{id: false, f.member("ann"): true} {
		if r := f.call("POST", "/users/"+who+"/revokeSignInSessions", nil); r.status != 200 || r.body["value"] != true {
			t.Fatalf("%d %s", r.status, r.text)
		}
		if r := f.call("GET", "/users/"+who+query("$select", selected), nil); (r.body[selected] != nil) != touched {
			t.Errorf("%s: %v", who, r.body[selected])
		}
	}
}

func TestTheManagerIsFoundAndSet(t *testing.T) {
	f := newTenantFixture(t)
	f.grant("User.ReadWrite.All")
	path := "/users/" + f.member("ann") + "/manager"
	if r := f.call("GET", path, nil); r.status != http.StatusNotFound {
		t.Errorf("no manager: %d", r.status)
	}
	if r := f.call("PUT", path+"/$ref", f.ref(f.member("sam"))); r.status != http.StatusNoContent {
		t.Fatal(r.text)
	}
	if r := f.call("GET", path, nil); r.body["displayName"] != "Sam Ortiz" {
		t.Errorf("the manager is %v", r.body)
	}
}

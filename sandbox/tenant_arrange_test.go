package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestGuestsOfADomainAreCountedInAnAdvancedQuery(t *testing.T) {
	f := newTenantFixture(t)
	now := f.now()
	for mail, joined := range map[string]bool{"jane@acme.example": true, "pat@acme.example": false, "kim@notacme.example": true} {
		if err := f.AddGuest(mail, mail, now.Add(-time.Hour), joined); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.AddGuest("JANE@acme.example", "Jane", now, true); err == nil {
		t.Error("one address, two guests")
	}
	if err := f.SetEnabled("pat@acme.example", false); err != nil {
		t.Fatal(err)
	}
	eventual := []string{"ConsistencyLevel", "eventual"}
	const domain = "userType eq 'Guest' and endsWith(mail,'@acme.example')"
	tests := []struct {
		name, filter, count string
		headers             []string
		status, want        int
	}{
		{"all of a domain", domain, "true", eventual, 200, 2},
		{"those who can sign in", domain + " and accountEnabled eq true", "true", eventual, 200, 1},
		{"those who have joined", domain + " and externalUserState eq 'Accepted'", "true", eventual, 200, 1},
		{"without the header", domain, "true", nil, 400, 0},
		{"without the count", domain, "false", eventual, 400, 0},
		{"the end of a name", "endsWith(displayName,'.example')", "true", eventual, 400, 0},
		{"the end of a further address", "otherMails/any(x:endsWith(x,'@acme.example'))", "true", eventual, 200, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := f.call("GET", "/users"+query("$filter", tt.filter, "$count", tt.count, "$select", "id,mail"), nil, tt.headers...)
			if r.status != tt.status || len(r.values()) != tt.want {
				t.Errorf("%d with %d people: %s", r.status, len(r.values()), r.text)
			}
			if count, _ := r.body["@odata.count"].(float64); tt.status == http.StatusOK && int(count) != tt.want {
				t.Errorf("counted %v", r.body["@odata.count"])
			}
		})
	}
}

func TestAPersonsManagerIsSetByWhoeverSetsTheScene(t *testing.T) {
	f := newTenantFixture(t)
	manager := func() graphResult {
		return f.call("GET", "/users/ann@northwind.example/manager"+query("$select", "id,displayName,mail,accountEnabled"), nil)
	}
	if err := f.SetManager("ann@northwind.example", "Ada@northwind.example"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetEnabled("ada@northwind.example", false); err != nil {
		t.Fatal(err)
	}
	if r := manager(); r.status != 200 || r.body["mail"] != "ada@northwind.example" || r.body["accountEnabled"] != false {
		t.Errorf("%d %s", r.status, r.text)
	}
	if err := f.SetManager("ann@northwind.example", ""); err != nil {
		t.Fatal(err)
	}
	if r := manager(); r.status != http.StatusNotFound || !strings.Contains(r.message(), "manager") {
		t.Errorf("%d %s", r.status, r.text)
	}
	for name, err := range map[string]error{
		"a manager who is not there": f.SetManager("ann@northwind.example", "nobody@northwind.example"),
		"somebody who is not there":  f.SetManager("nobody@northwind.example", "ada@northwind.example"),
		"sign-in of nobody":          f.SetEnabled("nobody@northwind.example", true),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

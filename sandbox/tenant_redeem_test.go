package sandbox

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// browse opens a redeem link as a browser does.
func (f *tenantFixture) browse(method, link string) (int, string) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, link, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := f.server.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") || resp.Header.Get("Referrer-Policy") != "no-referrer" {
		f.t.Errorf("%s: the headers are %v", method, resp.Header)
	}
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.StatusCode, string(page)
}

func TestThePartnerReadsThenAccepts(t *testing.T) {
	f := newTenantFixture(t)
	_, link := f.invites("jane@acme.example")
	status, page := f.browse("GET", link)
	if status != 200 || !strings.Contains(page, "<strong>Northwind</strong> would like to") || !strings.Contains(page, ">Accept</button>") || !strings.Contains(page, "jane@acme.example") {
		t.Errorf("%d %s", status, page)
	}
	if g, _ := f.Guest("jane@acme.example"); g.State != "PendingAcceptance" {
		t.Error("looking at the page accepted the invitation")
	}
	for range 2 {
		if status, page = f.browse("POST", link); status != 200 || !strings.Contains(page, "You are now a guest") || !strings.Contains(page, `href="https://myapplications.microsoft.com"`) {
			t.Errorf("%d %s", status, page)
		}
	}
	if g, _ := f.Guest("jane@acme.example"); g.State != "Accepted" {
		t.Errorf("after accepting the guest is %s", g.State)
	}
}

func TestDeadLinksSaySo(t *testing.T) {
	f := newTenantFixture(t)
	_, older := f.invites("jane@acme.example")
	_, newer := f.invites("jane@acme.example")
	otherTenant := strings.Replace(newer, TenantID, "00000000-0000-4000-8000-000000000000", 1)
	for name, link := range map[string]string{
		"an older one": older, "another tenant's": otherTenant, "half of one": newer[:len(newer)-40], "none at all": f.server.URL + "/redeem",
		"markup": f.server.URL + "/redeem?rd=%3Cscript%3Ealert(1)%3C/script%3E",
	} {
		for _, method := range []string{"GET", "POST"} {
			status, page := f.browse(method, link)
			if status != http.StatusGone || !strings.Contains(page, "no longer works") || strings.Contains(page, "<script") {
				t.Errorf("%s, %s: %d %s", name, method, status, page)
			}
		}
	}
	if g, _ := f.Guest("jane@acme.example"); g.State != "PendingAcceptance" {
		t.Error("a dead link was accepted")
	}
}

func TestRedeemTakesAnIDForTheNewestInvitation(t *testing.T) {
	f := newTenantFixture(t)
	f.grant("User.ReadWrite.All")
	id, _ := f.invites("jane@acme.example")
	f.call("PATCH", "/users/"+id, map[string]any{"accountEnabled": false})
	for name, who := range map[string]string{"nobody": "nobody", "a member": f.member("ann"), "somebody disabled": id, "the empty one": ""} {
		if err := f.Redeem(who); err == nil {
			t.Errorf("%s redeemed an invitation", name)
		}
	}
	f.call("PATCH", "/users/"+id, map[string]any{"accountEnabled": true})
	if err := f.Redeem(id); err != nil {
		t.Error(err)
	}
	if g, _ := f.Guest("jane@acme.example"); g.State != "Accepted" {
		t.Errorf("the guest is %s", g.State)
	}
}

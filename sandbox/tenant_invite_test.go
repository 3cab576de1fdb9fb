package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestInvitationsAreRefusedAsTheTenantRefusesThem(t *testing.T) {
	const redirect = "https://apps.example"
	to := func(mail string) map[string]any {
		return map[string]any{"invitedUserEmailAddress": mail, "inviteRedirectUrl": redirect}
	}
	with := func(key string, value any) map[string]any {
		m := to("jane@acme.example")
		m[key] = value
		return m
	}
	tests := []struct {
		name     string
		settings func(*Settings)
		body     any
		status   int
		code     string
		fragment string
	}{
		{"no address", nil, map[string]any{"inviteRedirectUrl": redirect}, 400, "Request_BadRequest", "invitedUserEmailAddress"},
		{"no place to land", nil, map[string]any{"invitedUserEmailAddress": "a@b.example"}, 400, "Request_BadRequest", "inviteRedirectUrl"},
		{"a script as place to land", nil, with("inviteRedirectUrl", "javascript:alert(1)"), 400, "Request_BadRequest", "inviteRedirectUrl"},
		{"not JSON", nil, "{", 400, "BadRequest", "JSON"},
		{"an unknown property", nil, with("companyName", "Acme"), 400, "Request_BadRequest", "'companyName' does not exist"},
		{"a read-only property", nil, with("inviteRedeemUrl", "https://x.example"), 400, "Request_BadRequest", "read-only"},
		{"an unknown type of user", nil, with("invitedUserType", "Owner"), 400, "Request_BadRequest", "invitedUserType"},
		{"a plus sign", nil, to("jane+x@acme.example"), 400, "Request_BadRequest", "not valid"},
		{"a dot at the start", nil, to(".jane@acme.example"), 400, "Request_BadRequest", "not valid"},
		{"a hyphen at the end of the name", nil, to("jane-@acme.example"), 400, "Request_BadRequest", "not valid"},
		{"no domain", nil, to("jane"), 400, "Request_BadRequest", "not valid"},
		{"two recipients of copies", nil, with("invitedUserMessageInfo", map[string]any{"ccRecipients": []any{
			map[string]any{"emailAddress": map[string]any{"address": "a@b.example"}},
			map[string]any{"emailAddress": map[string]any{"address": "c@d.example"}},
		}}), 400, "Request_BadRequest", "one recipient"},
		{"somebody who works here", nil, to("ann@northwind.example"), 400, "Request_BadRequest", "already exists in the directory as object ID: "},
		{"our own domain", nil, to("nobody@Northwind.example"), 400, "Request_BadRequest", "verified domain of this directory"},
		{"a guest who is disabled", nil, to("blocked@fabrikam.example"), 400, "Request_BadRequest", "blocked from signing in"},
		{"a domain on the deny list", func(s *Settings) { s.BlockedDomains = []string{"acme.example"} }, to("jane@ACME.example"), 400, "Request_BadRequest", "currently blocked by your invitation policy"},
		{"a domain shut out by cross-tenant access", func(s *Settings) { s.CrossTenantBlocked = []string{"acme.example"} }, to("jane@acme.example"), 400, "Request_BadRequest", "cross-tenant access settings"},
		{"invitations are off", func(s *Settings) { s.InvitationsDisabled = true }, to("jane@acme.example"), 403, "Forbidden", "invitations not allowed for your company"},
		{"nobody may invite", func(s *Settings) { s.AllowInvitesFrom = "none" }, to("jane@acme.example"), 403, "Forbidden", "invitations not allowed"},
		{"only inviters may, and the app has a wider permission instead", func(s *Settings) {
			s.AllowInvitesFrom, s.Permissions = "adminsAndGuestInviters", []string{"User.ReadWrite.All"}
		}, to("jane@acme.example"), 403, "Forbidden", "invitations not allowed"},
		{"only inviters may, and the app is one", func(s *Settings) { s.AllowInvitesFrom = "adminsAndGuestInviters" }, to("jane@acme.example"), 201, "", ""},
		{"no permission", func(s *Settings) { s.Permissions = []string{"User.Read.All"} }, to("jane@acme.example"), 401, "Unauthorized", "ActionName=CreateInvite"},
		{"a sponsor who does not exist", nil, with("invitedUserSponsors", []any{map[string]any{"id": "nobody"}}), 404, "Request_ResourceNotFound", "'nobody' does not exist"},
		{"a reset without a user", nil, with("resetRedemption", true), 400, "Request_BadRequest", "invitedUser.id"},
		{"an apostrophe and a grave accent", nil, to("d'ar`c@acme.example"), 201, "", ""},
		{"an underscore, a dot and a hyphen", nil, to("_ja.ne-x@acme.example"), 201, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newTenantFixture(t)
			if tt.settings != nil {
				f.Set(tt.settings)
			}
			r := f.call("POST", "/invitations", tt.body)
			if r.status != tt.status || r.code() != tt.code || !strings.Contains(r.message(), tt.fragment) {
				t.Errorf("got %d %s %q; want %d %s with %q", r.status, r.code(), r.message(), tt.status, tt.code, tt.fragment)
			}
			if guests := len(f.Guests()); (guests > 2) != (tt.status == 201) {
				t.Errorf("there are %d guests after status %d", guests, r.status)
			}
		})
	}
}

func TestASecondInvitationKeepsTheGuestAndKillsTheOlderLink(t *testing.T) {
	f := newTenantFixture(t)
	id, first := f.invites("jane@acme.example")
	again, second := f.invites("Jane@Acme.example")
	if id != again {
		t.Errorf("the second invitation made %s, a guest besides %s", again, id)
	}
	if first == second {
		t.Error("the ticket is the same")
	}
	if err := f.Redeem(first); err == nil {
		t.Error("the older link still works")
	}
	if g, _ := f.Guest("jane@acme.example"); g.State != "PendingAcceptance" {
		t.Errorf("the older link made the guest %s", g.State)
	}
	if err := f.Redeem(second); err != nil {
		t.Error(err)
	}
	r := f.call("POST", "/invitations", map[string]any{"invitedUserEmailAddress": "jane@acme.example", "inviteRedirectUrl": "https://a.example"})
	if r.status != http.StatusCreated || r.body["status"] != "Completed" {
		t.Errorf("inviting a guest who is in: %d %v", r.status, r.body["status"])
	}
}

func TestRedeemLinksAreShapedLikeRealOnes(t *testing.T) {
	f := newTenantFixture(t)
	id, link := f.invites("jane@acme.example")
	want := f.server.URL + "/redeem?rd=https%3a%2f%2finvitations.microsoft.com%2fredeem%2f%3ftenant%3d" + TenantID + "%26user%3d" + id + "%26ticket%3d"
	if !strings.HasPrefix(link, want) || !strings.HasSuffix(link, "%26ver%3d2.0") {
		t.Errorf("the link is %s", link)
	}
}

func TestMicrosoftsMailIsGenericAndGoesToNewGuestsOnly(t *testing.T) {
	f := newTenantFixture(t)
	body := map[string]any{
		"invitedUserEmailAddress": "jane@acme.example", "inviteRedirectUrl": "https://a.example", "sendInvitationMessage": true,
		"invitedUserMessageInfo": map[string]any{
			"customizedMessageBody": "Welcome to Falcon, Jane!",
			"ccRecipients":          []any{map[string]any{"emailAddress": map[string]any{"address": "ann@northwind.example"}}},
		},
	}
	for range 2 {
		if r := f.call("POST", "/invitations", body); r.status != http.StatusCreated {
			t.Fatal(r.text)
		}
	}
	f.invites("joe@acme.example")
	mails := f.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails were sent, want 1", len(mails))
	}
	m := mails[0]
	if m.To != "jane@acme.example" || m.Cc != "ann@northwind.example" || m.From != "invites@microsoft.com" || m.Link == "" || m.At == 0 {
		t.Errorf("the mail is %+v", m)
	}
	if strings.Contains(m.Subject+m.Body, "Falcon") {
		t.Errorf("the mail carries the app's own words: %q", m.Body)
	}
}

func TestAResetKeepsTheGuestAndAsksAgain(t *testing.T) {
	f := newTenantFixture(t)
	id, link := f.invites("jane@acme.example")
	if err := f.Redeem(link); err != nil {
		t.Fatal(err)
	}
	body := map[string]any{
		"invitedUserEmailAddress": "jane@newacme.example", "inviteRedirectUrl": "https://a.example", "resetRedemption": true,
		"invitedUser": map[string]any{"id": id},
	}
	if r := f.call("POST", "/invitations", body); r.status != http.StatusForbidden {
		t.Errorf("a reset without User.ReadWrite.All: %d", r.status)
	}
	f.grant("User.ReadWrite.All")
	if r := f.call("POST", "/invitations", body); r.status != http.StatusBadRequest {
		t.Errorf("a reset to an address that is not the guest's: %d %s", r.status, r.text)
	}
	if r := f.call("PATCH", "/users/"+id, map[string]any{"otherMails": []string{"jane@newacme.example"}}); r.status != http.StatusNoContent {
		t.Fatal(r.text)
	}
	if r := f.call("POST", "/invitations", body); r.status != http.StatusCreated {
		t.Fatal(r.text)
	}
	g, ok := f.Guest("jane@newacme.example")
	if !ok || g.ID != id || g.State != "PendingAcceptance" || !strings.HasPrefix(g.UserPrincipalName, "jane_acme.example#") {
		t.Errorf("after the reset the guest is %+v", g)
	}
}

func TestInvitationsAreThrottledByTheTenantsClock(t *testing.T) {
	f := newTenantFixture(t)
	f.Set(func(s *Settings) { s.InvitationLimit = 3 })
	for range 3 {
		f.invites("jane@acme.example")
		f.pass(time.Second)
	}
	body := map[string]any{"invitedUserEmailAddress": "jane@acme.example", "inviteRedirectUrl": "https://a.example"}
	r := f.call("POST", "/invitations", body)
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "2" {
		t.Fatalf("the fourth in five seconds: %d, Retry-After %q", r.status, r.header.Get("Retry-After"))
	}
	f.pass(2 * time.Second)
	if r = f.call("POST", "/invitations", body); r.status != http.StatusCreated {
		t.Errorf("after the wait: %d %s", r.status, r.text)
	}
	f.Set(func(s *Settings) { s.NoThrottle, s.InvitationLimit = true, 0 })
	f.invites("jane@acme.example")
}

func TestANewGuestReplicatesLate(t *testing.T) {
	f := newTenantFixture(t)
	f.grant("User.ReadWrite.All")
	f.Set(func(s *Settings) { s.ReplicationLag = 10 * time.Second })
	id, _ := f.invites("jane@acme.example")
	add := func() graphResult { return f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id)) }
	patch := func() int { return f.call("PATCH", "/users/"+id, map[string]any{"companyName": "Acme"}).status }
	get := func() int { return f.call("GET", "/users/"+id, nil).status }
	find := func() int {
		return len(f.call("GET", "/users"+query("$filter", "mail eq 'jane@acme.example'"), nil).values())
	}
	if g, _ := f.Guest("jane@acme.example"); g.Visible {
		t.Error("the guest is visible at once")
	}
	first, second := add(), add()
	if first.status != 404 || first.code() != "Request_ResourceNotFound" {
		t.Errorf("adding at once: %d %s", first.status, first.code())
	}
	if second.status != 400 || !strings.Contains(second.message(), "one of the objects being referenced do not exist") {
		t.Errorf("adding again: %d %s", second.status, second.message())
	}
	if get() != 404 || patch() != 404 || find() != 0 {
		t.Error("somebody knows the guest at once")
	}
	f.pass(6 * time.Second)
	if get() != 200 || patch() != 404 || find() != 0 || add().status == 204 {
		t.Error("half way, only GET by ID should know the guest")
	}
	f.pass(4 * time.Second)
	if get() != 200 || patch() != 204 || find() != 1 || add().status != 204 {
		t.Error("after the lag, everybody should know the guest")
	}
	if again, _ := f.invites("jane@acme.example"); again != id {
		t.Error("inviting again made another guest")
	}
}

func TestTheEndOfTheReplicationIsAnnounced(t *testing.T) {
	f := newTenantFixture(t)
	told := make(chan struct{}, 100)
	f.changed = func() { told <- struct{}{} }
	f.Set(func(s *Settings) { s.ReplicationLag = time.Millisecond })
	f.invites("jane@acme.example")
	for range 3 { // the setting, the call and the end of the replication
		select {
		case <-told:
		case <-time.NewTimer(10 * time.Second).C:
			t.Fatal("nobody was told that the guest is visible now")
		}
	}
}

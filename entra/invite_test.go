package entra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestAnInvitationAsksForNoMoreThanItNeeds(t *testing.T) {
	tests := []struct {
		name  string
		mail  string
		cloud string
		guest approvals.Guest
		want  map[string]any
	}{
		{"the requester delivers", MailRequester, "public", priya, map[string]any{
			"invitedUserEmailAddress": priya.Email, "invitedUserDisplayName": priya.Name,
			"inviteRedirectUrl": "https://myapplications.microsoft.com", "sendInvitationMessage": false,
		}},
		{"Microsoft delivers", MailMicrosoft, "public", priya, map[string]any{
			"invitedUserEmailAddress": priya.Email, "invitedUserDisplayName": priya.Name,
			"inviteRedirectUrl": "https://myapplications.microsoft.com", "sendInvitationMessage": true,
		}},
		{"a cloud without sponsors, a guest without a name", "", "china", approvals.Guest{Email: priya.Email}, map[string]any{
			"invitedUserEmailAddress": priya.Email,
			"inviteRedirectUrl":       "https://myapplications.microsoft.com", "sendInvitationMessage": false,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, invited)
			got, err := g.client(t, func(cfg *Config) { cfg.Mail, cfg.Cloud = tt.mail, tt.cloud }).Invite(t.Context(), tt.guest)
			if want := (approvals.Invitation{AccountID: theGuest, Link: theTicket}); err != nil || got != want {
				t.Fatalf("got %+v, %v", got, err)
			}
			sent := g.requests()
			var body map[string]any
			if err := json.Unmarshal([]byte(sent[0].body), &body); err != nil || len(sent) != 1 {
				t.Fatal(err, sent)
			}
			if diff := cmp.Diff(tt.want, body); diff != "" {
				t.Error(diff)
			}
			if sent[0].header.Get("Content-Length") != strconv.Itoa(len(sent[0].body)) {
				t.Error("the body left in chunks")
			}
		})
	}
}

func TestAnInvitationWithoutAnAccountOrALinkIsNotOne(t *testing.T) {
	const link, account = `"inviteRedeemUrl":"https://example.com/redeem?ticket=1"`, `"invitedUser":{"id":"` + theGuest + `"}`
	tests := []struct {
		name, body, mail string
		want             approvals.TroubleKind
	}{
		{"all is there", `{` + link + `,` + account + `,"status":"PendingAcceptance"}`, MailRequester, done},
		{"redeemed long ago", `{` + link + `,` + account + `,"status":"Completed"}`, MailRequester, done},
		{"Microsoft says it failed", `{` + link + `,` + account + `,"status":"Error"}`, MailRequester, refused},
		{"no account", `{` + link + `,"status":"PendingAcceptance"}`, MailRequester, unsure},
		{"an account without an ID", `{` + link + `,"invitedUser":{}}`, MailRequester, unsure},
		{"an ID that is none", `{` + link + `,"invitedUser":{"id":"../groups"}}`, MailRequester, unsure},
		{"no link to pass on", `{` + account + `}`, MailRequester, unsure},
		{"no link, but Microsoft wrote", `{` + account + `}`, MailMicrosoft, done},
		{"nothing at all", `{}`, MailRequester, unsure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, graphSays(http.StatusCreated, tt.body))
			got, err := g.client(t, func(cfg *Config) { cfg.Mail = tt.mail }).Invite(t.Context(), priya)
			if kind := kindOf(t, err); kind != tt.want {
				t.Errorf("got %s, want %s: %v", kind, tt.want, err)
			}
			if err != nil && got != (approvals.Invitation{}) {
				t.Errorf("an error came with %+v", got)
			}
		})
	}
}

// The SDK's own client would send a gzip header with a plain body for most of these.
func TestNoClientEverRepeatsOrPacksAnInvitation(t *testing.T) {
	g := newGraph(t, refuses(429, "TooManyRequests", "Slow down.", "Retry-After", "0"))
	const clients = 200
	for range clients {
		if _, err := g.client(t).Invite(t.Context(), priya); kindOf(t, err) != later {
			t.Fatal(err)
		}
	}
	sent := g.requests()
	if len(sent) != clients {
		t.Errorf("%d clients sent %d requests", clients, len(sent))
	}
	for _, a := range sent {
		if a.header.Get("Content-Encoding") != "" || !json.Valid([]byte(a.body)) {
			t.Fatalf("packed: %v %q", a.header, a.body)
		}
	}
}

func TestNoSecretReachesALogOrAnError(t *testing.T) {
	var log bytes.Buffer
	leak := `no: Bearer ` + theToken + ` see ` + theTicket + ` {"client_secret":"hunter2"}`
	answers := []http.HandlerFunc{
		invited, refuses(400, "BadRequest", leak), refuses(400, theToken, leak), refuses(500, "x", leak),
		graphSays(201, `{"inviteRedeemUrl":"`+theTicket+`"}`), graphSays(200, `{"inviteRedeemUrl":"`+theTicket+`"}`), cutOff(201),
	}
	var words strings.Builder
	for _, answer := range answers {
		g := newGraph(t, answer)
		c := g.client(t, logInto(&log))
		_, invite := c.Invite(t.Context(), priya)
		_, _, find := c.Find(t.Context(), priya.Email)
		g.Close()
		_, _, closed := c.Find(t.Context(), priya.Email)
		for _, err := range []error{invite, find, closed, c.Grant(t.Context(), theToken, into)} {
			trouble, _ := errors.AsType[*approvals.Trouble](err)
			stored, err2 := json.Marshal(trouble)
			if err2 != nil {
				t.Fatal(err2)
			}
			fmt.Fprintf(&words, "%v %s %v\n", err, stored, errors.Unwrap(err))
		}
	}
	if !strings.Contains(log.String(), "req-1") {
		t.Error("the log does not name the request")
	}
	for _, secret := range []string{theToken, "TICKET", "hunter2", "eyJ0eXAi"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log says %s", secret)
		}
		if strings.Contains(words.String(), secret) {
			t.Errorf("an error says %s:\n%s", secret, words.String())
		}
	}
	if said := log.String() + words.String(); strings.Contains(said, "fabrikam.example") { // in an address the @ may be escaped
		t.Error("the guest's address was said")
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	g := newGraph(t, invited)
	c := g.client(t)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := c.Invite(t.Context(), priya); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := g.count(http.MethodPost, "/invitations"); n != 32 {
		t.Errorf("%d invitations left", n)
	}
}

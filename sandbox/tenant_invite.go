package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const invitationWindow = 5 * time.Second

var (
	inviteAsApp     = []string{"User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}
	resetRedemption = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
)

type invitation struct {
	Email       string          `json:"invitedUserEmailAddress"`
	RedirectURL string          `json:"inviteRedirectUrl"`
	DisplayName *string         `json:"invitedUserDisplayName"`
	Type        *string         `json:"invitedUserType"`
	Send        bool            `json:"sendInvitationMessage"`
	Reset       bool            `json:"resetRedemption"`
	Message     *messageInfo    `json:"invitedUserMessageInfo"`
	User        *objectRef      `json:"invitedUser"`
	Sponsors    []objectRef     `json:"invitedUserSponsors"`
	SponsorURLs []string        `json:"invitedUserSponsors@odata.bind"`
	ReadOnly    json.RawMessage `json:"inviteRedeemUrl"`
}

type messageInfo struct {
	Cc []struct {
		EmailAddress struct {
			Name    *string `json:"name"`
			Address *string `json:"address"`
		} `json:"emailAddress"`
	} `json:"ccRecipients"`
	Body     *string `json:"customizedMessageBody"`
	Language *string `json:"messageLanguage"`
}

type objectRef struct {
	ID  string `json:"id"`
	URL string `json:"@odata.id"`
}

var invitationProperty = regexp.MustCompile(`^(invitedUser(EmailAddress|DisplayName|MessageInfo|Type|Sponsors(@odata\.bind)?)?|` +
	`invite(Redeem|Redirect)Url|resetRedemption|sendInvitationMessage|status|id|@odata\..*|.*@odata\.type)$`)

// invite is POST /invitations. A refused invitation changes nothing. Whoever is already a guest keeps the same ID and gets
// a new ticket, which kills the older one.
func (t *Tenant) invite(g *graphRequest) graphReply {
	if !t.may(inviteAsApp) {
		return graphRefuse(http.StatusUnauthorized, "Unauthorized", "Insufficient privileges to perform requested operation by the application "+
			"'00000003-0000-0000-c000-000000000000'. ControllerName=MSGraphInviteAPI, ActionName=CreateInvite, URL absolute path=/api/"+TenantID+"/invites")
	}
	if r := t.throttleInvitation(); r != nil {
		return *r
	}
	in, r := readInvitation(g)
	if r != nil {
		return *r
	}
	sponsors, r := t.sponsorsOf(g, in)
	if r != nil {
		return *r
	}
	if in.Reset {
		return t.resetInvitation(in)
	}
	u := t.findUser(func(u *dirUser) bool { return u.known(in.Email) })
	if r := t.inviteRefusal(in, u); r != nil {
		return *r
	}
	now, isNew := t.now(), u == nil
	if isNew {
		u = t.newGuest(in, now)
	}
	for _, id := range sponsors {
		if !slices.Contains(u.sponsors, id) && len(u.sponsors) < maxSponsors {
			u.sponsors = append(u.sponsors, id)
		}
	}
	return t.issueTicket(u, in, in.Send && isNew, now)
}

func (t *Tenant) newGuest(in *invitation, now time.Time) *dirUser {
	name, _, _ := strings.Cut(in.Email, "@")
	if in.DisplayName != nil && *in.DisplayName != "" {
		name = *in.DisplayName
	}
	u := t.addGuest(in.Email, name, now)
	if in.Type != nil {
		u.props["userType"] = cmp.Or(*in.Type, "Guest")
	}
	u.visible = now.Add(t.settings.ReplicationLag)
	t.changeLater(t.settings.ReplicationLag)
	return u
}

// issueTicket ends every invitation that succeeds. Mail goes out only to people who were not in the directory before.
func (t *Tenant) issueTicket(u *dirUser, in *invitation, send bool, now time.Time) graphReply {
	u.ticket = base64.StdEncoding.EncodeToString(tenantRandom(32))
	u.redirect = in.RedirectURL
	link := t.redeemURL(u)
	if send {
		cc := ""
		if in.Message != nil && len(in.Message.Cc) > 0 && in.Message.Cc[0].EmailAddress.Address != nil {
			cc = *in.Message.Cc[0].EmailAddress.Address
		}
		t.post(in.Email, cc, link, now)
	}
	status := pendingAcceptance
	if u.state() == accepted {
		status = "Completed"
	}
	kind := u.text("userType")
	return graphAnswer(http.StatusCreated, map[string]any{
		"@odata.context": t.context("invitations/$entity"),
		"id":             newGUID(), "inviteRedeemUrl": link, "inviteRedirectUrl": in.RedirectURL,
		"invitedUserDisplayName": in.DisplayName, "invitedUserType": kind, "invitedUserEmailAddress": in.Email,
		"sendInvitationMessage": in.Send, "resetRedemption": in.Reset, "status": status,
		"invitedUserMessageInfo": in.Message.echo(), "invitedUser": map[string]any{"id": u.id()},
	})
}

// echo is the message info as an answer carries it: with one empty recipient when there was none.
func (m *messageInfo) echo() map[string]any {
	recipient := map[string]any{"name": nil, "address": nil}
	out := map[string]any{"messageLanguage": nil, "customizedMessageBody": nil}
	if m != nil {
		out["messageLanguage"], out["customizedMessageBody"] = m.Language, m.Body
		if len(m.Cc) > 0 {
			recipient = map[string]any{"name": m.Cc[0].EmailAddress.Name, "address": m.Cc[0].EmailAddress.Address}
		}
	}
	out["ccRecipients"] = []any{map[string]any{"emailAddress": recipient}}
	return out
}

func (t *Tenant) throttleInvitation() *graphReply {
	now := t.now()
	t.invited = slices.DeleteFunc(t.invited, func(at time.Time) bool { return !now.Before(at.Add(invitationWindow)) })
	if t.settings.NoThrottle || len(t.invited) < t.settings.InvitationLimit {
		t.invited = append(t.invited, now)
		return nil
	}
	wait := invitationWindow
	if len(t.invited) > 0 {
		wait = t.invited[0].Add(invitationWindow).Sub(now)
	}
	r := graphRefuse(http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
	r.header = http.Header{}
	r.header.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	return &r
}

// redeemURL is the link for the newest ticket, in the shape of a real one.
func (t *Tenant) redeemURL(u *dirUser) string {
	inner := "https://invitations.microsoft.com/redeem/?tenant=" + TenantID + "&user=" + u.id() + "&ticket=" + lowerEscape(u.ticket) + "&ver=2.0"
	return t.base + "/redeem?rd=" + lowerEscape(inner)
}

var escaped = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerEscape(s string) string {
	return escaped.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower)
}

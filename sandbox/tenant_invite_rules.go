package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	maxSponsors       = 5
	forbiddenInMail   = "~!#$%^&*()+=[]{}\\/|;:\"<>?, \t\r\n"
	notAllowedMessage = "Guest invitations not allowed for your company. Contact your company administrator for more details."
)

// readInvitation refuses what no tenant would take, whoever is in it.
func readInvitation(g *graphRequest) (*invitation, *graphReply) {
	var properties map[string]json.RawMessage
	if r := g.decode(&properties); r != nil {
		return nil, r
	}
	for name := range properties {
		if !invitationProperty.MatchString(name) {
			return nil, badRequest("The property '" + name + "' does not exist on type 'microsoft.graph.invitation'. Make sure to only use property names that are defined by the type.")
		}
	}
	in := &invitation{}
	if r := g.decode(in); r != nil {
		return nil, r
	}
	redirect, err := url.Parse(in.RedirectURL)
	switch {
	case in.Email == "":
		return nil, badRequest("Missing required property: 'invitedUserEmailAddress'.")
	case in.RedirectURL == "":
		return nil, badRequest("Missing required property: 'inviteRedirectUrl'.")
	case err != nil || redirect.Host == "" || redirect.Scheme != "http" && redirect.Scheme != "https":
		return nil, badRequest("Invalid value specified for property 'inviteRedirectUrl' of resource 'invitation'.")
	case !validInvitee(in.Email):
		return nil, badRequest("Invalid value specified for property 'invitedUserEmailAddress' of resource 'invitation'. The e-mail address is not valid.")
	case len(in.ReadOnly) > 0 && string(in.ReadOnly) != "null":
		return nil, badRequest("Property 'inviteRedeemUrl' is read-only and cannot be set.")
	case in.Type != nil && *in.Type != "" && *in.Type != "Guest" && *in.Type != "Member":
		return nil, badRequest("Invalid value specified for property 'invitedUserType' of resource 'invitation'.")
	case in.Message != nil && len(in.Message.Cc) > 1:
		return nil, badRequest("Only one recipient is supported in 'ccRecipients'.")
	case in.Reset && (in.User == nil || in.User.ID == ""):
		return nil, badRequest("The property 'invitedUser.id' is required when 'resetRedemption' is true.")
	}
	return in, nil
}

// validInvitee holds an address against the documented rules: characters that are not permitted, and no dot or hyphen at
// either end of the user name.
func validInvitee(address string) bool {
	name, domain, ok := strings.Cut(address, "@")
	plain := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case !ok || name == "" || len(name) > 64 || len(address) > 254:
		return false
	case strings.ContainsAny(address, forbiddenInMail) || strings.ContainsFunc(address, plain):
		return false
	case strings.Contains(domain, "@") || !strings.Contains(domain, ".") || strings.Contains(address, ".."):
		return false
	}
	return strings.Trim(name, ".-") == name && strings.Trim(domain, ".-") == domain
}

// inviteRefusal is why this tenant does not invite this address; u is who already has it, if anybody.
func (t *Tenant) inviteRefusal(in *invitation, u *dirUser) *graphReply {
	_, domain, _ := strings.Cut(in.Email, "@")
	is := func(d string) bool { return strings.EqualFold(d, domain) }
	var r graphReply
	switch {
	case t.closedToInvitations():
		r = graphRefuse(http.StatusForbidden, "Forbidden", notAllowedMessage)
	case u != nil && u.text("creationType") != "Invitation":
		return badRequest("The invited user already exists in the directory as object ID: " + u.id() +
			". They can use that account to sign in to shared apps and resources.")
	case u != nil && !u.enabled():
		return badRequest("The invited user already exists in the directory as object ID: " + u.id() +
			", but the account is blocked from signing in. If the account is unblocked, they can use that account to sign in to shared apps and resources.")
	case slices.ContainsFunc(t.settings.VerifiedDomains, is) || is(initialDomain):
		return badRequest("This user cannot be invited because the domain of the user's email address is a verified domain of this directory.")
	case slices.ContainsFunc(t.settings.BlockedDomains, is):
		return badRequest("The domain of the user is currently blocked by your invitation policy.")
	case slices.ContainsFunc(t.settings.CrossTenantBlocked, is):
		return badRequest("This invitation is blocked by cross-tenant access settings. Admins in both your organization and the invited user's " +
			"organization must configure cross-tenant access settings to allow the invitation.")
	default:
		return nil
	}
	return &r
}

// closedToInvitations follows what was seen in a live tenant: where invitations are kept to administrators, an app needs
// User.Invite.All itself; wider permissions do not do.
func (t *Tenant) closedToInvitations() bool {
	switch {
	case t.settings.InvitationsDisabled || t.settings.AllowInvitesFrom == "none":
		return true
	case t.settings.AllowInvitesFrom == "adminsAndGuestInviters":
		return !t.may([]string{"User.Invite.All"})
	}
	return false
}

// resetInvitation lets a guest redeem again with another address; the ID, the groups and the user principal name stay.
func (t *Tenant) resetInvitation(in *invitation) graphReply {
	if !t.may(resetRedemption) {
		return graphRefuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	u := t.liveUser(in.User.ID)
	switch {
	case u == nil || !u.writable(t.now()):
		return notFound(in.User.ID)
	case !u.known(in.Email):
		return *badRequest("The property 'invitedUserEmailAddress' must be one of the e-mail addresses of the user whose redemption is reset.")
	}
	if r := t.inviteRefusal(in, u); r != nil {
		return *r
	}
	now := t.now()
	u.props["mail"] = in.Email
	u.setState(pendingAcceptance, now)
	return t.issueTicket(u, in, in.Send, now)
}

// sponsorsOf resolves the sponsors named in an invitation, in either of the two forms.
func (t *Tenant) sponsorsOf(g *graphRequest, in *invitation) ([]string, *graphReply) {
	var ids []string
	for _, ref := range in.Sponsors {
		if ref.ID != "" {
			ids = append(ids, ref.ID)
			continue
		}
		id, r := t.refID(g, ref.URL)
		if r != nil {
			return nil, r
		}
		ids = append(ids, id)
	}
	for _, link := range in.SponsorURLs {
		id, r := t.refID(g, link)
		if r != nil {
			return nil, r
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if u := t.liveUser(id); u == nil && t.group(id) == nil {
			r := notFound(id)
			return nil, &r
		}
	}
	if len(ids) > maxSponsors {
		return nil, badRequest("A user can have at most 5 sponsors.")
	}
	return ids, nil
}

package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

func (t *Tenant) listSponsors(g *graphRequest) graphReply {
	u, r := t.readableUser(g.ids[0])
	if r != nil {
		return *r
	}
	return t.list(g, usersKind, t.objects(u.sponsors), "directoryObjects")
}

func (t *Tenant) addSponsor(g *graphRequest) graphReply {
	u, r := t.writableUser(g.ids[0], true)
	if r != nil {
		return *r
	}
	id, r := t.refBody(g)
	switch {
	case r != nil:
		return *r
	case t.liveUser(id) == nil && t.group(id) == nil:
		return notFound(id)
	case slices.Contains(u.sponsors, id):
		return *badRequest("One or more added object references already exist for the following modified properties: 'sponsors'.")
	case len(u.sponsors) >= maxSponsors:
		return *badRequest("A user can have at most 5 sponsors.")
	}
	u.sponsors = append(u.sponsors, id)
	return graphNoContent
}

func (t *Tenant) removeSponsor(g *graphRequest) graphReply {
	u, r := t.writableUser(g.ids[0], true)
	if r != nil {
		return *r
	}
	i := slices.Index(u.sponsors, g.ids[1])
	if i < 0 {
		return notFound(g.ids[1])
	}
	u.sponsors = slices.Delete(u.sponsors, i, i+1)
	return graphNoContent
}

func (t *Tenant) getManager(g *graphRequest) graphReply {
	u, r := t.readableUser(g.ids[0])
	if r != nil {
		return *r
	}
	m := t.liveUser(u.manager)
	if m == nil {
		return notFound("manager")
	}
	return t.one(g, usersKind, directoryObject(m), "directoryObjects/$entity")
}

func (t *Tenant) setManager(g *graphRequest) graphReply {
	u, r := t.writableUser(g.ids[0], true)
	if r != nil {
		return *r
	}
	id, r := t.refBody(g)
	if r != nil {
		return *r
	}
	if t.liveUser(id) == nil {
		return notFound(id)
	}
	u.manager = id
	return graphNoContent
}

// refBody reads {"@odata.id": "…"}.
func (t *Tenant) refBody(g *graphRequest) (string, *graphReply) {
	var in map[string]json.RawMessage
	if r := g.decode(&in); r != nil {
		return "", r
	}
	var link string
	if json.Unmarshal(in["@odata.id"], &link) != nil || len(in) != 1 {
		return "", badRequest("The request body must hold '@odata.id' and nothing else.")
	}
	return t.refID(g, link)
}

var objectPath = regexp.MustCompile(`^/v1\.0/(?:users|groups|directoryObjects)(?:/([^/]+)|\('([^']+)'\))$`)

// refID is the object that a link names. The link must lead to this Graph: the address it was called under, or its own.
func (t *Tenant) refID(g *graphRequest, link string) (string, *graphReply) {
	u, err := url.Parse(link)
	if err != nil {
		return "", badRequest("Invalid URL format specified in '@odata.id'.")
	}
	own := slices.Contains([]string{g.host, strings.TrimPrefix(t.base, "http://"), "graph.microsoft.com"}, u.Host)
	m := objectPath.FindStringSubmatch(u.Path)
	if !own || m == nil {
		return "", badRequest("Invalid URL format specified in '@odata.id'.")
	}
	return m[1] + m[2], nil
}

// directoryObject is a user's record as lists of mixed objects carry it.
func directoryObject(u *dirUser) map[string]any {
	record := map[string]any{"@odata.type": "#microsoft.graph.user"}
	maps.Copy(record, u.props)
	return record
}

// objects are the records of live users and groups by ID; others are left out.
func (t *Tenant) objects(ids []string) []map[string]any {
	records := []map[string]any{}
	for _, id := range ids {
		if u := t.liveUser(id); u != nil {
			records = append(records, directoryObject(u))
		} else if in := t.group(id); in != nil {
			records = append(records, groupObject(in))
		}
	}
	return records
}

func (t *Tenant) listDeleted(g *graphRequest) graphReply {
	var records []map[string]any
	for _, u := range t.users {
		if t.deletedUser(u.id()) == u {
			records = append(records, directoryObject(u))
		}
	}
	return t.list(g, usersKind, records, "directoryObjects")
}

func (t *Tenant) getDeleted(g *graphRequest) graphReply {
	u := t.deletedUser(g.ids[0])
	if u == nil {
		return notFound(g.ids[0])
	}
	return t.one(g, usersKind, directoryObject(u), "directoryObjects/$entity")
}

// restore brings a deleted user back with groups and sponsors, unless somebody new has the name by now.
func (t *Tenant) restore(g *graphRequest) graphReply {
	u := t.deletedUser(g.ids[0])
	switch {
	case u == nil:
		return notFound(g.ids[0])
	case t.liveUser(u.text("userPrincipalName")) != nil || t.findUser(func(o *dirUser) bool { return o.known(u.mail()) }) != nil:
		return *badRequest("Another object with the same value for property userPrincipalName already exists.")
	}
	u.deleted = time.Time{}
	u.props["deletedDateTime"] = nil
	return t.one(g, usersKind, directoryObject(u), "directoryObjects/$entity")
}

func (t *Tenant) purge(g *graphRequest) graphReply {
	u := t.deletedUser(g.ids[0])
	if u == nil {
		return notFound(g.ids[0])
	}
	t.users = slices.DeleteFunc(t.users, func(o *dirUser) bool { return o == u })
	return graphNoContent
}

// organization tells the tenant's domains, the initial one included.
func (t *Tenant) organization(*graphRequest) graphReply {
	domain := func(name string, isDefault, isInitial bool) map[string]any {
		return map[string]any{
			"name": name, "isDefault": isDefault, "isInitial": isInitial, "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline",
		}
	}
	domains := []any{}
	for i, name := range t.settings.VerifiedDomains {
		domains = append(domains, domain(name, i == 0, false))
	}
	domains = append(domains, domain(initialDomain, len(domains) == 0, true))
	return graphAnswer(http.StatusOK, map[string]any{
		"@odata.context": t.context("organization"),
		"value":          []any{map[string]any{"id": TenantID, "displayName": tenantName, "tenantType": "AAD", "verifiedDomains": domains}},
	})
}

func (t *Tenant) authorizationPolicy(*graphRequest) graphReply {
	from := t.settings.AllowInvitesFrom
	if t.settings.InvitationsDisabled {
		from = "none"
	}
	return graphAnswer(http.StatusOK, map[string]any{
		"@odata.context": t.context("policies/authorizationPolicy/$entity"), "id": "authorizationPolicy", "displayName": "Authorization Policy",
		"description": "Used to manage authorization related settings across the company.", "allowInvitesFrom": from,
		"allowedToSignUpEmailBasedSubscriptions": true, "allowedToUseSSPR": true, "allowEmailVerifiedUsersToJoinOrganization": false,
		"blockMsolPowerShell": false, "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
	})
}

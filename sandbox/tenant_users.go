package sandbox

import (
	"maps"
	"net/http"
	"strings"
)

// userProperties are the properties of a user that a query may name, with the value they have until something sets them.
var userProperties = map[string]any{
	"id": nil, "deletedDateTime": nil, "aboutMe": nil, "accountEnabled": true, "ageGroup": nil, "assignedLicenses": []string{},
	"assignedPlans": []string{}, "businessPhones": []string{}, "city": nil, "companyName": nil, "country": nil, "createdDateTime": nil,
	"creationType": nil, "department": nil, "displayName": nil, "employeeId": nil, "employeeLeaveDateTime": nil, "employeeType": nil,
	"externalUserState": nil, "externalUserStateChangeDateTime": nil, "faxNumber": nil, "givenName": nil, "identities": []string{},
	"imAddresses": []string{}, "jobTitle": nil, "lastPasswordChangeDateTime": nil, "mail": nil, "mailNickname": nil, "mobilePhone": nil,
	"officeLocation": nil, "onPremisesSyncEnabled": nil, "otherMails": []string{}, "postalCode": nil, "preferredLanguage": nil,
	"proxyAddresses": []string{}, "showInAddressList": nil, "signInSessionsValidFromDateTime": nil, "state": nil, "streetAddress": nil,
	"surname": nil, "usageLocation": nil, "userPrincipalName": nil, "userType": nil,
}

var userDefaults = []string{
	"id", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage",
	"surname", "userPrincipalName",
}

// userEdits are the texts that PATCH may set, with their longest value.
var userEdits = map[string]int{
	"displayName": 256, "givenName": 64, "surname": 64, "jobTitle": 128, "department": 64, "companyName": 64, "mail": 254,
	"mobilePhone": 64, "officeLocation": 128, "preferredLanguage": 64, "usageLocation": 2, "employeeId": 16, "employeeType": 64,
	"city": 128, "country": 128, "state": 128, "streetAddress": 1024, "postalCode": 40, "mailNickname": 64, "userType": 64, "faxNumber": 64,
}

var usersKind = entityKind{
	name: "user", properties: userProperties, defaults: userDefaults,
	filterable: []string{
		"id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "mailNickname", "userType", "externalUserState",
		"creationType", "accountEnabled", "companyName", "department", "jobTitle", "usageLocation", "employeeId", "city", "country",
		"proxyAddresses", "otherMails",
	},
}

func badRequest(message string) *graphReply {
	r := graphRefuse(http.StatusBadRequest, "Request_BadRequest", message)
	return &r
}

func notFound(id string) graphReply {
	return graphRefuse(http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
}

func (t *Tenant) context(of string) string {
	base := t.base
	if base == "" {
		base = "https://graph.microsoft.com"
	}
	return base + "/v1.0/$metadata#" + of
}

// writableUser finds the user whom a call changes. While the user replicates, references to them fail in turn as not found
// and as a bad request; other writes are not found.
func (t *Tenant) writableUser(id string, reference bool) (*dirUser, *graphReply) {
	u := t.liveUser(id)
	if u != nil && u.writable(t.now()) {
		return u, nil
	}
	if u != nil && reference {
		if u.refused++; u.refused%2 == 0 {
			return nil, badRequest("The source resource object or one of the objects being referenced do not exist.")
		}
	}
	r := notFound(id)
	return nil, &r
}

func (t *Tenant) readableUser(id string) (*dirUser, *graphReply) {
	u := t.liveUser(id)
	if u == nil || !u.readable(t.now()) {
		r := notFound(id)
		return nil, &r
	}
	return u, nil
}

func (t *Tenant) listUsers(g *graphRequest) graphReply {
	var records []map[string]any
	for _, u := range t.users {
		if u.deleted.IsZero() && u.writable(t.now()) {
			records = append(records, t.expanded(u))
		}
	}
	return t.list(g, usersKind, records, "users")
}

func (t *Tenant) getUser(g *graphRequest) graphReply {
	u, r := t.readableUser(g.ids[0])
	if r != nil {
		return *r
	}
	return t.one(g, usersKind, t.expanded(u), "users/$entity")
}

// expanded is the user's record with what $expand may ask for.
func (t *Tenant) expanded(u *dirUser) map[string]any {
	record := maps.Clone(u.props)
	record["sponsors"] = t.objects(u.sponsors)
	if m := t.liveUser(u.manager); m != nil {
		record["manager"] = directoryObject(m)
	}
	return record
}

func (t *Tenant) patchUser(g *graphRequest) graphReply {
	u, r := t.writableUser(g.ids[0], false)
	if r != nil {
		return *r
	}
	var in map[string]any
	if r := g.decode(&in); r != nil {
		return *r
	}
	maps.DeleteFunc(in, func(name string, _ any) bool { return strings.Contains(name, "@odata.") })
	_, disabling := in["accountEnabled"]
	if (len(in) > 1 || !disabling) && !t.may(writeUsers) {
		return graphRefuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	edited := maps.Clone(u.props)
	for name, value := range in {
		clean, problem := userEdit(name, value)
		if problem != "" {
			return *badRequest(problem)
		}
		edited[name] = clean
	}
	u.props = edited
	return graphNoContent
}

// userEdit returns the value to keep, or the sentence with which Graph refuses it.
func userEdit(name string, value any) (any, string) {
	_, exists := userProperties[name]
	longest, isText := userEdits[name]
	invalid := "Invalid value specified for property '" + name + "' of resource 'User'."
	switch {
	case !exists:
		return nil, "Invalid property '" + name + "'."
	case name == "accountEnabled":
		if b, ok := value.(bool); ok {
			return b, ""
		}
		return nil, invalid
	case name == "otherMails" || name == "businessPhones":
		if list, ok := textList(value); ok {
			return list, ""
		}
		return nil, invalid
	case !isText:
		return nil, "Property '" + name + "' is read-only and cannot be set."
	case value == nil:
		return nil, ""
	}
	if s, ok := value.(string); ok && s != "" && len([]rune(s)) <= longest {
		return s, ""
	}
	return nil, invalid
}

// textList is a JSON list of at most 250 texts of at most 250 characters.
func textList(value any) ([]string, bool) {
	items, ok := value.([]any)
	if !ok || len(items) > 250 {
		return nil, false
	}
	list := []string{}
	for _, item := range items {
		s, ok := item.(string)
		if !ok || len(s) > 250 {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// deleteUser is soft: within 30 days a restore brings the user back with every group.
func (t *Tenant) deleteUser(g *graphRequest) graphReply {
	u, r := t.writableUser(g.ids[0], false)
	if r != nil {
		return *r
	}
	u.deleted = t.now()
	u.props["deletedDateTime"] = graphTime(u.deleted)
	return graphNoContent
}

// revokeSessions says yes and does nothing for guests, whose sessions belong to their home tenant.
func (t *Tenant) revokeSessions(g *graphRequest) graphReply {
	u, r := t.writableUser(g.ids[0], false)
	if r != nil {
		return *r
	}
	if u.text("creationType") != "Invitation" {
		u.props["signInSessionsValidFromDateTime"] = graphTime(t.now())
	}
	return graphAnswer(http.StatusOK, map[string]any{"@odata.context": t.context("Edm.Boolean"), "value": true})
}

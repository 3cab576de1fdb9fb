package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

const maxBind = 20

var groupProperties = map[string]any{
	"id": nil, "deletedDateTime": nil, "classification": nil, "createdDateTime": nil, "description": nil, "displayName": nil,
	"expirationDateTime": nil, "groupTypes": []string{}, "isAssignableToRole": nil, "mail": nil, "mailEnabled": false, "mailNickname": nil,
	"membershipRule": nil, "membershipRuleProcessingState": nil, "onPremisesLastSyncDateTime": nil, "onPremisesSyncEnabled": nil,
	"preferredLanguage": nil, "proxyAddresses": []string{}, "renewedDateTime": nil, "securityEnabled": true, "theme": nil, "visibility": nil,
}

var groupsKind = entityKind{
	name: "group", properties: groupProperties,
	defaults: []string{
		"id", "deletedDateTime", "classification", "createdDateTime", "description", "displayName", "groupTypes", "isAssignableToRole",
		"mail", "mailEnabled", "mailNickname", "membershipRule", "membershipRuleProcessingState", "onPremisesSyncEnabled",
		"proxyAddresses", "securityEnabled", "visibility",
	},
	filterable: []string{"id", "displayName", "mail", "mailNickname", "mailEnabled", "securityEnabled", "groupTypes", "description"},
}

func groupRecord(g *dirGroup) map[string]any {
	record := maps.Clone(groupProperties)
	record["id"], record["displayName"], record["createdDateTime"] = g.id, g.name, "2025-01-06T08:00:00Z"
	record["mailNickname"] = g.id[len(g.id)-4:]
	if g.dynamic {
		record["groupTypes"], record["membershipRule"] = []string{"DynamicMembership"}, "user.objectId -ne null"
		record["membershipRuleProcessingState"] = "On"
	}
	return record
}

func groupObject(g *dirGroup) map[string]any {
	record := groupRecord(g)
	record["@odata.type"] = "#microsoft.graph.group"
	return record
}

func (t *Tenant) listGroups(g *graphRequest) graphReply {
	var records []map[string]any
	for _, in := range t.groups {
		records = append(records, groupRecord(in))
	}
	return t.list(g, groupsKind, records, "groups")
}

func (t *Tenant) getGroup(g *graphRequest) graphReply {
	in := t.group(g.ids[0])
	if in == nil {
		return notFound(g.ids[0])
	}
	return t.one(g, groupsKind, groupRecord(in), "groups/$entity")
}

func (t *Tenant) listMembers(g *graphRequest) graphReply {
	in := t.group(g.ids[0])
	if in == nil {
		return notFound(g.ids[0])
	}
	ids := slices.Clone(t.memberIDs(in))
	for i := 0; g.segments[2] == "transitiveMembers" && i < len(ids); i++ {
		if nested := t.group(ids[i]); nested != nil {
			ids = append(ids, slices.DeleteFunc(slices.Clone(t.memberIDs(nested)), func(id string) bool { return slices.Contains(ids, id) })...)
		}
	}
	return t.list(g, usersKind, t.objects(ids), "directoryObjects")
}

func (t *Tenant) listMemberOf(g *graphRequest) graphReply {
	u, r := t.readableUser(g.ids[0])
	if r != nil {
		return *r
	}
	var records []map[string]any
	for _, in := range t.groupsOf(u.id(), g.segments[2] == "transitiveMemberOf") {
		records = append(records, groupObject(in))
	}
	return t.list(g, groupsKind, records, "directoryObjects")
}

// editableGroup finds the group whose members a call changes. The members of a dynamic group are nobody's to change.
func (t *Tenant) editableGroup(id string) (*dirGroup, *graphReply) {
	in := t.group(id)
	if in == nil {
		r := notFound(id)
		return nil, &r
	}
	if in.dynamic {
		r := graphRefuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return nil, &r
	}
	return in, nil
}

// newMember refuses an object that cannot be added to the group.
func (t *Tenant) newMember(in *dirGroup, id string) *graphReply {
	if t.group(id) == nil {
		if _, r := t.writableUser(id, true); r != nil {
			return r
		}
	}
	if slices.Contains(in.members, id) {
		return badRequest("One or more added object references already exist for the following modified properties: 'members'.")
	}
	return nil
}

func (t *Tenant) addMemberRef(g *graphRequest) graphReply {
	in, r := t.editableGroup(g.ids[0])
	if r != nil {
		return *r
	}
	id, r := t.refBody(g)
	if r != nil {
		return *r
	}
	if r := t.newMember(in, id); r != nil {
		return *r
	}
	in.members = append(in.members, id)
	return graphNoContent
}

// patchGroup adds up to 20 members, all or none.
func (t *Tenant) patchGroup(g *graphRequest) graphReply {
	in, r := t.editableGroup(g.ids[0])
	if r != nil {
		return *r
	}
	var body map[string]json.RawMessage
	if r := g.decode(&body); r != nil {
		return *r
	}
	var links []string
	if json.Unmarshal(body["members@odata.bind"], &links) != nil || len(body) != 1 {
		return graphRefuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	if len(links) == 0 || len(links) > maxBind {
		return *badRequest("The number of references in 'members@odata.bind' must be between 1 and 20.")
	}
	var ids []string
	for _, link := range links {
		id, r := t.refID(g, link)
		if r == nil {
			r = t.newMember(in, id)
		}
		if r != nil {
			return *r
		}
		if slices.Contains(ids, id) {
			return *badRequest("One or more added object references already exist for the following modified properties: 'members'.")
		}
		ids = append(ids, id)
	}
	in.members = append(in.members, ids...)
	return graphNoContent
}

func (t *Tenant) removeMemberRef(g *graphRequest) graphReply {
	in, r := t.editableGroup(g.ids[0])
	if r != nil {
		return *r
	}
	i := slices.Index(in.members, g.ids[1])
	if i < 0 {
		return notFound(g.ids[1])
	}
	in.members = slices.Delete(in.members, i, i+1)
	return graphNoContent
}

// deleteMember is what happens to a removal without /$ref at its end: the member itself is deleted.
func (t *Tenant) deleteMember(g *graphRequest) graphReply {
	in := t.group(g.ids[0])
	if in == nil || !slices.Contains(t.memberIDs(in), g.ids[1]) {
		return notFound(g.ids[1])
	}
	g.ids = g.ids[1:]
	return t.deleteUser(g)
}

func (t *Tenant) checkMemberGroups(g *graphRequest) graphReply {
	u, r := t.readableUser(g.ids[0])
	if r != nil {
		return *r
	}
	var body struct {
		GroupIDs []string `json:"groupIds"`
	}
	if r := g.decode(&body); r != nil {
		return *r
	}
	if len(body.GroupIDs) == 0 || len(body.GroupIDs) > maxBind {
		return *badRequest("The number of values in 'groupIds' must be between 1 and 20.")
	}
	found := []string{}
	for _, in := range t.groupsOf(u.id(), true) {
		if slices.Contains(body.GroupIDs, in.id) {
			found = append(found, in.id)
		}
	}
	return graphAnswer(http.StatusOK, map[string]any{"@odata.context": t.context("Collection(Edm.String)"), "value": found})
}

package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestGroupMembershipIsChangedOnce(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	nowhere := "6f0c5a3e-0000-0000-0000-00000000dead"
	members := "/groups/" + falconGroup + "/members"
	tests := []struct {
		name, method, path string
		body               any
		status             int
		fragment           string
	}{
		{"a first time", "POST", members + "/$ref", f.ref(id), 204, ""},
		{"a second time", "POST", members + "/$ref", f.ref(id), 400, "One or more added object references already exist for the following modified properties: 'members'."},
		{"by the users path", "POST", "/groups/" + heronGroup + "/members/$ref", map[string]any{"@odata.id": "https://graph.microsoft.com/v1.0/users('" + id + "')"}, 204, ""},
		{"somebody who does not exist", "POST", members + "/$ref", f.ref(nowhere), 404, nowhere},
		{"a group that does not exist", "POST", "/groups/" + nowhere + "/members/$ref", f.ref(id), 404, nowhere},
		{"a dynamic group", "POST", "/groups/" + dynamicGroup + "/members/$ref", f.ref(id), 403, "Insufficient privileges"},
		{"a link to another host", "POST", members + "/$ref", map[string]any{"@odata.id": "https://evil.example/v1.0/users/" + id}, 400, "Invalid URL"},
		{"more than a link", "POST", members + "/$ref", map[string]any{"@odata.id": "x", "also": "this"}, 400, "nothing else"},
		{"taking away", "DELETE", members + "/" + id + "/$ref", nil, 204, ""},
		{"taking away twice", "DELETE", members + "/" + id + "/$ref", nil, 404, id},
		{"taking away from a dynamic group", "DELETE", "/groups/" + dynamicGroup + "/members/" + id + "/$ref", nil, 403, "Insufficient privileges"},
		{"renaming with the permission for members only", "PATCH", "/groups/" + falconGroup, map[string]any{"displayName": "x"}, 403, "Insufficient privileges"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := f.call(tt.method, tt.path, tt.body); r.status != tt.status || !strings.Contains(r.message(), tt.fragment) {
				t.Errorf("got %d %q, want %d with %q", r.status, r.message(), tt.status, tt.fragment)
			}
		})
	}
	if g, _ := f.Guest("jane@acme.example"); !slices.Equal(g.Groups, []string{"Project Heron"}) {
		t.Errorf("in the end the guest is in %v", g.Groups)
	}
}

func TestManyMembersAreAddedAllOrNone(t *testing.T) {
	f := newTenantFixture(t)
	bind := func(ids ...string) graphResult {
		var links []string
		for _, id := range ids {
			links = append(links, f.server.URL+"/v1.0/directoryObjects/"+id)
		}
		return f.call("PATCH", "/groups/"+falconGroup, map[string]any{"members@odata.bind": links})
	}
	var many []string
	for i := range 21 {
		id, _ := f.invites("guest" + strconv.Itoa(i) + "@acme.example")
		many = append(many, id)
	}
	ann, ben := f.member("ann"), f.member("ben")
	for name, r := range map[string]graphResult{
		"one is unknown": bind(ann, "nobody"), "one twice": bind(ann, ann), "more than twenty": bind(many...), "none": bind(),
	} {
		if r.status < 400 || len(f.Members(falconGroup)) != 0 {
			t.Errorf("%s: %d, members %v", name, r.status, f.Members(falconGroup))
		}
	}
	if r := bind(ann, ben); r.status != 204 || !slices.Equal(f.Members(falconGroup), []string{ann, ben}) {
		t.Errorf("%d %s: members %v", r.status, r.text, f.Members(falconGroup))
	}
}

func TestForgettingRefDeletesThePersonIfTheAppMay(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id))
	path := "/groups/" + falconGroup + "/members/" + id
	if r := f.call("DELETE", path, nil); r.status != 403 {
		t.Errorf("without User.ReadWrite.All: %d", r.status)
	}
	f.grant("User.ReadWrite.All")
	if r := f.call("DELETE", path, nil); r.status != 204 {
		t.Errorf("with it: %d %s", r.status, r.text)
	}
	if _, ok := f.Guest("jane@acme.example"); ok {
		t.Error("the guest outlived it")
	}
}

func TestMembershipIsToldDirectAndThroughGroups(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id))
	f.call("POST", "/groups/"+heronGroup+"/members/$ref", f.ref(falconGroup))
	names := func(path string) []string {
		var out []string
		for _, v := range f.call("GET", path, nil).values() {
			name, _ := v["displayName"].(string)
			out = append(out, name)
		}
		return out
	}
	for path, want := range map[string][]string{
		"/users/" + id + "/memberOf":                                      {"Project Falcon", "Everyone (dynamic)"},
		"/users/" + id + "/transitiveMemberOf":                            {"Project Falcon", "Everyone (dynamic)", "Project Heron"},
		"/groups/" + heronGroup + "/members":                              {"Project Falcon"},
		"/groups/" + heronGroup + "/transitiveMembers":                    {"Project Falcon", "jane"},
		"/groups" + query("$filter", "startswith(displayName,'Project')"): {"Project Falcon", "Project Heron"},
	} {
		if got := names(path); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	r := f.call("POST", "/users/"+id+"/checkMemberGroups", map[string]any{"groupIds": []string{heronGroup, "other"}})
	if list, _ := r.body["value"].([]any); len(list) != 1 || list[0] != heronGroup {
		t.Errorf("checkMemberGroups: %s", r.text)
	}
	if r := f.call("GET", "/groups/"+dynamicGroup, nil); r.body["displayName"] != "Everyone (dynamic)" || r.status != 200 {
		t.Errorf("the dynamic group is %s", r.text)
	}
}

func TestEveryPermissionIsNeeded(t *testing.T) {
	f := newTenantFixture(t)
	id, _ := f.invites("jane@acme.example")
	ann := f.member("ann")
	tests := []struct {
		method, path string
		body         any
		permission   string
		status       int
	}{
		{"GET", "/users/" + id, nil, "User.Read.All", 200},
		{"GET", "/users", nil, "User.Read.All", 200},
		{"GET", "/users/" + id + "/sponsors", nil, "User.Read.All", 200},
		{"POST", "/users/" + id + "/sponsors/$ref", f.ref(ann), "User.ReadWrite.All", 204},
		{"DELETE", "/users/" + id + "/sponsors/" + ann + "/$ref", nil, "User.ReadWrite.All", 204},
		{"GET", "/users/" + id + "/memberOf", nil, "GroupMember.Read.All", 200},
		{"GET", "/groups", nil, "GroupMember.Read.All", 200},
		{"POST", "/groups/" + falconGroup + "/members/$ref", f.ref(id), "GroupMember.ReadWrite.All", 204},
		{"DELETE", "/groups/" + falconGroup + "/members/" + id + "/$ref", nil, "GroupMember.ReadWrite.All", 204},
		{"PATCH", "/users/" + id, map[string]any{"companyName": "Acme"}, "User.ReadWrite.All", 204},
		{"POST", "/users/" + id + "/revokeSignInSessions", nil, "User.RevokeSessions.All", 200},
		{"GET", "/organization", nil, "Organization.Read.All", 200},
		{"GET", "/policies/authorizationPolicy", nil, "Policy.Read.All", 200},
		{"DELETE", "/users/" + id, nil, "User.DeleteRestore.All", 204},
		{"GET", "/directory/deletedItems", nil, "User.Read.All", 200},
		{"POST", "/directory/deletedItems/" + id + "/restore", nil, "User.DeleteRestore.All", 200},
	}
	for _, tt := range tests {
		f.Set(func(s *Settings) { s.Permissions = []string{"Mail.Send"} })
		if r := f.call(tt.method, tt.path, tt.body); r.status != 403 || r.code() != "Authorization_RequestDenied" {
			t.Errorf("%s %s without %s: %d %s", tt.method, tt.path, tt.permission, r.status, r.code())
		}
		f.Set(func(s *Settings) { s.Permissions = []string{tt.permission} })
		if r := f.call(tt.method, tt.path, tt.body); r.status != tt.status {
			t.Errorf("%s %s with %s: %d %s", tt.method, tt.path, tt.permission, r.status, r.text)
		}
	}
}

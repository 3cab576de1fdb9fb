package sandbox

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// graphContract is Microsoft's own description of the calls.
func graphContract(t *testing.T) routers.Router {
	t.Helper()
	folder := os.Getenv("PARTNERBOT_CONTRACTS")
	if folder == "" {
		t.Skip("contract checks were not run: set PARTNERBOT_CONTRACTS")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(folder, "graph-v1.0-slice.json"))
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// contractCalls makes at least one call of every kind, and returns after the last.
func contractCalls(f *tenantFixture) {
	f.grant("User.ReadWrite.All", "User.RevokeSessions.All")
	f.call("POST", "/invitations", map[string]any{
		"invitedUserEmailAddress": "jane@acme.example", "inviteRedirectUrl": "https://a.example", "invitedUserDisplayName": "Jane Roe",
		"sendInvitationMessage": true, "invitedUserMessageInfo": map[string]any{"messageLanguage": "ko-KR"},
		"invitedUserSponsors": []any{map[string]any{"@odata.type": "#microsoft.graph.user", "id": f.member("sam")}},
	})
	id, _ := f.invites("jane@acme.example")
	ann := f.member("ann")
	f.call("GET", "/users"+query("$filter", "mail eq 'jane@acme.example' or otherMails/any(x:x eq 'jane@acme.example')", "$top", "2"), nil)
	f.call("GET", "/users"+query("$count", "true", "$top", "3", "$filter", "userType eq 'Guest'"), nil, "ConsistencyLevel", "eventual")
	f.call("GET", "/users/"+id+query("$select", "id,externalUserState,externalUserStateChangeDateTime,accountEnabled", "$expand", "sponsors"), nil)
	f.call("PATCH", "/users/"+id, map[string]any{"companyName": "Acme", "accountEnabled": true})
	f.call("POST", "/users/"+id+"/sponsors/$ref", f.ref(ann))
	f.call("GET", "/users/"+id+"/sponsors", nil)
	f.call("DELETE", "/users/"+id+"/sponsors/"+ann+"/$ref", nil)
	f.call("PUT", "/users/"+id+"/manager/$ref", f.ref(ann))
	f.call("GET", "/users/"+id+"/manager", nil)
	f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id))
	f.call("POST", "/groups/"+falconGroup+"/members/$ref", f.ref(id))
	f.call("PATCH", "/groups/"+falconGroup, map[string]any{"members@odata.bind": []string{f.server.URL + "/v1.0/directoryObjects/" + ann}})
	f.call("GET", "/groups/"+falconGroup+"/members", nil)
	f.call("GET", "/groups/"+falconGroup+"/transitiveMembers", nil)
	f.call("GET", "/groups", nil)
	f.call("GET", "/groups/"+dynamicGroup, nil)
	f.call("GET", "/users/"+id+"/memberOf", nil)
	f.call("GET", "/users/"+id+"/transitiveMemberOf", nil)
	f.call("POST", "/users/"+id+"/checkMemberGroups", map[string]any{"groupIds": []string{falconGroup}})
	f.call("POST", "/users/"+id+"/revokeSignInSessions", nil)
	f.call("POST", "/$batch", map[string]any{"requests": []any{
		map[string]any{"id": "1", "method": "GET", "url": "/users/" + id}, map[string]any{"id": "2", "method": "GET", "url": "/users/nobody"},
	}})
	f.call("DELETE", "/groups/"+falconGroup+"/members/"+id+"/$ref", nil)
	f.call("DELETE", "/users/"+id, nil)
	f.call("GET", "/directory/deletedItems/microsoft.graph.user", nil)
	f.call("GET", "/directory/deletedItems/"+id, nil)
	f.call("POST", "/directory/deletedItems/"+id+"/restore", nil)
	f.call("GET", "/organization", nil)
	f.call("POST", "/invitations", map[string]any{"invitedUserEmailAddress": "ann@northwind.example", "inviteRedirectUrl": "https://a.example"})
	f.Set(func(s *Settings) { s.Permissions = nil })
	f.call("GET", "/users/"+id, nil)
	f.call("POST", "/invitations", map[string]any{"invitedUserEmailAddress": "x@acme.example", "inviteRedirectUrl": "https://a.example"})
}

func TestCallsAndAnswersKeepGraphsContract(t *testing.T) {
	router := graphContract(t)
	f := newTenantFixture(t)
	contractCalls(f)
	checked := 0
	for _, c := range f.Calls() {
		if c.Path == "" || strings.HasSuffix(c.Path, "/manager/$ref") { // not in the slice
			continue
		}
		if err := keepsContract(t, router, c); err != nil {
			t.Errorf("%s %s, answered %d %s: %v", c.Method, c.Path, c.Status, c.Response, err)
		}
		checked++
	}
	if checked < 30 {
		t.Errorf("only %d calls were checked", checked)
	}
}

func TestTheContractCheckSeesAWrongAnswer(t *testing.T) {
	router := graphContract(t)
	f := newTenantFixture(t)
	f.invites("jane@acme.example")
	c := f.Calls()[0]
	c.Response = strings.Replace(c.Response, `"resetRedemption":false`, `"resetRedemption":"no"`, 1)
	if keepsContract(t, router, c) == nil {
		t.Error("a wrong answer passed")
	}
	c = f.Calls()[0]
	c.Body = `{"invitedUserEmailAddress":"jane@acme.example"}`
	if keepsContract(t, router, c) == nil {
		t.Error("a wrong request passed")
	}
}

// keepsContract validates the request, if it was accepted, and the answer.
func keepsContract(t *testing.T, router routers.Router, c GraphCall) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.Method, "/v1.0"+c.Path, strings.NewReader(c.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.URL.RawQuery = strings.ReplaceAll(c.Query, " ", "%20")
	req.Header = c.Header.Clone()
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: &openapi3filter.Options{IncludeResponseStatus: true}}
	if c.Status < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			return err
		}
	}
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: c.Status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(c.Response)), Options: in.Options,
	})
}

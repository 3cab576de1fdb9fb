package entra

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// microsofts are the shapes that Microsoft publishes for Graph.
func microsofts(t *testing.T) routers.Router {
	t.Helper()
	dir := os.Getenv("PARTNERBOT_CONTRACTS")
	if dir == "" {
		t.Skip("contract checks were not run: set PARTNERBOT_CONTRACTS")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "graph-v1.0-slice.json"))
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// keeps validates one request as it was on the wire, the query's names included.
func keeps(ctx context.Context, router routers.Router, a asked) error {
	r := httptest.NewRequest(a.method, a.url.String(), strings.NewReader(a.body))
	r.Header = a.header
	route, params, err := router.FindRoute(r)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(ctx, &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{RejectWhenRequestBodyNotSpecified: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

func TestEveryRequestHasMicrosoftsShape(t *testing.T) {
	router := microsofts(t)
	g := newGraph(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1.0/invitations":
			invited(w, r)
		case strings.HasPrefix(r.URL.Query().Get("$select"), colleagueFields):
			says200(colleagues(working(theColleague)))(w, r)
		default:
			refuses(404, "Request_ResourceNotFound", "Resource not present.")(w, r)
		}
	})
	c := g.client(t)
	c.Invite(t.Context(), priya)
	c.Find(t.Context(), priya.Email)
	c.Look(t.Context(), theGuest)
	c.Grant(t.Context(), theGuest, into) // asks for the group, too
	c.TakeBack(t.Context(), theGuest, into)
	c.Check(t.Context())
	c.Manager(t.Context(), ann) // looks for the colleague first
	c.guestsFrom(t.Context(), "fabrikam.example")
	sent := g.requests()
	if len(sent) != 10 {
		t.Fatalf("%d requests", len(sent))
	}
	for _, a := range sent {
		if err := keeps(t.Context(), router, a); err != nil {
			t.Errorf("%s %s: %v", a.method, a.path, err)
		}
	}
}

// A contract that lets everything pass would prove nothing.
func TestTheContractRefusesWhatGraphWould(t *testing.T) {
	router := microsofts(t)
	for _, tt := range []struct{ method, target, body string }{
		{http.MethodPost, "/v1.0/invitations", `{"invitedUserEmail":"a@b.example","inviteRedirectUrl":"https://x.example"}`},
		{http.MethodPost, "/v1.0/groups/" + theGroup + "/members/$ref", `{"odata.id":"x"}`},
		{http.MethodDelete, "/v1.0/groups/" + theGroup + "/members/" + theGuest, ``},
		{http.MethodGet, "/v1.0/users?$count=yes", ``},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		header := http.Header{"Content-Type": {"application/json"}}
		if err := keeps(t.Context(), router, asked{method: tt.method, body: tt.body, url: r.URL, header: header}); err == nil {
			t.Errorf("%s %s passed", tt.method, tt.target)
		}
	}
}

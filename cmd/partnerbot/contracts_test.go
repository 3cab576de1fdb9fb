package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"partnerbot/sandbox"
)

// checkContracts holds everything that left for Slack and for Graph in a play
// against the platforms' own schemas.
func (p *play) checkContracts() {
	if contractsFolder() == "" {
		return
	}
	for _, c := range p.world.Calls() {
		if c.Dir != sandbox.FromApp || c.Error != "" {
			continue
		}
		for kind, part := range leaving(c) {
			if err := blockKit(p.t, kind).Validate(part); err != nil {
				p.t.Errorf("%s leaves with a %s that Slack's schema refuses: %v\n%v", c.Method, kind, err, part)
			}
		}
	}
	for _, c := range p.world.Tenant().Calls() {
		if err := graphTakes(p.t, c); err != nil {
			p.t.Errorf("%s %s is refused by Graph's schema: %v\n%s", c.Method, c.Path, err, c.Body)
		}
	}
}

// leaving picks what the schema knows out of a call.
func leaving(c sandbox.Call) map[string]any {
	parts := map[string]any{}
	if blocks, ok := c.Args["blocks"]; ok && blocks != nil {
		parts["MessageBlocks"] = plainJSON(blocks)
	}
	if view, ok := c.Args["view"].(map[string]any); ok {
		kind := "StrictModalView"
		if view["type"] == "home" {
			kind = "StrictHomeView"
		}
		parts[kind] = plainJSON(view)
	}
	return parts
}

// plainJSON turns typed maps into what encoding/json would have read.
func plainJSON(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		return v
	}
	return out
}

var (
	compiled sync.Map
	graphDoc = sync.OnceValues(func() (routers.Router, error) {
		loader := openapi3.NewLoader()
		doc, err := loader.LoadFromFile(filepath.Join(contractsFolder(), "graph-v1.0-slice.json"))
		if err != nil {
			return nil, err
		}
		doc.Servers = openapi3.Servers{{URL: "http://graph.test/v1.0"}}
		return legacy.NewRouter(doc)
	})
)

func blockKit(t testing.TB, kind string) *jsonschema.Schema {
	t.Helper()
	if s, ok := compiled.Load(kind); ok {
		return s.(*jsonschema.Schema)
	}
	s, err := jsonschema.NewCompiler().Compile("file://" + filepath.Join(contractsFolder(), "blockkit.schema.json") + "#/definitions/" + kind)
	if err != nil {
		t.Fatal(err)
	}
	compiled.Store(kind, s)
	return s
}

// graphTakes validates one recorded request against the OpenAPI slice.
func graphTakes(t testing.TB, c sandbox.GraphCall) error {
	t.Helper()
	router, err := graphDoc()
	if err != nil {
		t.Fatal(err)
	}
	u := url.URL{Scheme: "http", Host: "graph.test", Path: "/v1.0" + c.Path, RawQuery: encoded(c.Query)}
	req, err := http.NewRequestWithContext(background(), c.Method, u.String(), bytes.NewReader([]byte(c.Body)))
	if err != nil {
		return err
	}
	if c.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	route, params, err := router.FindRoute(req)
	if err != nil {
		return fmt.Errorf("no such operation: %w", err)
	}
	return openapi3filter.ValidateRequest(background(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

// encoded writes a decoded query so that a URL can carry it.
func encoded(query string) string {
	var parts []string
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if k != "" {
			parts = append(parts, url.QueryEscape(k)+"="+url.QueryEscape(v))
		}
	}
	return strings.Join(parts, "&")
}

func TestContractsWereRun(t *testing.T) {
	if contractsFolder() == "" {
		t.Skip("contract checks were not run: set PARTNERBOT_CONTRACTS")
	}
	if err := blockKit(t, "MessageBlocks").Validate(plainJSON([]any{map[string]any{"type": "nonsense"}})); err == nil {
		t.Error("the schema takes a block that does not exist")
	}
	if err := graphTakes(t, sandbox.GraphCall{Method: "POST", Path: "/invitations", Body: `{"invitedUserEmailAddress": 7}`}); err == nil {
		t.Error("the schema takes an invitation to a number")
	}
	if err := graphTakes(t, sandbox.GraphCall{Method: "DELETE", Path: "/users/x/sponsors"}); err == nil {
		t.Error("the schema takes an operation that does not exist")
	}
}

package bot

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"partnerbot/approvals"
)

var updateGolden = flag.Bool("update", false, "write testdata/*.golden.json anew")

// goldens are the renderings kept in testdata, by the name of their file.
func goldens(t *testing.T) map[string]any {
	t.Helper()
	d, out := look(t), map[string]any{}
	for name, r := range stories() {
		if readOnly(name) {
			continue
		}
		out["card_"+name] = d.Card(r, r.Stage)
		out["direct_"+name] = d.naming(annByName).Direct("en-US", r)
		if reached := milestones(r); len(reached) > 0 {
			out["said_"+name] = d.Milestone("en", r, reached[len(reached)-1])
		}
	}
	mailed := d
	mailed.Mail = MailMicrosoft
	pending, second := stories()["pending"], stories()["second_stage"]
	out["card_first_post"] = d.naming(annByName).Card(pending, 0)
	out["card_passed"] = d.Card(second, 0)
	out["direct_mailed"] = mailed.naming(annByName).Direct("en", stories()["invited"])
	for name, v := range surfaces(t, d, pending) {
		if name != "direct" && name != "card_1" && name != "card_first_post_1" && name != "failure" {
			out[name] = v
		}
	}
	mailed.Cloud = "china"
	out["direct_mailed_china"] = mailed.naming(annByName).Direct("en", stories()["invited"])
	out["direct_found_unlinked_china"] = mailed.naming(annByName).Direct("en", stories()["found_unlinked"])
	out["story_failed"] = d.Story("en", stories()["failed"], trail())
	out["story_delayed"] = d.Story("en", stories()["delayed"], trail()[:1])
	out["list_admin"] = d.List("en", approvals.Page{Requests: []approvals.Request{stories()["failed"], stories()["delayed"], pending}, Total: 3}, nil, true, sam, nine.Add(26*time.Hour))
	for _, name := range []string{"failed", "failed_own", "failed_erased", "active"} {
		out["failure_"+name] = d.Failure("en", stories()[name])
	}
	out["story_later"] = d.Story("en", stories()["active"], laterTrail()[:maxTrail])
	for name, r := range turns() {
		reached := milestones(r)
		out["said_"+name] = d.Milestone("en", r, reached[len(reached)-1])
	}
	for kind, r := range callsOf() {
		out["call_"+kind] = d.naming(annByName).Call("en", r, r.Calls[0], guard)
	}
	for name, i := range incidents() {
		out["incident_"+name] = d.Incident("en", i)
	}
	out["list_wrong"] = d.List("en", approvals.Page{Requests: []approvals.Request{pending}, Total: 1}, allIncidents(), true, sam, nine.Add(26*time.Hour))
	out["home_wrong"] = d.Home("en", HomeView{Viewer: ann, Admin: true, Wrong: allIncidents()[:1], Now: nine})
	out["story_erased"] = d.Story("en", stories()["erased"], trail()[len(trail())-1:])
	out["form_empty"] = d.Form("en", Form{})
	out["list_empty_admin"] = d.List("en", approvals.Page{}, nil, true, sam, nine)
	out["home_empty"] = d.Home("en", HomeView{Viewer: ann, Now: nine})
	out["home_refused"] = d.Home("en", HomeView{Viewer: ann, Refusal: approvals.ErrSlackGuest, Now: nine})
	maps.Copy(out, askGoldens(t))
	out["help_invite"], out["help_requests"] = d.Help("en", CommandInvite), d.Help("en", CommandRequests)
	return out
}

func TestRenderingsLookAsTheyDid(t *testing.T) {
	for name, v := range goldens(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".golden.json")
			got := append(asJSON(t, v), '\n')
			if *updateGolden {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got, -update to accept):\n%s", path, diff)
			}
			if bytes.Contains(got, []byte("no value")) {
				t.Errorf("%s lacks an argument:\n%s", name, got)
			}
		})
	}
}

func TestNoGoldenIsLeftOver(t *testing.T) {
	known := goldens(t)
	files, err := filepath.Glob("testdata/*.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		if _, ok := known[name[:len(name)-len(".golden.json")]]; !ok {
			t.Errorf("%s is of no rendering", f)
		}
	}
}

func TestRenderingsKeepSlacksSchema(t *testing.T) {
	dir := os.Getenv("PARTNERBOT_CONTRACTS")
	if dir == "" {
		t.Skip("contract checks were not run: set PARTNERBOT_CONTRACTS")
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, "blockkit.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range stories() {
		for surface, v := range surfaces(t, look(t), r) {
			checkSchema(t, schema, name+" "+surface, asJSON(t, v))
		}
	}
	for name, v := range goldens(t) {
		checkSchema(t, schema, name, asJSON(t, v))
	}
}

func checkSchema(t *testing.T, schema *jsonschema.Schema, name string, raw []byte) {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	doc := map[string]any{}
	switch v["type"] {
	case "modal":
		doc["modal"] = v
	case "home":
		doc["home"] = v
	default:
		doc["blocks"] = v["blocks"]
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%s: %v\n%s", name, err, raw)
	}
}

package bot

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

// refusalCodes are the codes that approvals can refuse with, read from its source.
func refusalCodes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../approvals/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "refuse" {
			codes = append(codes, literalOf(call.Args[0]))
		}
		return true
	})
	if len(codes) < 30 {
		t.Fatalf("only %d refusals found in approvals/errors.go", len(codes))
	}
	return codes
}

func literalOf(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}

// catalogue is what stands in all English files; no sentence stands in two.
func catalogue(t *testing.T) map[string]any {
	t.Helper()
	files, err := filepath.Glob("words/*en.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d catalogues: %v", len(files), err)
	}
	out := map[string]any{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var in map[string]any
		if err := json.Unmarshal(raw, &in); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for id, sentence := range in {
			if out[id] != nil {
				t.Errorf("%s says %q, which another catalogue says too", f, id)
			}
			out[id] = sentence
		}
	}
	return out
}

// families are sentences whose ID is put together from a name of the domain.
func families(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, code := range refusalCodes(t) {
		out["refusal."+code] = true
	}
	for _, s := range approvals.States() {
		out["state."+key(string(s))] = true
		out["status."+key(string(s))] = true
		out["direct."+key(string(s))] = true
	}
	for _, r := range turns() {
		for _, what := range milestones(r) {
			out["said."+saidKey(r, what)] = true
		}
	}
	for kind := range callsOf() {
		out["call."+kind] = true
	}
	for _, r := range stories() {
		for _, what := range milestones(r) {
			out["said."+saidKey(r, what)] = true
		}
		out["status."+outcomeKey(r)], out["direct."+outcomeKey(r)] = true, true
	}
	for _, e := range append(trail(), laterTrail()...) {
		if e.Event != approvals.EventDelegated {
			out[trailID(e)] = true
		}
	}
	for _, id := range decisionWords(t) {
		out[id] = true
	}
	for _, i := range incidents() {
		kind := "incident." + incidentKind(i)
		out[kind], out[kind+".what"], out[kind+".todo"] = true, true, true
	}
	for _, r := range briefly {
		out["because."+string(r.Code)] = true
	}
	return out
}

// written are the IDs that stand in the package's own source as they are.
func written(t *testing.T) map[string]string {
	t.Helper()
	shape := regexp.MustCompile(`^[a-z]+(\.[a-z_0-9]+)+$`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	prefixes := map[string]bool{}
	for id := range catalogue(t) {
		prefix, _, _ := strings.Cut(id, ".")
		prefixes[prefix] = true
	}
	out := map[string]string{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			if id := literalOf(e); shape.MatchString(id) {
				if prefix, _, _ := strings.Cut(id, "."); prefixes[prefix] {
					out[id] = f
				}
			}
			return true
		})
	}
	return out
}

func TestEverySentenceThatIsUsedExistsAndEveryOtherIsGone(t *testing.T) {
	have, used := catalogue(t), families(t)
	for id, file := range written(t) {
		used[id] = true
		if have[id] == nil {
			t.Errorf("%s says %q, which is not in the catalogue", file, id)
		}
	}
	for id := range used {
		if have[id] == nil {
			t.Errorf("%q is not in the catalogue", id)
		}
	}
	for id := range have {
		if !used[id] {
			t.Errorf("%q is in the catalogue and nobody says it", id)
		}
	}
}

// advice are the words by which a refusal tells what to do next.
var advice = regexp.MustCompile(`(?i)\b(ask|choose|write|use|check|see|follow|say|shorten|list|try|decide|talk|can)\b`)

func TestEveryRefusalSaysWhatToDoNext(t *testing.T) {
	words := look(t).Words
	for _, code := range refusalCodes(t) {
		r := &approvals.Refusal{Code: approvals.Code(code), Args: map[string]string{
			"id": "INV-7", "domain": "contoso.com", "access": "Project Falcon", "limit": "100", "character": "#", "by": "U0SAM", "at": "1795424400", "state": "denied", "how": "denied",
		}}
		text := words.Refusal("en", r)
		sentences := strings.Split(strings.TrimSuffix(text, "."), ". ")
		last := sentences[len(sentences)-1]
		if len(sentences) < 2 || !advice.MatchString(last) || strings.Contains(text, "[refusal.") || strings.Contains(text, "no value") {
			t.Errorf("%s: %q does not say what happened and then what to do", code, text)
		}
		if bare := words.Refusal("en", &approvals.Refusal{Code: approvals.Code(code)}); strings.Contains(bare, "no value") {
			t.Errorf("%s without arguments: %q", code, bare)
		}
	}
}

func TestWords(t *testing.T) {
	d := look(t)
	w := d.Words
	tests := []struct{ name, got, want string }{
		{"one is singular", d.duration("en", 24*time.Hour), "1 day"},
		{"many are plural", d.duration("en-GB", 48*time.Hour), "2 days"},
		{"hours that make no days stay hours", d.duration("en", 36*time.Hour), "36 hours"},
		{"an unknown language reads English", d.duration("tlh", 12*time.Hour), "12 hours"},
		{"no language reads English", d.duration("", 90*time.Minute), "90 minutes"},
		{"a long wait is told in days", d.roughly("en", 75*time.Hour), "3 days"},
		{"a short wait is told in hours", d.roughly("en", 5*time.Hour+59*time.Minute), "5 hours"},
		{"no wait is told as such", d.roughly("en", 3*time.Second), "less than a minute"},
		{"an unknown sentence shows its ID", w.Say("en", "nowhere.to.be.found", nil), "[nowhere.to.be.found]"},
		{"plain text has plain times", w.Say("en", "lasts.until", Args{"until": day(nine)}), "until 23 Nov 2026"},
		{"markup has live times", w.Markup("en", "lasts.until", Args{"until": day(nine)}), "until <!date^1795424400^{date}|23 Nov 2026>"},
		{
			"a click that came second names the first", w.Refusal("en", approvals.ErrDecided.With("id", "INV-7").With("by", "U0SAM").With("how", "approved").With("at", "1795424400").With("state", "inviting")),
			"<@U0SAM> approved INV-7 on <!date^1795424400^{date_short} at {time}|23 Nov 2026 09:00 UTC>, so your click changed nothing. See what happened with /partner-requests show INV-7.",
		},
		{
			"a timed out request has nobody to name", w.Refusal("en", approvals.ErrDecided.With("id", "INV-7").With("by", "").With("how", "timed out").With("at", "1795424400").With("state", "timed out")),
			"Time ran out for INV-7 on <!date^1795424400^{date_short} at {time}|23 Nov 2026 09:00 UTC>, so your click changed nothing. See what happened with /partner-requests show INV-7.",
		},
		{
			"an error at a field has no markup", w.Refusal("en", approvals.ErrAlreadyIn.With("id", "INV-7").With("access", "R&D <x>").With("until", "1795424400")),
			"INV-7 already covers R&D <x> for this guest, until 23 Nov 2026, so this was not sent. See the message from partnerbot for whose request that is, or choose another access.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got  %q\nwant %q", tt.got, tt.want)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"a short text stays", cut("Mia", 3), "Mia"},
		{"a long text ends in an ellipsis", cut("Mia Keller", 5), "Mia" + ellipsis},
		{"letters are not cut in half", cut("🎉🎉🎉🎉", 3), "🎉🎉" + ellipsis},
		{"a name is one line", typed(" Mia\n\tKeller "), "Mia Keller"},
		{"an override is dropped", typed("a\u202Eb"), "ab"},
		{"joined emoji stay joined", typed("👩\u200D💻"), "👩\u200D💻"},
		{"lines of a reason stay", typedLines("a\r\nb\n\n\n\nc\n"), "a\nb\n\nc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

func TestTargetsSurviveTheWayThroughSlack(t *testing.T) {
	targets := []Target{
		{ID: "INV-7"},
		{ID: "INV-12", Stage: 2},
		{ID: "INV-7", Stage: 1, Channel: "C0FALCON"},
		{ID: "INV-12", Stage: 2, Tag: "tag7"},
		{ID: "INV-12", Stage: 2, Tag: "tag7", Channel: "C0FALCON"},
	}
	for _, want := range targets {
		if got, ok := ParseTarget(want.Value()); !ok || got != want {
			t.Errorf("%q: got %+v, %v", want.Value(), got, ok)
		}
	}
	for _, bad := range []string{"", "INV-", "INV-7:x", "INV-7:-1", "7:", "drop table"} {
		if got, ok := ParseTarget(bad); ok {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const formula = `=HYPERLINK("http://evil.example";"the contract")`

// TestTheAuditTrailIsExported reads it back in both formats, whole and in part.
func TestTheAuditTrailIsExported(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	p := r.p
	p.asks(ann, jane, "Project Falcon", "30 days", formula)
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.asks(ann, sly, "Project Falcon", "30 days", "another")

	first := lines(t, r.does("audit", "export").must(t, exitWell, "", "entries exported").out)
	opened := first[0]
	if opened.N != 1 || opened.Request != "INV-1" || opened.Version != 1 || opened.User != ann || opened.To != "pending" || opened.Erased ||
		!strings.Contains(opened.Words, formula) || !strings.Contains(opened.Words, jane) || strings.Contains(opened.Detail, jane) || len(opened.MAC) != 64 {
		t.Errorf("the first entry is %+v", opened)
	}
	for _, tt := range []struct {
		name string
		args []string
		want func(exported) bool
	}{
		{"one request", []string{"--request", "inv-2"}, func(e exported) bool { return e.Request == "INV-2" }},
		{"since long ago", []string{"--since", "2001-01-31"}, func(exported) bool { return true }},
		{"since the far future", []string{"--since", "2999-01-31T08:00:00Z"}, func(exported) bool { return false }},
	} {
		got := lines(t, r.does(append([]string{"audit", "export"}, tt.args...)...).must(t, exitWell, "", "").out)
		if want := slices.DeleteFunc(slices.Clone(first), func(e exported) bool { return !tt.want(e) }); len(got) < len(want) || slices.ContainsFunc(got, func(e exported) bool { return !tt.want(e) }) {
			t.Errorf("%s: %d entries, want %d", tt.name, len(got), len(want))
		}
	}

	file := filepath.Join(t.TempDir(), "trail.csv")
	said := r.does("audit", "export", "--format", "csv", "--out", file).must(t, exitWell, "", "entries exported")
	text, err := os.ReadFile(file)
	p.must(err)
	table, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	p.must(err)
	if said.out != "" || len(table) < len(first)+1 || table[0][0] != "n" || table[1][0] != "1" {
		t.Errorf("the table is %q", table)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: %v, %v", info.Mode(), err)
	}
	missing := filepath.Join(t.TempDir(), "missing.csv")
	if said := r.does("audit", "export", "--format", "csv", "--request", "INV-77").must(t, exitFailed, "", "there is no request INV-77"); said.out != "" {
		t.Errorf("a request that is not there: %s", said.out)
	}
	r.does("audit", "export", "--request", "INV-77", "--out", missing).must(t, exitFailed, "", "there is no request INV-77")
	if _, err := os.Stat(missing); err == nil {
		t.Error("it left a file")
	}
	r.does("audit", "export", "--request", "INV-1", "--since", "2999-01-31").must(t, exitWell, "", "0 of")
	r.does("audit", "export", "--out", file).must(t, exitFailed, "", "is there already")
	keeps(t, "the export", string(text)+r.log.String(), p.secrets())
	keeps(t, "the export", string(text), p.tickets())
}

func lines(t testing.TB, text string) (found []exported) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e exported
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found = append(found, e)
	}
	return found
}

// TestNothingThatIsTypedIsAFormula writes what spreadsheets would work out.
func TestNothingThatIsTypedIsAFormula(t *testing.T) {
	tests := map[string]string{
		"":                "",
		"kick-off":        "kick-off",
		"INV-1":           "INV-1",
		"1-2":             "1-2",
		formula:           "'" + formula,
		"+1":              "'+1",
		"-1":              "'-1",
		"@SUM(A1)":        "'@SUM(A1)",
		" =1":             "' =1",
		"\t=1":            "'\t=1",
		"\r=1":            "'\r=1",
		"\n=1":            "'\n=1",
		"\u00a0=1":        "'\u00a0=1",
		"＝1":              "'＝1",
		"'=1":             "'=1",
		"a, \"b\"\nand c": "a, \"b\"\nand c",
	}
	for typed, want := range tests {
		if got := harmless(typed); got != want {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
}

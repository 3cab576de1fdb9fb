package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files are the files of a folder, by name.
type files map[string]string

func (f files) write(t *testing.T, dir string) {
	t.Helper()
	for name, text := range f {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	onlyAdmins = "slack: {admins: [S0ADMINS]}\n"
	heron      = "access:\n  heron:\n    grants: [{group: 6f0c5a3e-0000-0000-0000-000000000002}]\n    durations: [7d]\n    stages: [{channel: C0HERON, approvers: [S0HERON]}]\n"
)

// TestIncludedFiles are one policy with the file that names them.
func TestIncludedFiles(t *testing.T) {
	dir := t.TempDir()
	files{
		"partnerbot.yaml":      small + "include: [partners.yaml, policy/*.yaml, '*.yaml']\nrules: [{id: a, when: 'partner.id == \"contoso\"', longest: 1d}]\n",
		"partners.yaml":        "partners: {contoso: {domains: [contoso.example], access: heron}}\nrules: [{id: b, when: 'access == \"heron\"', longest: 2d}]\n",
		"policy/heron.yaml":    heron,
		"policy/late.yaml":     "rules: [{id: c, when: 'guests > 1', longest: 3d}]\n",
		"policy/note.txt":      "not read",
		"elsewhere/other.yaml": "not: read\n",
	}.write(t, dir)
	cfg, err := LoadPolicy(filepath.Join(dir, "partnerbot.yaml"), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, r := range cfg.Policy.Rules {
		rules = append(rules, r.ID)
	}
	if got := strings.Join(rules, " "); got != "a b c" {
		t.Errorf("the rules come as %s", got)
	}
	if _, ok := cfg.Policy.Access("heron"); !ok || len(cfg.Policy.Accesses) != 2 || len(cfg.Policy.Partners) != 1 {
		t.Errorf("got %+v", cfg.Policy)
	}
	if len(cfg.Files) != 4 {
		t.Errorf("read %v", cfg.Files)
	}
	if at := cfg.Places["access heron"]; at.File != filepath.Join(dir, "policy/heron.yaml") || at.Line != 2 {
		t.Errorf("heron stands at %+v", at)
	}
}

// TestMistakesOfIncludedFiles are named with the file that they are in.
func TestMistakesOfIncludedFiles(t *testing.T) {
	many := files{"partnerbot.yaml": small + "include: ['many/*.yaml']\n"}
	for i := range maxIncluded + 1 {
		many[fmt.Sprintf("many/%03d.yaml", i)] = ""
	}
	tests := []struct {
		name  string
		files files
		want  string
	}{
		{"all of it is included", files{"partnerbot.yaml": onlyAdmins + "include: [heron.yaml]\n", "heron.yaml": heron}, ""},
		{"no access anywhere", files{"partnerbot.yaml": onlyAdmins + "include: [heron.yaml]\n", "heron.yaml": "rules: []\n"}, "DIR/partnerbot.yaml:1: access: is missing; write at least one thing that guests can be let into"},
		{"a mistake there", files{"partnerbot.yaml": onlyAdmins + "include: [heron.yaml]\n", "heron.yaml": strings.Replace(heron, "C0HERON", "heron", 1)}, `DIR/heron.yaml:5: access.heron.stages[0].channel: "heron" is not a channel ID like C0FALCON (in Slack: channel name, About)`},
		{"mistakes in both, in order", files{"partnerbot.yaml": small + "listen: x\ninclude: [a.yaml]\n", "a.yaml": "rules: [{}]\n"}, "DIR/partnerbot.yaml:7: listen: \"x\" is no address; write HOST:PORT, e.g. 127.0.0.1:8080\nDIR/a.yaml:1: rules[0].id: is missing; write a short name, e.g. no-free-mail\nDIR/a.yaml:1: rules[0].when: is missing; write the condition, e.g. domain.free_mail, or \"true\" for always\nDIR/a.yaml:1: rules[0]: does nothing; write refuse, longest, add_stage or approve"},
		{"an access twice", files{"partnerbot.yaml": small + "include: [a.yaml]\n", "a.yaml": strings.ReplaceAll(heron, "heron:", "falcon:")}, "DIR/a.yaml:2: access.falcon: is there already, in DIR/partnerbot.yaml:3; give one of them another name"},
		{"a rule twice", files{"partnerbot.yaml": small + "rules: [{id: a, when: 'true', longest: 1d}]\ninclude: [a.yaml]\n", "a.yaml": "rules: [{id: a, when: 'true', longest: 2d}]\n"}, "DIR/a.yaml:1: rules[0].id: is there already, in DIR/partnerbot.yaml:7; give one of them another name"},
		{"more than a policy", files{"partnerbot.yaml": small + "include: [a.yaml]\n", "a.yaml": "slack: {admins: [U0EVE]}\n"}, "DIR/a.yaml:1: slack: is not a key here; the keys are access, partners, rules"},
		{"a part that includes", files{"partnerbot.yaml": small + "include: [a.yaml]\n", "a.yaml": "include: [partnerbot.yaml]\n"}, "DIR/a.yaml:1: include: is not a key here; the keys are access, partners, rules"},
		{"no YAML", files{"partnerbot.yaml": small + "include: [a.yaml]\n", "a.yaml": "rules: ["}, "DIR/a.yaml:1: is not valid YAML"},
		{"no such file", files{"partnerbot.yaml": small + "include: [a.yaml]\n"}, "DIR/partnerbot.yaml:7: include[0]: DIR/a.yaml cannot be read: no such file or directory"},
		{"a pattern of nothing", files{"partnerbot.yaml": small + "include: [policy/*.yaml]\n"}, "DIR/partnerbot.yaml:7: include[0]: policy/*.yaml matches no file"},
		{"a pattern that is none", files{"partnerbot.yaml": small + "include: ['policy/[a.yaml']\n"}, `DIR/partnerbot.yaml:7: include[0]: "policy/[a.yaml" is no pattern; write it like policy/*.yaml`},
		{"itself", files{"partnerbot.yaml": small + "include: [partnerbot.yaml]\n"}, "DIR/partnerbot.yaml:7: include[0]: partnerbot.yaml is this file"},
		{"the same file twice is one", files{"partnerbot.yaml": small + "include: [a.yaml, ./a.yaml, '?.yaml']\n", "a.yaml": "rules: [{id: a, when: 'true', longest: 2d}]\n"}, ""},
		{"too many files", many, "DIR/partnerbot.yaml:7: include: names more than 100 files"},
		{"too large a file", files{"partnerbot.yaml": small + "include: [a.yaml]\n", "a.yaml": strings.Repeat("#\n", maxIncludedSize/2+1)}, "DIR/partnerbot.yaml:7: include[0]: DIR/a.yaml is one too many: all of them together may have 4 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.files.write(t, dir)
			_, err := LoadPolicy(filepath.Join(dir, "partnerbot.yaml"), os.ReadFile)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
			}
			if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) || (strings.Contains(got, "\n") && !strings.Contains(tt.want, "\n")) {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

// TestTheStoreIsFoundWhateverThePolicySays: who looks after it needs no policy.
func TestTheStoreIsFoundWhateverThePolicySays(t *testing.T) {
	read := func(string) ([]byte, error) {
		return []byte("store: bolt:x.db\naccess: []\nrules: [{when: '('}]\ninclude: [gone.yaml]\n"), nil
	}
	at, _, err := LoadStore("partnerbot.yaml", "", read, func(string) string { return "" })
	if err != nil || at.Bolt != "x.db" {
		t.Errorf("%+v, %v", at, err)
	}
}

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const root = "../../"

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheReadmeLeadsSomewhere follows every link and every command of the README.
func TestTheReadmeLeadsSomewhere(t *testing.T) {
	text := readme(t)
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		if _, err := os.Stat(root + m[1]); err != nil {
			t.Errorf("the README links to %s: %v", m[1], err)
		}
	}
	makefile, err := os.ReadFile(root + "Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?:^|\n|`)make (\\w+)").FindAllStringSubmatch(text, -1) {
		if !strings.Contains(string(makefile), "\n"+m[1]+":") {
			t.Errorf("the README says make %s, which the Makefile does not know", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`partnerbot ((?:serve|demo|version)[^\x60\n]*)`).FindAllStringSubmatch(text, -1) {
		words := append(strings.Fields(m[1]), "--help")
		if got := run(t.Context(), words, program{env: func(string) string { return "" }, out: &journal{}, err: &journal{}}); got != exitWell {
			t.Errorf("the README says partnerbot %s, which is not taken", m[1])
		}
	}
}

// TestEveryFolderHasASentence holds the README's table against the tree.
func TestEveryFolderHasASentence(t *testing.T) {
	text := readme(t)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || strings.HasPrefix(name, ".") || name == "bin" || name == "screenshots" {
			continue
		}
		if !strings.Contains(text, "| `"+name+"` |") {
			t.Errorf("the README does not say what is in %s", name)
		}
	}
}

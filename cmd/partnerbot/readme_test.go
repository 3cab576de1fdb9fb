package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"partnerbot/cmd/partnerbot/config"
)

const root = "../../"

func readme(t *testing.T) string {
	t.Helper()
	return document(t, "README.md")
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
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
	makefile := document(t, "Makefile")
	for _, m := range regexp.MustCompile("(?:^|\n|`)make (\\w+)").FindAllStringSubmatch(text, -1) {
		if !strings.Contains(makefile, "\n"+m[1]+":") {
			t.Errorf("the README says make %s, which the Makefile does not know", m[1])
		}
	}
	commands := regexp.MustCompile(`partnerbot ((?:serve|demo|policy|audit|erase|backup|restore|copy|version)[^\x60\n]*)`)
	for _, m := range commands.FindAllStringSubmatch(text+document(t, "docs/operations.md"), -1) {
		words := append(strings.Fields(m[1]), "--help")
		if got := run(t.Context(), words, program{env: func(string) string { return "" }, out: &journal{}, err: &journal{}}); got != exitWell {
			t.Errorf("the README or docs/operations.md says partnerbot %s, which is not taken", m[1])
		}
	}
}

// TestTheFirstCommandNeedsNoMake holds the README to what it says is needed.
func TestTheFirstCommandNeedsNoMake(t *testing.T) {
	_, rest, _ := strings.Cut(readme(t), "```sh\n")
	block, _, _ := strings.Cut(rest, "```")
	if block != "go run ./cmd/partnerbot demo\n" {
		t.Errorf("the first command is %q", block)
	}
}

// TestTheExampleNamesItsSchema looks where an editor does after the file was
// copied to where the README says.
func TestTheExampleNamesItsSchema(t *testing.T) {
	example := document(t, "docs/partnerbot.example.yaml")
	line, _, _ := strings.Cut(example, "\n")
	_, schema, found := strings.Cut(line, "yaml-language-server: $schema=")
	if _, err := os.Stat(root + schema); !found || err != nil {
		t.Errorf("%q: %v", line, err)
	}
}

// TestEveryVariableIsDocumented asks for each variable that is read.
func TestEveryVariableIsDocumented(t *testing.T) {
	docs := document(t, "docs/setup-slack.md") + document(t, "docs/setup-entra.md") + document(t, "docs/operations.md")
	for _, mode := range []string{"socket", "http"} {
		example := strings.Replace(document(t, "docs/partnerbot.example.yaml"), "mode: socket", "mode: "+mode, 1)
		read := func(string) ([]byte, error) { return []byte(example), nil }
		_, _ = config.Load("partnerbot.yaml", read, func(name string) string {
			if !strings.Contains(docs, "`"+name+"`") {
				t.Errorf("%s is not documented", name)
			}
			return ""
		})
	}
}

// TestHTTPModeIsSetUpInAnOrderThatWorks: the bot does not start without the
// token that comes with the installation, and Slack takes no address of a bot
// that does not run.
func TestHTTPModeIsSetUpInAnOrderThatWorks(t *testing.T) {
	for file, steps := range map[string][]string{
		"docs/setup-slack.md": {"as it is, for HTTP mode too", "**Install to Workspace**", "## 3. Take the secrets", "partnerbot serve", "switch **Socket Mode** off", "/slack/events`, with your own host", "**Retry**"},
		"manifest.yaml":       {"install", "start the bot", "socket_mode_enabled: false", "request_url", "Retry"},
	} {
		text := document(t, file)
		for _, step := range steps {
			_, after, found := strings.Cut(text, step)
			if !found {
				t.Errorf("%s: %q does not come in its turn", file, step)
				break
			}
			text = after
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

package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"partnerbot/approvals"
)

const docs = "../../../docs/"

var tokens = map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "s"}

// load reads text as partnerbot.yaml with every secret set.
func load(text string) (*Config, error) {
	read := func(string) ([]byte, error) { return []byte(text), nil }
	return Load("partnerbot.yaml", read, func(k string) string { return tokens[k] })
}

func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docs + "partnerbot.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheExampleLoads(t *testing.T) {
	cfg, err := load(example(t))
	if err != nil {
		t.Fatal(err)
	}
	falcon, _ := cfg.Policy.Access("falcon")
	want := approvals.Access{
		ID: "falcon", Title: "Project Falcon", Description: "The Falcon team's files and chat",
		Grants:    []approvals.Grant{{Group: "6f0c5a3e-0000-0000-0000-000000000001"}},
		Durations: []time.Duration{30 * 24 * time.Hour, 90 * 24 * time.Hour},
		Stages:    []approvals.Stage{{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON"}, Quorum: 1, Deadline: 5 * 24 * time.Hour}},
	}
	if diff := cmp.Diff(want, falcon); diff != "" {
		t.Errorf("falcon (-want +got):\n%s", diff)
	}
	if cfg.Store.Bolt != "partnerbot.db" || cfg.Slack.APIURL != "https://slack.com/api/" || cfg.Entra.Mail != "requester" {
		t.Errorf("got %+v", cfg)
	}
}

const small = `slack: {admins: [S0ADMINS]}
access:
  falcon:
    grants: [{group: 6f0c5a3e-0000-0000-0000-000000000001}]
    durations: [30d]
    stages: [{channel: C0FALCON, approvers: [S0FALCON]}]
`

// TestMistakes holds one mistake a row against what is said of it, and holds the
// schema to the loader: what one refuses the other does too, but where a row says
// that a schema cannot know.
func TestMistakes(t *testing.T) {
	tests := []struct {
		name, old, new, want string
		loaderOnly           bool
	}{
		{"nothing wrong", "", "", "", false},
		{"unknown key", "slack: {admins", "slack: {admin: x, admins", `partnerbot.yaml:1: slack.admin: is not a key here (did you mean admins?); the keys are mode, api_url, admins`, false},
		{"unknown key at the top", "access:", "acess: {}\naccess:", `partnerbot.yaml:2: acess: is not a key here (did you mean access?); the keys are listen, store, slack, entra, guests, access, partners, rules, limits, include`, false},
		{"no admins", "admins: [S0ADMINS]", "mode: socket", `partnerbot.yaml:1: slack.admins: is missing; write the user groups (S…) or users (U…, W…) who administer partnerbot, e.g. [S0ADMINS]`, false},
		{"admin by name", "S0ADMINS", "ada", `partnerbot.yaml:1: slack.admins[0]: "ada" is not a user group ID (S…) or a user ID (U…, W…); names and e-mail addresses are not taken`, false},
		{"mode", "{admins", "{mode: sokcet, admins", `partnerbot.yaml:1: slack.mode: "sokcet" is not known (did you mean socket?); write socket or http`, false},
		{"api_url without TLS", "{admins", "{api_url: 'http://slack.example/api/', admins", `partnerbot.yaml:1: slack.api_url: "http://slack.example/api/" is not https; plain http is taken for this machine only (127.0.0.1, localhost)`, false},
		{"api_url on this machine", "{admins", "{api_url: 'http://127.0.0.1:1/api/', admins", "", false},
		{"grants missing", "grants: [{group: 6f0c5a3e-0000-0000-0000-000000000001}]", "title: x", `partnerbot.yaml:3: access.falcon.grants: is missing; write what the guest gets, e.g. [{group: 6f0c5a3e-0000-0000-0000-000000000001}]`, false},
		{"grant is no GUID", "6f0c5a3e-0000-0000-0000-000000000001", "Falcon", `partnerbot.yaml:4: access.falcon.grants[0].group: "Falcon" is no object ID; copy it from the group's overview in Entra, e.g. 6f0c5a3e-0000-0000-0000-000000000001`, false},
		{"duration", "[30d]", "[30 days]", `partnerbot.yaml:5: access.falcon.durations[0]: "30 days" is not a length of time; write it like 90m, 36h, 5d or 2w`, false},
		{"duration of nothing", "[30d]", "[0d]", `partnerbot.yaml:5: access.falcon.durations[0]: "0d" is not a length of time; write it like 90m, 36h, 5d or 2w`, false},
		{"duration beyond ten years", "[30d]", "[9999999d]", `partnerbot.yaml:5: access.falcon.durations[0]: "9999999d" is not a length of time; write it like 90m, 36h, 5d or 2w`, true},
		{"no durations", "[30d]", "[]", `partnerbot.yaml:5: access.falcon.durations: is missing; write how long access may last, e.g. [30d, 90d]`, false},
		{"channel by name", "C0FALCON", "falcon", `partnerbot.yaml:6: access.falcon.stages[0].channel: "falcon" is not a channel ID like C0FALCON (in Slack: channel name, About)`, false},
		{"nobody approves", ", approvers: [S0FALCON]", "", `partnerbot.yaml:6: access.falcon.stages[0].approvers: is missing; write the user groups (S…) or users (U…, W…) who decide, e.g. [S0FALCON]`, false},
		{"quorum of none", "[S0FALCON]}", "[S0FALCON], quorum: 0}", `partnerbot.yaml:6: access.falcon.stages[0].quorum: "0" is not a whole number from 1 up`, false},
		{"quorum out of reach", "[S0FALCON]}", "[U0SAM], quorum: 2}", `partnerbot.yaml:6: access.falcon.stages[0].quorum: 2 can never be reached: only 1 may decide`, true},
		{"list where keys belong", "slack: {admins: [S0ADMINS]}", "slack: [S0ADMINS]", `partnerbot.yaml:1: slack: must have keys below it, not a list`, false},
		{"admins as a text", "[S0ADMINS]", "S0ADMINS", `partnerbot.yaml:1: slack.admins: must be a list, not a text; write [a, b]`, false},
		{"no admin in the list", "[S0ADMINS]", "[]", `partnerbot.yaml:1: slack.admins: is missing; write the user groups (S…) or users (U…, W…) who administer partnerbot, e.g. [S0ADMINS]`, false},
		{"approvers as a text", "[S0FALCON]", "S0FALCON", `partnerbot.yaml:6: access.falcon.stages[0].approvers: must be a list, not a text; write [a, b]`, false},
		{"grants as keys", "[{group: 6f0c5a3e-0000-0000-0000-000000000001}]", "{group: 6f0c5a3e-0000-0000-0000-000000000001}", `partnerbot.yaml:4: access.falcon.grants: must be a list, not keys and values; write [a, b]`, false},
		{"a grant as a text", "{group: 6f0c5a3e-0000-0000-0000-000000000001}", "6f0c5a3e-0000-0000-0000-000000000001", `partnerbot.yaml:4: access.falcon.grants[0]: must have keys below it, not a text`, false},
		{"durations as a text", "[30d]", "30d", `partnerbot.yaml:5: access.falcon.durations: must be a list, not a text; write [a, b]`, false},
		{"stages as keys", "[{channel: C0FALCON, approvers: [S0FALCON]}]", "{channel: C0FALCON, approvers: [S0FALCON]}", `partnerbot.yaml:6: access.falcon.stages: must be a list, not keys and values; write [a, b]`, false},
		{"a stage as a text", "{channel: C0FALCON, approvers: [S0FALCON]}", "C0FALCON", `partnerbot.yaml:6: access.falcon.stages[0]: must have keys below it, not a text`, false},
		{"an access as a list", small[strings.Index(small, "  falcon:"):], "  falcon: [S0FALCON]\n", `partnerbot.yaml:3: access.falcon: must have keys below it, not a list`, false},
		{"store", "slack:", "store: sqlite:x\nslack:", `partnerbot.yaml:1: store: "sqlite:x" is not a store; write bolt:FILE, e.g. bolt:partnerbot.db, or postgres://USER@HOST/DATABASE`, false},
		{"a database", "slack:", "store: postgres://bot@db.example/partnerbot\nslack:", "", false},
		{"listen", "slack:", "listen: here\nslack:", `partnerbot.yaml:1: listen: "here" is no address; write HOST:PORT, e.g. 127.0.0.1:8080`, false},
		{"graph_url without its version", "slack:", "entra: {graph_url: 'https://graph.example'}\nslack:", `partnerbot.yaml:1: entra.graph_url: "https://graph.example" does not name the version; write https://graph.example/v1.0`, true},
		{"graph_url on this machine", "slack:", "entra: {graph_url: 'http://127.0.0.1:1/graph'}\nslack:", "", false},
		{"cloud", "slack:", "entra: {cloud: moon}\nslack:", `partnerbot.yaml:1: entra.cloud: "moon" is not known; write public or usgov or dod or china`, false},
		{"mail not built", "slack:", "entra: {invitation_mail: smtp}\nslack:", `partnerbot.yaml:1: entra.invitation_mail: smtp is not supported yet; write requester (the requester passes the link on) or microsoft`, false},
		{"domain", "slack:", "guests: {blocked_domains: ['@rival']}\nslack:", `partnerbot.yaml:1: guests.blocked_domains[0]: "@rival" is no domain; write it like acme.example, other scripts in their xn-- form`, false},
	}
	schema := compileSchema(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(small, tt.old, tt.new, 1)
			_, err := load(text)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			if err := validate(schema, text); (err == nil) != (tt.want == "" || tt.loaderOnly) {
				t.Errorf("the schema says %v, the loader %q", err, got)
			}
		})
	}
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	_, err := load("listen: x\nslack:\n  mode: carrier-pigeon\nacess: {}\n")
	want := []string{"partnerbot.yaml:1: listen", "partnerbot.yaml:1: access", "partnerbot.yaml:2: slack.admins", "partnerbot.yaml:3: slack.mode", "partnerbot.yaml:4: acess"}
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not named in:\n%v", w, err)
		}
	}
}

func TestYAMLItself(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"broken":        {"slack: [", "partnerbot.yaml:1: is not valid YAML"},
		"twice a key":   {small + "slack: {}\n", "partnerbot.yaml:7: is not valid YAML"},
		"two documents": {small + "---\nslack: {}\n", "partnerbot.yaml:7: a second document"},
		"empty":         {"", "slack.admins: is missing"},
		"two anchors":   {strings.Replace(small, "[S0FALCON]}", "&who [S0FALCON]}, {channel: C0HERON, approvers: *who}, {channel: C0HERON, approvers: &who [U0EVE]}", 1), "partnerbot.yaml:6: &who is defined a second time here"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := load(strings.Replace(small, "[S0FALCON]}", "&who [S0FALCON]}, {channel: C0HERON, approvers: *who}", 1)); err != nil {
		t.Errorf("an alias was not followed: %v", err)
	}
}

func TestSecrets(t *testing.T) {
	tests := []struct {
		name, mode string
		env        map[string]string
		want       string
	}{
		{"socket mode", "socket", map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, ""},
		{"http mode", "http", map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, ""},
		{"from a file", "socket", map[string]string{"SLACK_BOT_TOKEN_FILE": "bot", "SLACK_APP_TOKEN": "xapp-1"}, ""},
		{
			"Azure's secret twice", "socket",
			map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "AZURE_CLIENT_SECRET": "a", "AZURE_CLIENT_SECRET_FILE": "bot"},
			"environment: AZURE_CLIENT_SECRET: is set twice, directly and as AZURE_CLIENT_SECRET_FILE; keep one",
		},
		{
			"an authority without TLS", "http",
			map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "AZURE_AUTHORITY_HOST": "http://login.example"},
			`environment: AZURE_AUTHORITY_HOST: "http://login.example" is not an https address; write it like https://login.microsoftonline.com/, or unset it`,
		},
		{
			"an authority without a host", "http",
			map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "AZURE_AUTHORITY_HOST": "https://"},
			`environment: AZURE_AUTHORITY_HOST: "https://" is not an https address; write it like https://login.microsoftonline.com/, or unset it`,
		},
		{"an authority of one's own", "http", map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "AZURE_AUTHORITY_HOST": "https://login.example:8443"}, ""},
		{"nothing", "http", nil, "environment: SLACK_BOT_TOKEN: is missing (Slack calls need it); set it to the bot token (xoxb-…), or SLACK_BOT_TOKEN_FILE to a file with it\n" +
			"environment: SLACK_SIGNING_SECRET: is missing (slack.mode is http); set it to the signing secret, or SLACK_SIGNING_SECRET_FILE to a file with it"},
		{
			"twice", "http",
			map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_BOT_TOKEN_FILE": "bot", "SLACK_SIGNING_SECRET": "s"},
			"environment: SLACK_BOT_TOKEN: is set twice, directly and as SLACK_BOT_TOKEN_FILE; keep one",
		},
		{"no such file", "http", map[string]string{"SLACK_BOT_TOKEN_FILE": "gone", "SLACK_SIGNING_SECRET": "s"}, "environment: SLACK_BOT_TOKEN_FILE: cannot be read: file does not exist"},
		{
			"tokens swapped", "socket",
			map[string]string{"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xapp-1"},
			"environment: SLACK_BOT_TOKEN: begins with xapp-, which is another kind of token; set it to the bot token (xoxb-…)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{"partnerbot.yaml": strings.Replace(small, "{admins", "{mode: "+tt.mode+", admins", 1), "bot": "xoxb-file\n"}
			read := func(p string) ([]byte, error) {
				if text, ok := files[p]; ok {
					return []byte(text), nil
				}
				return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
			}
			cfg, err := Load("partnerbot.yaml", read, func(k string) string { return tt.env[k] })
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			if _, ok := tt.env["SLACK_BOT_TOKEN_FILE"]; ok && tt.want == "" && cfg.Slack.BotToken != "xoxb-file" {
				t.Errorf("token from the file: %q", cfg.Slack.BotToken)
			}
		})
	}
}

func TestAMissingFileSaysWhatToDo(t *testing.T) {
	_, err := Load("nowhere.yaml", os.ReadFile, func(k string) string { return tokens[k] })
	if ps, ok := errors.AsType[Error](err); !ok || len(ps) != 1 || !strings.Contains(ps[0].Text, "partnerbot.example.yaml") {
		t.Errorf("got %v", err)
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(docs + "partnerbot.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate holds YAML text against the schema the way an editor does.
func validate(schema *jsonschema.Schema, text string) error {
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return err
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	return schema.Validate(doc)
}

func TestTheSchemaTakesTheExample(t *testing.T) {
	if err := validate(compileSchema(t), example(t)); err != nil {
		t.Error(err)
	}
}

package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/bot"
	"partnerbot/sandbox"
)

// policyCommand runs a command about the policy and returns what it says.
func policyCommand(t *testing.T, env map[string]string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	status = run(t.Context(), append([]string{"policy"}, args...), program{env: func(k string) string { return env[k] }, out: &o, err: &e})
	return status, o.String(), e.String()
}

// policyFile writes a policy and returns where.
func policyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "partnerbot.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const checked = `slack: {admins: [S0ADMINS], api_url: "URL"}
access:
  falcon:
    grants: [{group: 6f0c5a3e-0000-0000-0000-000000000001}]
    durations: [30d]
    stages:
      - {name: Sponsor, channel: C0FALCON, approvers: [S0FALCON]}
  heron:
    grants: [{group: 6f0c5a3e-0000-0000-0000-000000000002}]
    durations: [30d]
    stages:
      - {name: Owners, channel: C0HERON, approvers: [S0HERON], quorum: 2}
`

func TestPolicyCheckNeedsNoSecretsAndSaysWhatItLeft(t *testing.T) {
	status, out, errs := policyCommand(t, nil, "check", "--config", policyFile(t, strings.Replace(checked, "URL", "https://slack.com/api/", 1)))
	want := "Not checked: who the approvers are and what they can see (SLACK_BOT_TOKEN is not set).\naccesses: 2, partners: 0, rules: 0, files: 1; nothing is wrong.\n"
	if status != exitWell || out != want || errs != "" {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestPolicyCheckStatuses(t *testing.T) {
	good := strings.Replace(checked, "URL", "https://slack.com/api/", 1)
	tests := []struct {
		name, text string
		env        map[string]string
		status     int
		out, err   string
	}{
		{"mistakes are a wrong configuration", strings.Replace(good, "quorum: 2", "quorum: two", 1), nil, exitUsage, "", `:12: access.heron.stages[0].quorum: "two" is not a whole number from 1 up`},
		{"what can never be is a finding", good + "rules: [{id: never, when: 'false', refuse: No.}]\n", nil, exitFailed, ":13: rule never: can never hold", "findings: 1"},
		{"a token of another kind", good, map[string]string{"SLACK_BOT_TOKEN": "xapp-1"}, exitUsage, "", "SLACK_BOT_TOKEN: begins with xapp-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out, errs := policyCommand(t, tt.env, "check", "--config", policyFile(t, tt.text))
			if status != tt.status || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
				t.Errorf("status %d\n%s%s", status, out, errs)
			}
		})
	}
}

// checkWorld is a workspace whose app may also read channels, if it should.
func checkWorld(t *testing.T, scopes ...string) *sandbox.World {
	t.Helper()
	app := bot.Manifest()
	w, err := sandbox.New(sandbox.Config{Scopes: append(app.Scopes, scopes...), BotEvents: app.Events, NoRateLimits: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// TestPolicyCheckAsksSlack holds what is found of each thing that keeps approvers
// from deciding.
func TestPolicyCheckAsksSlack(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		world    func(*sandbox.World)
		want     []string
	}{
		{"all is well", "", "", nil, nil},
		{"an empty group", "", "", func(w *sandbox.World) { w.SetGroup("S0FALCON") }, []string{":3: access falcon stage Sponsor: S0FALCON has 0 members, and none of them can decide: it is empty, or there is no such user group, or they have left"}},
		{"no such group", "[S0FALCON]", "[S0FALCN]", nil, []string{":3: access falcon stage Sponsor: S0FALCN has 0 members, and none of them can decide: it is empty, or there is no such user group, or they have left"}},
		{"a group of the departed", "", "", func(w *sandbox.World) { w.SetGroup("S0FALCON", "U0DAN", "U0GUS", "U0VERA") }, []string{":3: access falcon stage Sponsor: S0FALCON has 3 members, and none of them can decide: it is empty, or there is no such user group, or they have left"}},
		{"fewer than the quorum", "", "", func(w *sandbox.World) { w.SetGroup("S0HERON", "U0OLGA", "U0DAN") }, []string{":8: access heron stage Owners: needs 2 approvals, and the people who can give one are 1"}},
		{"somebody who left", "[S0FALCON]", "[S0FALCON, U0DAN]", nil, []string{":3: access falcon stage Sponsor: U0DAN cannot decide: their account is deactivated"}},
		{"a guest", "[S0FALCON]", "[S0FALCON, U0GUS]", nil, []string{":3: access falcon stage Sponsor: U0GUS cannot decide: they are a guest of the workspace"}},
		{"somebody from elsewhere", "[S0FALCON]", "[S0FALCON, U0VERA]", nil, []string{":3: access falcon stage Sponsor: U0VERA cannot decide: they are not of this workspace"}},
		{"nobody", "[S0FALCON]", "[S0FALCON, U0NOBODY]", nil, []string{":3: access falcon stage Sponsor: U0NOBODY cannot decide: Slack knows nobody by that ID"}},
		{"nobody at all", "[S0FALCON]", "[U0DAN, U0NOBODY]", nil, []string{
			":3: access falcon stage Sponsor: U0DAN cannot decide: their account is deactivated", ":3: access falcon stage Sponsor: U0NOBODY cannot decide: Slack knows nobody by that ID",
			":3: access falcon stage Sponsor: nobody is left of its approvers",
		}},
		{"an admin who left", "[S0ADMINS]", "[S0ADMINS, U0DAN]", nil, []string{": slack.admins: U0DAN cannot decide: their account is deactivated"}},
		{"a requester who left", "    durations: [30d]\n    stages:\n      - {name: Sp", "    durations: [30d]\n    requesters: [U0DAN]\n    stages:\n      - {name: Sp", nil, []string{":3: access falcon requesters: U0DAN cannot decide: their account is deactivated"}},
		{"an escalation to nobody", "[S0FALCON]}", "[S0FALCON], escalate: {approvers: [U0DAN]}}", nil, []string{":3: access falcon stage Sponsor: U0DAN cannot decide: their account is deactivated"}},
		{"a partner's sponsor who left", "access:\n", "partners: {contoso: {domains: [contoso.example], sponsors: [U0DAN]}}\naccess:\n", nil, []string{":2: partner contoso sponsors: U0DAN cannot decide: their account is deactivated"}},
		{"a private channel without an approver", "[S0HERON]", "[S0HERON, U0SAM]", nil, []string{":8: access heron stage Owners: U0SAM cannot see the card in C0HERON, which is private: invite them to it"}},
		{"a public channel without an approver", "[S0FALCON]", "[S0FALCON, U0BEN]", nil, nil},
		{"a channel without the app", "C0FALCON", "C0RANDOM", nil, []string{":3: access falcon stage Sponsor: the app is not in C0RANDOM: invite it there"}},
		{"a channel that the app does not see", "C0FALCON", "C0NOWHERE", nil, []string{":3: access falcon stage Sponsor: the app does not see C0NOWHERE: invite it there, or correct the ID"}},
		{"an archived channel", "", "", func(w *sandbox.World) { w.Archive("C0FALCON") }, []string{":3: access falcon stage Sponsor: C0FALCON is archived: nothing can be posted there"}},
		{"the escalation's channel", "[S0FALCON]}", "[S0FALCON], escalate: {channel: C0HERON, approvers: [U0SAM]}}", nil, []string{":3: access falcon stage Sponsor: U0SAM cannot see the card in C0HERON, which is private: invite them to it"}},
		{"a stage of a rule", "access:\n", "rules: [{id: more, when: 'guests > 5', add_stage: {direct: true, approvers: [U0DAN]}}]\naccess:\n", nil, []string{":2: rule more stage more: U0DAN cannot decide: their account is deactivated"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := checkWorld(t, "channels:read", "groups:read")
			if tt.world != nil {
				tt.world(w)
			}
			token, _, _ := w.Credentials()
			path := policyFile(t, strings.Replace(strings.Replace(checked, tt.old, tt.new, 1), "URL", w.SlackURL(), 1))
			status, out, errs := policyCommand(t, map[string]string{"SLACK_BOT_TOKEN": token}, "check", "--config", path)
			var got []string
			for line := range strings.Lines(out) {
				if finding, ok := strings.CutPrefix(line, path); ok {
					got = append(got, strings.TrimSpace(finding))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s%s%s", diff, out, errs)
			}
			if (status == exitWell) != (len(tt.want) == 0) || strings.Contains(out, "Not checked") {
				t.Errorf("status %d\n%s", status, out)
			}
		})
	}
}

// TestPolicyCheckWithoutScopesForChannels says so, and checks the rest: serve does
// not need them.
func TestPolicyCheckWithoutScopesForChannels(t *testing.T) {
	w := checkWorld(t)
	token, _, _ := w.Credentials()
	path := policyFile(t, strings.Replace(strings.Replace(checked, "[S0FALCON]", "[S0FALCON, U0DAN]", 1), "URL", w.SlackURL(), 1))
	status, out, _ := policyCommand(t, map[string]string{"SLACK_BOT_TOKEN": token}, "check", "--config", path)
	if status != exitFailed || strings.Count(out, "Not checked") != 1 || !strings.Contains(out, "channels:read") || !strings.Contains(out, "U0DAN cannot decide") {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, out, errs := policyCommand(t, map[string]string{"SLACK_BOT_TOKEN": token}, "check", "--offline", "--config", path); status != exitWell || !strings.Contains(out, "--offline") {
		t.Errorf("offline: status %d\n%s%s", status, out, errs)
	}
	if status, _, errs := policyCommand(t, map[string]string{"SLACK_BOT_TOKEN": "xoxb-revoked"}, "check", "--config", path); status != exitFailed || !strings.Contains(errs, "invalid_auth") {
		t.Errorf("a revoked token: status %d\n%s", status, errs)
	}
}

// TestPatience tries again after the time that Slack names, and no other trouble.
func TestPatience(t *testing.T) {
	calls := 0
	err := patiently(t.Context(), func() error {
		calls++
		return errors.New("away")
	})
	if err == nil || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

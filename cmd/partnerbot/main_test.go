package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExitStatuses holds what is said, where, and with which status.
func TestExitStatuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "partnerbot.yaml")
	if err := os.WriteFile(broken, []byte("slack: {mode: pigeon}\naccess: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		args     []string
		status   int
		out, err string // a part of what is said there
	}{
		{"nothing asked shows the help", nil, exitWell, "Usage: partnerbot <command>", ""},
		{"help", []string{"serve", "--help"}, exitWell, "--config", ""},
		{"version", []string{"version"}, exitWell, "partnerbot ", ""},
		{"an unknown command", []string{"sreve"}, exitUsage, "", "sreve"},
		{"an unknown flag", []string{"serve", "--confg", "x"}, exitUsage, "", "--confg"},
		{"no configuration", []string{"serve", "--config", "/nowhere/partnerbot.yaml"}, exitUsage, "", "partnerbot.example.yaml"},
		{"a broken configuration", []string{"serve", "--config", broken}, exitUsage, "", broken + ":1: slack.mode"},
		{"the demo for a network", []string{"demo", "--addr", "0.0.0.0:0"}, exitUsage, "", "this machine only"},
		{"the demo nowhere", []string{"demo", "--addr", "here"}, exitUsage, "", "HOST:PORT"},
		{"the demo in no mode", []string{"demo", "--mode", "pigeon"}, exitUsage, "", "socket"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs journal
			got := run(t.Context(), tt.args, program{env: func(string) string { return "" }, out: &out, err: &errs})
			if got != tt.status || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.err) {
				t.Errorf("status %d, want %d\nout: %s\nerr: %s", got, tt.status, out.String(), errs.String())
			}
		})
	}
}

// TestAWrongTokenEndsServe says what to do about a token that Slack refuses.
func TestAWrongTokenEndsServe(t *testing.T) {
	r := newProcess(t, "http", false)
	r.env = append(r.env, "SLACK_BOT_TOKEN=xoxb-revoked")
	cmd := r.command()
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "SLACK_BOT_TOKEN") {
		t.Errorf("exit status %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

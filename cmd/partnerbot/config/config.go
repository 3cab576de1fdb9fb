// Package config reads partnerbot.yaml and the environment into what the
// program starts with. It finds every mistake in one go and says of each where
// it is and what to write instead.
package config

import (
	"fmt"
	"strings"

	"partnerbot/approvals"
)

// Config is a configuration without mistakes.
type Config struct {
	Listen string // host:port of the HTTP side
	Store  Store
	Slack  Slack
	Entra  Entra
	Policy *approvals.Policy
}

// Store says where requests live.
type Store struct {
	Bolt     string // path of the bbolt file, if it is one
	Postgres string // URL of the database, if it is one; it may hold a password
}

// Slack is the workspace and the way to it.
type Slack struct {
	Mode          string // "socket" or "http"
	APIURL        string // with a slash at the end
	BotToken      string
	AppToken      string // Socket Mode
	SigningSecret string // HTTP mode
}

// Entra is the tenant and the way to it.
type Entra struct {
	Cloud         string // public, usgov, dod or china
	GraphURL      string // empty: the cloud's own
	RedirectURL   string // where the guest lands after redemption
	Mail          string // who delivers the invitation: requester or microsoft
	TenantID      string // AZURE_TENANT_ID, if set
	AuthorityHost string // AZURE_AUTHORITY_HOST, if set
	ClientSecret  string // AZURE_CLIENT_SECRET or what AZURE_CLIENT_SECRET_FILE holds, if set
}

// Problem is one mistake: where it is and what to write instead.
type Problem struct {
	File string // empty for the environment
	Line int    // 0 where there is none
	Key  string
	Text string
}

func (p Problem) String() string {
	where := p.File
	if where == "" {
		where = "environment"
	}
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, p.Line)
	}
	if p.Key != "" {
		return where + ": " + p.Key + ": " + p.Text
	}
	return where + ": " + p.Text
}

// Error is all mistakes of a configuration, in the order of the file.
type Error []Problem

func (e Error) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Load reads a configuration file and the environment. The error, if any, is
// an Error with every mistake in both.
func Load(path string, read func(string) ([]byte, error), env func(string) string) (*Config, error) {
	rep := &report{file: path}
	var cfg Config
	text, err := read(path)
	if err != nil {
		rep.add(0, "", "cannot be read: "+reason(err)+"; copy docs/partnerbot.example.yaml to it and change what is yours")
	} else {
		rep.parse(text, &cfg)
	}
	cfg.environment(rep, read, env)
	if len(rep.problems) > 0 {
		return nil, rep.sorted()
	}
	return &cfg, nil
}

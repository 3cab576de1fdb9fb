// Package config reads partnerbot.yaml and the environment into what the
// program starts with. It finds every mistake in one go and says of each where
// it is and what to write instead.
package config

import (
	"fmt"
	"slices"
	"strings"

	"partnerbot/approvals"
	"partnerbot/store"
)

// Config is a configuration without mistakes.
type Config struct {
	Listen string // host:port of the HTTP side
	Store  Store
	Slack  Slack
	Entra  Entra
	Policy *approvals.Policy
	Keys   store.Keys // they seal the audit trail; without any it is a plain chain

	Files   []string         // that were read: the configuration and what it includes
	Remarks Error            // what is no mistake but hardly meant
	Places  map[string]Place // where things stand, by "access ID", "partner ID" and "rule ID"

	patterns []string // of which some of Files are the matches
	digest   digest   // of what was read
}

// Place is a line of a file.
type Place struct {
	File string
	Line int
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

// Load reads a configuration file, the files that it includes and the environment.
// The error, if any, is an Error with every mistake in all of them.
func Load(path string, read func(string) ([]byte, error), env func(string) string) (*Config, error) {
	cfg, found := readFiles(path, read)
	cfg.environment(found, read, env)
	return cfg.unless(found)
}

// LoadPolicy is Load without the environment: it needs no secrets.
func LoadPolicy(path string, read func(string) ([]byte, error)) (*Config, error) {
	cfg, found := readFiles(path, read)
	return cfg.unless(found)
}

func (c *Config) unless(found *findings) (*Config, error) {
	if len(found.problems) > 0 {
		return nil, found.sorted(found.problems)
	}
	c.Files, c.patterns, c.Remarks = found.files, found.patterns, found.sorted(found.remarks)
	return c, nil
}

func readFiles(path string, read func(string) ([]byte, error)) (*Config, *findings) {
	found, seen := &findings{}, contents{}
	read = seen.reading(read)
	cfg := &Config{Policy: &approvals.Policy{}}
	rep := found.of(path)
	text, err := read(path)
	if err != nil {
		rep.add(0, "", "cannot be read: "+reason(err)+"; copy docs/partnerbot.example.yaml to it and change what is yours")
	} else if top, ok := rep.parse(text); ok {
		cfg.read(top, read)
	}
	cfg.digest = seen.digest()
	return cfg, found
}

// LoadStore reads from the same file and environment only where the store is and
// which keys seal its trail: who looks after it needs no way to Slack and Entra.
// The error, if any, is an Error. With at, the store's address, no file is read.
func LoadStore(path, at string, read func(string) ([]byte, error), env func(string) string) (Store, store.Keys, error) {
	found := &findings{}
	var cfg Config
	if at != "" {
		var err error
		if cfg.Store, err = ParseStore(at); err != nil {
			found.environment("--store", err.Error())
		}
	} else {
		cfg.storeOf(found.of(path), read)
	}
	cfg.auditKeys(found, read, env)
	if len(found.problems) > 0 {
		return Store{}, store.Keys{}, found.sorted(found.problems)
	}
	return cfg.Store, cfg.Keys, nil
}

// storeOf reads the key of the store, and of the others not even their names.
func (c *Config) storeOf(rep *report, read func(string) ([]byte, error)) {
	text, err := read(rep.file)
	if err != nil {
		rep.add(0, "", "cannot be read: "+reason(err)+"; name the configuration with --config FILE, or the store itself with --store")
		return
	}
	top, ok := rep.parse(text)
	if !ok {
		return
	}
	f := top.fields(keys...)
	rep.problems = slices.DeleteFunc(rep.problems, func(p Problem) bool { return p.Key != "" })
	c.Store = readStore(f["store"])
}

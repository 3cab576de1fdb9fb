package config

import (
	"fmt"
	"net/url"
	"strings"

	"partnerbot/store"
)

// secret names a variable and what its value cannot begin with because it is
// plainly another kind of token.
type secret struct {
	name  string
	need  bool
	why   string
	kind  string
	wrong []string
}

// userTokens are how tokens begin that are not a bot's.
var userTokens = []string{"xapp-", "xoxp-", "xoxe"}

// environment reads the secrets. Each comes from its variable or from the file
// that the variable with _FILE names.
func (c *Config) environment(rep *findings, read func(string) ([]byte, error), env func(string) string) {
	socket := c.Slack.Mode == "socket"
	c.Slack.BotToken = rep.secret(secret{"SLACK_BOT_TOKEN", true, "Slack calls need it", "the bot token (xoxb-…)", userTokens}, read, env)
	c.Slack.AppToken = rep.secret(secret{"SLACK_APP_TOKEN", socket, "slack.mode is socket", "the app-level token (xapp-…)", []string{"xoxb-", "xoxp-"}}, read, env)
	c.Slack.SigningSecret = rep.secret(secret{"SLACK_SIGNING_SECRET", c.Slack.Mode == "http", "slack.mode is http", "the signing secret", []string{"xoxb-", "xapp-"}}, read, env)
	c.Entra.ClientSecret = rep.secret(secret{"AZURE_CLIENT_SECRET", false, "", "the client secret", nil}, read, env)
	c.Entra.TenantID = env("AZURE_TENANT_ID")
	c.Entra.AuthorityHost = rep.authority(env("AZURE_AUTHORITY_HOST"))
	c.auditKeys(rep, read, env)
}

// auditKeys are the keys that seal the trail, one a line.
func (c *Config) auditKeys(rep *findings, read func(string) ([]byte, error), env func(string) string) {
	const name = "PARTNERBOT_AUDIT_KEY"
	keys, err := store.ParseKeys(rep.secret(secret{name: name}, read, env))
	if err != nil {
		rep.environment(name, "is not taken: "+err.Error()+"; `partnerbot audit key` makes one")
	}
	c.Keys = keys
}

// authority is where tokens are asked for. Secrets go there, so it is https.
func (r *findings) authority(address string) string {
	u, err := url.Parse(address)
	if address != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "") {
		r.environment("AZURE_AUTHORITY_HOST", fmt.Sprintf("%q is not an https address; write it like https://login.microsoftonline.com/, or unset it", address))
	}
	return address
}

func (r *findings) secret(s secret, read func(string) ([]byte, error), env func(string) string) string {
	got, file := env(s.name), env(s.name+"_FILE")
	switch {
	case got != "" && file != "":
		r.environment(s.name, "is set twice, directly and as "+s.name+"_FILE; keep one")
		return ""
	case file != "":
		text, err := read(file)
		if err != nil {
			r.environment(s.name+"_FILE", "cannot be read: "+reason(err))
			return ""
		}
		got = strings.TrimSpace(string(text))
	}
	if got == "" {
		if s.need {
			r.environment(s.name, fmt.Sprintf("is missing (%s); set it to %s, or %s_FILE to a file with it", s.why, s.kind, s.name))
		}
		return ""
	}
	for _, w := range s.wrong {
		if strings.HasPrefix(got, w) {
			r.environment(s.name, fmt.Sprintf("begins with %s, which is another kind of token; set it to %s", w, s.kind))
		}
	}
	return got
}

// SlackToken is the bot token where it is set, for whoever needs no other secret.
func SlackToken(read func(string) ([]byte, error), env func(string) string) (string, error) {
	found := &findings{}
	token := found.secret(secret{name: "SLACK_BOT_TOKEN", kind: "the bot token (xoxb-…)", wrong: userTokens}, read, env)
	if len(found.problems) > 0 {
		return "", found.problems
	}
	return token, nil
}

package config

import (
	"strings"

	"partnerbot/approvals"
)

// keys are those of the whole file, partKeys those of one that it includes.
var (
	keys     = []string{"listen", "store", "slack", "entra", "guests", "access", "partners", "rules", "limits", "include"}
	partKeys = []string{"access", "partners", "rules"}
)

// read takes the whole file and those that it includes.
func (c *Config) read(v value, read func(string) ([]byte, error)) {
	c.Places = map[string]Place{}
	f := v.fields(keys...)
	c.Listen = f["listen"].address("127.0.0.1:8080")
	c.Store = readStore(f["store"])
	c.readSlack(f["slack"])
	c.readEntra(f["entra"])
	c.readGuests(f["guests"])
	c.readLimits(f["limits"])
	parts := append([]fields{f}, included(f["include"], read)...)
	c.readAccesses(f["access"], c.entries("access", "access", parts))
	c.readPartners(c.entries("partners", "partner", parts))
	c.readRules(parts)
	c.Policy.Known = c.Policy.Domains()
	c.review(v.rep)
}

// entries are what all parts have below a key, each an access or a partner. What two
// of them call the same is a mistake.
func (c *Config) entries(key, what string, parts []fields) []entry {
	var out []entry
	for _, part := range parts {
		found, _ := part[key].entries()
		for _, e := range found {
			if c.once(what+" "+e.name, e.value) {
				out = append(out, e)
			}
		}
	}
	return out
}

// once notes where something stands, and refuses a second of the same name.
func (c *Config) once(what string, v value) bool {
	if at, twice := c.Places[what]; twice {
		v.problem("is there already, in %s:%d; give one of them another name", at.File, at.Line)
		return false
	}
	c.Places[what] = Place{File: v.rep.file, Line: v.line}
	return true
}

func readStore(v value) Store {
	s, err := ParseStore(v.text("bolt:partnerbot.db"))
	if err != nil {
		v.problem("%s", err)
	}
	return s
}

func (c *Config) readSlack(v value) {
	f := v.fields("mode", "api_url", "admins")
	c.Slack.Mode = f["mode"].oneOf("socket", "socket", "http")
	api := f["api_url"]
	c.Slack.APIURL = api.url("https://slack.com/api/")
	if !strings.HasSuffix(c.Slack.APIURL, "/") {
		c.Slack.APIURL += "/"
	}
	c.Policy.Admins = f["admins"].people("the user groups (S…) or users (U…, W…) who administer partnerbot, e.g. [S0ADMINS]")
}

func (c *Config) readEntra(v value) {
	f := v.fields("cloud", "graph_url", "redirect_url", "invitation_mail")
	c.Entra.Cloud = f["cloud"].oneOf("public", "public", "usgov", "dod", "china")
	if g := f["graph_url"]; g.text("") != "" {
		c.Entra.GraphURL = g.url("")
		if path := strings.TrimRight(c.Entra.GraphURL, "/"); strings.HasPrefix(path, "https://") && !strings.HasSuffix(path, "/v1.0") {
			g.problem("%q does not name the version; write %s/v1.0", c.Entra.GraphURL, path)
		}
	}
	c.Entra.RedirectURL = f["redirect_url"].url("https://myapplications.microsoft.com")
	switch m := f["invitation_mail"]; m.text("requester") {
	case "graph", "smtp":
		m.problem("%s is not supported yet; write requester (the requester passes the link on) or microsoft", m.text(""))
	default:
		c.Entra.Mail = m.oneOf("requester", "requester", "microsoft")
	}
}

func (c *Config) readGuests(v value) {
	f := v.fields("own_domains", "blocked_domains", "unknown_domains", "free_mail")
	c.Policy.OwnDomains = f["own_domains"].domains()
	c.Policy.BlockedDomains = f["blocked_domains"].domains()
	for i, d := range c.Policy.BlockedDomains {
		if over, ok := above(d, c.Policy.OwnDomains); ok {
			at := f["blocked_domains"].items()[i]
			at.rep.remark(at.line, at.key, d+" belongs to own_domains ("+over+"): people there are colleagues anyway")
		}
	}
	c.Policy.Unknown = f["unknown_domains"].treat()
	free := f["free_mail"].fields("treat", "more")
	c.Policy.MoreFreeMail = free["more"].domains()
	if t := free["treat"]; !t.absent() {
		c.Policy.FreeMail = t.treat()
	}
}

// treat is what the policy wants with an organisation.
func (v value) treat() approvals.Treat {
	return approvals.Treat(v.oneOf(string(approvals.Allowed), string(approvals.Allowed), string(approvals.Warned), string(approvals.Blocked)))
}

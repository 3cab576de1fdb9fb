package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
)

// defaultDeadline is how long a stage may take that says nothing about it.
const defaultDeadline = 5 * 24 * time.Hour

// read takes the whole file.
func (c *Config) read(v value) {
	f := v.fields("listen", "store", "slack", "entra", "guests", "access")
	c.Listen = f["listen"].address("127.0.0.1:8080")
	c.Store = readStore(f["store"])
	c.Policy = &approvals.Policy{}
	c.readSlack(f["slack"])
	c.readEntra(f["entra"])
	guests := f["guests"].fields("own_domains", "blocked_domains")
	c.Policy.OwnDomains = guests["own_domains"].domains()
	c.Policy.BlockedDomains = guests["blocked_domains"].domains()
	c.Policy.Accesses = readAccesses(f["access"])
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

func readAccesses(v value) []approvals.Access {
	entries, ok := v.entries()
	if ok && len(entries) == 0 {
		v.problem("is missing; write at least one thing that guests can be let into")
	}
	if len(entries) > 100 {
		v.problem("has %d entries; a Slack menu shows at most 100", len(entries))
	}
	out := make([]approvals.Access, 0, len(entries))
	for _, e := range entries {
		out = append(out, readAccess(e))
	}
	return out
}

var accessID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

func readAccess(e entry) approvals.Access {
	if !accessID.MatchString(e.name) {
		e.problem("%q is no name for an access; use up to 64 letters, digits, dots, hyphens and underscores", e.name)
	}
	f := e.fields("title", "description", "grants", "durations", "stages")
	a := approvals.Access{ID: e.name, Title: f["title"].limited(e.name, 75), Description: f["description"].limited("", 300)}
	for _, g := range f["grants"].listed("what the guest gets, e.g. [{group: 6f0c5a3e-0000-0000-0000-000000000001}]") {
		a.Grants = append(a.Grants, approvals.Grant{Group: g.fields("group")["group"].guid()})
	}
	for _, d := range f["durations"].listed("how long access may last, e.g. [30d, 90d]") {
		if got := d.duration(0); got > 0 && !slices.Contains(a.Durations, got) {
			a.Durations = append(a.Durations, got)
		}
	}
	for _, s := range f["stages"].listed("at least one stage with a channel and its approvers") {
		a.Stages = append(a.Stages, readStage(s, len(a.Stages)+1))
	}
	return a
}

func readStage(v value, n int) approvals.Stage {
	f := v.fields("name", "channel", "approvers", "quorum", "deadline")
	s := approvals.Stage{
		Name:      f["name"].limited(fmt.Sprintf("Stage %d", n), 75),
		Channel:   f["channel"].id("a channel ID like C0FALCON (in Slack: channel name, About)", "C", "G"),
		Approvers: f["approvers"].people("the user groups (S…) or users (U…, W…) who decide, e.g. [S0FALCON]"),
		Quorum:    f["quorum"].number(1, 1),
		Deadline:  f["deadline"].duration(defaultDeadline),
	}
	groups := slices.ContainsFunc(s.Approvers, approvals.IsGroup)
	if !groups && len(s.Approvers) > 0 && s.Quorum > len(s.Approvers) {
		f["quorum"].problem("%d can never be reached: only %d may decide", s.Quorum, len(s.Approvers))
	}
	return s
}

func (v value) limited(def string, most int) string {
	got := strings.TrimSpace(v.text(def))
	if len([]rune(got)) > most {
		v.problem("is longer than %d characters", most)
	}
	return got
}

func (v value) address(def string) string {
	got := v.text(def)
	if _, _, err := net.SplitHostPort(got); err != nil {
		v.problem("%q is no address; write HOST:PORT, e.g. %s", got, def)
	}
	return got
}

func (v value) url(def string) string {
	got := v.text(def)
	u, err := url.Parse(got)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		v.problem("%q is no URL; write it like %s", got, cmpOr(def, "https://graph.microsoft.com/v1.0"))
	case u.Scheme == "http" && !loopback(u.Hostname()):
		v.problem("%q is not https; plain http is taken for this machine only (127.0.0.1, localhost)", got)
	}
	return got
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

var (
	slackID = regexp.MustCompile(`^[A-Z][A-Z0-9]{2,20}$`)
	guid    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domain  = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]$`)
)

func (v value) id(what string, prefixes ...string) string {
	got := v.required(what)
	if got == "" {
		return got
	}
	if !slackID.MatchString(got) || !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(got, p) }) {
		v.problem("%q is not %s", got, what)
	}
	return got
}

func (v value) people(want string) []string {
	var out []string
	for _, p := range v.listed(want) {
		if got := p.id("a user group ID (S…) or a user ID (U…, W…); names and e-mail addresses are not taken", "S", "U", "W"); got != "" {
			out = append(out, got)
		}
	}
	return out
}

func (v value) guid() string {
	got := v.required("the object ID of a group in Entra")
	if got != "" && !guid.MatchString(got) {
		v.problem("%q is no object ID; copy it from the group's overview in Entra, e.g. 6f0c5a3e-0000-0000-0000-000000000001", got)
	}
	return strings.ToLower(got)
}

func (v value) domains() []string {
	var out []string
	for _, d := range v.items() {
		got := strings.ToLower(strings.TrimSpace(d.required("a domain like acme.example")))
		if got != "" && !domain.MatchString(got) {
			d.problem("%q is no domain; write it like acme.example, other scripts in their xn-- form", got)
		}
		out = append(out, got)
	}
	return out
}

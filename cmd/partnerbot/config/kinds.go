package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"partnerbot/approvals"
)

// The kinds of values that only this program has: addresses, IDs, domains, people.

var (
	accessID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	slackID  = regexp.MustCompile(`^[A-Z][A-Z0-9]{2,20}$`)
	guid     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domain   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]$`)
)

func (v value) limited(def string, most int) string {
	got := strings.TrimSpace(v.text(def))
	if len([]rune(got)) > most {
		v.problem("is longer than %d characters", most)
	}
	return got
}

// sentence is a text for people that must not be empty.
func (v value) sentence(most int, what string) string {
	if v.required(what) == "" {
		return ""
	}
	return v.limited("", most)
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

// people are user groups and users, each once.
func (v value) people(want string) []string {
	var out []string
	for _, p := range v.listed(want) {
		out = p.oncer(out, p.id("a user group ID (S…) or a user ID (U…, W…); names and e-mail addresses are not taken", "S", "U", "W"))
	}
	return out
}

// approvers are people and roles, each once.
func (v value) approvers(want string, roles ...string) []string {
	var out []string
	for _, p := range v.listed(want) {
		got := p.text("")
		if !slices.Contains(roles, got) {
			if hint := meant(got, roles); hint != "" {
				p.problem("%q is neither an ID nor a role%s", got, hint)
				continue
			}
			got = p.id("a user group ID (S…) or a user ID (U…, W…); names and e-mail addresses are not taken", "S", "U", "W")
		}
		out = p.oncer(out, got)
	}
	return out
}

func (v value) oncer(list []string, got string) []string {
	switch {
	case got == "":
		return list
	case slices.Contains(list, got):
		v.problem("%s is in the list already", got)
		return list
	}
	return append(list, got)
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
		got := d.domain()
		if over, ok := above(got, out); ok {
			d.rep.remark(d.line, d.key, got+" is in the list already ("+over+", with its subdomains)")
		}
		out = append(out, got)
	}
	return out
}

func (v value) domain() string {
	got := strings.ToLower(strings.TrimSpace(v.required("a domain like acme.example")))
	if got != "" && !domain.MatchString(got) {
		v.problem("%q is no domain; write it like acme.example, other scripts in their xn-- form", got)
	}
	return got
}

// grants are the groups in Entra that an access opens, each once.
func (v value) grants() []approvals.Grant {
	var out []approvals.Grant
	for _, g := range v.listed("what the guest gets, e.g. [{group: 6f0c5a3e-0000-0000-0000-000000000001}]") {
		f := g.fields("group", "title")
		grant := approvals.Grant{Group: f["group"].guid(), Title: f["title"].limited("", 75)}
		if slices.ContainsFunc(out, func(o approvals.Grant) bool { return o.Group == grant.Group && o.Group != "" }) {
			g.problem("%s is in the list already", grant.Group)
			continue
		}
		out = append(out, grant)
	}
	return out
}

package config

import (
	"slices"
	"strings"

	"partnerbot/approvals"
	"partnerbot/approvals/lookalike"
)

func (c *Config) readPartners(entries []entry) {
	for _, e := range entries {
		c.Policy.Partners = append(c.Policy.Partners, c.readPartner(e))
	}
}

func (c *Config) readPartner(e entry) approvals.Partner {
	e.named("a partner")
	f := e.fields("name", "domains", "treat", "sponsors", "access", "for")
	p := approvals.Partner{ID: e.name, Name: f["name"].limited(e.name, 75), Treat: f["treat"].treat(), For: f["for"].duration(0)}
	for _, d := range f["domains"].listed("the partner's mail domains, e.g. [contoso.example]") {
		if got := d.domain(); got != "" {
			c.checkDomain(d, got, p.Domains)
			p.Domains = append(p.Domains, got)
		}
	}
	if !f["sponsors"].absent() {
		p.Sponsors = f["sponsors"].people("the user groups (S…) or users (U…, W…) who answer for the partner, e.g. [S0FALCON]")
	}
	p.Access = strings.TrimSpace(f["access"].text(""))
	c.checkDefaults(f, p)
	return p
}

// checkDomain refuses a domain that would never be found to be this partner's.
func (c *Config) checkDomain(v value, got string, own []string) {
	if slices.Contains(own, got) {
		v.problem("%s is in the list already", got)
		return
	}
	if over, ok := above(got, c.Policy.OwnDomains); ok {
		v.problem("%s belongs to guests.own_domains (%s): people there are colleagues", got, over)
	}
	for _, other := range c.Policy.Partners {
		if over, ok := above(got, other.Domains); ok {
			v.problem("%s is %s's already (%s, with its subdomains); put the partner with the longer domain first", got, other.ID, over)
		}
	}
	if over, ok := above(got, c.Policy.BlockedDomains); ok {
		v.rep.remark(v.line, v.key, got+" is blocked by guests.blocked_domains ("+over+"): nobody from there is let in, partner or not")
	}
	if free, _ := lookalike.FreeMail(got); free {
		v.rep.remark(v.line, v.key, got+" gives an address to anybody who asks: whoever has one counts as this partner")
	}
}

// above finds the domain of a list that another one is, or lies under.
func above(domain string, list []string) (string, bool) {
	i := slices.IndexFunc(list, func(d string) bool { return d != "" && (domain == d || strings.HasSuffix(domain, "."+d)) })
	if i < 0 {
		return "", false
	}
	return list[i], true
}

// checkDefaults refuses what the form could not begin with.
func (c *Config) checkDefaults(f fields, p approvals.Partner) {
	if p.Access == "" {
		if p.For > 0 {
			f["for"].problem("needs access: the ID of the access that it is chosen for")
		}
		return
	}
	a, ok := c.Policy.Access(p.Access)
	switch {
	case !ok:
		f["access"].problem("%q is no access here%s; write one of %s", p.Access, meant(p.Access, c.accessIDs()), strings.Join(c.accessIDs(), ", "))
	case p.For > 0 && !slices.Contains(a.Durations, p.For):
		f["for"].problem("%s is none of the durations of %s", f["for"].text(""), p.Access)
	}
}

func (c *Config) accessIDs() []string {
	ids := make([]string, len(c.Policy.Accesses))
	for i, a := range c.Policy.Accesses {
		ids[i] = a.ID
	}
	return ids
}

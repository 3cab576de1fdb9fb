package approvals

import (
	"slices"
	"strings"
	"time"
)

// Policy says what may be asked for and who decides. It is read-only once
// made; requests carry a copy of the part that concerns them.
type Policy struct {
	Accesses       []Access
	Admins         []string // Slack user groups (S…) and users (U…, W…)
	OwnDomains     []string // addresses here are colleagues, not guests
	BlockedDomains []string // nobody from here, with their subdomains
}

// Access is one thing a guest can be let into.
type Access struct {
	ID          string          `json:"id"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitempty"`
	Grants      []Grant         `json:"grants"`
	Durations   []time.Duration `json:"durations"`
	Stages      []Stage         `json:"stages"`
}

// Grant is one right in Entra: the membership of a group.
type Grant struct {
	Group string `json:"group"` // object ID
}

// Key names the grant among the grants of a request.
func (g Grant) Key() string { return "group:" + g.Group }

// Stage is one round of decision. Stages run in order, each needs its quorum,
// one Deny ends the request.
type Stage struct {
	Name      string        `json:"name"`
	Channel   string        `json:"channel"`
	Approvers []string      `json:"approvers"` // user groups (S…) and users (U…, W…)
	Quorum    int           `json:"quorum"`
	Deadline  time.Duration `json:"deadline"`
}

// Groups are the user groups among the stage's approvers.
func (s Stage) Groups() []string {
	return slices.DeleteFunc(slices.Clone(s.Approvers), func(id string) bool { return !IsGroup(id) })
}

// names reports whether the stage lets somebody decide who has this user ID
// and was seen in these user groups.
func (s Stage) names(user string, groups []string) bool {
	return slices.ContainsFunc(s.Approvers, func(id string) bool {
		if IsGroup(id) {
			return slices.Contains(groups, id)
		}
		return id == user
	})
}

// Access finds an access by its ID.
func (p *Policy) Access(id string) (Access, bool) {
	i := slices.IndexFunc(p.Accesses, func(a Access) bool { return a.ID == id })
	if i < 0 {
		return Access{}, false
	}
	return p.Accesses[i], true
}

// Admin reports whether the policy names somebody as an admin who has this user
// ID and was seen in these user groups.
func (p *Policy) Admin(user string, groups []string) bool {
	return Stage{Approvers: p.Admins}.names(user, groups)
}

// AdminGroups are the user groups among the admins.
func (p *Policy) AdminGroups() []string { return Stage{Approvers: p.Admins}.Groups() }

// own reports whether a domain is the company's. A subdomain of an own domain
// is its own too.
func (p *Policy) own(domain string, more ...string) bool {
	return within(domain, p.OwnDomains) || within(domain, more)
}

func (p *Policy) blocked(domain string) bool { return within(domain, p.BlockedDomains) }

func within(domain string, list []string) bool {
	return slices.ContainsFunc(list, func(d string) bool {
		d = strings.ToLower(strings.TrimSpace(d))
		return d != "" && (domain == d || strings.HasSuffix(domain, "."+d))
	})
}

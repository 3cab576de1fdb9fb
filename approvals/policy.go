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
	Partners       []Partner
	FreeMail       Treat    // of mail providers where anybody has an address
	MoreFreeMail   []string // domains that the built-in list of them lacks
	Unknown        Treat    // of organisations that are none of the Partners
	Rules          []Rule   // in the order of the file; all that hold apply
	Limits         Limits
	MaxGuests      int             // in one request; 0 means 50
	RuleGroups     []string        // user groups that conditions of rules ask about
	Known          DomainKnowledge // of mail domains in general: Policy.Domains, once the rest is complete; nil knows the free ones
}

// Limits are how long and how often things may be, for every request.
type Limits struct {
	Hold       time.Duration `json:"hold,omitempty"`        // an approval can be undone before the invitation leaves
	Claim      time.Duration `json:"claim,omitempty"`       // "I'm on it" keeps reminders silent; 0 means an hour
	NudgeEvery time.Duration `json:"nudge_every,omitempty"` // between two nudges by the requester; 0 means four hours
	NudgeLimit int           `json:"nudge_limit,omitempty"` // nudges in one stage; 0 means three
}

// Always is a policy that is never read anew.
func (p *Policy) Always() *Policy { return p }

// Treat is what the policy wants with an organisation.
type Treat string

// The ways to treat an organisation. The zero Treat allows.
const (
	Allowed Treat = "allowed"
	Warned  Treat = "warned" // its guests may be asked in; sponsors are told to look twice
	Blocked Treat = "blocked"
)

// Partner is a known organisation.
type Partner struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Domains  []string      `json:"domains"`
	Treat    Treat         `json:"treat,omitempty"`
	Sponsors []string      `json:"sponsors,omitempty"` // user groups (S…) and users (U…, W…) who answer for it
	Access   string        `json:"access,omitempty"`   // ID of the access that the form begins with
	For      time.Duration `json:"for,omitempty"`      // and how long it lasts there
}

// DomainKnowledge is what is known of mail domains beyond the policy's own lists.
type DomainKnowledge interface {
	// Like says which known domain another one looks like without being it.
	Like(domain string) (Likeness, bool)
	// FreeMail reports whether anybody can have an address there, and whether it
	// is one to be thrown away.
	FreeMail(domain string) (free, disposable bool)
}

// Likeness says which known domain another one looks like, and why.
type Likeness struct {
	Domain string `json:"domain"`
	Kind   string `json:"kind"`
	Detail string `json:"detail,omitempty"`
}

// Access is one thing a guest can be let into.
type Access struct {
	ID          string          `json:"id"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitempty"`
	Grants      []Grant         `json:"grants"`
	Durations   []time.Duration `json:"durations,omitempty"`
	Longest     time.Duration   `json:"longest,omitempty"`    // a date may be chosen that is no further away; 0: no dates
	OpenEnded   bool            `json:"open_ended,omitempty"` // access without an end may be asked for
	Requesters  []string        `json:"requesters,omitempty"` // who may ask; nobody named: everybody
	Questions   []Question      `json:"questions,omitempty"`
	Stages      []Stage         `json:"stages"`
}

// Grant is one right in Entra: the membership of a group.
type Grant struct {
	Group string `json:"group"`           // object ID
	Title string `json:"title,omitempty"` // what it opens, for people
}

// Key names the grant among the grants of a request.
func (g Grant) Key() string { return "group:" + g.Group }

// QuestionKind is how a question is answered.
type QuestionKind string

// The kinds of questions.
const (
	AskText   QuestionKind = "text"
	AskChoice QuestionKind = "choice"
	AskDate   QuestionKind = "date" // answered as 2026-12-31
)

// Question is one that an access asks of everybody who wants it.
type Question struct {
	ID       string       `json:"id"`
	Label    string       `json:"label"`
	Hint     string       `json:"hint,omitempty"`
	Kind     QuestionKind `json:"kind"`
	Options  []string     `json:"options,omitempty"` // of a choice
	Required bool         `json:"required,omitempty"`
}

// Filled is the answer to a question of an access.
type Filled struct {
	ID    string       `json:"id"`
	Label string       `json:"label"`
	Kind  QuestionKind `json:"kind"`
	Value string       `json:"value"`
}

// Approvers that are not named by ID. Who they are is found out for each request.
const (
	RoleManager  = "manager"  // the requester's manager
	RoleSponsors = "sponsors" // the partner's sponsors
	RoleChosen   = "chosen"   // whom the stage before has chosen
)

// Stage is one round of decision. Stages run in order, each needs its quorum,
// one Deny ends the request. No answer by the deadline is a no.
type Stage struct {
	Name      string          `json:"name"`
	Channel   string          `json:"channel,omitempty"` // none: each approver gets a direct message
	Approvers []string        `json:"approvers"`         // user groups (S…), users (U…, W…) and roles
	Quorum    int             `json:"quorum"`
	Deadline  time.Duration   `json:"deadline"`
	Reminders []time.Duration `json:"reminders,omitempty"` // after the stage began, ascending
	Escalate  *Escalation     `json:"escalate,omitempty"`
	Rule      string          `json:"rule,omitempty"` // the rule that added it
}

// Escalation brings other people in when a stage does not get on.
type Escalation struct {
	After     time.Duration `json:"after,omitempty"`   // the stage began; 0: only at its deadline or when nobody of it is left
	Channel   string        `json:"channel,omitempty"` // where they get a card; none: direct messages
	Approvers []string      `json:"approvers"`
	Deadline  time.Duration `json:"deadline,omitempty"` // the time they have from then on; 0: the stage's own deadline stays
}

// Has reports whether a role is among the stage's approvers.
func (s Stage) Has(role string) bool { return slices.Contains(s.Approvers, role) }

func groupsOf(approvers []string) []string {
	return slices.DeleteFunc(slices.Clone(approvers), func(id string) bool { return !IsGroup(id) })
}

func named(approvers []string, user string, groups []string) bool {
	return slices.ContainsFunc(approvers, func(id string) bool {
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

// Partner finds the known organisation that a mail domain belongs to.
func (p *Policy) Partner(domain string) (Partner, bool) {
	for _, known := range p.Partners {
		if within(domain, known.Domains) {
			return known, true
		}
	}
	return Partner{}, false
}

// Admin reports whether the policy names somebody as an admin who has this user
// ID and was seen in these user groups.
func (p *Policy) Admin(user string, groups []string) bool { return named(p.Admins, user, groups) }

// AdminGroups are the user groups among the admins.
func (p *Policy) AdminGroups() []string { return groupsOf(p.Admins) }

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

// askedGroups are the user groups that decide who may ask for an access, and what
// rules make of it.
func (p *Policy) askedGroups(access string) []string {
	a, _ := p.Access(access)
	groups := append(groupsOf(a.Requesters), p.RuleGroups...)
	slices.Sort(groups)
	return slices.Compact(groups)
}

package approvals

import (
	"slices"
	"time"
)

// Facts are what a sponsor should know of a guest and their organisation. What
// policy and store know is there when the request is made, and the store's part
// anew when a later stage begins; what Entra knows comes later, and a card never waits for it.
type Facts struct {
	Domain     string       `json:"domain,omitempty"`
	Partner    string       `json:"partner,omitempty"` // name of the known organisation
	PartnerID  string       `json:"partner_id,omitempty"`
	Treat      Treat        `json:"treat,omitempty"`
	FreeMail   bool         `json:"free_mail,omitempty"`
	Disposable bool         `json:"disposable,omitempty"`
	Like       *Likeness    `json:"like,omitempty"`   // a known domain that it looks like without being it
	Here       DomainCount  `json:"here,omitzero"`    // as of when the stage began
	Tenant     *TenantFacts `json:"tenant,omitempty"` // nil while Entra was not asked
	Risk       Risk         `json:"risk,omitempty"`
}

// DomainCount is what our store knows of a mail domain, and of all others that have
// the same BaseDomain.
type DomainCount struct {
	Pending int        `json:"pending,omitempty"` // requests that wait for a decision
	Live    int        `json:"live,omitempty"`    // inviting, invited or active
	Active  int        `json:"active,omitempty"`  // of these, joined
	Before  int        `json:"before,omitempty"`  // requests that are over
	Last    []Decision `json:"last,omitempty"`    // the newest decisions, newest first, at most three
}

// First reports whether nobody of the domain is let in, nor was by any of the
// last decisions. What was only asked for is no reference: anybody may ask.
func (c DomainCount) First() bool {
	return c.Live == 0 && !slices.ContainsFunc(c.Last, func(d Decision) bool { return d.State != Denied })
}

func (c DomainCount) equal(d DomainCount) bool {
	same := func(a, b Decision) bool {
		return a.ID == b.ID && a.State == b.State && a.By == b.By && a.At.Equal(b.At)
	}
	return c.Pending == d.Pending && c.Live == d.Live && c.Active == d.Active && c.Before == d.Before && slices.EqualFunc(c.Last, d.Last, same)
}

// Decision is what became of an earlier request.
type Decision struct {
	ID    RequestID `json:"id"`
	State State     `json:"state"`
	By    PersonID  `json:"by,omitzero"`
	At    time.Time `json:"at"`
}

// TenantFacts are what Entra knows of a guest, and of the others of their domain.
type TenantFacts struct {
	At       time.Time   `json:"at"`
	Account  bool        `json:"account,omitempty"`  // there is an account of that address
	Guest    bool        `json:"guest,omitempty"`    // and it is a guest's; otherwise a colleague's
	Pending  bool        `json:"pending,omitempty"`  // invited, not redeemed
	Disabled bool        `json:"disabled,omitempty"` // blocked from signing in
	Count    TenantCount `json:"count,omitzero"`
	Trouble  string      `json:"trouble,omitempty"` // code of why Entra does not say
}

// TenantCount counts the guests of a mail domain in the tenant.
type TenantCount struct {
	Guests   int  `json:"guests,omitempty"`
	Disabled int  `json:"disabled,omitempty"`
	Pending  int  `json:"pending,omitempty"`
	More     bool `json:"more,omitempty"` // Disabled and Pending count the first hundred only
}

// Risk sums up the facts that speak for a second look.
type Risk string

// The risks.
const (
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

// risk weighs facts: what looks like somebody else's domain or can be had by
// anybody for a minute is high, what is merely unknown is medium.
func (f Facts) risk(openEnded bool) Risk {
	points := 0
	for _, is := range []struct {
		so     bool
		points int
	}{
		{f.Like != nil, 3},
		{f.Disposable, 3},
		{f.Treat == Warned, 2},
		{f.FreeMail, 1},
		{f.Partner == "", 1},
		{f.Partner == "" && f.Here.First(), 1},
		{openEnded, 1},
	} {
		if is.so {
			points += is.points
		}
	}
	switch {
	case points >= 3:
		return RiskHigh
	case points >= 2:
		return RiskMedium
	}
	return RiskLow
}

// facts are what the policy knows of a mail domain.
func (p *Policy) facts(domain string, here DomainCount, openEnded bool) Facts {
	f := Facts{Domain: domain, Here: here, Treat: p.Unknown}
	known, ok := p.Partner(domain)
	if ok {
		f.Partner, f.PartnerID, f.Treat = known.Name, known.ID, known.Treat
	}
	f.FreeMail, f.Disposable = p.freeMail(domain)
	if !ok && f.FreeMail && p.FreeMail != "" {
		f.Treat = p.FreeMail
	}
	if !ok && p.Known != nil {
		if like, is := p.Known.Like(domain); is {
			f.Like = &like
		}
	}
	if p.blocked(domain) {
		f.Treat = Blocked
	}
	f.Risk = f.risk(openEnded)
	return f
}

// freeMail reports whether anybody can have an address of a domain, and whether
// it is one to be thrown away.
func (p *Policy) freeMail(domain string) (free, disposable bool) {
	known := p.Known
	if known == nil {
		known = domains{}
	}
	free, disposable = known.FreeMail(domain)
	return free || within(domain, p.MoreFreeMail), disposable
}

package rules

import (
	"math"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"partnerbot/approvals"
)

// Variable is one thing that a condition may ask about.
type Variable struct {
	Name   string
	Doc    string
	Values []string // all that a text can be, if they are few

	kind *cel.Type
	of   func(approvals.Case) any // nil where it is not known
}

// forever stands for access without an end. It is longer than anything that can
// be asked for, so that a rule about long access holds for endless access as well
// and one about short access does not.
const forever = time.Duration(math.MaxInt64)

var treats = []string{string(approvals.Allowed), string(approvals.Warned), string(approvals.Blocked)}

// Variables are all that a condition may ask about, in the order of the documentation.
func Variables() []Variable {
	text, number, yes, span := cel.StringType, cel.IntType, cel.BoolType, cel.DurationType
	return []Variable{
		{"guest.email", "the guest's address, in lower case", nil, text, func(c approvals.Case) any { return strings.ToLower(c.Email) }},
		{"guest.domain", "its mail domain, in lower case", nil, text, func(c approvals.Case) any { return strings.ToLower(c.Domain) }},
		{"guest.company", "the company as the requester typed it", nil, text, func(c approvals.Case) any { return c.Company }},
		{"partner.known", "whether the domain belongs to one of `partners`", nil, yes, func(c approvals.Case) any { return c.Facts.PartnerID != "" }},
		{"partner.id", `its short name in the policy, "" if it is nobody's`, nil, text, func(c approvals.Case) any { return c.Facts.PartnerID }},
		{"partner.name", "its name for people", nil, text, func(c approvals.Case) any { return c.Facts.Partner }},
		{"partner.treat", "how the policy treats the guest's organisation", treats, text, treat},
		{"domain.free_mail", "anybody can have an address there", nil, yes, func(c approvals.Case) any { return c.Facts.FreeMail }},
		{"domain.disposable", "anybody can have one and throw it away", nil, yes, func(c approvals.Case) any { return c.Facts.Disposable }},
		{"domain.looks_like", `the known domain that it looks like without being it, or ""`, nil, text, looksLike},
		{"domain.first_time", "nobody from there is here, and none of the last three decisions let anybody in", nil, yes, func(c approvals.Case) any { return c.Facts.Here.First() }},
		{"domain.guests", "how many guests from there are being let in, invited or active", nil, number, func(c approvals.Case) any { return int64(c.Facts.Here.Live) }},
		{"domain.denied_before", "one of the last three decisions about the domain was a no", nil, yes, deniedBefore},
		{"access", "the short name of the access", nil, text, func(c approvals.Case) any { return c.Access }},
		{"duration", "how long it is to last; without an end it is longer than any", nil, span, lasts},
		{"open_ended", "it is to have no end", nil, yes, func(c approvals.Case) any { return c.OpenEnded }},
		{"guests", "how many guests the request is for", nil, number, func(c approvals.Case) any { return int64(c.Guests) }},
		{"requester.id", "the Slack user ID of who asks", nil, text, func(c approvals.Case) any { return c.Requester.User }},
		{"requester.email", "their address, in lower case", nil, text, func(c approvals.Case) any { return strings.ToLower(c.RequesterEmail) }},
		{"requester.groups", "the user groups, of those that the policy names, that they are in", nil, cel.ListType(text), func(c approvals.Case) any { return slices.Clone(c.Groups) }},
		{"risk", "what the facts add up to", []string{string(approvals.RiskLow), string(approvals.RiskMedium), string(approvals.RiskHigh)}, text, risk},
	}
}

func treat(c approvals.Case) any {
	if c.Facts.Treat == "" {
		return string(approvals.Allowed)
	}
	return string(c.Facts.Treat)
}

func looksLike(c approvals.Case) any {
	if c.Facts.Like == nil {
		return ""
	}
	return c.Facts.Like.Domain
}

func deniedBefore(c approvals.Case) any {
	return slices.ContainsFunc(c.Facts.Here.Last, func(d approvals.Decision) bool { return d.State == approvals.Denied })
}

func lasts(c approvals.Case) any {
	if c.OpenEnded {
		return forever
	}
	return c.For
}

func risk(c approvals.Case) any {
	if c.Facts.Risk == "" {
		return nil // nobody has weighed the facts
	}
	return string(c.Facts.Risk)
}

// values gives a condition what it asks about in one case.
type values struct {
	of   map[string]Variable
	from approvals.Case
}

// ResolveName implements cel.Activation.
func (v values) ResolveName(name string) (any, bool) {
	known, ok := v.of[name]
	if !ok {
		return nil, false
	}
	value := known.of(v.from)
	return value, value != nil
}

// Parent implements cel.Activation.
func (v values) Parent() cel.Activation { return nil }

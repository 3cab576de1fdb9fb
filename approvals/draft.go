package approvals

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// How much may be typed. Entra takes 64 characters of company; the rest keeps a
// card readable.
const (
	MaxName    = 100
	MaxCompany = 64
	MaxReason  = 1000
)

// Draft is a request as its requester typed it.
type Draft struct {
	By      Person // as Slack describes the requester
	Email   string
	Name    string
	Company string
	Guests  int    // who are asked in at once, of whom this is one; 0 counts as one
	Access  string // ID
	For     time.Duration
	ByDate  bool      // an end was to be chosen instead
	Ends    time.Time // that end
	// OpenEnded asks for access without an end.
	OpenEnded bool
	Reason    string
	Answers   map[string]string // to the questions of the access, by their IDs
}

// Check reads a draft by the policy. Every field that is wrong is named in the
// Refusals; of the typed text only what nobody can see is left out.
func (p *Policy) Check(d Draft, now time.Time) (Guest, Access, error) {
	var wrong Refusals
	note := func(err error) {
		if r, ok := errors.AsType[*Refusal](err); ok {
			wrong = append(wrong, r)
		}
	}
	address, domain, err := ParseAddress(d.Email)
	note(err)
	if err == nil {
		note(p.checkDomain(domain, d.By))
	}
	d = d.clean()
	note(checkText(FieldName, d.Name, MaxName, ErrNameMissing))
	note(checkText(FieldCompany, d.Company, MaxCompany, nil))
	access, ok := p.Access(d.Access)
	if !ok {
		note(ErrAccessUnknown)
	} else {
		note(access.checkTerms(d, now))
		wrong = append(wrong, access.checkAnswers(d)...)
	}
	note(checkText(FieldReason, d.Reason, MaxReason, ErrReasonMissing))
	guest := Guest{Email: address, Name: d.Name, Company: d.Company}
	if len(wrong) > 0 {
		return guest, access, wrong
	}
	return guest, access, nil
}

// checkDomain refuses colleagues and blocked organisations. The requester's own
// mail domain is the company's, whatever the configuration forgot, unless it is
// of a mail provider that anybody can use.
func (p *Policy) checkDomain(domain string, by Person) error {
	_, mine, _ := cutAt(strings.ToLower(by.Email))
	if free, _ := p.freeMail(mine); free {
		mine = ""
	}
	switch {
	case p.own(domain, mine):
		return ErrOwnDomain.With("domain", domain)
	case p.blocked(domain):
		return ErrBlockedDomain.With("domain", domain)
	}
	return nil
}

func checkText(f Field, text string, limit int, missing *Refusal) error {
	if !visible(text) && missing != nil {
		return missing
	}
	if utf8.RuneCountInString(text) > limit {
		return tooLong(f, limit)
	}
	return nil
}

func tooLong(f Field, limit int) *Refusal {
	r := ErrTooLong.With("limit", strconv.Itoa(limit))
	r.Field = f
	return r
}

// Open makes the first version of a request: pending, with the policy of its
// access copied into it, its card, its message and its clock owed. One that the
// policy approves by itself waits for the guest at once.
func Open(id RequestID, plan Plan, limits Limits, now time.Time) Change {
	r := Request{
		ID: id, Tag: newTag(now), Version: 1, State: Pending, Requester: plan.Requester, Guest: plan.Guest, Access: plan.Access,
		For: plan.Terms.For, Ends: plan.Terms.Ends, OpenEnded: plan.Terms.OpenEnded, Reason: plan.Terms.Reason, Filled: plan.Terms.Filled,
		Facts: plan.Facts, FactsOf: plan.FactsOf, Rules: plan.Rules, Limits: limits, Guests: plan.Guests,
		AtOnce: plan.AtOnce, Opened: now, Changed: now,
	}
	owed := []Owing{{Kind: WorkCards}, {Kind: WorkDirect}, {Kind: WorkFacts}, {Kind: WorkSight, Due: now.Add(sightSoon)}}
	if plan.Approved {
		var more []Owing
		r, more, _ = r.admit(now)
		owed = append(owed, more...)
	} else {
		r = r.begin(now)
		owed = append(owed, r.clock())
	}
	return Change{Request: r, Entries: []Entry{opening(r)}, Owed: owed}
}

// RefuseTwin says why a second request for the same guest and access is not made.
func RefuseTwin(live Request) *Refusal {
	args := about(ErrAlreadyIn, live)
	if live.State == Pending {
		args = about(ErrAlreadyPending, live)
	}
	args = args.With("access", live.Access.Title).With("state", string(live.State))
	if !live.Until.IsZero() {
		args = args.With("until", unix(live.Until))
	}
	return args
}

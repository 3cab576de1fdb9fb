package approvals

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// Surroundings are what a plan must know beyond the draft: what the store has of
// the guest's domain, and which of the user groups that the policy names the
// requester is in. They are read before it, and the plan itself asks nobody.
type Surroundings struct {
	Here   DomainCount
	Groups []string
	Guests int // in the whole request; 0 counts as one
	Now    time.Time
}

// Plan is what the policy makes of a draft: who is asked, for what, and why.
type Plan struct {
	Guest     Guest
	Guests    []Guest // several of them, instead
	AtOnce    int     // guests who were asked in at once, of whom this is one; 0 counts as one
	Access    Access  // with the stages that rules have added, and roles of the partner's sponsors filled in
	Terms     Terms
	Facts     Facts
	FactsOf   []Facts // of each domain of several guests
	Rules     []Applied
	Approved  bool // nobody is asked
	Requester PersonID
}

// Plan reads a draft by the policy: everything that is wrong is named in the
// Refusals, otherwise the plan says what happens. It is pure.
func (p *Policy) Plan(d Draft, in Surroundings) (Plan, error) {
	plan := Plan{Requester: d.By.ID, AtOnce: in.Guests}
	var wrong Refusals
	note := func(err error) {
		r, ok := errors.AsType[*Refusal](err)
		if ok && (r.Field == "" || !slices.ContainsFunc(wrong, func(w *Refusal) bool { return w.Field == r.Field })) {
			wrong = append(wrong, r)
		}
	}
	guest, access, err := p.Check(d, in.Now)
	if many, ok := errors.AsType[Refusals](err); ok {
		wrong = append(wrong, many...)
	}
	if access.ID == "" {
		return Plan{}, wrong
	}
	switch { // one of them counts
	case d.OpenEnded:
		d.For, d.Ends = 0, time.Time{}
	case d.ByDate || !d.Ends.IsZero():
		d.For = 0
	}
	plan.Guest, plan.Access = guest, access
	plan.Terms = Terms{
		For: d.For, Ends: d.Ends, OpenEnded: d.OpenEnded, Grants: slices.Clone(access.Grants),
		Name: guest.Name, Company: guest.Company, Reason: d.clean().Reason, Filled: d.filled(access),
	}
	if len(access.Requesters) > 0 && !named(access.Requesters, d.By.ID.User, in.Groups) {
		note(ErrNotForYou.With("access", access.Title))
	}
	if guest.Email == "" { // nothing can be said of nobody
		return plan, wrong
	}
	_, domain, _ := cutAt(guest.Email)
	plan.Facts = p.facts(domain, in.Here, d.OpenEnded)
	note(refuseTreat(plan.Facts))
	if err := p.apply(&plan, d, in); err != nil {
		note(err)
	}
	plan.seatSponsors(p)
	if len(wrong) > 0 {
		return plan, wrong
	}
	return plan, nil
}

// refuseTreat refuses whom the policy blocks.
func refuseTreat(f Facts) error {
	switch {
	case f.Treat != Blocked:
		return nil
	case f.Partner != "":
		return ErrBlockedDomain.With("domain", f.Domain)
	case f.FreeMail:
		return ErrFreeMail.With("domain", f.Domain)
	}
	return ErrUnknownDomain.With("domain", f.Domain)
}

// apply lets every rule that holds have its say. A rule that cannot be told to
// hold or not refuses: what is not known is a no.
func (p *Policy) apply(plan *Plan, d Draft, in Surroundings) error {
	c := Case{
		Email: plan.Guest.Email, Domain: plan.Facts.Domain, Company: plan.Guest.Company, Facts: plan.Facts, Access: plan.Access.ID,
		For: span(plan.Terms, in.Now), OpenEnded: d.OpenEnded, Guests: max(plan.AtOnce, 1),
		Requester: d.By.ID, RequesterEmail: d.By.Email, Groups: in.Groups,
	}
	var first, last []Stage
	var refused error
	for _, rule := range p.Rules {
		if rule.When != nil {
			holds, err := rule.When.Holds(c)
			if err != nil {
				plan.Approved = false
				return ErrRuleBroken.With("rule", rule.ID)
			}
			if !holds {
				continue
			}
		}
		is := Applied{Rule: rule.ID, Longest: rule.Then.Longest, Refused: rule.Then.Refuse, Approve: rule.Then.Approve}
		if s := rule.Then.AddStage; s != nil {
			added := *s
			added.Rule, is.Added = rule.ID, s.Name
			if rule.Then.First {
				first = append(first, added)
			} else {
				last = append(last, added)
			}
		}
		plan.Rules = append(plan.Rules, is)
		switch {
		case rule.Then.Refuse != "" && refused == nil:
			refused = ErrByRule.With("rule", rule.ID).With("sentence", rule.Then.Refuse)
		case rule.Then.Longest > 0 && plan.Terms.longer(rule.Then.Longest, in.Now) && refused == nil:
			refused = ErrForTooLong.With("longest", rule.Then.Longest.String()).With("rule", rule.ID)
		}
		plan.Approved = plan.Approved || rule.Then.Approve
	}
	plan.Approved = plan.Approved && refused == nil && len(first)+len(last) == 0
	plan.Access.Stages = slices.Concat(first, plan.Access.Stages, last)
	if plan.Approved {
		plan.Access.Stages = nil
	}
	return refused
}

// span is how long access by these terms lasts if it begins now; 0 without an end.
func span(t Terms, now time.Time) time.Duration {
	if end := t.end(now); !end.IsZero() {
		return end.Sub(now)
	}
	return 0
}

// longer reports whether access by these terms is longer than a rule allows. Of a
// chosen end the day counts and not the hour, where days are allowed at all.
func (t Terms) longer(longest time.Duration, now time.Time) bool {
	if !t.Ends.IsZero() && longest >= 24*time.Hour {
		return beyond(t.Ends, longest, now)
	}
	return t.OpenEnded || span(t, now) > longest
}

// beyond reports whether the day of an end comes after the last one that may be chosen.
func beyond(end time.Time, longest time.Duration, now time.Time) bool {
	return dayOf(end).After(dayOf(now.Add(longest)))
}

// seatSponsors puts the partner's sponsors in the place of their role. A stage
// that names them for a guest of nobody's keeps the role, which nobody has.
func (plan *Plan) seatSponsors(p *Policy) {
	known, _ := p.Partner(plan.Facts.Domain)
	if len(known.Sponsors) == 0 {
		return
	}
	stages := slices.Clone(plan.Access.Stages)
	for i, s := range stages {
		if at := slices.Index(s.Approvers, RoleSponsors); at >= 0 {
			stages[i].Approvers = slices.Concat(s.Approvers[:at:at], known.Sponsors, s.Approvers[at+1:])
		}
	}
	plan.Access.Stages = stages
}

// checkTerms refuses a length or an end that the access does not offer.
func (a Access) checkTerms(d Draft, now time.Time) error {
	switch {
	case d.OpenEnded:
		if !a.OpenEnded {
			return ErrOpenEnded.With("access", a.Title)
		}
	case !d.Ends.IsZero() || d.ByDate:
		return a.checkEnd(d, now)
	case !slices.Contains(a.Durations, d.For):
		return ErrForUnknown.With("access", a.Title)
	}
	return nil
}

func (a Access) checkEnd(d Draft, now time.Time) error {
	switch {
	case a.Longest == 0:
		return ErrForUnknown.With("access", a.Title)
	case d.Ends.IsZero():
		return ErrEndMissing
	case !d.Ends.After(now):
		return ErrEndPassed
	case beyond(d.Ends, a.Longest, now):
		return ErrEndTooFar.With("latest", unix(now.Add(a.Longest)))
	}
	return nil
}

// dayOf is the beginning of the day of a moment, in UTC, as days are chosen.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// EndOf is the last second of a day: when access ends for which the day was chosen.
func EndOf(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 23, 59, 59, 0, day.Location())
}

// checkAnswers refuses what does not answer the questions of the access.
func (a Access) checkAnswers(d Draft) Refusals {
	var wrong Refusals
	for _, q := range a.Questions {
		var err *Refusal
		value := cleanText(d.Answers[q.ID])
		switch {
		case !visible(value) && q.Required:
			err = ErrAnswerMissing
		case !visible(value):
		case q.Kind == AskChoice && !slices.Contains(q.Options, value), q.Kind == AskDate && !isDate(value):
			err = ErrAnswerUnknown.With("label", q.Label)
		case len([]rune(value)) > MaxReason:
			err = ErrTooLong.With("limit", strconv.Itoa(MaxReason))
		}
		if err != nil {
			at := *err
			at.Field = FieldQuestion(q.ID)
			wrong = append(wrong, &at)
		}
	}
	return wrong
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// filled are the answers to the questions of the access, in their order.
func (d Draft) filled(a Access) []Filled {
	var out []Filled
	for _, q := range a.Questions {
		if value := cleanText(d.Answers[q.ID]); visible(value) {
			out = append(out, Filled{ID: q.ID, Label: q.Label, Kind: q.Kind, Value: value})
		}
	}
	return out
}

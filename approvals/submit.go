package approvals

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Submit makes a request of a draft. A second live request for the same guest
// and access is refused with the ID of the first, however many arrive at once.
// So is one that nobody could approve.
func (s *Service) Submit(ctx context.Context, d Draft) (Request, error) {
	plan, err := s.plan(ctx, d)
	if err != nil {
		return Request{}, err
	}
	if err := s.somebody(ctx, plan); err != nil {
		return Request{}, err
	}
	if err := s.twin(ctx, plan.Guest.Email, plan.Access.ID); err != nil { // also in a request for several
		return Request{}, err
	}
	return s.open(ctx, plan)
}

// plan is what the policy makes of a draft, by what the store and Slack know.
func (s *Service) plan(ctx context.Context, d Draft) (Plan, error) {
	policy := s.Policy()
	in, err := s.surroundings(ctx, policy, d)
	if err != nil {
		return Plan{}, err
	}
	_, domain, _ := ParseAddress(d.Email)
	if in.Here, err = s.here(ctx, domain); err != nil {
		return Plan{}, err
	}
	return policy.Plan(d, in)
}

// surroundings are those of a draft for whomever it asks in.
func (s *Service) surroundings(ctx context.Context, policy *Policy, d Draft) (Surroundings, error) {
	if err := d.By.Colleague(); err != nil {
		return Surroundings{}, err
	}
	in := Surroundings{Now: s.Now(), Guests: d.Guests}
	if asked := policy.askedGroups(d.Access); len(asked) > 0 {
		ctx, cancel := context.WithTimeout(ctx, somebodyFacts)
		defer cancel()
		seen := sight{people: s.People}
		_, groups, err := seen.of(ctx, d.By.ID, asked)
		if err != nil {
			return Surroundings{}, err
		}
		in.Groups = groups
	}
	return in, nil
}

// here is what the store knows of a domain; of none, nothing.
func (s *Service) here(ctx context.Context, domain string) (DomainCount, error) {
	if domain == "" {
		return DomainCount{}, nil
	}
	count, err := s.Store.Domain(ctx, domain)
	return count, wrapFault(err, "counting the guests of a domain")
}

// somebodyFacts is how long it may take to look for somebody who could decide.
const somebodyFacts = 800 * time.Millisecond

// somebody refuses a plan with a stage that nobody could decide but its requester.
// What cannot be read in time refuses nothing: the worker looks again.
func (s *Service) somebody(ctx context.Context, plan Plan) error {
	ctx, cancel := context.WithTimeout(ctx, somebodyFacts)
	defer cancel()
	seen := sight{people: s.People}
	for _, stage := range plan.Access.Stages {
		if stage.Has(RoleManager) || stage.Has(RoleChosen) {
			continue // who that is comes out later
		}
		approvers := slices.Clone(stage.Approvers)
		if stage.Escalate != nil {
			approvers = append(approvers, stage.Escalate.Approvers...)
		}
		able, err := seen.able(ctx, plan.Requester, approvers, max(stage.Quorum, 1))
		if err != nil {
			return nil // not known is not nobody
		}
		if len(able) < max(stage.Quorum, 1) {
			return ErrNobody.With("access", plan.Access.Title).With("stage", stage.Name).With("admins", strings.Join(s.Policy().Admins, ","))
		}
	}
	return nil
}

func (s *Service) open(ctx context.Context, plan Plan) (Request, error) {
	now := s.Now()
	r, err := s.Store.Create(ctx, LiveKey(plan.Guest.Email, plan.Access.ID), func(id RequestID, live *Request) (Change, error) {
		if live != nil {
			return Change{}, Refusals{RefuseTwin(*live)}
		}
		return Open(id, plan, s.Policy().Limits, now), nil
	})
	return r, wrapFault(err, "submitting a request")
}

// Preview says of a draft what Submit would say of it, and what a sponsor would
// be shown. It keeps nothing, and empty fields are no mistakes in it.
type Preview struct {
	Plan    Plan
	Wrong   Refusals // without those of what is not typed yet
	Twins   []Request
	Already *TenantFacts // what an earlier request of the guest knows from Entra
}

// Preview looks at a draft while it is typed.
func (s *Service) Preview(ctx context.Context, d Draft) (Preview, error) {
	plan, err := s.plan(ctx, d)
	out := Preview{Plan: plan}
	if err != nil {
		wrong := refusalsOf(err)
		if wrong == nil {
			return Preview{}, err
		}
		out.Wrong = wrong.typed()
	}
	if len(out.Wrong) == 0 {
		if err := s.somebody(ctx, plan); err != nil {
			out.Wrong = refusalsOf(err)
		}
	}
	if plan.Guest.Email == "" {
		return out, nil
	}
	out.Twins, err = s.Store.Guest(ctx, plan.Guest.Email)
	for _, q := range out.Twins {
		if q.Facts.Tenant != nil && (out.Already == nil || q.Facts.Tenant.At.After(out.Already.At)) {
			out.Already = q.Facts.Tenant
		}
	}
	return out, wrapFault(err, "looking for requests of a guest")
}

// typed are the refusals of what was typed, not of what is still missing.
func (rs Refusals) typed() Refusals {
	return slices.DeleteFunc(slices.Clone(rs), func(r *Refusal) bool {
		for _, missing := range []*Refusal{ErrEmailMissing, ErrNameMissing, ErrReasonMissing, ErrAnswerMissing, ErrAccessUnknown, ErrForUnknown, ErrEndMissing} {
			if r.Is(missing) {
				return true
			}
		}
		return false
	})
}

func refusalsOf(err error) Refusals {
	if many, ok := errors.AsType[Refusals](err); ok {
		return many
	}
	if one, ok := errors.AsType[*Refusal](err); ok {
		return Refusals{one}
	}
	return nil
}

// Several is a wish for several guests at once, in the same words.
type Several struct {
	Draft          // without Email, Name, Company and Guests
	Guests []Guest // as ParseGuests read them
	Each   bool    // each is decided by itself; otherwise all by one decision
}

// SubmitSeveral makes one request for several guests, or one for each. What is
// wrong with any of them is said before anything is made. When some of the requests
// for each could not be made, those that were are returned with the error.
func (s *Service) SubmitSeveral(ctx context.Context, d Several) ([]Request, error) {
	plans, err := s.plans(ctx, d)
	if err != nil {
		return nil, err
	}
	for i, plan := range plans {
		if slices.ContainsFunc(plans[:i], func(p Plan) bool { return sameStages(p.Access.Stages, plan.Access.Stages) }) {
			continue // looked at already
		}
		if err := s.somebody(ctx, plan); err != nil {
			return nil, err
		}
	}
	if !d.Each && len(plans) > 1 {
		r, err := s.openSeveral(ctx, plans)
		if err != nil {
			return nil, err
		}
		return []Request{r}, nil
	}
	made, errs := make([]Request, len(plans)), make([]error, len(plans))
	var wg sync.WaitGroup
	for i, plan := range plans {
		wg.Go(func() { made[i], errs[i] = s.open(ctx, plan) })
	}
	wg.Wait()
	return slices.DeleteFunc(made, func(r Request) bool { return r.ID == "" }), s.lines(d, errs)
}

// lines puts refusals at the lines of the guests that caused them.
func (s *Service) lines(d Several, errs []error) error {
	var wrong Refusals
	for i, err := range errs {
		refused := refusalsOf(err)
		if err != nil && refused == nil {
			return err
		}
		for _, r := range refused {
			at := ErrGuestLine.With("text", d.Guests[i].Email).With("code", string(r.Code))
			for k, v := range r.Args {
				at = at.With(k, v)
			}
			wrong = append(wrong, at)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

// of is the wish for one of the guests.
func (d Several) of(g Guest) Draft {
	one := d.Draft
	one.Email, one.Name, one.Company = g.Email, g.Name, g.Company
	if one.Name == "" {
		one.Name, _, _ = cutAt(g.Email)
	}
	if one.Company == "" {
		one.Company = d.Company
	}
	return one
}

// plans are the plans of all guests, or all that is wrong with them. What is known
// of the requester and of a domain is read once, however many guests there are.
func (s *Service) plans(ctx context.Context, d Several) ([]Plan, error) {
	limit := s.Policy().MaxGuests
	if limit == 0 {
		limit = 50
	}
	switch {
	case len(d.Guests) == 0:
		return nil, Refusals{ErrGuestsMissing}
	case len(d.Guests) > limit:
		return nil, Refusals{ErrGuestsTooMany.With("limit", itoa(limit)).With("n", itoa(len(d.Guests)))}
	}
	policy := s.Policy()
	d.Draft.Guests = len(d.Guests)
	in, err := s.surroundings(ctx, policy, d.Draft)
	if err != nil {
		return nil, err
	}
	known := map[string]DomainCount{}
	plans, errs := make([]Plan, len(d.Guests)), make([]error, len(d.Guests))
	for i, g := range d.Guests {
		_, domain, _ := ParseAddress(g.Email)
		if _, ok := known[domain]; !ok {
			if known[domain], err = s.here(ctx, domain); err != nil {
				return nil, err
			}
		}
		in.Here = known[domain]
		if plans[i], errs[i] = policy.Plan(d.of(g), in); errs[i] == nil && !d.Each {
			errs[i] = s.twin(ctx, g.Email, d.Access)
		}
	}
	common, errs := inCommon(errs)
	err = s.lines(d, errs)
	wrong := refusalsOf(err)
	if err != nil && wrong == nil {
		return nil, err
	}
	if wrong = append(common, wrong...); len(wrong) > 0 {
		return nil, wrong
	}
	return plans, nil
}

// inCommon are the refusals of what was typed once for all guests, and what is
// left of each guest's own.
func inCommon(errs []error) (common Refusals, own []error) {
	everybody := func(r *Refusal) bool {
		return !slices.ContainsFunc(errs, func(err error) bool { return !slices.ContainsFunc(refusalsOf(err), r.equals) })
	}
	own = slices.Clone(errs)
	for i, err := range errs {
		var rest Refusals
		for _, r := range refusalsOf(err) {
			switch {
			case !everybody(r):
				rest = append(rest, r)
			case i == 0:
				common = append(common, r)
			}
		}
		if refusalsOf(err) != nil {
			own[i] = nil
			if len(rest) > 0 {
				own[i] = rest
			}
		}
	}
	return common, own
}

func (r *Refusal) equals(q *Refusal) bool {
	return r.Code == q.Code && r.Field == q.Field && maps.Equal(r.Args, q.Args)
}

// twin refuses a guest who has the access already, or is asked in for it.
func (s *Service) twin(ctx context.Context, email, access string) error {
	live, err := s.Store.Guest(ctx, email)
	if err != nil {
		return wrapFault(err, "looking for requests of a guest")
	}
	for _, q := range live {
		if q.Access.ID == access {
			return Refusals{RefuseTwin(q)}
		}
	}
	return nil
}

// openSeveral makes one request of plans that the same people decide, or nobody:
// what is approved by itself has no stage.
func (s *Service) openSeveral(ctx context.Context, plans []Plan) (Request, error) {
	lead := plans[0]
	for _, p := range plans {
		if !sameStages(p.Access.Stages, lead.Access.Stages) {
			return Request{}, Refusals{ErrGuestsDiffer}
		}
		lead.Guests = append(lead.Guests, p.Guest)
		if !slices.ContainsFunc(lead.FactsOf, func(f Facts) bool { return f.Domain == p.Facts.Domain }) {
			lead.FactsOf = append(lead.FactsOf, p.Facts)
		}
		if p.Facts.worse(lead.Facts) {
			lead.Facts = p.Facts
		}
		for _, rule := range p.Rules {
			if !slices.Contains(lead.Rules, rule) {
				lead.Rules = append(slices.Clone(lead.Rules), rule)
			}
		}
	}
	lead.Guest = Guest{}
	now := s.Now()
	r, err := s.Store.Create(ctx, "several\x00"+newTag(now)+lead.Requester.User, func(id RequestID, _ *Request) (Change, error) {
		return Open(id, lead, s.Policy().Limits, now), nil
	})
	return r, wrapFault(err, "submitting a request")
}

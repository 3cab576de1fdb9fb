package approvals

import (
	"slices"
	"time"
)

// longestAnswer is how long a deadline waits for the requester's answer.
const longestAnswer = 14 * 24 * time.Hour

// undoLeft is the least time that a stage has to decide again after an undo.
const undoLeft = time.Hour

// Approvers are the user groups and users who may decide a stage: those it names,
// those found for its roles and, once the stage has escalated, the others.
func (r Request) Approvers(stage int) []string {
	if stage < 0 || stage >= len(r.Access.Stages) {
		return nil
	}
	s := r.Access.Stages[stage]
	out := slices.DeleteFunc(slices.Clone(s.Approvers), isRole)
	for _, seat := range r.Seats {
		if seat.Stage == stage && seat.User != "" {
			out = append(out, seat.User)
		}
	}
	if s.Escalate != nil && stage == r.Stage && !r.Escalated.IsZero() {
		out = append(out, s.Escalate.Approvers...)
	}
	return out
}

// Named are all who are approvers of a stage or could become it, for those who
// ask what they may see.
func (r Request) Named(stage int) []string {
	out := r.Approvers(stage)
	if stage >= 0 && stage < len(r.Access.Stages) && r.Access.Stages[stage].Escalate != nil {
		out = append(out, r.Access.Stages[stage].Escalate.Approvers...)
	}
	return out
}

// Unseated are the roles of a stage for which nobody was looked for yet.
func (r Request) Unseated(stage int) []string {
	if stage < 0 || stage >= len(r.Access.Stages) {
		return nil
	}
	var roles []string
	for _, a := range r.Access.Stages[stage].Approvers {
		if isRole(a) && !slices.ContainsFunc(r.Seats, func(s Seat) bool { return s.Stage == stage && s.Role == a }) {
			roles = append(roles, a)
		}
	}
	return roles
}

func isRole(approver string) bool {
	return approver == RoleManager || approver == RoleSponsors || approver == RoleChosen
}

// Choosing reports whether whoever approves the present stage has to say who
// decides the next one.
func (r Request) Choosing() bool {
	next := r.Stage + 1
	return next < len(r.Access.Stages) && slices.Contains(r.Unseated(next), RoleChosen)
}

// began is when the present stage began to run.
func (r Request) began() time.Time {
	if r.Since.IsZero() { // made before stages had a beginning
		return r.Deadline.Add(-r.CurrentStage().Deadline)
	}
	return r.Since
}

// Asked is the question that waits for the requester, if there is one.
func (r Request) Asked() (Exchange, bool) {
	for _, e := range slices.Backward(r.Talk) {
		if r.State == Pending && e.Stage == r.Stage && e.Answered.IsZero() {
			return e, true
		}
	}
	return Exchange{}, false
}

// Claimed says who is on it at a moment.
func (r Request) Claimed(now time.Time) (PersonID, bool) {
	if r.State != Pending || r.Claim == nil || !now.Before(r.Claim.Until) {
		return PersonID{}, false
	}
	return r.Claim.By, true
}

// over is when the stage has not decided in time. It waits for the requester's
// answer, though not for ever.
func (r Request) over() time.Time {
	over := r.Deadline
	if _, asked := r.Asked(); asked {
		over = over.Add(longestAnswer)
	}
	if !r.Ends.IsZero() && r.Ends.Before(over) { // nothing could be approved any more
		return r.Ends
	}
	return over
}

// remindAt is when the next reminder is due; zero if none is.
func (r Request) remindAt() time.Time {
	due := r.CurrentStage().Reminders
	if _, asked := r.Asked(); asked || r.Reminded >= len(due) {
		return time.Time{}
	}
	at := r.began().Add(due[r.Reminded])
	if r.Claim != nil && r.Claim.Until.After(at) {
		return r.Claim.Until
	}
	return at
}

// escalateAt is when the stage escalates by itself; zero if it does not before its deadline.
func (r Request) escalateAt() time.Time {
	e := r.CurrentStage().Escalate
	if _, asked := r.Asked(); asked || e == nil || e.After == 0 || !r.Escalated.IsZero() {
		return time.Time{}
	}
	return r.began().Add(e.After)
}

// due is when time changes the request next; zero if it never does.
func (r Request) due() time.Time {
	switch {
	case r.State == Inviting && !r.Hold.IsZero():
		return r.Hold
	case r.State != Pending:
		return r.Until
	}
	next := r.over()
	for _, at := range []time.Time{r.remindAt(), r.escalateAt(), r.claimEnds()} {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

func (r Request) claimEnds() time.Time {
	if r.Claim == nil {
		return time.Time{}
	}
	return r.Claim.Until
}

// clock is the work of looking at the time when it changes the request next.
func (r Request) clock() Owing { return Owing{Kind: WorkClock, Due: r.due()} }

// begin starts the present stage.
func (r Request) begin(now time.Time) Request {
	r.Since, r.Deadline = now, now.Add(r.CurrentStage().Deadline)
	r.Undos, r.Reminded, r.Escalated, r.Stranded, r.Claim, r.Nudges = 0, 0, time.Time{}, time.Time{}, nil, nil
	return r
}

// ticked does what time brings while a stage runs: a claim that lapses, a
// reminder, an escalation. After a long downtime reminders that were missed are one.
func (r Request) ticked(now time.Time) (Request, []Owing, error) {
	if r.State == Inviting && !r.Hold.IsZero() && !now.Before(r.Hold) && !r.recalls() {
		r.Hold, r.Back = time.Time{}, time.Time{} // what could be undone can be revoked from now on
		return r.enter(Inviting, r.clock(), r.admitting())
	}
	if r.State != Pending {
		return r, nil, ErrNotDue
	}
	was := r
	if r.Claim != nil && !now.Before(r.Claim.Until) {
		r.Claim = nil
	}
	remind := r.remindAt()
	for at := remind; !at.IsZero() && !now.Before(at); at = r.remindAt() {
		r.Reminded++
	}
	if r.Reminded > was.Reminded && now.Before(r.Deadline) {
		r.Calls = append(r.Calls, Call{Kind: CallRemind, Stage: r.Stage, At: now})
	}
	if at := r.escalateAt(); !at.IsZero() && !now.Before(at) {
		return r.escalate(CallEscalate, now)
	}
	if r.Reminded == was.Reminded && r.Claim == was.Claim {
		return was, nil, ErrNotDue
	}
	return r.enter(Pending, r.clock(), Owing{Kind: WorkThread})
}

// escalate brings the stage's others in, once.
func (r Request) escalate(why CallKind, now time.Time) (Request, []Owing, error) {
	e := r.CurrentStage().Escalate
	r.Escalated, r.Stranded, r.Claim = now, time.Time{}, nil
	r.Calls = append(r.Calls, Call{Kind: why, Stage: r.Stage, At: now})
	if until := now.Add(e.Deadline); e.Deadline > 0 && until.After(r.Deadline) {
		r.Deadline = until
	}
	return r.enter(Pending, r.clock(), Owing{Kind: WorkThread}, Owing{Kind: WorkSight, Due: now})
}

// nobodyLeft says that none of those who may decide can. The stage escalates, or
// the admins have to help.
func (r Request) nobodyLeft(ev NobodyLeft, now time.Time) (Request, []Owing, error) {
	if r.State != Pending || ev.Stage != r.Stage || len(r.Presses) > 0 {
		return r, nil, ErrNotDue
	}
	if r.CurrentStage().Escalate != nil && r.Escalated.IsZero() {
		return r.escalate(CallStranded, now)
	}
	if !r.Stranded.IsZero() {
		return r, nil, ErrNotDue
	}
	r.Stranded = now
	return r.enter(Pending)
}

// somebodyLeft takes back that nobody could decide.
func (r Request) somebodyLeft(ev SomebodyLeft) (Request, []Owing, error) {
	if r.State != Pending || ev.Stage != r.Stage || r.Stranded.IsZero() {
		return r, nil, ErrNotDue
	}
	r.Stranded = time.Time{}
	return r.enter(Pending)
}

// seated records who has the roles of a stage. A role is given once.
func (r Request) seated(ev Seated, _ time.Time) (Request, []Owing, error) {
	if r.State != Pending || !slices.Contains(r.Unseated(ev.Seat.Stage), ev.Seat.Role) || ev.Seat.Role == RoleChosen {
		return r, nil, ErrNotDue
	}
	r.Seats = append(r.Seats, ev.Seat)
	return r.enter(Pending, Owing{Kind: WorkSight})
}

// factsFound records what Entra knows, once.
func (r Request) factsFound(ev FactsFound) (Request, []Owing, error) {
	if r.State != Pending || r.Facts.Tenant != nil {
		return r, nil, ErrNotDue
	}
	r.Facts.Tenant = &ev.Tenant
	return r.enter(Pending)
}

// domainsCounted records what the store knows by now. Of what the plan made of it
// only the risk follows; the stages stay.
func (r Request) domainsCounted(ev DomainsCounted) (Request, []Owing, error) {
	changed := false
	recount := func(f *Facts) {
		if here, ok := ev.Here[f.Domain]; ok && !here.equal(f.Here) {
			f.Here, changed = here, true
			f.Risk = f.risk(r.OpenEnded)
		}
	}
	r.FactsOf = slices.Clone(r.FactsOf)
	recount(&r.Facts)
	for i := range r.FactsOf {
		recount(&r.FactsOf[i])
	}
	if r.State != Pending || !changed {
		return r, nil, ErrNotDue
	}
	if len(r.FactsOf) > 0 {
		r.Facts = worst(r.FactsOf)
	}
	return r.enter(Pending)
}

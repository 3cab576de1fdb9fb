package approvals

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// timed is falcon with reminders after 2, 6 and 14 hours, and others that are
// brought in.
func timed(e *Escalation) Access {
	a := falcon()
	a.Stages[0].Reminders = []time.Duration{2 * hour, 6 * hour, 14 * hour}
	a.Stages[0].Escalate = e
	return a
}

func olgaAfter(after, deadline time.Duration) *Escalation {
	return &Escalation{After: after, Approvers: []string{"olga"}, Deadline: deadline}
}

// TestTheClockOfAStage: what time brings, and when.
func TestTheClockOfAStage(t *testing.T) {
	claim := does(press("sam", OnIt), judged("sam"))
	tests := []struct {
		name  string
		e     *Escalation
		do    []act
		calls string
		state State
		over  time.Duration // the stage's deadline, after nine
	}{
		{"nothing yet", nil, []act{later(2*hour - 1)}, "", Pending, day},
		{"the first reminder", nil, []act{later(2 * hour)}, "remind", Pending, day},
		{"one reminder each", nil, []act{later(13 * hour)}, "remind remind", Pending, day},
		{"all of them", nil, []act{later(day - 1)}, "remind remind remind", Pending, day},
		{"reminders that were missed are one", nil, []act{downFor(20 * hour)}, "remind", Pending, day},
		{"and the next ones come in their time", nil, []act{downFor(7 * hour), later(7 * hour)}, "remind remind", Pending, day},
		{"no reminder of what is over", nil, []act{downFor(2 * day)}, "", TimedOut, 0},
		{"no answer is a no", nil, []act{later(day)}, "remind remind remind", TimedOut, 0},

		{"a claim is silent", nil, []act{later(hour), claim, later(hour + 59*time.Minute + 59*time.Second)}, "remind", Pending, day},
		{"who is on it is not reminded", nil, []act{later(2*hour - time.Minute), claim, later(hour - 1)}, "", Pending, day},
		{"a claim lapses", nil, []act{later(2*hour - time.Minute), claim, later(hour)}, "remind", Pending, day},
		{"a claim that is renewed goes on", nil, []act{later(2*hour - time.Minute), claim, later(50 * time.Minute), claim, later(59 * time.Minute)}, "", Pending, day},
		{"a claim keeps no deadline", nil, []act{later(day - time.Minute), claim, later(time.Minute)}, "remind remind remind", TimedOut, 0},
		{"a claim keeps no escalation", olgaAfter(3*hour, 0), []act{later(3*hour - time.Minute), claim, later(time.Minute)}, "remind escalate", Pending, day},

		{"others are brought in", olgaAfter(6*hour, 0), []act{later(6 * hour)}, "remind remind escalate", Pending, day},
		{"not before", olgaAfter(6*hour, 0), []act{later(6*hour - 1)}, "remind", Pending, day},
		{"once", olgaAfter(3*hour, 0), []act{later(day - 1)}, "remind escalate remind remind", Pending, day},
		{"with a time of their own", olgaAfter(3*hour, 2*day), []act{later(3 * hour)}, "remind escalate", Pending, 2*day + 3*hour},
		{"that makes none shorter", olgaAfter(3*hour, hour), []act{later(3 * hour)}, "remind escalate", Pending, day},
		{"at the deadline", olgaAfter(0, hour), []act{later(day)}, "remind remind remind escalate", Pending, day + hour},
		{"and no later", olgaAfter(0, hour), []act{later(day + hour)}, "remind remind remind escalate", TimedOut, 0},
		{"also after a downtime", olgaAfter(0, hour), []act{downFor(3 * day)}, "escalate", Pending, 3*day + hour},
		{"not at the deadline without a time of their own", olgaAfter(0, 0), []act{later(day)}, "remind remind remind", TimedOut, 0},
		{"not twice", olgaAfter(3*hour, 30*hour), []act{later(33 * hour)}, "remind escalate remind remind", TimedOut, 0},

		{"nobody is left", olgaAfter(0, 0), []act{does(just(NobodyLeft{Stage: 0}))}, "stranded", Pending, day},
		{"nobody is left, late", olgaAfter(6*hour, 2*day), []act{unseen(hour), does(just(NobodyLeft{Stage: 0}))}, "stranded", Pending, 2*day + hour},
		{"nobody is left and nobody else is named", nil, []act{does(just(NobodyLeft{Stage: 0}))}, "", Pending, day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, timed(tt.e), tt.do...)
			s.wants(tt.state, nil)
			s.called(tt.calls, tt.over)
			if due := s.r.due(); s.r.State == Pending && !due.After(s.now) {
				t.Errorf("due at %s, and it is %s", due, s.now)
			}
		})
	}
}

// TestAQuestionStopsTheClock until its answer, though not for ever.
func TestAQuestionStopsTheClock(t *testing.T) {
	tests := []struct {
		name  string
		e     *Escalation
		do    []act
		calls string
		state State
		over  time.Duration
	}{
		{"no reminder", nil, []act{asking("sam"), later(20 * hour)}, "", Pending, day},
		{"no escalation", olgaAfter(3*hour, 0), []act{asking("sam"), later(20 * hour)}, "", Pending, day},
		{"no deadline", nil, []act{asking("sam"), later(13 * day)}, "", Pending, day},
		{"goes on from where it waited", nil, []act{later(hour), asking("sam"), unseen(10 * hour), answering("ann", "yes")}, "answered", Pending, day + 10*hour},
		{"reminders too", nil, []act{later(hour), asking("sam"), unseen(10 * hour), answering("ann", "yes"), later(hour - 1)}, "answered", Pending, day + 10*hour},
		{"in their time", nil, []act{later(hour), asking("sam"), unseen(10 * hour), answering("ann", "yes"), later(hour)}, "answered remind", Pending, day + 10*hour},
		{"the escalation too", olgaAfter(5*hour, 0), []act{later(hour), asking("sam"), unseen(10 * hour), answering("ann", "yes"), later(4*hour - 1)}, "answered remind", Pending, day + 10*hour},
		{"in its time", olgaAfter(5*hour, 0), []act{later(hour), asking("sam"), unseen(10 * hour), answering("ann", "yes"), later(4 * hour)}, "answered remind escalate", Pending, day + 10*hour},
		{"twice", nil, []act{asking("sam"), unseen(hour), answering("ann", "yes"), asking("sam"), unseen(2 * hour), answering("ann", "no")}, "answered answered", Pending, day + 3*hour},
		{"not for ever", nil, []act{asking("sam"), later(15*day - 1)}, "", Pending, day},
		{"but for two weeks", nil, []act{asking("sam"), later(15 * day)}, "", TimedOut, 0},
		{"an answer just in time", nil, []act{later(23 * hour), asking("sam"), unseen(14 * day), answering("ann", "yes")}, "remind remind remind answered", Pending, 15 * day},
		{"no answer is worth more than two weeks", nil, []act{asking("sam"), unseen(14*day + hour), answering("ann", "yes")}, "answered", Pending, 15 * day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, timed(tt.e), tt.do...)
			s.wants(tt.state, nil)
			s.called(tt.calls, tt.over)
		})
	}
}

// TestAStageBeginsAnew: nothing of the one before goes on in it.
func TestAStageBeginsAnew(t *testing.T) {
	a := timed(olgaAfter(3*hour, 0))
	a.Stages[1].Reminders = []time.Duration{5 * hour}
	s := scened(t, a, later(4*hour), nudging("ann"), does(press("sam", OnIt), judged("sam")), unseen(time.Minute), acts(yes("sam")))
	if r := s.r; r.Stage != 1 || r.Claim != nil || len(r.Nudges) > 0 || !r.Escalated.IsZero() || r.Reminded != 0 || !r.Since.Equal(s.now) {
		t.Errorf("%+v", r)
	}
	if !hasOwing(s.owed, Owing{Kind: WorkSight}) || !hasOwing(s.owed, Owing{Kind: WorkClock, Due: s.now.Add(5 * hour)}) {
		t.Errorf("owed: %v", s.owed)
	}
	s.plays(later(5 * hour))
	if c := s.r.Calls[len(s.r.Calls)-1]; c.Kind != CallRemind || c.Stage != 1 {
		t.Errorf("called: %+v", s.r.Calls)
	}
}

// TestOthersDecideOnceTheyAreBroughtIn and not before, and only in that stage.
func TestOthersDecideOnceTheyAreBroughtIn(t *testing.T) {
	a := timed(&Escalation{After: 3 * hour, Approvers: []string{"ben"}})
	scened(t, a, later(2*hour), acts(yes("ben"))).wants(Pending, ErrNotApprover)
	s := scened(t, a, later(3*hour), acts(yes("ben")))
	if s.wants(Pending, nil); s.r.Stage != 1 {
		t.Errorf("in stage %d", s.r.Stage)
	}
	s.plays(acts(yes("ben")))
	s.wants(Pending, ErrNotApprover)
	if s := scened(t, a, later(3*hour), acts(yes("sam"))); s.r.Stage != 1 {
		t.Error("those who were asked first decide no more")
	}
}

func TestNobodyLeftIsSaidOnce(t *testing.T) {
	tests := []struct {
		name string
		e    *Escalation
		do   []act
		err  error
	}{
		{"twice", nil, []act{does(just(NobodyLeft{}), just(NobodyLeft{}))}, ErrNotDue},
		{"after the escalation it is news", olgaAfter(hour, 0), []act{later(hour), does(just(NobodyLeft{}))}, nil},
		{"of another stage", nil, []act{does(just(NobodyLeft{Stage: 1}))}, ErrNotDue},
		{"while a press waits", nil, []act{does(press("sam", Approve), just(NobodyLeft{}))}, ErrNotDue},
		{"after the decision", nil, []act{acts(no("sam")), does(just(NobodyLeft{}))}, ErrNotDue},
		{"somebody, though nobody was missed", nil, []act{does(just(SomebodyLeft{}))}, ErrNotDue},
		{"somebody again", nil, []act{does(just(NobodyLeft{}), just(SomebodyLeft{}))}, nil},
		{"somebody in another stage", nil, []act{does(just(NobodyLeft{}), just(SomebodyLeft{Stage: 1}))}, ErrNotDue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, timed(tt.e), tt.do...)
			s.wants(s.r.State, tt.err)
			if tt.name == "somebody again" && !s.r.Stranded.IsZero() {
				t.Errorf("stranded since %s", s.r.Stranded)
			}
		})
	}
}

// TestARoleIsGivenOnce: and only one that the stage has.
func TestARoleIsGivenOnce(t *testing.T) {
	a := falcon()
	a.Stages[0].Approvers, a.Stages[1].Approvers = []string{RoleManager}, []string{RoleChosen, RoleSponsors}
	seat := func(stage int, role, user string) step { return just(Seated{Seat{stage, role, user}}) }
	tests := []struct {
		name string
		do   []step
		err  error
		want []string // who decides the first stage
	}{
		{"the manager", []step{seat(0, RoleManager, "ben")}, nil, []string{"ben"}},
		{"nobody", []step{seat(0, RoleManager, "")}, nil, nil},
		{"another one", []step{seat(0, RoleManager, "ben"), seat(0, RoleManager, "ada")}, ErrNotDue, []string{"ben"}},
		{"somebody after nobody", []step{seat(0, RoleManager, ""), seat(0, RoleManager, "ada")}, ErrNotDue, nil},
		{"a role that the stage has not", []step{seat(0, RoleSponsors, "ben")}, ErrNotDue, nil},
		{"a stage that there is not", []step{seat(2, RoleManager, "ben")}, ErrNotDue, nil},
		{"who is chosen, by nobody", []step{seat(1, RoleChosen, "ben")}, ErrNotDue, nil},
		{"a later stage's", []step{seat(1, RoleSponsors, "")}, nil, nil},
		{"after the decision", append([]step{seat(0, RoleManager, "ben")}, append(no("ben"), seat(1, RoleSponsors, "ada"))...), ErrNotDue, []string{"ben"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, a, does(tt.do...))
			s.wants(s.r.State, tt.err)
			if !slices.Equal(s.r.Approvers(0), tt.want) {
				t.Errorf("got %v, want %v", s.r.Approvers(0), tt.want)
			}
		})
	}
}

// TestFactsOfTheTenantComeOnce and change nobody's card after the decision.
func TestFactsOfTheTenantComeOnce(t *testing.T) {
	found := just(FactsFound{TenantFacts{At: nine, Account: true}})
	s := scened(t, falcon(), does(found))
	if s.wants(Pending, nil); !s.r.Facts.Tenant.Account || !hasOwing(s.owed, Owing{Kind: WorkCards}) {
		t.Errorf("%+v, owed %v", s.r.Facts, s.owed)
	}
	s.plays(does(just(FactsFound{})))
	s.wants(Pending, ErrNotDue)
	scened(t, falcon(), acts(no("sam")), does(found)).wants(Denied, ErrNotDue)
}

// called checks what was said in the thread, and when the stage is over if it still runs.
func (s *scene) called(calls string, over time.Duration) {
	s.Helper()
	var said []string
	for _, c := range s.calls() {
		said = append(said, string(c))
	}
	if got := strings.Join(said, " "); got != calls {
		s.Errorf("called: %s, want %s", got, calls)
	}
	if got := s.r.Deadline.Sub(nine); s.r.State == Pending && got != over {
		s.Errorf("the stage is over after %s, want %s", got, over)
	}
}

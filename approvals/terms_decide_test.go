package approvals

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// both has two approvers in its last stage, and two kinds of decision in it.
func both() Access { return wide() }

// TestLessThanWasAskedFor: who changes, what stands after it, and for whom.
func TestLessThanWasAskedFor(t *testing.T) {
	shorter := func(t *Terms) { t.For = 10 * day }
	fewer := func(t *Terms) { t.Grants = t.Grants[:1] }
	more := func(t *Terms) { t.For = 40 * day }
	also := func(user string) act { return does(lessBy(user, true, shorter), judged(user)) }
	only := func(user string, with func(*Terms)) act { return does(lessBy(user, false, with), judged(user)) }
	tests := []struct {
		name    string
		do      []act
		state   State
		err     error
		edition int
		votes   int
		stage   int
	}{
		{"shorter", []act{only("sam", shorter)}, Pending, nil, 1, 0, 0},
		{"and approved with it", []act{also("sam")}, Pending, nil, 1, 1, 1},
		{"approved afterwards", []act{only("sam", shorter), acts(yes("sam"))}, Pending, nil, 1, 1, 1},
		{"in two steps", []act{only("sam", shorter), only("sam", fewer)}, Pending, nil, 2, 0, 0},
		{"more", []act{only("sam", more)}, Pending, ErrChangeMore, 0, 0, 0},
		{"nothing", []act{only("sam", func(*Terms) {})}, Pending, ErrChangeNothing, 0, 0, 0},
		{"no grant of it", []act{only("sam", func(t *Terms) { t.Grants = []Grant{{Group: "g9"}} })}, Pending, ErrChangeNothing, 0, 0, 0},
		{"grants that nobody asked for are left out", []act{only("sam", func(t *Terms) { t.Grants = []Grant{{Group: "g9"}, {Group: "g2"}} })}, Pending, nil, 1, 0, 0},
		{"no terms", []act{does(press("sam", Narrow), judged("sam"))}, Pending, ErrChangeNothing, 0, 0, 0},
		{"by a stranger", []act{only("ben", shorter)}, Pending, ErrNotApprover, 0, 0, 0},
		{"by the requester", []act{does(lessBy("ann", false, shorter))}, Pending, ErrOwnRequest, 0, 0, 0},
		{"by who has approved", []act{acts(steps(yes("sam"), yes("olga"))), does(lessBy("olga", false, shorter))}, Pending, ErrRepeated, 0, 2, 1},
		{"what was approved before stands", []act{acts(steps(yes("sam"), yes("olga"))), also("omar")}, Inviting, nil, 1, 3, 1},
		{"a half quorum stands", []act{acts(steps(yes("sam"), yes("olga"))), only("omar", shorter)}, Pending, nil, 1, 2, 1},
		{"an approval of what was there before", []act{does(press("olga", OnIt)), acts(yes("sam")), does(press("olga", Approve), lessBy("omar", false, shorter), judged("omar"), judged("olga"))}, Pending, ErrStaleTerms, 1, 1, 1},
		{"a change of what was there before", []act{acts(yes("sam")), does(lessBy("olga", false, fewer), lessBy("omar", false, shorter), judged("omar"), judged("olga"))}, Pending, ErrStaleTerms, 1, 1, 1},
		{"a no stands whatever was seen", []act{acts(yes("sam")), does(press("olga", Deny), lessBy("omar", false, shorter), judged("omar"), judged("olga"))}, Denied, nil, 1, 2, 1},
		{"a stale click", []act{only("sam", shorter), does(pressing("sam", Approve, func(p *Press) { p.Edition = 0 }))}, Pending, ErrStaleTerms, 1, 0, 0},
		{"a click on what is not there yet", []act{does(pressing("sam", Approve, func(p *Press) { p.Edition = 1 }))}, Pending, ErrStaleTerms, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, both(), tt.do...)
			s.wants(tt.state, tt.err)
			if s.r.Edition != tt.edition || len(s.r.Votes) != tt.votes || s.r.Stage != tt.stage {
				t.Errorf("edition %d with votes %v in stage %d; want %d, %d, %d", s.r.Edition, s.r.Votes, s.r.Stage, tt.edition, tt.votes, tt.stage)
			}
			for _, v := range s.r.Approvals() {
				if v.Edition > s.r.Edition {
					t.Errorf("a vote for what never was: %+v", v)
				}
			}
		})
	}
}

func TestAStaleClickIsToldWhatItSaw(t *testing.T) {
	shorter := less(func(t *Terms) { t.For = 10 * day })
	s := scened(t, wide(), does(shorter, judged("sam")), does(pressing("sam", Approve, func(p *Press) { p.Edition = 0 })))
	if diff := cmp.Diff(Refusals{ErrStaleTerms.With("id", "INV-1").With("edition", "0")}, refusalsOf(s.err)); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsLessStaysLess: a length that was put in the place of a date never
// reaches beyond it, however late the approval comes.
func TestWhatIsLessStaysLess(t *testing.T) {
	until := nine.Add(40 * day)
	s := scened(t, wide(),
		editing("ann", func(t *Terms) { t.For, t.Ends = 0, until }), acts(yes("sam")),
		does(lessBy("olga", true, func(t *Terms) { t.For, t.Ends = 39*day, time.Time{} }), judged("olga")),
		unseen(2*day-hour), acts(yes("omar")),
	)
	if s.wants(Inviting, nil); s.r.Until.After(until) {
		t.Errorf("until %s, and the sponsor saw %s", s.r.Until, until)
	}
}

// TestTheEditionThatWasApprovedIsKept with each vote.
func TestTheEditionThatWasApprovedIsKept(t *testing.T) {
	s := scened(t, wide(), acts(yes("sam")), does(lessBy("olga", true, func(t *Terms) { t.For = day }), judged("olga")), acts(yes("omar")))
	s.wants(Inviting, nil)
	var editions []int
	for _, v := range s.r.Votes {
		if v.Verdict != Approve {
			t.Errorf("counted as %s", v.Verdict)
		}
		editions = append(editions, v.Edition)
	}
	if diff := cmp.Diff([]int{0, 1, 1}, editions); diff != "" || !s.r.Until.Equal(nine.Add(day)) {
		t.Errorf("until %s:\n%s", s.r.Until, diff)
	}
}

// TestARightThatWasGivenAway counts as its owner's, and once.
func TestARightThatWasGivenAway(t *testing.T) {
	gone := func(ev *Voted) {
		who := colleague("sam")
		who.Deactivated = true
		ev.Behalf = Behalf{Of: who, Groups: []string{"S1"}}
	}
	for1 := func(user, of string) act { return does(press(user, Approve), onBehalf(user, of)) }
	tests := []struct {
		name  string
		do    []act
		err   error
		stage int
		votes int
	}{
		{"counts", []act{for1("ben", "sam")}, nil, 1, 1},
		{"of nobody who may", []act{for1("ben", "olga")}, ErrNotApprover, 0, 0},
		{"of the requester", []act{for1("ben", "ann")}, ErrNotApprover, 0, 0},
		{"of who has left", []act{does(press("ben", Approve), sees(colleague("ben"), gone))}, ErrNotApprover, 0, 0},
		{"of who left the group", []act{does(press("ben", Approve), sees(colleague("ben"), func(ev *Voted) { ev.Behalf = Behalf{Of: colleague("sam")} }))}, ErrNotApprover, 0, 0},
		{"of nobody", []act{acts(yes("ben"))}, ErrNotApprover, 0, 0},
		{"to the requester", []act{does(press("ann", Approve))}, ErrOwnRequest, 0, 0},
		{"after its owner decided", []act{acts(steps(yes("sam"), yes("olga"))), for1("ben", "olga")}, ErrRepeated, 1, 2},
		{"before its owner decides", []act{acts(yes("sam")), for1("ben", "olga"), does(press("olga", Approve))}, ErrRepeated, 1, 2},
		{"twice by one person", []act{acts(yes("sam")), for1("ben", "olga"), does(press("ben", Approve))}, ErrRepeated, 1, 2},
		{"twice of one person", []act{acts(yes("sam")), for1("ben", "olga"), for1("ada", "olga")}, ErrRepeated, 1, 2},
		{"to who has one of their own", []act{acts(yes("sam")), for1("omar", "olga"), does(press("omar", Approve))}, ErrRepeated, 1, 2},
		{"to who has one of their own, whose owner decides too", []act{acts(yes("sam")), for1("omar", "olga"), acts(yes("olga"))}, nil, 1, 3},
		{"in two stages", []act{for1("ben", "sam"), for1("ben", "olga")}, nil, 1, 2},
		{"says no", []act{does(press("ben", Deny), onBehalf("ben", "sam"))}, nil, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, falcon(), tt.do...)
			s.wants(s.r.State, tt.err)
			if s.r.Stage != tt.stage || len(s.r.Votes) != tt.votes {
				t.Errorf("in stage %d with %v", s.r.Stage, s.r.Votes)
			}
		})
	}
	s := scened(t, falcon(), for1("ben", "sam"), for1("omar", "olga"))
	if v := s.r.Votes; v[0].For != id("sam") || v[0].By != id("ben") || v[1].For.User != "" {
		t.Errorf("whose right it was: %+v", v)
	}
}

// TestWhoDecidesNextIsChosen by an approver of the stage before, and is fit for it.
func TestWhoDecidesNextIsChosen(t *testing.T) {
	a := falcon()
	a.Stages[1].Approvers, a.Stages[1].Quorum = []string{RoleChosen}, 1
	chooses := func(user, next string, change func(*Voted)) act {
		return does(pressing(user, Approve, func(p *Press) { p.Choose = next }), sees(colleague(user), func(ev *Voted) {
			who := colleague(next)
			ev.Chosen = &who
			if change != nil {
				change(ev)
			}
		}))
	}
	tests := []struct {
		name string
		do   []act
		err  error
	}{
		{"a colleague", []act{chooses("sam", "ben", nil)}, nil},
		{"nobody", []act{acts(yes("sam"))}, ErrChooseNeeded},
		{"oneself", []act{chooses("sam", "sam", nil)}, ErrChosenUnfit},
		{"the requester", []act{chooses("sam", "ann", nil)}, ErrChosenUnfit},
		{"a bot", []act{chooses("sam", "ben", func(ev *Voted) { ev.Chosen.Bot = true })}, ErrChosenUnfit},
		{"a guest", []act{chooses("sam", "ben", func(ev *Voted) { ev.Chosen.Guest = true })}, ErrChosenUnfit},
		{"who has left", []act{chooses("sam", "ben", func(ev *Voted) { ev.Chosen.Deactivated = true })}, ErrChosenUnfit},
		{"a visitor", []act{chooses("sam", "ben", func(ev *Voted) { ev.Chosen.Foreign = true })}, ErrChosenUnfit},
		{"nobody whom Slack knows", []act{chooses("sam", "ben", func(ev *Voted) { ev.Chosen = nil })}, ErrChosenUnfit},
		{"another one than was pressed", []act{chooses("sam", "ben", func(ev *Voted) { ev.Chosen.ID = id("ada") })}, ErrChosenUnfit},
		{"by who may not", []act{chooses("ben", "ada", nil)}, ErrNotApprover},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, a, tt.do...)
			s.wants(Pending, tt.err)
			if tt.err != nil && (s.r.Stage != 0 || len(s.r.Seats) > 0) {
				t.Errorf("in stage %d with %v", s.r.Stage, s.r.Seats)
			}
		})
	}
	s := scened(t, a, chooses("sam", "ben", nil), acts(yes("omar")))
	s.wants(Pending, ErrNotApprover)
	s.err = nil
	s.plays(acts(yes("ben")))
	s.wants(Inviting, nil)
	s = scened(t, a, does(pressing("sam", Narrow, func(p *Press) {
		p.Terms, p.Also, p.Choose = &Terms{For: day, Grants: falcon().Grants}, true, "ben"
	}), sees(colleague("sam"), func(ev *Voted) { ev.Chosen = new(colleague("ben")) })))
	if s.wants(Pending, nil); s.r.Stage != 1 || !cmp.Equal(s.r.Seats, []Seat{{1, RoleChosen, "ben"}}) {
		t.Errorf("in stage %d with %v", s.r.Stage, s.r.Seats)
	}
	a.Stages[1].Approvers = append(a.Stages[1].Approvers, "S2")
	scened(t, a, chooses("sam", "ben", nil), acts(yes("sam"))).wants(Pending, ErrRepeated) // who chose decides not
	scened(t, a, chooses("sam", "ben", nil), does(press("omar", Approve), onBehalf("omar", "sam"))).wants(Pending, ErrRepeated)
	scened(t, a, chooses("sam", "ben", nil), acts(yes("olga"))).wants(Inviting, nil)
	a.Stages[1].Approvers = a.Stages[1].Approvers[:1]
	scened(t, a, does(pressing("ben", Approve, func(p *Press) { p.Choose = "sam" }), sees(colleague("ben"), func(ev *Voted) {
		ev.Behalf, ev.Chosen = Behalf{Of: colleague("sam"), Groups: []string{"S1"}}, new(colleague("sam"))
	}))).wants(Pending, ErrChosenUnfit) // nor whose right it was
	a.Stages[0].Quorum, a.Stages[0].Approvers = 2, []string{"S2"}
	s = scened(t, a, chooses("sam", "ben", nil), acts(yes("olga"))) // the second one need not choose again
	if s.wants(Pending, nil); s.r.Stage != 1 || len(s.r.Seats) != 1 {
		t.Errorf("in stage %d with %v", s.r.Stage, s.r.Seats)
	}
}

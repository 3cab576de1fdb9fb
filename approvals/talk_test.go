package approvals

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQuestionsToTheRequester(t *testing.T) {
	askedAt := func(at time.Time, by, text string) act {
		return does(func(r Request, _ time.Time) Event { return Answered{By: id(by), Tag: r.Tag, Asked: at, Text: text} })
	}
	var ten []act
	for range maxTalk {
		ten = append(ten, asking("sam"), unseen(time.Second), answering("ann", "yes"))
	}
	tests := []struct {
		name string
		do   []act
		want State
		err  error
	}{
		{"asked", []act{asking("sam")}, Pending, nil},
		{"no words", []act{does(pressing("sam", Ask, func(p *Press) { p.Reason = "\u200b" }))}, Pending, ErrQuestion},
		{"by a stranger", []act{asking("ben")}, Pending, ErrNotApprover},
		{"by the requester", []act{asking("ann")}, Pending, ErrOwnRequest},
		{"two at once", []act{asking("sam"), asking("sam")}, Pending, ErrAskedAlready},
		{"another one later", []act{asking("sam"), answering("ann", "yes"), unseen(1), asking("sam")}, Pending, nil},
		{"on and on", append(ten, asking("sam")), Pending, ErrTalkLong},
		{"also by who has approved", []act{acts(steps(yes("sam"), yes("olga"))), asking("olga")}, Pending, nil},
		{"also about older terms", []act{does(less(func(t *Terms) { t.For = day }), judged("sam")), does(pressing("sam", Ask, func(p *Press) { p.Edition = 0 }), judged("sam"))}, Pending, nil},
		{"decided without an answer", []act{asking("sam"), acts(yes("sam"))}, Pending, nil},
		{"answered", []act{asking("sam"), answering("ann", "yes")}, Pending, nil},
		{"answered by another", []act{asking("sam"), answering("ben", "yes")}, Pending, ErrOnlyRequester},
		{"answered by who asked", []act{asking("sam"), answering("sam", "yes")}, Pending, ErrOnlyRequester},
		{"answered with nothing", []act{asking("sam"), answering("ann", " \u200b")}, Pending, ErrAnswerMissing},
		{"answered at length", []act{asking("sam"), answering("ann", strings.Repeat("ü", MaxReason+1))}, Pending, ErrTooLong},
		{"answered twice", []act{asking("sam"), answering("ann", "yes"), answering("ann", "no")}, Pending, ErrNotAsked},
		{"answered unasked", []act{answering("ann", "yes")}, Pending, ErrNotAsked},
		{"answered to another question", []act{asking("sam"), askedAt(nine.Add(1), "ann", "yes")}, Pending, ErrNotAsked},
		{"answered in the next stage", []act{asking("sam"), acts(yes("sam")), answering("ann", "yes")}, Pending, ErrNotAsked},
		{"answered on an older card", []act{asking("sam"), does(just(Answered{By: id("ann"), Tag: older, Asked: nine, Text: "yes"}))}, Pending, ErrOldCard},
		{"answered after the end", []act{asking("sam"), acts(no("sam")), answering("ann", "yes")}, Denied, ErrDecided},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { scened(t, falcon(), tt.do...).wants(tt.want, tt.err) })
	}
}

func TestAQuestionAndItsAnswerAreKept(t *testing.T) {
	s := scened(t, falcon(), asking("sam"), unseen(hour))
	if e, asked := s.r.Asked(); !asked || e.Question != "because" || e.By != id("sam") {
		t.Errorf("asked: %+v, %v", e, asked)
	}
	s.plays(answering("ann", " yes\u202e "))
	want := []Exchange{{By: id("sam"), Question: "because", At: nine, Answer: "yes", Answered: nine.Add(hour)}}
	if diff := cmp.Diff(want, s.r.Talk); diff != "" {
		t.Error(diff)
	}
	if _, asked := s.r.Asked(); asked || !hasOwing(s.owed, Owing{Kind: WorkThread}) || s.r.Calls[0].By != id("sam") {
		t.Errorf("asked still, or nobody is told: %v, %v", s.owed, s.r.Calls)
	}
}

func TestNudges(t *testing.T) {
	limited := func(every time.Duration, n int) act {
		return set(func(r *Request) { r.Limits.NudgeEvery, r.Limits.NudgeLimit = every, n })
	}
	four := []act{nudging("ann"), unseen(4 * hour), nudging("ann"), unseen(4 * hour), nudging("ann"), unseen(4 * hour), nudging("ann")}
	tests := []struct {
		name string
		do   []act
		want State
		err  error
		n    int
	}{
		{"one", []act{nudging("ann")}, Pending, nil, 1},
		{"by another", []act{nudging("sam")}, Pending, ErrOnlyRequester, 0},
		{"two at once", []act{nudging("ann"), unseen(4*hour - 1), nudging("ann")}, Pending, ErrNudgedLately, 1},
		{"two in their time", four[:3], Pending, nil, 2},
		{"three", four[:5], Pending, nil, 3},
		{"too many", four, Pending, ErrNudgedOut, 3},
		{"as the policy has it", []act{limited(hour, 0), nudging("ann"), unseen(hour), nudging("ann")}, Pending, nil, 2},
		{"no more than the policy has it", []act{limited(hour, 1), nudging("ann"), unseen(hour), nudging("ann")}, Pending, ErrNudgedOut, 1},
		{"the next stage has its own", []act{limited(0, 1), nudging("ann"), acts(yes("sam")), nudging("ann")}, Pending, nil, 1},
		{"after the end", []act{acts(no("sam")), nudging("ann")}, Denied, ErrDecided, 0},
		{"on an older card", []act{does(just(Nudged{By: id("ann"), Tag: older}))}, Pending, ErrOldCard, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, falcon(), tt.do...)
			s.wants(tt.want, tt.err)
			if len(s.r.Nudges) != tt.n {
				t.Errorf("%d nudges", len(s.r.Nudges))
			}
			if tt.err == nil && (s.r.Calls[len(s.r.Calls)-1].Kind != CallNudge || !hasOwing(s.owed, Owing{Kind: WorkThread})) {
				t.Errorf("called: %v, owed: %v", s.r.Calls, s.owed)
			}
		})
	}
	s := scened(t, falcon(), nudging("ann"), unseen(hour), nudging("ann"))
	if want := unix(nine.Add(4 * hour)); refusalsOf(s.err)[0].Args["at"] != want {
		t.Errorf("told %v, want %s", s.err, want)
	}
}

// TestTheRequesterEdits before anybody decided, what they saw.
func TestTheRequesterEdits(t *testing.T) {
	longer := func(t *Terms) { t.For = 60 * day }
	var many []act
	for i := range maxEdits {
		many = append(many, editing("ann", func(t *Terms) { t.For = time.Duration(i+1) * day }))
	}
	tests := []struct {
		name string
		do   []act
		want State
		err  error
	}{
		{"before", []act{editing("ann", longer)}, Pending, nil},
		{"again", []act{editing("ann", longer), editing("ann", func(t *Terms) { t.Reason = "workshop" })}, Pending, nil},
		{"nothing", []act{editing("ann", longer), editing("ann", longer)}, Pending, ErrChangeNothing},
		{"on and on", append(many, editing("ann", longer)), Pending, ErrNotEditable},
		{"for no time at all", []act{editing("ann", func(t *Terms) { t.For = 0 })}, Pending, ErrForUnknown},
		{"for ever", []act{editing("ann", func(t *Terms) { t.For, t.OpenEnded = 0, true })}, Pending, nil},
		{"by another", []act{editing("sam", longer)}, Pending, ErrOnlyRequester},
		{"after a vote", []act{acts(yes("sam")), editing("ann", longer)}, Pending, ErrNotEditable},
		{"after a vote in the stage", []act{acts(steps(yes("sam"), yes("olga"))), editing("ann", longer)}, Pending, ErrNotEditable},
		{"after a change that nobody approved", []act{does(less(func(t *Terms) { t.For = day }), judged("sam")), editing("ann", longer)}, Pending, ErrNotEditable},
		{"after the end", []act{acts(no("sam")), editing("ann", longer)}, Denied, ErrDecided},
		{"of older terms", []act{editing("ann", longer), does(func(r Request, _ time.Time) Event {
			return Edited{By: id("ann"), Tag: r.Tag, Edition: 0, Terms: r.Terms()}
		})}, Pending, ErrStaleTerms},
		{"on an older card", []act{does(just(Edited{By: id("ann"), Tag: older}))}, Pending, ErrOldCard},
		{"for several guests", []act{set(func(r *Request) { r.Guests = []Guest{{Email: "a@b.example"}} }), editing("ann", longer)}, Pending, ErrNotEditable},
		{"and an approval that waited is for nothing", []act{does(press("sam", Approve)), editing("ann", longer), does(judged("sam"))}, Pending, ErrStaleTerms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, wide(), tt.do...)
			s.wants(tt.want, tt.err)
			if tt.name == "before" && (!hasOwing(s.owed, Owing{Kind: WorkVotes}) || s.r.For != 60*day) {
				t.Errorf("for %s, owed %v", s.r.For, s.owed)
			}
		})
	}
}

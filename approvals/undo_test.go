package approvals

import (
	"slices"
	"testing"
	"time"
)

var (
	soon  = unseen(19 * time.Second)
	after = later(21 * time.Second)
)

func TestUndo(t *testing.T) {
	one := falcon()
	one.Stages = one.Stages[:1]
	lead := set(func(r *Request) { r.Guest, r.Guests = Guest{}, []Guest{{Email: jane}} })
	tests := []struct {
		name string
		do   []act
		want State
		err  error
	}{
		{"one's own, in time", []act{acts(approved), soon, undoing("omar")}, Pending, nil},
		{"any of the stage's", []act{acts(approved), undoing("olga")}, Pending, nil},
		{"of an earlier stage", []act{acts(approved), undoing("sam")}, Inviting, ErrNotYourVote},
		{"somebody else's", []act{acts(approved), undoing("ben")}, Inviting, ErrNotYourVote},
		{"the requester's wish", []act{acts(approved), undoing("ann")}, Inviting, ErrNotYourVote},
		{"at the end of the hold", []act{acts(approved), unseen(20 * time.Second), undoing("omar")}, Inviting, ErrNotUndoable},
		{"before there is anything to undo", []act{acts(steps(yes("sam"), yes("olga"))), undoing("olga")}, Pending, ErrNotUndoable},
		{"twice", []act{acts(approved), undoing("omar"), undoing("omar")}, Pending, ErrNotUndoable},
		{"without a hold", []act{set(func(r *Request) { r.Limits.Hold = 0 }), acts(approved), undoing("omar")}, Inviting, ErrNotUndoable},
		{"in time, judged late", []act{acts(approved), soon, does(press("omar", Undo)), downFor(day), does(undone("omar"))}, Pending, nil},
		{"after it was withdrawn", []act{acts(approved), acts(withdraw("ann")), undoing("omar")}, Cancelled, ErrNotUndoable},
		{"after it was revoked", []act{acts(approved), revoking("olga", false), undoing("omar")}, Ended, ErrNotUndoable},
		{"by who has left", []act{acts(approved), does(press("omar", Undo), func(r Request, _ time.Time) Event {
			who := colleague("omar")
			who.Deactivated = true
			return Undone{By: who, Press: r.Presses[0]}
		})}, Inviting, ErrDeactivated},
		{"judged by another's description", []act{acts(approved), does(press("omar", Undo), func(r Request, _ time.Time) Event {
			return Undone{By: colleague("olga"), Press: r.Presses[0]}
		})}, Inviting, ErrUnknownPerson},
		{"an approval that nobody pressed", []act{acts(approved), does(just(Undone{By: colleague("omar"), Press: Press{By: id("omar"), Verdict: Undo, At: nine}}))}, Inviting, ErrNotDue},
		{"an approval for several", []act{lead, acts(approved), undoing("omar")}, Pending, nil},
		{"on behalf of another", []act{acts(steps(yes("sam"), yes("olga"))), does(press("ben", Approve), onBehalf("ben", "omar")), undoing("ben")}, Pending, nil},
		{"by whose right it was", []act{acts(steps(yes("sam"), yes("olga"))), does(press("ben", Approve), onBehalf("ben", "omar")), undoing("omar")}, Inviting, ErrNotYourVote},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { scened(t, falcon(), tt.do...).wants(tt.want, tt.err) })
	}
}

// TestAfterAnUndoTheStageDecidesAgain: the others' approvals stand, the one that
// was taken back may be given again, and there is time for it.
func TestAfterAnUndoTheStageDecidesAgain(t *testing.T) {
	s := scened(t, falcon(), unseen(hour), acts(yes("sam")), unseen(hour), acts(steps(yes("olga"), yes("omar"))), undoing("omar"))
	if r := s.r; r.Stage != 1 || len(r.Votes) != 2 || !r.Hold.IsZero() || !r.Until.IsZero() || !r.Deadline.Equal(nine.Add(hour+48*hour)) {
		t.Errorf("%+v", r)
	}
	for _, kind := range []Work{WorkVotes, WorkSight, WorkFacts} {
		if !hasOwing(s.owed, Owing{Kind: kind}) {
			t.Errorf("no %s is owed: %v", kind, s.owed)
		}
	}
	if !hasOwing(s.owed, Owing{Kind: WorkClock, Due: s.r.Deadline}) {
		t.Errorf("owed: %v", s.owed)
	}
	s.plays(unseen(hour), acts(yes("omar")))
	s.wants(Inviting, nil)
	s = scened(t, falcon(), acts(yes("sam")), unseen(48*hour-time.Second), acts(steps(yes("olga"), yes("omar"))), undoing("omar"))
	if left := s.r.Deadline.Sub(s.now); left != time.Hour {
		t.Errorf("%s are left to decide", left)
	}
	s.plays(unseen(hour-time.Second), acts(yes("omar")), undoing("omar")) // which is no way to have time for ever
	if left := s.r.Deadline.Sub(s.now); left != time.Second {
		t.Errorf("%s are left to decide after another undo", left)
	}
	a := falcon()
	a.Stages[1].Escalate = &Escalation{After: hour, Approvers: []string{"ben"}, Deadline: 96 * hour}
	s = scened(t, a, acts(yes("sam")), later(hour), acts(steps(yes("olga"), yes("omar"))), undoing("omar"))
	if over := s.r.Deadline.Sub(nine); over != 97*hour {
		t.Errorf("after an escalation and an undo the stage is over after %s", over)
	}
}

// TestNothingLeavesBeforeTheHoldIsOver nor while somebody wants it back.
func TestNothingLeavesBeforeTheHoldIsOver(t *testing.T) {
	found, there := just(GuestFound{ID: "u1"}), just(GuestInvited{ID: "u1"})
	tried := just(InviteTried{})
	pressed := does(press("omar", Undo))
	tests := []struct {
		name string
		do   []act
		err  error
	}{
		{"an invitation within the hold", []act{acts(approved), soon, does(tried)}, ErrNotDue},
		{"a guest found within the hold", []act{acts(approved), soon, does(found)}, ErrNotDue},
		{"a guest invited within the hold", []act{acts(approved), soon, does(there)}, ErrNotDue},
		{"an invitation after it", []act{acts(approved), after, does(tried)}, nil},
		{"a guest found after it", []act{acts(approved), after, does(found)}, nil},
		{"an invitation while an undo waits", []act{acts(approved), pressed, unseen(time.Hour), does(tried)}, ErrNotDue},
		{"a guest found while an undo waits", []act{acts(approved), pressed, unseen(time.Hour), does(found)}, ErrNotDue},
		{"an invitation while a revocation waits", []act{acts(approved), after, does(press("sam", Revoke)), does(tried)}, ErrNotDue},
		{"a guest found while a revocation waits", []act{acts(approved), after, does(press("sam", Revoke)), does(found)}, ErrNotDue},
		{"an invitation after the undo was dismissed", []act{acts(approved), pressed, unseen(time.Hour), does(func(r Request, _ time.Time) Event {
			return Dismissed{Press: r.Presses[0]}
		}, just(Ticked{}), tried)}, nil},
		{"an invitation before the clock has let it go", []act{acts(approved), unseen(time.Hour), does(tried)}, ErrNotDue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { scened(t, falcon(), tt.do...).wants(Inviting, tt.err) })
	}
	s := scened(t, falcon(), acts(approved))
	if hold := nine.Add(20 * time.Second); !hasOwing(s.owed, Owing{Kind: WorkGuest, Due: hold}) || hasOwing(s.owed, Owing{Kind: WorkGuest}) || !hasOwing(s.owed, Owing{Kind: WorkClock, Due: hold}) {
		t.Errorf("owed: %v", s.owed)
	}
	s.plays(pressed, does(func(r Request, _ time.Time) Event { return Dismissed{Press: r.Presses[0]} }))
	if !hasOwing(s.owed, Owing{Kind: WorkGuest, Due: s.r.Hold}) {
		t.Errorf("after the dismissal nobody lets the guest in: %v", s.owed)
	}
}

// TestHeld is what the card shows Undo by.
func TestHeld(t *testing.T) {
	s := scened(t, falcon(), acts(approved))
	if !s.r.Held(nine) || !s.r.Held(nine.Add(20*time.Second-1)) || s.r.Held(nine.Add(20*time.Second)) {
		t.Error("not held, or too long")
	}
	version := s.r.Version
	if s.plays(after); !s.r.Hold.IsZero() || s.r.Version == version || !s.r.due().Equal(s.r.Until) {
		t.Errorf("after the hold: version %d, held until %s, due %s", s.r.Version, s.r.Hold, s.r.due())
	}
	scened(t, falcon(), acts(approved), soon, acts(withdraw("ann"))).wants(Cancelled, nil)
	scened(t, falcon(), acts(approved), after, acts(withdraw("ann"))).wants(Inviting, ErrNotCancellable)
}

// TestTwoTakeTheirApprovalBack: the second one is told, and keeps nothing from going on.
func TestTwoTakeTheirApprovalBack(t *testing.T) {
	s := scened(t, falcon(), acts(approved), does(press("olga", Undo), press("omar", Undo), undone("olga")))
	if s.wants(Pending, nil); !hasOwing(s.owed, Owing{Kind: WorkVotes}) {
		t.Errorf("the other press is judged by nobody: %v", s.owed)
	}
	s.plays(does(undone("omar")))
	s.wants(Pending, ErrNotUndoable)
}

func TestRevoke(t *testing.T) {
	in := []act{acts(approved), after, does(just(GuestInvited{ID: "u1"}))}
	all := append(in[:3:3], does(just(GrantMade{"group:g1"}), just(GrantMade{"group:g2"})))
	on := func(before []act, more ...act) []act { return append(slices.Clip(before), more...) }
	lead := set(func(r *Request) { r.Guest, r.Guests = Guest{}, []Guest{{Email: jane}, {Email: "joe@acme.example"}} })
	split := []act{lead, acts(approved), after, does(just(InviteTried{}), just(Spread{0, Child{ID: "INV-2"}}), just(Spread{1, Child{ID: "INV-3"}}))}
	failed := does(just(StepRefused{}))
	tests := []struct {
		name string
		do   []act
		want State
		err  error
		work Work
	}{
		{"what is pending", []act{revoking("ann", false)}, Pending, ErrNotRevocable, ""},
		{"within the hold", []act{acts(approved), revoking("ann", false)}, Ended, nil, ""},
		{"before the guest is known", []act{acts(approved), after, does(just(InviteTried{})), revoking("ann", false)}, Ended, nil, ""},
		{"half-way", on(in, revoking("ann", false)), Ending, nil, WorkGuest},
		{"invited", on(all, revoking("ann", false)), Ending, nil, WorkGuest},
		{"active", on(all, does(just(GuestJoined{nine})), revoking("ann", false)), Ending, nil, WorkGuest},
		{"failed before", []act{acts(approved), after, failed, revoking("ann", false)}, Ended, nil, WorkFailure},
		{"failed half-way", on(in, failed, revoking("ann", false)), Ending, nil, WorkGuest},
		{"ending", on(all, revoking("ann", false), revoking("ann", false)), Ending, ErrNotRevocable, ""},
		{"ended", []act{acts(approved), revoking("ann", false), revoking("ann", false)}, Ended, ErrNotRevocable, ""},
		{"denied", []act{acts(no("sam")), revoking("ann", false)}, Denied, ErrNotRevocable, ""},
		{"cancelled", []act{acts(withdraw("ann")), revoking("ann", false)}, Cancelled, ErrNotRevocable, ""},
		{"timed out", []act{later(day), revoking("ann", false)}, TimedOut, ErrNotRevocable, ""},
		{"erased", []act{acts(approved), after, failed, does(just(Erased{})), revoking("ann", false)}, Failed, ErrNotRevocable, ""},
		{"for several", on(split, revoking("ann", false)), Ended, nil, WorkSpread},

		{"by an approver of the first stage", on(all, revoking("sam", false)), Ending, nil, WorkGuest},
		{"by an approver of the last one", on(all, revoking("omar", false)), Ending, nil, WorkGuest},
		{"by one who did not vote", []act{acts(steps(yes("sam"), yes("sam"), yes("olga"))), revoking("omar", false)}, Ended, nil, ""},
		{"by who could have been brought in", []act{set(func(r *Request) {
			r.Access.Stages[0].Escalate = &Escalation{Approvers: []string{"ben"}}
		}), acts(approved), revoking("ben", false)}, Ended, nil, ""},
		{"by an admin", on(all, revoking("ada", true)), Ending, nil, WorkGuest},
		{"by anybody else", on(all, revoking("ben", false)), Invited, ErrMayNotRevoke, ""},
		{"by who has left", on(all, does(press("sam", Revoke), func(r Request, _ time.Time) Event {
			who := colleague("sam")
			who.Deactivated = true
			return Revoked{By: who, Groups: []string{"S1"}, Press: r.Presses[0]}
		})), Invited, ErrDeactivated, ""},
		{"by another's description", on(all, does(press("ben", Revoke), func(r Request, _ time.Time) Event {
			return Revoked{By: colleague("ada"), Admin: true, Press: r.Presses[0]}
		})), Invited, ErrUnknownPerson, ""},
		{"by a press that is none", on(all, does(just(Revoked{By: colleague("ada"), Admin: true, Press: Press{By: id("ada"), Verdict: Revoke}}))), Invited, ErrNotDue, ""},
		{"by an undo", []act{acts(approved), does(press("omar", Undo), func(r Request, _ time.Time) Event {
			return Revoked{By: colleague("omar"), Press: r.Presses[0]}
		})}, Inviting, ErrNotDue, ""},
		{"on an older card", on(all, does(pressing("ann", Revoke, func(p *Press) { p.Tag = older }))), Invited, ErrOldCard, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, falcon(), tt.do...)
			s.wants(tt.want, tt.err)
			if tt.work != "" && !hasOwing(s.owed, Owing{Kind: tt.work}) {
				t.Errorf("no %s is owed: %v", tt.work, s.owed)
			}
			if c := s.r.Closed; tt.err == nil && (c == nil || c.Verdict != Revoke || c.Reason != "because" || c.By.User == "") {
				t.Errorf("closed: %+v", c)
			}
		})
	}
}

// TestWhoRevokedItStaysKnown when every grant is taken back, and when one was
// confirmed too late.
func TestWhoRevokedItStaysKnown(t *testing.T) {
	both := does(just(GrantTaken{"group:g1"}), just(GrantTaken{"group:g2"}))
	s := scened(t, falcon(), acts(approved), after, does(just(GuestInvited{ID: "u1"})), revoking("sam", false), both, does(just(GrantMade{"group:g1"}), just(GrantTaken{"group:g1"})))
	if s.wants(Ended, nil); s.r.Closed.Verdict != Revoke || s.r.Closed.By != id("sam") || s.r.Closed.Reason != "because" {
		t.Errorf("closed: %+v", s.r.Closed)
	}
}

// TestRevokingEndsEveryOtherPress: they are told what came first.
func TestRevokingEndsEveryOtherPress(t *testing.T) {
	s := scened(t, falcon(), acts(approved), does(press("omar", Undo), press("olga", Revoke), press("ann", Revoke), revoked("ann", false)))
	s.wants(Ended, nil)
	if len(s.r.Presses) > 0 || len(s.r.Answers) != 2 || !hasOwing(s.owed, Owing{Kind: WorkAnswers}) {
		t.Errorf("presses %v, answers %v", s.r.Presses, s.r.Answers)
	}
}

// TestOneGuestFollowsTheLead that was revoked, and no other one.
func TestOneGuestFollowsTheLead(t *testing.T) {
	gone := Request{ID: "INV-9", Closed: &Closed{Verdict: Revoke, By: id("ada"), Reason: "over", At: nine}}
	mine := set(func(r *Request) { r.Lead = "INV-9" })
	follows := func(lead Request) act { return does(just(LeadRevoked{Lead: lead})) }
	other := gone
	other.ID = "INV-8"
	ended := gone
	ended.Closed = &Closed{At: nine}
	tests := []struct {
		name string
		do   []act
		want State
		err  error
	}{
		{"mine", []act{mine, acts(approved), follows(gone)}, Ended, nil},
		{"with an account", []act{mine, acts(approved), after, does(just(GuestInvited{ID: "u1"})), follows(gone)}, Ending, nil},
		{"twice", []act{mine, acts(approved), follows(gone), follows(gone)}, Ended, ErrNotDue},
		{"another one's", []act{mine, acts(approved), follows(other)}, Inviting, ErrNotDue},
		{"of a request of its own", []act{acts(approved), follows(gone)}, Inviting, ErrNotDue},
		{"which ended by itself", []act{mine, acts(approved), follows(ended)}, Inviting, ErrNotDue},
		{"which did not end", []act{mine, acts(approved), follows(Request{ID: "INV-9"})}, Inviting, ErrNotDue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, falcon(), tt.do...)
			s.wants(tt.want, tt.err)
			if c := s.r.Closed; tt.err == nil && (c.Verdict != Revoke || c.By != id("ada") || c.Reason != "over") {
				t.Errorf("closed: %+v", c)
			}
		})
	}
}

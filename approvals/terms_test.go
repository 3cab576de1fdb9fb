package approvals

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wide is an access for which everything can be asked.
func wide() Access {
	a := falcon()
	a.Longest, a.OpenEnded = 365*day, true
	return a
}

func TestNarrowerIsLessAndNothingElse(t *testing.T) {
	only := func(keep ...Grant) func(*Terms) { return func(t *Terms) { t.Grants = keep } }
	length := func(d time.Duration) func(*Terms) {
		return func(t *Terms) { t.For, t.Ends, t.OpenEnded = d, time.Time{}, false }
	}
	until := func(d time.Duration) func(*Terms) {
		return func(t *Terms) { t.For, t.Ends, t.OpenEnded = 0, nine.Add(d), false }
	}
	endless := func(t *Terms) { t.For, t.Ends, t.OpenEnded = 0, time.Time{}, true }
	tests := []struct {
		name    string
		was, is func(*Terms)
		want    error
	}{
		{"shorter", length(30 * day), length(29 * day), nil},
		{"the same", length(30 * day), length(30 * day), ErrChangeNothing},
		{"longer", length(30 * day), length(31 * day), ErrChangeMore},
		{"not at all", length(30 * day), length(0), ErrEndPassed},
		{"less than not at all", length(30 * day), length(-day), ErrEndPassed},
		{"until a day before", length(30 * day), until(29 * day), nil},
		{"until a day after", length(30 * day), until(31 * day), ErrChangeMore},
		{"until the end of the very day", length(30 * day), until(30*day + hour), ErrChangeNothing},
		{"until yesterday", length(30 * day), until(-day), ErrEndPassed},
		{"until now", length(30 * day), until(0), ErrEndPassed},
		{"an earlier date", until(30 * day), until(29 * day), nil},
		{"a later date", until(30 * day), until(31 * day), ErrChangeMore},
		{"a length within a date", until(30 * day), length(29 * day), nil},
		{"a length beyond a date", until(30 * day), length(31 * day), ErrChangeMore},
		{"an end at last", endless, length(365 * day), nil},
		{"a date at last", endless, until(365 * day), nil},
		{"no end any more", length(30 * day), endless, ErrChangeMore},
		{"no end still", endless, endless, ErrChangeNothing},
		{"fewer grants", length(30 * day), only(Grant{Group: "g1"}), nil},
		{"fewer grants and no end still", endless, only(Grant{Group: "g1"}), nil},
		{"no grant", length(30 * day), only(), ErrChangeNothing},
		{"another grant", length(30 * day), only(Grant{Group: "g9"}), ErrChangeMore},
		{"one grant more", length(30 * day), only(Grant{Group: "g1"}, Grant{Group: "g2"}, Grant{Group: "g9"}), ErrChangeMore},
		{"fewer grants for longer", length(30 * day), func(t *Terms) { only(Grant{Group: "g1"})(t); length(31 * day)(t) }, ErrChangeMore},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(Draft{By: colleague("ann"), Email: jane}, wide(), nine).Request
			was := r.Terms()
			tt.was(&was)
			r = r.take(was, id("ann"), nine)
			is := r.Terms()
			tt.is(&is)
			if err := r.narrower(is, nine); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestTermsOfEachEditionAreKept as they were seen.
func TestTermsOfEachEditionAreKept(t *testing.T) {
	s := scened(t, wide(),
		editing("ann", func(t *Terms) { t.For, t.Name, t.Reason = 20*day, "Jane Doe", "workshop" }),
		does(less(func(t *Terms) { t.For = 10 * day }), judged("sam")),
		does(less(func(t *Terms) { t.Grants = t.Grants[1:] }), judged("sam")),
	)
	for edition, want := range []Terms{
		{For: 30 * day, Name: "Jane", Reason: "kick-off", Grants: []Grant{{Group: "g1"}, {Group: "g2"}}},
		{For: 20 * day, Name: "Jane Doe", Reason: "workshop", Grants: []Grant{{Group: "g1"}, {Group: "g2"}}},
		{For: 10 * day, Name: "Jane Doe", Reason: "workshop", Grants: []Grant{{Group: "g1"}, {Group: "g2"}}},
		{For: 10 * day, Name: "Jane Doe", Reason: "workshop", Grants: []Grant{{Group: "g2"}}},
	} {
		got := s.r.TermsAt(edition)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("edition %d:\n%s", edition, diff)
		}
	}
	if s.r.Edition != 3 || len(s.r.Edits) != 3 || s.r.Edits[0].By != id("ann") || s.r.Edits[1].By != id("sam") {
		t.Errorf("edition %d: %+v", s.r.Edition, s.r.Edits)
	}
	if s.r.Guest.Email != jane {
		t.Errorf("the guest is %+v", s.r.Guest)
	}
}

// TestWhenAccessEnds: however its length was said, it is counted from the approval.
func TestWhenAccessEnds(t *testing.T) {
	tests := []struct {
		name string
		with func(*Terms)
		want time.Time
	}{
		{"after a length", func(t *Terms) { t.For = 10 * day }, nine.Add(hour + 10*day)},
		{"on a date", func(t *Terms) { t.For, t.Ends = 0, nine.Add(5*day) }, nine.Add(5 * day)},
		{"never", func(t *Terms) { t.For, t.OpenEnded = 0, true }, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scened(t, wide(), editing("ann", tt.with), unseen(hour), acts(approved))
			if s.r.State != Inviting || !s.r.Until.Equal(tt.want) {
				t.Fatalf("%s until %s, want %s", s.r.State, s.r.Until, tt.want)
			}
			s.plays(later(time.Minute), acts(invited[len(approved):]), downFor(400*day))
			if want := map[bool]State{true: Invited, false: Ending}[tt.want.IsZero()]; s.r.State != want {
				t.Errorf("400 days later it is %s", s.r.State)
			}
		})
	}
}

// TestADateThatPassesBeforeTheDecisionLetsNobodyIn and costs no invitation.
func TestADateThatPassesBeforeTheDecisionLetsNobodyIn(t *testing.T) {
	soon := editing("ann", func(t *Terms) { t.For, t.Ends = 0, nine.Add(hour) })
	s := scened(t, wide(), soon)
	if !hasOwing(s.owed, Owing{Kind: WorkClock, Due: nine.Add(hour)}) {
		t.Errorf("owed: %v", s.owed)
	}
	for _, also := range []bool{false, true} {
		s = scened(t, wide(), acts(yes("sam")), does(lessBy("olga", also, func(t *Terms) { t.For, t.Ends = 0, nine.Add(hour) }), judged("olga")))
		if !hasOwing(s.owed, Owing{Kind: WorkClock, Due: nine.Add(hour)}) {
			t.Errorf("after a change owed: %v", s.owed)
		}
	}
	scened(t, wide(), soon, later(hour-1)).wants(Pending, nil)
	scened(t, wide(), soon, later(hour)).wants(TimedOut, nil)
	scened(t, wide(), soon, unseen(hour), acts(yes("sam"))).wants(Pending, ErrTooLate)
	scened(t, wide(), soon, unseen(hour-time.Second), acts(approved), later(time.Minute)).wants(Ended, nil)
}

package store_test

import (
	"testing"
	"time"

	"partnerbot/approvals"
)

func testLanes(t *testing.T, open opener) {
	s := open(t)
	for n := range 3 {
		r := create(t, s, guestNo(n))
		update(t, s, r.ID, owing(guest, nine.Add(-time.Hour+time.Duration(n)*time.Minute)))
	}
	rows, next, err := s.Take(t.Context(), nine, approvals.LaneEntra, 2)
	must(t, err)
	equal(t, "Entra's", kinds(rows), []approvals.Work{guest, guest})
	if want := nine.Add(-58 * time.Minute); rows[0].Request != "INV-1" || !next.Equal(want) {
		t.Errorf("took %v, next %s; want INV-1 first and next at %s", rows, next, want)
	}
	rows, next, err = s.Take(t.Context(), nine, approvals.LaneSlack, 10)
	must(t, err)
	equal(t, "Slack's", kinds(rows), []approvals.Work{cards, cards, cards})
	if !next.Equal(nine.Add(time.Hour)) {
		t.Errorf("next at %s; want that of Slack's clocks", next)
	}
	rows, next, err = s.Take(t.Context(), nine.Add(-59*time.Minute), approvals.LaneEntra, 10)
	if err != nil || len(rows) != 0 || !next.Equal(nine.Add(-58*time.Minute)) {
		t.Errorf("took %v, next %s, %v; want the last one of Entra's a minute later", rows, next, err)
	}
}

func testLanesWoken(t *testing.T, open opener) {
	s := open(t)
	rang := func(lane approvals.Lane) bool {
		select {
		case <-s.Woken(lane):
			return true
		default:
			return false
		}
	}
	expect := func(what string, slack, entra bool) {
		t.Helper()
		if gotSlack, gotEntra := rang(approvals.LaneSlack), rang(approvals.LaneEntra); gotSlack != slack || gotEntra != entra {
			t.Errorf("%s: woken Slack's hands %t, Entra's %t; want %t, %t", what, gotSlack, gotEntra, slack, entra)
		}
	}
	_, _ = rang(approvals.LaneSlack), rang(approvals.LaneEntra) // a store may ring when it is opened
	r := create(t, s, "jane@acme.example")
	expect("a new request", true, false)
	take(t, s, nine)
	update(t, s, r.ID, owing(guest, nine.Add(2*time.Hour)))
	expect("work for Entra, later than Slack's next", false, true)
	update(t, s, r.ID, owing(direct, nine.Add(time.Minute)))
	expect("work for Slack", true, false)
}

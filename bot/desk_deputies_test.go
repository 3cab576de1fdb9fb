package bot

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

// TestWhoDecidesForAnotherGetsTheirCard: while it holds, and if they could decide.
func TestWhoDecidesForAnotherGetsTheirCard(t *testing.T) {
	give := func(from, to string, start, end time.Duration) approvals.Delegation {
		id := func(user string) approvals.PersonID { return approvals.PersonID{Team: "T0NORTH", User: user} }
		return approvals.Delegation{From: id(from), To: id(to), Start: nine.Add(start), End: nine.Add(end)}
	}
	tests := []struct {
		name string
		all  []approvals.Delegation
		want []string
	}{
		{"now", []approvals.Delegation{give("U0SAM", "U0BEN", 0, time.Hour)}, []string{"U0BEN", "U0SAM", "U0OLGA"}},
		{"later", []approvals.Delegation{give("U0SAM", "U0BEN", time.Minute, time.Hour)}, []string{"U0SAM", "U0OLGA"}},
		{"no more", []approvals.Delegation{give("U0SAM", "U0BEN", -time.Hour, 0)}, []string{"U0SAM", "U0OLGA"}},
		{"ended", []approvals.Delegation{{From: sam}}, []string{"U0SAM", "U0OLGA"}},
		{"from somebody else", []approvals.Delegation{give("U0ADA", "U0BEN", 0, time.Hour)}, []string{"U0SAM", "U0OLGA"}},
		{"from the requester", []approvals.Delegation{give("U0ANN", "U0BEN", 0, time.Hour)}, []string{"U0SAM", "U0OLGA"}},
		{"to the requester", []approvals.Delegation{give("U0SAM", "U0ANN", 0, time.Hour)}, []string{"U0SAM", "U0OLGA"}},
		{"to a guest of the workspace", []approvals.Delegation{give("U0SAM", "U0GUS", 0, time.Hour)}, []string{"U0SAM", "U0OLGA"}},
		{"to one who decides anyway", []approvals.Delegation{give("U0SAM", "U0OLGA", 0, time.Hour)}, []string{"U0SAM", "U0OLGA"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newTown(t)
			h.desk.deputies.read = func(context.Context) ([]approvals.Delegation, error) { return tt.all, nil }
			h.SetGroup("S0FALCON", "U0SAM", "U0OLGA", "U0ANN")
			h.cards(t, h.stage(approvals.Stage{Approvers: []string{"S0FALCON"}}))
			if diff := cmp.Diff(tt.want, h.haveCards()); diff != "" {
				t.Errorf("cards (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDelegationsAreReadOnceAMinute and what cannot be read keeps nobody else from
// their card, and is tried again.
func TestDelegationsAreReadOnceAMinute(t *testing.T) {
	h := newTown(t)
	n, broken := 0, errors.New("the store is away")
	h.desk.deputies.read = func(context.Context) ([]approvals.Delegation, error) {
		n++
		return nil, broken
	}
	r := h.stage(approvals.Stage{Approvers: []string{"U0SAM"}})
	shown, err := h.desk.Cards(t.Context(), r, h.note)
	if len(shown) != 1 || !errors.Is(err, broken) {
		t.Fatalf("shown %v, %v", shown, err)
	}
	r.Shown.Cards, broken, n = shown, nil, 0
	for range 3 {
		r = h.cards(t, r)
	}
	h.forward(deputiesAge + time.Second)
	if h.cards(t, r); n != 2 {
		t.Errorf("read %d times in two minutes", n)
	}
}

// TestWhoDecidesForAnotherIsRemindedInTheirPlace too, unless it is decided for them.
func TestWhoDecidesForAnotherIsRemindedInTheirPlace(t *testing.T) {
	for _, decided := range []bool{false, true} {
		h := newTown(t)
		h.desk.deputies.read = func(context.Context) ([]approvals.Delegation, error) {
			return []approvals.Delegation{{From: sam, To: ben, Start: nine, End: nine.Add(48 * time.Hour)}}, nil
		}
		r := h.called(t, approvals.Stage{Approvers: []string{"U0SAM", "U0OLGA"}}, approvals.CallRemind, nil)
		want := map[string]int{"U0SAM": 1, "U0BEN": 1, "U0OLGA": 1}
		if decided {
			r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve, At: nine}}
			want = map[string]int{"U0OLGA": 1}
		}
		h.thread(t, r)
		got := map[string]int{}
		for _, user := range everybody {
			if n := len(h.replies(h.As(user).DM())); n > 0 {
				got[user] = n
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decided %v: reminded (-want +got):\n%s", decided, diff)
		}
	}
}

func TestADeskAsksForDelegationsWhereItIsTold(t *testing.T) {
	broken := errors.New("the store is away")
	d := NewDesk(DeskConfig{HTTP: &http.Client{}, Now: func() time.Time { return nine }, Delegates: func(context.Context) ([]approvals.Delegation, error) {
		return nil, broken
	}})
	if _, err := d.deputies.join(t.Context(), []string{"U0SAM"}, nine); !errors.Is(err, broken) {
		t.Errorf("it says %v", err)
	}
}

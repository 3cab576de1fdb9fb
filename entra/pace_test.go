package entra

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"partnerbot/approvals"
)

// TestManyInvitationsLeaveBelowTheTenantsLimit: a thousand at once leave as fast
// as promised, almost nobody comes in vain, and no five seconds see too many.
func TestManyInvitationsLeaveBelowTheTenantsLimit(t *testing.T) {
	const all, window, most = 1000, 5 * time.Second, 100
	var p pace
	due := slices.Repeat([]time.Time{nine}, all)
	var left []time.Time
	asked := 0
	for len(due) > 0 {
		i := slices.Index(due, slices.MinFunc(due, time.Time.Compare))
		now := due[i]
		asked++
		if wait := p.wait(now); wait > 0 {
			due[i] = now.Add(wait)
			continue
		}
		left, due = append(left, now), slices.Delete(due, i, i+1)
	}
	for i, first := range left {
		in := 0
		for _, at := range left[i:] {
			if at.Sub(first) < window {
				in++
			}
		}
		if in > most {
			t.Fatalf("%d invitations left in the five seconds from %s", in, first.Sub(nine))
		}
	}
	if took, want := left[all-1].Sub(nine), (all-inviteBurst)*inviteEvery; took > want+time.Second {
		t.Errorf("the last one left after %s, want about %s", took, want)
	}
	if asked > 2*all {
		t.Errorf("%d questions for %d invitations", asked, all)
	}
}

func TestTurnsSurviveAClockThatIsSetBack(t *testing.T) {
	var p pace
	for range 10 * inviteBurst {
		p.wait(nine)
	}
	for _, now := range []time.Time{nine.Add(-time.Hour), nine.Add(time.Hour), nine} {
		if wait := p.wait(now); wait > 0 {
			t.Errorf("at %s: told to wait %s", now, wait)
		}
	}
}

func TestAnInvitationWhoseTurnHasNotComeDoesNotLeave(t *testing.T) {
	g := newGraph(t, invited)
	c := g.client(t)
	for range inviteBurst {
		if _, err := c.Invite(t.Context(), priya); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Invite(t.Context(), priya)
	if trouble, ok := errors.AsType[*approvals.Trouble](err); !ok || trouble.Kind != later || trouble.Code != approvals.CodePace || trouble.After != inviteEvery {
		t.Errorf("got %+v", err)
	}
	if n := g.count(http.MethodPost, "/invitations"); n != inviteBurst {
		t.Errorf("%d invitations left", n)
	}
}

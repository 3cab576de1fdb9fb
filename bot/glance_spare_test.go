package bot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

// groupedOffice is an office with n accesses, each for a user group of its own.
func groupedOffice(t *testing.T, n int) *office {
	t.Helper()
	o := newOffice(t)
	o.slack.members = `["U0ANN"]`
	p := demanding()
	p.Accesses = nil
	for i := range n {
		a := falcon()
		a.ID, a.Requesters = fmt.Sprint("a", i), []string{fmt.Sprint("S0R", i)}
		p.Accesses = append(p.Accesses, a)
	}
	o.cfg.Desk.render.Policy = p.Always
	return o
}

// TestFormsLeaveUserGroupsToWhatIsDecided opens forms for more groups than Slack
// takes questions, and decides afterwards.
func TestFormsLeaveUserGroupsToWhatIsDecided(t *testing.T) {
	o := groupedOffice(t, 25)
	for range 3 {
		o.command(t, "U0ANN", CommandInvite, "")
	}
	asked := len(o.slack.calls("usergroups.users.list"))
	if most := perMinute("usergroups.users.list") / spareShare; asked == 0 || asked > most {
		t.Errorf("forms asked %d times", asked)
	}
	if opened := o.slack.calls("views.open"); len(opened) != 3 || !strings.Contains(opened[2], `"value":"a24"`) {
		t.Errorf("what is not known is not offered: %d forms", len(opened))
	}
	for i := range 15 {
		if _, err := o.cfg.Desk.Members(t.Context(), fmt.Sprint("S0D", i)); err != nil {
			t.Fatalf("decision %d waits: %v", i, err)
		}
	}
}

// TestOneReadingOfAGroupServesAllViews: the service's, the forms' and the desk's own.
func TestOneReadingOfAGroupServesAllViews(t *testing.T) {
	o := groupedOffice(t, 4)
	o.command(t, "U0ANN", CommandInvite, "")
	for i := range 4 {
		for _, view := range []*Glance{o.cfg.Desk.Glance(), o.cfg.Desk.sight, o.glance} {
			if users, err := view.Members(t.Context(), fmt.Sprint("S0R", i)); err != nil || len(users) != 1 {
				t.Errorf("got %v, %v", users, err)
			}
		}
	}
	if n := len(o.slack.calls("usergroups.users.list")); n != 4 {
		t.Errorf("four groups were read %d times", n)
	}
}

func TestAFormIsContentWithAnOlderReadingThanADecisionsLook(t *testing.T) {
	c := openCounter(t)
	now := nine
	d := c.desk(t)
	d.glance.people.Now = func() time.Time { return now }
	g := d.Glance()
	read := func(form bool) int {
		ctx := t.Context()
		if form {
			ctx = sparing(ctx)
		}
		if _, err := g.Members(ctx, "S0FALCON"); err != nil {
			t.Fatal(err)
		}
		return len(c.calls("usergroups.users.list"))
	}
	if n := read(false); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	now = now.Add(5 * time.Minute)
	if n := read(true); n != 1 {
		t.Errorf("a form asked again after five minutes")
	}
	if n := read(false); n != 2 {
		t.Errorf("what is more than a form was content with five minutes")
	}
	now = now.Add(spareAge + time.Second)
	if n := read(true); n != 3 {
		t.Errorf("a form was content with %s", spareAge)
	}
}

func TestAFormThatIsRefusedALookSpoilsNoOtherLook(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	for range perMinute("usergroups.users.list") / spareShare {
		if _, err := d.Members(t.Context(), "S0OTHER"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := d.Glance().Members(sparing(t.Context()), "S0FALCON")
	if trouble, ok := errors.AsType[*approvals.Trouble](err); !ok || trouble.Code != approvals.CodePace {
		t.Errorf("a form got %v", err)
	}
	if _, err := d.Glance().Members(t.Context(), "S0FALCON"); err != nil {
		t.Errorf("a look of what counts: %v", err)
	}
}

package bot

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestPeopleAreWhoSlackSaysTheyAre(t *testing.T) {
	tests := []struct {
		name, fields, enterprise string
		want                     error
	}{
		{"a member", `"team_id":"T0HOME"`, "", nil},
		{"a bot", `"team_id":"T0HOME","is_bot":true`, "", approvals.ErrBot},
		{"a workflow", `"team_id":"T0HOME","is_workflow_bot":true`, "", approvals.ErrBot},
		{"a multi-channel guest", `"team_id":"T0HOME","is_restricted":true`, "", approvals.ErrSlackGuest},
		{"a single-channel guest", `"team_id":"T0HOME","is_ultra_restricted":true`, "", approvals.ErrSlackGuest},
		{"somebody deactivated", `"team_id":"T0HOME","deleted":true`, "", approvals.ErrDeactivated},
		{"a stranger", `"team_id":"T0HOME","is_stranger":true`, "", approvals.ErrForeign},
		{"a member of another workspace", `"team_id":"T0AWAY"`, "", approvals.ErrForeign},
		{"a member of another workspace that claims ours", `"team_id":"T0AWAY","enterprise_user":{"teams":["T0HOME"]}`, "", approvals.ErrForeign},
		{"somebody of no team", `"real_name":"Nobody"`, "", approvals.ErrForeign},
		{"a colleague in another workspace of the organisation", `"team_id":"T0OTHER","enterprise_user":{"enterprise_id":"E0ORG"}`, "E0ORG", nil},
		{"a colleague shown under the organisation", `"team_id":"E0ORG"`, "E0ORG", nil},
		{"a member of another organisation", `"team_id":"T0AWAY","enterprise_user":{"enterprise_id":"E0AWAY"}`, "E0ORG", approvals.ErrForeign},
		{"a member of an organisation, seen from outside of one", `"team_id":"T0AWAY","enterprise_user":{"enterprise_id":""}`, "", approvals.ErrForeign},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			c.users["U0X"] = tt.fields
			d := c.desk(t)
			d.Enterprise = tt.enterprise
			who, err := d.Person(t.Context(), approvals.PersonID{Team: "T0HOME", User: "U0X"})
			if err != nil {
				t.Fatal(err)
			}
			if got := who.Colleague(); !errors.Is(got, tt.want) {
				t.Errorf("%+v: got %v, want %v", who, got, tt.want)
			}
		})
	}
}

// TestAClickUnderAnotherTeamIsForeign: whatever the account is, a payload that
// names another workspace is not ours.
func TestAClickUnderAnotherTeamIsForeign(t *testing.T) {
	c := openCounter(t)
	c.users["U0X"] = `"team_id":"T0HOME"`
	who, err := c.desk(t).Person(t.Context(), approvals.PersonID{Team: "T0EVIL", User: "U0X"})
	if err != nil || !errors.Is(who.Colleague(), approvals.ErrForeign) {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestSlackbotIsABot(t *testing.T) {
	c := openCounter(t)
	c.users["USLACKBOT"] = `"team_id":"T0HOME","is_bot":false`
	who, err := c.desk(t).Person(t.Context(), approvals.PersonID{User: "USLACKBOT"})
	if err != nil || !who.Bot {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestPeopleSlackDoesNotDescribe(t *testing.T) {
	tests := []struct {
		name   string
		answer string
		status int
		want   error
		kind   approvals.TroubleKind
	}{
		{"nobody by that ID", `{"ok":false,"error":"user_not_found"}`, 0, approvals.ErrUnknownPerson, ""},
		{"nobody we may see", `{"ok":false,"error":"user_not_visible"}`, 0, approvals.ErrUnknownPerson, ""},
		{"somebody else", `{"ok":true,"user":{"id":"U0OTHER","team_id":"T0HOME"}}`, 0, approvals.ErrUnknownPerson, ""},
		{"a server in trouble", "", http.StatusBadGateway, nil, approvals.Later},
		{"a token without the scope", `{"ok":false,"error":"missing_scope"}`, 0, nil, approvals.Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			c.script["users.info"], c.status["users.info"] = []string{tt.answer}, tt.status
			_, err := c.desk(t).Person(t.Context(), ann)
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if trouble, ok := errors.AsType[*approvals.Trouble](err); tt.want == nil && (!ok || trouble.Kind != tt.kind) {
				t.Errorf("got %v, want trouble of kind %s", err, tt.kind)
			}
		})
	}
}

func TestMembersAreReadEachTime(t *testing.T) {
	c := openCounter(t)
	c.script["usergroups.users.list"] = []string{`{"ok":true,"users":["U0ANN","U0SAM"]}`, `{"ok":true,"users":[]}`, `{"ok":false,"error":"no_such_subteam"}`, `{"ok":false,"error":"plan_upgrade_required"}`}
	d := c.desk(t)
	for i, want := range [][]string{{"U0ANN", "U0SAM"}, nil, nil} {
		got, err := d.Members(t.Context(), "S0FALCON")
		if err != nil || len(got) != len(want) || (len(got) > 0 && cmp.Diff(want, got) != "") {
			t.Errorf("reading %d: %v, %v, want %v", i, got, err, want)
		}
	}
	if _, err := d.Members(t.Context(), "S0FALCON"); codeOf(err) != "plan_upgrade_required" {
		t.Errorf("got %v", err)
	}
}

func TestRecentReadingsServeWhatIsShown(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	now := nine
	d.Now = func() time.Time { return now }
	asks := func() int { return len(c.calls("users.info")) }
	recent := func(maxAge time.Duration) approvals.Person {
		who, err := d.Recent(t.Context(), ann, maxAge)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	recent(time.Hour)
	if who := recent(time.Hour); who.Name != "Ann Lee" || asks() != 1 {
		t.Errorf("%+v after %d look-ups, want 1", who, asks())
	}
	c.users["U0ANN"] = `"team_id":"T0HOME","real_name":"Ann Lee-Kim"`
	if _, err := d.Person(t.Context(), ann); err != nil || asks() != 2 {
		t.Errorf("a decision used a cached reading: %d look-ups, %v", asks(), err)
	}
	if who := recent(time.Hour); who.Name != "Ann Lee-Kim" || asks() != 2 {
		t.Errorf("a fresh reading did not refresh the cache: %+v, %d look-ups", who, asks())
	}
	now = now.Add(2 * time.Hour)
	if recent(time.Hour); asks() != 3 {
		t.Errorf("a reading was used beyond its age: %d look-ups", asks())
	}
}

func TestOnlySoManyPeopleAreRemembered(t *testing.T) {
	p := &known{}
	for i := range maxRecent + 500 {
		p.remember(approvals.Person{ID: approvals.PersonID{User: fmt.Sprint("U", i)}}, nine)
	}
	if len(p.recent) != maxRecent || len(p.order) != maxRecent {
		t.Errorf("%d remembered, %d in order", len(p.recent), len(p.order))
	}
}

// TestAnAddressLeadsToAPersonWhoIsWhoSlackSaysTheyAre: it proves nothing itself.
func TestAnAddressLeadsToAPersonWhoIsWhoSlackSaysTheyAre(t *testing.T) {
	user := func(fields string) string { return `{"ok":true,"user":{"id":"U0MAX",` + fields + `}}` }
	tests := []struct {
		name, email, answer string
		want                error
		code                string
	}{
		{"a colleague", "max@northwind.com", user(`"team_id":"T0HOME","real_name":"Max"`), nil, ""},
		{"a guest", "max@northwind.com", user(`"team_id":"T0HOME","is_restricted":true`), approvals.ErrSlackGuest, ""},
		{"somebody elsewhere", "max@northwind.com", user(`"team_id":"T0AWAY"`), approvals.ErrForeign, ""},
		{"nobody", "max@northwind.com", `{"ok":false,"error":"users_not_found"}`, approvals.ErrUnknownPerson, ""},
		{"an answer that names nobody", "max@northwind.com", `{"ok":true,"user":{}}`, approvals.ErrUnknownPerson, ""},
		{"no address", "", "", approvals.ErrUnknownPerson, ""},
		{"a missing scope", "max@northwind.com", `{"ok":false,"error":"missing_scope","needed":"users:read.email"}`, nil, "missing_scope"},
		{"a fault", "max@northwind.com", `{"ok":false,"error":"internal_error"}`, nil, "internal_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			c.script["users.lookupByEmail"] = []string{tt.answer}
			d := c.desk(t)
			who, err := d.ByEmail(t.Context(), tt.email)
			got := err
			if err == nil {
				got = who.Colleague()
			}
			if tt.code != "" {
				if codeOf(err) != tt.code || strings.Contains(err.Error(), tt.email) {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(got, tt.want) || err == nil && who.ID != (approvals.PersonID{Team: "T0HOME", User: "U0MAX"}) {
				t.Errorf("%+v: %v", who, got)
			}
		})
	}
	c := openCounter(t)
	d := c.desk(t)
	for range 2 {
		c.script["users.lookupByEmail"] = append(c.script["users.lookupByEmail"], user(`"team_id":"T0HOME","real_name":"Max"`))
	}
	for _, people := range []approvals.People{d, d.Glance()} {
		if who, err := people.ByEmail(t.Context(), "max@northwind.com"); err != nil || who.Name != "Max" {
			t.Errorf("%+v, %v", who, err)
		}
	}
	if asked := c.calls("users.lookupByEmail"); len(asked) != 2 || asked[0].Form.Get("email") != "max@northwind.com" {
		t.Errorf("asked %v", asked)
	}
}

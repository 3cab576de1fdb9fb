package bot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
	"partnerbot/sandbox"
)

// told is whom a message went to, by user ID, sorted.
func (h *town) told(what string) []string {
	var out []string
	for _, user := range []string{"U0ANN", "U0BEN", "U0SAM", "U0OLGA", "U0ADA", "U0GUS", "U0VERA", "U0DAN"} {
		for _, m := range h.ours(h.As(user).DM()) {
			if strings.Contains(m.Plain(), what) {
				out = append(out, user)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryAdminHasOneMessageAboutAFailure(t *testing.T) {
	h := newTown(t)
	h.SetGroup("S0ADMINS", "U0ADA", "U0OLGA", "U0GUS", "U0VERA", "U0DAN", sandbox.BotUser)
	r := h.request("failed")
	show := func() {
		t.Helper()
		var err error
		if r.Shown.Admins, err = h.desk.Failure(t.Context(), r, h.note); err != nil {
			t.Fatal(err)
		}
	}
	show()
	if diff := cmp.Diff([]string{"U0ADA", "U0OLGA"}, h.told("Stuck, an admin must act")); diff != "" {
		t.Fatalf("told (-want +got):\n%s", diff)
	}
	card := h.ours(h.As("U0ADA").DM())[0]
	for _, want := range []string{"INV-7", "Mia Keller", "Invitations are not allowed to this domain.", "6b1c-42", "[Try again]"} {
		if !strings.Contains(card.Plain(), want) {
			t.Errorf("it does not say %q: %s", want, card.Plain())
		}
	}
	show()
	h.SetGroup("S0ADMINS", "U0ADA", "U0BEN")
	r.Version++ // failed again
	show()
	if diff := cmp.Diff([]string{"U0ADA", "U0BEN", "U0OLGA"}, h.told("Stuck, an admin must act")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	h.Remove(h.As("U0BEN").DM(), h.ours(h.As("U0BEN").DM())[0].TS)
	h.SetGroup("S0ADMINS", "U0ADA", "U0SAM")
	r = h.after(r, "active")
	show()
	if diff := cmp.Diff([]string{"U0ADA", "U0OLGA"}, h.told("Joined")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if still := h.told("Try again"); len(still) > 0 {
		t.Errorf("live buttons with %v", still)
	}
	if len(r.Shown.Admins) != 2 {
		t.Errorf("shown %v", r.Shown.Admins)
	}
}

// after is a request in another story, with what is shown of it.
func (h *town) after(was approvals.Request, story string) approvals.Request {
	r := h.request(story)
	r.Shown, r.Version = was.Shown, was.Version+1
	return r
}

// TestAMessageToAnAdminIsFoundAfterARestart: a desk that remembers no direct
// messages asks Slack for them.
func TestAMessageToAnAdminIsFoundAfterARestart(t *testing.T) {
	h := newTown(t)
	i := anIncident
	var err error
	if i.Shown, err = h.desk.Incident(t.Context(), i, h.note); err != nil {
		t.Fatal(err)
	}
	h.desk.dms = dms{}
	i.Over, i.Version = nine.Add(time.Hour), 2
	if i.Shown, err = h.desk.Incident(t.Context(), i, h.note); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"U0ADA", "U0OLGA"}, h.told("Over: Nobody can be invited")); diff != "" || len(i.Shown) != 2 {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	i.Shown = nil
	if is, err := h.desk.Incident(t.Context(), i, h.note); err != nil || len(is) != 0 || len(h.told("Nobody can be invited")) != 2 {
		t.Errorf("what is over is told anew: %v, %v", is, err)
	}
}

func TestAdminsInTrouble(t *testing.T) {
	no := func(code string) string { return `{"ok":false,"error":"` + code + `"}` }
	ok := `{"ok":true,"channel":"D0SAM","ts":"9.9"}`
	tests := []struct {
		name   string
		script map[string][]string
		code   string
		shown  int
	}{
		{"nobody in trouble", nil, "", 2},
		{"one can never be told: the others are", map[string][]string{"chat.postMessage": {no("channel_not_found"), ok}}, "", 1},
		{"one can be told later: the others are now", map[string][]string{"chat.postMessage": {no("internal_error"), ok}}, "internal_error", 1},
		{"the token is refused: nobody else is tried", map[string][]string{"chat.postMessage": {no("token_revoked"), ok}}, "token_revoked", 0},
		{"the group cannot be read", map[string][]string{"usergroups.users.list": {no("internal_error")}}, "internal_error", 0},
		{"somebody cannot be read", map[string][]string{"users.info": {no("internal_error")}}, "internal_error", 0},
		{"somebody is unknown", map[string][]string{"users.info": {no("user_not_found")}}, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			if tt.script != nil {
				c.script = tt.script
			}
			if c.script["usergroups.users.list"] == nil {
				c.script["usergroups.users.list"] = []string{`{"ok":true,"users":["U0SAM","U0ANN"]}`}
			}
			d := c.desk(t)
			d.render.Policy().Admins = []string{"S0ADMINS", "U0ANN"}
			is, err := d.Failure(t.Context(), stories()["failed"], noNote)
			if codeOf(err) != tt.code || (err != nil) != (tt.code != "") || len(is) != tt.shown {
				t.Errorf("%v, shown %v", err, is)
			}
		})
	}
}

// TestWhoseMessageItIsMustBeKnown: while Slack does not say, no message is
// forgotten and none is posted twice.
func TestWhoseMessageItIsMustBeKnown(t *testing.T) {
	c := openCounter(t)
	c.script["conversations.open"] = []string{`{"ok":false,"error":"internal_error"}`}
	d := c.desk(t)
	d.render.Policy().Admins = []string{"U0ANN", "U0SAM"}
	r := stories()["failed"]
	r.Shown.Admins = []approvals.Posted{{Channel: "D0ANN", TS: "1.1"}, {Channel: "D0SAM", TS: "1.2"}}
	is, err := d.Failure(t.Context(), r, noNote)
	want := []approvals.Posted{{Channel: "D0SAM", TS: "1.2", Version: r.Version}, {Channel: "D0ANN", TS: "1.1"}}
	if diff := cmp.Diff(want, is); diff != "" || codeOf(err) != "internal_error" || len(c.calls("chat.postMessage")) != 0 {
		t.Errorf("%v, %s", err, diff)
	}
}

func TestOnlySoManyAdminsAreTold(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	d.render.Policy().Admins = nil
	for n := range maxTold + 20 {
		id := fmt.Sprintf("U%03d", n)
		c.users[id] = `"team_id":"T0HOME"`
		d.render.Policy().Admins = append(d.render.Policy().Admins, id)
	}
	is, err := d.Incident(t.Context(), anIncident, noNote)
	if err != nil || len(is) != maxTold {
		t.Errorf("%d told, %v", len(is), err)
	}
}

func TestTroubleSaysWhoseItIs(t *testing.T) {
	tests := []struct {
		channel, answer string
		wide, text      string
	}{
		{"C0FALCON", `"error":"is_archived"`, "slack channel C0FALCON", "unarchive it"},
		{"C0FALCON", `"error":"not_in_channel"`, "slack channel C0FALCON", "invite it"},
		{"G0SECRET", `"error":"channel_not_found"`, "slack channel G0SECRET", "configuration"},
		{"C0FALCON", `"error":"restricted_action_read_only_channel"`, "slack channel C0FALCON", "Posting permissions"},
		{"C0FALCON", `"error":"internal_error"`, "", ""},
		{"C0FALCON", `"error":"msg_too_long"`, "", ""},
		{"U0ANN", `"error":"channel_not_found"`, "", ""},
		{"W0ANN", `"error":"is_archived"`, "", ""},
		{"U0ANN", `"error":"messages_tab_disabled"`, "", "Messages tab"},
		{"C0FALCON", `"error":"missing_scope","needed":"chat:write"`, "slack scope chat:write", "chat:write"},
		{"C0FALCON", `"error":"missing_scope"`, "slack scope unknown", "install the app again"},
		{"C0FALCON", `"error":"invalid_auth"`, "slack token", "new token"},
		{"C0FALCON", `"error":"account_inactive"`, "slack token", "new token"},
		{"C0FALCON", `"error":"token_revoked"`, "slack token", "new token"},
		{"C0FALCON", `"error":"not_authed"`, "slack token", "new token"},
	}
	for _, tt := range tests {
		t.Run(tt.channel+" "+tt.answer, func(t *testing.T) {
			c := openCounter(t)
			c.script["chat.postMessage"] = []string{`{"ok":false,` + tt.answer + `}`}
			_, err := c.desk(t).Cards(t.Context(), cardOf(7, tt.channel), noNote)
			trouble, ok := errors.AsType[*approvals.Trouble](err)
			if !ok || trouble.Wide != tt.wide || !strings.Contains(trouble.Text, tt.text) || trouble.Wide != "" && trouble.Kind != approvals.Refused {
				t.Errorf("got %+v", trouble)
			}
		})
	}
}

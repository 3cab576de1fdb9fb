package bot

import (
	"encoding/json"
	"strings"
	"testing"

	"partnerbot/approvals"
)

// TestARevocationSaysWhatIsTakenAway: nobody loses what they were never given.
func TestARevocationSaysWhatIsTakenAway(t *testing.T) {
	d := look(t)
	for name, loses := range map[string]bool{"inviting": false, "inviting_several": false, "invited": true, "active": true, "split": true} {
		r := stories()[name]
		for _, text := range []string{asRead(t, d.RevokeForm("en", r)), d.revoke("en", r).Confirm.Text.Text} {
			if strings.Contains(text, "Project Falcon at once.") != loses || strings.Contains(text, "not get Project Falcon.") == loses {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestADenialSaysWhoReadsItsReason(t *testing.T) {
	d, r := look(t), stories()["choosing"]
	r.Access.Stages[0].Channel = ""
	if text := asRead(t, d.DenyForm("en", r)); strings.Contains(text, "channel") || !strings.Contains(text, "whoever else decides") {
		t.Errorf("in direct messages: %s", text)
	}
	r.Access.Stages[0].Channel = "C0FALCON"
	if text := asRead(t, d.DenyForm("en", r)); !strings.Contains(text, "this channel") {
		t.Errorf("in a channel: %s", text)
	}
}

// TestAReasonIsIntroduced wherever it is quoted.
func TestAReasonIsIntroduced(t *testing.T) {
	d := look(t)
	for _, name := range []string{"given_back", "revoked", "revoked_unused", "revoking"} {
		for _, by := range []approvals.PersonID{ann, sam} {
			r := stories()[name]
			r.Closed = &approvals.Closed{Verdict: approvals.Revoke, By: by, At: nine, Reason: "The project is over."}
			if text := asRead(t, d.Direct("en", r)); !strings.Contains(text, ":\n> The project is over.") {
				t.Errorf("%s:\n%s", name, text)
			}
		}
	}
}

// TestALinkLeadsToACardThatOneCanOpen: one's own, or one in a channel.
func TestALinkLeadsToACardThatOneCanOpen(t *testing.T) {
	channel := approvals.Posted{Channel: "C0FALCON", TS: "1.1"}
	omars := approvals.Posted{Channel: "D0OMAR", TS: "2.2", Stage: 1, To: "U0OMAR"}
	for _, tt := range []struct {
		who   string
		cards []approvals.Posted
		want  string
	}{
		{"U0SAM", []approvals.Posted{channel, omars}, "C0FALCON"},
		{"U0OMAR", []approvals.Posted{channel, omars}, "D0OMAR"},
		{"U0OMAR", []approvals.Posted{omars, {Channel: "C0LEADS", TS: "3.3", Stage: 1, To: "C0LEADS"}}, "D0OMAR"},
		{"U0ANN", []approvals.Posted{channel, omars}, "D0ANN"},
	} {
		o := newOffice(t)
		r := inv7()
		r.Shown.Direct, r.Shown.Cards = approvals.Posted{Channel: "D0ANN", TS: "9.9"}, tt.cards
		link, err := o.linkTo(t.Context(), r, approvals.PersonID{Team: r.Requester.Team, User: tt.who})
		if err != nil || !strings.Contains(link, "/"+tt.want+"/") {
			t.Errorf("for %s with %v: %s, %v", tt.who, tt.cards, link, err)
		}
	}
}

// TestASentenceWithoutAFieldStandsInTheForm that was sent, whatever it asks for.
func TestASentenceWithoutAFieldStandsInTheForm(t *testing.T) {
	var v view
	if err := json.Unmarshal([]byte(`{"state": {"values": {"more": {"x": {}}, "also": {"x": {}}}}}`), &v); err != nil {
		t.Fatal(err)
	}
	if got := v.anchor(); got != "also" {
		t.Errorf("at %s", got)
	}
}

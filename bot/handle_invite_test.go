package bot

import (
	"strings"
	"testing"

	"partnerbot/approvals"
)

var wholeForm = map[string]string{
	"email": "jane@acme.example", "name": "Jane", "company": "", "access": "falcon", "for": "720h0m0s", "reason": "reviews",
}

func TestTheCommandOpensTheFormWithWhatWasTyped(t *testing.T) {
	o := newOffice(t)
	if reply := o.command(t, "U0ANN", CommandInvite, "<mailto:jane@acme.example|jane@acme.example> R&amp;D"); reply != "" {
		t.Errorf("acknowledged with %q", reply)
	}
	opened := o.slack.calls("views.open")
	if len(opened) != 1 {
		t.Fatalf("%d forms", len(opened))
	}
	for _, want := range []string{`"trigger_id":"1.2.three"`, `"initial_value":"jane@acme.example"`, `"initial_value":"R\u0026D"`} {
		if !strings.Contains(opened[0], want) {
			t.Errorf("no %s in %s", want, opened[0])
		}
	}
}

func TestWhoMayNotAskIsToldInsteadOfGivenTheForm(t *testing.T) {
	for user, want := range map[string]string{
		"U0GUS": "Guests of this workspace", "U0VERA": "Only members of this workspace", "U0BOT": "Apps cannot", "U0NOBODY": "who you are",
	} {
		o := newOffice(t)
		o.command(t, user, CommandInvite, "jane@acme.example")
		told := o.slack.calls("reply")
		if len(o.slack.calls("views.open")) != 0 || len(told) != 1 || !strings.Contains(told[0], want) || !strings.Contains(told[0], `"ephemeral"`) {
			t.Errorf("%s: told %v, forms %v", user, told, o.slack.calls("views.open"))
		}
	}
}

func TestTheFormOpensWhenSlackCannotSayWhoAsks(t *testing.T) {
	o := newOffice(t)
	o.slack.fails["users.info"] = "internal_error"
	o.command(t, "U0ANN", CommandInvite, "jane@acme.example")
	if n := len(o.slack.calls("views.open")); n != 1 {
		t.Errorf("%d forms", n)
	}
}

func TestALateTriggerRepeatsWhatWasTyped(t *testing.T) {
	for _, code := range []string{"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "invalid_trigger_id"} {
		o := newOffice(t)
		o.slack.fails["views.open"] = code
		o.command(t, "U0ANN", CommandInvite, "jane@acme.example <!channel> reviews")
		told := o.slack.calls("reply")
		if len(told) != 1 || !strings.Contains(told[0], "/invite-partner jane@acme.example !channel reviews") {
			t.Errorf("%s: told %v", code, told)
		}
	}
}

func TestAFormThatSlackRefusesHasAReference(t *testing.T) {
	o := newOffice(t)
	o.slack.fails["views.open"] = "invalid_blocks"
	o.command(t, "U0ANN", CommandInvite, "")
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], "reference") {
		t.Errorf("told %v", told)
	}
}

func TestHelpExplains(t *testing.T) {
	for _, name := range []string{CommandInvite, CommandRequests} {
		o := newOffice(t)
		o.command(t, "U0ANN", name, " Help ")
		told := o.slack.calls("reply")
		if len(told) != 1 || !strings.Contains(told[0], name) || len(o.slack.calls("views.open")) > 0 {
			t.Errorf("%s: told %v", name, told)
		}
	}
}

func TestASubmittedFormIsADraftOfTheOneWhoSentIt(t *testing.T) {
	o := newOffice(t)
	reply, err := o.form(t, "U0ANN", CallbackInvite, "", wholeForm)
	if err != nil || reply != "" {
		t.Fatalf("%q, %v", reply, err)
	}
	d := o.service.drafts
	if len(d) != 1 || d[0].By.ID != (approvals.PersonID{Team: "T0NORTH", User: "U0ANN"}) || d[0].By.Email != "ann@northwind.example" || d[0].Email != "jane@acme.example" {
		t.Errorf("drafts %+v", d)
	}
}

func TestAFormOfSomebodyUnreadableIsRefusedAndKept(t *testing.T) {
	o := newOffice(t)
	o.slack.fails["users.info"] = "internal_error"
	reply, err := o.form(t, "U0ANN", CallbackInvite, "", wholeForm)
	if err != nil || !strings.Contains(reply, `"email":"We could not read from Slack who you are`) || len(o.service.drafts) > 0 {
		t.Errorf("%q, %v, %d drafts", reply, err, len(o.service.drafts))
	}
}

func TestAllWrongFieldsAreNamedAtOnce(t *testing.T) {
	o := newOffice(t)
	o.service.err = approvals.Refusals{approvals.ErrOwnDomain.With("domain", "northwind.example"), approvals.ErrReasonMissing}
	reply, err := o.form(t, "U0ANN", CallbackInvite, "", wholeForm)
	if err != nil || !strings.Contains(reply, `"email":"northwind.example is our own`) || !strings.Contains(reply, `"reason":"The reason is missing`) {
		t.Errorf("%q, %v", reply, err)
	}
}

func TestATwinIsNamedAndLinkedForThoseWhoMaySeeIt(t *testing.T) {
	twin := approvals.Refusals{approvals.ErrAlreadyPending.With("id", "INV-7").With("access", "Project Falcon")}
	tests := []struct{ name, user, link string }{
		{"its requester gets their message", "U0ANN", "archives/D0ANN/p18.1"},
		{"an approver gets the card", "U0SAM", "archives/C0FALCON/p17.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			o.service.err = twin
			reply, err := o.form(t, tt.user, CallbackInvite, "", wholeForm)
			if err != nil || !strings.Contains(reply, "INV-7 already asks for Project Falcon") {
				t.Errorf("%q, %v", reply, err)
			}
			if told := o.slack.calls("chat.postMessage"); len(told) != 1 || !strings.Contains(formOf([]byte(told[0]))("blocks"), tt.link) || formOf([]byte(told[0]))("channel") != tt.user {
				t.Errorf("told %v", told)
			}
		})
	}
	t.Run("somebody else hears who asked, and nothing more", func(t *testing.T) {
		o := newOffice(t)
		o.service.err, o.service.storyErr = twin, approvals.ErrNotFound
		reply, err := o.form(t, "U0SAM", CallbackInvite, "", wholeForm)
		if err != nil || strings.Contains(reply, "/partner-requests show") {
			t.Errorf("%q, %v", reply, err)
		}
		told := o.slack.calls("chat.postMessage")
		if len(told) != 1 || len(o.slack.calls("chat.getPermalink")) > 0 {
			t.Fatalf("told %v", told)
		}
		said := formOf([]byte(told[0]))
		if blocks := said("blocks"); said("channel") != "U0SAM" || !strings.Contains(blocks, `"user_id":"U0ANN"`) || strings.Contains(blocks, "Jane") {
			t.Errorf("told %v", told)
		}
	})
	t.Run("each is told once, however often they try", func(t *testing.T) {
		o := newOffice(t)
		o.service.err = twin
		for _, user := range []string{"U0ANN", "U0SAM", "U0ANN", "U0SAM", "U0ANN"} {
			if _, err := o.form(t, user, CallbackInvite, "", wholeForm); err != nil {
				t.Fatal(err)
			}
		}
		if told := o.slack.calls("chat.postMessage"); len(told) != 2 {
			t.Errorf("told %d times", len(told))
		}
	})
	t.Run("what could not be told is told at the next try", func(t *testing.T) {
		o := newOffice(t)
		o.service.err, o.slack.fails["chat.postMessage"] = twin, "internal_error"
		for range 2 {
			if _, err := o.form(t, "U0ANN", CallbackInvite, "", wholeForm); err != nil {
				t.Fatal(err)
			}
			delete(o.slack.fails, "chat.postMessage")
		}
		if told := o.slack.calls("chat.postMessage"); len(told) != 2 {
			t.Errorf("told %d times", len(told))
		}
	})
}

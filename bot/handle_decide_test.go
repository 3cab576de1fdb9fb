package bot

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestAPressIsKeptWithItsStageItsTagAndItsWayBack(t *testing.T) {
	for action, verdict := range map[string]approvals.Verdict{ActionApprove: approvals.Approve, ActionRetry: approvals.Retry} {
		o := newOffice(t)
		reply, err := o.click(t, "U0SAM", action, "INV-7:1:tag7")
		if err != nil || reply != "" {
			t.Fatalf("%s: %q, %v", action, reply, err)
		}
		want := []approvals.Press{{By: approvals.PersonID{Team: "T0NORTH", User: "U0SAM"}, Verdict: verdict, Stage: 1, Tag: "tag7", Reply: o.replyURL()}}
		if diff := cmp.Diff(want, o.service.presses); diff != "" || o.service.pressed[0] != "INV-7" {
			t.Errorf("%s: %s %v", action, diff, o.service.pressed)
		}
		if told := o.slack.calls("reply"); len(told) > 0 {
			t.Errorf("%s: told %v", action, told)
		}
	}
}

func TestAClickFromAnotherWorkspaceIsKeptUnderThatWorkspace(t *testing.T) {
	o := newOffice(t)
	_, err := o.send(t, kindInteractive, map[string]any{
		"type": "block_actions", "user": map[string]any{"id": "U0VERA", "team_id": "T0OTHER"}, "team": map[string]any{"id": "T0NORTH"},
		"actions": []any{map[string]any{"action_id": ActionApprove, "value": "INV-7:0"}},
	})
	if err != nil || len(o.service.presses) != 1 || o.service.presses[0].By.Team != "T0OTHER" {
		t.Errorf("%v, %+v", err, o.service.presses)
	}
}

func TestARefusedPressIsAcknowledgedAndWhispered(t *testing.T) {
	for _, action := range []string{ActionApprove, ActionRetry, ActionWithdraw, ActionDeny} {
		o := newOffice(t)
		o.service.err = approvals.ErrOwnRequest.With("id", "INV-7")
		reply, err := o.click(t, "U0ANN", action, "INV-7:0")
		told := o.slack.calls("reply")
		if err != nil || reply != "" || len(told) != 1 || !strings.Contains(told[0], "INV-7 is your own request") || !strings.Contains(told[0], `"replace_original":false`) {
			t.Errorf("%s: %q, %v, told %v", action, reply, err, told)
		}
	}
}

func TestWithdrawIsForWhoPressedItAndForTheRequestOfItsCard(t *testing.T) {
	o := newOffice(t)
	want := []approvals.Withdrawn{{By: approvals.PersonID{Team: "T0NORTH", User: "U0ANN"}, Tag: "tag7"}}
	_, err := o.click(t, "U0ANN", ActionWithdraw, "INV-7:0:tag7")
	if diff := cmp.Diff(want, o.service.withdrawn); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
}

func TestDenyAsksWhy(t *testing.T) {
	o := newOffice(t)
	if _, err := o.click(t, "U0SAM", ActionDeny, "INV-7:1:tag7"); err != nil {
		t.Fatal(err)
	}
	want := []approvals.Press{{By: approvals.PersonID{Team: "T0NORTH", User: "U0SAM"}, Verdict: approvals.Deny, Stage: 1, Tag: "tag7"}}
	if diff := cmp.Diff(want, o.service.mayDecide); diff != "" {
		t.Errorf("asked whether they may decide: %s", diff)
	}
	opened := o.slack.calls("views.open")
	if len(opened) != 1 || !strings.Contains(opened[0], `"callback_id":"deny"`) || !strings.Contains(opened[0], `"private_metadata":"INV-7:1:tag7 C0FALCON"`) || len(o.service.presses) > 0 {
		t.Errorf("opened %v, pressed %v", opened, o.service.presses)
	}
}

func TestDenyAsksWhyEvenIfSlackCannotSayWhoAsks(t *testing.T) {
	o := newOffice(t)
	o.service.err = errors.New("slack is away")
	if _, err := o.click(t, "U0SAM", ActionDeny, "INV-7:0"); err != nil || len(o.slack.calls("views.open")) != 1 {
		t.Errorf("%v, opened %v", err, o.slack.calls("views.open"))
	} else if opened := o.slack.calls("views.open")[0]; strings.Contains(opened, o.service.request.Guest.Email) {
		t.Errorf("the form tells somebody unknown about the guest: %s", opened)
	}
	o.slack.forget()
	o.service.request = approvals.Request{}
	if _, err := o.click(t, "U0SAM", ActionDeny, "INV-7:0"); err != nil || len(o.slack.calls("views.open")) != 0 {
		t.Errorf("without the request: %v, opened %v", err, o.slack.calls("views.open"))
	}
}

func TestALateDenySaysToPressAgain(t *testing.T) {
	o := newOffice(t)
	o.slack.fails["views.open"] = "expired_trigger_id"
	if _, err := o.click(t, "U0SAM", ActionDeny, "INV-7:0"); err != nil {
		t.Fatal(err)
	}
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], "Press Deny again") {
		t.Errorf("told %v", told)
	}
}

func TestAReasonMakesADenial(t *testing.T) {
	o := newOffice(t)
	reply, err := o.form(t, "U0SAM", CallbackDeny, "INV-7:1:tag7 C0FALCON", map[string]string{"reason": "no contract"})
	want := []approvals.Press{{By: approvals.PersonID{Team: "T0NORTH", User: "U0SAM"}, Verdict: approvals.Deny, Reason: "no contract", Stage: 1, Tag: "tag7"}}
	if diff := cmp.Diff(want, o.service.presses); err != nil || reply != "" || diff != "" {
		t.Errorf("%q, %v, %s", reply, err, diff)
	}
}

func TestADenialWithoutAReasonStaysOpen(t *testing.T) {
	o := newOffice(t)
	o.service.err = approvals.ErrDenyReason
	reply, err := o.form(t, "U0SAM", CallbackDeny, "INV-7:0 C0FALCON", map[string]string{"reason": ""})
	if err != nil || !strings.Contains(reply, `{"reason":"A denial needs a reason`) {
		t.Errorf("%q, %v", reply, err)
	}
}

func TestADenialThatCameTooLateClosesAndIsWhispered(t *testing.T) {
	o := newOffice(t)
	o.service.err = approvals.ErrDecided.With("id", "INV-7").With("by", "U0OLGA").With("how", "approved")
	reply, err := o.form(t, "U0SAM", CallbackDeny, "INV-7:0 C0FALCON", map[string]string{"reason": "no contract"})
	told := o.slack.calls("chat.postEphemeral")
	if err != nil || reply != "" || len(told) != 1 || formOf([]byte(told[0]))("channel") != "C0FALCON" || !strings.Contains(formOf([]byte(told[0]))("blocks"), "U0OLGA") {
		t.Errorf("%q, %v, told %v", reply, err, told)
	}
}

func TestAPressOnAnOldCardIsToldToUseTheNewestOne(t *testing.T) {
	for _, action := range []string{ActionApprove, ActionRetry, ActionWithdraw, ActionDeny} {
		o := newOffice(t)
		o.service.err = approvals.ErrOldCard.With("id", "INV-7")
		_, err := o.click(t, "U0SAM", action, "INV-7:0:tag6")
		told := o.slack.calls("reply")
		if err != nil || len(told) != 1 || !strings.Contains(told[0], "newest card or message about INV-7") || len(o.slack.calls("views.open")) > 0 {
			t.Errorf("%s: %v, told %v", action, err, told)
		}
	}
}

// TestALatePressIsToldWhatMayBeTold: the refusal goes through the service, which
// knows who may hear what became of a request.
func TestALatePressIsToldWhatMayBeTold(t *testing.T) {
	o := newOffice(t)
	o.service.err = approvals.ErrDecided.With("id", "INV-7").With("by", "U0SAM")
	o.service.telling = approvals.ErrNotApprover.With("id", "INV-7")
	if _, err := o.click(t, "U0GUS", ActionApprove, "INV-7:0"); err != nil {
		t.Fatal(err)
	}
	if told := o.slack.calls("reply"); len(told) != 1 || strings.Contains(told[0], "U0SAM") {
		t.Errorf("told %v", told)
	}
}

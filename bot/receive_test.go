package bot

import (
	"errors"
	"strings"
	"testing"

	"partnerbot/approvals"
)

var errDisk = errors.New("the disk is full")

func TestAClickThatIsNotKeptIsNotAcknowledged(t *testing.T) {
	for _, action := range []string{ActionApprove, ActionRetry, ActionWithdraw} {
		o := newOffice(t)
		o.service.err = errDisk
		if _, err := o.click(t, "U0SAM", action, "INV-7:0"); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestAFormThatIsNotKeptStaysOpen(t *testing.T) {
	tests := []struct {
		name, callback, metadata, anchor string
		fields                           map[string]string
	}{
		{"of an invitation", CallbackInvite, "", "email", map[string]string{"email": "jane@acme.example", "reason": "reviews"}},
		{"of a denial", CallbackDeny, "INV-7:0 C0FALCON", "reason", map[string]string{"reason": "no contract"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			o.service.err = errDisk
			reply, err := o.form(t, "U0ANN", tt.callback, tt.metadata, tt.fields)
			if err != nil || !strings.Contains(reply, `"response_action":"errors"`) || !strings.Contains(reply, `{"`+tt.anchor+`":"`) {
				t.Fatalf("%q, %v", reply, err)
			}
			_, after, _ := strings.Cut(o.log.String(), `"reference":"`)
			if reference, _, _ := strings.Cut(after, `"`); len(reference) < 6 || !strings.Contains(reply, reference) {
				t.Errorf("the logged reference %q is not in %s", reference, reply)
			}
		})
	}
}

func TestAPanicHarmsOneClickOnly(t *testing.T) {
	o := newOffice(t)
	o.service.panics = true
	if _, err := o.click(t, "U0SAM", ActionApprove, "INV-7:0"); err == nil {
		t.Error("a click that met a bug was acknowledged")
	}
	o.service.panics = false
	if _, err := o.click(t, "U0SAM", ActionApprove, "INV-7:0"); err != nil || len(o.service.presses) != 1 {
		t.Errorf("the next click: %v, %d kept", err, len(o.service.presses))
	}
}

func TestWhatIsUnknownIsAcknowledgedAndMeansNothing(t *testing.T) {
	o := newOffice(t)
	for name, payload := range map[string]map[string]any{
		"an action":      {"type": "block_actions", "user": map[string]any{"id": "U0SAM"}, "actions": []any{map[string]any{"action_id": "dance"}}},
		"no action":      {"type": "block_actions", "user": map[string]any{"id": "U0SAM"}},
		"a form":         {"type": "view_submission", "user": map[string]any{"id": "U0SAM"}, "view": map[string]any{"callback_id": "dance"}},
		"a closed form":  {"type": "view_closed", "user": map[string]any{"id": "U0SAM"}},
		"a bad value":    {"type": "block_actions", "user": map[string]any{"id": "U0SAM"}, "actions": []any{map[string]any{"action_id": "approve", "value": "INV-0:x"}}},
		"a bad metadata": {"type": "view_submission", "user": map[string]any{"id": "U0SAM"}, "view": map[string]any{"callback_id": "deny", "private_metadata": "x"}},
		"a bad page":     {"type": "block_actions", "user": map[string]any{"id": "U0SAM"}, "actions": []any{map[string]any{"action_id": "older", "value": "-1"}}},
	} {
		if reply, err := o.send(t, kindInteractive, payload); err != nil || reply != "" {
			t.Errorf("%s: %q, %v", name, reply, err)
		}
	}
	if _, err := o.send(t, "teleport", nil); err != nil {
		t.Errorf("a new kind of envelope: %v", err)
	}
	if len(o.service.presses)+len(o.service.drafts)+len(o.service.queries) > 0 {
		t.Error("something unknown had an effect")
	}
}

func TestNobodyIsNoPerson(t *testing.T) {
	o := newOffice(t)
	if _, err := o.click(t, "", ActionApprove, "INV-7:0"); !errors.Is(err, errNoPerson) || len(o.service.presses) > 0 {
		t.Errorf("%v, %d presses kept", err, len(o.service.presses))
	}
	if reply, err := o.form(t, "", CallbackInvite, "", nil); err != nil || !strings.Contains(reply, "errors") || len(o.service.drafts) > 0 {
		t.Errorf("%q, %v, %d drafts", reply, err, len(o.service.drafts))
	}
	if reply := o.command(t, "", CommandInvite, ""); !strings.Contains(reply, "reference") {
		t.Errorf("%q", reply)
	}
}

func TestAnEventIsTakenOnce(t *testing.T) {
	o := newOffice(t)
	opened := map[string]any{"type": "event_callback", "event_id": "Ev1", "team_id": "T0NORTH", "event": map[string]any{"type": "app_home_opened", "user": "U0ANN", "tab": "home"}}
	for range 3 {
		if _, err := o.send(t, kindEvent, opened); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(o.slack.calls("views.publish")); n != 1 {
		t.Errorf("App Home was drawn %d times", n)
	}
	opened["event_id"] = "Ev2"
	if _, err := o.send(t, kindEvent, opened); err != nil {
		t.Fatal(err)
	}
	if n := len(o.slack.calls("views.publish")); n != 2 {
		t.Errorf("another opening: App Home was drawn %d times in all", n)
	}
}

func TestNoSecretAndNoTypedWordIsLogged(t *testing.T) {
	o := newOffice(t)
	o.command(t, "U0ANN", CommandInvite, "jane@acme.example hush-hush")
	o.slack.fails["reply"], o.slack.fails["chat.postEphemeral"], o.slack.fails["chat.postMessage"] = "expired_url", "channel_not_found", "channel_not_found"
	o.slack.fails["views.open"] = "expired_trigger_id"
	o.command(t, "U0ANN", CommandInvite, "jane@acme.example hush-hush")
	o.slack.fails["views.open"] = "invalid_blocks"
	o.command(t, "U0ANN", CommandInvite, "jane@acme.example hush-hush")
	o.slack.Close()
	o.service.err = errDisk
	for _, err := range []error{errDisk, approvals.ErrDecided} {
		o.service.err = err
		o.click(t, "U0SAM", ActionApprove, "INV-7:0")
		o.click(t, "U0SAM", ActionDeny, "INV-7:0")
		o.click(t, "U0SAM", ActionOlder, "7")
		o.form(t, "U0ANN", CallbackInvite, "", map[string]string{"email": "jane@acme.example", "name": "Jane", "reason": "hush-hush"})
		o.form(t, "U0SAM", CallbackDeny, "INV-7:0 C0FALCON", map[string]string{"reason": "hush-hush"})
	}
	logged := o.log.String()
	for _, secret := range []string{"xoxb-", "xapp-", "secret-capability", "/respond/", "jane@", "Jane", "hush-hush", "Ann Lee", "1.2.three"} {
		if strings.Contains(logged, secret) {
			t.Errorf("%q is in the log:\n%s", secret, logged)
		}
	}
}

package bot

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestTheListIsAnsweredByResponseURL(t *testing.T) {
	o := newOffice(t)
	o.service.page = approvals.Page{Requests: []approvals.Request{inv7()}, Older: true, Total: -1}
	if reply := o.command(t, "U0ANN", CommandRequests, ""); reply != "" {
		t.Errorf("acknowledged with %q", reply)
	}
	told := o.slack.calls("reply")
	if len(told) != 1 || !strings.Contains(told[0], "INV-7") || !strings.Contains(told[0], `"replace_original":false`) {
		t.Errorf("told %v", told)
	}
	if diff := cmp.Diff([]approvals.Query{{Limit: PageSize}}, o.service.queries); diff != "" {
		t.Error(diff)
	}
}

func TestPagesReplaceEachOther(t *testing.T) {
	for action, want := range map[string]approvals.Query{ActionOlder: {Before: 7, Limit: PageSize}, ActionNewer: {After: 7, Limit: PageSize}} {
		o := newOffice(t)
		o.ephemeral = true
		o.service.page = approvals.Page{Requests: []approvals.Request{inv7()}, Total: -1}
		if _, err := o.click(t, "U0ANN", action, "7"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]approvals.Query{want}, o.service.queries); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
		if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], `"replace_original":true`) {
			t.Errorf("%s: told %v", action, told)
		}
	}
}

// TestAPageReplacesNothingThatOthersSee: such a click with the address of a card
// would put one person's list in its place.
func TestAPageReplacesNothingThatOthersSee(t *testing.T) {
	o := newOffice(t)
	o.service.page = approvals.Page{Requests: []approvals.Request{inv7()}, Total: -1}
	if _, err := o.click(t, "U0ADA", ActionOlder, "7"); err != nil {
		t.Fatal(err)
	}
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], `"replace_original":false`) {
		t.Errorf("told %v", told)
	}
}

func TestAPageThatCannotBeReplacedIsSaidAnew(t *testing.T) {
	o := newOffice(t)
	o.slack.fails["chat.postEphemeral"] = "channel_not_found"
	elsewhere := newStubSlack(t)
	for _, foreign := range []string{"", elsewhere.URL + "/respond/x", "slack.com/x", "://"} {
		o.slack.forget()
		_, err := o.send(t, kindInteractive, map[string]any{
			"type": "block_actions", "user": map[string]any{"id": "U0ANN", "team_id": "T0NORTH"}, "response_url": foreign,
			"actions": []any{map[string]any{"action_id": ActionOlder, "value": "7"}},
		})
		if told := o.slack.calls("chat.postMessage"); err != nil || len(told) != 1 {
			t.Errorf("%q: %v, told %v", foreign, err, told)
		}
	}
	if told := elsewhere.calls("reply"); len(told) > 0 {
		t.Errorf("a stranger's address was told %v", told)
	}
}

func TestAStoryIsToldInPrivate(t *testing.T) {
	for _, typed := range []string{"show INV-7", "SHOW inv-7", "INV-7", "show 7"} {
		o := newOffice(t)
		o.command(t, "U0ANN", CommandRequests, typed)
		if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], "INV-7") {
			t.Errorf("%q: told %v", typed, told)
		}
	}
	o := newOffice(t)
	if _, err := o.click(t, "U0ANN", ActionShow, "INV-7"); err != nil {
		t.Fatal(err)
	}
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], `"replace_original":false`) {
		t.Errorf("clicked: told %v", told)
	}
}

func TestAStoryAskedForInAppHomeIsAModal(t *testing.T) {
	o := newOffice(t)
	_, err := o.send(t, kindInteractive, map[string]any{
		"type": "block_actions", "user": map[string]any{"id": "U0ANN", "team_id": "T0NORTH"}, "trigger_id": "1.2.three",
		"container": map[string]any{"type": "view"}, "actions": []any{map[string]any{"action_id": ActionShow, "value": "INV-7"}},
	})
	if opened := o.slack.calls("views.open"); err != nil || len(opened) != 1 || !strings.Contains(opened[0], `"title":{"type":"plain_text","text":"INV-7"`) {
		t.Errorf("%v, opened %v", err, opened)
	}
}

func TestARequestThatIsNotThereGetsASentence(t *testing.T) {
	o := newOffice(t)
	o.service.storyErr = approvals.ErrNotFound
	o.command(t, "U0ANN", CommandRequests, "show INV-9")
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], "There is no request INV-9") {
		t.Errorf("told %v", told)
	}
}

func TestWhatIsNotUnderstoodGetsASentence(t *testing.T) {
	for _, typed := range []string{"show", "show x", "show INV-7 INV-8", "INV-0", "dance <!channel>"} {
		o := newOffice(t)
		o.command(t, "U0ANN", CommandRequests, typed)
		told := o.slack.calls("reply")
		if len(told) != 1 || !strings.Contains(told[0], "/partner-requests show INV-7") || strings.Contains(told[0], "<!channel>") {
			t.Errorf("%q: told %v", typed, told)
		}
	}
}

func TestFaultsAndRefusalsOfAListAreTold(t *testing.T) {
	for err, want := range map[error]string{errDisk: "reference", approvals.ErrSlackGuest: "Guests of this workspace"} {
		o := newOffice(t)
		o.service.err = err
		o.command(t, "U0ANN", CommandRequests, "")
		if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], want) {
			t.Errorf("%v: told %v", err, told)
		}
	}
}

func TestAppHomeShowsWhatOneMaySee(t *testing.T) {
	opened := func(tab string) map[string]any {
		return map[string]any{"type": "event_callback", "team_id": "T0NORTH", "event": map[string]any{"type": "app_home_opened", "user": "U0ANN", "tab": tab}}
	}
	tests := []struct {
		name   string
		spoil  func(*office)
		tab    string
		drawn  int
		wanted string
	}{
		{"one's own", func(*office) {}, "home", 1, "INV-7"},
		{"what is pending, for admins", func(o *office) { o.service.admin = true }, "home", 1, "INV-7"},
		{"a refusal", func(o *office) { o.service.err = approvals.ErrSlackGuest }, "home", 1, "Guests of this workspace"},
		{"nothing after a fault", func(o *office) { o.service.err = errDisk }, "home", 0, ""},
		{"nothing on the messages tab", func(*office) {}, "messages", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			o.service.page = approvals.Page{Requests: []approvals.Request{inv7()}, Total: 1}
			tt.spoil(o)
			if _, err := o.send(t, kindEvent, opened(tt.tab)); err != nil {
				t.Fatal(err)
			}
			drawn := o.slack.calls("views.publish")
			if len(drawn) != tt.drawn || !strings.Contains(strings.Join(drawn, ""), tt.wanted) {
				t.Errorf("drawn %v", drawn)
			}
		})
	}
}

func TestTheButtonInAppHomeOpensTheForm(t *testing.T) {
	o := newOffice(t)
	if _, err := o.click(t, "U0ANN", ActionInvite, "invite"); err != nil || len(o.slack.calls("views.open")) != 1 {
		t.Errorf("%v, opened %v", err, o.slack.calls("views.open"))
	}
}

func TestAppHomeFollowsWhatItsViewerDoes(t *testing.T) {
	does := map[string]func(*office) error{
		"submit":   func(o *office) error { _, err := o.form(t, "U0ANN", CallbackInvite, "", wholeForm); return err },
		"withdraw": func(o *office) error { _, err := o.click(t, "U0ANN", ActionWithdraw, "INV-7:0"); return err },
	}
	for name, do := range does {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			if err := do(o); err != nil || len(o.slack.calls("views.publish")) != 0 {
				t.Errorf("before it was opened: %v, drawn %v", err, o.slack.calls("views.publish"))
			}
			opened := map[string]any{"type": "event_callback", "team_id": "T0NORTH", "event": map[string]any{"type": "app_home_opened", "user": "U0ANN", "tab": "home"}}
			if _, err := o.send(t, kindEvent, opened); err != nil {
				t.Fatal(err)
			}
			if err := do(o); err != nil || len(o.slack.calls("views.publish")) != 2 {
				t.Errorf("once it was opened: %v, drawn %d times", err, len(o.slack.calls("views.publish")))
			}
			o.service.err = approvals.ErrSlackGuest
			if err := do(o); err != nil || len(o.slack.calls("views.publish")) != 2 {
				t.Errorf("after a refusal: %v, drawn %d times", err, len(o.slack.calls("views.publish")))
			}
		})
	}
}

func TestRetryIsPressedInTheStory(t *testing.T) {
	o := newOffice(t)
	o.service.request = stories()["failed"]
	o.command(t, "U0SAM", CommandRequests, "show INV-7")
	told := o.slack.calls("reply")
	if len(told) != 1 || !strings.Contains(told[0], `"action_id":"retry"`) || !strings.Contains(told[0], `"value":"INV-7:1:tag7"`) {
		t.Fatalf("told %v", told)
	}
	_, err := o.send(t, kindInteractive, map[string]any{ // in the modal that App Home opens
		"type": "block_actions", "user": map[string]any{"id": "U0SAM", "team_id": "T0NORTH"}, "trigger_id": "1.2.three",
		"container": map[string]any{"type": "view"}, "actions": []any{map[string]any{"action_id": ActionRetry, "value": "INV-7:1:tag7"}},
	})
	if _, clicked := o.click(t, "U0SAM", ActionRetry, "INV-7:1:tag7"); err != nil || clicked != nil {
		t.Fatal(err, clicked)
	}
	if len(o.service.presses) != 2 || o.service.presses[0].Verdict != approvals.Retry || o.service.pressed[0] != "INV-7" {
		t.Errorf("presses %+v", o.service.presses)
	}
}

func TestAdminsSeeWhatIsWrongAboveTheirLists(t *testing.T) {
	wrong := []approvals.Incident{{Key: approvals.WideInvitations, Since: noon, Version: 1}}
	opened := map[string]any{"type": "event_callback", "team_id": "T0NORTH", "event": map[string]any{"type": "app_home_opened", "user": "U0ANN", "tab": "home"}}
	for _, admin := range []bool{true, false} {
		o := newOffice(t)
		o.service.admin, o.service.wrong = admin, wrong
		o.service.page = approvals.Page{Requests: []approvals.Request{inv7()}, Total: 1}
		o.command(t, "U0ANN", CommandRequests, "")
		if told := o.slack.calls("reply"); len(told) != 1 || strings.Contains(told[0], "Nobody can be invited") != admin {
			t.Errorf("admin %v: told %v", admin, told)
		}
		if _, err := o.send(t, kindEvent, opened); err != nil {
			t.Fatal(err)
		}
		if shown := o.slack.calls("views.publish"); len(shown) != 1 || strings.Contains(shown[0], "Nobody can be invited") != admin {
			t.Errorf("admin %v: shown %v", admin, shown)
		}
	}
	o := newOffice(t)
	o.service.admin, o.service.wrongErr = true, errors.New("the store is gone")
	o.command(t, "U0ANN", CommandRequests, "")
	if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], "Waiting for somebody") || !strings.Contains(o.log.String(), "the store is gone") {
		t.Errorf("told %v, log %s", told, o.log)
	}
}

// TestARefusalThatTheTrailLacksIsLoggedAndTold: whoever pressed hears the refusal
// alone.
func TestARefusalThatTheTrailLacksIsLoggedAndTold(t *testing.T) {
	for _, action := range []string{ActionApprove, ActionDeny, ActionWithdraw} {
		o := newOffice(t)
		o.service.err = &approvals.UnnotedError{Refusal: approvals.ErrTooLate.With("id", "INV-7"), Fault: errors.New("disk full")}
		o.service.telling = approvals.ErrTooLate.With("id", "INV-7")
		if _, err := o.click(t, "U0SAM", action, "INV-7:0"); err != nil {
			t.Fatal(err)
		}
		told := o.slack.calls("reply")
		if len(told) != 1 || !strings.Contains(told[0], "has passed") || strings.Contains(told[0], "disk full") {
			t.Errorf("%s: told %v", action, told)
		}
		if !strings.Contains(o.log.String(), "disk full") {
			t.Errorf("%s: the log is %s", action, o.log)
		}
	}
}

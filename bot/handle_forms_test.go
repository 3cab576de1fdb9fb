package bot

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

// view brings in a form that Sam submitted, whose inputs hold what Slack would send of them.
func (o *office) view(t *testing.T, callback, metadata string, inputs map[string]map[string]any) (string, error) {
	t.Helper()
	values := map[string]any{}
	for block, in := range inputs {
		values[block] = map[string]any{block: in}
	}
	return o.send(t, kindInteractive, map[string]any{
		"type": "view_submission", "user": map[string]any{"id": "U0SAM", "team_id": "T0NORTH"}, "team": map[string]any{"id": "T0NORTH"},
		"view": map[string]any{"callback_id": callback, "private_metadata": metadata, "state": map[string]any{"values": values}},
	})
}

func typedIn(text string) map[string]any {
	return map[string]any{"type": "plain_text_input", "value": text}
}

func colleaguePicked(user string) map[string]any {
	return map[string]any{"type": "users_select", "selected_user": user}
}

// decidable is an office with a request that can be changed, and whose next stage is chosen.
func decidable(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	r := inv7()
	r.Tag, r.Edition, r.Access = "tag7", 2, rich()
	r.Access.Stages[1].Approvers = []string{approvals.RoleChosen}
	o.service.request = r
	return o
}

var samPresses = approvals.Press{By: approvals.PersonID{Team: "T0NORTH", User: "U0SAM"}, Stage: 0, Edition: 2, Tag: "tag7"}

func samSays(change func(*approvals.Press)) approvals.Press {
	p := samPresses
	change(&p)
	return p
}

func TestAButtonOpensItsFormForWhoMayPressIt(t *testing.T) {
	for action, want := range map[string]struct {
		verdict approvals.Verdict
		form    string
	}{
		ActionDeny: {approvals.Deny, CallbackDeny}, ActionAsk: {approvals.Ask, CallbackAsk}, ActionChange: {approvals.Narrow, CallbackChange},
		ActionChoose: {approvals.Approve, CallbackChoose}, ActionRevoke: {approvals.Revoke, CallbackRevoke},
	} {
		o := decidable(t)
		if reply, err := o.click(t, "U0SAM", action, "INV-7:0:tag7:2"); err != nil || reply != "" {
			t.Fatalf("%s: %q, %v", action, reply, err)
		}
		looked := []approvals.Press{samSays(func(p *approvals.Press) { p.Verdict = want.verdict })}
		if diff := cmp.Diff(looked, o.service.mayDecide); diff != "" {
			t.Errorf("%s asked whether they may: %s", action, diff)
		}
		opened := o.slack.calls("views.open")
		if len(opened) != 1 || !strings.Contains(opened[0], `"callback_id":"`+want.form+`"`) || !strings.Contains(opened[0], `"private_metadata":"INV-7:0:tag7:2 C0FALCON`) || len(o.service.presses) > 0 {
			t.Errorf("%s opened %v, pressed %v", action, opened, o.service.presses)
		}
	}
}

func TestAFormThatTellsOfTheRequestIsNotOpenedForSomebodyUnknown(t *testing.T) {
	for action, bare := range map[string]bool{ActionDeny: true, ActionAsk: true, ActionRevoke: true, ActionChange: false, ActionChoose: false} {
		o := decidable(t)
		o.service.err = errors.New("slack is away")
		if _, err := o.click(t, "U0SAM", action, "INV-7:0:tag7:2"); err != nil {
			t.Fatal(err)
		}
		opened, told := o.slack.calls("views.open"), o.slack.calls("reply")
		if bare != (len(opened) == 1) || bare == (len(told) == 1) {
			t.Errorf("%s: opened %v, told %v", action, opened, told)
		}
		if strings.Contains(strings.Join(append(opened, told...), ""), o.service.request.Guest.Email) {
			t.Errorf("%s tells somebody unknown about the guest: %v", action, opened)
		}
	}
}

func TestALateFormSaysWhichButtonToPressAgain(t *testing.T) {
	for action, says := range map[string]string{ActionAsk: "Press Ask again", ActionChange: "Press Change again", ActionRevoke: "Press Revoke again", ActionMore: "Press More again"} {
		o := decidable(t)
		o.slack.fails["views.open"] = "expired_trigger_id"
		if _, err := o.click(t, "U0SAM", action, "INV-7:0:tag7:2"); err != nil {
			t.Fatal(err)
		}
		if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], says) {
			t.Errorf("%s: told %v", action, told)
		}
	}
}

func TestAPlainButtonIsKeptWithTheTermsThatWereSeen(t *testing.T) {
	for action, verdict := range map[string]approvals.Verdict{ActionApprove: approvals.Approve, ActionClaim: approvals.OnIt, ActionUndo: approvals.Undo} {
		o := decidable(t)
		if _, err := o.click(t, "U0SAM", action, "INV-7:0:tag7:2"); err != nil {
			t.Fatal(err)
		}
		want := []approvals.Press{samSays(func(p *approvals.Press) { p.Verdict, p.Reply = verdict, o.replyURL() })}
		if diff := cmp.Diff(want, o.service.presses); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
	}
}

func TestWordsOfAFormAreKept(t *testing.T) {
	for callback, verdict := range map[string]approvals.Verdict{CallbackDeny: approvals.Deny, CallbackAsk: approvals.Ask, CallbackRevoke: approvals.Revoke} {
		o := decidable(t)
		reply, err := o.view(t, callback, "INV-7:0:tag7:2 C0FALCON", map[string]map[string]any{"reason": typedIn("Who pays?")})
		want := []approvals.Press{samSays(func(p *approvals.Press) { p.Verdict, p.Reason = verdict, "Who pays?" })}
		if diff := cmp.Diff(want, o.service.presses); err != nil || reply != "" || diff != "" {
			t.Errorf("%s: %q, %v, %s", callback, reply, err, diff)
		}
	}
	o := decidable(t)
	o.service.err = approvals.ErrQuestion
	reply, err := o.view(t, CallbackAsk, "INV-7:0:tag7:2 C0FALCON", map[string]map[string]any{"reason": typedIn("")})
	if err != nil || !strings.Contains(reply, `{"reason":"The question is missing.`) {
		t.Errorf("%q, %v", reply, err)
	}
}

func TestAnApprovalSaysWhoDecidesNext(t *testing.T) {
	o := decidable(t)
	reply, err := o.view(t, CallbackChoose, "INV-7:0:tag7:2 C0FALCON", map[string]map[string]any{"choose": colleaguePicked("U0OMAR")})
	want := []approvals.Press{samSays(func(p *approvals.Press) { p.Verdict, p.Choose = approvals.Approve, "U0OMAR" })}
	if diff := cmp.Diff(want, o.service.presses); err != nil || reply != "" || diff != "" {
		t.Errorf("%q, %v, %s", reply, err, diff)
	}
	o = decidable(t)
	reply, err = o.view(t, CallbackChoose, "INV-7:0:tag7:2 C0FALCON", map[string]map[string]any{"choose": colleaguePicked("")})
	if err != nil || !strings.Contains(reply, `"choose":"It has to be said who decides next`) || len(o.service.presses) > 0 {
		t.Errorf("nobody chosen: %q, %v, %v", reply, err, o.service.presses)
	}
}

func TestAnApproverWhoComesAfterTheChoiceOnlyApproves(t *testing.T) {
	o := decidable(t)
	o.service.request.Seats = []approvals.Seat{{Stage: 1, Role: approvals.RoleChosen, User: "U0OMAR"}}
	if _, err := o.click(t, "U0SAM", ActionChoose, "INV-7:0:tag7:2"); err != nil {
		t.Fatal(err)
	}
	if opened := o.slack.calls("views.open"); len(opened) != 1 || strings.Contains(opened[0], "users_select") {
		t.Errorf("opened %v", opened)
	}
	reply, err := o.view(t, CallbackChoose, "INV-7:0:tag7:2 C0FALCON", nil)
	if err != nil || reply != "" || len(o.service.presses) != 1 || o.service.presses[0].Verdict != approvals.Approve {
		t.Errorf("%q, %v, %v", reply, err, o.service.presses)
	}
}

// TestAStaleClickIsToldWhatIsAnother: at once, when a form was to open, and when
// the worker says so later.
func TestAStaleClickIsToldWhatIsAnother(t *testing.T) {
	changed := inv7()
	changed.Access, changed.Tag = rich(), "tag7"
	was := changed.Terms()
	was.For = 90 * 24 * time.Hour
	changed.Edition, changed.Edits = 1, []approvals.Edit{{By: approvals.PersonID{User: "U0ANN"}, Edition: 1, Was: was}}
	stale := approvals.ErrStaleTerms.With("id", "INV-7").With("edition", "0")
	for _, action := range []string{ActionApprove, ActionChange, ActionChoose} {
		o := newOffice(t)
		o.service.request, o.service.err = changed, stale
		if _, err := o.click(t, "U0SAM", action, "INV-7:0:tag7"); err != nil {
			t.Fatal(err)
		}
		told := o.slack.calls("reply")
		if len(told) != 1 || !strings.Contains(told[0], "30 days instead of 90 days") || !strings.Contains(told[0], "was changed after you saw it") {
			t.Errorf("%s: told %v", action, told)
		}
	}
	o := newOffice(t)
	err := o.cfg.Desk.Answer(t.Context(), changed, approvals.Answer{To: samPresses.By, Refusal: *stale, Reply: o.replyURL()})
	if told := o.slack.calls("reply"); err != nil || len(told) != 1 || !strings.Contains(told[0], `"90 days"`) {
		t.Errorf("later: %v, told %v", err, told)
	}
}

func TestMoreShowsEverythingToWhoMaySeeIt(t *testing.T) {
	o := decidable(t)
	if _, err := o.click(t, "U0SAM", ActionMore, "INV-7:0:tag7:2"); err != nil {
		t.Fatal(err)
	}
	if opened := o.slack.calls("views.open"); len(opened) != 1 || !strings.Contains(opened[0], "Falcon chat") || !strings.Contains(opened[0], "jane@acme.example") {
		t.Errorf("opened %v", opened)
	}
	for _, tt := range []struct {
		value string
		err   error
		told  string
	}{
		{"INV-7:0:tag7:2", approvals.ErrNotFound, "no request INV-7 that you can see"},
		{"INV-7:0:tag6:2", nil, "newest card or message about INV-7"},
		{"INV-7:0:tag7:2", errors.New("the store is away"), "give an admin this reference"},
	} {
		o := decidable(t)
		o.service.storyErr = tt.err
		if _, err := o.click(t, "U0GUS", ActionMore, tt.value); err != nil {
			t.Fatal(err)
		}
		if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], tt.told) || len(o.slack.calls("views.open")) > 0 {
			t.Errorf("%s, %v: told %v", tt.value, tt.err, told)
		}
	}
}

func TestNobodyToApproveNamesTheAdminsWherePeopleCanReadIt(t *testing.T) {
	o := newOffice(t)
	if _, err := o.cfg.Desk.Recent(t.Context(), approvals.PersonID{Team: "T0NORTH", User: "U0SAM"}, 0); err != nil {
		t.Fatal(err)
	}
	nobody := approvals.ErrNobody.With("access", "Project Falcon").With("stage", "Sponsor").With("admins", "S0ADMINS,U0SAM")
	if text := o.words().Refusal("en", o.called(nobody)); !strings.Contains(text, "Ask Sam Ortiz to name") || strings.Contains(text, "U0SAM") {
		t.Errorf("at a field: %q", text)
	}
	if text := o.words().Refusal("en", nobody); !strings.Contains(text, "Ask an admin of partnerbot") {
		t.Errorf("without names: %q", text)
	}
	if raw := string(asJSON(t, o.words().Refused("en", nobody))); !strings.Contains(raw, `"U0SAM"`) || !strings.Contains(raw, `"S0ADMINS"`) {
		t.Errorf("in a message: %s", raw)
	}
}

func TestTermsThatCameBackAreNoChange(t *testing.T) {
	d := look(t)
	r := stories()["everything"]
	r.Edits = []approvals.Edit{{By: sam, Edition: 1, Was: r.Terms()}}
	if text := asRead(t, d.Card(r, 0)); strings.Contains(text, "Changed") {
		t.Errorf("there and back again:\n%s", text)
	}
	if text := d.Refused("en", r, approvals.ErrStaleTerms.With("id", "INV-7").With("edition", "0")).Text; strings.Contains(text, "meanwhile") {
		t.Errorf("there and back again: %q", text)
	}
}

func TestRefusalsSayWhatTheyKnow(t *testing.T) {
	w := look(t).Words
	tests := []struct {
		name  string
		given *approvals.Refusal
		want  string
	}{
		{"the longest time", approvals.ErrForTooLong.With("longest", "720h0m0s").With("rule", "short"), "A rule of the policy allows less time here: at most 30 days. Choose a shorter time."},
		{"the latest day", approvals.ErrEndTooFar.With("latest", "1795424400"), "This day is too far away; the latest is 23 Nov 2026. Choose an earlier one."},
		{"the policy's own words", approvals.ErrByRule.With("rule", "no-sunday").With("sentence", "Nobody from <here> on *Sundays*."), "Nobody from &lt;here&gt; on *Sundays*. So says the policy (rule no-sunday). Change what you ask for, or ask an admin."},
		{"what is wrong with a line", approvals.ErrGuestLine.With("line", "3").With("text", "mia@").With("code", "email_malformed"), "Line 3 (“mia@”) cannot be used. This is not a complete e-mail address. Write it like mia@contoso.com. Correct it or leave it out, then try again."},
		{"another address in a line", approvals.ErrGuestLine.With("line", "3").With("text", "mia@contoso.com;sam@northwind.example").With("code", "email_several").With("column", "Sponsor"), "Line 3 (“mia@contoso.com;sam@northwind.example”) cannot be used. There is another address in the column “Sponsor”, so it is not clear who is the guest. Leave that column out, or try without addresses in it. Correct it or leave it out, then try again."},
		{"another address where no column has a name", approvals.ErrGuestLine.With("line", "3").With("code", "email_several"), "Line 3 cannot be used. There is more than one address, so it is not clear who is the guest. Write each guest on a line of their own. Correct it or leave it out, then try again."},
		{"a heading with two addresses", approvals.ErrGuestColumns.With("line", "1").With("text", "Email,Mail"), "Line 1 (“Email,Mail”) names more than one column of e-mail addresses, so it is not clear who are the guests. Leave one of these columns, then try again."},
		{"a guest who has it", approvals.ErrGuestLine.With("text", "mia@contoso.com").With("code", "already_pending").With("id", "INV-3").With("access", "Falcon"), "A line (“mia@contoso.com”) cannot be used. INV-3 already asks for Falcon for this guest, so this was not sent. If it is not yours, the person who asked is told of each step; see the message from partnerbot for who that is. Correct it or leave it out, then try again."},
		{"when to ask again", approvals.ErrNudgedLately.With("id", "INV-7").With("at", "1795424400"), "The approvers of INV-7 were asked a moment ago. You can ask them again from <!date^1795424400^{date_short} at {time}|23 Nov 2026 09:00 UTC>."},
		{"what it is too late for", approvals.ErrNotUndoable.With("id", "INV-7").With("state", "invited"), "It is too late to undo INV-7: Granted, waiting for the guest to join. If the guest should not have the access, use Revoke in the same place."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := w.Refusal("en", tt.given); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestAFormThatLeadsNowhereIsNotOpened(t *testing.T) {
	for action, says := range map[string]string{ActionAsk: "waits for the answer to a question already", ActionChange: "nothing less to give of INV-7"} {
		o := decidable(t)
		r := &o.service.request
		r.Talk = []approvals.Exchange{{By: olga, Question: "Who pays?", At: noon}}
		r.Access.Grants, r.Access.Longest, r.Access.Durations = r.Access.Grants[:1], 0, []time.Duration{r.For}
		if _, err := o.click(t, "U0SAM", action, "INV-7:0:tag7:2"); err != nil {
			t.Fatal(err)
		}
		if told := o.slack.calls("reply"); len(told) != 1 || !strings.Contains(told[0], says) || len(o.slack.calls("views.open")) > 0 {
			t.Errorf("%s: told %v", action, told)
		}
	}
}

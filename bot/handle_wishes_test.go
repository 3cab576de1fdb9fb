package bot

import (
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

func annsOwn() approvals.Request {
	r := inv7()
	r.Tag, r.Edition, r.Access = "tag7", 2, demanding().Accesses[0]
	r.For, r.Ends = 0, time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	r.Filled = []approvals.Filled{{ID: "nda", Kind: approvals.AskChoice, Value: "Yes"}}
	return r
}

func TestAChangeBeginsWithWhatWasAskedFor(t *testing.T) {
	o := demandingOffice(t)
	o.service.request = annsOwn()
	if _, err := o.click(t, "U0ANN", ActionEdit, "INV-7:0:tag7:2"); err != nil {
		t.Fatal(err)
	}
	opened := strings.Join(o.slack.calls("views.open"), "")
	for _, want := range []string{`"callback_id":"edit"`, `"private_metadata":"INV-7:0:tag7:2"`, `"initial_value":"Jane"`, `"initial_date":"2026-12-31"`, `"value":"Yes"},"action_id"`, `"initial_value":"She reviews"`} {
		if want == `"value":"Yes"},"action_id"` {
			want = `"initial_option":{"text":{"type":"plain_text","text":"Yes"`
		}
		if !strings.Contains(opened, want) {
			t.Errorf("no %s in %s", want, opened)
		}
	}
	if strings.Contains(opened, `"block_id":"email"`) || strings.Contains(opened, `"block_id":"access"`) {
		t.Error("the guest or the access can be changed")
	}
}

func TestWhatCannotBeChangedIsSaidInsteadOfAForm(t *testing.T) {
	voted, foreign := annsOwn(), annsOwn()
	voted.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve}}
	foreign.Requester = sam
	for _, tt := range []struct {
		name, value string
		r           approvals.Request
		says        string
	}{
		{"decided by one", "INV-7:0:tag7", voted, "INV-7"},
		{"of an older request", "INV-7:0:old", annsOwn(), "older request"},
		{"somebody else's", "INV-7:0:tag7", foreign, "Only whoever asked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := demandingOffice(t)
			o.service.request = tt.r
			if _, err := o.click(t, "U0ANN", ActionEdit, tt.value); err != nil {
				t.Fatal(err)
			}
			told := o.slack.calls("reply")
			if len(o.slack.calls("views.open")) > 0 || len(told) != 1 || !strings.Contains(told[0], tt.says) {
				t.Errorf("told %v", told)
			}
		})
	}
}

func editView() map[string]any {
	v := typedView(CallbackEdit, map[string]map[string]any{
		"name": text("Jane Roe"), "company": text(""), "for": under("form:for:falcon", picked("720h0m0s")),
		"question nda": under("of falcon", picked("No")), "reason": text("She reviews more"),
	})
	v["private_metadata"] = "INV-7:0:tag7:2"
	return v
}

func TestAChangeIsOfTheEditionThatWasSeen(t *testing.T) {
	o := demandingOffice(t)
	if reply := o.sendForm(t, editView()); reply != "" {
		t.Errorf("answered %s", reply)
	}
	if len(o.service.edits) != 1 || o.service.editions[0] != 2 {
		t.Fatalf("edits %+v of %v", o.service.edits, o.service.editions)
	}
	if d := o.service.edits[0]; d.Name != "Jane Roe" || d.For != 720*time.Hour || d.Answers["nda"] != "No" || d.Reason != "She reviews more" || d.By.ID.User != "U0ANN" {
		t.Errorf("%+v", d)
	}
}

func TestAChangeThatIsRefusedIsSaidWhereItCanBeMended(t *testing.T) {
	o := demandingOffice(t)
	o.service.wishErr = approvals.Refusals{approvals.ErrForUnknown, approvals.ErrReasonMissing}
	if reply := o.sendForm(t, editView()); !strings.Contains(reply, `"for":`) || !strings.Contains(reply, `"reason":`) {
		t.Errorf("answered %s", reply)
	}
	o.service.wishErr = approvals.ErrEditStages.With("id", "INV-7")
	if reply := o.sendForm(t, editView()); !strings.Contains(reply, `"reason":`) || !strings.Contains(strings.ToLower(reply), "withdraw") {
		t.Errorf("answered %s", reply)
	}
	o.service.wishErr = approvals.ErrDecided.With("id", "INV-7").With("by", "U0SAM").With("how", "approved")
	if reply := o.sendForm(t, editView()); reply != "" {
		t.Errorf("a form that nobody can use stays open: %s", reply)
	}
	if told := o.slack.calls("chat.postMessage"); len(told) != 1 || !strings.Contains(told[0], "INV-7") {
		t.Errorf("told %v", told)
	}
}

func TestAChangeGrowsItsFieldsToo(t *testing.T) {
	o := demandingOffice(t)
	o.service.request = annsOwn()
	v := editView()
	v["state"].(map[string]any)["values"].(map[string]any)["for"] = map[string]any{"form:for:falcon": picked(forDate)}
	o.act(t, "form:for:falcon", "", v)
	if d := o.drawn1(t); d.callback != CallbackEdit || d.blocks["ends"] == nil || d.initial("name") != "Jane Roe" || !strings.Contains(d.raw, `"private_metadata":"INV-7:0:tag7:2"`) {
		t.Errorf("drawn %s", d.raw)
	}
}

func annsQuestion() approvals.Request {
	r := annsOwn()
	r.Talk = []approvals.Exchange{{By: sam, Question: "Which <!channel> drawings?", At: noon.Add(-time.Hour + 123)}}
	return r
}

func TestAnAnswerIsToTheQuestionThatWasSeen(t *testing.T) {
	o := demandingOffice(t)
	o.service.request = annsQuestion()
	if _, err := o.click(t, "U0ANN", ActionAnswer, "INV-7:0:tag7:2"); err != nil {
		t.Fatal(err)
	}
	opened := o.slack.calls("views.open")
	if len(opened) != 1 || !strings.Contains(opened[0], `drawings?`) || !strings.Contains(opened[0], `rich_text_quote`) {
		t.Fatalf("opened %v", opened)
	}
	_, rest, _ := strings.Cut(opened[0], `"private_metadata":"`)
	metadata, _, _ := strings.Cut(rest, `"`)
	v := typedView(CallbackAnswer, map[string]map[string]any{"answer": text("All of them")})
	v["private_metadata"] = metadata
	if reply := o.sendForm(t, v); reply != "" || len(o.service.answers) != 1 {
		t.Fatalf("answered %s, kept %v", reply, o.service.answers)
	}
	if a := o.service.answers[0]; !a.Asked.Equal(annsQuestion().Talk[0].At) || a.Text != "All of them" || a.Tag != "tag7" || a.By.User != "U0ANN" {
		t.Errorf("%+v", a)
	}
	o.service.wishErr = approvals.ErrAnswerMissing
	if reply := o.sendForm(t, v); !strings.Contains(reply, `"answer":`) {
		t.Errorf("answered %s", reply)
	}
	o.service.wishErr = approvals.ErrNotAsked.With("id", "INV-7")
	if reply := o.sendForm(t, v); reply != "" || len(o.slack.calls("chat.postMessage")) != 1 {
		t.Errorf("answered %s, told %v", reply, o.slack.calls("chat.postMessage"))
	}
}

func TestNobodyAnswersWhatNobodyAsked(t *testing.T) {
	o := demandingOffice(t)
	o.service.request = annsOwn()
	if _, err := o.click(t, "U0ANN", ActionAnswer, "INV-7:0:tag7:2"); err != nil {
		t.Fatal(err)
	}
	o.service.request = annsQuestion()
	if _, err := o.click(t, "U0SAM", ActionAnswer, "INV-7:0:tag7:2"); err != nil {
		t.Fatal(err)
	}
	if told := o.slack.calls("reply"); len(o.slack.calls("views.open")) > 0 || len(told) != 2 || !strings.Contains(told[1], "Only whoever asked") {
		t.Errorf("told %v", told)
	}
}

func TestANudgeIsToldInPrivate(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		says string
	}{
		"done":         {nil, "Reminded"},
		"too soon":     {approvals.ErrNudgedLately.With("id", "INV-7").With("at", "1795424400"), "23 Nov 2026"},
		"often enough": {approvals.ErrNudgedOut.With("id", "INV-7"), "INV-7"},
	} {
		o := demandingOffice(t)
		o.service.wishErr = tt.err
		if _, err := o.click(t, "U0ANN", ActionNudge, "INV-7:0:tag7"); err != nil {
			t.Fatal(err)
		}
		told := o.slack.calls("reply")
		if len(told) != 1 || !strings.Contains(told[0], tt.says) || !strings.Contains(told[0], `"ephemeral"`) {
			t.Errorf("%s: told %v", name, told)
		}
		if n := o.service.nudges; len(n) != 1 || n[0].By.User != "U0ANN" || n[0].Tag != "tag7" {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestGivingBackIsARevocationByTheRequester(t *testing.T) {
	o := demandingOffice(t)
	if _, err := o.click(t, "U0ANN", ActionGiveBack, "INV-7:1:tag7"); err != nil {
		t.Fatal(err)
	}
	if p := o.service.presses; len(p) != 1 || p[0].Verdict != approvals.Revoke || p[0].By.User != "U0ANN" || p[0].Tag != "tag7" {
		t.Errorf("presses %+v", p)
	}
}

func TestARequesterCanDoWhatTheStateAllows(t *testing.T) {
	d := looking(t)
	question := annsQuestion()
	voted := annsOwn()
	voted.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve}}
	held := stories()["inviting"]
	held.Hold = held.Changed.Add(20 * time.Second)
	lead := annsOwn()
	lead.Guests = miaAndBen
	split := lead
	split.State = approvals.Split
	erased := stories()["failed_erased"]
	for _, tt := range []struct {
		name string
		r    approvals.Request
		at   time.Time
		want []string
	}{
		{"while it waits", annsOwn(), noon, []string{ActionEdit, ActionNudge, ActionWithdraw}},
		{"while a question waits", question, noon, []string{ActionAnswer, ActionEdit, ActionWithdraw}},
		{"once somebody has decided", voted, noon, []string{ActionNudge, ActionWithdraw}},
		{"of several guests", lead, noon, []string{ActionNudge, ActionWithdraw}},
		{"while it can be undone", held, held.Hold.Add(-time.Second), []string{ActionWithdraw}},
		{"after that", held, held.Hold, []string{ActionGiveBack}},
		{"when it was split", split, noon, []string{ActionGiveBack}},
		{"when the guest has joined", stories()["active"], noon, []string{ActionGiveBack}},
		{"when it is being taken back", stories()["ending"], noon, nil},
		{"when it was denied", stories()["denied"], noon, nil},
		{"when it is erased", erased, noon, nil},
	} {
		var got []string
		walk(decoded(t, d.at(tt.at).Direct("en", tt.r)), "", func(_, kind string, o map[string]any) {
			if kind == "button" {
				got = append(got, str(o["action_id"]))
			}
		})
		if strings.Join(got, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestAChangeThatCannotBeSavedKeepsTheForm with what was typed, and says what to do.
func TestAChangeThatCannotBeSavedKeepsTheForm(t *testing.T) {
	for want, refused := range map[string]*approvals.Refusal{
		"Nothing is different yet": approvals.ErrChangeNothing, "was changed while this form was open": approvals.ErrStaleTerms.With("id", "INV-7").With("edition", "0"),
	} {
		o := newOffice(t)
		o.service.wishErr = approvals.Refusals{refused}
		v := typedView(CallbackEdit, map[string]map[string]any{"name": text("Mia"), "reason": text("x")})
		v["private_metadata"] = "INV-7:0:tag7:0"
		if reply := o.sendForm(t, v); !strings.Contains(reply, `"reason":"`) || !strings.Contains(reply, want) || len(o.slack.calls("chat.postMessage")) > 0 {
			t.Errorf("answered %s", reply)
		}
	}
}

func TestNobodyIsOfferedAReminderThatIsRefused(t *testing.T) {
	r := asked()
	for n := range 4 {
		raw := string(asJSON(t, look(t).Direct("en", r)))
		if offered := strings.Contains(raw, `"`+ActionNudge+`"`); offered != (n < 3) {
			t.Errorf("after %d reminders: offered %v", n, offered)
		}
		r.Nudges = append(r.Nudges, nine)
	}
}

package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestAChosenAccessBringsItsOwnFieldsAndNoOthers(t *testing.T) {
	o := demandingOffice(t)
	o.act(t, "form:access", "", openInvite(map[string]map[string]any{"name": text("Mia"), "access": under("form:access", picked("falcon"))}))
	d := o.drawn1(t)
	for _, block := range []string{"email", "name", "company", "access", "for", "question nda", "question until", "question tool", "reason"} {
		if d.blocks[block] == nil {
			t.Errorf("no %s in the form", block)
		}
	}
	if d.hash != "h0" || d.initial("reason") != "She reviews" || d.initial("name") != "Mia" || d.blocks["ends"] != nil {
		t.Errorf("hash %q, reason %q, name %q: %s", d.hash, d.initial("reason"), d.initial("name"), d.raw)
	}
	if !strings.Contains(d.raw, `"720h0m0s"`) || strings.Contains(d.raw, `"12h0m0s"`) || !strings.Contains(d.raw, `"date"`) || !strings.Contains(d.raw, `"ever"`) {
		t.Errorf("lengths: %v", d.blocks["for"])
	}
	if d.action("email") != "form:email" || d.action("access") != "form:access" {
		t.Errorf("inputs became others: %s, %s", d.action("email"), d.action("access"))
	}

	o.slack.forget()
	o.act(t, "form:access", "", openInvite(map[string]map[string]any{
		"access": under("form:access", picked("atlas")), "for": under("form:for:falcon", picked("2160h0m0s")), "question nda": under("of falcon", picked("Yes")),
	}))
	d = o.drawn1(t)
	o.slack.forget()
	o.act(t, "form:access", "", openInvite(map[string]map[string]any{"access": under("form:access", picked("atlas")), "for": under("form:for:falcon", picked(forDate))}))
	if d := o.drawn1(t); d.blocks["ends"] != nil {
		t.Errorf("atlas knows no dates: %s", d.raw)
	}
	if d.blocks["question nda"] != nil || d.action("for") != "form:for:atlas" || d.initial("for") != "" || strings.Contains(fmt.Sprint(d.blocks["for"]), "2160h") {
		t.Errorf("for atlas: %s", d.raw)
	}
}

func TestUntilADateAsksForTheDate(t *testing.T) {
	o := demandingOffice(t)
	o.act(t, "form:for:falcon", "", openInvite(map[string]map[string]any{"access": under("form:access", picked("falcon")), "for": under("form:for:falcon", picked(forDate))}))
	if d := o.drawn1(t); d.blocks["ends"] == nil || d.initial("for") != forDate || !strings.Contains(str(d.blocks["ends"]["hint"].(map[string]any)["text"]), "180 days") {
		t.Errorf("drawn %s", d.raw)
	}
}

func TestAKnownPartnerGetsTheirUsualAccessWhereNothingIsChosen(t *testing.T) {
	o := demandingOffice(t)
	o.act(t, "form:email", "mia@contoso.com", openInvite(map[string]map[string]any{"email": under("form:email", text("mia@contoso.com"))}))
	d := o.drawn1(t)
	if d.initial("access") != "falcon" || d.initial("for") != "2160h0m0s" {
		t.Errorf("chosen %v for %v", d.initial("access"), d.initial("for"))
	}
	if d.action("access") == "form:access" || actionName(d.action("access")) != ActionForm {
		t.Errorf("Slack would keep the empty choice under %q", d.action("access"))
	}
	if d.initial("email") != "" || d.action("email") != "form:email" {
		t.Errorf("what is being typed is written over: %q under %q", d.initial("email"), d.action("email"))
	}
	o.slack.forget()
	o.act(t, "form:email", "", openInvite(map[string]map[string]any{
		"email": under("form:email", text("mia@contoso.com")), "access": under("form:access#1", picked("atlas")), "for": under("form:for:atlas", nothing()),
	}))
	if d := o.drawn1(t); d.initial("access") != "atlas" || d.action("access") != "form:access#1" {
		t.Errorf("a choice was taken back: %v under %q", d.initial("access"), d.action("access"))
	}
}

func TestOnlyWhatSomebodyMayAskForIsOffered(t *testing.T) {
	for _, tt := range []struct {
		name, members, fails string
		offered              []string
	}{
		{"a member of the group", `["U0ANN"]`, "", []string{"atlas", "falcon"}},
		{"somebody else", `["U0SAM"]`, "", []string{"atlas"}},
		{"nobody knows", "", "internal_error", []string{"atlas", "falcon"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			p := demanding()
			p.Accesses[0].Requesters = []string{"S0STAFF"}
			o.cfg.Desk.render.Policy = p.Always
			o.slack.members, o.slack.fails["usergroups.users.list"] = tt.members, tt.fails
			o.command(t, "U0ANN", CommandInvite, "")
			opened := strings.Join(o.slack.calls("views.open"), "")
			for _, id := range []string{"atlas", "falcon"} {
				if strings.Contains(opened, `"value":"`+id+`"`) != slices.Contains(tt.offered, id) {
					t.Errorf("%s: %s", id, opened)
				}
			}
		})
	}
	t.Run("nothing at all", func(t *testing.T) {
		o := newOffice(t)
		p := demanding()
		for i := range p.Accesses {
			p.Accesses[i].Requesters = []string{"U0SAM"}
		}
		o.cfg.Desk.render.Policy = p.Always
		o.command(t, "U0ANN", CommandInvite, "")
		if told := o.slack.calls("reply"); len(o.slack.calls("views.open")) > 0 || len(told) != 1 || !strings.Contains(told[0], "no access here that you may ask for") {
			t.Errorf("told %v", told)
		}
	})
}

func TestThePreflightSaysWhatWillHappenAndWhatWillNot(t *testing.T) {
	a := demanding().Accesses[0]
	plan := approvals.Plan{Guest: approvals.Guest{Email: "mia@contoso.com"}, Access: a, Facts: contosoKnown}
	like := plan
	like.Facts = approvals.Facts{Domain: "c0ntoso.com", Like: &approvals.Likeness{Domain: "contoso.com", Kind: "homoglyph", Detail: "0 for o"}}
	mine := inv7()
	mine.Access.ID = "falcon"
	tests := []struct {
		name        string
		preview     approvals.Preview
		story       error
		says, never []string
	}{
		{"who decides and by when", approvals.Preview{Plan: plan}, nil, []string{"Contoso", "subteam^S0FALCON", "7 days"}, []string{"⛔", "⚠"}},
		{"a look-alike", approvals.Preview{Plan: like}, nil, []string{"⚠", "0 for o"}, []string{"⛔"}},
		{"a guest already", approvals.Preview{Plan: plan, Already: &approvals.TenantFacts{Account: true, Guest: true}}, nil, []string{"mia@contoso.com has a guest account", "Who decides"}, []string{"⚠", "Entra has"}},
		{"a guest who is shut out", approvals.Preview{Plan: plan, Already: &approvals.TenantFacts{Account: true, Guest: true, Disabled: true}}, nil, []string{"⚠", "mia@contoso.com", "blocked"}, nil},
		{"a rule's sentence", approvals.Preview{Plan: plan, Wrong: approvals.Refusals{approvals.ErrByRule.With("rule", "x").With("sentence", "No <!channel> here.")}}, nil, []string{"⛔", "here."}, []string{"Who decides"}},
		{"a colleague", approvals.Preview{Plan: plan, Wrong: approvals.Refusals{approvals.ErrOwnDomain.With("domain", "northwind.example")}}, nil, []string{"⛔", "our own domain"}, []string{"Contoso"}},
		{"not an address that is half typed", approvals.Preview{Plan: plan, Wrong: approvals.Refusals{approvals.ErrEmailMalformed}}, nil, nil, []string{"⛔"}},
		{"a twin that they may see", approvals.Preview{Plan: plan, Twins: []approvals.Request{mine}}, nil, []string{"⛔", "INV-7", "archives/D0ANN", "Waiting"}, nil},
		{"a twin that they may not see", approvals.Preview{Plan: plan, Twins: []approvals.Request{mine}}, approvals.ErrNotFound, []string{"⛔", "INV-7", "Ask them"}, []string{"archives", "Waiting"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := demandingOffice(t)
			o.service.storyErr = tt.story
			o.service.preview = func(approvals.Draft) (approvals.Preview, error) { return tt.preview, nil }
			o.act(t, "form:email", "", openInvite(map[string]map[string]any{
				"email": under("form:email", text("mia@contoso.com")), "access": under("form:access", picked("falcon")), "for": under("form:for:falcon", picked("720h0m0s")),
			}))
			d := o.drawn1(t)
			got := d.facts()
			for _, want := range tt.says {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in %s", want, got)
				}
			}
			for _, never := range tt.never {
				if strings.Contains(got, never) {
					t.Errorf("%q in %s", never, got)
				}
			}
			if strings.Contains(shown(d.blocks[blockFacts+" quiet"]), "<!channel>") {
				t.Errorf("markup: %s", d.raw)
			}
		})
	}
}

func TestBeforeAnAccessIsChosenOnlyTheGuestIsJudged(t *testing.T) {
	o := demandingOffice(t)
	o.service.preview = func(d approvals.Draft) (approvals.Preview, error) {
		return approvals.Preview{Plan: approvals.Plan{Guest: approvals.Guest{Email: d.Email}, Access: demanding().Accesses[0]}, Wrong: approvals.Refusals{
			approvals.ErrNotForYou.With("access", "Project Falcon"), approvals.ErrBlockedDomain.With("domain", "evil.example"),
		}}, nil
	}
	o.act(t, "form:email", "", openInvite(map[string]map[string]any{"email": under("form:email", text("mia@evil.example"))}))
	d := o.drawn1(t)
	if got := d.facts(); !strings.Contains(got, "evil.example") || strings.Contains(got, "Falcon") || d.blocks["for"] != nil {
		t.Errorf("drawn %s", d.raw)
	}
}

func TestAPreflightThatFailsIsSilentAndTheFormGrowsAllTheSame(t *testing.T) {
	o := demandingOffice(t)
	o.service.preview = func(approvals.Draft) (approvals.Preview, error) { return approvals.Preview{}, errDisk }
	o.act(t, "form:access", "", openInvite(map[string]map[string]any{"email": under("form:email", text("mia@contoso.com")), "access": under("form:access", picked("falcon"))}))
	if d := o.drawn1(t); d.blocks["for"] == nil || d.blocks[blockFacts] != nil || len(o.slack.calls("reply"))+len(o.slack.calls("chat.postMessage")) > 0 {
		t.Errorf("drawn %s", d.raw)
	}
	if !strings.Contains(o.log.String(), "no look ahead") {
		t.Error("nothing in the log")
	}
}

// TestOnlyTheNewestChangeIsDrawn lets the look at an older change take longer than
// the newer one.
func TestOnlyTheNewestChangeIsDrawn(t *testing.T) {
	o := demandingOffice(t)
	first, seen := make(chan struct{}), make(chan struct{})
	var once sync.Once
	o.service.preview = func(d approvals.Draft) (approvals.Preview, error) {
		if d.Email == "old@contoso.com" {
			once.Do(func() { close(seen) })
			<-first
		}
		return approvals.Preview{Plan: approvals.Plan{Guest: approvals.Guest{Email: d.Email}, Access: demanding().Accesses[0], Facts: approvals.Facts{Domain: d.Email}}}, nil
	}
	change := func(email string) func(context.Context) { return o.changed(t, "email", text(email)) }
	o.after(t.Context(), change("old@contoso.com"))
	<-seen
	change("new@contoso.com")(t.Context())
	close(first)
	o.wg.Wait()
	if d := o.drawn1(t); !strings.Contains(d.raw, "new@contoso.com") || strings.Contains(d.raw, "old@contoso.com") {
		t.Errorf("drawn %s", d.raw)
	}
}

func TestAChangeThatIsOvertakenIsNotEvenLookedAt(t *testing.T) {
	o := demandingOffice(t)
	raw, err := json.Marshal(acted("form:email", "", openInvite(map[string]map[string]any{"email": under("form:email", text("mia@contoso.com"))})))
	if err != nil {
		t.Fatal(err)
	}
	_, old, err := o.receive(t.Context(), kindInteractive, raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.receive(t.Context(), kindInteractive, raw); err != nil {
		t.Fatal(err)
	}
	old(t.Context())
	if n := len(o.service.previewed) + len(o.drawings(t)) + len(o.slack.calls("users.info")); n > 0 {
		t.Errorf("%d questions for nothing", n)
	}
}

// TestAFormThatAnotherReplicaDrew is drawn anew only by a change that decides which
// fields it has: nobody may wait for those in vain.
func TestAFormThatAnotherReplicaDrew(t *testing.T) {
	for _, tt := range []struct {
		code, action string
		inputs       map[string]map[string]any
		want         []string
	}{
		{hashConflict, "form:access", map[string]map[string]any{"access": under("form:access", picked("falcon"))}, []string{"h0", ""}},
		{hashConflict, "form:email", map[string]map[string]any{"email": under("form:email", text("mia@contoso.com")), "access": under("form:access", picked("falcon"))}, []string{"h0", ""}},
		{hashConflict, "form:email", map[string]map[string]any{"email": under("form:email", text("mia@atlas.example"))}, []string{"h0"}},
		{"not_found", "form:access", map[string]map[string]any{"access": under("form:access", picked("falcon"))}, []string{"h0"}},
	} {
		o := demandingOffice(t)
		o.slack.fails["views.update"] = tt.code
		o.act(t, tt.action, "", openInvite(tt.inputs))
		var got []string
		for _, d := range o.drawings(t) {
			got = append(got, d.hash)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || strings.Contains(o.log.String(), `"level":"WARN"`) {
			t.Errorf("%s after %s: %s, log %s", tt.code, tt.action, diff, o.log)
		}
	}
}

// TestAFormThatIsTurnedStaysSo although somebody goes on in the one that they still see.
func TestAFormThatIsTurnedStaysSo(t *testing.T) {
	o := demandingOffice(t)
	view := openInvite(map[string]map[string]any{"email": under("form:email", text("mia@contoso.com")), "access": under("form:access", picked("falcon"))})
	o.act(t, ActionSeveral, CallbackSeveral, view)
	o.act(t, "form:access", "", view)
	all := o.drawings(t)
	if last := all[len(all)-1]; last.callback != CallbackSeveral || last.initial("guests") != "mia@contoso.com" {
		t.Errorf("it is the form %s with %v", last.callback, last.initial("guests"))
	}
}

// TestWhoIsQuickerThanTheOpeningIsNotDrawnOver: what is looked up for an opened form
// comes after a choice in it, and before it again in the order of changes.
func TestWhoIsQuickerThanTheOpeningIsNotDrawnOver(t *testing.T) {
	f := newForms(time.Now)
	var drawn []string
	draw := func(c change, what string) {
		show(t, &redrawing{change: c, show: func(context.Context, string) (string, error) { drawn = append(drawn, what); return "h1", nil }})
	}
	chosen := f.touch("V7", "h0")
	draw(f.opened("V7", "h0"), "the opening")
	draw(chosen, "the choice")
	draw(f.opened("V8", "h0"), "another")
	if diff := cmp.Diff([]string{"the choice", "another"}, drawn); diff != "" {
		t.Error(diff)
	}
}

func TestEachDrawingKnowsTheHashOfTheOneBefore(t *testing.T) {
	o := demandingOffice(t)
	view := openInvite(map[string]map[string]any{"access": under("form:access", picked("falcon"))})
	o.slack.hash = "h1"
	o.act(t, "form:access", "", view)
	o.slack.hash = "h2"
	o.act(t, "form:access", "", view) // sent before the first drawing had arrived
	view["hash"] = "h9"               // of another replica's drawing
	o.act(t, "form:access", "", view)
	var got []string
	for _, d := range o.drawings(t) {
		got = append(got, d.hash)
	}
	if diff := cmp.Diff([]string{"h0", "h1", "h9"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFormThatIsSentBeforeItHasGrownAsksForTheRest(t *testing.T) {
	o := demandingOffice(t)
	reply := o.sendForm(t, openInvite(map[string]map[string]any{"access": under("form:access", picked("falcon"))}))
	if !strings.Contains(reply, `"access":"Project Falcon needs a few more words`) || len(o.service.drafts) > 0 {
		t.Errorf("%s, %d drafts", reply, len(o.service.drafts))
	}
	if d := o.drawn1(t); d.blocks["for"] == nil || d.initial("reason") != "She reviews" {
		t.Errorf("drawn %s", d.raw)
	}
}

func TestADraftHasTheEndAndTheAnswersThatWereChosen(t *testing.T) {
	for _, tt := range []struct {
		length string
		want   approvals.Draft
	}{
		{forDate, approvals.Draft{ByDate: true, Ends: time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)}},
		{forEver, approvals.Draft{OpenEnded: true}},
		{"720h0m0s", approvals.Draft{For: 720 * time.Hour}},
		{"none", approvals.Draft{For: -1}},
	} {
		o := demandingOffice(t)
		reply := o.sendForm(t, openInvite(map[string]map[string]any{
			"access": under("form:access", picked("falcon")), "for": under("form:for:falcon", picked(tt.length)),
			"ends":         under("form:ends", map[string]any{"type": "datepicker", "selected_date": "2026-12-31"}),
			"question nda": under("of falcon", picked("Yes")), "question until": under("of falcon", map[string]any{"type": "datepicker", "selected_date": "2027-01-31"}),
			"question tool": under("of falcon", text("Figma")),
		}))
		if reply != "" || len(o.service.drafts) != 1 {
			t.Fatalf("%s: %s, %d drafts", tt.length, reply, len(o.service.drafts))
		}
		got := o.service.drafts[0]
		if got.ByDate != tt.want.ByDate || !got.Ends.Equal(tt.want.Ends) || got.OpenEnded != tt.want.OpenEnded || got.For != tt.want.For {
			t.Errorf("%s: %+v", tt.length, got)
		}
		if diff := cmp.Diff(map[string]string{"nda": "Yes", "until": "2027-01-31", "tool": "Figma"}, got.Answers); diff != "" {
			t.Errorf("%s: %s", tt.length, diff)
		}
	}
}

func TestRefusalsOfQuestionsAndEndsAreAtTheirFields(t *testing.T) {
	o := demandingOffice(t)
	missing := *approvals.ErrAnswerMissing
	missing.Field = approvals.FieldQuestion("nda")
	o.service.err = approvals.Refusals{&missing, approvals.ErrEndPassed, approvals.ErrByRule.With("sentence", "Not on Sundays.")}
	reply := o.sendForm(t, openInvite(map[string]map[string]any{
		"access": under("form:access", picked("falcon")), "for": under("form:for:falcon", picked(forDate)),
		"ends":         under("form:ends", map[string]any{"type": "datepicker", "selected_date": "2020-12-31"}),
		"question nda": under("of falcon", nothing()), "question until": text(""), "question tool": text(""),
	}))
	var got struct{ Errors map[string]string }
	if err := json.Unmarshal([]byte(reply), &got); err != nil {
		t.Fatal(err)
	}
	if got.Errors["question nda"] == "" || got.Errors["ends"] == "" || !strings.Contains(got.Errors["email"], "Not on Sundays.") || len(got.Errors) != 3 {
		t.Errorf("%s", reply)
	}
}

func TestTheFormForOneBecomesThatForSeveralAndBack(t *testing.T) {
	o := demandingOffice(t)
	o.act(t, ActionSeveral, CallbackSeveral, openInvite(map[string]map[string]any{
		"email": under("form:email", text("mia@contoso.com")), "name": text("Keller, Mia"), "access": under("form:access", picked("falcon")),
	}))
	d := o.drawn1(t)
	if d.callback != CallbackSeveral || d.initial("guests") != `mia@contoso.com, "Keller, Mia"` || d.initial("access") != "falcon" || d.initial("reason") != "She reviews" || d.blocks["file"] == nil {
		t.Errorf("drawn %s", d.raw)
	}
	o.slack.forget()
	o.act(t, ActionSeveral, CallbackInvite, typedView(CallbackSeveral, map[string]map[string]any{
		"guests": under("form:guests", text(`mia@contoso.com, "Keller, Mia"`)), "access": under("form:access", picked("falcon")), "reason": text("She reviews"),
	}))
	if d := o.drawn1(t); d.callback != CallbackInvite || d.initial("email") != "mia@contoso.com" || d.initial("name") != "Keller, Mia" || d.initial("reason") != "She reviews" {
		t.Errorf("drawn %s", d.raw)
	}
}

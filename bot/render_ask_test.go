package bot

import (
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

// demanding is a policy whose accesses ask for all there is to ask.
func demanding() *approvals.Policy {
	p := policy()
	p.Admins = []string{"S0ADMINS"}
	f := &p.Accesses[0]
	f.Longest, f.OpenEnded = 180*24*time.Hour, true
	f.Questions = []approvals.Question{
		{ID: "nda", Label: "Is there a confidentiality agreement?", Kind: approvals.AskChoice, Options: []string{"Yes", "No"}, Required: true},
		{ID: "until", Label: "When does their contract end?", Kind: approvals.AskDate, Hint: "As it stands in the contract."},
		{ID: "tool", Label: "Which tools do they use?", Kind: approvals.AskText},
	}
	f.Stages = []approvals.Stage{
		{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON"}, Quorum: 1, Deadline: 5 * 24 * time.Hour},
		{Name: "Manager", Approvers: []string{approvals.RoleManager}, Quorum: 1, Deadline: 2 * 24 * time.Hour},
	}
	p.Partners = []approvals.Partner{{ID: "contoso", Name: "Contoso", Domains: []string{"contoso.com"}, Access: "falcon", For: 90 * 24 * time.Hour}}
	return p
}

func looking(t *testing.T) render {
	d := look(t)
	d.Policy = demanding().Always
	return d
}

// miaAsked is the form in which Ann asks for Mia.
func miaAsked() Form {
	return Form{
		Email: "mia@contoso.com", Name: "Mia Keller", Company: "Contoso", Access: "falcon", For: forDate, Ends: "2026-12-31", Reason: "She reviews the drawings.",
		Answers: map[string]string{"nda": "Yes", "until": "2027-01-31", "tool": "Figma"},
	}
}

// foreseenFor is what is known of a guest before they are asked for.
func foreseenFor(email string, facts approvals.Facts, wrong ...*approvals.Refusal) *Preflight {
	a := demanding().Accesses[0]
	return &Preflight{Viewer: ann, Preview: approvals.Preview{
		Plan:  approvals.Plan{Guest: approvals.Guest{Email: email, Name: "Mia Keller"}, Access: a, Facts: facts, Requester: ann},
		Wrong: wrong,
	}}
}

var contosoKnown = approvals.Facts{Domain: "contoso.com", Partner: "Contoso", PartnerID: "contoso", Here: approvals.DomainCount{Live: 5, Active: 3, Before: 2}}

// askGoldens are the forms and messages of those who ask.
func askGoldens(t *testing.T) map[string]any {
	t.Helper()
	d, out := looking(t), map[string]any{}
	calm := miaAsked()
	calm.Known = foreseenFor("mia@contoso.com", contosoKnown)
	out["form_foreseen"] = d.Form("en", calm)

	warned := miaAsked()
	warned.Email, warned.For = "mia@c0ntoso.com", "720h0m0s"
	warned.Known = foreseenFor(warned.Email, approvals.Facts{
		Domain: "c0ntoso.com", Like: &approvals.Likeness{Domain: "contoso.com", Kind: "homoglyph", Detail: "0 for o"},
	}, approvals.ErrByRule.With("rule", "unknown-short").With("sentence", "People whom nobody knows get 14 days at most."))
	out["form_warned"] = d.Form("en", warned)

	twice := miaAsked()
	twice.Known = foreseenFor("mia@contoso.com", contosoKnown)
	pending, other := stories()["pending"], stories()["active"]
	other.ID, other.Requester = "INV-8", sam
	twice.Known.Twins = []approvals.Request{pending, other}
	twice.Known.Links = map[approvals.RequestID]string{"INV-7": "https://northwind.slack.com/archives/D0ANN/p18"}
	out["form_twin"] = d.Form("en", twice)

	alone := miaAsked()
	alone.Known = foreseenFor("mia@contoso.com", contosoKnown)
	alone.Known.Plan.Approved, alone.Known.Plan.Rules = true, []approvals.Applied{{Rule: "trusted", Approve: true}}
	out["form_approved"] = d.Form("en", alone)

	out["form_nobody_asked"] = d.Form("en", Form{Email: "mia@contoso.com"})

	list := Form{Guests: "mia@contoso.com, Mia Keller\nben@fabrikam.com\nfoo@", Access: "falcon", For: "720h0m0s", Each: true, Reason: "They review the drawings."}
	guests, wrong := approvals.ParseGuests(list.Guests)
	list.Checked = &Roll{Guests: guests, Wrong: wrong, Known: []Preflight{*warned.Known}}
	out["several"] = d.SeveralForm("en", list)
	out["several_empty"] = d.SeveralForm("en", Form{})
	list.Checked = &Roll{Made: []approvals.RequestID{"INV-7", "INV-8"}, Wrong: wrong, Trouble: "The file could not be read."}
	out["several_left"] = d.SeveralForm("en", list)
	lead := pending
	lead.Guests, lead.Guest = guests, approvals.Guest{}
	out["several_sent"] = d.SeveralSent("en", []approvals.Request{lead})
	out["several_sent_each"] = d.SeveralSent("en", []approvals.Request{pending, other})

	out["edit_form"] = d.EditForm("en", pending, formFor(pending))
	asked := pending
	asked.Talk = []approvals.Exchange{{By: sam, Question: "Which drawings, *all* of them?", At: nine}}
	q, _ := asked.Asked()
	out["answer_form"] = d.AnswerForm("en", asked, q)
	out["direct_question"] = d.naming(annByName).Direct("en", asked)
	held := stories()["inviting"]
	held.Hold = held.Changed.Add(20 * time.Second)
	out["direct_held"] = d.at(held.Changed.Add(time.Second)).Direct("en", held)

	present := &approvals.Delegation{From: ann, To: sam, Start: nine, End: nine.Add(10 * 24 * time.Hour)}
	out["delegate_form"] = d.DelegateForm("en", Away{To: "U0SAM", From: "2026-12-01", Until: "2026-12-24"}, nil)
	out["delegate_present"] = d.DelegateForm("en", Away{}, present)
	out["home_away"] = d.Home("en", HomeView{Viewer: ann, Mine: []approvals.Request{lead}, Away: present, Now: nine})
	return out
}

func TestFormsKeepSlacksLimitsWithTheLongestTexts(t *testing.T) {
	d := looking(t)
	long := strings.Repeat("word ", 1000)
	p := demanding()
	a := &p.Accesses[0]
	a.Title, a.Description, a.ID = long, long, strings.Repeat("x", 150)
	for i := range 80 {
		a.Questions = append(a.Questions, approvals.Question{ID: strings.Repeat("q", 20) + string(rune('a'+i%26)) + string(rune('a'+i/26)), Label: long, Hint: long, Kind: approvals.AskText})
	}
	d.Policy = p.Always
	f := miaAsked()
	f.Email, f.Name, f.Reason, f.Guests, f.Access = long, long, long, long, a.ID
	f.Known = foreseenFor(long, approvals.Facts{Domain: long, Partner: long})
	f.Known.Plan.Access = *a
	var wrong approvals.Refusals
	for range 30 {
		wrong = append(wrong, approvals.ErrGuestLine.With("line", "3").With("text", long).With("code", "email_malformed"))
	}
	var guests []approvals.Guest
	for i := range 300 {
		guests = append(guests, approvals.Guest{Email: "a@d" + strings.Repeat("i", i%60) + ".com"})
	}
	f.Known.Wrong = wrong
	f.Checked = &Roll{Guests: guests, Wrong: wrong, Known: []Preflight{*f.Known}, Refused: wrong, Trouble: long}
	r := stories()["pending"]
	r.Access, r.Reason, r.Guest.Name = *a, long, long
	for name, v := range map[string]any{
		"form": d.Form("en", f), "several": d.SeveralForm("en", f), "edit": d.EditForm("en", r, f),
		"answer": d.AnswerForm("en", r, approvals.Exchange{Question: long}), "direct": d.Direct("en", r),
	} {
		for _, b := range breaches(t, v) {
			t.Errorf("%s: %s", name, b)
		}
	}
}

func TestWhatIsTypedInFormsIsNeverMarkup(t *testing.T) {
	for kind, text := range hostile {
		d := looking(t)
		p := demanding()
		for i := range p.Accesses[0].Questions {
			p.Accesses[0].Questions[i].Label, p.Accesses[0].Questions[i].Hint = "Q "+text, text
		}
		p.Accesses[0].Title, p.Accesses[0].Description = "A "+text, text
		d.Policy = p.Always
		f := Form{Email: text, Name: text, Company: text, Access: "falcon", For: "720h0m0s", Reason: text, Guests: text, Answers: map[string]string{"nda": text, "tool": text}}
		f.Known = foreseenFor(text, approvals.Facts{Domain: text, Partner: text, Like: &approvals.Likeness{Domain: text, Kind: text, Detail: text}},
			approvals.ErrByRule.With("rule", text).With("sentence", text), approvals.ErrOwnDomain.With("domain", text))
		f.Known.Plan.Rules = []approvals.Applied{{Rule: text, Approve: true}}
		twin := poisoned(stories()["pending"], text)
		twin.Access.ID = "falcon"
		f.Known.Twins = []approvals.Request{twin}
		f.Checked = &Roll{
			Guests: []approvals.Guest{{Email: text}}, Wrong: approvals.Refusals{approvals.ErrGuestLine.With("line", "1").With("text", text).With("code", "email_malformed")},
			Known: []Preflight{*f.Known}, Refused: f.Known.Wrong, Trouble: text,
		}
		approved := f
		known := *f.Known
		known.Wrong, known.Plan.Approved = nil, true
		approved.Known = &known
		for name, v := range map[string]any{
			"form": d.Form("en", f), "approved": d.Form("en", approved), "several": d.SeveralForm("en", f), "edit": d.EditForm("en", twin, f),
			"answer":   d.AnswerForm("en", twin, approvals.Exchange{By: sam, Question: text, At: nine}),
			"delegate": d.DelegateForm("en", awayTyped(text), &approvals.Delegation{To: sam, Start: nine, End: nine}),
		} {
			harmless(t, kind+" "+name, v)
		}
	}
}

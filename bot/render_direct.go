package bot

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Direct is a request as its requester sees it: what was asked, where it
// stands, what happens next and, once the guest is invited, the note to pass on.
func (d render) Direct(locale string, r approvals.Request) Message {
	state := d.state(locale, r)
	head := d.Words.Say(locale, "card.head", Args{"id": r.ID, "state": state})
	body := paragraphs(d.Words.phrase(locale, "direct.asked", Args{
		"guest": d.guest(locale, r), "access": Bold(shownText(r.Access.Title)), "lasts": d.lasts(locale, r),
	}))
	body.Elements = append(body.Elements, d.standing(locale, forRequester, r, d.progress(locale, r)...)...)
	m := Message{
		Text: fallback(d.Words.Say(locale, "card.text", Args{
			"id": r.ID, "state": state, "guest": d.guestName(locale, r), "access": shownText(r.Access.Title),
		})),
		Blocks: []slack.Block{header(head), body},
	}
	if note := d.note(locale, r); note != nil {
		m.Blocks = append(m.Blocks, note)
	}
	if r.State == approvals.Pending {
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", d.withdraw(locale, r)))
	}
	return m
}

// note is what the requester may paste to the guest: the only place where the
// redeem link is shown, and only while it is of use. Nobody is mailed who was
// found in the tenant.
func (d render) note(locale string, r approvals.Request) slack.Block {
	lead, text, mailed := "note.lead", "note.text", d.Mail == MailMicrosoft
	switch {
	case r.State == approvals.Active && joinedBefore(r):
		text = "note.text_joined"
	case r.State == approvals.Invited && r.Account.Found:
		text = "note.text_found"
	case r.State != approvals.Invited || r.Account.Link == "":
		return nil
	case mailed:
		lead = "note.lead_mailed"
	}
	email := cut(typed(r.Guest.Email), maxEmail)
	note := d.Words.Say(locale, text, Args{
		"guest": d.guestName(locale, r), "email": email, "access": shownText(r.Access.Title), "link": r.Account.Link,
		"by": shownText(d.names[r.Requester.User]), "company": shownText(d.Company), "until": day(r.Until),
		"mailed": mailed, "from": mailFrom(d.Cloud), "place": signIn(d.Cloud),
	})
	block := paragraphs(d.Words.phrase(locale, lead, Args{"email": email, "from": mailFrom(d.Cloud)}))
	block.Elements = append(block.Elements, &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: literal(note).elements()})
	return block
}

func (d render) withdraw(locale string, r approvals.Request) *slack.ButtonBlockElement {
	b := button(ActionWithdraw, target(r, r.Stage).Value(), d.Words.Say(locale, "button.withdraw", nil))
	b.Confirm = confirm(d.Words.Say(locale, "confirm.withdraw.title", Args{"id": r.ID}),
		d.Words.Say(locale, "confirm.withdraw.text", Args{"guest": d.guestName(locale, r)}),
		d.Words.Say(locale, "button.withdraw", nil), d.Words.Say(locale, "confirm.withdraw.keep", nil))
	return b
}

// Milestone is the short word, said once, that makes Slack notify the requester.
func (d render) Milestone(locale string, r approvals.Request, what string) Message {
	args := Args{
		"id": r.ID, "guest": d.guestName(locale, r), "access": shownText(r.Access.Title), "until": day(r.Until),
		"by": Mention(""), "used": r.Account.ID != "", "link": r.Account.Link != "",
		"stage": "", "next": "",
	}
	if n := len(r.Votes); n > 0 {
		args["by"] = d.person(r.Votes[n-1].By)
	}
	if n, ok := stagePassed(what); ok && n <= len(r.Access.Stages) {
		args["stage"], args["next"] = shownText(r.Access.Stages[n-1].Name), shownText(r.CurrentStage().Name)
		args["by"] = d.list(locale, "list.and", d.approvedBy(r, n-1))
	}
	return d.Words.Notice(locale, "said."+saidKey(r, what), args)
}

// saidKey is a milestone as its sentence is called in the catalogue.
func saidKey(r approvals.Request, what string) string {
	_, staged := stagePassed(what)
	switch {
	case staged:
		return "stage"
	case what == "invited" && r.Account.Found:
		return "invited_found"
	case what == "joined" && joinedBefore(r):
		return "joined_found"
	}
	return key(what)
}

// stagePassed is the n of the milestone "stage n".
func stagePassed(what string) (int, bool) {
	number, ok := strings.CutPrefix(what, passed)
	n, err := strconv.Atoi(number)
	return n, ok && err == nil && n > 0
}

package bot

import (
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Direct is a request as its requester sees it: what was asked, where it
// stands, what happens next and, once the guest is invited, the note to pass on.
func (d render) Direct(locale string, r approvals.Request) Message {
	state := d.Words.Say(locale, "state."+key(string(r.State)), nil)
	head := d.Words.Say(locale, "card.head", Args{"id": r.ID, "state": state})
	body := paragraphs(d.Words.phrase(locale, "direct.asked", Args{
		"guest": d.guest(locale, r.Guest), "access": Bold(shownText(r.Access.Title)), "lasts": d.lasts(locale, r),
	}))
	body.Elements = append(body.Elements, d.standing(locale, r)...)
	m := Message{
		Text: fallback(d.Words.Say(locale, "card.text", Args{
			"id": r.ID, "state": state, "guest": shownText(r.Guest.Name), "access": shownText(r.Access.Title),
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

// standing says who has approved so far and where the request stands, with the
// reason of a denial or of a failure below it.
func (d render) standing(locale string, r approvals.Request) []slack.RichTextElement {
	els := paragraphs(append(d.progress(locale, r), d.outcome(locale, forRequester, r))...).Elements
	switch r.State {
	case approvals.Denied:
		if r.Closed != nil {
			if q := quote(r.Closed.Reason); q != nil {
				els = append(els, q)
			}
		}
	case approvals.Failed:
		els = append(els, d.trouble(locale, r)...)
	case approvals.Pending, approvals.Inviting, approvals.Invited, approvals.Active, approvals.Ending,
		approvals.Cancelled, approvals.TimedOut, approvals.Ended:
	}
	return els
}

// note is what the requester may paste to the guest: the only place where the
// redeem link is shown, and only while it is of use.
func (d render) note(locale string, r approvals.Request) slack.Block {
	if r.State != approvals.Invited || r.Account.Link == "" {
		return nil
	}
	lead := "note.lead"
	if d.Mail == MailMicrosoft {
		lead = "note.lead_mailed"
	}
	text := d.Words.Say(locale, "note.text", Args{
		"guest": shownText(r.Guest.Name), "email": cut(typed(r.Guest.Email), maxEmail), "access": shownText(r.Access.Title), "link": r.Account.Link,
		"by": shownText(d.names[r.Requester.User]), "company": shownText(d.Company), "until": day(r.Until),
		"mailed": d.Mail == MailMicrosoft,
	})
	block := paragraphs(d.Words.phrase(locale, lead, Args{"email": cut(typed(r.Guest.Email), maxEmail)}))
	block.Elements = append(block.Elements, &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: literal(text).elements()})
	return block
}

func (d render) withdraw(locale string, r approvals.Request) *slack.ButtonBlockElement {
	b := button(ActionWithdraw, Target{ID: r.ID, Stage: r.Stage}.Value(), d.Words.Say(locale, "button.withdraw", nil))
	b.Confirm = confirm(d.Words.Say(locale, "confirm.withdraw.title", Args{"id": r.ID}),
		d.Words.Say(locale, "confirm.withdraw.text", Args{"guest": shownText(r.Guest.Name)}),
		d.Words.Say(locale, "button.withdraw", nil), d.Words.Say(locale, "confirm.withdraw.keep", nil))
	return b
}

// Milestone is the short word, said once, that makes Slack notify the requester.
func (d render) Milestone(locale string, r approvals.Request, what string) Message {
	args := Args{
		"id": r.ID, "guest": shownText(r.Guest.Name), "access": shownText(r.Access.Title), "until": day(r.Until),
		"by": Mention(""), "used": r.Account.ID != "", "link": r.Account.Link != "",
	}
	if n := len(r.Votes); n > 0 {
		args["by"] = d.person(r.Votes[n-1].By)
	}
	return d.Words.Notice(locale, "said."+key(what), args)
}

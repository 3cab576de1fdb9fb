package bot

import (
	"slices"

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
	more := d.progress(locale, r)
	if n := len(r.Edits); n > 0 && !r.Edits[n-1].By.Same(r.Requester) { // it is not what they asked for
		if changed := d.changed(locale, r); changed != nil {
			more = slices.Insert(more, 0, changed)
		}
	}
	body.Elements = append(body.Elements, d.standing(locale, forRequester, r, more...)...)
	m := Message{
		Text: fallback(d.Words.Say(locale, "card.text", Args{
			"id": r.ID, "state": state, "guest": d.guestName(locale, r), "access": shownText(r.Access.Title),
		})),
		Blocks: []slack.Block{header(head), body},
	}
	if note := d.note(locale, r); note != nil {
		m.Blocks = append(m.Blocks, note)
	}
	if buttons := d.directButtons(locale, r); buttons != nil {
		m.Blocks = append(m.Blocks, buttons)
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

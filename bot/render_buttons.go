package bot

import (
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// cardButtons are the live buttons of a card, nil when there is nothing to press.
// An approval is undone and, once the invitation has left, revoked in one place.
func (d render) cardButtons(r approvals.Request, stage int) slack.Block {
	if stage != r.Stage {
		return nil
	}
	l := d.Locale
	switch r.State {
	case approvals.Pending:
		all := []slack.BlockElement{d.approve(l, r), d.plain(l, r, ActionDeny).WithStyle(slack.StyleDanger)}
		if lessToGive(r, r.Changed) {
			all = append(all, d.plain(l, r, ActionChange))
		}
		if _, asked := r.Asked(); !asked {
			all = append(all, d.plain(l, r, ActionAsk))
		}
		return slack.NewActionBlock("", append(all, d.plain(l, r, ActionClaim), d.plain(l, r, ActionMore))...)
	case approvals.Inviting, approvals.Invited, approvals.Active, approvals.Split:
		if r.Held(r.Changed) {
			return slack.NewActionBlock("", d.plain(l, r, ActionUndo), d.plain(l, r, ActionMore))
		}
		if r.Erased.IsZero() {
			return slack.NewActionBlock("", d.revoke(l, r), d.plain(l, r, ActionMore))
		}
	case approvals.Failed:
		if retryable(r) {
			return slack.NewActionBlock("", d.retry(l, r), d.revoke(l, r), d.plain(l, r, ActionMore))
		}
	case approvals.Ending, approvals.Denied, approvals.Cancelled, approvals.TimedOut, approvals.Ended:
	}
	return nil
}

// plain is a button that does at once what it is called, or opens a form for it.
func (d render) plain(locale string, r approvals.Request, action string) *slack.ButtonBlockElement {
	return button(action, target(r, r.Stage).Value(), d.Words.Say(locale, "button."+action, nil))
}

// approve is the button that approves after a second look or, where it has to be
// said who decides next, opens a form that asks for it.
func (d render) approve(locale string, r approvals.Request) *slack.ButtonBlockElement {
	if r.Choosing() {
		return d.plain(locale, r, ActionChoose).WithStyle(slack.StylePrimary)
	}
	yes := d.plain(locale, r, ActionApprove).WithStyle(slack.StylePrimary)
	yes.Confirm = d.confirmApprove(r)
	return yes
}

// confirmApprove repeats whom and what an approval is for, and whether it is
// the last word.
func (d render) confirmApprove(r approvals.Request) *slack.ConfirmationBlockObject {
	const short = 60
	l := d.Locale
	last := r.Stage+1 >= len(r.Access.Stages) && approved(r)+1 >= max(r.CurrentStage().Quorum, 1)
	g := r.Guest
	g.Company = ""
	args := Args{
		"guest": d.guestLine(l, g, short, 2*short), "access": cut(typed(r.Access.Title), short),
		"for": d.lasts(l, r), "last": last, "several": len(r.Guests) > 0,
	}
	if len(r.Guests) > 0 {
		args["guest"] = d.guestName(l, r)
	}
	return confirm(d.Words.Say(l, "confirm.approve.title", Args{"id": r.ID}), d.Words.Say(l, "confirm.approve.text", args),
		d.Words.Say(l, "button.approve", nil), d.Words.Say(l, "confirm.back", nil))
}

// revoke is the button that ends the access before its time. It asks twice: whether,
// and then why.
func (d render) revoke(locale string, r approvals.Request) *slack.ButtonBlockElement {
	b := d.plain(locale, r, ActionRevoke).WithStyle(slack.StyleDanger)
	b.Confirm = confirm(d.Words.Say(locale, "confirm.revoke.title", Args{"id": r.ID}),
		d.Words.Say(locale, "confirm.revoke.text", Args{
			"guest": cut(d.guestName(locale, r), shortName), "access": cut(typed(r.Access.Title), shortName), "several": len(r.Guests) > 0, "given": given(r),
		}),
		d.Words.Say(locale, "confirm.revoke.yes", nil), d.Words.Say(locale, "confirm.back", nil))
	return b
}

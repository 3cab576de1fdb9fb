package bot

import (
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// The readers that an outcome is worded for.
const (
	forApprovers = "status."
	forRequester = "direct."
)

// outcome says in one sentence what has come of a request and what happens next.
func (d render) outcome(locale, reader string, r approvals.Request) []piece {
	args := Args{
		"guest": shownText(r.Guest.Name), "access": shownText(r.Access.Title), "until": day(r.Until), "at": Moment{},
		"joined": minute(r.Account.Joined), "by": Mention(""), "stage": shownText(r.CurrentStage().Name), "who": Phrase(nil),
		"linked": r.Account.Link != "",
	}
	if r.Closed != nil {
		args["at"] = minute(r.Closed.At)
		if r.Closed.By.User != "" {
			args["by"] = d.person(r.Closed.By)
		}
	}
	if r.State == approvals.Pending {
		args["who"] = d.approvers(locale, r.CurrentStage())
		args["until"] = minute(r.Deadline)
	}
	return d.Words.phrase(locale, reader+outcomeKey(r), args)
}

// outcomeKey tells apart what one state can mean to a reader.
func outcomeKey(r approvals.Request) string {
	switch {
	case r.State == approvals.Inviting && r.Account.ID != "":
		return "granting"
	case r.State == approvals.Ended && r.Account.ID == "":
		return "ended_unused"
	}
	return key(string(r.State))
}

// trouble shows why a request failed: Entra's words as a quotation, never as
// ours, and what Microsoft's support will ask for.
func (d render) trouble(locale string, r approvals.Request) []slack.RichTextElement {
	t := r.Trouble
	if t == nil {
		return nil
	}
	var out []slack.RichTextElement
	text := t.Text
	if text == "" {
		text = t.Code
	}
	if q := quote(text); q != nil {
		out = append(out, q)
	}
	if t.RequestID != "" {
		line := d.Words.phrase(locale, "status.request_id", Args{"request_id": shownText(t.RequestID)})
		out = append(out, slack.NewRichTextSection(asElements(line)...))
	}
	return out
}

// cardButtons are the live buttons of a card, nil when there is nothing to press.
func (d render) cardButtons(r approvals.Request, stage int) slack.Block {
	l, value := d.Locale, Target{ID: r.ID, Stage: stage}.Value()
	if stage != r.Stage {
		return nil
	}
	switch r.State {
	case approvals.Pending:
		yes := button(ActionApprove, value, d.Words.Say(l, "button.approve", nil)).WithStyle(slack.StylePrimary)
		yes.Confirm = d.confirmApprove(r)
		no := button(ActionDeny, value, d.Words.Say(l, "button.deny", nil)).WithStyle(slack.StyleDanger)
		return slack.NewActionBlock("", yes, no)
	case approvals.Failed:
		return slack.NewActionBlock("", button(ActionRetry, value, d.Words.Say(l, "button.retry", nil)))
	case approvals.Inviting, approvals.Invited, approvals.Active, approvals.Ending, approvals.Denied,
		approvals.Cancelled, approvals.TimedOut, approvals.Ended:
	}
	return nil
}

// confirmApprove repeats whom and what an approval is for, and whether it is
// the last word.
func (d render) confirmApprove(r approvals.Request) *slack.ConfirmationBlockObject {
	const short = 60
	l := d.Locale
	last := r.Stage+1 >= len(r.Access.Stages) && approved(r)+1 >= max(r.CurrentStage().Quorum, 1)
	text := d.Words.Say(l, "confirm.approve.text", Args{
		"guest": cut(typed(r.Guest.Name), short), "email": cut(typed(r.Guest.Email), short), "access": cut(typed(r.Access.Title), short),
		"for": d.lasts(l, r), "last": last,
	})
	return confirm(d.Words.Say(l, "confirm.approve.title", Args{"id": r.ID}), text,
		d.Words.Say(l, "button.approve", nil), d.Words.Say(l, "confirm.back", nil))
}

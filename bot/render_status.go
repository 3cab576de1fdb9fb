package bot

import (
	"slices"
	"strings"

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
		"guest": d.guestName(locale, r), "access": shownText(r.Access.Title), "until": day(r.Until), "at": Moment{},
		"joined": minute(r.Account.Joined), "by": Mention(""), "stage": shownText(r.CurrentStage().Name), "who": Phrase(nil),
		"linked": r.Account.Link != "", "late": delayed(r), "own": ownCause(r), "id": r.ID,
		"reason": r.Closed != nil && r.Closed.Reason != "",
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

// state is a request's state in a few words.
func (d render) state(locale string, r approvals.Request) string {
	if r.State == approvals.Failed && !retryable(r) {
		return d.Words.Say(locale, "state.failed_erased", nil)
	}
	return d.Words.Say(locale, "state."+key(string(r.State)), nil)
}

// outcomeKey tells apart what one state can mean to a reader.
func outcomeKey(r approvals.Request) string {
	switch {
	case r.State == approvals.Inviting && r.Account.Found:
		return "granting_found"
	case r.State == approvals.Inviting && r.Account.ID != "":
		return "granting"
	case r.State == approvals.Invited && r.Account.Found:
		return "invited_found"
	case r.State == approvals.Active && joinedBefore(r):
		return "active_found"
	case r.State == approvals.Ended && r.Account.ID == "":
		return "ended_unused"
	case r.State == approvals.Failed && !retryable(r):
		return "failed_erased"
	}
	return key(string(r.State))
}

// ownCauses are the codes of failures that partnerbot found out by itself: Entra
// said nothing of the kind.
var ownCauses = []string{"colleague", "disabled", "ambiguous", "address", "id"}

func ownCause(r approvals.Request) bool {
	return r.Trouble != nil && slices.Contains(ownCauses, r.Trouble.Code)
}

// joinedBefore reports that the guest could sign in before the request was made.
func joinedBefore(r approvals.Request) bool {
	return r.Account.Found && !r.Account.Joined.IsZero() && !r.Account.Joined.After(r.Account.Invited)
}

// delayed reports that Entra's part takes longer than people expect.
func delayed(r approvals.Request) bool {
	return r.Trouble != nil && (r.State == approvals.Inviting || r.State == approvals.Ending)
}

// standing says below some lines where a request stands, with the reason of a
// denial, of a failure or of a delay.
func (d render) standing(locale, reader string, r approvals.Request, lines ...[]piece) []slack.RichTextElement {
	lines = append(lines, d.outcome(locale, reader, r))
	if delayed(r) {
		lines = append(lines, d.Words.phrase(locale, "status.delayed", Args{"why": why(r.Trouble)}))
	}
	els := paragraphs(lines...).Elements
	switch {
	case r.State == approvals.Denied && r.Closed != nil:
		if q := quote(r.Closed.Reason); q != nil {
			els = append(els, q)
		}
	case retryable(r), delayed(r):
		els = append(els, d.cause(locale, r.Trouble)...)
	}
	return els
}

// why is what a request failed of or waits for, in the words of whoever said so.
func why(t *approvals.Trouble) string {
	if t == nil {
		return ""
	}
	return typed(firstOf(t.Text, t.Code, t.Doing))
}

// cause shows why something failed or waits: Entra's words as a quotation, never
// as ours, and what Microsoft's support will ask for.
func (d render) cause(locale string, t *approvals.Trouble) []slack.RichTextElement {
	if t == nil {
		return nil
	}
	var out []slack.RichTextElement
	if q := quote(why(t)); q != nil {
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
	l, value := d.Locale, target(r, stage).Value()
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
		if retryable(r) {
			return slack.NewActionBlock("", d.retry(l, r))
		}
	case approvals.Inviting, approvals.Invited, approvals.Active, approvals.Ending, approvals.Denied,
		approvals.Cancelled, approvals.TimedOut, approvals.Ended:
	}
	return nil
}

// retry is the button for an admin after a failure.
func (d render) retry(locale string, r approvals.Request) *slack.ButtonBlockElement {
	return button(ActionRetry, target(r, r.Stage).Value(), d.Words.Say(locale, "button.retry", nil))
}

// shortAddress cuts an address so that its domain stays whole as long as it can:
// whose partner this is matters more than who.
func shortAddress(email string, most int) string {
	user, domain, _ := strings.Cut(typed(email), "@")
	room := most - len([]rune(domain)) - 1
	if room < 8 { // of a very long domain the end says whose it is
		all := []rune(user + "@" + domain)
		if len(all) <= most {
			return string(all)
		}
		return "…" + string(all[len(all)-most+1:])
	}
	return cut(user, room) + "@" + domain
}

// confirmApprove repeats whom and what an approval is for, and whether it is
// the last word.
func (d render) confirmApprove(r approvals.Request) *slack.ConfirmationBlockObject {
	const short = 60
	l := d.Locale
	last := r.Stage+1 >= len(r.Access.Stages) && approved(r)+1 >= max(r.CurrentStage().Quorum, 1)
	text := d.Words.Say(l, "confirm.approve.text", Args{
		"guest": cut(typed(r.Guest.Name), short), "email": shortAddress(r.Guest.Email, 2*short), "access": cut(typed(r.Access.Title), short),
		"for": d.lasts(l, r), "last": last,
	})
	return confirm(d.Words.Say(l, "confirm.approve.title", Args{"id": r.ID}), text,
		d.Words.Say(l, "button.approve", nil), d.Words.Say(l, "confirm.back", nil))
}

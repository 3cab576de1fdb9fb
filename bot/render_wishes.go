package bot

import (
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// usualNudges are those that a stage takes where the policy says nothing.
const usualNudges = 3

// directButtons are what the requester can do about a request as it stands; nil
// if there is nothing.
func (d render) directButtons(locale string, r approvals.Request) slack.Block {
	var all []slack.BlockElement
	press := func(action, label string) *slack.ButtonBlockElement {
		el := button(action, target(r, r.Stage).Value(), d.Words.Say(locale, label, nil))
		all = append(all, el)
		return el
	}
	held := d.seen(r).Held(d.seen(r).Changed)
	switch {
	case !r.Erased.IsZero():
		return nil
	case r.State == approvals.Pending:
		_, asked := r.Asked()
		if asked {
			press(ActionAnswer, "button.answer").WithStyle(slack.StylePrimary)
		}
		if r.Changeable(r.Requester, r.Tag) == nil {
			press(ActionEdit, "button.edit")
		}
		if !asked && len(r.Nudges) < nudgesOf(r) {
			press(ActionNudge, "button.nudge")
		}
		all = append(all, d.withdraw(locale, r))
	case held:
		all = append(all, d.withdraw(locale, r))
	case givable(r):
		back := press(ActionGiveBack, "button.give_back")
		back.Confirm = confirm(d.Words.Say(locale, "confirm.give_back.title", Args{"id": r.ID}),
			d.Words.Say(locale, "confirm.give_back.text", Args{"guest": d.guestName(locale, r), "access": shownText(r.Access.Title), "several": len(r.Guests) > 0}),
			d.Words.Say(locale, "button.give_back", nil), d.Words.Say(locale, "confirm.withdraw.keep", nil))
	}
	if len(all) == 0 {
		return nil
	}
	return slack.NewActionBlock("", all...)
}

// nudgesOf is how often a requester may remind a stage.
func nudgesOf(r approvals.Request) int {
	if r.Limits.NudgeLimit > 0 {
		return r.Limits.NudgeLimit
	}
	return usualNudges
}

// givable reports whether there is something that the requester can give back.
func givable(r approvals.Request) bool {
	switch r.State {
	case approvals.Inviting, approvals.Invited, approvals.Active, approvals.Split, approvals.Failed:
		return true
	case approvals.Pending, approvals.Ending, approvals.Denied, approvals.Cancelled, approvals.TimedOut, approvals.Ended:
	}
	return false
}

// EditForm changes what was asked for before anybody has decided. Who the guest
// is and what they are to get stays: for another guest or access there is another request.
func (d render) EditForm(locale string, r approvals.Request, f Form) slack.ModalViewRequest {
	a, ok := d.Policy().Access(r.Access.ID)
	if !ok {
		a = r.Access
	}
	if !f.allows(a, f.For) {
		f.For = ""
	}
	blocks := []slack.Block{paragraphs(d.Words.phrase(locale, "edit.intro", Args{"guest": d.guest(locale, r), "access": Bold(shownText(r.Access.Title))}))}
	blocks = append(blocks, d.guestInputs(locale, f)...)
	blocks = append(blocks, d.accessInputs(locale, f, a)...)
	view := d.modal(locale, CallbackEdit, "edit.title", "edit.submit", append(blocks, d.whyInput(locale, f)))
	view.PrivateMetadata = target(r, r.Stage).Value()
	return view
}

// AnswerForm asks the requester what an approver wants to know.
func (d render) AnswerForm(locale string, r approvals.Request, q approvals.Exchange) slack.ModalViewRequest {
	intro := paragraphs(d.Words.phrase(locale, "answer.intro", Args{"by": d.person(q.By), "guest": d.guestName(locale, r)}))
	if said := quote(q.Question); said != nil {
		intro.Elements = append(intro.Elements, said)
	}
	text := d.input(locale, approvals.FieldAnswer, "answer.label", "answer.example", "")
	text.Hint = plainText(d.Words.Say(locale, "answer.hint", nil), maxText)
	multiline(text)
	view := d.modal(locale, CallbackAnswer, "answer.title", "answer.submit", []slack.Block{intro, text})
	view.PrivateMetadata = openQuestion{Target: target(r, r.Stage), At: q.At}.value()
	return view
}

// openQuestion says which question of which request an answer is for.
type openQuestion struct {
	Target
	At time.Time
}

func (a openQuestion) value() string {
	return a.Value() + "?" + strconv.FormatInt(a.At.UnixNano(), 10)
}

func parseQuestion(s string) (openQuestion, bool) {
	about, at, _ := strings.Cut(s, "?")
	t, ok := ParseTarget(about)
	n, err := strconv.ParseInt(at, 10, 64)
	return openQuestion{Target: t, At: time.Unix(0, n).UTC()}, ok && err == nil
}

package bot

import (
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// The inputs of a delegation.
const (
	blockTo    = "to"
	blockFrom  = "from"
	blockUntil = "until"
	blockAway  = "away" // all of them, in App Home
)

// Away is somebody's wish that another person decides for them.
type Away struct {
	To          string // user ID
	From, Until string // days, 2026-12-24
}

var (
	typedUser = regexp.MustCompile(`<@([A-Z0-9]+)(?:\|[^>]*)?>`)
	typedDay  = regexp.MustCompile(`(?i)\b(from|since|until|till|to)\s+(\d{4}-\d{2}-\d{2})\b`)
)

// awayTyped reads what was typed after "delegate" as far as it can be read.
func awayTyped(text string) Away {
	var a Away
	if m := typedUser.FindStringSubmatch(text); m != nil {
		a.To = m[1]
	}
	for _, m := range typedDay.FindAllStringSubmatch(text, -1) {
		if word := strings.ToLower(m[1]); word == "from" || word == "since" {
			a.From = m[2]
		} else {
			a.Until = m[2]
		}
	}
	return a
}

// span is the time of the delegation: from the beginning of the first day, or from
// now on, to the end of the last.
func (a Away) span(now time.Time) (start, end time.Time) {
	start, end = now, endOf(a.Until)
	if begins, err := time.Parse(time.DateOnly, a.From); err == nil && begins.After(now) {
		start = begins
	}
	return start, end
}

// DelegateForm asks who decides for somebody, and for how long.
func (d render) DelegateForm(locale string, a Away, present *approvals.Delegation) slack.ModalViewRequest {
	who := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText(d.Words.Say(locale, "away.to.choose", nil), maxPlaceholder), blockTo)
	who.InitialUser = a.To
	to := slack.NewInputBlock(blockTo, plainText(d.Words.Say(locale, "away.to", nil), maxText), plainText(d.Words.Say(locale, "away.to.hint", nil), maxText), who)
	from := d.pickDay(locale, blockFrom, "away.from", a.From, blockFrom).WithOptional(true)
	from.Hint = plainText(d.Words.Say(locale, "away.from.hint", nil), maxText)
	until := d.pickDay(locale, blockUntil, "away.until", a.Until, blockUntil)
	blocks := []slack.Block{paragraphs(d.away(locale, present))}
	return d.modal(locale, CallbackDelegate, "away.title", "away.submit", append(blocks, to, from, until))
}

// away says who decides for somebody now, and what that means.
func (d render) away(locale string, present *approvals.Delegation) []piece {
	if present == nil {
		return d.Words.phrase(locale, "away.intro", nil)
	}
	return d.Words.phrase(locale, "away.present", Args{"to": Mention(present.To.User), "from": day(present.Start.UTC().Truncate(24 * time.Hour)), "until": day(present.End)})
}

// homeAway is App Home's section for a delegation.
func (d render) homeAway(locale string, present *approvals.Delegation) []slack.Block {
	say := func(id string) *slack.TextBlockObject { return plainText(d.Words.Say(locale, id, nil), maxPlaceholder) }
	who := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, say("away.to.choose"), ActionPick+":"+blockTo)
	from, until := slack.NewDatePickerBlockElement(ActionPick+":"+blockFrom), slack.NewDatePickerBlockElement(ActionPick+":"+blockUntil)
	from.Placeholder, until.Placeholder = say("away.from"), say("away.until")
	controls := []slack.BlockElement{who, from, until, button(ActionDelegate, ActionDelegate, d.Words.Say(locale, "button.delegate", nil))}
	if present != nil {
		controls = append(controls, button(ActionDelegateOff, ActionDelegateOff, d.Words.Say(locale, "button.delegate_off", nil)))
	}
	return []slack.Block{
		header(d.Words.Say(locale, "away.head", nil)), paragraphs(d.away(locale, present)), slack.NewActionBlock(blockAway, controls...),
	}
}

package bot

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// maxTrail keeps a long story within one message; the beginning and the end
// matter most, so it is the middle that is left out.
const maxTrail = 40

// Story is everything that happened to a request, in order, for those who may
// see it: what was asked, and every entry of its trail in words.
func (d render) Story(locale string, r approvals.Request, trail []approvals.Entry) Message {
	state := d.state(locale, r)
	head := d.Words.Say(locale, "card.head", Args{"id": r.ID, "state": state})
	body := paragraphs(d.Words.phrase(locale, "card.asks", Args{
		"by": d.person(r.Requester), "access": Bold(shownText(r.Access.Title)), "guest": d.guest(locale, r),
	}), d.Words.phrase(locale, "card.lasts", Args{"lasts": d.lasts(locale, r)}))
	if q := quote(r.Reason); q != nil {
		body.Elements = append(body.Elements, q)
	}
	if !r.Erased.IsZero() {
		body.Elements = append(body.Elements, paragraphs(d.Words.phrase(locale, "story.erased", Args{"at": minute(r.Erased)})).Elements...)
	}
	if r.State == approvals.Failed || delayed(r) {
		body.Elements = append(body.Elements, d.standing(locale, forApprovers, r)...)
	}
	m := Message{
		Text:   fallback(d.Words.Say(locale, "story.text", Args{"id": r.ID})),
		Blocks: []slack.Block{header(head), body, d.trail(locale, r, trail)},
	}
	if retryable(r) {
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", d.retry(locale, r)))
	}
	return m
}

func (d render) trail(locale string, r approvals.Request, trail []approvals.Entry) slack.Block {
	items := bullets{Type: slack.RTEList, Style: slack.RTEListBullet}
	add := func(line []piece) {
		items.Elements = append(items.Elements, slack.NewRichTextSection(asElements(line)...))
	}
	omitted, newest := max(len(trail)-maxTrail, 0), lastTrouble(trail)
	for i, e := range trail {
		switch {
		case omitted > 0 && i == maxTrail/2:
			add(d.Words.phrase(locale, "story.omitted", Args{"count": omitted}))
		case omitted > 0 && i > maxTrail/2 && i < maxTrail/2+omitted:
		default:
			limit := maxDetail
			if i == newest {
				limit = maxTrouble
			}
			add(d.entry(locale, r, e, limit))
		}
	}
	if len(items.Elements) == 0 {
		return paragraphs(d.Words.phrase(locale, "story.empty", nil))
	}
	return slack.NewRichTextBlock("", items)
}

// lastTrouble is the place of the newest entry that says what was in the way. It
// is shown whole: its end is the ID that support asks for.
func lastTrouble(trail []approvals.Entry) int {
	for i, e := range slices.Backward(trail) {
		if e.Event == "refused by Entra" || e.Event == "delayed" {
			return i
		}
	}
	return -1
}

// entry words one line of the trail, what was typed or said in it cut to so many
// characters.
func (d render) entry(locale string, r approvals.Request, e approvals.Entry, limit int) []piece {
	id, detail, words := "trail."+key(strings.ToLower(e.Event)), e.Detail, e.Words
	if e.Erased && words == "" {
		words = d.Words.Say(locale, "guest.erased", nil)
	}
	args := Args{"by": Mention(e.By.User), "why": "", "access": shownText(r.Access.Title)}
	switch e.Event {
	case "opened":
		detail = ""
	case "pressed", "voted", "dismissed", approvals.EventRefused:
		id, detail, args["why"] = d.verdict(locale, e.Event, detail)
		detail = firstOf(words, detail)
	case "granted", "taken back":
		detail = strings.TrimPrefix(detail, "group:")
	case "delayed", "refused by Entra":
		if words != "" { // the codes come last, and whole: support asks for them
			detail = cut(typed(words), limit) + " (" + cut(typed(detail), maxHitch) + ")"
			limit = maxTrouble + maxHitch
		}
	}
	args["detail"] = cut(typed(detail), limit)
	return append(d.Words.phrase(locale, "trail.at", Args{"at": minute(e.At)}), d.Words.phrase(locale, id, args)...)
}

// verdict takes apart the detail of an entry about a decision: "deny" with a
// reason that older entries have in it, "approve: own_request". why says briefly
// why it did not count. One refused at once reads like one that was dismissed.
func (d render) verdict(locale, event, detail string) (id, rest, why string) {
	verdict, rest, _ := strings.Cut(detail, ": ")
	if event == "dismissed" || event == approvals.EventRefused {
		return "trail.dismissed." + verdict, "", d.because(locale, rest)
	}
	return "trail." + event + "." + verdict, rest, ""
}

// briefly are the refusals that a press can end in, with a few words each.
var briefly = []*approvals.Refusal{
	approvals.ErrNotApprover, approvals.ErrOwnRequest, approvals.ErrRepeated, approvals.ErrTooLate, approvals.ErrStaleStage,
	approvals.ErrDecided, approvals.ErrOnlyAdmins, approvals.ErrNotRetryable, approvals.ErrUnknownPerson, approvals.ErrBot,
	approvals.ErrForeign, approvals.ErrDeactivated, approvals.ErrSlackGuest, approvals.ErrDenyReason, approvals.ErrTooLong,
	approvals.ErrNotCancellable, approvals.ErrOnlyRequester, approvals.ErrOldCard,
}

// because says briefly why a press did not count, by its code if there are no
// words for it.
func (d render) because(locale, code string) string {
	if slices.ContainsFunc(briefly, func(r *approvals.Refusal) bool { return string(r.Code) == code }) {
		return d.Words.Say(locale, "because."+code, nil)
	}
	return cut(typed(code), maxDetail)
}

// bullets is a list in rich text with the fields that Slack documents, and no others.
type bullets struct {
	Type     slack.RichTextElementType     `json:"type"`
	Style    slack.RichTextListElementType `json:"style"`
	Elements []slack.RichTextElement       `json:"elements"`
}

// RichTextElementType makes bullets an element of a rich_text block.
func (b bullets) RichTextElementType() slack.RichTextElementType { return b.Type }

// Help explains a command to whoever asked for it.
func (d render) Help(locale, command string) Message {
	id := "help.invite"
	if command == CommandRequests {
		id = "help.requests"
	}
	return d.Words.Notice(locale, id, Args{"invite": CommandInvite, "requests": CommandRequests})
}

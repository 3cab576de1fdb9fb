package bot

import (
	"slices"

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
	trail = slices.DeleteFunc(slices.Clone(trail), func(e approvals.Entry) bool { return e.Event == approvals.EventDelegated })
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

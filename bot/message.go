package bot

import (
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"
)

// Message is something to say in Slack: blocks, and the text of the
// notification. The text is escaped already.
type Message struct {
	Text   string
	Blocks []slack.Block
}

// Notice returns a sentence as a message, with whatever was typed in it as text
// elements that Slack never reads as markup.
func (w *Words) Notice(locale, id string, args Args) Message {
	return notice(w.phrase(locale, id, args))
}

func notice(ps []piece) Message {
	return Message{Text: fallback(asPlain(ps)), Blocks: []slack.Block{paragraphs(ps)}}
}

// fallback makes plain text safe as the top-level text of a message.
func fallback(plain string) string {
	return slackutilsx.EscapeMessage(cut(strings.TrimSpace(plain), maxText))
}

// options are how every message of ours leaves: no unfurled links, no names or
// channels guessed out of text.
func (m Message) options(more ...slack.MsgOption) []slack.MsgOption {
	return append([]slack.MsgOption{
		slack.MsgOptionText(m.Text, false),
		slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionParse(false),
	}, more...)
}

// paragraphs is one rich_text block with a line for each phrase; empty ones are
// left out.
func paragraphs(lines ...[]piece) *slack.RichTextBlock {
	block := &slack.RichTextBlock{Type: slack.MBTRichText, Elements: []slack.RichTextElement{}}
	for _, ps := range lines {
		if els := asElements(ps); len(els) > 0 {
			block.Elements = append(block.Elements, slack.NewRichTextSection(els...))
		}
	}
	return block
}

// quote shows what somebody typed as a quotation; nil for nothing.
func quote(text string) slack.RichTextElement {
	text = cut(typedLines(text), maxQuote)
	if text == "" {
		return nil
	}
	return &slack.RichTextQuote{Type: slack.RTEQuote, Elements: literal(text).elements()}
}

func header(text string) *slack.HeaderBlock {
	return slack.NewHeaderBlock(plainText(text, maxHeader))
}

func plainText(text string, limit int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, cut(text, limit), false, false)
}

// markupText is for sentences of ours whose arguments are escaped already.
func markupText(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, cut(text, maxText), false, true)
}

func button(action, value, label string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, plainText(label, maxButton))
}

func confirm(title, text, yes, no string) *slack.ConfirmationBlockObject {
	return slack.NewConfirmationBlockObject(plainText(title, maxConfirmTitle), plainText(text, maxConfirmText),
		plainText(yes, maxConfirmButton), plainText(no, maxConfirmButton))
}

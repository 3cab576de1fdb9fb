package bot

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"

	"partnerbot/approvals"
)

// Arguments of sentences that Slack shows in its own way.
type (
	// Mention is a user ID.
	Mention string
	// GroupMention is the ID of a user group.
	GroupMention string
	// ChannelMention is a channel's ID.
	ChannelMention string
	// Bold is text of ours or of anybody, shown bold where that is possible.
	Bold string
	// Phrase is a sentence inside a sentence.
	Phrase []piece
)

// Moment is a time, shown in the reader's own time zone where that is possible.
type Moment struct {
	At     time.Time
	Format string // Slack's tokens, e.g. "{date} at {time}"; empty: everybody reads it in UTC
	Plain  string // layout for where Slack's tokens are not read
}

// day is a day with its year. One that somebody chose is that very day for every
// reader, wherever they are.
func day(at time.Time) Moment {
	m := Moment{At: at, Format: "{date}", Plain: "2 Jan 2006"}
	if wholeDay(at) {
		m.Format = ""
	}
	return m
}

// wholeDay reports that a moment is the first or the last second of a day in UTC,
// which is how a day that somebody chose is kept.
func wholeDay(at time.Time) bool {
	h, m, s := at.UTC().Clock()
	return h == 0 && m == 0 && s == 0 || h == 23 && m == 59 && s == 59
}

func minute(at time.Time) Moment {
	return Moment{At: at, Format: "{date_short} at {time}", Plain: "2 Jan 2006 15:04 UTC"}
}

// date is a day without its year, for what was lately.
func date(at time.Time) Moment { return Moment{At: at, Format: "{date_short}", Plain: "2 Jan 2006"} }

// clock is a time of today, second is one that is told to the second.
func clock(at time.Time) Moment { return Moment{At: at, Format: "{time}", Plain: "15:04 UTC"} }

func second(at time.Time) Moment { return Moment{At: at, Format: "{time_secs}", Plain: "15:04:05 UTC"} }

// piece is a part of a sentence that can be written in every form Slack reads.
type piece interface {
	empty() bool
	plain() string
	markup() string
	elements() []slack.RichTextSectionElement
}

// pieceOf makes a piece of an argument; false for what is data of the template.
func pieceOf(value any) (piece, bool) {
	switch v := value.(type) {
	case string:
		return literal(cut(typed(v), maxArg)), true
	case approvals.RequestID:
		return literal(string(v)), true
	case piece:
		return v, true
	}
	return nil, false
}

type literal string

func (l literal) empty() bool    { return l == "" }
func (l literal) plain() string  { return string(l) }
func (l literal) markup() string { return slackutilsx.EscapeMessage(string(l)) }
func (l literal) elements() []slack.RichTextSectionElement {
	return []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(string(l), nil)}
}

func (b Bold) empty() bool    { return typed(string(b)) == "" }
func (b Bold) plain() string  { return typed(string(b)) }
func (b Bold) markup() string { return slackutilsx.EscapeMessage(b.plain()) }
func (b Bold) elements() []slack.RichTextSectionElement {
	return []slack.RichTextSectionElement{
		slack.NewRichTextSectionTextElement(b.plain(), &slack.RichTextSectionTextStyle{Bold: true}),
	}
}

func (m Mention) empty() bool    { return m == "" }
func (m Mention) plain() string  { return "@" + string(m) }
func (m Mention) markup() string { return "<@" + idOnly(string(m)) + ">" }
func (m Mention) elements() []slack.RichTextSectionElement {
	return []slack.RichTextSectionElement{slack.NewRichTextSectionUserElement(string(m), nil)}
}

func (g GroupMention) empty() bool    { return g == "" }
func (g GroupMention) plain() string  { return "@" + string(g) }
func (g GroupMention) markup() string { return "<!subteam^" + idOnly(string(g)) + ">" }
func (g GroupMention) elements() []slack.RichTextSectionElement {
	return []slack.RichTextSectionElement{slack.NewRichTextSectionUserGroupElement(string(g))}
}

func (c ChannelMention) empty() bool    { return c == "" }
func (c ChannelMention) plain() string  { return "#" + string(c) }
func (c ChannelMention) markup() string { return "<#" + idOnly(string(c)) + ">" }
func (c ChannelMention) elements() []slack.RichTextSectionElement {
	return []slack.RichTextSectionElement{slack.NewRichTextSectionChannelElement(string(c), nil)}
}

func (m Moment) empty() bool   { return m.At.IsZero() }
func (m Moment) plain() string { return m.At.UTC().Format(m.Plain) }
func (m Moment) markup() string {
	if m.Format == "" {
		return literal(m.plain()).markup()
	}
	return fmt.Sprintf("<!date^%s^%s|%s>", strconv.FormatInt(m.At.Unix(), 10), m.Format, m.plain())
}

func (m Moment) elements() []slack.RichTextSectionElement {
	fallback := m.plain()
	if m.Format == "" {
		return literal(fallback).elements()
	}
	return []slack.RichTextSectionElement{slack.NewRichTextSectionDateElement(m.At.Unix(), m.Format, nil, &fallback)}
}

func (p Phrase) empty() bool                              { return len(p) == 0 }
func (p Phrase) plain() string                            { return asPlain(p) }
func (p Phrase) markup() string                           { return asMarkup(p) }
func (p Phrase) elements() []slack.RichTextSectionElement { return asElements(p) }

// idOnly keeps what an ID of Slack's consists of, so that nothing else gets
// between the angle brackets.
func idOnly(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, id)
}

func asPlain(ps []piece) string { return joined(ps, piece.plain) }

func asMarkup(ps []piece) string { return joined(ps, piece.markup) }

func joined(ps []piece, write func(piece) string) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(write(p))
	}
	return b.String()
}

func asElements(ps []piece) []slack.RichTextSectionElement {
	var out []slack.RichTextSectionElement
	for _, p := range ps {
		if !p.empty() {
			out = append(out, p.elements()...)
		}
	}
	return out
}

package bot

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// cardLines is how long a card may be, with its title and its buttons, and
// lineWidth how many characters of it Slack shows in one line of a window.
const (
	cardLines = 12
	lineWidth = 100
)

// row is a part of a card. What has the rank 0 is always there; the others get the
// room that is left, the lowest rank first.
type row struct {
	slack.RichTextElement
	rank int
	soft bool                  // a line of it is enough where there is little room
	long slack.RichTextElement // takes its place where room is left; nil if it has no more to say
}

// lines are rows of one rank; empty ones are left out.
func lines(rank int, all ...[]piece) []row {
	var rows []row
	for _, el := range paragraphs(all...).Elements {
		rows = append(rows, row{RichTextElement: el, rank: rank})
	}
	return rows
}

// tight shortens what may be long, to a line each, if what is always there takes more
// than so many lines. If that is not enough, what was shortened need not be there,
// but for quotations.
func tight(rows []row, room int) []row {
	if always(rows) <= room {
		return rows
	}
	out := slices.Clone(rows)
	for i, r := range out {
		if q, ok := r.RichTextElement.(*slack.RichTextQuote); ok {
			out[i].RichTextElement = quote(excerpt(textOf(q), lineWidth-2, 1))
		} else if r.soft {
			out[i].RichTextElement = clipped(r.RichTextElement, lineWidth)
		}
	}
	over := always(out) > room
	for i, r := range out {
		if _, ok := r.RichTextElement.(*slack.RichTextQuote); !ok && r.soft && over {
			out[i].rank = 1
		}
	}
	return out
}

// always is how many lines those rows take that are always there.
func always(rows []row) int {
	height := 0
	for _, r := range rows {
		if r.rank == 0 {
			height += r.height()
		}
	}
	return height
}

// fitted leaves out what does not fit into so many lines.
func fitted(rows []row, room int) []row {
	first := make([]int, len(rows))
	for i := range rows {
		first[i] = i
	}
	slices.SortStableFunc(first, func(a, b int) int { return cmp.Compare(rows[a].rank, rows[b].rank) })
	kept := make([]bool, len(rows))
	for _, i := range first {
		if height := rows[i].height(); rows[i].rank == 0 || height <= room {
			kept[i], room = true, room-height
		}
	}
	var out []row
	for i, r := range rows {
		if !kept[i] {
			continue
		}
		if longer := (row{RichTextElement: r.long}); r.long != nil && longer.height()-r.height() <= room {
			room -= longer.height() - r.height()
			r = longer
		}
		out = append(out, r)
	}
	return out
}

// blockOf puts rows into one block.
func blockOf(rows []row) slack.Block {
	block := paragraphs()
	for _, r := range rows {
		block.Elements = append(block.Elements, r.RichTextElement)
	}
	return block
}

// height is about how many lines a row takes in a window.
func (r row) height() int {
	height := 0
	for line := range strings.SplitSeq(textOf(r.RichTextElement), "\n") {
		height += 1 + max(utf8.RuneCountInString(line)-1, 0)/lineWidth
	}
	return height
}

// textOf is about what somebody reads of an element.
func textOf(el slack.RichTextElement) string {
	var parts []slack.RichTextSectionElement
	switch el := el.(type) {
	case *slack.RichTextSection:
		parts = el.Elements
	case *slack.RichTextQuote:
		parts = el.Elements
	}
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case *slack.RichTextSectionTextElement:
			b.WriteString(p.Text)
		case *slack.RichTextSectionDateElement:
			b.WriteString("23 Nov at 09:00")
		default: // somebody's name, or a user group's
			b.WriteString("@somebody there")
		}
	}
	return b.String()
}

// lengthened are rows with a sentence at the end of the last that has room for it.
func lengthened(rows []row, sentence []piece) ([]row, bool) {
	out := slices.Clone(rows)
	for i, r := range slices.Backward(out) {
		s, ok := r.RichTextElement.(*slack.RichTextSection)
		if !ok {
			continue
		}
		longer := r
		longer.RichTextElement = slack.NewRichTextSection(append(slices.Clone(s.Elements), asElements(append([]piece{literal(" ")}, sentence...))...)...)
		if longer.height() == r.height() {
			out[i] = longer
			return out, true
		}
	}
	return rows, false
}

// clipped is an element with at most so many characters of text, of which it shows by
// an ellipsis that there were more.
func clipped(el slack.RichTextElement, most int) slack.RichTextElement {
	s, ok := el.(*slack.RichTextSection)
	if !ok || utf8.RuneCountInString(textOf(el)) <= most {
		return el
	}
	out := slack.NewRichTextSection()
	for _, part := range s.Elements {
		left := most - utf8.RuneCountInString(textOf(out))
		text, isText := part.(*slack.RichTextSectionTextElement)
		if isText && left > 1 {
			short := *text
			short.Text = cut(text.Text, left)
			out.Elements = append(out.Elements, &short)
			continue
		}
		if left <= utf8.RuneCountInString(textOf(slack.NewRichTextSection(part))) {
			break
		}
		out.Elements = append(out.Elements, part)
	}
	if last, ok := out.Elements[len(out.Elements)-1].(*slack.RichTextSectionTextElement); !ok || !strings.HasSuffix(last.Text, ellipsis) {
		out.Elements = append(out.Elements, slack.NewRichTextSectionTextElement(ellipsis, nil))
	}
	return out
}

// shortened is an element with no more of a quotation than a card has room for.
func shortened(el slack.RichTextElement) slack.RichTextElement {
	q, ok := el.(*slack.RichTextQuote)
	if !ok {
		return el
	}
	return quote(excerpt(textOf(q), maxExcerpt, 3))
}

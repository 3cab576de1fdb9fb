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
}

// lines are rows of one rank; empty ones are left out.
func lines(rank int, all ...[]piece) []row {
	var rows []row
	for _, el := range paragraphs(all...).Elements {
		rows = append(rows, row{el, rank})
	}
	return rows
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
		if kept[i] {
			out = append(out, r)
		}
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

// shortened is an element with no more of a quotation than a card has room for.
func shortened(el slack.RichTextElement) slack.RichTextElement {
	q, ok := el.(*slack.RichTextQuote)
	if !ok {
		return el
	}
	return quote(excerpt(textOf(q), maxExcerpt, 3))
}

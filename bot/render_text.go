package bot

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Block Kit's limits, in characters, for the texts we write. Texts of messages
// and quotations stay below what Slack takes so that a card stays readable.
const (
	maxText          = 3000
	maxQuote         = 1000
	maxHeader        = 150
	maxModalTitle    = 24
	maxButton        = 75
	maxConfirmTitle  = 100
	maxConfirmText   = 300
	maxConfirmButton = 30
	maxOption        = 75
	maxOptions       = 100
	maxPlaceholder   = 150
	maxPrefill       = 3000
	maxName          = 100
	maxArg           = 2000 // a redeem link is the longest
	maxEmail         = 254
	maxDetail        = 150
	maxHitch         = 300
	maxTrouble       = 1000
	maxWords         = 200 // of what somebody wrote, within a sentence of a card
	shortName        = 48  // of a name, on a card
	shortEmail       = 64
	maxExcerpt       = 160 // of a quotation, on a card
)

const ellipsis = "…"

// cut shortens a text to so many characters, never inside one, and shows by an
// ellipsis that it did.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return strings.TrimRightFunc(string(runes[:limit-1]), unicode.IsSpace) + ellipsis
}

// excerpt shortens a text to so many characters and lines.
func excerpt(s string, limit, lines int) string {
	all := strings.Split(typedLines(s), "\n")
	kept := slices.DeleteFunc(all, func(line string) bool { return line == "" })
	text := strings.Join(kept[:min(len(kept), lines)], "\n")
	if len(kept) > lines {
		text += ellipsis
	}
	return cut(text, limit)
}

// shownWords is what somebody wrote, within a sentence.
func shownWords(s string) string { return cut(quotable(s), maxWords) }

// quotable is what somebody typed, to stand between quotation marks of ours: it has
// none that could end them.
func quotable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Pi, unicode.Pf) || strings.ContainsRune("\"„‚″＂ʺ״〃〝〞〟「」『』❛❜❝❞", r) {
			return '\''
		}
		return r
	}, typed(s))
}

// enclosed is what somebody typed, to stand between brackets of ours as well.
func enclosed(s string) string {
	return typed(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Ps, unicode.Pe) {
			return ' '
		}
		return r
	}, quotable(s)))
}

// typed makes one line of what somebody typed: no line breaks, and none of the
// invisible characters that turn text around or hide a part of it.
func typed(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// typedLines does the same and keeps line breaks, at most one empty line in a row.
func typedLines(s string) string {
	lines := strings.Split(visible(s), "\n")
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimRightFunc(strings.Join(kept, "\n"), unicode.IsSpace)
}

// visible drops control characters, direction overrides and zero-width spaces.
// The joiners stay: scripts and emoji need them.
func visible(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\u200C' || r == '\u200D':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
}

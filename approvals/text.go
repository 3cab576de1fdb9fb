package approvals

import (
	"strings"
	"unicode"
)

// clean leaves out of a draft's texts what nobody can see, so that approvers,
// Entra and the trail all have the same words.
func (d Draft) clean() Draft {
	d.Name, d.Company, d.Reason = oneLine(d.Name), oneLine(d.Company), cleanText(d.Reason)
	return d
}

func oneLine(s string) string { return strings.Join(strings.Fields(cleanText(s)), " ") }

// cleanText drops control characters, marks that turn the direction of writing
// and whatever else has no look of its own. Line breaks stay, and so do the
// joiners that some scripts are written with.
func cleanText(s string) string {
	if isPlain(s) {
		return strings.TrimSpace(s)
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\u200c' || r == '\u200d':
			return r
		case r == '\r' || r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp), blank(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}

// isPlain reports whether a text is nothing but printable ASCII and line breaks,
// as most are, of which nothing is dropped.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\n') || c > '~' {
			return false
		}
	}
	return true
}

// blank characters are letters or symbols by name that show nothing.
func blank(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u2800', '\u3164', '\uffa0', '\u034f', '\u17b4', '\u17b5':
		return true
	}
	return false
}

// visible reports whether there is anything to read in a text.
func visible(s string) bool {
	return strings.ContainsFunc(cleanText(s), func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)
	})
}

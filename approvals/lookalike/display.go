package lookalike

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Display returns the domain as a person should see it: in its own script
// where no label of it passes for something else, and in its xn-- form where
// one does. Whatever it is given, the result has nothing invisible in it; what
// no domain can have in it is shown as a question mark.
func Display(d string) string {
	ascii := toASCII(d)
	if strings.ContainsFunc(ascii, func(r rune) bool { return !inHostname(r) }) {
		return strings.Map(func(r rune) rune {
			if inHostname(r) {
				return r
			}
			return '?'
		}, ascii)
	}
	if len(ascii) > maxDomain || !strings.Contains(ascii, "xn--") {
		return ascii
	}
	shown, err := idna.Display.ToUnicode(ascii)
	if err != nil || toASCII(shown) != ascii {
		return ascii
	}
	labels := strings.Split(shown, ".")
	top := labels[len(labels)-1]
	for _, label := range labels {
		if !safe(label, top) {
			return ascii
		}
	}
	return shown
}

func inHostname(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLower(r) || unicode.IsDigit(r) || strings.ContainsRune("-._", r))
}

// safe reports whether a label shows what it is: letters of one writing that
// are in use and visible, and not all of them the twins of Latin ones, unless
// the top-level domain says which alphabet it is.
func safe(label, top string) bool {
	if mixesScripts(label) {
		return false
	}
	twinned, own := false, false
	for _, r := range label {
		if r < unicode.MaxASCII {
			continue
		}
		script := scriptOf(r)
		if !unicode.In(r, unicode.L, unicode.M, unicode.Nd) || script == "" && (unicode.Is(unicode.M, r) || !shared(r)) || odd(r) {
			return false
		}
		twinned = twinned || twins[r] != 0
		own = own || twins[r] == 0
	}
	return !twinned || own || scriptOf(firstRune(top)) != "Latin"
}

// odd reports whether a letter is for phoneticians, or drawn like another
// Latin letter or a sign so closely that the mark is not seen.
func odd(r rune) bool {
	latin := unicode.Is(unicode.Latin, r)
	return latin && (r > '\u024f' && r < '\u1e00' || r > '\u1eff') || strings.ContainsRune("\u0131\u0138\u0237\u017f\u01c0\u01c1\u01c2\u01c3", r)
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

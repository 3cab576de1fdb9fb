package lookalike

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// What the domain name system lets through.
const (
	maxDomain = 253
	maxLabel  = 63
)

// lookup maps what a person or a mail program may write to what is looked up:
// case, width and composed letters.
var lookup = idna.New(idna.MapForLookup(), idna.StrictDomainName(false))

// name is a domain taken apart for comparison.
type name struct {
	given   string
	ascii   string   // the whole domain, lower case
	base    string   // its registrable domain, in ASCII
	owner   string   // whose it is: the base, or the public suffix that a provider lends names under
	front   []string // the labels before the owner's, in Unicode
	label   string   // of the base, the part in front of the public suffix, in Unicode
	suffix  string   // public, without the dot
	runes   []rune   // of the label
	letters []letter // of the label
	shape   string   // what these look like
	mixed   bool     // the label mixes alphabets
}

// parse takes a domain apart. It is false for what nobody can register (an IP
// address, a public suffix, a single label, text), with ascii alone filled in
// where there is something to compare for equality.
func parse(given string) (n name, ok bool) {
	n.given, n.ascii = given, toASCII(given)
	if len(n.ascii) > maxDomain {
		return n, false
	}
	base, err := publicsuffix.EffectiveTLDPlusOne(n.ascii)
	if err != nil {
		return n, false
	}
	suffix, icann := publicsuffix.PublicSuffix(n.ascii)
	n.base, n.owner, n.suffix = base, base, suffix
	label := strings.TrimSuffix(base, "."+suffix)
	if label == "" || len(label) > maxLabel {
		return n, false
	}
	if !icann && strings.Contains(suffix, ".") {
		n.owner = suffix
	}
	if front := strings.TrimSuffix(n.ascii, n.owner); front != "" {
		for l := range strings.SplitSeq(strings.TrimSuffix(front, "."), ".") {
			n.front = append(n.front, toUnicode(l))
		}
	}
	n.label = toUnicode(label)
	n.runes = []rune(n.label)
	n.letters = lettersOf(n.label)
	n.shape, _ = shapeOf(n.letters)
	n.mixed = mixesScripts(n.label)
	return n, true
}

// toASCII is the form that is looked up. What cannot be is only put in lower
// case, so that it still equals itself.
func toASCII(d string) string {
	d = strings.ToLower(strings.Trim(strings.TrimSpace(d), "."))
	if len(d) > utf8.UTFMax*maxDomain { // decoding takes the square of it
		return d
	}
	a, err := lookup.ToASCII(d)
	a = strings.TrimRight(a, ".")
	if err != nil || strings.HasPrefix(a, ".") || strings.Contains(a, "..") {
		return d
	}
	return a
}

// toUnicode decodes one label, if it can be decoded.
func toUnicode(label string) string {
	if !strings.HasPrefix(label, "xn--") {
		return label
	}
	u, err := idna.Punycode.ToUnicode(label)
	if err != nil {
		return label
	}
	return u
}

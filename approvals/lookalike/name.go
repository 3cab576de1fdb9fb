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

// tenants are the suffixes under which Microsoft gives every tenant a name of
// its own; the public suffix list has none of them. A tenant's mail also goes
// to contoso.mail.onmicrosoft.com.
var tenants = []string{"onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn"}

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
	base, suffix, lent, ok := registrable(n.ascii)
	if !ok {
		return n, false
	}
	n.base, n.owner, n.suffix = base, base, suffix
	label := strings.TrimSuffix(base, "."+suffix)
	if label == "" || len(label) > maxLabel {
		return n, false
	}
	if lent {
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

// registrable cuts the registrable domain out of a whole one in ASCII, with the
// public suffix that it stands under and whether a provider lends names there.
func registrable(ascii string) (base, suffix string, lent, ok bool) {
	for _, suffix := range tenants {
		if front, under := strings.CutSuffix(ascii, "."+suffix); under {
			front = strings.TrimSuffix(front, ".mail")
			label := front[strings.LastIndexByte(front, '.')+1:]
			return label + "." + suffix, suffix, true, label != ""
		}
		if ascii == suffix {
			return "", suffix, true, false
		}
	}
	base, err := publicsuffix.EffectiveTLDPlusOne(ascii)
	if err != nil {
		return "", "", false, false
	}
	suffix, icann := publicsuffix.PublicSuffix(ascii)
	return base, suffix, !icann && strings.Contains(suffix, "."), true
}

// Base returns the domain that stands for all of one owner, in ASCII: the
// registrable one, which below a suffix that names are lent under is the name
// that was lent. A provider of free mail does not stand for what lies under
// it, and what nobody can register stands for itself.
func Base(domain string) string {
	ascii := toASCII(domain)
	base, _, _, ok := registrable(ascii)
	if !ok || freeMail[base] || len(ascii) > maxDomain {
		return ascii
	}
	return base
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

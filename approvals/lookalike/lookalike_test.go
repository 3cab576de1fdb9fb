package lookalike

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// partners are known in most tests: names of 3 to 17 letters.
var partners = []string{
	"contoso.com", "fabrikam.de", "northwindtraders.com", "adventure-works.com", "brightwater.co.uk",
	"hooli.com", "acme.com", "ibm.com", "litware.com", "support.com", "channel4.com", "xn--bcher-kva.example",
}

func TestLike(t *testing.T) {
	tests := []struct {
		name, seen, known string
		kind              Kind
		detail            string
	}{
		{"another letter", "cantoso.com", "contoso.com", Changed, "a for o"},
		{"another letter and ending", "northwandtraders.org", "northwindtraders.com", Changed, "a for i, .org for .com"},
		{"another letter, a slip in the ending", "cantoso.cm", "contoso.com", Changed, "a for o, .cm for .com"},
		{"a letter left out", "contso.com", "contoso.com", Missing, "o"},
		{"the hyphen left out", "adventureworks.com", "adventure-works.com", Missing, "-"},
		{"a letter too many", "controso.com", "contoso.com", Added, "r"},
		{"a doubled letter is told of a short name", "accme.com", "acme.com", Added, "c"},
		{"a plural of a longer name", "contosos.com", "contoso.com", Added, "s"},
		{"swapped neighbours", "cotnoso.com", "contoso.com", Swapped, "tn for nt"},
		{"swapped neighbours in five letters", "holoi.com", "hooli.com", Swapped, "lo for ol"},
		{"digits for letters", "c0nt0so.com", "contoso.com", Homoglyph, "0 for o"},
		{"a digit in three letters", "1bm.com", "ibm.com", Homoglyph, "1 for i"},
		{"two letters for one", "adventure-vvorks.com", "adventure-works.com", Homoglyph, "vv for w"},
		{"an l for an i", "lltware.com", "litware.com", Homoglyph, "l for i"},
		{"a capital I for an l", "hooIi.com", "hooli.com", Homoglyph, "i for l"},
		{"two letters for one, and the ending", "northwincltraders.net", "northwindtraders.com", Homoglyph, "cl for d, .net for .com"},
		{"a name with a mark under another ending", "bücher.com", "xn--bcher-kva.example", Ending, ".com for .example"},
		{"the mark left out", "bucher.example", "xn--bcher-kva.example", Homoglyph, "u for ü"},
		{"wholly another alphabet", "\u0430\u0441\u043c\u0435.com", "acme.com", Homoglyph, "\u0430 (Cyrillic) for a, \u0441 (Cyrillic) for c, \u043c (Cyrillic) for m, \u0435 (Cyrillic) for e"},
		{"one letter of another alphabet", "c\u043entoso.com", "contoso.com", Punycode, "\u043e (Cyrillic) for o"},
		{"the same in ASCII", "xn--cntoso-i0e.com", "contoso.com", Punycode, "\u03bf (Greek) for o"},
		{"the same with a word", "c\u043entoso-login.com", "contoso.com", Punycode, "\u043e (Cyrillic) for o, login"},
		{"another ending", "contoso.co", "contoso.com", Ending, ".co for .com"},
		{"an ending of two parts", "brightwater.com", "brightwater.co.uk", Ending, ".com for .co.uk"},
		{"a slip in the ending of three letters", "ibm.cm", "ibm.com", Ending, ".cm for .com"},
		{"a word behind a hyphen", "contoso-billing.com", "contoso.com", Word, "billing"},
		{"a word glued in front", "securecontoso.com", "contoso.com", Word, "secure"},
		{"words on both sides", "my-contoso-login.net", "contoso.com", Word, "my, login, .net for .com"},
		{"words glued to each other", "contosopayrollportal.com", "contoso.com", Word, "payrollportal"},
		{"a number", "contoso365.com", "contoso.com", Word, "365"},
		{"a word of no list behind a hyphen", "contoso-falcon.com", "contoso.com", Word, "falcon"},
		{"a lure and three letters", "login-ibm.com", "ibm.com", Word, "login"},
		{"a lure glued to four letters", "acmebilling.com", "acme.com", Word, "billing"},
		{"a digit and a word", "c0ntoso-billing.com", "contoso.com", Word, "0 for o, billing"},
		{"a hyphen inside and a word", "con-toso-billing.com", "contoso.com", Word, "-, billing"},
		{"a hyphen elsewhere", "adven-tureworks.com", "adventure-works.com", Word, "-"},
		{"anything around a long name", "xynorthwindtradersqq.com", "northwindtraders.com", Word, "xy, qq"},
		{"hyphens inside", "north-wind-traders.com", "northwindtraders.com", Word, "-"},
		{"the known domain in front", "contoso.com.evil.example", "contoso.com", Subdomain, "evil.example"},
		{"the known domain in front, below www", "www.ibm.com.evil.example", "ibm.com", Subdomain, "evil.example"},
		{"the known domain reaches into the owner's", "ibm.com.host", "ibm.com", Subdomain, "com.host"},
		{"the known name in front", "contoso.evil.example", "contoso.com", Subdomain, "evil.example"},
		{"a disguised name in front", "c0ntoso.evil.example", "contoso.com", Subdomain, "evil.example, 0 for o"},
		{"the known name with a word in front", "login-contoso.evil.example", "contoso.com", Subdomain, "evil.example, login"},
		{"a name lent by a provider", "contoso.github.io", "contoso.com", Subdomain, "github.io"},
		{"a known name of three letters in another alphabet and country", "\u0456bm.de", "ibm.com", Punycode, "\u0456 (Cyrillic) for i, .de for .com"},
		{"a digit, and a word of no list behind a hyphen", "c0ntoso-mountains.com", "contoso.com", Word, "0 for o, mountains"},
		{"an ideographic full stop", "c0ntoso。com。", "contoso.com", Homoglyph, "0 for o"},
		{"any case and a dot", " C0NTOSO.com. ", "contoso.com", Homoglyph, "0 for o"},
	}
	k := NewKnown(partners)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := k.Like(tt.seen)
			if diff := cmp.Diff(Likeness{tt.known, tt.kind, tt.detail}, got); diff != "" || !ok {
				t.Errorf("%s: told %v (-want +got)\n%s", tt.seen, ok, diff)
			}
		})
	}
}

func TestNotLike(t *testing.T) {
	tests := []struct{ name, seen string }{
		{"a known domain", "contoso.com"},
		{"its subdomain", "eu.contoso.com"},
		{"a known domain under a known one", "contoso.com.fabrikam.de"},
		{"a known domain in its other form", "Bücher.example"},
		{"one letter away from three", "idm.com"},
		{"one letter away from four", "acne.com"},
		{"one letter away from five", "hooly.com"},
		{"one letter away from seven, in another country", "cantoso.fr"},
		{"a plural of five letters", "hoolis.com"},
		{"the plural of a common word", "supports.com"},
		{"neighbours swapped in four letters", "amce.com"},
		{"rn for m in four letters", "acrne.com"},
		{"another digit", "channel5.com"},
		{"three letters in another country", "ibm.de"},
		{"a common word in another country", "support.de"},
		{"a common word with another", "supportgroup.com"},
		{"a word of no list glued on", "contosophia.com"},
		{"a word of no list behind five letters", "hooli-mountains.com"},
		{"a common word glued to four letters", "acmetest.com"},
		{"a lure glued to three letters", "ibmlogin.com"},
		{"a lure, three letters, another ending", "ibm-login.net"},
		{"a host of four letters", "acme.evil.example"},
		{"a host with a common name", "support.evil.example"},
		{"a host that has a short name in it", "hooli-x.evil.example"},
		{"anything around eleven letters", "xybrightwaterqq.co.uk"},
		{"two letters away", "centosu.com"},
		{"two neighbours that are others", "coxyoso.com"},
		{"a short name with a glyph that needs a longer one", "acrne-login.com"},
		{"a host with letters glued to a known name", "contosophia.evil.example"},
		{"a host of five letters with a word", "hooli-login.evil.example"},
		{"an ideographic full stop at the end", "contoso.com。"},
		{"more than a domain can have", strings.Repeat("a.", 130) + "contoso.evil.example"},
		{"several country codes glued on", "contosobees.com"},
		{"three letters too many", "contosouth.com"},
		{"another writing", "네이버.example"},
		{"nothing", ""},
		{"a public suffix", "co.uk"},
		{"an address", "127.0.0.1"},
		{"one label", "contoso"},
		{"no domain at all", "contoso com/?.."},
	}
	k := NewKnown(partners)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := k.Like(tt.seen); ok || got != (Likeness{}) {
				t.Errorf("%s: %+v", tt.seen, got)
			}
		})
	}
}

func TestAProviderOfFreeMailLooksLikeNobody(t *testing.T) {
	k := NewKnown([]string{"outlock.com", "mailinators.com"})
	if got, ok := k.Like("outlook.com"); ok {
		t.Errorf("outlook.com: %+v", got)
	}
	if got, _ := k.Like("mailinator.com"); got.Domain != "mailinators.com" {
		t.Errorf("a service for throw-away addresses may look like somebody: got %+v", got)
	}
}

func TestTheNearestEndingIsNamed(t *testing.T) {
	tests := []struct {
		seen string
		want Likeness
	}{
		{"c0ntoso.com", Likeness{"contoso.com", Homoglyph, "0 for o"}},
		{"c0ntoso.org", Likeness{"contoso.at", Homoglyph, "0 for o, .org for .at"}},
		{"contoso-login.net", Likeness{"contoso.net", Word, "login"}},
		{"contoso-login.org", Likeness{"contoso.at", Word, "login, .org for .at"}},
		{"contoso.cm", Likeness{"contoso.com", Ending, ".cm for .com"}},
		{"contoso.org", Likeness{"contoso.at", Ending, ".org for .at"}},
	}
	known := []string{"contoso.at", "contoso.com", "contoso.net"}
	for range known {
		known = append(known[1:], known[0])
		for _, tt := range tests {
			if got, _ := NewKnown(known).Like(tt.seen); got != tt.want {
				t.Errorf("known %v: %+v, want %+v", known, got, tt.want)
			}
		}
	}
}

// TestTheLengthsHoldOnBothSides has for each of limits.go a name that is just
// long enough and one that is just too short.
func TestTheLengthsHoldOnBothSides(t *testing.T) {
	tests := []struct {
		limit, known, seen string
		told               bool
	}{
		{"other ending", "acme.com", "acme.de", true},
		{"other ending", "ibm.com", "ibm.de", false},
		{"other ending, countries", "ibm.de", "ibm.be", false},
		{"strong glyph", "hot.com", "h0t.com", true},
		{"strong glyph", "h0t.com", "hot.com", true},
		{"strong glyph", "l1d.com", "lid.com", true},
		{"strong glyph", "lid.com", "l1d.com", true},
		{"strong glyph", "1td.com", "ltd.com", true},
		{"strong glyph", "ltd.com", "1td.com", true},
		{"strong glyph", "o2.com", "02.com", false},
		{"weak glyph", "acmes.com", "acrnes.com", true},
		{"weak glyph", "acme.com", "acrne.com", false},
		{"weak glyph, 0 for a letter that it is not drawn like", "dom.com", "d0rn.com", false},
		{"glyph and ending", "contoso.com", "c0ntoso.net", true},
		{"glyph and ending", "globex.com", "gl0bex.net", false},
		{"doubled", "acme.com", "accme.com", true},
		{"doubled", "ibm.com", "ibbm.com", false},
		{"swapped", "hooli.com", "holoi.com", true},
		{"swapped", "acme.com", "amce.com", false},
		{"any letter", "globex.com", "globax.com", true},
		{"any letter", "hooli.com", "hooly.com", false},
		{"plural", "contoso.com", "contosos.com", true},
		{"plural", "globex.com", "globexs.com", false},
		{"letter and ending", "fabrikam.de", "fabrikan.net", true},
		{"letter and ending", "contoso.com", "cantoso.net", false},
		{"lure with a hyphen", "ibm.com", "ibm-login.com", true},
		{"lure with a hyphen", "ba.com", "ba-login.com", false},
		{"lure with a hyphen and ending", "acme.com", "acme-login.net", true},
		{"lure with a hyphen and ending", "ibm.com", "ibm-login.net", false},
		{"lure", "acme.com", "acmelogin.com", true},
		{"lure before another word", "acme.com", "acmeloginteam.com", true},
		{"lure behind another word", "acme.com", "acmeteamlogin.com", true},
		{"lure and number", "acme.com", "acmelogin24.com", true},
		{"lure", "ibm.com", "ibmlogin.com", false},
		{"word with a hyphen", "acme.com", "acme-group.com", true},
		{"word with a hyphen", "ibm.com", "ibm-group.com", false},
		{"word", "hooli.com", "hooligroup.com", true},
		{"word", "acme.com", "acmegroup.com", false},
		{"other word", "contoso.com", "contoso-mountains.com", true},
		{"other word", "globex.com", "globex-mountains.com", false},
		{"inside", "tailspintoys.com", "xytailspintoysqq.com", true},
		{"inside", "brightwater.com", "xybrightwaterqq.com", false},
		{"host", "hooli.com", "hooli.evil.example", true},
		{"host", "acme.com", "acme.evil.example", false},
		{"host with a word", "contoso.com", "contoso-login.evil.example", true},
		{"host with a word", "globex.com", "globex-login.evil.example", false},
	}
	for _, tt := range tests {
		if got, told := NewKnown([]string{tt.known}).Like(tt.seen); told != tt.told {
			t.Errorf("%s: %s and %s: told %v, %+v", tt.limit, tt.known, tt.seen, told, got)
		}
	}
}

func TestOnlyTheLetterThatDiffersIsNamed(t *testing.T) {
	k := NewKnown([]string{"facility.com", "modernworks.com"})
	for seen, want := range map[string]Likeness{
		"facllity.com":         {"facility.com", Homoglyph, "l for i"},
		"mode\u0433nworks.com": {"modernworks.com", Punycode, "\u0433 (Cyrillic) for r"},
	} {
		if got, _ := k.Like(seen); got != want {
			t.Errorf("%s: %+v, want %+v", seen, got, want)
		}
	}
}

func TestEachDigitIsTakenForItsLetter(t *testing.T) {
	for digit, letters := range map[string]string{
		"0": "o", "1": "li", "2": "z", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g",
	} {
		for l := range strings.SplitSeq(letters, "") {
			k := NewKnown([]string{"quart" + l + "pux.com"})
			got, _ := k.Like("quart" + digit + "pux.com")
			if want := (Likeness{"quart" + l + "pux.com", Homoglyph, digit + " for " + l}); got != want {
				t.Errorf("%s: %+v, want %+v", digit, got, want)
			}
		}
	}
}

func TestTheLongestKnownNameIsNamed(t *testing.T) {
	k := NewKnown([]string{"contoso.com", "contosotravel.com", "northwindtraders.com", "tailors.com"})
	for seen, want := range map[string]Likeness{
		"contosotravel-login.com":      {"contosotravel.com", Word, "login"},
		"northwindtraders-contoso.com": {"northwindtraders.com", Word, "contoso"},
		"contoso-tailors.com":          {"contoso.com", Word, "tailors"}, // of two, the first
		"tailors-contoso.com":          {"tailors.com", Word, "contoso"},
	} {
		if got, _ := k.Like(seen); got != want {
			t.Errorf("%s: %+v, want %+v", seen, got, want)
		}
	}
}

func TestADomainStandsForItsSubdomains(t *testing.T) {
	k := NewKnown([]string{"a.contoso.com", "contoso.com", "z.contoso.com"})
	for _, seen := range []string{"cantoso.com", "contoso.com.evil.example", "contoso-login.com"} {
		if got, _ := k.Like(seen); got.Domain != "contoso.com" {
			t.Errorf("%s: %+v", seen, got)
		}
	}
}

func TestWhoLendsNamesMayBeKnownHimself(t *testing.T) {
	if got, ok := NewKnown([]string{"contoso.com", "github.io"}).Like("contoso.github.io"); ok {
		t.Errorf("below github.io, which is known: %+v", got)
	}
}

func TestOneTenantIsNotAnother(t *testing.T) {
	k := NewKnown([]string{"fabrikam.com", "northwind.onmicrosoft.com", "contoso.mail.onmicrosoft.com", "proseware.github.io"})
	for seen, want := range map[string]Likeness{
		"northwind.onmicrosoft.com":            {},
		"northwind.mail.onmicrosoft.com":       {},
		"contoso.onmicrosoft.com":              {},
		"litware.onmicrosoft.com":              {},
		"fabrikam.onmicrosoft.com":             {"fabrikam.com", Subdomain, "onmicrosoft.com"},
		"northwlnd.onmicrosoft.com":            {"northwind.onmicrosoft.com", Homoglyph, "l for i"},
		"c0ntoso.mail.onmicrosoft.com":         {"contoso.mail.onmicrosoft.com", Homoglyph, "0 for o"},
		"northwind-login.onmicrosoft.com":      {"northwind.onmicrosoft.com", Word, "login"},
		"northwind.litware.onmicrosoft.com":    {"northwind.onmicrosoft.com", Subdomain, "onmicrosoft.com"},
		"northwind.onmicrosoft.us":             {"northwind.onmicrosoft.com", Subdomain, "onmicrosoft.us"},
		"northwind.partner.onmschina.cn":       {"northwind.onmicrosoft.com", Subdomain, "partner.onmschina.cn"},
		"pr0seware.github.io":                  {"proseware.github.io", Homoglyph, "0 for o"},
		"northwind.onmicrosoft.com.evil.local": {"northwind.onmicrosoft.com", Subdomain, "evil.local"},
	} {
		if got, _ := k.Like(seen); got != want {
			t.Errorf("%s: %+v, want %+v", seen, got, want)
		}
	}
}

func TestWhatIsKnownIsAsItWasGiven(t *testing.T) {
	got, _ := NewKnown([]string{"  Mail.Contoso.COM. "}).Like("cantoso.com")
	if got.Domain != "  Mail.Contoso.COM. " {
		t.Errorf("known: %q", got.Domain)
	}
}

func TestNoKnownDomainsAndBadOnesKnowNothing(t *testing.T) {
	for _, known := range [][]string{nil, {""}, {"com", "10.0.0.1", "nothing", "a..b", ".."}} {
		if got, ok := NewKnown(known).Like("contoso.com"); ok {
			t.Errorf("known %q: %+v", known, got)
		}
	}
}

// fiveThousand are made-up domains of 4 to 22 letters.
func fiveThousand() []string {
	first := []string{"blue", "north", "silver", "falken", "kestrel", "bright", "iron", "harbor", "green", "alpine", "sun", "wide", "river", "stone", "cloud", "red", "nova", "terra", "vektor", "quantum"}
	second := []string{"", "water", "works", "bridge", "light", "hof", "pine", "traders", "bank", "soft", "field", "craft", "logic", "metrics", "dyne", "wood", "ridge", "port", "vale", "metall"}
	third := []string{"", "co", "group", "ag", "labs", "media", "invest", "x", "tec", "ix", "um", "ora", "eon"}
	ends := []string{".com", ".de", ".co.uk"}
	var all []string
	for i, a := range first {
		for j, b := range second {
			for l, c := range third {
				all = append(all, a+b+c+ends[(i+j+l)%len(ends)])
			}
		}
	}
	return all[:5000]
}

func BenchmarkLike(b *testing.B) {
	domains := fiveThousand()
	k := NewKnown(domains)
	longest := fmt.Sprintf("%s.%s.evil.example", "a1-"+string(slices.Repeat([]byte("rn"), 30)), string(slices.Repeat([]byte("vvl0"), 15)))
	for _, d := range []struct{ name, domain string }{
		{"unknown", "unrelatedcompany.com"},
		{"known", "mail." + domains[2500]},
		{"letter", "kestrelworkz.com"},
		{"word", "my-silverbridgegroup-login.com"},
		{"punycode", "xn--nrthmetricsco-i7k.com"},
		{"longest", longest},
	} {
		b.Run(d.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.Like(d.domain)
			}
		})
	}
}

func BenchmarkNewKnown(b *testing.B) {
	domains := fiveThousand()
	for b.Loop() {
		NewKnown(domains)
	}
}

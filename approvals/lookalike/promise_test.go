package lookalike

import (
	"strings"
	"testing"

	"golang.org/x/net/idna"
	"pgregory.net/rapid"
)

// aName draws a label out of few letters, so that many of the drawn look alike.
func aName(t *rapid.T) string {
	if rapid.Bool().Draw(t, "far") {
		return rapid.StringOfN(rapid.RuneFrom([]rune("abilmnorsw01üо네")), 1, 12, -1).Draw(t, "name")
	}
	base := rapid.SampledFrom([]string{"contoso", "fabrikam", "acme", "ibm", "adventure-works", "네이버"}).Draw(t, "base")
	change := rapid.SampledFrom([]func(string) string{
		func(s string) string { return s },
		func(s string) string { return s + "s" },
		func(s string) string { return "my-" + s + "-login" },
		func(s string) string { return strings.Replace(s, "o", "0", 1) },
		func(s string) string { return strings.Replace(s, "m", "rn", 1) },
		func(s string) string { return strings.Replace(s, "a", "\u0430", 1) },
		func(s string) string { return strings.Replace(s, "o", "ö", 1) },
		func(s string) string { return strings.ReplaceAll(s, "-", "") },
		func(s string) string { return s[1:] },
	}).Draw(t, "change")
	return strings.Trim(strings.ToValidUTF8(change(base), "x"), "-")
}

// aDomain draws a domain, now and then one below another.
func aDomain(t *rapid.T) string {
	ending := rapid.SampledFrom([]string{".com", ".co", ".de", ".co.uk", ".example", ".github.io", ".onmicrosoft.com", ".mail.onmicrosoft.com", ".contoso.com", ".com.evil.example"}).Draw(t, "ending")
	return aName(t) + ending
}

// written draws one of the ways to write a domain.
func written(t *rapid.T, d string) string {
	return rapid.SampledFrom([]func(string) string{
		func(s string) string { return s },
		strings.ToUpper,
		func(s string) string { return s + "." },
		func(s string) string {
			if a, err := idna.Punycode.ToASCII(s); err == nil {
				return a
			}
			return s
		},
		strings.ToTitle,
	}).Draw(t, "written")(d)
}

func TestNoKnownDomainIsEverWarnedAbout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOfN(rapid.Custom(aDomain), 1, 12).Draw(t, "known")
		k := NewKnown(known)
		d := rapid.SampledFrom(known).Draw(t, "one of them")
		if l, ok := k.Like(written(t, d)); ok {
			t.Fatalf("%s is known and looks like %+v", d, l)
		}
		below := rapid.SampledFrom([]string{"mail.", "eu.mail.", known[0] + ".", aName(t) + "."}).Draw(t, "below")
		if l, ok := k.Like(written(t, below+d)); ok {
			t.Fatalf("%s lies under %s, which is known, and looks like %+v", below+d, d, l)
		}
	})
}

func TestWhatItLooksLikeIsKnownInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOfN(rapid.Custom(aDomain), 1, 12).Draw(t, "known")
		seen := aDomain(t)
		l, ok := NewKnown(known).Like(seen)
		if ok && (!strings.Contains(" "+strings.Join(known, " ")+" ", " "+l.Domain+" ") || l.Kind == "" || l.Detail == "") {
			t.Fatalf("%s: %+v", seen, l)
		}
		again, _ := NewKnown(rapid.Permutation(known).Draw(t, "order")).Like(seen)
		if again != l {
			t.Fatalf("%s: %+v, in another order %+v", seen, l, again)
		}
	})
}

func TestAllThatIsBelowADomainHasItsBase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := aDomain(t)
		if n, ok := parse(d); !ok || freeMail[n.base] {
			t.Skip("it stands for itself alone")
		}
		base := Base(written(t, d))
		for _, same := range []string{d, base, "mail." + d, "eu." + base} {
			if got := Base(same); got != base {
				t.Fatalf("%s stands under %s, and %s under %s", d, base, same, got)
			}
		}
	})
}

func seeds(f *testing.F) {
	f.Helper()
	for _, p := range corpus(f) {
		f.Add(p.candidate)
	}
	for _, d := range []string{
		"", ".", "..", "xn--", "xn--.com", "xn--a.com", "XN--BCHER-KVA.example", "a\x00b.com", "\xff\xfe.com", "1.2.3.4", "[::1]",
		strings.Repeat("a.", 130) + "com", strings.Repeat("rn", 40) + ".com", "contoso。com", "ｃｏｎｔｏｓｏ.com", "a\u200db.com", "\u202econtoso.com",
	} {
		f.Add(d)
	}
}

func FuzzLike(f *testing.F) {
	seeds(f)
	k := NewKnown(partners)
	f.Fuzz(func(t *testing.T, d string) {
		l, ok := k.Like(d)
		if ok != (l.Domain != "" && l.Kind != "" && l.Detail != "") {
			t.Errorf("%q: %v, %+v", d, ok, l)
		}
		if got, ok := NewKnown([]string{d, "contoso.com"}).Like(d); ok {
			t.Errorf("%q is known and looks like %+v", d, got)
		}
	})
}

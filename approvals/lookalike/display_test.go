package lookalike

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

func TestDisplay(t *testing.T) {
	tests := []struct{ name, given, want string }{
		{"plain", "contoso.com", "contoso.com"},
		{"case and a dot", " Contoso.COM.", "contoso.com"},
		{"an umlaut", "xn--bcher-kva.example", "bücher.example"},
		{"an umlaut, written", "Bücher.example", "bücher.example"},
		{"Hangul", "xn--950bt9s8xi.example", "네이버.example"},
		{"Japanese in three scripts", "株式会社アイら.example", "株式会社アイら.example"},
		{"the long vowel", "タワー.example", "タワー.example"},
		{"Hangul and Latin", "삼성sds.example", "삼성sds.example"},
		{"Cyrillic", "москва.example", "москва.example"},
		{"Devanagari with its signs", "हिन्दी.example", "हिन्दी.example"},
		{"Arabic", "القاهرة.example", "القاهرة.example"},
		{"Latin and Cyrillic", "c\u043entoso.com", "xn--cntoso-wqf.com"},
		{"Cyrillic and Greek", "м\u03bfсква.example", toASCII("м\u03bfсква.example")},
		{"Han and Cyrillic", "東京ж.example", toASCII("東京ж.example")},
		{"nothing but twins of Latin letters", "\u0430\u0440\u0435\u0445.com", toASCII("\u0430\u0440\u0435\u0445.com")},
		{"the same where the ending says which alphabet", "\u0430\u0440\u0435\u0445.рф", "\u0430\u0440\u0435\u0445.рф"},
		{"a subdomain of twins", "\u0440\u0430\u0443.contoso.com", toASCII("\u0440\u0430\u0443.contoso.com")},
		{"a letter for phoneticians", "contos\u0251.com", toASCII("contos\u0251.com")},
		{"an i without its dot", "f\u0131rma.com", toASCII("f\u0131rma.com")},
		{"a stroke laid over a letter", "co\u0337ntoso.com", toASCII("co\u0337ntoso.com")},
		{"a script of no living language", "\u16a0\u16a1.example", toASCII("\u16a0\u16a1.example")},
		{"a sign that is no letter", "xn--n3h.example", "xn--n3h.example"},
		{"what cannot be decoded", "xn--a.com", "xn--a.com"},
		{"a joiner that is not seen", "con\u200dtoso.com", "con?toso.com"},
		{"an override of the direction", "\u202econtoso.com", "?contoso.com"},
		{"wide letters", "ｃｏｎｔｏｓｏ.com", "contoso.com"},
		{"control characters and markup", "a\n<b>.com", "a??b?.com"},
		{"more than a domain can have", strings.Repeat("xn--bcher-kva.", 20) + "example", strings.Repeat("xn--bcher-kva.", 20) + "example"},
		{"far more", strings.Repeat("Ü", 2000), strings.Repeat("?", 2000)},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Display(tt.given); got != tt.want {
				t.Errorf("%q is shown as %q, want %q", tt.given, got, tt.want)
			}
		})
	}
}

func TestFreeMail(t *testing.T) {
	tests := []struct {
		domain           string
		free, disposable bool
	}{
		{"gmail.com", true, false},
		{"Naver.COM.", true, false},
		{"corp.mail.ru", false, false},
		{"mailinator.com", true, true},
		{"x.y.mailinator.com", true, true},
		{"contoso.com", false, false},
		{"gmail.com.evil.example", false, false},
		{"notmailinator.com", false, false},
		{"", false, false},
	}
	for _, tt := range tests {
		if free, disposable := FreeMail(tt.domain); free != tt.free || disposable != tt.disposable {
			t.Errorf("%q: free %v, disposable %v", tt.domain, free, disposable)
		}
	}
}

func TestTheListsAreLargeAndClean(t *testing.T) {
	lists := []struct {
		name, file string
		atLeast    int
	}{{"free mail", freeMailFile, 250}, {"disposable mail", disposableFile, 150}, {"words", wordsFile, 200}}
	for _, l := range lists {
		var entries []string
		for s := bufio.NewScanner(strings.NewReader(l.file)); s.Scan(); {
			e := strings.TrimPrefix(s.Text(), "*")
			if e == "" || strings.HasPrefix(e, "#") {
				continue
			}
			if n, ok := parse(e); l.name != "words" && (!ok || n.ascii != e) {
				t.Errorf("%s: %q is no domain in ASCII and lower case", l.name, e)
			}
			entries = append(entries, e)
		}
		if len(entries) < l.atLeast {
			t.Errorf("%s: %d entries, want %d", l.name, len(entries), l.atLeast)
		}
		if n := len(slices.Compact(slices.Sorted(slices.Values(entries)))); n != len(entries) {
			t.Errorf("%s: %d entries are there twice", l.name, len(entries)-n)
		}
	}
	for d := range disposableMails {
		if freeMail[d] {
			t.Errorf("%s is in both lists", d)
		}
	}
}

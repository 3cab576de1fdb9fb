package lookalike

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

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

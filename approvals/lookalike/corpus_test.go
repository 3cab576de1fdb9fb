package lookalike

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"
)

// pair is a line of testdata/pairs.csv.
type pair struct {
	known     []string
	candidate string
	like      bool
	kind      string // how it is like, or why it is honest
}

func corpus(t testing.TB) []pair {
	t.Helper()
	file, err := os.Open("testdata/pairs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var pairs []pair
	for _, l := range lines[1:] {
		if l[2] != "like" && l[2] != "honest" {
			t.Fatalf("neither like nor honest: %q", l)
		}
		pairs = append(pairs, pair{strings.Fields(l[0]), l[1], l[2] == "like", l[3]})
	}
	return pairs
}

// tally counts what came of the pairs of a kind.
type tally struct{ pairs, told, named int }

func (n tally) share() float64 { return float64(n.told) / float64(n.pairs) }

func TestTheCorpusIsToldApart(t *testing.T) {
	kinds := map[string]*tally{}
	var like, honest tally
	for _, p := range corpus(t) {
		n := kinds[p.kind]
		if n == nil {
			n = &tally{}
			kinds[p.kind] = n
		}
		got, told := NewKnown(p.known).Like(p.candidate)
		all := &honest
		if p.like {
			all = &like
		}
		n.pairs, all.pairs = n.pairs+1, all.pairs+1
		if told {
			n.told, all.told = n.told+1, all.told+1
		}
		if told && string(got.Kind) == p.kind {
			n.named, all.named = n.named+1, all.named+1
		}
		switch {
		case told != p.like:
			t.Logf("wrong: %v %s (%s): told %v, %+v", p.known, p.candidate, p.kind, told, got)
		case told && string(got.Kind) != p.kind:
			t.Logf("other kind: %v %s (%s): %+v", p.known, p.candidate, p.kind, got)
		}
	}
	precision := float64(like.told) / float64(like.told+honest.told)
	t.Logf("precision %.3f (%d false of %d honest), recall %.3f, kind right %.3f (%d pairs alike)",
		precision, honest.told, honest.pairs, like.share(), float64(like.named)/float64(like.told), like.pairs)
	if precision < 0.97 || like.share() < 0.95 || float64(like.named) < 0.95*float64(like.told) {
		t.Error("below 0.97 precision, 0.95 recall or 0.95 of the kinds right")
	}
	for _, kind := range []Kind{Changed, Missing, Added, Swapped, Homoglyph, Punycode, Ending, Word, Subdomain} {
		n := kinds[string(kind)]
		if n == nil || n.pairs < 25 || n.share() < 0.85 {
			t.Errorf("%s: fewer than 25 pairs, or recall below 0.85", kind)
			continue
		}
		t.Logf("%-9s recall %.3f (%d of %d), %d with this kind", kind, n.share(), n.told, n.pairs, n.named)
		delete(kinds, string(kind))
	}
	for kind, n := range kinds {
		t.Logf("honest, %s: %d false of %d", kind, n.told, n.pairs)
	}
}

func TestTheCorpusIsLargeAndBalanced(t *testing.T) {
	seen := map[string]bool{}
	like := 0
	for _, p := range corpus(t) {
		key := strings.Join(slices.Sorted(slices.Values(p.known)), " ") + " " + p.candidate
		if seen[key] {
			t.Errorf("twice: %s", key)
		}
		seen[key] = true
		if p.like {
			like++
		}
	}
	if len(seen) < 360 || like < len(seen)*2/5 || like > len(seen)*3/5 {
		t.Errorf("%d pairs, %d of them alike; want at least 360 and about half", len(seen), like)
	}
}

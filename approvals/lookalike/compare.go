package lookalike

import (
	"strings"
	"unicode/utf8"
)

// differences are what parts two labels of one shape.
type differences struct {
	pairs   []string // the letters, "rn for m"
	strong  bool     // each of them is one that nobody picks for a name
	foreign bool     // one of them is of another alphabet
	hyphens int      // more than the known one has
	parted  bool     // hyphens stand elsewhere
}

// compare walks along two labels of one shape, letter by letter.
func compare(seen, known []letter) differences {
	d := differences{strong: true}
	for {
		var a, b letter
		var hyphensSeen, hyphensKnown int
		a, seen, hyphensSeen = next(seen)
		b, known, hyphensKnown = next(known)
		d.hyphens += hyphensSeen - hyphensKnown
		d.parted = d.parted || hyphensSeen != hyphensKnown
		if a.raw == "" || b.raw == "" {
			return d
		}
		if a.raw != b.raw {
			d.add(trim(a.raw, b.raw))
		}
	}
}

// next takes the first letter off, and the hyphens before it.
func next(ls []letter) (first letter, rest []letter, hyphens int) {
	for len(ls) > 0 && ls[0].looks == 0 {
		ls, hyphens = ls[1:], hyphens+1
	}
	if len(ls) == 0 {
		return letter{}, nil, hyphens
	}
	return ls[0], ls[1:], hyphens
}

// trim takes off what two pieces have in common, cl and ci the c.
func trim(a, b string) (string, string) {
	ra, rb := []rune(a), []rune(b)
	if len(ra) == 2 && len(rb) == 2 {
		if ra[0] == rb[0] {
			return string(ra[1:]), string(rb[1:])
		}
		if ra[1] == rb[1] {
			return string(ra[:1]), string(rb[:1])
		}
	}
	return a, b
}

func (d *differences) add(seen, known string) {
	other := isForeign(seen) || isForeign(known)
	d.foreign = d.foreign || other
	d.strong = d.strong && (other || neverPicked(seen, known))
	shown := seen
	if r, _ := utf8.DecodeRuneInString(seen); isForeign(seen) {
		shown += " (" + scriptOf(r) + ")"
	}
	if pair := shown + " for " + known; !strings.Contains(strings.Join(d.pairs, ", ")+",", pair+",") {
		d.pairs = append(d.pairs, pair)
	}
}

// neverPicked reports whether one of two pieces is a digit in the place of the
// letter that it is drawn like.
func neverPicked(a, b string) bool {
	switch {
	case a == "0":
		return b == "o"
	case b == "0":
		return a == "o"
	case a == "1":
		return b == "l" || b == "i"
	case b == "1":
		return a == "l" || a == "i"
	}
	return false
}

// isForeign reports whether a piece has a letter that passes for a Latin one.
func isForeign(piece string) bool {
	return strings.ContainsFunc(piece, func(r rune) bool { return twins[r] != 0 || kin[r] != 0 })
}

// from is the number of letters from which the differences are told.
func (d *differences) from() int {
	switch {
	case len(d.pairs) > 0 && d.strong:
		return fromStrongGlyph
	case len(d.pairs) > 0 || d.parted:
		return fromWeakGlyph
	}
	return 0
}

func (d *differences) String() string {
	if len(d.pairs) == 0 && d.parted {
		return "-"
	}
	return strings.Join(d.pairs, ", ")
}

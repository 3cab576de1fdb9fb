package lookalike

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says in what way a domain looks like another.
type Kind string

// The ways of looking alike, from the name's letters to its surroundings.
const (
	Changed   Kind = "changed"   // one letter is another
	Missing   Kind = "missing"   // one letter, or the hyphens, are left out
	Added     Kind = "added"     // one letter too many
	Swapped   Kind = "swapped"   // two neighbours changed places
	Homoglyph Kind = "homoglyph" // 0 for o, rn for m, an accent, another alphabet
	Punycode  Kind = "punycode"  // the same, in a name that mixes alphabets
	Ending    Kind = "ending"    // .co for .com
	Word      Kind = "word"      // a word or a hyphen added
	Subdomain Kind = "subdomain" // the known name in front of somebody else's domain
)

// Likeness is what a domain has in common with a known one.
type Likeness struct {
	Domain string // the known one, as it was given to NewKnown
	Kind   Kind
	Detail string // what differs, without a sentence: "rn for m", "billing", ".co for .com"
}

// Known is a set of domains that a new one is compared with. It never changes
// once made, so any number of goroutines may ask it.
type Known struct {
	domains map[string]bool    // as they were given, in ASCII
	bases   map[string]*name   // by registrable domain, in ASCII
	labels  map[string][]*name // by the label in front of the public suffix
	shapes  map[string][]*name // by what that label looks like
	lengths [][]*name          // by its number of letters
}

// NewKnown keeps the domains for comparison. What is no domain is left out;
// one that is itself a public suffix is known but has no neighbours.
func NewKnown(domains []string) *Known {
	k := &Known{
		domains: map[string]bool{},
		bases:   map[string]*name{},
		labels:  map[string][]*name{},
		shapes:  map[string][]*name{},
		lengths: make([][]*name, maxLabel+1),
	}
	for _, d := range slices.SortedFunc(slices.Values(domains), shorterFirst) {
		n, ok := parse(d)
		if n.ascii == "" || k.domains[n.ascii] {
			continue
		}
		k.domains[n.ascii] = true
		if !ok || k.bases[n.base] != nil {
			continue
		}
		k.bases[n.base] = &n
		k.labels[n.label] = append(k.labels[n.label], &n)
		k.shapes[n.shape] = append(k.shapes[n.shape], &n)
		k.lengths[len(n.runes)] = append(k.lengths[len(n.runes)], &n)
	}
	return k
}

// shorterFirst puts a domain before its subdomains, so that it stands for them.
func shorterFirst(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Like returns the known domain that d looks like, and why. It is false for a
// domain that is known itself or belongs to the owner of a known one, for a
// provider of free mail, and for one that looks like none. d may be written in
// ASCII (xn--) or Unicode, in any case.
func (k *Known) Like(d string) (l Likeness, ok bool) {
	n, ok := parse(d)
	if !ok || k.knows(n) {
		return Likeness{}, false
	}
	if free, disposable := FreeMail(n.ascii); free && !disposable {
		return Likeness{}, false
	}
	for _, rule := range []func(name) (Likeness, bool){k.host, k.ending, k.glyphs, k.letter, k.words} {
		if l, ok := rule(n); ok {
			return l, true
		}
	}
	return Likeness{}, false
}

// knows reports whether n has the owner of a known domain: it is one, lies
// under one, or under the same registrable domain as one.
func (k *Known) knows(n name) bool {
	if k.bases[n.base] != nil {
		return true
	}
	for d, more := n.ascii, true; more; _, d, more = strings.Cut(d, ".") {
		if k.domains[d] {
			return true
		}
	}
	return false
}

// ending finds the same name under another ending, best under one that this is
// a slip of.
func (k *Known) ending(n name) (Likeness, bool) {
	same := k.labels[n.label]
	for _, s := range same {
		if nearEnding(s.suffix, n.suffix) {
			return Likeness{s.given, Ending, endings(n, s)}, true
		}
	}
	if len(same) == 0 || len(n.runes) < fromOtherEnding || words[n.label] {
		return Likeness{}, false
	}
	return Likeness{same[0].given, Ending, endings(n, same[0])}, true
}

// glyphs finds a name whose letters look the same.
func (k *Known) glyphs(n name) (Likeness, bool) {
	return best(n, k.shapes[n.shape], func(s *name) (Likeness, bool) {
		d := compare(n.letters, s.letters)
		if len(d.pairs) == 0 && !d.parted || len(s.runes) < d.from() || !d.foreign && !closeEnding(n, s, fromGlyphAndEnding) {
			return Likeness{}, false
		}
		kind := Homoglyph
		switch {
		case n.mixed:
			kind = Punycode
		case len(d.pairs) > 0:
		case d.hyphens >= 0:
			kind = Word
		default:
			kind = Missing
		}
		return Likeness{s.given, kind, join(d.String(), endings(n, s))}, true
	})
}

// letter finds a name that is one letter away.
func (k *Known) letter(n name) (Likeness, bool) {
	var near []*name
	for length := max(1, len(n.runes)-1); length <= min(len(n.runes)+1, maxLabel); length++ {
		for _, s := range k.lengths[length] {
			if _, ok := oneEdit(n.runes, s.runes); ok {
				near = append(near, s)
			}
		}
	}
	return best(n, near, func(s *name) (Likeness, bool) {
		e, _ := oneEdit(n.runes, s.runes)
		if min(len(n.runes), len(s.runes)) < e.from(n, s) || !closeEnding(n, s, fromLetterAndEnding) {
			return Likeness{}, false
		}
		return Likeness{s.given, e.kind, join(e.detail, endings(n, s))}, true
	})
}

// best returns the likeness to the first of the names that has n's own ending,
// or else to the first at all.
func best(n name, names []*name, like func(*name) (Likeness, bool)) (found Likeness, ok bool) {
	for _, s := range names {
		l, yes := like(s)
		if yes && s.suffix == n.suffix {
			return l, true
		}
		if yes && !ok {
			found, ok = l, true
		}
	}
	return found, ok
}

// closeEnding reports whether two endings are the same or a slip apart; a
// known name of enough letters may have any.
func closeEnding(n name, s *name, enough int) bool {
	return n.suffix == s.suffix || len(s.runes) >= enough || nearEnding(s.suffix, n.suffix)
}

// nearEnding reports whether one ending is a slip of the other. Endings of two
// letters are all one letter apart, and each is a country.
func nearEnding(known, seen string) bool {
	if len(known) < len("com") || known == seen {
		return false
	}
	_, ok := oneEdit([]rune(seen), []rune(known))
	return ok
}

// endings is what differs in the endings, if anything does.
func endings(n name, s *name) string {
	if n.suffix == s.suffix {
		return ""
	}
	return "." + n.suffix + " for ." + s.suffix
}

func join(details ...string) string {
	return strings.Join(slices.DeleteFunc(details, func(d string) bool { return d == "" }), ", ")
}

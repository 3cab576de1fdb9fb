package lookalike

import (
	_ "embed"
	"iter"
	"strings"
)

//go:embed words.txt
var wordsFile string

// words are what people add to a company's name; lures are those among them
// that make somebody sign in, pay or open something.
var words, lures = readWords(wordsFile)

// readWords reads one word a line; a * before it marks a lure, a # a comment.
func readWords(file string) (all, marked map[string]bool) {
	all, marked = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(file) {
		w, lure := strings.CutPrefix(strings.TrimSpace(line), "*")
		if w == "" || strings.HasPrefix(w, "#") {
			continue
		}
		all[w] = true
		if lure {
			marked[w] = true
		}
	}
	return all, marked
}

// addition is what stands around a known name in a longer one.
type addition struct {
	left, right string // as written, with the hyphens
	diff        string // what differs in the name itself
	known       *name
}

// words finds a name that is known but for what was added to it.
func (k *Known) words(n name) (Likeness, bool) {
	return k.bestInside(n, n.label, func(a addition) (Likeness, bool) {
		from := a.from()
		if from == 0 || len(a.known.runes) < from || !closeEnding(n, a.known, from+1) {
			return Likeness{}, false
		}
		kind := Word
		if n.mixed {
			kind = Punycode
		}
		return Likeness{a.known.given, kind, join(a.diff, a.text(), endings(n, a.known))}, true
	})
}

// bestInside looks for every known name inside a label, and returns the
// likeness to the longest, or among those to the one with n's own ending.
func (k *Known) bestInside(n name, label string, like func(addition) (Likeness, bool)) (found Likeness, ok bool) {
	longest := 0
	var of *name
	for a := range k.inside(label) {
		length := len(a.known.runes)
		better := length > longest || length == longest && of.suffix != n.suffix && a.known.suffix == n.suffix
		if !better || words[a.known.label] {
			continue
		}
		if l, yes := like(a); yes {
			found, ok, longest, of = l, true, length, a.known
		}
	}
	return found, ok
}

// inside yields every known name of three letters or more in a label, spelt as
// it is or with letters that look the same, with what is around it.
func (k *Known) inside(label string) iter.Seq[addition] {
	return func(yield func(addition) bool) {
		for i := range label {
			for j := i + fromLureHyphen; j <= len(label); j++ {
				for _, s := range k.labels[label[i:j]] {
					if !yield(addition{left: label[:i], right: label[j:], known: s}) {
						return
					}
				}
			}
		}
		shape, at := shapeOf(lettersOf(label))
		for i := range shape {
			for j := i + fromLureHyphen; j <= len(shape); j++ {
				for _, s := range k.shapes[shape[i:j]] {
					piece := strings.Trim(label[at[i]:at[j]], "-")
					d := compare(lettersOf(piece), s.letters)
					if piece == s.label || len(s.runes) < d.from() {
						continue
					}
					left, right, _ := strings.Cut(label[at[i]:], piece)
					if !yield(addition{left: label[:at[i]] + left, right: right, diff: d.String(), known: s}) {
						return
					}
				}
			}
		}
	}
}

// from is the number of letters from which the addition is told, 0 for never.
func (a addition) from() int {
	if a.left == "" && a.right == "" {
		return 0
	}
	leftListed, leftLure := listed(a.left)
	rightListed, rightLure := listed(a.right)
	all, lure := leftListed && rightListed, leftLure || rightLure
	hyphen := (a.left == "" || strings.HasSuffix(a.left, "-")) && (a.right == "" || strings.HasPrefix(a.right, "-"))
	switch {
	case all && lure && hyphen:
		return fromLureHyphen
	case all && (lure || hyphen):
		return fromLure
	case all:
		return fromWord
	case hyphen:
		return fromOtherWord
	}
	return fromInside
}

// text is what was added, without the hyphens that part it from the name.
func (a addition) text() string {
	return join(strings.Trim(a.left, "-"), strings.Trim(a.right, "-"))
}

// listed reports whether a text is made of listed words and numbers alone, and
// whether a lure is among them. Nothing at all is.
func listed(text string) (all, lure bool) {
	for part := range strings.SplitSeq(text, "-") {
		ok, l := split(part)
		if !ok {
			return false, false
		}
		lure = lure || l
	}
	return true, lure
}

// split cuts a text into listed words and digits, from the front, keeping for
// each place whether it can be reached, and whether by way of a lure. A word
// of two letters counts only alone: be and es are countries, bees are not.
func split(text string) (ok, lure bool) {
	if words[text] {
		return true, lures[text]
	}
	reached, lured := make([]bool, len(text)+1), make([]bool, len(text)+1)
	reached[0] = true
	for i := range len(text) {
		if !reached[i] {
			continue
		}
		if text[i] >= '0' && text[i] <= '9' {
			reached[i+1] = true
			lured[i+1] = lured[i+1] || lured[i]
		}
		for j := i + len("the"); j <= len(text); j++ {
			if w := text[i:j]; words[w] {
				reached[j] = true
				lured[j] = lured[j] || lured[i] || lures[w]
			}
		}
	}
	return reached[len(text)], lured[len(text)]
}

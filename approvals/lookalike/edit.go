package lookalike

import "unicode"

// edit is the one difference between two names.
type edit struct {
	kind    Kind
	detail  string
	doubled bool // a letter beside its equal was added or left out
	plural  bool // an s at the end was added or left out
	digits  bool // one digit is another
}

// oneEdit tells what was done to the known name to get the seen one, if it is
// exactly one thing.
func oneEdit(seen, known []rune) (e edit, ok bool) {
	if len(seen) > len(known)+1 || len(known) > len(seen)+1 {
		return edit{}, false
	}
	head := 0
	for head < min(len(seen), len(known)) && seen[head] == known[head] {
		head++
	}
	tail := 0
	for tail < min(len(seen), len(known))-head && seen[len(seen)-1-tail] == known[len(known)-1-tail] {
		tail++
	}
	was, is := known[head:len(known)-tail], seen[head:len(seen)-tail]
	switch {
	case len(was) == 1 && len(is) == 0:
		return oneMore(known, was[0], Missing, tail), true
	case len(was) == 0 && len(is) == 1:
		return oneMore(seen, is[0], Added, tail), true
	case len(was) == 1 && len(is) == 1:
		digits := unicode.IsDigit(was[0]) && unicode.IsDigit(is[0])
		return edit{kind: Changed, detail: string(is) + " for " + string(was), digits: digits}, true
	case len(was) == 2 && len(is) == 2 && was[0] == is[1] && was[1] == is[0]:
		return edit{kind: Swapped, detail: string(is) + " for " + string(was)}, true
	}
	return edit{}, false
}

// oneMore describes the letter that the longer name has and the other has not,
// with so many letters after it.
func oneMore(longer []rune, letter rune, kind Kind, after int) edit {
	at := len(longer) - 1 - after
	return edit{
		kind:    kind,
		detail:  string(letter),
		doubled: at > 0 && longer[at-1] == letter,
		plural:  after == 0 && letter == 's',
	}
}

// from is the number of letters from which the edit is told.
func (e edit) from(n name, s *name) int {
	switch {
	case e.digits: // channel4 and channel5 are two of a series, at any length
		return maxLabel + 1
	case e.plural && (words[n.label] || words[s.label]): // partner and partners are both anybody's
		return maxLabel + 1
	case e.plural:
		return fromPlural
	case e.doubled:
		return fromDoubled
	case e.kind == Swapped:
		return fromSwapped
	}
	return fromAnyLetter
}

package lookalike

// From how many letters on a name is compared in which way. Letters are those
// of the known name in front of its public suffix, contoso of contoso.co.uk;
// where one letter differs, those of the shorter of the two.
const (
	// The same name under any other ending. With three letters and fewer the
	// same name is as a rule somebody else's (sky.com, sky.de); there the
	// ending itself has to be a slip of the known one (.co for .com).
	fromOtherEnding = 4

	// 0 for o, 1 for l, a letter of another alphabet: nobody picks them for a
	// name of their own, so even 1bm is told to look like ibm. Two letters are
	// left alone: a1 and al, o2 and 02 are all in use.
	fromStrongGlyph = 3

	// rn for m, i for l, an accent, 5 for s: both sides may be words (stem and
	// stern, mail and mall), the more the shorter.
	fromWeakGlyph = 5

	// Letters that look the same and the ending besides, which are two
	// differences. A letter of another alphabet is told under any.
	fromGlyphAndEnding = 7

	// A doubled letter, or one of a pair left out, is how a hand slips; words
	// that differ like that are few (later, latter) even when short.
	fromDoubled = 4

	// Two neighbours swapped: form and from say that four letters are not
	// enough.
	fromSwapped = 5

	// Any one letter. Words of five letters have on average several
	// neighbours that are words (shell, spell, shelf), words of six seldom
	// one.
	fromAnyLetter = 6

	// An s at the end makes a plural, and with it another company's name
	// (window, windows). Made-up names get long before words do.
	fromPlural = 7

	// One letter and the ending besides, which are two differences.
	fromLetterAndEnding = 8

	// A word that lures (login, billing) with a hyphen, under the same ending.
	// Under another, this and the three after it ask for one letter more.
	fromLureHyphen = 3

	// The same without the hyphen, or any word of the list with one.
	fromLure = 4

	// Any word of the list glued to the name.
	fromWord = 5

	// A word that is in no list, parted from the name by a hyphen: what is
	// short is a word of its own there (orange-county, delta-dental).
	fromOtherWord = 7

	// The whole name somewhere inside a longer one, with whatever around it:
	// so many letters do not come together by chance.
	fromInside = 12

	// The name alone as a host of somebody else's domain: sap.fabrikam.com and
	// shop.fabrikam.com are machines, contoso.fabrikam.com hardly. The whole
	// domain there (sap.com.fabrikam.com) is told at any length.
	fromHost = 5
)

package lookalike

import "strings"

// letter is a piece of a label that the eye takes for one letter: a letter, a
// digit, or two letters side by side that look like one.
type letter struct {
	raw   string
	looks rune // the letter that stands for all of its kind; 0 for a hyphen
	at    int  // where in the label it begins
}

// Pairs of letters that look like one. The i of ci is an l by then, as in cI.
var pairs = map[[2]rune]rune{{'r', 'n'}: 'm', {'v', 'v'}: 'w', {'c', 'l'}: 'd'}

// Within plain letters and digits: what each is taken for.
var plain = map[rune]rune{
	'0': 'o', '1': 'l', 'i': 'l', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'b', '7': 't', '8': 'b', '9': 'g',
}

// Marked letters of the Latin alphabet, by the letter that is left without the mark.
var marked = byLetter(map[rune]string{
	'a': "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặɑ",
	'b': "ƀɓḃḅḇ",
	'c': "çćĉċčƈȼḉ",
	'd': "ďđɖɗḋḍḏḑḓð",
	'e': "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ",
	'f': "ƒḟ",
	'g': "ĝğġģǥǧǵɠḡɡ",
	'h': "ĥħȟɦḣḥḧḩḫẖ",
	'i': "ìíîïĩīĭįǐȉȋḭḯỉịıɩɨ",
	'j': "ĵǰȷ",
	'k': "ķĸƙǩḱḳḵ",
	'l': "ĺļľŀłƚɫḷḹḻḽ",
	'm': "ɱḿṁṃ",
	'n': "ñńņňŉŋǹȵɲṅṇṉṋ",
	'o': "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ",
	'p': "ƥṕṗþ",
	'q': "ɋʠ",
	'r': "ŕŗřȑȓɍṙṛṝṟ",
	's': "śŝşšșʂṡṣṥṧṩ",
	't': "ţťŧțƫṫṭṯṱẗ",
	'u': "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự",
	'v': "ṽṿʋ",
	'w': "ŵẁẃẅẇẉẘ",
	'x': "ẋẍ",
	'y': "ýÿŷƴȳɏẏẙỳỵỷỹ",
	'z': "źżžƶȥẑẓẕ",
})

// Letters of other alphabets that nobody tells from a Latin one: Cyrillic, Greek and Armenian.
var twins = byLetter(map[rune]string{
	'a': "\u0430\u03b1",
	'c': "\u0441\u03f2",
	'd': "\u0501",
	'e': "\u0435",
	'h': "\u04bb",
	'i': "\u0456\u03b9",
	'j': "\u0458\u03f3",
	'k': "\u03ba",
	'l': "\u04cf",
	'n': "\u0578",
	'o': "\u043e\u03bf\u0585",
	'p': "\u0440\u03c1",
	'q': "\u051b",
	's': "\u0455",
	'u': "\u057d\u03c5",
	'v': "\u0475\u03bd",
	'w': "\u051d",
	'x': "\u0445\u03c7",
	'y': "\u0443",
})

// Letters of other alphabets that pass for a Latin one among Latin ones.
var kin = byLetter(map[rune]string{
	'a': "\u04d1\u04d3\u03ac",
	'b': "\u0432\u044c\u044a\u048d",
	'd': "\u056a",
	'e': "\u0451\u0450\u04d7\u04bd\u0454\u03b5\u03ad",
	'f': "\u0493\u03dd",
	'g': "\u050d\u0581",
	'h': "\u043d\u04a5\u0570",
	'i': "\u0457\u03af\u03ca\u0390",
	'j': "\u0575",
	'k': "\u043a\u049b\u049d\u049f\u04a1",
	'l': "\u056c",
	'm': "\u043c\u04ce",
	'n': "\u043f\u057c\u03b7\u03ae\u0564",
	'o': "\u04e7\u03cc\u03c3\u10ff",
	'p': "\u048f\u03f8",
	'q': "\u0563\u0566",
	'r': "\u0433\u0453\u0491\u0580",
	's': "\u057f",
	't': "\u0442\u04ad\u03c4",
	'u': "\u03cd\u03cb\u03bc\u0446",
	'w': "\u0448\u0449\u03c9\u03ce\u0461\u0561",
	'x': "\u04b3\u04ff\u04fd",
	'y': "\u045e\u04ef\u04f1\u04af\u04b1\u03b3\u10e7",
})

// byLetter turns a table round: from each variant to its letter.
func byLetter(table map[rune]string) map[rune]rune {
	m := map[rune]rune{}
	for letter, variants := range table {
		for _, v := range variants {
			m[v] = letter
		}
	}
	return m
}

// looksLike is the letter that stands for all that r is taken for.
func looksLike(r rune) rune {
	for _, table := range []map[rune]rune{marked, twins, kin} {
		if l, ok := table[r]; ok {
			r = l
			break
		}
	}
	if l, ok := plain[r]; ok {
		return l
	}
	return r
}

// lettersOf reads a label as the eye does.
func lettersOf(label string) []letter {
	var ls []letter
	for at, r := range label {
		l := letter{raw: string(r), looks: looksLike(r), at: at}
		if r == '-' {
			l.looks = 0
		}
		if len(ls) > 0 {
			last := ls[len(ls)-1]
			if one, ok := pairs[[2]rune{last.looks, l.looks}]; ok {
				ls[len(ls)-1] = letter{raw: last.raw + l.raw, looks: one, at: last.at}
				continue
			}
		}
		ls = append(ls, l)
	}
	return ls
}

// shapeOf is what the letters look like, without hyphens, and for each byte of
// it the place in the label that it comes from, and one for the end.
func shapeOf(ls []letter) (shape string, at []int) {
	var b strings.Builder
	end := 0
	for _, l := range ls {
		end = l.at + len(l.raw)
		if l.looks == 0 {
			continue
		}
		b.WriteRune(l.looks)
		for len(at) < b.Len() {
			at = append(at, l.at)
		}
	}
	return b.String(), append(at, end)
}

package lookalike

import "unicode"

// The scripts that names of domains are written in today. A letter of any
// other has no name here.
var scripts = []struct {
	name  string
	table *unicode.RangeTable
}{
	{"Latin", unicode.Latin},
	{"Han", unicode.Han},
	{"Hangul", unicode.Hangul},
	{"Hiragana", unicode.Hiragana},
	{"Katakana", unicode.Katakana},
	{"Bopomofo", unicode.Bopomofo},
	{"Cyrillic", unicode.Cyrillic},
	{"Greek", unicode.Greek},
	{"Armenian", unicode.Armenian},
	{"Georgian", unicode.Georgian},
	{"Hebrew", unicode.Hebrew},
	{"Arabic", unicode.Arabic},
	{"Devanagari", unicode.Devanagari},
	{"Bengali", unicode.Bengali},
	{"Gurmukhi", unicode.Gurmukhi},
	{"Gujarati", unicode.Gujarati},
	{"Oriya", unicode.Oriya},
	{"Tamil", unicode.Tamil},
	{"Telugu", unicode.Telugu},
	{"Kannada", unicode.Kannada},
	{"Malayalam", unicode.Malayalam},
	{"Sinhala", unicode.Sinhala},
	{"Thai", unicode.Thai},
	{"Lao", unicode.Lao},
	{"Tibetan", unicode.Tibetan},
	{"Myanmar", unicode.Myanmar},
	{"Khmer", unicode.Khmer},
	{"Ethiopic", unicode.Ethiopic},
}

// Scripts that one language writes side by side; Latin goes with each of them.
var together = map[string]string{
	"Hiragana": "Japanese", "Katakana": "Japanese", "Hangul": "Korean", "Bopomofo": "Chinese",
}

// scriptOf names the script of a letter. Digits, hyphens and marks that many
// scripts share have none, and neither has a letter of no script in use.
func scriptOf(r rune) string {
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.name
		}
	}
	return ""
}

// mixesScripts reports whether a label has letters that no language writes in
// one word. What has no script of its own goes with all.
func mixesScripts(label string) bool {
	latin, han, writing := false, false, ""
	for _, r := range label {
		s := scriptOf(r)
		switch s {
		case "":
		case "Latin":
			latin = true
		case "Han":
			han = true
		default:
			if w := together[s]; w != "" {
				s = w
			}
			if writing != "" && writing != s {
				return true
			}
			writing = s
		}
	}
	eastern := writing == "" || writing == "Japanese" || writing == "Korean" || writing == "Chinese"
	return writing != "" && !eastern && (latin || han)
}

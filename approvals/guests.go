package approvals

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxLines bounds what is read of a list of guests, good or not.
const maxLines = 1000

// ParseGuests reads a list of guests as people paste it: an address a line, with
// a name and a company behind it or a name around it, or the text of a CSV file
// with or without a heading. Everything that is wrong is named with its line.
func ParseGuests(text string) ([]Guest, Refusals) {
	var guests []Guest
	var wrong Refusals
	columns, seen := []string{"email", "name", "company"}, map[string]bool{}
	comma := separator(text)
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !strings.Contains(line, "@") && len(guests) == 0 {
			if names := heading(line, comma); names != nil {
				columns = names
				continue
			}
		}
		for _, one := range guestsIn(line) {
			if len(guests)+len(wrong) >= maxLines {
				return guests, append(wrong, ErrGuestsTooMany.With("limit", itoa(maxLines)))
			}
			g, refused := oneGuest(readGuest(one, comma, columns), seen, one)
			if refused == nil {
				seen[strings.ToLower(g.Email)] = true
				guests = append(guests, g)
			}
			for _, r := range refused {
				wrong = append(wrong, r.With("line", itoa(i+1)))
			}
		}
	}
	if len(guests) == 0 && len(wrong) == 0 {
		wrong = Refusals{ErrGuestsMissing}
	}
	return guests, wrong
}

// guestsIn are the guests of a line: one, unless every part of it is an address.
func guestsIn(line string) []string {
	if strings.Count(line, "@") < 2 {
		return []string{line}
	}
	for _, cut := range []func(rune) bool{
		func(r rune) bool { return r == ',' || r == ';' || r == '\t' },
		func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) },
	} {
		parts := slices.DeleteFunc(strings.FieldsFunc(line, cut), func(part string) bool { return strings.TrimSpace(part) == "" })
		if !slices.ContainsFunc(parts, func(part string) bool { return strings.Count(part, "@") != 1 }) {
			return parts
		}
	}
	return []string{line}
}

// oneGuest is a guest as they were read, or what is wrong with them.
func oneGuest(g Guest, seen map[string]bool, text string) (Guest, Refusals) {
	address, _, err := ParseAddress(g.Email)
	if err != nil {
		var wrong Refusals
		for _, r := range refusalsOf(err) {
			wrong = append(wrong, ErrGuestLine.With("text", strings.TrimSpace(text)).With("code", string(r.Code)).With("character", r.Args["character"]))
		}
		return g, wrong
	}
	g.Email = address
	if seen[strings.ToLower(g.Email)] {
		return g, Refusals{ErrGuestTwice.With("text", g.Email)}
	}
	return g, nil
}

// separator is what most lines have between their parts.
func separator(text string) rune {
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(text, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// heading reads the first line of a file that names its columns.
func heading(line string, comma rune) []string {
	known := map[string]string{
		"email": "email", "e-mail": "email", "mail": "email", "address": "email", "name": "name", "full name": "name",
		"display name": "name", "company": "company", "organisation": "company", "organization": "company",
		"first name": "first", "last name": "last",
	}
	var names []string
	found := false
	for _, part := range fields(line, comma) {
		name := known[strings.ToLower(strings.TrimSpace(part))]
		found = found || name == "email"
		names = append(names, name)
	}
	if !found {
		return nil
	}
	return names
}

func readGuest(line string, comma rune, columns []string) Guest {
	if open, end := strings.LastIndexByte(line, '<'), strings.LastIndexByte(line, '>'); open >= 0 && end > open {
		return Guest{Email: strings.TrimPrefix(line[open+1:end], "mailto:"), Name: oneLine(strings.Trim(line[:open], " \"'"))}
	}
	got := map[string]string{}
	for i, part := range fields(line, comma) {
		if i < len(columns) && columns[i] != "" {
			got[columns[i]] = oneLine(part)
		}
	}
	name := got["name"]
	if name == "" {
		name = strings.TrimSpace(got["first"] + " " + got["last"])
	}
	return Guest{Email: got["email"], Name: name, Company: got["company"]}
}

func fields(line string, comma rune) []string {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes, r.TrimLeadingSpace = comma, true, true
	parts, err := r.Read()
	if err != nil {
		return []string{line}
	}
	return parts
}

func itoa(n int) string { return strconv.Itoa(n) }

// sameStages reports whether the same people decide in the same way.
func sameStages(a, b []Stage) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// worse reports whether facts speak louder for a second look than others do.
func (f Facts) worse(g Facts) bool {
	order := []Risk{RiskLow, RiskMedium, RiskHigh}
	if a, b := slices.Index(order, f.Risk), slices.Index(order, g.Risk); a != b {
		return a > b
	}
	for _, is := range [][2]bool{{f.Like != nil, g.Like != nil}, {f.Disposable, g.Disposable}, {f.Treat == Warned, g.Treat == Warned}} {
		if is[0] != is[1] {
			return is[0]
		}
	}
	return false
}

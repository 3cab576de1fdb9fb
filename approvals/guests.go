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
// with or without a heading. Below a heading a line is one guest, whose address
// is in the column for it. Everything that is wrong is named with its line.
func ParseGuests(text string) ([]Guest, Refusals) {
	var guests []Guest
	var wrong Refusals
	l, seen := list{comma: separator(text)}, map[string]bool{}
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !l.headed() && len(guests) == 0 {
			switch l.heading(line) {
			case 0:
			case 1:
				continue
			default:
				return nil, append(wrong, ErrGuestColumns.With("text", strings.TrimSpace(line)).With("line", itoa(i+1)))
			}
		}
		for _, one := range l.guestsIn(line) {
			if len(guests)+len(wrong) >= maxLines {
				return guests, append(wrong, ErrGuestsTooMany.With("limit", itoa(maxLines)))
			}
			g, refused := l.read(one)
			if refused == nil && seen[strings.ToLower(g.Email)] {
				refused = ErrGuestTwice.With("text", g.Email)
			}
			if refused != nil {
				wrong = append(wrong, refused.With("line", itoa(i+1)))
				continue
			}
			seen[strings.ToLower(g.Email)] = true
			guests = append(guests, g)
		}
	}
	if len(guests) == 0 && len(wrong) == 0 {
		wrong = Refusals{ErrGuestsMissing}
	}
	return guests, wrong
}

// list is how the lines of a list are read.
type list struct {
	comma   rune
	titles  []string // of its columns, if it has a heading
	columns []string // what they are: email, name, company, first, last, or nothing that is needed
}

func (l *list) headed() bool { return l.titles != nil }

// heading reads a line that names columns, and returns how many of them are for
// the address. With none it is a line like any other.
func (l *list) heading(line string) (emails int) {
	if strings.Contains(line, "@") {
		return 0
	}
	known := map[string]string{
		"email": "email", "e-mail": "email", "mail": "email", "email address": "email", "e-mail address": "email", "address": "address",
		"name": "name", "full name": "name", "display name": "name", "company": "company", "organisation": "company", "organization": "company",
		"first name": "first", "last name": "last",
	}
	titles := fields(line, l.comma)
	columns := make([]string, len(titles))
	for i, title := range titles {
		titles[i] = oneLine(title)
		columns[i] = known[strings.ToLower(titles[i])]
		if columns[i] == "email" {
			emails++
		}
	}
	street := emails > 0 // is what an address beside an e-mail is
	for i, column := range columns {
		if column == "address" && !street {
			columns[i] = "email"
			emails++
		}
	}
	if emails > 0 {
		l.titles, l.columns = titles, columns
	}
	return emails
}

// guestsIn are the guests of a line: one, unless the list has no heading and
// every part of the line is an address.
func (l *list) guestsIn(line string) []string {
	if l.headed() || strings.Count(line, "@") < 2 {
		return []string{line}
	}
	for _, cut := range []func(rune) bool{
		func(r rune) bool { return r == ';' },
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

// read returns the guest of a line, or what is wrong with it. A line with another
// address than theirs is wrong: who is meant is nothing to guess.
func (l *list) read(line string) (Guest, *Refusal) {
	g, cells := l.guest(line)
	wrong := ErrGuestLine.With("text", strings.TrimSpace(line))
	address, _, err := ParseAddress(g.Email)
	if refused := refusalsOf(err); len(refused) > 0 {
		return g, wrong.With("code", string(refused[0].Code)).With("character", refused[0].Args["character"])
	}
	g.Email = address
	for i, cell := range cells {
		if !otherAddress(cell, address) {
			continue
		}
		wrong = wrong.With("code", string(ErrEmailSeveral.Code))
		if l.headed() {
			wrong = wrong.With("column", l.title(i))
		}
		return g, wrong
	}
	return g, nil
}

// guest reads a guest as they were written, and returns the cells that this was
// read of. Only in a list without a heading a name may reach over several.
func (l *list) guest(line string) (g Guest, cells []string) {
	if l.headed() {
		cells = fields(line, l.comma)
		return guestOf(cells, l.columns), cells
	}
	line = strings.TrimSpace(line)
	parts := fields(line, l.comma)
	if name, address, behind, ok := around(line); ok {
		parts = append([]string{address, name}, fields(strings.TrimLeft(behind, ",; \t"), l.comma)...)
		if name == "" {
			parts = slices.Delete(parts, 1, 2)
		}
	}
	return guestOf(parts, []string{"email", "name", "company"}), []string{line}
}

func guestOf(cells, columns []string) Guest {
	got := map[string]string{}
	for i, cell := range cells {
		if i < len(columns) && columns[i] != "" {
			got[columns[i]] = oneLine(cell)
		}
	}
	name := got["name"]
	if name == "" {
		name = strings.TrimSpace(got["first"] + " " + got["last"])
	}
	if written, address, _, ok := around(got["email"]); ok {
		got["email"] = address
		if name == "" {
			name = written
		}
	}
	return Guest{Email: got["email"], Name: name, Company: got["company"]}
}

// title is what a column is called, or its number.
func (l *list) title(column int) string {
	if column < len(l.titles) && l.titles[column] != "" {
		return l.titles[column]
	}
	return itoa(column + 1)
}

// around cuts an address as mail programs write it, with the name before it.
func around(text string) (name, address, behind string, ok bool) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return "", "", "", false
	}
	open, end := strings.LastIndexByte(text[:at], '<'), strings.IndexByte(text[at:], '>')
	if open < 0 || end < 0 {
		return "", "", "", false
	}
	name = oneLine(strings.Trim(text[:open], " \"'"))
	return name, strings.TrimPrefix(text[open+1:at+end], "mailto:"), text[at+end+1:], true
}

// otherAddress reports whether a text has an address that is not this one.
func otherAddress(text, address string) bool {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(forbiddenInAddress, r) }) {
		part = strings.Trim(part, ".'")
		if found, _, err := ParseAddress(part); err == nil && !strings.EqualFold(found, strings.Trim(address, "'")) {
			return true
		}
	}
	return false
}

// fields cuts a line into its cells. Tabs are left to part them, and are no
// space in front of a cell.
func fields(line string, comma rune) []string {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes, r.TrimLeadingSpace = comma, true, comma != '\t'
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

// worst are the facts that speak loudest for a second look, the first of those that do.
func worst(all []Facts) Facts {
	out := all[0]
	for _, f := range all[1:] {
		if f.worse(out) {
			out = f
		}
	}
	return out
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

package rules

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
)

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	overload   = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	word       = regexp.MustCompile(`^[A-Za-z]\w*$`)
	early      = regexp.MustCompile(`^Syntax error: mismatched input '<EOF>'.*`)
	expecting  = regexp.MustCompile(` expecting \{.*$`)
	dotted     = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*`)
)

// problems words what CEL found wrong with a text.
func (l *language) problems(text string, issues *cel.Issues) Problems {
	lines := strings.Split(text, "\n")
	var out Problems
	for _, e := range issues.Errors() {
		p := Problem{Line: max(e.Location.Line(), 1), Column: max(e.Location.Column()+1, 1), Text: e.Message}
		if m := undeclared.FindStringSubmatch(e.Message); m != nil {
			p = l.unknown(p, m[1], lines)
		} else if m := overload.FindStringSubmatch(e.Message); m != nil {
			p.Text = operator(m[1]) + " does not take " + m[2]
		} else if strings.Contains(e.Message, "duration") {
			p.Text += `; a day is written as duration("24h")`
		}
		p.Text = expecting.ReplaceAllString(early.ReplaceAllString(p.Text, "ends where something has to follow"), "")
		if !slices.ContainsFunc(out, func(q Problem) bool { return q.Text == p.Text && q.Line == p.Line && q.Column == p.Column }) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out
}

// unknown says which name is not known. CEL points into the middle of guest.emial;
// people have to see all of it.
func (l *language) unknown(p Problem, name string, lines []string) Problem {
	line := []rune(lines[min(p.Line, len(lines))-1])
	start := min(p.Column-1, len(line))
	for start > 0 && (line[start-1] == '.' || line[start-1] == '_' || unicode.IsLetter(line[start-1]) || unicode.IsDigit(line[start-1])) {
		start--
	}
	whole := dotted.FindString(string(line[start:]))
	owner, last := "", whole
	if i := strings.LastIndex(whole, "."); i >= 0 {
		owner, last = whole[:i], whole[i+1:]
	}
	switch {
	case strings.HasPrefix(string(line[start+len(whole):]), "(") && last == name: // a function
		p.Column = start + len(whole) - len(name) + 1
	case strings.HasPrefix(string(line[start+len(whole):]), "(") && strings.HasPrefix(owner, name):
		name, p.Column = owner, start+1
	case strings.HasPrefix(whole, name):
		name, p.Column = whole, start+1
	}
	if _, there := l.vars[name]; there {
		p.Text = name + " is always there; ask what it is"
		return p
	}
	p.Name, p.Text, p.Known = name, name+" is not known", l.known()
	return p
}

// known are the names of our variables and of the functions and macros of CEL.
func (l *language) known() []string {
	out := slices.Sorted(maps.Keys(l.vars))
	for _, f := range slices.Sorted(maps.Keys(l.env.Functions())) {
		if word.MatchString(f) {
			out = append(out, f)
		}
	}
	for _, m := range l.env.Macros() {
		out = append(out, m.Function())
	}
	return out
}

// operator is how an operator is written: _==_ is ==.
func operator(function string) string {
	return strings.Trim(function, "_@") // in, ==, !
}

// kindOf words a type of CEL.
func kindOf(celType string) string {
	switch celType {
	case "string":
		return "a text"
	case "int", "uint", "double":
		return "a number"
	case "google.protobuf.Duration", "duration":
		return "a length of time"
	}
	return "a " + celType
}

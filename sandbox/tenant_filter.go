package sandbox

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filterRow is an object held against a filter; inside any(x:…) also the element that x stands for.
type filterRow struct {
	record   map[string]any
	variable string
	element  string
}

type filterMatch func(filterRow) bool

// parseFilter understands eq, ne, in, not, and, or, parentheses, startswith, endswith and any, for the properties that Graph
// filters by. ne, not and endswith need an advanced query. Everything else is refused as Graph refuses it.
func parseFilter(text string, kind entityKind, advanced bool) (filterMatch, *graphReply) {
	p := &filterParser{kind: kind, advanced: advanced, text: text}
	if !p.scan() {
		return nil, p.refusal
	}
	match := p.or()
	if p.refusal == nil && p.at < len(p.tokens) {
		p.syntax()
	}
	if p.refusal != nil {
		return nil, p.refusal
	}
	return match, nil
}

var filterToken = regexp.MustCompile(`^(?:'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_./]*|[0-9][A-Za-z0-9:.\-]*|[(),:])`)

type filterParser struct {
	kind     entityKind
	advanced bool
	text     string
	tokens   []string
	places   []int
	at       int
	depth    int
	variable string
	refusal  *graphReply // the first one stands
}

func (p *filterParser) scan() bool {
	rest := p.text
	for {
		rest = strings.TrimLeft(rest, " ")
		if rest == "" {
			return true
		}
		token := filterToken.FindString(rest)
		p.places = append(p.places, len(p.text)-len(rest))
		if token == "" {
			p.at = len(p.tokens)
			p.syntax()
			return false
		}
		p.tokens = append(p.tokens, token)
		rest = rest[len(token):]
	}
}

func (p *filterParser) refuse(r *graphReply) filterMatch {
	if p.refusal == nil {
		p.refusal = r
	}
	return func(filterRow) bool { return false }
}

func (p *filterParser) syntax() filterMatch {
	place := len(p.text)
	if p.at < len(p.places) {
		place = p.places[p.at]
	}
	return p.refuse(invalidQuery("Invalid filter clause: Syntax error at position " + strconv.Itoa(place) + " in '" + p.text + "'."))
}

func (p *filterParser) needAdvanced() {
	if !p.advanced {
		p.refuse(unsupportedQuery("Operator is not supported without the header 'ConsistencyLevel: eventual' and the query option '$count=true'."))
	}
}

func (p *filterParser) next() string {
	if p.at >= len(p.tokens) {
		return ""
	}
	p.at++
	return p.tokens[p.at-1]
}

func (p *filterParser) take(token string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at] == token {
		p.at++
		return true
	}
	return false
}

func (p *filterParser) or() filterMatch {
	left := p.and()
	for p.take("or") {
		a, b := left, p.and()
		left = func(r filterRow) bool { return a(r) || b(r) }
	}
	return left
}

func (p *filterParser) and() filterMatch {
	left := p.term()
	for p.take("and") {
		a, b := left, p.term()
		left = func(r filterRow) bool { return a(r) && b(r) }
	}
	return left
}

func (p *filterParser) term() filterMatch {
	if p.depth++; p.depth > 100 {
		return p.refuse(invalidQuery("Invalid filter clause: The node count limit of '100' has been exceeded."))
	}
	defer func() { p.depth-- }()
	switch word := p.next(); {
	case p.refusal != nil:
		return p.refuse(p.refusal)
	case word == "(":
		inner := p.or()
		if !p.take(")") {
			return p.syntax()
		}
		return inner
	case word == "not":
		inner := p.term()
		p.needAdvanced()
		return func(r filterRow) bool { return !inner(r) }
	case strings.EqualFold(word, "startswith") || strings.EqualFold(word, "endswith"):
		return p.affix(word)
	case strings.HasSuffix(word, "/any"):
		return p.any(strings.TrimSuffix(word, "/any"))
	default:
		return p.comparison(word)
	}
}

// property checks a name and returns how to read it.
func (p *filterParser) property(name string) func(filterRow) any {
	if p.variable != "" && name == p.variable {
		return func(r filterRow) any { return r.element }
	}
	if _, ok := p.kind.properties[name]; !ok {
		if !filterToken.MatchString(name) || strings.ContainsAny(name, "'(),:") {
			p.at = max(0, p.at-1)
			p.syntax()
		} else {
			p.refuse(invalidQuery("Invalid filter clause: Could not find a property named '" + name + "' on type 'microsoft.graph." + p.kind.name + "'."))
		}
	} else if !slices.Contains(p.kind.filterable, name) {
		p.refuse(unsupportedQuery("Unsupported or invalid query filter clause specified for property '" + name + "' of resource '" + p.kind.name + "'."))
	}
	return func(r filterRow) any { return r.record[name] }
}

func (p *filterParser) comparison(name string) filterMatch {
	read := p.property(name)
	if _, isList := p.kind.properties[name].([]string); isList {
		return p.refuse(unsupportedQuery("Unsupported or invalid query filter clause specified for property '" + name + "' of resource '" + p.kind.name + "'."))
	}
	switch op := p.next(); op {
	case "eq":
		want := p.literal()
		return func(r filterRow) bool { return sameValue(read(r), want) }
	case "ne":
		want := p.literal()
		p.needAdvanced()
		return func(r filterRow) bool { return !sameValue(read(r), want) }
	case "in":
		return p.in(read)
	case "gt", "ge", "lt", "le":
		return p.refuse(unsupportedQuery("Unsupported or invalid query filter clause specified for property '" + name + "' of resource '" + p.kind.name + "'."))
	}
	p.at = max(0, p.at-1)
	return p.syntax()
}

func (p *filterParser) in(read func(filterRow) any) filterMatch {
	if !p.take("(") {
		return p.syntax()
	}
	var wanted []any
	for {
		wanted = append(wanted, p.literal())
		if !p.take(",") {
			break
		}
	}
	if !p.take(")") {
		return p.syntax()
	}
	return func(r filterRow) bool {
		return slices.ContainsFunc(wanted, func(want any) bool { return sameValue(read(r), want) })
	}
}

func (p *filterParser) affix(function string) filterMatch {
	if !p.take("(") {
		return p.syntax()
	}
	name := p.next()
	read := p.property(name)
	if !p.take(",") {
		return p.syntax()
	}
	want, ok := p.literal().(string)
	if !ok || !p.take(")") {
		return p.syntax()
	}
	has := strings.HasPrefix
	if strings.EqualFold(function, "endswith") {
		has = strings.HasSuffix
		p.needAdvanced()
		p.needSuffixes(name)
	}
	return func(r filterRow) bool {
		s, ok := read(r).(string)
		return ok && has(strings.ToLower(s), strings.ToLower(want))
	}
}

// suffixed are the properties that endswith can look at.
var suffixed = []string{"mail", "otherMails", "proxyAddresses", "userPrincipalName"}

func (p *filterParser) needSuffixes(name string) {
	if name != p.variable && !slices.Contains(suffixed, name) {
		p.refuse(unsupportedQuery("Unsupported or invalid query filter clause specified for property '" + name + "' of resource '" + p.kind.name + "'."))
	}
}

func (p *filterParser) any(name string) filterMatch {
	if _, isList := p.kind.properties[name].([]string); !isList || p.variable != "" {
		p.property(name)
		return p.refuse(unsupportedQuery("Unsupported or invalid query filter clause specified for property '" + name + "' of resource '" + p.kind.name + "'."))
	}
	read := p.property(name)
	if !p.take("(") {
		return p.syntax()
	}
	p.variable = p.next()
	if p.variable == "" || !p.take(":") {
		return p.syntax()
	}
	inner := p.or()
	variable := p.variable
	p.variable = ""
	if !p.take(")") {
		return p.syntax()
	}
	return func(r filterRow) bool {
		elements, _ := read(r).([]string)
		return slices.ContainsFunc(elements, func(e string) bool {
			return inner(filterRow{record: r.record, variable: variable, element: e})
		})
	}
}

// literal reads a text, true, false or null.
func (p *filterParser) literal() any {
	switch word := p.next(); {
	case strings.HasPrefix(word, "'"):
		return strings.ReplaceAll(word[1:len(word)-1], "''", "'")
	case word == "true" || word == "false":
		return word == "true"
	case word == "null":
		return nil
	}
	p.at = max(0, p.at-1)
	p.syntax()
	return nil
}

// sameValue compares as Graph does: text without regard to case.
func sameValue(have, want any) bool {
	a, isText := have.(string)
	b, wantText := want.(string)
	if isText && wantText {
		return strings.EqualFold(a, b)
	}
	switch have.(type) {
	case nil, string, bool:
		return have == want
	}
	return false
}

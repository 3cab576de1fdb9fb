package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// value is one place in the file: its key, its line and what stands there.
// A place that is absent has a nil node and the line of what surrounds it.
type value struct {
	rep  *report
	node ast.Node
	key  string
	line int
	lost bool // what surrounds it is of the wrong kind, and that was said
}

func (v value) problem(format string, args ...any) {
	if v.lost {
		return
	}
	v.rep.add(v.line, v.key, fmt.Sprintf(format, args...))
}

func (v value) absent() bool {
	_, null := v.node.(*ast.NullNode)
	return v.node == nil || null
}

// entry is one key of a mapping with its value.
type entry struct {
	name string
	value
}

// follow resolves anchors, aliases and tags.
func (v value) follow(n ast.Node) ast.Node {
	for range 10 {
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			n = v.rep.anchors[x.Value.String()]
		case *ast.TagNode:
			n = x.Value
		default:
			return n
		}
	}
	return nil
}

// entries are the keys of a mapping in the order of the file. It is not ok, and
// said to be so, if something else stands there.
func (v value) entries() (found []entry, ok bool) {
	var pairs []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		if !v.absent() {
			v.problem("must have keys below it, not %s", kind(v.node))
		}
		return nil, v.absent()
	}
	out := make([]entry, 0, len(pairs))
	for _, p := range pairs {
		name := p.Key.GetToken().Value
		key := name
		if v.key != "" {
			key = v.key + "." + name
		}
		line := p.Key.GetToken().Position.Line
		out = append(out, entry{name, value{rep: v.rep, node: v.follow(p.Value), key: key, line: line}})
	}
	return out, true
}

// fields are the values of a mapping whose keys are known.
type fields map[string]value

// fields reads a mapping whose keys are known. Every other key is a mistake.
func (v value) fields(known ...string) fields {
	got := fields{}
	entries, ok := v.entries()
	for _, name := range known {
		key := name
		if v.key != "" {
			key = v.key + "." + name
		}
		got[name] = value{rep: v.rep, key: key, line: v.line, lost: !ok || v.lost}
	}
	for _, e := range entries {
		if !slices.Contains(known, e.name) {
			e.problem("is not a key here%s; the keys are %s", meant(e.name, known), strings.Join(known, ", "))
			continue
		}
		got[e.name] = e.value
	}
	return got
}

// items are the members of a list.
func (v value) items() []value {
	if v.absent() {
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.problem("must be a list, not %s; write [a, b]", kind(v.node))
		return nil
	}
	out := make([]value, 0, len(seq.Values))
	for i, n := range seq.Values {
		line := v.line
		if t := n.GetToken(); t != nil {
			line = t.Position.Line
		}
		out = append(out, value{rep: v.rep, node: v.follow(n), key: fmt.Sprintf("%s[%d]", v.key, i), line: line})
	}
	return out
}

// listed is items where there must be some; want says what to write.
func (v value) listed(want string) []value {
	items := v.items()
	_, list := v.node.(*ast.SequenceNode)
	if len(items) == 0 && (list || v.absent()) {
		v.problem("is missing; write %s", want)
	}
	return items
}

// text is a string, or what stands for one: numbers and the like are taken as
// they were written. An absent value gives def.
func (v value) text(def string) string {
	switch n := v.node.(type) {
	case nil, *ast.NullNode:
		return def
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	v.problem("must be a text, not %s", kind(v.node))
	return def
}

// oneOf is a text out of a closed list.
func (v value) oneOf(def string, choices ...string) string {
	got := v.text(def)
	if !slices.Contains(choices, got) {
		v.problem("%q is not known%s; write %s", got, meant(got, choices), strings.Join(choices, " or "))
		return def
	}
	return got
}

// required is a text that must not be empty.
func (v value) required(what string) string {
	got := strings.TrimSpace(v.text(""))
	if got == "" && (v.absent() || kind(v.node) == "a text") {
		v.problem("is missing; write %s", what)
	}
	return got
}

// number is a whole number from lowest up.
func (v value) number(def, lowest int) int {
	if v.absent() {
		return def
	}
	n, err := strconv.Atoi(v.text(""))
	if err != nil || n < lowest {
		v.problem("%q is not a whole number from %d up", v.node.GetToken().Value, lowest)
		return def
	}
	return n
}

// yes is true or false; an absent value is false.
func (v value) yes() bool {
	switch v.text("false") {
	case "true":
		return true
	case "false":
	default:
		v.problem("%q is neither true nor false", v.text(""))
	}
	return false
}

// duration is a length of time as people write it: 90m, 36h, 5d, 2w.
func (v value) duration(def time.Duration) time.Duration {
	if v.absent() {
		return def
	}
	d, ok := ParseDuration(v.text(""))
	if !ok {
		v.problem("%q is not a length of time; write it like 90m, 36h, 5d or 2w", v.text(""))
		return def
	}
	return d
}

// ParseDuration reads 90m, 36h, 5d or 2w, at least a second and at most ten years.
func ParseDuration(s string) (time.Duration, bool) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	if len(s) < 2 {
		return 0, false
	}
	unit, ok := units[s[len(s)-1:]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if !ok || err != nil || n == 0 || time.Duration(n) > 10*366*24*time.Hour/unit {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	}
	return "nothing"
}

// meant proposes the known word that is one slip away.
func meant(got string, known []string) string {
	for _, k := range known {
		if near(strings.ToLower(got), k) {
			return fmt.Sprintf(" (did you mean %s?)", k)
		}
	}
	return ""
}

// near reports whether two words are at most two edits apart, or one for short ones.
func near(a, b string) bool {
	if max(len(a), len(b)) == 0 {
		return false
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)] <= min(2, max(len(a), len(b))/3)
}

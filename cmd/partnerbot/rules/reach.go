package rules

import (
	"maps"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// maxTries bounds in how many cases a condition is tried out.
const maxTries = 4096

// Constant reports whether the condition has the same answer in every case, and
// which. It is never wrong where it says so, and does not find every such
// condition: what is compared with constants is tried out with each value that
// makes a difference, everything else is taken to be anything.
func (c *Condition) Constant() (holds, constant bool) {
	tried, ok := c.tries()
	if !ok {
		tried = []map[string]any{{}}
	}
	for i, known := range tried {
		answer, ok := c.try(known)
		if !ok || (i > 0 && answer != holds) {
			return false, false
		}
		holds = answer
	}
	return holds, true
}

// try asks the condition with some variables known. It is not ok if the others
// make a difference, or if there is no answer.
func (c *Condition) try(known map[string]any) (holds, ok bool) {
	in, err := c.lang.env.PartialVars(known)
	if err != nil {
		return false, false
	}
	out, _, err := c.blind.Eval(in)
	if err != nil || types.IsUnknown(out) {
		return false, false
	}
	holds, ok = out.Value().(bool)
	return holds, ok
}

// tries are all combinations of values that make a difference, of the variables
// that are only compared with constants. It is not ok if there are too many.
func (c *Condition) tries() ([]map[string]any, bool) {
	out := []map[string]any{{}}
	for name, values := range c.telling() {
		if len(out)*len(values) > maxTries {
			return nil, false
		}
		var more []map[string]any
		for _, known := range out {
			for _, v := range values {
				next := maps.Clone(known)
				next[name] = v
				more = append(more, next)
			}
		}
		out = more
	}
	return out, true
}

// telling are the values that make a difference, by variable, of those of which
// all that is asked can be answered with them.
func (c *Condition) telling() map[string][]any {
	asked, compared := map[string]int{}, map[string]int{}
	constants := map[string][]any{}
	c.visit(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			asked[e.AsIdent()]++
			if v, ok := c.lang.vars[e.AsIdent()]; ok && v.kind == cel.BoolType {
				compared[e.AsIdent()]++ // both answers are tried, whatever is asked
			}
		}
		name, with, ok := comparison(e)
		v, mine := c.lang.vars[name]
		if !ok || !mine || v.kind == cel.BoolType || (v.kind == cel.StringType && ordered(e)) {
			return
		}
		compared[name]++
		for _, l := range with {
			constants[name] = append(constants[name], constantOf(l))
		}
	})
	out := map[string][]any{}
	for name, n := range asked {
		if v, ok := c.lang.vars[name]; ok && compared[name] == n {
			if values := v.telling(constants[name]); values != nil {
				out[name] = values
			}
		}
	}
	return out
}

func ordered(e ast.Expr) bool {
	f := e.AsCall().FunctionName()
	return f != operators.Equals && f != operators.NotEquals && f != operators.In
}

func constantOf(e ast.Expr) any {
	if e.Kind() == ast.CallKind {
		text, _ := textOf(e.AsCall().Args()[0])
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil
		}
		return d
	}
	return e.AsLiteral().Value()
}

// telling are the values of one variable that its constants tell apart; none if
// they cannot be listed.
func (v Variable) telling(constants []any) []any {
	var out []any
	switch {
	case v.kind == cel.BoolType:
		return []any{true, false}
	case v.Name == groupsVariable:
		return subsets(constants)
	case len(v.Values) > 0:
		for _, text := range v.Values {
			out = append(out, text)
		}
		return out
	}
	for _, c := range constants {
		switch c := c.(type) {
		case string:
			out = append(out, c)
		case int64:
			out = append(out, c-1, c, c+1)
		case time.Duration:
			out = append(out, c-1, c, c+1)
		default:
			return nil
		}
	}
	if v.kind == cel.StringType {
		out = append(out, "none of these \x00")
	}
	return distinct(out)
}

// subsets are all that a list of groups can have of some; none if they are many.
func subsets(groups []any) []any {
	groups = distinct(groups)
	if len(groups) > 6 {
		return nil
	}
	var out []any
	for mask := range 1 << len(groups) {
		some := []string{}
		for i, g := range groups {
			if text, ok := g.(string); ok && mask&(1<<i) != 0 {
				some = append(some, text)
			}
		}
		out = append(out, some)
	}
	return out
}

func distinct(values []any) []any {
	var out []any
	for _, v := range values {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Named is a text that a condition compares a variable with.
type Named struct {
	Variable, Text string
	Line, Column   int
}

var groupID = regexp.MustCompile(`^S[A-Z0-9]{2,20}$`)

const groupsVariable = "requester.groups"

// Names are the texts that the condition compares a variable with, by == and !=
// or as members of a list, in the order of the condition.
func (c *Condition) Names(variable string) []Named {
	var out []Named
	c.visit(func(e ast.Expr) {
		v, with, ok := comparison(e)
		if !ok || v != variable {
			return
		}
		for _, l := range with {
			if text, ok := textOf(l); ok {
				at := c.ast.NativeRep().SourceInfo().GetStartLocation(l.ID())
				out = append(out, Named{Variable: v, Text: text, Line: at.Line(), Column: at.Column() + 1})
			}
		}
	})
	return out
}

// Groups are the user groups that the condition names. Whether a requester is in
// another one it is never told.
func (c *Condition) Groups() []string {
	if !c.uses(groupsVariable) {
		return nil
	}
	var out []string
	c.visit(func(e ast.Expr) {
		if text, ok := textOf(e); ok && groupID.MatchString(text) {
			out = append(out, text)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// misspelt finds what can be compiled and yet never be meant: a risk that does not
// exist, groups of which none is named.
func (c *Condition) misspelt() Problems {
	var out Problems
	for _, v := range Variables() {
		if len(v.Values) == 0 {
			continue
		}
		for _, n := range c.Names(v.Name) {
			if !slices.Contains(v.Values, n.Text) {
				text := fmt.Sprintf("%s is never %q; it is %s", v.Name, n.Text, strings.Join(v.Values, " or "))
				out = append(out, Problem{Line: n.Line, Column: n.Column, Text: text, Name: n.Text, Known: v.Values})
			}
		}
	}
	for _, variable := range []string{"guest.email", "guest.domain", "domain.looks_like", "requester.email"} {
		for _, n := range c.Names(variable) {
			if strings.ToLower(n.Text) != n.Text {
				out = append(out, Problem{Line: n.Line, Column: n.Column, Text: fmt.Sprintf("%s is in lower case; write %q", variable, strings.ToLower(n.Text))})
			}
		}
	}
	for _, n := range c.Names(groupsVariable) {
		if !groupID.MatchString(n.Text) {
			text := fmt.Sprintf("%q is no user group ID; write it like S0FALCON", n.Text)
			out = append(out, Problem{Line: n.Line, Column: n.Column, Text: text})
		}
	}
	if len(out) == 0 && c.uses(groupsVariable) && len(c.Groups()) == 0 {
		out = append(out, Problem{Line: 1, Column: 1, Text: `asks about requester.groups and names none; write it like "S0FALCON" in requester.groups`})
	}
	return out
}

func (c *Condition) visit(each func(ast.Expr)) {
	ast.PreOrderVisit(c.ast.NativeRep().Expr(), ast.NewExprVisitor(each))
}

func (c *Condition) uses(variable string) bool {
	found := false
	c.visit(func(e ast.Expr) { found = found || isVariable(e, variable) })
	return found
}

func isVariable(e ast.Expr, name string) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == name
}

// comparison takes apart what compares a variable with literals: x == "a",
// "a" != x, x in ["a", "b"], "a" in x.
func comparison(e ast.Expr) (variable string, with []ast.Expr, ok bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return "", nil, false
	}
	left, right := e.AsCall().Args()[0], e.AsCall().Args()[1]
	switch e.AsCall().FunctionName() {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if right.Kind() == ast.IdentKind {
			left, right = right, left
		}
		if left.Kind() == ast.IdentKind && literal(right) {
			return left.AsIdent(), []ast.Expr{right}, true
		}
	case operators.In:
		if left.Kind() == ast.IdentKind && right.Kind() == ast.ListKind && !slices.ContainsFunc(right.AsList().Elements(), func(m ast.Expr) bool { return !literal(m) }) {
			return left.AsIdent(), right.AsList().Elements(), true
		}
		if right.Kind() == ast.IdentKind && literal(left) {
			return right.AsIdent(), []ast.Expr{left}, true
		}
	}
	return "", nil, false
}

// literal reports whether an expression is a constant, or the length of time
// that a constant text stands for.
func literal(e ast.Expr) bool {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "duration" && len(e.AsCall().Args()) == 1 {
		e = e.AsCall().Args()[0]
	}
	return e.Kind() == ast.LiteralKind
}

func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().Value().(string)
	return text, ok
}

package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"

	"partnerbot/approvals"
)

// How large a condition may be, and how much it may compute. A step is about one
// comparison; 10,000 of them take a millisecond.
const (
	maxText  = 2000
	maxNodes = 500
	maxSteps = 10_000
)

// Condition is a compiled condition. It never changes, so any number of
// goroutines may ask it.
type Condition struct {
	text  string
	ast   *cel.Ast
	run   cel.Program
	blind cel.Program // runs without a case
	lang  *language
}

var _ approvals.Condition = (*Condition)(nil)

// language is CEL with our variables.
type language struct {
	env  *cel.Env
	vars map[string]Variable
}

// speak builds the language once: it costs a few milliseconds.
var speak = sync.OnceValues(func() (*language, error) {
	l := &language{vars: map[string]Variable{}}
	opts := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(maxText), cel.ExpressionNodeLimit(maxNodes), cel.ParserRecursionLimit(50), cel.RegexProgramSizeLimit(1000),
		cel.ASTValidators(
			cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateHomogeneousAggregateLiterals(), cel.ValidateComprehensionNestingLimit(1),
		),
	}
	for _, v := range Variables() {
		l.vars[v.Name] = v
		opts = append(opts, cel.Variable(v.Name, v.kind))
	}
	var err error
	l.env, err = cel.NewEnv(opts...)
	return l, err
})

// Compile reads a condition. What is wrong with it is Problems, all in one go.
func Compile(text string) (*Condition, error) {
	lang, err := speak()
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	if strings.TrimSpace(text) == "" {
		return nil, Problems{{Line: 1, Column: 1, Text: `is empty; write "true" for always`}}
	}
	ast, issues := lang.env.Compile(text)
	if issues.Err() != nil {
		return nil, lang.problems(text, issues)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, Problems{{Line: 1, Column: 1, Text: fmt.Sprintf("is %s, not true or false; compare it with something", kindOf(ast.OutputType().String()))}}
	}
	c := &Condition{text: text, ast: ast, lang: lang}
	if c.run, err = lang.env.Program(ast, cel.CostLimit(maxSteps)); err != nil {
		return nil, fmt.Errorf("planning the condition %q: %w", text, err)
	}
	if c.blind, err = lang.env.Program(ast, cel.CostLimit(maxSteps), cel.EvalOptions(cel.OptPartialEval)); err != nil {
		return nil, fmt.Errorf("planning the condition %q: %w", text, err)
	}
	if wrong := c.misspelt(); len(wrong) > 0 {
		return nil, wrong
	}
	if _, _, err := c.blind.Eval(lang.env.UnknownVars()); err != nil {
		return nil, Problems{{Line: 1, Column: 1, Text: fmt.Sprintf("never has an answer: %s", err)}}
	}
	return c, nil
}

// String is the condition as it is written.
func (c *Condition) String() string { return c.text }

// Holds implements approvals.Condition. An error means that the answer is not known.
func (c *Condition) Holds(in approvals.Case) (bool, error) {
	out, _, err := c.run.Eval(values{of: c.lang.vars, from: in})
	if err != nil {
		return false, fmt.Errorf("asking whether %q holds: %w", c.text, err)
	}
	holds, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("asking whether %q holds: the answer is %v", c.text, out)
	}
	return holds, nil
}

// Problem is a mistake in a condition.
type Problem struct {
	Line, Column int // from 1
	Text         string
	Name         string   // what is not known, if that is the mistake
	Known        []string // and what is
}

func (p Problem) String() string { return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Text) }

// Problems are all mistakes of a condition, in the order of its text.
type Problems []Problem //nolint:errname // the plural of Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Wrong returns the mistakes that an error of Compile lists, if it does.
func Wrong(err error) Problems {
	ps, _ := errors.AsType[Problems](err)
	return slices.Clone(ps)
}

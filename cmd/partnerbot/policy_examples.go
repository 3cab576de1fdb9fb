package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

type policyTestCmd struct {
	Which whichPolicy `embed:""`
	Files []string    `arg:"" type:"path" help:"Tables of examples (docs/policy.md)." placeholder:"FILE"`
}

// Run holds the policy to every example and prints each that comes out otherwise,
// with its line and the difference.
func (c policyTestCmd) Run(p program) error {
	cfg, err := c.Which.load()
	if err != nil {
		return err
	}
	words, err := bot.NewWords()
	if err != nil {
		return err
	}
	good, bad := 0, 0
	for _, file := range c.Files {
		examples, err := config.ReadExamples(file, os.ReadFile)
		if err != nil {
			return usageError{err}
		}
		for _, e := range examples {
			wrong := held(e, weigh(cfg.Policy, e.Given, words, time.Now()))
			if len(wrong) == 0 {
				good++
				continue
			}
			bad++
			if _, err := fmt.Fprintf(p.out, "%s:%d: %s\n%s", e.File, e.Place.Line, e.Name, strings.Join(wrong, "")); err != nil {
				return err
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d examples come out otherwise", bad, good+bad)
	}
	_, err = fmt.Fprintf(p.out, "%d examples come out as expected.\n", good)
	return err
}

// held compares what became of an example with what it expects.
func held(e config.Example, is verdictOnDraft) []string {
	var out []string
	differs := func(key, want, got string) {
		out = append(out, fmt.Sprintf("  line %d: %s\n    - %s\n    + %s\n", e.Line(key), key, want, got))
	}
	x := e.Expect
	if x.Outcome != is.Outcome {
		differs("outcome", x.Outcome, strings.TrimSpace(is.Outcome+" "+is.sentences()))
	}
	if got := names(is.Held, func(a approvals.Applied) string { return a.Rule }); x.Rules != nil && !slices.Equal(x.Rules, got) {
		differs("rules", list(x.Rules), list(got))
	}
	if got := names(is.Stages, func(s approvals.Stage) string { return s.Name }); x.Stages != nil && !slices.Equal(x.Stages, got) {
		differs("stages", list(x.Stages), list(got))
	}
	if x.Sentence != "" && !strings.Contains(is.sentences(), x.Sentence) {
		differs("sentence", x.Sentence, is.sentences())
	}
	if x.Longest > 0 && x.Longest != is.Longest {
		differs("longest", config.Words(x.Longest), is.LongestIs)
	}
	return out
}

func names[T any](things []T, name func(T) string) []string {
	out := make([]string, len(things))
	for i, t := range things {
		out[i] = name(t)
	}
	return out
}

func list(names []string) string { return "[" + strings.Join(names, ", ") + "]" }

// sentences are all that the requester is told.
func (v *verdictOnDraft) sentences() string {
	return strings.Join(names(v.Refusals, func(r objection) string { return r.Sentence }), " ")
}

package config

import (
	"fmt"
	"iter"
	"strings"

	"partnerbot/approvals"
	"partnerbot/cmd/partnerbot/rules"
)

// review looks at the policy as a whole: what refers to what, and what can never
// come to pass.
func (c *Config) review(rep *report) {
	c.reviewSponsors(rep)
	c.reviewRules(rep)
}

func (c *Config) place(what string) (file string, line int) {
	at := c.Places[what]
	return at.File, at.Line
}

func (c *Config) remark(rep *report, what, text string) {
	file, line := c.place(what)
	rep.remarks = append(rep.remarks, Problem{File: file, Line: line, Key: what, Text: text})
}

// reviewSponsors looks at the stages that leave the decision to a partner's sponsors.
func (c *Config) reviewSponsors(rep *report) {
	var without []string
	with := 0
	for _, p := range c.Policy.Partners {
		if len(p.Sponsors) > 0 {
			with++
		} else if p.Treat != approvals.Blocked {
			without = append(without, p.ID)
		}
	}
	for what, s := range c.Stages() {
		if !s.Has(approvals.RoleSponsors) {
			continue
		}
		if with == 0 {
			file, line := c.place(what)
			rep.problems = append(rep.problems, Problem{File: file, Line: line, Key: what, Text: fmt.Sprintf("stage %s asks the partner's sponsors, and no partner has any; write sponsors: […] at the partners", s.Name)})
			continue
		}
		if len(s.Approvers) > 1 || s.Escalate != nil {
			continue // others can decide, or are brought in
		}
		if len(without) > 0 {
			c.remark(rep, what, fmt.Sprintf("stage %s asks the partner's sponsors alone, and %s has none: nobody can decide on its guests", s.Name, strings.Join(without, ", ")))
		}
		if c.Policy.Unknown != approvals.Blocked {
			c.remark(rep, what, fmt.Sprintf("stage %s asks the partner's sponsors alone: nobody can decide on guests of an unknown organisation", s.Name))
		}
	}
}

// Stages are all that the policy has, each with what Places calls its owner.
func (c *Config) Stages() iter.Seq2[string, approvals.Stage] {
	return func(yield func(string, approvals.Stage) bool) {
		for _, a := range c.Policy.Accesses {
			for _, s := range a.Stages {
				if !yield("access "+a.ID, s) {
					return
				}
			}
		}
		for _, r := range c.Policy.Rules {
			if r.Then.AddStage != nil && !yield("rule "+r.ID, *r.Then.AddStage) {
				return
			}
		}
	}
}

// reviewRules finds rules that never have a say.
func (c *Config) reviewRules(rep *report) {
	refuses, adds := "", ""
	for _, r := range c.Policy.Rules {
		if holds, constant := constant(r); !constant || !holds {
			continue
		}
		if r.Then.Refuse != "" && refuses == "" {
			refuses = r.ID
		}
		if r.Then.AddStage != nil && adds == "" {
			adds = r.ID
		}
	}
	late := false
	for _, r := range c.Policy.Rules {
		holds, constant := constant(r)
		switch {
		case constant && !holds:
			c.remark(rep, "rule "+r.ID, "can never hold")
		case late:
			c.remark(rep, "rule "+r.ID, "comes to nothing: rule "+refuses+" before it refuses everything")
		case r.Then.Approve && adds != "":
			c.remark(rep, "rule "+r.ID, "never approves: rule "+adds+" adds a stage to everything")
		case constant && strings.TrimSpace(r.Text) != "true":
			c.remark(rep, "rule "+r.ID, `holds always; if that is meant, write when: "true"`)
		}
		late = late || r.ID == refuses && refuses != ""
	}
}

// constant reports whether a rule's condition has the same answer in every case, and which.
func constant(r approvals.Rule) (holds, constant bool) {
	cond, ok := r.When.(*rules.Condition)
	if !ok {
		return false, false
	}
	return cond.Constant()
}

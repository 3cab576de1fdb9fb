package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

type policyCmd struct {
	Check   policyCheckCmd   `cmd:"" help:"Find every mistake in the policy, what can never come to pass, and approvers who cannot decide."`
	Explain policyExplainCmd `cmd:"" help:"Say what would become of a request: which rules hold, which stages, whom they ask, and why."`
	Test    policyTestCmd    `cmd:"" help:"Hold the policy to tables of examples."`
}

// whichPolicy is what every command about the policy takes.
type whichPolicy struct {
	Config string `help:"The configuration file." default:"partnerbot.yaml" type:"path" placeholder:"FILE"`
}

// load reads the configuration without its secrets. What is wrong with it is a wrong usage.
func (w whichPolicy) load() (*config.Config, error) {
	cfg, err := config.LoadPolicy(w.Config, os.ReadFile)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// verdictOnDraft is what the policy makes of a request.
type verdictOnDraft struct {
	Outcome   string              `json:"outcome"`                   // asked, approved or refused
	Refusals  []objection         `json:"refusals,omitempty"`        // what the requester is told
	Facts     approvals.Facts     `json:"facts"`                     // of the guest's organisation
	Held      []approvals.Applied `json:"rules,omitempty"`           // that hold, in the order of the policy
	NotHeld   []ruleText          `json:"rules_not,omitempty"`       // that do not
	Unknown   []ruleText          `json:"rules_unknown,omitempty"`   // that could not be told to hold or not
	NotAsked  []ruleText          `json:"rules_not_asked,omitempty"` // after such a one, or of nobody
	Longest   time.Duration       `json:"-"`                         // the shortest that a rule allows
	LongestIs string              `json:"longest,omitempty"`
	Stages    []approvals.Stage   `json:"-"`
	Asked     []stageText         `json:"stages,omitempty"`
}

type objection struct {
	Code     approvals.Code  `json:"code"`
	Field    approvals.Field `json:"field,omitempty"`
	Rule     string          `json:"rule,omitempty"`
	Sentence string          `json:"sentence"`
}

type ruleText struct {
	Rule string `json:"rule"`
	When string `json:"when"`
}

// weigh asks the policy what becomes of a request, without making it.
func weigh(p *approvals.Policy, g config.Given, words *bot.Words, now time.Time) verdictOnDraft {
	plan, err := p.Plan(draftOf(p, g, now), approvals.Surroundings{Here: g.Here, Groups: g.Groups, Guests: g.Guests, Now: now})
	v := verdictOnDraft{Outcome: "asked", Facts: plan.Facts, Held: plan.Rules, Stages: plan.Access.Stages}
	if plan.Approved {
		v.Outcome = "approved"
	}
	if err != nil {
		v.Outcome, v.Stages = "refused", nil
		v.Refusals = objections(err, words)
	}
	v.sort(p.Rules)
	for _, a := range plan.Rules {
		if a.Longest > 0 && (v.Longest == 0 || a.Longest < v.Longest) {
			v.Longest, v.LongestIs = a.Longest, config.Words(a.Longest)
		}
	}
	for i, s := range v.Stages {
		v.Asked = append(v.Asked, describe(i, s))
	}
	return v
}

// sort puts the rules that do not hold where they belong. Of a guest without a
// domain none is asked, and none after one that could not be told.
func (v *verdictOnDraft) sort(rules []approvals.Rule) {
	asked := v.Facts.Domain != ""
	for _, r := range rules {
		text := ruleText{Rule: r.ID, When: strings.TrimSpace(r.Text)}
		switch {
		case slices.ContainsFunc(v.Held, func(a approvals.Applied) bool { return a.Rule == r.ID }):
		case !asked:
			v.NotAsked = append(v.NotAsked, text)
		case v.broken(r.ID):
			v.Unknown, asked = append(v.Unknown, text), false
		default:
			v.NotHeld = append(v.NotHeld, text)
		}
	}
}

// broken reports whether a rule could not be told to hold or not.
func (v *verdictOnDraft) broken(rule string) bool {
	return slices.ContainsFunc(v.Refusals, func(r objection) bool { return r.Code == approvals.ErrRuleBroken.Code && r.Rule == rule })
}

// objections words what is against a request, as its requester would read it.
func objections(err error, words *bot.Words) []objection {
	var out []objection
	all, ok := errors.AsType[approvals.Refusals](err)
	if !ok {
		return []objection{{Sentence: err.Error()}}
	}
	for _, r := range all {
		out = append(out, objection{Code: r.Code, Field: r.Field, Rule: r.Args["rule"], Sentence: words.Refusal("en", r)})
	}
	return out
}

// draftOf is a request as its requester would type it. What nobody asks about is filled in.
func draftOf(p *approvals.Policy, g config.Given, now time.Time) approvals.Draft {
	d := approvals.Draft{
		By:    approvals.Person{ID: approvals.PersonID{User: g.Requester}, Email: g.RequesterEmail},
		Email: g.Email, Name: "Example", Company: g.Company, Access: g.Access, Reason: "An example",
		For: g.For, OpenEnded: g.OpenEnded, Answers: map[string]string{},
	}
	if g.Until > 0 {
		d.ByDate, d.Ends = true, approvals.EndOf(now.UTC().Add(g.Until))
	}
	access, _ := p.Access(g.Access)
	for _, q := range access.Questions {
		d.Answers[q.ID] = anyAnswer(q, now)
		if text, ok := g.Answers[q.ID]; ok {
			d.Answers[q.ID] = text
		}
	}
	return d
}

func anyAnswer(q approvals.Question, now time.Time) string {
	switch q.Kind {
	case approvals.AskChoice:
		return q.Options[0]
	case approvals.AskDate:
		return now.Format(time.DateOnly)
	case approvals.AskText:
	}
	return "An example"
}

package config

import (
	"fmt"
	"slices"

	"partnerbot/approvals"
)

// How much of a kind Slack's forms and menus can show, and people can read.
const (
	maxAccesses  = 100
	maxQuestions = 10
	maxOptions   = 100
)

func (c *Config) readAccesses(v value, entries []entry) {
	if len(entries) == 0 && (v.absent() || kind(v.node) == "keys and values") {
		v.problem("is missing; write at least one thing that guests can be let into")
	}
	if len(entries) > maxAccesses {
		v.problem("has %d entries; a Slack menu shows at most %d", len(entries), maxAccesses)
	}
	for _, e := range entries {
		c.Policy.Accesses = append(c.Policy.Accesses, readAccess(e))
	}
}

func (e entry) named(what string) {
	if !accessID.MatchString(e.name) {
		e.problem("%q is no name for %s; use up to 64 letters, digits, dots, hyphens and underscores", e.name, what)
	}
}

func readAccess(e entry) approvals.Access {
	e.named("an access")
	f := e.fields("title", "description", "grants", "durations", "dates", "open_ended", "requesters", "questions", "stages")
	a := approvals.Access{
		ID: e.name, Title: f["title"].limited(e.name, 75), Description: f["description"].limited("", 300),
		Grants: f["grants"].grants(), Longest: f["dates"].duration(0), OpenEnded: f["open_ended"].yes(),
		Questions: readQuestions(f["questions"]),
	}
	if !f["requesters"].absent() {
		a.Requesters = f["requesters"].people("the user groups (S…) or users (U…, W…) who may ask, or leave it out for everybody")
	}
	lengths := f["durations"].items
	if a.Longest == 0 && !a.OpenEnded {
		lengths = func() []value { return f["durations"].listed("how long access may last, e.g. [30d, 90d]") }
	}
	for _, d := range lengths() {
		if got := d.duration(0); got > 0 && !slices.Contains(a.Durations, got) {
			a.Durations = append(a.Durations, got)
		}
	}
	for _, s := range f["stages"].listed("at least one stage with a channel and its approvers") {
		a.Stages = append(a.Stages, readStage(s, stageAt{name: fmt.Sprintf("Stage %d", len(a.Stages)+1), first: len(a.Stages) == 0}))
	}
	return a
}

func readQuestions(v value) []approvals.Question {
	items := v.items()
	if len(items) > maxQuestions {
		v.problem("has %d questions; a form that people fill in has at most %d", len(items), maxQuestions)
	}
	var out []approvals.Question
	for _, i := range items {
		q := readQuestion(i)
		if slices.ContainsFunc(out, func(o approvals.Question) bool { return o.ID == q.ID && q.ID != "" }) {
			i.problem("%q is the ID of another question here already", q.ID)
		}
		out = append(out, q)
	}
	return out
}

func readQuestion(v value) approvals.Question {
	f := v.fields("id", "label", "hint", "kind", "options", "required")
	q := approvals.Question{
		ID: f["id"].required("a short name for the answer, e.g. project"), Label: f["label"].sentence(150, "the question as people read it"),
		Hint: f["hint"].limited("", 150), Required: f["required"].yes(),
		Kind: approvals.QuestionKind(f["kind"].oneOf("text", "text", "choice", "date")),
	}
	if q.ID != "" && !accessID.MatchString(q.ID) {
		f["id"].problem("%q is no name for a question; use up to 64 letters, digits, dots, hyphens and underscores", q.ID)
	}
	options := f["options"]
	if q.Kind != approvals.AskChoice {
		if !options.absent() {
			options.problem("belong to a question of kind choice")
		}
		return q
	}
	for _, o := range options.listed("the answers to choose from, e.g. [low, high]") {
		q.Options = o.oncer(q.Options, o.sentence(75, "an answer to choose"))
	}
	if len(q.Options) > maxOptions {
		options.problem("has %d answers; a Slack menu shows at most %d", len(q.Options), maxOptions)
	}
	return q
}

package config

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"partnerbot/approvals"
	"partnerbot/cmd/partnerbot/rules"
)

// inWords is what a policy has to say before anybody is let in unasked.
const inWords = "without anybody's decision"

func (c *Config) readRules(parts []fields) {
	for _, part := range parts {
		for _, v := range part["rules"].items() {
			c.readRule(v)
		}
	}
	slices.Sort(c.Policy.RuleGroups)
	c.Policy.RuleGroups = slices.Compact(c.Policy.RuleGroups)
}

func (c *Config) readRule(v value) {
	f := v.fields("id", "when", "refuse", "longest", "add_stage", "approve")
	r := approvals.Rule{ID: f["id"].required("a short name, e.g. no-free-mail")}
	if r.ID != "" {
		entry{r.ID, f["id"]}.named("a rule")
		c.once("rule "+r.ID, f["id"])
	}
	r.When, r.Text = c.readCondition(f["when"])
	r.Then = readEffect(f, r.ID)
	given := slices.DeleteFunc([]string{"refuse", "longest", "add_stage", "approve"}, func(k string) bool { return f[k].absent() })
	switch {
	case len(given) == 0 && !f["id"].lost:
		v.problem("does nothing; write refuse, longest, add_stage or approve")
	case len(given) > 1 && (!f["refuse"].absent() || !f["approve"].absent()):
		v.problem("does %s at once; refuse and approve each stand alone, write two rules", strings.Join(given, " and "))
	}
	c.Policy.Rules = append(c.Policy.Rules, r)
}

func readEffect(f fields, id string) approvals.Effect {
	e := approvals.Effect{Longest: f["longest"].duration(0)}
	if !f["refuse"].absent() {
		e.Refuse = f["refuse"].sentence(300, "the sentence that the requester reads, with what they can do instead")
	}
	if s := f["add_stage"]; !s.absent() {
		e.First = s.flag("first")
		added := readStage(s, stageAt{name: cmpOr(id, "Stage"), first: e.First, keys: []string{"first"}})
		e.AddStage = &added
	}
	if a := f["approve"]; !a.absent() {
		e.Approve = strings.TrimSpace(a.text("")) == inWords
		if !e.Approve {
			a.problem("%q lets nobody in; if guests are to come in unasked, say so in these words: approve: %s", a.text(""), inWords)
		}
	}
	return e
}

// flag is one key of a mapping that is true or false; the mapping is read elsewhere.
func (v value) flag(key string) bool {
	entries, _ := value{rep: v.rep, node: v.node, key: v.key, line: v.line, lost: true}.entries()
	for _, e := range entries {
		if e.name == key {
			return e.yes()
		}
	}
	return false
}

// readCondition compiles a condition and looks at the names that it compares with.
func (c *Config) readCondition(v value) (approvals.Condition, string) {
	text := v.required(`the condition, e.g. domain.free_mail, or "true" for always`)
	if text == "" {
		return nil, ""
	}
	cond, err := rules.Compile(text)
	for _, p := range rules.Wrong(err) {
		v.at(p.Line).problem("column %d: %s%s", p.Column, p.Text, meant(p.Name, p.Known))
	}
	if err != nil {
		if len(rules.Wrong(err)) == 0 {
			v.problem("cannot be compiled: %s", err)
		}
		return nil, text
	}
	c.Policy.RuleGroups = append(c.Policy.RuleGroups, cond.Groups()...)
	partners := []string{""} // of nobody's guest
	for _, p := range c.Policy.Partners {
		partners = append(partners, p.ID)
	}
	v.known(cond.Names("access"), "an access", c.accessIDs())
	v.known(cond.Names("partner.id"), "a partner", partners)
	return cond, text
}

// known refuses names that nothing has.
func (v value) known(names []rules.Named, what string, known []string) {
	for _, n := range names {
		if !slices.Contains(known, n.Text) {
			v.at(n.Line).problem("column %d: %q is not the name of %s%s", n.Column, n.Text, what, meant(n.Text, known))
		}
	}
}

// at is a line of a text that was written as a block, as it stands there.
func (v value) at(line int) value {
	if block, ok := v.node.(*ast.LiteralNode); ok && strings.HasPrefix(block.Start.Value, "|") {
		v.line += line
	}
	return v
}

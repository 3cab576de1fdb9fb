package config

import (
	"cmp"
	"slices"
	"time"

	"partnerbot/approvals"
)

// Given is a request that somebody could make, and what is known around it.
type Given struct {
	Email, Company, Access    string
	For                       time.Duration
	Until                     time.Duration // to the end of the day that is this far away, instead
	OpenEnded                 bool          // or no end
	Requester, RequesterEmail string
	Groups                    []string // user groups that the requester is in
	Guests                    int      // in the request
	Answers                   map[string]string
	Here                      approvals.DomainCount
}

// Expect is what should become of it. What is left out is not looked at.
type Expect struct {
	Outcome  string   // asked, approved or refused
	Rules    []string // IDs of those that hold, in the order of the policy; nil: any
	Stages   []string // names, in order; nil: any
	Sentence string   // a part of what the requester is told
	Longest  time.Duration
}

// Example is a row of a table that a policy is tested with.
type Example struct {
	Name string
	Place
	Given  Given
	Expect Expect
	lines  map[string]int
}

// outcomes are what can become of a request when it is made.
var outcomes = []string{"asked", "approved", "refused"}

// Line is where the example says what it expects of something.
func (e Example) Line(key string) int { return cmp.Or(e.lines[key], e.Place.Line) }

// ReadExamples reads a table of examples. The error, if any, is an Error with
// every mistake in it.
func ReadExamples(path string, read func(string) ([]byte, error)) ([]Example, error) {
	found := &findings{}
	rep := found.of(path)
	var out []Example
	text, err := read(path)
	if err != nil {
		rep.add(0, "", "cannot be read: "+reason(err))
	} else if top, ok := rep.parse(text); ok {
		for _, v := range top.fields("examples")["examples"].listed("at least one example; docs/policy.md says how") {
			out = append(out, readExample(v))
		}
	}
	if len(found.problems) > 0 {
		return nil, found.sorted(found.problems)
	}
	return out, nil
}

func readExample(v value) Example {
	f := v.fields("name", "given", "expect")
	e := Example{Name: f["name"].required("a sentence about what is expected"), Place: Place{File: v.rep.file, Line: v.line}, lines: map[string]int{}}
	e.Given = readGiven(f["given"])
	x := f["expect"].fields("outcome", "rules", "stages", "sentence", "longest")
	for key, at := range x {
		if !at.absent() {
			e.lines[key] = at.line
		}
	}
	if x["outcome"].required("asked, approved or refused") != "" {
		e.Expect.Outcome = x["outcome"].oneOf("asked", outcomes...)
	}
	e.Expect.Rules, e.Expect.Stages = x["rules"].texts(), x["stages"].texts()
	e.Expect.Sentence, e.Expect.Longest = x["sentence"].text(""), x["longest"].duration(0)
	return e
}

func readGiven(v value) Given {
	f := v.fields("email", "company", "access", "for", "until", "open_ended", "requester", "requester_email", "groups", "guests", "answers", "domain")
	d := f["domain"].fields("guests", "first_time", "denied_before")
	g := Given{
		Email: f["email"].required("the guest's address"), Company: f["company"].text(""), Access: f["access"].required("the ID of the access"),
		For: f["for"].duration(0), Until: f["until"].duration(0), OpenEnded: f["open_ended"].yes(),
		Requester: f["requester"].text("U0EXAMPLE"), RequesterEmail: f["requester_email"].text(""), Groups: f["groups"].texts(),
		Guests: f["guests"].number(1, 1), Answers: map[string]string{},
		Here: approvals.DomainCount{Live: d["guests"].number(0, 0)},
	}
	ends := slices.DeleteFunc([]string{"for", "until", "open_ended"}, func(k string) bool { return f[k].absent() })
	if len(ends) != 1 && !f["for"].lost {
		v.problem("needs one of for, until and open_ended")
	}
	if first := d["first_time"]; !first.absent() && !first.yes() && g.Here.Live == 0 {
		g.Here.Before, g.Here.Last = 1, []approvals.Decision{{State: approvals.Ended}}
	} else if g.Here.Live > 0 && first.yes() {
		first.problem("does not go with guests: %d", g.Here.Live)
	}
	if d["denied_before"].yes() {
		g.Here.Before, g.Here.Last = g.Here.Before+1, append([]approvals.Decision{{State: approvals.Denied}}, g.Here.Last...)
	}
	entries, _ := f["answers"].entries()
	for _, e := range entries {
		g.Answers[e.name] = e.text("")
	}
	return g
}

// texts are the members of a list; nil where there is none, which is not the
// same as an empty one.
func (v value) texts() []string {
	if v.absent() {
		return nil
	}
	out := []string{}
	for _, i := range v.items() {
		out = append(out, i.text(""))
	}
	return out
}

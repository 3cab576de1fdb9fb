package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

type policyExplainCmd struct {
	Email  string      `arg:"" help:"The guest's address."`
	Which  whichPolicy `embed:""`
	Access string      `required:"" help:"The ID of the access." placeholder:"ID"`

	For       string `help:"For how long, e.g. 30d." xor:"end" placeholder:"TIME"`
	Until     string `help:"Until which day, e.g. 2027-01-31." xor:"end" placeholder:"DATE"`
	OpenEnded bool   `help:"Without an end." xor:"end"`

	Requester      string   `help:"Who asks: a Slack user ID." default:"U0EXAMPLE" placeholder:"U…"`
	RequesterEmail string   `help:"Their address." placeholder:"E-MAIL"`
	Groups         []string `help:"User groups that they are in." placeholder:"S…"`
	Company        string   `help:"The company as they type it." placeholder:"NAME"`
	Guests         int      `help:"How many guests the request is for." default:"1" placeholder:"N"`
	Here           int      `help:"How many guests from the same domain are here already." default:"0" placeholder:"N"`
	JSON           bool     `name:"json" help:"As JSON."`
}

// explained is the answer with what was asked.
type explained struct {
	Email  string `json:"email"`
	Access string `json:"access"`
	Lasts  string `json:"lasts"`
	verdictOnDraft

	People map[string]string `json:"people,omitempty"` // behind the IDs of approvers, where Slack was asked
}

// Run says what would become of a request. It makes none, and asks neither the
// store nor Entra; Slack only, where there is a token, who the approvers are.
func (c policyExplainCmd) Run(ctx context.Context, p program) error {
	cfg, err := c.Which.load()
	if err != nil {
		return err
	}
	now := time.Now()
	given, lasts, err := c.given(cfg.Policy, now)
	if err != nil {
		return usageError{err}
	}
	words, err := bot.NewWords()
	if err != nil {
		return err
	}
	is := explained{Email: c.Email, Access: c.Access, Lasts: lasts, verdictOnDraft: weigh(cfg.Policy, given, words, now)}
	if is.People, err = peopleBehind(ctx, cfg, is.Stages, p); err != nil {
		p.say("Slack does not say who the approvers are:", err)
	}
	if c.JSON {
		out := json.NewEncoder(p.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(is)
	}
	access, _ := cfg.Policy.Access(c.Access)
	return is.print(p.out, access, cfg.Policy, given)
}

// given is the request that the flags describe. Without an end it is asked for as
// long as the access offers first.
func (c policyExplainCmd) given(p *approvals.Policy, now time.Time) (g config.Given, lasts string, err error) {
	access, ok := p.Access(c.Access)
	if !ok {
		ids := make([]string, len(p.Accesses))
		for i, a := range p.Accesses {
			ids[i] = a.ID
		}
		return g, "", fmt.Errorf("--access: there is no %q; there is %s", c.Access, strings.Join(ids, ", "))
	}
	g = config.Given{
		Email: c.Email, Company: c.Company, Access: c.Access, OpenEnded: c.OpenEnded, Requester: c.Requester, RequesterEmail: c.RequesterEmail,
		Groups: c.Groups, Guests: c.Guests, Here: approvals.DomainCount{Live: c.Here, Active: c.Here},
	}
	switch {
	case c.OpenEnded:
		return g, "without an end", nil
	case c.Until != "":
		day, err := time.Parse(time.DateOnly, c.Until)
		if err != nil {
			return g, "", fmt.Errorf("--until: %q is no day; write it like %s", c.Until, now.AddDate(0, 3, 0).Format(time.DateOnly))
		}
		if g.Until = approvals.EndOf(day).Sub(now); g.Until <= 0 {
			return g, "", fmt.Errorf("--until: %s is over", c.Until)
		}
		return g, "until " + c.Until, nil
	case c.For == "" && len(access.Durations) > 0:
		g.For = access.Durations[0]
	case c.For == "":
		return g, "", fmt.Errorf("--until or --open-ended is missing: %s has no durations to choose from", c.Access)
	default:
		if g.For, ok = config.ParseDuration(c.For); !ok {
			return g, "", fmt.Errorf("--for: %q is not a length of time; write it like 36h, 30d or 12w", c.For)
		}
	}
	return g, "for " + config.Words(g.For), nil
}

// print writes the answer for people.
func (e explained) print(w io.Writer, access approvals.Access, p *approvals.Policy, g config.Given) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s into %s (%s) %s: %s", e.Email, access.Title, access.ID, e.Lasts, e.Outcome)
	for _, r := range e.Refusals {
		line("  %s", r.Sentence)
	}
	line("\nOrganisation")
	for _, text := range e.organisation(g) {
		line("  %s", text)
	}
	if len(p.Rules) > 0 {
		line("\nRules")
	}
	for _, r := range p.Rules {
		line("  %s", e.ruleLine(r))
	}
	if len(e.Asked) > 0 {
		line("\nStages")
	}
	for _, s := range e.Asked {
		line("  %s", strings.Join(s.lines, "\n     "))
	}
	if len(e.People) > 0 {
		line("\nPeople")
	}
	for _, id := range slices.Sorted(maps.Keys(e.People)) {
		line("  %s is %s", id, e.People[id])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// organisation says what is known of the guest's organisation.
func (e explained) organisation(g config.Given) []string {
	f := e.Facts
	out := []string{fmt.Sprintf("%s is nobody's that the policy knows, %s", f.Domain, treated(f.Treat))}
	if f.PartnerID != "" {
		out[0] = fmt.Sprintf("%s is %s's (%s), %s", f.Domain, f.Partner, f.PartnerID, treated(f.Treat))
	}
	if f.Domain == "" {
		return []string{"not looked at"}
	}
	if f.Like != nil {
		out = append(out, fmt.Sprintf("it looks like %s without being it: %s %s", f.Like.Domain, f.Like.Kind, f.Like.Detail))
	}
	if f.Disposable {
		out = append(out, "anybody can have an address there and throw it away")
	} else if f.FreeMail {
		out = append(out, "anybody can have an address there")
	}
	if g.Here.First() {
		out = append(out, "taken to be new here: nobody from there was let in before (--here N says otherwise)")
	} else {
		out = append(out, fmt.Sprintf("taken to have %d guests here", g.Here.Live))
	}
	return append(out, "risk: "+string(f.Risk))
}

func treated(t approvals.Treat) string {
	if t == "" {
		t = approvals.Allowed
	}
	return string(t)
}

// ruleLine says whether a rule holds, and what follows.
func (e explained) ruleLine(r approvals.Rule) string {
	when := strings.Join(strings.Fields(r.Text), " ")
	for _, a := range e.Held {
		if a.Rule == r.ID {
			return fmt.Sprintf("holds     %s %s: %s", r.ID, e.does(a), when)
		}
	}
	said := func(in []ruleText) bool {
		return slices.ContainsFunc(in, func(t ruleText) bool { return t.Rule == r.ID })
	}
	word := "does not "
	switch {
	case said(e.Unknown):
		word = "unknown  "
	case said(e.NotAsked):
		word = "not asked"
	}
	return fmt.Sprintf("%s %s: %s", word, r.ID, when)
}

// does says everything that follows from a rule that holds.
func (e explained) does(a approvals.Applied) string {
	var out []string
	if a.Added != "" {
		out = append(out, "adds the stage "+a.Added)
	}
	if a.Longest > 0 {
		out = append(out, "allows at most "+config.Words(a.Longest))
	}
	if a.Refused != "" {
		out = append(out, "refuses")
	}
	if a.Approve {
		text := "lets in without anybody's decision"
		if e.Outcome != "approved" {
			text += ", which another rule does not let it"
		}
		out = append(out, text)
	}
	return strings.Join(out, " and ")
}

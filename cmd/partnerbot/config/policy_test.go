package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"partnerbot/approvals"
)

const day = 24 * time.Hour

// rich uses every key of the policy.
const rich = `slack: {admins: [S0ADMINS]}
guests:
  own_domains: [northwind.example]
  unknown_domains: warned
  free_mail: {treat: blocked, more: [post.example]}
limits: {undo: 1m, claim: 2h, nudge_every: 8h, nudges: 2, guests_at_once: 20}
access:
  falcon:
    grants: [{group: 6f0c5a3e-0000-0000-0000-000000000001, title: Files}]
    durations: [30d, 90d]
    dates: 180d
    open_ended: true
    requesters: [S0SALES, U0BOSS]
    questions:
      - {id: project, label: Which project?, hint: Its number, required: true}
      - {id: data, label: Which data?, kind: choice, options: [public, secret]}
      - {id: start, label: From when?, kind: date}
    stages:
      - {name: Manager, direct: true, approvers: [manager, U0EVE], deadline: 8d, remind: 1d}
      - name: Sponsors
        channel: C0FALCON
        approvers: [sponsors, S0FALCON]
        quorum: 2
        remind: [1d, 4d]
        escalate: {after: 2d, channel: C0LEADS, approvers: [S0LEADS], deadline: 4d}
      - {channel: C0FALCON, approvers: [chosen], escalate: {approvers: [U0EVE], deadline: 1d}, on_timeout: escalate}
partners:
  contoso:
    name: Contoso Ltd
    domains: [contoso.example, contoso.com]
    sponsors: [U0SAM]
    access: falcon
    for: 30d
  fabrikam: {domains: [fabrikam.example], treat: blocked}
rules:
  - {id: no-trash, when: domain.disposable, refuse: Ask for an address at the company.}
  - {id: short, when: 'risk == "high"', longest: 30d}
  - id: security
    when: |
      !partner.known &&
        "S0SALES" in requester.groups
    add_stage: {first: true, direct: true, approvers: [S0SEC], deadline: 2d}
  - {id: known, when: partner.id == "contoso", approve: without anybody's decision}
`

func TestAWholePolicy(t *testing.T) {
	cfg, err := load(rich)
	if err != nil {
		t.Fatal(err)
	}
	p := cfg.Policy
	for i := range p.Rules {
		if p.Rules[i].When == nil {
			t.Errorf("rule %s holds always", p.Rules[i].ID)
		}
	}
	want := &approvals.Policy{
		Admins: []string{"S0ADMINS"}, OwnDomains: []string{"northwind.example"}, Unknown: approvals.Warned, FreeMail: approvals.Blocked, MoreFreeMail: []string{"post.example"},
		Limits:    approvals.Limits{Hold: time.Minute, Claim: 2 * time.Hour, NudgeEvery: 8 * time.Hour, NudgeLimit: 2},
		MaxGuests: 20, RuleGroups: []string{"S0SALES"},
		Accesses: []approvals.Access{{
			ID: "falcon", Title: "falcon", Grants: []approvals.Grant{{Group: "6f0c5a3e-0000-0000-0000-000000000001", Title: "Files"}},
			Durations: []time.Duration{30 * day, 90 * day}, Longest: 180 * day, OpenEnded: true, Requesters: []string{"S0SALES", "U0BOSS"},
			Questions: []approvals.Question{
				{ID: "project", Label: "Which project?", Hint: "Its number", Kind: approvals.AskText, Required: true},
				{ID: "data", Label: "Which data?", Kind: approvals.AskChoice, Options: []string{"public", "secret"}},
				{ID: "start", Label: "From when?", Kind: approvals.AskDate},
			},
			Stages: []approvals.Stage{
				{Name: "Manager", Approvers: []string{"manager", "U0EVE"}, Quorum: 1, Deadline: 8 * day, Reminders: []time.Duration{day, 3 * day, 7 * day}},
				{
					Name: "Sponsors", Channel: "C0FALCON", Approvers: []string{"sponsors", "S0FALCON"}, Quorum: 2, Deadline: 5 * day, Reminders: []time.Duration{day, 4 * day},
					Escalate: &approvals.Escalation{After: 2 * day, Channel: "C0LEADS", Approvers: []string{"S0LEADS"}, Deadline: 4 * day},
				},
				{
					Name: "Stage 3", Channel: "C0FALCON", Approvers: []string{"chosen"}, Quorum: 1, Deadline: 5 * day,
					Escalate: &approvals.Escalation{Approvers: []string{"U0EVE"}, Deadline: day},
				},
			},
		}},
		Partners: []approvals.Partner{
			{ID: "contoso", Name: "Contoso Ltd", Domains: []string{"contoso.example", "contoso.com"}, Treat: approvals.Allowed, Sponsors: []string{"U0SAM"}, Access: "falcon", For: 30 * day},
			{ID: "fabrikam", Name: "fabrikam", Domains: []string{"fabrikam.example"}, Treat: approvals.Blocked},
		},
		Rules: []approvals.Rule{
			{ID: "no-trash", Text: "domain.disposable", Then: approvals.Effect{Refuse: "Ask for an address at the company."}},
			{ID: "short", Text: `risk == "high"`, Then: approvals.Effect{Longest: 30 * day}},
			{ID: "security", Text: "!partner.known &&\n  \"S0SALES\" in requester.groups", Then: approvals.Effect{
				First: true, AddStage: &approvals.Stage{Name: "security", Approvers: []string{"S0SEC"}, Quorum: 1, Deadline: 2 * day},
			}},
			{ID: "known", Text: `partner.id == "contoso"`, Then: approvals.Effect{Approve: true}},
		},
	}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreFields(approvals.Rule{}, "When"), cmpopts.IgnoreFields(approvals.Policy{}, "Known")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(cfg.Remarks) > 0 {
		t.Errorf("remarks: %v", cfg.Remarks)
	}
	if _, like := p.Known.Like("c0ntoso.example"); !like {
		t.Error("c0ntoso.example looks like nobody")
	}
	if err := validate(compileSchema(t), rich); err != nil {
		t.Error(err)
	}
}

// TestWhatIsLeftOut has the value that the documentation names.
func TestWhatIsLeftOut(t *testing.T) {
	cfg, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	want := approvals.Limits{Hold: 20 * time.Second, Claim: time.Hour, NudgeEvery: 4 * time.Hour, NudgeLimit: 3}
	if cfg.Policy.Limits != want || cfg.Policy.MaxGuests != 50 || cfg.Policy.Unknown != approvals.Allowed || cfg.Policy.FreeMail != "" {
		t.Errorf("got %+v", cfg.Policy)
	}
	if s := cfg.Policy.Accesses[0].Stages[0]; s.Escalate != nil || s.Reminders != nil {
		t.Errorf("got %+v", s)
	}
	if cfg, err = load(small + "limits: {undo: 0s}\n"); err != nil || cfg.Policy.Limits.Hold != 0 {
		t.Errorf("no undo: %v", err)
	}
}

// TestMistakesOfPolicy holds one mistake a row against what is said of it, and the
// schema to the loader.
func TestMistakesOfPolicy(t *testing.T) {
	tests := []struct {
		name, old, new, want string
		loaderOnly           bool
	}{
		{"nothing wrong", "", "", "", false},
		{"no length at all", "    durations: [30d, 90d]\n    dates: 180d\n    open_ended: true\n", "", `8: access.falcon.durations: is missing; write how long access may last, e.g. [30d, 90d]` + "\n" + `partnerbot.yaml:30: partners.contoso.for: 30d is none of the durations of falcon`, false},
		{"dates alone", "    durations: [30d, 90d]\n    dates: 180d\n    open_ended: true\n", "    dates: 180d\n", `31: partners.contoso.for: 30d is none of the durations of falcon`, true},
		{"open_ended in words", "open_ended: true", "open_ended: maybe", `12: access.falcon.open_ended: "maybe" is neither true nor false`, false},
		{"a requester by name", "[S0SALES, U0BOSS]", "[sales]", `13: access.falcon.requesters[0]: "sales" is not a user group ID (S…) or a user ID (U…, W…); names and e-mail addresses are not taken`, false},
		{"no requesters", "[S0SALES, U0BOSS]", "[]", `13: access.falcon.requesters: is missing; write the user groups (S…) or users (U…, W…) who may ask, or leave it out for everybody`, false},
		{"a grant twice", "title: Files}", "title: Files}, {group: 6F0C5A3E-0000-0000-0000-000000000001, title: Files}", `9: access.falcon.grants[1]: 6f0c5a3e-0000-0000-0000-000000000001 is in the list already`, true},

		{"a question without a label", "label: Which project?, ", "", `15: access.falcon.questions[0].label: is missing; write the question as people read it`, false},
		{"a question without an ID", "{id: project, ", "{", `15: access.falcon.questions[0].id: is missing; write a short name for the answer, e.g. project`, false},
		{"two questions of one ID", "id: data", "id: project", `16: access.falcon.questions[1]: "project" is the ID of another question here already`, true},
		{"a kind of question", "kind: date", "kind: data", `17: access.falcon.questions[2].kind: "data" is not known (did you mean date?); write text or choice or date`, false},
		{"a choice of nothing", ", options: [public, secret]", "", `16: access.falcon.questions[1].options: is missing; write the answers to choose from, e.g. [low, high]`, false},
		{"answers to a text", "kind: choice, ", "", `16: access.falcon.questions[1].options: belong to a question of kind choice`, false},
		{"an answer twice", "[public, secret]", "[public, public]", `16: access.falcon.questions[1].options[1]: public is in the list already`, false},

		{"neither channel nor direct", "direct: true, approvers: [manager", "approvers: [manager", `19: access.falcon.stages[0].channel: is missing; write a channel ID like C0FALCON (in Slack: channel name, About), or direct: true for a direct message to each approver`, false},
		{"channel and direct", "direct: true, approvers: [manager", "direct: true, channel: C0FALCON, approvers: [manager", `19: access.falcon.stages[0].channel: and direct: true exclude each other; the card goes to a channel, or to each approver`, false},
		{"a misspelt role", "[manager, U0EVE]", "[manger, U0EVE]", `19: access.falcon.stages[0].approvers[0]: "manger" is neither an ID nor a role (did you mean manager?)`, false},
		{"an approver twice", "[manager, U0EVE]", "[U0EVE, U0EVE]", `19: access.falcon.stages[0].approvers[1]: U0EVE is in the list already`, false},
		{"a quorum beyond roles", "[manager, U0EVE], deadline", "[manager, U0EVE], quorum: 3, deadline", `19: access.falcon.stages[0].quorum: 3 can never be reached: only 2 may decide`, true},
		{"chosen by nobody", "[manager, U0EVE]", "[chosen]", `19: access.falcon.stages[0].approvers: chosen is whom the stage before has chosen, and there is no stage before this one`, true},
		{"a reminder after the deadline", "remind: 1d}", "remind: 9d}", `19: access.falcon.stages[0].remind: 9d is not before the stage's deadline, 8d`, true},
		{"one of a list", "[1d, 4d]", "[1d, 5d]", `24: access.falcon.stages[1].remind[1]: 5d is not before the stage's deadline, 5d`, true},
		{"reminders out of order", "[1d, 4d]", "[4d, 1d]", `24: access.falcon.stages[1].remind[1]: 1d is not after the reminder before it`, true},

		{"a role to escalate to", "[S0LEADS]", "[S0LEADS, manager]", `25: access.falcon.stages[1].escalate.approvers: manager is a role; an escalation names user groups (S…) and users (U…, W…), because somebody must be there`, false},
		{"nobody to escalate to", "approvers: [S0LEADS], ", "", `25: access.falcon.stages[1].escalate.approvers: is missing; write the user groups (S…) or users (U…, W…) who decide then, e.g. [S0LEADS]`, false},
		{"an escalation too late", "{after: 2d, channel", "{after: 5d, channel", `25: access.falcon.stages[1].escalate.after: 5d is not before the stage's deadline, 5d`, true},
		{"a time-out that escalates to nobody", "escalate: {approvers: [U0EVE], deadline: 1d}, ", "", `26: access.falcon.stages[2].on_timeout: escalate needs to know to whom; write escalate: {approvers: […], deadline: 2d}`, false},
		{"a time-out without more time", "{approvers: [U0EVE], deadline: 1d}", "{approvers: [U0EVE]}", `26: access.falcon.stages[2].escalate.deadline: is missing; on_timeout: escalate needs the time that they have then, e.g. deadline: 2d`, false},
		{"escalating twice", "{approvers: [U0EVE], deadline: 1d}", "{after: 1d, approvers: [U0EVE], deadline: 1d}", `26: access.falcon.stages[2].escalate.after: and on_timeout: escalate exclude each other; after brings others in before the deadline, on_timeout: escalate at it`, false},
		{"more time and no way to it", ", on_timeout: escalate", "", `26: access.falcon.stages[2].escalate.deadline: is of no use while a time-out denies; write after: when others are brought in, or on_timeout: escalate`, false},
		{"another time-out", "on_timeout: escalate", "on_timeout: approve", `26: access.falcon.stages[2].on_timeout: "approve" is not known; write deny or escalate` + "\npartnerbot.yaml:26: access.falcon.stages[2].escalate.deadline: is of no use while a time-out denies; write after: when others are brought in, or on_timeout: escalate", false},

		{"a partner without domains", "domains: [fabrikam.example], ", "", `34: partners.fabrikam.domains: is missing; write the partner's mail domains, e.g. [contoso.example]`, false},
		{"a domain of two partners", "[fabrikam.example]", "[contoso.com]", `34: partners.fabrikam.domains[0]: contoso.com is contoso's already (contoso.com, with its subdomains); put the partner with the longer domain first`, true},
		{"a subdomain of another partner's", "[fabrikam.example]", "[dev.contoso.com]", `34: partners.fabrikam.domains[0]: dev.contoso.com is contoso's already (contoso.com, with its subdomains); put the partner with the longer domain first`, true},
		{"a domain twice", "[fabrikam.example]", "[fabrikam.example, fabrikam.example]", `34: partners.fabrikam.domains[1]: fabrikam.example is in the list already`, true},
		{"colleagues as a partner", "[fabrikam.example]", "[it.northwind.example]", `34: partners.fabrikam.domains[0]: it.northwind.example belongs to guests.own_domains (northwind.example): people there are colleagues`, true},
		{"another treatment", "treat: blocked}\nrules", "treat: shunned}\nrules", `34: partners.fabrikam.treat: "shunned" is not known; write allowed or warned or blocked`, false},
		{"an access that is none", "access: falcon\n", "access: falcn\n", `32: partners.contoso.access: "falcn" is no access here (did you mean falcon?); write one of falcon`, true},
		{"a length that the access has not", "for: 30d", "for: 31d", `33: partners.contoso.for: 31d is none of the durations of falcon`, true},
		{"a length without its access", "    access: falcon\n", "", `32: partners.contoso.for: needs access: the ID of the access that it is chosen for`, false},
		{"nobody's sponsors", "    sponsors: [U0SAM]\n", "", `8: access falcon: stage Sponsors asks the partner's sponsors, and no partner has any; write sponsors: […] at the partners`, true},
		{"unknown domains", "unknown_domains: warned", "unknown_domains: warn", `4: guests.unknown_domains: "warn" is not known (did you mean warned?); write allowed or warned or blocked`, false},
		{"free mail", "{treat: blocked, more", "{treat: deny, more", `5: guests.free_mail.treat: "deny" is not known; write allowed or warned or blocked`, false},

		{"a rule without a name", "{id: short, ", "{", `37: rules[1].id: is missing; write a short name, e.g. no-free-mail`, false},
		{"two rules of one name", "id: short", "id: known", `43: rules[3].id: is there already, in partnerbot.yaml:37; give one of them another name`, true},
		{"a rule without a condition", `when: 'risk == "high"', `, "", `37: rules[1].when: is missing; write the condition, e.g. domain.free_mail, or "true" for always`, false},
		{"a rule that does nothing", ", longest: 30d}", "}", `37: rules[1]: does nothing; write refuse, longest, add_stage or approve`, false},
		{"a rule that does two things", "longest: 30d}", "longest: 30d, refuse: No.}", `37: rules[1]: does refuse and longest at once; refuse and approve each stand alone, write two rules`, false},
		{"an approval in other words", "approve: without anybody's decision", "approve: true", `43: rules[3].approve: "true" lets nobody in; if guests are to come in unasked, say so in these words: approve: without anybody's decision`, false},
		{"a refusal without words", "refuse: Ask for an address at the company.", "refuse: ''", `36: rules[0].refuse: is missing; write the sentence that the requester reads, with what they can do instead`, false},
		{"a misspelt variable", "domain.disposable", "domain.dispoasble", `36: rules[0].when: column 1: domain.dispoasble is not known (did you mean domain.disposable?)`, true},
		{"a misspelt risk", `"high"`, `"hihg"`, `37: rules[1].when: column 9: risk is never "hihg"; it is low or medium or high`, true},
		{"in the second line of a block", `"S0SALES" in`, `"sales" in`, `41: rules[2].when: column 3: "sales" is no user group ID; write it like S0FALCON`, true},
		{"a partner that is none", `partner.id == "contoso"`, `partner.id == "contosso"`, `43: rules[3].when: column 15: "contosso" is not the name of a partner (did you mean contoso?)`, true},
		{"an access that is none in a rule", `domain.disposable, refuse`, `access == "heron", refuse`, `36: rules[0].when: column 11: "heron" is not the name of an access`, true},
		{"chosen in front", "approvers: [S0SEC]", "approvers: [chosen]", `42: rules[2].add_stage.approvers: chosen is whom the stage before has chosen, and there is no stage before this one`, true},
		{"a stage of a rule to nowhere", "{first: true, direct: true, ", "{first: true, ", `42: rules[2].add_stage.channel: is missing; write a channel ID like C0FALCON (in Slack: channel name, About), or direct: true for a direct message to each approver`, false},
		{"first of an access's stages", "{name: Manager, ", "{first: true, name: Manager, ", `19: access.falcon.stages[0].first: is not a key here; the keys are name, channel, direct, approvers, quorum, deadline, remind, escalate, on_timeout`, true},

		{"an undo that is too long", "undo: 1m", "undo: 1h", `6: limits.undo: 1h is long for somebody who waits; write at most 10m`, true},
		{"too many guests", "guests_at_once: 20", "guests_at_once: 101", `6: limits.guests_at_once: 101 are too many for one request; write at most 100`, false},
		{"no guests", "guests_at_once: 20", "guests_at_once: 0", `6: limits.guests_at_once: "0" is not a whole number from 1 up`, false},
	}
	schema := compileSchema(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(rich, tt.old) {
				t.Fatalf("%q is not in the policy", tt.old)
			}
			text := strings.Replace(rich, tt.old, tt.new, 1)
			_, err := load(text)
			got := ""
			if err != nil {
				got = strings.TrimPrefix(err.Error(), "partnerbot.yaml:")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if err := validate(schema, text); (err == nil) != (tt.want == "" || tt.loaderOnly) {
				t.Errorf("the schema says %v, the loader %q", err, got)
			}
		})
	}
}

// TestRemarks holds what is said of a policy that has no mistake and is hardly meant.
func TestRemarks(t *testing.T) {
	const always = `  - {id: all, when: "true", refuse: Not now.}` + "\n"
	tests := []struct{ name, old, new, want string }{
		{"a rule that can never hold", "domain.disposable", `"risk == 'low' && risk == 'high'"`, `36: rule no-trash: can never hold`},
		{"rules after one that refuses everything", "rules:\n", "rules:\n" + always, "37: rule no-trash: comes to nothing: rule all before it refuses everything"},
		{"a rule that holds always by accident", "domain.disposable", `"partner.known || !partner.known"`, `36: rule no-trash: holds always; if that is meant, write when: "true"`},
		{"an approval that a stage always prevents", "rules:\n", "rules:\n  - {id: all, when: \"true\", add_stage: {direct: true, approvers: [U0SAM]}}\n", "44: rule known: never approves: rule all adds a stage to everything"},
		{"a partner at a provider of free mail", "[fabrikam.example]", "[gmail.com]", `34: partners.fabrikam.domains[0]: gmail.com gives an address to anybody who asks: whoever has one counts as this partner`},
		{"a partner who is blocked elsewhere", "  own_domains:", "  blocked_domains: [fabrikam.example]\n  own_domains:", `35: partners.fabrikam.domains[0]: fabrikam.example is blocked by guests.blocked_domains (fabrikam.example): nobody from there is let in, partner or not`},
		{"an own domain twice", "[northwind.example]", "[northwind.example, it.northwind.example]", `3: guests.own_domains[1]: it.northwind.example is in the list already (northwind.example, with its subdomains)`},
		{"an own domain that is blocked", "  own_domains: [northwind.example]", "  own_domains: [northwind.example]\n  blocked_domains: [northwind.example]", `4: guests.blocked_domains[0]: northwind.example belongs to own_domains (northwind.example): people there are colleagues anyway`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := load(strings.Replace(rich, tt.old, tt.new, 1))
			if err != nil {
				t.Fatal(err)
			}
			if len(cfg.Remarks) == 0 || strings.TrimPrefix(cfg.Remarks[0].String(), "partnerbot.yaml:") != tt.want {
				t.Errorf("got  %v\nwant %s", cfg.Remarks, tt.want)
			}
		})
	}
}

// TestSponsorsAlone: it is said whose guests nobody can decide on, unless a stage
// or its escalation names others as well.
func TestSponsorsAlone(t *testing.T) {
	const policy = `slack: {admins: [S0ADMINS]}
guests: {unknown_domains: warned}
access:
  falcon:
    grants: [{group: 6f0c5a3e-0000-0000-0000-000000000001}]
    durations: [30d]
    stages:
      - {name: Sponsor, direct: true, approvers: [sponsors]}
partners:
  contoso: {domains: [contoso.example], sponsors: [U0SAM]}
  fabrikam: {domains: [fabrikam.example]}
`
	const (
		its      = "partnerbot.yaml:4: access falcon: stage Sponsor asks the partner's sponsors alone, and fabrikam has none: nobody can decide on its guests"
		unknowns = "partnerbot.yaml:4: access falcon: stage Sponsor asks the partner's sponsors alone: nobody can decide on guests of an unknown organisation"
	)
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"nobody else", "", "", []string{its, unknowns}},
		{"unknown organisations are blocked", "warned", "blocked", []string{its}},
		{"a blocked partner needs none", "[fabrikam.example]", "[fabrikam.example], treat: blocked", []string{unknowns}},
		{"others beside them", "[sponsors]", "[sponsors, S0FALCON]", nil},
		{"others when the sponsors are not there", "[sponsors]", "[sponsors], escalate: {approvers: [S0LEADS]}", nil},
		{"others after a time", "[sponsors]", "[sponsors], escalate: {after: 2d, approvers: [S0LEADS]}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := load(strings.Replace(policy, tt.old, tt.new, 1))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range cfg.Remarks {
				got = append(got, r.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTheSchemaTakesTheShippedExamples, as the loader does.
func TestTheSchemaTakesTheShippedExamples(t *testing.T) {
	for _, name := range []string{"small-company", "regulated-company", "agency"} {
		path := docs + "examples/" + name + ".yaml"
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(compileSchema(t), string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if cfg, err := LoadPolicy(path, os.ReadFile); err != nil || len(cfg.Remarks) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

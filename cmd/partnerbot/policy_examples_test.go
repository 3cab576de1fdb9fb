package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

// TestTheShippedExamples check, and their tables come out as expected.
func TestTheShippedExamples(t *testing.T) {
	for name, explained := range map[string][]string{
		"small-company":     {"mia@fabrikam.example", "--access", "files"},
		"regulated-company": {"lee@lucerne.example", "--access", "audit", "--open-ended", "--groups", "S0FINANCE", "--requester-email", "a@woodgrove.example"},
		"agency":            {"kim@wingtip.example", "--access", "campaign"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("../../docs/examples", name+".yaml")
			if status, out, errs := policyCommand(t, nil, "check", "--config", path); status != exitWell {
				t.Errorf("check: status %d\n%s%s", status, out, errs)
			}
			if status, out, errs := policyCommand(t, nil, append([]string{"explain", "--config", path}, explained...)...); status != exitWell || !strings.Contains(out, "Stages\n") {
				t.Errorf("explain: status %d\n%s%s", status, out, errs)
			}
			status, out, errs := policyCommand(t, nil, "test", "--config", path, strings.TrimSuffix(path, ".yaml")+".examples.yaml")
			if status != exitWell || !strings.Contains(out, "examples come out as expected") {
				t.Errorf("test: status %d\n%s%s", status, out, errs)
			}
		})
	}
}

const tabled = "../../docs/examples/agency.yaml"

// TestAnExampleThatComesOutOtherwise is shown with its line and the difference,
// for each thing that can be expected.
func TestAnExampleThatComesOutOtherwise(t *testing.T) {
	const row = `examples:
  - name: A client is the lead's to decide
    given: {email: kim@wingtip.example, access: campaign, for: 30d}
    expect:
      outcome: asked
`
	const refused = `examples:
  - name: A freelancer for long
    given: {email: sasha@gmail.com, access: studio, for: 90d, domain: {guests: 2}}
    expect:
      outcome: refused
`
	tests := []struct{ name, table, want string }{
		{"as expected", row + "      rules: []\n      stages: [Lead]\n", ""},
		{"another outcome", strings.Replace(row, "asked", "approved", 1), ":2: A client is the lead's to decide\n  line 5: outcome\n    - approved\n    + asked\n"},
		{"other rules", row + "      rules: [impostors]\n", "  line 6: rules\n    - [impostors]\n    + []\n"},
		{"other stages", row + "      stages: [Lead, Owner]\n", "  line 6: stages\n    - [Lead, Owner]\n    + [Lead]\n"},
		{"another sentence", refused + "      sentence: no way\n", "  line 6: sentence\n    - no way\n    + A rule of the policy allows"},
		{"another limit", refused + "      longest: 60d\n", "  line 6: longest\n    - 60d\n    + 30d\n"},
		{"a reason for an outcome", strings.Replace(refused, "refused", "asked", 1), "    - asked\n    + refused A rule of the policy allows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := policyFile(t, tt.table)
			status, out, errs := policyCommand(t, nil, "test", "--config", tabled, path)
			if tt.want == "" {
				if status != exitWell || out != "1 examples come out as expected.\n" {
					t.Errorf("status %d\n%s%s", status, out, errs)
				}
				return
			}
			if status != exitFailed || !strings.HasPrefix(out, path+":2: ") || !strings.Contains(out, tt.want) || !strings.Contains(errs, "1 of 1 examples come out otherwise") {
				t.Errorf("status %d\n%s%s", status, out, errs)
			}
		})
	}
}

// TestMistakesOfTables are a wrong usage, each with its line.
func TestMistakesOfTables(t *testing.T) {
	const good = "examples:\n  - name: x\n    given: {email: a@b.example, access: campaign, for: 30d}\n    expect: {outcome: asked}\n"
	tests := []struct{ name, old, new, want string }{
		{"nothing in it", good, "", "1: examples: is missing"},
		{"no name", "name: x", "name: ''", "2: examples[0].name: is missing"},
		{"no outcome", "{outcome: asked}", "{}", "4: examples[0].expect.outcome: is missing; write asked, approved or refused"},
		{"an outcome that is none", "outcome: asked", "outcome: denied", `4: examples[0].expect.outcome: "denied" is not known; write asked or approved or refused`},
		{"no address", "email: a@b.example, ", "", "3: examples[0].given.email: is missing"},
		{"no access", "access: campaign, ", "", "3: examples[0].given.access: is missing"},
		{"no length", ", for: 30d", "", "3: examples[0].given: needs one of for, until and open_ended"},
		{"two lengths", ", for: 30d", ", for: 30d, until: 30d", "3: examples[0].given: needs one of for, until and open_ended"},
		{"an unknown key", "outcome: asked", "outcome: asked, stage: x", "4: examples[0].expect.stage: is not a key here (did you mean stages?)"},
		{"guests for the first time", "for: 30d", "for: 30d, domain: {guests: 2, first_time: true}", "3: examples[0].given.domain.first_time: does not go with guests: 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := policyFile(t, strings.Replace(good, tt.old, tt.new, 1))
			if status, out, errs := policyCommand(t, nil, "test", "--config", tabled, path); status != exitUsage || !strings.Contains(errs, path+":"+tt.want) {
				t.Errorf("status %d\n%s%s", status, out, errs)
			}
		})
	}
	if status, _, errs := policyCommand(t, nil, "test", "--config", tabled, "/nowhere.yaml"); status != exitUsage || !strings.Contains(errs, "cannot be read") {
		t.Errorf("status %d\n%s", status, errs)
	}
}

// TestWhatIsGivenReachesTheRules: everything that a table can say of a domain
// makes a difference.
func TestWhatIsGivenReachesTheRules(t *testing.T) {
	policy := policyFile(t, strings.Replace(checked, "URL", "https://slack.com/api/", 1)+`rules:
  - {id: new, when: domain.first_time, longest: 60d}
  - {id: denied, when: domain.denied_before, longest: 60d}
  - {id: here, when: domain.guests == 2, longest: 60d}
  - {id: who, when: 'requester.id == "U0ANN" && requester.email == "ann@x.example" && guest.company == "B"', longest: 60d}
  - {id: group, when: '"S0A1" in requester.groups', longest: 30d}
  - {id: many, when: guests == 7, longest: 90d}
`)
	var table strings.Builder
	table.WriteString("examples:\n")
	for given, expect := range map[string]string{
		"":                           "rules: [new], longest: 60d",
		"domain: {first_time: true}": "rules: [new]", "domain: {first_time: false}": "rules: []", "domain: {guests: 2}": "rules: [here]",
		"domain: {denied_before: true}": "rules: [new, denied]", "domain: {denied_before: true, first_time: false}": "rules: [denied]",
		"requester: U0ANN, requester_email: Ann@x.example, company: B": "rules: [new, who]",
		"groups: [S0A1]": "rules: [new, group], longest: 30d", "guests: 7": "rules: [new, many], longest: 60d",
	} {
		table.WriteString("  - {name: x, given: {email: a@b.example, access: falcon, for: 30d, " + given + "}, expect: {outcome: asked, " + expect + "}}\n")
	}
	path := filepath.Join(t.TempDir(), "table.yaml")
	if err := os.WriteFile(path, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := policyCommand(t, nil, "test", "--config", policy, path); status != exitWell {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

// TestAChosenDayIsMeantAsInTheForm: to its end, by explain and by test.
func TestAChosenDayIsMeantAsInTheForm(t *testing.T) {
	text := strings.Replace(checked, "URL", "https://slack.com/api/", 1)
	text = strings.Replace(text, "durations: [30d]", "dates: 30d", 1) + "rules: [{id: short, when: domain.first_time, longest: 7d}]\n"
	cfg, err := whichPolicy{Config: policyFile(t, text)}.load()
	if err != nil {
		t.Fatal(err)
	}
	words, err := bot.NewWords()
	if err != nil {
		t.Fatal(err)
	}
	const days = 24 * time.Hour
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	west := time.Date(2026, 11, 23, 15, 0, 0, 0, time.FixedZone("west", -10*60*60)) // the 24th in UTC
	tests := []struct {
		name    string
		now     time.Time
		day     string
		until   time.Duration
		here    int // guests of the domain; the rule is for the first
		outcome string
	}{
		{"the last day that is offered", noon, "2026-12-23", 30 * days, 1, "asked"},
		{"the day after it", noon, "2026-12-24", 31 * days, 1, "refused"},
		{"the last day that a rule allows", noon, "2026-11-30", 7 * days, 0, "asked"},
		{"the day after that", noon, "2026-12-01", 8 * days, 0, "refused"},
		{"what is left of today", noon, "2026-11-23", time.Hour, 1, "asked"},
		{"a day begins in UTC", west, "2026-12-24", 30 * days, 1, "asked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			explain := policyExplainCmd{Email: "kim@wingtip.example", Access: "falcon", Until: tt.day, Here: tt.here}
			explained, _, err := explain.given(cfg.Policy, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			tested := config.Given{Email: explain.Email, Access: explain.Access, Until: tt.until, Here: explained.Here}
			for by, g := range map[string]config.Given{"explain": explained, "test": tested} {
				if got := draftOf(cfg.Policy, g, tt.now).Ends.Format(time.DateTime); got != tt.day+" 23:59:59" {
					t.Errorf("%s: ends at %s", by, got)
				}
				if got := weigh(cfg.Policy, g, words, tt.now); got.Outcome != tt.outcome {
					t.Errorf("%s: %s %s", by, got.Outcome, got.sentences())
				}
			}
		})
	}
}

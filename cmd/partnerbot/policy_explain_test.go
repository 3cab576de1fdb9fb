package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const regulated = "../../docs/examples/regulated-company.yaml"

// TestPolicyExplainSaysEverything about one request.
func TestPolicyExplainSaysEverything(t *testing.T) {
	status, out, errs := policyCommand(t, nil, "explain", "tom@tailspin.example", "--config", regulated, "--access", "data-room", "--for", "30d",
		"--requester", "U0ANN", "--requester-email", "ann@woodgrove.example", "--groups", "S0DEALS", "--here", "2")
	want := `tom@tailspin.example into Data room (data-room) for 30d: asked

Organisation
  tailspin.example is Tailspin Brokers's (tailspin), warned
  taken to have 2 guests here
  risk: medium

Rules
  does not  asked-by-mail-from-elsewhere: !requester.email.endsWith("@woodgrove.example")
  does not  auditors-only: access == "audit" && partner.id != "lucerne"
  holds     warned-are-short allows at most 30d: partner.treat == "warned"
  does not  endless: open_ended
  holds     second-look adds the stage Security: domain.denied_before || risk != "low" || guests > 5

Stages
  1. Security: 1 of S0ITSEC, card to C0ITSEC
     decides within 2 days, no answer is a no
     because rule second-look
  2. Manager: 1 of the requester's manager, card to each of them
     decides within 3 days
     reminds after 1 day
     when the time is over also S0LEGAL, card to each of them; they have 2 days, then no answer is a no
     because the access asks for it
  3. Sponsor: 1 of S0DEALS, card to C0DATAROOM
     decides within 5 days, no answer is a no
     reminds after 1 day, 3 days, 4 days
     after 3 days also S0LEGAL, card to C0LEGAL
     because the access asks for it
  4. Compliance: 2 of S0COMPLIANCE, card to C0COMPLIANCE
     decides within 5 days, no answer is a no
     reminds after 2 days
     because the access asks for it
`
	if diff := cmp.Diff(want, out); diff != "" || status != exitWell || errs != "" {
		t.Errorf("status %d (-want +got):\n%s%s", status, diff, errs)
	}
}

func TestPolicyExplain(t *testing.T) {
	const mine = "../../docs/examples/agency.yaml"
	tests := []struct {
		name   string
		args   []string
		status int
		want   []string // on standard output, or on standard error where it fails
	}{
		{"approved", []string{"kim@wingtip.example", "--access", "campaign", "--groups", "S0ACCOUNTS"}, exitWell, []string{"for 14d: approved", "holds     clients-for-a-campaign lets in without anybody's decision"}},
		{"a look-alike", []string{"kim@wingtlp.example", "--access", "campaign", "--groups", "S0ACCOUNTS"}, exitWell, []string{"it looks like wingtip.example without being it: homoglyph", "risk: high", "adds the stage Operations"}},
		{"refused by a rule, in its words", []string{"sasha@gmail.com", "--access", "campaign", "--for", "30d"}, exitWell, []string{": refused\n  People with a private address are freelancers", "anybody can have an address there", "new here"}},
		{"to be thrown away", []string{"sasha@mailinator.com", "--access", "studio"}, exitWell, []string{"throw it away"}},
		{"whom the stage before chooses", []string{"sasha@gmail.com", "--access", "studio"}, exitWell, []string{"2. Supervisor: 1 of whom the stage before chooses", "decides within 2 days\n"}},
		{"until a day", []string{"kim@wingtip.example", "--access", "campaign", "--until", "2999-01-01"}, exitWell, []string{"until 2999-01-01: refused"}},
		{"for several", []string{"kim@treyresearch.example", "--access", "campaign", "--guests", "11"}, exitWell, []string{"holds     many-strangers refuses"}},
		{"no address", []string{"kim", "--access", "campaign"}, exitWell, []string{"not a complete e-mail address"}},
		{"no such access", []string{"kim@wingtip.example", "--access", "campagn"}, exitUsage, []string{`there is no "campagn"; there is campaign, studio`}},
		{"no length", []string{"kim@wingtip.example", "--access", "campaign", "--for", "soon"}, exitUsage, []string{`"soon" is not a length of time`}},
		{"no day", []string{"kim@wingtip.example", "--access", "campaign", "--until", "soon"}, exitUsage, []string{`"soon" is no day`}},
		{"a day that is over", []string{"kim@wingtip.example", "--access", "campaign", "--until", "2020-01-01"}, exitUsage, []string{"2020-01-01 is over"}},
		{"two lengths", []string{"kim@wingtip.example", "--access", "campaign", "--for", "30d", "--open-ended"}, exitUsage, []string{"--for"}},
		{"no access", []string{"kim@wingtip.example"}, exitUsage, []string{"--access"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out, errs := policyCommand(t, nil, append([]string{"explain", "--config", mine}, tt.args...)...)
			if status != exitWell {
				out = errs
			}
			for _, want := range tt.want {
				if status != tt.status || !strings.Contains(out, want) {
					t.Errorf("status %d, %q is not said in\n%s", status, want, out)
				}
			}
		})
	}
}

// TestPolicyExplainForPrograms says the same as JSON.
func TestPolicyExplainForPrograms(t *testing.T) {
	status, out, _ := policyCommand(t, nil, "explain", "tom@tailspin.example", "--config", regulated, "--access", "data-room", "--for", "90d", "--json",
		"--requester-email", "ann@woodgrove.example", "--groups", "S0DEALS")
	var got struct {
		Outcome, Lasts, Longest string
		Facts                   struct{ Risk string }
		Refusals                []struct{ Code, Rule, Sentence string }
		Rules                   []struct{ Rule string }
		RulesNot                []struct{ Rule, When string } `json:"rules_not"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != exitWell {
		t.Fatalf("status %d, %v\n%s", status, err, out)
	}
	if got.Outcome != "refused" || got.Lasts != "for 90d" || got.Longest != "30d" || got.Facts.Risk == "" || len(got.Rules) != 2 || len(got.RulesNot) != 3 ||
		len(got.Refusals) != 1 || got.Refusals[0].Rule != "warned-are-short" || got.Refusals[0].Code != "for_too_long" || got.Refusals[0].Sentence == "" {
		t.Errorf("got %+v", got)
	}
}

// TestWhatIsSaidOfARule: everything that follows from it, and whether it was asked
// at all.
func TestWhatIsSaidOfARule(t *testing.T) {
	const both = "{id: both, when: '!partner.known', longest: 7d, add_stage: {name: Owner, direct: true, approvers: [U0SAM]}}"
	const ratio = "{id: ratio, when: '10 / domain.guests > 2', longest: 30d}"
	const free = "{id: free, when: domain.free_mail, refuse: Not from there.}"
	tests := []struct {
		name, rules, email string
		want               []string // without conditions
		unknown, notAsked  []string
	}{
		{"two effects", both + ", " + free, "kim@wingtip.example", []string{"holds     both adds the stage Owner and allows at most 7d", "does not  free"}, nil, nil},
		{"after one that cannot be told", both + ", " + ratio + ", " + free, "kim@wingtip.example", []string{"holds     both adds the stage Owner and allows at most 7d", "unknown   ratio", "not asked free"}, []string{"ratio"}, []string{"free"}},
		{"before one that cannot be told", free + ", " + ratio, "kim@wingtip.example", []string{"does not  free", "unknown   ratio"}, []string{"ratio"}, nil},
		{"no address", both + ", " + free, "kim", []string{"not asked both", "not asked free"}, nil, []string{"both", "free"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(checked, "URL", "https://slack.com/api/", 1) + "rules: [" + tt.rules + "]\n"
			args := []string{"explain", tt.email, "--config", policyFile(t, text), "--access", "falcon"}
			_, out, _ := policyCommand(t, nil, args...)
			_, said, _ := strings.Cut(out, "\nRules\n")
			var got []string
			for line := range strings.Lines(said) {
				line, _, _ = strings.Cut(strings.TrimSpace(line), ":")
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || !strings.Contains(out, ": refused\n") {
				t.Errorf("%s\n%s", out, diff)
			}
			_, out, _ = policyCommand(t, nil, append(args, "--json")...)
			var is struct {
				Rules    []struct{ Rule string }
				RulesNot []struct{ Rule string } `json:"rules_not"`
				Unknown  []struct{ Rule string } `json:"rules_unknown"`
				NotAsked []struct{ Rule string } `json:"rules_not_asked"`
			}
			if err := json.Unmarshal([]byte(out), &is); err != nil {
				t.Fatal(err)
			}
			id := func(r struct{ Rule string }) string { return r.Rule }
			if !slices.Equal(names(is.Unknown, id), tt.unknown) || !slices.Equal(names(is.NotAsked, id), tt.notAsked) ||
				len(is.Rules)+len(is.RulesNot)+len(is.Unknown)+len(is.NotAsked) != len(tt.want) {
				t.Errorf("got %+v", is)
			}
		})
	}
}

// TestPolicyExplainNamesPeople where there is a token, and does without where Slack
// does not answer.
func TestPolicyExplainNamesPeople(t *testing.T) {
	w := checkWorld(t)
	w.SetGroup("S0HERON", "U0OLGA", "U0DAN", "U0NOBODY")
	w.SetGroup("S0EMPTY")
	many := make([]string, shownNames+2)
	for i := range many {
		many[i] = "U0SAM"
	}
	w.SetGroup("S0MANY", many...)
	token, _, _ := w.Credentials()
	text := strings.Replace(strings.Replace(checked, "URL", w.SlackURL(), 1), "[S0HERON], quorum: 2", "[S0HERON, manager, U0SAM], escalate: {approvers: [S0EMPTY, S0MANY]}", 1)
	args := []string{"explain", "kim@wingtip.example", "--config", policyFile(t, text), "--access", "heron"}
	_, out, errs := policyCommand(t, map[string]string{"SLACK_BOT_TOKEN": token}, args...)
	want := `
People
  S0EMPTY is nobody
  S0HERON is Olga Braun, Dan Moss (cannot decide: their account is deactivated), U0NOBODY (cannot decide: Slack knows nobody by that ID)
  S0MANY is ` + strings.Repeat("Sam Ortiz, ", shownNames-1) + `Sam Ortiz and 2 more
  U0SAM is Sam Ortiz
`
	if !strings.HasSuffix(out, want) || errs != "" {
		t.Errorf("got\n%s%s", out, errs)
	}
	if status, out, errs := policyCommand(t, map[string]string{"SLACK_BOT_TOKEN": "xoxb-revoked"}, args...); status != exitWell || strings.Contains(out, "People") || !strings.Contains(errs, "Slack does not say who the approvers are") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"partnerbot/cmd/partnerbot/rules"
)

func policyDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheDocumentationListsWhatRulesMayAskAbout, in the same words and order.
func TestTheDocumentationListsWhatRulesMayAskAbout(t *testing.T) {
	var table strings.Builder
	for _, v := range rules.Variables() {
		doc := v.Doc
		if len(v.Values) > 0 {
			doc += ": " + strings.Join(v.Values, ", ")
		}
		fmt.Fprintf(&table, "| `%s` | %s |\n", v.Name, doc)
	}
	if !strings.Contains(policyDocs(t), table.String()) {
		t.Errorf("docs/policy.md lacks this table:\n%s", table.String())
	}
}

// TestTheDocumentationExplainsAsTheProgramDoes runs the command that the page shows.
func TestTheDocumentationExplainsAsTheProgramDoes(t *testing.T) {
	const command = "explain ana@adatum.example --config small-company.yaml --access files --for 90d"
	args := strings.Fields(strings.Replace(command, "small-company", "../../docs/examples/small-company", 1))
	status, out, errs := policyCommand(t, nil, args...)
	if status != exitWell || !strings.Contains(policyDocs(t), "$ partnerbot policy "+command+"\n"+out+"```\n") {
		t.Errorf("docs/policy.md does not show this:\n$ partnerbot policy %s\n%s%s", command, out, errs)
	}
}

// TestTheDocumentationNamesEveryKey of the policy's part of the configuration.
func TestTheDocumentationNamesEveryKey(t *testing.T) {
	docs := policyDocs(t)
	for key := range strings.FieldsSeq(`title description grants durations dates open_ended requesters questions stages name channel direct approvers quorum deadline remind
		escalate on_timeout after manager sponsors chosen own_domains blocked_domains unknown_domains free_mail more domains treat access for id when refuse longest add_stage first
		approve undo claim nudge_every nudges guests_at_once include kind options required hint label`) {
		if !strings.Contains(docs, key+":") && !strings.Contains(docs, "`"+key+"`") {
			t.Errorf("docs/policy.md does not name %s", key)
		}
	}
}

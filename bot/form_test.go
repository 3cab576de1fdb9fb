package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestWhatWasTypedIsInTheForm(t *testing.T) {
	tests := []struct{ name, typed, email, reason string }{
		{"nothing", "  ", "", ""},
		{"an address", "jane@acme.example", "jane@acme.example", ""},
		{"an address and a reason", "jane@acme.example She reviews the drawings", "jane@acme.example", "She reviews the drawings"},
		{"an address as Slack sends it", "<mailto:jane@acme.example|jane@acme.example> reviews", "jane@acme.example", "reviews"},
		{"a bare mailto", "<mailto:jane@acme.example>", "jane@acme.example", ""},
		{"a mailto with a subject", "<mailto:jane@acme.example?subject=hi|jane>", "jane@acme.example", ""},
		{"a mailto before a comma", "<mailto:jane@acme.example|jane@acme.example>, reviews", "jane@acme.example", "reviews"},
		{"in brackets", "(jane@acme.example) reviews", "jane@acme.example", "reviews"},
		{"in typed angle brackets", "&lt;jane@acme.example&gt; reviews", "jane@acme.example", "reviews"},
		{"in quotes", "“jane@acme.example”: reviews", "jane@acme.example", "reviews"},
		{"at the end", "Reviews the drawings: jane@acme.example.", "jane@acme.example", "Reviews the drawings:"},
		{"in the middle stays in the sentence", "please let jane@acme.example in", "jane@acme.example", "please let jane@acme.example in"},
		{"two addresses", "jane@acme.example joe@acme.example", "jane@acme.example", "joe@acme.example"},
		{"a reason only", "She reviews the drawings", "", "She reviews the drawings"},
		{"an address that is wrong goes to its field", "jane@@acme reviews", "jane@@acme", "reviews"},
		{"a mention is no address", "<@U0ANN> wants in", "", "@U0ANN wants in"},
		{"a name is no address", "@acme wants in", "", "@acme wants in"},
		{"a link becomes its words", "see <https://acme.example/x|our page> now", "", "see our page now"},
		{"a bare link becomes its address", "see <https://acme.example/x>", "", "see https://acme.example/x"},
		{"entities become characters once", "R&amp;D, a &lt; b, &amp;lt;", "", "R&D, a < b, &lt;"},
		{"line breaks stay", "jane@acme.example\nfirst\n\nsecond", "jane@acme.example", "first\n\nsecond"},
		{"a bracket that never closes", "a <b jane@acme.example", "jane@acme.example", "a <b"},
		{"an upper-case address stays as typed", "Jane.Roe@ACME.example", "Jane.Roe@ACME.example", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseTyped(tt.typed); got.Email != tt.email || got.Reason != tt.reason {
				t.Errorf("%q: got %q, %q; want %q, %q", tt.typed, got.Email, got.Reason, tt.email, tt.reason)
			}
		})
	}
}

func FuzzTyped(f *testing.F) {
	f.Add("<mailto:jane@acme.example|jane@acme.example> She reviews R&amp;D")
	f.Add("please let jane@acme.example in")
	f.Add("<<<>>>|@ \u202e a@b")
	f.Fuzz(func(t *testing.T, text string) {
		got := parseTyped(text)
		if strings.ContainsAny(got.Email, " \t\n") {
			t.Errorf("white space in the address %q", got.Email)
		}
		if got.Email != "" && !strings.Contains(got.Email, "@") {
			t.Errorf("no address: %q", got.Email)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got.Reason) {
			t.Errorf("the reason %q was cut inside a character", got.Reason)
		}
		if strings.ContainsAny(text, "<>@&") || !utf8.ValidString(text) {
			return
		}
		if got.Reason != strings.TrimSpace(text) {
			t.Errorf("typed %q, kept %q", text, got.Reason)
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("jane@acme.example")
	f.Add(" Jane.O'Roe@ACME.example ")
	f.Add("a@b@c.de")
	f.Fuzz(func(t *testing.T, typed string) {
		address, domain, err := approvals.ParseAddress(typed)
		if err != nil {
			if _, ok := errors.AsType[*approvals.Refusal](err); !ok || address != "" {
				t.Errorf("%q: %q, %v", typed, address, err)
			}
			return
		}
		if strings.Count(address, "@") != 1 || !strings.HasSuffix(address, "@"+domain) || strings.ContainsAny(address, " <>\"\r\n,;:|") {
			t.Errorf("%q was taken as %q at %q", typed, address, domain)
		}
		if again, _, err := approvals.ParseAddress(address); err != nil || again != address {
			t.Errorf("%q does not stay itself: %q, %v", address, again, err)
		}
	})
}

func TestASubmittedFormBecomesADraft(t *testing.T) {
	v := view{}
	v.State.Values = map[string]map[string]input{
		"email": {"email": {Value: "jane@acme.example"}}, "name": {"name": {Value: "Jane"}}, "company": {"company": {Value: "Acme"}},
		"access": {"access": chosen("falcon")}, "for": {"for": chosen("720h0m0s")}, "reason": {"reason": {Value: "reviews"}},
	}
	ann := approvals.Person{ID: approvals.PersonID{Team: "T0NORTH", User: "U0ANN"}}
	want := approvals.Draft{By: ann, Email: "jane@acme.example", Name: "Jane", Company: "Acme", Access: "falcon", For: 720 * time.Hour, Reason: "reviews"}
	if diff := cmp.Diff(want, draft(v, ann)); diff != "" {
		t.Error(diff)
	}
	delete(v.State.Values, "for")
	if got := draft(v, ann).For; got >= 0 {
		t.Errorf("no choice became %v, which a policy might allow", got)
	}
}

func chosen(value string) input {
	var in input
	in.Selected.Value = value
	return in
}

func TestEveryRefusalIsAtItsField(t *testing.T) {
	o := newOffice(t)
	v := view{}
	v.State.Values = map[string]map[string]input{"email": {}, "name": {}, "company": {}, "access": {}, "for": {}, "reason": {}}
	wrong := approvals.Refusals{approvals.ErrEmailMalformed, approvals.ErrNameMissing, approvals.ErrAccessUnknown, approvals.ErrForUnknown, approvals.ErrReasonMissing, approvals.ErrSlackGuest}
	got, ok := o.atFields("en", v, wrong)
	if !ok {
		t.Fatal("refusals were taken for a fault")
	}
	var fields []string
	for field, sentence := range got {
		fields = append(fields, field)
		if strings.Contains(sentence, "[") || utf8.RuneCountInString(sentence) > maxSentence {
			t.Errorf("%s: %q", field, sentence)
		}
	}
	slices.Sort(fields)
	if diff := cmp.Diff([]string{"access", "email", "for", "name", "reason"}, fields); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got["email"], o.words().Refusal("en", approvals.ErrSlackGuest)) {
		t.Errorf("a refusal without a field is nowhere: %q", got["email"])
	}
	if _, ok := o.atFields("en", v, errors.New("the disk is full")); ok {
		t.Error("a fault was taken for a refusal")
	}
}

package rules

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func compile(t testing.TB, text string) *Condition {
	t.Helper()
	c, err := Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

// month is a case in which every variable differs from its zero value.
func month() approvals.Case {
	return approvals.Case{
		Email: "Ana@contoso.example", Domain: "contoso.example", Company: "Contoso Ltd", Access: "falcon", For: 30 * 24 * time.Hour, Guests: 3,
		Requester: approvals.PersonID{Team: "T1", User: "U0ANN"}, RequesterEmail: "Ann@northwind.example", Groups: []string{"S0SALES"},
		Facts: approvals.Facts{
			Domain: "contoso.example", Partner: "Contoso", PartnerID: "contoso", Treat: approvals.Warned, FreeMail: true, Disposable: true,
			Like: &approvals.Likeness{Domain: "contoso.com"}, Risk: approvals.RiskMedium,
			Here: approvals.DomainCount{Live: 4, Before: 1, Last: []approvals.Decision{{State: approvals.Split}, {State: approvals.Denied}}},
		},
	}
}

// TestAConditionAsksAboutTheCase asks about each variable once so that it holds,
// and once of a case in which it must not.
func TestAConditionAsksAboutTheCase(t *testing.T) {
	tests := []struct {
		when    string
		instead func(*approvals.Case)
	}{
		{`guest.email == "ana@contoso.example"`, func(c *approvals.Case) { c.Email = "eve@contoso.example" }},
		{`guest.domain.endsWith(".example")`, func(c *approvals.Case) { c.Domain = "contoso.com" }},
		{`guest.company.contains("Ltd")`, func(c *approvals.Case) { c.Company = "Contoso" }},
		{`partner.known`, func(c *approvals.Case) { c.Facts.PartnerID = "" }},
		{`partner.id in ["contoso", "fabrikam"]`, func(c *approvals.Case) { c.Facts.PartnerID = "adatum" }},
		{`partner.name == "Contoso"`, func(c *approvals.Case) { c.Facts.Partner = "Fabrikam" }},
		{`partner.treat == "warned"`, func(c *approvals.Case) { c.Facts.Treat = approvals.Allowed }},
		{`partner.treat != "allowed"`, func(c *approvals.Case) { c.Facts.Treat = "" }},
		{`domain.free_mail`, func(c *approvals.Case) { c.Facts.FreeMail = false }},
		{`domain.disposable`, func(c *approvals.Case) { c.Facts.Disposable = false }},
		{`domain.looks_like != ""`, func(c *approvals.Case) { c.Facts.Like = nil }},
		{`!domain.first_time`, func(c *approvals.Case) { c.Facts.Here = approvals.DomainCount{} }},
		{`domain.guests >= 4`, func(c *approvals.Case) { c.Facts.Here.Live = 3 }},
		{`domain.denied_before`, func(c *approvals.Case) { c.Facts.Here.Last = c.Facts.Here.Last[:1] }},
		{`access == "falcon"`, func(c *approvals.Case) { c.Access = "heron" }},
		{`duration <= duration("720h")`, func(c *approvals.Case) { c.For += time.Second }},
		{`duration <= duration("720h")`, func(c *approvals.Case) { c.For, c.OpenEnded = 0, true }},
		{`!open_ended`, func(c *approvals.Case) { c.OpenEnded = true }},
		{`guests == 3`, func(c *approvals.Case) { c.Guests = 4 }},
		{`requester.id == "U0ANN"`, func(c *approvals.Case) { c.Requester.User = "U0BEN" }},
		{`requester.email.endsWith("@northwind.example")`, func(c *approvals.Case) { c.RequesterEmail = "" }},
		{`"S0SALES" in requester.groups`, func(c *approvals.Case) { c.Groups = nil }},
		{`requester.groups.exists(g, g == "S0SALES")`, func(c *approvals.Case) { c.Groups = []string{"S0OTHER"} }},
		{`risk != "high"`, func(c *approvals.Case) { c.Facts.Risk = approvals.RiskHigh }},
	}
	asked := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.when, func(t *testing.T) {
			cond := compile(t, tt.when)
			for _, v := range Variables() {
				asked[v.Name] = asked[v.Name] || cond.uses(v.Name)
			}
			for _, want := range []bool{true, false} {
				c := month()
				if !want {
					tt.instead(&c)
				}
				if got, err := cond.Holds(c); got != want || err != nil {
					t.Errorf("holds: %v, %v; want %v", got, err, want)
				}
			}
		})
	}
	for _, v := range Variables() {
		if !asked[v.Name] {
			t.Errorf("no row asks about %s", v.Name)
		}
	}
}

// TestLongAccessIncludesEndlessAccess: nobody gets for ever by a rule that is
// meant for a short time, and nobody evades one that is meant for a long time.
func TestLongAccessIncludesEndlessAccess(t *testing.T) {
	endless := approvals.Case{OpenEnded: true}
	for when, want := range map[string]bool{`duration > duration("87600h")`: true, `duration <= duration("87600h")`: false} {
		if got, err := compile(t, when).Holds(endless); got != want || err != nil {
			t.Errorf("%s: %v, %v", when, got, err)
		}
	}
}

// TestWhatIsNotKnownIsAnError, which the policy takes for a no.
func TestWhatIsNotKnownIsAnError(t *testing.T) {
	tests := map[string]string{
		"nobody weighed the risk": `risk == "low"`,
		"a division by none":      `10 / domain.guests > 2`,
		"no member of that place": `requester.groups[0] == "S0SALES"`,
		"text that is no number":  `int(guest.company) > 2`,
	}
	for name, when := range tests {
		t.Run(name, func(t *testing.T) {
			if holds, err := compile(t, when).Holds(approvals.Case{Guests: 1}); err == nil || holds {
				t.Errorf("%s: %v, %v", when, holds, err)
			}
		})
	}
}

// TestAConditionCannotHang stops one that computes a lot, always after the same work.
func TestAConditionCannotHang(t *testing.T) {
	groups := make([]string, 20_000)
	for i := range groups {
		groups[i] = strings.Repeat("S", 20)
	}
	cond := compile(t, `requester.groups.all(g, g.matches("^(S|S0)+$") || g == "S0FALCON")`)
	if _, err := cond.Holds(approvals.Case{Groups: groups}); err == nil || !strings.Contains(err.Error(), "cost limit") {
		t.Errorf("got %v", err)
	}
	if holds, err := cond.Holds(approvals.Case{Groups: groups[:10]}); !holds || err != nil {
		t.Errorf("ten groups: %v, %v", holds, err)
	}
}

// TestMistakesInAConditionAreNamed holds what is said of a mistake, and where.
func TestMistakesInAConditionAreNamed(t *testing.T) {
	tests := []struct{ name, when, want string }{
		{"a misspelt variable", `guest.emial == "x"`, `1:1: guest.emial is not known`},
		{"in the second line", "partner.known &&\n  domain.free_mial", `2:3: domain.free_mial is not known`},
		{"two of them", `gest.email == "x" || domian.guests > 1`, "1:1: gest.email is not known\n1:22: domian.guests is not known"},
		{"a misspelt function", `guest.email.endWith("x")`, `1:13: endWith is not known`},
		{"a variable whose function is right", `guest.emial.endsWith("x")`, `1:1: guest.emial is not known`},
		{"half a name", `guest == "x"`, `1:1: guest is not known`},
		{"whether a variable is there", `has(guest.email)`, `1:5: guest.email is always there; ask what it is`},
		{"a part of a text", `guest.email.user == "x"`, `1:12: type 'string' does not support field selection`},
		{"a number and a text", `guests == "x"`, `1:8: == does not take (int, string)`},
		{"a number", `guests + 1`, `1:1: is a number, not true or false; compare it with something`},
		{"a length of time", `duration`, `1:1: is a length of time, not true or false; compare it with something`},
		{"a text", `guest.company`, `1:1: is a text, not true or false; compare it with something`},
		{"days", `duration > duration("30d")`, `1:21: invalid duration argument; a day is written as duration("24h")`},
		{"a risk that is none", `risk == "hihg"`, `1:9: risk is never "hihg"; it is low or medium or high`},
		{"one of several", `partner.treat in ["allowed", "denied"]`, `1:30: partner.treat is never "denied"; it is allowed or warned or blocked`},
		{"a group by name", `"sales" in requester.groups`, `1:1: "sales" is no user group ID; write it like S0FALCON`},
		{"groups in general", `size(requester.groups) == 0`, `1:1: asks about requester.groups and names none; write it like "S0FALCON" in requester.groups`},
		{"capitals", `guest.domain == "Contoso.example"`, `1:17: guest.domain is in lower case; write "contoso.example"`},
		{"an end that comes early", `guests >`, `1:9: ends where something has to follow`},
		{"two words", `partner known`, `1:9: Syntax error: extraneous input 'known' expecting <EOF>`},
		{"no answer ever", `1 / 0 == 1`, `1:1: never has an answer: division by zero`},
		{"nothing", "  ", `1:1: is empty; write "true" for always`},
		{"a loop in a loop", `requester.groups.exists(g, requester.groups.exists(h, g == h))`, `1:51: comprehension exceeds nesting limit`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(tt.when)
			if err == nil {
				t.Fatal("it compiles")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if len(Wrong(err)) == 0 {
				t.Errorf("%T lists no problems", err)
			}
		})
	}
	for name, when := range map[string]string{
		"a long one":         `guest.company == "` + strings.Repeat("x", 2500) + `"`,
		"one of many parts":  strings.Repeat("guests>1||", 150) + "true",
		"one in many levels": strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100),
	} {
		if _, err := Compile(when); err == nil {
			t.Errorf("%s compiles", name)
		}
	}
}

// TestAMisspeltNameComesWithTheKnownOnes, so that the right one can be proposed.
func TestAMisspeltNameComesWithTheKnownOnes(t *testing.T) {
	for when, want := range map[string]string{`guest.emial == "x"`: "guest.email", `guest.email.endWith("x")`: "endsWith", `requester.groups.exist(g, true)`: "exists"} {
		_, err := Compile(when)
		if wrong := Wrong(err); len(wrong) == 0 || !slices.Contains(wrong[0].Known, want) {
			t.Errorf("%s: %v does not name %s", when, err, want)
		}
	}
	if Wrong(errors.New("another")) != nil {
		t.Error("any error lists problems")
	}
}

// TestWhatNeverOrAlwaysHoldsIsFound, and nothing else is said to.
func TestWhatNeverOrAlwaysHoldsIsFound(t *testing.T) {
	tests := []struct {
		when     string
		holds    bool
		constant bool
	}{
		{`true`, true, true},
		{`false`, false, true},
		{`1 == 2 && domain.guests > 3`, false, true},
		{`risk == "low" && risk == "high"`, false, true},
		{`risk in ["low", "medium", "high"]`, true, true},
		{`partner.known && !partner.known`, false, true},
		{`guests > 10 && guests < 5`, false, true},
		{`guests > 10 && guests < 12`, false, false},
		{`guests > 10 && guests < 11`, false, true},
		{`duration > duration("48h") && duration < duration("24h")`, false, true},
		{`duration > duration("24h") && duration < duration("48h")`, false, false},
		{`access == "falcon" && access == "heron"`, false, true},
		{`access != "falcon" || access != "heron"`, true, true},
		{`access != "falcon" && access != "heron"`, false, false},
		{`"S0A1" in requester.groups && !("S0A1" in requester.groups)`, false, true},
		{`"S0A1" in requester.groups && !("S0B1" in requester.groups)`, false, false},
		{`guest.domain.endsWith(".edu") && guest.domain == "x.com"`, false, false}, // not found, and not claimed
		{`guest.domain.endsWith(".edu") && risk == "low" && risk == "high"`, false, true},
		{`guest.domain == domain.looks_like`, false, false},
		{`guest.company > "a" && guest.company < "b"`, false, false},
		{`partner.known || domain.guests > 0`, false, false},
		{`domain.guests / 2 > 1`, false, false},
		{`!partner.known || partner.known`, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.when, func(t *testing.T) {
			if holds, constant := compile(t, tt.when).Constant(); holds != tt.holds || constant != tt.constant {
				t.Errorf("holds %v, constant %v", holds, constant)
			}
		})
	}
	const nine = ` in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] && `
	many := "guest.company" + nine + "guest.email" + nine + "access" + nine + "partner.name" + nine + "guests == 1 && guests == 2"
	if _, constant := compile(t, many).Constant(); constant {
		t.Error("there are too many cases to be tried out, and yet it is sure")
	}
}

func TestNamesAndGroupsOfACondition(t *testing.T) {
	c := compile(t, "access in [\"falcon\", \"heron\"] &&\n (\"S0B1\" in requester.groups || \"S0A1\" in requester.groups) && \"osprey\" != access")
	var names []string
	for _, n := range c.Names("access") {
		names = append(names, n.Text)
	}
	if diff := cmp.Diff([]string{"falcon", "heron", "osprey"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"S0A1", "S0B1"}, c.Groups()); diff != "" {
		t.Error(diff)
	}
	if got := compile(t, `guest.company == "S0SALES"`).Groups(); got != nil {
		t.Errorf("a company is taken for a group: %v", got)
	}
	if at := c.Names("access")[2]; at.Line != 2 || at.Column != 64 {
		t.Errorf("osprey stands at %d:%d", at.Line, at.Column)
	}
}

// FuzzCompile: whatever is written, there is an answer, and no panic.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`guest.emial == "x"`, "a\n.b(", `risk in ["low", "hgh"]`, `requester.groups.exists(g, g == "S0FALCON")`, `guest.é == 'x'`, `[1, "a"][guests]`, "`a`.b", `duration("1h") < duration`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Compile(text)
		if err != nil {
			for _, p := range Wrong(err) {
				if p.Line < 1 || p.Column < 1 || p.Text == "" {
					t.Errorf("%q: %+v", text, p)
				}
			}
			return
		}
		_, _ = c.Holds(month())
		holds, constant := c.Constant()
		if got, err := c.Holds(month()); constant && err == nil && got != holds {
			t.Errorf("%q is said to be always %v, and is %v", text, holds, got)
		}
	})
}

func BenchmarkHolds(b *testing.B) {
	cond, c := compile(b, `partner.known && risk == "low" && duration <= duration("720h") && "S0SALES" in requester.groups`), month()
	for b.Loop() {
		if _, err := cond.Holds(c); err != nil {
			b.Fatal(err)
		}
	}
}

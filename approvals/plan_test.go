package approvals

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// condition is a rule's question that a test asks.
type condition func(Case) bool

func (c condition) Holds(x Case) (bool, error) { return c(x), nil }

type unknowable struct{}

func (unknowable) Holds(Case) (bool, error) { return false, errors.New("no such key: company") }

// gossip is what a test knows of mail domains.
type gossip map[string]string // what a domain looks like, "free" or "thrown away"

func (g gossip) Like(domain string) (Likeness, bool) {
	like := g[domain]
	return Likeness{Domain: like, Kind: "one letter other"}, strings.Contains(like, ".")
}

func (g gossip) FreeMail(domain string) (free, disposable bool) {
	return g[domain] == "free" || g[domain] == "thrown away", g[domain] == "thrown away"
}

func rule(id string, then Effect) Rule { return Rule{ID: id, Then: then} }

func added(name string) Effect {
	return Effect{AddStage: &Stage{Name: name, Approvers: []string{"S3"}, Quorum: 1, Deadline: day}}
}

func addedFirst(name string) Effect { e := added(name); e.First = true; return e }

var (
	never   = condition(func(Case) bool { return false })
	refuses = Effect{Refuse: "Not from there."}
	lets    = Effect{Approve: true}
	month   = Effect{Longest: 30 * day}
	week    = Effect{Longest: 7 * day}
)

// planned is what a plan came to, in short.
func planned(p Plan, err error) string {
	var codes []string
	for _, r := range refusalsOf(err) {
		codes = append(codes, string(r.Code))
	}
	if err != nil {
		return "refused: " + strings.Join(codes, " ")
	}
	if p.Approved && len(p.Access.Stages) == 0 {
		return "approved"
	}
	var names []string
	for _, s := range p.Access.Stages {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

func TestRulesHaveTheirSay(t *testing.T) {
	tests := []struct {
		name  string
		rules []Rule
		draft func(*Draft)
		want  string
	}{
		{"none", nil, nil, "Sponsor Owners"},
		{"a stage comes last", []Rule{rule("a", added("Legal"))}, nil, "Sponsor Owners Legal"},
		{"a stage comes first", []Rule{rule("a", addedFirst("Legal"))}, nil, "Legal Sponsor Owners"},
		{"stages keep the file's order", []Rule{rule("a", addedFirst("A")), rule("b", added("B")), rule("c", addedFirst("C")), rule("d", added("D"))}, nil, "A C Sponsor Owners B D"},
		{"what does not hold says nothing", []Rule{{ID: "a", When: never, Then: refuses}, {ID: "b", When: never, Then: added("B")}, {ID: "c", When: never, Then: lets}, {ID: "d", When: never, Then: week}}, nil, "Sponsor Owners"},
		{"a refusal", []Rule{rule("a", refuses)}, nil, "refused: by_rule"},
		{"as long as may be", []Rule{rule("a", month)}, nil, "Sponsor Owners"},
		{"longer than may be", []Rule{rule("a", week)}, nil, "refused: for_too_long"},
		{"the shortest of two counts", []Rule{rule("a", month), rule("b", week)}, nil, "refused: for_too_long"},
		{"without an end is longer", []Rule{rule("a", month)}, func(d *Draft) { d.For, d.OpenEnded = 0, true }, "refused: for_too_long"},
		{"a date that is too far", []Rule{rule("a", week)}, func(d *Draft) { d.For, d.ByDate, d.Ends = 0, true, nine.Add(8*day) }, "refused: for_too_long"},
		{"a date that is near enough", []Rule{rule("a", week)}, func(d *Draft) { d.For, d.ByDate, d.Ends = 0, true, nine.Add(7*day) }, "Sponsor Owners"},
		{"the last day of what may be", []Rule{rule("a", week)}, func(d *Draft) { d.For, d.ByDate, d.Ends = 0, true, EndOf(nine.Add(7*day)) }, "Sponsor Owners"},
		{"the day after it", []Rule{rule("a", week)}, func(d *Draft) { d.For, d.ByDate, d.Ends = 0, true, EndOf(nine.Add(8*day)) }, "refused: for_too_long"},
		{"a day where only hours may be", []Rule{rule("a", Effect{Longest: 14 * hour})}, func(d *Draft) { d.For, d.ByDate, d.Ends = 0, true, EndOf(nine) }, "refused: for_too_long"},
		{"what is left of the day", []Rule{rule("a", Effect{Longest: 15 * hour})}, func(d *Draft) { d.For, d.ByDate, d.Ends = 0, true, EndOf(nine) }, "Sponsor Owners"},
		{"approval by rule", []Rule{rule("a", lets)}, nil, "approved"},
		{"approval within a length", []Rule{rule("a", month), rule("b", lets)}, nil, "approved"},
		{"approval and a stage", []Rule{rule("a", lets), rule("b", added("Legal"))}, nil, "Sponsor Owners Legal"},
		{"approval and a stage first", []Rule{rule("b", addedFirst("Legal")), rule("a", lets)}, nil, "Legal Sponsor Owners"},
		{"approval and a refusal", []Rule{rule("a", lets), rule("b", refuses)}, nil, "refused: by_rule"},
		{"approval for too long", []Rule{rule("a", lets), rule("b", week)}, nil, "refused: for_too_long"},
		{"what cannot be known refuses", []Rule{{ID: "a", When: unknowable{}, Then: added("Legal")}}, nil, "refused: rule_broken"},
		{"and is not approved", []Rule{rule("a", lets), {ID: "b", When: unknowable{}, Then: added("Legal")}}, nil, "refused: rule_broken"},
		{"nor by what cannot be known", []Rule{{ID: "b", When: unknowable{}, Then: lets}}, nil, "refused: rule_broken"},
		{"the first refusal is told", []Rule{rule("a", refuses), rule("b", week)}, nil, "refused: by_rule"},
		{"beside what is typed wrong", []Rule{rule("a", refuses)}, func(d *Draft) { d.Name = "" }, "refused: name_missing by_rule"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := policy()
			p.Rules, p.Accesses[0].OpenEnded, p.Accesses[0].Longest = tt.rules, true, 90*day
			d := draft(func(*Draft) {})
			if tt.draft != nil {
				tt.draft(&d)
			}
			plan, err := p.Plan(d, Surroundings{Now: nine})
			if got := planned(plan, err); got != tt.want || plan.Approved != (tt.want == "approved") {
				t.Errorf("got %s, want %s; approved: %v", got, tt.want, plan.Approved)
			}
			if len(p.Accesses[0].Stages) != 2 {
				t.Errorf("the policy itself has %d stages now", len(p.Accesses[0].Stages))
			}
		})
	}
}

func TestARefusalByRuleSaysWhichAndWhy(t *testing.T) {
	p := policy()
	p.Rules = []Rule{rule("rivals", refuses), rule("short", week)}
	plan, err := p.Plan(draft(func(*Draft) {}), Surroundings{Now: nine})
	want := Refusals{ErrByRule.With("rule", "rivals").With("sentence", "Not from there.")}
	if diff := cmp.Diff(want, refusalsOf(err)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Applied{{Rule: "rivals", Refused: "Not from there."}, {Rule: "short", Longest: 7 * day}}, plan.Rules); diff != "" {
		t.Error(diff)
	}
	p.Rules = p.Rules[1:]
	_, err = p.Plan(draft(func(*Draft) {}), Surroundings{Now: nine})
	if diff := cmp.Diff(Refusals{ErrForTooLong.With("longest", (7*day).String()).With("rule", "short")}, refusalsOf(err)); diff != "" {
		t.Error(diff)
	}
}

func TestAStageSaysWhichRuleAddedIt(t *testing.T) {
	p := policy()
	p.Rules = []Rule{rule("legal-looks", added("Legal"))}
	plan, err := p.Plan(draft(func(*Draft) {}), Surroundings{Now: nine})
	if err != nil || plan.Access.Stages[2].Rule != "legal-looks" || p.Rules[0].Then.AddStage.Rule != "" {
		t.Errorf("%+v, %v", plan.Access.Stages, err)
	}
	if diff := cmp.Diff([]Applied{{Rule: "legal-looks", Added: "Legal"}}, plan.Rules); diff != "" {
		t.Error(diff)
	}
}

// TestAConditionSeesTheWholeCase: and nothing of it is another one's.
func TestAConditionSeesTheWholeCase(t *testing.T) {
	p := policy()
	p.Partners = []Partner{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}, Treat: Warned}}
	var got Case
	p.Rules = []Rule{{ID: "a", When: condition(func(c Case) bool { got = c; return false })}}
	d := draft(func(d *Draft) {
		d.Email, d.Company, d.By.Email = "Jane@ACME.example", " Acme  Ltd ", "ann@northwind.example"
	})
	if _, err := p.Plan(d, Surroundings{Now: nine, Here: DomainCount{Live: 3}, Groups: []string{"S7"}, Guests: 4}); err != nil {
		t.Fatal(err)
	}
	want := Case{
		Email: "Jane@acme.example", Domain: "acme.example", Company: "Acme Ltd", Access: "falcon", For: 30 * day, Guests: 4,
		Requester: id("ann"), RequesterEmail: "ann@northwind.example", Groups: []string{"S7"},
		Facts: Facts{Domain: "acme.example", Partner: "Acme", PartnerID: "acme", Treat: Warned, Here: DomainCount{Live: 3}, Risk: RiskMedium},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := p.Plan(d, Surroundings{Now: nine}); err != nil || got.Guests != 1 {
		t.Errorf("%d guests, %v", got.Guests, err)
	}
	p.Accesses[0].Longest = 90 * day
	d.For, d.ByDate, d.Ends = 0, true, nine.Add(10*day)
	if _, err := p.Plan(d, Surroundings{Now: nine}); err != nil || got.For != 10*day {
		t.Errorf("until a date: for %s, %v", got.For, err)
	}
}

func TestWhoMayAskForWhat(t *testing.T) {
	tests := []struct {
		requesters []string
		groups     []string
		want       string
	}{
		{nil, nil, "Sponsor Owners"},
		{[]string{"ann"}, nil, "Sponsor Owners"},
		{[]string{"S7"}, []string{"S6", "S7"}, "Sponsor Owners"},
		{[]string{"S7"}, nil, "refused: not_for_you"},
		{[]string{"S7", "ben"}, []string{"S6"}, "refused: not_for_you"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.requesters, " ")+" of "+strings.Join(tt.groups, " "), func(t *testing.T) {
			p := policy()
			p.Accesses[0].Requesters = tt.requesters
			if got := planned(p.Plan(draft(func(*Draft) {}), Surroundings{Now: nine, Groups: tt.groups})); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestThePartnersSponsorsTakeTheirRole(t *testing.T) {
	p := policy()
	p.Accesses[0].Stages[0].Approvers = []string{"sam", RoleSponsors, "S9"}
	p.Partners = []Partner{{ID: "acme", Domains: []string{"acme.example"}, Sponsors: []string{"S5", "olga"}}}
	for address, want := range map[string][]string{
		jane:                   {"sam", "S5", "olga", "S9"},
		"jane@eu.acme.example": {"sam", "S5", "olga", "S9"},
		"jane@else.example":    {"sam", RoleSponsors, "S9"},
	} {
		plan, err := p.Plan(draft(func(d *Draft) { d.Email = address }), Surroundings{Now: nine})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plan.Access.Stages[0].Approvers); diff != "" {
			t.Errorf("%s:\n%s", address, diff)
		}
	}
	if diff := cmp.Diff([]string{"sam", RoleSponsors, "S9"}, p.Accesses[0].Stages[0].Approvers); diff != "" {
		t.Errorf("the policy itself has changed:\n%s", diff)
	}
}

func TestHowOrganisationsAreTreated(t *testing.T) {
	tests := []struct {
		name   string
		domain string
		mess   func(*Policy)
		want   string
	}{
		{"unknown ones are allowed", "else.example", nil, "Sponsor Owners"},
		{"unless they are not", "else.example", func(p *Policy) { p.Unknown = Blocked }, "refused: unknown_domain"},
		{"partners are known", "acme.example", func(p *Policy) { p.Unknown = Blocked }, "Sponsor Owners"},
		{"a partner that is blocked", "acme.example", func(p *Policy) { p.Partners[0].Treat = Blocked }, "refused: blocked_domain"},
		{"a partner that is warned of", "acme.example", func(p *Policy) { p.Partners[0].Treat = Warned }, "Sponsor Owners"},
		{"free mail is like unknown ones", "mail.example", func(p *Policy) { p.Unknown = Blocked }, "refused: free_mail"},
		{"free mail of its own rule", "mail.example", func(p *Policy) { p.FreeMail = Blocked }, "refused: free_mail"},
		{"free mail allowed where nobody unknown is", "mail.example", func(p *Policy) { p.FreeMail, p.Unknown = Allowed, Blocked }, "Sponsor Owners"},
		{"free mail that the list lacks", "post.example", func(p *Policy) { p.FreeMail, p.MoreFreeMail = Blocked, []string{"Post.example"} }, "refused: free_mail"},
		{"a provider that is a partner", "mail.example", func(p *Policy) {
			p.FreeMail, p.Partners[0].Domains = Blocked, []string{"mail.example"}
		}, "Sponsor Owners"},
		{"blocked goes before partner", "acme.example", func(p *Policy) { p.BlockedDomains = []string{"acme.example"} }, "refused: blocked_domain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := policy()
			p.Known = gossip{"mail.example": "free"}
			p.Partners = []Partner{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}}
			if tt.mess != nil {
				tt.mess(p)
			}
			if got := planned(p.Plan(draft(func(d *Draft) { d.Email = "jane@" + tt.domain }), Surroundings{Now: nine})); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHowLongAccessMayBeAskedFor(t *testing.T) {
	date := func(d time.Duration) func(*Draft) {
		return func(x *Draft) { x.For, x.ByDate, x.Ends = 0, true, nine.Add(d) }
	}
	dates := func(a *Access) { a.Longest = 90 * day }
	tests := []struct {
		name  string
		mess  func(*Access)
		draft func(*Draft)
		want  string
	}{
		{"a length that is offered", nil, func(*Draft) {}, "Sponsor Owners"},
		{"another one", nil, func(d *Draft) { d.For = 31 * day }, "refused: for_unknown"},
		{"none", nil, func(d *Draft) { d.For = 0 }, "refused: for_unknown"},
		{"a date where none is offered", nil, date(day), "refused: for_unknown"},
		{"a date", dates, date(90 * day), "Sponsor Owners"},
		{"the last day", dates, date(90*day + hour), "Sponsor Owners"},
		{"a date that is too far", dates, date(91 * day), "refused: end_too_far"},
		{"a date that has passed", dates, date(0), "refused: end_passed"},
		{"no date", dates, func(d *Draft) { d.For, d.ByDate = 0, true }, "refused: end_missing"},
		{"no end where one is needed", nil, func(d *Draft) { d.For, d.OpenEnded = 0, true }, "refused: open_ended"},
		{"no end", func(a *Access) { a.OpenEnded = true }, func(d *Draft) { d.For, d.OpenEnded = 0, true }, "Sponsor Owners"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := policy()
			if tt.mess != nil {
				tt.mess(&p.Accesses[0])
			}
			if got := planned(p.Plan(draft(tt.draft), Surroundings{Now: nine})); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestTheEndOfADay is its last second, wherever the day is.
func TestTheEndOfADay(t *testing.T) {
	east := time.FixedZone("east", 13*60*60)
	tests := []struct{ day, want time.Time }{
		{time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)},
		{time.Date(2026, 12, 31, 23, 59, 59, 7, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)},
		{time.Date(2026, 2, 28, 1, 0, 0, 0, east), time.Date(2026, 2, 28, 23, 59, 59, 0, east)},
	}
	for _, tt := range tests {
		if got := EndOf(tt.day); !got.Equal(tt.want) {
			t.Errorf("%s: got %s, want %s", tt.day, got, tt.want)
		}
	}
}

func TestQuestionsOfAnAccess(t *testing.T) {
	p := policy()
	p.Accesses[0].Questions = []Question{
		{ID: "nda", Label: "NDA", Kind: AskText, Required: true},
		{ID: "size", Label: "Size", Kind: AskChoice, Options: []string{"S", "L"}},
		{ID: "from", Label: "From", Kind: AskDate},
	}
	tests := []struct {
		name    string
		answers map[string]string
		want    *Refusal
		field   Field
	}{
		{"all of them", map[string]string{"from": "2026-12-24", "nda": " 4711\u200b ", "size": "L", "other": "x"}, nil, ""},
		{"those that must be", map[string]string{"nda": "4711"}, nil, ""},
		{"one that must be is missing", map[string]string{"size": "L"}, ErrAnswerMissing, "question nda"},
		{"one that must be shows nothing", map[string]string{"nda": "\u200b "}, ErrAnswerMissing, "question nda"},
		{"a choice that there is not", map[string]string{"nda": "1", "size": "M"}, ErrAnswerUnknown, "question size"},
		{"a date that there is not", map[string]string{"nda": "1", "from": "2026-02-30"}, ErrAnswerUnknown, "question from"},
		{"too much", map[string]string{"nda": strings.Repeat("ü", MaxReason+1)}, ErrTooLong, "question nda"},
		{"as much as may be", map[string]string{"nda": strings.Repeat("ü", MaxReason)}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := p.Plan(draft(func(d *Draft) { d.Answers = tt.answers }), Surroundings{Now: nine})
			if tt.want != nil {
				if wrong := refusalsOf(err); len(wrong) != 1 || !wrong[0].Is(tt.want) || wrong[0].Field != tt.field {
					t.Errorf("got %v at %v, want %v at %s", err, wrong, tt.want, tt.field)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.name == "all of them" {
				want := []Filled{{"nda", "NDA", AskText, "4711"}, {"size", "Size", AskChoice, "L"}, {"from", "From", AskDate, "2026-12-24"}}
				if diff := cmp.Diff(want, plan.Terms.Filled); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestAllThatIsWrongIsSaidAtOnce whatever part of the policy says it.
func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	p := policy()
	p.Unknown, p.Accesses[0].Requesters, p.Rules = Blocked, []string{"S7"}, []Rule{rule("a", refuses)}
	p.Accesses[0].Questions = []Question{{ID: "nda", Required: true}}
	d := draft(func(d *Draft) { d.Name, d.For = "", 1 })
	p.Rules = append(p.Rules, rule("b", week))
	want := "refused: name_missing for_unknown answer_missing not_for_you unknown_domain by_rule"
	if got := planned(p.Plan(d, Surroundings{Now: nine})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d.Email = "jane" // one thing about each field
	if got := planned(p.Plan(d, Surroundings{Now: nine})); got != "refused: email_malformed name_missing for_unknown answer_missing not_for_you" {
		t.Errorf("got %s", got)
	}
}

func TestRisk(t *testing.T) {
	like := &Likeness{Domain: "acme.example"}
	before := DomainCount{Live: 1}
	tests := []struct {
		name string
		f    Facts
		open bool
		want Risk
	}{
		{"a partner", Facts{Partner: "Acme"}, false, RiskLow},
		{"a partner, without an end", Facts{Partner: "Acme"}, true, RiskLow},
		{"a partner that is warned of", Facts{Partner: "Acme", Treat: Warned}, false, RiskMedium},
		{"that, without an end", Facts{Partner: "Acme", Treat: Warned}, true, RiskHigh},
		{"an organisation that was here", Facts{Here: before}, false, RiskLow},
		{"one that was not", Facts{}, false, RiskMedium},
		{"one that was only asked for", Facts{Here: DomainCount{Pending: 7, Before: 9, Last: []Decision{{State: Denied}}}}, false, RiskMedium},
		{"one that was let in before", Facts{Here: DomainCount{Before: 2, Last: []Decision{{State: Denied}, {State: Ended}}}}, false, RiskLow},
		{"one that was, without an end", Facts{Here: before}, true, RiskMedium},
		{"free mail that was here", Facts{Here: before, FreeMail: true}, false, RiskMedium},
		{"free mail that was not", Facts{FreeMail: true}, false, RiskHigh},
		{"a domain that looks like another", Facts{Here: before, Like: like}, false, RiskHigh},
		{"a partner that looks like another", Facts{Partner: "Acme", Like: like}, false, RiskHigh},
		{"an address to be thrown away", Facts{Partner: "Acme", Disposable: true}, false, RiskHigh},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.risk(tt.open); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFactsOfADomain(t *testing.T) {
	p := policy()
	p.Known = gossip{"acne.example": "acme.example", "acme.example": "acne.example", "bin.example": "thrown away"}
	p.Partners = []Partner{{ID: "acme", Name: "Acme", Domains: []string{"ACME.example"}}}
	p.Unknown, p.FreeMail = Warned, Blocked
	tests := []struct {
		domain string
		want   Facts
	}{
		{"acme.example", Facts{Partner: "Acme", PartnerID: "acme", Risk: RiskLow}}, // and is never said to look like another
		{"eu.acme.example", Facts{Partner: "Acme", PartnerID: "acme", Risk: RiskLow}},
		{"acne.example", Facts{Treat: Warned, Like: &Likeness{Domain: "acme.example", Kind: "one letter other"}, Risk: RiskHigh}},
		{"bin.example", Facts{Treat: Blocked, FreeMail: true, Disposable: true, Risk: RiskHigh}},
		{"rival.example", Facts{Treat: Blocked, Risk: RiskMedium}},
	}
	for _, tt := range tests {
		t.Run(tt.domain, func(t *testing.T) {
			tt.want.Domain = tt.domain
			if diff := cmp.Diff(tt.want, p.facts(tt.domain, DomainCount{}, false)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatARequestIsMadeOf: all that the plan says is copied, so that a policy
// that changes later changes nothing of it.
func TestWhatARequestIsMadeOf(t *testing.T) {
	p := policy()
	p.Rules = []Rule{rule("a", added("Legal"))}
	plan, err := p.Plan(draft(func(d *Draft) { d.Reason = "kick-off" }), Surroundings{Now: nine, Here: DomainCount{Live: 2}})
	if err != nil {
		t.Fatal(err)
	}
	limits := Limits{Hold: time.Minute}
	c := Open("INV-1", plan, limits, nine)
	r := c.Request
	if diff := cmp.Diff(plan.Access, r.Access); diff != "" || r.State != Pending || r.Limits != limits || r.Facts.Here.Live != 2 || len(r.Rules) != 1 {
		t.Errorf("%+v\n%s", r, diff)
	}
	for _, kind := range []Work{WorkCards, WorkDirect, WorkFacts} {
		if !hasOwing(c.Owed, Owing{Kind: kind}) {
			t.Errorf("no %s is owed: %v", kind, c.Owed)
		}
	}
	if !hasOwing(c.Owed, Owing{Kind: WorkClock, Due: nine.Add(day)}) || !r.Deadline.Equal(nine.Add(day)) || !r.Since.Equal(nine) {
		t.Errorf("since %s until %s, owed %v", r.Since, r.Deadline, c.Owed)
	}
}

// TestApprovalByRuleWaitsForNobody but the hold.
func TestApprovalByRuleWaitsForNobody(t *testing.T) {
	p := policy()
	p.Rules = []Rule{rule("a", lets)}
	plan, err := p.Plan(draft(func(*Draft) {}), Surroundings{Now: nine})
	if err != nil {
		t.Fatal(err)
	}
	hold := nine.Add(20 * time.Second)
	c := Open("INV-1", plan, Limits{Hold: 20 * time.Second}, nine)
	r := c.Request
	if r.State != Inviting || !r.Hold.Equal(hold) || !r.Until.Equal(nine.Add(30*day)) || len(r.Votes) > 0 || c.Entries[0].To != Inviting {
		t.Errorf("%+v, %+v", r, c.Entries)
	}
	if !hasOwing(c.Owed, Owing{Kind: WorkGuest, Due: hold}) || hasOwing(c.Owed, Owing{Kind: WorkGuest}) {
		t.Errorf("owed: %v", c.Owed)
	}
	if !strings.Contains(c.Entries[0].Detail, "rule a") {
		t.Errorf("the trail says %q", c.Entries[0].Detail)
	}
}

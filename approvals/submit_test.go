package approvals

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhatNobodyCouldApproveIsRefused at once, with whom to ask.
func TestWhatNobodyCouldApproveIsRefused(t *testing.T) {
	stage := func(w *world) *Stage { return &w.policy.Accesses[1].Stages[0] }
	becomes := func(w *world, user string, change func(*Person)) {
		who := w.desk.people[user]
		change(&who)
		w.desk.people[user] = who
	}
	tests := []struct {
		name string
		mess func(w *world)
		want error
	}{
		{"somebody is there", func(*world) {}, nil},
		{"the group is empty", func(w *world) { w.desk.groups["S1"] = nil }, ErrNobody},
		{"only the requester is in it", func(w *world) { w.desk.groups["S1"] = []string{"ann"} }, ErrNobody},
		{"all have left", func(w *world) { becomes(w, "sam", func(p *Person) { p.Deactivated = true }) }, ErrNobody},
		{"all are guests", func(w *world) { becomes(w, "sam", func(p *Person) { p.Guest = true }) }, ErrNobody},
		{"all are unknown", func(w *world) { delete(w.desk.people, "sam") }, ErrNobody},
		{"fewer than it takes", func(w *world) { stage(w).Quorum = 2 }, ErrNobody},
		{"one person by two ways", func(w *world) { stage(w).Quorum, stage(w).Approvers = 2, []string{"S1", "sam"} }, ErrNobody},
		{"others can be brought in", func(w *world) {
			w.desk.groups["S1"], stage(w).Escalate = nil, &Escalation{Approvers: []string{"olga"}}
		}, nil},
		{"the manager comes out later", func(w *world) { w.desk.groups["S1"], stage(w).Approvers = nil, []string{"S1", RoleManager} }, nil},
		{"a partner's sponsors where there is none", func(w *world) { stage(w).Approvers = []string{RoleSponsors} }, ErrNobody},
		{"groups cannot be read", func(w *world) { w.desk.groups["S1"] = nil; w.desk.fails("members", fault{err: errLost, always: true}) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.policy.Accesses[1].Stages = slices.Clone(w.policy.Accesses[1].Stages)
				tt.mess(w)
				_, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute }))
				if !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
				if tt.want == nil {
					return
				}
				want := Refusals{ErrNobody.With("access", "harbor").With("stage", "Sponsor").With("admins", "S0ADMINS,U0ROOT")}
				if diff := cmp.Diff(want, refusalsOf(err)); diff != "" || len(w.store.kept) > 0 {
					t.Errorf("%d kept:\n%s", len(w.store.kept), diff)
				}
			})
		})
	}
}

// tardy people take their time.
type tardy struct {
	memo

	takes time.Duration
}

func (p tardy) Members(ctx context.Context, group string) ([]string, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(p.takes):
		return p.memo.Members(ctx, group)
	}
}

func TestSlowAnswersRefuseNothing(t *testing.T) {
	story(t, func(w *world) {
		w.desk.groups["S1"] = nil
		w.service.People = tardy{memo{w.desk}, time.Hour}
		began := time.Now()
		if _, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute })); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestSeveralAreRefusedByTheirLines: what is wrong with one is said of it, what is
// wrong with all of them once, and nothing is made.
func TestSeveralAreRefusedByTheirLines(t *testing.T) {
	with := func(addresses ...string) func(*Several) {
		return func(d *Several) {
			d.Guests = nil
			for _, a := range addresses {
				d.Guests = append(d.Guests, Guest{Email: a})
			}
		}
	}
	blocked := func(address, code string) *Refusal {
		_, domain, _ := strings.Cut(address, "@")
		return ErrGuestLine.With("text", address).With("code", code).With("domain", domain)
	}
	tests := []struct {
		name string
		mess func(*world)
		with func(*Several)
		want Refusals
	}{
		{"all is well", nil, with("a@acme.example", "b@acme.example"), nil},
		{"nobody", nil, with(), Refusals{ErrGuestsMissing}},
		{"too many", func(w *world) { w.policy.MaxGuests = 1 }, with("a@acme.example", "b@acme.example"), Refusals{ErrGuestsTooMany.With("limit", "1").With("n", "2")}},
		{"too many by itself", nil, func(d *Several) { d.Guests = guests(51) }, Refusals{ErrGuestsTooMany.With("limit", "50").With("n", "51")}},
		{"two of them", nil, with("a@acme.example", "b@rival.example", "c@northwind.example"), Refusals{blocked("b@rival.example", "blocked_domain"), blocked("c@northwind.example", "own_domain")}},
		{"all of them", nil, func(d *Several) { with("a@acme.example", "b@acme.example")(d); d.Reason = "" }, Refusals{ErrReasonMissing}},
		{"both", nil, func(d *Several) { with("a@acme.example", "b@rival.example")(d); d.Reason = "" }, Refusals{ErrReasonMissing, blocked("b@rival.example", "blocked_domain")}},
		{"one by a rule", func(w *world) {
			w.policy.Rules = []Rule{{ID: "x", When: condition(func(c Case) bool { return c.Domain == "else.example" }), Then: refuses}}
		}, with("a@acme.example", "b@else.example"), Refusals{
			ErrGuestLine.With("text", "b@else.example").With("code", "by_rule").With("rule", "x").With("sentence", "Not from there."),
		}},
		{"all by a rule", func(w *world) { w.policy.Rules = []Rule{rule("x", refuses)} }, with("a@acme.example", "b@else.example"), Refusals{ErrByRule.With("rule", "x").With("sentence", "Not from there.")}},
		{"other people would decide about one", func(w *world) {
			w.desk.groups["S3"] = []string{"ben"}
			w.policy.Rules = []Rule{{ID: "x", When: condition(func(c Case) bool { return c.Domain == "else.example" }), Then: added("Legal")}}
		}, with("a@acme.example", "b@else.example"), Refusals{ErrGuestsDiffer}},
		{"nobody would decide about one", func(w *world) {
			w.policy.Rules = []Rule{{ID: "x", When: condition(func(c Case) bool { return c.Domain == "else.example" }), Then: lets}}
		}, with("a@acme.example", "b@else.example"), Refusals{ErrGuestsDiffer}},
		{"one is asked in already", func(w *world) { w.submit("harbor") }, with("a@acme.example", jane), Refusals{
			ErrGuestLine.With("text", jane).With("code", "already_pending").With("id", "INV-1").With("access", "harbor").With("state", "pending"),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				if tt.mess != nil {
					tt.mess(w)
				}
				before := len(w.store.kept)
				d := Several{Draft: draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute })}
				tt.with(&d)
				made, err := w.service.SubmitSeveral(w.Context(), d)
				if diff := cmp.Diff(tt.want, refusalsOf(err)); diff != "" {
					t.Error(diff)
				}
				if n := len(w.store.kept) - before; (tt.want == nil) != (n == 1 && len(made) == 1) {
					t.Errorf("%d are kept", n)
				}
			})
		})
	}
}

// counted counts what is read of the store and of Slack.
type counted struct {
	Store
	memo

	reads map[string]int
}

func (c *counted) Domain(ctx context.Context, domain string) (DomainCount, error) {
	c.reads[domain]++
	return c.Store.Domain(ctx, domain)
}

func (c *counted) Person(ctx context.Context, id PersonID) (Person, error) {
	c.reads[id.User]++
	return c.memo.Person(ctx, id)
}

func (c *counted) Members(ctx context.Context, group string) ([]string, error) {
	c.reads[group]++
	return c.memo.Members(ctx, group)
}

// TestALongListReadsEverythingOnce: each domain and each of the requester's groups.
func TestALongListReadsEverythingOnce(t *testing.T) {
	story(t, func(w *world) {
		w.submit("harbor")
		w.desk.groups["S7"] = []string{"ann"}
		w.policy.Accesses[1].Requesters = []string{"S7"}
		c := &counted{Store: w.store, memo: memo{w.desk}, reads: map[string]int{}}
		w.service.Store, w.service.People = c, c
		list := append(guests(20), Guest{Email: "jo@Else.example"}, Guest{Email: "joe@else.example"})
		made, err := w.service.SubmitSeveral(w.Context(), Several{Draft: draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute }), Guests: list})
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]int{"acme.example": 1, "else.example": 1, "S7": 1, "ann": 1} {
			if c.reads[what] != want {
				t.Errorf("%s is read %d times", what, c.reads[what])
			}
		}
		for _, f := range made[0].FactsOf {
			if want := map[string]int{"acme.example": 1}[f.Domain]; f.Here.Pending != want {
				t.Errorf("of %s %d are said to wait, not %d", f.Domain, f.Here.Pending, want)
			}
		}
	})
}

// TestRulesKnowHowManyAreAskedIn at once.
func TestRulesKnowHowManyAreAskedIn(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Rules = []Rule{{ID: "many", When: condition(func(c Case) bool { return c.Guests > 2 }), Then: refuses}}
		w.bulk("harbor", guests(2))
		_, err := w.service.SubmitSeveral(w.Context(), Several{Draft: draft(func(d *Draft) { d.Access, d.For = "pier", 20*time.Minute }), Guests: guests(3)})
		if !errors.Is(err, ErrByRule) {
			t.Errorf("got %v", err)
		}
	})
}

// TestTheRiskiestGuestIsShown of several.
func TestTheRiskiestGuestIsShown(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Partners = []Partner{{ID: "acme", Name: "Acme", Domains: []string{"acme.example"}}}
		r := w.bulk("harbor", []Guest{{Email: "a@acme.example"}, {Email: "b@mail.example"}, {Email: "c@acme.example"}})
		if r.Facts.Domain != "mail.example" || r.Guest != (Guest{}) || len(r.Guests) != 3 {
			t.Errorf("%+v of %v", r.Facts, r.Guests)
		}
	})
}

// TestWhichFactsAreWorse: those of a higher risk, and of the same risk those that
// say more than that nobody knows the domain.
func TestWhichFactsAreWorse(t *testing.T) {
	low, medium, high := Facts{Risk: RiskLow}, Facts{Risk: RiskMedium}, Facts{Risk: RiskHigh}
	warned, like, bin := Facts{Risk: RiskMedium, Treat: Warned}, Facts{Risk: RiskHigh, Like: &Likeness{}}, Facts{Risk: RiskHigh, Disposable: true}
	tests := []struct {
		name  string
		worse Facts
		than  Facts
	}{
		{"a higher risk", high, medium},
		{"a higher risk than of whom the policy warns", high, warned},
		{"a risk at all", medium, low},
		{"of whom the policy warns", warned, medium},
		{"an address to be thrown away", bin, high},
		{"a domain that looks like another", like, high},
		{"that rather than an address to be thrown away", like, bin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.worse.worse(tt.than) || tt.than.worse(tt.worse) || tt.worse.worse(tt.worse) {
				t.Errorf("%+v and %+v", tt.worse, tt.than)
			}
		})
	}
}

// TestRequestersGroupsAreReadForThePolicy: and an answer that does not come is no yes.
func TestRequestersGroupsAreReadForThePolicy(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Accesses[1].Requesters = []string{"S7"}
		ask := func() error {
			_, err := w.service.Submit(w.Context(), draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute }))
			return err
		}
		if err := ask(); !errors.Is(err, ErrNotForYou) {
			t.Errorf("got %v", err)
		}
		w.desk.groups["S7"] = []string{"ann"}
		w.desk.fails("members", fault{err: errLost})
		if err := ask(); err == nil || len(refusalsOf(err)) > 0 {
			t.Errorf("got %v", err)
		}
		w.desk.fails("members")
		if err := ask(); err != nil {
			t.Error(err)
		}
	})
}

// TestAPreviewSaysWhatSubmittingWould and keeps nothing.
func TestAPreviewSaysWhatSubmittingWould(t *testing.T) {
	story(t, func(w *world) {
		first := w.submit("harbor")
		look := func(change func(*Draft)) Preview {
			p, err := w.service.Preview(w.Context(), draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute; change(d) }))
			if err != nil {
				t.Error(err)
			}
			return p
		}
		if p := look(func(*Draft) {}); len(p.Twins) != 1 || p.Twins[0].ID != first.ID || p.Wrong != nil || p.Plan.Facts.Here.Pending != 1 {
			t.Errorf("%+v", p)
		}
		if p := look(func(d *Draft) { d.Email, d.Name, d.Reason, d.For = "", "", "", 0 }); len(p.Wrong) > 0 || len(p.Twins) > 0 {
			t.Errorf("nothing typed: %+v", p)
		}
		if p := look(func(d *Draft) { d.Email, d.Name = "x@rival.example", "" }); len(p.Wrong) != 1 || !p.Wrong[0].Is(ErrBlockedDomain) {
			t.Errorf("typed: %+v", p.Wrong)
		}
		w.policy.Rules = []Rule{{ID: "many", When: condition(func(c Case) bool { return c.Guests > 5 }), Then: refuses}}
		if p := look(func(d *Draft) { d.Guests = 6 }); len(p.Wrong) != 1 || !p.Wrong[0].Is(ErrByRule) {
			t.Errorf("one of many: %+v", p.Wrong)
		}
		if p := look(func(d *Draft) { d.Guests = 5 }); len(p.Wrong) > 0 {
			t.Errorf("one of few: %+v", p.Wrong)
		}
		w.desk.groups["S1"] = nil
		if p := look(func(*Draft) {}); len(p.Wrong) != 1 || !p.Wrong[0].Is(ErrNobody) {
			t.Errorf("nobody: %+v", p.Wrong)
		}
		if len(w.store.kept) != 1 {
			t.Errorf("%d are kept", len(w.store.kept))
		}
	})
}

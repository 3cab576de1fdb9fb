package bot

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

var ben = approvals.PersonID{Team: "T0HOME", User: "U0BEN"}

// drawings and chat are what a rich access opens.
func rich() approvals.Access {
	a := falcon()
	a.Grants = []approvals.Grant{
		{Group: "6f0c5a3e-0000-0000-0000-000000000001", Title: "Falcon drawings"},
		{Group: "6f0c5a3e-0000-0000-0000-000000000002", Title: "Falcon chat"},
	}
	a.Longest = 180 * 24 * time.Hour
	return a
}

// partnerFacts are the facts of a partner whose guests come and go.
func partnerFacts() approvals.Facts {
	return approvals.Facts{
		Domain: "contoso.com", Partner: "Contoso", PartnerID: "contoso", Risk: approvals.RiskLow,
		Here: approvals.DomainCount{Live: 4, Active: 3, Pending: 1, Before: 2, Last: []approvals.Decision{
			{ID: "INV-3", State: approvals.Denied, By: olga, At: nine.Add(-14 * 24 * time.Hour)},
			{ID: "INV-2", State: approvals.Active, By: sam, At: nine.Add(-40 * 24 * time.Hour)},
			{ID: "INV-1", State: approvals.TimedOut, At: nine.Add(-80 * 24 * time.Hour)},
		}},
		Tenant: &approvals.TenantFacts{At: nine, Account: true, Guest: true, Pending: true, Count: approvals.TenantCount{Guests: 12, Disabled: 2}},
	}
}

// suspicious are the facts of a guest who calls for a second look in every way.
func suspicious() approvals.Facts {
	return approvals.Facts{
		Domain: "c0ntoso.com", Treat: approvals.Warned, FreeMail: true, Disposable: true, Risk: approvals.RiskHigh,
		Like:   &approvals.Likeness{Domain: "contoso.com", Kind: "homoglyph", Detail: "0 for o"},
		Tenant: &approvals.TenantFacts{At: nine, Account: true, Guest: true, Disabled: true},
	}
}

// decisions are the stories of an approver: everything that can be pressed and
// known, by a name for it.
func decisions() map[string]approvals.Request {
	out := map[string]approvals.Request{}
	keep := func(name string, from approvals.Request, change func(*approvals.Request)) approvals.Request {
		from.Version++
		from.Access.Stages = slices.Clone(from.Access.Stages)
		change(&from)
		out[name] = from
		return from
	}
	plain := asked()
	plain.Access, plain.Since = rich(), nine
	keep("known_partner", plain, func(r *approvals.Request) { r.Facts = partnerFacts() })
	full := keep("everything", plain, func(r *approvals.Request) {
		r.For, r.Facts, r.Facts.Like, r.Facts.Treat = 30*24*time.Hour, partnerFacts(), suspicious().Like, approvals.Warned
		r.Facts.Partner, r.Facts.Domain = "", "c0ntoso.com"
		r.Guest.Email = "mia@c0ntoso.com"
		r.Filled = []approvals.Filled{
			{ID: "contract", Label: "Contract number", Kind: approvals.AskText, Value: "4711-2026"},
			{ID: "site", Label: "Site", Kind: approvals.AskChoice, Value: "Dresden"},
		}
		r.Rules = []approvals.Applied{{Rule: "first-time", Added: "Security"}, {Rule: "short", Longest: 90 * 24 * time.Hour}}
		was := r.Terms()
		was.For = 90 * 24 * time.Hour
		was.Grants = append(was.Grants, approvals.Grant{Group: "6f0c5a3e-0000-0000-0000-000000000003", Title: "Falcon budget"})
		r.Edition, r.Edits = 1, []approvals.Edit{{By: sam, At: nine.Add(time.Hour), Edition: 1, Was: was}}
		r.Talk = []approvals.Exchange{{By: ben, Question: "Does she need the drawings of the hull?", At: nine.Add(time.Hour), Answer: "Yes, only those.", Answered: nine.Add(2 * time.Hour)}}
		r.Claim, r.Changed = &approvals.Claim{By: ben, Until: nine.Add(5 * time.Hour)}, nine.Add(2*time.Hour)
		r.Calls = []approvals.Call{{Kind: approvals.CallRemind, At: nine.Add(time.Hour)}, {Kind: approvals.CallNudge, At: nine.Add(2 * time.Hour)}}
	})
	keep("suspicious", plain, func(r *approvals.Request) { r.Facts = suspicious() })
	keep("lookalike", plain, func(r *approvals.Request) {
		r.Facts = approvals.Facts{Domain: "contoso-billing.com", Like: &approvals.Likeness{Domain: "contoso.com", Kind: "word", Detail: "billing"}}
		r.Guest.Email = "mia@contoso-billing.com"
	})
	keep("free_mail", plain, func(r *approvals.Request) {
		r.Guest.Email, r.Facts = "mia.keller@gmail.com", approvals.Facts{Domain: "gmail.com", FreeMail: true}
	})
	keep("colleague", plain, func(r *approvals.Request) {
		r.Facts = partnerFacts()
		r.Facts.Tenant = &approvals.TenantFacts{At: nine, Account: true, Count: approvals.TenantCount{Guests: 1}}
	})
	keep("silent_tenant", plain, func(r *approvals.Request) {
		r.Facts = partnerFacts()
		r.Facts.Tenant = &approvals.TenantFacts{At: nine, Trouble: "Forbidden"}
	})
	keep("asked", full, func(r *approvals.Request) {
		r.Talk = append(r.Talk, approvals.Exchange{By: olga, Question: "Who pays for her time?", At: nine.Add(3 * time.Hour)})
	})
	keep("escalated", plain, func(r *approvals.Request) {
		r.Access.Stages[0].Escalate = &approvals.Escalation{After: 24 * time.Hour, Channel: "C0LEADS", Approvers: []string{"S0LEADS"}}
		r.Escalated = nine.Add(24 * time.Hour)
	})
	keep("stranded", plain, func(r *approvals.Request) { r.Stranded = nine.Add(24 * time.Hour) })
	keep("choosing", plain, func(r *approvals.Request) {
		r.Access.Stages[0].Approvers = []string{approvals.RoleManager}
		r.Access.Stages[1].Approvers = []string{approvals.RoleChosen}
		r.Seats = []approvals.Seat{{Stage: 0, Role: approvals.RoleManager, User: "U0BEN"}}
	})
	keep("chosen", out["choosing"], func(r *approvals.Request) {
		r.Stage, r.Votes = 1, []approvals.Vote{{By: ben, For: sam, Verdict: approvals.Approve, At: nine.Add(time.Hour)}}
		r.Seats = append(r.Seats, approvals.Seat{Stage: 1, Role: approvals.RoleChosen, User: "U0OMAR"})
	})
	keep("unseated", plain, func(r *approvals.Request) {
		r.Access.Stages[0].Approvers = []string{approvals.RoleManager, approvals.RoleSponsors}
	})
	ever := keep("open_ended", plain, func(r *approvals.Request) { r.For, r.OpenEnded = 0, true })
	keep("until_a_day", ever, func(r *approvals.Request) { r.OpenEnded, r.Ends = false, endOf("2027-03-03") })
	approve := func(r *approvals.Request) {
		r.Stage, r.Deadline, r.State, r.Until = 1, time.Time{}, approvals.Inviting, nine.Add(30*24*time.Hour)
		r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve, At: nine}, {By: olga, Verdict: approvals.Approve, Stage: 1, At: nine}}
	}
	held := keep("held", plain, func(r *approvals.Request) {
		approve(r)
		r.Hold = nine.Add(20 * time.Second)
	})
	revoked := func(state approvals.State, by approvals.PersonID) func(*approvals.Request) {
		return func(r *approvals.Request) {
			r.Hold, r.State = time.Time{}, state
			r.Closed = &approvals.Closed{Verdict: approvals.Revoke, By: by, Reason: "The project is over.", At: nine.Add(24 * time.Hour)}
		}
	}
	keep("revoked_unused", held, revoked(approvals.Ended, sam))
	held.Account = approvals.Account{ID: "guest-1", Invited: nine}
	keep("revoking", held, revoked(approvals.Ending, sam))
	keep("revoked", held, revoked(approvals.Ended, sam))
	keep("given_back", held, revoked(approvals.Ended, ann))
	several := keep("several", plain, func(r *approvals.Request) {
		r.Guest, r.Facts = approvals.Guest{}, partnerFacts()
		for _, name := range []string{"Mia Keller", "Bo Li", "Cy Young", "Di Ray", "Ed Fox", "Flo Ng"} {
			r.Guests = append(r.Guests, approvals.Guest{Name: name, Email: name[:2] + "@contoso.com", Company: "Contoso"})
		}
	})
	keep("inviting_several", several, approve)
	keep("split", several, func(r *approvals.Request) {
		approve(r)
		r.State = approvals.Split
		r.Children = []approvals.Child{
			{ID: "INV-8", State: approvals.Active},
			{ID: "INV-9", State: approvals.Active},
			{ID: "INV-10", State: approvals.Invited},
			{ID: "INV-11", State: approvals.Failed},
			{Twin: "INV-2", State: approvals.Active},
			{},
		}
	})
	return out
}

// decisionWords are the sentences of cards and of their forms whose IDs are put together.
func decisionWords(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, callback := range []string{CallbackDeny, CallbackAsk, CallbackChange, CallbackChoose, CallbackRevoke} {
		out = append(out, callback+".title", callback+".submit", callback+".intro")
	}
	for _, callback := range []string{CallbackDeny, CallbackAsk, CallbackRevoke} {
		out = append(out, callback+".reason", callback+".example", callback+".hint")
	}
	for _, action := range []string{ActionApprove, ActionDeny, ActionChange, ActionAsk, ActionClaim, ActionMore, ActionChoose, ActionUndo, ActionRevoke} {
		out = append(out, "button."+action)
	}
	out = append(out, "direct.reminded", "waits.escalated", "waits.claimed")
	for _, reader := range []string{forApprovers, forRequester} {
		out = append(out, reader+"question", reader+"stranded")
	}
	for _, kind := range lookalikeKinds(t) {
		out = append(out, "like."+kind)
	}
	for _, kind := range childKinds() {
		out = append(out, "children."+kind)
	}
	out = append(out, "like.other", "last.denied", "last.cancelled", "last.timed_out")
	return append(out, "role."+approvals.RoleManager, "role."+approvals.RoleSponsors, "role."+approvals.RoleChosen)
}

// lookalikeKinds are the ways of looking alike that domains are told apart by, read
// from the source.
func lookalikeKinds(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../approvals/lookalike/lookalike.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, decl := range file.Decls {
		consts, ok := decl.(*ast.GenDecl)
		if !ok || consts.Tok != token.CONST {
			continue
		}
		for _, spec := range consts.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == 1 {
				if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Kind" {
					kinds = append(kinds, literalOf(v.Values[0]))
				}
			}
		}
	}
	return kinds
}

func TestThereAreWordsForEveryWayOfLookingAlike(t *testing.T) {
	if diff := cmp.Diff(lookalikeKinds(t), likenesses); diff != "" {
		t.Errorf("found out, worded: %s", diff)
	}
}

// readOnly reports that a story is kept as it is read, in one file with the others,
// and not in every detail.
func readOnly(name string) bool {
	_, ok := decisions()[name]
	return ok && !slices.Contains([]string{"everything", "held", "split", "choosing"}, name)
}

// poisonedFacts puts a text wherever somebody may have typed it on the way to a
// decision, or made it up outside.
func poisonedFacts(r approvals.Request, text string) approvals.Request {
	all := func(n int) []approvals.Filled {
		out := make([]approvals.Filled, n)
		for i := range out {
			out[i] = approvals.Filled{ID: "q", Label: text, Value: text}
		}
		return out
	}
	if r.Facts.Domain != "" {
		r.Facts.Domain, r.Facts.Partner = text, text
		r.Facts.Like = &approvals.Likeness{Domain: text, Kind: text, Detail: text}
	}
	r.Access.Grants = slices.Clone(r.Access.Grants)
	for i := range r.Access.Grants {
		r.Access.Grants[i].Title = text
	}
	r.Talk, r.Rules, r.Edits, r.Guests = slices.Clone(r.Talk), slices.Clone(r.Rules), slices.Clone(r.Edits), slices.Clone(r.Guests)
	for i := range r.Talk {
		r.Talk[i].Question, r.Talk[i].Answer = text, text
	}
	for i := range r.Rules {
		r.Rules[i].Rule, r.Rules[i].Added = text, text
	}
	for i := range r.Edits {
		was := r.Edits[i].Was
		was.Name, was.Company, was.Reason, was.Filled = "Ann", "Acme", "Why not", nil
		r.Edits[i].Was = was
	}
	for i := range r.Guests {
		r.Guests[i] = approvals.Guest{Name: text, Email: text, Company: text}
	}
	if r.Filled != nil {
		r.Filled = all(len(r.Filled))
	}
	return r
}

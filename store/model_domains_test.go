package store_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"partnerbot/approvals"
)

// domain counts by looking at every request.
func (m *model) domain(domain string) (c approvals.DomainCount) {
	domain = strings.TrimPrefix(strings.ToLower(domain), "mail.")
	of := func(email string) bool { // all bases here have two labels
		_, host, _ := strings.Cut(strings.ToLower(email), "@")
		return strings.HasSuffix("."+host, "."+domain)
	}
	for n := len(m.requests); n > 0; n-- {
		r := m.requests[approvals.NewID(uint64(n))]
		if !slices.ContainsFunc(r.Addresses(), of) || r.State == approvals.Split || len(r.Children) > 0 {
			continue
		}
		over := false
		switch r.State { //nolint:exhaustive // the others are over
		case approvals.Pending:
			c.Pending++
		case approvals.Inviting, approvals.Invited:
			c.Live++
		case approvals.Active:
			c.Live++
			c.Active++
		default:
			over = true
			c.Before++
		}
		d := approvals.Decision{ID: r.ID, State: r.State}
		switch yes := r.Approvals(); {
		case r.State == approvals.Denied && r.Closed != nil:
			d.By, d.At = r.Closed.By, r.Closed.At
		case r.State != approvals.Pending && r.State != approvals.Denied && len(yes) > 0 && (!over || r.State != approvals.Cancelled && r.State != approvals.TimedOut):
			d.By, d.At = yes[len(yes)-1].By, yes[len(yes)-1].At
		}
		if d.By.User != "" {
			c.Last = append(c.Last, d)
		}
	}
	slices.SortStableFunc(c.Last, func(a, b approvals.Decision) int { return b.At.Compare(a.At) })
	c.Last = c.Last[:min(len(c.Last), 3)]
	return c
}

// several opens a request for several guests, which nothing hinders.
func (x *modelRun) several(rt *rapid.T) {
	emails := rapid.SliceOfN(rapid.SampledFrom([]string{"A@x.example", "b@mail.x.example", "c@y.example"}), 1, 3).Draw(rt, "emails")
	x.open(rt, several(approvals.NewID(uint64(len(x.m.requests))+1), emails...))
}

// decide draws what people said of a request, and the requests of its guests.
func (x *modelRun) decide(rt *rapid.T, r *approvals.Request) {
	by := rapid.SampledFrom([]approvals.PersonID{{}, {Team: "T1", User: "U0SAM"}, {Team: "T1", User: "U0BOB"}}).Draw(rt, "decider")
	r.Closed = nil
	if by.User != "" {
		r.Closed = &approvals.Closed{By: by, At: x.now}
		verdict := rapid.SampledFrom([]approvals.Verdict{approvals.Approve, approvals.Narrow}).Draw(rt, "verdict")
		r.Votes = append(slices.Clone(r.Votes), approvals.Vote{By: by, Verdict: verdict, At: x.now})
	}
	if len(r.Guests) > 0 && rapid.IntRange(0, 3).Draw(rt, "spread") == 0 {
		r.Children = []approvals.Child{{ID: "INV-1"}}
	}
	if rapid.IntRange(0, 3).Draw(rt, "narrowed") == 0 {
		r.Access.Grants = []approvals.Grant{{Group: by.User}}
	}
}

func (x *modelRun) delegate(rt *rapid.T) {
	from := rapid.SampledFrom([]string{"U1", "U11", "U2", ""}).Draw(rt, "from")
	d := given(from, rapid.SampledFrom([]string{"U3", "U4", ""}).Draw(rt, "to"), x.now)
	err := x.store.Delegate(x.rt.Context(), d)
	if (err != nil) != (from == "") {
		rt.Fatalf("got %v for %q", err, from)
	}
	if err != nil {
		return
	}
	x.m.entries++
	if x.m.given[from] = d; d.To.User == "" {
		delete(x.m.given, from)
	}
}

// know compares what is known of domains, and the delegations.
func (x *modelRun) know(rt *rapid.T) {
	for _, domain := range []string{"x.example", "mail.X.example", "Y.example", "z.example"} {
		c, err := x.store.Domain(x.rt.Context(), domain)
		if err != nil {
			rt.Fatal(err)
		}
		x.equal(rt, "what is known of "+domain, c, x.m.domain(domain))
	}
	all, err := x.store.Delegations(x.rt.Context())
	if err != nil {
		rt.Fatal(err)
	}
	given := slices.SortedFunc(maps.Values(x.m.given), func(a, b approvals.Delegation) int { return cmp.Compare(a.From.User, b.From.User) })
	x.equal(rt, "the delegations", all, given)
}

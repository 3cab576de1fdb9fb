package approvals

import (
	"slices"
	"time"
)

// Spawn makes the request of one guest of a request for several that was
// approved: approved by the same votes, for the same time.
func Spawn(id RequestID, lead Request, index int, now time.Time) (Change, error) {
	if lead.State != Inviting || lead.Account.Tried.IsZero() || index < 0 || index >= len(lead.Guests) || lead.Guests[index].Email == "" {
		return Change{}, ErrNotDue
	}
	r := lead.clone()
	r.ID, r.Tag, r.Version, r.Lead = id, newTag(now), 1, lead.ID
	r.Guest, r.Guests, r.Children = lead.Guests[index], nil, nil
	r.Opened, r.Changed, r.Hold = now, now, time.Time{}
	under := lead.Shown.Direct
	r.Shown, r.Calls, r.Talk, r.Answers, r.Presses, r.Trouble, r.Account = Shown{Under: under}, nil, nil, nil, nil, nil, Account{}
	r.Facts, r.FactsOf = lead.factsOf(r.Guest), nil
	owed := []Owing{{Kind: WorkGuest}, {Kind: WorkDirect}}
	if !r.Until.IsZero() {
		owed = append(owed, r.clock())
	}
	return Change{Request: r, Entries: []Entry{opening(r)}, Owed: owed}, nil
}

// factsOf are the facts of one of several guests, by the domain.
func (r Request) factsOf(g Guest) Facts {
	_, domain, _ := cutAt(g.Email)
	for _, f := range r.FactsOf {
		if f.Domain == domain {
			return f
		}
	}
	return Facts{Domain: domain}
}

// spread records what became of one guest of a request for several. When each of
// them has a request of their own, this one has nothing left to do.
func (r Request) spread(ev Spread) (Request, []Owing, error) {
	if (r.State != Inviting && r.State != Split && r.State != Ended) || ev.Index < 0 || ev.Index >= len(r.Guests) {
		return r, nil, ErrNotDue
	}
	if len(r.Children) == 0 {
		r.Children = make([]Child, len(r.Guests))
	}
	if r.Children[ev.Index] == ev.Child {
		return r, nil, ErrNotDue
	}
	r.Children[ev.Index] = ev.Child
	done := !slices.ContainsFunc(r.Children, func(c Child) bool { return c == Child{} })
	if r.State == Inviting && done {
		return r.enter(Split)
	}
	return r.enter(r.State)
}

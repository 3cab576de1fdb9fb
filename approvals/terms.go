package approvals

import (
	"slices"
	"time"
)

// Terms are what of a request may be changed before its decision. An approval
// counts for the terms that its maker saw.
type Terms struct {
	For       time.Duration `json:"for,omitempty"`  // how long the access lasts once approved
	Ends      time.Time     `json:"ends,omitzero"`  // or the day on which it ends
	OpenEnded bool          `json:"open,omitempty"` // or neither
	Grants    []Grant       `json:"grants,omitempty"`
	Name      string        `json:"name,omitempty"`
	Company   string        `json:"company,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Filled    []Filled      `json:"filled,omitempty"`
}

// Edit is a change of the terms: what they were before it, and who made it.
// The terms of the request itself are those after the last one.
type Edit struct {
	By      PersonID  `json:"by"`
	At      time.Time `json:"at"`
	Edition int       `json:"edition"` // that it made
	Was     Terms     `json:"was"`
}

// Terms are the present ones.
func (r Request) Terms() Terms {
	return Terms{
		For: r.For, Ends: r.Ends, OpenEnded: r.OpenEnded, Grants: slices.Clone(r.Access.Grants),
		Name: r.Guest.Name, Company: r.Guest.Company, Reason: r.Reason, Filled: slices.Clone(r.Filled),
	}
}

// TermsAt are the terms as they were in an edition: what somebody saw who looked at it.
func (r Request) TermsAt(edition int) Terms {
	for _, e := range r.Edits {
		if e.Edition > edition {
			return e.Was
		}
	}
	return r.Terms()
}

// narrower refuses terms that give more than the present ones, or the same.
func (r Request) narrower(t Terms, now time.Time) error {
	if len(t.Grants) == 0 && len(r.Access.Grants) > 0 {
		return ErrChangeNothing
	}
	for _, g := range t.Grants {
		if !has(r.grantKeys(), g.Key()) {
			return ErrChangeMore
		}
	}
	shorter, err := r.shorter(t, now)
	if err != nil {
		return err
	}
	if !shorter && len(t.Grants) == len(r.grantKeys()) {
		return ErrChangeNothing
	}
	return nil
}

// shorter reports whether terms end the access earlier than the present ones,
// were it approved now.
func (r Request) shorter(t Terms, now time.Time) (bool, error) {
	if t.OpenEnded != r.OpenEnded && t.OpenEnded {
		return false, ErrChangeMore
	}
	was, is := r.Terms().end(now), t.end(now)
	switch {
	case t.OpenEnded:
		return false, nil
	case is.IsZero() || !is.After(now):
		return false, ErrEndPassed
	case was.IsZero():
		return true, nil
	case is.After(was) && dayOf(is).Equal(dayOf(was)): // the last moment of the very day
		return false, ErrChangeNothing
	case is.After(was):
		return false, ErrChangeMore
	}
	return is.Before(was), nil
}

// end is when access by these terms is over if it begins at a moment; zero if never.
func (t Terms) end(begins time.Time) time.Time {
	switch {
	case t.OpenEnded:
		return time.Time{}
	case !t.Ends.IsZero():
		return t.Ends
	case t.For > 0:
		return begins.Add(t.For)
	}
	return time.Time{}
}

// take makes terms those of the request, in a new edition.
func (r Request) take(t Terms, by PersonID, now time.Time) Request {
	r.Edition++
	r.Edits = append(slices.Clone(r.Edits), Edit{By: by, At: now, Edition: r.Edition, Was: r.Terms()})
	r.For, r.Ends, r.OpenEnded = t.For, t.Ends, t.OpenEnded
	r.Guest.Name, r.Guest.Company, r.Reason, r.Filled = t.Name, t.Company, t.Reason, t.Filled
	r.Access.Grants = slices.Clone(t.Grants)
	return r
}

package approvals

import "time"

// Delegation gives somebody's right to decide to another person for a time, for
// instance while its owner is out of office. There is one for each owner: a
// newer one replaces it, and one with no To ends it. It cannot be passed on.
type Delegation struct {
	From  PersonID  `json:"from"`
	To    PersonID  `json:"to,omitzero"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Made  time.Time `json:"made"`
}

// longestDelegation bounds how long a right may be given away in one go.
const longestDelegation = 90 * 24 * time.Hour

// Holds reports whether it gives somebody the right at a moment.
func (d Delegation) Holds(to PersonID, at time.Time) bool {
	return d.To.Same(to) && !at.Before(d.Start) && at.Before(d.End)
}

// EventDelegated is the event of entries about delegations. They belong to no
// request, and have the version 0.
const EventDelegated = "delegated"

// Entry words the delegation for the trail.
func (d Delegation) Entry() Entry {
	e := Entry{At: d.Made, By: d.From, Event: EventDelegated, Detail: "ended"}
	if d.To.User != "" {
		e.Detail = "to " + d.To.String() + " from " + d.Start.UTC().Format(time.RFC3339) + " until " + d.End.UTC().Format(time.RFC3339)
	}
	return e
}

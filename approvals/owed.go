package approvals

import "time"

// Work names a kind of owed work. It is a level, not an edge: it says what is
// out of date, and the worker makes it match the request as it is by then.
type Work string

// The kinds of owed work. There is at most one row of each for a request.
const (
	WorkCards   Work = "cards"   // the cards in the stages' channels
	WorkDirect  Work = "direct"  // the message to the requester, and what is said once
	WorkVotes   Work = "votes"   // acknowledged presses to be authorised
	WorkAnswers Work = "answers" // private refusals to be told
	WorkGuest   Work = "guest"   // the guest and their grants in Entra
	WorkClock   Work = "clock"   // the deadline of a stage, the end of an access
	WorkFailure Work = "failure" // the messages to the admins about a failure
	WorkThread  Work = "thread"  // what is said once under the cards
	WorkSight   Work = "sight"   // whether anybody is left who can decide
	WorkFacts   Work = "facts"   // what Entra knows of the guest and the requester
	WorkSpread  Work = "spread"  // the requests of the guests of one for several
)

// Works are all kinds of work.
func Works() []Work {
	return []Work{
		WorkCards, WorkDirect, WorkVotes, WorkAnswers, WorkGuest, WorkClock, WorkFailure,
		WorkThread, WorkSight, WorkFacts, WorkSpread,
	}
}

// Lane is whose hands do a kind of work. However slow one lane is, the other
// goes on.
type Lane string

// The lanes.
const (
	LaneSlack Lane = "slack"
	LaneEntra Lane = "entra"
)

// Lanes are all lanes.
func Lanes() []Lane { return []Lane{LaneSlack, LaneEntra} }

// Lane is the lane of a kind of work. One that this program does not know is Slack's.
func (w Work) Lane() Lane {
	if w == WorkGuest || w == WorkFacts {
		return LaneEntra
	}
	return LaneSlack
}

// Owing is work that a transition asks for. The zero Due means at once.
type Owing struct {
	Kind Work
	Due  time.Time
}

// Owed is a row of work that is not done yet. Version is the request's when the
// row was last asked for: a row that was asked for again while it was in hand is
// not done by the older run.
type Owed struct {
	Kind     Work      `json:"kind"`
	Request  RequestID `json:"request"`
	Version  uint64    `json:"version"`
	Due      time.Time `json:"due"`
	Attempts int       `json:"attempts,omitempty"` // runs since the last success
}

// Change is what one transaction keeps: the request, what the audit trail says
// of it and the work owed, all of it or nothing.
type Change struct {
	Request Request
	Entries []Entry
	Owed    []Owing
}

// advance applies events in order and gathers one Change. An event that means
// nothing any more (ErrNotDue) is passed over; another refusal stops it.
func advance(r Request, now time.Time, events ...Event) (Change, error) {
	c := Change{Request: r}
	for _, ev := range events {
		next, owed, err := c.Request.Apply(ev, now)
		if isNotDue(err) {
			continue
		}
		if err != nil {
			return Change{}, err
		}
		c.Entries = append(c.Entries, entry(c.Request, next, ev, now))
		c.Owed = append(c.Owed, owed...)
		c.Request = next
	}
	return c, nil
}

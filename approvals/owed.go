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
)

// Works are all kinds of work.
func Works() []Work {
	return []Work{WorkCards, WorkDirect, WorkVotes, WorkAnswers, WorkGuest, WorkClock}
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

// Entry is one line of the audit trail: an event that a request accepted.
type Entry struct {
	Request RequestID `json:"request"`
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	By      PersonID  `json:"by,omitzero"` // nobody for what time or Entra did
	Event   string    `json:"event"`
	From    State     `json:"from,omitempty"`
	To      State     `json:"to"`
	Detail  string    `json:"detail,omitempty"` // words or IDs, never a secret
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

// entry words an event for the trail.
func entry(was, is Request, ev Event, now time.Time) Entry {
	e := Entry{Request: is.ID, Version: is.Version, At: now, From: was.State, To: is.State}
	switch ev := ev.(type) {
	case Pressed:
		e.Event, e.By, e.Detail = "pressed", ev.By, string(ev.Verdict)
	case Voted:
		e.Event, e.By, e.Detail = "voted", ev.Press.By, string(ev.Press.Verdict)
		if ev.Press.Reason != "" {
			e.Detail += ": " + ev.Press.Reason
		}
	case Dismissed:
		e.Event, e.By, e.Detail = "dismissed", ev.Press.By, string(ev.Press.Verdict)+": "+string(ev.Refusal.Code)
	case Withdrawn:
		e.Event, e.By = "withdrawn", ev.By
	case DeadlinePassed:
		e.Event, e.Detail = "deadline passed", was.CurrentStage().Name
	case InviteTried:
		e.Event = "invitation leaves"
	case InviteHeld:
		e.Event = "invitation held"
	case GuestFound:
		e.Event, e.Detail = "guest found", ev.ID
	case GuestInvited:
		e.Event, e.Detail = "guest invited", ev.ID
	case GrantMade:
		e.Event, e.Detail = "granted", ev.Key
	case GuestJoined:
		e.Event = "joined"
	case TimeOver:
		e.Event = "time over"
	case GrantTaken:
		e.Event, e.Detail = "taken back", ev.Key
	case Delayed:
		e.Event, e.Detail = "delayed", ev.Trouble.String()
	case StepRefused:
		e.Event, e.Detail = "refused by Entra", ev.Trouble.String()
	case Retried:
		e.Event, e.By = "retried", ev.Press.By
	}
	return e
}

package approvals

import (
	"strconv"
	"time"
)

// Entry is one line of the audit trail: an event that a request accepted, or a
// decision that it refused.
type Entry struct {
	Request RequestID `json:"request"`
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	By      PersonID  `json:"by,omitzero"` // nobody for what time or Entra did
	Event   string    `json:"event"`
	From    State     `json:"from,omitempty"`
	To      State     `json:"to"`
	Detail  string    `json:"detail,omitempty"` // codes and IDs: nothing about the guest, never a secret
	Words   string    `json:"words,omitempty"`  // what people typed and who the guest is; may be erased
	Erased  bool      `json:"erased,omitempty"` // there were words
	N       uint64    `json:"n,omitempty"`      // its place in the whole trail, given by the store
}

// entry words an event for the trail. What people typed, who the guest is and what
// the platforms say about it are Words, never Detail.
func entry(was, is Request, ev Event, now time.Time) Entry {
	e := Entry{Request: is.ID, Version: is.Version, At: now, From: was.State, To: is.State}
	switch ev := ev.(type) {
	case Pressed:
		e.Event, e.By, e.Detail = "pressed", ev.By, string(ev.Verdict)
	case Voted:
		e.Event, e.By, e.Detail, e.Words = "voted", ev.Press.By, string(ev.Press.Verdict), ev.Press.Reason
	case Dismissed:
		e.Event, e.By, e.Detail = "dismissed", ev.Press.By, compact(string(ev.Press.Verdict), string(ev.Refusal.Code))
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
		e.Event, e.Detail, e.Words = "delayed", ev.Trouble.codes(), ev.Trouble.Text
	case StepRefused:
		e.Event, e.Detail, e.Words = "refused by Entra", ev.Trouble.codes(), ev.Trouble.Text
	case Retried:
		e.Event, e.By = "retried", ev.Press.By
	case Erased:
		e.Event, e.Detail = "erased", ev.By
	}
	return e
}

// opening is a request's first entry: what was asked for is Detail, for whom and
// why is Words.
func opening(r Request) Entry {
	who := r.Guest.Email + " (" + r.Guest.Name
	if r.Guest.Company != "" {
		who += ", " + r.Guest.Company
	}
	return Entry{
		Request: r.ID, Version: r.Version, At: r.Opened, By: r.Requester, Event: "opened", To: r.State,
		Detail: compact(r.Access.ID, length(r.For)),
		Words:  who + "): " + r.Reason,
	}
}

// refusedEntry keeps a decision that was refused at once. It makes no version.
func refusedEntry(r Request, by PersonID, what string, why *Refusal, now time.Time) Entry {
	return Entry{
		Request: r.ID, Version: r.Version, At: now, By: by, Event: EventRefused, From: r.State, To: r.State,
		Detail: compact(what, string(why.Code)),
	}
}

// EventRefused is the event of entries about decisions that were refused at once.
// They change no request and have the version that it had.
const EventRefused = "refused"

// compact is the one form of a detail that has two parts.
func compact(what, more string) string {
	if what == "" || more == "" {
		return what + more
	}
	return what + ": " + more
}

// length words how long an access lasts, in days if it is whole ones.
func length(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return ""
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	}
	return d.String()
}

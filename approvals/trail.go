package approvals

import (
	"slices"
	"strconv"
	"strings"
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
		e.Event, e.By, e.Detail, e.Words = "voted", ev.Press.By, voteDetail(was, is, ev), ev.Press.Reason
	case Dismissed:
		e.Event, e.By, e.Detail = "dismissed", ev.Press.By, compact(string(ev.Press.Verdict), string(ev.Refusal.Code))
	case Withdrawn:
		e.Event, e.By = "withdrawn", ev.By
	case Edited:
		e.Event, e.By, e.Detail, e.Words = "edited", ev.By, is.Terms().detail(), is.Terms().words()
	case Answered:
		e.Event, e.By, e.Words = "answered", ev.By, cleanText(ev.Text)
	case Nudged:
		e.Event, e.By = "nudged", ev.By
	case Undone:
		e.Event, e.By = "undone", ev.Press.By
	case Revoked:
		e.Event, e.By, e.Words = "revoked", ev.Press.By, ev.Press.Reason
	case LeadRevoked:
		e.Event, e.By, e.Detail = "revoked", ev.Lead.Closed.By, string(ev.Lead.ID)
	case Seated:
		e.Event, e.Detail = "seated", compact(ev.Seat.Role, orNobody(ev.Seat.User))
	case FactsFound:
		e.Event, e.Detail = "facts found", ev.Tenant.detail()
	case DomainsCounted:
		e.Event, e.Detail = "domains counted", string(is.Facts.Risk)
	case NobodyLeft:
		e.Event, e.Detail = "nobody can decide", was.CurrentStage().Name
	case SomebodyLeft:
		e.Event, e.Detail = "somebody can decide", was.CurrentStage().Name
	case Ticked:
		e.Event, e.Detail = "time passed", ticks(was, is)
	case Spread:
		e.Event, e.Detail = "guest "+strconv.Itoa(ev.Index+1), compact(string(ev.Child.ID)+string(ev.Child.Twin), string(ev.Child.State))
	case DeadlinePassed:
		e.Event, e.Detail = "deadline passed", was.CurrentStage().Name
		if is.State == Pending {
			e.Event = "escalated"
		}
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

// voteDetail is what was decided, for whom if for another, about which terms, and
// who was chosen to decide next.
func voteDetail(was, is Request, ev Voted) string {
	detail := string(ev.Press.Verdict)
	if n := len(is.Votes); n > len(was.Votes) && is.Votes[n-1].For.User != "" {
		detail = compact(detail, "for "+is.Votes[n-1].For.String())
	}
	if is.Edition > 0 {
		detail = compact(detail, "edition "+strconv.Itoa(is.Edition))
	}
	if is.Edition > was.Edition {
		detail = compact(detail, is.Terms().detail())
		if ev.Press.Also {
			detail = compact(detail, string(Approve))
		}
	}
	if ev.Press.Choose != "" {
		detail = compact(detail, "chooses "+ev.Press.Choose)
	}
	return detail
}

// detail is of the terms what names no guest: how long, and which grants.
func (t Terms) detail() string {
	how := length(t.For)
	switch {
	case t.OpenEnded:
		how = "open-ended"
	case !t.Ends.IsZero():
		how = "until " + t.Ends.UTC().Format(time.RFC3339)
	}
	keys := make([]string, len(t.Grants))
	for i, g := range t.Grants {
		keys[i] = g.Key()
	}
	return compact(how, strings.Join(keys, ", "))
}

// words are of the terms what was typed.
func (t Terms) words() string {
	text := t.Name
	if t.Company != "" {
		text += ", " + t.Company
	}
	parts := []string{compact(text, t.Reason)}
	for _, f := range t.Filled {
		parts = append(parts, compact(f.Label, f.Value))
	}
	return strings.Join(parts, "; ")
}

func (f TenantFacts) detail() string {
	switch {
	case f.Trouble != "":
		return f.Trouble
	case !f.Account:
		return "no account"
	case !f.Guest:
		return "a colleague"
	case f.Disabled:
		return "a disabled guest"
	}
	return "a guest"
}

// ticks are what time has brought.
func ticks(was, is Request) string {
	switch {
	case was.Escalated.IsZero() && !is.Escalated.IsZero():
		return "escalated"
	case is.Reminded > was.Reminded:
		return "reminded"
	case was.State == Inviting:
		return "the invitation may leave"
	}
	return "claim over"
}

func orNobody(user string) string {
	if user == "" {
		return "nobody"
	}
	return user
}

// opening is a request's first entry: what was asked for is Detail, for whom and
// why is Words.
func opening(r Request) Entry {
	names := make([]string, 0, 1+len(r.Guests))
	for _, g := range append(slices.Clone(r.Guests), r.Guest) {
		if g.Email == "" {
			continue
		}
		who := g.Email + " (" + g.Name
		if g.Company != "" {
			who += ", " + g.Company
		}
		names = append(names, who+")")
	}
	how := length(r.For)
	if r.For == 0 {
		how = Terms{Ends: r.Ends, OpenEnded: r.OpenEnded}.detail()
	}
	detail := compact(r.Access.ID, how)
	for _, rule := range r.Rules {
		detail = compact(detail, "rule "+rule.Rule)
	}
	if r.Lead != "" {
		detail = compact(detail, "of "+string(r.Lead))
	}
	return Entry{
		Request: r.ID, Version: r.Version, At: r.Opened, By: r.Requester, Event: "opened", To: r.State,
		Detail: detail,
		Words:  compact(strings.Join(names, ", "), Terms{Reason: r.Reason, Filled: r.Filled}.words()),
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

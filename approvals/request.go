package approvals

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RequestID is what people call a request: INV-1, INV-2, …
type RequestID string

// NewID names the n-th request.
func NewID(n uint64) RequestID { return RequestID(fmt.Sprintf("INV-%d", n)) }

// ParseID reads a request ID as people type it: INV-7, inv-7 or 7.
func ParseID(s string) (RequestID, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "INV-"), 10, 64)
	if err != nil || n == 0 {
		return "", false
	}
	return NewID(n), true
}

// Number is the n of INV-n, and 0 for what is no request ID.
func (id RequestID) Number() uint64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(string(id), "INV-"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// newTag tells requests apart that were given the same number, as happens after
// a restore: it is of the moment when a request was opened.
func newTag(opened time.Time) string { return strconv.FormatInt(opened.UnixNano(), 36) }

// Request is one wish to let one guest into one access, from the asking to the
// end. Version counts the events it accepted; what Slack shows of it (Shown)
// changes without a new version.
type Request struct {
	ID        RequestID     `json:"id"`
	Tag       string        `json:"tag,omitempty"` // what its buttons carry; none if it was made before there were tags
	Version   uint64        `json:"version"`
	State     State         `json:"state"`
	Requester PersonID      `json:"requester"`
	Guest     Guest         `json:"guest"`
	Access    Access        `json:"access"` // as the policy had it when the request was made
	For       time.Duration `json:"for"`    // how long the access lasts once approved
	Reason    string        `json:"reason"`
	Opened    time.Time     `json:"opened"`
	Changed   time.Time     `json:"changed"`
	Stage     int           `json:"stage"`
	Deadline  time.Time     `json:"deadline,omitzero"` // of the stage, while pending
	Until     time.Time     `json:"until,omitzero"`    // the end of the access, once approved
	Presses   []Press       `json:"presses,omitempty"` // acknowledged, not yet authorised
	Votes     []Vote        `json:"votes,omitempty"`
	Answers   []Answer      `json:"answers,omitempty"` // private words still owed to people
	Account   Account       `json:"account,omitzero"`
	Trouble   *Trouble      `json:"trouble,omitempty"` // why it failed, or what delays it
	Closed    *Closed       `json:"closed,omitempty"`  // who closed it, and why
	Shown     Shown         `json:"shown,omitzero"`
	Erased    time.Time     `json:"erased,omitzero"` // when the guest was erased from it
}

// Guest is the person outside who is asked in.
type Guest struct {
	Email   string `json:"email"`
	Name    string `json:"name"`
	Company string `json:"company,omitempty"`
}

// Verdict is what somebody says about a request.
type Verdict string

// The verdicts.
const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
	Retry   Verdict = "retry" // an admin's word about a failed request
)

// Press is a button pressed: kept and acknowledged, but not counted before
// Slack has said afresh who the person is and which groups they are in.
type Press struct {
	By      PersonID  `json:"by"`
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	Stage   int       `json:"stage"`
	Tag     string    `json:"tag,omitempty"` // of the request that the button was drawn for
	At      time.Time `json:"at"`
	Reply   string    `json:"reply,omitempty"` // where to answer privately; a capability, never logged
}

// Vote is a press that counted.
type Vote struct {
	By      PersonID  `json:"by"`
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	Stage   int       `json:"stage"`
	At      time.Time `json:"at"`
}

// Answer is a refusal that is still to be told to one person in private.
type Answer struct {
	To      PersonID  `json:"to"`
	Refusal Refusal   `json:"refusal"`
	Reply   string    `json:"reply,omitempty"`
	At      time.Time `json:"at"`
}

// Account is the guest as Entra knows them.
type Account struct {
	ID      string    `json:"id,omitempty"`      // object ID, once known
	Link    string    `json:"link,omitempty"`    // where to redeem; a secret
	Found   bool      `json:"found,omitempty"`   // was there before we would have invited
	Tried   time.Time `json:"tried,omitzero"`    // an invitation left and its answer is not known
	Invited time.Time `json:"invited,omitzero"`  // the account was made or found
	Joined  time.Time `json:"joined,omitzero"`   // the invitation was redeemed
	Granted []string  `json:"granted,omitempty"` // keys of the grants in place
	Taken   []string  `json:"taken,omitempty"`   // keys of the grants taken back
}

// Closed says who closed a request, and in which words.
type Closed struct {
	By     PersonID  `json:"by,omitzero"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Shown is what Slack shows of a request, as far as we have been told.
type Shown struct {
	Cards  []Posted `json:"cards,omitempty"`  // one for each stage that was reached
	Direct Posted   `json:"direct,omitzero"`  // the message to the requester
	Admins []Posted `json:"admins,omitempty"` // the messages to the admins about a failure
	Said   []Said   `json:"said,omitempty"`

	// Tried are messages that were about to be posted and whose answer is not
	// known, by their name.
	Tried map[string]time.Time `json:"tried,omitempty"`
}

// Posted is a message of ours and the version of the request it shows.
type Posted struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Version uint64 `json:"version"`
}

// Said is something that is said once, and when that was.
type Said struct {
	What string    `json:"what"`
	At   time.Time `json:"at"`
}

// HasSaid reports whether something was said already.
func (s Shown) HasSaid(what string) bool {
	return slices.ContainsFunc(s.Said, func(x Said) bool { return x.What == what })
}

// CurrentStage is the stage that decides now, or decided last.
func (r Request) CurrentStage() Stage {
	if r.Stage < 0 || r.Stage >= len(r.Access.Stages) {
		return Stage{}
	}
	return r.Access.Stages[r.Stage]
}

// Approvals are the votes for the request, oldest first.
func (r Request) Approvals() []Vote {
	return slices.DeleteFunc(slices.Clone(r.Votes), func(v Vote) bool { return v.Verdict != Approve })
}

// Live reports whether the request still stands for its guest and access, so
// that a second one would be a duplicate. One whose access is being taken back
// does not: nothing may keep it from ending.
func (r Request) Live() bool {
	switch r.State {
	case Pending, Inviting, Invited, Active:
		return true
	case Ending, Denied, Cancelled, TimedOut, Ended, Failed:
	}
	return false
}

// Waits reports whether the request waits for a person: for a decision, or for
// an admin after a failure. Where the guest was erased there is nothing to retry.
func (r Request) Waits() bool { return r.State == Pending || r.State == Failed && r.Erased.IsZero() }

// LiveKey is what only one live request may have: the guest and the access.
func (r Request) LiveKey() string { return LiveKey(r.Guest.Email, r.Access.ID) }

// LiveKey is the key of a guest's address and an access.
func LiveKey(email, access string) string { return strings.ToLower(email) + "\x00" + access }

// clone returns a copy that shares nothing a transition changes.
func (r Request) clone() Request {
	r.Presses = slices.Clone(r.Presses)
	r.Votes = slices.Clone(r.Votes)
	r.Answers = slices.Clone(r.Answers)
	r.Account.Granted = slices.Clone(r.Account.Granted)
	r.Account.Taken = slices.Clone(r.Account.Taken)
	r.Shown.Cards = slices.Clone(r.Shown.Cards)
	r.Shown.Said = slices.Clone(r.Shown.Said)
	r.Shown.Admins = slices.Clone(r.Shown.Admins)
	r.Shown.Tried = maps.Clone(r.Shown.Tried)
	return r
}

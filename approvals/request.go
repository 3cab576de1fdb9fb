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
	Access    Access        `json:"access"`               // as the policy had it when the request was made
	For       time.Duration `json:"for"`                  // how long the access lasts once approved
	Ends      time.Time     `json:"ends,omitzero"`        // or the day on which it ends
	OpenEnded bool          `json:"open_ended,omitempty"` // or neither
	Reason    string        `json:"reason"`
	Filled    []Filled      `json:"filled,omitempty"`  // answers to the questions of the access
	Edition   int           `json:"edition,omitempty"` // counts the changes of the terms
	Edits     []Edit        `json:"edits,omitempty"`
	Facts     Facts         `json:"facts,omitzero"`
	FactsOf   []Facts       `json:"facts_of,omitempty"` // of each domain of several guests
	Rules     []Applied     `json:"rules,omitempty"`
	Limits    Limits        `json:"limits,omitzero"` // as the policy had them
	Opened    time.Time     `json:"opened"`
	Changed   time.Time     `json:"changed"`
	Stage     int           `json:"stage"`
	Since     time.Time     `json:"since,omitzero"`     // the stage runs, without the time it waited for the requester
	Deadline  time.Time     `json:"deadline,omitzero"`  // of the stage, while pending
	Seats     []Seat        `json:"seats,omitempty"`    // who has the roles among the approvers
	Reminded  int           `json:"reminded,omitempty"` // reminders of the stage that are over
	Escalated time.Time     `json:"escalated,omitzero"` // of the stage
	Stranded  time.Time     `json:"stranded,omitzero"`  // nobody of the stage could decide then
	Claim     *Claim        `json:"claim,omitempty"`    // who is on it
	Talk      []Exchange    `json:"talk,omitempty"`     // questions to the requester
	Nudges    []time.Time   `json:"nudges,omitempty"`   // of the stage
	Calls     []Call        `json:"calls,omitempty"`    // said in the thread of the stage's card
	Back      time.Time     `json:"back,omitzero"`      // the deadline that an undo goes back to
	Undos     int           `json:"undos,omitempty"`    // of the stage
	Hold      time.Time     `json:"hold,omitzero"`      // until then an approval can be undone
	Until     time.Time     `json:"until,omitzero"`     // the end of the access, once approved
	Guests    []Guest       `json:"guests,omitempty"`   // of a request for several, instead of Guest
	AtOnce    int           `json:"at_once,omitempty"`  // guests who were asked in at once, for the rules; 0 counts as one
	Children  []Child       `json:"children,omitempty"` // what became of each of them
	Lead      RequestID     `json:"lead,omitempty"`     // the request for several that this one came from
	Presses   []Press       `json:"presses,omitempty"`  // acknowledged, not yet authorised
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
	Narrow  Verdict = "change" // less access, or for a shorter time
	Ask     Verdict = "ask"    // a question to the requester
	OnIt    Verdict = "claim"  // "I'm on it"
	Undo    Verdict = "undo"   // one's own approval, before the invitation leaves
	Revoke  Verdict = "revoke" // the end of an access before its time
	Retry   Verdict = "retry"  // an admin's word about a failed request
)

// Press is a button pressed: kept and acknowledged, but not counted before
// Slack has said afresh who the person is and which groups they are in.
type Press struct {
	By      PersonID  `json:"by"`
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason,omitempty"` // also the question of Ask
	Stage   int       `json:"stage"`
	Edition int       `json:"edition,omitempty"` // of the terms that were seen
	Terms   *Terms    `json:"terms,omitempty"`   // of Narrow
	Also    bool      `json:"also,omitempty"`    // Narrow that approves, too
	Choose  string    `json:"choose,omitempty"`  // user ID: who decides the next stage, if it leaves that to this one
	Tag     string    `json:"tag,omitempty"`     // of the request that the button was drawn for
	At      time.Time `json:"at"`
	Reply   string    `json:"reply,omitempty"` // where to answer privately; a capability, never logged
}

// Vote is a press that counted.
type Vote struct {
	By      PersonID  `json:"by"`
	For     PersonID  `json:"for,omitzero"` // whose right it was, if somebody else's: a delegation
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	Stage   int       `json:"stage"`
	Edition int       `json:"edition,omitempty"`
	At      time.Time `json:"at"`
}

// Seat is a person found to have a role among the approvers of a stage.
type Seat struct {
	Stage int    `json:"stage"`
	Role  string `json:"role"`
	User  string `json:"user,omitempty"` // none: nobody has it
}

// Claim is somebody's "I'm on it".
type Claim struct {
	By    PersonID  `json:"by"`
	Until time.Time `json:"until"`
}

// Exchange is an approver's question to the requester and its answer.
type Exchange struct {
	Stage    int       `json:"stage"`
	By       PersonID  `json:"by"`
	Question string    `json:"question"`
	At       time.Time `json:"at"`
	Answer   string    `json:"answer,omitempty"`
	Answered time.Time `json:"answered,omitzero"`
}

// Call is something to be said once in the thread of a stage's card.
type Call struct {
	Kind  CallKind  `json:"kind"`
	Stage int       `json:"stage"`
	By    PersonID  `json:"by,omitzero"`
	At    time.Time `json:"at"`
}

// Name is what a call is called among what was said.
func (c Call) Name() string {
	return "call " + string(c.Kind) + " " + strconv.Itoa(c.Stage) + " " + unix(c.At)
}

// CallKind says what a Call is about.
type CallKind string

// The kinds of calls.
const (
	CallRemind   CallKind = "remind"   // to those who may decide
	CallNudge    CallKind = "nudge"    // the same, on the requester's wish
	CallEscalate CallKind = "escalate" // others may decide now, too
	CallStranded CallKind = "stranded" // because nobody was left
	CallAnswered CallKind = "answered" // the requester answered, to who asked
)

// Child is what became of one guest of a request for several.
type Child struct {
	ID    RequestID `json:"id,omitempty"`    // none yet, or none made
	State State     `json:"state,omitempty"` // as last seen
	Twin  RequestID `json:"twin,omitempty"`  // had the access already, by this request
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
	Verdict Verdict   `json:"verdict,omitempty"` // revoke, of an access that ended before its time
	By      PersonID  `json:"by,omitzero"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
}

// Shown is what Slack shows of a request, as far as we have been told.
type Shown struct {
	Cards  []Posted `json:"cards,omitempty"`  // of each stage that was reached
	Direct Posted   `json:"direct,omitzero"`  // the message to the requester
	Under  Posted   `json:"under,omitzero"`   // that message is a reply to this one, if it has a channel
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
	Stage   int    `json:"stage,omitempty"` // of a card
	To      string `json:"to,omitempty"`    // whose card it is or which channel's, if not the stage's own
}

// Name is what the note of a card is called that is about to be posted.
func (p Posted) Name() string {
	if p.To == "" {
		return "card " + strconv.Itoa(p.Stage)
	}
	return "card " + strconv.Itoa(p.Stage) + " " + p.To
}

// Card is the card of a stage that is shown somewhere, if it is: in the stage's own
// place if to is empty.
func (s Shown) Card(stage int, to string) (Posted, bool) {
	for i, p := range s.Cards {
		if s.dated() {
			p.Stage = i
		}
		if p.Stage == stage && p.To == to && p.TS != "" {
			return p, true
		}
	}
	return Posted{}, false
}

// dated reports whether the cards were noted when each stage had one, in their order.
func (s Shown) dated() bool {
	return !slices.ContainsFunc(s.Cards, func(p Posted) bool { return p.Stage != 0 || p.To != "" })
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
	case Ending, Split, Denied, Cancelled, TimedOut, Ended, Failed:
	}
	return false
}

// Waits reports whether the request waits for a person: for a decision, or for
// an admin after a failure. Where the guest was erased there is nothing to retry.
func (r Request) Waits() bool { return r.State == Pending || r.State == Failed && r.Erased.IsZero() }

// LiveKey is what only one live request may have: the guest and the access. One
// for several guests has a key of its own: each of its guests gets a request.
func (r Request) LiveKey() string {
	if len(r.Guests) > 0 {
		return "several\x00" + string(r.ID) + r.Tag
	}
	return LiveKey(r.Guest.Email, r.Access.ID)
}

// Addresses are the e-mail addresses of all guests that a request is for.
func (r Request) Addresses() []string {
	var all []string
	for _, g := range append(slices.Clone(r.Guests), r.Guest) {
		if g.Email != "" {
			all = append(all, g.Email)
		}
	}
	return all
}

// Held reports whether the request is approved and nothing has left yet, so that
// the approval can be undone.
func (r Request) Held(now time.Time) bool {
	return r.State == Inviting && now.Before(r.Hold) && r.Account.Tried.IsZero() && r.Account.ID == ""
}

// LiveKey is the key of a guest's address and an access.
func LiveKey(email, access string) string { return strings.ToLower(email) + "\x00" + access }

// clone returns a copy that shares nothing a transition changes.
func (r Request) clone() Request {
	r.Edits = slices.Clone(r.Edits)
	r.Seats = slices.Clone(r.Seats)
	r.Talk = slices.Clone(r.Talk)
	r.Nudges = slices.Clone(r.Nudges)
	r.Calls = slices.Clone(r.Calls)
	r.Guests = slices.Clone(r.Guests)
	r.Children = slices.Clone(r.Children)
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

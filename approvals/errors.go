package approvals

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Code names a reason to refuse. Each has a sentence in the bot's catalogue
// that says what the person can do next.
type Code string

// Refusal is a no that its causer can act on. Everything else that goes wrong
// is an ordinary error and none of the person's business.
type Refusal struct { //nolint:errname // kept in requests and told to people; an error only on its way there
	Code  Code              `json:"code"`
	Field Field             `json:"field,omitempty"` // the input that caused it, if one did
	Args  map[string]string `json:"args,omitempty"`  // what the sentence needs to know
}

// Field names an input of the invitation form.
type Field string

// The inputs of the invitation form.
const (
	FieldEmail   Field = "email"
	FieldName    Field = "name"
	FieldCompany Field = "company"
	FieldAccess  Field = "access"
	FieldFor     Field = "for"
	FieldEnds    Field = "ends"
	FieldGrants  Field = "grants"
	FieldReason  Field = "reason"
	FieldAnswer  Field = "answer"
	FieldGuests  Field = "guests" // several of them
	FieldChoose  Field = "choose" // who decides next
)

// FieldQuestion is the input of a question of the access.
func FieldQuestion(id string) Field { return Field("question " + id) }

func (r *Refusal) Error() string {
	if len(r.Args) == 0 {
		return "refused: " + string(r.Code)
	}
	return fmt.Sprintf("refused: %s %v", r.Code, r.Args)
}

// Is makes errors.Is compare codes, whatever the arguments.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Code == r.Code
}

// With returns the refusal with one more argument for its sentence.
func (r *Refusal) With(key, value string) *Refusal {
	c := *r
	c.Args = maps.Clone(r.Args)
	if c.Args == nil {
		c.Args = map[string]string{}
	}
	c.Args[key] = value
	return &c
}

// Refusals are all the reasons against a draft, at most one for each field.
type Refusals []*Refusal //nolint:errname // the plural of Refusal

func (rs Refusals) Error() string {
	texts := make([]string, len(rs))
	for i, r := range rs {
		texts[i] = r.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.Is look at each of them.
func (rs Refusals) Unwrap() []error {
	errs := make([]error, len(rs))
	for i, r := range rs {
		errs[i] = r
	}
	return errs
}

func refuse(code Code, field Field) *Refusal { return &Refusal{Code: code, Field: field} }

// Refusals of a draft.
var (
	ErrEmailMissing   = refuse("email_missing", FieldEmail)
	ErrEmailMalformed = refuse("email_malformed", FieldEmail)
	ErrEmailCharacter = refuse("email_character", FieldEmail) // args: character
	ErrEmailEdge      = refuse("email_edge", FieldEmail)
	ErrEmailLong      = refuse("email_long", FieldEmail)
	ErrOwnDomain      = refuse("own_domain", FieldEmail)      // args: domain
	ErrBlockedDomain  = refuse("blocked_domain", FieldEmail)  // args: domain
	ErrAlreadyPending = refuse("already_pending", FieldEmail) // args: id, access
	ErrAlreadyIn      = refuse("already_in", FieldEmail)      // args: id, access, until
	ErrNameMissing    = refuse("name_missing", FieldName)
	ErrTooLong        = refuse("too_long", "") // args: limit
	ErrAccessUnknown  = refuse("access_unknown", FieldAccess)
	ErrForUnknown     = refuse("for_unknown", FieldFor)
	ErrReasonMissing  = refuse("reason_missing", FieldReason)
	ErrNotForYou      = refuse("not_for_you", FieldAccess)   // args: access
	ErrFreeMail       = refuse("free_mail", FieldEmail)      // args: domain
	ErrUnknownDomain  = refuse("unknown_domain", FieldEmail) // args: domain; the policy lets in known organisations only
	ErrForTooLong     = refuse("for_too_long", FieldFor)     // args: longest (a Go duration), rule
	ErrEndMissing     = refuse("end_missing", FieldEnds)
	ErrEndPassed      = refuse("end_passed", FieldEnds)
	ErrEndTooFar      = refuse("end_too_far", FieldEnds) // args: latest (unix)
	ErrOpenEnded      = refuse("open_ended", FieldFor)   // args: access
	ErrAnswerMissing  = refuse("answer_missing", FieldAnswer)
	ErrAnswerUnknown  = refuse("answer_unknown", "")  // args: label; the field is the question's
	ErrByRule         = refuse("by_rule", "")         // args: rule, sentence (the policy's own words)
	ErrRuleBroken     = refuse("rule_broken", "")     // args: rule
	ErrNobody         = refuse("nobody", FieldAccess) // args: access, stage, admins (user IDs and groups, comma-separated)
	ErrGuestsMissing  = refuse("guests_missing", FieldGuests)
	ErrGuestsTooMany  = refuse("guests_too_many", FieldGuests) // args: limit, n
	ErrGuestLine      = refuse("guest_line", FieldGuests)      // args: line, text, code (of the refusal of that one)
	ErrGuestColumns   = refuse("guest_columns", FieldGuests)   // args: line, text; the heading has several columns for the address
	ErrEmailSeveral   = refuse("email_several", FieldEmail)    // args: column, if the list has a heading
	ErrGuestTwice     = refuse("guest_twice", FieldGuests)     // args: line, text
	ErrGuestsDiffer   = refuse("guests_differ", FieldGuests)   // the policy lets different people decide about them
)

// Refusals of a person or of what they pressed.
var (
	ErrNotFound       = refuse("not_found", "")    // args: id
	ErrNotYours       = refuse("not_yours", "")    // args: id
	ErrDecided        = refuse("decided", "")      // args: id, state, by, at
	ErrNotApprover    = refuse("not_approver", "") // args: id
	ErrOwnRequest     = refuse("own_request", "")  // args: id
	ErrRepeated       = refuse("repeated", "")     // args: id
	ErrStaleStage     = refuse("stale_stage", "")  // args: id
	ErrOldCard        = refuse("old_card", "")     // args: id
	ErrTooLate        = refuse("too_late", "")     // args: id
	ErrDenyReason     = refuse("deny_reason", FieldReason)
	ErrUnknownPerson  = refuse("unknown_person", "")
	ErrBot            = refuse("bot", "")
	ErrForeign        = refuse("foreign", "")
	ErrDeactivated    = refuse("deactivated", "")
	ErrSlackGuest     = refuse("slack_guest", "")
	ErrOnlyRequester  = refuse("only_requester", "")  // args: id
	ErrOnlyAdmins     = refuse("only_admins", "")     // args: id
	ErrNotCancellable = refuse("not_cancellable", "") // args: id, state
	ErrNotRetryable   = refuse("not_retryable", "")   // args: id, state
	ErrStaleTerms     = refuse("stale_terms", "")     // args: id, edition (that was seen)
	ErrChangeNothing  = refuse("change_nothing", FieldFor)
	ErrChangeMore     = refuse("change_more", FieldFor)
	ErrQuestion       = refuse("question_missing", FieldReason)
	ErrAskedAlready   = refuse("asked_already", "")          // args: id
	ErrTalkLong       = refuse("talk_long", "")              // args: id
	ErrNotAsked       = refuse("not_asked", "")              // args: id
	ErrNudgedLately   = refuse("nudged_lately", "")          // args: id, at
	ErrNudgedOut      = refuse("nudged_out", "")             // args: id
	ErrNotEditable    = refuse("not_editable", "")           // args: id
	ErrEditStages     = refuse("edit_stages", "")            // args: id
	ErrNotUndoable    = refuse("not_undoable", "")           // args: id, state
	ErrNotYourVote    = refuse("not_your_vote", "")          // args: id
	ErrNotRevocable   = refuse("not_revocable", "")          // args: id, state
	ErrMayNotRevoke   = refuse("may_not_revoke", "")         // args: id
	ErrChooseNeeded   = refuse("choose_needed", FieldChoose) // args: id, stage
	ErrChosenUnfit    = refuse("chosen_unfit", FieldChoose)  // args: id
	ErrDelegateSelf   = refuse("delegate_self", "")
	ErrDelegateDates  = refuse("delegate_dates", "")
	ErrDelegateUnfit  = refuse("delegate_unfit", "")
	ErrUnreadable     = refuse("unreadable_facts", "") // args: id
)

// ErrNotDue refuses an event that came too early or too late to mean anything:
// a stale timer, or news about a step that is no longer awaited. It is for the
// worker, never for a person.
var ErrNotDue = refuse("not_due", "")

func about(r *Refusal, q Request) *Refusal { return r.With("id", string(q.ID)) }

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

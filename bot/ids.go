package bot

import (
	"strconv"
	"strings"

	"partnerbot/approvals"
)

// The action IDs of buttons.
const (
	ActionApprove  = "approve"
	ActionDeny     = "deny"
	ActionWithdraw = "withdraw"
	ActionRetry    = "retry"
	ActionInvite   = "invite"
	ActionOlder    = "older"
	ActionNewer    = "newer"
	ActionShow     = "show"
	ActionChange   = "change"
	ActionAsk      = "ask"
	ActionClaim    = "claim"
	ActionMore     = "more"
	ActionChoose   = "choose" // Approve where it has to say who decides next
	ActionUndo     = "undo"
	ActionRevoke   = "revoke"
)

// The callback IDs of forms.
const (
	CallbackInvite = "invite"
	CallbackDeny   = "deny"
	CallbackChange = "change"
	CallbackAsk    = "ask"
	CallbackChoose = "choose"
	CallbackRevoke = "revoke"
)

// The commands people type.
const (
	CommandInvite   = "/invite-partner"
	CommandRequests = "/partner-requests"
)

// Target says which request, and which stage of it, a button or a form is
// about. It is a pointer that anybody could have made up, never an authority.
type Target struct {
	ID      approvals.RequestID
	Stage   int
	Tag     string // tells the request from others that had its number; none on old buttons
	Edition int    // of the terms that were shown; 0 on old buttons
	Channel string // where the card is, for a private answer; empty in button values
}

// target is what the buttons for a stage of a request point at.
func target(r approvals.Request, stage int) Target {
	return Target{ID: r.ID, Stage: stage, Tag: r.Tag, Edition: r.Edition}
}

// Value writes the target as a button's value (INV-7:0:dmg2w9:1) or as a form's
// private metadata (INV-7:0:dmg2w9:1 C0FALCON).
func (t Target) Value() string {
	s := string(t.ID) + ":" + strconv.Itoa(t.Stage)
	if t.Tag != "" || t.Edition > 0 {
		s += ":" + t.Tag
	}
	if t.Edition > 0 {
		s += ":" + strconv.Itoa(t.Edition)
	}
	if t.Channel != "" {
		s += " " + t.Channel
	}
	return s
}

// ParseTarget reads what Value wrote, and a bare request ID as its first stage.
func ParseTarget(s string) (Target, bool) {
	s, channel, _ := strings.Cut(s, " ")
	name, stage, staged := strings.Cut(s, ":")
	id, ok := approvals.ParseID(name)
	if !ok {
		return Target{}, false
	}
	t := Target{ID: id, Channel: channel}
	if !staged {
		return t, true
	}
	stage, rest, _ := strings.Cut(stage, ":")
	tag, edition, edited := strings.Cut(rest, ":")
	n, err := strconv.Atoi(stage)
	if err != nil || n < 0 {
		return Target{}, false
	}
	t.Stage, t.Tag = n, tag
	if edited {
		if t.Edition, err = strconv.Atoi(edition); err != nil || t.Edition < 0 {
			return Target{}, false
		}
	}
	return t, true
}

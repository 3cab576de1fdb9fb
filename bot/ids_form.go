package bot

import "strings"

// The action IDs of what a requester presses and fills in. Those of inputs go on
// after a colon: what follows tells one input from another, and one that begins
// anew from the one that was there before.
const (
	ActionForm        = "form"    // an input that other parts of its form depend on
	ActionSeveral     = "several" // between the form for one guest and the one for several
	ActionEdit        = "edit"
	ActionAnswer      = "answer"
	ActionNudge       = "nudge"
	ActionGiveBack    = "give_back"
	ActionDelegate    = "delegate"
	ActionDelegateOff = "delegate_off"
	ActionPick        = "pick" // a choice that means nothing before its button is pressed
)

// The callback IDs of a requester's forms.
const (
	CallbackSeveral  = "several"
	CallbackEdit     = "edit"
	CallbackAnswer   = "answer"
	CallbackDelegate = "delegate"
)

// actionName is the part of an action ID that says who handles it.
func actionName(id string) string {
	name, _, _ := strings.Cut(id, ":")
	return name
}

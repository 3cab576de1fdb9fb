package bot

import (
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// The readers that an outcome is worded for.
const (
	forApprovers = "status."
	forRequester = "direct."
)

// outcome says in one sentence what has come of a request and what happens next.
func (d render) outcome(locale, reader string, r approvals.Request) []piece {
	args := Args{
		"guest": d.guestName(locale, r), "access": shownText(r.Access.Title), "until": day(r.Until), "at": Moment{},
		"joined": minute(r.Account.Joined), "by": Mention(""), "stage": shownText(r.CurrentStage().Name), "who": Phrase(nil),
		"linked": r.Account.Link != "", "late": delayed(r), "own": ownCause(r), "id": r.ID, "mine": false, "asked": false,
		"reason": r.Closed != nil && typed(r.Closed.Reason) != "", "leaves": second(r.Hold), "since": minute(since(r)), "counts": d.children(locale, r),
	}
	if r.Closed != nil {
		args["at"], args["mine"] = minute(r.Closed.At), r.Closed.By.Same(r.Requester)
		if r.Closed.By.User != "" {
			args["by"] = d.person(r.Closed.By)
		}
	}
	if r.State == approvals.Pending {
		args["who"] = d.approvers(locale, r, r.Stage)
		args["until"] = minute(r.Deadline)
		_, args["asked"] = r.Asked()
	}
	return d.Words.phrase(locale, reader+outcomeKey(r), args)
}

// state is a request's state in a few words.
func (d render) state(locale string, r approvals.Request) string {
	switch r = d.seen(r); {
	case r.State == approvals.Failed && !retryable(r):
		return d.Words.Say(locale, "state.failed_erased", nil)
	case r.Held(r.Changed):
		return d.Words.Say(locale, "state.held", nil)
	case revoked(r) && r.State == approvals.Ending:
		return d.Words.Say(locale, "state.revoking", nil)
	case revoked(r):
		return d.Words.Say(locale, "state.revoked", nil)
	}
	if _, asked := r.Asked(); asked {
		return d.Words.Say(locale, "state.asked", nil)
	}
	return d.Words.Say(locale, "state."+key(string(r.State)), nil)
}

// revoked reports that somebody ended the access before its time.
func revoked(r approvals.Request) bool {
	return r.Closed != nil && r.Closed.Verdict == approvals.Revoke && (r.State == approvals.Ending || r.State == approvals.Ended)
}

// outcomeKey tells apart what one state can mean to a reader.
func outcomeKey(r approvals.Request) string {
	switch {
	case r.Held(r.Changed):
		return "held"
	case revoked(r) && r.State == approvals.Ending:
		return "revoking"
	case revoked(r) && r.Account.ID == "" && len(r.Children) == 0:
		return "revoked_unused"
	case revoked(r):
		return "revoked"
	case r.State == approvals.Inviting && len(r.Guests) > 0:
		return "inviting_several"
	case r.State == approvals.Inviting && r.Account.Found:
		return "granting_found"
	case r.State == approvals.Inviting && r.Account.ID != "":
		return "granting"
	case r.State == approvals.Invited && r.Account.Found:
		return "invited_found"
	case r.State == approvals.Active && joinedBefore(r):
		return "active_found"
	case r.State == approvals.Ended && r.Account.ID == "":
		return "ended_unused"
	case r.State == approvals.Failed && !retryable(r):
		return "failed_erased"
	}
	return key(string(r.State))
}

// children counts what became of each of several guests.
func (d render) children(locale string, r approvals.Request) Phrase {
	counts := map[string]int{}
	for _, c := range r.Children {
		switch {
		case c.Twin != "":
			counts["twin"]++
		case c.ID == "":
			counts["begins"]++
		default:
			counts[key(string(c.State))]++
		}
	}
	var list []piece
	for _, kind := range childKinds() {
		if n := counts[kind]; n > 0 {
			list = append(list, Phrase(d.Words.phrase(locale, "children."+kind, Args{"n": strconv.Itoa(n)})))
		}
	}
	return d.list(locale, "list.and", list)
}

// childKinds are what can have become of one of several guests, the best first.
func childKinds() []string {
	kinds := []string{"active", "invited", "inviting", "begins", "twin", "failed"}
	for _, s := range approvals.States() {
		if k := key(string(s)); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// ownCauses are the codes of failures that partnerbot found out by itself: Entra
// said nothing of the kind.
var ownCauses = []string{"colleague", "disabled", "ambiguous", "address", "id"}

func ownCause(r approvals.Request) bool {
	return r.Trouble != nil && slices.Contains(ownCauses, r.Trouble.Code)
}

// joinedBefore reports that the guest could sign in before the request was made.
func joinedBefore(r approvals.Request) bool {
	return r.Account.Found && !r.Account.Joined.IsZero() && !r.Account.Joined.After(r.Account.Invited)
}

// delayed reports that Entra's part takes longer than people expect.
func delayed(r approvals.Request) bool {
	return r.Trouble != nil && (r.State == approvals.Inviting || r.State == approvals.Ending)
}

// standing says below some lines where a request stands and on whom it hangs, with
// the reason of a denial, of a revocation, of a failure or of a delay.
func (d render) standing(locale, reader string, r approvals.Request, lines ...[]piece) []slack.RichTextElement {
	r = d.seen(r)
	lines = append(lines, d.outcome(locale, reader, r))
	lines = append(lines, d.waiting(locale, reader, r)...)
	if delayed(r) {
		lines = append(lines, d.Words.phrase(locale, "status.delayed", Args{"why": why(r.Trouble)}))
	}
	els := paragraphs(lines...).Elements
	switch {
	case (r.State == approvals.Denied || revoked(r)) && r.Closed != nil:
		if q := quote(r.Closed.Reason); q != nil {
			els = append(els, q)
		}
	case retryable(r), delayed(r):
		els = append(els, d.cause(locale, r.Trouble)...)
	}
	return els
}

// why is what a request failed of or waits for, in the words of whoever said so.
func why(t *approvals.Trouble) string {
	if t == nil {
		return ""
	}
	return typed(firstOf(t.Text, t.Code, t.Doing))
}

// cause shows why something failed or waits: Entra's words as a quotation, never
// as ours, and what Microsoft's support will ask for.
func (d render) cause(locale string, t *approvals.Trouble) []slack.RichTextElement {
	if t == nil {
		return nil
	}
	var out []slack.RichTextElement
	if q := quote(why(t)); q != nil {
		out = append(out, q)
	}
	if t.RequestID != "" {
		line := d.Words.phrase(locale, "status.request_id", Args{"request_id": shownText(t.RequestID)})
		out = append(out, slack.NewRichTextSection(asElements(line)...))
	}
	return out
}

// retry is the button for an admin after a failure.
func (d render) retry(locale string, r approvals.Request) *slack.ButtonBlockElement {
	return button(ActionRetry, target(r, r.Stage).Value(), d.Words.Say(locale, "button.retry", nil))
}

// shortAddress cuts an address so that its domain stays whole as long as it can:
// whose partner this is matters more than who.
func shortAddress(email string, most int) string {
	user, domain, _ := strings.Cut(typed(email), "@")
	room := most - len([]rune(domain)) - 1
	if room < 8 { // of a very long domain the end says whose it is
		all := []rune(user + "@" + domain)
		if len(all) <= most {
			return string(all)
		}
		return "…" + string(all[len(all)-most+1:])
	}
	return cut(user, room) + "@" + domain
}

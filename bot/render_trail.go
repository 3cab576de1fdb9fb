package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerbot/approvals"
)

// entry words one line of the trail, what was typed or said in it cut to so many
// characters.
func (d render) entry(locale string, r approvals.Request, e approvals.Entry, limit int) []piece {
	detail, words := e.Detail, e.Words
	if e.Erased && words == "" {
		words = d.Words.Say(locale, "guest.erased", nil)
	}
	args := Args{"by": Mention(e.By.User), "access": shownText(r.Access.Title)}
	switch e.Event {
	case "opened":
		detail = d.opened(e, args)
	case "pressed", "voted", "dismissed", approvals.EventRefused:
		detail = firstOf(words, d.verdict(locale, e, args))
	case "edited":
		args["lasts"], args["grants"] = d.detailed(locale, strings.Split(detail, ": "))
		detail = words
	case "answered":
		detail = words
	case "revoked":
		detail, args["lead"] = words, detail
	case "seated":
		role, user, _ := strings.Cut(detail, ": ")
		args["manager"], args["who"] = role == approvals.RoleManager, Mention(aUser.FindString(user))
	case "granted", "taken back":
		detail = strings.TrimPrefix(detail, "group:")
	case "delayed", "refused by Entra":
		if words != "" { // the codes come last, and whole: support asks for them
			detail = cut(typed(words), limit) + " (" + cut(typed(detail), maxHitch) + ")"
			limit = maxTrouble + maxHitch
		}
	}
	if n, ok := guestNumber(e); ok {
		args["n"] = n
		detail = d.became(locale, detail, args)
	}
	args["detail"] = cut(typed(detail), limit)
	return append(d.Words.phrase(locale, "trail.at", Args{"at": minute(e.At)}), d.Words.phrase(locale, trailID(e), args)...)
}

// trailID is an entry as its sentence is called in the catalogue.
func trailID(e approvals.Entry) string {
	id := "trail." + key(strings.ToLower(e.Event))
	verdict, _, _ := strings.Cut(e.Detail, ": ")
	switch e.Event {
	case "pressed", "voted", "dismissed":
		return id + "." + verdict
	case approvals.EventRefused: // reads like one that was dismissed
		return "trail.dismissed." + verdict
	case "time passed":
		return id + "." + key(e.Detail)
	case "facts found":
		if slices.Contains(accounts, e.Detail) {
			return id + "." + key(e.Detail)
		}
	}
	if _, ok := guestNumber(e); ok {
		return "trail.guest"
	}
	return id
}

// accounts are what Entra can say of a guest before their request is decided.
var accounts = []string{"no account", "a colleague", "a disabled guest", "a guest"}

// guestNumber is the n of the event "guest n", of a request for several.
func guestNumber(e approvals.Entry) (string, bool) {
	number, ok := strings.CutPrefix(e.Event, "guest ")
	_, err := strconv.Atoi(number)
	return number, ok && err == nil
}

// became says what came of one of several guests: "INV-8: invited".
func (d render) became(locale, detail string, args Args) string {
	id, state, ok := strings.Cut(detail, ": ")
	if !ok {
		id, state = "", detail
	}
	args["id"] = id
	if slices.Contains(approvals.States(), approvals.State(state)) {
		return d.Words.Say(locale, "state."+key(state), nil)
	}
	return state
}

// opened fills in what a request began with: "falcon: 30d: rule big: of INV-3".
func (d render) opened(e approvals.Entry, args Args) string {
	var rules []string
	args["lead"] = ""
	for part := range strings.SplitSeq(e.Detail, ": ") {
		if rule, ok := strings.CutPrefix(part, "rule "); ok {
			rules = append(rules, rule)
		}
		if lead, ok := strings.CutPrefix(part, "of "); ok {
			args["lead"] = lead
		}
	}
	args["rules"], args["approved"] = strings.Join(rules, ", "), e.To == approvals.Inviting && args["lead"] == ""
	return ""
}

// What the detail of an entry can say beside its verdict or role.
var (
	aUser    = regexp.MustCompile(`^[UW][A-Z0-9]+$`)
	behalfOf = regexp.MustCompile(`^for [A-Z0-9]*/([UW][A-Z0-9]+)$`)
	ofTerms  = regexp.MustCompile(`^edition ([0-9]+)$`)
	chooses  = regexp.MustCompile(`^chooses ([UW][A-Z0-9]+)$`)
)

// verdict takes apart the detail of an entry about a decision, fills in what its
// sentence needs, and returns what else it says: "approve: for T0/U0: edition 2",
// "change: edition 1: 30d: group:6f0c: approve", "approve: own_request", and "deny"
// with a reason that older entries have in it. One refused at once reads like one
// that was dismissed.
func (d render) verdict(locale string, e approvals.Entry, args Args) string {
	parts := strings.Split(e.Detail, ": ")
	verdict, rest := parts[0], parts[1:]
	args["for"], args["edition"], args["chosen"], args["also"], args["why"] = Mention(""), "", Mention(""), false, ""
	if e.Event != "pressed" && e.Event != "voted" {
		args["why"] = d.because(locale, strings.Join(rest, ": "))
		return ""
	}
	take := func(shape *regexp.Regexp) string {
		for i, part := range rest {
			if found := shape.FindStringSubmatch(part); found != nil {
				rest = slices.Delete(rest, i, i+1)
				return found[1]
			}
		}
		return ""
	}
	args["for"], args["edition"], args["chosen"] = Mention(take(behalfOf)), take(ofTerms), Mention(take(chooses))
	if verdict == string(approvals.Narrow) {
		if n := len(rest); n > 0 && rest[n-1] == string(approvals.Approve) {
			args["also"], rest = true, rest[:n-1]
		}
		args["lasts"], args["grants"] = d.detailed(locale, rest)
		return ""
	}
	return strings.Join(rest, ": ")
}

// detailed reads the terms as the trail has them: how long, and which grants.
func (d render) detailed(locale string, parts []string) (lasts Phrase, grants string) {
	how, groups := "", ""
	for _, part := range parts {
		if strings.HasPrefix(part, "group:") {
			groups = part
		} else {
			how = part
		}
	}
	if groups != "" {
		grants = d.Words.Say(locale, "trail.grants", Args{"count": strings.Count(groups, "group:")})
	}
	r := approvals.Request{OpenEnded: how == "open-ended"}
	if until, ok := strings.CutPrefix(how, "until "); ok {
		if at, err := time.Parse(time.RFC3339, until); err == nil {
			r.Until = at
		}
	}
	if days, ok := strings.CutSuffix(how, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil {
			r.For = time.Duration(n) * 24 * time.Hour
		}
	} else if length, err := time.ParseDuration(how); err == nil {
		r.For = length
	}
	return d.lasts(locale, r), grants
}

// briefly are the refusals that a press can end in, with a few words each.
var briefly = []*approvals.Refusal{
	approvals.ErrNotApprover, approvals.ErrOwnRequest, approvals.ErrRepeated, approvals.ErrTooLate, approvals.ErrStaleStage,
	approvals.ErrDecided, approvals.ErrOnlyAdmins, approvals.ErrNotRetryable, approvals.ErrUnknownPerson, approvals.ErrBot,
	approvals.ErrForeign, approvals.ErrDeactivated, approvals.ErrSlackGuest, approvals.ErrDenyReason, approvals.ErrTooLong,
	approvals.ErrNotCancellable, approvals.ErrOnlyRequester, approvals.ErrOldCard, approvals.ErrUnreadable,
	approvals.ErrAlreadyPending, approvals.ErrAlreadyIn, approvals.ErrStaleTerms, approvals.ErrChangeNothing, approvals.ErrChangeMore,
	approvals.ErrEndPassed, approvals.ErrQuestion, approvals.ErrAskedAlready, approvals.ErrTalkLong, approvals.ErrNotAsked,
	approvals.ErrAnswerMissing, approvals.ErrNudgedLately, approvals.ErrNudgedOut, approvals.ErrNotEditable, approvals.ErrNotUndoable,
	approvals.ErrNotYourVote, approvals.ErrNotRevocable, approvals.ErrMayNotRevoke, approvals.ErrChooseNeeded, approvals.ErrChosenUnfit,
}

// because says briefly why a press did not count, by its code if there are no
// words for it.
func (d render) because(locale, code string) string {
	if slices.ContainsFunc(briefly, func(r *approvals.Refusal) bool { return string(r.Code) == code }) {
		return d.Words.Say(locale, "because."+code, nil)
	}
	return cut(typed(code), maxDetail)
}

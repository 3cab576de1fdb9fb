package bot

import (
	"time"

	"partnerbot/approvals"
)

var (
	omar  = approvals.PersonID{Team: "T0HOME", User: "U0OMAR"}
	guard = []string{"S0GUARD", "U0OLGA"}
)

// turns are requests at what the requester is told of on the way, by a name for it.
func turns() map[string]approvals.Request {
	out := map[string]approvals.Request{}
	keep := func(name string, from approvals.Request, change func(*approvals.Request)) {
		from.Version++
		from.Access.Stages = append([]approvals.Stage{}, from.Access.Stages...)
		change(&from)
		out[name] = from
	}
	pending, inviting, active := stories()["pending"], stories()["inviting"], stories()["active"]
	less := func(r *approvals.Request) {
		r.Edition, r.Edits = 1, []approvals.Edit{{By: sam, At: nine, Edition: 1, Was: r.Terms()}}
		r.For = 7 * 24 * time.Hour
	}
	keep("changed", pending, less)
	keep("approved_less", inviting, less)
	keep("asked", pending, func(r *approvals.Request) {
		r.Talk = []approvals.Exchange{{By: sam, Question: "Which drawings exactly?", At: nine.Add(time.Hour)}}
	})
	handOn := func(r *approvals.Request) {
		r.Access.Stages[0].Escalate = &approvals.Escalation{Channel: "C0GUARD", Approvers: guard, Deadline: 24 * time.Hour}
		r.Escalated = nine.Add(48 * time.Hour)
	}
	keep("escalated", pending, handOn)
	keep("stranded", pending, func(r *approvals.Request) { r.Stranded = nine.Add(time.Hour) })
	revoke := func(r *approvals.Request) {
		r.State = approvals.Ending
		r.Closed = &approvals.Closed{Verdict: approvals.Revoke, By: sam, Reason: "The contract is over.", At: nine.Add(30 * time.Hour)}
	}
	keep("revoked", active, revoke)
	keep("revoked_unused", inviting, func(r *approvals.Request) {
		revoke(r)
		r.State, r.Closed.Reason = approvals.Ended, ""
	})
	keep("approved_several", inviting, func(r *approvals.Request) {
		r.State, r.Guest, r.Guests = approvals.Split, approvals.Guest{}, []approvals.Guest{r.Guest, {Email: "leo@contoso.com", Name: "Leo Brandt"}}
	})
	return out
}

// laterTrail are the entries that trail lacks.
func laterTrail() []approvals.Entry {
	at := func(by approvals.PersonID, event, detail, words string) approvals.Entry {
		return approvals.Entry{Request: "INV-7", At: nine, By: by, Event: event, Detail: detail, Words: words}
	}
	nobody := approvals.PersonID{}
	out := []approvals.Entry{
		{Request: "INV-7", At: nine, By: ann, Event: "opened", To: approvals.Inviting, Detail: "falcon: 30d: rule known: rule short"},
		{Request: "INV-7", At: nine, By: ann, Event: "opened", To: approvals.Inviting, Detail: "falcon: 30d: of INV-3"},
		at(ann, approvals.EventDelegated, "to T0HOME/U0BEN from 2026-11-23T09:00:00Z until 2026-12-24T09:00:00Z", ""),
		at(ann, "edited", "until 2026-12-31T00:00:00Z: group:6f0c, group:7a1d", "Mia Keller, Contoso: until the launch"),
		at(ann, "edited", "open-ended", ""), at(ann, "answered", "", "The sheets of the hull."), at(ann, "nudged", "", ""),
		at(nobody, "seated", "manager: U0SAM", ""), at(nobody, "seated", "sponsors: nobody", ""),
		at(nobody, "facts found", "no account", ""), at(nobody, "facts found", "a colleague", ""), at(nobody, "facts found", "a disabled guest", ""),
		at(nobody, "facts found", "a guest", ""), at(nobody, "facts found", "Forbidden", ""),
		at(nobody, "domains counted", "high", ""),
		at(nobody, "nobody can decide", "Sponsor", ""), at(nobody, "somebody can decide", "Sponsor", ""),
		at(nobody, "time passed", "reminded", ""), at(nobody, "time passed", "escalated", ""), at(nobody, "time passed", "claim over", ""),
		at(nobody, "escalated", "Sponsor", ""), at(nobody, "guest 3", "INV-9: invited", ""), at(nobody, "guest 4", "cancelled", ""),
		at(sam, "undone", "", ""), at(sam, "revoked", "", "The contract is over."), at(sam, "revoked", "INV-3", ""),
		at(sam, "voted", "approve: for T0HOME/U0OLGA: edition 2: chooses U0OMAR", ""), at(sam, "voted", "deny: for T0HOME/U0OLGA", "no contract"),
		at(sam, "voted", "change: edition 1: 7d: group:6f0c: approve", ""), at(sam, "voted", "change: edition 1: 36h0m0s", ""),
		at(sam, "voted", "ask", "Which drawings exactly?"), at(sam, "voted", "claim", ""), at(sam, "dismissed", "approve: stale_terms", ""),
	}
	for _, verdict := range []string{"ask", "change", "claim", "revoke", "undo"} {
		out = append(out, at(sam, "pressed", verdict, ""), at(sam, "dismissed", verdict+": too_late", ""))
	}
	for _, what := range []string{"answer", "edit", "nudge"} {
		out = append(out, at(ann, approvals.EventRefused, what+": decided", ""))
	}
	return out
}

// calls are one of every kind, each with the request that it is about.
func callsOf() map[string]approvals.Request {
	out := map[string]approvals.Request{}
	for _, kind := range []approvals.CallKind{
		approvals.CallRemind, approvals.CallNudge, approvals.CallEscalate, approvals.CallStranded, approvals.CallAnswered,
	} {
		r := turns()["escalated"]
		r.Calls = []approvals.Call{{Kind: kind, By: ann, At: nine.Add(time.Hour)}}
		if kind == approvals.CallAnswered {
			r.Calls[0].By = sam
			r.Talk = []approvals.Exchange{{By: sam, Question: "Which?", At: nine, Answer: "The sheets of the hull.", Answered: nine.Add(time.Hour)}}
		}
		out[string(kind)] = r
	}
	return out
}

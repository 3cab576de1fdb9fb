package bot

import (
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Milestone is the short word, said once, that makes Slack notify the requester.
func (d render) Milestone(locale string, r approvals.Request, what string) Message {
	name, n := numberIn(what)
	args := Args{
		"id": r.ID, "guest": d.guestName(locale, r), "access": shownText(r.Access.Title), "until": day(r.Until),
		"by": Mention(""), "used": r.Account.ID != "", "link": r.Account.Link != "", "less": Phrase(nil),
		"stage": shownText(r.CurrentStage().Name), "next": "", "who": Phrase(nil), "reason": false,
	}
	if len(r.Guests) > 0 {
		args["guest"] = d.Words.Say(locale, "guest.several", Args{"count": len(r.Guests)})
	}
	if last := len(r.Votes); last > 0 {
		args["by"] = d.person(r.Votes[last-1].By)
	}
	words := ""
	switch name {
	case passed:
		if n <= len(r.Access.Stages) {
			args["stage"], args["next"] = shownText(r.Access.Stages[n-1].Name), shownText(r.CurrentStage().Name)
			args["by"] = d.list(locale, "list.and", d.approvedBy(r, n-1))
		}
	case lessened:
		args["by"], args["less"] = d.lessened(locale, r, n)
	case letIn:
		args["less"] = Phrase(d.difference(locale, wish(r), r.Terms()))
	case handedOn:
		args["who"] = d.others(locale, r)
	case questioned:
		q := questionAt(r, n)
		args["by"], words = d.person(q.By), q.Question
	case takenAway:
		args["by"], words = d.person(r.Closed.By), r.Closed.Reason
		args["reason"] = words != ""
	}
	return quoting(d.Words.phrase(locale, "said."+saidKey(r, what), args), words)
}

// quoting is a sentence with what somebody typed quoted below it, if anything.
func quoting(line []piece, words string) Message {
	m, body := Message{Text: fallback(asPlain(line))}, paragraphs(line)
	if q := quote(words); q != nil {
		body.Elements = append(body.Elements, q)
	}
	m.Blocks = []slack.Block{body}
	return m
}

// lessened says by whom an edition was made, and what is less in it.
func (d render) lessened(locale string, r approvals.Request, edition int) (by any, less Phrase) {
	for _, e := range r.Edits {
		if e.Edition == edition {
			return d.person(e.By), d.difference(locale, e.Was, r.TermsAt(edition))
		}
	}
	return Mention(""), nil
}

// others are those to whom the present stage escalates.
func (d render) others(locale string, r approvals.Request) Phrase {
	if e := r.CurrentStage().Escalate; e != nil {
		return d.anyone(locale, e.Approvers)
	}
	return nil
}

// saidKey is a milestone as its sentence is called in the catalogue.
func saidKey(r approvals.Request, what string) string {
	name, _ := numberIn(what)
	switch {
	case name == letIn && len(r.Guests) > 0:
		return "approved_several"
	case name == "invited" && r.Account.Found:
		return "invited_found"
	case name == "joined" && joinedBefore(r):
		return "joined_found"
	}
	return key(name)
}

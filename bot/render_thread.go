package bot

import "partnerbot/approvals"

// Call is what is said once under a card to those who can act on it. It mentions
// them, and nobody else.
func (d render) Call(locale string, r approvals.Request, c approvals.Call, who []string) Message {
	args := Args{
		"who": d.anyone(locale, who), "id": r.ID, "stage": shownText(r.CurrentStage().Name), "by": d.person(r.Requester),
		"guest": d.guestName(locale, r), "access": shownText(r.Access.Title), "until": minute(r.Deadline),
	}
	if len(r.Guests) > 0 {
		args["guest"] = d.Words.Say(locale, "guest.several", Args{"count": len(r.Guests)})
	}
	answer := ""
	if c.Kind == approvals.CallAnswered {
		answer = answerAt(r, c)
	}
	return quoting(d.Words.phrase(locale, "call."+string(c.Kind), args), answer)
}

// anyone mentions users and user groups of whom any may act.
func (d render) anyone(locale string, ids []string) Phrase {
	var who []piece
	for _, id := range ids {
		if approvals.IsGroup(id) {
			who = append(who, GroupMention(id))
		} else {
			who = append(who, Mention(id))
		}
	}
	return d.list(locale, "list.or", who)
}

// answerAt is the answer that a call is about.
func answerAt(r approvals.Request, c approvals.Call) string {
	for _, e := range r.Talk {
		if e.Answered.Equal(c.At) {
			return e.Answer
		}
	}
	return ""
}

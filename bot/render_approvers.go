package bot

import (
	"time"

	"partnerbot/approvals"
)

// approvers mentions who may decide a stage, and says of whoever was found for a
// role why it is them.
func (d render) approvers(locale string, r approvals.Request, stage int) Phrase {
	var who []piece
	for _, id := range r.Approvers(stage) {
		who = append(who, d.approver(locale, r, stage, id))
	}
	for _, role := range r.Unseated(stage) {
		who = append(who, Phrase(d.Words.phrase(locale, "role."+role, Args{"by": d.person(r.Requester)})))
	}
	if len(who) == 0 {
		return Phrase(d.Words.phrase(locale, "role.nobody", nil))
	}
	return d.list(locale, "list.or", who)
}

func (d render) approver(locale string, r approvals.Request, stage int, id string) piece {
	if approvals.IsGroup(id) {
		return GroupMention(id)
	}
	for _, seat := range r.Seats {
		if seat.Stage != stage || seat.User != id {
			continue
		}
		switch seat.Role {
		case approvals.RoleManager:
			return Phrase(d.Words.phrase(locale, "approver.manager", Args{"who": Mention(id), "by": d.person(r.Requester)}))
		case approvals.RoleChosen:
			return Phrase(d.Words.phrase(locale, "approver.chosen", Args{"who": Mention(id), "by": d.list(locale, "list.and", d.approvedBy(r, stage-1))}))
		}
	}
	return Mention(id)
}

// since is when the present stage began to wait.
func since(r approvals.Request) time.Time {
	if r.Since.IsZero() && !r.Deadline.IsZero() { // made before stages had a beginning
		return r.Deadline.Add(-r.CurrentStage().Deadline)
	}
	return r.Since
}

// waiting says in a line each what keeps the present stage from its decision, and
// what was done about it.
func (d render) waiting(locale, reader string, r approvals.Request) [][]piece {
	if r.State != approvals.Pending {
		return nil
	}
	var lines [][]piece
	say := func(what string, args Args) { lines = append(lines, d.Words.phrase(locale, reader+what, args)) }
	same := func(what string, args Args) { lines = append(lines, d.Words.phrase(locale, "waits."+what, args)) }
	if q, asked := r.Asked(); asked {
		most := maxWords
		if reader == forApprovers { // More has all of it
			most = lineWidth
		}
		say("question", Args{"by": d.bystander(q.By), "question": cut(quotable(q.Question), most), "req": d.person(r.Requester)})
	}
	if !r.Stranded.IsZero() {
		say("stranded", Args{"req": d.person(r.Requester)})
	}
	if e := r.CurrentStage().Escalate; e != nil && !r.Escalated.IsZero() {
		same("escalated", Args{"at": minute(r.Escalated), "others": d.anyone(locale, e.Approvers)})
	}
	if by, ok := r.Claimed(r.Changed); ok {
		same("claimed", Args{"by": d.bystander(by), "until": clock(r.Claim.Until)})
	}
	if n, last := reminders(r); n > 0 && reader == forRequester {
		say("reminded", Args{"count": n, "at": minute(last)})
	}
	return lines
}

// reminders counts how often the present stage was reminded, and says when last.
func reminders(r approvals.Request) (n int, last time.Time) {
	for _, c := range r.Calls {
		if c.Stage == r.Stage && (c.Kind == approvals.CallRemind || c.Kind == approvals.CallNudge) {
			n, last = n+1, c.At
		}
	}
	return n, last
}

package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerbot/approvals"
)

// The milestones that more than one place knows. Those of which a request can have
// several have a number behind them: of the stage, of the edition, or of the second
// in which something was asked.
const (
	letIn      = "approved"
	passed     = "stage"
	lessened   = "changed"
	questioned = "asked"
	handedOn   = "escalated"
	forsaken   = "stranded"
	takenAway  = "revoked"
)

func numbered(what string, n int) string { return what + " " + strconv.Itoa(n) }

// numberIn is the n of a milestone that has one, and its name.
func numberIn(what string) (name string, n int) {
	name, number, _ := strings.Cut(what, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return what, 0
	}
	return name, n
}

// milestones are what the requester is to be told of a request by now, oldest
// first and what matters most last. A guest of a request for several has none that
// their lead has told, and nobody is told that they ended the access of their own
// guest.
func milestones(r approvals.Request) []string {
	var out []string
	if c := r.Closed; revoked(r) && (r.Lead != "" || c.By.Same(r.Requester)) {
		return nil
	}
	if r.Lead == "" {
		for i := range r.Stage {
			out = append(out, numbered(passed, i+1))
		}
		out = append(out, changes(r)...)
	}
	switch r.State {
	case approvals.Pending:
		return append(out, waits(r)...)
	case approvals.Denied, approvals.TimedOut:
		return append(out, string(r.State))
	case approvals.Inviting, approvals.Split:
		return append(out, approvedOne(r)...)
	case approvals.Failed:
		return append(append(out, approvedOne(r)...), "failed")
	case approvals.Invited, approvals.Active, approvals.Ending, approvals.Ended:
		return append(out, granted(r)...)
	case approvals.Cancelled:
	}
	return nil
}

// changes are what approvers made less of.
func changes(r approvals.Request) []string {
	var out []string
	for _, e := range r.Edits {
		if !e.By.Same(r.Requester) {
			out = append(out, numbered(lessened, e.Edition))
		}
	}
	return out
}

// waits are what the requester should know while a stage runs.
func waits(r approvals.Request) []string {
	var out []string
	if !r.Escalated.IsZero() {
		out = append(out, numbered(handedOn, r.Stage+1))
	}
	if !r.Stranded.IsZero() {
		out = append(out, numbered(forsaken, r.Stage+1))
	}
	if q, asked := r.Asked(); asked {
		out = append(out, numbered(questioned, int(q.At.Unix())))
	}
	return out
}

// approvedOne is the milestone of an approval by people, of a request with its own message.
func approvedOne(r approvals.Request) []string {
	if r.Lead != "" || len(r.Access.Stages) == 0 {
		return nil
	}
	return []string{letIn}
}

// granted are the milestones of a request that Entra has had in hand.
func granted(r approvals.Request) []string {
	out := approvedOne(r)
	if r.Account.ID != "" {
		out = append(out, "invited")
	}
	if !r.Account.Joined.IsZero() {
		out = append(out, "joined")
	}
	switch {
	case revoked(r):
		return append(out, takenAway)
	case r.State == approvals.Ended:
		return append(out, "ended")
	}
	return out
}

// wish are the terms that the requester asked for last.
func wish(r approvals.Request) approvals.Terms {
	for _, e := range slices.Backward(r.Edits) {
		if e.By.Same(r.Requester) {
			return r.TermsAt(e.Edition)
		}
	}
	return r.TermsAt(0)
}

// questionAt is the question of a second.
func questionAt(r approvals.Request, second int) approvals.Exchange {
	for _, e := range r.Talk {
		if e.At.Unix() == int64(second) {
			return e
		}
	}
	return approvals.Exchange{At: time.Unix(int64(second), 0)}
}

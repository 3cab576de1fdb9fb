package approvals

import (
	"context"
	"slices"
	"time"
)

const (
	sightSoon  = time.Minute      // after a request was made, which looked itself
	sightFirst = 10 * time.Minute // after it was found that nobody is left
	sightAgain = time.Hour
)

// anybody looks whether those are still there who may decide, so that a request
// does not wait for people who have gone. What Slack does not say now is looked
// at later; nobody is written off for it.
func (w *Worker) anybody(ctx context.Context, r Request) (outcome, error) {
	if r.State != Pending {
		w.over(ctx, WideStranded+string(r.ID), w.Now())
		return outcome{}, nil
	}
	began := w.Now()
	if len(r.Unseated(r.Stage)) > 0 {
		return outcome{again: began.Add(sightFirst)}, nil // those who are being looked for
	}
	seen := sight{people: w.glance()}
	stage := r.CurrentStage()
	missing := max(stage.Quorum, 1) - r.quorum()
	able, err := seen.able(ctx, r.Requester, r.Approvers(r.Stage), missing+2*len(r.Votes))
	if err != nil {
		return outcome{}, err
	}
	able = slices.DeleteFunc(able, func(p Person) bool { return r.spent(p.ID) })
	if len(able) >= missing {
		if !r.Stranded.IsZero() || len(r.Calls) > 0 {
			w.over(ctx, WideStranded+string(r.ID), began)
		}
		return outcome{events: []Event{SomebodyLeft{Stage: r.Stage}}, again: began.Add(sightAgain)}, nil
	}
	w.raise(ctx, Trouble{
		Kind: Refused, Wide: WideStranded + string(r.ID), Code: CodeStranded, Doing: "deciding " + string(r.ID), Text: stage.Name,
	})
	return outcome{events: []Event{NobodyLeft{Stage: r.Stage}}, again: began.Add(sightFirst)}, nil
}

func (w *Worker) glance() People {
	if w.Glance != nil {
		return w.Glance
	}
	return w.Desk
}

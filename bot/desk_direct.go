package bot

import (
	"context"
	"fmt"
	"strconv"

	"partnerbot/approvals"
)

// Direct makes the requester's one message show the request as it is. Because
// Slack notifies nobody of a change, each milestone is also said once in a reply
// below it; the newest one only, when several are due.
func (d *Desk) Direct(ctx context.Context, r approvals.Request, note approvals.Note) (approvals.Posted, []approvals.Said, error) {
	who, err := d.reader(ctx, r.Requester)
	if err != nil {
		return r.Shown.Direct, nil, fmt.Errorf("the message about %s: %w", r.ID, err)
	}
	look := d.render.naming(map[string]string{r.Requester.User: who.Name}) // signs the note to the guest
	p := parcel{
		to: turn{r.Requester.User, string(r.ID), "direct"}, tag: tagOf(r, "direct"), note: note,
		draw: func(context.Context, bool) (Message, error) { return look.Direct(who.Locale, r), nil },
	}
	is, fresh, err := d.put(ctx, r.Shown.Direct, p, r.Version)
	if err != nil {
		return is, nil, fmt.Errorf("the message about %s: %w", r.ID, err)
	}
	told, err := d.milestones(ctx, r, is, fresh, who.Locale, note)
	if err != nil {
		err = fmt.Errorf("a reply about %s: %w", r.ID, err)
	}
	return is, told, err
}

// tagOf tags a message about a request that is no card.
func tagOf(r approvals.Request, what string) tag {
	return tagFor(eventRequest, string(r.ID), r.Tag, "what", what)
}

// milestones says what is due and returns what now counts as said. A message
// posted just now has said it all.
func (d *Desk) milestones(ctx context.Context, r approvals.Request, direct approvals.Posted, fresh bool, locale string, note approvals.Note) ([]approvals.Said, error) {
	reached := milestones(r)
	if len(reached) == 0 {
		return nil, nil
	}
	if newest := reached[len(reached)-1]; !fresh && !r.Shown.HasSaid(newest) {
		what := "said " + newest
		p := parcel{
			to: turn{direct.Channel, string(r.ID), what}, thread: direct.TS, tag: tagOf(r, what), note: note,
			draw: func(context.Context, bool) (Message, error) { return d.render.Milestone(locale, r, newest), nil },
		}
		if _, _, err := d.post(ctx, p, ""); err != nil {
			return nil, err
		}
	}
	var told []approvals.Said
	for _, what := range reached {
		if !r.Shown.HasSaid(what) {
			told = append(told, approvals.Said{What: what, At: d.now()})
		}
	}
	return told, nil
}

// passed begins the milestone of a stage that approved and was not the last:
// "stage 1", "stage 2", …
const passed = "stage "

// milestones are what the requester is to be told of a request by now, oldest first.
func milestones(r approvals.Request) []string {
	var out []string
	for i := range r.Stage {
		out = append(out, passed+strconv.Itoa(i+1))
	}
	switch r.State {
	case approvals.Pending:
		return out
	case approvals.Denied, approvals.TimedOut:
		return append(out, string(r.State))
	case approvals.Inviting:
		return append(out, "approved")
	case approvals.Failed:
		return append(out, "approved", "failed")
	case approvals.Invited, approvals.Active, approvals.Ending, approvals.Ended:
		return append(out, granted(r)...)
	case approvals.Cancelled:
	}
	return nil
}

// granted are the milestones of a request that Entra has had in hand.
func granted(r approvals.Request) []string {
	out := []string{"approved"}
	if r.Account.ID != "" {
		out = append(out, "invited")
	}
	if !r.Account.Joined.IsZero() {
		out = append(out, "joined")
	}
	if r.State == approvals.Ended {
		out = append(out, "ended")
	}
	return out
}

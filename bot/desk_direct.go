package bot

import (
	"context"
	"fmt"
	"slices"

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
	look := d.render.at(d.now()).naming(map[string]string{r.Requester.User: who.Name}) // signs the note to the guest
	look.alone = true
	p := parcel{
		to: turn{r.Requester.User, string(r.ID), "direct"}, tag: tagOf(r, "direct"), note: note,
		draw: func(context.Context, bool) (Message, error) { return look.Direct(who.Locale, r), nil },
	}
	if under := r.Shown.Under; under.TS != "" {
		p.to.channel, p.thread = under.Channel, under.TS
	}
	is, fresh, err := d.put(ctx, r.Shown.Direct, p, d.asOf(r))
	if p.thread != "" && codeOf(err) == noThread { // somebody deleted what it replies to
		p.thread = ""
		is, fresh, err = d.put(ctx, r.Shown.Direct, p, d.asOf(r))
	}
	if err != nil {
		return is, nil, fmt.Errorf("the message about %s: %w", r.ID, err)
	}
	told, err := d.milestones(ctx, r, is, fresh, who.Locale, note)
	if err != nil {
		err = fmt.Errorf("a reply about %s: %w", r.ID, err)
	}
	return is, told, err
}

// noThread is Slack's error code of a reply to a message that is gone.
const noThread = "thread_not_found"

// tagOf tags a message about a request that is no card.
func tagOf(r approvals.Request, what string) tag {
	return tagFor(eventRequest, string(r.ID), r.Tag, "what", what)
}

// milestones says what is due and returns what now counts as said. A message
// posted just now has said it all. That a guest is let in is no news while that
// can be undone.
func (d *Desk) milestones(ctx context.Context, r approvals.Request, direct approvals.Posted, fresh bool, locale string, note approvals.Note) ([]approvals.Said, error) {
	due := slices.DeleteFunc(milestones(r), func(what string) bool {
		return r.Shown.HasSaid(what) || what == letIn && d.now().Before(r.Hold)
	})
	if len(due) == 0 {
		return nil, nil
	}
	if newest := due[len(due)-1]; !fresh {
		what := "said " + newest
		p := parcel{
			to: turn{direct.Channel, string(r.ID), what}, thread: firstOf(r.Shown.Under.TS, direct.TS), tag: tagOf(r, what), note: note,
			draw: func(context.Context, bool) (Message, error) { return d.render.Milestone(locale, r, newest), nil },
		}
		_, _, err := d.post(ctx, p, "")
		if codeOf(err) == noThread && p.thread != direct.TS {
			p.thread = direct.TS
			_, _, err = d.post(ctx, p, "")
		}
		if err != nil {
			return nil, err
		}
	}
	told := make([]approvals.Said, 0, len(due))
	for _, what := range due {
		told = append(told, approvals.Said{What: what, At: d.now()})
	}
	return told, nil
}

package bot

import (
	"context"
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Direct makes the requester's one message show the request as it is. Because
// Slack notifies nobody of a change, each milestone is also said once in a reply
// below it; the newest one only, when several are due.
func (d *Desk) Direct(ctx context.Context, r approvals.Request) (approvals.Posted, []approvals.Said, error) {
	was, locale := r.Shown.Direct, d.locale(ctx, r.Requester)
	look := d.render
	if who, err := d.Recent(ctx, r.Requester, shownAge); err == nil {
		look = look.naming(map[string]string{r.Requester.User: who.Name}) // signs the note to the guest
	}
	is, posted, err := d.put(ctx, was, turn{r.Requester.User, r.ID, "direct"}, r.Version, look.Direct(locale, r))
	if err != nil {
		return was, nil, fmt.Errorf("the message about %s: %w", r.ID, err)
	}
	said, err := d.milestones(ctx, r, is, posted, locale)
	if err != nil {
		err = fmt.Errorf("a reply about %s: %w", r.ID, err)
	}
	return is, said, err
}

// milestones says what is due and returns what now counts as said. A message
// posted just now has said it all.
func (d *Desk) milestones(ctx context.Context, r approvals.Request, direct approvals.Posted, posted bool, locale string) ([]approvals.Said, error) {
	reached := milestones(r)
	if len(reached) == 0 {
		return nil, nil
	}
	if newest := reached[len(reached)-1]; !posted && !r.Shown.HasSaid(newest) {
		m := d.render.Milestone(locale, r, newest)
		if _, _, err := d.post(ctx, turn{direct.Channel, r.ID, newest}, m, slack.MsgOptionTS(direct.TS)); err != nil {
			return nil, err
		}
	}
	var said []approvals.Said
	for _, what := range reached {
		if !r.Shown.HasSaid(what) {
			said = append(said, approvals.Said{What: what, At: d.now()})
		}
	}
	return said, nil
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

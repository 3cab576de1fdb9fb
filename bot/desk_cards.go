package bot

import (
	"context"
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Cards makes the card of every stage that was reached show the request as it
// is. It returns what is shown now even when a card could not be brought up to
// date, so that nothing posted is forgotten.
func (d *Desk) Cards(ctx context.Context, r approvals.Request) ([]approvals.Posted, error) {
	shown := make([]approvals.Posted, len(r.Access.Stages))
	copy(shown, r.Shown.Cards)
	var failed error
	for i := range min(r.Stage+1, len(shown)) {
		is, err := d.card(ctx, r, i, shown[i])
		shown[i] = is
		if err != nil && failed == nil {
			failed = fmt.Errorf("the card of %s, stage %d: %w", r.ID, i+1, err)
		}
	}
	for len(shown) > 0 && shown[len(shown)-1].TS == "" {
		shown = shown[:len(shown)-1]
	}
	return shown, failed
}

func (d *Desk) card(ctx context.Context, r approvals.Request, stage int, was approvals.Posted) (approvals.Posted, error) {
	if was.TS != "" && was.Version == r.Version {
		return was, nil
	}
	look := d.render
	if was.TS == "" {
		look = look.naming(d.names(ctx, r))
	}
	meta := slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType:    "partnerbot_request",
		EventPayload: map[string]any{"id": string(r.ID), "stage": stage},
	})
	to := turn{r.Access.Stages[stage].Channel, r.ID, "card " + strconv.Itoa(stage)}
	is, _, err := d.put(ctx, was, to, r.Version, look.Card(r, stage), meta)
	return is, err
}

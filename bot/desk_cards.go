package bot

import (
	"context"
	"fmt"
	"strconv"

	"partnerbot/approvals"
)

// Cards makes the card of every stage that was reached show the request as it
// is. It returns what is shown now even when a card could not be brought up to
// date, so that nothing posted is forgotten. The card that waits for somebody is
// posted again if it was deleted.
func (d *Desk) Cards(ctx context.Context, r approvals.Request, note approvals.Note) ([]approvals.Posted, error) {
	shown := make([]approvals.Posted, len(r.Access.Stages))
	copy(shown, r.Shown.Cards)
	var failed error
	for i := range min(r.Stage+1, len(shown)) {
		is, err := d.card(ctx, r, i, shown[i], note)
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

func (d *Desk) card(ctx context.Context, r approvals.Request, stage int, was approvals.Posted, note approvals.Note) (approvals.Posted, error) {
	p := parcel{
		to:    turn{r.Access.Stages[stage].Channel, string(r.ID), "card " + strconv.Itoa(stage)},
		tag:   tagFor(eventRequest, string(r.ID), r.Tag, "stage", stage),
		note:  note,
		check: r.Waits() && stage == r.Stage,
		draw: func(ctx context.Context, first bool) (Message, error) {
			if !first {
				return d.render.Card(r, stage), nil
			}
			names, err := d.names(ctx, r)
			return d.render.naming(names).Card(r, stage), err
		},
	}
	is, _, err := d.put(ctx, was, p, r.Version)
	return is, err
}

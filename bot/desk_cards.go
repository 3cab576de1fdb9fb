package bot

import (
	"context"
	"errors"
	"fmt"

	"partnerbot/approvals"
)

// Cards makes every card of the request show it as it is. It returns what is shown
// now even when a card could not be brought up to date, so that nothing posted is
// forgotten; what keeps one card from it keeps no other. The card that waits for
// somebody is posted again in a channel if it was deleted.
func (d *Desk) Cards(ctx context.Context, r approvals.Request, note approvals.Note) ([]approvals.Posted, error) {
	shown := cardsOf(r.Shown)
	places, failed := d.places(ctx, r, shown)
	var unreached error
	for _, p := range places {
		i := cardAt(shown, p.stage, p.to)
		was := approvals.Posted{}
		if i >= 0 {
			was = shown[i]
		}
		is, err := d.card(ctx, r, p, was, note)
		switch {
		case i >= 0:
			shown[i] = is
		case is.TS != "":
			shown = append(shown, is)
		}
		if isPerson(p.to) && givenUp(err) {
			d.log.WarnContext(ctx, "somebody who may decide cannot be given a card", "request", r.ID, "person", p.to, "code", codeOf(err))
			unreached, err = worse(unreached, err), nil
		}
		failed = worse(failed, err)
	}
	shown = posted(shown)
	if failed == nil && !anyOf(shown, r.Stage) {
		failed = unreached
	}
	if failed != nil {
		failed = fmt.Errorf("a card of %s: %w", r.ID, failed)
	}
	return shown, failed
}

// card makes one card show the request as it is.
func (d *Desk) card(ctx context.Context, r approvals.Request, p cardPlace, was approvals.Posted, note approvals.Note) (approvals.Posted, error) {
	name := approvals.Posted{Stage: p.stage, To: p.to}.Name()
	is, _, err := d.put(ctx, was, parcel{
		to: turn{p.at, string(r.ID), name}, tag: cardTag(r, p), note: note,
		check: r.Waits() && p.stage == r.Stage && !isPerson(p.at), closed: p.over, lost: r.Shown.Tried[name],
		draw: func(ctx context.Context, first bool) (Message, error) { return d.drawCard(ctx, r, p, first) },
	}, d.asOf(r))
	if is.TS != "" {
		is.Stage, is.To = p.stage, p.to
	}
	return is, err
}

// drawCard draws a card in the language of whose it is. What a channel reads is English.
func (d *Desk) drawCard(ctx context.Context, r approvals.Request, p cardPlace, first bool) (Message, error) {
	look := d.render.at(d.now())
	if isPerson(p.at) {
		who, err := d.reader(ctx, approvals.PersonID{Team: d.Team, User: p.at})
		if err != nil {
			return Message{}, err
		}
		look.Locale = who.Locale
	}
	if first {
		names, err := d.names(ctx, r)
		if err != nil {
			return Message{}, err
		}
		look = look.naming(names)
	}
	return look.Card(r, p.stage), nil
}

// cardTag tells the cards of one stage apart by where they are.
func cardTag(r approvals.Request, p cardPlace) tag {
	t := tagFor(eventRequest, string(r.ID), r.Tag, "stage", p.stage)
	if p.to != "" {
		t.about[tagTo] = p.to
	}
	return t
}

// asOf is the version that a message shows which is drawn now. What offers to undo
// an approval is out of date when its time is over, without a new version.
func (d *Desk) asOf(r approvals.Request) uint64 {
	if r.Held(d.now()) {
		return 0
	}
	return r.Version
}

// worse is the trouble that matters more: the first that is not merely a turn of
// its own. If it does not say how long to wait, the turn does.
func worse(failed, err error) error {
	switch {
	case failed == nil:
		return err
	case err == nil:
		return failed
	case codeOf(failed) == approvals.CodePace && codeOf(err) != approvals.CodePace:
		failed, err = err, failed
	}
	t, ok := errors.AsType[*approvals.Trouble](failed)
	turn, paced := errors.AsType[*approvals.Trouble](err)
	if ok && paced && t.Code != approvals.CodePace && turn.Code == approvals.CodePace && t.After == 0 {
		soon := *t
		soon.After, soon.Err = turn.After, failed
		return &soon
	}
	return failed
}

// givenUp reports that Slack will never do it, for this one person only.
func givenUp(err error) bool {
	t, ok := errors.AsType[*approvals.Trouble](err)
	return ok && t.Kind == approvals.Refused && t.Wide == ""
}

package bot

import (
	"context"
	"slices"

	"partnerbot/approvals"
)

// spot is a card that something is said under, and to whom.
type spot struct {
	card approvals.Posted
	who  []string // users and user groups
}

// name is what the reply is called among what was said and noted.
func (s spot) name(c approvals.Call) string { return c.Name() + " " + firstOf(s.card.To, "channel") }

// spots are the cards that a call is said under. An error says that one may be
// missing, for instance because the card itself is not there yet.
func (d *Desk) spots(ctx context.Context, r approvals.Request, c approvals.Call) ([]spot, error) {
	switch c.Kind {
	case approvals.CallAnswered:
		return d.spotsOf(ctx, r, c.By.User)
	case approvals.CallEscalate, approvals.CallStranded:
		return d.spotsOfOthers(ctx, r)
	case approvals.CallRemind, approvals.CallNudge:
	}
	s := r.CurrentStage()
	if by, ok := r.Claimed(d.now()); ok { // it is theirs for now
		return d.spotsOf(ctx, r, by.User)
	}
	own, failed := d.spotsIn(ctx, r, s.Channel, "", stageOwn(r))
	if !escalated(r) {
		return own, failed
	}
	others, err := d.spotsOfOthers(ctx, r)
	return merged(own, others), worse(failed, err)
}

// merged has one spot for each card.
func merged(own, others []spot) []spot {
	for _, s := range others {
		i := slices.IndexFunc(own, func(o spot) bool { return o.card.TS == s.card.TS && o.card.Channel == s.card.Channel })
		if i < 0 {
			own = append(own, s)
			continue
		}
		for _, who := range s.who {
			if !slices.Contains(own[i].who, who) {
				own[i].who = append(own[i].who, who)
			}
		}
	}
	return own
}

// spotsOfOthers are where those are told whom the stage has escalated to.
func (d *Desk) spotsOfOthers(ctx context.Context, r approvals.Request) ([]spot, error) {
	e := r.CurrentStage().Escalate
	switch {
	case !escalated(r):
		return nil, nil
	case e.Channel == r.CurrentStage().Channel:
		return d.spotsIn(ctx, r, e.Channel, "", e.Approvers)
	}
	return d.spotsIn(ctx, r, e.Channel, e.Channel, e.Approvers)
}

// spotsIn is the card in a channel, or those in the direct messages of approvers
// if there is none. Only who has not decided yet is mentioned.
func (d *Desk) spotsIn(ctx context.Context, r approvals.Request, channel, to string, approvers []string) ([]spot, error) {
	cards := cardsOf(r.Shown)
	if channel != "" {
		who := slices.DeleteFunc(slices.Clone(approvers), func(id string) bool { return spoken(r, id) })
		i := cardAt(cards, r.Stage, to)
		switch {
		case len(who) == 0:
			return nil, nil
		case i < 0:
			return nil, noCard(r)
		}
		return []spot{{cards[i], who}}, nil
	}
	users, failed := d.expand(ctx, approvers)
	users = slices.DeleteFunc(users, func(user string) bool { return spoken(r, user) })
	users, err := d.deputies.join(ctx, users, d.now())
	failed = worse(failed, err)
	var out []spot
	missing := false
	for _, user := range users {
		i := cardAt(cards, r.Stage, user)
		switch {
		case spoken(r, user):
		case i < 0:
			missing = true
		default:
			out = append(out, spot{cards[i], []string{user}})
		}
	}
	if missing && len(out) == 0 { // whoever gets a card later needs no reminder of it
		failed = worse(failed, noCard(r))
	}
	return out, failed
}

// spotsOf are where one approver is told something: under a card of their own, or
// under the one in the channel of those they belong to.
func (d *Desk) spotsOf(ctx context.Context, r approvals.Request, user string) ([]spot, error) {
	cards := cardsOf(r.Shown)
	to, s := "", r.CurrentStage()
	if e := s.Escalate; escalated(r) && e.Channel != "" && e.Channel != s.Channel {
		own, err := d.expand(ctx, stageOwn(r))
		if err != nil {
			return nil, err
		}
		if s.Channel == "" || !slices.Contains(own, user) {
			to = e.Channel
		}
	}
	for _, at := range []string{user, to, ""} {
		if i := cardAt(cards, r.Stage, at); i >= 0 {
			return []spot{{cards[i], []string{user}}}, nil
		}
	}
	if to == "" && s.Channel == "" { // no card will be theirs
		return nil, nil
	}
	return nil, noCard(r)
}

// spoken reports whether somebody has nothing left to decide in the present stage.
func spoken(r approvals.Request, user string) bool {
	return user == r.Requester.User || slices.ContainsFunc(r.Votes, func(v approvals.Vote) bool {
		return v.Stage == r.Stage && (v.By.User == user || v.For.User == user)
	})
}

// noCard says that something is to be said under a card that is not there yet.
func noCard(r approvals.Request) error {
	return &approvals.Trouble{Kind: approvals.Later, Code: "no_card", Doing: "waiting for the card of " + string(r.ID)}
}

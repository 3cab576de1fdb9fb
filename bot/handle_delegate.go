package bot

import (
	"context"
	"strings"
	"time"

	"partnerbot/approvals"
)

// delegateTyped answers "/partner-requests delegate …" with the form, filled with
// what was typed, and "delegate off" by ending what there is.
func (b *Bot) delegateTyped(c command, typed string) (answer, error) {
	if strings.EqualFold(strings.TrimSpace(typed), "off") {
		return b.delegateEnd(c.place()), nil
	}
	return answer{later: func(ctx context.Context) {
		at := c.place()
		look, cancel := context.WithTimeout(ctx, wishFacts)
		defer cancel()
		who, err := b.facts(look, at.who, openFacts)
		if err == nil {
			err = who.Colleague()
		}
		if len(refusalsIn(err)) > 0 {
			b.tellWhy(ctx, at, "opening_delegation", err)
			return
		}
		view := b.cfg.Desk.render.DelegateForm(who.Locale, awayTyped(typed), b.delegation(look, at.who))
		b.openView(ctx, at, c.Trigger, view, b.words().Notice(who.Locale, "away.late", nil))
	}}, nil
}

// delegation is what somebody made of their right to decide; nil if nothing, or
// if it cannot be read now.
func (b *Bot) delegation(ctx context.Context, who approvals.PersonID) *approvals.Delegation {
	present, ok, err := b.cfg.Service.Delegation(ctx, who)
	if err != nil {
		b.fault(ctx, "reading_delegation", who, err)
	}
	if err != nil || !ok {
		return nil
	}
	return &present
}

// delegateSubmitted keeps a delegation. An empty answer means that it is on disk.
func (b *Bot) delegateSubmitted(ctx context.Context, i interaction) (answer, error) {
	a := Away{To: i.View.user(blockTo), From: i.View.date(blockFrom), Until: i.View.date(blockUntil)}
	by, unread, err := b.submitter(ctx, i)
	if unread != nil {
		return *unread, nil
	}
	var kept handed
	if err == nil {
		kept, err = b.delegate(ctx, by, a)
	}
	if err == nil {
		return answer{later: b.delegated(place{who: i.who()}, by, kept)}, nil
	}
	sentences, ok := b.atFields(by.Locale, i.View, err)
	if !ok {
		return answer{}, err
	}
	at := map[string]string{}
	for _, r := range refusalsIn(err) {
		block := blockTo
		if r.Is(approvals.ErrDelegateDates) {
			block = blockUntil
		}
		for _, sentence := range sentences {
			at[block] = sentence
		}
	}
	return answer{reply: fieldErrors(at)}, nil
}

func (b *Bot) delegate(ctx context.Context, by approvals.Person, a Away) (handed, error) {
	start, end := a.span(b.cfg.Now())
	switch {
	case a.To == "":
		return handed{}, approvals.ErrDelegateUnfit
	case end.IsZero():
		return handed{}, approvals.ErrDelegateDates
	}
	kept, err := b.handOver(ctx, by, approvals.PersonID{Team: by.ID.Team, User: a.To}, start, end)
	if err == nil {
		b.cfg.Log.InfoContext(ctx, "delegation kept", "person", by.ID.String(), "to", a.To)
	}
	return kept, err
}

// handed is a delegation as it is kept, and to whom it was before.
type handed struct {
	approvals.Delegation
	before approvals.PersonID
}

func (b *Bot) handOver(ctx context.Context, by approvals.Person, to approvals.PersonID, start, end time.Time) (handed, error) {
	var h handed
	if was := b.delegation(ctx, by.ID); was != nil {
		h.before = was.To
	}
	var err error
	h.Delegation, err = b.cfg.Service.Delegate(ctx, by, to, start, end)
	return h, err
}

// delegated tells somebody what is kept, and draws their App Home anew. Whoever
// decides in their place, or does so no more, is told, too.
func (b *Bot) delegated(at place, by approvals.Person, kept handed) func(context.Context) {
	return func(ctx context.Context) {
		if home := b.homeAgain(at.who); home != nil {
			home(ctx)
		}
		said := b.words().Notice(by.Locale, "away.ended", nil)
		if kept.To.User != "" {
			said = b.words().Notice(by.Locale, "away.done", Args{"to": Mention(kept.To.User), "from": day(kept.Start), "until": day(kept.End)})
		}
		b.tell(ctx, at, said)
		if kept.before.User != "" && !kept.before.Same(kept.To) {
			b.tellDeputy(ctx, kept.before, "away.told_ended", Args{"by": Mention(by.ID.User)})
		}
		if kept.To.User != "" {
			b.tellDeputy(ctx, kept.To, "away.told", Args{"by": Mention(by.ID.User), "from": day(kept.Start), "until": day(kept.End)})
		}
	}
}

func (b *Bot) tellDeputy(ctx context.Context, who approvals.PersonID, id string, args Args) {
	b.tell(ctx, place{who: who}, b.words().Notice(b.cfg.Desk.locale(ctx, who), id, args))
}

// delegateClicked is App Home's button for the same. What comes of it is told after
// the acknowledgement: whom it names is read from Slack.
func (b *Bot) delegateClicked(_ context.Context, c click) (answer, error) {
	chosen := c.View.State.Values[blockAway]
	a := Away{
		To: chosen[ActionPick+":"+blockTo].User, From: chosen[ActionPick+":"+blockFrom].Date, Until: chosen[ActionPick+":"+blockUntil].Date,
	}
	b.homes.add(c.who().User)
	if a.To == "" {
		return answer{later: func(ctx context.Context) {
			b.tell(ctx, c.place(), b.words().Notice(b.cfg.Desk.locale(ctx, c.who()), "away.nobody", nil))
		}}, nil
	}
	return b.delegating(c.place(), func(ctx context.Context, by approvals.Person) (handed, error) {
		return b.delegate(ctx, by, a)
	}), nil
}

func (b *Bot) delegateOffClicked(_ context.Context, c click) (answer, error) {
	b.homes.add(c.who().User)
	return b.delegateEnd(c.place()), nil
}

// delegateEnd takes somebody's right to decide back.
func (b *Bot) delegateEnd(at place) answer {
	return b.delegating(at, func(ctx context.Context, by approvals.Person) (handed, error) {
		now := b.cfg.Now()
		return b.handOver(ctx, by, approvals.PersonID{}, now, now)
	})
}

// delegating keeps a delegation and tells what came of it.
func (b *Bot) delegating(at place, keep func(context.Context, approvals.Person) (handed, error)) answer {
	return answer{later: func(ctx context.Context) {
		by, err := b.facts(ctx, at.who, laterLimit)
		var kept handed
		if err == nil {
			kept, err = keep(ctx, by)
		}
		if err != nil {
			b.tellWhy(ctx, at, "delegating", err)
			return
		}
		b.delegated(at, by, kept)(ctx)
	}}
}

// picked takes note of nothing: a choice counts when its button is pressed.
func (b *Bot) picked(context.Context, click) (answer, error) { return answer{}, nil }

package bot

import (
	"context"
	"strings"

	"partnerbot/approvals"
)

// delegateTyped answers "/partner-requests delegate …" with the form, filled with
// what was typed, and "delegate off" by ending what there is.
func (b *Bot) delegateTyped(ctx context.Context, c command, typed string) (answer, error) {
	if strings.EqualFold(strings.TrimSpace(typed), "off") {
		return b.delegateEnd(ctx, c.place())
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
	var kept approvals.Delegation
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

func (b *Bot) delegate(ctx context.Context, by approvals.Person, a Away) (approvals.Delegation, error) {
	start, end := a.span(b.cfg.Now())
	switch {
	case a.To == "":
		return approvals.Delegation{}, approvals.ErrDelegateUnfit
	case end.IsZero():
		return approvals.Delegation{}, approvals.ErrDelegateDates
	}
	kept, err := b.cfg.Service.Delegate(ctx, by, approvals.PersonID{Team: by.ID.Team, User: a.To}, start, end)
	if err == nil {
		b.cfg.Log.InfoContext(ctx, "delegation kept", "person", by.ID.String(), "to", a.To)
	}
	return kept, err
}

// delegated tells somebody what is kept, and draws their App Home anew.
func (b *Bot) delegated(at place, by approvals.Person, kept approvals.Delegation) func(context.Context) {
	return func(ctx context.Context) {
		if home := b.homeAgain(at.who); home != nil {
			home(ctx)
		}
		said := b.words().Notice(by.Locale, "away.ended", nil)
		if kept.To.User != "" {
			said = b.words().Notice(by.Locale, "away.done", Args{"to": Mention(kept.To.User), "from": day(kept.Start), "until": day(kept.End)})
		}
		b.tell(ctx, at, said)
	}
}

// delegateClicked is App Home's button for the same.
func (b *Bot) delegateClicked(ctx context.Context, c click) (answer, error) {
	chosen := c.View.State.Values[blockAway]
	a := Away{
		To: chosen[ActionPick+":"+blockTo].User, From: chosen[ActionPick+":"+blockFrom].Date, Until: chosen[ActionPick+":"+blockUntil].Date,
	}
	b.homes.add(c.who().User)
	by, err := b.facts(ctx, c.who(), submitFacts)
	var kept approvals.Delegation
	if err == nil {
		kept, err = b.delegate(ctx, by, a)
	}
	return b.delegationAnswered(c.place(), by, kept, err)
}

func (b *Bot) delegateOffClicked(ctx context.Context, c click) (answer, error) {
	b.homes.add(c.who().User)
	return b.delegateEnd(ctx, c.place())
}

// delegateEnd takes somebody's right to decide back.
func (b *Bot) delegateEnd(ctx context.Context, at place) (answer, error) {
	by, err := b.facts(ctx, at.who, submitFacts)
	var kept approvals.Delegation
	if err == nil {
		now := b.cfg.Now()
		kept, err = b.cfg.Service.Delegate(ctx, by, approvals.PersonID{}, now, now)
	}
	return b.delegationAnswered(at, by, kept, err)
}

func (b *Bot) delegationAnswered(at place, by approvals.Person, kept approvals.Delegation, err error) (answer, error) {
	if err == nil {
		return answer{later: b.delegated(at, by, kept)}, nil
	}
	return answer{later: func(ctx context.Context) { b.tellWhy(ctx, at, "delegating", err) }}, nil
}

// picked takes note of nothing: a choice counts when its button is pressed.
func (b *Bot) picked(context.Context, click) (answer, error) { return answer{}, nil }

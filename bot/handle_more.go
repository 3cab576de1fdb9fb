package bot

import (
	"context"
	"errors"

	"partnerbot/approvals"
)

// more answers More with everything that is known of a request, to those who may
// see it.
func (b *Bot) more(ctx context.Context, c click) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", ActionMore)
		return answer{}, nil
	}
	return answer{later: func(ctx context.Context) {
		at := c.place()
		look, cancel := context.WithTimeout(ctx, formFacts)
		defer cancel()
		r, trail, err := b.cfg.Service.Story(look, t.ID, at.who)
		switch {
		case err == nil && r.Tag != t.Tag:
			err = approvals.ErrOldCard.With("id", string(t.ID))
		case errors.Is(err, approvals.ErrNotFound):
			err = approvals.ErrNotFound.With("id", string(t.ID))
		}
		locale := b.knownLocale(ctx, at.who)
		late := b.words().Notice(locale, "decide.late", Args{"id": t.ID, "button": b.words().Say(locale, "button.more", nil)})
		switch {
		case look.Err() != nil:
			b.tell(ctx, at, late)
		case err != nil:
			b.tellWhy(ctx, at, "opening_more", err)
		default:
			b.openView(ctx, at, c.Trigger, b.cfg.Desk.render.at(b.cfg.Now()).More(locale, r, trail), late)
		}
	}}, nil
}

package bot

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// requestsAsked answers /partner-requests: the list, one story, who decides for
// somebody who is away, or the help.
// The channel may be one that the bot is not in, so it answers by response URL.
func (b *Bot) requestsAsked(_ context.Context, c command) (answer, error) {
	words := strings.Fields(c.Text)
	switch {
	case len(words) == 0:
		return b.list(c.place(), approvals.Query{Limit: PageSize}, b.tell), nil
	case isHelp(c.Text):
		return b.help(c), nil
	case strings.EqualFold(words[0], "delegate"):
		return b.delegateTyped(c, strings.TrimSpace(c.Text)[len(words[0]):])
	case len(words) == 2 && strings.EqualFold(words[0], "show"):
		words = words[1:]
	}
	id, ok := approvals.ParseID(words[0])
	if !ok || len(words) > 1 {
		return answer{later: func(ctx context.Context) {
			b.tell(ctx, c.place(), b.words().Notice(b.cfg.Desk.locale(ctx, c.who()), "requests.unknown", Args{"typed": cut(plainTyped(c.Text), maxName)}))
		}}, nil
	}
	return b.story(c.place(), id, b.tell), nil
}

// older and newer turn the pages of a list, in place.
func (b *Bot) older(ctx context.Context, c click) (answer, error) {
	return b.page(ctx, c, func(n uint64) approvals.Query { return approvals.Query{Before: n, Limit: PageSize} })
}

func (b *Bot) newer(ctx context.Context, c click) (answer, error) {
	return b.page(ctx, c, func(n uint64) approvals.Query { return approvals.Query{After: n, Limit: PageSize} })
}

func (b *Bot) page(ctx context.Context, c click, from func(uint64) approvals.Query) (answer, error) {
	if n, err := strconv.ParseUint(c.value, 10, 64); err == nil {
		say := b.tell
		if c.Container.IsEphemeral { // what everybody sees is never replaced by what one person may
			say = b.replace
		}
		return b.list(c.place(), from(n), say), nil
	}
	b.passOver(ctx, "value", "page")
	return answer{}, nil
}

// list reads a page of what somebody may see and says it.
func (b *Bot) list(at place, q approvals.Query, say func(context.Context, place, Message)) answer {
	return answer{later: func(ctx context.Context) {
		page, admin, err := b.cfg.Service.Pending(ctx, at.who, q)
		if err != nil {
			b.tellWhy(ctx, at, "listing_requests", err)
			return
		}
		var wrong []approvals.Incident
		if admin {
			wrong = b.wrong(ctx, at.who)
		}
		locale := b.cfg.Desk.locale(ctx, at.who)
		say(ctx, at, b.cfg.Desk.render.List(locale, page, wrong, admin, at.who, b.cfg.Now()))
	}}
}

// wrong is the trouble that everybody has, for an admin. A list is shown without
// it rather than not at all.
func (b *Bot) wrong(ctx context.Context, who approvals.PersonID) []approvals.Incident {
	all, err := b.cfg.Service.Incidents(ctx, who)
	if err != nil {
		b.fault(ctx, "listing_incidents", who, err)
	}
	return all
}

// show tells a request's story: in private where the button was, or in a modal
// where there is no channel, as in App Home.
func (b *Bot) show(ctx context.Context, c click) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", ActionShow)
		return answer{}, nil
	}
	if c.ResponseURL != "" {
		return b.story(c.place(), t.ID, b.tell), nil
	}
	return b.story(c.place(), t.ID, func(ctx context.Context, at place, m Message) {
		locale := b.knownLocale(ctx, at.who)
		b.openView(ctx, at, c.Trigger, slack.ModalViewRequest{
			Type:   slack.VTModal,
			Title:  plainText(string(t.ID), maxModalTitle),
			Close:  plainText(b.words().Say(locale, "story.close", nil), maxModalTitle),
			Blocks: slack.Blocks{BlockSet: m.Blocks},
		}, m)
	}), nil
}

func (b *Bot) story(at place, id approvals.RequestID, say func(context.Context, place, Message)) answer {
	return answer{later: func(ctx context.Context) {
		r, trail, err := b.cfg.Service.Story(ctx, id, at.who)
		if errors.Is(err, approvals.ErrNotFound) {
			err = approvals.ErrNotFound.With("id", string(id))
		}
		if err != nil {
			b.tellWhy(ctx, at, "telling_story", err)
			return
		}
		say(ctx, at, b.cfg.Desk.render.Story(b.cfg.Desk.locale(ctx, at.who), r, trail))
	}}
}

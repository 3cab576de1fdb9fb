package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// words is the catalogue.
func (b *Bot) words() *Words { return b.cfg.Desk.render.Words }

// facts describe somebody by a recent reading, or a fresh one within limit.
func (b *Bot) facts(ctx context.Context, id approvals.PersonID, limit time.Duration) (approvals.Person, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return b.cfg.Desk.hurried.Recent(ctx, id, factsAge)
}

// knownLocale is the language somebody reads, as far as it is known without
// asking: it is for before an acknowledgement and while a trigger runs out.
func (b *Bot) knownLocale(ctx context.Context, id approvals.PersonID) string {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	return b.cfg.Desk.locale(ended, id)
}

// tell says something to one person in private. It is a courtesy: whatever had
// to be kept is on disk by now, so an error is logged and goes no further.
func (b *Bot) tell(ctx context.Context, at place, m Message) {
	err := b.cfg.Desk.Whisper(ctx, Whisper{To: at.who, URL: at.url, Channel: at.channel}, m)
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "person not told", "person", at.who.String(), "code", codeOf(err))
	}
}

// tellWhy says why something did not happen: the sentence of a refusal, or for
// a fault the reference under which it is in the log.
func (b *Bot) tellWhy(ctx context.Context, at place, doing string, err error) {
	locale := b.cfg.Desk.locale(ctx, at.who)
	if refusals := refusalsIn(err); len(refusals) > 0 {
		b.tell(ctx, at, b.words().Refused(locale, refusals[0]))
		return
	}
	ref := b.fault(ctx, doing, at.who, err)
	b.tell(ctx, at, b.words().Notice(locale, "fault.command", Args{"reference": ref}))
}

// replace puts m in the place of the private message whose button was pressed;
// if that cannot be done any more it is said anew.
func (b *Bot) replace(ctx context.Context, at place, m Message) {
	if !b.cfg.Desk.mayReply(at.url) {
		b.tell(ctx, at, m)
		return
	}
	err := slack.PostWebhookCustomHTTPContext(ctx, at.url, b.cfg.Desk.http, &slack.WebhookMessage{
		Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}, ReplaceOriginal: true, ResponseType: slack.ResponseTypeEphemeral,
	})
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "message not replaced", "person", at.who.String())
		at.url = ""
		b.tell(ctx, at, m)
	}
}

package bot

import (
	"cmp"
	"context"
	"errors"
	"time"

	"partnerbot/approvals"
)

// denyFacts is how long Deny looks at who is asking before its form opens
// anyway: a trigger lives three seconds.
const denyFacts = 1800 * time.Millisecond

// approve keeps a press of Approve. An empty answer means that it is on disk.
func (b *Bot) approve(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.Approve)
}

// retry keeps an admin's order to try again after a failure.
func (b *Bot) retry(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.Retry)
}

func (b *Bot) press(ctx context.Context, c click, v approvals.Verdict) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", string(v))
		return answer{}, nil
	}
	_, err := b.cfg.Service.Press(ctx, t.ID, approvals.Press{By: c.who(), Verdict: v, Stage: t.Stage, Tag: t.Tag, Reply: c.ResponseURL})
	return b.kept(ctx, c.place(), string(v), t.ID, err)
}

// withdraw takes a request back for its requester.
func (b *Bot) withdraw(ctx context.Context, c click) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", ActionWithdraw)
		return answer{}, nil
	}
	_, err := b.cfg.Service.Withdraw(ctx, t.ID, approvals.Withdrawn{By: c.who(), Tag: t.Tag})
	a, err := b.kept(ctx, c.place(), ActionWithdraw, t.ID, err)
	if err == nil && a.later == nil {
		a.later = b.homeAgain(c.who())
	}
	return a, err
}

// kept answers what was to be kept: a refusal is whispered after the
// acknowledgement, a fault leaves the click unacknowledged.
func (b *Bot) kept(ctx context.Context, at place, what string, id approvals.RequestID, err error) (answer, error) {
	switch {
	case err == nil:
		b.cfg.Log.InfoContext(ctx, "press kept", "press", what, "request", string(id), "person", at.who.String())
		return answer{}, nil
	case len(refusalsIn(err)) > 0:
		b.unnoted(ctx, what, at.who, err)
		return answer{later: func(ctx context.Context) {
			b.tellWhy(ctx, at, what, b.cfg.Service.Tell(ctx, id, at.who, refusalsIn(err)[0]))
		}}, nil
	}
	return answer{}, err
}

// unnoted logs that a refusal is not in the trail: its person is told it all the same.
func (b *Bot) unnoted(ctx context.Context, doing string, who approvals.PersonID, err error) {
	if u, ok := errors.AsType[*approvals.UnnotedError](err); ok {
		b.fault(ctx, doing, who, u.Fault)
	}
}

// askWhy answers Deny with a form for the reason, or with the refusal that the
// form would end in. It decides nothing.
func (b *Bot) askWhy(ctx context.Context, c click) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", ActionDeny)
		return answer{}, nil
	}
	return answer{later: func(ctx context.Context) { b.openDenyForm(ctx, c, t) }}, nil
}

func (b *Bot) openDenyForm(ctx context.Context, c click, t Target) {
	at := c.place()
	look, cancel := context.WithTimeout(ctx, denyFacts)
	defer cancel()
	r, err := b.cfg.Service.MayDecide(look, t.ID, approvals.Press{By: c.who(), Stage: t.Stage, Tag: t.Tag})
	switch {
	case len(refusalsIn(err)) > 0, r.ID == "":
		b.unnoted(ctx, "opening_deny_form", at.who, err)
		b.tellWhy(ctx, at, "opening_deny_form", err)
		return
	case err != nil:
		b.cfg.Log.WarnContext(ctx, "approver unreadable", "request", string(t.ID), "person", at.who.String(), "code", codeOf(err))
	}
	locale := b.knownLocale(ctx, at.who)
	t.Channel = cmp.Or(at.channel, r.CurrentStage().Channel)
	form := b.cfg.Desk.render.DenyForm(locale, r)
	if err != nil { // who asks is not known, so the form says nothing of the request
		form.Blocks.BlockSet = form.Blocks.BlockSet[1:]
	}
	form.PrivateMetadata = t.Value()
	b.openView(ctx, at, c.Trigger, form, b.words().Notice(locale, "deny.late", Args{"id": t.ID}))
}

// deny keeps a submitted reason. A refusal of the reason keeps the form open;
// any other closes it and is whispered where the card is.
func (b *Bot) deny(ctx context.Context, i interaction) (answer, error) {
	t, ok := ParseTarget(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", CallbackDeny)
		return answer{}, nil
	}
	_, err := b.cfg.Service.Press(ctx, t.ID, approvals.Press{
		By: i.who(), Verdict: approvals.Deny, Reason: i.View.text(string(approvals.FieldReason)), Stage: t.Stage, Tag: t.Tag,
	})
	for _, r := range refusalsIn(err) {
		if r.Field == approvals.FieldReason {
			sentences, _ := b.atFields(b.knownLocale(ctx, i.who()), i.View, err)
			return answer{reply: fieldErrors(sentences)}, nil
		}
	}
	return b.kept(ctx, place{who: i.who(), channel: t.Channel}, string(approvals.Deny), t.ID, err)
}

package bot

import (
	"cmp"
	"context"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// opener is a button of a card that opens a form.
type opener struct {
	verdict approvals.Verdict
	action  string
	draw    func(d render, locale string, r approvals.Request) slack.ModalViewRequest
	bare    bool // the form makes sense without its first block, to somebody unknown
}

// askWhy answers Deny with a form for the reason.
func (b *Bot) askWhy(ctx context.Context, c click) (answer, error) {
	return b.opens(ctx, c, opener{approvals.Deny, ActionDeny, render.DenyForm, true})
}

// askWhat answers Ask with a form for the question.
func (b *Bot) askWhat(ctx context.Context, c click) (answer, error) {
	return b.opens(ctx, c, opener{approvals.Ask, ActionAsk, render.AskForm, true})
}

// askHow answers Change with a form for what is to be given instead.
func (b *Bot) askHow(ctx context.Context, c click) (answer, error) {
	return b.opens(ctx, c, opener{approvals.Narrow, ActionChange, func(d render, locale string, r approvals.Request) slack.ModalViewRequest {
		return d.ChangeForm(locale, r, b.cfg.Now())
	}, false})
}

// askWho answers an Approve that has to say who decides next.
func (b *Bot) askWho(ctx context.Context, c click) (answer, error) {
	return b.opens(ctx, c, opener{approvals.Approve, ActionChoose, render.ChooseForm, false})
}

// askEnd answers Revoke with a form for the reason.
func (b *Bot) askEnd(ctx context.Context, c click) (answer, error) {
	return b.opens(ctx, c, opener{approvals.Revoke, ActionRevoke, render.RevokeForm, true})
}

// opens answers a button with its form, or with the refusal that the form would
// end in. It decides nothing.
func (b *Bot) opens(ctx context.Context, c click, o opener) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", o.action)
		return answer{}, nil
	}
	return answer{later: func(ctx context.Context) { b.openDecision(ctx, c, t, o) }}, nil
}

func (b *Bot) openDecision(ctx context.Context, c click, t Target, o opener) {
	at, doing := c.place(), "opening_form_"+o.action
	look, cancel := context.WithTimeout(ctx, formFacts)
	defer cancel()
	r, err := b.cfg.Service.MayDecide(look, t.ID, t.press(c.who(), o.verdict))
	switch refusals := refusalsIn(err); {
	case len(refusals) > 0:
		b.unnoted(ctx, doing, at.who, err)
		b.tellRefused(ctx, at, r, refusals[0])
		return
	case r.ID == "":
		b.tellWhy(ctx, at, doing, err)
		return
	case err != nil:
		b.cfg.Log.WarnContext(ctx, "approver unreadable", "request", string(t.ID), "person", at.who.String(), "code", codeOf(err))
		if !o.bare {
			b.tellWhy(ctx, at, doing, approvals.ErrUnreadable.With("id", string(t.ID)))
			return
		}
	}
	locale := b.knownLocale(ctx, at.who)
	if m, pointless := b.pointless(locale, r, o.verdict); pointless && err == nil {
		b.tell(ctx, at, m)
		return
	}
	t.Channel = cmp.Or(at.channel, r.CurrentStage().Channel)
	form := o.draw(b.cfg.Desk.render, locale, r)
	if err != nil { // who asks is not known, so the form says nothing of the request
		form.Blocks.BlockSet = form.Blocks.BlockSet[1:]
	}
	form.PrivateMetadata = t.Value()
	if o.verdict == approvals.Narrow {
		form.PrivateMetadata = changing{Target: t, was: r.Terms(), all: len(r.Access.Grants)}.write()
	}
	late := b.words().Notice(locale, "decide.late", Args{"id": t.ID, "button": b.words().Say(locale, "button."+o.action, nil)})
	b.openView(ctx, at, c.Trigger, form, late)
}

// pointless says why a form would lead nowhere, for whoever may press its button.
func (b *Bot) pointless(locale string, r approvals.Request, v approvals.Verdict) (Message, bool) {
	_, asked := r.Asked()
	switch {
	case v == approvals.Ask && asked:
		return b.words().Refused(locale, approvals.ErrAskedAlready.With("id", string(r.ID))), true
	case v == approvals.Narrow && !lessToGive(r, b.cfg.Now()):
		return b.words().Notice(locale, "change.none", Args{"id": r.ID}), true
	}
	return Message{}, false
}

// deny keeps a submitted reason.
func (b *Bot) deny(ctx context.Context, i interaction) (answer, error) {
	return b.worded(ctx, i, approvals.Deny)
}

// ask keeps a submitted question to the requester.
func (b *Bot) ask(ctx context.Context, i interaction) (answer, error) {
	return b.worded(ctx, i, approvals.Ask)
}

// revoke keeps that somebody ends an access.
func (b *Bot) revoke(ctx context.Context, i interaction) (answer, error) {
	return b.worded(ctx, i, approvals.Revoke)
}

// worded keeps what somebody says in words of their own.
func (b *Bot) worded(ctx context.Context, i interaction, v approvals.Verdict) (answer, error) {
	t, ok := ParseTarget(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", string(v))
		return answer{}, nil
	}
	p := t.press(i.who(), v)
	p.Reason = i.View.text(string(approvals.FieldReason))
	return b.submitted(ctx, i, t, p)
}

// choose keeps an approval that says who decides next.
func (b *Bot) choose(ctx context.Context, i interaction) (answer, error) {
	t, ok := ParseTarget(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", CallbackChoose)
		return answer{}, nil
	}
	p := t.press(i.who(), approvals.Approve)
	p.Choose = i.View.user(string(approvals.FieldChoose))
	if _, asked := i.View.State.Values[string(approvals.FieldChoose)]; asked && p.Choose == "" {
		return b.wrongFields(ctx, i, approvals.ErrChooseNeeded.With("id", string(t.ID))), nil
	}
	return b.submitted(ctx, i, t, p)
}

// submitted keeps a form's press. A refusal of a field keeps the form open; any
// other closes it and is whispered where the card is.
func (b *Bot) submitted(ctx context.Context, i interaction, t Target, p approvals.Press) (answer, error) {
	r, err := b.cfg.Service.Press(ctx, t.ID, p)
	for _, refused := range refusalsIn(err) {
		if _, here := i.View.State.Values[string(refused.Field)]; here && refused.Field != "" {
			return b.wrongFields(ctx, i, err), nil
		}
	}
	r.ID = t.ID
	return b.keptOf(ctx, place{who: i.who(), channel: t.Channel}, string(p.Verdict), r, err)
}

// wrongFields keeps a form open with a sentence at every field that is wrong.
func (b *Bot) wrongFields(ctx context.Context, i interaction, err error) answer {
	sentences, _ := b.atFields(b.knownLocale(ctx, i.who()), i.View, err)
	return answer{reply: fieldErrors(sentences)}
}

// called is a refusal with the names of the admins to ask, as far as they are known
// here: an error at a field mentions nobody.
func (b *Bot) called(r *approvals.Refusal) *approvals.Refusal {
	var names []string
	for id := range strings.SplitSeq(r.Args["admins"], ",") {
		if got, ok := b.cfg.Desk.known.of(id); ok && len(names) < 3 {
			names = append(names, typed(got.who.Name))
		}
	}
	if len(names) == 0 {
		return r
	}
	return r.With("called", strings.Join(names, ", "))
}

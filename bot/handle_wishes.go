package bot

import (
	"context"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// wishFacts is how long it may take to read a request before its form opens: a
// trigger lives three seconds.
const wishFacts = 1800 * time.Millisecond

// edit opens the form in which a requester changes what they asked for.
func (b *Bot) edit(ctx context.Context, c click) (answer, error) {
	return b.wish(ctx, c, ActionEdit, func(locale string, r approvals.Request, t Target) (slack.ModalViewRequest, error) {
		if err := r.Changeable(c.who(), t.Tag); err != nil {
			return slack.ModalViewRequest{}, err
		}
		return b.cfg.Desk.render.EditForm(locale, r, formFor(r)), nil
	})
}

// answerClicked opens the form for the answer to an approver's question.
func (b *Bot) answerClicked(ctx context.Context, c click) (answer, error) {
	return b.wish(ctx, c, ActionAnswer, func(locale string, r approvals.Request, t Target) (slack.ModalViewRequest, error) {
		q, asked := r.Asked()
		switch {
		case t.Tag != r.Tag:
			return slack.ModalViewRequest{}, approvals.ErrOldCard.With("id", string(r.ID))
		case !asked:
			return slack.ModalViewRequest{}, approvals.ErrNotAsked.With("id", string(r.ID))
		}
		return b.cfg.Desk.render.AnswerForm(locale, r, q), nil
	})
}

// wish opens a form about somebody's own request, or says why there is none.
func (b *Bot) wish(ctx context.Context, c click, what string, form func(locale string, r approvals.Request, t Target) (slack.ModalViewRequest, error)) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", what)
		return answer{}, nil
	}
	return answer{later: func(ctx context.Context) {
		at := c.place()
		look, cancel := context.WithTimeout(ctx, wishFacts)
		defer cancel()
		r, err := b.mine(look, t.ID, c.who())
		locale := b.knownLocale(ctx, c.who())
		var view slack.ModalViewRequest
		if err == nil {
			view, err = form(locale, r, t)
		}
		if err != nil {
			b.tellWhy(ctx, at, "opening_"+what, err)
			return
		}
		b.openView(ctx, at, c.Trigger, view, b.words().Notice(locale, "wish.late", Args{"id": t.ID}))
	}}, nil
}

// mine is somebody's own request.
func (b *Bot) mine(ctx context.Context, id approvals.RequestID, who approvals.PersonID) (approvals.Request, error) {
	r, _, err := b.cfg.Service.Story(ctx, id, who)
	switch {
	case err != nil:
		return approvals.Request{}, err
	case !r.Requester.Same(who):
		return approvals.Request{}, approvals.ErrOnlyRequester.With("id", string(id))
	}
	return r, nil
}

// editDrawn is the form for a change as it looks with what is in it.
func (b *Bot) editDrawn(ctx context.Context, i interaction, f Form) (slack.ModalViewRequest, bool) {
	t, ok := ParseTarget(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", CallbackEdit)
		return slack.ModalViewRequest{}, false
	}
	r, err := b.mine(ctx, t.ID, i.who())
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "form not drawn", "request", string(t.ID), "person", i.who().String(), "code", codeOf(err))
		return slack.ModalViewRequest{}, false
	}
	view := b.cfg.Desk.render.EditForm(b.knownLocale(ctx, i.who()), r, f)
	view.PrivateMetadata = i.View.Metadata // what was seen when the form opened is what is changed
	return view, true
}

// edited keeps a change of a request. What the policy refuses is said at its
// field; a request that cannot be changed any more closes the form.
func (b *Bot) edited(ctx context.Context, i interaction) (answer, error) {
	t, ok := ParseTarget(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", CallbackEdit)
		return answer{}, nil
	}
	by, unread, err := b.submitter(ctx, i)
	if unread != nil {
		return *unread, nil
	}
	if err == nil {
		_, err = b.cfg.Service.Edit(ctx, t.ID, t.Tag, t.Edition, draft(i.View, by))
	}
	for refused, said := range map[*approvals.Refusal]string{approvals.ErrChangeNothing: "edit.nothing", approvals.ErrStaleTerms: "edit.stale"} {
		if slices.ContainsFunc(refusalsIn(err), func(r *approvals.Refusal) bool { return r.Is(refused) }) {
			sentence := b.words().Say(by.Locale, said, Args{"id": t.ID, "button": b.words().Say(by.Locale, "button.edit", nil)})
			return answer{reply: fieldErrors(map[string]string{i.View.anchor(): sentence})}, nil
		}
	}
	return b.wished(ctx, i, t.ID, CallbackEdit, by.Locale, err)
}

// answered keeps an answer to a question.
func (b *Bot) answered(ctx context.Context, i interaction) (answer, error) {
	a, ok := parseQuestion(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", CallbackAnswer)
		return answer{}, nil
	}
	_, err := b.cfg.Service.Answer(ctx, a.ID, approvals.Answered{
		By: i.who(), Tag: a.Tag, Asked: a.At, Text: i.View.text(string(approvals.FieldAnswer)),
	})
	return b.wished(ctx, i, a.ID, CallbackAnswer, b.knownLocale(ctx, i.who()), err)
}

// wished answers a form about somebody's own request.
func (b *Bot) wished(ctx context.Context, i interaction, id approvals.RequestID, what, locale string, err error) (answer, error) {
	if slices.ContainsFunc(refusalsIn(err), mendable) {
		sentences, _ := b.atFields(locale, i.View, err)
		return answer{reply: fieldErrors(sentences)}, nil
	}
	a, err := b.kept(ctx, i.place(), what, id, err)
	if err == nil && a.later == nil {
		a.later = b.homeAgain(i.who())
	}
	return a, err
}

// mendable reports whether somebody can do something about a refusal in the form
// that it is of.
func mendable(r *approvals.Refusal) bool {
	return r.Field != "" || r.Is(approvals.ErrByRule) || r.Is(approvals.ErrRuleBroken) || r.Is(approvals.ErrEditStages)
}

// nudge reminds the approvers for a requester, who is told that it was done.
func (b *Bot) nudge(ctx context.Context, c click) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", ActionNudge)
		return answer{}, nil
	}
	r, err := b.cfg.Service.Nudge(ctx, t.ID, approvals.Nudged{By: c.who(), Tag: t.Tag})
	a, err := b.kept(ctx, c.place(), ActionNudge, t.ID, err)
	if err == nil && a.later == nil {
		a.later = func(ctx context.Context) {
			locale := b.cfg.Desk.locale(ctx, c.who())
			b.tell(ctx, c.place(), b.words().Notice(locale, "nudge.done", Args{"id": t.ID, "who": b.cfg.Desk.render.approvers(locale, r, r.Stage)}))
		}
	}
	return a, err
}

// giveBack ends somebody's own access before its time.
func (b *Bot) giveBack(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.Revoke)
}

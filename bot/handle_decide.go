package bot

import (
	"context"
	"errors"
	"time"

	"partnerbot/approvals"
)

// formFacts is how long a button looks at who is asking before its form opens
// anyway: a trigger lives three seconds.
const formFacts = 1800 * time.Millisecond

// approve keeps a press of Approve. An empty answer means that it is on disk.
func (b *Bot) approve(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.Approve)
}

// retry keeps an admin's order to try again after a failure.
func (b *Bot) retry(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.Retry)
}

// claim keeps that somebody is on it.
func (b *Bot) claim(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.OnIt)
}

// undo keeps that somebody takes their approval back, while it can be.
func (b *Bot) undo(ctx context.Context, c click) (answer, error) {
	return b.press(ctx, c, approvals.Undo)
}

func (b *Bot) press(ctx context.Context, c click, v approvals.Verdict) (answer, error) {
	t, ok := ParseTarget(c.value)
	if !ok {
		b.passOver(ctx, "value", string(v))
		return answer{}, nil
	}
	p := t.press(c.who(), v)
	p.Reply = c.ResponseURL
	r, err := b.cfg.Service.Press(ctx, t.ID, p)
	r.ID = t.ID
	return b.keptOf(ctx, c.place(), string(v), r, err)
}

// press is what somebody says about the request, stage and terms of a target.
func (t Target) press(by approvals.PersonID, v approvals.Verdict) approvals.Press {
	return approvals.Press{By: by, Verdict: v, Stage: t.Stage, Edition: t.Edition, Tag: t.Tag}
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
	return b.keptOf(ctx, at, what, approvals.Request{ID: id}, err)
}

// keptOf is kept about a request that is known as it is now.
func (b *Bot) keptOf(ctx context.Context, at place, what string, r approvals.Request, err error) (answer, error) {
	switch {
	case err == nil:
		b.cfg.Log.InfoContext(ctx, "press kept", "press", what, "request", string(r.ID), "person", at.who.String())
		return answer{}, nil
	case len(refusalsIn(err)) > 0:
		b.unnoted(ctx, what, at.who, err)
		return answer{later: func(ctx context.Context) {
			b.tellRefused(ctx, at, r, b.cfg.Service.Tell(ctx, r.ID, at.who, refusalsIn(err)[0]))
		}}, nil
	}
	return answer{}, err
}

// tellRefused says privately why something did not count, and if the request is
// another one by now, in what.
func (b *Bot) tellRefused(ctx context.Context, at place, r approvals.Request, why *approvals.Refusal) {
	b.tell(ctx, at, b.cfg.Desk.render.Refused(b.cfg.Desk.locale(ctx, at.who), r, why))
}

// unnoted logs that a refusal is not in the trail: its person is told it all the same.
func (b *Bot) unnoted(ctx context.Context, doing string, who approvals.PersonID, err error) {
	if u, ok := errors.AsType[*approvals.UnnotedError](err); ok {
		b.fault(ctx, doing, who, u.Fault)
	}
}

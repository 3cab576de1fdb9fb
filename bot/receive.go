package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"partnerbot/approvals"
)

// maxReply is what an acknowledgement may carry: Slack drops larger ones
// silently when they come over a socket.
const maxReply = 20_000

// answer is what a payload gets: the body of its acknowledgement, empty for a
// plain one, and what is to be done once Slack has it.
type answer struct {
	reply []byte
	later func(context.Context)
}

// receive is the way in, the same for both modes. When it returns without an
// error everything that had to be kept is on disk: reply may be sent, and after
// it later is run. With an error Slack must not be acknowledged. It calls
// nothing over the network but, for a submitted form, what Slack must say of who
// sent it, of their user groups and of who could decide, all within submitLooks.
func (b *Bot) receive(ctx context.Context, k kind, raw []byte) (reply []byte, later func(context.Context), err error) {
	ctx, cancel := context.WithTimeout(ctx, ackBudget)
	defer cancel()
	var a answer
	switch k {
	case kindCommand:
		a, err = b.receiveCommand(ctx, raw)
	case kindInteractive:
		a, err = b.receiveInteraction(ctx, raw)
	case kindEvent:
		a, err = b.receiveEvent(ctx, raw)
	default:
		b.passOver(ctx, "kind", string(k))
	}
	if errors.Is(err, errGarbled) {
		b.fault(ctx, "decoding_"+string(k), approvals.PersonID{}, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(a.reply) > maxReply {
		b.cfg.Log.ErrorContext(ctx, "reply too large", "kind", string(k), "bytes", len(a.reply))
		a.reply = nil
	}
	return a.reply, a.later, nil
}

// passOver notes what is acknowledged and means nothing to us.
func (b *Bot) passOver(ctx context.Context, what, name string) {
	b.cfg.Log.WarnContext(ctx, "payload passed over", "what", what, "name", name)
}

// receiveCommand answers a fault with a sentence: Slack shows people nothing
// else of it.
func (b *Bot) receiveCommand(ctx context.Context, raw []byte) (answer, error) {
	var c command
	if err := decode(raw, &c); err != nil {
		return answer{}, err
	}
	handle, ok := b.routes.commands[c.Name]
	if !ok {
		b.passOver(ctx, "command", c.Name)
		return answer{}, nil
	}
	a, err := guarded(func() (answer, error) {
		if c.User == "" {
			return answer{}, errNoPerson
		}
		return handle(ctx, c)
	})
	if err != nil {
		ref := b.fault(ctx, c.Name, c.who(), err)
		return answer{reply: ephemeral(b.words().Say(b.knownLocale(ctx, c.who()), "fault.command", Args{"reference": ref}))}, nil
	}
	return a, nil
}

func (b *Bot) receiveInteraction(ctx context.Context, raw []byte) (answer, error) {
	var i interaction
	if err := decode(raw, &i); err != nil {
		return answer{}, err
	}
	switch i.Type {
	case "block_actions":
		return b.receiveClick(ctx, i)
	case "view_submission":
		return b.receiveSubmission(ctx, i)
	}
	b.passOver(ctx, "interaction", i.Type)
	return answer{}, nil
}

// receiveClick leaves a click that could not be kept unacknowledged, so that
// Slack tells the person.
func (b *Bot) receiveClick(ctx context.Context, i interaction) (answer, error) {
	for _, act := range i.Actions {
		handle, ok := b.routes.actions[actionName(act.ID)]
		if !ok {
			b.passOver(ctx, "action", act.ID)
			continue
		}
		a, err := guarded(func() (answer, error) {
			if i.User.ID == "" {
				return answer{}, errNoPerson
			}
			return handle(ctx, click{interaction: i, value: act.Value})
		})
		if err != nil {
			ref := b.fault(ctx, act.ID, i.who(), err)
			return answer{}, fmt.Errorf("keeping a click, reference %s: %w", ref, err)
		}
		return a, nil
	}
	return answer{}, nil
}

// receiveSubmission keeps a form open that could not be kept, with everything
// that was typed in it.
func (b *Bot) receiveSubmission(ctx context.Context, i interaction) (answer, error) {
	handle, ok := b.routes.submissions[i.View.Callback]
	if !ok {
		b.passOver(ctx, "submission", i.View.Callback)
		return answer{}, nil
	}
	a, err := guarded(func() (answer, error) {
		if i.User.ID == "" {
			return answer{}, errNoPerson
		}
		looking, cancel := limitLooks(ctx, submitLooks)
		defer cancel()
		return handle(looking, i)
	})
	if err != nil {
		ref := b.fault(ctx, i.View.Callback, i.who(), err)
		sentence := b.words().Say(b.knownLocale(ctx, i.who()), "fault.form", Args{"reference": ref})
		return answer{reply: fieldErrors(map[string]string{i.View.anchor(): sentence})}, nil
	}
	return a, nil
}

// receiveEvent takes each event once, however often Slack delivers it.
func (b *Bot) receiveEvent(ctx context.Context, raw []byte) (answer, error) {
	var e event
	if err := decode(raw, &e); err != nil {
		return answer{}, err
	}
	handle, ok := b.routes.events[e.Inner.Type]
	if !ok || e.Type != "event_callback" {
		b.passOver(ctx, e.Type, e.Inner.Type)
		return answer{}, nil
	}
	if e.ID != "" && !b.events.add(e.ID) {
		return answer{}, nil
	}
	a, err := guarded(func() (answer, error) { return handle(ctx, e) })
	if err != nil {
		b.events.drop(e.ID)
		ref := b.fault(ctx, e.Inner.Type, e.who(), err)
		return answer{}, fmt.Errorf("taking an event, reference %s: %w", ref, err)
	}
	return a, nil
}

// ephemeral is the acknowledgement of a command that says something to its
// typer alone. The sentence is ours, never typed text.
func ephemeral(sentence string) []byte {
	return reply(map[string]any{"response_type": "ephemeral", "text": sentence})
}

// fieldErrors keeps a form open with a sentence at each block named.
func fieldErrors(sentences map[string]string) []byte {
	return reply(map[string]any{"response_action": "errors", "errors": sentences})
}

// reply writes a map of strings, which cannot fail.
func reply(body map[string]any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	return raw
}

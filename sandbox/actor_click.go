package sandbox

import (
	"context"
	"fmt"
)

const (
	notResponding = "partnerbot did not respond. Try again in a moment."
	trouble       = "We had some trouble connecting. Try again?"
)

// spot says what was clicked: an element by its action ID, or a button by its text, in any block or in one; value is
// the button's own, or the choice made. state is what else was entered around it.
type spot struct {
	block, action, label, value string
	state                       map[string]map[string]map[string]any
}

// find is the element that the spot means.
func (s spot) find(blocks []map[string]any) (placed, bool) {
	for e := range elements(blocks) {
		isButton := str(e.element, "type") == "button"
		switch {
		case s.block != "" && s.block != str(e.block, "block_id"):
		case s.action != "" && s.action != str(e.element, "action_id"):
		case s.label != "" && (!isButton || s.label != str(object(e.element, "text"), "text")):
		case isButton && s.value != "" && s.value != str(e.element, "value"):
		default:
			return e, true
		}
	}
	return placed{}, false
}

func (s spot) String() string {
	if s.label != "" {
		return fmt.Sprintf("%q", s.label)
	}
	return s.action
}

// Click presses the element with this action ID in a message, and returns when the app has answered. A confirm dialog
// counts as confirmed.
func (a *Actor) Click(ctx context.Context, channelID, ts, actionID string) error {
	return a.clickMessage(ctx, channelID, ts, spot{action: actionID})
}

// ClickText presses the button with this text in a message.
func (a *Actor) ClickText(ctx context.Context, channelID, ts, buttonText string) error {
	return a.clickMessage(ctx, channelID, ts, spot{label: buttonText})
}

// Choose takes an option, a date or a person from an element of a message: by the option's text or value, the date, or
// the user ID.
func (a *Actor) Choose(ctx context.Context, channelID, ts, actionID, value string) error {
	return a.clickMessage(ctx, channelID, ts, spot{action: actionID, value: value})
}

// ClickView presses the element with this action ID in the top modal, with everything entered there so far.
func (a *Actor) ClickView(ctx context.Context, actionID string) error {
	return a.clickView(ctx, spot{action: actionID})
}

// ClickViewText presses the button with this text in the top modal.
func (a *Actor) ClickViewText(ctx context.Context, buttonText string) error {
	return a.clickView(ctx, spot{label: buttonText})
}

// ClickHome presses the element with this action ID, and of several the one with this value, in the app's Home.
func (a *Actor) ClickHome(ctx context.Context, actionID, value string) error {
	return a.clickHome(ctx, spot{action: actionID, value: value})
}

func (a *Actor) clickMessage(ctx context.Context, channelID, ts string, at spot) error {
	p, err := a.person()
	if err != nil {
		return err
	}
	w := a.w
	w.mu.Lock()
	m := w.findMessageLocked(channelID, ts)
	if m == nil || !w.visibleLocked(w.channels[channelID], a.id) || m.Ephemeral && m.ForUser != a.id {
		w.mu.Unlock()
		return fmt.Errorf("%s sees no message %s in %s", p.RealName, ts, channelID)
	}
	e, ok := at.find(m.Blocks)
	if !ok {
		w.mu.Unlock()
		return fmt.Errorf("there is no live %s in that message", at)
	}
	values := merged(initialValues(m.Blocks), at.state)
	action, err := w.actionLocked(e, at.value, values)
	if err != nil {
		w.mu.Unlock()
		return err
	}
	payload := w.interactionLocked("block_actions", p, "")
	container := map[string]any{
		"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.Ephemeral,
	}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	payload["container"] = container
	payload["channel"] = map[string]any{"id": m.Channel, "name": w.channels[m.Channel].Name}
	if !m.Ephemeral {
		payload["message"] = w.messageObject(m, true)
	}
	payload["state"] = map[string]any{"values": plainValues(values)}
	payload["response_url"] = w.responseURLLocked(m.Channel, p.ID, m)
	payload["actions"] = []any{action}
	w.mu.Unlock()
	return a.interact(ctx, payload, str(e.element, "action_id"))
}

// interact delivers a click; whatever the app puts in its answer is ignored, as Slack ignores it.
func (a *Actor) interact(ctx context.Context, payload map[string]any, what string) error {
	_, err := a.w.deliver(ctx, delivery{kind: "interactive", what: str(payload, "type") + " " + what, payload: payload})
	if err != nil {
		return a.notice(notResponding, err)
	}
	return nil
}

// actionLocked is the entry of "actions" for an element: a button's own fields, or what is chosen.
func (w *World) actionLocked(e placed, value string, values map[string]map[string]map[string]any) (map[string]any, error) {
	block, id, kind := str(e.block, "block_id"), str(e.element, "action_id"), str(e.element, "type")
	action := map[string]any{"action_id": id, "block_id": block, "type": kind, "action_ts": w.tsLocked()}
	if kind == "button" {
		for _, key := range []string{"text", "value", "style", "confirm", "url"} {
			if v, ok := e.element[key]; ok {
				action[key] = cloneAny(v)
			}
		}
		return action, nil
	}
	chosen := values[block][id]
	if value != "" || chosen == nil {
		var err error
		if chosen, err = w.choseLocked(e.element, chosen, value); err != nil {
			return nil, err
		}
		if kind != "overflow" {
			put(values, block, id, chosen)
		}
	}
	for key, v := range chosen {
		action[key] = cloneAny(v)
	}
	return action, nil
}

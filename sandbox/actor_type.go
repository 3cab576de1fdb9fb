package sandbox

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Type writes text into a field of the top modal, found by label, block ID or action ID, in place of what is there. If
// the app asked to hear of characters, it hears once, of the whole text, as of somebody who types faster than Slack
// asks; Type returns when it has answered.
func (a *Actor) Type(ctx context.Context, field, text string) error {
	return a.use(ctx, field, onCharacter, func(e placed, before map[string]any) (map[string]any, error) {
		return written(e, before, text)
	})
}

// Keystrokes writes text at the end of what is in a field, one character after the other; an app that asked to hear of
// characters has answered each before the next is written.
func (a *Actor) Keystrokes(ctx context.Context, field, text string) error {
	for _, character := range text {
		err := a.use(ctx, field, onCharacter, func(e placed, before map[string]any) (map[string]any, error) {
			return written(e, before, str(before, "value")+string(character))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// PressEnter presses the Enter key in a field. It is an error if that does nothing there.
func (a *Actor) PressEnter(ctx context.Context, field string) error {
	return a.use(ctx, field, onEnter, func(e placed, before map[string]any) (map[string]any, error) {
		if !e.tells(onEnter) {
			return nil, errors.New("the Enter key does nothing here")
		}
		return before, nil
	})
}

// Pick takes an option (by text or value), a date (YYYY-MM-DD) or a person (by user ID) in a field of the top modal, in
// place of what was chosen there; "" takes the choice back. The app hears of it if it asked to.
func (a *Actor) Pick(ctx context.Context, field, value string) error {
	return a.use(ctx, field, "", func(e placed, before map[string]any) (map[string]any, error) {
		if key, _ := holder(str(e.element, "type")); several(key) || key == "value" {
			return nil, fmt.Errorf("a %s is not picked from", e.element["type"])
		}
		return a.w.choseLocked(e.element, before, value)
	})
}

// Tick adds choices to a field of the top modal that takes several, one after the other, each by its text or value or,
// for people, by user ID. The app hears of each if it asked to.
func (a *Actor) Tick(ctx context.Context, field string, values ...string) error {
	return a.each(ctx, field, values, func(e placed, before map[string]any, value string) (map[string]any, error) {
		return a.w.choseLocked(e.element, before, value)
	})
}

// Untick takes choices of a field back, one after the other.
func (a *Actor) Untick(ctx context.Context, field string, values ...string) error {
	return a.each(ctx, field, values, func(e placed, before map[string]any, value string) (map[string]any, error) {
		key, _ := holder(str(e.element, "type"))
		one, err := a.w.choiceLocked(e.element, value)
		if err != nil {
			return nil, err
		}
		chosen, _ := before[key].([]any) // a list, always
		left := slices.DeleteFunc(slices.Clone(chosen), func(o any) bool { return reflect.DeepEqual(o, one) })
		return map[string]any{"type": before["type"], key: append([]any{}, left...)}, nil
	})
}

func (a *Actor) each(
	ctx context.Context, field string, values []string, change func(placed, map[string]any, string) (map[string]any, error),
) error {
	for _, value := range values {
		err := a.use(ctx, field, "", func(e placed, before map[string]any) (map[string]any, error) {
			if key, _ := holder(str(e.element, "type")); !several(key) {
				return nil, fmt.Errorf("a %s has nothing to tick", e.element["type"])
			}
			return change(e, before, value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func written(e placed, before map[string]any, text string) (map[string]any, error) {
	key, _ := holder(str(e.element, "type"))
	if key != "value" {
		return nil, fmt.Errorf("nobody can type into a %s", e.element["type"])
	}
	after := map[string]any{"type": before["type"], key: nil}
	if text != "" {
		after[key] = text
	}
	return after, nil
}

// use changes what a field of the top modal holds and tells the app, if the field asks for it on this occasion. What
// changes nothing is told only at Enter.
func (a *Actor) use(
	ctx context.Context, field, occasion string, change func(placed, map[string]any) (map[string]any, error),
) error {
	p, err := a.person()
	if err != nil {
		return err
	}
	a.w.mu.Lock()
	payload, name, err := a.w.fieldUsedLocked(p, field, occasion, change)
	a.w.mu.Unlock()
	if err != nil || payload == nil {
		return err
	}
	return a.interact(ctx, payload, name)
}

// fieldUsedLocked is the payload that the app gets, nil for none, and the action's name.
func (w *World) fieldUsedLocked(
	p Person, field, occasion string, change func(placed, map[string]any) (map[string]any, error),
) (payload map[string]any, name string, err error) {
	v, e, err := w.fieldLocked(p.ID, field)
	if err != nil {
		return nil, "", err
	}
	id := e.id()
	before := v.values[id.block][id.action]
	after, err := change(e, before)
	if err != nil {
		return nil, "", fmt.Errorf("using %s: %w", field, err)
	}
	if occasion != onEnter {
		if reflect.DeepEqual(before, after) {
			return nil, "", nil
		}
		v.enter(id, after)
		w.touchLocked()
	}
	if !e.tells(occasion) {
		return nil, "", nil
	}
	action, err := w.actionLocked(e, "", v.values)
	if err != nil {
		return nil, "", err
	}
	return w.usedLocked(p, v, action), id.action, nil
}

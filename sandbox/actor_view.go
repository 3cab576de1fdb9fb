package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

func (a *Actor) clickView(ctx context.Context, at spot) error {
	a.w.mu.Lock()
	v := a.w.topLocked(a.id)
	a.w.mu.Unlock()
	if v == nil {
		return errors.New("no modal is open")
	}
	return a.clickIn(ctx, v, at)
}

func (a *Actor) clickHome(ctx context.Context, at spot) error {
	a.w.mu.Lock()
	v := a.w.homes[a.id]
	a.w.mu.Unlock()
	if v == nil {
		return errors.New("the app has put nothing in Home")
	}
	return a.clickIn(ctx, v, at)
}

func (a *Actor) clickIn(ctx context.Context, v *view, at spot) error {
	p, err := a.person()
	if err != nil {
		return err
	}
	w := a.w
	w.mu.Lock()
	payload, err := w.clickedLocked(p, v, at)
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return a.interact(ctx, payload, str(objects(payload["actions"])[0], "action_id"))
}

// clickedLocked is the payload for the use of an element of a view.
func (w *World) clickedLocked(p Person, v *view, at spot) (map[string]any, error) {
	e, ok := at.find(objects(v.json["blocks"]))
	if !ok {
		return nil, fmt.Errorf("there is no live %s in that view", at)
	}
	v.take(at.state)
	if !e.live() {
		return nil, fmt.Errorf("nobody hears of %s before the modal is sent", at)
	}
	action, err := w.actionLocked(e, at.value, v.values)
	if err != nil {
		return nil, err
	}
	v.touched[e.id()] = true
	return w.usedLocked(p, v, action), nil
}

// usedLocked is the payload for one action in a view, with everything that is entered there.
func (w *World) usedLocked(p Person, v *view, action map[string]any) map[string]any {
	modal := ""
	if w.liveLocked(v) {
		modal = v.id
	}
	payload := w.interactionLocked("block_actions", p, modal)
	payload["container"] = map[string]any{"type": "view", "view_id": v.id}
	payload["view"] = v.wire()
	payload["actions"] = []any{action}
	return payload
}

// CloseView closes the top modal. The app hears of it if it asked to.
func (a *Actor) CloseView(ctx context.Context) error {
	p, err := a.person()
	if err != nil {
		return err
	}
	w := a.w
	w.mu.Lock()
	v := w.topLocked(a.id)
	if v == nil {
		w.mu.Unlock()
		return errors.New("no modal is open")
	}
	if truthy(v.json["clear_on_close"]) {
		w.popLocked(w.stacks[a.id][0])
	} else {
		w.popLocked(v)
	}
	var payload map[string]any
	if truthy(v.json["notify_on_close"]) {
		payload = w.interactionLocked("view_closed", p, "")
		delete(payload, "trigger_id")
		payload["view"], payload["is_cleared"] = v.wire(), truthy(v.json["clear_on_close"])
	}
	w.touchLocked()
	name := str(v.json, "callback_id")
	w.mu.Unlock()
	if payload == nil {
		return nil
	}
	return a.interact(ctx, payload, name)
}

// Submit sends the top modal. Faults that Slack itself finds, and those that the app reports, are an error here and
// stay in View().Errors; what was entered is kept.
func (a *Actor) Submit(ctx context.Context) error {
	p, err := a.person()
	if err != nil {
		return err
	}
	w := a.w
	w.mu.Lock()
	v := w.topLocked(a.id)
	if v == nil || v.json["submit"] == nil || v.busy {
		w.mu.Unlock()
		return errors.New("no modal that can be sent is open")
	}
	v.errors = unfit(objects(v.json["blocks"]), v.values)
	if len(v.errors) > 0 {
		w.touchLocked()
		w.mu.Unlock()
		return faulty(v.errors)
	}
	v.busy = true
	w.touchLocked()
	w.handOverLocked(v)
	payload := w.interactionLocked("view_submission", p, v.id)
	payload["view"], payload["response_urls"] = v.wire(), []any{}
	what := "view_submission " + str(v.json, "callback_id")
	w.mu.Unlock()
	reply, err := w.deliver(ctx, delivery{kind: "interactive", what: what, payload: payload})
	w.mu.Lock()
	v.busy = false
	w.touchLocked()
	if err == nil {
		err = w.submittedLocked(v, reply)
	}
	found := len(v.errors) > 0
	w.mu.Unlock()
	if err != nil && !found {
		return a.notice(trouble, err)
	}
	return err
}

// submittedLocked does what the app answered to a submission.
func (w *World) submittedLocked(v *view, reply ack) error {
	if reply.text != "" {
		return errAnswer
	}
	content := object(reply.body, "view")
	check := func(except *view) error {
		if code, _ := w.viewProblemLocked(content, "modal", except); code != "" {
			return fmt.Errorf("the app answered with a view that Slack refuses: %s", code)
		}
		return nil
	}
	switch action := str(reply.body, "response_action"); action {
	case "":
		if len(reply.body) > 0 {
			return errAnswer
		}
		w.popLocked(v)
		return nil
	case "clear":
		if w.liveLocked(v) {
			w.popLocked(w.stacks[v.owner][0])
		}
		return nil
	case "update":
		err := check(v)
		if err == nil {
			w.setLocked(v, content)
		}
		return err
	case "push":
		err := check(nil)
		if err == nil && len(w.stacks[v.owner]) >= maxDepth {
			err = errors.New("push_limit_reached")
		}
		if err == nil && w.liveLocked(v) {
			w.pushLocked(v.owner, content)
		}
		return err
	case "errors":
		return w.faultsLocked(v, object(reply.body, "errors"))
	}
	return errAnswer
}

// faultsLocked puts the app's sentences under the inputs; each must belong to an input block of the view.
func (w *World) faultsLocked(v *view, sentences map[string]any) error {
	blocks := objects(v.json["blocks"])
	found := map[string]string{}
	for id, sentence := range sentences {
		isInput := slices.ContainsFunc(blocks, func(b map[string]any) bool {
			return str(b, "type") == "input" && str(b, "block_id") == id
		})
		s, ok := sentence.(string)
		if !isInput || !ok || s == "" {
			return fmt.Errorf("the app answered with an error for %q, which is no input of the modal", id)
		}
		found[id] = s
	}
	if len(found) == 0 {
		return errAnswer
	}
	v.errors = found
	return faulty(found)
}

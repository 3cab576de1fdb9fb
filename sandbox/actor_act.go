package sandbox

import (
	"context"
	"fmt"
)

// Act is one thing a person does on the page.
type Act struct {
	As       string                               `json:"as"`
	Do       string                               `json:"do"` // say, click, view_click, home_click, submit, close_view, open_home, read, dismiss_notice, redeem
	Channel  string                               `json:"channel"`
	Text     string                               `json:"text"`
	TS       string                               `json:"ts"`
	BlockID  string                               `json:"block_id"`
	ActionID string                               `json:"action_id"`
	Value    string                               `json:"value"`
	State    map[string]map[string]map[string]any `json:"state"`
	Guest    string                               `json:"guest"`
}

// Act does what the page asks on behalf of a person. The error is the sentence that the person would read.
func (w *World) Act(ctx context.Context, act Act) error {
	a := w.As(act.As)
	if _, err := a.person(); err != nil {
		return err
	}
	at := spot{block: act.BlockID, action: act.ActionID, value: act.Value, state: act.State}
	switch act.Do {
	case "say":
		return a.Say(ctx, act.Channel, act.Text)
	case "click":
		return a.clickMessage(ctx, act.Channel, act.TS, at)
	case "view_click":
		return a.clickView(ctx, at)
	case "home_click":
		return a.clickHome(ctx, at)
	case "submit":
		a.enter(act.State)
		return a.Submit(ctx)
	case "close_view":
		return a.CloseView(ctx)
	case "open_home":
		return a.OpenHome(ctx)
	case "read":
		a.Read(act.Channel)
		return nil
	case "dismiss_notice":
		a.Dismiss()
		return nil
	case "redeem":
		return w.tenant.Redeem(act.Guest)
	}
	return fmt.Errorf("nobody can do %q here", act.Do)
}

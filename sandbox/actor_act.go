package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Act is one thing a person does on the page.
type Act struct {
	As       string                               `json:"as"`
	Do       string                               `json:"do"` // the cases of World.Act
	Channel  string                               `json:"channel"`
	Text     string                               `json:"text"`
	TS       string                               `json:"ts"`
	BlockID  string                               `json:"block_id"`
	ActionID string                               `json:"action_id"`
	Value    string                               `json:"value"`
	State    map[string]map[string]map[string]any `json:"state"`
	Guest    string                               `json:"guest"`
	Name     string                               `json:"name"`    // of a file
	Content  []byte                               `json:"content"` // of a file, in base64
	Seconds  int64                                `json:"seconds"` // that the clock is moved by
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
	case "attach":
		return a.Attach(act.BlockID, act.Name, act.Content)
	case "detach":
		return a.Detach(act.BlockID, act.Name)
	case "move_clock":
		return w.moveClock(time.Duration(act.Seconds) * time.Second)
	}
	return fmt.Errorf("nobody can do %q here", act.Do)
}

// longestMove is how far one press moves the clock, so that no typing error ends the world.
const longestMove = 400 * 24 * time.Hour

func (w *World) moveClock(by time.Duration) error {
	switch {
	case w.cfg.Move == nil:
		return errors.New("this world goes by the machine's clock, which the page does not move")
	case by <= 0 || by > longestMove:
		return errors.New("the clock goes forward only, by a year at most")
	}
	w.cfg.Move(by)
	w.touch()
	return nil
}

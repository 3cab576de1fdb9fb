package sandbox

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Actor is a person in the workspace, acting. Its methods block until Slack would show the result; their errors say
// what the person would read.
type Actor struct {
	w  *World
	id string
}

// As returns the person acting; an unknown ID gives an actor whose every act fails.
func (w *World) As(userID string) *Actor { return &Actor{w: w, id: userID} }

// ID is the person's user ID.
func (a *Actor) ID() string { return a.id }

func (a *Actor) person() (Person, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	p := a.w.people[a.id]
	if p == nil {
		return Person{}, fmt.Errorf("there is no %q in this workspace", a.id)
	}
	return *p, nil
}

// active is the person, if the account can still do something new.
func (a *Actor) active() (Person, error) {
	p, err := a.person()
	if err == nil && p.Deleted {
		err = fmt.Errorf("the account of %s is deactivated", p.RealName)
	}
	return p, err
}

// typedMail and typedURL are what Slack links of its own accord in the text after a command.
var (
	typedMail = regexp.MustCompile(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`)
	typedURL  = regexp.MustCompile(`https?://[^\s<>]+`)
)

// typed is text as Slack hands it on: & < > escaped, addresses and URLs as links.
func typed(text string) string {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	var out strings.Builder
	for i, word := range strings.Split(text, " ") {
		if i > 0 {
			out.WriteByte(' ')
		}
		switch {
		case typedURL.MatchString(word):
			out.WriteString(typedURL.ReplaceAllString(word, "<$0>"))
		default:
			out.WriteString(typedMail.ReplaceAllString(word, "<mailto:$0|$0>"))
		}
	}
	return out.String()
}

// Slash runs a slash command, as typed: "/invite-partner jane@acme.example why". It returns when the app has
// answered; an answer with text becomes a message only the person sees.
func (a *Actor) Slash(ctx context.Context, channelID, text string) error {
	p, err := a.active()
	if err != nil {
		return err
	}
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !slices.ContainsFunc(a.w.cfg.Commands, func(c Command) bool { return c.Command == name }) {
		return a.notice(fmt.Sprintf("%s is not a valid command.", name), nil)
	}
	if p.external() || p.Bot {
		return a.notice(fmt.Sprintf("%s can only be used by members of %s.", name, TeamName), nil)
	}
	w := a.w
	w.mu.Lock()
	c := w.channels[channelID]
	if !w.visibleLocked(c, a.id) {
		w.mu.Unlock()
		return fmt.Errorf("%s is not in channel %s", p.RealName, channelID)
	}
	fields := w.slashFieldsLocked(p, c, name, typed(strings.TrimSpace(rest)))
	w.mu.Unlock()

	ack, err := w.deliver(ctx, delivery{kind: "slash_commands", what: name, payload: fields})
	if err == nil {
		err = w.showAnswer(ack, channelID, a.id)
	}
	if err != nil {
		return a.notice(fmt.Sprintf("%s failed with the error %q", name, err), err)
	}
	return nil
}

// slashFieldsLocked are all the fields that Slack sends with a command.
func (w *World) slashFieldsLocked(p Person, c *channel, name, text string) map[string]any {
	channelName := c.Name
	if c.Private {
		channelName = "privategroup"
	}
	return map[string]any{
		"token": verificationToken, "team_id": TeamID, "team_domain": TeamDomain,
		"channel_id": c.ID, "channel_name": channelName, "user_id": p.ID, "user_name": p.Name,
		"command": name, "text": text, "api_app_id": AppID, "is_enterprise_install": "false",
		"response_url": w.responseURLLocked(c.ID, p.ID, nil), "trigger_id": w.triggerLocked(p.ID, ""),
	}
}

// Notice is the newest thing that Slack itself told the person, such as a command that failed.
func (a *Actor) Notice() string {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	return a.w.notices[a.id]
}

// Dismiss takes the notice away.
func (a *Actor) Dismiss() {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if a.w.notices[a.id] != "" {
		delete(a.w.notices, a.id)
		a.w.touchLocked()
	}
}

// notice shows the sentence to the person and returns it, with its cause if there is one, as the error of the act.
func (a *Actor) notice(sentence string, cause error) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.notices[a.id] = sentence
	a.w.touchLocked()
	if cause != nil {
		return fmt.Errorf("%s (%w)", sentence, cause)
	}
	return errors.New(sentence)
}

// OpenHome opens the app's Home tab: the app hears of it, if it is subscribed to app_home_opened.
func (a *Actor) OpenHome(ctx context.Context) error {
	p, err := a.active()
	if err != nil {
		return err
	}
	if p.external() || p.Bot {
		return errors.New("the app's Home is for members of its workspace")
	}
	w := a.w
	w.mu.Lock()
	event := map[string]any{
		"type": "app_home_opened", "user": a.id, "channel": w.dmLocked(a.id).ID, "tab": "home", "event_ts": w.tsLocked(),
	}
	if home := w.homes[a.id]; home != nil {
		event["view"] = home.wire()
	}
	w.mu.Unlock()
	return w.event(ctx, "app_home_opened", event)
}

// Home is what the app published for the person; nil if nothing.
func (a *Actor) Home() *View {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	return a.w.shownLocked(a.w.homes[a.id])
}

// View is the modal in front of the person; nil if there is none.
func (a *Actor) View() *View {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	return a.w.shownLocked(a.w.topLocked(a.id))
}

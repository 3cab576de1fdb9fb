package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Say types into the message box: a message, or a slash command when it starts with a slash. There is no box where the
// app takes no messages.
func (a *Actor) Say(ctx context.Context, channelID, text string) error {
	if strings.HasPrefix(text, "/") && !a.muted(channelID) {
		return a.Slash(ctx, channelID, text)
	}
	return a.post(ctx, channelID, "", text)
}

// Reply answers in the thread of a message. Slash commands of apps do not work there.
func (a *Actor) Reply(ctx context.Context, channelID, threadTS, text string) error {
	if strings.HasPrefix(text, "/") {
		return errors.New("commands of apps do not work in threads")
	}
	return a.post(ctx, channelID, threadTS, text)
}

func (a *Actor) muted(channelID string) bool { return a.w.cfg.MessagesReadOnly && channelID == a.DM() }

func (a *Actor) post(ctx context.Context, channelID, threadTS, text string) error {
	if a.muted(channelID) {
		return errors.New("this app takes no messages, so there is no message box")
	}
	if strings.TrimSpace(text) == "" {
		return errors.New("a message needs some text")
	}
	p, err := a.active()
	if err != nil {
		return err
	}
	w := a.w
	w.mu.Lock()
	c := w.channels[channelID]
	switch {
	case c == nil || !c.has(a.id):
		err = fmt.Errorf("%s is not in channel %s", p.RealName, channelID)
	case threadTS != "" && w.findMessageLocked(channelID, threadTS) == nil:
		err = fmt.Errorf("there is no message %s in %s to reply to", threadTS, channelID)
	}
	if err != nil {
		w.mu.Unlock()
		return err
	}
	m := w.addMessageLocked(&Message{Channel: channelID, User: a.id, Text: typed(text), ThreadTS: threadTS, Unfurls: true})
	kind, event := c.messageEvent(p, m)
	heard := c.has(BotUser)
	w.mu.Unlock()
	if heard {
		return w.event(ctx, kind, event)
	}
	return nil
}

// messageEvent is what an app that hears the channel is told of a person's message.
func (c *channel) messageEvent(p Person, m *Message) (kind string, event map[string]any) {
	kind, event = "message.channels", map[string]any{
		"type": "message", "channel": c.ID, "user": p.ID, "text": m.Text, "ts": m.TS, "event_ts": m.TS,
		"channel_type": "channel", "team": p.TeamID,
	}
	if m.ThreadTS != "" {
		event["thread_ts"] = m.ThreadTS
	}
	switch {
	case c.dm():
		event["channel_type"], kind = "im", "message.im"
	case c.Private:
		event["channel_type"], kind = "group", "message.groups"
	}
	return kind, event
}

// DM is the person's conversation with the app.
func (a *Actor) DM() string {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	return a.w.dmLocked(a.id).ID
}

// Sees lists what the person sees in a channel, with the messages that only they see; nothing if it is closed to them.
func (a *Actor) Sees(channelID string) []Message {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.visibleLocked(w.channels[channelID], a.id) {
		return nil
	}
	return w.messagesLocked(channelID, func(m *Message) bool { return !m.Ephemeral || m.ForUser == a.id })
}

// DirectMessages lists what the person sees in the conversation with the app.
func (a *Actor) DirectMessages() []Message { return a.Sees(a.DM()) }

// Thread is a message and the replies to it, oldest first, as far as the person sees them.
func (a *Actor) Thread(channelID, ts string) []Message {
	return slices.DeleteFunc(a.Sees(channelID), func(m Message) bool { return m.TS != ts && m.ThreadTS != ts })
}

// Read marks a channel as read.
func (a *Actor) Read(channelID string) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unread[a.id][channelID] > 0 {
		delete(w.unread[a.id], channelID)
		w.touchLocked()
	}
}

package sandbox

import (
	"slices"
	"time"
)

// Message is a message in a conversation.
type Message struct {
	TS, ThreadTS string
	Channel      string
	User         string
	Text         string
	Blocks       []map[string]any
	Metadata     map[string]any
	Edited       bool
	Ephemeral    bool
	ForUser      string // whom an ephemeral message is shown to
	At           time.Time

	Pings   []string          // users (U…), user groups (S…) and broadcasts (channel, here, everyone) it notifies
	Links   []Link            // what can be followed in it
	Unfurls bool              // whether Slack would unfurl its links
	Names   map[string]string // what the IDs of people, groups and channels in it are shown as
}

// Link is something in a message that leads elsewhere: a link in its text, or a button with a URL.
type Link struct{ URL, Label string }

// Plain is all the text that a reader sees: blocks as text (of a message with blocks, Text is only its notification),
// mrkdwn without its escapes, buttons in [brackets].
func (m Message) Plain() string {
	if len(m.Blocks) == 0 {
		return newReader(m.Names).mrkdwn(m.Text, findLinks)
	}
	return newReader(m.Names).blocks(m.Blocks)
}

// Buttons lists the texts of the message's buttons.
func (m Message) Buttons() []string { return buttons(m.Blocks) }

func buttons(blocks []map[string]any) []string {
	var texts []string
	for e := range elements(blocks) {
		if str(e.element, "type") == "button" {
			texts = append(texts, str(object(e.element, "text"), "text"))
		}
	}
	return texts
}

// Messages lists what everybody in a channel sees, oldest first; ephemeral messages are not among it.
func (w *World) Messages(channelID string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.messagesLocked(channelID, func(m *Message) bool { return !m.Ephemeral })
}

func (w *World) messagesLocked(channelID string, show func(*Message) bool) []Message {
	var list []Message
	for _, m := range w.messages[channelID] {
		if show(m) {
			list = append(list, m.copied())
		}
	}
	return list
}

func (m Message) copied() Message {
	c := m
	c.Blocks, c.Metadata = clone(m.Blocks), clone(m.Metadata)
	c.Pings, c.Links = slices.Clone(m.Pings), slices.Clone(m.Links)
	return c
}

// understandLocked works out what the message does to its readers. It is called whenever text or blocks change.
func (w *World) understandLocked(m *Message) {
	r := newReader(nil)
	r.mrkdwn(m.Text, findLinks)
	if len(m.Blocks) > 0 {
		r.links = nil // the text is only the notification: it can still ping, but nobody can follow it
		r.blocks(m.Blocks)
	}
	m.Pings, m.Links, m.Names = r.pings, r.links, w.namesLocked(r.seen)
}

// namesLocked is what the IDs of people, groups and channels are shown as; those of nothing are left out.
func (w *World) namesLocked(ids map[string]bool) map[string]string {
	names := map[string]string{}
	for id := range ids {
		switch {
		case w.people[id] != nil:
			names[id] = "@" + w.people[id].RealName
		case w.groups[id] != nil:
			names[id] = "@" + w.groups[id].Handle
		case w.channels[id] != nil:
			names[id] = "#" + w.channels[id].Name
		}
	}
	return names
}

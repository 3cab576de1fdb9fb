package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxText          = 40_000 // longer texts of new messages are cut off
	maxUpdateText    = 4_000
	maxMetadataBytes = 8_000
	postsPerBurst    = 4 // of one channel, within as many seconds
)

func chatPostMessage(w *World, c *apiCall) answer {
	ch, problem := w.writableLocked(c.string("channel"), true)
	if problem != nil {
		return *problem
	}
	if problem := w.contentProblem(c, true); problem != nil {
		return *problem
	}
	if wait := w.overLimitLocked("chat.postMessage "+ch.ID, postsPerBurst, postsPerBurst*time.Second); wait > 0 {
		return answer{body: map[string]any{"ok": false, "error": "ratelimited"}, retry: wait}
	}
	thread := c.string("thread_ts")
	if thread != "" && w.findMessageLocked(ch.ID, thread) == nil {
		return refuse("thread_not_found")
	}
	m := w.addMessageLocked(&Message{
		Channel: ch.ID, User: BotUser, Text: cutOff(c.string("text"), maxText), Blocks: clone(objects(c.args["blocks"])),
		Metadata: clone(c.object("metadata")), ThreadTS: thread, Unfurls: c.unfurls(),
	})
	return accept("channel", ch.ID, "ts", m.TS, "message", w.messageObject(m, true))
}

func chatPostEphemeral(w *World, c *apiCall) answer {
	ch, problem := w.writableLocked(c.string("channel"), false)
	if problem != nil {
		return *problem
	}
	user := c.string("user")
	if !ch.has(user) {
		return refuse("user_not_in_channel")
	}
	if problem := w.contentProblem(c, true); problem != nil {
		return *problem
	}
	if len(c.string("text")) > maxUpdateText {
		return refuse("msg_too_long")
	}
	m := w.addMessageLocked(&Message{
		Channel: ch.ID, User: BotUser, Text: c.string("text"), Blocks: clone(objects(c.args["blocks"])),
		ThreadTS: c.string("thread_ts"), Ephemeral: true, ForUser: user,
	})
	return accept("message_ts", m.TS)
}

func chatUpdate(w *World, c *apiCall) answer {
	m, problem := w.ownMessageLocked(c, "cant_update_message")
	if problem != nil {
		return *problem
	}
	if problem := w.contentProblem(c, false); problem != nil {
		return *problem
	}
	text, blocks := c.string("text"), c.has("blocks")
	if utf8.RuneCountInString(text) > maxUpdateText {
		return refuse("msg_too_long")
	}
	if !blocks && text == "" {
		return refuse("no_text")
	}
	if blocks {
		m.Blocks = clone(objects(c.args["blocks"]))
		if c.has("text") {
			m.Text = text
		}
	} else {
		m.Text, m.Blocks, m.Edited = text, nil, true
	}
	if c.has("metadata") {
		m.Metadata = clone(c.object("metadata"))
	}
	w.nameBlocksLocked(m.Blocks)
	w.understandLocked(m)
	return accept("channel", m.Channel, "ts", m.TS, "text", m.Text, "message", w.messageObject(m, true))
}

func chatDelete(w *World, c *apiCall) answer {
	m, problem := w.ownMessageLocked(c, "cant_delete_message")
	if problem != nil {
		return *problem
	}
	w.removeLocked(m)
	return accept("channel", m.Channel, "ts", m.TS)
}

func chatGetPermalink(w *World, c *apiCall) answer {
	ch, ts := w.channels[c.string("channel")], c.string("message_ts")
	if ch == nil {
		return refuse("channel_not_found")
	}
	if m := w.findMessageLocked(ch.ID, ts); m == nil || m.Ephemeral {
		return refuse("message_not_found")
	}
	return accept("channel", ch.ID, "permalink",
		"https://"+TeamDomain+".slack.com/archives/"+ch.ID+"/p"+strings.ReplaceAll(ts, ".", ""))
}

// writableLocked is the conversation that the app may post to. Only chat.postMessage takes a person in place of one.
func (w *World) writableLocked(id string, orPerson bool) (*channel, *answer) {
	refused := func(code string) (*channel, *answer) { a := refuse(code); return nil, &a }
	if p := w.people[id]; p != nil && orPerson {
		if p.Stranger || p.Deleted || p.Bot {
			return refused("channel_not_found")
		}
		return w.dmLocked(id), nil
	}
	ch := w.channels[id]
	switch {
	case ch == nil, (ch.Private || ch.dm()) && !ch.has(BotUser):
		return refused("channel_not_found")
	case ch.Archived:
		return refused("is_archived")
	case !ch.has(BotUser) && !w.granted("chat:write.public"):
		return refused("not_in_channel")
	}
	return ch, nil
}

// ownMessageLocked is the app's own, lasting message that the call names by channel and ts.
func (w *World) ownMessageLocked(c *apiCall, foreign string) (*Message, *answer) {
	refused := func(code string) (*Message, *answer) { a := refuse(code); return nil, &a }
	ch := w.channels[c.string("channel")]
	if ch == nil || (ch.Private || ch.dm()) && !ch.has(BotUser) {
		return refused("channel_not_found")
	}
	m := w.findMessageLocked(ch.ID, c.string("ts"))
	switch {
	case m == nil || m.Ephemeral:
		return refused("message_not_found")
	case ch.Archived:
		return refused("is_archived")
	case m.User != BotUser:
		return refused(foreign)
	}
	return m, nil
}

// contentProblem is what is wrong with a message's text, blocks or metadata.
func (w *World) contentProblem(c *apiCall, needed bool) *answer {
	if raw, ok := c.args["blocks"]; ok {
		if problems := checkBlocks(raw, maxMessageBlocks, "/blocks"); len(problems) > 0 {
			a := refuse("invalid_blocks", problems...)
			return &a
		}
	}
	list, _ := c.args["blocks"].([]any) // checked to be a list above
	if needed && c.string("text") == "" && len(list) == 0 {
		a := refuse("no_text")
		return &a
	}
	if code := metadataProblem(c.args["metadata"]); code != "" {
		a := refuse(code)
		return &a
	}
	return nil
}

func metadataProblem(v any) string {
	if v == nil {
		return ""
	}
	m, ok := v.(map[string]any)
	if !ok {
		return "invalid_metadata_format"
	}
	if len(m) == 0 {
		return ""
	}
	payload, ok := m["event_payload"].(map[string]any)
	if !ok || str(m, "event_type") == "" || len(m) != 2 {
		return "invalid_metadata_format"
	}
	for _, v := range payload {
		switch v.(type) {
		case string, float64, bool:
		default:
			return "invalid_metadata_format"
		}
	}
	if b, err := json.Marshal(m); err != nil || len(b) > maxMetadataBytes {
		return "metadata_too_large"
	}
	return ""
}

// unfurls reports whether Slack would unfurl links: it does unless both kinds are switched off.
func (c *apiCall) unfurls() bool {
	on := func(key string) bool { return !c.has(key) || truthy(c.args[key]) }
	return on("unfurl_links") || on("unfurl_media")
}

func cutOff(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit])
	}
	return s
}

// addMessageLocked gives the message its place in the channel and marks it unread for everybody else.
func (w *World) addMessageLocked(m *Message) *Message {
	m.TS, m.At = w.tsLocked(), w.cfg.Now()
	w.nameBlocksLocked(m.Blocks)
	w.understandLocked(m)
	w.messages[m.Channel] = append(w.messages[m.Channel], m)
	readers := w.channels[m.Channel].Members
	if m.Ephemeral {
		readers = []string{m.ForUser}
	}
	for _, user := range readers {
		if user == m.User || user == BotUser {
			continue
		}
		if w.unread[user] == nil {
			w.unread[user] = map[string]int{}
		}
		w.unread[user][m.Channel]++
	}
	w.touchLocked()
	return m
}

func (w *World) findMessageLocked(channelID, ts string) *Message {
	i := slices.IndexFunc(w.messages[channelID], func(m *Message) bool { return m.TS == ts })
	if i < 0 {
		return nil
	}
	return w.messages[channelID][i]
}

func (w *World) removeLocked(m *Message) {
	w.messages[m.Channel] = slices.DeleteFunc(w.messages[m.Channel], func(o *Message) bool { return o == m })
	w.touchLocked()
}

// messageObject is a message in Slack's shape.
func (w *World) messageObject(m *Message, metadata bool) map[string]any {
	o := map[string]any{"type": "message", "user": m.User, "ts": m.TS, "text": m.Text, "team": w.people[m.User].TeamID}
	if m.User == BotUser {
		o["bot_id"], o["app_id"] = BotID, AppID
	}
	if m.Blocks != nil {
		list := make([]any, len(m.Blocks))
		for i, b := range m.Blocks {
			list[i] = clone(b)
		}
		o["blocks"] = list
	}
	if m.ThreadTS != "" {
		o["thread_ts"] = m.ThreadTS
	}
	if m.Edited {
		o["edited"] = map[string]any{"user": m.User, "ts": m.TS}
	}
	if len(m.Metadata) > 0 {
		o["metadata"] = map[string]any{"event_type": m.Metadata["event_type"]}
		if metadata {
			o["metadata"] = clone(m.Metadata)
		}
	}
	return o
}

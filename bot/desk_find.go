package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// How far a message is looked for whose answer may be lost.
const (
	clocksDiffer = 2 * time.Hour // ours and Slack's, at most
	findPage     = 200           // messages
	findPages    = 40
	findAgain    = time.Hour // after that many pages without an end
)

// What our messages say about themselves, for whoever looks for them.
const (
	eventPrefix   = "partnerbot_"
	eventRequest  = eventPrefix + "request"
	eventIncident = eventPrefix + "incident"
)

// tag is how a message of ours is known again. Anybody in the workspace can
// read it, and it proves nothing.
type tag struct {
	event string
	about map[string]any
}

// tagFor tags a message about something by its name and by what the message says
// of it. mark tells a request apart from others that had its name; what has none
// is told apart by nothing else.
func tagFor(event, name, mark, key string, value any) tag {
	about := map[string]any{"id": name, key: value}
	if mark != "" {
		about["tag"] = mark
	}
	return tag{event, about}
}

func (t tag) metadata() slack.SlackMetadata {
	return slack.SlackMetadata{EventType: t.event, EventPayload: t.about}
}

// tagTo is what tells the cards of one stage apart. The one in the stage's own
// channel has none.
const tagTo = "to"

// is reports whether a message carries the tag.
func (t tag) is(m slack.SlackMetadata) bool {
	if m.EventType != t.event || t.about[tagTo] == nil && m.EventPayload[tagTo] != nil {
		return false
	}
	for key, want := range t.about {
		if got, ok := m.EventPayload[key]; !ok || fmt.Sprint(got) != fmt.Sprint(want) {
			return false
		}
	}
	return true
}

// find looks for a message that may have been posted since a time, among our
// own messages only. An error means that it may be there. gone is the time stamp
// of one that does not count.
func (d *Desk) find(ctx context.Context, p parcel, since time.Time, gone string) (is approvals.Posted, found bool, err error) {
	me, err := d.self.ask(ctx, d)
	if err != nil {
		return is, false, err
	}
	channel, err := d.dm(ctx, p.to.channel)
	if err != nil {
		return is, false, err
	}
	q := quest{to: p.to, channel: channel, thread: p.thread, gone: gone, since: since.UnixNano()}
	if now := d.now(); now.Before(since) { // our clock was wrong then
		since = now
	}
	ts, err := d.search(ctx, q, d.searches.take(q, stamp(since.Add(-clocksDiffer))), func(page []slack.Message) string {
		i := slices.IndexFunc(page, func(m slack.Message) bool {
			return me.wrote(m) && m.Timestamp != gone && p.tag.is(m.Metadata)
		})
		if i < 0 {
			return ""
		}
		return page[i].Timestamp
	})
	if err != nil || ts == "" {
		return is, false, err
	}
	return approvals.Posted{Channel: channel, TS: ts}, true, nil
}

// page reads messages of a channel, or of a thread in it, that came after a time.
func (d *Desk) page(ctx context.Context, channel, thread, from, cursor string) (page []slack.Message, next string, err error) {
	if thread != "" {
		err = d.tiers.ask("conversations.replies", func() error {
			page, _, next, err = d.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: channel, Timestamp: thread, Oldest: from, Inclusive: true, Limit: findPage, Cursor: cursor, IncludeAllMetadata: true,
			})
			return err
		})
	} else {
		err = d.tiers.ask("conversations.history", func() error {
			h, err := d.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: channel, Oldest: from, Inclusive: true, Limit: findPage, Cursor: cursor, IncludeAllMetadata: true,
			})
			if err == nil {
				page, next = h.Messages, h.ResponseMetaData.NextCursor
			}
			return err
		})
	}
	if err != nil {
		t := in(channel, apiTrouble(err))
		t.Doing = firstOf(t.Doing, "looking for a message in "+channel)
		return nil, "", t
	}
	return page, next, nil
}

// stamp is a time as Slack stamps messages.
func stamp(at time.Time) string {
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// self is who we are in Slack, asked once.
type self struct {
	mu sync.Mutex
	me author
}

// author is who writes our messages.
type author struct{ user, bot string }

func (a author) wrote(m slack.Message) bool {
	return m.User != "" && m.User == a.user || m.BotID != "" && m.BotID == a.bot
}

func (s *self) ask(ctx context.Context, d *Desk) (author, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.me != (author{}) {
		return s.me, nil
	}
	err := d.tiers.ask("auth.test", func() error {
		who, err := d.api.AuthTestContext(ctx)
		if err == nil {
			s.me = author{user: who.UserID, bot: who.BotID}
		}
		return err
	})
	t := &approvals.Trouble{Kind: approvals.Later, Text: "Slack did not say"}
	switch {
	case err != nil:
		t = apiTrouble(err)
	case s.me != author{}:
		return s.me, nil
	}
	t.Doing = firstOf(t.Doing, "asking Slack who we are")
	return author{}, t
}

// dms are the channels of people's own messages with us.
type dms struct {
	mu sync.Mutex
	of map[string]string
}

func (c *dms) remember(user, channel string) {
	if !isPerson(user) || !strings.HasPrefix(channel, "D") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil || len(c.of) >= maxRecent {
		c.of = map[string]string{}
	}
	c.of[user] = channel
}

func (c *dms) recall(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[user]
}

// dm is the channel of somebody's own messages with us; a channel is its own.
func (d *Desk) dm(ctx context.Context, to string) (string, error) {
	if !isPerson(to) {
		return to, nil
	}
	if channel := d.dms.recall(to); channel != "" {
		return channel, nil
	}
	var channel string
	err := d.tiers.ask("conversations.open", func() error {
		c, _, _, err := d.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{to}})
		if err == nil && c != nil {
			channel = c.ID
		}
		return err
	})
	if err != nil {
		t := in(to, apiTrouble(err))
		t.Doing = firstOf(t.Doing, "opening the direct messages of "+to)
		return "", t
	}
	d.dms.remember(to, channel)
	return channel, nil
}

// isPerson tells a user ID from a channel's.
func isPerson(id string) bool { return strings.HasPrefix(id, "U") || strings.HasPrefix(id, "W") }

package sandbox

import (
	"testing"

	"github.com/slack-go/slack"
)

func TestReadingMessagesNeedsTheScopeOfTheirConversation(t *testing.T) {
	for _, tt := range []struct{ channel, scope string }{
		{"C0FALCON", "channels:history"}, {"C0HERON", "groups:history"}, {"", "im:history"},
	} {
		w, _ := newWorld(t, unlimited, func(c *Config) { c.Scopes = []string{"chat:write", "mpim:history"} })
		channel := tt.channel
		if channel == "" {
			channel = w.As("U0ANN").DM()
		}
		bot, _, _ := w.Credentials()
		for _, method := range []string{"conversations.history", "conversations.replies"} {
			_, body := post(t, w.SlackURL()+method, "channel="+channel+"&ts=1.1&token="+bot)
			if str(body, "error") != "missing_scope" || str(body, "needed") != tt.scope {
				t.Errorf("%s of %s: %v", method, channel, body)
			}
		}
		w.cfg.Scopes = nil
		if _, body := post(t, w.SlackURL()+"conversations.history", "channel="+channel+"&token="+bot); str(body, "needed") != tt.scope {
			t.Errorf("without any scope, %s: %v", channel, body)
		}
	}
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	if _, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C0GENERAL", Timestamp: "1.1"}); code(err) != "not_in_channel" {
		t.Errorf("a thread where the app is no member: %v", err)
	}
	if _, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C0FALCON", Timestamp: "1.1"}); code(err) != "thread_not_found" {
		t.Errorf("a thread that is not there: %v", err)
	}
}

func TestPayloadsOfMetadataAreReadOnRequestOnly(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	_, ts, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("x", false), slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: "request", EventPayload: map[string]any{"id": "INV-1"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{true, false} {
		page, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: "C0FALCON", IncludeAllMetadata: all})
		if err != nil || len(page.Messages) != 1 || page.Messages[0].Metadata.EventType != "request" || (page.Messages[0].Metadata.EventPayload["id"] == "INV-1") != all {
			t.Errorf("%v: %+v, %v", all, page, err)
		}
		thread, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C0FALCON", Timestamp: ts, IncludeAllMetadata: all})
		if err != nil || len(thread) != 1 || (thread[0].Metadata.EventPayload["id"] == "INV-1") != all {
			t.Errorf("%v: %+v, %v", all, thread, err)
		}
	}
}

func TestWhatIsRemovedIsGoneForTheApp(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	_, ts, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	whisper, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0ANN", slack.MsgOptionText("psst", false))
	if err != nil {
		t.Fatal(err)
	}
	w.Remove("C0FALCON", ts)
	w.Remove("C0FALCON", ts)
	if _, _, _, err := api.UpdateMessageContext(t.Context(), "C0FALCON", ts, slack.MsgOptionText("y", false)); code(err) != "message_not_found" {
		t.Errorf("updating it: %v", err)
	}
	for _, stamp := range []string{ts, whisper} {
		if _, err := api.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: "C0FALCON", Ts: stamp}); code(err) != "message_not_found" {
			t.Errorf("its address: %v", err)
		}
	}
	w.Archive("C0FALCON")
	w.Unarchive("C0FALCON")
	w.Unarchive("C0NOWHERE")
	if _, _, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("x", false)); err != nil {
		t.Errorf("posting in a channel that was opened again: %v", err)
	}
}

package sandbox

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false), nil, nil)
}

func TestAMessageIsPostedUpdatedAndDeleted(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	channel, ts, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("fallback", false),
		slack.MsgOptionBlocks(section("Jane wants in")), slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "request", EventPayload: map[string]any{"id": "INV-1"},
		}))
	if err != nil {
		t.Fatal(err)
	}
	got := w.Messages(channel)
	if len(got) != 1 || got[0].TS != ts || got[0].Plain() != "Jane wants in" || got[0].Edited || got[0].User != BotUser {
		t.Fatalf("posted %+v", got)
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), channel, ts, slack.MsgOptionText("fallback 2", false),
		slack.MsgOptionBlocks(section("Approved"))); err != nil {
		t.Fatal(err)
	}
	got = w.Messages(channel)
	want := map[string]any{"event_type": "request", "event_payload": map[string]any{"id": "INV-1"}}
	if got[0].Plain() != "Approved" || got[0].Edited || !cmp.Equal(got[0].Metadata, want) {
		t.Errorf("with blocks there is no edited mark, and metadata stays: %+v", got[0])
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), channel, ts, slack.MsgOptionText("only text", false)); err != nil {
		t.Fatal(err)
	}
	got = w.Messages(channel)
	if got[0].Plain() != "only text" || len(got[0].Blocks) != 0 || !got[0].Edited {
		t.Errorf("text without blocks takes the blocks away: %+v", got[0])
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), channel, ts); err != nil {
		t.Fatal(err)
	}
	if got = w.Messages(channel); len(got) != 0 {
		t.Errorf("still there: %+v", got)
	}
}

func TestPostingIsRefusedAsSlackRefusesIt(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	w.Archive("C0RANDOM")
	w.SetMembers("C0RANDOM", BotUser, "U0ANN")
	w.SetPerson("U0BEN", func(p *Person) { p.Stranger = true })
	api := client(t, w)
	text := slack.MsgOptionText("hello", false)
	tests := []struct {
		name, channel string
		option        slack.MsgOption
		want          string
	}{
		{"a channel of the app", "C0FALCON", text, ""},
		{"a private channel of the app", "C0HERON", text, ""},
		{"a person's direct messages", "U0ANN", text, ""},
		{"a visitor who shares a channel", "U0VERA", text, ""},
		{"a stranger", "U0BEN", text, "channel_not_found"},
		{"a deactivated person", "U0DAN", text, "channel_not_found"},
		{"a channel without the app", "C0GENERAL", text, "not_in_channel"},
		{"an archived channel", "C0RANDOM", text, "is_archived"},
		{"no such channel", "C0NOWHERE", text, "channel_not_found"},
		{"nothing to say", "C0FALCON", slack.MsgOptionText("", false), "no_text"},
		{"blocks that break a limit", "C0FALCON", slack.MsgOptionBlocks(section(strings.Repeat("x", 3001))), "invalid_blocks"},
		{"a thread that is not there", "C0FALCON", slack.MsgOptionCompose(text, slack.MsgOptionTS("1.000001")), "thread_not_found"},
		{"metadata with nested values", "C0FALCON", slack.MsgOptionCompose(text, slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "x", EventPayload: map[string]any{"a": map[string]any{"b": 1}},
		})), "invalid_metadata_format"},
		{"metadata without end", "C0FALCON", slack.MsgOptionCompose(text, slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "x", EventPayload: map[string]any{"a": strings.Repeat("x", 8000)},
		})), "metadata_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := api.PostMessageContext(t.Context(), tt.channel, tt.option); code(err) != tt.want {
				t.Errorf("got %q, want %q", code(err), tt.want)
			}
		})
	}
}

func TestAPrivateChannelWithoutTheAppIsNotThere(t *testing.T) {
	w, _ := newWorld(t)
	w.SetMembers("C0HERON", "U0ADA")
	if _, _, err := client(t, w).PostMessageContext(t.Context(), "C0HERON", slack.MsgOptionText("x", false)); code(err) != "channel_not_found" {
		t.Errorf("got %v", err)
	}
}

func TestOnlyOwnLastingMessagesCanBeChanged(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	if err := w.As("U0ANN").Say(t.Context(), "C0FALCON", "mine"); err != nil {
		t.Fatal(err)
	}
	anns := w.Messages("C0FALCON")[0].TS
	whisper, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0ANN", slack.MsgOptionText("psst", false))
	if err != nil {
		t.Fatal(err)
	}
	dm, inDM, err := api.PostMessageContext(t.Context(), "U0ANN", slack.MsgOptionText("hello", false))
	if err != nil || dm != w.As("U0ANN").DM() {
		t.Fatal(dm, err)
	}
	tests := []struct{ name, channel, ts, text, want string }{
		{"somebody else's", "C0FALCON", anns, "x", "cant_update_message"},
		{"an ephemeral one", "C0FALCON", whisper, "x", "message_not_found"},
		{"a direct message by user ID", "U0ANN", inDM, "x", "channel_not_found"},
		{"a direct message by its own ID", dm, inDM, "x", ""},
		{"with too much text", dm, inDM, strings.Repeat("é", 4001), "msg_too_long"},
		{"with just enough text", dm, inDM, strings.Repeat("é", 4000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, _, err := api.UpdateMessageContext(t.Context(), tt.channel, tt.ts, slack.MsgOptionText(tt.text, false))
			if code(err) != tt.want {
				t.Errorf("got %q, want %q", code(err), tt.want)
			}
		})
	}
	if _, _, err := api.DeleteMessageContext(t.Context(), "C0FALCON", anns); code(err) != "cant_delete_message" {
		t.Errorf("deleting somebody else's message: %v", err)
	}
}

func TestAnEphemeralMessageIsForOnePersonInTheChannel(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	if _, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0SAM", slack.MsgOptionText("for Sam", false)); err != nil {
		t.Fatal(err)
	}
	if len(w.Messages("C0FALCON")) != 0 || len(w.As("U0OLGA").Sees("C0FALCON")) != 0 {
		t.Error("others see it")
	}
	sees := w.As("U0SAM").Sees("C0FALCON")
	if len(sees) != 1 || !sees[0].Ephemeral || sees[0].Plain() != "for Sam" || sees[0].Unfurls {
		t.Errorf("Sam sees %+v", sees)
	}
	if _, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0BEN", slack.MsgOptionText("x", false)); code(err) != "user_not_in_channel" {
		t.Errorf("to somebody who is not in the channel: %v", err)
	}
}

func TestLinksUnfurlUnlessBothKindsAreSwitchedOff(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	text := slack.MsgOptionText("see https://acme.example/x and <https://evil.example|Approve>", false)
	for _, options := range [][]slack.MsgOption{
		{text},
		{text, slack.MsgOptionDisableLinkUnfurl()},
		{text, slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()},
	} {
		if _, _, err := api.PostMessageContext(t.Context(), "C0FALCON", options...); err != nil {
			t.Fatal(err)
		}
	}
	got := w.Messages("C0FALCON")
	if !got[0].Unfurls || !got[1].Unfurls || got[2].Unfurls {
		t.Errorf("unfurls: %t %t %t, want true true false", got[0].Unfurls, got[1].Unfurls, got[2].Unfurls)
	}
	want := []Link{{"https://evil.example", "Approve"}, {"https://acme.example/x", "https://acme.example/x"}}
	if diff := cmp.Diff(want, got[0].Links, cmp.Transformer("set", func(l []Link) map[Link]bool {
		set := map[Link]bool{}
		for _, e := range l {
			set[e] = true
		}
		return set
	})); diff != "" {
		t.Error(diff)
	}
}

func TestLongTextsAreCutOff(t *testing.T) {
	w, _ := newWorld(t)
	if _, _, err := client(t, w).PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText(strings.Repeat("é", 40_001), false)); err != nil {
		t.Fatal(err)
	}
	if got := len([]rune(w.Messages("C0FALCON")[0].Text)); got != 40_000 {
		t.Errorf("%d characters", got)
	}
}

func TestAChannelTakesAboutOneMessageASecond(t *testing.T) {
	w, c := newWorld(t)
	api := client(t, w)
	say := func(channel string) error {
		_, _, err := api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", false))
		return err
	}
	for range postsPerBurst {
		if err := say("C0FALCON"); err != nil {
			t.Fatal(err)
		}
	}
	limited, ok := errors.AsType[*slack.RateLimitedError](say("C0FALCON"))
	if !ok || limited.RetryAfter != postsPerBurst*time.Second {
		t.Fatalf("got %v, want to be told to wait %d s", limited, postsPerBurst)
	}
	if err := say("C0HERON"); err != nil {
		t.Errorf("another channel: %v", err)
	}
	c.move(limited.RetryAfter)
	if err := say("C0FALCON"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestMethodsAreLimitedByTheMinute(t *testing.T) {
	w, c := newWorld(t)
	api := client(t, w)
	for range tier2 {
		if _, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON"); err == nil {
		t.Fatal("no limit")
	} else if _, ok := errors.AsType[*slack.RateLimitedError](err); !ok {
		t.Fatal(err)
	}
	if _, err := api.GetUserGroupsContext(t.Context()); err != nil {
		t.Errorf("another method: %v", err)
	}
	c.move(time.Minute)
	if _, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestFormsAndResponsesKeepTokensOutOfTheRecord(t *testing.T) {
	w, _ := newWorld(t)
	bot, app, _ := w.Credentials()
	post(t, w.SlackURL()+"chat.postMessage", url.Values{
		"token": {bot}, "channel": {"C0FALCON"}, "blocks": {`[{"type":"divider"}]`},
	}.Encode())
	post(t, w.SlackURL()+"apps.connections.open", "", "Authorization", "Bearer "+app)
	calls := w.Calls()
	if len(calls) != 2 || calls[0].Args["token"] != nil || calls[1].Response["url"] != nil {
		t.Fatalf("%+v", calls)
	}
	if diff := cmp.Diff([]any{map[string]any{"type": "divider"}}, calls[0].Args["blocks"]); diff != "" {
		t.Errorf("blocks are recorded decoded: %s", diff)
	}
}

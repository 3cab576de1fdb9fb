package sandbox

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func plains(messages []Message) []string {
	var texts []string
	for _, m := range messages {
		texts = append(texts, m.Plain())
	}
	return texts
}

func TestADirectMessageHasBlocksMetadataAndAThread(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	channel, ts, err := api.PostMessageContext(t.Context(), "U0ANN", slack.MsgOptionText("fallback", false),
		slack.MsgOptionBlocks(section("INV-1 is pending")), slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "request", EventPayload: map[string]any{"id": "INV-1"},
		}))
	ann := w.As("U0ANN")
	if err != nil || channel != ann.DM() {
		t.Fatal(channel, err)
	}
	for _, text := range []string{"asked", "answered"} {
		if _, _, err := api.PostMessageContext(t.Context(), "U0ANN", slack.MsgOptionText(text, false), slack.MsgOptionTS(ts)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("another", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), channel, ts, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(section("INV-1 is approved"))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"INV-1 is approved", "asked", "answered"}, plains(ann.Thread(channel, ts))); diff != "" {
		t.Errorf("the thread: %s", diff)
	}
	if diff := cmp.Diff([]string{"INV-1 is approved", "asked", "answered", "another"}, plains(ann.DirectMessages())); diff != "" {
		t.Errorf("all messages: %s", diff)
	}
	want := map[string]any{"event_type": "request", "event_payload": map[string]any{"id": "INV-1"}}
	if got := ann.DirectMessages()[0].Metadata; !cmp.Equal(got, want) {
		t.Errorf("metadata %v", got)
	}
	if got := w.As("U0BEN").Thread(channel, ts); len(got) != 0 {
		t.Errorf("Ben reads Ann's messages: %v", got)
	}
}

func TestAThreadShowsWhatIsForTheReader(t *testing.T) {
	w, _ := newWorld(t, unlimited, func(c *Config) { c.BotEvents = []string{"message.channels"} })
	api := connect(t, w, func(socketmode.Event) any { return nil })
	ts := card(t, api, "C0FALCON")
	if _, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0SAM", slack.MsgOptionText("Olga was first", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	if err := w.As("U0OLGA").Reply(t.Context(), "C0FALCON", ts, "who is she?"); err != nil {
		t.Fatal(err)
	}
	if got := len(w.As("U0SAM").Thread("C0FALCON", ts)); got != 3 {
		t.Errorf("Sam reads %d messages", got)
	}
	if got := plains(w.As("U0OLGA").Thread("C0FALCON", ts)[1:]); !slices.Equal(got, []string{"who is she?"}) {
		t.Errorf("Olga reads %q", got)
	}
	event := object(w.CallsOf("events_api")[0].Args, "event")
	if event["thread_ts"] != ts || event["text"] != "who is she?" {
		t.Errorf("the app hears %v", event)
	}
	for name, err := range map[string]error{
		"a thread that is not there": w.As("U0OLGA").Reply(t.Context(), "C0FALCON", "1.000001", "hello"),
		"a command in a thread":      w.As("U0OLGA").Reply(t.Context(), "C0FALCON", ts, "/invite-partner"),
		"somebody outside":           w.As("U0BEN").Reply(t.Context(), "C0FALCON", ts, "hello"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAGroupThatIsSwitchedOffIsGoneUntilItIsOnAgain(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	listed := func(options ...slack.GetUserGroupsOption) bool {
		groups, err := api.GetUserGroupsContext(t.Context(), options...)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(groups, func(g slack.UserGroup) bool { return g.ID == "S0FALCON" })
	}
	w.LeaveGroup("S0FALCON", "U0SAM")
	if got, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON"); err != nil || !slices.Equal(got, []string{"U0OLGA"}) {
		t.Errorf("when Sam has left: %v, %v", got, err)
	}
	w.DisableGroup("S0FALCON", true)
	if _, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON"); code(err) != "no_such_subteam" || listed() {
		t.Errorf("switched off: %v", err)
	}
	members, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON", slack.GetUserGroupMembersOptionIncludeDisabled(true))
	if err != nil || len(members) != 1 || !listed(slack.GetUserGroupsOptionIncludeDisabled(true)) {
		t.Errorf("asked for those that are off: %v, %v", members, err)
	}
	w.DisableGroup("S0FALCON", false)
	w.SetGroup("S0FALCON")
	if got, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON"); err != nil || len(got) != 0 || !listed() {
		t.Errorf("on again, and empty: %v, %v", got, err)
	}
}

package bot

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// TestWhatPeopleWroteIsDroppedUnread serves a history with everything that can be in it.
func TestWhatPeopleWroteIsDroppedUnread(t *testing.T) {
	const page = `{"ok":true,"has_more":true,"response_metadata":{"next_cursor":"next"},"messages":[
		{"type":"message","ts":"3.1","user":"U0ANN","text":"salaries","blocks":[{"type":"unheard_of","elements":[{"type":"new_elem"}]}],"files":[{"name":"salaries.xlsx"}],"attachments":[{"actions":7}]},
		{"type":"message","ts":"2.1","user":"U0BOT","bot_id":"B0BOT","text":"a card","metadata":{"event_type":"partnerbot_request","event_payload":{"id":"INV-7","stage":0}}},
		{"type":"message","ts":7,"user":["nobody"]},
		{"type":"message","ts":"1.1","bot_id":"B0ELSE","metadata":{"event_type":"payroll","event_payload":{"who":"U0ANN"}}}]}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "conversations.history") || strings.HasSuffix(r.URL.Path, "conversations.replies") {
			_, _ = w.Write([]byte(page))
			return
		}
		_, _ = w.Write([]byte(`{"ok":true,"user_id":"U0BOT","text":"kept"}`))
	}))
	defer srv.Close()
	left := string(leaned([]byte(page)))
	for _, secret := range []string{"salaries", "payroll", "a card", "unheard_of"} {
		if strings.Contains(left, secret) {
			t.Errorf("%q is let through: %s", secret, left)
		}
	}
	api := NewClient("xoxb-1", "", srv.URL, srv.Client())
	h, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: "C0FALCON"})
	if err != nil || len(h.Messages) != 3 || h.ResponseMetaData.NextCursor != "next" || !h.HasMore {
		t.Fatalf("%+v, %v", h, err)
	}
	ours := h.Messages[1]
	want := slack.SlackMetadata{EventType: "partnerbot_request", EventPayload: map[string]any{"id": "INV-7", "stage": 0.0}}
	if diff := cmp.Diff(want, ours.Metadata); diff != "" || ours.Timestamp != "2.1" || ours.User != "U0BOT" || ours.Text != "" || h.Messages[0].Timestamp != "3.1" {
		t.Errorf("%+v %s", ours, diff)
	}
	if thread, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C0FALCON", Timestamp: "1.1"}); err != nil || len(thread) != 3 {
		t.Errorf("%+v, %v", thread, err)
	}
	if me, err := api.AuthTestContext(t.Context()); err != nil || me.UserID != "U0BOT" {
		t.Errorf("another method: %+v, %v", me, err)
	}
	if got := string(leaned([]byte("<html>"))); got != "<html>" {
		t.Errorf("what is no page: %s", got)
	}
	if got := string(leaned([]byte(`{"ok":false,"error":"missing_scope","needed":"im:history","provided":"x"}`))); !strings.Contains(got, `"needed":"im:history"`) {
		t.Errorf("a refusal: %s", got)
	}
}

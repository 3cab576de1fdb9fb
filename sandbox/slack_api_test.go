package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

func TestTokensAreTakenFromBodyAndHeaderAndChecked(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	bot, app, _ := w.Credentials()
	const form, object = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
	tests := []struct {
		name, method, body, contentType, bearer, want string
	}{
		{"in the form", "auth.test", "token=" + bot, form, "", ""},
		{"in the header of a form", "auth.test", "", form, bot, ""},
		{"in the header of JSON", "auth.test", "{}", object, bot, ""},
		{"in JSON, where Slack does not look", "auth.test", `{"token":"` + bot + `"}`, object, "", "not_authed"},
		{"nowhere", "auth.test", "", form, "", "not_authed"},
		{"wrong", "auth.test", "token=xoxb-wrong", form, "", "invalid_auth"},
		{"of the wrong kind", "auth.test", "token=" + app, form, "", "not_allowed_token_type"},
		{"for a socket", "apps.connections.open", "", form, app, ""},
		{"for a socket in the form", "apps.connections.open", "token=" + app, form, "", "not_authed"},
		{"for a socket of the wrong kind", "apps.connections.open", "", form, bot, "not_allowed_token_type"},
		{"for a method that is not there", "chat.shout", "token=" + bot, form, "", "unknown_method"},
		{"with broken JSON", "auth.test", `{`, object, bot, "invalid_json"},
		{"with another content type", "auth.test", `x`, "text/plain", bot, "invalid_post_type"},
		{"with blocks that are not JSON", "chat.postMessage", "channel=C0FALCON&blocks=%5B&token=" + bot, form, "", "invalid_blocks_format"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			headers := []string{"Content-Type", tt.contentType}
			if tt.bearer != "" {
				headers = append(headers, "Authorization", "Bearer "+tt.bearer)
			}
			status, body := post(t, w.SlackURL()+tt.method, tt.body, headers...)
			if got := str(body, "error"); got != tt.want || status != http.StatusOK || truthy(body["ok"]) != (tt.want == "") {
				t.Errorf("got %d %v, want %q", status, body, tt.want)
			}
		})
	}
}

func TestEveryMethodChecksItsScope(t *testing.T) {
	w, _ := newWorld(t, unlimited, func(c *Config) { c.Scopes = []string{"commands"} })
	bot, _, _ := w.Credentials()
	for name, m := range methods() {
		if len(m.scopes) == 0 {
			continue
		}
		_, body := post(t, w.SlackURL()+name, "token="+bot)
		if str(body, "error") != "missing_scope" || !slices.Contains(m.scopes, str(body, "needed")) || body["provided"] != "commands" {
			t.Errorf("%s: %v", name, body)
		}
	}
}

func TestCompressedBodiesAreUnderstood(t *testing.T) {
	w, _ := newWorld(t)
	bot, _, _ := w.Credentials()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	if _, err := zw.Write([]byte("token=" + bot)); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	if _, body := post(t, w.SlackURL()+"auth.test", b.String(), "Content-Encoding", "gzip"); !truthy(body["ok"]) {
		t.Error(body)
	}
	if _, body := post(t, w.SlackURL()+"auth.test", "token="+bot, "Content-Encoding", "gzip"); str(body, "error") != "invalid_form_data" {
		t.Error(body)
	}
}

func TestPeopleAreDescribedAsSlackDescribesThem(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	ann, err := api.GetUserInfoContext(t.Context(), "U0ANN")
	if err != nil {
		t.Fatal(err)
	}
	if ann.Locale != "en-US" || ann.TeamID != TeamID || ann.Profile.Email != "ann@northwind.example" || ann.IsRestricted {
		t.Errorf("%+v", ann)
	}
	for id, so := range map[string]func(*slack.User) bool{
		"U0GUS":      func(u *slack.User) bool { return u.IsRestricted && !u.IsUltraRestricted },
		"U0VERA":     func(u *slack.User) bool { return u.TeamID == OtherTeamID && u.Locale == "" && !u.IsStranger },
		"U0DAN":      func(u *slack.User) bool { return u.Deleted },
		"U0BOT":      func(u *slack.User) bool { return u.IsBot },
		"USLACKBOT":  func(u *slack.User) bool { return !u.IsBot },
		"U0ADA":      func(u *slack.User) bool { return u.IsAdmin },
		"U0STRANGER": nil,
	} {
		u, err := api.GetUserInfoContext(t.Context(), id)
		if so == nil {
			if code(err) != "user_not_found" {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		if err != nil || !so(u) {
			t.Errorf("%s: %+v, %v", id, u, err)
		}
	}
	for mail, want := range map[string]string{
		"ann@northwind.example": "", "ANN@northwind.example": "", "dan@northwind.example": "users_not_found",
		"vera@fabrikam.example": "users_not_found", "": "users_not_found",
	} {
		if _, err := api.GetUserByEmailContext(t.Context(), mail); code(err) != want {
			t.Errorf("%q: %v, want %q", mail, err, want)
		}
	}
}

func TestWithoutItsScopeThereIsNoAddress(t *testing.T) {
	w, _ := newWorld(t, func(c *Config) { c.Scopes = []string{"users:read"} })
	ann, err := client(t, w).GetUserInfoContext(t.Context(), "U0ANN")
	if err != nil || ann.Profile.Email != "" {
		t.Errorf("%+v, %v", ann, err)
	}
}

func TestGroupsAreListedAsTheyAreNow(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	w.SetGroup("S0FALCON", "U0OLGA")
	members, err := api.GetUserGroupMembersContext(t.Context(), "S0FALCON")
	if diff := cmp.Diff([]string{"U0OLGA"}, members); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := api.GetUserGroupMembersContext(t.Context(), "S0NONE"); code(err) != "no_such_subteam" {
		t.Error(err)
	}
	groups, err := api.GetUserGroupsContext(t.Context(), slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 3 || groups[0].ID != "S0ADMINS" || !slices.Equal(groups[1].Users, []string{"U0OLGA"}) {
		t.Errorf("%+v, %v", groups, err)
	}
}

func TestConversationsAreReadInPages(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := client(t, w)
	var stamps []string
	for _, text := range []string{"one", "two", "three"} {
		_, ts, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText(text, false))
		if err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, ts)
	}
	if _, _, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("reply", false), slack.MsgOptionTS(stamps[0])); err != nil {
		t.Fatal(err)
	}
	page, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: "C0FALCON", Limit: 2})
	if err != nil || !page.HasMore || len(page.Messages) != 2 || page.Messages[0].Text != "three" {
		t.Fatalf("%+v, %v", page, err)
	}
	page, err = api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{
		ChannelID: "C0FALCON", Limit: 2, Cursor: page.ResponseMetaData.NextCursor,
	})
	if err != nil || page.HasMore || len(page.Messages) != 1 || page.Messages[0].Text != "one" {
		t.Errorf("%+v, %v", page, err)
	}
	page, err = api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{
		ChannelID: "C0FALCON", Latest: stamps[1], Oldest: stamps[1], Inclusive: true, Limit: 1,
	})
	if err != nil || len(page.Messages) != 1 || page.Messages[0].Text != "two" {
		t.Errorf("a single message: %+v, %v", page, err)
	}
	thread, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C0FALCON", Timestamp: stamps[0]})
	if err != nil || len(thread) != 2 || thread[1].Text != "reply" {
		t.Errorf("thread: %+v, %v", thread, err)
	}
	members, _, err := api.GetUsersInConversationContext(t.Context(), &slack.GetUsersInConversationParameters{ChannelID: "C0HERON"})
	if err != nil || !slices.Equal(members, []string{"U0OLGA", "U0ADA", BotUser}) {
		t.Errorf("members: %v, %v", members, err)
	}
	info, err := api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "C0FALCON"})
	if err != nil || !info.IsMember || info.IsPrivate || !info.IsExtShared || info.Name != "falcon-sponsors" {
		t.Errorf("info: %+v, %v", info, err)
	}
	link, err := api.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: "C0FALCON", Ts: stamps[0]})
	if err != nil || !strings.HasPrefix(link, "https://northwind.slack.com/archives/C0FALCON/p") {
		t.Errorf("permalink: %s, %v", link, err)
	}
}

func TestDirectMessagesAreOpenedWithPeopleOnly(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	for user, want := range map[string]string{
		"U0ANN": "", "U0VERA": "", "U0DAN": "user_disabled", "USLACKBOT": "cannot_dm_bot", "U0NOBODY": "user_not_found",
	} {
		c, _, _, err := api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{user}})
		if code(err) != want || want == "" && c.ID != w.As(user).DM() {
			t.Errorf("%s: %v, want %q", user, err, want)
		}
	}
}

func TestFaultsStrikeBeforeOrAfterTheEffect(t *testing.T) {
	tests := []struct {
		name   string
		fault  Fault
		posted int
		want   func(error) bool
	}{
		{"429 that says how long", Fault{Status: 429, RetryAfter: 7 * time.Second}, 0, func(err error) bool {
			e, ok := errors.AsType[*slack.RateLimitedError](err)
			return ok && e.RetryAfter == 7*time.Second
		}},
		{"429 that does not", Fault{Status: 429}, 0, status(429)},
		{"an error inside", Fault{Status: 500}, 0, status(500)},
		{"a page of a proxy", Fault{Status: 502, Body: "<html>Bad gateway</html>"}, 0, status(502)},
		{"an error after the effect", Fault{Status: 503, AfterEffect: true}, 1, status(503)},
		{"a refusal", Fault{Error: "fatal_error"}, 0, func(err error) bool { return code(err) == "fatal_error" }},
		{"half a document", Fault{Body: `{"ok":tr`, ContentType: "application/json", AfterEffect: true}, 1, func(err error) bool { return err != nil }},
		{"a cut before the effect", Fault{Cut: true}, 0, func(err error) bool { return err != nil }},
		{"a cut after the effect", Fault{Cut: true, AfterEffect: true}, 1, func(err error) bool { return err != nil }},
		{"only a delay", Fault{Delay: time.Millisecond}, 1, func(err error) bool { return err == nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t)
			api := client(t, w)
			w.Fail("chat.postMessage", tt.fault)
			_, _, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("x", false))
			if !tt.want(err) {
				t.Errorf("got %v", err)
			}
			if got := len(w.Messages("C0FALCON")); got != tt.posted {
				t.Errorf("%d messages, want %d", got, tt.posted)
			}
			if _, _, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("y", false)); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestAHangAfterTheEffectKeepsOnlyTheAnswerBack(t *testing.T) {
	w, _ := newWorld(t)
	w.Fail("chat.postMessage", Fault{Delay: time.Hour, AfterEffect: true})
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() {
		_, _, err := client(t, w).PostMessageContext(ctx, "C0FALCON", slack.MsgOptionText("x", false))
		answer <- err
	}()
	await(t, w, "the message", func() bool { return len(w.Messages("C0FALCON")) == 1 })
	select {
	case err := <-answer:
		t.Errorf("it was answered: %v", err)
	default:
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func status(want int) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[slack.StatusCodeError](err)
		return ok && e.Code == want
	}
}

package bot

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

func TestErrorsOfSlackSayWhatToDoNext(t *testing.T) {
	said := func(code string) error { return slack.SlackErrorResponse{Err: code} }
	tests := []struct {
		name  string
		err   error
		kind  approvals.TroubleKind
		code  string
		after time.Duration
	}{
		{"too fast", &slack.RateLimitedError{RetryAfter: 30 * time.Second}, approvals.Later, "ratelimited", 30 * time.Second},
		{"too fast, said in the body", said("ratelimited"), approvals.Later, "ratelimited", 0},
		{"too fast, without a time", slack.StatusCodeError{Code: 429}, approvals.Later, "", 0},
		{"a server in trouble", slack.StatusCodeError{Code: 503}, approvals.Later, "", 0},
		{"Slack in trouble", said("internal_error"), approvals.Later, "internal_error", 0},
		{"no connection", &url.Error{Op: "Post", URL: "https://slack.com/api", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, approvals.Later, "", 0},
		{"out of time", context.DeadlineExceeded, approvals.Later, "", 0},
		{"no such channel", said("channel_not_found"), approvals.Refused, "channel_not_found", 0},
		{"not in the channel", said("not_in_channel"), approvals.Refused, "not_in_channel", 0},
		{"an archived channel", said("is_archived"), approvals.Refused, "is_archived", 0},
		{"a bad token", said("invalid_auth"), approvals.Refused, "invalid_auth", 0},
		{"a missing scope", said("missing_scope"), approvals.Refused, "missing_scope", 0},
		{"closed messages", said("messages_tab_disabled"), approvals.Refused, "messages_tab_disabled", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := apiTrouble(tt.err)
			if got.Kind != tt.kind || got.Code != tt.code || got.After != tt.after {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestErrorsDoNotTellAddresses(t *testing.T) {
	err := &url.Error{Op: "Post", URL: "https://hooks.slack.com/commands/T1/secret", Err: errors.New("connection reset")}
	if got := apiTrouble(err); strings.Contains(got.Error()+got.String()+got.Unwrap().Error(), "secret") {
		t.Errorf("got %v", got)
	}
}

func TestWhoAmI(t *testing.T) {
	c := openCounter(t)
	c.script["auth.test"] = []string{`{"ok":true,"url":"https://northwind.slack.com/","team":"Northwind","team_id":"T0HOME","user_id":"U0BOT","enterprise_id":"E0ORG"}`, `{"ok":false,"error":"invalid_auth"}`}
	api := c.desk(t).api
	got, err := WhoAmI(t.Context(), api)
	want := Identity{Team: "T0HOME", TeamName: "Northwind", Enterprise: "E0ORG", BotUser: "U0BOT", URL: "https://northwind.slack.com/"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := WhoAmI(t.Context(), api); codeOf(err) != "invalid_auth" {
		t.Errorf("got %v", err)
	}
}

func TestTheClientRepeatsNothingByItself(t *testing.T) {
	c := openCounter(t)
	c.status["chat.postMessage"] = http.StatusBadGateway
	if _, err := c.desk(t).Cards(t.Context(), stories()["pending"], noNote); err == nil {
		t.Error("no error")
	}
	if n := len(c.calls("chat.postMessage")); n != 1 {
		t.Errorf("posted %d times", n)
	}
}

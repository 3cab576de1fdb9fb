package bot

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// passing are Slack's error codes for what goes away by itself.
var passing = []string{
	"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
	"team_added_to_org", "operation_timeout", "temporarily_unavailable",
}

// apiTrouble says what an error of Slack's API means for the next try: Later
// for rate limits, server errors and everything that never reached Slack,
// Refused for what Slack understood and does not do.
func apiTrouble(err error) *approvals.Trouble {
	if t, ok := errors.AsType[*approvals.Trouble](err); ok {
		return t
	}
	t := &approvals.Trouble{Kind: approvals.Later, Err: err}
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		t.Code, t.Status, t.After = "ratelimited", http.StatusTooManyRequests, limited.RetryAfter
		return t
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		t.Status, t.Text = status.Code, http.StatusText(status.Code)
		return t
	}
	if said, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		t.Code = said.Err
		if len(said.ResponseMetadata.Messages) > 0 {
			t.Text = said.ResponseMetadata.Messages[0]
		}
		if !slices.Contains(passing, said.Err) {
			t.Kind = approvals.Refused
		}
		return wide(t, said.Needed)
	}
	t.Err = withoutURL(err)
	t.Text = t.Err.Error()
	return t
}

// WideSlackToken is the key of the incident that Slack refuses our token.
const WideSlackToken = "slack token"

// wide says of trouble that everything has which incident it is, and what a
// human is to do.
func wide(t *approvals.Trouble, needed string) *approvals.Trouble {
	switch t.Code {
	case "missing_scope":
		t.Wide = approvals.WideScope + firstOf(needed, "unknown")
		t.Text = "the app lacks the scope " + firstOf(needed, "that this needs") + ": add it under OAuth & Permissions and install the app again"
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		t.Wide = WideSlackToken
		t.Text = "Slack does not accept the bot token: install the app again and give partnerbot the new token"
	}
	return t
}

// in says of trouble in a channel that only a human can end what that human is
// to do, and that everything that is to be posted there has the same trouble.
func in(channel string, t *approvals.Trouble) *approvals.Trouble {
	text := ""
	switch {
	case t.Code == "messages_tab_disabled":
		t.Text = "nobody can get direct messages from partnerbot: switch the Messages tab on under App Home"
	case isPerson(channel) || strings.HasPrefix(channel, "D"): // one person's trouble
	case t.Code == "not_in_channel":
		text = "partnerbot is not a member of " + channel + ": invite it there with /invite @partnerbot"
	case t.Code == "channel_not_found":
		text = channel + " does not exist or partnerbot may not see it: invite it there with /invite @partnerbot, or correct the stage's channel in the configuration for new requests"
	case t.Code == "is_archived":
		text = channel + " is archived: unarchive it and invite partnerbot there, or choose another channel for the stage in the configuration, which new requests go to"
	case restricted(t.Code):
		text = "partnerbot may not post in " + channel + ": let it under the channel's settings, Posting permissions, or choose another channel for the stage in the configuration, which new requests go to"
	}
	if text != "" {
		t.Text, t.Wide = text, approvals.WideChannel+channel
	}
	return t
}

// restricted reports that whoever runs the workspace keeps apps from posting in a channel.
func restricted(code string) bool {
	return strings.HasPrefix(code, "restricted_action") || strings.HasPrefix(code, "slack_connect_")
}

// withoutURL drops the address from an error of net/http: it may be a response
// URL, which is a capability.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func codeOf(err error) string {
	if t, ok := errors.AsType[*approvals.Trouble](err); ok {
		return t.Code
	}
	return ""
}

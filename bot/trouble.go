package bot

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

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
		return t
	}
	t.Err = withoutURL(err)
	t.Text = t.Err.Error()
	return t
}

// in says of trouble in a channel that only a human can end what that human is to do.
func in(channel string, t *approvals.Trouble) *approvals.Trouble {
	switch t.Code {
	case "not_in_channel":
		t.Text = "partnerbot is not a member of " + channel + ": invite it there with /invite @partnerbot"
	case "channel_not_found":
		t.Text = channel + " does not exist or partnerbot may not see it: invite it there with /invite @partnerbot, or correct the stage's channel in the configuration"
	case "is_archived":
		t.Text = channel + " is archived: unarchive it and invite partnerbot there, or choose another channel for the stage in the configuration"
	}
	return t
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

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/cmd/partnerbot/config"
)

// sees reports whether approvers can see the channel that their card goes to, and
// whether the app can post there.
func (l *slackLook) sees(ctx context.Context, at config.Problem, channel string, able []string) error {
	if channel == "" {
		return nil
	}
	c, err := l.channel(ctx, at, channel)
	if err != nil || c.blind || !c.private {
		return err // whoever is not in a public channel can open it
	}
	out := slices.DeleteFunc(slices.Clone(able), func(u string) bool { return slices.Contains(c.members, u) })
	if len(out) > 0 {
		l.say(at, "%s cannot see the card in %s, which is private: invite them to it", strings.Join(out, ", "), channel)
	}
	return nil
}

func (l *slackLook) channel(ctx context.Context, at config.Problem, id string) (channelSeen, error) {
	if c, ok := l.channels[id]; ok {
		return c, nil
	}
	c, err := l.lookAt(ctx, at, id)
	if err == nil {
		l.channels[id] = c
	}
	return c, err
}

// lookAt reads a channel and its members.
func (l *slackLook) lookAt(ctx context.Context, at config.Problem, id string) (channelSeen, error) {
	var c *slack.Channel
	err := patiently(ctx, func() (err error) {
		c, err = l.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		return err
	})
	switch code := slackCode(err); {
	case code == "missing_scope" || code == "not_allowed_token_type":
		l.note("Not checked: the channels and who can see them (the app has neither channels:read nor groups:read, which serve does not need).")
		return channelSeen{blind: true}, nil
	case code == "channel_not_found":
		l.say(at, "the app does not see %s: invite it there, or correct the ID", id)
		return channelSeen{blind: true}, nil
	case err != nil:
		return channelSeen{}, fmt.Errorf("reading channel %s: %w", id, err)
	case c.IsArchived:
		l.say(at, "%s is archived: nothing can be posted there", id)
		return channelSeen{blind: true}, nil
	case !c.IsMember:
		l.say(at, "the app is not in %s: invite it there", id)
	}
	members, err := l.members(ctx, id)
	return channelSeen{private: c.IsPrivate, members: members}, err
}

func (l *slackLook) members(ctx context.Context, id string) (all []string, err error) {
	params := &slack.GetUsersInConversationParameters{ChannelID: id, Limit: 500}
	for {
		var page []string
		err := patiently(ctx, func() (err error) {
			page, params.Cursor, err = l.api.GetUsersInConversationContext(ctx, params)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading the members of channel %s: %w", id, err)
		}
		if all = append(all, page...); params.Cursor == "" {
			return all, nil
		}
	}
}

// slackCode is the code of Slack's refusal, if it is one.
func slackCode(err error) string {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refused.Err
	}
	return ""
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

// shownNames is how many members of a user group are named.
const shownNames = 12

// peopleBehind asks Slack who stands behind the approvers of stages, by ID. Without
// a token nobody is asked.
func peopleBehind(ctx context.Context, cfg *config.Config, stages []approvals.Stage, p program) (map[string]string, error) {
	token, err := config.SlackToken(os.ReadFile, p.env)
	if err != nil || token == "" {
		return nil, err
	}
	api := bot.NewClient(token, "", cfg.Slack.APIURL, slackHTTP(0))
	me, err := bot.WhoAmI(ctx, api)
	if err != nil {
		return nil, err
	}
	people := &bot.People{API: api, Team: me.Team, Enterprise: me.Enterprise, Now: time.Now}
	out := map[string]string{}
	for _, s := range stages {
		ids := s.Approvers
		if s.Escalate != nil {
			ids = append(slices.Clip(ids), s.Escalate.Approvers...)
		}
		for _, id := range ids {
			if _, done := out[id]; done || strings.ToUpper(id) != id {
				continue
			}
			if out[id], err = nameOf(ctx, people, me.Team, id); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// nameOf names a person, or the members of a user group.
func nameOf(ctx context.Context, people *bot.People, team, id string) (string, error) {
	if !approvals.IsGroup(id) {
		return personName(ctx, people, team, id)
	}
	var members []string
	err := patiently(ctx, func() (err error) {
		members, err = people.Members(ctx, id)
		return err
	})
	if err != nil {
		return "", err
	}
	named := make([]string, 0, min(len(members), shownNames))
	for _, m := range members[:min(len(members), shownNames)] {
		name, err := personName(ctx, people, team, m)
		if err != nil {
			return "", err
		}
		named = append(named, name)
	}
	switch more := len(members) - len(named); {
	case len(members) == 0:
		return "nobody", nil
	case more > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(named, ", "), more), nil
	}
	return strings.Join(named, ", "), nil
}

// personName is somebody's name, with why they could not decide.
func personName(ctx context.Context, people *bot.People, team, id string) (string, error) {
	var who approvals.Person
	err := patiently(ctx, func() (err error) {
		who, err = people.Person(ctx, approvals.PersonID{Team: team, User: id})
		return err
	})
	if errors.Is(err, approvals.ErrUnknownPerson) {
		return id + " (cannot decide: " + inability(err) + ")", nil
	}
	if err != nil {
		return "", err
	}
	if why := who.Colleague(); why != nil {
		return who.Name + " (cannot decide: " + inability(why) + ")", nil
	}
	return who.Name, nil
}

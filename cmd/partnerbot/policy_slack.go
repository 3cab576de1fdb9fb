package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

// maxLooked bounds how many people are asked about, one call each.
const maxLooked = 1000

// slackLook holds what Slack said, so that nobody is asked about twice.
type slackLook struct {
	api    *slack.Client
	people *bot.People
	team   string
	cfg    *config.Config

	groups   map[string]groupSeen
	users    map[string]error // nil: may decide
	channels map[string]channelSeen

	found config.Error
	left  []string
}

type groupSeen struct {
	able []string // who may decide
	all  int
}

type channelSeen struct {
	private bool
	members []string
	blind   bool // Slack did not say
}

// all looks at the stages, the partners' sponsors, who may ask, and the admins.
func (l *slackLook) all(ctx context.Context) (config.Error, []string, error) {
	err := l.each(ctx)
	if err != nil {
		return nil, nil, err
	}
	return l.found, l.left, nil
}

func (l *slackLook) each(ctx context.Context) error {
	if _, err := l.able(ctx, l.place("slack.admins", ""), "who administers partnerbot", l.cfg.Policy.Admins); err != nil {
		return err
	}
	for _, p := range l.cfg.Policy.Partners {
		if _, err := l.able(ctx, l.place("partner "+p.ID, "sponsors"), "its sponsors", p.Sponsors); err != nil {
			return err
		}
	}
	for _, a := range l.cfg.Policy.Accesses {
		if _, err := l.able(ctx, l.place("access "+a.ID, "requesters"), "who may ask for it", a.Requesters); err != nil {
			return err
		}
	}
	for what, s := range l.cfg.Stages() {
		if err := l.stage(ctx, what, s); err != nil {
			return err
		}
	}
	return nil
}

// place is where a finding belongs.
func (l *slackLook) place(what, key string) config.Problem {
	at := l.cfg.Places[what]
	return config.Problem{File: cmpFirst(at.File, l.cfg.Files[0]), Line: at.Line, Key: strings.TrimSpace(what + " " + key)}
}

func cmpFirst(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (l *slackLook) say(at config.Problem, format string, args ...any) {
	at.Text = fmt.Sprintf(format, args...)
	if !slices.Contains(l.found, at) {
		l.found = append(l.found, at)
	}
}

func (l *slackLook) stage(ctx context.Context, what string, s approvals.Stage) error {
	at := l.place(what, "stage "+s.Name)
	able, err := l.able(ctx, at, "its approvers", s.Approvers)
	if err != nil {
		return err
	}
	roles := slices.ContainsFunc(s.Approvers, func(a string) bool {
		return a == approvals.RoleSponsors || a == approvals.RoleManager || a == approvals.RoleChosen
	})
	if !roles && len(able) > 0 && len(able) < s.Quorum {
		l.say(at, "needs %d approvals, and the people who can give one are %d", s.Quorum, len(able))
	}
	if err := l.sees(ctx, at, s.Channel, able); err != nil || s.Escalate == nil {
		return err
	}
	others, err := l.able(ctx, at, "those it escalates to", s.Escalate.Approvers)
	if err != nil {
		return err
	}
	return l.sees(ctx, at, s.Escalate.Channel, others)
}

// able are those of a list who could decide; whoever could not is named.
func (l *slackLook) able(ctx context.Context, at config.Problem, what string, list []string) ([]string, error) {
	var out []string
	named := 0
	for _, id := range list {
		switch {
		case approvals.IsGroup(id):
			named++
			g, err := l.group(ctx, id)
			if err != nil {
				return nil, err
			}
			if len(g.able) == 0 {
				l.say(at, "%s has %d members, and none of them can decide: it is empty, or there is no such user group, or they have left", id, g.all)
			}
			out = append(out, g.able...)
		case strings.ToUpper(id) == id:
			named++
			why, err := l.user(ctx, id)
			if err != nil {
				return nil, err
			}
			if why != nil {
				l.say(at, "%s cannot decide: %s", id, inability(why))
				continue
			}
			out = append(out, id)
		}
	}
	if named > 1 && len(out) == 0 {
		l.say(at, "nobody is left of %s", what)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func inability(why error) string {
	for _, is := range []struct {
		err  error
		text string
	}{
		{approvals.ErrUnknownPerson, "Slack knows nobody by that ID"},
		{approvals.ErrBot, "it is an app"},
		{approvals.ErrForeign, "they are not of this workspace"},
		{approvals.ErrDeactivated, "their account is deactivated"},
		{approvals.ErrSlackGuest, "they are a guest of the workspace"},
	} {
		if errors.Is(why, is.err) {
			return is.text
		}
	}
	return why.Error()
}

func (l *slackLook) group(ctx context.Context, id string) (groupSeen, error) {
	if g, ok := l.groups[id]; ok {
		return g, nil
	}
	var members []string
	err := patiently(ctx, func() (err error) {
		members, err = l.people.Members(ctx, id)
		return err
	})
	if err != nil {
		return groupSeen{}, err
	}
	g := groupSeen{all: len(members)}
	for _, m := range members {
		why, err := l.user(ctx, m)
		if err != nil {
			return groupSeen{}, err
		}
		if why == nil {
			g.able = append(g.able, m)
		}
	}
	l.groups[id] = g
	return g, nil
}

// user returns why somebody cannot decide, nil if they can. Beyond maxLooked people
// nobody is asked about any more, and that is noted.
func (l *slackLook) user(ctx context.Context, id string) (why, err error) {
	if why, ok := l.users[id]; ok {
		return why, nil
	}
	if len(l.users) >= maxLooked {
		l.note(fmt.Sprintf("Not checked: whether more than %d people are still here.", maxLooked))
		return nil, nil
	}
	var who approvals.Person
	err = patiently(ctx, func() (err error) {
		who, err = l.people.Person(ctx, approvals.PersonID{Team: l.team, User: id})
		return err
	})
	switch {
	case errors.Is(err, approvals.ErrUnknownPerson):
		why = approvals.ErrUnknownPerson
	case err != nil:
		return nil, err
	default:
		why = who.Colleague()
	}
	l.users[id] = why
	return why, nil
}

func (l *slackLook) note(text string) {
	if !slices.Contains(l.left, text) {
		l.left = append(l.left, text)
	}
}

// patiently makes a call again when Slack says that it came too soon.
func patiently(ctx context.Context, call func() error) error {
	for {
		err := call()
		wait := time.Duration(0)
		if t, ok := errors.AsType[*approvals.Trouble](err); ok {
			wait = t.After
		} else if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
			wait = limited.RetryAfter
		}
		if err == nil || wait == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

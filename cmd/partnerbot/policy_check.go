package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
)

type policyCheckCmd struct {
	Which   whichPolicy `embed:""`
	Offline bool        `help:"Do not ask Slack, even with a token."`
}

// Run prints every finding with its place. Mistakes are a wrong configuration;
// what is no mistake but hardly meant fails as well, so that nothing is let through
// unseen. What could not be checked is said.
func (c policyCheckCmd) Run(ctx context.Context, p program) error {
	cfg, err := c.Which.load()
	if err != nil {
		return err
	}
	findings, notes := cfg.Remarks, []string{"Not checked: who the approvers are and what they can see (SLACK_BOT_TOKEN is not set)."}
	token, err := config.SlackToken(os.ReadFile, p.env)
	switch {
	case err != nil:
		return usageError{err}
	case c.Offline:
		notes = []string{"Not checked: who the approvers are and what they can see (--offline)."}
	case token != "":
		more, left, err := checkSlack(ctx, cfg, token, time.Now)
		if err != nil {
			return err
		}
		findings, notes = append(findings, more...), left
	}
	for _, f := range findings {
		if _, err := fmt.Fprintln(p.out, f); err != nil {
			return err
		}
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(p.out, n); err != nil {
			return err
		}
	}
	sum := fmt.Sprintf("accesses: %d, partners: %d, rules: %d, files: %d", len(cfg.Policy.Accesses), len(cfg.Policy.Partners), len(cfg.Policy.Rules), len(cfg.Files))
	if len(findings) > 0 {
		return fmt.Errorf("%s; findings: %d", sum, len(findings))
	}
	_, err = fmt.Fprintf(p.out, "%s; nothing is wrong.\n", sum)
	return err
}

// checkSlack asks Slack about everybody whom the policy names, and every channel.
// left is what could not be checked.
func checkSlack(ctx context.Context, cfg *config.Config, token string, now func() time.Time) (found config.Error, left []string, err error) {
	api := bot.NewClient(token, "", cfg.Slack.APIURL, slackHTTP(0))
	me, err := bot.WhoAmI(ctx, api)
	if err != nil {
		return nil, nil, err
	}
	look := &slackLook{
		api: api, people: &bot.People{API: api, Team: me.Team, Enterprise: me.Enterprise, Now: now}, team: me.Team,
		groups: map[string]groupSeen{}, users: map[string]error{}, channels: map[string]channelSeen{}, cfg: cfg,
	}
	return look.all(ctx)
}

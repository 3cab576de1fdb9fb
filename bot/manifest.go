package bot

import "slices"

// EventHomeOpened is the event that App Home is drawn for.
const EventHomeOpened = "app_home_opened"

// App is what the Slack app must be allowed and told, as the code uses it. A
// test holds manifest.yaml against it.
type App struct {
	Commands []AppCommand
	Scopes   []string
	Events   []string
}

// AppCommand is a slash command as Slack offers it.
type AppCommand struct {
	Name, Description, UsageHint string
	Escape                       bool // people who are named in what is typed come with their IDs
}

// Manifest is the app that this code needs: nothing more is asked for.
func Manifest() App {
	return App{
		Commands: []AppCommand{
			{CommandInvite, "Ask for guest access for a partner", "[e-mail] [reason]", false},
			{CommandRequests, "See what is pending, or the story of one request", "[show INV-7] or [delegate @colleague until 2026-12-24]", true},
		},
		Scopes: []string{
			"commands", "chat:write", "im:write", "users:read", "users:read.email", "usergroups:read", "files:read",
			"channels:history", "groups:history", "im:history",
		},
		Events: []string{EventHomeOpened},
	}
}

// MissingScopes are the scopes that the code needs and a token does not have.
// None are missing of a token whose scopes are not known.
func MissingScopes(have []string) []string {
	if len(have) == 0 {
		return nil
	}
	return slices.DeleteFunc(Manifest().Scopes, func(s string) bool { return slices.Contains(have, s) })
}

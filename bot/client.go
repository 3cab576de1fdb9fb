package bot

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/slack-go/slack"
)

// NewClient makes the client for Slack's Web API. It never repeats a call by
// itself: a repeated chat.postMessage would post twice, so repeating is left to
// whoever knows what was owed. Of what people write it reads nothing. hc must
// have a timeout.
func NewClient(token, appToken, apiURL string, hc *http.Client) *slack.Client {
	quiet := *hc
	if quiet.Transport == nil {
		quiet.Transport = http.DefaultTransport
	}
	quiet.Transport = lean{next: quiet.Transport}
	return slack.New(token,
		slack.OptionHTTPClient(&quiet),
		slack.OptionAppLevelToken(appToken),
		slack.OptionAPIURL(strings.TrimSuffix(apiURL, "/")+"/"))
}

// Identity is who we are in Slack.
type Identity struct {
	Team       string // ID of the installing team
	TeamName   string
	Enterprise string // ID of its organisation, empty outside of one
	BotUser    string
	URL        string
	Scopes     []string // of the token; empty if Slack does not say
}

// WhoAmI asks Slack who the token belongs to. An error is an *approvals.Trouble:
// a token that Slack does not accept is Refused, anything passing is Later.
func WhoAmI(ctx context.Context, api *slack.Client) (Identity, error) {
	me, err := api.AuthTestContext(ctx)
	if err != nil {
		return Identity{}, fmt.Errorf("asking Slack who we are: %w", apiTrouble(err))
	}
	id := Identity{Team: me.TeamID, TeamName: me.Team, Enterprise: me.EnterpriseID, BotUser: me.UserID, URL: me.URL}
	for s := range strings.SplitSeq(me.Header.Get("X-Oauth-Scopes"), ",") {
		if s = strings.TrimSpace(s); s != "" {
			id.Scopes = append(id.Scopes, s)
		}
	}
	return id, nil
}

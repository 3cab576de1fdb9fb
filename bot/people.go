package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// maxRecent bounds how many people are remembered; the oldest reading goes first.
const maxRecent = 2000

// slackbot is the one bot that Slack does not describe as a bot.
const slackbot = "USLACKBOT"

// People reads from Slack who somebody is. Person and Members always ask; what
// is merely shown may use Recent.
type People struct {
	API        *slack.Client
	Team       string // the installing team
	Enterprise string // its organisation, if any
	Now        func() time.Time

	call   caller // how Slack is asked; nil: at once
	known  *known
	groups *shared[[]string] // readings of groups that many wait for; nil: each has their own
}

// known are the readings of people, shared by whoever reads them.
type known struct {
	mu     sync.Mutex
	recent map[string]reading
	order  []string // users in the order of their first reading
}

type reading struct {
	who approvals.Person
	at  time.Time
}

// Person describes somebody as Slack sees them now. Nobody is a colleague whom
// Slack does not clearly place in our team or organisation.
func (p *People) Person(ctx context.Context, id approvals.PersonID) (approvals.Person, error) {
	if id.User == "" {
		return approvals.Person{}, approvals.ErrUnknownPerson
	}
	var u *slack.User
	err := p.ask("users.info", func() (err error) {
		u, err = p.API.GetUserInfoContext(ctx, id.User)
		return err
	})
	if err != nil {
		t := apiTrouble(err)
		if slices.Contains(unknown, t.Code) {
			return approvals.Person{}, approvals.ErrUnknownPerson
		}
		return approvals.Person{}, fmt.Errorf("reading user %s: %w", id.User, t)
	}
	if u.ID != id.User {
		return approvals.Person{}, approvals.ErrUnknownPerson
	}
	who := p.describe(id, *u)
	p.known.remember(who, p.Now())
	return who, nil
}

// ByEmail describes the person whom Slack has under an e-mail address now. Such a
// reading serves this one question: Slack does not say there which language
// somebody reads.
func (p *People) ByEmail(ctx context.Context, email string) (approvals.Person, error) {
	if email == "" {
		return approvals.Person{}, approvals.ErrUnknownPerson
	}
	var u *slack.User
	err := p.ask("users.lookupByEmail", func() (err error) {
		u, err = p.API.GetUserByEmailContext(ctx, email)
		return err
	})
	switch {
	case err == nil && u.ID != "":
		return p.describe(approvals.PersonID{Team: firstOf(p.Team, u.TeamID), User: u.ID}, *u), nil
	case err == nil || slices.Contains(unknown, apiTrouble(err).Code):
		return approvals.Person{}, approvals.ErrUnknownPerson
	}
	// The address stays out of it: errors are logged.
	return approvals.Person{}, fmt.Errorf("looking for somebody by e-mail address: %w", apiTrouble(err))
}

// unknown are Slack's error codes for somebody whom it does not know or show.
var unknown = []string{"user_not_found", "user_not_visible", "users_not_found"}

func (p *People) describe(id approvals.PersonID, u slack.User) approvals.Person {
	if id.Team == "" {
		id.Team = u.TeamID
	}
	elsewhere := id.Team != u.TeamID && id.Team != p.Team && id.Team != p.Enterprise
	return approvals.Person{
		ID:          id,
		Name:        firstOf(u.RealName, u.Profile.RealName, u.Profile.DisplayName, u.Name),
		Email:       u.Profile.Email,
		Locale:      u.Locale,
		Bot:         u.IsBot || u.IsWorkflowBot || u.IsConnectorBot || u.ID == slackbot,
		Guest:       u.IsRestricted || u.IsUltraRestricted,
		Deactivated: u.Deleted,
		Foreign:     u.IsStranger || elsewhere || !p.ours(u),
	}
}

// ours reports whether somebody belongs to the installing team, or to another
// team of the same organisation. Members of an organisation may be shown under
// the organisation's own ID.
func (p *People) ours(u slack.User) bool {
	team := firstOf(u.TeamID, u.Profile.Team)
	switch {
	case team != "" && team == p.Team:
		return true
	case p.Enterprise == "":
		return false
	}
	return team == p.Enterprise || u.Enterprise.EnterpriseID == p.Enterprise
}

// Members are the people in a user group now; none if there is no such group.
// Slack tells it 20 times a minute, so many decisions at once share a reading
// that begins after the last of them asked.
func (p *People) Members(ctx context.Context, group string) ([]string, error) {
	if p.groups == nil {
		return p.members(ctx, group)
	}
	members, err := p.groups.ask(ctx, group, func(ctx context.Context) ([]string, error) { return p.members(ctx, group) })
	return slices.Clone(members), err
}

func (p *People) members(ctx context.Context, group string) ([]string, error) {
	var opts []slack.GetUserGroupMembersOption
	if p.Enterprise != "" {
		opts = append(opts, slack.GetUserGroupMembersOptionTeamID(p.Team))
	}
	var members []string
	err := p.ask("usergroups.users.list", func() (err error) {
		members, err = p.API.GetUserGroupMembersContext(ctx, group, opts...)
		return err
	})
	if err == nil {
		return members, nil
	}
	t := apiTrouble(err)
	if slices.Contains([]string{"no_such_subteam", "subteam_not_found"}, t.Code) {
		return nil, nil
	}
	return nil, fmt.Errorf("reading user group %s: %w", group, t)
}

// Recent describes somebody by a reading no older than maxAge, and asks Slack
// if there is none. It is for what is shown and prefilled, never for decisions.
func (p *People) Recent(ctx context.Context, id approvals.PersonID, maxAge time.Duration) (approvals.Person, error) {
	if got, ok := p.known.of(id.User); ok && p.Now().Sub(got.at) <= maxAge {
		return got.who, nil
	}
	return p.Person(ctx, id)
}

// as returns a view of the same people that asks Slack in another way, and
// shares no readings with this one.
func (p *People) as(call caller) *People {
	q := *p
	q.call, q.groups = call, nil
	return &q
}

func (p *People) ask(method string, call func() error) error {
	if p.call == nil {
		return call()
	}
	return p.call(method, call)
}

func (k *known) of(user string) (reading, bool) {
	if k == nil {
		return reading{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	got, ok := k.recent[user]
	return got, ok
}

func (k *known) remember(who approvals.Person, at time.Time) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.recent == nil {
		k.recent = map[string]reading{}
	}
	if _, old := k.recent[who.ID.User]; !old {
		k.order = append(k.order, who.ID.User)
	}
	k.recent[who.ID.User] = reading{who: who, at: at}
	if len(k.order) > maxRecent {
		delete(k.recent, k.order[0])
		k.order = k.order[1:]
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

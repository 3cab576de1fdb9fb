package approvals

import "strings"

// PersonID names a person for good: the Slack team and the user ID in it.
// An e-mail address is never an identity, only a way to look one up.
type PersonID struct {
	Team string `json:"team,omitempty"`
	User string `json:"user,omitempty"`
}

// String is for logs and audit entries.
func (p PersonID) String() string { return p.Team + "/" + p.User }

// Same reports whether two IDs are one person. Slack shows the members of an
// Enterprise organisation sometimes under their team, sometimes under the
// organisation, so the user ID decides and the team is not compared.
func (p PersonID) Same(q PersonID) bool { return p.User != "" && p.User == q.User }

// Person is what Slack said about somebody at one moment.
type Person struct {
	ID          PersonID
	Name        string
	Email       string
	Locale      string
	Bot         bool // an app or Slackbot
	Guest       bool // a Slack guest, single- or multi-channel
	Deactivated bool
	Foreign     bool // Slack Connect, or of another workspace or organisation
}

// Colleague refuses everybody who is not a living, full member of the
// workspace that partnerbot serves. Nobody else asks, decides or administers.
func (p Person) Colleague() error {
	switch {
	case p.ID.User == "":
		return ErrUnknownPerson
	case p.Bot:
		return ErrBot
	case p.Foreign:
		return ErrForeign
	case p.Deactivated:
		return ErrDeactivated
	case p.Guest:
		return ErrSlackGuest
	}
	return nil
}

// stranger reports whether somebody is no Colleague, for those who need no reason.
func (p Person) stranger() bool { return p.Colleague() != nil }

// IsGroup reports whether an ID from the policy names a Slack user group
// rather than a person.
func IsGroup(id string) bool { return strings.HasPrefix(id, "S") }

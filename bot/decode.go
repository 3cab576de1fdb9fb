package bot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"partnerbot/approvals"
)

// kind is the sort of a payload, by Slack's names for socket envelopes.
type kind string

// The kinds of payload.
const (
	kindCommand     kind = "slash_commands"
	kindInteractive kind = "interactive"
	kindEvent       kind = "events_api"
)

var (
	// errNoPerson says that a payload does not tell who made it.
	errNoPerson = errors.New("the payload names no person")
	// errGarbled says that a payload cannot be read, now or when sent again.
	errGarbled = errors.New("the payload is no JSON object")
)

// command is a slash command, as much of it as we use.
type command struct {
	Name         string `json:"command"`
	Text         string `json:"text"`
	User         string `json:"user_id"`
	Team         string `json:"team_id"`
	EnterpriseID string `json:"enterprise_id"`
	Channel      string `json:"channel_id"`
	ResponseURL  string `json:"response_url"`
	Trigger      string `json:"trigger_id"`
}

// commandFields are the form fields that make a command.
var commandFields = []string{
	"command", "text", "user_id", "team_id", "enterprise_id", "channel_id", "response_url", "trigger_id",
}

func (c command) who() approvals.PersonID { return personID(c.User, "", c.Team, c.EnterpriseID) }

func (c command) place() place { return place{who: c.who(), channel: c.Channel, url: c.ResponseURL} }

// named is an object of which only the ID matters; null reads as none.
type named struct {
	ID string `json:"id"`
}

// interaction is a click or a submitted form, as much of it as we use.
type interaction struct {
	Type string `json:"type"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Team       named `json:"team"`
	Enterprise named `json:"enterprise"`
	Channel    named `json:"channel"`
	Container  struct {
		ChannelID   string `json:"channel_id"`
		IsEphemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Trigger     string   `json:"trigger_id"`
	ResponseURL string   `json:"response_url"`
	Actions     []action `json:"actions"`
	View        view     `json:"view"`
}

type action struct {
	ID    string `json:"action_id"`
	Value string `json:"value"`
}

type view struct {
	ID       string `json:"id"`
	Hash     string `json:"hash"`
	Callback string `json:"callback_id"`
	Metadata string `json:"private_metadata"`
	State    struct {
		Values map[string]map[string]input `json:"values"`
	} `json:"state"`
}

// input is what one element of a form holds: typed text, a chosen option or
// several, a day or a person.
type input struct {
	Value    string `json:"value"`
	Selected struct {
		Value string `json:"value"`
	} `json:"selected_option"`
	Options []struct {
		Value string `json:"value"`
	} `json:"selected_options"`
	Date  string  `json:"selected_date"` // 2026-12-24
	User  string  `json:"selected_user"`
	Files []named `json:"files"`
}

// anchor is the block where a sentence goes that belongs to no single field.
func (v view) anchor() string {
	for _, block := range []approvals.Field{
		approvals.FieldEmail, approvals.FieldReason, approvals.FieldFor, approvals.FieldChoose, approvals.FieldAnswer, blockTo,
	} {
		if _, ok := v.State.Values[string(block)]; ok {
			return string(block)
		}
	}
	if blocks := slices.Sorted(maps.Keys(v.State.Values)); len(blocks) > 0 {
		return blocks[0]
	}
	return string(approvals.FieldReason)
}

// text is what was typed or chosen in a block, whatever its action is called.
func (v view) text(block string) string {
	for _, in := range v.State.Values[block] {
		if in.Selected.Value != "" {
			return in.Selected.Value
		}
		return in.Value
	}
	return ""
}

// chosen are the options that were ticked in a block.
func (v view) chosen(block string) []string {
	var out []string
	for _, in := range v.State.Values[block] {
		for _, o := range in.Options {
			out = append(out, o.Value)
		}
	}
	return out
}

// date is the day that was picked in a block, as 2026-12-24.
func (v view) date(block string) string {
	for _, in := range v.State.Values[block] {
		return in.Date
	}
	return ""
}

// user is the person who was picked in a block.
func (v view) user(block string) string {
	for _, in := range v.State.Values[block] {
		return in.User
	}
	return ""
}

func (i interaction) who() approvals.PersonID {
	return personID(i.User.ID, i.User.TeamID, i.Team.ID, i.Enterprise.ID)
}

func (i interaction) place() place {
	channel := i.Channel.ID
	if channel == "" {
		channel = i.Container.ChannelID
	}
	return place{who: i.who(), channel: channel, url: i.ResponseURL}
}

// event is an Events API delivery, as much of it as we use.
type event struct {
	Type  string `json:"type"`
	ID    string `json:"event_id"`
	Team  string `json:"team_id"`
	Inner struct {
		Type string `json:"type"`
		User string `json:"user"`
		Tab  string `json:"tab"`
	} `json:"event"`
	EnterpriseID string `json:"enterprise_id"`
}

func (e event) who() approvals.PersonID { return personID(e.Inner.User, "", e.Team, e.EnterpriseID) }

// personID is the one place where a payload becomes an identity. Slack writes
// the team of somebody in an Enterprise organisation sometimes as the workspace
// and sometimes as the organisation: the workspace is preferred.
func personID(user, userTeam, team, enterprise string) approvals.PersonID {
	if !strings.HasPrefix(userTeam, "T") {
		for _, t := range []string{team, enterprise, userTeam} {
			if t != "" {
				userTeam = t
				break
			}
		}
	}
	return approvals.PersonID{Team: userTeam, User: user}
}

// decode reads JSON into into. Elements of a shape that we do not know are
// passed over; only text that is no JSON object at all is an error.
func decode(raw []byte, into any) error {
	err := json.Unmarshal(trimmed(raw), into)
	if odd, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && odd.Field != "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errGarbled, err)
	}
	return nil
}

// soleField reads a form that is one field, as interactions are, without a copy
// of it for every step. ok is false for every other form.
func soleField(body []byte, name string) (value []byte, ok bool) {
	text, found := bytes.CutPrefix(body, []byte(name+"="))
	if !found || bytes.IndexByte(text, '&') >= 0 || bytes.IndexByte(text, ';') >= 0 {
		return nil, false
	}
	value = make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '+':
			value = append(value, ' ')
		case '%':
			if i+2 >= len(text) {
				return nil, false
			}
			high, low := hexDigit(text[i+1]), hexDigit(text[i+2])
			if high|low > 0xf {
				return nil, false
			}
			value = append(value, high<<4|low)
			i += 2
		default:
			value = append(value, c)
		}
	}
	return value, len(value) > 0
}

// hexDigit is what a digit is worth, and more than any is for what is none.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// fromForm reads a form-encoded body as the payload that a socket would have
// brought. ok is false if it is none that we know. Only the body is read, never
// the address: the body is what Slack signed.
func fromForm(form url.Values) (k kind, raw []byte, ok bool) {
	if p := form.Get("payload"); p != "" {
		return kindInteractive, []byte(p), true
	}
	if form.Get("command") == "" {
		return "", nil, false
	}
	fields := make(map[string]string, len(commandFields))
	for _, f := range commandFields {
		fields[f] = form.Get(f)
	}
	raw, err := json.Marshal(fields)
	return kindCommand, raw, err == nil
}

package bot

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// shownAge is how old a reading of a person may be for what is merely shown.
const shownAge = 12 * time.Hour

// DeskConfig is what a Desk needs. Company and Mail may be empty.
type DeskConfig struct {
	API        *slack.Client
	HTTP       *http.Client // for response URLs; must have a timeout
	APIHost    string       // host of slack.api_url, where response URLs may be too
	Team       string       // the installing team
	Enterprise string       // its organisation, if any
	Company    string       // how the note to a guest calls us: the team's name
	Mail       string       // who mails the invitation: microsoft, requester, graph or smtp
	Cloud      string       // Entra's: public, usgov, dod or china; empty: public
	Words      *Words
	Policy     *approvals.Policy
	Now        func() time.Time
	Log        *slog.Logger
}

// Desk keeps what Slack shows equal to the requests: it implements
// approvals.Desk. Every call may be repeated at any time; at worst a message
// whose first posting was not written down is posted again.
type Desk struct {
	*People
	render  render
	api     *slack.Client
	http    *http.Client
	apiHost string
	paces   *paces
	now     func() time.Time
	log     *slog.Logger
}

var _ approvals.Desk = (*Desk)(nil)

// NewDesk makes a Desk. Nothing is asked of Slack before it is used.
func NewDesk(cfg DeskConfig) *Desk {
	quiet := *cfg.HTTP
	quiet.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Desk{
		People:  &People{API: cfg.API, Team: cfg.Team, Enterprise: cfg.Enterprise, Now: cfg.Now},
		render:  render{Words: cfg.Words, Policy: cfg.Policy, Company: cfg.Company, Mail: cfg.Mail, Cloud: cfg.Cloud},
		api:     cfg.API,
		http:    &quiet,
		apiHost: cfg.APIHost,
		paces:   newPaces(cfg.Now),
		now:     cfg.Now,
		log:     cfg.Log,
	}
}

// locale is the language somebody reads; English if Slack does not say.
func (d *Desk) locale(ctx context.Context, id approvals.PersonID) string {
	who, err := d.Recent(ctx, id, shownAge)
	if err != nil {
		return ""
	}
	return who.Locale
}

// names are what to call people in a message that must not notify them. Whoever
// cannot be read is left out.
func (d *Desk) names(ctx context.Context, r approvals.Request) map[string]string {
	names := map[string]string{}
	ids := []approvals.PersonID{r.Requester}
	for _, v := range r.Votes {
		ids = append(ids, v.By)
	}
	for _, id := range ids {
		if who, err := d.Recent(ctx, id, shownAge); err == nil {
			names[id.User] = who.Name
			if id.Same(r.Requester) && who.Email != "" { // a name is what its owner writes
				names[id.User] += " (" + who.Email + ")"
			}
		}
	}
	return names
}

// put makes a message of ours look as m: it posts it where none is yet, or none
// any more, updates it where it is out of date, and leaves it alone otherwise.
// posted says whether a new message appeared.
func (d *Desk) put(ctx context.Context, was approvals.Posted, to turn, version uint64, m Message, more ...slack.MsgOption) (is approvals.Posted, posted bool, err error) {
	if was.TS != "" {
		if was.Version == version {
			return was, false, nil
		}
		_, _, _, err := d.api.UpdateMessageContext(ctx, was.Channel, was.TS, m.options(more...)...)
		if err == nil {
			return approvals.Posted{Channel: was.Channel, TS: was.TS, Version: version}, false, nil
		}
		t := in(was.Channel, apiTrouble(err))
		if !gone(t.Code) {
			t.Doing = "updating a message in " + was.Channel
			return was, false, t
		}
		d.log.InfoContext(ctx, "message is gone and posted again", "channel", was.Channel, "ts", was.TS, "code", t.Code)
	}
	ch, ts, err := d.post(ctx, to, m, more...)
	if err != nil {
		return was, false, err
	}
	return approvals.Posted{Channel: ch, TS: ts, Version: version}, true, nil
}

// gone reports that a message cannot be updated any more, so that what it shows
// must be shown by a new one.
func gone(code string) bool {
	switch code {
	case "message_not_found", "cant_update_message", "edit_window_closed":
		return true
	}
	return false
}

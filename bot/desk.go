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

// DeskConfig is what a Desk needs. Company, Mail and Delegates may be empty.
type DeskConfig struct {
	API        *slack.Client
	HTTP       *http.Client // for response URLs; must have a timeout
	APIHost    string       // host of slack.api_url, where response URLs may be too
	Team       string       // the installing team
	Enterprise string       // its organisation, if any
	Company    string       // how the note to a guest calls us: the team's name
	Mail       string       // who mails the invitation: microsoft, requester, graph or smtp
	Cloud      string       // Entra's: public, usgov, dod or china; empty: public
	Unpaced    bool         // Slack has no limits of so many calls a minute: the sandbox may be without
	Words      *Words
	Policy     func() *approvals.Policy
	Delegates  func(ctx context.Context) ([]approvals.Delegation, error) // who decides for whom; nil: nobody for anybody
	Now        func() time.Time
	Log        *slog.Logger
}

// Desk keeps what Slack shows equal to the requests: it implements
// approvals.Desk. Every call may be repeated at any time: a message whose
// answer was lost is found again and never posted twice.
type Desk struct {
	*People          // for the worker, which can wait for Slack's limits
	hurried  *People // the same people, for somebody who waits
	sight    *Glance // and for the worker where a moment ago is soon enough
	glance   *Glance // what the same has seen, for somebody who waits
	render   render
	api      *slack.Client
	http     *http.Client
	apiHost  string
	deputies *deputies
	paces    *paces
	tiers    *tiers
	searches searches
	self     self
	dms      dms
	now      func() time.Time
	log      *slog.Logger
}

var _ approvals.Desk = (*Desk)(nil)

// NewDesk makes a Desk. Nothing is asked of Slack before it is used.
func NewDesk(cfg DeskConfig) *Desk {
	quiet := *cfg.HTTP
	quiet.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	clock := steady(cfg.Now)
	limits := newTiers(clock, cfg.Unpaced)
	people := &People{API: cfg.API, Team: cfg.Team, Enterprise: cfg.Enterprise, Now: cfg.Now, call: limits.ask, known: &known{}, groups: &shared[[]string]{}}
	hurried, sight := people.as(limits.press), people.Glance()
	return &Desk{
		People:   people,
		hurried:  hurried,
		sight:    sight,
		glance:   sight.of(hurried, people.as(limits.spareCall)),
		render:   render{Words: cfg.Words, Policy: cfg.Policy, Company: cfg.Company, Mail: cfg.Mail, Cloud: cfg.Cloud},
		api:      cfg.API,
		http:     &quiet,
		apiHost:  cfg.APIHost,
		deputies: &deputies{read: cfg.Delegates},
		paces:    newPaces(clock),
		tiers:    limits,
		now:      cfg.Now,
		log:      cfg.Log,
	}
}

// Glance is the view for somebody who waits for an answer: one for all who ask.
func (d *Desk) Glance() *Glance { return d.glance }

// parcel is one message that is to be there: where, how it is known again, and
// how it looks.
type parcel struct {
	to     turn
	thread string // the message that it replies to, if any
	tag    tag
	note   approvals.Note
	draw   func(ctx context.Context, first bool) (Message, error) // first: it notifies whom it mentions
	check  bool                                                   // whether one that is up to date is still there
	closed bool                                                   // it is not worth a new message any more
	lost   time.Time                                              // it was about to be posted then, and its answer is not known
}

func (p parcel) options(m Message) []slack.MsgOption {
	return m.options(slack.MsgOptionMetadata(p.tag.metadata()))
}

// put makes a message of ours look as it should: it posts it where none is yet,
// or none any more, updates it where it is out of date, and leaves it alone
// otherwise. fresh says whether a new message appeared just now. A message whose
// posting was not known before is returned even with an error.
func (d *Desk) put(ctx context.Context, was approvals.Posted, p parcel, version uint64) (is approvals.Posted, fresh bool, err error) {
	if was.TS != "" {
		there, err := d.bring(ctx, was, p, version)
		if err != nil {
			return was, false, err
		}
		if there {
			was.Version = version
			return was, false, nil
		}
		d.log.InfoContext(ctx, "message is gone", "channel", was.Channel, "ts", was.TS, "posted_again", !p.closed)
	}
	found := false
	switch {
	case !p.closed:
		is, found, err = d.post(ctx, p, was.TS)
	case !p.lost.IsZero():
		is, found, err = d.find(ctx, p, p.lost, was.TS)
	}
	if err != nil {
		return was, false, err
	}
	switch {
	case is.TS == "":
		return approvals.Posted{}, false, nil
	case !found:
		is.Version = version
		return is, true, nil
	}
	d.log.InfoContext(ctx, "message is found whose answer was lost", "channel", is.Channel, "ts", is.TS)
	there, err := d.bring(ctx, is, p, version)
	switch {
	case err != nil:
		return is, false, err
	case !there:
		return is, false, &approvals.Trouble{Kind: approvals.Later, Code: "message_not_found", Doing: "updating a message in " + is.Channel}
	}
	is.Version = version
	return is, false, nil
}

// bring updates a message that is out of date, and looks after one that is not
// if it is to be checked. It returns false of one that is gone.
func (d *Desk) bring(ctx context.Context, was approvals.Posted, p parcel, version uint64) (there bool, err error) {
	doing := "updating a message in "
	switch {
	case was.Version == version && !p.check:
		return true, nil
	case was.Version == version:
		doing = "looking for a message in "
		err = d.tiers.ask("chat.getPermalink", func() error {
			_, err := d.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: was.Channel, Ts: was.TS})
			return err
		})
	default:
		m, drawing := p.draw(ctx, false)
		if drawing != nil {
			return false, drawing
		}
		err = d.tiers.ask("chat.update", func() error {
			_, _, _, err := d.api.UpdateMessageContext(ctx, was.Channel, was.TS, p.options(m)...)
			return err
		})
	}
	if err == nil {
		return true, nil
	}
	t := in(was.Channel, apiTrouble(err))
	if gone(t.Code) {
		return false, nil
	}
	t.Doing = firstOf(t.Doing, doing+was.Channel)
	return false, t
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

package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"partnerbot/approvals"
)

// maxTold bounds how many admins are told of one thing.
const maxTold = 50

// Failure makes every admin's one message about a request that failed show it
// as it is. Nobody gets a first message once it is not failed any more.
func (d *Desk) Failure(ctx context.Context, r approvals.Request, note approvals.Note) ([]approvals.Posted, error) {
	shown, err := d.tellAdmins(ctx, news{
		about: string(r.ID), mark: r.Tag, what: "failure", event: eventRequest, version: r.Version, shown: r.Shown.Admins,
		open: r.State == approvals.Failed,
		draw: func(locale string) Message { return d.render.Failure(locale, r) },
	}, note)
	if err != nil {
		err = fmt.Errorf("telling the admins about %s: %w", r.ID, err)
	}
	return shown, err
}

// Incident makes every admin's one message about an incident show it as it is.
// Nobody gets a first message once it is over.
func (d *Desk) Incident(ctx context.Context, i approvals.Incident, note approvals.Note) ([]approvals.Posted, error) {
	shown, err := d.tellAdmins(ctx, news{
		about: i.Key, what: "incident", event: eventIncident, version: i.Version, shown: i.Shown,
		open: i.Over.IsZero(),
		draw: func(locale string) Message { return d.render.Incident(locale, i) },
	}, note)
	if err != nil {
		err = fmt.Errorf("telling the admins about %q: %w", i.Key, err)
	}
	return shown, err
}

// news is what every admin has one message about.
type news struct {
	about, mark, what, event string
	version                  uint64
	shown                    []approvals.Posted
	open                     bool // worth a new message
	draw                     func(locale string) Message
}

// tellAdmins brings every admin's message up to date and returns what is shown
// now, even with an error. Whom Slack will never let us reach is given up, and
// nobody is kept from it by somebody else.
func (d *Desk) tellAdmins(ctx context.Context, n news, note approvals.Note) ([]approvals.Posted, error) {
	admins, err := d.told(ctx)
	if err != nil {
		return n.shown, err
	}
	if n.open && len(admins) == 0 {
		d.log.ErrorContext(ctx, "there is no admin to tell: correct slack.admins in the configuration", "about", n.about)
	}
	var is []approvals.Posted
	var failed error
	show := func(who approvals.Person, was approvals.Posted, p parcel) {
		was, _, err := d.put(ctx, was, p, n.version)
		if was.TS != "" {
			is = append(is, was)
		}
		failed = d.mattersMost(ctx, failed, err, who)
	}
	left := slices.Clone(n.shown)
	for _, who := range admins {
		if t, ok := errors.AsType[*approvals.Trouble](failed); ok && t.Wide != "" {
			break // everybody's
		}
		was, err := d.hasShown(ctx, who, left)
		if err != nil {
			failed = d.mattersMost(ctx, failed, err, who)
			continue
		}
		left = slices.DeleteFunc(left, func(p approvals.Posted) bool { return p == was })
		show(who, was, d.toAdmin(n, who, note))
	}
	if failed != nil { // whose the rest is may not be known
		return append(is, left...), failed
	}
	for _, was := range left {
		show(approvals.Person{}, was, d.toFormer(n))
	}
	return is, failed
}

// toAdmin is the message about something to one admin.
func (d *Desk) toAdmin(n news, who approvals.Person, note approvals.Note) parcel {
	what := n.what + " " + who.ID.User
	return parcel{
		to: turn{who.ID.User, n.about, what}, tag: tagFor(n.event, n.about, n.mark, "what", what),
		note: note, closed: !n.open,
		draw: func(context.Context, bool) (Message, error) { return n.draw(who.Locale), nil },
	}
}

// toFormer is the message to somebody who was an admin: it is kept true, and
// never posted again.
func (d *Desk) toFormer(n news) parcel {
	return parcel{
		tag: tagFor(n.event, n.about, n.mark, "what", n.what), closed: true,
		draw: func(context.Context, bool) (Message, error) { return n.draw(""), nil },
	}
}

// hasShown finds somebody's message among those that exist; the zero Posted if
// there is none.
func (d *Desk) hasShown(ctx context.Context, who approvals.Person, shown []approvals.Posted) (approvals.Posted, error) {
	if len(shown) == 0 {
		return approvals.Posted{}, nil
	}
	channel, err := d.dm(ctx, who.ID.User)
	i := slices.IndexFunc(shown, func(p approvals.Posted) bool { return p.Channel == channel })
	if err != nil || i < 0 {
		return approvals.Posted{}, err
	}
	return shown[i], nil
}

// mattersMost keeps the first error that another try may end, and logs that
// somebody cannot be told.
func (d *Desk) mattersMost(ctx context.Context, failed, err error, who approvals.Person) error {
	if t, ok := errors.AsType[*approvals.Trouble](err); ok && t.Kind == approvals.Refused && t.Wide == "" {
		d.log.WarnContext(ctx, "an admin cannot be told", "person", who.ID.User, "code", t.Code)
		return failed
	}
	if failed != nil {
		return failed
	}
	return err
}

// told are the admins whom messages are for: members of this workspace, those
// named one by one first.
func (d *Desk) told(ctx context.Context) ([]approvals.Person, error) {
	var ids []string
	for _, id := range d.render.Policy().Admins {
		if !approvals.IsGroup(id) {
			ids = append(ids, id)
		}
	}
	for _, g := range d.render.Policy().AdminGroups() {
		members, err := d.Members(ctx, g)
		if err != nil {
			return nil, err
		}
		slices.Sort(members)
		ids = append(ids, members...)
	}
	var out []approvals.Person
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] || len(out) == maxTold {
			continue
		}
		seen[id] = true
		who, err := d.Recent(ctx, approvals.PersonID{Team: d.Team, User: id}, shownAge)
		switch {
		case errors.Is(err, approvals.ErrUnknownPerson):
		case err != nil:
			return nil, err
		case who.Colleague() == nil:
			out = append(out, who)
		}
	}
	return out, nil
}

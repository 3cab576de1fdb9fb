package bot

import (
	"context"

	"partnerbot/approvals"
)

// locale is the language of somebody who waits for an answer; English if Slack
// does not say.
func (d *Desk) locale(ctx context.Context, id approvals.PersonID) string {
	who, err := d.hurried.Recent(ctx, id, shownAge)
	if err != nil {
		return ""
	}
	return who.Locale
}

// reader describes whom a message is for, as far as Slack says. An error is our
// own limit only, which is worth waiting for.
func (d *Desk) reader(ctx context.Context, id approvals.PersonID) (approvals.Person, error) {
	who, err := d.Recent(ctx, id, shownAge)
	if codeOf(err) == approvals.CodePace {
		return approvals.Person{}, err
	}
	return who, nil
}

// names are what to call people in a message that must not notify them. Whoever
// cannot be read is left out.
func (d *Desk) names(ctx context.Context, r approvals.Request) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range mentioned(r) {
		if _, known := names[id.User]; known || id.User == "" {
			continue
		}
		who, err := d.reader(ctx, id)
		if err != nil {
			return nil, err
		}
		names[id.User] = who.Name
		if id.Same(r.Requester) && who.Email != "" { // a name is what its owner writes
			names[id.User] += " (" + who.Email + ")"
		}
	}
	return names, nil
}

// mentioned are the people whom a message about a request may speak of.
func mentioned(r approvals.Request) []approvals.PersonID {
	ids := []approvals.PersonID{r.Requester}
	for _, v := range r.Votes {
		ids = append(ids, v.By, v.For)
	}
	for _, e := range r.Edits {
		ids = append(ids, e.By)
	}
	for _, e := range r.Talk {
		ids = append(ids, e.By)
	}
	for _, last := range r.Facts.Here.Last {
		ids = append(ids, last.By)
	}
	if r.Claim != nil {
		ids = append(ids, r.Claim.By)
	}
	if r.Closed != nil {
		ids = append(ids, r.Closed.By)
	}
	return ids
}

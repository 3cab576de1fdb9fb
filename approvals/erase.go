package approvals

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrGuestStays refuses to erase a guest who may still be in the tenant, or may
// come in, by a request. It is told to operators only. Args: id, state.
var ErrGuestStays = refuse("guest_stays", "")

// Erase makes every request of a guest's address forget who the guest was, and
// the trail forget what was said of them, and returns the requests. Nothing is
// erased while one of them is not over. What Slack shows of them follows.
// Called again, it erases nothing and returns nothing.
func Erase(ctx context.Context, store Store, now time.Time, email, by string) ([]RequestID, error) {
	all, err := store.History(ctx, email)
	if err != nil {
		return nil, fmt.Errorf("looking for the requests of a guest: %w", err)
	}
	for _, r := range all {
		if err := r.erasable(); err != nil {
			return nil, err
		}
	}
	var done []RequestID
	for _, r := range all {
		_, err := store.Erase(ctx, r.ID, func(r Request) (Change, error) {
			next, owed, err := r.Apply(Erased{By: by, Email: email}, now)
			if err != nil {
				return Change{}, err
			}
			return Change{Request: next, Entries: []Entry{entry(r, next, Erased{By: by, Email: email}, now)}, Owed: owed}, nil
		})
		switch {
		case isNotDue(err): // somebody else was faster
		case err != nil:
			return done, wrapFault(err, "erasing the guest of "+string(r.ID))
		default:
			done = append(done, r.ID)
		}
	}
	return done, nil
}

// erasable refuses while the request may still let the guest in, or has something
// to take back. One that failed with an account goes on by a retry, or by its end.
func (r Request) erasable() error {
	switch r.State {
	case Denied, Cancelled, TimedOut, Ended, Split:
		return nil
	case Failed:
		if r.Account.ID == "" {
			return nil
		}
	case Pending, Inviting, Invited, Active, Ending:
	}
	return about(ErrGuestStays, r).With("state", string(r.State))
}

// erased leaves of the guest and of all that people typed only what is needed to
// say what was given, when and by whom. A failed request cannot be retried after it.
// Of a request for several the others stay.
func (r Request) erased(ev Erased, now time.Time) (Request, []Owing, error) {
	if !r.Erased.IsZero() {
		return r, nil, ErrNotDue
	}
	if err := r.erasable(); err != nil {
		return r, nil, err
	}
	for i, g := range r.Guests {
		if strings.EqualFold(g.Email, ev.Email) {
			r.Guests[i] = Guest{}
		}
	}
	r.Guest, r.Reason, r.Account.Link = Guest{}, "", ""
	if len(r.Addresses()) == 0 {
		r.Erased = now
	}
	r.Presses, r.Answers, r.Edits, r.Filled, r.Talk = nil, nil, nil, nil, nil
	r.Facts, r.FactsOf = Facts{Partner: r.Facts.Partner, PartnerID: r.Facts.PartnerID}, nil
	r.Votes = slices.Clone(r.Votes)
	for i := range r.Votes {
		r.Votes[i].Reason = ""
	}
	if r.Closed != nil {
		closed := *r.Closed
		closed.Reason = ""
		r.Closed = &closed
	}
	if r.Trouble != nil {
		trouble := *r.Trouble
		trouble.Text = ""
		r.Trouble = &trouble
	}
	return r.enter(r.State, Owing{Kind: WorkFailure})
}

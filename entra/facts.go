package entra

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	kiota "github.com/microsoft/kiota-abstractions-go"

	"partnerbot/approvals"
)

const (
	countingGuests = "counting the guests of the domain"
	guestFields    = "id,accountEnabled,externalUserState"

	// countedGuests is how many guests are looked at one by one.
	countedGuests = 100
)

// Facts says what the tenant knows of the account with this address, if there is
// one, and how many guests have their mail at the domain, unless that is empty. If
// Graph will not count, the rest is said all the same, and Trouble says why. At is
// left to whoever keeps the facts.
func (c *Client) Facts(ctx context.Context, email, domain string) (approvals.TenantFacts, error) {
	f, ok, err := c.Find(ctx, email)
	if err != nil {
		return approvals.TenantFacts{}, err
	}
	known := approvals.TenantFacts{Account: ok, Guest: f.Guest, Pending: f.Pending, Disabled: f.Disabled}
	if domain == "" {
		return known, nil
	}
	known.Count, err = c.guestsFrom(ctx, domain)
	if t, failed := errors.AsType[*approvals.Trouble](err); failed && t.Kind == approvals.Refused {
		known.Trouble, err = cmp.Or(t.Code, string(t.Kind)), nil
	}
	if err != nil {
		return approvals.TenantFacts{}, err
	}
	return known, nil
}

// guestsFrom counts the guests whose mail is of exactly this domain. All of them
// count, in one call; who is disabled or pending is looked at for the first
// hundred, and who is both counts as disabled. endsWith needs the index behind
// advanced queries, which hears of new guests late: this is for people to read,
// never for deciding whether somebody is there. So a refusal is no incident of
// the directory either, which others may be able to read all the same.
func (c *Client) guestsFrom(ctx context.Context, domain string) (approvals.TenantCount, error) {
	info := c.request(kiota.GET, "/users{?%24count,%24filter,%24select,%24top}", nil)
	info.Headers.TryAdd("ConsistencyLevel", "eventual")
	info.QueryParameters["%24count"] = "true"
	info.QueryParameters["%24filter"] = "userType eq 'Guest' and endsWith(mail," + quoted("@"+domain) + ")"
	info.QueryParameters["%24select"] = guestFields
	info.QueryParameters["%24top"] = strconv.Itoa(countedGuests)
	page, err := c.users(ctx, step{doing: countingGuests}, info)
	if err != nil {
		return approvals.TenantCount{}, err
	}
	if page.GetOdataCount() == nil { // Graph leaves the count out, without a word, if it did not see the header
		return approvals.TenantCount{}, unreadable(countingGuests)
	}
	var n approvals.TenantCount
	for _, u := range page.GetValue() {
		if u == nil || !isGUID(value(u.GetId())) {
			return approvals.TenantCount{}, unreadable(countingGuests)
		}
		switch f := c.found(u); {
		case f.Disabled:
			n.Disabled++
		case f.Pending:
			n.Pending++
		}
	}
	listed := len(page.GetValue())
	n.Guests = max(int(*page.GetOdataCount()), listed)
	n.More = n.Guests > listed || value(page.GetOdataNextLink()) != ""
	return n, nil
}

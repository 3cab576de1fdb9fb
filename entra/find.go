package entra

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"partnerbot/approvals"
)

const (
	lookingFor = "looking for the guest"
	lookingAt  = "looking at the guest"
	ambiguous  = "ambiguous" // our code for an address that several accounts have

	accountFields = "id,displayName,userType,accountEnabled,externalUserState,externalUserStateChangeDateTime,mail"
)

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func isGUID(s string) bool { return guid.MatchString(s) }

// Find looks under every address an account may have. Where several accounts
// match, the guest is meant; two guests are a matter for a human.
//
// The query is a plain one on purpose: eq needs no ConsistencyLevel, and the index
// behind advanced queries hears of new accounts later than the directory itself,
// while we may be looking for an invitation that left seconds ago.
func (c *Client) Find(ctx context.Context, email string) (approvals.Found, bool, error) {
	if err := wantAddress(lookingFor, email); err != nil {
		return approvals.Found{}, false, err
	}
	info := c.request(kiota.GET, "/users{?%24filter,%24select}", nil)
	info.QueryParameters["%24filter"] = addressFilter(email)
	info.QueryParameters["%24select"] = accountFields
	page, err := c.users(ctx, step{doing: lookingFor, wide: approvals.WideDirectory}, info)
	if err != nil {
		return approvals.Found{}, false, err
	}
	return c.choose(page)
}

// users asks for one page of users. An answer without a list is trouble: it does
// not say that nobody is there.
func (c *Client) users(ctx context.Context, s step, info *kiota.RequestInformation) (models.UserCollectionResponseable, error) {
	s.want = http.StatusOK
	got, err := c.send(ctx, s, info, models.CreateUserCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return nil, err
	}
	page, ok := got.(models.UserCollectionResponseable)
	if !ok || page.GetValue() == nil {
		return nil, unreadable(s.doing)
	}
	return page, nil
}

// addressFilter holds the address against every property that may carry it.
func addressFilter(email string) string {
	return fmt.Sprintf("mail eq %[1]s or userPrincipalName eq %[1]s or otherMails/any(x:x eq %[1]s) or proxyAddresses/any(x:x eq %[2]s)",
		quoted(email), quoted("SMTP:"+email))
}

// quoted is a text as filters take it: none ends before its end.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (c *Client) choose(page models.UserCollectionResponseable) (approvals.Found, bool, error) {
	var all []approvals.Found
	for _, u := range page.GetValue() {
		if u == nil || !isGUID(value(u.GetId())) {
			return approvals.Found{}, false, unreadable(lookingFor)
		}
		all = append(all, c.found(u))
	}
	guests := slices.DeleteFunc(slices.Clone(all), func(f approvals.Found) bool { return !f.Guest })
	switch {
	case len(guests) > 1 || value(page.GetOdataNextLink()) != "":
		return approvals.Found{}, false, &approvals.Trouble{
			Kind: approvals.Refused, Doing: lookingFor, Code: ambiguous, Status: http.StatusOK,
			Text: "several guests of the tenant have this address",
		}
	case len(guests) == 1:
		return guests[0], true, nil
	case len(all) > 0:
		return all[0], true, nil
	}
	return approvals.Found{}, false, nil
}

// Look asks for an account by its ID. One that the directory does not know is
// Replicating: right after an invitation that is what not found means.
func (c *Client) Look(ctx context.Context, accountID string) (approvals.Found, error) {
	if err := wantGUIDs(lookingAt, accountID); err != nil {
		return approvals.Found{}, err
	}
	info := c.request(kiota.GET, "/users/{user}{?%24select}", map[string]string{"user": accountID})
	info.QueryParameters["%24select"] = accountFields
	got, err := c.send(ctx, step{doing: lookingAt, want: http.StatusOK, account: accountID, wide: approvals.WideDirectory}, info, models.CreateUserFromDiscriminatorValue)
	if err != nil {
		return approvals.Found{}, err
	}
	u, ok := got.(models.Userable)
	if !ok || !strings.EqualFold(value(u.GetId()), accountID) {
		return approvals.Found{}, unreadable(lookingAt)
	}
	return c.found(u), nil
}

// found says of an account what approvals asks. At the direct link a guest
// redeems without a ticket of ours, and one who has redeemed signs in.
func (c *Client) found(u models.Userable) approvals.Found {
	state := value(u.GetExternalUserState())
	f := approvals.Found{
		ID:       value(u.GetId()),
		Name:     value(u.GetDisplayName()),
		Guest:    strings.EqualFold(value(u.GetUserType()), "Guest"),
		Pending:  strings.EqualFold(state, "PendingAcceptance"),
		Disabled: u.GetAccountEnabled() != nil && !*u.GetAccountEnabled(),
	}
	if strings.EqualFold(state, "Accepted") {
		f.Joined = value(u.GetExternalUserStateChangeDateTime())
	}
	if f.Guest {
		f.Link = c.cfg.direct
	}
	return f
}

func unreadable(doing string) error {
	return &approvals.Trouble{Kind: approvals.Later, Doing: doing, Status: http.StatusOK, Text: "the answer is not what Graph describes"}
}

func wantAddress(doing, email string) error {
	if strings.TrimSpace(email) == "" {
		return &approvals.Trouble{Kind: approvals.Refused, Doing: doing, Code: "address", Text: "there is no address to look for"}
	}
	return nil
}

// wantGUIDs keeps everything but object IDs out of paths: what else is sent there could name another operation.
func wantGUIDs(doing string, ids ...string) error {
	for _, id := range ids {
		if !isGUID(id) {
			return &approvals.Trouble{Kind: approvals.Refused, Doing: doing, Code: "id", Text: tidy(fmt.Sprintf("%q is not an object ID", id))}
		}
	}
	return nil
}

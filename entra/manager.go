package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"partnerbot/approvals"
)

const (
	lookingForColleague = "looking for the colleague"
	askingForManager    = "asking for the manager"

	colleagueFields = "id,userType,accountEnabled"
	managerFields   = "mail,userPrincipalName,accountEnabled"

	notThere   = "Request_ResourceNotFound" // Graph's code for an object, or a manager, that there is none of
	userObject = "#microsoft.graph.user"
)

// Manager is the e-mail address of the manager of a member of the tenant. ok is
// false where Entra knows no such member or no manager of theirs; an account that
// may not sign in counts for neither, nor does a contact, who has no account. It
// is never a guess: an address that several members have is trouble, and so is an
// answer that cannot be read.
func (c *Client) Manager(ctx context.Context, email string) (manager string, ok bool, err error) {
	id, err := c.colleague(ctx, email)
	if id == "" || err != nil {
		return "", false, err
	}
	info := c.request(kiota.GET, "/users/{user}/manager{?%24select}", map[string]string{"user": id})
	info.QueryParameters["%24select"] = managerFields
	// The directory has just been read, so a refusal now is no incident of it.
	got, err := c.send(ctx, step{doing: askingForManager, want: http.StatusOK}, info, models.CreateUserFromDiscriminatorValue)
	if t, failed := errors.AsType[*approvals.Trouble](err); failed && t.Status == http.StatusNotFound {
		if t.Code == notThere {
			return "", false, nil
		}
		t.Kind = approvals.Later // a proxy's, or a directory's that could not be read: neither says that there is none
	}
	if err != nil {
		return "", false, err
	}
	return managerOf(got)
}

// managerOf reads the answer. Where Graph names no type, it is a user.
func managerOf(got any) (manager string, ok bool, err error) {
	m, ok := got.(models.Userable)
	if !ok {
		return "", false, unreadable(askingForManager)
	}
	if kind := value(m.GetOdataType()); kind != "" && kind != userObject {
		return "", false, nil
	}
	if manager = value(m.GetMail()); manager == "" {
		manager = value(m.GetUserPrincipalName())
	}
	switch {
	case manager == "":
		return "", false, unreadable(askingForManager)
	case !value(m.GetAccountEnabled()):
		return "", false, nil
	}
	return manager, true, nil
}

// colleague is the ID of the one member with this address who may sign in, empty
// if there is none.
func (c *Client) colleague(ctx context.Context, email string) (string, error) {
	if err := wantAddress(lookingForColleague, email); err != nil {
		return "", err
	}
	info := c.request(kiota.GET, "/users{?%24filter,%24select}", nil)
	info.QueryParameters["%24filter"] = workFilter(email)
	info.QueryParameters["%24select"] = colleagueFields
	page, err := c.users(ctx, step{doing: lookingForColleague, wide: approvals.WideDirectory}, info)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, u := range page.GetValue() {
		if u == nil || !isGUID(value(u.GetId())) {
			return "", unreadable(lookingForColleague)
		}
		if !strings.EqualFold(value(u.GetUserType()), "Guest") && value(u.GetAccountEnabled()) {
			ids = append(ids, value(u.GetId()))
		}
	}
	switch {
	case len(ids) > 1 || value(page.GetOdataNextLink()) != "":
		return "", &approvals.Trouble{
			Kind: approvals.Refused, Doing: lookingForColleague, Code: ambiguous, Status: http.StatusOK,
			Text: "several members of the tenant have this address",
		}
	case len(ids) == 1:
		return ids[0], nil
	}
	return "", nil
}

// workFilter holds the address against what names a colleague at work. It leaves
// out otherMails, which may be anybody's: whose manager is asked decides who may approve.
func workFilter(email string) string {
	return fmt.Sprintf("mail eq %[1]s or userPrincipalName eq %[1]s or proxyAddresses/any(x:x eq %[2]s)", quoted(email), quoted("SMTP:"+email))
}

package entra

import (
	"context"
	"errors"
	"net/http"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"partnerbot/approvals"
)

const (
	giving     = "adding the guest to the group"
	taking     = "taking the guest out of the group"
	askingFor  = "looking for the group"
	groupGone  = "group"
	unknownURL = "UnknownError" // Graph's code for an address it does not serve
)

// Grant adds the account to the group. Success means that Graph said so, or that
// it was in the group already.
func (c *Client) Grant(ctx context.Context, accountID string, g approvals.Grant) error {
	if err := wantGUIDs(giving, accountID, g.Group); err != nil {
		return err
	}
	member := models.NewReferenceCreate()
	member.SetOdataId(new(c.cfg.base.String() + "/directoryObjects/" + accountID))
	info := c.request(kiota.POST, "/groups/{group}/members/$ref", map[string]string{"group": g.Group})
	if err := info.SetContentFromParsable(ctx, c.adapter, "application/json", member); err != nil {
		return &approvals.Trouble{Kind: approvals.Refused, Doing: giving, Text: tidy(err.Error())}
	}
	_, err := c.send(ctx, step{doing: giving, want: http.StatusNoContent, account: accountID}, info, nil)
	t, ok := errors.AsType[*approvals.Trouble](err)
	switch {
	case !ok:
		return err
	case t.Status == http.StatusBadRequest && says(t.Text, "added object references already exist"):
		return nil
	case t.Kind == approvals.Replicating && !says(t.Text, strings.ToLower(accountID)):
		return c.blame(ctx, t, g.Group)
	}
	return err
}

// blame finds out who is unknown where Graph's words fit both: a group that is
// not there is a matter for a human, a guest who is not there yet is one of time.
// It costs one more call, and only when the answer does not name the guest. If
// that call brings no news, waiting is the harmless reading.
func (c *Client) blame(ctx context.Context, t *approvals.Trouble, group string) error {
	info := c.request(kiota.GET, "/groups/{group}{?%24select}", map[string]string{"group": group})
	info.QueryParameters["%24select"] = "id"
	_, err := c.send(ctx, step{doing: askingFor, want: http.StatusOK}, info, models.CreateGroupFromDiscriminatorValue)
	if asked, ok := errors.AsType[*approvals.Trouble](err); ok && isUnknownObject(asked) {
		t.Kind, t.Code = approvals.Refused, groupGone
	}
	return t
}

// TakeBack removes the account from the group, never more than that. What is not
// in the group counts as removed only if Graph itself says so: a proxy's or a
// wrong address' 404 leaves the work to be done.
func (c *Client) TakeBack(ctx context.Context, accountID string, g approvals.Grant) error {
	if err := wantGUIDs(taking, accountID, g.Group); err != nil {
		return err
	}
	info := c.request(kiota.DELETE, "/groups/{group}/members/{member}/$ref", map[string]string{"group": g.Group, "member": accountID})
	_, err := c.send(ctx, step{doing: taking, want: http.StatusNoContent}, info, nil)
	t, ok := errors.AsType[*approvals.Trouble](err)
	switch {
	case !ok:
		return err
	case isUnknownObject(t), t.Status == http.StatusBadRequest && says(t.Text, "removed object references do not exist"):
		return nil
	case t.Status == http.StatusNotFound:
		t.Kind = approvals.Later
	}
	return t
}

// isUnknownObject tells Graph's own 404 about an object from any other 404.
func isUnknownObject(t *approvals.Trouble) bool {
	return t.Status == http.StatusNotFound && t.Code != "" && t.Code != unknownURL
}

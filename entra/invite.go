package entra

import (
	"context"
	"net/http"

	"github.com/microsoftgraph/msgraph-sdk-go/invitations"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"partnerbot/approvals"
)

const inviting = "inviting the guest"

// Invite sends one invitation, in one request, whatever the answer. Called again
// for the same guest it gives the same account and a new redeem link, and the
// earlier link stops working. One whose turn has not come does not leave: its
// trouble is of CodePace and says when to come again.
func (c *Client) Invite(ctx context.Context, g approvals.Guest) (approvals.Invitation, error) {
	ask := models.NewInvitation()
	ask.SetInvitedUserEmailAddress(&g.Email)
	if g.Name != "" {
		ask.SetInvitedUserDisplayName(&g.Name)
	}
	ask.SetInviteRedirectUrl(&c.cfg.RedirectURL)
	ask.SetSendInvitationMessage(new(c.cfg.Mail == MailMicrosoft))
	info, err := invitations.NewInvitationsRequestBuilderInternal(map[string]string{}, c.adapter).ToPostRequestInformation(ctx, ask, nil)
	if err != nil {
		return approvals.Invitation{}, &approvals.Trouble{Kind: approvals.Refused, Doing: inviting, Text: tidy(err.Error())}
	}
	if wait := c.invites.wait(c.cfg.Now()); wait > 0 {
		return approvals.Invitation{}, &approvals.Trouble{
			Kind: approvals.Later, Code: approvals.CodePace, Doing: inviting, After: wait,
			Text: "other invitations leave first",
		}
	}
	s := step{doing: inviting, want: http.StatusCreated, once: true, wide: approvals.WideInvitations}
	got, err := c.send(ctx, s, info, models.CreateInvitationFromDiscriminatorValue)
	if err != nil {
		return approvals.Invitation{}, err
	}
	return c.invitation(got)
}

// invitation reads the answer to an invitation that Graph accepted. Status Error
// is a failure that Microsoft does not explain: repeating it blindly would go on
// for ever, so a human is asked, and the next try looks for the guest first. An
// answer without what we need may still have made the guest: Unsure.
func (c *Client) invitation(got any) (approvals.Invitation, error) {
	t := &approvals.Trouble{Kind: approvals.Unsure, Doing: inviting, Status: http.StatusCreated}
	a, ok := got.(models.Invitationable)
	if !ok {
		t.Text = "the answer is not an invitation"
		return approvals.Invitation{}, t
	}
	inv := approvals.Invitation{Link: value(a.GetInviteRedeemUrl())}
	if u := a.GetInvitedUser(); u != nil {
		inv.AccountID = value(u.GetId())
	}
	switch {
	case says(value(a.GetStatus()), "error"):
		t.Kind, t.Code, t.Text = approvals.Refused, "Error", "Microsoft accepted the invitation and then reported it as failed"
	case !isGUID(inv.AccountID):
		t.Text = "the answer does not name the guest's account"
	case inv.Link == "" && c.cfg.Mail != MailMicrosoft:
		t.Text = "the answer has no redeem link"
	default:
		return inv, nil
	}
	return approvals.Invitation{}, t
}

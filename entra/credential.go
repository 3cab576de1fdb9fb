package entra

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// NewCredential is azidentity's default chain for a cloud: its AZURE_* variables
// first, then workload and managed identities, then the developer's own tools.
// authorityHost, if not empty, is asked for tokens instead of the cloud's own
// authority; one that is not Microsoft's is trusted as it is, without asking
// Microsoft about it. A nil transport is azcore's own. Nothing is asked yet.
func NewCredential(cloudName, authorityHost string, transport policy.Transporter) (azcore.TokenCredential, error) {
	n, err := nationOf(cloudName)
	if err != nil {
		return nil, err
	}
	if authorityHost == "" {
		authorityHost = n.authority
	}
	u, err := url.Parse(authorityHost)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" {
		return nil, fmt.Errorf("AZURE_AUTHORITY_HOST: %q must be an https address like %s", authorityHost, n.authority)
	}
	cred, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authorityHost},
			Transport: transport,
		},
		DisableInstanceDiscovery: !isMicrosoft(u.Hostname()),
	})
	if err != nil {
		return nil, fmt.Errorf("making a credential for Entra: %w", err)
	}
	return cred, nil
}

// isMicrosoft tells Microsoft's public authorities, whose metadata can be asked for.
func isMicrosoft(host string) bool {
	return slices.Contains([]string{
		"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
		"login.microsoftonline.us", "login.usgovcloudapi.net", "login-us.microsoftonline.com",
		"login.chinacloudapi.cn", "login.partner.microsoftonline.cn",
	}, strings.ToLower(host))
}

// tokenError marks that a call never left because there was no token for it.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "no token: " + e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// tokens is a credential whose failures can be told from those of the call.
type tokens struct{ from azcore.TokenCredential }

func (t tokens) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := t.from.GetToken(ctx, o)
	if err == nil && token.Token == "" {
		err = errors.New("the credential returned an empty token")
	}
	if err != nil {
		return azcore.AccessToken{}, &tokenError{err}
	}
	return token, nil
}

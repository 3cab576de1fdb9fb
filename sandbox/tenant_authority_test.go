package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	msgraphcore "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/invitations"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// withAuthority starts the fixture's authority and returns a client that trusts nothing else.
func (f *tenantFixture) withAuthority() *http.Client {
	f.t.Helper()
	if err := f.startAuthority(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(f.caPEM()) {
		f.t.Fatal("the certificate is no PEM")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	f.t.Cleanup(client.CloseIdleConnections)
	return client
}

func (f *tenantFixture) credential(client *http.Client, secret string) azcore.TokenCredential {
	f.t.Helper()
	cred, err := azidentity.NewClientSecretCredential(TenantID, ClientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: f.authorityURL()}, Transport: client, Retry: policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return cred
}

// builder is Microsoft's own client for invitations, as it comes.
func (f *tenantFixture) builder(cred azcore.TokenCredential) *invitations.InvitationsRequestBuilder {
	f.t.Helper()
	auth, err := azureauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(cred, []string{"https://graph.microsoft.com/.default"}, []string{"127.0.0.1"})
	if err != nil {
		f.t.Fatal(err)
	}
	client := khttp.GetDefaultClient()
	f.t.Cleanup(client.CloseIdleConnections)
	adapter, err := msgraphcore.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, msgraphcore.GraphClientOptions{}, nil, nil, client)
	if err != nil {
		f.t.Fatal(err)
	}
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory { return kjson.NewJsonSerializationWriterFactory() })
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kjson.NewJsonParseNodeFactory() })
	adapter.SetBaseUrl(f.server.URL + "/v1.0")
	return invitations.NewInvitationsRequestBuilder(f.server.URL+"/v1.0/invitations", adapter)
}

func TestMicrosoftsOwnClientInvites(t *testing.T) {
	f := newTenantFixture(t)
	builder := f.builder(f.credential(f.withAuthority(), ClientSecret))
	mail, redirect, name, send := "jane@acme.example", "https://myapplications.microsoft.com", "Jane Roe", true
	in := models.NewInvitation()
	in.SetInvitedUserEmailAddress(&mail)
	in.SetInviteRedirectUrl(&redirect)
	in.SetInvitedUserDisplayName(&name)
	in.SetSendInvitationMessage(&send)
	out, err := builder.Post(t.Context(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, ok := f.Guest(mail)
	if !ok || *out.GetInvitedUser().GetId() != g.ID || g.Name != name || *out.GetInviteRedeemUrl() != g.RedeemURL || *out.GetStatus() != "PendingAcceptance" {
		t.Errorf("the guest is %+v", g)
	}
	f.Set(func(s *Settings) { s.InvitationsDisabled = true })
	_, err = builder.Post(t.Context(), in, nil)
	refused, ok := errors.AsType[*odataerrors.ODataError](err)
	if !ok || refused.ResponseStatusCode != 403 || !strings.Contains(*refused.GetErrorEscaped().GetMessage(), "not allowed") {
		t.Fatalf("with invitations off: %v", err)
	}
	if id := refused.GetErrorEscaped().GetInnerError().GetRequestId(); id == nil || len(*id) != 36 {
		t.Error("the error has no request-id")
	}
}

func TestAWrongSecretGetsNoToken(t *testing.T) {
	f := newTenantFixture(t)
	cred := f.credential(f.withAuthority(), "wrong")
	_, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	refused, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if !ok || refused.RawResponse.StatusCode != http.StatusUnauthorized || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("got %v", err)
	}
}

func TestTokensAreGivenForTheRightRequestOnly(t *testing.T) {
	f := newTenantFixture(t)
	client := f.withAuthority()
	good := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {ClientSecret}, "scope": {"https://graph.microsoft.com/.default openid"},
	}
	tests := []struct {
		name, tenant, field, value string
		status                     int
		kind                       string
		number                     float64
	}{
		{"all right", TenantID, "", "", 200, "", 0},
		{"the tenant by its domain", "northwind.example", "", "", 200, "", 0},
		{"another tenant", "contoso.example", "", "", 400, "invalid_request", 90002},
		{"another grant", TenantID, "grant_type", "password", 400, "unsupported_grant_type", 70003},
		{"another app", TenantID, "client_id", "11111111-2222-4333-8444-555555555555", 400, "unauthorized_client", 700016},
		{"another secret", TenantID, "client_secret", "guess", 401, "invalid_client", 7000215},
		{"no secret", TenantID, "client_secret", "", 401, "invalid_client", 7000216},
		{"no scope", TenantID, "scope", "", 400, "invalid_request", 900144},
		{"a scope of a person", TenantID, "scope", "https://graph.microsoft.com/User.Read", 400, "invalid_scope", 1002012},
		{"another resource", TenantID, "scope", "https://vault.azure.net/.default", 400, "invalid_resource", 500011},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := maps.Clone(good)
			if tt.field != "" {
				form.Set(tt.field, tt.value)
			}
			resp, err := client.PostForm(f.authorityURL()+tt.tenant+"/oauth2/v2.0/token", form)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var body map[string]any
			if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			kind, _ := body["error"].(string)
			if resp.StatusCode != tt.status || kind != tt.kind {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, kind, tt.status, tt.kind)
			}
			if numbers, _ := body["error_codes"].([]any); tt.number != 0 && (len(numbers) != 1 || numbers[0] != tt.number) {
				t.Errorf("the code is %v, want %v", numbers, tt.number)
			}
			if token, _ := body["access_token"].(string); (tt.status == 200) != (token != "" && f.checkToken("Bearer "+token) == nil) {
				t.Errorf("the token is %q", token)
			}
		})
	}
}

func TestTheAuthorityDescribesItself(t *testing.T) {
	f := newTenantFixture(t)
	client := f.withAuthority()
	for path, key := range map[string]string{
		TenantID + "/v2.0/.well-known/openid-configuration":                           "token_endpoint",
		"common/discovery/instance?api-version=1.1&authorization_endpoint=https://x/": "tenant_discovery_endpoint",
	} {
		resp, err := client.Get(f.authorityURL() + path)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		err = json.NewDecoder(resp.Body).Decode(&body)
		resp.Body.Close()
		if link, _ := body[key].(string); err != nil || !strings.HasPrefix(link, f.authorityURL()) {
			t.Errorf("%s: %v %v", path, body, err)
		}
	}
}

func TestTheTokenEndpointCanFail(t *testing.T) {
	f := newTenantFixture(t)
	client := f.withAuthority()
	f.Fail("POST", "/*/oauth2/v2.0/token", GraphFault{Status: 503, HTML: true})
	f.Fail("POST", "/*/oauth2/v2.0/token", GraphFault{Cut: true})
	resp, err := client.PostForm(f.authorityURL()+TenantID+"/oauth2/v2.0/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d", resp.StatusCode)
	}
	if resp, err := client.PostForm(f.authorityURL()+TenantID+"/oauth2/v2.0/token", nil); err == nil {
		resp.Body.Close()
		t.Error("the connection was not cut")
	}
}

func TestClosingTwiceIsHarmless(t *testing.T) {
	f := newTenantFixture(t)
	if err := f.close(); err != nil {
		t.Error("closing what never started:", err)
	}
	f.withAuthority()
	for range 2 {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
}

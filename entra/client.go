package entra

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kazure "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"partnerbot/approvals"
)

// Client asks one tenant. It may be used by many goroutines at once.
type Client struct {
	cfg     checked
	adapter *khttp.NetHttpRequestAdapter
	invites pace
}

var _ approvals.Tenant = (*Client)(nil)

// New checks the configuration and asks nothing of anybody yet. Its error names
// every problem.
func New(cfg Config) (*Client, error) {
	ready, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if ready.Credential == nil {
		var transport policy.Transporter // a nil of its own: azcore then uses its default
		if cfg.Transport != nil {
			transport = &http.Client{Transport: cfg.Transport}
		}
		if ready.Credential, err = NewCredential(cfg.Cloud, cfg.AuthorityHost, transport); err != nil {
			return nil, err
		}
	}
	adapter, err := newAdapter(ready)
	if err != nil {
		return nil, fmt.Errorf("making the Graph client: %w", err)
	}
	return &Client{cfg: ready, adapter: adapter}, nil
}

// newAdapter ties the SDK's parts together: a token goes to this Graph and nowhere
// else, and what is spoken is JSON. Continuous access evaluation is off: it would
// have the SDK repeat calls by itself.
func newAdapter(cfg checked) (*khttp.NetHttpRequestAdapter, error) {
	provider, err := kazure.NewAzureIdentityAccessTokenProviderWithScopesAndValidHostsAndObservabilityOptionsAndIsCaeEnabled(
		tokens{cfg.Credential}, []string{cfg.nation.scope()}, []string{cfg.base.Hostname()}, kazure.ObservabilityOptions{}, false,
	)
	if err != nil {
		return nil, err
	}
	adapter, err := khttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		authentication.NewBaseBearerTokenAuthenticationProvider(provider),
		kjson.NewJsonParseNodeFactory(), kjson.NewJsonSerializationWriterFactory(), newHTTP(cfg.Transport),
	)
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(cfg.base.String())
	return adapter, nil
}

// Check reports whether a token can be had and Graph answers with it. It needs
// the permission that Find needs, and no other.
func (c *Client) Check(ctx context.Context) error {
	info := c.request(kiota.GET, "/users{?%24select,%24top}", nil)
	info.QueryParameters["%24select"] = "id"
	info.QueryParameters["%24top"] = "1"
	_, err := c.send(ctx, step{doing: "checking Microsoft Graph", want: http.StatusOK, wide: approvals.WideDirectory}, info, models.CreateUserCollectionResponseFromDiscriminatorValue)
	return err
}

// request is a call below the Graph address; the path's {names} come from ids.
func (c *Client) request(method kiota.HttpMethod, path string, ids map[string]string) *kiota.RequestInformation {
	params := map[string]string{}
	maps.Copy(params, ids) // the SDK adds to its own
	info := kiota.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, "{+baseurl}"+path, params)
	info.Headers.TryAdd("Accept", "application/json")
	return info
}

// step is what a call is for, and how its failures are to be read.
type step struct {
	doing   string
	want    int    // the one status that means it is done
	once    bool   // doing it twice is not harmless, so an unknown outcome is Unsure
	account string // the guest it needs, whom the directory may not know yet
	wide    string // the incident, if Graph grants it to nobody
}

// send makes one call, once. It returns when the answer is read, or the time of
// one call is over. A nil read expects no body. Every error is *approvals.Trouble.
func (c *Client) send(ctx context.Context, s step, info *kiota.RequestInformation, read serialization.ParsableFactory) (serialization.Parsable, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	ctx, seen := watching(ctx)
	if n := len(info.Content); n > 0 {
		info.Headers.TryAdd("Content-Length", strconv.Itoa(n))
	}
	start := c.cfg.Now()
	var got serialization.Parsable
	var err error
	if refusals := (kiota.ErrorMappings{"XXX": readRefusal}); read == nil {
		err = c.adapter.SendNoContent(ctx, info, refusals)
	} else {
		got, err = c.adapter.Send(ctx, info, read, refusals)
	}
	c.cfg.Log.DebugContext(ctx, "asked graph", "doing", s.doing, "status", seen.status,
		"request_id", seen.requestID, "took", c.cfg.Now().Sub(start))
	if err == nil && seen.status == s.want && (read == nil || got != nil) {
		return got, nil
	}
	return nil, c.trouble(ctx, s, *seen, err)
}

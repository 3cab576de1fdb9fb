package entra

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// Who delivers an invitation to the guest.
const (
	MailRequester = "requester" // the requester passes the redeem link on
	MailMicrosoft = "microsoft" // Microsoft sends its own mail
)

// Config says which tenant is meant and how it is reached.
type Config struct {
	Cloud       string // public, usgov, dod or china; empty: public
	GraphURL    string // with its version, e.g. https://graph.microsoft.com/v1.0; empty: the cloud's own. Plain http on loopback only
	RedirectURL string // where a guest lands after redeeming
	Mail        string // MailRequester or MailMicrosoft; empty: MailRequester

	TenantID      string                 // of the direct link for guests who are there already; empty: no such link
	Credential    azcore.TokenCredential // nil: made by NewCredential, from azidentity's environment variables
	AuthorityHost string                 // for NewCredential: the value of AZURE_AUTHORITY_HOST

	Transport http.RoundTripper // nil: Go's own. Also carries token calls, if NewCredential is needed
	Timeout   time.Duration     // of one call, the token included; zero: 30 s
	Now       func() time.Time  // required
	Log       *slog.Logger      // nil: silent. One line a call, at debug level
}

const callTimeout = 30 * time.Second

// nation is one of Microsoft's clouds.
type nation struct {
	graph     string // without a version
	authority string
	apps      string // My Apps, where guests find what they may use; empty: not documented for certain
}

func nationOf(name string) (nation, error) {
	switch name {
	case "", "public":
		return nation{"https://graph.microsoft.com", cloud.AzurePublic.ActiveDirectoryAuthorityHost, "https://myapplications.microsoft.com"}, nil
	case "usgov":
		return nation{"https://graph.microsoft.us", cloud.AzureGovernment.ActiveDirectoryAuthorityHost, ""}, nil
	case "dod":
		return nation{"https://dod-graph.microsoft.us", cloud.AzureGovernment.ActiveDirectoryAuthorityHost, ""}, nil
	case "china":
		return nation{"https://microsoftgraph.chinacloudapi.cn", cloud.AzureChina.ActiveDirectoryAuthorityHost, ""}, nil
	}
	return nation{}, fmt.Errorf("cloud: %q is not known; write public, usgov, dod or china", name)
}

// scope is what a token is asked for. It is the cloud's, even if Graph is reached at another address.
func (n nation) scope() string { return n.graph + "/.default" }

// checked is a Config that was found to be whole.
type checked struct {
	Config
	nation nation
	base   *url.URL // of Graph, with its version, without a slash at the end
	direct string   // where a guest redeems without a ticket, and signs in; may be empty
}

// check reports every problem at once, each beginning with its field.
func (cfg Config) check() (checked, error) {
	out := checked{Config: cfg}
	var wrong []error
	note := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	var err error
	out.nation, err = nationOf(cfg.Cloud)
	note(err)
	if out.GraphURL == "" {
		out.GraphURL = out.nation.graph + "/v1.0"
	}
	if err == nil || cfg.GraphURL != "" {
		out.base, err = graphBase(out.GraphURL)
		note(err)
	}
	out.direct, err = directLink(out.nation.apps, cfg.RedirectURL, cfg.TenantID)
	note(err)
	if out.Mail == "" {
		out.Mail = MailRequester
	}
	if !slices.Contains([]string{MailRequester, MailMicrosoft}, out.Mail) {
		note(fmt.Errorf("invitation_mail: %q is not known; write %s or %s", cfg.Mail, MailRequester, MailMicrosoft))
	}
	if cfg.Now == nil {
		note(errors.New("now: a clock is required"))
	}
	if out.Timeout <= 0 {
		out.Timeout = callTimeout
	}
	if out.Log == nil {
		out.Log = slog.New(slog.DiscardHandler)
	}
	return out, errors.Join(wrong...)
}

// graphBase accepts where Graph may be. A token goes there with every call, so it is https, or this machine.
func graphBase(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("graph_url: %q is not an address; write one like https://graph.microsoft.com/v1.0", text)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("graph_url: %q must begin with https://", text)
	case u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, strings.ToLower(u.Hostname())):
		return nil, fmt.Errorf("graph_url: %q would send tokens in the clear; write https, or http on 127.0.0.1, ::1 or localhost", text)
	case u.Scheme == "https" && !strings.HasSuffix(u.Path, "/v1.0"): // a stand-in on this machine may be anywhere
		return nil, fmt.Errorf("graph_url: %q must name the version it speaks; write %s/v1.0", text, strings.TrimRight(text, "/"))
	}
	return u, nil
}

// directLink is the address at which a guest redeems by signing in: My Apps,
// naming the tenant. The operator's own redirect address need not know what to do
// with a tenant, so it stands in only in clouds whose My Apps is not known for certain.
func directLink(apps, redirect, tenant string) (string, error) {
	u, err := url.Parse(redirect)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("redirect_url: %q is not an address; write one like https://myapplications.microsoft.com", redirect)
	}
	if tenant == "" {
		return "", nil
	}
	if apps != "" {
		return apps + "/?" + url.Values{"tenantid": {tenant}}.Encode(), nil
	}
	q := u.Query()
	q.Set("tenantid", tenant)
	u.RawQuery = q.Encode()
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}

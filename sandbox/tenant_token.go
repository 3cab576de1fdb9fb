package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type tokenClaims struct {
	Audience string   `json:"aud"`
	Issuer   string   `json:"iss"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	App      string   `json:"appid"`
	Tenant   string   `json:"tid"`
	Roles    []string `json:"roles"`
	Version  string   `json:"ver"`
}

// newToken issues an access token in the form of a real one, with the permissions as roles, signed with a key that nobody
// else has.
func (t *Tenant) newToken() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	claims := graphJSON(tokenClaims{
		Audience: "https://graph.microsoft.com", Issuer: "https://sts.windows.net/" + TenantID + "/",
		IssuedAt: now.Unix(), Expires: now.Add(tokenLife).Unix(), App: ClientID, Tenant: TenantID,
		Roles: t.settings.Permissions, Version: "1.0",
	})
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`))
	payload := head + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return payload + "." + t.signature(payload)
}

func (t *Tenant) signature(payload string) string {
	mac := hmac.New(sha256.New, t.tokenKey)
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkToken refuses a call without a token that this tenant issued.
func (t *Tenant) checkToken(authorization string) *graphFailure {
	const code = "InvalidAuthenticationToken"
	scheme, token, _ := strings.Cut(authorization, " ")
	if token == "" || !strings.EqualFold(scheme, "Bearer") {
		return &graphFailure{code, "Access token is empty."}
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return &graphFailure{code, "CompactToken parsing failed with error code: 80049217"}
	}
	if !hmac.Equal([]byte(parts[2]), []byte(t.signature(parts[0]+"."+parts[1]))) {
		return &graphFailure{code, "CompactToken validation failed with reason code: 80049228."}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims tokenClaims
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return &graphFailure{code, "CompactToken parsing failed with error code: 80049217"}
	}
	t.mu.Lock()
	life := t.settings.TokenLifetime
	t.mu.Unlock()
	if life > 0 && t.now().After(time.Unix(claims.IssuedAt, 0).Add(life)) {
		return &graphFailure{code, "Lifetime validation failed, the token is expired."}
	}
	return nil
}

// tokenRequestRefusal names why the request gets no token, in the order that the real authority looks; empty: it does.
func tokenRequestRefusal(r *http.Request) string {
	if !ourTenant(r.PathValue("tenant")) {
		return "tenant"
	}
	id, secret := r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	if basicID, basicSecret, ok := r.BasicAuth(); ok {
		id, secret = basicID, basicSecret
	}
	resource, ok := strings.CutSuffix(strings.Split(r.PostFormValue("scope"), " ")[0], "/.default")
	switch {
	case r.PostFormValue("grant_type") != "client_credentials":
		return "grant"
	case !strings.EqualFold(id, ClientID):
		return "client"
	case r.PostFormValue("scope") == "":
		return "no scope"
	case !ok:
		return "scope"
	case secret == "":
		return "no secret"
	case subtle.ConstantTimeCompare([]byte(secret), []byte(ClientSecret)) != 1:
		return "secret"
	case !isGraph(resource):
		return "resource"
	}
	return ""
}

func ourTenant(name string) bool {
	return strings.EqualFold(name, TenantID) || strings.EqualFold(name, tenantDomain) || strings.EqualFold(name, initialDomain)
}

func isGraph(resource string) bool {
	switch resource {
	case "https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn":
		return true
	}
	return false
}

type tokenRefusal struct {
	status  int
	kind    string
	number  int
	message string
}

var tokenRefusals = map[string]tokenRefusal{
	"tenant":    {400, "invalid_request", 90002, "Tenant not found. Check that the tenant ID is right and that there are active subscriptions for the tenant."},
	"grant":     {400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."},
	"client":    {400, "unauthorized_client", 700016, "The application was not found in the directory '" + tenantName + "'."},
	"no scope":  {400, "invalid_request", 900144, "The request body must contain the following parameter: 'scope'."},
	"scope":     {400, "invalid_scope", 1002012, "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier."},
	"no secret": {401, "invalid_client", 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."},
	"secret":    {401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '" + ClientID + "'."},
	"resource":  {400, "invalid_resource", 500011, "The resource principal was not found in the tenant named " + tenantName + "."},
}

func (t *Tenant) refuseToken(w http.ResponseWriter, r *http.Request, f tokenRefusal) {
	trace, correlation := newGUID(), r.Header.Get("Client-Request-Id")
	if correlation == "" {
		correlation = newGUID()
	}
	at := t.now().UTC().Format("2006-01-02 15:04:05Z")
	writeAuthorityJSON(w, f.status, map[string]any{
		"error": f.kind, "error_codes": []int{f.number}, "timestamp": at, "trace_id": trace, "correlation_id": correlation,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", f.number, f.message, trace, correlation, at),
		"error_uri":         fmt.Sprintf("%serror?code=%d", t.authorityURL(), f.number),
	})
}

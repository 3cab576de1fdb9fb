package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

const tokenLife = 3599 * time.Second

// startAuthority listens on a loopback port with a certificate of its own authority, both made now. It returns when the
// token endpoint answers.
func (t *Tenant) startAuthority(ctx context.Context) error {
	leaf, ca, err := newCertificates()
	if err != nil {
		return fmt.Errorf("making the token authority's certificate: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for token requests: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", t.serveDiscovery)
	mux.HandleFunc("GET /common/discovery/instance", t.serveInstance)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", t.serveToken)
	server := &http.Server{
		Handler:           t.struck(mux),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(io.Discard, "", 0), // a client that does not trust us says so itself
	}
	t.mu.Lock()
	t.authority, t.address, t.ca = server, "https://"+listener.Addr().String()+"/", ca
	t.mu.Unlock()
	t.serving.Go(func() { _ = server.ServeTLS(listener, "", "") }) // ends with ErrServerClosed
	return nil
}

// authorityURL is empty until the authority has started.
func (t *Tenant) authorityURL() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.address
}

// caPEM is the certificate that clients of the authority must trust.
func (t *Tenant) caPEM() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ca
}

// close stops the authority and everything that was to happen later. It waits, and may be called twice.
func (t *Tenant) close() error {
	t.stopTimers()
	t.mu.Lock()
	server := t.authority
	t.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	t.serving.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the token authority: %w", err)
	}
	return nil
}

func (t *Tenant) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	base := t.authorityURL() + r.PathValue("tenant")
	if !ourTenant(r.PathValue("tenant")) {
		t.refuseToken(w, r, tokenRefusals["tenant"])
		return
	}
	writeAuthorityJSON(w, http.StatusOK, map[string]any{
		"authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
		"issuer": base + "/v2.0", "jwks_uri": base + "/discovery/v2.0/keys", "tenant_region_scope": "EU",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"cloud_instance_name":                   "microsoftonline.com", "msgraph_host": "graph.microsoft.com",
	})
}

func (t *Tenant) serveInstance(w http.ResponseWriter, _ *http.Request) {
	base := t.authorityURL()
	host := strings.TrimSuffix(strings.TrimPrefix(base, "https://"), "/")
	writeAuthorityJSON(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": base + TenantID + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	})
}

func (t *Tenant) serveToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if refusal := tokenRequestRefusal(r); refusal != "" {
		t.refuseToken(w, r, tokenRefusals[refusal])
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	seconds := int(tokenLife.Seconds())
	writeAuthorityJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": t.newToken(),
	})
}

func writeAuthorityJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, graphJSON(body)) // a client that went away has nobody to tell
}

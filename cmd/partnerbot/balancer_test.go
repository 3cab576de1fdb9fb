package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"testing"
)

// balancer gives Slack's requests to the replicas in turn, and to the next one
// where nobody listens. What a replica began to answer is nobody else's.
type balancer struct {
	server *httptest.Server
	out    *http.Transport

	mu   sync.Mutex
	at   []string // where each replica listens; "" while it does not
	next int
}

func newBalancer(t testing.TB, replicas int) *balancer {
	b := &balancer{at: make([]string, replicas), out: &http.Transport{DisableKeepAlives: true}}
	b.server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme = "http" },
		Transport:    b,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(b.server.Close)
	return b
}

// move says where a replica listens now.
func (b *balancer) move(replica int, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at[replica] = address
}

// turns are the addresses to try, whose turn it is first.
func (b *balancer) turns() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	var at []string
	for i := range b.at {
		if address := b.at[(b.next+i)%len(b.at)]; address != "" {
			at = append(at, address)
		}
	}
	return at
}

var errNobodyListens = errors.New("no replica listens")

// RoundTrip implements http.RoundTripper.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for _, address := range b.turns() {
		out := r.Clone(r.Context())
		out.URL.Host, out.Body = address, io.NopCloser(bytes.NewReader(body))
		resp, err := b.out.RoundTrip(out)
		if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
			continue
		}
		return resp, err
	}
	return nil, errNobodyListens
}

package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// asks one of the program's own addresses.
func (p *play) gets(path string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.stage.address+path, nil)
	p.must(err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	p.must(err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	p.must(err)
	return resp.StatusCode, string(text)
}

// TestWhatProbesSee asks for health, readiness and metrics, while all is well,
// while Slack is away, and while the worker stands still.
func TestWhatProbesSee(t *testing.T) {
	p := newPlay(t, "socket")
	if status, _ := p.gets("/healthz"); status != http.StatusOK {
		t.Errorf("healthz answers %d", status)
	}
	if status, text := p.gets("/readyz"); status != http.StatusOK || strings.Contains(text, "NOT YET") {
		t.Errorf("readyz answers %d\n%s", status, text)
	}
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.hurry(func() bool {
		_, text := p.gets("/metrics")
		return regexp.MustCompile(`partnerbot_owed_runs_total\{kind="cards",result="done"\} [1-9]`).MatchString(text) && strings.Contains(text, "partnerbot_socket_connections 1")
	})
	p.world.Fail("auth.test", sandbox.Fault{Status: http.StatusServiceUnavailable, Times: 1000})
	p.clock.forward(slackSeenFor)
	if status, text := p.gets("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "Slack reachable: NOT YET") {
		t.Errorf("without Slack readyz answers %d\n%s", status, text)
	}
	p.world.Heal("auth.test")
	if status, text := p.gets("/readyz"); status != http.StatusOK {
		t.Errorf("with Slack back readyz answers %d\n%s", status, text)
	}
}

// TestAHalfSentRequestDoesNotHoldTheEnd sends headers and stops there; the
// program still ends in order.
func TestAHalfSentRequestDoesNotHoldTheEnd(t *testing.T) {
	p := newPlay(t, "http")
	body, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.stage.address+"/slack/events", body)
	p.must(err)
	req.ContentLength = 100
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	_, err = writer.Write([]byte("abc"))
	p.must(err)
	began := time.Now()
	p.must(p.stage.close())
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to end", took)
	}
	_ = writer.CloseWithError(io.ErrUnexpectedEOF)
	<-answered
}

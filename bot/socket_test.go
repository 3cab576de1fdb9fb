package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/sandbox"
)

const appToken = "xapp-sandbox-app-token"

// lodge is a bot that listens to a simulated Slack over a socket.
type lodge struct {
	*office
	world *sandbox.World
	stop  context.CancelFunc
	ended chan error // the error that Socket returned

	mu     sync.Mutex
	hellos []int
	ready  int
	lost   int
}

func newWorld(t *testing.T, ackTimeout time.Duration) *sandbox.World {
	t.Helper()
	w, err := sandbox.New(sandbox.Config{
		AppToken: appToken, NoRateLimits: true, AckTimeout: ackTimeout, Now: time.Now,
		Log: slog.New(slog.DiscardHandler), Scopes: []string{"commands", "users:read"}, BotEvents: []string{"app_home_opened"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	return w
}

// listen starts a bot on a world and ends it with the test.
func listen(t *testing.T, w *sandbox.World, cfg SocketConfig) *lodge {
	t.Helper()
	l := &lodge{office: officeAt(t, w.URL()), world: w, ended: make(chan error, 1)}
	count := func(n *int) func() {
		return func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			*n++
		}
	}
	cfg.Ready, cfg.Lost = count(&l.ready), count(&l.lost)
	cfg.Opened = func(n int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hellos = append(l.hellos, n)
	}
	if cfg.AppToken == "" {
		cfg.AppToken = appToken
	}
	ctx, stop := context.WithCancel(t.Context())
	l.stop = stop
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.ended <- l.Socket(ctx, cfg)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return l
}

func (l *lodge) seen() (hellos []int, ready, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]int(nil), l.hellos...), l.ready, l.lost
}

// until waits for a condition, and fails the test if it does not come true.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("waited too long until %s", what)
		}
	}
}

func (l *lodge) open(t *testing.T, hellos int) {
	t.Helper()
	until(t, "the socket is open", func() bool { h, _, _ := l.seen(); return len(h) >= hellos })
}

func approval() map[string]any {
	return map[string]any{
		"type": "block_actions", "user": map[string]any{"id": "U0SAM", "team_id": "T0NORTH"},
		"actions": []any{map[string]any{"action_id": ActionApprove, "block_id": "b", "type": "button", "value": "INV-7:0"}},
	}
}

func (l *lodge) kept() int {
	l.service.mu.Lock()
	defer l.service.mu.Unlock()
	return len(l.service.presses)
}

func TestASocketListensFromItsHello(t *testing.T) {
	l := listen(t, newWorld(t, 0), SocketConfig{})
	l.open(t, 1)
	if err := l.world.Acked(t.Context(), "interactive", approval()); err != nil || l.kept() != 1 {
		t.Errorf("%v, %d presses kept", err, l.kept())
	}
	if hellos, ready, lost := l.seen(); hellos[0] != 1 || ready != 1 || lost != 0 {
		t.Errorf("hellos %v, ready %d times, lost %d times", hellos, ready, lost)
	}
	l.stop()
	if err := <-l.ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	until(t, "the connection is gone", func() bool { return l.world.Connections() == 0 })
}

func TestADisconnectIsSurvived(t *testing.T) {
	for _, reason := range []string{"refresh_requested", "link_disabled", "too_many_websockets"} {
		t.Run(reason, func(t *testing.T) {
			l := listen(t, newWorld(t, 0), SocketConfig{})
			l.open(t, 1)
			l.world.Disconnect(reason)
			l.open(t, 2)
			if err := l.world.Acked(t.Context(), "interactive", approval()); err != nil || l.kept() != 1 {
				t.Errorf("%v, %d presses kept", err, l.kept())
			}
			if _, ready, lost := l.seen(); ready != 1 || lost != 1 {
				t.Errorf("ready %d times, lost %d times", ready, lost)
			}
		})
	}
}

func TestADeafSocketIsReplacedBeforeItIsClosed(t *testing.T) {
	l := listen(t, newWorld(t, 0), SocketConfig{Watchdog: 500 * time.Millisecond})
	l.open(t, 1)
	l.world.Deafen()
	l.open(t, 2)
	hellos, ready, lost := l.seen()
	if strings.Contains(l.log.String(), "more connections than expected") {
		t.Error("warned about its own connections")
	}
	if !strings.Contains(l.log.String(), `"level":"INFO","msg":"socket silent"`) {
		t.Errorf("silence is no cause for alarm:\n%s", l.log)
	}
	if hellos[1] != 2 || ready != 1 || lost != 0 {
		t.Errorf("hellos %v, ready %d times, lost %d times", hellos, ready, lost)
	}
	until(t, "the deaf connection is gone", func() bool { return l.world.Connections() == 1 })
	if err := l.world.Acked(t.Context(), "interactive", approval()); err != nil || l.kept() != 1 {
		t.Errorf("%v, %d presses kept", err, l.kept())
	}
}

func TestASocketThatHearsThingsIsNotReplaced(t *testing.T) {
	l := listen(t, newWorld(t, 0), SocketConfig{Watchdog: 2 * time.Second})
	l.open(t, 1)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < 2500*time.Millisecond; <-tick.C {
		if err := l.world.Acked(t.Context(), "interactive", approval()); err != nil {
			t.Fatal(err)
		}
	}
	if hellos, _, _ := l.seen(); len(hellos) != 1 {
		t.Errorf("hellos %v", hellos)
	}
}

func TestAnEnvelopeThatTheLibraryCannotReadIsAcknowledged(t *testing.T) {
	l := listen(t, newWorld(t, 0), SocketConfig{})
	l.open(t, 1)
	odd := approval()
	odd["message"] = map[string]any{"blocks": []any{map[string]any{"type": "actions", "elements": []any{map[string]any{"type": "hologram"}}}}}
	tests := []struct {
		name, kind string
		payload    map[string]any
		kept       int
	}{
		{"a click beside an unknown element counts", "interactive", odd, 1},
		{"an unknown event", "events_api", map[string]any{"type": "event_callback", "event": map[string]any{"type": "eclipse"}}, 1},
		{"an unknown kind of envelope", "teleport", map[string]any{"to": "Mars"}, 1},
		{"an interaction of no shape", "interactive", map[string]any{"type": 17, "user": []any{}, "actions": "none"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := l.world.Acked(t.Context(), tt.kind, tt.payload); err != nil || l.kept() != tt.kept {
				t.Errorf("%v, %d presses kept", err, l.kept())
			}
		})
	}
	for _, frame := range []string{`{"envelope_id":"e1","type":"interactive","payload":"nonsense"}`, `17`, `{"type":"new"}`, `"x"`, `[]`} {
		if err := l.world.SendRaw(t.Context(), json.RawMessage(frame)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.world.Acked(t.Context(), "interactive", approval()); err != nil {
		t.Errorf("after frames of no shape: %v", err)
	}
	if hellos, _, _ := l.seen(); len(hellos) != 1 {
		t.Errorf("hellos %v: the connection was given up", hellos)
	}
}

func TestAClickThatIsNotKeptIsNotAcknowledgedOnASocket(t *testing.T) {
	l := listen(t, newWorld(t, 300*time.Millisecond), SocketConfig{})
	l.open(t, 1)
	l.service.err = errDisk
	if err := l.world.Acked(t.Context(), "interactive", approval()); err == nil {
		t.Error("acknowledged")
	}
}

func TestATokenThatIsRefusedEndsTheSocket(t *testing.T) {
	t.Run("a wrong token", func(t *testing.T) {
		l := listen(t, newWorld(t, 0), SocketConfig{AppToken: "xapp-wrong"})
		if err := <-l.ended; !errors.Is(err, ErrSocketRefused) || strings.Contains(err.Error(), "xapp-wrong") {
			t.Errorf("ended with %v", err)
		}
	})
	for _, code := range []string{"missing_scope", "not_allowed_token_type", "token_revoked", "account_inactive"} {
		t.Run(code, func(t *testing.T) {
			w := newWorld(t, 0)
			w.Fail("apps.connections.open", sandbox.Fault{Error: code, Times: 100})
			if err := <-listen(t, w, SocketConfig{}).ended; !errors.Is(err, ErrSocketRefused) || !strings.Contains(err.Error(), code) {
				t.Errorf("ended with %v", err)
			}
		})
	}
	t.Run("no token", func(t *testing.T) {
		if err := officeAt(t, "http://127.0.0.1:1").Socket(t.Context(), SocketConfig{}); err == nil {
			t.Error("no error")
		}
	})
}

func TestAPassingErrorIsWaitedOut(t *testing.T) {
	w := newWorld(t, 0)
	w.Fail("apps.connections.open", sandbox.Fault{Error: "internal_error"})
	w.Fail("apps.connections.open", sandbox.Fault{Status: 503})
	l := listen(t, w, SocketConfig{})
	l.open(t, 1)
	if _, _, lost := l.seen(); lost != 0 {
		t.Errorf("lost %d times before it was there", lost)
	}
}

func TestWhatIsInHandIsFinishedAndAcknowledged(t *testing.T) {
	l := listen(t, newWorld(t, 0), SocketConfig{})
	l.open(t, 1)
	l.service.gate = make(chan struct{})
	acked := make(chan error, 1)
	go func() { acked <- l.world.Acked(context.Background(), "interactive", approval()) }()
	<-l.service.gate
	l.stop()
	l.service.gate <- struct{}{}
	if err := <-acked; err != nil {
		t.Errorf("not acknowledged: %v", err)
	}
	if err := <-l.ended; err != nil || l.kept() != 1 {
		t.Errorf("ended with %v, %d presses kept", err, l.kept())
	}
}

func TestGhostConnectionsAreWarnedAbout(t *testing.T) {
	w := newWorld(t, 0)
	first := listen(t, w, SocketConfig{})
	first.open(t, 1)
	if strings.Contains(first.log.String(), "more connections than expected") {
		t.Error("warned about its own connection")
	}
	second := listen(t, w, SocketConfig{})
	second.open(t, 1)
	until(t, "the second connection is warned about", func() bool {
		return strings.Contains(second.log.String(), `"msg":"more connections than expected","num_connections":2,"expected":1`)
	})
}

func TestNoSecretOfASocketIsLogged(t *testing.T) {
	w := newWorld(t, 0)
	w.Fail("apps.connections.open", sandbox.Fault{Cut: true})
	l := listen(t, w, SocketConfig{})
	l.open(t, 1)
	l.world.Disconnect("refresh_requested")
	l.open(t, 2)
	for _, secret := range []string{"ticket", appToken, "xoxb-"} {
		if strings.Contains(l.log.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, l.log)
		}
	}
}

func TestTheReasonOfALostConnectionHasNoAddress(t *testing.T) {
	err := fmt.Errorf("opening: %w", &url.Error{Op: "Get", URL: "wss://slack.example/link/?ticket=t1", Err: errDisk})
	if got := reason(err); got != errDisk.Error() {
		t.Errorf("got %q", got)
	}
	if got := reason(slack.SlackErrorResponse{Err: "internal_error"}); got != "internal_error" {
		t.Errorf("got %q", got)
	}
}

func TestConnectionsAreOpenedNoFasterThanThePace(t *testing.T) {
	now := noon
	p := newPacer(func() time.Time { return now })
	for i := range openBurst {
		if d := p.wait(); d != 0 {
			t.Errorf("the %dth waits %v", i+1, d)
		}
	}
	if d := p.wait(); d != openEvery {
		t.Errorf("one too many waits %v, want %v", d, openEvery)
	}
	now = now.Add(time.Hour)
	if d := p.wait(); d != 0 {
		t.Errorf("an hour later it waits %v", d)
	}
}

func TestAnAcknowledgementThatSlackWouldDropIsSentEmpty(t *testing.T) {
	o := newOffice(t)
	o.routes.commands["/big"] = func(context.Context, command) (answer, error) {
		return answer{reply: make([]byte, maxReply+1)}, nil
	}
	if reply := o.command(t, "U0ANN", "/big", ""); reply != "" {
		t.Errorf("%d bytes", len(reply))
	}
}

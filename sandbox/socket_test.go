package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/slack-go/slack/socketmode"
)

// plug is a bare WebSocket connection to the world.
type plug struct {
	t    *testing.T
	conn *websocket.Conn
}

func open(t *testing.T, url string, options *websocket.DialOptions) (*websocket.Conn, error) {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, options) //nolint:bodyclose // the library closes it
	return conn, err
}

func dial(t *testing.T, w *World) *plug {
	t.Helper()
	_, url, err := client(t, w).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := open(t, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &plug{t, conn}
}

func (p *plug) read() map[string]any {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Second)
	defer cancel()
	_, b, err := p.conn.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		p.t.Fatal(err)
	}
	return v
}

func (p *plug) ack(id string, payload any) {
	p.t.Helper()
	b, err := json.Marshal(map[string]any{"envelope_id": id, "payload": payload})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.conn.Write(p.t.Context(), websocket.MessageText, b); err != nil {
		p.t.Fatal(err)
	}
}

func TestASocketSaysHelloWithTheNumberOfConnections(t *testing.T) {
	w, _ := newWorld(t)
	for want := 1; want <= 2; want++ {
		hello := dial(t, w).read()
		if hello["type"] != "hello" || hello["num_connections"] != float64(want) ||
			object(hello, "debug_info")["approximate_connection_time"] != 3600.0 {
			t.Errorf("got %v", hello)
		}
	}
}

func TestATicketWorksOnce(t *testing.T) {
	w, _ := newWorld(t)
	_, url, err := client(t, w).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := open(t, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	if _, err := open(t, url, nil); err == nil {
		t.Error("it worked again")
	}
}

func TestTheEleventhSocketIsSentAway(t *testing.T) {
	w, _ := newWorld(t)
	for range maxSockets {
		dial(t, w).read()
	}
	if got := dial(t, w).read(); got["type"] != "disconnect" || got["reason"] != "too_many_websockets" {
		t.Errorf("got %v", got)
	}
	if got := w.Connections(); got != maxSockets {
		t.Errorf("%d connections", got)
	}
}

func TestSocketsArePinged(t *testing.T) {
	w, _ := newWorld(t, func(c *Config) { c.PingEvery = time.Millisecond })
	_, url, err := client(t, w).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pinged := make(chan struct{}, 1)
	conn, err := open(t, url, &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(-1)
	if _, _, err := conn.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _, _ = conn.Read(ctx) }()
	<-pinged
}

func TestAnAppComesBackAfterADisconnect(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled"} {
		t.Run(reason, func(t *testing.T) {
			w, _ := newWorld(t)
			connect(t, w, func(socketmode.Event) any { return nil })
			first := w.openSockets()[0]
			w.Disconnect(reason)
			await(t, w, "another socket", func() bool {
				now := w.openSockets()
				return len(now) == 1 && now[0] != first
			})
			if err := w.As("U0ANN").Slash(t.Context(), "C0GENERAL", "/invite-partner"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestADeafSocketCountsAndLosesWhatItIsSent(t *testing.T) {
	w, _ := newWorld(t, quickAck)
	connect(t, w, func(socketmode.Event) any { return nil })
	w.Deafen()
	connect(t, w, func(socketmode.Event) any { return nil })
	if w.Connections() != 2 {
		t.Fatalf("%d connections", w.Connections())
	}
	lost := 0
	for range 4 {
		if err := w.As("U0ANN").Slash(t.Context(), "C0GENERAL", "/invite-partner"); errors.Is(err, errTimeout) {
			lost++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if lost != 2 {
		t.Errorf("%d of 4 commands were lost, want every other one", lost)
	}
}

func TestAnswersTooLargeOrInPiecesAreLost(t *testing.T) {
	answer := func(id string, size int) []byte {
		const frame = `{"envelope_id":"","payload":{"text":""}}`
		return []byte(`{"envelope_id":"` + id + `","payload":{"text":"` + strings.Repeat("x", size-len(frame)-len(id)) + `"}}`)
	}
	tests := []struct {
		name    string
		size    int
		pieces  bool
		arrives bool
	}{
		{"the largest there is", maxAckBytes - 1, false, true},
		{"one byte more", maxAckBytes, false, false},
		{"small but in two frames", 200, true, false},
		{"small", 200, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t, func(c *Config) {
				if !tt.arrives {
					c.AckTimeout = 50 * time.Millisecond
				}
			})
			p := dial(t, w)
			p.read()
			done := make(chan error, 1)
			go func() { done <- w.As("U0ANN").Slash(t.Context(), "C0GENERAL", "/invite-partner") }()
			b := answer(str(p.read(), "envelope_id"), tt.size)
			writeFrames(t, p.conn, b, tt.pieces)
			if err := <-done; (err == nil) != tt.arrives || err != nil && !errors.Is(err, errTimeout) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func writeFrames(t *testing.T, conn *websocket.Conn, b []byte, pieces bool) {
	t.Helper()
	if !pieces {
		if err := conn.Write(t.Context(), websocket.MessageText, b); err != nil {
			t.Error(err)
		}
		return
	}
	writer, err := conn.Writer(t.Context(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{b[:10], b[10:]} {
		if _, err := writer.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnEventIsSentAgainUntilItIsAnswered(t *testing.T) {
	w, _ := newWorld(t, func(c *Config) {
		c.AckTimeout, c.EventRetries = 50*time.Millisecond, []time.Duration{0, 0, 0}
	})
	p := dial(t, w)
	p.read()
	if err := w.As("U0ANN").OpenHome(t.Context()); !errors.Is(err, errTimeout) {
		t.Fatal(err)
	}
	first := p.read()
	if first["retry_attempt"] != 0.0 || first["type"] != "events_api" {
		t.Errorf("%v", first)
	}
	again := p.read()
	if again["retry_attempt"] != 1.0 || again["retry_reason"] != "timeout" || again["envelope_id"] == first["envelope_id"] ||
		str(object(again, "payload"), "event_id") != str(object(first, "payload"), "event_id") {
		t.Errorf("%v", again)
	}
	p.ack(str(again, "envelope_id"), nil)
	await(t, w, "the second delivery to be answered", func() bool {
		calls := w.CallsOf("events_api")
		return len(calls) == 2 && calls[1].Error == ""
	})
}

func TestACommandIsNeverSentAgain(t *testing.T) {
	w, _ := newWorld(t, quickAck)
	connect(t, w, func(socketmode.Event) any { return silence{} })
	if err := w.As("U0ANN").Slash(t.Context(), "C0GENERAL", "/invite-partner"); err == nil {
		t.Error("no error")
	}
	if got := len(w.CallsOf("slash_commands")); got != 1 {
		t.Errorf("sent %d times", got)
	}
}

func TestUnsubscribedEventsAreNotSent(t *testing.T) {
	w, _ := newWorld(t)
	connect(t, w, func(socketmode.Event) any { return nil })
	if err := w.Emit(t.Context(), map[string]any{"type": "user_change"}); err != nil {
		t.Fatal(err)
	}
	if got := len(w.CallsOf("events_api")); got != 0 {
		t.Errorf("sent %d events", got)
	}
}

func TestLostDeliveriesAndLostAnswersDiffer(t *testing.T) {
	w, _ := newWorld(t, quickAck)
	heard := make(chan struct{}, 4)
	connect(t, w, func(socketmode.Event) any { heard <- struct{}{}; return nil })
	ann := w.As("U0ANN")
	w.Fail("slash_commands", Fault{Cut: true})
	if err := ann.Slash(t.Context(), "C0GENERAL", "/invite-partner"); !errors.Is(err, errTimeout) || len(heard) != 0 {
		t.Errorf("a lost command: %v, heard %d", err, len(heard))
	}
	w.Fail("slash_commands", Fault{Cut: true, AfterEffect: true})
	if err := ann.Slash(t.Context(), "C0GENERAL", "/invite-partner"); !errors.Is(err, errTimeout) || len(heard) != 1 {
		t.Errorf("a lost answer: %v, heard %d", err, len(heard))
	}
}

func TestRawEnvelopesReachTheApp(t *testing.T) {
	w, _ := newWorld(t)
	p := dial(t, w)
	p.read()
	if err := w.SendRaw(t.Context(), json.RawMessage(`{"type":"weather","envelope_id":"e1"}`)); err != nil {
		t.Fatal(err)
	}
	if got := p.read(); got["type"] != "weather" {
		t.Errorf("%v", got)
	}
}

package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	maxSockets  = 10
	maxAckBytes = 20 * 1024 // answers of this size and more get lost
	pongWait    = 30 * time.Second
)

// socket is one Socket Mode connection.
type socket struct {
	id         string
	conn       *websocket.Conn
	deaf       atomic.Bool
	fragmented *frames
	end        context.CancelFunc
}

func (s *socket) drop() {
	s.end()
	_ = s.conn.CloseNow() // it may be closed already
}

func (s *socket) send(ctx context.Context, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding for the socket: %w", err)
	}
	return s.conn.Write(ctx, websocket.MessageText, b)
}

// serveLink turns a ticket of apps.connections.open into a connection. Each ticket works once.
func (w *World) serveLink(rw http.ResponseWriter, r *http.Request) { //nolint:contextcheck // the socket outlives its request and ends with the world
	ticket := r.URL.Query().Get("ticket")
	w.mu.Lock()
	valid := w.tickets[ticket]
	delete(w.tickets, ticket)
	w.mu.Unlock()
	if !valid {
		http.Error(rw, "invalid ticket", http.StatusForbidden)
		return
	}
	sniff := &frames{}
	conn, err := websocket.Accept(sniffing{rw, sniff}, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		w.cfg.Log.DebugContext(r.Context(), "socket refused", "error", err)
		return
	}
	conn.SetReadLimit(1 << 20)
	ctx, end := context.WithCancel(w.ctx)
	defer end()
	s := &socket{conn: conn, fragmented: sniff, end: end}
	defer s.drop()
	count, ok := w.join(s)
	if !ok {
		_ = s.send(ctx, disconnect("too_many_websockets")) //nolint:contextcheck // as above; it is closed next
		_ = conn.Close(websocket.StatusPolicyViolation, "too many websockets")
		return
	}
	defer w.leave(s)
	lifetime := 3600
	if truthy(r.URL.Query().Get("debug_reconnects")) {
		lifetime = 360
	}
	if s.send(ctx, hello(count, lifetime)) != nil { //nolint:contextcheck // as above
		return
	}
	pings := make(chan struct{})
	go func() {
		defer close(pings)
		w.ping(ctx, s)
	}()
	w.listen(ctx, s) //nolint:contextcheck // as above
	s.drop()
	<-pings
}

func hello(connections, lifetime int) map[string]any {
	return map[string]any{
		"type": "hello", "num_connections": connections, "connection_info": map[string]any{"app_id": AppID},
		"debug_info": map[string]any{
			"host": "applink-1", "started": "2026-01-01 00:00:00.000", "build_number": 1,
			"approximate_connection_time": lifetime,
		},
	}
}

func disconnect(reason string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-1"}}
}

// join counts the socket in, unless the app has too many; count includes it and every half-open one.
func (w *World) join(s *socket) (count int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sockets) >= maxSockets || w.closing {
		return len(w.sockets), false
	}
	s.id = w.idLocked("")
	w.sockets = append(w.sockets, s)
	w.touchLocked()
	return len(w.sockets), true
}

func (w *World) leave(s *socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sockets = slices.DeleteFunc(w.sockets, func(o *socket) bool { return o == s })
	w.touchLocked()
}

// ping keeps the connection alive as Slack does, and drops it when no pong comes.
func (w *World) ping(ctx context.Context, s *socket) {
	ticker := time.NewTicker(w.cfg.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		pong, cancel := context.WithTimeout(ctx, pongWait)
		err := s.conn.Ping(pong)
		cancel()
		if err != nil {
			s.drop()
			return
		}
	}
}

// listen hands acks to those who wait for them. Acks that are too large or came in fragments are lost without a word.
func (w *World) listen(ctx context.Context, s *socket) {
	for {
		_, b, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		if s.fragmented.last() || len(b) >= maxAckBytes {
			w.cfg.Log.DebugContext(ctx, "socket answer lost", "bytes", len(b))
			continue
		}
		var reply struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(b, &reply) != nil || reply.EnvelopeID == "" {
			continue
		}
		w.mu.Lock()
		waiting := w.awaiting[reply.EnvelopeID]
		delete(w.awaiting, reply.EnvelopeID)
		w.mu.Unlock()
		if waiting != nil {
			waiting <- reply.Payload
		}
	}
}

// deliverSocket sends an envelope down any one of the connections and waits for its ack, on whichever it comes.
func (w *World) deliverSocket(ctx context.Context, d delivery) (ack, error) {
	id := secret()
	envelope := map[string]any{
		"envelope_id": id, "type": d.kind, "payload": d.payload, "accepts_response_payload": d.kind != "events_api",
	}
	if d.kind == "events_api" {
		envelope["retry_attempt"], envelope["retry_reason"] = d.attempt, ""
		if d.attempt > 0 {
			envelope["retry_reason"] = "timeout"
		}
	}
	waiting := make(chan []byte, 1)
	w.mu.Lock()
	s := w.pickLocked()
	if s != nil {
		w.awaiting[id] = waiting
	}
	w.mu.Unlock()
	if s == nil {
		return ack{}, errDispatch
	}
	defer func() {
		w.mu.Lock()
		delete(w.awaiting, id)
		w.mu.Unlock()
	}()
	if !s.deaf.Load() {
		if err := s.send(w.ctx, envelope); err != nil { //nolint:contextcheck // a write that is cut off would end the connection
			return ack{}, errDispatch
		}
	}
	select {
	case payload := <-waiting:
		if string(payload) == "null" {
			return ack{}, nil
		}
		return decodeAck(payload), nil
	case <-ctx.Done():
		return ack{}, errTimeout
	}
}

// pickLocked is the connection whose turn it is; half-open ones have theirs too.
func (w *World) pickLocked() *socket {
	if len(w.sockets) == 0 {
		return nil
	}
	w.nextSocket++
	return w.sockets[w.nextSocket%len(w.sockets)]
}

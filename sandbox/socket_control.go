package sandbox

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/coder/websocket"
)

// Connections is how many sockets Slack counts, half-open ones among them.
func (w *World) Connections() int { return len(w.openSockets()) }

func (w *World) openSockets() []*socket {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sockets)
}

// Disconnect tells every connection to go, for the reason given (warning, refresh_requested, link_disabled,
// too_many_websockets), and closes it: at once, or after a warning when the notice is over.
func (w *World) Disconnect(reason string) {
	for _, s := range w.openSockets() {
		if s.send(w.ctx, disconnect(reason)) != nil {
			continue
		}
		if !w.enter() {
			return
		}
		go func() {
			defer w.wg.Done()
			if reason == "warning" {
				pause(w.ctx, w.cfg.WarningNotice)
			}
			_ = s.conn.Close(websocket.StatusNormalClosure, reason) // the app may be gone first
			s.drop()
		}()
	}
}

// Deafen makes the present connections half-open: they are pinged and counted and take their turn, and nothing that
// is sent down them arrives.
func (w *World) Deafen() {
	for _, s := range w.openSockets() {
		s.deaf.Store(true)
	}
}

// SendRaw sends a text frame, whatever it is, down one connection.
func (w *World) SendRaw(ctx context.Context, frame json.RawMessage) error {
	w.mu.Lock()
	s := w.pickLocked()
	w.mu.Unlock()
	if s == nil {
		return fmt.Errorf("sending a raw envelope: %w", errDispatch)
	}
	return s.conn.Write(ctx, websocket.MessageText, frame)
}

// Acked sends an envelope of any content and waits for its ack; the envelope ID is filled in.
func (w *World) Acked(ctx context.Context, kind string, payload map[string]any) error {
	_, err := w.deliver(ctx, delivery{kind: kind, what: "raw", payload: payload})
	return err
}

// sniffing lets frames watch what the app sends after the connection was upgraded.
type sniffing struct {
	http.ResponseWriter

	frames *frames
}

// Hijack gives the connection away, watched.
func (s sniffing) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("upgrading a connection: %w", err)
	}
	return &watched{Conn: conn, frames: s.frames}, rw, nil
}

type watched struct {
	net.Conn

	frames *frames
}

// Read passes on what was read.
func (c *watched) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.frames.see(p[:n])
	return n, err
}

// frames follows the frame headers of a WebSocket stream, only to know which messages came in fragments: the
// library that reads the messages puts them together without telling.
type frames struct {
	mu       sync.Mutex
	header   []byte
	skip     uint64 // bytes of mask and payload still to come
	parts    int    // frames of the message that is under way
	messages []bool // finished and not yet asked for: came in fragments
}

func (f *frames) see(p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(p) > 0 {
		if f.skip > 0 {
			n := min(f.skip, uint64(len(p)))
			f.skip, p = f.skip-n, p[n:]
			continue
		}
		f.header, p = append(f.header, p[0]), p[1:]
		f.headerDone()
	}
}

// headerDone takes a frame's header into account once all of it is there.
func (f *frames) headerDone() {
	if len(f.header) < 2 {
		return
	}
	size, need := uint64(f.header[1]&0x7f), 2
	switch size {
	case 126:
		need = 4
	case 127:
		need = 10
	}
	if len(f.header) < need {
		return
	}
	switch need {
	case 4:
		size = uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 10:
		size = binary.BigEndian.Uint64(f.header[2:])
	}
	if f.header[1]&0x80 != 0 {
		size += 4
	}
	if opcode := f.header[0] & 0x0f; opcode < 8 {
		f.parts++
		if f.header[0]&0x80 != 0 {
			f.messages = append(f.messages, f.parts > 1)
			f.parts = 0
		}
	}
	f.skip, f.header = size, nil
}

// last reports whether the message just read came in fragments. It is asked once for each message, in order.
func (f *frames) last() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.messages) == 0 {
		return false
	}
	fragmented := f.messages[0]
	f.messages = f.messages[1:]
	return fragmented
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
)

// A bbolt file belongs to one process. While that is `serve`, operators' commands
// reach the store through a Unix socket beside the file, which only the user that
// serve runs as can open. What it offers is in handler, and nothing else.

// socketOf is the path of the socket beside a store's file.
func socketOf(bolt string) string { return bolt + ".sock" }

// stallLimit is how long a reader of a copy may take for a piece of it. A reader
// that stalls would hold up the writers of the store.
const stallLimit = 5 * time.Second

// control answers operators' commands.
type control struct {
	store *store.Bolt
	now   func() time.Time
	log   *slog.Logger
}

// listen serves commands until stop is called, which also removes the socket.
// A program that cannot take commands serves all the same, and says so.
func (c *control) listen(ctx context.Context, path string) (stop func()) {
	listener, err := listenPrivately(ctx, path)
	if err != nil {
		c.log.WarnContext(ctx, "commands such as backup and audit will not be taken while this runs: their socket cannot be opened",
			"socket", path, "error", err)
		return func() {}
	}
	taking, cancel := context.WithCancel(ctx)
	server := &http.Server{
		Handler: c.handler(), ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return taking },
		ErrorLog:    slog.NewLogLogger(c.log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			c.log.WarnContext(ctx, "commands are not taken any more", "socket", path, "error", err)
		}
	}()
	return func() {
		cancel() // a copy that is under way breaks off, and its reader knows
		end, give := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer give()
		if server.Shutdown(end) != nil {
			_ = server.Close()
		}
		<-done
	}
}

// listenPrivately opens a socket for this user alone. What another process left
// there is removed: whoever has the store's file has its socket.
func listenPrivately(ctx context.Context, path string) (net.Listener, error) {
	if most := len(syscall.RawSockaddrUnix{}.Path) - 1; len(path) > most {
		return nil, fmt.Errorf("its path has %d characters and may have %d: keep the store at a shorter one", len(path), most)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		// Linux makes the socket with the mode of its descriptor; where that cannot be set, chmod follows.
		return raw.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	listener, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func (c *control) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/backup", c.backup)
	mux.HandleFunc("POST /v1/head", answer(c.head))
	mux.HandleFunc("POST /v1/guest", answer(c.guest))
	mux.HandleFunc("POST /v1/erase", answer(c.erase))
	return mux
}

// backup sends the file as it is now. If it breaks off, the answer ends untidily.
func (c *control) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	to := &patient{ctx: r.Context(), w: w, deadline: http.NewResponseController(w)}
	if _, err := c.store.Backup(r.Context(), to); err != nil {
		c.log.WarnContext(r.Context(), "a copy of the store broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
}

// patient gives a reader stallLimit for each piece.
type patient struct {
	ctx      context.Context
	w        io.Writer
	deadline *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if err := p.deadline.SetWriteDeadline(time.Now().Add(stallLimit)); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

// about says whose data a command is about, and who gave it.
type about struct {
	Guest string `json:"guest"`
	By    string `json:"by,omitempty"`
}

func (c *control) head(ctx context.Context, _ about) (string, error) {
	head, err := headOf(ctx, c.store)
	return head.String(), err
}

func (c *control) guest(ctx context.Context, a about) ([]dossier, error) {
	return dossiers(ctx, c.store, a.Guest)
}

func (c *control) erase(ctx context.Context, a about) ([]approvals.RequestID, error) {
	c.log.InfoContext(ctx, "an operator has a guest erased", "by", a.By)
	return approvals.Erase(ctx, c.store, c.now(), a.Guest, a.By)
}

// answer wraps a command: what it returns or refuses is sent as JSON, an error as text.
func answer[T any](do func(context.Context, about) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var a about
		if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&a); err != nil && !errors.Is(err, io.EOF) {
			http.Error(w, "this is no command: "+err.Error(), http.StatusBadRequest)
			return
		}
		result, err := do(r.Context(), a)
		var body any = result
		status := http.StatusOK
		if refusal, ok := errors.AsType[*approvals.Refusal](err); ok {
			body, status = refusal, http.StatusConflict
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		text, err := json.Marshal(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(text)
	}
}

// headOf is the present end of a store's trail.
func headOf(ctx context.Context, from store.Archive) (head store.Head, err error) {
	err = from.Snapshot(ctx, func(s store.Snapshot) error {
		head = s.Head()
		return nil
	})
	return head, err
}

package sandbox

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"
)

// Fault is something going wrong with the next Times calls of a Web API method (chat.postMessage …), of response_url
// posts ("response_url"), of files that the app fetches ("url_private"), or of deliveries to the app ("slash_commands", "interactive", "events_api").
//
// Without AfterEffect the call changes nothing; with it the call does its work and only the answer is spoilt. For
// deliveries only Delay and Cut apply: Cut alone loses the payload, with AfterEffect it loses the app's answer.
type Fault struct {
	Times       int           // how often; 0 means once
	Delay       time.Duration // wait this long (real time): before anything happens, or with AfterEffect before the answer
	Status      int           // answer this HTTP status with Body
	RetryAfter  time.Duration // Retry-After of the answer; 0 leaves the header out
	Body        string        // answered instead of Slack's JSON: a proxy's HTML page, half a document
	ContentType string        // of Body; text/html when empty
	Error       string        // answer 200 with ok:false and this error
	Cut         bool          // reset the connection
	AfterEffect bool          // strike after the call took effect
}

// Fail arranges for the next calls of a method to go wrong. Several faults of one method strike one after another.
func (w *World) Fail(method string, f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.Times = max(f.Times, 1)
	w.faults[method] = append(w.faults[method], f)
}

// Heal forgets the faults of a method that did not strike yet.
func (w *World) Heal(method string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.faults, method)
}

// takeFaultLocked is the fault due for this call, if any.
func (w *World) takeFaultLocked(method string) *Fault {
	queue := w.faults[method]
	if len(queue) == 0 {
		return nil
	}
	f := queue[0]
	if queue[0].Times--; queue[0].Times == 0 {
		w.faults[method] = queue[1:]
	}
	return &f
}

// spoils reports whether the fault replaces the answer, rather than only delaying it.
func (f *Fault) spoils() bool {
	return f != nil && (f.Status != 0 || f.Body != "" || f.Error != "" || f.Cut)
}

// wait lets the delay pass if it belongs here: before or after the call took effect.
func (f *Fault) wait(ctx context.Context, afterEffect bool) {
	if f != nil && f.AfterEffect == afterEffect {
		pause(ctx, f.Delay)
	}
}

func (f *Fault) name() string {
	switch {
	case f.Cut:
		return "connection cut"
	case f.Error != "":
		return f.Error
	}
	return "fault " + strconv.Itoa(cmp.Or(f.Status, http.StatusOK))
}

func (f *Fault) write(rw http.ResponseWriter) {
	if f.Cut {
		cut(rw)
		return
	}
	if f.RetryAfter > 0 {
		seconds := (f.RetryAfter + time.Second - 1) / time.Second
		rw.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if f.Error != "" {
		writeJSON(rw, cmp.Or(f.Status, http.StatusOK), map[string]any{"ok": false, "error": f.Error})
		return
	}
	rw.Header().Set("Content-Type", cmp.Or(f.ContentType, "text/html"))
	rw.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = rw.Write([]byte(f.Body)) // the peer may be gone; there is nobody to tell
}

// dated puts the world's time on an answer, whose time would be the machine's otherwise.
func (w *World) dated(next http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Date", w.cfg.Now().UTC().Format(http.TimeFormat))
		next(rw, r)
	}
}

// pause waits in real time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// cut closes the connection under the answer, so that the peer sees a reset.
func cut(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // closing follows either way
	}
	_ = conn.Close() // the connection is being thrown away
}

package sandbox

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page run its own scripts and styles and talk to its own server, and nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pageRoutes serves the page and what it talks to. All of it answers only to a browser on this machine that was
// asked for the world by its own name: a site elsewhere can neither read nor act, even if its name resolves here.
func (w *World) pageRoutes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", localOnly(pageFile("index.html")))
	mux.Handle("GET /page.css", localOnly(pageFile("page.css")))
	mux.Handle("GET /page.js", localOnly(pageFile("page.js")))
	mux.Handle("GET /page/{file}", localOnly(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		pageFile(r.PathValue("file")).ServeHTTP(rw, r)
	})))
	mux.Handle("GET /sandbox/state", localOnly(http.HandlerFunc(w.serveState)))
	mux.Handle("GET /sandbox/stream", localOnly(http.HandlerFunc(w.serveStream)))
	mux.Handle("POST /sandbox/act", localOnly(ownPage(w.serveAct(maxAct))))
	mux.Handle("POST /sandbox/attach", localOnly(ownPage(w.serveAct(maxAct+maxFileBytes*4/3+1024)))) // a file is base64 there
}

func pageFile(name string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		content, err := fs.ReadFile(pageFiles, "page/"+name)
		if err != nil {
			http.NotFound(rw, r)
			return
		}
		_, suffix, _ := strings.Cut(name, ".")
		rw.Header().Set("Content-Type", map[string]string{
			"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
		}[suffix])
		rw.Header().Set("Content-Security-Policy", pagePolicy)
		rw.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(rw, r, name, time.Time{}, bytes.NewReader(content))
	})
}

// localOnly refuses requests for any host but this machine's own names (DNS rebinding).
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.Header().Set("Referrer-Policy", "no-referrer")
		if !loopbackHost(r.Host) {
			http.Error(rw, "the sandbox answers on 127.0.0.1, [::1] or localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || (err == nil && ip.IsLoopback())
}

// ownPage refuses what another site's page sends (cross-site request forgery): the origin, if the browser names one,
// must be the world's own, and the content type one that a foreign form cannot have.
func ownPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if origins := r.Header.Values("Origin"); len(origins) > 1 || (len(origins) == 1 && origins[0] != "http://"+r.Host) {
			http.Error(rw, "only the sandbox's own page may act", http.StatusForbidden)
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			http.Error(rw, "send application/json", http.StatusUnsupportedMediaType)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

const maxAct = 1 << 20

// serveAct lets a person act, in so many bytes at most. Whatever the person would be told is an answer with ok false,
// not an HTTP error.
func (w *World) serveAct(most int64) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var act Act
		if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, most)).Decode(&act); err != nil {
			http.Error(rw, "send one JSON object with what to do", http.StatusBadRequest)
			return
		}
		writeJSON(rw, http.StatusOK, w.acted(r.Context(), act))
	}
}

// acted is what the page is told of an act.
func (w *World) acted(ctx context.Context, act Act) any {
	answer := struct {
		OK    bool   `json:"ok"`
		Error string `json:"error,omitempty"`
		Shown bool   `json:"shown,omitempty"` // the open modal says it already, at its fields
	}{OK: true}
	if err := w.Act(ctx, act); err != nil {
		answer.OK, answer.Error = false, err.Error()
		answer.Shown = act.Do == "submit" && w.fieldsRefused(act.As)
	}
	return answer
}

// fieldsRefused tells whether the modal in front of the person has errors at its fields.
func (w *World) fieldsRefused(as string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	stack := w.stacks[as]
	return len(stack) > 0 && len(stack[len(stack)-1].errors) > 0
}

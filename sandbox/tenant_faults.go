package sandbox

import (
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keptGraphCalls bounds the memory of a tenant that runs for days; the oldest calls are forgotten first.
const keptGraphCalls = 5000

// GraphCall is one request that the app made to Graph, and what it was told.
type GraphCall struct {
	Method   string
	Path     string      // without /v1.0
	Query    string      // decoded
	Header   http.Header // without Authorization
	Body     string      // after decompression
	Status   int         // 0: the connection was cut without an answer
	Effect   bool        // it was carried out or refused on its merits, whatever the app was told of that
	Response string
	At       time.Time
	Took     time.Duration
}

// GraphFault is how calls go wrong. The zero fault with AfterEffect is a call that goes well.
type GraphFault struct {
	Times       int           // how many calls; 0 counts as 1
	Delay       time.Duration // before the answer
	AfterEffect bool          // the call takes effect first, and only then goes wrong
	Cut         bool          // the connection closes without an answer
	Status      int           // 0: 200 if there is a body below, else the call's own answer after the delay
	RetryAfter  string        // the header as sent: seconds, a date, or nonsense
	HTML        bool          // an error page of a proxy
	Malformed   bool          // JSON that stops in the middle
	Body        string        // exactly this body
	ContentType string        // of Body; default application/json
	Code        string        // OData error; default by status
	Message     string        // OData error; as Graph does, 429 may have an empty one
}

type armedFault struct {
	GraphFault

	method, pattern string
}

// Fail makes the next calls go wrong. The method "*" is any; the pattern is matched against the path without /v1.0, a * in it
// stands for one segment: "/groups/*/members/$ref". The token endpoint is "/*/oauth2/v2.0/token". Faults on the same call
// are used up in the order they were given.
func (t *Tenant) Fail(method, pathPattern string, f GraphFault) {
	f.Times = max(f.Times, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, &armedFault{GraphFault: f, method: method, pattern: pathPattern})
}

// Calls returns the Graph calls answered so far, oldest first. Calls within a $batch are part of its body.
func (t *Tenant) Calls() []GraphCall {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.calls)
}

// AuthorityCalls returns the requests to the token authority so far, oldest first: method, path, status and times only.
func (t *Tenant) AuthorityCalls() []GraphCall {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.authorityCalls)
}

// struck lets faults strike the authority, before any effect, and keeps its calls.
func (t *Tenant) struck(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := GraphCall{Method: r.Method, Path: r.URL.Path, At: t.now()}
		fault := t.takeFault(r.Method, r.URL.Path)
		pause(r.Context(), fault.Delay)
		reply := fault.reply()
		if !fault.Cut && fault.speaks() {
			c.Status = reply.status
		}
		c.Took = t.now().Sub(c.At)
		t.mu.Lock()
		t.authorityCalls = append(t.authorityCalls, c)
		t.mu.Unlock()
		switch {
		case fault.Cut:
			panic(http.ErrAbortHandler) // the one way to close the connection without an answer
		case fault.speaks():
			text := t.prepare(w.Header(), r, reply)
			w.WriteHeader(reply.status)
			_, _ = io.WriteString(w, text) // a client that went away has nobody to tell
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (t *Tenant) record(c GraphCall) {
	t.mu.Lock()
	t.calls = append(t.calls, c)
	if len(t.calls) > keptGraphCalls {
		t.calls = slices.Delete(t.calls, 0, len(t.calls)-keptGraphCalls)
	}
	t.mu.Unlock()
	t.changed()
}

// takeFault uses up one fault that is due for the call; a zero fault changes nothing.
func (t *Tenant) takeFault(method, urlPath string) GraphFault {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, f := range t.faults {
		if f.method != "*" && f.method != method {
			continue
		}
		if ok, err := path.Match(f.pattern, urlPath); !ok || err != nil {
			continue
		}
		if f.Times--; f.Times == 0 {
			t.faults = slices.Delete(t.faults, i, i+1)
		}
		return f.GraphFault
	}
	return GraphFault{}
}

// speaks tells whether the fault replaces the answer.
func (f GraphFault) speaks() bool { return f.Status != 0 || f.HTML || f.Malformed || f.Body != "" }

func (f GraphFault) reply() graphReply {
	header := http.Header{}
	if f.RetryAfter != "" {
		header.Set("Retry-After", f.RetryAfter)
	}
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	r := graphReply{status: status, header: header}
	switch {
	case f.HTML:
		r.raw, r.contentType = "<html><head><title>"+strconv.Itoa(status)+"</title></head><body><h1>"+http.StatusText(status)+
			"</h1><p>The gateway could not complete your request.</p></body></html>", "text/html; charset=utf-8"
	case f.Malformed:
		r.raw, r.contentType = `{"error":{"code":"Unknow`, "application/json"
	case f.Body != "":
		r.raw, r.contentType = f.Body, f.ContentType
		if r.contentType == "" {
			r.contentType = "application/json"
		}
	default:
		code := f.Code
		if code == "" {
			code = strings.ReplaceAll(http.StatusText(status), " ", "")
		}
		r.fault = &graphFailure{code: code, message: f.Message}
	}
	return r
}

func withoutToken(h http.Header) http.Header {
	h = maps.Clone(h)
	h.Del("Authorization")
	return h
}

// traffic is the newest calls as the page lists them, oldest first.
func (t *Tenant) traffic() []Traffic {
	calls := t.Calls()
	list := []Traffic{}
	for _, c := range calls[max(0, len(calls)-keptTraffic):] {
		status := strconv.Itoa(c.Status)
		if c.Status == 0 {
			status = "cut"
		}
		list = append(list, Traffic{
			At: c.At.Unix(), Dir: "from app", What: c.Method + " " + c.Path, Status: status, MS: float64(c.Took.Microseconds()) / 1000,
		})
	}
	return list
}

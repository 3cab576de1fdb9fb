package sandbox

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const maxGraphBody = 4 << 20

// graphRequest is a call as the operations see it: decoded, and with the tenant locked.
type graphRequest struct {
	method   string
	segments []string // of the path below /v1.0, decoded
	ids      []string // the segments that stand for {…} in the operation's path, in order
	query    url.Values
	header   http.Header
	body     []byte
	host     string
}

// graphReply is one of: nothing, a body, an error in Graph's shape, or raw text.
type graphReply struct {
	status      int
	header      http.Header
	body        any
	fault       *graphFailure
	raw         string
	contentType string
}

type graphFailure struct{ code, message string }

func graphRefuse(status int, code, message string) graphReply {
	return graphReply{status: status, fault: &graphFailure{code, message}}
}

func graphAnswer(status int, body any) graphReply { return graphReply{status: status, body: body} }

var graphNoContent = graphReply{status: http.StatusNoContent}

// routes mounts Graph and the redemption page.
func (t *Tenant) routes(mux *http.ServeMux) {
	mux.HandleFunc("/v1.0/", t.serveGraph)
	mux.HandleFunc("GET /redeem", t.serveConsent)
	mux.HandleFunc("POST /redeem", t.serveRedeem)
}

// serveGraph answers one call and keeps it, whatever became of it. Whoever has read the answer finds the call in Calls.
// A call of which only a part arrived, because the app was killed while it sent it, is none.
func (t *Tenant) serveGraph(w http.ResponseWriter, r *http.Request) {
	start := t.now()
	path := strings.TrimPrefix(r.URL.Path, "/v1.0")
	body, bad, err := graphBody(w, r)
	if err != nil {
		return
	}
	c := GraphCall{Method: r.Method, Path: path, Header: withoutToken(r.Header), Body: string(body), At: start}
	c.Query, _ = url.QueryUnescape(r.URL.RawQuery)
	fault := t.takeFault(r.Method, path)
	if !fault.AfterEffect {
		pause(r.Context(), fault.Delay)
	}
	reply := graphReply{}
	switch {
	case !fault.AfterEffect && (fault.Cut || fault.speaks()):
	case bad != nil:
		reply = *bad
	default:
		reply, c.Effect = t.authorised(r, body), true
	}
	if fault.AfterEffect {
		pause(r.Context(), fault.Delay)
	}
	if fault.speaks() {
		reply = fault.reply()
	}
	c.Took = t.now().Sub(start)
	if fault.Cut {
		t.record(c)
		panic(http.ErrAbortHandler) // the one way to close the connection without an answer
	}
	text := t.prepare(w.Header(), r, reply)
	c.Status, c.Response = reply.status, text
	t.record(c)
	w.WriteHeader(reply.status)
	_, _ = io.WriteString(w, text) // an app that went away has nobody to tell
}

// graphBody reads and decompresses. A body that claims to be compressed and is not is refused as Graph refuses it. The
// error is of a body that did not arrive.
func graphBody(w http.ResponseWriter, r *http.Request) ([]byte, *graphReply, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxGraphBody))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		bad := graphRefuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body is too large.")
		return nil, &bad, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") || len(body) == 0 {
		return body, nil, nil
	}
	plain, err := graphGunzip(body)
	if err != nil {
		return body, invalidQuery("Invalid Data"), nil //nolint:nilerr // the answer says it
	}
	return plain, nil, nil
}

// authorised performs the call if its token is good.
func (t *Tenant) authorised(r *http.Request, body []byte) graphReply {
	if f := t.checkToken(r.Header.Get("Authorization")); f != nil {
		reply := graphReply{status: http.StatusUnauthorized, fault: f, header: http.Header{}}
		reply.header.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+t.authorityURL()+`common/oauth2/authorize"`)
		return reply
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	g := &graphRequest{method: r.Method, query: r.URL.Query(), header: r.Header, body: body, host: r.Host}
	return t.dispatch(g, strings.TrimPrefix(r.URL.EscapedPath(), "/v1.0"))
}

// prepare returns the reply's body, and sets the headers that Graph puts on every answer.
func (t *Tenant) prepare(h http.Header, r *http.Request, reply graphReply) string {
	requestID := newGUID()
	clientID := cmp.Or(r.Header.Get("Client-Request-Id"), requestID)
	maps.Copy(h, reply.header)
	h.Set("request-id", requestID)
	h.Set("client-request-id", clientID)
	h.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"SANDBOX"}}`)
	switch {
	case reply.raw != "":
		h.Set("Content-Type", reply.contentType)
		return reply.raw
	case reply.fault == nil && reply.body == nil:
		return ""
	}
	h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	h.Set("OData-Version", "4.0")
	return graphJSON(reply.content(t.now(), requestID, clientID))
}

// content is the body as Graph shapes it, errors included.
func (r graphReply) content(now time.Time, requestID, clientID string) any {
	if r.fault == nil {
		return r.body
	}
	return map[string]any{"error": map[string]any{
		"code": r.fault.code, "message": r.fault.message,
		"innerError": map[string]any{
			"date": now.UTC().Format("2006-01-02T15:04:05"), "request-id": requestID, "client-request-id": clientID,
		},
	}}
}

func graphJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // impossible: maps, lists, strings and numbers of our own making
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func graphGunzip(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxGraphBody))
}

package sandbox

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxBody = 4 << 20

// jsonArgs are arguments that form requests carry as JSON text.
var jsonArgs = []string{"blocks", "view", "metadata", "attachments"}

// apiCall is one Web API call, its body decoded.
type apiCall struct {
	method string
	args   map[string]any
	token  string
	header bool   // the token came in the Authorization header
	host   string // that the app called
	bad    string // why the body cannot be read
}

func (c *apiCall) string(key string) string {
	switch v := c.args[key].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (c *apiCall) object(key string) map[string]any { return object(c.args, key) }
func (c *apiCall) has(key string) bool              { _, ok := c.args[key]; return ok }

func (c *apiCall) int(key string, otherwise int) int {
	n, err := strconv.Atoi(c.string(key))
	if err != nil {
		return otherwise
	}
	return n
}

// answer is what the Web API says: a body, and for HTTP 429 the wait.
type answer struct {
	body  map[string]any
	retry time.Duration
}

func refuse(code string, details ...string) answer {
	body := map[string]any{"ok": false, "error": code}
	if len(details) > 0 {
		body["errors"] = details
		body["response_metadata"] = map[string]any{"messages": details}
	}
	return answer{body: body}
}

// accept is ok:true with pairs of key and value.
func accept(pairs ...any) answer {
	body := map[string]any{"ok": true}
	for i := 0; i+1 < len(pairs); i += 2 {
		if key, ok := pairs[i].(string); ok {
			body[key] = pairs[i+1]
		}
	}
	return answer{body: body}
}

// method is a Web API method: the scopes it needs (any one of them, each with what it is for left to run), how often
// a minute it may be called, and what it does, run with the world locked.
type method struct {
	scopes    []string
	perMinute int
	appToken  bool
	run       func(*World, *apiCall) answer
}

const (
	tier2   = 20
	tier3   = 50
	tier4   = 100
	special = 300
)

// methods are those of the Web API that exist here. Their own rate limits are the floors that Slack publishes.
func methods() map[string]method {
	return map[string]method{
		"auth.test":             {nil, special, false, authTest},
		"apps.connections.open": {nil, tier3, true, connectionsOpen},
		"chat.postMessage":      {[]string{"chat:write"}, special, false, chatPostMessage},
		"chat.postEphemeral":    {[]string{"chat:write"}, tier4, false, chatPostEphemeral},
		"chat.update":           {[]string{"chat:write"}, tier3, false, chatUpdate},
		"chat.delete":           {[]string{"chat:write"}, tier3, false, chatDelete},
		"chat.getPermalink":     {nil, special, false, chatGetPermalink},
		"files.info":            {[]string{"files:read"}, tier4, false, filesInfo},
		"views.open":            {nil, tier4, false, viewsOpen},
		"views.push":            {nil, tier4, false, viewsPush},
		"views.update":          {nil, tier4, false, viewsUpdate},
		"views.publish":         {nil, tier4, false, viewsPublish},
		"users.info":            {[]string{"users:read"}, tier4, false, usersInfo},
		"users.lookupByEmail":   {[]string{"users:read.email"}, tier3, false, usersLookupByEmail},
		"usergroups.list":       {[]string{"usergroups:read"}, tier2, false, usergroupsList},
		"usergroups.users.list": {[]string{"usergroups:read"}, tier2, false, usergroupsUsersList},
		"conversations.open":    {[]string{"im:write", "mpim:write"}, tier3, false, conversationsOpen},
		"conversations.info":    {readScopes, tier3, false, conversationsInfo},
		"conversations.members": {readScopes, tier4, false, conversationsMembers},
		"conversations.history": {historyScopes, tier3, false, conversationsHistory},
		"conversations.replies": {historyScopes, tier3, false, conversationsReplies},
	}
}

var (
	readScopes    = []string{"channels:read", "groups:read", "im:read", "mpim:read"}
	historyScopes = []string{"channels:history", "groups:history", "im:history", "mpim:history"}
)

func (w *World) serveAPI(rw http.ResponseWriter, r *http.Request) {
	at := w.cfg.Now()
	call := readCall(r)
	w.mu.Lock()
	fault := w.takeFaultLocked(call.method)
	w.mu.Unlock()
	fault.wait(r.Context(), false)
	record := Call{At: at, Dir: FromApp, Method: call.method, What: call.method, Args: redacted(call.args)}
	if fault.spoils() && !fault.AfterEffect {
		record.Status, record.Error = fault.Status, fault.name()
		w.record(record)
		fault.write(rw)
		return
	}
	w.mu.Lock()
	reply := w.callLocked(call, r.Host)
	record.Status, record.Response = http.StatusOK, clone(reply.body)
	record.Error = str(reply.body, "error")
	if reply.retry > 0 {
		record.Status = http.StatusTooManyRequests
	}
	if fault.spoils() {
		record.Status, record.Error = fault.Status, fault.name()
	}
	delete(record.Response, "url")
	w.recordLocked(record)
	w.mu.Unlock()
	fault.wait(r.Context(), true)
	if fault.spoils() {
		fault.write(rw)
		return
	}
	rw.Header().Set("X-Oauth-Scopes", strings.Join(w.cfg.Scopes, ","))
	if reply.retry > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(int((reply.retry+time.Second-1)/time.Second)))
	}
	writeJSON(rw, record.Status, reply.body)
}

func (w *World) record(c Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recordLocked(c)
}

// callLocked authenticates, limits and runs a call.
func (w *World) callLocked(c *apiCall, host string) answer {
	m, known := methods()[c.method]
	if c.bad != "" {
		return refuse(c.bad)
	}
	if !known {
		return refuse("unknown_method")
	}
	if code := w.tokenProblem(c, m.appToken); code != "" {
		return refuse(code)
	}
	if !w.grantedAny(m.scopes) {
		return w.missingScope(w.neededLocked(c, m.scopes))
	}
	if wait := w.overLimitLocked(c.method, m.perMinute, time.Minute); wait > 0 {
		return answer{body: map[string]any{"ok": false, "error": "ratelimited"}, retry: wait}
	}
	c.host = host
	return m.run(w, c)
}

func (w *World) tokenProblem(c *apiCall, appToken bool) string {
	want, other := w.cfg.BotToken, w.cfg.AppToken
	if appToken {
		want, other = other, want
	}
	switch {
	case c.token == "" || appToken && !c.header:
		return "not_authed"
	case c.token == want:
		return ""
	case c.token == other:
		return "not_allowed_token_type"
	}
	return "invalid_auth"
}

func (w *World) granted(scope string) bool { return slices.Contains(w.cfg.Scopes, scope) }

func (w *World) grantedAny(scopes []string) bool {
	return len(scopes) == 0 || slices.ContainsFunc(scopes, w.granted)
}

// neededLocked is the scope that a call lacks: where it depends on the conversation, that of its kind.
func (w *World) neededLocked(c *apiCall, scopes []string) string {
	_, what, _ := strings.Cut(scopes[0], ":")
	if ch := w.channels[c.string("channel")]; ch != nil && slices.Contains(scopes, ch.scopeOf(what)) {
		return ch.scopeOf(what)
	}
	return scopes[0]
}

func (w *World) missingScope(needed string) answer {
	return accept("ok", false, "error", "missing_scope", "needed", needed, "provided", strings.Join(w.cfg.Scopes, ","))
}

// readCall decodes a form or JSON body, compressed or not. What cannot be decoded becomes the call's error.
func readCall(r *http.Request) *apiCall {
	c := &apiCall{method: r.PathValue("method"), args: map[string]any{}}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token, c.header = token, true
	}
	if r.Method == http.MethodGet {
		query := r.URL.Query()
		query.Del("token") // Slack takes no token from an address
		c.readForm(query.Encode())
		return c
	}
	body, err := readBody(r)
	if err != nil {
		c.bad = "invalid_form_data"
		return c
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		mediaType = ""
	}
	switch {
	case mediaType == "application/json":
		if len(body) > 0 && json.Unmarshal(body, &c.args) != nil {
			c.bad = "invalid_json"
		}
		if c.args == nil {
			c.args = map[string]any{}
		}
		return c
	case len(body) > 0 && mediaType != "application/x-www-form-urlencoded":
		c.bad = "invalid_post_type"
		return c
	}
	c.readForm(string(body))
	return c
}

func (c *apiCall) readForm(body string) {
	form, err := url.ParseQuery(body)
	if err != nil {
		c.bad = "invalid_form_data"
		return
	}
	for key := range form {
		c.args[key] = form.Get(key)
	}
	if token := form.Get("token"); token != "" && !c.header {
		c.token = token
	}
	for _, key := range jsonArgs {
		text, ok := c.args[key].(string)
		if !ok {
			continue
		}
		if text == "" {
			delete(c.args, key)
			continue
		}
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			c.bad = map[string]string{"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}[key]
			if c.bad == "" {
				c.bad = "invalid_arguments"
			}
			return
		}
		c.args[key] = v
	}
}

func readBody(r *http.Request) ([]byte, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = zr
	}
	b, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if len(b) > maxBody {
		return nil, errors.New("body too large")
	}
	return b, err
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(b) // the peer may be gone; there is nobody to tell
}

// secret is something nobody can guess.
func secret() string { return strings.ToLower(rand.Text()) }

// overLimitLocked counts one call against a limit, or says how long to wait.
func (w *World) overLimitLocked(key string, limit int, window time.Duration) time.Duration {
	if w.cfg.NoRateLimits || limit == 0 {
		return 0
	}
	now := w.cfg.Now()
	recent := slices.DeleteFunc(w.limits[key], func(t time.Time) bool { return now.Sub(t) >= window })
	if len(recent) >= limit {
		w.limits[key] = recent
		return max(recent[len(recent)-limit].Add(window).Sub(now), time.Nanosecond)
	}
	w.limits[key] = append(recent, now)
	return 0
}

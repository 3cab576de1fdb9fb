package bot

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody   = 1 << 20
	usualBody = 1 << 16
	clockSkew = 300 * time.Second // how far a request's time may be from ours
)

// Handler answers Slack at POST /slack/events, where commands, interactions and
// events all arrive. Nothing is read from a request before its signature was
// found good, but for the ssl_check that asks nothing. An empty secret refuses
// everything.
func (b *Bot) Handler(signingSecret string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /slack/events", &door{bot: b, secret: []byte(signingSecret)})
	return mux
}

// door is where signed requests come in.
type door struct {
	bot    *Bot
	secret []byte
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	body, err := readBody(w, r)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		d.refuse(w, r, http.StatusRequestEntityTooLarge, "request_too_large")
		return
	}
	if err != nil {
		d.refuse(w, r, http.StatusBadRequest, "body_unreadable")
		return
	}
	signature := r.Header.Get("X-Slack-Signature")
	if signature == "" && isSSLCheck(r, body) {
		return
	}
	if why := d.distrust(r.Header.Get("X-Slack-Request-Timestamp"), signature, body); why != "" {
		d.refuse(w, r, http.StatusUnauthorized, why)
		return
	}
	served := strings.ToLower(signature) // hexadecimal digits mean the same in both cases
	if !d.bot.requests.add(served) {
		d.refuse(w, r, http.StatusUnauthorized, "replayed")
		return
	}
	if status := d.serve(w, r, body); status >= http.StatusBadRequest {
		d.bot.requests.drop(served)
	}
}

// readBody reads a body in one piece, as large as it says it is; what it says is
// believed up to usualBody.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	return body.Bytes(), err
}

// refuse says no without saying why: the reason is for the log.
func (d *door) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	d.bot.cfg.Log.WarnContext(r.Context(), "request refused", "status", status, "why", why)
	fail(w, status)
}

func fail(w http.ResponseWriter, status int) int {
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
	return status
}

// distrust says what is wrong with a signature, or nothing. The body is the raw
// one; the comparison takes the same time whatever differs.
func (d *door) distrust(timestamp, signature string, body []byte) string {
	if len(d.secret) == 0 {
		return "no_signing_secret"
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return "timestamp_unreadable"
	}
	given, err := hex.DecodeString(strings.TrimPrefix(signature, "v0="))
	if err != nil || !strings.HasPrefix(signature, "v0=") {
		return "signature_unreadable"
	}
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return "signature_wrong"
	}
	if age := d.bot.cfg.Now().Sub(time.Unix(seconds, 0)); age > clockSkew || age < -clockSkew {
		return "timestamp_stale"
	}
	return ""
}

// serve answers a request of Slack's and returns the status that it gave.
func (d *door) serve(w http.ResponseWriter, r *http.Request, body []byte) int {
	k, raw, status := unpack(r, body)
	switch {
	case status != http.StatusOK:
		d.refuse(w, r, status, "body_not_understood")
		return status
	case k == "":
		return http.StatusOK
	}
	if challenge, ok := challenged(k, raw); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, challenge)
		return http.StatusOK
	}
	reply, later, err := d.bot.receive(r.Context(), k, raw)
	if errors.Is(err, errGarbled) {
		return fail(w, http.StatusBadRequest)
	}
	if err != nil {
		return fail(w, http.StatusInternalServerError)
	}
	if len(reply) > 0 {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	_, _ = w.Write(reply)
	_ = http.NewResponseController(w).Flush()
	d.bot.after(r.Context(), later)
	return http.StatusOK
}

// unpack finds the payload in a body. No kind and no error is a request that
// asks nothing of us.
func unpack(r *http.Request, body []byte) (k kind, raw []byte, status int) {
	switch mediaType(r) {
	case "application/json":
		return kindEvent, body, http.StatusOK
	case "application/x-www-form-urlencoded":
		if payload, ok := soleField(body, "payload"); ok {
			return kindInteractive, payload, http.StatusOK
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "", nil, http.StatusBadRequest
		}
		if form.Get("ssl_check") != "" {
			return "", nil, http.StatusOK
		}
		k, raw, ok := fromForm(form)
		if !ok {
			return "", nil, http.StatusBadRequest
		}
		return k, raw, http.StatusOK
	}
	return "", nil, http.StatusUnsupportedMediaType
}

func mediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// isSSLCheck recognises the probe that Slack sends unsigned to see whether the
// certificate is good. It is answered with nothing and starts nothing.
func isSSLCheck(r *http.Request, body []byte) bool {
	if mediaType(r) != "application/x-www-form-urlencoded" {
		return false
	}
	form, err := url.ParseQuery(string(body))
	return err == nil && form.Get("ssl_check") == "1" && !form.Has("payload") && !form.Has("command")
}

// challenged answers Slack's question whether this address is ours.
func challenged(k kind, raw []byte) (string, bool) {
	if k != kindEvent {
		return "", false
	}
	var c struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if decode(raw, &c) != nil || c.Type != "url_verification" {
		return "", false
	}
	return c.Challenge, true
}

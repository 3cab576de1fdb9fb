package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// errNoRetry is a failure after which the app asked not to be sent the event again.
var errNoRetry = fmt.Errorf("%w, no retry wanted", errHTTP)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// Signature is the X-Slack-Signature of a body sent at a time.
func Signature(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%d:%s", at.Unix(), body) // a hash takes everything
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// SignedRequest is a request to the app as Slack would sign it with this secret at this time: for tests that forge,
// replay or age one. It is not sent.
func (w *World) SignedRequest(ctx context.Context, body []byte, contentType string, at time.Time, secret string) *http.Request {
	w.mu.Lock()
	target := w.appURL
	w.mu.Unlock()
	req, err := signed(ctx, target, body, contentType, at, secret)
	if err != nil {
		panic(fmt.Sprintf("sandbox: the app's URL %q is no URL: %v", target, err))
	}
	return req
}

func signed(ctx context.Context, target string, body []byte, contentType string, at time.Time, secret string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	req.Header.Set("X-Slack-Request-Timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("X-Slack-Signature", Signature(secret, at, body))
	return req, nil
}

// SendHTTP sends a request to the app and returns its status and body.
func (w *World) SendHTTP(req *http.Request) (status int, body string, err error) {
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("sending to the app: %w", err)
	}
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), errors.Join(err, resp.Body.Close())
}

// encode is the body of a delivery in HTTP mode.
func (d delivery) encode() (body []byte, contentType string, err error) {
	if d.kind == "slash_commands" {
		form := url.Values{}
		for key, v := range d.payload {
			form.Set(key, fmt.Sprint(v))
		}
		return []byte(form.Encode()), formType, nil
	}
	body, err = json.Marshal(d.payload)
	if err == nil && d.kind == "interactive" {
		return []byte(url.Values{"payload": {string(body)}}.Encode()), formType, nil
	}
	return body, jsonType, err
}

func (w *World) deliverHTTP(ctx context.Context, target string, d delivery) (ack, error) {
	body, contentType, err := d.encode()
	if err != nil {
		return ack{}, err
	}
	redirects := 0
	if d.kind == "events_api" {
		redirects = 2
	}
	for {
		req, err := signed(ctx, target, body, contentType, w.cfg.Now(), w.cfg.SigningSecret)
		if err != nil {
			return ack{}, errDispatch
		}
		if d.attempt > 0 {
			req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.attempt))
			req.Header.Set("X-Slack-Retry-Reason", d.reason)
		}
		resp, err := w.client.Do(req)
		if err != nil {
			return ack{}, failed(ctx)
		}
		answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		_ = resp.Body.Close() // read to its end or not, it is done with
		next := resp.Header.Get("Location")
		switch {
		case err != nil:
			return ack{}, failed(ctx)
		case resp.StatusCode >= 300 && resp.StatusCode < 400 && next != "" && redirects > 0:
			redirects--
			to, err := req.URL.Parse(next)
			if err != nil {
				return ack{}, errHTTP
			}
			target = to.String()
			continue
		case resp.StatusCode < 200 || resp.StatusCode > 299:
			if resp.Header.Get("X-Slack-No-Retry") == "1" {
				return ack{}, errNoRetry
			}
			return ack{}, errHTTP
		}
		return httpAck(resp.Header.Get("Content-Type"), answer), nil
	}
}

// httpAck takes text for text, even if it looks like JSON.
func httpAck(contentType string, body []byte) ack {
	if strings.HasPrefix(contentType, "text/plain") && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return ack{text: strings.TrimSpace(string(body))}
	}
	return decodeAck(body)
}

func failed(ctx context.Context) error {
	if ctx.Err() != nil {
		return errTimeout
	}
	return errDispatch
}

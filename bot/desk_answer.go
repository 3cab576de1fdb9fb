package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Answer tells one person privately why what they pressed did not count.
func (d *Desk) Answer(ctx context.Context, r approvals.Request, a approvals.Answer) error {
	to := Whisper{To: a.To, URL: a.Reply, Channel: r.CurrentStage().Channel}
	who, err := d.reader(ctx, a.To)
	if err == nil {
		err = d.whisper(ctx, to, d.render.Refused(who.Locale, r, &a.Refusal), true)
	}
	if err != nil {
		return fmt.Errorf("answering %s about %s: %w", a.To, r.ID, err)
	}
	return nil
}

// Whisper is one person and the ways to reach them in private, best first: the
// response URL of what they did, the channel they did it in, their own messages.
type Whisper struct {
	To      approvals.PersonID
	URL     string // a capability: never logged, used on Slack's hosts only
	Channel string
}

// Whisper tells somebody who waits for it what nobody else sees. A way that does
// not work (any more) is followed by the next; an error is an *approvals.Trouble.
func (d *Desk) Whisper(ctx context.Context, to Whisper, m Message) error {
	return d.whisper(ctx, to, m, false)
}

// whisper goes on to the next way also when one fails in passing, unless the
// caller tries again.
func (d *Desk) whisper(ctx context.Context, to Whisper, m Message, again bool) error {
	ask := d.tiers.press
	if again {
		ask = d.tiers.ask
	}
	if d.mayReply(to.URL) && d.respond(ctx, to.URL, m) == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if to.Channel != "" && !strings.HasPrefix(to.Channel, "D") {
		err := ask("chat.postEphemeral", func() error {
			_, err := d.api.PostEphemeralContext(ctx, to.Channel, to.To.User, m.options()...)
			return err
		})
		if err == nil {
			return nil
		}
		if t := apiTrouble(err); t.Kind != approvals.Refused && again {
			t.Doing = firstOf(t.Doing, "answering in the channel")
			return t
		}
	}
	if _, _, err := d.api.PostMessageContext(ctx, to.To.User, m.options()...); err != nil {
		t := apiTrouble(err)
		t.Doing = "answering in a direct message"
		return t
	}
	return nil
}

// mayReply allows response URLs over https under Slack's own domains, and on
// the host of the configured API.
func (d *Desk) mayReply(raw string) bool {
	u, err := url.Parse(raw)
	if raw == "" || err != nil || u.User != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range []string{"slack.com", "slack-gov.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443")
		}
	}
	return d.apiHost != "" && u.Host == d.apiHost && (u.Scheme == "https" || u.Scheme == "http")
}

// respond posts to a response URL. Whatever goes wrong, the next way is tried;
// the error carries no address.
func (d *Desk) respond(ctx context.Context, to string, m Message) error {
	body, err := json.Marshal(map[string]any{
		"response_type": slack.ResponseTypeEphemeral, "replace_original": false,
		"text": m.Text, "blocks": m.Blocks, "unfurl_links": false, "unfurl_media": false,
	})
	if err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := d.http.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("reading the answer to an answer: %w", err)
	}
	return accepted(res.StatusCode, answer)
}

// accepted reads what a response URL says: "ok", or JSON with ok and an error.
func accepted(status int, body []byte) error {
	if status != http.StatusOK {
		return &approvals.Trouble{Kind: approvals.Refused, Status: status, Text: http.StatusText(status)}
	}
	var said struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil && said.OK != nil && !*said.OK {
		return &approvals.Trouble{Kind: approvals.Refused, Status: status, Code: said.Error}
	}
	return nil
}

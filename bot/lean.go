package bot

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxPage bounds a page of a channel's history.
const maxPage = 32 << 20

// lean reads a channel's history without what people wrote there: of every
// message only its time, its author and what our own messages carry about
// themselves is let through. Nothing else is decoded, so that no message of
// anybody can break the reading either.
type lean struct{ next http.RoundTripper }

// leanPage is what is let through of a page.
type leanPage struct {
	OK       bool              `json:"ok"`
	Error    string            `json:"error,omitempty"`
	Needed   string            `json:"needed,omitempty"`
	Provided string            `json:"provided,omitempty"`
	Messages []json.RawMessage `json:"messages"`
	HasMore  bool              `json:"has_more"`
	Response json.RawMessage   `json:"response_metadata,omitempty"`
}

type leanMessage struct {
	TS       string        `json:"ts"`
	User     string        `json:"user,omitempty"`
	BotID    string        `json:"bot_id,omitempty"`
	Metadata *leanMetadata `json:"metadata,omitempty"`
}

type leanMetadata struct {
	Type    string          `json:"event_type"`
	Payload json.RawMessage `json:"event_payload,omitempty"`
}

// RoundTrip passes everything else through as it is.
func (l lean) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK || !readsMessages(r.URL.Path) {
		return res, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if closing := res.Body.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxPage:
		return nil, errors.New("a page of a history is too long")
	}
	body = leaned(body)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return res, nil
}

func readsMessages(path string) bool {
	return strings.HasSuffix(path, "/conversations.history") || strings.HasSuffix(path, "/conversations.replies")
}

// leaned is a page with nothing but what is let through; what is no page stays
// as it is, for the client to refuse.
func leaned(body []byte) []byte {
	var page leanPage
	if json.Unmarshal(body, &page) != nil {
		return body
	}
	kept := make([]json.RawMessage, 0, len(page.Messages))
	for _, raw := range page.Messages {
		var m leanMessage
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		if m.Metadata != nil && !strings.HasPrefix(m.Metadata.Type, eventPrefix) {
			m.Metadata = nil
		}
		if one, err := json.Marshal(m); err == nil {
			kept = append(kept, one)
		}
	}
	page.Messages = kept
	out, err := json.Marshal(page)
	if err != nil {
		return body
	}
	return out
}

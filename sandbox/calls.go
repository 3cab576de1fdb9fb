package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	keptSlackCalls = 10_000
	keptTraffic    = 200
)

// Directions of a Call.
const (
	FromApp = "from app"
	ToApp   = "to app"
)

// Call is one thing that crossed the wire: a Web API call or response_url post of the app (FromApp), or a delivery to
// it (ToApp: slash_commands, interactive, events_api). Args holds the decoded arguments or payload, never a token.
type Call struct {
	At       time.Time
	Dir      string
	Method   string
	What     string
	Args     map[string]any
	Status   int
	Error    string
	Response map[string]any
	Took     time.Duration
}

// Traffic is a Call as the page lists it.
type Traffic struct {
	At     int64   `json:"at"`
	Dir    string  `json:"dir"`
	What   string  `json:"what"`
	Status string  `json:"status"`
	MS     float64 `json:"ms"`

	at time.Time
}

// Calls lists everything that crossed the wire between the app and Slack, oldest first; of very long runs the newest.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// CallsOf is Calls of one method or kind of delivery.
func (w *World) CallsOf(method string) []Call {
	return slices.DeleteFunc(w.Calls(), func(c Call) bool { return c.Method != method })
}

func (w *World) recordLocked(c Call) {
	c.Took = w.cfg.Now().Sub(c.At)
	if len(w.calls) >= keptSlackCalls {
		w.calls = slices.Delete(w.calls, 0, keptSlackCalls/10)
	}
	w.calls = append(w.calls, c)
	w.touchLocked()
}

// trafficLocked is the newest calls of Slack's side, oldest first.
func (w *World) trafficLocked() []Traffic {
	newest := w.calls[max(0, len(w.calls)-keptTraffic):]
	list := make([]Traffic, 0, len(newest))
	for _, c := range newest {
		status := c.Error
		switch {
		case status != "":
		case c.Status == 200:
			status = "ok"
		default:
			status = strconv.Itoa(c.Status)
		}
		list = append(list, Traffic{
			At: c.At.Unix(), Dir: c.Dir, What: c.What, Status: status,
			MS: float64(c.Took.Microseconds()) / 1000, at: c.At,
		})
	}
	return list
}

// redacted is a deep copy of args without credentials, with JSON text in the places where Slack expects JSON decoded.
func redacted(args map[string]any) map[string]any {
	out := maps.Clone(args)
	delete(out, "token")
	for _, key := range jsonArgs {
		if s, ok := out[key].(string); ok {
			var v any
			if json.Unmarshal([]byte(s), &v) == nil {
				out[key] = v
			}
		}
	}
	return clone(out)
}

// clone deep-copies what encoding/json makes of an object.
func clone[T any](v T) T {
	c, _ := cloneAny(v).(T) // the copy has the type of the original
	return c
}

func cloneAny(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = cloneAny(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = cloneAny(e)
		}
		return l
	case []map[string]any:
		l := make([]map[string]any, len(v))
		for i, e := range v {
			l[i], _ = cloneAny(e).(map[string]any)
		}
		return l
	}
	return v
}

func str(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func object(m map[string]any, key string) map[string]any {
	o, _ := m[key].(map[string]any)
	return o
}

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	out := make([]map[string]any, 0, len(list))
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "1" || strings.EqualFold(v, "true")
	case float64:
		return v != 0
	}
	return false
}

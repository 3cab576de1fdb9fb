package approvals

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// TroubleKind says what a failed step means for the next one.
type TroubleKind string

// The kinds of trouble. What has no kind is treated as Later.
const (
	Later       TroubleKind = "later"       // had no effect; try again, after After if given
	Unsure      TroubleKind = "unsure"      // may have had its effect; look before trying again
	Replicating TroubleKind = "replicating" // the directory does not know its own news yet
	Refused     TroubleKind = "refused"     // will not succeed without a human
)

// CodePace marks trouble that is none: the message has its turn later, because
// its channel takes one a second.
const CodePace = "pace"

// CodeStranded marks a request that nobody is left to decide.
const CodeStranded = "stranded"

// CodeClock marks trouble of our own clock: what time brings waits until it can
// be trusted.
const CodeClock = "clock"

// Trouble is how a platform failed us: what to do next, and what a human needs
// to follow it up. Its text is the platform's, so it is shown as plain text only.
type Trouble struct { //nolint:errname // kept in requests and shown to people; an error only on its way there
	Kind      TroubleKind   `json:"kind"`
	Doing     string        `json:"doing,omitempty"`      // the step, e.g. "inviting the guest"
	Code      string        `json:"code,omitempty"`       // the platform's error code
	Text      string        `json:"text,omitempty"`       // the platform's words
	Status    int           `json:"status,omitempty"`     // of HTTP
	RequestID string        `json:"request_id,omitempty"` // for the platform's support
	After     time.Duration `json:"after,omitempty"`      // what Retry-After asked for
	Wide      string        `json:"wide,omitempty"`       // the key of the incident, where others have the same trouble
	Err       error         `json:"-"`
}

// String says what happened in one line, for logs and the trail.
func (t *Trouble) String() string {
	parts := []string{}
	for _, p := range []string{t.Doing, t.Code, t.Text} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if t.RequestID != "" {
		parts = append(parts, "request-id "+t.RequestID)
	}
	return strings.Join(parts, ": ")
}

// codes is String without the platform's words, which may name people.
func (t *Trouble) codes() string {
	bare := *t
	bare.Text = ""
	return bare.String()
}

// addresses are e-mail addresses, also as a part of a URL.
var addresses = regexp.MustCompile(`(?i)[^\s"'<>()\[\]{},;:=|&/?@][^\s"<>()\[\]{},;:=|&/?@]*(?:@|%40)[^\s"'<>()\[\]{},;:=|&/?@]*[^\s"'<>()\[\]{},;:=|&/?@.]`)

// WithoutAddresses is a text without the e-mail addresses in it.
func WithoutAddresses(s string) string { return addresses.ReplaceAllString(s, "[address]") }

// inLog is String for logs, which outlive the erasure of a guest: codes, status and
// request ID. Words stand there where they are not about one guest, or no platform's;
// addresses never do.
func (t *Trouble) inLog() string {
	bare := *t
	if bare.Wide == "" && (bare.Code != "" || bare.Status != 0) {
		bare.Text = ""
	}
	if bare.Status != 0 {
		bare.Code = strings.TrimSpace(strconv.Itoa(bare.Status) + " " + bare.Code)
	}
	return WithoutAddresses(bare.String())
}

func (t *Trouble) Error() string {
	if s := t.String(); s != "" {
		return s
	}
	return string(t.Kind)
}

func (t *Trouble) Unwrap() error { return t.Err }

func isNotDue(err error) bool { return errors.Is(err, ErrNotDue) }

// troubleOf reads any error as trouble; an unknown one is tried again later.
func troubleOf(err error) Trouble {
	if t, ok := errors.AsType[*Trouble](err); ok {
		return *t
	}
	return Trouble{Kind: Later, Text: err.Error(), Err: err}
}

// spread is how long those who were asked to wait until the same moment come one
// after the other.
const spread = 500 * time.Millisecond

// backoff is how long to wait before the next run of a row after so many runs
// that did not succeed: 1, 2, 4, 8, 15, 30 s, then twice as long each time up to
// five minutes, and up to half of that more by chance, so that what failed
// together does not come again together. What the platform asked for counts more
// and is never cut short.
func backoff(attempts int, asked time.Duration, chance float64) time.Duration {
	if asked > 0 {
		return asked + time.Duration(chance*float64(spread))
	}
	seconds := []int{1, 2, 4, 8, 15, 30, 60, 120, 240, 300}
	wait := time.Duration(seconds[min(max(attempts, 0), len(seconds)-1)]) * time.Second
	return wait + time.Duration(chance*float64(wait)/2)
}

package entra

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"partnerbot/approvals"
)

// refusal is Graph's answer of 4xx or 5xx. Unlike the SDK's type it can be
// printed when the answer has no message, which makes that one panic.
type refusal struct{ *odataerrors.ODataError }

func readRefusal(serialization.ParseNode) (serialization.Parsable, error) {
	return &refusal{odataerrors.NewODataError()}, nil
}

func (r *refusal) Error() string {
	code, message, _ := r.words()
	return strings.TrimSuffix(code+": "+message, ": ")
}

// words are empty where Graph was silent.
func (r *refusal) words() (code, message, requestID string) {
	e := r.GetErrorEscaped()
	if e == nil {
		return "", "", ""
	}
	if inner := e.GetInnerError(); inner != nil {
		requestID = value(inner.GetRequestId())
	}
	return value(e.GetCode()), value(e.GetMessage()), requestID
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// trouble reads how a call failed.
func (c *Client) trouble(ctx context.Context, s step, seen reply, err error) *approvals.Trouble {
	t := &approvals.Trouble{
		Doing: s.doing, Status: seen.status, RequestID: seen.requestID,
		After: retryAfter(seen.retryAfter, c.cfg.Now()), Err: stopped(ctx, err),
	}
	unknown := approvals.Later
	if s.once {
		unknown = approvals.Unsure
	}
	switch token, isToken := errors.AsType[*tokenError](err); {
	case isToken:
		tokenTrouble(t, token.err)
	case !seen.sent:
		t.Kind, t.Text = approvals.Later, tidy(err.Error())
	case seen.status == 0:
		t.Kind, t.Text = unknown, tidy(withoutURL(err).Error())
		if isDial(err) { // nothing left this machine
			t.Kind = approvals.Later
		}
	case seen.status < http.StatusBadRequest:
		t.Kind, t.Text = unknown, "the answer could not be used: "+seen.describe()
	default:
		seen.refused(t, s, err, unknown)
	}
	return t
}

// refused reads an answer of 4xx or 5xx.
func (seen reply) refused(t *approvals.Trouble, s step, err error, unknown approvals.TroubleKind) {
	var message, id string
	if r, ok := errors.AsType[*refusal](err); ok {
		t.Code, message, id = r.words()
		t.Code = tidy(t.Code)
	}
	if t.RequestID == "" {
		t.RequestID = id
	}
	if t.Text = tidy(message); t.Text == "" {
		t.Text = seen.describe()
	}
	switch {
	case seen.status == http.StatusTooManyRequests:
		t.Kind = approvals.Later
	case seen.status < http.StatusInternalServerError && seen.cut: // no effect, but the reason was lost
		t.Kind = approvals.Later
	case seen.status >= http.StatusInternalServerError || seen.status == http.StatusRequestTimeout:
		t.Kind = unknown
	case seen.status == http.StatusUnauthorized && says(message, "expired"): // a fresh token is on its way
		t.Kind = approvals.Later
	case s.account != "" && seen.replicates(message):
		t.Kind = approvals.Replicating
	default:
		t.Kind = approvals.Refused
	}
	if t.Kind == approvals.Refused {
		if t.Wide = seen.wide(s, message); t.Wide != "" {
			t.Kind = approvals.Later // it had no effect, and goes well once an administrator has put it right
		}
	}
}

// wide is the incident that a refusal is part of, if it is not about this one
// guest or group. Which status goes with which words is not documented for
// invitations, so the words decide where they are known.
func (seen reply) wide(s step, message string) string {
	lacking := says(message, "insufficient privileges")
	switch {
	case s.wide != "" && (lacking || says(message, "invitations not allowed")):
		return s.wide
	case seen.status == http.StatusUnauthorized && !lacking:
		return approvals.WideToken
	case s.wide != "" && seen.status == http.StatusForbidden && !aboutOneGuest(message):
		return s.wide
	}
	return ""
}

// aboutOneGuest tells refusals that the next guest need not meet.
func aboutOneGuest(message string) bool {
	return says(message, "domain of the user", "invitation policy", "cross-tenant access settings", "cross cloud worker",
		"already exists in the directory", "can't be invited", "cannot be invited", "generic authorization exception")
}

// replicates tells an answer that a directory gives about an object it has not heard of yet.
func (seen reply) replicates(message string) bool {
	return seen.status == http.StatusNotFound || seen.status == http.StatusBadRequest &&
		says(message, "not a valid reference update", "one of the objects being referenced do not exist",
			"queried reference-property objects are not present")
}

// describe is for answers that say nothing a person could read: "502 Bad Gateway (text/html)".
func (seen reply) describe() string {
	words := strings.TrimSpace(strconv.Itoa(seen.status) + " " + http.StatusText(seen.status))
	if media, _, err := mime.ParseMediaType(seen.contentType); err == nil {
		words += " (" + media + ")"
	}
	return words
}

// tokenTrouble is never a refusal: the secret may be put right any minute, and nothing has left.
func tokenTrouble(t *approvals.Trouble, err error) {
	t.Kind, t.Code, t.Text = approvals.Later, "token", tidy(entraWords(err.Error()))
	if failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok && failed.RawResponse != nil {
		t.Status = failed.RawResponse.StatusCode
		t.RequestID = failed.RawResponse.Header.Get("x-ms-request-id")
	}
	switch t.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden: // the authority knows us, and will not
		t.Wide = approvals.WideToken
	}
}

// stopped is the context's end, so that callers can tell a shutdown from an
// outage. Other causes are in words only: libraries print whole answers in theirs.
func stopped(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil:
		return context.DeadlineExceeded
	}
	return nil
}

// withoutURL drops the address, which holds the guest's e-mail when one is looked for.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

const longestWait = 24 * time.Hour

// retryAfter reads seconds or a date; zero where there is none, or it has passed.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if n, err := strconv.ParseFloat(header, 64); err == nil && n > 0 {
		return time.Duration(min(n, longestWait.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}

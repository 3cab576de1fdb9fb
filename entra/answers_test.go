package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

// Short names for the table's columns; done is success.
const (
	done        = approvals.TroubleKind("done")
	later       = approvals.Later
	unsure      = approvals.Unsure
	replicating = approvals.Replicating
	refused     = approvals.Refused

	// Later, and with everybody else.
	noToken   = approvals.TroubleKind(approvals.WideToken)
	noInvites = approvals.TroubleKind(approvals.WideInvitations)
	noLooking = approvals.TroubleKind(approvals.WideDirectory)
)

func kindOf(t *testing.T, err error) approvals.TroubleKind {
	t.Helper()
	if err == nil {
		return done
	}
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok {
		t.Errorf("%T is not trouble: %v", err, err)
		return ""
	}
	if trouble.Doing == "" || trouble.Text == "" {
		t.Errorf("trouble without words: %+v", trouble)
	}
	if trouble.Wide != "" {
		if trouble.Kind != later {
			t.Errorf("trouble of everybody is %s", trouble.Kind)
		}
		return approvals.TroubleKind(trouble.Wide)
	}
	return trouble.Kind
}

const notPresent = "Resource '" + theGuest + "' does not exist or one of its queried reference-property objects are not present."

func TestEveryAnswerSaysWhetherToTryAgain(t *testing.T) {
	tests := []struct {
		name                                string
		answer                              http.HandlerFunc
		invite, find, look, grant, takeBack approvals.TroubleKind
	}{
		{"throttled with seconds", refuses(429, "TooManyRequests", "Slow down.", "Retry-After", "7"), later, later, later, later, later},
		{"throttled without words", refuses(429, "UnknownError", ""), later, later, later, later, later},
		{"throttled by a proxy", saysHTML(429), later, later, later, later, later},
		{"a proxy's page", saysHTML(502), unsure, later, later, later, later},
		{"a server error", refuses(500, "InternalServerError", "Unable to find target address"), unsure, later, later, later, later},
		{"unavailable", refuses(503, "ServiceUnavailable", "Later.", "Retry-After", "3"), unsure, later, later, later, later},
		{"a gateway's time-out, empty", saysNothing(504), unsure, later, later, later, later},
		{"a request time-out", refuses(408, "RequestTimeout", "Too slow."), unsure, later, later, later, later},
		{"cut before an answer", cutOff(0), unsure, later, later, later, later},
		{"cut within 201", cutOff(201), unsure, later, later, later, later},
		{"cut within 200", cutOff(200), unsure, later, later, later, later},
		{"cut within a refusal", cutOff(400), later, later, later, later, later},
		{"201 without a body", saysNothing(201), unsure, later, later, later, later},
		{"200 with a portal's page", saysHTML(200), unsure, later, later, later, later},
		{"200 with other JSON", says200(`{"hello":1}`), unsure, later, later, later, later},
		{"200 with null", says200(`null`), unsure, later, later, later, later},
		{"200 with a broken list", says200(`{"value":[{"id":"x"}]}`), unsure, later, later, later, later},
		{"a redirect", graphSays(307, "", "Location", "/v1.0/elsewhere"), unsure, later, later, later, later},
		{"not found, the guest named", refuses(404, "Request_ResourceNotFound", notPresent), refused, refused, replicating, replicating, done},
		{"not found, nobody named", refuses(404, "Directory_ObjectNotFound", "Unable to read the company information from the directory."), refused, refused, replicating, replicating, done},
		{"not found, no words", graphSays(404, `{"error":{"code":"Request_ResourceNotFound"}}`), refused, refused, replicating, replicating, done},
		{"not found by a proxy", saysHTML(404), refused, refused, replicating, replicating, later},
		{"not found, empty", saysNothing(404), refused, refused, replicating, replicating, later},
		{"no such address", refuses(404, "UnknownError", "Resource not found for the segment 'v1.0'."), refused, refused, replicating, replicating, later},
		{"references not replicated", refuses(400, "Request_BadRequest", "Not a VALID reference update."), refused, refused, replicating, replicating, refused},
		{"objects not replicated", refuses(400, "Request_BadRequest", "The source resource object or one of the objects being referenced do not exist."), refused, refused, replicating, replicating, refused},
		{"properties not replicated", refuses(400, "Request_BadRequest", notPresent), refused, refused, replicating, replicating, refused},
		{"already a member", refuses(400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'."), refused, refused, refused, done, refused},
		{"not a member any more", refuses(400, "Request_BadRequest", "One or more removed object references do not exist for the following modified properties: 'members'."), refused, refused, refused, refused, done},
		{"blocked account", refuses(400, "BadRequest", "The invited user already exists in the directory as object ID: x, but the account is blocked from signing in."), refused, refused, refused, refused, refused},
		{"own domain", refuses(400, "BadRequest", "This user cannot be invited because the domain of the user's email address is a verified domain of this directory."), refused, refused, refused, refused, refused},
		{"invitations off", refuses(403, "AzureActiveDirectoryForbidden", "Guest invitations not allowed for your company."), noInvites, noLooking, noLooking, refused, refused},
		{"no permission", refuses(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."), noInvites, noLooking, noLooking, refused, refused},
		{"no permission to invite", refuses(401, "Unauthorized", "Insufficient privileges to perform requested operation by the application."), noInvites, noLooking, noLooking, refused, refused},
		{"token ran out", refuses(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."), later, later, later, later, later},
		{"a claims challenge", refuses(401, "InvalidAuthenticationToken", "Continuous access.", "WWW-Authenticate", `Bearer error="insufficient_claims", claims="e30="`), noToken, noToken, noToken, noToken, noToken},
		{"a broken claims challenge", refuses(401, "InvalidAuthenticationToken", "Continuous access.", "WWW-Authenticate", `Bearer claims`), noToken, noToken, noToken, noToken, noToken},
		{"invitations off, told as a bad request", refuses(400, "BadRequest", "Guest invitations not allowed for your company."), noInvites, noLooking, noLooking, refused, refused},
		{"forbidden by a proxy", saysHTML(403), noInvites, noLooking, noLooking, refused, refused},
		{"a token that Graph does not take", refuses(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."), noToken, noToken, noToken, noToken, noToken},
		{"a blocked domain", refuses(403, "Forbidden", "The domain of the user is currently blocked by your invitation policy."), refused, refused, refused, refused, refused},
		{"blocked across tenants", refuses(403, "Forbidden", "This invitation is blocked by cross-tenant access settings."), refused, refused, refused, refused, refused},
		{"a home tenant that forbids it", refuses(403, "Forbidden", "This user can't be invited to this directory."), refused, refused, refused, refused, refused},
		{"JSON without a message", graphSays(400, `{"error":{"code":"BadRequest"}}`), refused, refused, refused, refused, refused},
		{"JSON without an error", graphSays(400, `{}`), refused, refused, refused, refused, refused},
		{"JSON with an error of another kind", graphSays(400, `{"error":"no"}`), refused, refused, refused, refused, refused},
		{"an empty refusal", saysNothing(400), refused, refused, refused, refused, refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, tt.answer)
			c := g.client(t)
			_, invite := c.Invite(t.Context(), priya)
			_, _, find := c.Find(t.Context(), priya.Email)
			_, look := c.Look(t.Context(), theGuest)
			grant := c.Grant(t.Context(), theGuest, into)
			takeBack := c.TakeBack(t.Context(), theGuest, into)
			_, _, manager := c.Manager(t.Context(), ann)
			_, facts := c.Facts(t.Context(), priya.Email, "fabrikam.example")
			_, guests := c.guestsFrom(t.Context(), "fabrikam.example")
			counting := tt.find
			if counting == noLooking { // an incident of counting would keep everybody from being looked for
				counting = refused
			}
			for _, x := range []struct {
				call string
				err  error
				want approvals.TroubleKind
			}{{"Invite", invite, tt.invite}, {"Find", find, tt.find}, {"Look", look, tt.look}, {"Grant", grant, tt.grant}, {"TakeBack", takeBack, tt.takeBack}, {"Manager", manager, tt.find}, {"Facts", facts, tt.find}, {"guestsFrom", guests, counting}} {
				if got := kindOf(t, x.err); got != x.want {
					t.Errorf("%s: got %s, want %s: %v", x.call, got, x.want, x.err)
				}
			}
			if n := g.count(http.MethodPost, "/invitations"); n != 1 {
				t.Errorf("%d invitations left, want exactly one", n)
			}
			if n := g.count(http.MethodPost, "/groups/"+theGroup+"/members/$ref"); n != 1 {
				t.Errorf("the grant was given %d times, want exactly once", n)
			}
		})
	}
}

func TestTroubleKeepsWhatSupportAsksFor(t *testing.T) {
	inAMinute := nine.Add(time.Minute).Format(http.TimeFormat)
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   approvals.Trouble
	}{
		{
			"the platform's words", refuses(403, "Authorization_RequestDenied", "Insufficient\nprivileges."),
			approvals.Trouble{Kind: later, Code: "Authorization_RequestDenied", Text: "Insufficient privileges.", Status: 403, RequestID: "req-1", Wide: approvals.WideInvitations},
		},
		{
			"seconds to wait", refuses(429, "TooManyRequests", "Slow down.", "Retry-After", "7"),
			approvals.Trouble{Kind: later, Code: "TooManyRequests", Text: "Slow down.", Status: 429, RequestID: "req-1", After: 7 * time.Second},
		},
		{
			"a date to wait for", refuses(429, "TooManyRequests", "Slow down.", "Retry-After", inAMinute),
			approvals.Trouble{Kind: later, Code: "TooManyRequests", Text: "Slow down.", Status: 429, RequestID: "req-1", After: time.Minute},
		},
		{
			"nothing said about waiting", refuses(429, "UnknownError", ""),
			approvals.Trouble{Kind: later, Code: "UnknownError", Text: "429 Too Many Requests (application/json)", Status: 429, RequestID: "req-1"},
		},
		{
			"the status behind a page", saysHTML(502),
			approvals.Trouble{Kind: unsure, Text: "502 Bad Gateway (text/html)", Status: 502, RequestID: "req-1"},
		},
		{
			"the status without a body", saysNothing(504),
			approvals.Trouble{Kind: unsure, Text: "504 Gateway Timeout", Status: 504, RequestID: "req-1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newGraph(t, tt.answer).client(t).Invite(t.Context(), priya)
			tt.want.Doing = "inviting the guest"
			got, ok := errors.AsType[*approvals.Trouble](err)
			if !ok || *got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestATimeOutMayHaveInvited(t *testing.T) {
	g := newGraph(t, neverAnswers)
	_, err := g.client(t, func(cfg *Config) { cfg.Timeout = 100 * time.Millisecond }).Invite(t.Context(), priya)
	if kindOf(t, err) != unsure || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	trouble, _ := errors.AsType[*approvals.Trouble](err)
	sent := g.requests()
	if len(sent) != 1 || trouble.RequestID != sent[0].header.Get("client-request-id") || trouble.RequestID == "" {
		t.Errorf("request ID %q of %v: without an answer it is the one we sent", trouble.RequestID, sent)
	}
}

func TestAShutdownIsToldFromAnOutage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := newGraph(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := g.client(t).Invite(ctx, priya)
	if kindOf(t, err) != unsure || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWhatNeverLeftHadNoEffect(t *testing.T) {
	gone := newGraph(t, invited)
	nobody := gone.client(t)
	gone.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	g := newGraph(t, invited)
	tests := []struct {
		name   string
		client *Client
		ctx    context.Context
	}{
		{"nobody listens", nobody, t.Context()},
		{"the caller had stopped", g.client(t), over},
		{"there is no token", g.client(t, func(cfg *Config) { cfg.Credential = &idle{err: errors.New("vault is closed")} }), t.Context()},
		{"the token is empty", g.client(t, func(cfg *Config) { cfg.Credential = &idle{empty: true} }), t.Context()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.client.Invite(tt.ctx, priya); kindOf(t, err) != later {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := len(g.requests()); n != 0 {
		t.Errorf("%d requests left", n)
	}
}

func TestAnAnswerWithoutEndIsNotReadToItsEnd(t *testing.T) {
	g := newGraph(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"value":[],"pad":"`)
		for chunk := strings.Repeat("x", 1<<16); ; {
			if _, err := fmt.Fprint(w, chunk); err != nil {
				return
			}
		}
	})
	if _, _, err := g.client(t).Find(t.Context(), priya.Email); kindOf(t, err) != later {
		t.Errorf("got %v", err)
	}
}

func TestOnlyADateInTheFutureIsWaitedFor(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "soon": 0, "7": 7 * time.Second, " 2.5 ": 2500 * time.Millisecond, "NaN": 0,
		"99999999999999999999": longestWait, "+Inf": longestWait,
		nine.Add(-time.Hour).Format(http.TimeFormat): 0, nine.Add(time.Hour).Format(http.TimeFormat): time.Hour,
	} {
		if got := retryAfter(header, nine); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

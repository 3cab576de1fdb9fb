package entra

import (
	"context"
	"errors"
	"io"
	"net/http"

	khttp "github.com/microsoft/kiota-http-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
)

const maxAnswer = 4 << 20

// reply is what the wire said, kept because the SDK loses it for answers it cannot read.
type reply struct {
	sent        bool // the request was handed to the network
	status      int  // 0: no answer
	contentType string
	retryAfter  string
	requestID   string // Graph's own, or the one we sent
	cut         bool   // the answer began and did not end
}

type replyKey struct{}

// watch is the last thing a request passes before the network. It writes down
// what came back, in the reply that the request's context carries.
type watch struct{ next http.RoundTripper }

func (w watch) RoundTrip(req *http.Request) (*http.Response, error) {
	seen, ok := req.Context().Value(replyKey{}).(*reply)
	if !ok {
		seen = &reply{}
	}
	if req.Header.Get("Authorization") == "" { // the SDK sends one silently without for a host it was not told of
		return nil, &tokenError{errors.New("the request carries none")}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	seen.sent, seen.requestID = true, req.Header.Get("client-request-id")
	res, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	seen.status = res.StatusCode
	seen.contentType = res.Header.Get("Content-Type")
	seen.retryAfter = res.Header.Get("Retry-After")
	if id := res.Header.Get("request-id"); id != "" {
		seen.requestID = id
	}
	res.Header.Del("Www-Authenticate") // so that the SDK never repeats a call with another token
	res.Body = &answer{ReadCloser: res.Body, seen: seen}
	return res, nil
}

// answer is a body of bounded length that notes when it breaks off.
type answer struct {
	io.ReadCloser
	seen *reply
	read int
}

func (a *answer) Read(p []byte) (int, error) {
	if a.read >= maxAnswer {
		a.seen.cut = true
		return 0, io.ErrUnexpectedEOF
	}
	n, err := a.ReadCloser.Read(p[:min(len(p), maxAnswer-a.read)])
	a.read += n
	if err != nil && !errors.Is(err, io.EOF) {
		a.seen.cut = true
	}
	return n, err
}

// newHTTP is a client whose steps run in this order and no other. Bodies leave as
// they are, nothing is repeated, and no redirect is followed: each would send a
// call of ours again, or elsewhere.
func newHTTP(next http.RoundTripper) *http.Client {
	if next == nil {
		next = khttp.GetDefaultTransport()
	}
	steps := []khttp.Middleware{
		core.NewGraphTelemetryHandler(&core.GraphClientOptions{}), // the client-request-id
		khttp.NewUserAgentHandler(),
		khttp.NewParametersNameDecodingHandler(),
	}
	return &http.Client{
		Transport:     khttp.NewCustomTransportWithParentTransport(watch{next}, steps...),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// watching is a context whose next call is written down in the reply.
func watching(ctx context.Context) (context.Context, *reply) {
	seen := &reply{}
	return context.WithValue(ctx, replyKey{}, seen), seen
}

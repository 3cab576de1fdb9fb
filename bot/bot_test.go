package bot

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestABotSaysWhatItLacks(t *testing.T) {
	_, err := New(Config{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{"API", "Service", "Desk", "HTTP", "Now", "Log"} {
		if !strings.Contains(err.Error(), "Config."+field+" ") {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}

func TestTheAcknowledgementDoesNotWaitForWhatComesLater(t *testing.T) {
	o := newOffice(t)
	acknowledged := make(chan struct{})
	o.routes.commands["/wait"] = func(context.Context, command) (answer, error) {
		return answer{later: func(context.Context) { <-acknowledged }}, nil
	}
	o.cfg.Now = time.Now
	server := httptest.NewServer(o.Handler(secret))
	defer server.Close()
	body := url.Values{"command": {"/wait"}, "user_id": {"U0ANN"}}.Encode()
	r := knock(body, formBody, time.Now())
	r.URL, _ = url.Parse(server.URL + "/slack/events")
	r.RequestURI = ""
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	close(acknowledged)
	if err != nil {
		t.Fatalf("not acknowledged: %v", err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	o := newOffice(t)
	begun, goOn, finished := make(chan struct{}), make(chan struct{}), make(chan struct{})
	o.after(t.Context(), func(context.Context) {
		close(begun)
		<-goOn
		close(finished)
	})
	<-begun
	go close(goOn)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-finished:
	default:
		t.Error("closed before the work was finished")
	}
	o.after(t.Context(), func(context.Context) { t.Error("something began after Close") })
}

func TestCloseCutsShortWhatTakesTooLong(t *testing.T) {
	o := newOffice(t)
	var cause error
	begun := make(chan struct{})
	o.after(t.Context(), func(ctx context.Context) {
		close(begun)
		<-ctx.Done()
		cause = ctx.Err()
	})
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !errors.Is(cause, context.Canceled) {
		t.Errorf("it ran to its own limit: %v", cause)
	}
}

func TestAPanicAfterAnAcknowledgementIsLoggedAndNoMore(t *testing.T) {
	o := newOffice(t)
	o.after(t.Context(), func(context.Context) { panic("a bug") })
	o.wg.Wait()
	if !strings.Contains(o.log.String(), `"doing":"after_acknowledgement"`) {
		t.Errorf("the log says %s", o.log)
	}
}

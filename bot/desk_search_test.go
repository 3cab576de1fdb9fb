package bot

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"partnerbot/approvals"
)

// archive is a Slack whose channels have so many pages, where nothing of ours is
// found unless late says so.
type archive struct {
	pages int

	mu    sync.Mutex
	reads int
	asked []string // the time from which a first page was read
	late  string   // a message that comes to the newest page while a search waits
}

func (a *archive) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	time.Sleep(100 * time.Millisecond)
	answer := fmt.Sprintf(`{"ok":true,"user":{"id":%q,"team_id":"T0HOME","real_name":"Ann Lee","locale":"en-US"}}`, form.Get("user"))
	switch method := req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]; method {
	case "conversations.history":
		answer = a.page(form)
	case "auth.test":
		answer = `{"ok":true,"user_id":"U0BOT","bot_id":"B0BOT"}`
	case "chat.postMessage", "chat.update":
		answer = `{"ok":true,"channel":"C0FALCON","ts":"9.1"}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
}

func (a *archive) page(form url.Values) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reads++
	n, _ := strconv.Atoi(form.Get("cursor"))
	messages := message(fmt.Sprintf("7.%d", a.pages-n), `"user":"U0ANN"`, "x", "")
	if n == 0 {
		a.asked = append(a.asked, form.Get("oldest"))
		if len(a.asked) > 1 && a.late != "" {
			messages = a.late + "," + messages
		}
	}
	next := ""
	if n+1 < a.pages && !strings.HasPrefix(form.Get("oldest"), "7.") {
		next = strconv.Itoa(n + 1)
	}
	return fmt.Sprintf(`{"ok":true,"messages":[%s],"response_metadata":{"next_cursor":%q}}`, messages, next)
}

// desk is one that knows already who we are and who asks, so that nobody waits
// for the other to ask that.
func (a *archive) desk(t *testing.T) *Desk {
	t.Helper()
	hc := &http.Client{Transport: a}
	d := NewDesk(DeskConfig{
		API: NewClient("xoxb-secret", "", "http://slack.test/api", hc), HTTP: hc, APIHost: "slack.test", Team: "T0HOME",
		Words: look(t).Words, Policy: policy().Always, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if _, err := d.self.ask(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Person(t.Context(), sam); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestHoweverManySearchAllEnd: together they need more pages than Slack gives in
// a minute, and none costs another its turn.
func TestHoweverManySearchAllEnd(t *testing.T) {
	for _, tt := range []struct{ searches, pages int }{{16, 3}, {16, 5}, {6, 10}, {16, 10}, {4, 38}} {
		t.Run(fmt.Sprintf("%d of %d pages", tt.searches, tt.pages), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &archive{pages: tt.pages}
				d, began := a.desk(t), time.Now()
				enough := time.Duration(2+tt.searches*(tt.pages+2)/50) * 2 * tierWindow
				var wg sync.WaitGroup
				for i := range tt.searches {
					wg.Go(func() {
						r := cardOf(uint64(i+1), fmt.Sprint("C0FALCON", i%8))
						for time.Since(began) < enough {
							is, err := d.Cards(t.Context(), r, noted)
							if err == nil && len(is) > 0 {
								return
							}
							time.Sleep(paced(t, err))
						}
						t.Errorf("search %d has not ended after %v", i, enough)
					})
				}
				wg.Wait()
				if most := tt.searches * (tt.pages + 1); a.reads < tt.searches*tt.pages || a.reads > most {
					t.Errorf("%d pages were read; want every one once, and at most %d", a.reads, most)
				}
			})
		})
	}
}

// paced is how long a message waits for its turn.
func paced(t *testing.T, err error) time.Duration {
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok || trouble.Code != approvals.CodePace || trouble.After <= 0 {
		t.Errorf("got %v", err)
		return time.Second
	}
	return trouble.After
}

// TestWhatComesWhileASearchWaitsIsFound: another replica may have posted it.
func TestWhatComesWhileASearchWaitsIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &archive{pages: 30, late: message("8.1", byUs, eventRequest, card0)}
		d, r := a.desk(t), stories()["pending"]
		for range 40 { // most of what Slack takes in the minute
			_ = d.tiers.left("conversations.history")
		}
		_, err := d.Cards(t.Context(), r, noted)
		for err != nil {
			time.Sleep(paced(t, err))
			var is []approvals.Posted
			is, err = d.Cards(t.Context(), r, noted)
			if err == nil && (len(is) != 1 || is[0].TS != "8.1") {
				t.Errorf("shown are %v", is)
			}
		}
		if a.reads != 31 || len(a.asked) != 2 || a.asked[1] != "7.30" {
			t.Errorf("%d pages, from %v", a.reads, a.asked)
		}
	})
}

// TestASearchThatSlackRefusesToGoOnWithBeginsAnew: its place is no good any more.
func TestASearchThatSlackRefusesToGoOnWithBeginsAnew(t *testing.T) {
	page := `{"ok":true,"messages":[],"response_metadata":{"next_cursor":"c"}}`
	for code, cursor := range map[string]string{"invalid_cursor": "", "internal_error": "c"} {
		t.Run(code, func(t *testing.T) {
			c := openCounter(t)
			c.script["conversations.history"] = []string{page, `{"ok":false,"error":"` + code + `"}`}
			d, r := c.desk(t), stories()["pending"]
			if _, err := d.Cards(t.Context(), r, noted); codeOf(err) != code {
				t.Fatalf("got %v", err)
			}
			if is, err := d.Cards(t.Context(), r, noted); err != nil || len(is) != 1 {
				t.Errorf("%v, %v", is, err)
			}
			if got := c.calls("conversations.history")[2].Form.Get("cursor"); got != cursor {
				t.Errorf("it went on at %q, want %q", got, cursor)
			}
		})
	}
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

// noted is the note of a message that was about to be posted at nine.
func noted(context.Context, string) (time.Time, error) { return nine, nil }

func history(messages ...string) string {
	return `{"ok":true,"messages":[` + strings.Join(messages, ",") + `],"response_metadata":{"next_cursor":""}}`
}

func message(ts, by, event, payload string) string {
	return fmt.Sprintf(`{"ts":%q,%s,"metadata":{"event_type":%q,"event_payload":{%s}}}`, ts, by, event, payload)
}

const (
	byUs  = `"user":"U0BOT","bot_id":"B0BOT"`
	card0 = `"id":"INV-7","stage":0,"tag":"tag7"`
)

// TestOnlyOurOwnMessageIsFound looks for the first card of INV-7.
func TestOnlyOurOwnMessageIsFound(t *testing.T) {
	right := message("5.1", byUs, eventRequest, card0)
	tests := []struct{ name, answer, found string }{
		{"ours", history(message("6.1", `"user":"U0ANN"`, "x", ""), right), "5.1"},
		{"ours, named by the bot only", history(message("5.1", `"bot_id":"B0BOT"`, eventRequest, card0)), "5.1"},
		{"nothing", history(), ""},
		{"one of somebody who copied the mark", history(message("5.1", `"user":"U0EVE","bot_id":"B0EVE"`, eventRequest, card0)), ""},
		{"one of nobody", history(message("5.1", `"user":""`, eventRequest, card0)), ""},
		{"the card of another stage", history(message("5.1", byUs, eventRequest, `"id":"INV-7","stage":1,"tag":"tag7"`)), ""},
		{"the card of an older request with its number", history(message("5.1", byUs, eventRequest, `"id":"INV-7","stage":0,"tag":"tag6"`)), ""},
		{"the card of another request", history(message("5.1", byUs, eventRequest, `"id":"INV-70","stage":0,"tag":"tag7"`)), ""},
		{"another message about the request", history(message("5.1", byUs, eventRequest, `"id":"INV-7","what":"direct","tag":"tag7"`)), ""},
		{"another event", history(message("5.1", byUs, eventIncident, card0)), ""},
		{"the card that was deleted", history(message("1.1", byUs, eventRequest, card0)), ""},
		{"one without a mark", history(`{"ts":"5.1",` + byUs + `}`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openCounter(t)
			c.script["conversations.history"] = []string{tt.answer}
			c.script["chat.getPermalink"] = []string{`{"ok":false,"error":"message_not_found"}`}
			r := stories()["pending"]
			r.Shown.Cards = []approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: r.Version}}
			got, err := c.desk(t).Cards(t.Context(), r, noted)
			want := []approvals.Posted{{Channel: "C0FALCON", TS: "9.1", Version: r.Version}}
			trace := "getPermalink C0FALCON1.1; auth.test ; conversations.history C0FALCON; postMessage C0FALCON"
			if tt.found != "" {
				want[0].TS = tt.found
				trace = "getPermalink C0FALCON1.1; auth.test ; conversations.history C0FALCON; update C0FALCON" + tt.found
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v, shown (-want +got):\n%s", err, diff)
			}
			if got := c.trace(); got != trace {
				t.Errorf("asked of Slack: %q, want %q", got, trace)
			}
		})
	}
}

func TestAMessageIsLookedForFromAMarginBeforeTheNote(t *testing.T) {
	c := openCounter(t)
	if _, err := c.desk(t).Cards(t.Context(), stories()["pending"], noted); err != nil {
		t.Fatal(err)
	}
	form := c.calls("conversations.history")[0].Form
	want := map[string]string{"oldest": "1795417200.000000", "include_all_metadata": "1", "limit": "200", "inclusive": "1", "latest": ""}
	for key, v := range want {
		if got := form.Get(key); got != v {
			t.Errorf("%s is %q, want %q", key, got, v)
		}
	}
	// A note of a time that has not come was written by a clock that was wrong.
	ahead := func(context.Context, string) (time.Time, error) { return nine.Add(time.Hour), nil }
	c = openCounter(t)
	if _, err := c.desk(t).Cards(t.Context(), stories()["pending"], ahead); err != nil {
		t.Fatal(err)
	}
	if got := c.calls("conversations.history")[0].Form.Get("oldest"); got != want["oldest"] {
		t.Errorf("from %s", got)
	}
}

func TestEveryPageIsLookedThroughUpToABound(t *testing.T) {
	c := openCounter(t)
	page := `{"ok":true,"messages":[],"has_more":true,"response_metadata":{"next_cursor":"c"}}`
	c.script["conversations.history"] = []string{page, page, history(message("5.1", byUs, eventRequest, card0))}
	got, err := c.desk(t).Cards(t.Context(), stories()["pending"], noted)
	if err != nil || len(got) != 1 || got[0].TS != "5.1" {
		t.Errorf("%v, %v", got, err)
	}
	calls := c.calls("conversations.history")
	if len(calls) != 3 || calls[0].Form.Get("cursor") != "" || calls[2].Form.Get("cursor") != "c" {
		t.Errorf("%d pages", len(calls))
	}
	for range findPages + 5 {
		c.script["conversations.history"] = append(c.script["conversations.history"], page)
	}
	d := c.desk(t)
	_, err = d.Cards(t.Context(), stories()["pending"], noted)
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok || trouble.Code != "too_many_messages" || trouble.Kind != approvals.Later || trouble.After < time.Minute || len(c.calls("chat.postMessage")) != 0 {
		t.Errorf("got %v, %d messages", err, len(c.calls("chat.postMessage")))
	}
	if n := len(c.calls("conversations.history")) - 3; n != findPages {
		t.Errorf("%d pages", n)
	}
}

// TestNothingIsPostedWhileItIsNotKnown lets everything fail that a search needs.
func TestNothingIsPostedWhileItIsNotKnown(t *testing.T) {
	no := `{"ok":false,"error":"internal_error"}`
	for _, method := range []string{"auth.test", "conversations.open", "conversations.history", "conversations.replies"} {
		t.Run(method, func(t *testing.T) {
			c := openCounter(t)
			c.script[method] = []string{no}
			d, r := c.desk(t), stories()["inviting"]
			if method == "conversations.replies" {
				r.Shown.Direct = approvals.Posted{Channel: "D0ANN", TS: "2.2", Version: r.Version}
			}
			if _, _, err := d.Direct(t.Context(), r, noted); codeOf(err) != "internal_error" {
				t.Errorf("got %v", err)
			}
			if n := len(c.calls("chat.postMessage")); n != 0 {
				t.Errorf("%d messages", n)
			}
			if _, _, err := d.Direct(t.Context(), r, noted); err != nil {
				t.Errorf("the next try: %v", err)
			}
		})
	}
	t.Run("the note cannot be written", func(t *testing.T) {
		c := openCounter(t)
		full := errors.New("disk full")
		_, err := c.desk(t).Cards(t.Context(), stories()["pending"], func(context.Context, string) (time.Time, error) { return time.Time{}, full })
		if !errors.Is(err, full) || len(c.calls("chat.postMessage")) != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("Slack does not say who we are", func(t *testing.T) {
		c := openCounter(t)
		c.script["auth.test"] = []string{`{"ok":true}`}
		if _, err := c.desk(t).Cards(t.Context(), stories()["pending"], noted); err == nil || len(c.calls("chat.postMessage")) != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestTheNoteIsWrittenWhenTheTurnHasCome: a message that waits in our own queue
// was not about to be posted.
func TestTheNoteIsWrittenWhenTheTurnHasCome(t *testing.T) {
	c := openCounter(t)
	d, notes := c.desk(t), 0
	count := func(context.Context, string) (time.Time, error) { notes++; return time.Time{}, nil }
	for n := range uint64(postBurst + 2) {
		_, _ = d.Cards(t.Context(), cardOf(n+1, "C0FALCON"), count)
	}
	if posts := len(c.calls("chat.postMessage")); posts != postBurst || notes != posts {
		t.Errorf("%d notes, %d messages", notes, posts)
	}
}

// TestAFoundMessageThatIsGoneAgainIsNoSuccess: somebody deletes it just then.
func TestAFoundMessageThatIsGoneAgainIsNoSuccess(t *testing.T) {
	c := openCounter(t)
	c.script["conversations.history"] = []string{history(message("5.1", byUs, eventRequest, card0))}
	c.script["chat.update"] = []string{`{"ok":false,"error":"message_not_found"}`}
	got, err := c.desk(t).Cards(t.Context(), stories()["pending"], noted)
	want := []approvals.Posted{{Channel: "C0FALCON", TS: "5.1"}}
	if diff := cmp.Diff(want, got); diff != "" || codeOf(err) != "message_not_found" {
		t.Errorf("%v, %s", err, diff)
	}
}

func TestAFirstPostWaitsForTheNamesItNeeds(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	for range 100 {
		if _, err := d.Person(t.Context(), sam); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Cards(t.Context(), stories()["pending"], noNote); must(t, err) == 0 {
		t.Error("a card that mentions its requester was posted")
	}
	if _, _, err := d.Direct(t.Context(), stories()["pending"], noNote); must(t, err) == 0 {
		t.Error("a message in no known language was posted")
	}
}

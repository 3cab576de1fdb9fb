package bot

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// hand is a clock that a test sets.
type hand struct{ at time.Time }

func (h *hand) now() time.Time { return h.at }

func asking(h *hand) *tiers { return newTiers(steady(h.now), false) }

// must is how long a call is told to wait; it fails on any other error.
func must(t *testing.T, err error) time.Duration {
	t.Helper()
	if err == nil {
		return 0
	}
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok || trouble.Kind != approvals.Later || trouble.Code != approvals.CodePace || trouble.After <= 0 {
		t.Fatalf("got %#v", err)
	}
	return trouble.After
}

func TestEveryTierHasItsMinute(t *testing.T) {
	for method, n := range map[string]int{
		"usergroups.users.list": 20, "chat.update": 50, "conversations.history": 50, "conversations.replies": 50, "conversations.open": 50,
		"users.lookupByEmail": 50, "users.info": 100, "chat.postEphemeral": 100, "chat.getPermalink": 200,
	} {
		h := &hand{nine}
		limits, made := asking(h), 0
		call := func() error { made++; return nil }
		for i := range n {
			h.at = nine.Add(time.Duration(i) * time.Millisecond)
			if wait := must(t, limits.ask(method, call)); wait != 0 {
				t.Fatalf("%s: call %d waits %s", method, i+1, wait)
			}
		}
		if wait := must(t, limits.ask(method, call)); nine.Add(tierWindow).Sub(h.at) != wait || made != n {
			t.Errorf("%s: one call more waits %s, %d were made", method, wait, made)
		}
		if wait := must(t, limits.ask("another", call)); wait != 0 {
			t.Errorf("another method waits %s", wait)
		}
		made, h.at = 0, nine.Add(tierWindow)
		if wait := must(t, limits.ask(method, call)); wait != 0 || made != 1 {
			t.Errorf("%s: a minute later it waits %s", method, wait)
		}
		if wait := must(t, limits.ask(method, call)); wait != time.Millisecond {
			t.Errorf("%s: the second one waits %s", method, wait)
		}
	}
}

func TestWhatSomebodyWaitsForCountsAndNeverWaits(t *testing.T) {
	h := &hand{nine}
	limits, made := asking(h), 0
	call := func() error { made++; return nil }
	for range 30 {
		if err := limits.press("usergroups.users.list", call); err != nil {
			t.Fatal(err)
		}
	}
	if wait := must(t, limits.ask("usergroups.users.list", call)); wait != tierWindow || made != 30 {
		t.Errorf("the worker waits %s after %d calls", wait, made)
	}
}

func TestAMethodIsLeftAloneAsLongAsSlackSays(t *testing.T) {
	h := &hand{nine}
	limits := asking(h)
	said := &slack.RateLimitedError{RetryAfter: 7 * time.Second}
	for _, way := range []caller{limits.ask, limits.press} {
		if err := way("users.info", func() error { return said }); !errors.Is(err, said) {
			t.Errorf("the answer was %v", err)
		}
		h.at = h.at.Add(2 * time.Second)
		never := func() error { t.Error("Slack was asked"); return nil }
		if wait := must(t, limits.ask("users.info", never)); wait != 5*time.Second {
			t.Errorf("waits %s", wait)
		}
		asked := false
		if err := limits.press("users.info", func() error { asked = true; return nil }); err != nil || !asked {
			t.Errorf("somebody who waits was refused: %v", err)
		}
		if wait := must(t, limits.ask("chat.update", func() error { return nil })); wait != 0 {
			t.Errorf("another method waits %s", wait)
		}
		h.at = h.at.Add(5 * time.Second)
		if wait := must(t, limits.ask("users.info", func() error { return nil })); wait != 0 {
			t.Errorf("still waits %s", wait)
		}
	}
}

func TestAClockThatStepsBackHoldsNothingUp(t *testing.T) {
	h := &hand{nine}
	limits := asking(h)
	call := func() error { return nil }
	for range 20 {
		must(t, limits.ask("usergroups.users.list", call))
	}
	h.at = nine.Add(-time.Hour)
	if wait := must(t, limits.ask("usergroups.users.list", call)); wait != tierWindow {
		t.Errorf("waits %s", wait)
	}
	h.at = h.at.Add(tierWindow)
	if wait := must(t, limits.ask("usergroups.users.list", call)); wait != 0 {
		t.Errorf("a minute later it waits %s", wait)
	}
	q := newQueue(t)
	for n := range uint64(4) {
		_, _ = q.desk.Cards(t.Context(), cardOf(n+1, "C0FALCON"), noNote)
	}
	q.now = nine.Add(-time.Hour)
	if _, err := q.desk.Cards(t.Context(), cardOf(4, "C0FALCON"), noNote); must(t, err) > 2*time.Second {
		t.Errorf("a card waits: %v", err)
	}
}

func TestWithoutLimitsOnlySlacksWordCounts(t *testing.T) {
	h := &hand{nine}
	limits := newTiers(h.now, true)
	for range 500 {
		if wait := must(t, limits.ask("usergroups.users.list", func() error { return nil })); wait != 0 {
			t.Fatalf("waits %s", wait)
		}
	}
	_ = limits.ask("usergroups.users.list", func() error { return &slack.RateLimitedError{RetryAfter: time.Second} })
	if wait := must(t, limits.ask("usergroups.users.list", func() error { return nil })); wait != time.Second {
		t.Errorf("waits %s", wait)
	}
}

// TestTheWorkerKeepsToTheMinuteAndPeopleDoNotFeelIt drives a desk over a tier.
func TestTheWorkerKeepsToTheMinuteAndPeopleDoNotFeelIt(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	group := func() error { _, err := d.Members(t.Context(), "S0FALCON"); return err }
	for range 20 {
		if err := group(); err != nil {
			t.Fatal(err)
		}
	}
	if wait := must(t, group()); wait != tierWindow {
		t.Errorf("waits %s", wait)
	}
	if _, err := d.Glance().Members(t.Context(), "S0FALCON"); err != nil {
		t.Errorf("a look is refused: %v", err)
	}
	if n := len(c.calls("usergroups.users.list")); n != 21 {
		t.Errorf("asked %d times", n)
	}
	out := stories()["denied"]
	for n := range uint64(60) {
		out.ID = approvals.NewID(n + 1)
		out.Shown.Cards = []approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: 1}}
		if shown, err := d.Cards(t.Context(), out, noNote); (must(t, err) > 0) != (n >= 50) || len(shown) != 1 {
			t.Fatalf("update %d: %v, shown %v", n+1, err, shown)
		}
	}
	if n := len(c.calls("chat.update")); n != 50 {
		t.Errorf("%d updates", n)
	}
}

// TestAnAnswerOfTheWorkersWaitsAndAWhisperDoesNot: one repeats what was pressed a
// while ago, the other answers somebody who looks at it.
func TestAnAnswerOfTheWorkersWaitsAndAWhisperDoesNot(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	for range 100 {
		if err := d.Whisper(t.Context(), Whisper{To: sam, Channel: "C0FALCON"}, Message{Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	answer := approvals.Answer{To: sam, Refusal: *approvals.ErrRepeated}
	if err := d.Answer(t.Context(), stories()["pending"], answer); must(t, err) == 0 || len(c.calls("chat.postEphemeral")) != 100 {
		t.Errorf("got %v", err)
	}
	if err := d.Whisper(t.Context(), Whisper{To: sam, Channel: "C0FALCON"}, Message{Text: "x"}); err != nil {
		t.Errorf("a whisper: %v", err)
	}
}

// TestWhoeverWaitsSharesNoReadingWithTheWorker: the worker's reading ends only
// when somebody else's is there.
func TestWhoeverWaitsSharesNoReadingWithTheWorker(t *testing.T) {
	begun, other := make(chan struct{}), make(chan struct{})
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			close(begun)
			<-other
		} else {
			close(other)
		}
		_, _ = w.Write([]byte(`{"ok":true,"users":["U0SAM"]}`))
	}))
	defer srv.Close()
	hc := &http.Client{Timeout: 5 * time.Second}
	d := NewDesk(DeskConfig{API: NewClient("xoxb-1", "", srv.URL, hc), HTTP: hc, Policy: policy().Always, Now: func() time.Time { return nine }})
	done := make(chan error, 1)
	go func() {
		_, err := d.Members(t.Context(), "S0FALCON")
		done <- err
	}()
	<-begun
	if users, err := d.Glance().Members(t.Context(), "S0FALCON"); err != nil || len(users) != 1 {
		t.Errorf("got %v, %v", users, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

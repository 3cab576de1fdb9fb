package bot

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

// strict is a Slack that takes three messages at once in a channel and then one
// a second, and counts the times it had to say so.
type strict struct {
	now    time.Time
	full   map[string]time.Time // when a channel's bucket is full again
	posted map[string][]time.Time
	limits int
	scold  time.Duration // if set, what the next Retry-After says, whatever the bucket
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "chat.postMessage") {
		fmt.Fprint(w, `{"ok":false,"error":"user_not_found"}`)
		return
	}
	channel := r.FormValue("channel")
	full := later(s.full[channel], s.now)
	if s.scold > 0 || full.Sub(s.now) > 2*time.Second {
		s.limits++
		w.Header().Set("Retry-After", strconv.Itoa(int(max(s.scold, time.Second)/time.Second)))
		w.WriteHeader(http.StatusTooManyRequests)
		s.scold = 0
		return
	}
	s.full[channel] = full.Add(time.Second)
	s.posted[channel] = append(s.posted[channel], s.now)
	fmt.Fprintf(w, `{"ok":true,"channel":%q,"ts":"9.1"}`, channel)
}

// queue is what a worker does with cards that are owed, without its hands.
type queue struct {
	*strict
	desk  *Desk
	tries int
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{strict: &strict{now: nine, full: map[string]time.Time{}, posted: map[string][]time.Time{}}}
	server := httptest.NewServer(q.strict)
	t.Cleanup(server.Close)
	hc := server.Client()
	q.desk = NewDesk(DeskConfig{
		API: NewClient("xoxb-secret", "", server.URL+"/api", hc), HTTP: hc, Team: "T0HOME",
		Words: look(t).Words, Policy: policy().Always, Now: func() time.Time { return q.now },
	})
	return q
}

func cardOf(n uint64, channel string) approvals.Request {
	r := asked()
	r.ID = approvals.NewID(n)
	r.Access.Stages[0].Channel = channel
	return r
}

// run brings up every card when it is due, the longest due first.
func (q *queue) run(t *testing.T, owed ...approvals.Request) {
	t.Helper()
	due := make([]time.Time, len(owed))
	for i := range due {
		due[i] = q.now
	}
	for len(owed) > 0 {
		i := slices.Index(due, slices.MinFunc(due, time.Time.Compare))
		q.now = later(q.now, due[i])
		q.tries++
		_, err := q.desk.Cards(t.Context(), owed[i], noNote)
		if err == nil {
			owed, due = slices.Delete(owed, i, i+1), slices.Delete(due, i, i+1)
			continue
		}
		trouble, ok := errors.AsType[*approvals.Trouble](err)
		if !ok || trouble.Kind != approvals.Later || trouble.After <= 0 || q.tries > 10_000 {
			t.Fatalf("after %d tries: %v", q.tries, err)
		}
		due[i] = q.now.Add(trouble.After)
	}
}

func TestAHundredCardsOfOneChannelGoOutOneASecond(t *testing.T) {
	q := newQueue(t)
	var owed []approvals.Request
	for n := range uint64(100) {
		owed = append(owed, cardOf(n+1, "C0FALCON"))
	}
	owed = append(owed, cardOf(101, "C0QUIET"))
	q.run(t, owed...)
	if q.limits > 0 || q.tries > 2*len(owed) {
		t.Errorf("%d times limited, %d tries", q.limits, q.tries)
	}
	if quiet := q.posted["C0QUIET"]; len(quiet) != 1 || !quiet[0].Equal(nine) {
		t.Errorf("the other channel: %v", quiet)
	}
	for i, at := range q.posted["C0FALCON"] {
		if want := nine.Add(time.Duration(max(i-2, 0)) * time.Second); !at.Equal(want) {
			t.Fatalf("card %d went out at %s, want %s", i+1, at, want)
		}
	}
	q.now = q.now.Add(time.Hour)
	q.run(t, cardOf(102, "C0NEW"))
	if q.now = q.now.Add(time.Hour); q.desk.paces.wait(turn{channel: "C0X"}) != 0 || len(q.desk.paces.lanes) != 1 {
		t.Errorf("%d channels are remembered", len(q.desk.paces.lanes))
	}
}

func TestAChannelThatSlackWantsLeftAloneIsLeftAlone(t *testing.T) {
	q := newQueue(t)
	q.scold = 7 * time.Second
	var owed []approvals.Request
	for n := range uint64(20) {
		owed = append(owed, cardOf(n+1, "C0FALCON"))
	}
	q.run(t, owed...)
	posted := q.posted["C0FALCON"]
	if q.limits != 1 || q.tries > 3*len(owed) || len(posted) != 20 || posted[0].Before(nine.Add(7*time.Second)) || posted[19].After(nine.Add(7*time.Second+20*time.Second)) {
		t.Errorf("%d times limited, %d tries, from %v to %v", q.limits, q.tries, posted[0], posted[len(posted)-1])
	}
}

func TestWhoeverMissesTheirTurnGetsAnotherAndTakesNobodys(t *testing.T) {
	p := newPaces(func() time.Time { return nine })
	now := nine
	p.now = func() time.Time { return now }
	at := func(n int) turn { return turn{channel: "C0FALCON", what: strconv.Itoa(n)} }
	for n := range 10 {
		if wait := p.wait(at(n)); wait != time.Duration(max(n-2, 0))*time.Second {
			t.Fatalf("turn %d: %s", n, wait)
		}
	}
	now = nine.Add(30 * time.Second) // all of the rest come late, and together
	for n := 3; n < 10; n++ {
		if wait := p.wait(at(n)); wait != time.Duration(max(n-5, 0))*time.Second {
			t.Errorf("late turn %d: %s", n, wait)
		}
	}
}

func TestAChangedMessageWaitsForNoTurn(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	for n := range uint64(50) {
		r := cardOf(n+1, "C0FALCON")
		r.Shown.Cards = []approvals.Posted{{Channel: "C0FALCON", TS: "1.1"}}
		if _, err := d.Cards(t.Context(), r, noNote); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARowThatMustWaitAsksNothingOfSlack(t *testing.T) {
	c := openCounter(t)
	d := c.desk(t)
	for n := range uint64(5) {
		_, err := d.Cards(t.Context(), cardOf(n+1, "C0FALCON"), noNote)
		if want := n >= postBurst; want != (codeOf(err) == approvals.CodePace) {
			t.Errorf("card %d: %v", n+1, err)
		}
	}
	if posts := len(c.calls("chat.postMessage")); posts != postBurst {
		t.Errorf("%d posts", posts)
	}
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/sandbox"
)

// town is a desk on a workspace of the sandbox, and the notes that a store would keep.
type town struct {
	*sandbox.World
	desk *Desk

	mu    sync.Mutex
	ahead time.Duration
	noted map[string]time.Time
	asked []string // the names of notes, in order
}

func newTown(t *testing.T, scopes ...string) *town {
	t.Helper()
	if scopes == nil {
		scopes = Manifest().Scopes
	}
	h := &town{noted: map[string]time.Time{}}
	var err error
	h.World, err = sandbox.New(sandbox.Config{Scopes: scopes, Now: h.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	token, _, _ := h.Credentials()
	hc := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	admins := policy()
	admins.Admins = []string{"S0ADMINS", "U0OLGA"}
	h.desk = NewDesk(DeskConfig{
		API: NewClient(token, "", h.SlackURL(), hc), HTTP: hc, Team: sandbox.TeamID, Words: look(t).Words, Policy: admins.Always,
		Now: h.now, Log: slog.New(slog.DiscardHandler),
	})
	return h
}

func (h *town) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return nine.Add(h.ahead)
}

func (h *town) forward(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ahead += d
}

// note keeps when a message was first about to be posted, as a store does.
func (h *town) note(_ context.Context, name string) (time.Time, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, name)
	before := h.noted[name]
	if before.IsZero() {
		h.noted[name] = nine.Add(h.ahead)
	}
	return before, nil
}

// lastNote is the name under which a message was last about to be posted.
func (h *town) lastNote() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.asked) == 0 {
		return ""
	}
	return h.asked[len(h.asked)-1]
}

// ours are the messages of ours in a channel.
func (h *town) ours(channel string) []sandbox.Message {
	return slices.DeleteFunc(h.Messages(channel), func(m sandbox.Message) bool { return m.User != sandbox.BotUser })
}

// request is one of the workspace's people, in the state of a story.
func (h *town) request(story string) approvals.Request {
	r := stories()[story]
	r.Access.Stages[1].Channel = "C0HERON"
	r.Shown.Cards = nil
	return r
}

var anIncident = approvals.Incident{Key: approvals.WideInvitations, Since: nine, Version: 1, Trouble: approvals.Trouble{Code: "Forbidden", Text: "No."}}

// kinds are the kinds of messages, each with what posts it. What is known by
// then of earlier messages is given and returned.
func (h *town) kinds(t *testing.T) map[string]struct {
	note, channel string
	post          func() error
} {
	t.Helper()
	card, second, direct := h.request("pending"), h.request("second_stage"), h.request("pending")
	reply := h.request("inviting")
	is, _, err := h.desk.Direct(t.Context(), h.request("pending"), noNote)
	if err != nil {
		t.Fatal(err)
	}
	reply.Shown.Direct = is
	direct.ID = "INV-8"
	failed, incident := h.request("failed"), anIncident
	second.Shown.Cards = []approvals.Posted{{}}
	h.SetMembers("C0FALCON", sandbox.BotUser)
	return map[string]struct {
		note, channel string
		post          func() error
	}{
		"a card": {"card 0", "C0FALCON", func() (err error) {
			card.Shown.Cards, err = h.desk.Cards(t.Context(), card, h.note)
			return err
		}},
		"a card of a later stage, in a private channel": {"card 1", "C0HERON", func() (err error) {
			second.Shown.Cards = []approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: second.Version}}
			_, err = h.desk.Cards(t.Context(), second, h.note)
			return err
		}},
		"a direct message": {"direct", is.Channel, func() (err error) {
			direct.Shown.Direct, _, err = h.desk.Direct(t.Context(), direct, h.note)
			return err
		}},
		"a reply below it": {"said approved", is.Channel, func() (err error) {
			reply.Shown.Direct, _, err = h.desk.Direct(t.Context(), reply, h.note)
			return err
		}},
		"a failure to an admin": {"failure U0OLGA", h.As("U0OLGA").DM(), func() (err error) {
			failed.Shown.Admins, err = h.desk.Failure(t.Context(), failed, h.note)
			return err
		}},
		"an incident to an admin": {"incident U0OLGA", h.As("U0OLGA").DM(), func() (err error) {
			incident.Shown, err = h.desk.Incident(t.Context(), incident, h.note)
			return err
		}},
	}
}

// TestALostAnswerMakesNoSecondMessage: whatever the message, and however often
// its answer is lost, there is one of it in the end.
func TestALostAnswerMakesNoSecondMessage(t *testing.T) {
	for name := range newTown(t).kinds(t) {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			k := h.kinds(t)[name]
			before := len(h.ours(k.channel))
			h.Fail("chat.postMessage", sandbox.Fault{Cut: true, AfterEffect: true})
			if err := k.post(); err == nil {
				t.Fatal("a lost answer is success")
			}
			posted := h.ours(k.channel)
			if h.lastNote() != k.note && !slices.Contains(h.asked, k.note) || len(posted) != before+1 {
				t.Fatalf("noted %q, %d messages, want %q and %d", h.asked, len(posted), k.note, before+1)
			}
			h.forward(3 * time.Hour)
			for range 2 {
				if err := k.post(); err != nil {
					t.Fatal(err)
				}
			}
			if got := h.ours(k.channel); len(got) != before+1 || got[before].TS != posted[before].TS {
				t.Errorf("%d messages, want %d, and the one that was there", len(got), before+1)
			}
		})
	}
}

// TestWhatCannotBeLookedForIsNotPosted: without the scope nothing is posted, and
// the trouble says which one to add.
func TestWhatCannotBeLookedForIsNotPosted(t *testing.T) {
	needs := map[string]string{
		"a card": "channels:history", "a card of a later stage, in a private channel": "groups:history",
		"a direct message": "im:history", "a reply below it": "im:history", "a failure to an admin": "im:history", "an incident to an admin": "im:history",
	}
	for name := range newTown(t).kinds(t) {
		t.Run(name, func(t *testing.T) {
			scopes := slices.DeleteFunc(Manifest().Scopes, func(s string) bool { return s == needs[name] })
			h := newTown(t, scopes...)
			k := h.kinds(t)[name]
			before := len(h.ours(k.channel))
			h.Fail("chat.postMessage", sandbox.Fault{Cut: true})
			if err := k.post(); err == nil {
				t.Fatal("a lost answer is success")
			}
			err := k.post()
			trouble, ok := errors.AsType[*approvals.Trouble](err)
			if !ok || trouble.Kind != approvals.Refused || trouble.Code != "missing_scope" || trouble.Wide != approvals.WideScope+needs[name] ||
				!strings.Contains(trouble.Text, needs[name]) || !strings.Contains(trouble.Text, "install the app again") {
				t.Errorf("got %v", err)
			}
			if n := len(h.ours(k.channel)); n != before {
				t.Errorf("%d messages were posted", n-before)
			}
		})
	}
}

func TestACardDeletedByHandComesBackWhileSomebodyIsWaitedFor(t *testing.T) {
	h := newTown(t)
	r := h.request("pending")
	show := func() {
		t.Helper()
		var err error
		if r.Shown.Cards, err = h.desk.Cards(t.Context(), r, h.note); err != nil {
			t.Fatal(err)
		}
	}
	show()
	first := h.ours("C0FALCON")[0]
	show()
	if n := len(h.ours("C0FALCON")); n != 1 {
		t.Fatalf("%d cards", n)
	}
	h.Remove("C0FALCON", first.TS)
	h.Fail("chat.postMessage", sandbox.Fault{Cut: true, AfterEffect: true})
	if _, err := h.desk.Cards(t.Context(), r, h.note); err == nil {
		t.Fatal("a lost answer is success")
	}
	show()
	again := h.ours("C0FALCON")
	if len(again) != 1 || again[0].TS == first.TS || r.Shown.Cards[0].TS != again[0].TS {
		t.Fatalf("shown %v, %+v", r.Shown.Cards, again)
	}
	h.noted = map[string]time.Time{} // as a store forgets it of a message that is posted
	h.Remove("C0FALCON", again[0].TS)
	h.forward(time.Minute)
	show()
	again = h.ours("C0FALCON")
	if len(again) != 1 || strings.Contains(again[0].Plain(), "@Ann") { // a new message notifies whom it mentions
		t.Fatalf("%+v", again)
	}
	h.Remove("C0FALCON", again[0].TS)
	r = h.after(r, "denied")
	r.Version = r.Shown.Cards[0].Version
	show()
	if n := len(h.ours("C0FALCON")); n != 0 {
		t.Errorf("%d cards of a request that waits for nobody", n)
	}
}

// TestAChannelInTroubleIsSaidAndEnds archives a channel and opens it again.
func TestAChannelInTroubleIsSaidAndEnds(t *testing.T) {
	h := newTown(t)
	h.Archive("C0FALCON")
	r := h.request("pending")
	_, err := h.desk.Cards(t.Context(), r, h.note)
	trouble, ok := errors.AsType[*approvals.Trouble](err)
	if !ok || trouble.Kind != approvals.Refused || trouble.Wide != approvals.WideChannel+"C0FALCON" || !strings.Contains(trouble.Text, "unarchive it") {
		t.Errorf("got %v", err)
	}
	h.Unarchive("C0FALCON")
	if _, err := h.desk.Cards(t.Context(), r, h.note); err != nil || len(h.ours("C0FALCON")) != 1 {
		t.Errorf("got %v, %d cards", err, len(h.ours("C0FALCON")))
	}
}

// TestEveryMessageAboutARequestIsKnownByItsTag so that one about an older request
// with its number is never taken for it.
func TestEveryMessageAboutARequestIsKnownByItsTag(t *testing.T) {
	h := newTown(t)
	for kind, k := range h.kinds(t) {
		before := len(h.CallsOf("chat.postMessage"))
		if err := k.post(); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for _, c := range h.CallsOf("chat.postMessage")[before:] {
			if metadata := fmt.Sprint(c.Args["metadata"]); strings.Contains(metadata, "tag7") != (kind != "an incident to an admin") {
				t.Errorf("%s is marked %s", kind, metadata)
			}
		}
	}
}

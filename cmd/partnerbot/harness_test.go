package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partnerbot/sandbox"
)

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// clock is real time that tests can move forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// play is a stage with a story on it, for tests.
type play struct {
	*story
	t     testing.TB
	stage *stage
	set   setting
	clock *clock
	log   *journal
}

// newPlay raises the real bot in this process on a world of its own. Slack's
// rate limits are part of it; the tenant replicates at once.
func newPlay(t testing.TB, mode string) *play {
	t.Helper()
	return newFreePlay(t, mode, false)
}

// newFreePlay is newPlay, if free without Slack's rate limits.
func newFreePlay(t testing.TB, mode string, free bool) *play {
	t.Helper()
	return newPlayOf(t, mode, func(set *setting) { set.free = free })
}

// newPlayOf is newPlay with another setting.
func newPlayOf(t testing.TB, mode string, change func(*setting)) *play {
	t.Helper()
	p := &play{t: t, clock: &clock{}, log: &journal{}}
	p.set = setting{
		addr: "127.0.0.1:0", mode: mode, data: t.TempDir(), now: p.clock.now,
		log: slog.New(slog.NewJSONHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	change(&p.set)
	var err error
	if p.stage, err = raise(t.Context(), p.set); err != nil {
		t.Fatal(err)
	}
	p.story = newStory(p.stage.world, t.Output())
	t.Cleanup(func() {
		if err := p.stage.close(); err != nil {
			t.Error(err)
		}
		p.checkContracts()
		if t.Failed() {
			_, _ = io.WriteString(t.Output(), p.log.String())
		}
	})
	return p
}

// restart ends the bot gently and starts it again on the same store and world.
// What happens between is up to the caller.
func (p *play) restart(between func()) {
	p.t.Helper()
	p.stage.end()
	p.stage.wg.Wait()
	if between != nil {
		between()
	}
	if err := p.stage.serve(p.t.Context(), p.set); err != nil {
		p.t.Fatal(err)
	}
}

// must ends the test if a step of a story was not seen.
func (p *play) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// sees waits until a message with all these words is shown to somebody.
func (p *play) sees(who, channel string, words ...string) sandbox.Message {
	p.t.Helper()
	m, err := p.expect(p.t.Context(), who, channel, words...)
	if err != nil {
		p.t.Fatalf("%v, but there is only %q", err, plain(p.world.As(who).Sees(channel)))
	}
	return m
}

// eventually waits until something is so.
func (p *play) eventually(what string, so func() bool) {
	p.t.Helper()
	p.must(p.until(p.t.Context(), what, so))
}

// asks lets somebody file a request for a guest, and returns its card.
func (p *play) asks(who, email, access, duration, reason string) {
	p.t.Helper()
	ctx, person := p.t.Context(), p.world.As(who)
	p.must(person.Slash(ctx, general, "/invite-partner"))
	p.eventually("the form", func() bool { return person.View() != nil })
	p.must(p.fillIn(p.t.Context(), who, [][2]string{{"email", email}, {"name", "Guest of " + who}, {"access", access}, {"for", duration}, {"reason", reason}}...))
	p.must(person.Submit(ctx))
	if v := person.View(); v != nil {
		p.t.Fatalf("the form was not taken: %v", v.Errors)
	}
}

// presses lets somebody press a button of the card of a request.
func (p *play) presses(who, id, button string) error {
	p.t.Helper()
	card := p.sees(who, falconSponsors, id+" ")
	return p.world.As(who).ClickText(p.t.Context(), falconSponsors, card.TS, button)
}

// pointedAt is what the buttons of a card point at.
func pointedAt(card sandbox.Message) string {
	for _, block := range card.Blocks {
		elements, _ := block["elements"].([]any)
		for _, e := range elements {
			if button, ok := e.(map[string]any); ok && button["type"] == "button" {
				value, _ := button["value"].(string)
				return value
			}
		}
	}
	return ""
}

// denies lets somebody press Deny on the first request and give a reason.
func (p *play) denies(who, reason string) error {
	p.t.Helper()
	if err := p.presses(who, "INV-1", "Deny"); err != nil {
		return err
	}
	person := p.world.As(who)
	p.eventually("the form that asks why", func() bool { return person.View() != nil })
	p.must(person.Fill("reason", reason))
	return person.Submit(p.t.Context())
}

// invitations counts the invitations that left for an address.
func (p *play) invitations(email string) int {
	n := 0
	for _, c := range p.world.Tenant().Calls() {
		if c.Method == http.MethodPost && c.Path == "/invitations" && strings.Contains(c.Body, email) {
			n++
		}
	}
	return n
}

// inGroup reports whether a guest is in the tenant with exactly these groups.
func (p *play) inGroup(email string, groups ...string) func() bool {
	return func() bool {
		g, ok := p.world.Tenant().Guest(email)
		return ok && slices.Equal(g.Groups, groups)
	}
}

// private is every private word that somebody got in the sponsors' channel.
func (p *play) private(who string) []string {
	var texts []string
	for _, m := range p.world.As(who).Sees(falconSponsors) {
		if m.Ephemeral && m.ForUser == who {
			texts = append(texts, m.Plain())
		}
	}
	return texts
}

// person is an ordinary colleague, made for a test.
func person(n int) sandbox.Person {
	id := fmt.Sprintf("U0TEST%03d", n)
	return sandbox.Person{ID: id, TeamID: sandbox.TeamID, Name: strings.ToLower(id), RealName: "Person " + id, Email: strings.ToLower(id) + "@northwind.example"}
}

// background is a context for what outlives a test's own.
func background() context.Context { return context.Background() }

func contractsFolder() string { return os.Getenv("PARTNERBOT_CONTRACTS") }

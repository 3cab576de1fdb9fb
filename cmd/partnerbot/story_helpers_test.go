package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/sandbox"
)

const (
	day = 24 * time.Hour

	mia, zoe = "mia@globex.example", "zoe@gl0bex.example" // hers only looks like Globex
)

// newHeldPlay is a play in which an approval can be undone for twenty seconds.
func newHeldPlay(t testing.TB, mode string) *play {
	t.Helper()
	return newPlayOf(t, mode, func(s *setting) { s.undo = undoHeld })
}

// newPlayWith is a play on another policy: the demo's, where each first word of a
// pair has become the second.
func newPlayWith(t testing.TB, pairs ...string) *play {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(demoConfig, pairs[i]) {
			t.Fatalf("the demo's policy has no %q", pairs[i])
		}
	}
	policy := strings.NewReplacer(pairs...).Replace(demoConfig)
	return newPlayOf(t, "socket", func(s *setting) { s.policy = func() string { return policy } })
}

// clicks lets somebody press a button of the message that shows these words.
func (p *play) clicks(who, channel, button string, words ...string) {
	p.t.Helper()
	m := p.sees(who, channel, append([]string{"[" + button + "]"}, words...)...)
	p.must(p.world.As(who).ClickText(p.t.Context(), channel, m.TS, button))
}

// opens lets somebody press a button that opens a form.
func (p *play) opens(who, channel, button string, words ...string) *sandbox.View {
	p.t.Helper()
	p.clicks(who, channel, button, words...)
	return p.form(who)
}

// form waits for the form in front of somebody.
func (p *play) form(who string) *sandbox.View {
	p.t.Helper()
	p.eventually("a form for "+who, func() bool { return p.world.As(who).View() != nil })
	return p.world.As(who).View()
}

// sends lets somebody send the form in front of them, which is taken.
func (p *play) sends(who string) {
	p.t.Helper()
	p.must(p.world.As(who).Submit(p.t.Context()))
	if v := p.world.As(who).View(); v != nil {
		p.t.Fatalf("the form is still there: %v\n%s", v.Errors, v.Text)
	}
}

// says lets somebody press a button whose form asks for words, and send it.
func (p *play) says(who, button, words string, on ...string) {
	p.t.Helper()
	p.opens(who, falconSponsors, button, on...)
	p.must(p.world.As(who).Fill("reason", words))
	p.sends(who)
}

// reads waits until a message in a thread has these words.
func (p *play) reads(who, channel string, words ...string) sandbox.Message {
	p.t.Helper()
	return p.finds("a reply to "+who+" with "+strings.Join(words, ", "), who, channel, isReply, words)
}

// isTold waits until somebody is told in private, here or in a direct message.
func (p *play) isTold(who, channel string, words ...string) {
	p.t.Helper()
	p.finds(who+" to be told in private "+strings.Join(words, ", "), who, channel, func(m sandbox.Message) bool {
		return m.Ephemeral || channel == p.dm(who) && !isReply(m) && len(m.Buttons()) == 0
	}, words)
}

func (p *play) finds(what, who, channel string, meant func(sandbox.Message) bool, words []string) sandbox.Message {
	p.t.Helper()
	find := func() sandbox.Message { return newest(p.world.As(who).Sees(channel), meant, words) }
	if err := p.until(p.t.Context(), what, func() bool { return find().TS != "" }); err != nil {
		p.t.Fatalf("%v, but there is only %q", err, plain(p.world.As(who).Sees(channel)))
	}
	return find()
}

// dm is somebody's conversation with the bot.
func (p *play) dm(who string) string { return p.world.As(who).DM() }

// count counts the replies to somebody in a channel with these words.
func (p *play) count(who, channel, words string) int {
	n := 0
	for _, m := range p.world.As(who).Sees(channel) {
		if isReply(m) && strings.Contains(m.Plain(), words) {
			n++
		}
	}
	return n
}

// starts lets somebody open the form for a guest and fill in these fields.
func (p *play) starts(who string, fields ...[2]string) {
	p.t.Helper()
	p.must(p.world.As(who).Slash(p.t.Context(), general, "/invite-partner"))
	p.form(who)
	p.must(p.fillIn(p.t.Context(), who, fields...))
}

// shown waits until the form in front of somebody shows all these words.
func (p *play) shown(who string, words ...string) *sandbox.View {
	p.t.Helper()
	err := p.until(p.t.Context(), "a form for "+who+" with "+strings.Join(words, ", "), func() bool {
		v := p.world.As(who).View()
		return v != nil && containsAll(v.Text, words...)
	})
	v := p.world.As(who).View()
	if err != nil {
		p.t.Fatalf("%v, but there is only %+v", err, v)
	}
	return v
}

// departs deactivates people.
func (p *play) departs(people ...string) {
	for _, who := range people {
		p.world.SetPerson(who, func(person *sandbox.Person) { person.Deleted = true })
	}
}

func containsAll(text string, words ...string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// frozen runs a scene in which no message changes: what people see is old.
func (p *play) frozen(scene func()) {
	p.t.Helper()
	p.world.Fail("chat.update", sandbox.Fault{Times: 1000, Status: 429, RetryAfter: time.Second})
	scene()
	p.world.Heal("chat.update")
}

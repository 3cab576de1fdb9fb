package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/sandbox"
)

const heronOwners = "C0HERON"

// decided is when the stage of a channel got the press that decided it.
type decided map[string]time.Time

// TestPromise5TheCardTellsTheTruth plays requests to each of their ends, while
// Entra is slow, and reads every version of everything that was ever sent.
func TestPromise5TheCardTellsTheTruth(t *testing.T) {
	unknown := sandbox.GraphFault{
		Status: 404, Times: 4, Code: "Request_ResourceNotFound",
		Message: "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
	}
	tests := []struct {
		name, access, duration string
		play                   func(*play, decided)
	}{
		{"slow grants", "Project Falcon", "30 days", func(p *play, at decided) {
			p.world.Tenant().Fail("POST", "/groups/*/members/$ref", unknown)
			p.decides(sam, falconSponsors, "Approve", at)
			p.eventually("the guest without the group", p.inGroup(jane))
			p.shows("being invited", "being set up")
			p.hurry(p.inGroup(jane, "Project Falcon"))
			p.hurryTo("aiting for")
		}},
		{"two stages, a quorum and a lag", "Project Heron", "7 days", func(p *play, at decided) {
			p.world.Tenant().Set(func(s *sandbox.Settings) { s.ReplicationLag = 10 * time.Second })
			p.decides(sam, falconSponsors, "Approve", at)
			card := p.sees(olga, heronOwners, "INV-1", "[Approve]")
			p.must(p.world.As(olga).ClickText(p.t.Context(), heronOwners, card.TS, "Approve"))
			p.sees(ada, heronOwners, "INV-1", "1 of 2", "[Approve]")
			p.shows("Owners")
			p.decides(ada, heronOwners, "Approve", at)
			p.hurryTo("aiting for")
		}},
		{"denied", "Project Falcon", "30 days", func(p *play, at decided) {
			p.decides(sam, falconSponsors, "Deny", at)
			p.shows("Denied")
		}},
		{"denied in the second stage", "Project Heron", "7 days", func(p *play, at decided) {
			p.decides(sam, falconSponsors, "Approve", at)
			p.sees(olga, heronOwners, "INV-1", "[Approve]")
			p.decides(olga, heronOwners, "Deny", at)
			p.sees(ada, heronOwners, "INV-1", "Denied")
			p.shows("Denied")
		}},
		{"failed, and tried again", "Project Falcon", "30 days", func(p *play, at decided) {
			p.world.Tenant().Fail("POST", "/invitations", refusedByEntra)
			p.decides(sam, falconSponsors, "Approve", at)
			p.shows("an admin must act", "[Try again]")
			p.must(p.presses(ada, "INV-1", "Try again"))
			p.shows("aiting for")
		}},
		{"the bot is down for the news", "Project Falcon", "30 days", func(p *play, at decided) {
			p.decides(sam, falconSponsors, "Approve", at)
			p.shows("aiting for")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, "socket")
			at := decided{}
			p.asks(ann, jane, tt.access, tt.duration, "kick-off")
			p.sees(sam, falconSponsors, "INV-1", "[Approve]")
			tt.play(p, at)
			joined := p.redeemed(strings.HasPrefix(tt.name, "the bot is down"))
			p.must(p.stage.close())
			p.truthful(at, joined)
			if n := len(p.world.Messages(falconSponsors)); n != 1 {
				t.Errorf("%d messages in the sponsors' channel, want the one card", n)
			}
		})
	}
}

// refusedByEntra is an answer that nothing but an admin can change.
var refusedByEntra = sandbox.GraphFault{Status: 400, Code: "BadRequest", Message: "Invitations to the domain of this address are blocked by policy."}

// decides lets somebody press what decides a stage, once everything that was
// owed to its card is shown.
func (p *play) decides(who, channel, button string, at decided) {
	p.t.Helper()
	card := p.sees(who, channel, "INV-1", "Entra has", "["+button+"]")
	p.sees(ann, p.world.As(ann).DM(), "INV-1")
	at[channel] = p.clock.now()
	p.must(p.world.As(who).ClickText(p.t.Context(), channel, card.TS, button))
	if button != "Deny" {
		return
	}
	p.eventually("the form that asks why", func() bool { return p.world.As(who).View() != nil })
	p.must(p.world.As(who).Fill("reason", "No contract yet"))
	p.must(p.world.As(who).Submit(p.t.Context()))
}

// shows waits for words on the card in the sponsors' channel.
func (p *play) shows(words ...string) {
	p.t.Helper()
	p.sees(sam, falconSponsors, append([]string{"INV-1"}, words...)...)
}

// hurryTo is shows, while the clock runs.
func (p *play) hurryTo(words string) {
	p.t.Helper()
	p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", words).TS != "" })
}

// redeemed lets the guest join, if there is one, and says when: before that
// moment, or in a play without a guest ever, nobody may have read that they did.
func (p *play) redeemed(down bool) (at time.Time) {
	p.t.Helper()
	g, ok := p.world.Tenant().Guest(jane)
	if !ok {
		return p.clock.now()
	}
	redeem := func() {
		at = p.clock.now()
		p.must(p.world.Tenant().Redeem(g.ID))
	}
	if down {
		p.restart(redeem)
	} else {
		redeem()
	}
	p.hurryTo("Joined")
	p.hurry(func() bool { return p.message(ann, p.world.As(ann).DM(), "INV-1", "Joined").TS != "" })
	p.hurry(func() bool { return p.reply("has joined").TS != "" })
	return at
}

var (
	saysGranted = regexp.MustCompile(`(?i)\bgranted\b|\bin place\b|\bcan use\b`)
	saysJoined  = regexp.MustCompile(`(?i)\bjoined\b`)
)

// truthful reads everything that was sent: nothing speaks of access before the
// guest had all of it, or of joining before that, and no message offers to
// decide what was decided.
func (p *play) truthful(at decided, joined time.Time) {
	p.t.Helper()
	granted, offered := p.granted(), 0
	for _, c := range p.world.Calls() {
		if c.Method != "chat.postMessage" && c.Method != "chat.update" || c.Error != "" {
			continue
		}
		m := sent(p.t, c)
		text := m.Plain() + "\n" + m.Text
		if saysGranted.MatchString(text) && (granted.IsZero() || c.At.Before(granted)) {
			p.t.Errorf("it speaks of access that the guest did not have:\n%s", text)
		}
		if saysJoined.MatchString(text) && c.At.Before(joined) {
			p.t.Errorf("it says that the guest joined before they did:\n%s", text)
		}
		if !slices.Contains(m.Buttons(), "Approve") && !slices.Contains(m.Buttons(), "Deny") {
			continue
		}
		offered++
		channel, _ := c.Args["channel"].(string)
		if end, ok := at[channel]; !ok || c.At.After(end) {
			p.t.Errorf("it offers in %s to decide what is decided:\n%s", channel, text)
		}
	}
	if offered < len(at) {
		p.t.Errorf("only %d messages offered to decide", offered)
	}
}

// granted is when Entra had given the guest everything; zero if it never did.
func (p *play) granted() time.Time {
	for _, c := range p.world.Tenant().Calls() {
		if c.Method == http.MethodPost && strings.HasSuffix(c.Path, "/members/$ref") && c.Status == http.StatusNoContent {
			return c.At
		}
	}
	return time.Time{}
}

// sent is the message that a call left with.
func sent(t testing.TB, c sandbox.Call) sandbox.Message {
	t.Helper()
	var m sandbox.Message
	m.Text, _ = c.Args["text"].(string)
	text, err := json.Marshal(c.Args["blocks"])
	if err == nil {
		err = json.Unmarshal(text, &m.Blocks)
	}
	if err != nil {
		t.Fatalf("the blocks of a message: %v", err)
	}
	return m
}

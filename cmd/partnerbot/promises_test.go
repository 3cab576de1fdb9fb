package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// TestPromise2OneOutcome lets 64 sponsors press Approve and Deny at once: one
// decision, and everybody else is told privately who was first.
func TestPromise2OneOutcome(t *testing.T) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlay(t, mode)
			ids := p.sponsors(64)
			p.asks(ann, jane, "Project Falcon", "30 days", "everybody at once")
			card := p.sees(ids[0], falconSponsors, "INV-1", "[Approve]")
			for _, id := range ids[:32] { // half of them have the form open that asks why
				p.must(p.world.As(id).ClickText(t.Context(), falconSponsors, card.TS, "Deny"))
				p.eventually("the form of "+id, func() bool { return p.world.As(id).View() != nil })
				p.must(p.world.As(id).Fill("reason", "no, says "+id))
			}
			var wg sync.WaitGroup
			for i, id := range ids {
				wg.Go(func() {
					if i < 32 {
						_ = p.world.As(id).Submit(t.Context())
					} else {
						_ = p.world.As(id).ClickText(t.Context(), falconSponsors, card.TS, "Approve")
					}
				})
			}
			wg.Wait()
			p.eventually("the buttons to vanish", func() bool { return len(p.message(sam, falconSponsors, "INV-1").Buttons()) == 0 })
			first := p.decider()
			p.eventually("everybody else to be told", func() bool {
				for _, id := range ids {
					if id != first && !slices.ContainsFunc(p.told(id), func(s string) bool { return strings.Contains(s, "Person "+first) }) {
						return false
					}
				}
				return true
			})
			if told := p.told(first); len(told) > 0 {
				t.Errorf("%s was first, and was told %q", first, told)
			}
			p.settled(first)
		})
	}
}

// sponsors makes n more people and lets them decide about Falcon.
func (p *play) sponsors(n int) []string {
	ids := make([]string, 0, n)
	for i := range n {
		who := person(i)
		p.world.AddPerson(who)
		ids = append(ids, who.ID)
	}
	p.world.SetGroup("S0FALCON", ids...)
	p.world.SetMembers(falconSponsors, append(slices.Clone(ids), ann, sam, olga, ada, gus, vera, "U0BOT")...)
	return ids
}

// decider is who the card says decided.
func (p *play) decider() string {
	text := p.message(sam, falconSponsors, "INV-1").Plain()
	_, after, _ := strings.Cut(text, "Person ")
	return after[:min(len("U0TEST000"), len(after))]
}

// told is every private word to somebody, wherever it was said.
func (p *play) told(who string) []string {
	texts := p.private(who)
	for _, m := range p.world.As(who).Sees(p.world.As(who).DM()) {
		texts = append(texts, m.Plain())
	}
	return texts
}

// settled checks that what the card says is what happened.
func (p *play) settled(first string) {
	p.t.Helper()
	var n int
	if _, err := fmt.Sscanf(first, "U0TEST%03d", &n); err != nil {
		p.t.Fatalf("the card names nobody who decided: %q", p.message(sam, falconSponsors, "INV-1").Plain())
	}
	if n < 32 { // a Deny
		p.sees(sam, falconSponsors, "INV-1", "Denied")
		if left := p.invitations(jane); left != 0 {
			p.t.Errorf("denied by %s, and %d invitations left", first, left)
		}
		return
	}
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	if left := p.invitations(jane); left != 1 {
		p.t.Errorf("%d invitations left", left)
	}
}

// TestPromise3NobodyWithoutApproval presses Approve while Slack cannot say who
// presses: nothing leaves for Entra, across a restart too, until Slack can.
func TestPromise3NobodyWithoutApproval(t *testing.T) {
	unreadable := map[string]func(*sandbox.World){
		"Slack is down for people":    func(w *sandbox.World) { w.Fail("users.info", sandbox.Fault{Status: 503, Times: 1000}) },
		"Slack is down for groups":    func(w *sandbox.World) { w.Fail("usergroups.users.list", sandbox.Fault{Status: 500, Times: 1000}) },
		"Slack answers with nonsense": func(w *sandbox.World) { w.Fail("usergroups.users.list", sandbox.Fault{Body: "<html>", Times: 1000}) },
	}
	for name, spoil := range unreadable {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, "socket")
			p.asks(ann, jane, "Project Falcon", "30 days", "is anybody there?")
			p.sees(sam, falconSponsors, "INV-1", "[Approve]")
			spoil(p.world)
			p.must(p.presses(sam, "INV-1", "Approve"))
			before := p.readings()
			p.restart(nil)
			p.eventually("another look at who Sam is", func() bool { return p.readings() > before })
			p.clock.forward(4 * 24 * hour) // long, but before the deadline
			p.eventually("still another look", func() bool { return p.readings() > before+1 })
			if calls := p.world.Tenant().Calls(); slices.ContainsFunc(calls, func(c sandbox.GraphCall) bool { return c.Method != http.MethodGet }) {
				t.Errorf("Entra was changed on an approval that nobody could verify")
			}
			if p.invitations(jane) != 0 || !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") {
				t.Errorf("decided without knowing by whom")
			}
		})
	}
}

// TestPromise3WhatSlackWillNeverSayIsANo takes the scope away: the sponsor is
// told that the press did not count, and it never does.
func TestPromise3WhatSlackWillNeverSayIsANo(t *testing.T) {
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "is anybody there?")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.world.Fail("usergroups.users.list", sandbox.Fault{Error: "missing_scope", Times: 1000})
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("a private word to Sam", func() bool { return len(p.private(sam)) == 1 })
	p.world.Heal("usergroups.users.list")
	if p.invitations(jane) != 0 || !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") {
		t.Error("decided without knowing by whom")
	}
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
}

// readings counts the questions to Slack about people and groups.
func (p *play) readings() int {
	return len(p.world.CallsOf("users.info")) + len(p.world.CallsOf("usergroups.users.list"))
}

// TestPromise4OneGuest spoils the answers of Entra in every way that may hide
// an effect: no invitation leaves after one that may have had its effect.
func TestPromise4OneGuest(t *testing.T) {
	const once, again = 1, 2
	tests := []struct {
		name  string
		fault sandbox.GraphFault
		sent  int
	}{
		{"cut after the effect", sandbox.GraphFault{Cut: true, AfterEffect: true}, once},
		{"502 of a proxy after the effect", sandbox.GraphFault{Status: 502, HTML: true, AfterEffect: true}, once},
		{"503 after the effect", sandbox.GraphFault{Status: 503, AfterEffect: true}, once},
		{"half an answer", sandbox.GraphFault{Malformed: true, AfterEffect: true}, once},
		{"cut before the effect", sandbox.GraphFault{Cut: true}, again},
		{"throttled", sandbox.GraphFault{Status: 429, RetryAfter: "1"}, again},
		{"throttled without Retry-After", sandbox.GraphFault{Status: 429}, again},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, "http")
			p.world.Tenant().Fail("POST", "/invitations", tt.fault)
			p.world.Tenant().Fail("POST", "/groups/*/members/$ref", tt.fault)
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			p.must(p.presses(sam, "INV-1", "Approve"))
			p.hurry(p.inGroup(jane, "Project Falcon"))
			p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "aiting for").TS != "" })
			if sent := p.invitations(jane); sent != tt.sent {
				t.Errorf("%d invitations were sent, want %d", sent, tt.sent)
			}
			guests := slices.DeleteFunc(p.world.Tenant().Guests(), func(g sandbox.Guest) bool { return g.Mail != jane })
			if len(guests) != 1 || !slices.Equal(guests[0].Groups, []string{"Project Falcon"}) {
				t.Errorf("in the tenant: %+v", guests)
			}
		})
	}
}

// hurry moves the clock while it waits, so that back-off costs no time.
func (p *play) hurry(so func() bool) {
	p.t.Helper()
	end := time.After(patience)
	for !so() {
		changed := p.world.Changed()
		p.clock.forward(time.Second)
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond):
		case <-end:
			p.t.Fatal("it did not come to pass")
		}
	}
}

// TestPromise5TheCardTellsTheTruth reads every version of the card that was
// ever sent, while Entra is slow, and while the bot is down for the news.
func TestPromise5TheCardTellsTheTruth(t *testing.T) {
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.world.Tenant().Fail("POST", "/groups/*/members/$ref", sandbox.GraphFault{
		Status: 404, Times: 2,
		Code: "Request_ResourceNotFound", Message: "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
	})
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest without the group", p.inGroup(jane))
	p.eventually("a card that says approved", func() bool {
		text := p.message(sam, falconSponsors, "INV-1").Plain()
		return strings.Contains(text, "being invited") && !strings.Contains(text, "[Approve]")
	})
	if text := p.message(sam, falconSponsors, "INV-1").Plain(); strings.Contains(text, "access is in place") || strings.Contains(text, "oined") {
		t.Errorf("the card is ahead of Entra:\n%s", text)
	}
	p.hurry(p.inGroup(jane, "Project Falcon"))

	p.restart(func() {
		g, _ := p.world.Tenant().Guest(jane)
		p.must(p.world.Tenant().Redeem(g.ID))
	})
	p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "Joined").TS != "" })
	if n := len(p.world.Messages(falconSponsors)); n != 1 {
		t.Errorf("%d messages in the sponsors' channel, want the one card", n)
	}
}

// TestPromise7NoTextIsMarkup types hostile text into every field, and reads
// what a message does to its readers rather than what it says.
func TestPromise7NoTextIsMarkup(t *testing.T) {
	hostile := []string{
		"<!channel> <!here> <!everyone>", "<@U0OLGA> <!subteam^S0ADMINS>", "<https://evil.example|Approve here>",
		"https://evil.example/login", "*bold* _it_ ~no~ `code` ```block```", "&lt;!channel&gt; &amp;", "@here @channel #general",
		"\u202egnp.exe\u202c \u200b\u200d", "<#C0GENERAL|general> <mailto:a@b.c|x>", "line one\n> quoted\n• list\n---", strings.Repeat("🎉", 60),
	}
	for i, text := range hostile {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			p := newPlay(t, "http")
			ctx, me := t.Context(), p.world.As(ann)
			p.must(me.Slash(ctx, general, "/invite-partner "+text))
			p.eventually("the form", func() bool { return me.View() != nil })
			oneLine := strings.ReplaceAll(text, "\n", " ")
			for _, f := range [][2]string{{"email", jane}, {"name", oneLine}, {"company", clip(oneLine, 64)}, {"access", "Project Falcon"}, {"for", "30 days"}, {"reason", text}} {
				p.must(me.Fill(f[0], f[1]))
			}
			p.must(me.Submit(ctx))
			p.harmless(p.sees(sam, falconSponsors, "INV-1", "[Approve]"))
			p.harmless(p.sees(ann, me.DM(), "INV-1"))
			p.must(me.Slash(ctx, general, "/partner-requests"))
			p.must(me.Slash(ctx, general, "/partner-requests show INV-1"))
			p.eventually("the list and the story", func() bool { return p.ephemerals(ann, general) >= 2 })
			p.must(me.OpenHome(ctx))
			p.must(p.denies(sam, "INV-1", text))
			p.harmless(p.sees(olga, falconSponsors, "INV-1", "Denied"))
			p.harmless(p.sees(ann, me.DM(), "INV-1", "enied"))
			for _, where := range []string{general, falconSponsors, me.DM()} {
				for _, m := range p.world.As(ann).Sees(where) {
					p.harmless(m)
				}
			}
		})
	}
}

func clip(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

func (p *play) ephemerals(who, where string) int {
	n := 0
	for _, m := range p.world.As(who).Sees(where) {
		if m.Ephemeral {
			n++
		}
	}
	return n
}

// harmless fails on a message that notifies anybody but those the policy names,
// leads anywhere but where the bot leads, or unfurls.
func (p *play) harmless(m sandbox.Message) {
	p.t.Helper()
	for _, ping := range m.Pings {
		if !slices.Contains([]string{"S0FALCON", "S0HERON", ann, sam}, ping) {
			p.t.Errorf("the message notifies %s:\n%s", ping, m.Plain())
		}
	}
	for _, link := range m.Links {
		if strings.Contains(link.URL, "evil") || strings.Contains(link.URL, "a@b.c") || strings.HasPrefix(link.URL, "http") && !strings.HasPrefix(link.URL, p.world.URL()) {
			p.t.Errorf("the message leads to %s as %q", link.URL, link.Label)
		}
	}
	if m.Unfurls {
		p.t.Errorf("links of the message unfurl:\n%s", m.Plain())
	}
}

// TestPromise8NoSecretIsWritten looks for every secret of a whole story, with
// its troubles, in the log at its most talkative.
func TestPromise8NoSecretIsWritten(t *testing.T) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlay(t, mode)
			p.world.Fail("response_url", sandbox.Fault{Status: 500, Times: 2})
			p.world.Fail("chat.postMessage", sandbox.Fault{Status: 502, Body: "<html>bad gateway</html>"})
			p.world.Tenant().Fail("POST", "/invitations", sandbox.GraphFault{Malformed: true, AfterEffect: true})
			p.asks(ann, "sly@acme.example", "Project Falcon", "30 days", "a very private reason")
			p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "[Approve]").TS != "" })
			p.must(p.presses(ada, "INV-1", "Approve"))
			p.must(p.presses(sam, "INV-1", "Approve"))
			p.hurry(p.inGroup("sly@acme.example", "Project Falcon"))
			p.must(p.stage.close())
			secrets := p.secrets()
			if len(secrets) < 8 {
				t.Fatalf("only %d secrets were found to look for", len(secrets))
			}
			text := p.log.String()
			for what, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%s is in the log", what)
				}
			}
			if !strings.Contains(text, `"listening"`) {
				t.Error("the log was not read")
			}
		})
	}
}

// secrets are all that a log must not hold, by what they are.
func (p *play) secrets() map[string]string {
	bot, app, signing := p.world.Credentials()
	found := map[string]string{"the bot token": bot, "the app token": app, "the signing secret": signing, "what people typed": "a very private reason"}
	found["the guest's address"] = "sly@acme.example"
	found["the client secret"] = p.world.Tenant().Env()["AZURE_CLIENT_SECRET"]
	for i, c := range p.world.Calls() {
		if url, ok := c.Args["response_url"].(string); ok {
			found[fmt.Sprintf("response URL %d", i)] = url
		}
		if id, ok := c.Args["trigger_id"].(string); ok && id != "" {
			found[fmt.Sprintf("trigger ID %d", i)] = id
		}
		if c.Method == "apps.connections.open" {
			if url, ok := c.Response["url"].(string); ok {
				found[fmt.Sprintf("socket URL %d", i)] = url
			}
		}
	}
	for _, g := range p.world.Tenant().Guests() {
		if _, ticket, ok := strings.Cut(g.RedeemURL, "ticket"); ok {
			found["the ticket of "+g.Mail] = ticket
		}
	}
	return found
}

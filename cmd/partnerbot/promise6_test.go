package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// TestPromise6OnlyThoseWhoMay lets every kind of person who may not decide
// press both buttons: each is told why in private, and nothing is decided.
func TestPromise6OnlyThoseWhoMay(t *testing.T) {
	tests := []struct {
		name, who string
		prepare   func(*sandbox.World) // after the card is there, a moment before the click
	}{
		{"the requester, though an approver", ann, func(w *sandbox.World) { w.SetGroup("S0FALCON", sam, ann) }},
		{"a colleague in the channel", "U0BEN", func(w *sandbox.World) { w.SetMembers(falconSponsors, sam, "U0BEN", "U0BOT") }},
		{"an admin who is no approver", ada, nil},
		{"a Slack guest", gus, func(w *sandbox.World) { w.SetGroup("S0FALCON", sam, gus) }},
		{"a single-channel guest", gus, func(w *sandbox.World) {
			w.SetGroup("S0FALCON", sam, gus)
			w.SetPerson(gus, func(p *sandbox.Person) { p.Restricted, p.UltraRestricted = false, true })
		}},
		{"a Slack Connect visitor", vera, func(w *sandbox.World) { w.SetGroup("S0FALCON", sam, vera) }},
		{"somebody of another workspace", olga, func(w *sandbox.World) { w.SetPerson(olga, func(p *sandbox.Person) { p.TeamID = "T0OTHER" }) }},
		{"somebody who left the group a moment ago", olga, func(w *sandbox.World) { w.SetGroup("S0FALCON", sam) }},
		{"somebody who was deactivated a moment ago", olga, func(w *sandbox.World) { w.SetPerson(olga, func(p *sandbox.Person) { p.Deleted = true }) }},
		{"a bot", olga, func(w *sandbox.World) { w.SetPerson(olga, func(p *sandbox.Person) { p.Bot = true }) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, "http")
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			card := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
			if tt.prepare != nil {
				tt.prepare(p.world)
			}
			for i, action := range []string{"approve", "deny"} {
				p.click(tt.who, card.TS, action, "INV-1:0")
				if tt.who == olga && p.world.State(olga).Me.Role == "deactivated" {
					p.eventually("Slack to be asked about the person", func() bool { return len(p.world.CallsOf("users.info")) > i })
					continue // nobody is there to read an answer
				}
				p.eventually("a private word", func() bool { return len(p.private(tt.who)) > i || p.world.As(tt.who).View() != nil })
			}
			p.denyAnyway(tt.who)
			if got := p.message(sam, falconSponsors, "INV-1"); !slices.Contains(got.Buttons(), "Approve") {
				t.Errorf("it was decided:\n%s", got.Plain())
			}
			if p.invitations(jane) > 0 {
				t.Error("an invitation left")
			}
			p.must(p.presses(sam, "INV-1", "Approve")) // who may, may still
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
		})
	}
}

// denyAnyway submits the form that asks why, if it was opened for somebody.
func (p *play) denyAnyway(who string) {
	p.t.Helper()
	if person := p.world.As(who); person.View() != nil {
		p.must(person.Fill("reason", "because I can"))
		p.must(person.Submit(p.t.Context()))
		p.eventually("a private word about the form", func() bool { return len(p.private(who)) > 1 })
	}
}

// click delivers a click as Slack does, signed, whether or not the page would
// let that person make it.
func (p *play) click(who, ts, action, value string) {
	p.t.Helper()
	status, body, err := p.world.SendHTTP(p.signed(p.clickBody(who, ts, action, value), p.clock.now(), ""))
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("the click was answered %d %q, %v", status, body, err)
	}
}

// clickBody is the form body of a pressed button.
func (p *play) clickBody(who, ts, action, value string) string {
	payload := map[string]any{
		"type": "block_actions", "api_app_id": "A0PARTNER", "trigger_id": "1.2.3",
		"user":      map[string]any{"id": who, "team_id": sandbox.TeamID},
		"team":      map[string]any{"id": sandbox.TeamID},
		"container": map[string]any{"type": "message", "message_ts": ts, "channel_id": falconSponsors},
		"channel":   map[string]any{"id": falconSponsors},
		"actions":   []any{map[string]any{"type": "button", "action_id": action, "block_id": "b", "value": value}},
	}
	text, err := json.Marshal(payload)
	p.must(err)
	return url.Values{"payload": {string(text)}}.Encode()
}

func (p *play) signed(body string, at time.Time, secret string) *http.Request {
	if secret == "" {
		_, _, secret = p.world.Credentials()
	}
	return p.world.SignedRequest(p.t.Context(), []byte(body), "application/x-www-form-urlencoded", at, secret)
}

// TestPromise6OnlySlack sends Sam's approval in every way that Slack would not:
// each has one thing wrong, and none is heard.
func TestPromise6OnlySlack(t *testing.T) {
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	card := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	body := p.clickBody(sam, card.TS, "approve", "INV-1:0")
	now := p.clock.now()
	forged := map[string]func() *http.Request{
		"another secret":    func() *http.Request { return p.signed(body, now, "not the secret") },
		"six minutes old":   func() *http.Request { return p.signed(body, now.Add(-6*time.Minute), "") },
		"six minutes ahead": func() *http.Request { return p.signed(body, now.Add(6*time.Minute), "") },
		"no signature":      func() *http.Request { r := p.signed(body, now, ""); r.Header.Del("X-Slack-Signature"); return r },
		"no timestamp": func() *http.Request {
			r := p.signed(body, now, "")
			r.Header.Del("X-Slack-Request-Timestamp")
			return r
		},
		"another body":          func() *http.Request { return swapBody(p.signed("payload=%7B%7D", now, ""), p.signed(body, now, "x")) },
		"in the query string":   func() *http.Request { r := p.signed("", now, ""); r.URL.RawQuery = body; return r },
		"the signature bare":    func() *http.Request { r := p.signed(body, now, ""); trim(r, "v0="); return r },
		"another version":       func() *http.Request { r := p.signed(body, now, ""); reversion(r); return r },
		"half of the signature": func() *http.Request { r := p.signed(body, now, ""); halve(r); return r },
	}
	for name, request := range forged {
		t.Run(name, func(t *testing.T) {
			status, _, err := p.world.SendHTTP(request())
			if err != nil {
				t.Fatal(err)
			}
			if name != "in the query string" && status != http.StatusUnauthorized {
				t.Errorf("answered %d, want 401", status)
			}
		})
	}
	if got := p.message(sam, falconSponsors, "INV-1"); !slices.Contains(got.Buttons(), "Approve") {
		t.Fatalf("a forged click was heard:\n%s", got.Plain())
	}
	status, _, err := p.world.SendHTTP(p.signed(body, now, "")) // the same in order
	if err != nil || status != http.StatusOK {
		t.Fatalf("Slack's own click was answered %d, %v", status, err)
	}
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	if status, _, _ := p.world.SendHTTP(p.signed(body, now, "")); status != http.StatusUnauthorized {
		t.Errorf("the replayed click was answered %d, want 401", status)
	}
}

const signatureHeader = "X-Slack-Signature"

// swapBody puts another request's body under a signature.
func swapBody(r, from *http.Request) *http.Request {
	r.Body, r.ContentLength, r.GetBody = from.Body, from.ContentLength, from.GetBody
	return r
}

func trim(r *http.Request, prefix string) {
	r.Header.Set(signatureHeader, strings.TrimPrefix(r.Header.Get(signatureHeader), prefix))
}

func reversion(r *http.Request) {
	r.Header.Set(signatureHeader, strings.Replace(r.Header.Get(signatureHeader), "v0=", "v1=", 1))
}

func halve(r *http.Request) {
	s := r.Header.Get(signatureHeader)
	r.Header.Set(signatureHeader, s[:len(s)/2])
}

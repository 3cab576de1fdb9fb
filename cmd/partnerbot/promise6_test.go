package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/sandbox"
	"partnerbot/store"
)

// TestPromise6OnlyThoseWhoMay lets every kind of person who may not decide
// press both buttons, and send the form that asks why without having been shown
// it. Each could decide a moment before, and did, so that nothing which was
// read about them then may count now: each is told why in private, and nothing
// is decided.
func TestPromise6OnlyThoseWhoMay(t *testing.T) {
	said := func(who, flags string) func(*sandbox.World) {
		return func(w *sandbox.World) { // Slack may say it of somebody in our own team, too
			body := fmt.Sprintf(`{"ok":true,"user":{"id":%q,"team_id":%q,"name":"x","real_name":"X","profile":{},%s}}`, who, sandbox.TeamID, flags)
			w.Fail("users.info", sandbox.Fault{Body: body, ContentType: "application/json", Times: 1000})
		}
	}
	become := func(who string, change func(*sandbox.Person)) func(*sandbox.World) {
		return func(w *sandbox.World) { w.SetPerson(who, change) }
	}
	left := func(w *sandbox.World) { w.SetGroup("S0FALCON", sam) }
	tests := []struct {
		name, who string
		change    func(*sandbox.World) // a moment before the click
		why       approvals.Code       // in the trail; none if not even kept
	}{
		{"the requester, though an approver", ann, nil, ""},
		{"a colleague who left the group", "U0BEN", left, "not_approver"},
		{"an admin who left the group", ada, left, "not_approver"},
		{"a Slack guest", gus, become(gus, func(p *sandbox.Person) { p.Restricted = true }), "slack_guest"},
		{"a single-channel guest", gus, become(gus, func(p *sandbox.Person) { p.UltraRestricted = true }), "slack_guest"},
		{"a single-channel guest and no other", gus, said(gus, `"is_restricted":false,"is_ultra_restricted":true`), "slack_guest"},
		{"a Slack Connect visitor", vera, become(vera, func(p *sandbox.Person) { p.TeamID = sandbox.OtherTeamID }), "foreign"},
		{"a stranger", olga, said(olga, `"is_stranger":true`), "foreign"},
		{"somebody deactivated", olga, become(olga, func(p *sandbox.Person) { p.Deleted = true }), "deactivated"},
		{"a bot", olga, become(olga, func(p *sandbox.Person) { p.Bot = true }), "bot"},
		{"nobody whom Slack knows", olga, func(w *sandbox.World) { w.Fail("users.info", sandbox.Fault{Error: "user_not_found", Times: 1000}) }, "unknown_person"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, "http")
			p.entitled(tt.who)
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			card := p.sees(sam, falconSponsors, "INV-2", "[Approve]")
			if tt.change != nil {
				tt.change(p.world)
			}
			told := p.answers(tt.who)
			p.must(p.presses(tt.who, "INV-2", "Approve"))
			p.eventually("an answer to Approve", func() bool { return p.answers(tt.who) > told })

			p.clock.forward(time.Minute) // a no is remembered for half of that
			told = p.answers(tt.who)
			p.must(p.presses(tt.who, "INV-2", "Deny"))
			person := p.world.As(tt.who)
			p.eventually("an answer to Deny", func() bool { return p.answers(tt.who) > told || person.View() != nil })
			if person.View() != nil {
				p.must(person.Fill("reason", "because I can"))
				p.must(person.Submit(t.Context()))
				p.eventually("an answer to the form", func() bool { return p.answers(tt.who) > told })
			}

			p.clock.forward(time.Minute)
			told = p.answers(tt.who)
			p.send(denyForm(tt.who, pointedAt(card)+" "+falconSponsors, "because I can forge"))
			p.eventually("an answer to the forged form", func() bool { return p.answers(tt.who) > told })
			p.undecided("INV-2")

			p.world.Heal("users.info")
			p.must(p.presses(sam, "INV-2", "Approve")) // who may, may still
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
			p.sees(sam, falconSponsors, "INV-2", "aiting for")
			p.must(p.stage.close())
			p.dismissed(tt.who, "INV-2", tt.why)
		})
	}
}

// entitled makes somebody an approver of Falcon and lets them approve INV-1, so
// that the bot has read all about them.
func (p *play) entitled(who string) {
	p.t.Helper()
	p.world.SetGroup("S0FALCON", sam, who)
	p.world.SetMembers(falconSponsors, ann, sam, olga, ada, gus, vera, "U0BEN", "U0BOT")
	p.world.SetPerson(who, func(x *sandbox.Person) { x.TeamID, x.Restricted = sandbox.TeamID, false })
	const other = "other@acme.example"
	p.asks(sam, other, "Project Falcon", "30 days", "first")
	p.must(p.presses(who, "INV-1", "Approve"))
	p.eventually("an approval that counts", p.inGroup(other, "Project Falcon"))
	p.sees(sam, falconSponsors, "INV-1", "aiting for")
}

// answers counts what was said to somebody in private, or tried to be said to
// whom Slack no longer lets us reach.
func (p *play) answers(who string) int {
	n := len(p.private(who))
	for _, c := range p.world.CallsOf("chat.postMessage") {
		if c.Error != "" && c.Args["channel"] == who {
			n++
		}
	}
	return n
}

// undecided checks that a request is still open for its approvers.
func (p *play) undecided(id string) {
	p.t.Helper()
	if got := p.message(sam, falconSponsors, id+" "); !slices.Contains(got.Buttons(), "Approve") || !slices.Contains(got.Buttons(), "Deny") {
		p.t.Errorf("it was decided:\n%s", got.Plain())
	}
	if p.invitations(jane) > 0 {
		p.t.Error("an invitation left")
	}
}

// dismissed checks in the trail that nothing which somebody pressed counted,
// Approve or Deny, that it was for the right reason, and that Sam decided.
func (p *play) dismissed(who, id string, why approvals.Code) {
	p.t.Helper()
	seen := map[string]int{}
	for _, e := range p.trail(id) {
		switch {
		case e.Event == "voted" && e.By.User != sam:
			p.t.Errorf("%s decided: %+v", e.By, e)
		case e.Event == "dismissed" && e.By.User == who:
			seen[e.Detail]++
		}
	}
	want := []string{"approve: " + string(why), "deny: " + string(why)}
	if why == "" {
		want = nil
	}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		p.t.Errorf("%s was dismissed for %q, want %q", who, got, want)
	}
}

// trail is what the store keeps of a request. The bot must not be running.
func (p *play) trail(id string) []approvals.Entry {
	p.t.Helper()
	db, err := store.Open(filepath.Join(p.set.data, demoStore), store.Options{})
	p.must(err)
	defer func() { p.must(db.Close()) }()
	entries, err := db.Trail(background(), approvals.RequestID(id))
	p.must(err)
	if len(entries) == 0 {
		p.t.Errorf("there is no trail of %s", id)
	}
	return entries
}

// send delivers a payload as Slack does, signed, whether or not the page would
// let that person make it.
func (p *play) send(body string) {
	p.t.Helper()
	status, answer, err := p.world.SendHTTP(p.signed(body, p.clock.now(), ""))
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("the payload was answered %d %q, %v", status, answer, err)
	}
}

// clickBody is the form body of a pressed button.
func clickBody(who, ts, action, value string) string {
	return payload(who, map[string]any{
		"type":      "block_actions",
		"container": map[string]any{"type": "message", "message_ts": ts, "channel_id": falconSponsors},
		"channel":   map[string]any{"id": falconSponsors},
		"actions":   []any{map[string]any{"type": "button", "action_id": action, "block_id": "b", "value": value}},
	})
}

// denyForm is the form body of a denial with its reason.
func denyForm(who, metadata, reason string) string {
	typed := map[string]any{"reason": map[string]any{"reason": map[string]any{"type": "plain_text_input", "value": reason}}}
	return payload(who, map[string]any{
		"type": "view_submission",
		"view": map[string]any{"type": "modal", "callback_id": "deny", "private_metadata": metadata, "state": map[string]any{"values": typed}},
	})
}

func payload(who string, about map[string]any) string {
	about["api_app_id"], about["trigger_id"] = sandbox.AppID, "1.2.3"
	about["user"] = map[string]any{"id": who, "team_id": sandbox.TeamID}
	about["team"] = map[string]any{"id": sandbox.TeamID}
	text, err := json.Marshal(about)
	if err != nil {
		panic(err)
	}
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
	body := clickBody(sam, card.TS, "approve", pointedAt(card))
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
	told := p.answers(ada)
	p.must(p.presses(ada, "INV-1", "Approve")) // heard after all of them, and answered
	p.eventually("an answer to Ada", func() bool { return p.answers(ada) > told })
	p.undecided("INV-1")
	p.restart(func() {
		for _, e := range p.trail("INV-1") {
			if e.By.User == sam {
				t.Errorf("a forged click was heard: %+v", e)
			}
		}
	})
	now = p.clock.now()
	status, _, err := p.world.SendHTTP(p.signed(body, now, "")) // the same in order
	if err != nil || status != http.StatusOK {
		t.Fatalf("Slack's own click was answered %d, %v", status, err)
	}
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	again := map[string]*http.Request{"as it was": p.signed(body, now, ""), "in capitals": p.signed(body, now, "")}
	again["in capitals"].Header.Set(signatureHeader, "v0="+strings.ToUpper(strings.TrimPrefix(again["in capitals"].Header.Get(signatureHeader), "v0=")))
	for how, request := range again {
		if status, _, _ := p.world.SendHTTP(request); status != http.StatusUnauthorized {
			t.Errorf("the click replayed %s was answered %d, want 401", how, status)
		}
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

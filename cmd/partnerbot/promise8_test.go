package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"partnerbot/sandbox"
)

// TestPromise8NoSecretIsWritten looks for every secret of a whole story, with
// its troubles, in the log at its most talkative, in the trail, and in all that
// was shown to anybody but the requester, who passes the link on.
func TestPromise8NoSecretIsWritten(t *testing.T) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, mode)
			p.world.Fail("response_url", sandbox.Fault{Status: 500, Times: 2})
			p.world.Fail("chat.postMessage", sandbox.Fault{Status: 502, Body: "<html>bad gateway</html>"})
			p.world.Tenant().Fail("POST", "/invitations", sandbox.GraphFault{Malformed: true, AfterEffect: true})
			p.asks(ann, sly, "Project Falcon", "30 days", private)
			p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "[Approve]").TS != "" })
			p.must(p.presses(ada, "INV-1", "Approve"))
			p.must(p.presses(sam, "INV-1", "Approve"))
			p.hurry(p.inGroup(sly, "Project Falcon"))

			p.asks(ann, jane, "Project Falcon", "30 days", private) // with an answer, so that the bot knows its ticket
			p.sees(sam, falconSponsors, "INV-2", "[Approve]")
			p.must(p.presses(sam, "INV-2", "Approve"))
			p.sees(ann, p.world.As(ann).DM(), "INV-2", "/redeem")
			p.world.Heal("response_url")
			p.lookAround("INV-2")
			p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "aiting for").TS != "" })
			p.must(p.stage.close())
			p.secretsAreKept()
		})
	}
}

const sly, private = "sly@acme.example", "a very private reason"

// lookAround lets people look at a request in every way that there is.
func (p *play) lookAround(id string) {
	p.t.Helper()
	ctx := p.t.Context()
	for _, who := range []string{ann, sam, ada} {
		person := p.world.As(who)
		for i, command := range []string{"/partner-requests", "/partner-requests show " + id} {
			p.must(person.Slash(ctx, general, command))
			p.eventually("an answer to "+command, func() bool { return p.ephemerals(who, general) > i })
		}
		p.must(person.OpenHome(ctx))
		p.eventually("the Home of "+who, func() bool { return person.Home() != nil })
	}
	p.must(p.world.As(ann).ClickHome(ctx, "show", id))
	p.eventually("the story in a modal", func() bool { return p.world.As(ann).View() != nil })
}

// secretsAreKept looks for secrets where they must not be. The bot must have ended.
func (p *play) secretsAreKept() {
	p.t.Helper()
	secrets, tickets := p.secrets(), p.tickets()
	if len(secrets) < 6 || len(tickets) != 2 {
		p.t.Fatalf("only %d secrets and %d tickets were found to look for", len(secrets), len(tickets))
	}
	log := p.log.String()
	if !strings.Contains(log, `"listening"`) {
		p.t.Error("the log was not read")
	}
	keeps(p.t, "the log", log, secrets)
	keeps(p.t, "the log", log, tickets)
	keeps(p.t, "the log", log, map[string]string{"what people typed": private, "the guest's address": sly})
	for _, id := range []string{"INV-1", "INV-2"} {
		text, err := json.Marshal(p.trail(id))
		p.must(err)
		keeps(p.t, "the trail of "+id, string(text), secrets)
		keeps(p.t, "the trail of "+id, string(text), tickets)
	}
	passedOn := false
	for _, c := range p.world.Calls() {
		if c.Dir != sandbox.FromApp {
			continue
		}
		delete(c.Args, "trigger_id") // opening a form spends it
		text, err := json.Marshal(c.Args)
		p.must(err)
		keeps(p.t, c.What, string(text), secrets)
		if c.Args["channel"] == p.world.As(ann).DM() {
			passedOn = passedOn || strings.Contains(string(text), tickets["the ticket of "+jane])
			continue
		}
		keeps(p.t, c.What, string(text), tickets)
	}
	if !passedOn {
		p.t.Error("the requester has no link to pass on, so there was no secret to keep")
	}
}

func keeps(t testing.TB, where, text string, secrets map[string]string) {
	t.Helper()
	for what, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in %s", what, where)
		}
	}
}

// secrets are all that must be written nowhere, by what they are.
func (p *play) secrets() map[string]string {
	bot, app, signing := p.world.Credentials()
	found := map[string]string{
		"the bot token": bot, "the app token": app, "the signing secret": signing,
		"the client secret": p.world.Tenant().Env()["AZURE_CLIENT_SECRET"],
	}
	for i, c := range p.world.Calls() {
		if address, ok := c.Args["response_url"].(string); ok {
			found[fmt.Sprintf("response URL %d", i)] = address
		}
		if id, ok := c.Args["trigger_id"].(string); ok && id != "" {
			found[fmt.Sprintf("trigger ID %d", i)] = id
		}
		if c.Method == "apps.connections.open" {
			if address, ok := c.Response["url"].(string); ok {
				found[fmt.Sprintf("socket URL %d", i)] = address
			}
		}
	}
	return found
}

var unescaped = regexp.MustCompile(`[A-Za-z0-9]+`)

// tickets are what makes the guests' links secret: of each the longest part that
// no escaping changes.
func (p *play) tickets() map[string]string {
	found := map[string]string{}
	for _, g := range p.world.Tenant().Guests() {
		link, err := url.Parse(g.RedeemURL)
		p.must(err)
		inner, err := url.Parse(link.Query().Get("rd"))
		p.must(err)
		longest := ""
		for _, part := range unescaped.FindAllString(inner.Query().Get("ticket"), -1) {
			if len(part) > len(longest) {
				longest = part
			}
		}
		if longest != "" {
			found["the ticket of "+g.Mail] = longest
		}
	}
	return found
}

package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// TestPromise4OneGuest spoils the answers of Entra in every way that may hide
// an effect, while nobody but the invitation itself knows the new guest yet: no
// invitation leaves after one that may have had its effect, and no grant is
// given again after Entra confirmed it.
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
			p.world.Tenant().Set(func(s *sandbox.Settings) { s.ReplicationLag = lag })
			p.world.Tenant().Fail("POST", "/invitations", tt.fault)
			p.world.Tenant().Fail("POST", "/groups/*/members/$ref", tt.fault)
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			p.must(p.presses(sam, "INV-1", "Approve"))
			if tt.sent == once {
				p.eventually("a look for the guest, in vain", func() bool { return p.looks() > 0 })
			}
			p.hurry(p.inGroup(jane, "Project Falcon"))
			p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "aiting for").TS != "" })
			if sent := p.invitations(jane); sent != tt.sent {
				t.Errorf("%d invitations were sent, want %d", sent, tt.sent)
			}
			guests := slices.DeleteFunc(p.world.Tenant().Guests(), func(g sandbox.Guest) bool { return g.Mail != jane })
			if len(guests) != 1 || !slices.Equal(guests[0].Groups, []string{"Project Falcon"}) {
				t.Errorf("in the tenant: %+v", guests)
			}
			p.must(p.stage.close())
			p.grantedOnce(1)
		})
	}
}

// lag is how long a new guest is unknown: more than a few attempts, less than
// what the bot waits before it takes an invitation for lost.
const lag = 20 * time.Second

// looks counts the questions for a guest's account after an invitation left.
func (p *play) looks() int {
	n, left := 0, false
	for _, c := range p.world.Tenant().Calls() {
		left = left || c.Path == "/invitations"
		if left && c.Method == http.MethodGet && c.Path == "/users" {
			n++
		}
	}
	return n
}

// grantedOnce checks that each of so many grants was confirmed, and asked for no
// more after that.
func (p *play) grantedOnce(grants int) {
	p.t.Helper()
	confirmed := map[string]bool{}
	for _, c := range p.world.Tenant().Calls() {
		if c.Method != http.MethodPost || !strings.HasSuffix(c.Path, "/members/$ref") {
			continue
		}
		if confirmed[c.Path] {
			p.t.Errorf("%s was asked for again after Entra had confirmed it", c.Path)
		}
		if c.Status == http.StatusNoContent || strings.Contains(c.Response, "already exist") {
			confirmed[c.Path] = true
		}
	}
	if len(confirmed) != grants {
		p.t.Errorf("%d grants were confirmed, want %d", len(confirmed), grants)
	}
}

var redeemLink = regexp.MustCompile(`http://\S+/redeem\?rd=\S+`)

// TestPromise4OneGuestForTwoRequests approves two requests for one guest at the
// same moment: one invitation leaves, so that both requesters pass on a link
// that works.
func TestPromise4OneGuestForTwoRequests(t *testing.T) {
	const ben = "U0BEN"
	p := newPlay(t, "http")
	p.world.Tenant().Set(func(s *sandbox.Settings) { s.ReplicationLag = lag })
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.asks(ben, jane, "Project Heron", "7 days", "audit")
	p.must(p.presses(sam, "INV-2", "Approve"))
	card := p.sees(olga, heronOwners, "INV-2", "[Approve]")
	p.must(p.world.As(olga).ClickText(t.Context(), heronOwners, card.TS, "Approve"))
	p.sees(ada, heronOwners, "INV-2", "1 of 2", "[Approve]")
	falcon := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	var both sync.WaitGroup
	press := func(who, channel, ts string) {
		if err := p.world.As(who).ClickText(t.Context(), channel, ts, "Approve"); err != nil {
			t.Errorf("%s presses: %v", who, err)
		}
	}
	both.Go(func() { press(sam, falconSponsors, falcon.TS) })
	both.Go(func() { press(ada, heronOwners, card.TS) })
	both.Wait()
	p.hurry(p.inGroup(jane, "Project Falcon", "Project Heron"))
	links := map[string]string{ann: "INV-1", ben: "INV-2"} // of both before anybody follows one: then there is nothing to pass on
	for who, id := range links {
		p.hurry(func() bool {
			links[who] = redeemLink.FindString(p.message(who, p.world.As(who).DM(), id, "/redeem").Plain())
			return links[who] != ""
		})
	}
	for who, link := range links {
		if err := p.world.Tenant().Redeem(link); err != nil {
			t.Errorf("the link that %s passes on: %v", who, err)
		}
	}
	if sent := p.invitations(jane); sent != 1 {
		t.Errorf("%d invitations were sent, want 1", sent)
	}
	p.must(p.stage.close())
	p.grantedOnce(2)
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"partnerbot/bot"
)

// several opens the form for several guests and fills in all but who they are.
func (p *play) several(decision string) {
	p.t.Helper()
	p.starts(ann)
	p.must(p.world.As(ann).ClickViewText(p.t.Context(), "Several guests"))
	p.must(p.field(p.t.Context(), ann, "guests"))
	p.must(p.fillIn(p.t.Context(), ann, [2]string{"access", "Project Falcon"}, [2]string{"for", "30 days"}, [2]string{"each", decision}, [2]string{"reason", "kick-off"}))
}

// guestsIn counts the guests of Acme who are in exactly these groups.
func (p *play) guestsIn(groups ...string) int {
	n := 0
	for _, g := range p.world.Tenant().Guests() {
		if strings.HasSuffix(g.Mail, "@acme.example") && slices.Equal(g.Groups, groups) {
			n++
		}
	}
	return n
}

// TestFiftyGuestsByOneDecision, each of whom goes on by themselves; and all of them
// lose it by one Revoke.
func TestFiftyGuestsByOneDecision(t *testing.T) {
	t.Parallel()
	p := newFreePlay(t, "socket", true)
	const all = 50
	var list strings.Builder
	for i := range all {
		fmt.Fprintf(&list, "guest%d@acme.example, Guest %d, Acme\n", i, i)
	}
	p.several("One decision for all")
	p.must(p.world.As(ann).Type(t.Context(), "guests", list.String()))
	p.shown(ann, "50 guests read", "acme.example 50")
	p.must(p.world.As(ann).Submit(t.Context()))
	p.shown(ann, "Sent: INV-1, one decision for 50 guests")
	p.must(p.world.As(ann).CloseView(t.Context()))
	p.clicks(sam, falconSponsors, "Approve", "INV-1", "50 guests", "Guest 0")
	p.hurry(func() bool { return p.guestsIn("Project Falcon") == all })
	p.hurry(func() bool { return p.message(sam, falconSponsors, "INV-1", "50 waiting to join").TS != "" })
	if n := len(p.world.Messages(falconSponsors)); n != 1 {
		t.Errorf("%d messages in the sponsors' channel, want the one card", n)
	}
	p.says(olga, "Revoke", "The launch is off", "INV-1")
	p.hurry(func() bool { return p.guestsIn() == all })
	p.sees(ann, p.dm(ann), "INV-1", "Revoked")
}

// TestEachGuestByItself: whoever is asked in already stays on the list, and the
// others are asked in.
func TestEachGuestByItself(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "http")
	p.asks(ann, jane, "Project Falcon", "30 days", "first")
	p.several("Each by itself")
	p.must(p.world.As(ann).Type(t.Context(), "guests", "a@acme.example, Al\njane@acme.example, Jane\nb@acme.example, Bo\n"))
	_ = p.world.As(ann).Submit(t.Context()) // its error is the one under the list
	v := p.shown(ann, "Sent: 2 requests", "jane@acme.example")
	if got := strings.TrimSpace(v.Field("guests")); got != "jane@acme.example, Jane" {
		t.Errorf("the list holds %q", got)
	}
	for _, guest := range []string{"a@acme.example", "b@acme.example"} {
		p.sees(sam, falconSponsors, guest, "[Approve]")
	}
	p.must(p.presses(sam, "INV-2", "Approve"))
	p.eventually("one of them in the group", func() bool { return p.guestsIn("Project Falcon") == 1 })
}

// TestAListInAFile is read, and what is wrong in it is named with its line.
func TestAListInAFile(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.several("One decision for all")
	attach := func(text string) {
		p.must(p.world.As(ann).Attach("file", "guests.csv", []byte(text)))
		_ = p.world.As(ann).Submit(t.Context()) // its error says that the file is read
	}
	attach("E-mail;Name;Company\na@acme.example;Al Fa;Acme\nnobody;No Body;\n")
	p.shown(ann, "Line 3", "nobody")
	p.must(p.world.As(ann).Fill("guests", "a@acme.example, Al Fa, Acme\nb@acme.example, Bo Ra, Acme"))
	p.eventually("the list to be taken", func() bool { return p.world.As(ann).Submit(t.Context()) == nil }) // not before the file is put away
	p.shown(ann, "Sent: INV-1, one decision for 2 guests")
	p.must(p.world.As(ann).CloseView(t.Context()))
	p.sees(sam, falconSponsors, "INV-1", "Al Fa", "Bo Ra", "[Approve]")

	p.several("Each by itself")
	attach("email,name\nc@acme.example,Ce\nd@acme.example,De\n")
	p.shown(ann, "Sent: 2 requests")
	p.sees(sam, falconSponsors, "c@acme.example", "[Approve]")
	p.sees(sam, falconSponsors, "d@acme.example", "[Approve]")
}

// TestSeveralAddressesInOneCommand open the form for several.
func TestSeveralAddressesInOneCommand(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.must(p.world.As(ann).Slash(t.Context(), general, "/invite-partner a@acme.example b@acme.example kick-off"))
	v := p.shown(ann, "2 guests read")
	if v.CallbackID != bot.CallbackSeveral || v.Field("reason") != "kick-off" {
		t.Errorf("it is the form %s with the reason %q", v.CallbackID, v.Field("reason"))
	}
}

// TestThePolicyIsReadAgain when its file has changed; a broken edit changes nothing
// but that the admins are told, until it is mended.
func TestThePolicyIsReadAgain(t *testing.T) {
	t.Parallel()
	var text atomic.Value
	text.Store(demoConfig)
	look := make(chan time.Time)
	p := newPlayOf(t, "socket", func(s *setting) {
		s.policy, s.look = func() string { return text.Load().(string) }, look
	})
	edit := func(was, is string) {
		text.Store(strings.Replace(demoConfig, was, is, 1))
		for range 3 { // it must look the same twice
			look <- time.Now()
		}
	}
	edit("durations: [30d, 90d]", "durations: [30d, 90d, 180")
	p.sees(ada, p.dm(ada), "The configuration has mistakes")
	p.asks(ann, mia, "Project Falcon", "90 days", "as before")
	p.sees(sam, falconSponsors, "INV-1", "90 days", "[Approve]")

	edit("durations: [30d, 90d]", "durations: [30d, 60d]")
	p.sees(ada, p.dm(ada), "Over: The configuration has mistakes")
	p.asks(ann, jane, "Project Falcon", "60 days", "as it is now")
	p.sees(sam, falconSponsors, "INV-2", "60 days", "[Approve]")
}

// TestTheLoserOfARace is told in private who was first.
func TestTheLoserOfARace(t *testing.T) {
	t.Parallel()
	for _, button := range []string{"Approve", "I'm on it", "Deny"} {
		t.Run(button, func(t *testing.T) {
			p := newPlay(t, "socket")
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			p.sees(sam, falconSponsors, "INV-1", "Entra has", "[Approve]")
			p.frozen(func() { // so Olga still sees the buttons
				p.must(p.presses(sam, "INV-1", "Approve"))
				p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
				p.must(p.presses(olga, "INV-1", button))
			})
			p.isTold(olga, falconSponsors, "INV-1", "Sam")
			if p.world.As(olga).View() != nil {
				t.Error("Olga has a form for what is decided")
			}
		})
	}
}

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// both takes a picture on a desk and on a phone.
func (b *tab) both(name string) {
	b.t.Helper()
	b.shot(name)
	b.size(390, 844)
	b.be(b.who, b.where)
	b.shot(name + "-phone")
	b.size(1440, 900)
}

// TestBrowserDecide looks at everything that helps to decide: what the form says
// early, a card with its warnings, a difference, Undo, a lost race, several guests.
func TestBrowserDecide(t *testing.T) {
	p := newHeldPlay(t, "socket")
	b := newTab(t, p.world.URL())
	b.foresees(p)
	b.weighs(p)
	b.races(p)
	b.multiplies(p)
	b.hands(p)
}

// foresees types into the form and reads what it says early.
func (b *tab) foresees(p *play) {
	b.be(ann, general)
	b.typeInto("composer", "/invite-partner")
	b.click("send")
	b.do("the form", chromedp.WaitVisible(byID("modal")))
	b.typeInto("field-name", "Jane Doe")
	b.choose("field-access", "Project Falcon")
	b.choose("field-for", "90 days")
	for _, typed := range [][3]string{
		{"good", jane, "Known partner: Acme Corporation"},
		{"look-alike", zoe, "only looks like"},
		{"refused", "eve@rival.example", "rival.example"},
	} {
		b.typeInto("field-email", typed[1])
		b.reads(`[data-testid="modal"]`, typed[2])
		b.becomes(`document.querySelector('[data-testid="field-name"]').value === "Jane Doe"`)
		b.both("preflight-" + typed[0])
	}
	p.must(p.world.As(ann).CloseView(b.t.Context()))
}

// weighs looks at a card with all that speaks against a guest, and changes it.
func (b *tab) weighs(p *play) {
	p.asks(ann, zoe, "Project Falcon", "30 days", "She is to look at the drawings of the first stage with us, before the launch in spring.")
	p.must(p.denies(sam, "That is not Globex"))
	p.starts(ann, [][2]string{
		{"email", "zack@gl0bex.example"},
		{"name", "Zack Miller"},
		{"company", "Globex"},
		{"access", "Atlas data room"},
		{"for", "30 days"},
		{"question part", "South wing"},
		{"question nda", "Not yet"},
		{"reason", "He does the electrical plans and needs the drawings."},
	}...)
	p.sends(ann)
	card := p.sees(ben, p.dm(ben), "INV-2", "2 more facts", "[Change]")
	b.be(ben, p.dm(ben))
	b.do("the card", chromedp.WaitVisible(byID("message-"+card.TS)))
	b.both("card-warnings")
	if lines := strings.Count(card.Plain(), "\n") + 1; lines > 12 {
		b.t.Errorf("the card has %d lines:\n%s", lines, card.Plain())
	}
	p.opens(ben, p.dm(ben), "More", "INV-2")
	b.be(ben, p.dm(ben))
	b.do("all that is known", chromedp.WaitVisible(byID("modal")))
	b.both("card-more")
	p.must(p.world.As(ben).CloseView(b.t.Context()))
	p.opens(ben, p.dm(ben), "Change", "INV-2")
	p.must(p.world.As(ben).Fill("for", "1 day"))
	p.must(p.world.As(ben).Untick(b.t.Context(), "grants", "Contracts"))
	b.be(ben, p.dm(ben))
	b.do("the form", chromedp.WaitVisible(byID("modal")))
	b.both("change-form")
	p.sends(ben)
	p.sees(ben, p.dm(ben), "INV-2", "Changed by")
	b.be(ben, p.dm(ben))
	b.reads("main", "Changed by")
	b.both("difference")
	b.be(ann, p.dm(ann))
	b.reads("main", "INV-2")
	b.both("requester-changed")
}

// races lets Olga lose to Sam, and looks at what can be undone.
func (b *tab) races(p *play) {
	p.asks(ann, jane, "Project Falcon", "30 days", "Kick-off on Friday")
	p.sees(sam, falconSponsors, "INV-3", "Entra has", "[Approve]")
	p.frozen(func() { // so Olga still sees the buttons
		p.must(p.presses(sam, "INV-3", "Approve"))
		p.must(p.presses(olga, "INV-3", "Approve"))
		p.isTold(olga, falconSponsors, "INV-3", "Sam")
		b.be(olga, falconSponsors)
		b.reads("main", "Only visible to you")
		b.both("race-loser")
	})
	p.sees(sam, falconSponsors, "INV-3", "leaves at", "[Undo]")
	b.be(sam, falconSponsors)
	b.reads("main", "Undo")
	b.both("undo")
	p.clock.forward(undoHeld + time.Second)
	p.sees(sam, falconSponsors, "INV-3", "[Revoke]")
	b.be(sam, falconSponsors)
	b.reads("main", "Revoke")
	b.shot("revoke")
}

// multiplies asks for several guests, one of whom is written wrongly.
func (b *tab) multiplies(p *play) {
	p.several("One decision for all")
	p.must(p.world.As(ann).Type(b.t.Context(), "guests", "mia@acme.example, Mia Keller, Acme\nnobody, No Body\ntom@acme.example, Tom Ray, Acme\numa@globex.example, Uma Day, Globex\n"))
	p.shown(ann, "3 guests read", "Line 2")
	b.be(ann, general)
	b.do("the form", chromedp.WaitVisible(byID("modal")))
	b.both("several")
	p.must(p.world.As(ann).Fill("guests", "mia@acme.example, Mia Keller, Acme\ntom@acme.example, Tom Ray, Acme\numa@globex.example, Uma Day, Globex"))
	p.must(p.world.As(ann).Submit(b.t.Context()))
	p.shown(ann, "one decision for 3 guests")
	b.be(ann, general)
	b.shot("several-sent")
	p.must(p.world.As(ann).CloseView(b.t.Context()))
	p.sees(sam, falconSponsors, "INV-4", "3 guests", "[Approve]")
	b.be(sam, falconSponsors)
	b.reads("main", "3 guests")
	b.both("several-card")
}

// hands over to a colleague in App Home.
func (b *tab) hands(p *play) {
	until := p.clock.now().Add(7 * day).Format(time.DateOnly)
	p.must(p.world.As(sam).Slash(b.t.Context(), general, "/partner-requests delegate until "+until))
	p.form(sam)
	p.must(p.world.As(sam).Fill("to", ben))
	b.be(sam, general)
	b.do("the form", chromedp.WaitVisible(byID("modal")))
	b.shot("delegation-form")
	p.sends(sam)
	p.must(p.world.As(sam).OpenHome(b.t.Context()))
	b.be(sam, "home")
	b.reads("main", "While you are away")
	b.reads("main", "may decide where you may")
	b.both("delegation")
}

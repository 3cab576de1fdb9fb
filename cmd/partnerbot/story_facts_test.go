package main

import (
	"testing"
	"time"

	"partnerbot/sandbox"
)

// TestTheCardTellsWhoseGuestItIs, and the form before it.
func TestTheCardTellsWhoseGuestItIs(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	guests := []struct {
		email string
		says  []string
	}{
		{jane, []string{"Known partner: Acme Corporation"}},
		{mia, []string{"Look twice at guests of Globex Industries"}},
		{zoe, []string{"gl0bex.example only looks like globex.example", "letters that look alike (0 for o)"}},
		{"joe@gmail.com", []string{"Anybody can have an address at gmail.com", "free-mail adds the stage Identity"}},
		{"old@fabrikam.example", []string{"fabrikam.example is no known partner"}},
	}
	for _, g := range guests {
		p.asks(ann, g.email, "Project Falcon", "30 days", "kick-off")
		p.sees(sam, falconSponsors, append(g.says, g.email, "[Approve]")...)
	}
	p.sees(sam, falconSponsors, "old@fabrikam.example", "has a guest account here already", "[Approve]")
	p.asks(ann, "blocked@fabrikam.example", "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "blocked@fabrikam.example", "blocked from signing in")
	p.must(p.denies(sam, "No contract yet"))
	p.sees(sam, falconSponsors, "INV-1", "Denied")
	p.asks(ann, "eve@acme.example", "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "eve@acme.example", "INV-1 denied by", "Sam")
}

// TestASlowEntraDelaysNoCard: what it knows comes when it does.
func TestASlowEntraDelaysNoCard(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	const slow = 2 * time.Second
	p.world.Tenant().Fail("GET", "/users", sandbox.GraphFault{Times: 3, Delay: slow})
	began := time.Now()
	p.asks(ann, mia, "Project Falcon", "30 days", "kick-off")
	card := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	if took := time.Since(began); took >= slow || containsAll(card.Plain(), "Entra has") {
		t.Errorf("it took %s, and says %s", took, card.Plain())
	}
	p.sees(sam, falconSponsors, "INV-1", "Entra has none", "[Approve]")
}

// TestTheFormSaysEarlyWhatWillCome while somebody types.
func TestTheFormSaysEarlyWhatWillCome(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "http")
	ctx, person := t.Context(), p.world.As(ann)
	p.starts(ann, [2]string{"name", "Jane Doe"}, [2]string{"access", "Project Falcon"})
	p.must(p.field(ctx, ann, "for"))
	for _, typed := range []struct {
		address, length string
		says            []string
	}{
		{jane, "90 days", []string{"Known partner: Acme Corporation", "Who decides: @falcon-sponsors", "5 days"}},
		{zoe, "90 days", []string{"only looks like globex.example", "⛔", "Ask for 30 days or less first"}},
		{"joe@gmail.com", "30 days", []string{"Anybody can have an address", "then @it-admins"}},
		{"eve@rival.example", "30 days", []string{"⛔", "rival.example"}},
		{"ben@northwind.example", "30 days", []string{"⛔", "northwind.example"}},
	} {
		p.must(person.Pick(ctx, "for", typed.length))
		p.must(person.Type(ctx, "email", typed.address))
		v := p.shown(ann, typed.says...)
		if v.Field("name") != "Jane Doe" || v.Field("email") != typed.address || v.Field("for") != typed.length {
			t.Fatalf("the form has lost what was typed: %q, %q, %q", v.Field("name"), v.Field("email"), v.Field("for"))
		}
	}
	p.must(person.CloseView(ctx))
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.starts(ben, [2]string{"access", "Project Falcon"})
	p.must(p.world.As(ben).Type(ctx, "email", jane))
	p.shown(ben, "⛔", "INV-1", "Ask them")
	p.must(p.world.As(ben).CloseView(ctx))
	p.starts(ann, [2]string{"access", "Project Falcon"})
	p.must(person.Type(ctx, "email", jane))
	p.shown(ann, "⛔", "INV-1 is already there", "asked for by you")
}

// TestARuleRefuses with the policy's own sentence, and asks nobody.
func TestARuleRefuses(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.starts(ann, [][2]string{{"email", zoe}, {"name", "Zoe"}, {"access", "Project Falcon"}, {"for", "90 days"}, {"reason", "kick-off"}}...)
	_ = p.world.As(ann).Submit(t.Context()) // its error is the one in the form
	v := p.world.As(ann).View()
	if v == nil || !containsAll(v.Error("email")+v.Error("for"), "Ask for 30 days or less first", "risk-is-short") {
		t.Fatalf("the form says %+v", v)
	}
	p.must(p.world.As(ann).Fill("for", "30 days"))
	p.sends(ann)
	p.sees(sam, falconSponsors, "INV-1", zoe, "[Approve]")
}

// TestARuleApproves where the policy says so in as many words: nobody is asked.
func TestARuleApproves(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.starts(ann, [][2]string{{"email", jane}, {"name", "Jane"}, {"access", "Atlas data room"}, {"for", "1 day"}, {"question part", "South wing"}, {"reason", "a visit"}}...)
	p.sends(ann)
	p.eventually("the guest in the groups", p.inGroup(jane, "Project Falcon", "Project Heron"))
	p.sees(ann, p.dm(ann), "INV-1", "Granted")
	if n := len(p.world.As(ben).DirectMessages()); n > 0 {
		t.Errorf("Ben got %d messages", n)
	}
	p.clock.forward(25 * hour)
	p.eventually("the guest out of the groups", p.inGroup(jane))
}

// TestARuleAddsAStage of direct messages to those who check who somebody is.
func TestARuleAddsAStage(t *testing.T) {
	t.Parallel()
	const joe = "joe@gmail.com"
	p := newPlay(t, "socket")
	p.asks(ann, joe, "Project Falcon", "30 days", "kick-off")
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.sees(sam, falconSponsors, "INV-1", "Approved here, now with Identity")
	if n := p.invitations(joe); n > 0 {
		t.Fatalf("%d invitations left before the last stage", n)
	}
	p.clicks(ada, p.dm(ada), "Approve", "INV-1", "Identity")
	p.eventually("the guest in the group", p.inGroup(joe, "Project Falcon"))
	p.sees(ada, p.dm(ada), "INV-1", "Ada", "[Revoke]")
}

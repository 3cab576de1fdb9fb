package main

import (
	"slices"
	"testing"
	"time"
)

// TestAQuestionIsAnswered on the card, and until then no time runs.
func TestAQuestionIsAnswered(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlay(t, mode)
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			p.says(sam, "Ask", "Does she need the drawings, too?", "INV-1")
			p.sees(olga, falconSponsors, "INV-1", "Does she need the drawings, too?", "[Approve]")
			p.reads(ann, p.dm(ann), "Sam", "has a question")
			p.clock.forward(10 * day) // the stage had five
			form := p.opens(ann, p.dm(ann), "Answer", "INV-1", "Does she need the drawings, too?")
			if !containsAll(form.Text, "Does she need the drawings, too?") {
				t.Errorf("the form asks %q", form.Text)
			}
			p.must(p.world.As(ann).Fill("answer", "Only those of the first stage"))
			p.sends(ann)
			p.sees(sam, falconSponsors, "INV-1", "Only those of the first stage", "[Approve]")
			p.reads(sam, falconSponsors, "Sam", "answered your question", "INV-1")
			p.clock.forward(4 * day) // of the five
			p.must(p.presses(sam, "INV-1", "Approve"))
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
		})
	}
}

// TestAQuestionIsAskedOnce at a time.
func TestAQuestionIsAskedOnce(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.says(sam, "Ask", "Why her?", "INV-1")
	if card := p.sees(olga, falconSponsors, "INV-1", "Why her?", "[Approve]"); slices.Contains(card.Buttons(), "Ask") {
		t.Errorf("Olga can ask meanwhile: %q", card.Buttons())
	}
}

// TestANudge reminds the approvers, now and then.
func TestANudge(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	nudge := func() { p.clicks(ann, p.dm(ann), "Remind the approvers", "INV-1") }
	nudge()
	p.reads(sam, falconSponsors, "asks you to look at INV-1")
	nudge()
	p.isTold(ann, p.dm(ann), "asked a moment ago")
	for n := 2; n <= 3; n++ {
		p.clock.forward(5 * time.Hour)
		nudge()
		p.eventually("another nudge", func() bool { return p.count(sam, falconSponsors, "asks you to look at INV-1") == n })
	}
	p.eventually("the button to vanish with the last one", func() bool {
		return !slices.Contains(p.message(ann, p.dm(ann), "INV-1 ").Buttons(), "Remind the approvers")
	})
	if n := p.count(sam, falconSponsors, "asks you to look"); n != 3 {
		t.Errorf("the approvers were asked %d times", n)
	}
}

package main

import (
	"testing"
	"time"
)

// atlas asks for the data room until a day, with an answer to its question.
func (p *play) atlas(until time.Time) {
	p.t.Helper()
	p.starts(ann, [2]string{"email", jane}, [2]string{"name", "Jane Doe"}, [2]string{"reason", "the drawings"}, [2]string{"access", "Atlas data room"})
	p.must(p.field(p.t.Context(), ann, "for"))
	p.must(p.world.As(ann).Pick(p.t.Context(), "for", "Until a date…"))
	p.must(p.fillIn(p.t.Context(), ann, [2]string{"ends", until.Format(time.DateOnly)}, [2]string{"question part", "South wing"}, [2]string{"question nda", "Not yet"}))
	p.sends(ann)
}

// TestTheManagerChoosesWhoDecidesNext: the questions of the access are answered on
// the card, less is given than was asked for, and it ends on the day that was chosen.
func TestTheManagerChoosesWhoDecidesNext(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlay(t, mode)
			ends := p.clock.now().Add(100 * day)
			p.atlas(ends)
			p.sees(ben, p.dm(ben), "INV-1", "Which part of the building?", "South wing", "Not yet", "Drawings and Contracts", "as the manager of")
			p.opens(ben, p.dm(ben), "Approve…", "INV-1")
			p.must(p.world.As(ben).Fill("choose", ann))
			p.must(p.world.As(ben).Submit(t.Context()))
			p.isTold(ben, p.dm(ben), "cannot decide INV-1")
			p.opens(ben, p.dm(ben), "Approve…", "INV-1")
			p.must(p.world.As(ben).Fill("choose", sam))
			p.sends(ben)

			p.opens(sam, p.dm(sam), "Change", "INV-1", "chosen by", "Ben")
			p.must(p.world.As(sam).Untick(t.Context(), "grants", "Contracts"))
			p.must(p.world.As(sam).Tick(t.Context(), "also", "Approve it with this change"))
			p.sends(sam)
			p.eventually("the guest in one group", p.inGroup(jane, "Project Falcon"))
			p.reads(ann, p.dm(ann), "for less than you asked", "without Contracts")
			p.clock.forward(ends.Sub(p.clock.now()) + day)
			p.eventually("the guest out of the group", p.inGroup(jane))
		})
	}
}

// TestWithoutAManager the admins decide, as the stage says.
func TestWithoutAManager(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.must(p.world.Tenant().SetManager("ann@northwind.example", ""))
	p.atlas(p.clock.now().Add(100 * day))
	p.clock.forward(2 * hour)
	p.sees(ada, p.dm(ada), "INV-1", "[Approve…]")
	p.opens(ada, p.dm(ada), "Approve…", "INV-1")
	p.must(p.world.As(ada).Fill("choose", sam))
	p.sends(ada)
	p.clicks(sam, p.dm(sam), "Approve", "INV-1")
	p.eventually("the guest in the groups", p.inGroup(jane, "Project Falcon", "Project Heron"))
}

// TestARequiredQuestionIsAnswered before anything is sent.
func TestARequiredQuestionIsAnswered(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "socket")
	p.starts(ann, [][2]string{{"email", jane}, {"name", "Jane"}, {"access", "Atlas data room"}, {"for", "Without an end"}, {"reason", "the drawings"}}...)
	_ = p.world.As(ann).Submit(t.Context()) // its error is the one under the field
	v := p.world.As(ann).View()
	if v == nil || v.Error("question part") == "" {
		t.Fatalf("the form says %+v", v)
	}
	p.must(p.world.As(ann).Fill("question part", "South wing"))
	p.sends(ann)
	p.sees(ben, p.dm(ben), "INV-1", "South wing", "without an end")
}

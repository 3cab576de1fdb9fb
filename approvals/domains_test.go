package approvals

import (
	"slices"
	"testing"
	"time"
)

// TestWhatIsKnownOfADomainIsOfWhenTheStageBegan: what happened since the plan was
// made is on the card of the next stage, and in More at once.
func TestWhatIsKnownOfADomainIsOfWhenTheStageBegan(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		other := w.submit("harbor")
		then := r.Facts.Here
		w.start()
		w.press(other, "sam", Deny)
		w.until(other.ID, Denied)
		denied := DomainCount{Before: 1, Last: []Decision{{ID: other.ID, State: Denied, By: id("sam"), At: w.get(other.ID).Closed.At}}}
		if is := w.get(r.ID).Facts.Here; !is.equal(then) {
			t.Errorf("in the stage: %+v", is)
		}
		told, _, err := w.service.Story(w.Context(), r.ID, id("sam"))
		if err != nil || !told.Facts.Here.equal(denied) || told.Version != w.get(r.ID).Version {
			t.Errorf("told: %+v, %v", told.Facts.Here, err)
		}
		w.press(r, "sam", Approve)
		w.pass(time.Second)
		is := w.get(r.ID)
		if is.Stage != 1 || !is.Facts.Here.equal(denied) || shows(is) != is.Version {
			t.Errorf("in the next stage: %+v", is.Facts.Here)
		}
		if events := w.events(r.ID); !slices.Contains(events, "domains counted") {
			t.Errorf("the trail says %v", events)
		}
	})
}

// TestCountsOfDomains change what follows from them, and no request that is decided.
func TestCountsOfDomains(t *testing.T) {
	here := func(c DomainCount) act { return does(just(DomainsCounted{map[string]DomainCount{"acme.example": c}})) }
	told := DomainCount{Live: 1, Last: []Decision{{ID: "INV-9", State: Active, At: nine}}}
	s := scened(t, falcon(), func(s *scene) {
		s.r.FactsOf = []Facts{{Domain: "beta.example", Risk: RiskMedium}, {Domain: "acme.example", Risk: RiskHigh}}
		s.r.Facts = s.r.FactsOf[1]
	}, here(told))
	if s.wants(Pending, nil); s.r.Facts.Domain != "beta.example" || s.r.FactsOf[1].Risk != RiskLow || !s.r.FactsOf[1].Here.equal(told) {
		t.Errorf("%+v of %+v", s.r.Facts, s.r.FactsOf)
	}
	s.plays(here(told))
	s.wants(Pending, ErrNotDue)
	scened(t, falcon(), acts(no("sam")), func(s *scene) { s.r.Facts.Domain = "acme.example" }, here(told)).wants(Denied, ErrNotDue)
}

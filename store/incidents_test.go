package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
)

func testIncident(t *testing.T, open opener) {
	s := open(t)
	want := approvals.Incident{
		Key: approvals.WideToken, Since: nine, Over: nine.Add(1), Version: 3, Told: 2, Telling: nine.Add(2),
		Trouble: approvals.Trouble{Kind: approvals.Refused, Doing: "asking", Code: "c", Text: "t <b>", Wide: approvals.WideToken},
		Shown:   []approvals.Posted{{Channel: "D1", TS: "1.2", Version: 2}}, Tried: map[string]time.Time{"incident U1": nine},
	}
	keep := func(key string, is approvals.Incident) {
		got, err := s.Incident(t.Context(), key, func(approvals.Incident) (approvals.Incident, error) { return is, nil })
		must(t, err)
		equal(t, "what is returned", got, is)
	}
	keep(want.Key, want)
	channel := approvals.Incident{Key: approvals.WideChannel + "C1", Version: 1}
	keep(channel.Key, channel)
	for range 2 {
		all, err := s.Incidents(t.Context())
		must(t, err)
		equal(t, "by key", all, []approvals.Incident{want, channel})
		_, err = s.Incident(t.Context(), want.Key, func(was approvals.Incident) (approvals.Incident, error) {
			equal(t, "what is kept", was, want)
			return was, nil
		})
		must(t, err)
		s = open(t)
	}
	keep(want.Key, approvals.Incident{})
	_, err := s.Incident(t.Context(), want.Key, func(was approvals.Incident) (approvals.Incident, error) {
		equal(t, "what was forgotten", was, approvals.Incident{Key: want.Key})
		return approvals.Incident{}, nil
	})
	must(t, err)
	all, err := s.Incidents(t.Context())
	must(t, err)
	equal(t, "what is left", all, []approvals.Incident{channel})
}

func testIncidentRefused(t *testing.T, open opener) {
	s := open(t)
	kept := approvals.Incident{Key: approvals.WideToken, Version: 1}
	_, err := s.Incident(t.Context(), kept.Key, func(approvals.Incident) (approvals.Incident, error) { return kept, nil })
	must(t, err)
	for name, change := range map[string]func(approvals.Incident) (approvals.Incident, error){
		"a refusal":      func(i approvals.Incident) (approvals.Incident, error) { i.Version++; return i, errTest },
		"another's key":  func(approvals.Incident) (approvals.Incident, error) { return approvals.Incident{Key: "other"}, nil },
		"a panic":        func(approvals.Incident) (approvals.Incident, error) { panic("oh") },
		"a refused wipe": func(approvals.Incident) (approvals.Incident, error) { return approvals.Incident{}, errTest },
	} {
		if _, err := s.Incident(t.Context(), kept.Key, change); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	all, err := s.Incidents(t.Context())
	must(t, err)
	equal(t, "what is kept", all, []approvals.Incident{kept})
}

func testIncidentMany(t *testing.T, open opener) {
	s := open(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			_, err := s.Incident(context.Background(), approvals.WideToken, func(i approvals.Incident) (approvals.Incident, error) {
				i.Version++
				return i, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := s.Incidents(t.Context())
	must(t, err)
	equal(t, "the incidents", all, []approvals.Incident{{Key: approvals.WideToken, Version: 100}})
}

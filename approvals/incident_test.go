package approvals

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"
)

// incident is that of the archived channel.
func (w *world) incident() Incident {
	w.Helper()
	return w.incidentOf(archived)
}

func (w *world) incidentOf(key string) Incident {
	w.Helper()
	all, err := w.store.Incidents(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if i := slices.IndexFunc(all, func(i Incident) bool { return i.Key == key }); i >= 0 {
		return all[i]
	}
	return Incident{}
}

const archived = WideChannel + "C1"

// archive makes the channel of the first stage refuse every card.
func archive(w *world) {
	w.desk.fails("cards", fault{always: true, err: &Trouble{Kind: Refused, Code: "is_archived", Text: "unarchive it", Wide: archived}})
}

// TestAnIncidentOfSlackIsToldAndEndsWithTheFirstCard: by whoever posts it.
func TestAnIncidentOfSlackIsToldAndEndsWithTheFirstCard(t *testing.T) {
	story(t, func(w *world) {
		archive(w)
		w.start()
		r := w.submit("falcon")
		w.pass(time.Second)
		i := w.incident()
		if !i.lasts() || i.Trouble.Text != "unarchive it" || i.Told != i.Version || len(i.Shown) != 1 {
			t.Errorf("%+v", i)
		}
		if n := len(w.desk.calls("incident " + archived)); n != 1 {
			t.Errorf("told %d times", n)
		}
		w.pass(3 * time.Hour)
		if i := w.incident(); !i.lasts() || i.Version != 1 || time.Since(i.Seen) > 10*time.Minute {
			t.Errorf("after three hours: %+v", i)
		}
		w.stop()
		w.desk.fails("cards")
		w.start() // another process, which never met it
		w.pass(10 * time.Minute)
		if i := w.incident(); i.lasts() || i.Told != i.Version || len(w.get(r.ID).Shown.Cards) == 0 {
			t.Errorf("after the card was posted: %+v", i)
		}
		w.pass(forgottenAfter)
		if i := w.incident(); i.Key != "" {
			t.Errorf("after a day it is still kept: %+v", i)
		}
	})
}

// TestTheAdminsHearOfAStepThatIsRefusedAndTriedOn: access that cannot be taken
// back, a guest who was deleted in Entra.
func TestTheAdminsHearOfAStepThatIsRefusedAndTriedOn(t *testing.T) {
	tests := []struct {
		name, call string
		access     string
		kind       TroubleKind
		state      State
		after      time.Duration
	}{
		{"a grant that is not taken back", "takeback", "harbor", Refused, Ending, time.Hour},
		{"a guest who may not be looked at", "look", "pier", Refused, Invited, time.Minute},
		{"a guest who is unknown for long", "look", "falcon", Replicating, Invited, 3 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				w.tenant.fails(tt.call, fault{always: true, err: &Trouble{Kind: tt.kind, Code: "no", Text: "not you"}})
				r := w.submit(tt.access)
				w.approve(r)
				w.until(r.ID, tt.state)
				w.pass(tt.after)
				if i := w.incidentOf(WideStuck + string(r.ID)); !i.lasts() || i.Version != 1 || i.Told != 1 || len(i.Shown) != 1 {
					t.Errorf("%+v", i)
				}
				w.tenant.fails(tt.call)
				w.pass(time.Hour)
				if i := w.incidentOf(WideStuck + string(r.ID)); i.lasts() || i.Told != i.Version {
					t.Errorf("afterwards %+v", i)
				}
			})
		})
	}
}

// TestTroubleOfSlackThatNobodyMeetsAnyMoreIsOver: the channel may be in no policy by now.
func TestTroubleOfSlackThatNobodyMeetsAnyMoreIsOver(t *testing.T) {
	story(t, func(w *world) {
		archive(w)
		w.start()
		r := w.submit("falcon")
		w.pass(time.Minute)
		w.store.forget(r.ID)
		w.pass(quietFor - 2*time.Minute)
		if i := w.incident(); !i.lasts() {
			t.Errorf("over too soon: %+v", i)
		}
		w.pass(3 * time.Minute)
		if i := w.incident(); i.lasts() || i.Told != i.Version {
			t.Errorf("%+v", i)
		}
	})
}

// TestSeveralReplicasTellAnIncidentOnce: also where telling takes its time.
func TestSeveralReplicasTellAnIncidentOnce(t *testing.T) {
	story(t, func(w *world) {
		archive(w)
		w.desk.fails("incident", fault{always: true, during: func(context.Context) { <-time.After(20 * time.Second) }})
		w.start()
		stop := w.stop
		w.start()
		w.submit("falcon")
		w.pass(5 * time.Minute)
		if n := len(w.desk.calls("incident")); n != 1 {
			t.Errorf("told %d times", n)
		}
		w.stop()
		stop()
	})
}

// TestAnIncidentOfAReplicaInAnotherPlaceIsToldOnce: a store gives back the time,
// and not the place in which it was told.
func TestAnIncidentOfAReplicaInAnotherPlaceIsToldOnce(t *testing.T) {
	story(t, func(w *world) {
		since := time.Now().In(time.FixedZone("IST", 19800))
		keep := func(i Incident) (Incident, error) {
			i.Since, i.Seen, i.Version, i.Trouble = since, since, 1, Trouble{Code: "is_archived", Wide: archived}
			return i, nil
		}
		if _, err := w.store.Incident(w.Context(), archived, keep); err != nil {
			w.Fatal(err)
		}
		w.desk.fails("incident", fault{during: func(ctx context.Context) {
			_, _ = w.store.Incident(ctx, archived, func(i Incident) (Incident, error) {
				i.Since = i.Since.UTC() // read anew
				return i, nil
			})
		}})
		w.start()
		w.pass(5 * time.Minute)
		if i := w.incident(); i.Told != 1 || len(w.desk.calls("incident")) != 1 {
			t.Errorf("told %d times, kept as told is %d", len(w.desk.calls("incident")), i.Told)
		}
	})
}

// TestAnotherIncidentThatBeganMeanwhileIsTold: while the admins were told of the
// one before it.
func TestAnotherIncidentThatBeganMeanwhileIsTold(t *testing.T) {
	story(t, func(w *world) {
		keep := func(since time.Time) {
			_, err := w.store.Incident(w.Context(), archived, func(Incident) (Incident, error) {
				return Incident{Key: archived, Since: since, Seen: since, Version: 1, Trouble: Trouble{Code: "is_archived", Wide: archived}}, nil
			})
			if err != nil {
				w.Error(err)
			}
		}
		keep(time.Now().UTC())
		w.desk.fails("incident", fault{during: func(context.Context) { keep(time.Now().UTC().Add(time.Millisecond)) }})
		w.start()
		w.pass(5 * time.Minute)
		if i := w.incident(); i.Told != 1 || len(w.desk.calls("incident")) != 2 {
			t.Errorf("told %d times, kept as told is %d", len(w.desk.calls("incident")), i.Told)
		}
	})
}

// TestIncidentsAreKeptInUTC: whatever place the process is in.
func TestIncidentsAreKeptInUTC(t *testing.T) {
	story(t, func(w *world) {
		worker := &Worker{Store: w.store, Desk: w.desk, Now: func() time.Time { return time.Now().In(time.FixedZone("IST", 19800)) }, Log: slog.New(slog.DiscardHandler)}
		worker.raise(w.Context(), Trouble{Code: "is_archived", Wide: archived})
		if _, err := worker.noteIncident(archived)(w.Context(), "incident ada"); err != nil {
			w.Fatal(err)
		}
		i := w.incident()
		worker.over(w.Context(), archived, time.Now())
		for name, at := range map[string]time.Time{
			"since": i.Since, "seen": i.Seen, "telling": i.Telling, "tried": i.Tried["incident ada"], "over": w.incident().Over,
		} {
			if at.IsZero() || at.Location() != time.UTC {
				t.Errorf("%s is %v", name, at)
			}
		}
	})
}

// TestAnIncidentThatCannotBeToldIsToldLater: once a minute, not more.
func TestAnIncidentThatCannotBeToldIsToldLater(t *testing.T) {
	story(t, func(w *world) {
		archive(w)
		w.desk.fails("incident", fault{err: errors.New("eof")}, fault{err: errors.New("eof")})
		w.start()
		w.submit("falcon")
		w.pass(10 * time.Minute)
		at := times(w.desk.calls("incident"))
		if len(at) != 3 || at[1].Sub(at[0]) < tellingTakes || at[1].Sub(at[0]) > tellingTakes+lookAgain {
			t.Errorf("told at %v", at)
		}
		if i := w.incident(); i.Told != i.Version {
			t.Errorf("%+v", i)
		}
	})
}

// TestANoteOfAnIncidentOutlivesTheProcess: until its message is known to be posted.
func TestANoteOfAnIncidentOutlivesTheProcess(t *testing.T) {
	story(t, func(w *world) {
		worker := &Worker{Store: w.store, Now: time.Now}
		note := worker.noteIncident(archived)
		noted := time.Now()
		for i, want := range []time.Time{{}, noted, noted} {
			if before, err := note(w.Context(), "incident ada"); err != nil || !before.Equal(want) {
				t.Errorf("note %d: written down %v before, %v", i, before, err)
			}
			w.pass(time.Minute)
		}
	})
}

func TestIncidents(t *testing.T) {
	const key = "slack scope im:write"
	off := Trouble{Code: "missing_scope", Text: "add it", After: time.Minute}
	at := func(d time.Duration) time.Time { return nine.Add(d) }
	must := func(i Incident, err error) Incident {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	first := must(Incident{Key: key}.met(off, nine))
	if first.Version != 1 || first.Since != nine || first.Trouble.After != 0 || !first.lasts() {
		t.Fatalf("%+v", first)
	}
	if _, err := first.met(off, at(time.Minute)); !isNotDue(err) {
		t.Error("the same a minute later is kept again")
	}
	if i := must(first.met(off, at(seenEvery))); i.Version != 1 || i.Seen != at(seenEvery) {
		t.Errorf("met later: %+v", i)
	}
	if i := must(first.met(Trouble{Code: "other"}, at(time.Minute))); i.Version != 2 || i.Trouble.Code != "other" || i.Since != nine {
		t.Errorf("met with another reason: %+v", i)
	}
	if _, err := first.ended(at(-time.Second), at(time.Minute)); !isNotDue(err) {
		t.Error("ended by a call that is older")
	}
	first.Shown, first.Told = []Posted{{TS: "1"}}, 1
	over := must(first.ended(at(time.Hour), at(time.Hour)))
	if over.lasts() || over.Version != 2 || !over.toTell(at(time.Hour)) {
		t.Errorf("over: %+v", over)
	}
	if _, err := over.ended(at(2*time.Hour), at(2*time.Hour)); !isNotDue(err) {
		t.Error("over twice")
	}
	if i := must(over.met(off, at(time.Hour+time.Minute))); !i.lasts() || i.Since != nine || len(i.Shown) != 1 || i.Version != 3 {
		t.Errorf("the same again at once: %+v", i)
	}
	if i := must(over.met(off, at(3*time.Hour))); !i.lasts() || i.Since != at(3*time.Hour) || len(i.Shown) != 0 || i.Version != 3 || i.Told != 0 {
		t.Errorf("another one later: %+v", i)
	}
	first.Version, first.Telling = 2, nine
	for now, want := range map[time.Duration]bool{0: false, time.Second: false, tellingTakes: true, -time.Hour: true} {
		if got := first.toTell(at(now)); got != want {
			t.Errorf("%s after somebody began to tell: %v", now, got)
		}
	}
}

// TestIncidentsAreForAdmins: nobody else hears of any.
func TestIncidentsAreForAdmins(t *testing.T) {
	story(t, func(w *world) {
		for key, over := range map[string]bool{WideToken: false, archived: true} {
			if _, err := w.store.Incident(w.Context(), key, func(i Incident) (Incident, error) {
				i, err := i.met(Trouble{}, time.Now())
				if over {
					i.Over = time.Now()
				}
				return i, err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for user, want := range map[string]int{"ada": 1, "sam": 0, "ann": 0} {
			if got, err := w.service.Incidents(w.Context(), id(user)); len(got) != want || err != nil {
				t.Errorf("%s sees %v, %v", user, got, err)
			}
		}
		w.desk.fails("person", fault{err: errors.New("down")})
		if got, err := w.service.Incidents(w.Context(), id("ada")); err == nil || got != nil {
			t.Errorf("with Slack away: %v, %v", got, err)
		}
	})
}

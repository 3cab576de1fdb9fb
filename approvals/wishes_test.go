package approvals

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// edits is ann changing her request, as the form of it is sent.
func (w *world) edits(r Request, change func(*Draft)) (Request, error) {
	return w.service.Edit(w.Context(), r.ID, r.Tag, r.Edition, draft(func(d *Draft) {
		d.Access, d.For, d.Email = r.Access.ID, r.For, "else@rival.example" // which is not read
		change(d)
	}))
}

// TestAnEditIsReadByThePolicyAnew.
func TestAnEditIsReadByThePolicyAnew(t *testing.T) {
	tests := []struct {
		name string
		mess func(*Policy)
		with func(*Draft)
		want error
	}{
		{"a shorter time", nil, func(d *Draft) { d.For = 5 * time.Minute }, nil},
		{"a longer time", nil, func(d *Draft) { d.For = 15 * time.Minute }, nil},
		{"a time that is not offered", nil, func(d *Draft) { d.For = time.Minute }, ErrForUnknown},
		{"no reason", nil, func(d *Draft) { d.Reason = "" }, ErrReasonMissing},
		{"who is no colleague any more", nil, func(d *Draft) { d.By.Guest = true }, ErrSlackGuest},
		{"another person", nil, func(d *Draft) { d.By = colleague("ben") }, ErrOnlyRequester},
		{"what a rule refuses", func(p *Policy) { p.Rules = []Rule{rule("a", refuses)} }, func(*Draft) {}, ErrByRule},
		{"what others would decide", func(p *Policy) { p.Rules = []Rule{rule("a", added("Legal"))} }, func(*Draft) {}, ErrEditStages},
		{"what nobody would decide", func(p *Policy) { p.Rules = []Rule{rule("a", lets)} }, func(*Draft) {}, ErrEditStages},
		{"what is not offered any more", func(p *Policy) { p.Accesses = p.Accesses[:1] }, func(*Draft) {}, ErrAccessUnknown},
		{"grants of today are not given to what was asked before", func(p *Policy) {
			p.Accesses[1].Grants = []Grant{{Group: "g9"}}
		}, func(d *Draft) { d.For = 5 * time.Minute }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.policy.Accesses[1].Durations = []time.Duration{10 * time.Minute, 5 * time.Minute, 15 * time.Minute}
				r := w.submit("harbor")
				w.policy.Accesses = slices.Clone(w.policy.Accesses)
				if tt.mess != nil {
					tt.mess(w.policy)
				}
				_, err := w.edits(r, tt.with)
				if !errors.Is(err, tt.want) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
				got := w.get(r.ID)
				if (got.Edition == 1) != (tt.want == nil) || got.Guest.Email != jane || !slices.Equal(got.Access.Grants, r.Access.Grants) {
					t.Errorf("edition %d for %s with %v", got.Edition, got.Guest.Email, got.Access.Grants)
				}
			})
		})
	}
}

// TestOneOfManyIsEditedAsOneOfMany: a rule about their number holds as it did when
// they were asked in, each by itself.
func TestOneOfManyIsEditedAsOneOfMany(t *testing.T) {
	tests := []struct {
		name   string
		then   Effect
		guests int
		change func(*Draft)
		want   error
	}{
		{"other words", added("Legal"), 6, func(d *Draft) { d.Reason = "workshop" }, nil},
		{"a longer time than many get", Effect{Longest: 10 * time.Minute}, 6, func(d *Draft) { d.For = 15 * time.Minute }, ErrForTooLong},
		{"a longer time of few", Effect{Longest: 10 * time.Minute}, 5, func(d *Draft) { d.For = 15 * time.Minute }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(w *world) {
				w.desk.groups["S3"] = []string{"ben"}
				w.policy.Accesses[1].Durations = []time.Duration{10 * time.Minute, 15 * time.Minute}
				w.policy.Rules = []Rule{{ID: "many", When: condition(func(c Case) bool { return c.Guests > 5 }), Then: tt.then}}
				d := Several{Draft: draft(func(d *Draft) { d.Access, d.For = "harbor", 10*time.Minute }), Guests: guests(tt.guests), Each: true}
				made, err := w.service.SubmitSeveral(w.Context(), d)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.edits(made[0], tt.change); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// TestWhatPeopleWishIsInTheTrail: who did what, with no guest in what cannot be erased.
func TestWhatPeopleWishIsInTheTrail(t *testing.T) {
	story(t, func(w *world) {
		w.policy.Limits.Hold = time.Minute
		w.policy.Accesses[0].OpenEnded = true
		w.policy.Accesses[0].Questions = []Question{{ID: "nda", Label: "NDA", Kind: AskText}}
		w.start()
		r, err := w.service.Submit(w.Context(), draft(func(d *Draft) {
			d.Name, d.Company, d.Reason, d.Answers = "Jane Doe", "Acme Ltd", "secret-1", map[string]string{"nda": "secret-2"}
		}))
		if err != nil {
			t.Fatal(err)
		}
		w.pass(time.Second)
		also := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			w.pass(time.Second)
		}
		_, err = w.edits(r, func(d *Draft) { d.Name, d.Company, d.Reason = "Jane D", "Acme Ltd", "secret-3" })
		also(err)
		w.press(r, "sam", Ask)
		w.pass(time.Second)
		asked, _ := w.get(r.ID).Asked()
		_, err = w.service.Answer(w.Context(), r.ID, Answered{By: id("ann"), Tag: r.Tag, Asked: asked.At, Text: "secret-4"})
		also(err)
		_, err = w.service.Nudge(w.Context(), r.ID, Nudged{By: id("ann"), Tag: r.Tag})
		also(err)
		press := func(user string, v Verdict, change func(*Press)) {
			is := w.get(r.ID)
			p := Press{By: id(user), Verdict: v, Reason: "secret-5", Stage: is.Stage, Edition: is.Edition, Tag: r.Tag}
			change(&p)
			_, err := w.service.Press(w.Context(), r.ID, p)
			also(err)
		}
		none := func(*Press) {}
		press("sam", OnIt, none)
		press("sam", Narrow, func(p *Press) { p.Terms = &Terms{For: 7 * day, Grants: []Grant{{Group: "g1"}}} })
		press("sam", Approve, none)
		press("olga", Approve, none)
		press("omar", Approve, none)
		press("omar", Undo, none)
		press("omar", Approve, none)
		w.pass(2 * time.Minute)
		press("ann", Revoke, none)
		w.until(r.ID, Ended)
		told := []string{
			"opened", "edited", "pressed", "voted", "answered", "nudged", "pressed", "voted", "pressed", "voted", "pressed", "voted", "pressed", "voted",
			"pressed", "voted", "pressed", "undone", "pressed", "voted", "time passed", "invitation leaves", "guest invited", "granted", "pressed", "revoked", "taken back",
		}
		trail := slices.DeleteFunc(w.trail(r.ID), func(e Entry) bool { return e.Event == "facts found" })
		for i, e := range trail {
			if i >= len(told) || e.Event != told[i] {
				t.Errorf("entry %d is %+v", i, e)
			}
			for _, personal := range []string{"jane", "Jane", "acme", "Acme", "secret"} {
				if strings.Contains(e.Detail+e.Event, personal) {
					t.Errorf("%q is in what stays: %+v", personal, e)
				}
			}
		}
		if e := trail[9]; e.Detail != "change: edition 2: 7d: group:g1" {
			t.Errorf("the change is told as %q", e.Detail)
		}
		if _, err := Erase(w.Context(), w.store, time.Now(), jane, "root"); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Second)
		w.saysNothing(r.ID, "jane", "Jane", "acme", "Acme", "secret", "because")
	})
}

// TestTheGuestsOfSeveralAreErased from the request that they were asked in by.
func TestTheGuestsOfSeveralAreErased(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		r := w.bulk("harbor", guests(3))
		if _, err := Erase(w.Context(), w.store, time.Now(), "guest1@acme.example", "root"); !errors.Is(err, ErrGuestStays) {
			t.Errorf("while it is pending: %v", err)
		}
		w.press(r, "sam", Deny)
		w.until(r.ID, Denied)
		done, err := Erase(w.Context(), w.store, time.Now(), "guest1@acme.example", "root")
		if err != nil || len(done) != 1 {
			t.Fatalf("%v, %v", done, err)
		}
		w.pass(time.Second)
		w.saysNothing(r.ID, "guest1", "Guest 1", "because", "kick-off")
		if got := w.get(r.ID); len(got.Guests) != 3 || !got.Erased.IsZero() || got.Guests[2].Name != "Guest 2" {
			t.Errorf("the others are not there any more: %v", got.Guests)
		}
		for _, other := range []string{"Guest0@acme.example", "guest2@acme.example"} {
			if _, err := Erase(w.Context(), w.store, time.Now(), other, "root"); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(time.Second)
		w.saysNothing(r.ID, "guest0", "guest2", "Guest ", "acme")
		if got := w.get(r.ID); got.Erased.IsZero() || len(got.Guests) != 3 {
			t.Errorf("%+v", got)
		}
	})
}

package approvals

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
)

// noting is a desk that notes messages before it posts them, as Desk promises.
type noting struct {
	*desk

	before map[string]time.Time // what notes said
	fails  error                // instead of posting the second card, and after the direct message
}

func (d *noting) noted(ctx context.Context, note Note, name string) error {
	before, err := note(ctx, name)
	d.before[name] = before
	return err
}

func (d *noting) Cards(ctx context.Context, r Request, note Note) ([]Posted, error) {
	shown := make([]Posted, 2)
	copy(shown, r.Shown.Cards)
	for i, ts := range []string{"1", "2"} {
		if shown[i].TS == "" {
			if err := d.noted(ctx, note, "card "+string(rune('0'+i))); err != nil || i == 1 && d.fails != nil {
				return shown, firstError(err, d.fails)
			}
		}
		shown[i] = Posted{Channel: "C", TS: ts, Version: r.Version}
	}
	return shown, nil
}

func (d *noting) Direct(ctx context.Context, r Request, note Note) (Posted, []Said, error) {
	is := r.Shown.Direct
	if is.TS == "" {
		if err := d.noted(ctx, note, "direct"); err != nil {
			return is, nil, err
		}
	}
	is = Posted{Channel: "D", TS: "3", Version: r.Version}
	if err := d.noted(ctx, note, "said it"); err != nil || d.fails != nil {
		return is, nil, firstError(err, d.fails)
	}
	return is, []Said{{What: "it"}}, nil
}

func (d *noting) Failure(ctx context.Context, r Request, note Note) ([]Posted, error) {
	for _, name := range []string{"failure ada", "failure bob"} {
		if err := d.noted(ctx, note, name); err != nil {
			return nil, err
		}
	}
	return []Posted{{Channel: "D", TS: "4", Version: r.Version}}, d.fails
}

// notes tries each kind of message once, and returns the notes that are left.
func notes(w *world, d *noting, r Request) []string {
	w.Helper()
	worker := &Worker{Store: w.store, Desk: d, Now: time.Now}
	for _, kind := range []Work{WorkCards, WorkDirect, WorkFailure} {
		if err := worker.run(w.Context(), Owed{Kind: kind, Request: r.ID, Version: r.Version}); !errors.Is(err, d.fails) {
			w.Errorf("%s: %v", kind, err)
		}
	}
	return slices.Sorted(maps.Keys(w.get(r.ID).Shown.Tried))
}

// TestANoteLastsUntilItsMessageIsKnownToBePosted: not longer, without a new version.
func TestANoteLastsUntilItsMessageIsKnownToBePosted(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		d := &noting{desk: w.desk, before: map[string]time.Time{}, fails: errors.New("connection reset")}
		began := time.Now()
		if left, want := notes(w, d, r), []string{"card 1", "failure ada", "failure bob", "said it"}; !slices.Equal(left, want) {
			t.Errorf("after lost answers these notes are left: %v, want %v", left, want)
		}
		if len(d.before) != 6 || slices.ContainsFunc(slices.Collect(maps.Values(d.before)), func(at time.Time) bool { return !at.IsZero() }) {
			t.Errorf("the first time: %v", d.before)
		}
		w.pass(time.Minute)
		d.fails, d.before = nil, map[string]time.Time{}
		if left := notes(w, d, r); len(left) > 0 {
			t.Errorf("after all is posted: %v", left)
		}
		want := map[string]time.Time{"card 1": began, "failure ada": began, "failure bob": began, "said it": began}
		if !maps.EqualFunc(d.before, want, time.Time.Equal) {
			t.Errorf("written down before: %v, want %v", d.before, want)
		}
		if got := w.get(r.ID); got.Version != r.Version || len(got.Shown.Cards) != 2 || len(got.Shown.Said) != 1 {
			t.Errorf("version %d after %d, shown %+v", got.Version, r.Version, got.Shown)
		}
	})
}

// TestANoteOutlivesACrashBeforeItsMessageIsKept: so that it is looked for.
func TestANoteOutlivesACrashBeforeItsMessageIsKept(t *testing.T) {
	story(t, func(w *world) {
		r := w.submit("falcon")
		d := &noting{desk: w.desk, before: map[string]time.Time{}}
		w.store.fail("settle", errors.New("killed"))
		worker := &Worker{Store: w.store, Desk: d, Now: time.Now}
		for _, kind := range []Work{WorkCards, WorkDirect, WorkFailure} {
			if err := worker.run(w.Context(), Owed{Kind: kind, Request: r.ID, Version: r.Version}); err == nil {
				t.Errorf("%s is kept", kind)
			}
		}
		want := []string{"card 0", "card 1", "direct", "failure ada", "failure bob", "said it"}
		if left := slices.Sorted(maps.Keys(w.get(r.ID).Shown.Tried)); !slices.Equal(left, want) {
			t.Errorf("noted %v, want %v", left, want)
		}
	})
}

// TestACardThatWaitsForAPersonIsLookedAtAgain: soon at first, seldom later, and
// not once nobody is waited for.
func TestACardThatWaitsForAPersonIsLookedAtAgain(t *testing.T) {
	story(t, func(w *world) {
		w.nap = time.Minute
		w.policy.Accesses[0].Stages[0].Deadline = 90 * 24 * time.Hour
		w.start()
		r := w.submit("falcon")
		w.pass(60 * 24 * time.Hour)
		at := times(w.desk.calls("cards"))
		first, last := at[1].Sub(at[0]), at[len(at)-1].Sub(at[len(at)-2])
		if first < soonestCheck || first > soonestCheck+w.nap || last < latestCheck || last > latestCheck+w.nap {
			t.Errorf("looked again after %s first and %s in the end", first, last)
		}
		w.press(r, "sam", Deny)
		w.pass(time.Second)
		n := len(w.desk.calls("cards"))
		w.pass(24 * time.Hour)
		if more := len(w.desk.calls("cards")) - n; more > 0 {
			t.Errorf("after the decision the card was looked at %d times", more)
		}
	})
}

// TestAdminsSeeAFailureAndItsEnd: when it begins, and when it is over.
func TestAdminsSeeAFailureAndItsEnd(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		w.tenant.fails("find", fault{err: &Trouble{Kind: Refused}})
		r := w.submit("harbor")
		w.approve(r)
		w.until(r.ID, Failed)
		w.pass(time.Second)
		shown := w.desk.calls("failure")
		if len(shown) != 1 || shown[0].State != Failed || len(w.get(r.ID).Shown.Admins) != 1 {
			t.Errorf("shown %v, kept %v", shown, w.get(r.ID).Shown.Admins)
		}
		w.press(r, "ada", Retry)
		w.until(r.ID, Invited)
		if shown = w.desk.calls("failure"); len(shown) != 2 || shown[1].State == Failed {
			t.Errorf("after the retry: %v", shown)
		}
	})
}

// TestACardThatFailedIsTrueSoonAfterTheDecision: a request is withdrawn while its
// card is drawn, which then fails. That the card would be looked at again in ten
// minutes does not put off what the decision asks for.
func TestACardThatFailedIsTrueSoonAfterTheDecision(t *testing.T) {
	story(t, func(w *world) {
		var r Request
		w.desk.fails("cards", fault{err: &Trouble{Kind: Later}, during: func(context.Context) {
			if _, err := w.service.Withdraw(t.Context(), r.ID, Withdrawn{By: r.Requester, Tag: r.Tag}); err != nil {
				w.Error(err)
			}
		}})
		r = w.submit("falcon")
		w.store.restate(r.ID, func(q *Request) { q.Shown.Cards = []Posted{{Channel: "C1", TS: "1", Version: q.Version}} })
		w.start()
		w.pass(time.Minute)
		if r = w.get(r.ID); r.State != Cancelled || shows(r) != r.Version {
			t.Errorf("%s in version %d, and the card shows %d", r.State, r.Version, shows(r))
		}
	})
}

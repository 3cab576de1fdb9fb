package approvals

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAGuestIsErased: from every request that is over, from the trail's words and
// from what Slack shows, and nothing else is.
func TestAGuestIsErased(t *testing.T) {
	story(t, func(w *world) {
		w.start()
		ended := w.submit("harbor")
		w.approve(ended)
		w.until(ended.ID, Ended)
		denied := w.submit("pier")
		w.press(denied, "sam", Deny)
		w.until(denied.ID, Denied)
		w.tenant.fails("find", fault{err: &Trouble{Kind: Refused, Code: "no", Text: "Jane may not"}})
		failed := w.submit("pier")
		w.approve(failed)
		w.until(failed.ID, Failed)
		other := w.wished(1, "pier")[0]
		w.pass(time.Second)
		before := len(w.desk.calls(""))

		done, err := Erase(w.Context(), w.store, time.Now(), "Jane@acme.example", "root")
		if want := []RequestID{failed.ID, denied.ID, ended.ID}; !slices.Equal(done, want) || err != nil {
			t.Fatalf("erased %v, %v", done, err)
		}
		w.pass(time.Second)
		for _, rid := range done {
			r := w.get(rid)
			w.saysNothing(rid, "jane", "Jane", "because", "kick-off", "redeem")
			trail := w.trail(rid)
			if e := trail[len(trail)-1]; e.Event != "erased" || e.Detail != "root" || e.Version != r.Version || r.Erased.IsZero() {
				t.Errorf("%s: %+v, erased %v", rid, e, r.Erased)
			}
			if shows(r) != r.Version || r.Shown.Direct.Version != r.Version || r.Waits() {
				t.Errorf("Slack shows %+v of version %d", r.Shown, r.Version)
			}
			if !slices.Contains(what(w.desk.calls("")[before:]), "failure "+string(rid)) {
				t.Errorf("the admins' message about %s stays", rid)
			}
		}
		if w.get(failed.ID).Trouble.Code != "no" || w.get(other.ID).Guest.Name == "" {
			t.Error("too much was erased")
		}
		if done, err := Erase(w.Context(), w.store, time.Now(), jane, "root"); len(done) > 0 || err != nil {
			t.Errorf("erased again: %v, %v", done, err)
		}
		if _, err := w.service.Press(w.Context(), failed.ID, Press{By: id("ada"), Verdict: Retry, Tag: failed.Tag}); !errors.Is(err, ErrNotRetryable) {
			t.Errorf("a retry for nobody: %v", err)
		}
	})
}

// saysNothing looks for words in all that is kept of a request.
func (w *world) saysNothing(rid RequestID, words ...string) {
	w.Helper()
	kept, err := json.Marshal([]any{w.get(rid), w.trail(rid)})
	if err != nil {
		w.Fatal(err)
	}
	for _, personal := range words {
		if strings.Contains(string(kept), personal) {
			w.Errorf("%s still says %q:\n%s", rid, personal, kept)
		}
	}
}

// TestAGuestWhoMayBeInIsNotErased: whatever else there is of them.
func TestAGuestWhoMayBeInIsNotErased(t *testing.T) {
	tests := map[State]func(w *world, r Request){
		Pending:  func(*world, Request) {},
		Inviting: func(w *world, r Request) { w.tenant.fails("find", fault{always: true, err: errLost}); w.approve(r) },
		Invited:  func(w *world, r Request) { w.approve(r) },
		Active:   func(w *world, r Request) { w.approve(r); w.tenant.redeem() },
		Ending:   func(w *world, r Request) { w.tenant.fails("takeback", fault{always: true, err: errLost}); w.approve(r) },
		Failed: func(w *world, r Request) {
			w.tenant.fails("grant u1 group:g3", fault{always: true, err: &Trouble{Kind: Refused}})
			w.approve(r)
		},
	}
	for state, mess := range tests {
		t.Run(string(state), func(t *testing.T) {
			story(t, func(w *world) {
				w.start()
				r := w.submit("harbor")
				mess(w, r)
				w.until(r.ID, state)
				over := w.submit("pier")
				w.press(over, "sam", Deny)
				w.until(over.ID, Denied)
				done, err := Erase(w.Context(), w.store, time.Now(), jane, "root")
				refusal, ok := errors.AsType[*Refusal](err)
				if !ok || !refusal.Is(ErrGuestStays) || refusal.Args["id"] != string(r.ID) || refusal.Args["state"] != string(state) || len(done) > 0 {
					t.Errorf("erased %v, %v", done, err)
				}
				if got := w.get(over.ID); got.Guest.Email == "" {
					t.Error("a part was erased")
				}
			})
		})
	}
}

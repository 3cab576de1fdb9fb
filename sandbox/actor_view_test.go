package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack/socketmode"
)

func trigger0(t *testing.T, w *World, user string) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.triggerLocked(user, "")
}

func TestATriggerLivesThreeSecondsAndWorksOnce(t *testing.T) {
	w, c := newWorld(t)
	api := client(t, w)
	open := func(id string) string {
		_, err := api.OpenViewContext(t.Context(), id, form(""))
		return code(err)
	}
	first, second := trigger0(t, w, "U0ANN"), trigger0(t, w, "U0ANN")
	c.move(triggerLife - time.Millisecond)
	if got := open(first); got != "" {
		t.Errorf("in time: %s", got)
	}
	if got := open(first); got != "exchanged_trigger_id" {
		t.Errorf("twice: %q", got)
	}
	c.move(time.Millisecond)
	if got := open(second); got != "expired_trigger_id" {
		t.Errorf("late: %q", got)
	}
	if got := open("1.2.made-up"); got != "invalid_trigger_id" {
		t.Errorf("made up: %q", got)
	}
}

func TestViewsStackThreeDeep(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), form("")); err != nil {
		t.Fatal(err)
	}
	pushed := func() string {
		w.mu.Lock()
		id := w.triggerLocked("U0ANN", w.topLocked("U0ANN").id)
		w.mu.Unlock()
		_, err := api.PushViewContext(t.Context(), id, form(""))
		return code(err)
	}
	if got := []string{pushed(), pushed(), pushed()}; !slices.Equal(got, []string{"", "", "push_limit_reached"}) {
		t.Errorf("got %q", got)
	}
	if _, err := api.PushViewContext(t.Context(), trigger0(t, w, "U0ANN"), form("")); code(err) != "invalid_trigger_id" {
		t.Errorf("a push needs a click in a modal: %v", err)
	}
	ann := w.As("U0ANN")
	if depth := w.State("U0ANN").View["depth"]; depth != 3 {
		t.Errorf("depth %v", depth)
	}
	if err := ann.CloseView(t.Context()); err != nil {
		t.Fatal(err)
	}
	if depth := w.State("U0ANN").View["depth"]; depth != 2 {
		t.Errorf("depth %v after closing one", depth)
	}
}

func TestAnUpdateNeedsTheNewestHashIfItGivesOne(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	first, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), form("typed@acme.example"))
	if err != nil {
		t.Fatal(err)
	}
	ann := w.As("U0ANN")
	if err := ann.Fill("Why", "because"); err != nil {
		t.Fatal(err)
	}
	update := func(hash, id string) string {
		_, err := api.UpdateViewContext(t.Context(), form(""), "", hash, id)
		return code(err)
	}
	if got := update(first.Hash, first.ID); got != "" {
		t.Fatal(got)
	}
	if got := ann.View().Values; str(got["why"]["v"], "value") != "because" || str(got["mail"]["v"], "value") != "typed@acme.example" {
		t.Errorf("entries are lost: %v", got)
	}
	if got := update(first.Hash, first.ID); got != "hash_conflict" {
		t.Errorf("the old hash: %q", got)
	}
	if got := update("", first.ID); got != "" {
		t.Errorf("no hash: %q", got)
	}
	if err := ann.CloseView(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := update("", first.ID); got != "not_found" {
		t.Errorf("a closed view: %q", got)
	}
}

func TestExternalIDsAreUnique(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	view := form("")
	view.ExternalID = "only-one"
	if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), view); err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0BEN"), view); code(err) != "duplicate_external_id" {
		t.Errorf("got %v", err)
	}
	if _, err := api.UpdateViewContext(t.Context(), view, "only-one", "", ""); err != nil {
		t.Errorf("updating by external ID: %v", err)
	}
}

func TestResponsesToASubmissionMoveTheStack(t *testing.T) {
	view := func(title string) map[string]any {
		b, err := json.Marshal(form(""))
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		v["title"] = map[string]any{"type": "plain_text", "text": title}
		return v
	}
	tests := []struct {
		name   string
		reply  any
		titles []string
		fails  bool
	}{
		{"nothing closes the view", nil, []string{"below"}, false},
		{"clear closes all", map[string]any{"response_action": "clear"}, nil, false},
		{"update replaces it", map[string]any{"response_action": "update", "view": view("new")}, []string{"below", "new"}, false},
		{"push puts one on top", map[string]any{"response_action": "push", "view": view("new")}, []string{"below", "top", "new"}, false},
		{"a view that breaks a limit", map[string]any{"response_action": "push", "view": view(strings.Repeat("x", 25))}, []string{"below", "top"}, true},
		{"errors for no input", map[string]any{"response_action": "errors", "errors": map[string]string{"nowhere": "x"}}, []string{"below", "top"}, true},
		{"errors without any", map[string]any{"response_action": "errors"}, []string{"below", "top"}, true},
		{"an unknown action", map[string]any{"response_action": "dance"}, []string{"below", "top"}, true},
		{"a body of another kind", map[string]any{"ok": true}, []string{"below", "top"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t)
			connect(t, w, func(socketmode.Event) any { return tt.reply })
			w.mu.Lock()
			w.openLocked("U0ANN", view("below"))
			w.pushLocked("U0ANN", view("top"))
			w.mu.Unlock()
			ann := w.As("U0ANN")
			for _, fill := range [][2]string{{"mail", "jane@acme.example"}, {"access", "falcon"}} {
				if err := ann.Fill(fill[0], fill[1]); err != nil {
					t.Fatal(err)
				}
			}
			if err := ann.Submit(t.Context()); (err != nil) != tt.fails || (ann.Notice() != "") != tt.fails {
				t.Errorf("err %v, notice %q", err, ann.Notice())
			}
			var titles []string
			w.mu.Lock()
			for _, v := range w.stacks["U0ANN"] {
				titles = append(titles, w.shownLocked(v).Title)
			}
			w.mu.Unlock()
			if diff := cmp.Diff(tt.titles, titles); diff != "" {
				t.Error(diff)
			}
		})
	}
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// TestADrawingThatHangsHoldsNobodyUp types in one form while Slack answers nothing,
// and opens another one. Once Slack answers, the newest change is drawn, and only it.
func TestADrawingThatHangsHoldsNobodyUp(t *testing.T) {
	inner := newStubSlack(t)
	first, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "views.update") {
			raw, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(raw)))
			once.Do(func() {
				close(first)
				<-free
			})
		}
		inner.ServeHTTP(w, r)
	}))
	defer srv.Close()
	o := officeAt(t, srv.URL)
	o.slack = inner
	o.cfg.Desk.render.Policy = demanding().Always
	typing := func(access string) func(context.Context) { return o.changed(t, "access", picked(access)) }
	o.after(t.Context(), typing("atlas"))
	<-first
	for range 2 * laterAtOnce {
		typing("atlas")(t.Context()) // returns, or the test hangs
	}
	typing("falcon")(t.Context())
	close(free)
	o.wg.Wait()
	var got []any
	for _, d := range o.drawings(t) {
		got = append(got, d.initial("access"))
	}
	if diff := cmp.Diff([]any{"atlas", "falcon"}, got); diff != "" {
		t.Errorf("drawn (-want +got):\n%s", diff)
	}
}

// TestWhatWasLeftToBeDrawnKeepsItsOrder: what came of a form first, then the newest change.
func TestWhatWasLeftToBeDrawnKeepsItsOrder(t *testing.T) {
	f := newForms(func() time.Time { return noon })
	var drawn []string
	make1 := func(name string, d redrawing) *redrawing {
		d.show = func(context.Context, string) (string, error) { drawn = append(drawn, name); return "h1", nil }
		return &d
	}
	running := make1("running", redrawing{change: f.touch("V7", "h0")})
	if !running.begin() {
		t.Fatal("nothing is drawn")
	}
	sent := f.touch("V7", "h0")
	for _, d := range []*redrawing{make1("older", redrawing{change: f.touch("V7", "h0")}), make1("newest", redrawing{change: f.touch("V7", "h0")}), make1("result", redrawing{change: sent, result: true})} {
		if d.begin() {
			t.Fatal("two are drawn at once")
		}
	}
	for d := running; d != nil; {
		next, err := d.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d = next
	}
	if diff := cmp.Diff([]string{"running", "result", "newest"}, drawn); diff != "" {
		t.Error(diff)
	}
	if len(f.open["V7"].before) == 0 || !f.open["V7"].drawing.IsZero() {
		t.Error("the form is still being drawn")
	}
}

// TestAChoiceThatSlackDidNotDrawIsDrawnOnceMore, unless a newer one comes or Slack
// wants to be left alone.
func TestAChoiceThatSlackDidNotDrawIsDrawnOnceMore(t *testing.T) {
	for _, tt := range []struct {
		name    string
		err     error
		insists bool
		newer   bool
		want    []string
	}{
		{"another replica drew", slack.SlackErrorResponse{Err: hashConflict}, true, false, []string{"h0", ""}},
		{"Slack hiccups", errors.New("connection reset"), true, false, []string{"h0", ""}},
		{"nothing depends on it", slack.SlackErrorResponse{Err: hashConflict}, false, false, []string{"h0"}},
		{"a newer one comes", slack.SlackErrorResponse{Err: hashConflict}, true, true, []string{"h0"}},
		{"the form is closed", slack.SlackErrorResponse{Err: "not_found"}, true, false, []string{"h0"}},
		{"too many at once", &slack.RateLimitedError{RetryAfter: time.Second}, true, false, []string{"h0"}},
	} {
		f := newForms(func() time.Time { return noon })
		var got []string
		d := &redrawing{change: f.touch("V7", "h0"), insists: tt.insists, show: func(_ context.Context, hash string) (string, error) {
			if got = append(got, hash); tt.newer {
				f.touch("V7", "h0")
			}
			return "", tt.err
		}}
		if !d.begin() {
			t.Fatal("nothing is drawn")
		}
		if _, err := d.run(t.Context()); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestADrawingThatNeverEndsIsGivenUp(t *testing.T) {
	now := noon
	f := newForms(func() time.Time { return now })
	stuck := &redrawing{change: f.touch("V7", "h0")}
	if !stuck.begin() {
		t.Fatal("nothing is drawn")
	}
	now = now.Add(drawKept)
	if next := (&redrawing{change: f.touch("V7", "h0")}); !next.begin() {
		t.Error("a form is never drawn again")
	}
}

// show draws, and then what was left to be drawn.
func show(t *testing.T, d *redrawing) {
	t.Helper()
	if !d.begin() {
		return
	}
	for d != nil {
		next, err := d.run(t.Context())
		if err != nil {
			t.Error(err)
		}
		d = next
	}
}

// TestADrawingWhoseTurnComesTooLateIsLeftOut: by then a newer change has its own.
func TestADrawingWhoseTurnComesTooLateIsLeftOut(t *testing.T) {
	f := newForms(func() time.Time { return noon })
	old := f.touch("V7", "h0")
	newer := f.touch("V7", "h0")
	var drawn []string
	draw := func(name string, d redrawing) {
		d.show = func(context.Context, string) (string, error) { drawn = append(drawn, name); return "h1", nil }
		show(t, &d)
	}
	draw("old", redrawing{change: old})
	draw("newer", redrawing{change: newer})
	draw("what is to be mended", redrawing{change: old, result: true})
	draw("newer", redrawing{change: newer})
	draw("what came of it", redrawing{change: old, result: true, last: true})
	draw("too late", redrawing{change: newer})
	draw("too late", redrawing{change: f.touch("V7", "h1")})
	if diff := cmp.Diff([]string{"newer", "what is to be mended", "newer", "what came of it"}, drawn); diff != "" {
		t.Error(diff)
	}
}

func TestFormsThatNobodyTouchesAreForgotten(t *testing.T) {
	now := noon
	f := newForms(func() time.Time { return now })
	for i := range manyForms {
		f.touch(fmt.Sprint("V", i), "")
	}
	now = now.Add(formAge + time.Minute)
	f.touch("V new", "")
	if n := len(f.open); n != 1 {
		t.Errorf("%d forms are kept", n)
	}
	for i := range manyForms + 10 {
		f.touch(fmt.Sprint("W", i), "")
	}
	if n := len(f.open); n > manyForms {
		t.Errorf("%d forms are kept", n)
	}
}

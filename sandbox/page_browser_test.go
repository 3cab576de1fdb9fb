package sandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// pageBrowserPath is the first browser of .ci/browsers that is installed.
func pageBrowserPath(t *testing.T) string {
	t.Helper()
	names, err := os.ReadFile("../.ci/browsers")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(names)) {
		if found, err := exec.LookPath(strings.TrimSpace(name)); err == nil {
			return found
		}
	}
	t.Fatal("no Chromium or Chrome is installed (Debian: apt-get install chromium)")
	return ""
}

func TestEveryBrowserOfTheListIsFound(t *testing.T) {
	for _, name := range []string{"chromium", "headless_shell", "google-chrome-stable"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want := filepath.Join(dir, name)
			if err := os.WriteFile(want, []byte("#!/bin/sh\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir)
			if got := pageBrowserPath(t); got != want {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

// pageBrowser is a tab of a headless Chromium. The test fails if there is none: nothing else can show what a page does.
func pageBrowser(t *testing.T) context.Context {
	t.Helper()
	path := pageBrowserPath(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.ExecPath(path), chromedp.Flag("disable-quic", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		leave()
		_ = chromedp.WaitClosed(ctx)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// pageDo runs steps on the page; a step that takes longer than a person would wait fails.
func pageDo(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) { //nolint:revive // t comes first in helpers
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for i, step := range steps {
		if err := chromedp.Do(ctx, step); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

// pageRead evaluates an expression on the page.
func pageRead[T any](t *testing.T, ctx context.Context, expression string) T { //nolint:revive // t comes first in helpers
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testID(id string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + id + `"]`) }

const hostile = `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`

// hostileBlocks says the hostile text in every way that blocks can say something.
func hostileBlocks() []map[string]any {
	plain := map[string]any{"type": "plain_text", "text": hostile}
	mrkdwn := map[string]any{"type": "mrkdwn", "text": hostile + " <javascript:document.title='pwned'|click> <data:text/html,x|data>"}
	options := []any{map[string]any{"value": hostile, "text": plain, "description": plain}}
	rich := []any{
		map[string]any{"type": "text", "text": hostile},
		map[string]any{"type": "link", "url": "javascript:document.title='pwned'", "text": hostile},
		map[string]any{"type": "emoji", "name": hostile},
		map[string]any{"type": "user", "user_id": hostile},
		map[string]any{"type": "date", "timestamp": 1, "format": hostile, "fallback": hostile, "url": "javascript:alert(1)"},
	}
	return []map[string]any{
		{"type": "header", "block_id": hostile, "text": plain},
		{"type": "section", "block_id": "b1", "text": mrkdwn, "fields": []any{plain, mrkdwn}, "accessory": map[string]any{
			"type": "image", "image_url": "javascript:document.title='pwned'", "alt_text": hostile,
		}},
		{"type": "context", "block_id": "b2", "elements": []any{plain, mrkdwn}},
		{"type": "rich_text", "block_id": "b3", "elements": []any{
			map[string]any{"type": "rich_text_section", "elements": rich},
			map[string]any{"type": "rich_text_preformatted", "elements": rich},
		}},
		{"type": "actions", "block_id": "b4", "elements": []any{
			map[string]any{
				"type": "button", "action_id": "go", "text": plain, "value": hostile, "url": "javascript:document.title='pwned'",
				"confirm": map[string]any{"title": plain, "text": mrkdwn, "confirm": plain, "deny": plain},
			},
			map[string]any{"type": "static_select", "action_id": "pick", "placeholder": plain, "options": options},
		}},
		{"type": "image", "block_id": "b5", "image_url": "data:text/html," + hostile, "alt_text": hostile, "title": plain},
		{"type": "input", "block_id": "b6", "label": plain, "hint": plain, "element": map[string]any{
			"type": "plain_text_input", "action_id": "v", "initial_value": hostile, "placeholder": plain,
		}},
		{"type": "input", "block_id": "b7", "label": plain, "element": map[string]any{
			"type": "checkboxes", "action_id": "v", "options": options,
		}},
	}
}

// poison puts the hostile text wherever somebody could have put it.
func poison(w *World) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.people {
		p.RealName, p.Title, p.Color = hostile+p.Name, hostile, "red;background:url(javascript:1)"
	}
	w.channels["C0FALCON"].Topic = hostile
	w.notices["U0ANN"] = hostile
	blocks := hostileBlocks()
	w.messages["C0FALCON"] = append(w.messages["C0FALCON"],
		&Message{TS: "1700000000.000100", Channel: "C0FALCON", User: "U0SAM", Text: hostile, At: w.cfg.Now()},
		&Message{TS: "1700000000.000200", Channel: "C0FALCON", User: BotUser, Text: hostile, Blocks: blocks, At: w.cfg.Now()})
	w.touchLocked()
}

// openPoisoned puts a modal that is hostile all over, errors too, in front of Ann.
func openPoisoned(w *World) {
	w.mu.Lock()
	defer w.mu.Unlock()
	plain := map[string]any{"type": "plain_text", "text": hostile}
	w.stacks["U0ANN"] = []*view{{
		id: "V1", owner: "U0ANN", root: "V1", errors: map[string]string{"b6": hostile, "b7": hostile},
		json: map[string]any{
			"type": "modal", "callback_id": hostile, "title": plain, "submit": plain, "close": plain, "blocks": hostileBlocks(),
		},
	}}
	w.touchLocked()
}

func TestHostileTextIsShownAsTextAndRunsNothing(t *testing.T) {
	w := pageWorld(t)
	poison(w)
	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0FALCON&wire=1"),
		chromedp.WaitVisible(testID("message-1700000000.000200")), chromedp.WaitVisible(testID("toast")))
	shown := pageRead[string](t, ctx, `document.querySelector('[data-testid="message-1700000000.000100"] .text').textContent`)
	if shown != hostile {
		t.Errorf("the message shows as %q", shown)
	}
	pageDo(t, ctx, chromedp.Click(testID("action-go")), chromedp.WaitVisible(testID("confirm-ok")))
	harmless(t, ctx, "a confirm dialog")
	pageDo(t, ctx, chromedp.Click(testID("confirm-cancel")), chromedp.WaitNotPresent(testID("confirm-ok")))

	openPoisoned(w)
	pageDo(t, ctx, chromedp.WaitVisible(testID("error-b6")), chromedp.WaitVisible(testID("error-b7")))
	if got := pageRead[string](t, ctx, `document.querySelector('[data-testid="error-b6"]').textContent`); got != hostile {
		t.Errorf("the error shows as %q", got)
	}
	if got := pageRead[string](t, ctx, `document.querySelector('[data-testid="field-b6"]').value`); got != hostile {
		t.Errorf("the field holds %q", got)
	}
	harmless(t, ctx, "the modal")
}

// harmless checks that nothing on the page came alive: no script, no picture, no address that runs, no policy broken.
func harmless(t *testing.T, ctx context.Context, where string) { //nolint:revive // t comes first in helpers
	t.Helper()
	if title := pageRead[string](t, ctx, "document.title"); strings.HasPrefix(title, "pwned") {
		t.Errorf("%s: a script ran", where)
	}
	for _, selector := range []string{"body script", "body img", "body iframe", "[onerror]", "[style*=url]", `a[href^="javascript:"]`, `a[href^="data:"]`} {
		if n := pageRead[int](t, ctx, "document.querySelectorAll(`"+selector+"`).length"); n != 0 {
			t.Errorf("%s: %d elements match %s", where, n, selector)
		}
	}
}

func TestARefusedFieldSaysSoInPlaceAndKeepsWhatWasTyped(t *testing.T) {
	w := pageWorld(t)
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("payload"), "acme.example") {
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"response_action":"errors","errors":{"mail":"That is our own company."}}`)
	}))
	t.Cleanup(app.Close)
	w.SetAppURL(app.URL)
	w.mu.Lock()
	plain := func(text string) map[string]any { return map[string]any{"type": "plain_text", "text": text} }
	input := func(id string) any {
		return map[string]any{"type": "input", "block_id": id, "label": plain(id), "element": map[string]any{"type": "plain_text_input", "action_id": "v"}}
	}
	w.stacks["U0ANN"] = []*view{w.newViewLocked("U0ANN", map[string]any{
		"type": "modal", "callback_id": "ask", "title": plain("Ask"), "submit": plain("Send"), "blocks": []any{input("mail"), input("why")},
	})}
	w.touchLocked()
	w.mu.Unlock()

	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0GENERAL"),
		chromedp.SendKeys(testID("field-mail"), "jane@northwind.example"), chromedp.Click(testID("modal-submit")),
		chromedp.WaitVisible(testID("error-why")), chromedp.SendKeys(testID("field-why"), "drawings"),
		chromedp.Click(testID("modal-submit")), chromedp.WaitVisible(testID("error-mail")), chromedp.WaitNotPresent(testID("error-why")),
		chromedp.WaitNotPresent(chromedp.CSS("[aria-busy]")))
	typed := pageRead[string](t, ctx, `[...document.querySelectorAll("[data-testid^=field-]")].map(f => f.value).join()`)
	if typed != "jane@northwind.example,drawings" {
		t.Errorf("the fields hold %q", typed)
	}
	if focus := pageRead[string](t, ctx, `document.activeElement.dataset.testid`); focus != "field-mail" {
		t.Errorf("the focus is on %q", focus)
	}
	if n := pageRead[int](t, ctx, `document.querySelectorAll("[data-testid=toast]").length`); n != 0 {
		t.Error("what the field says is said again in a toast")
	}
	pageDo(t, ctx, chromedp.Clear(testID("field-mail")), chromedp.SendKeys(testID("field-mail"), "jane@acme.example"),
		chromedp.Click(testID("modal-submit")), chromedp.WaitNotPresent(testID("modal")))
}

func TestTypingSurvivesWhatOthersDo(t *testing.T) {
	w := pageWorld(t)
	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0GENERAL"),
		chromedp.WaitVisible(testID("composer")), chromedp.SendKeys(testID("composer"), "hello wrld"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-testid=composer]').setSelectionRange(7, 7)`))
	if err := w.Act(ctx, Act{As: "U0BEN", Do: "say", Channel: "C0GENERAL", Text: "me first"}); err != nil {
		t.Fatal(err)
	}
	ts := w.Messages("C0GENERAL")[0].TS
	pageDo(t, ctx, chromedp.WaitVisible(testID("message-"+ts)), chromedp.KeyEvent("o"))
	if got := pageRead[string](t, ctx, `document.activeElement.value`); got != "hello world" {
		t.Errorf("the message box holds %q", got)
	}
	pageDo(t, ctx, chromedp.KeyEvent("\r"), chromedp.WaitVisible(chromedp.CSS(`[role=log] article:nth-of-type(2)`)))
	if got := w.Messages("C0GENERAL"); len(got) != 2 || got[1].Text != "hello world" || got[1].User != "U0ANN" {
		t.Errorf("the channel holds %+v", got)
	}
}

func TestAnAppThatTakesNoMessagesHasNoMessageBox(t *testing.T) {
	w := pageWorldOf(t, Config{MessagesReadOnly: true})
	ctx := pageBrowser(t)
	dm := w.As("U0ANN").DM()
	pageDo(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(w.URL()+"/#as=U0ANN&in="+dm),
		chromedp.WaitVisible(testID("deaf")), chromedp.WaitNotPresent(testID("composer")))
	if err := w.Act(ctx, Act{As: "U0ANN", Do: "say", Channel: dm, Text: "hello"}); err == nil || len(w.Messages(dm)) > 0 {
		t.Errorf("a message was taken: %v", err)
	}
	pageDo(t, ctx, chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0GENERAL"), chromedp.Reload(), chromedp.WaitVisible(testID("composer")))
}

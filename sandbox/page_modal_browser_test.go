package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// pageShot keeps a picture in the folder that PARTNERBOT_SCREENSHOTS names, if it does.
func pageShot(t *testing.T, ctx context.Context, name string) { //nolint:revive // t comes first in helpers
	t.Helper()
	folder := os.Getenv("PARTNERBOT_SCREENSHOTS")
	if folder == "" {
		return
	}
	pageWait(t, ctx, `document.getAnimations().every(a => a.playState !== "running")`)
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600)
	}
	if err != nil {
		t.Errorf("no picture of %s: %v", name, err)
	}
}

// pageWait waits until an expression on the page is true.
func pageWait(t *testing.T, ctx context.Context, expression string) { //nolint:revive // t comes first in helpers
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		t.Fatalf("waiting for %s: %v", expression, err)
	}
}

// pageApp answers interactions in HTTP mode, and remembers them.
type pageApp struct {
	mu    sync.Mutex
	heard []map[string]any
}

func newPageApp(t *testing.T, w *World, answer func(payload map[string]any)) *pageApp {
	t.Helper()
	app := &pageApp{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var payload map[string]any
		if err := json.Unmarshal([]byte(r.FormValue("payload")), &payload); err != nil {
			t.Errorf("payload: %v", err)
		}
		app.mu.Lock()
		app.heard = append(app.heard, payload)
		app.mu.Unlock()
		answer(payload)
	}))
	t.Cleanup(server.Close)
	w.SetAppURL(server.URL)
	return app
}

func (a *pageApp) all() []map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]map[string]any{}, a.heard...)
}

// sits checks that nothing sticks out of a phone's screen.
func sits(t *testing.T, ctx context.Context) { //nolint:revive // t comes first in helpers
	t.Helper()
	const widest = `Math.max(...[...document.querySelectorAll(".dialog, .dialog *, .message, .message *")].map(e => e.getBoundingClientRect().right))`
	if right := pageRead[float64](t, ctx, widest); right > 390 {
		t.Errorf("something reaches %v of 390 pixels", right)
	}
}

func TestTypingInAModalShowsTheAnswerAndKeepsTheFocus(t *testing.T) {
	w := pageWorldOf(t, Config{Scopes: allScopes})
	api := client(t, w)
	ask := func(above ...slack.Block) slack.ModalViewRequest {
		view := talking(form(""), "mail")
		all := view.Blocks.BlockSet
		all[0], all[1] = all[1], all[0] // the focus is in the second field, where nobody puts it by chance
		view.Blocks.BlockSet = append(above, all...)
		return view
	}
	first, release := make(chan struct{}), make(chan struct{})
	app := newPageApp(t, w, func(p map[string]any) {
		typed := str(value(p, "mail"), "value")
		if typed == "jane@acme" {
			close(first)
			<-release
		}
		facts := slack.NewTextBlockObject(slack.MarkdownType, "2 guests of *"+typed+"* here, 1 active", false, false)
		of := object(p, "view")
		_, err := api.UpdateViewContext(context0(t), ask(slack.NewContextBlock("facts", facts)), "", str(of, "hash"), str(of, "id"))
		if err != nil {
			t.Error(err)
		}
	})
	opens(t, w, api, ask())
	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0GENERAL"),
		chromedp.SendKeys(testID("field-why"), "drawings"), chromedp.Focus(testID("field-mail")),
		chromedp.Evaluate[chromedp.Void](`[..."jane@acme"].forEach((c, i) => setTimeout(() => document.execCommand("insertText", false, c), 60 * i))`))
	<-first
	pageDo(t, ctx, chromedp.KeyEvent(".example"), chromedp.Evaluate[chromedp.Void](`window.typedAt = performance.now()`))
	pageWait(t, ctx, `performance.now() - typedAt > 500`) // the page would tell now, but the app has not answered
	close(release)
	pageWait(t, ctx, `document.querySelector(".is-context")?.innerText.includes("of jane@acme.example here")`)
	typed := pageRead[string](t, ctx, `["mail", "why"].map(id => document.querySelector("[data-testid=field-" + id + "]").value).join()`)
	focus := pageRead[string](t, ctx, `document.activeElement.dataset.testid`)
	if typed != "jane@acme.example,drawings" || focus != "field-mail" {
		t.Errorf("the fields hold %q, the focus is on %s", typed, focus)
	}
	heard := app.all()
	if n := len(heard); n > 5 { // two, on a machine that has nothing else to do
		t.Errorf("17 characters, the first half at the pace of a person, were told %d times", n)
	}
	if why := str(value(heard[0], "why"), "value"); why != "drawings" {
		t.Errorf("what is in the other field arrived as %q", why)
	}
	sits(t, ctx)
	pageShot(t, ctx, "typing")
}

// context0 outlives the test's steps: the app's answers belong to no one of them.
func context0(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

// everyField is a long modal with each kind of field.
const everyField = `[
	{'type':'section','text':{'type':'mrkdwn','text':'*Pre-flight*: acme.example is known'}},
	{'type':'context','elements':[{'type':'mrkdwn','text':'2 guests, 1 active, last decided on by <@U0SAM>'}]},
	{'type':'input','block_id':'until','label':{'type':'plain_text','text':'Until'},'element':{'type':'datepicker','action_id':'v'}},
	{'type':'input','block_id':'way','label':{'type':'plain_text','text':'How'},'element':{'type':'radio_buttons','action_id':'v','options':[
		{'text':{'type':'plain_text','text':'Together'},'value':'one','description':{'type':'plain_text','text':'One decision for all'}},
		{'text':{'type':'plain_text','text':'Each by itself'},'value':'each'}]}},
	{'type':'input','block_id':'terms','label':{'type':'plain_text','text':'Terms'},'element':{'type':'checkboxes','action_id':'v','options':[
		{'text':{'type':'mrkdwn','text':'*NDA* signed'},'value':'nda'},{'text':{'type':'mrkdwn','text':'*DPA* signed'},'value':'dpa'}]}},
	{'type':'input','block_id':'who','label':{'type':'plain_text','text':'Who decides for you'},'element':{'type':'users_select','action_id':'v'}},
	{'type':'input','block_id':'more','optional':true,'label':{'type':'plain_text','text':'Who else'},'element':{'type':'multi_users_select','action_id':'v'}},
	{'type':'input','block_id':'access','label':{'type':'plain_text','text':'Access'},'element':{'type':'static_select','action_id':'v','options':[
		{'text':{'type':'plain_text','text':'Project Falcon'},'value':'falcon'},{'text':{'type':'plain_text','text':'Project Heron'},'value':'heron'}]}},
	{'type':'input','block_id':'text','label':{'type':'plain_text','text':'Several'},'element':{'type':'plain_text_input','multiline':true,'action_id':'v'}},
	{'type':'input','block_id':'list','label':{'type':'plain_text','text':'A list'},'element':{'type':'file_input','action_id':'v','filetypes':['csv'],'max_files':1}},
	{'type':'actions','elements':[{'type':'button','action_id':'look','style':'primary','text':{'type':'plain_text','text':'Look again'}},
		{'type':'button','action_id':'drop','style':'danger','text':{'type':'plain_text','text':'Drop it'},'confirm':{'title':{'type':'plain_text','text':'Sure?'},
			'text':{'type':'plain_text','text':'It is gone then.'},'confirm':{'type':'plain_text','text':'Drop'},'deny':{'type':'plain_text','text':'Keep'}}}]}]`

func TestEveryKindOfFieldIsFilledInOnAPhone(t *testing.T) {
	w := pageWorldOf(t, Config{Scopes: allScopes})
	app := newPageApp(t, w, func(map[string]any) {})
	raw(t, w, everyField)
	path := filepath.Join(t.TempDir(), "guests.csv")
	if err := os.WriteFile(path, []byte(guestList), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := pageBrowser(t)
	choose := func(id, option string) chromedp.Action[chromedp.Void] {
		return chromedp.Evaluate[chromedp.Void](`(() => { const s = document.querySelector('[data-testid="` + id + `"]');
			s.value = "` + option + `"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	}
	pageDo(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0GENERAL"),
		chromedp.WaitVisible(testID("modal")))
	pageShot(t, ctx, "fields-empty")
	pageDo(t, ctx, choose("field-until", "2026-12-24"), chromedp.Click(testID("choice-each")), chromedp.Click(testID("choice-nda")),
		chromedp.Click(testID("choice-dpa")), chromedp.Click(testID("choice-nda")), choose("field-who", "U0SAM"), choose("field-access", "heron"),
		chromedp.Click(testID("choice-U0ADA")), chromedp.SendKeys(testID("field-text"), "one\ntwo"),
		chromedp.SetUploadFiles(testID("pick-list"), []string{path}), chromedp.WaitVisible(testID("file-guests.csv")),
		chromedp.WaitNotPresent(testID("pick-list")))
	pageShot(t, ctx, "fields-filled")
	scrolls := pageRead[bool](t, ctx, `(e => e.scrollHeight > e.clientHeight + 50)(document.querySelector(".dialog-body"))`)
	if shown := pageRead[bool](t, ctx, `(r => r.bottom <= innerHeight)(document.querySelector("[data-testid=modal-submit]").getBoundingClientRect())`); !shown || !scrolls {
		t.Errorf("the body scrolls: %t; its button is in sight: %t", scrolls, shown)
	}
	sits(t, ctx)
	pageDo(t, ctx, chromedp.Click(testID("action-drop")), chromedp.WaitVisible(testID("confirm-ok")))
	pageShot(t, ctx, "fields-confirm")
	pageDo(t, ctx, chromedp.Click(testID("confirm-cancel")), chromedp.WaitNotPresent(testID("confirm-ok")),
		chromedp.Click(testID("modal-submit")), chromedp.WaitNotPresent(testID("modal")))
	heard := app.all()
	sent := heard[len(heard)-1]
	if len(heard) != 1 || sent["type"] != "view_submission" {
		t.Fatalf("the app heard %v", heard)
	}
	got := map[string]any{
		"until": value(sent, "until")["selected_date"], "who": value(sent, "who")["selected_user"], "more": value(sent, "more")["selected_users"],
		"way": object(value(sent, "way"), "selected_option")["value"], "access": object(value(sent, "access"), "selected_option")["value"],
		"terms": objects(value(sent, "terms")["selected_options"])[0]["value"], "text": value(sent, "text")["value"],
		"list": objects(value(sent, "list")["files"])[0]["name"], "size": objects(value(sent, "list")["files"])[0]["size"],
	}
	want := map[string]any{
		"until": "2026-12-24", "who": "U0SAM", "more": []any{"U0ADA"}, "way": "each", "access": "heron", "terms": "dpa", "text": "one\ntwo",
		"list": "guests.csv", "size": float64(len(guestList)),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsInMessagesAndHomeTellOnce(t *testing.T) {
	w := pageWorldOf(t, Config{Scopes: allScopes})
	app := newPageApp(t, w, func(map[string]any) {})
	api := client(t, w)
	boxes := slack.NewCheckboxGroupsBlockElement("terms", option("nda", "NDA signed"), option("dpa", "DPA signed"))
	if _, _, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("b", boxes))); err != nil {
		t.Fatal(err)
	}
	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(w.URL()+"/#as=U0SAM&in=C0FALCON"),
		chromedp.Click(testID("choice-nda")), chromedp.WaitNotPresent(chromedp.CSS("[aria-busy]")))
	if err := w.Until(t.Context(), "the first tick", func() bool { return len(app.all()) == 1 }); err != nil {
		t.Fatal(err)
	}
	pageWait(t, ctx, `document.querySelector("[data-testid=choice-nda]").checked`)
	pageDo(t, ctx, chromedp.Click(testID("choice-dpa")))
	if err := w.Until(t.Context(), "the second tick", func() bool { return len(app.all()) == 2 }); err != nil {
		t.Fatal(err)
	}
	pageWait(t, ctx, `document.querySelector("[data-testid=choice-dpa]").checked`)
	pageDo(t, ctx, chromedp.WaitNotPresent(chromedp.CSS("[aria-busy]")), chromedp.Click(testID("choice-nda")))
	if err := w.Until(t.Context(), "the tick taken back", func() bool { return len(app.all()) == 3 }); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"nda", "nda,dpa", "dpa"} {
		var ticked []string
		for _, o := range objects(objects(app.all()[i]["actions"])[0]["selected_options"]) {
			ticked = append(ticked, str(o, "value"))
		}
		if got := strings.Join(ticked, ","); got != want {
			t.Errorf("ticked: %s, want %s", got, want)
		}
	}
}

func TestAThreadIsFoldedUntilSomebodyOpensIt(t *testing.T) {
	w := pageWorldOf(t, Config{Scopes: allScopes, NoRateLimits: true})
	api := client(t, w)
	ts := card(t, api, "C0FALCON")
	for _, text := range []string{"Sam is on it", "Ann answered: until May"} {
		if _, _, err := api.PostMessageContext(t.Context(), "C0FALCON", slack.MsgOptionText(text, false), slack.MsgOptionTS(ts)); err != nil {
			t.Fatal(err)
		}
	}
	reply := testID("message-" + w.Messages("C0FALCON")[2].TS)
	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(w.URL()+"/#as=U0SAM&in=C0FALCON"),
		chromedp.WaitVisible(testID("thread-"+ts)), chromedp.WaitNotPresent(reply))
	if got := pageRead[string](t, ctx, `document.querySelector("[data-testid='thread-`+ts+`']").innerText`); !strings.HasPrefix(got, "2 replies") {
		t.Errorf("it says %q", got)
	}
	pageDo(t, ctx, chromedp.Click(testID("thread-"+ts)), chromedp.WaitVisible(reply))
	pageShot(t, ctx, "thread")
	sits(t, ctx)
	pageDo(t, ctx, chromedp.Click(testID("thread-"+ts)), chromedp.WaitNotPresent(reply))
}

func TestTheClockIsMovedOnThePageIfTheWorldHasOne(t *testing.T) {
	c := NewClock(newClock().now)
	w := pageWorldOf(t, Config{Now: c.Now, Move: c.Move})
	ctx := pageBrowser(t)
	pageDo(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(w.URL()+"/#as=U0ANN&in=C0GENERAL"), chromedp.WaitVisible(testID("clock")))
	before, shown := c.Now(), pageRead[string](t, ctx, `document.querySelector("[data-testid=clock]").innerText`)
	pageShot(t, ctx, "clock")
	pageDo(t, ctx, chromedp.Click(testID("clock-86400")))
	pageWait(t, ctx, `document.querySelector("[data-testid=clock]").innerText !== "`+shown+`"`)
	if got := c.Now().Sub(before); got != 24*time.Hour {
		t.Errorf("it was moved by %v", got)
	}
	for _, seconds := range []int64{0, -1, 401 * 86400} {
		if err := w.Act(ctx, Act{As: "U0ANN", Do: "move_clock", Seconds: seconds}); err == nil {
			t.Errorf("the clock was moved by %d s", seconds)
		}
	}
	still := pageWorld(t)
	if err := still.Act(ctx, Act{As: "U0ANN", Do: "move_clock", Seconds: 60}); err == nil || still.State("U0ANN").Movable {
		t.Error("the machine's clock was moved")
	}
}

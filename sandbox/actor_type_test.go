package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// talking lets inputs of a view tell the app at once, texts at every character.
func talking(view slack.ModalViewRequest, ids ...string) slack.ModalViewRequest {
	atOnce := &slack.DispatchActionConfig{TriggerActionsOn: []string{"on_character_entered"}}
	for _, b := range view.Blocks.BlockSet {
		input, ok := b.(*slack.InputBlock)
		if !ok || !slices.Contains(ids, input.BlockID) {
			continue
		}
		input.DispatchAction = true
		switch e := input.Element.(type) {
		case *slack.EmailTextInputBlockElement:
			e.DispatchActionConfig = atOnce
		case *slack.PlainTextInputBlockElement:
			e.DispatchActionConfig = atOnce
		}
	}
	return view
}

// value is what a payload says is in a field of its view.
func value(payload map[string]any, block string) map[string]any {
	values := object(object(object(payload, "view"), "state"), "values")
	return object(object(values, block), "v")
}

// opens puts a view in front of Ann.
func opens(t *testing.T, w *World, api *slack.Client, view slack.ModalViewRequest) {
	t.Helper()
	if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), view); err != nil {
		t.Fatal(err)
	}
}

// raw opens a modal with these blocks, in JSON with single quotes, in front of Ann.
func raw(t *testing.T, w *World, blocks string) {
	t.Helper()
	bot, _, _ := w.Credentials()
	view := `{"type":"modal","title":{"type":"plain_text","text":"x"},"submit":{"type":"plain_text","text":"Send"},"blocks":` +
		strings.ReplaceAll(blocks, "'", `"`) + `}`
	body, err := json.Marshal(map[string]any{"trigger_id": trigger0(t, w, "U0ANN"), "view": json.RawMessage(view)})
	if err != nil {
		t.Fatal(err)
	}
	_, reply := post(t, w.SlackURL()+"views.open", string(body), "Content-Type", "application/json", "Authorization", "Bearer "+bot)
	if !truthy(reply["ok"]) {
		t.Fatal(reply)
	}
}

func TestTypingTellsTheAppAllThatIsEnteredSoFar(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	opens(t, w, api, talking(form(""), "mail"))
	ann := w.As("U0ANN")
	if err := ann.Type(t.Context(), "Why", "because"); err != nil {
		t.Fatal(err)
	}
	if got := len(w.CallsOf("interactive")); got != 0 {
		t.Fatalf("%d deliveries for an input that tells nothing", got)
	}
	if err := ann.Type(t.Context(), "E-mail", "jane@acme.example"); err != nil {
		t.Fatal(err)
	}
	p := w.CallsOf("interactive")[0].Args
	action := objects(p["actions"])[0]
	delete(action, "action_ts")
	want := map[string]any{"type": "email_text_input", "block_id": "mail", "action_id": "v", "value": "jane@acme.example"}
	if diff := cmp.Diff(want, action); diff != "" {
		t.Errorf("the action: %s", diff)
	}
	seen := ann.View()
	view := object(p, "view")
	if p["type"] != "block_actions" || view["hash"] != seen.Hash || view["id"] != seen.ID ||
		!cmp.Equal(p["container"], any(map[string]any{"type": "view", "view_id": seen.ID})) {
		t.Errorf("%v", p)
	}
	if str(value(p, "why"), "value") != "because" || value(p, "access")["selected_option"] != nil {
		t.Errorf("values %v", view["state"])
	}
	if _, err := api.PushViewContext(t.Context(), str(p, "trigger_id"), form("")); err != nil {
		t.Errorf("pushing with its trigger: %v", err)
	}
}

func TestEachUseTellsWhenTheAppAskedToHear(t *testing.T) {
	text := func(fields string) string {
		return `[{'type':'input','block_id':'b','label':{'type':'plain_text','text':'Field'}` + fields + `}]`
	}
	const many = `'options':[{'text':{'type':'plain_text','text':'One'},'value':'1'},{'text':{'type':'plain_text','text':'Two'},'value':'2'}]`
	write := func(a *Actor) error { return a.Type(t.Context(), "Field", "new") }
	enter := func(a *Actor) error { return a.PressEnter(t.Context(), "Field") }
	tests := []struct {
		name, blocks string
		use          func(*Actor) error
		told         int
		fails        bool
	}{
		{"typing into a silent input", text(`,'element':{'type':'plain_text_input'}`), write, 0, false},
		{"typing where characters are told", text(`,'dispatch_action':true,'element':{'type':'plain_text_input','dispatch_action_config':{'trigger_actions_on':['on_character_entered']}}`), write, 1, false},
		{"several lines where characters are told", text(`,'dispatch_action':true,'element':{'type':'plain_text_input','multiline':true,'dispatch_action_config':{'trigger_actions_on':['on_character_entered']}}`), write, 1, false},
		{"typing what is there already", text(`,'dispatch_action':true,'element':{'type':'plain_text_input','initial_value':'new','dispatch_action_config':{'trigger_actions_on':['on_character_entered']}}`), write, 0, false},
		{"every key", text(`,'dispatch_action':true,'element':{'type':'plain_text_input','dispatch_action_config':{'trigger_actions_on':['on_character_entered']}}`), func(a *Actor) error { return a.Keystrokes(t.Context(), "Field", "new") }, 3, false},
		{"typing where the Enter key is told", text(`,'dispatch_action':true,'element':{'type':'number_input','is_decimal_allowed':true,'dispatch_action_config':{'trigger_actions_on':['on_enter_pressed']}}`), func(a *Actor) error { return a.Type(t.Context(), "Field", "3") }, 0, false},
		{"the Enter key", text(`,'dispatch_action':true,'element':{'type':'url_text_input','dispatch_action_config':{'trigger_actions_on':['on_enter_pressed','on_character_entered']}}`), enter, 1, false},
		{"the Enter key, if the app did not say", text(`,'dispatch_action':true,'element':{'type':'plain_text_input'}`), enter, 1, false},
		{"the Enter key where characters are told", text(`,'dispatch_action':true,'element':{'type':'plain_text_input','dispatch_action_config':{'trigger_actions_on':['on_character_entered']}}`), enter, 0, true},
		{"the Enter key in a silent input", text(`,'element':{'type':'plain_text_input'}`), enter, 0, true},
		{"a choice in a silent input", text(`,'element':{'type':'static_select',` + many + `}`), func(a *Actor) error { return a.Pick(t.Context(), "Field", "One") }, 0, false},
		{"a choice that is told", text(`,'dispatch_action':true,'element':{'type':'radio_buttons',` + many + `}`), func(a *Actor) error { return a.Pick(t.Context(), "Field", "2") }, 1, false},
		{"the same choice again", text(`,'dispatch_action':true,'element':{'type':'radio_buttons',` + many + `,'initial_option':{'text':{'type':'plain_text','text':'One'},'value':'1'}}`), func(a *Actor) error { return a.Pick(t.Context(), "Field", "1") }, 0, false},
		{"two ticks", text(`,'dispatch_action':true,'element':{'type':'checkboxes',` + many + `}`), func(a *Actor) error { return a.Tick(t.Context(), "Field", "One", "Two") }, 2, false},
		{"a menu beside a text, which always tells", `[{'type':'section','text':{'type':'plain_text','text':'x'},'accessory':{'type':'static_select','action_id':'pick',` + many + `}}]`, func(a *Actor) error { return a.Pick(t.Context(), "pick", "One") }, 1, false},
		{"a click into a silent input", text(`,'element':{'type':'plain_text_input','action_id':'v'}`), func(a *Actor) error { return a.ClickView(t.Context(), "v") }, 0, true},
		{"a button", `[{'type':'actions','elements':[{'type':'button','text':{'type':'plain_text','text':'Look'}}]}]`, func(a *Actor) error { return a.ClickViewText(t.Context(), "Look") }, 1, false},
		{"a button that is not there", `[{'type':'divider'}]`, func(a *Actor) error { return a.ClickViewText(t.Context(), "Look") }, 0, true},
		{"typing into a menu", text(`,'element':{'type':'static_select',` + many + `}`), write, 0, true},
		{"picking from a text", text(`,'element':{'type':'plain_text_input'}`), func(a *Actor) error { return a.Pick(t.Context(), "Field", "x") }, 0, true},
		{"ticking a date", text(`,'element':{'type':'datepicker'}`), func(a *Actor) error { return a.Tick(t.Context(), "Field", "2026-01-01") }, 0, true},
		{"a field that is not there", text(`,'element':{'type':'datepicker'}`), func(a *Actor) error { return a.Pick(t.Context(), "Date", "2026-01-01") }, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t)
			connect(t, w, func(socketmode.Event) any { return nil })
			raw(t, w, tt.blocks)
			if err := tt.use(w.As("U0ANN")); (err != nil) != tt.fails {
				t.Errorf("%v", err)
			}
			if got := len(w.CallsOf("interactive")); got != tt.told {
				t.Errorf("told %d times, want %d", got, tt.told)
			}
		})
	}
}

func TestValuesHaveTheirElementsShape(t *testing.T) {
	const options = `'options':[{'text':{'type':'plain_text','text':'One'},'value':'1'},{'text':{'type':'plain_text','text':'Two'},'value':'2'}]`
	one := map[string]any{"text": map[string]any{"type": "plain_text", "text": "One"}, "value": "1"}
	two := map[string]any{"text": map[string]any{"type": "plain_text", "text": "Two"}, "value": "2"}
	tests := []struct {
		element          string
		untouched, after any
		key              string
		use              func(*Actor) error
		reads            string
	}{
		{`'type':'plain_text_input'`, nil, "new", "value", func(a *Actor) error { return a.Type(t.Context(), "b", "new") }, "new"},
		{`'type':'plain_text_input','multiline':true`, nil, "one\ntwo", "value", func(a *Actor) error { return a.Type(t.Context(), "b", "one\ntwo") }, "one\ntwo"},
		{`'type':'static_select',` + options, nil, one, "selected_option", func(a *Actor) error { return a.Pick(t.Context(), "b", "One") }, "One"},
		{`'type':'radio_buttons',` + options, nil, two, "selected_option", func(a *Actor) error { return a.Pick(t.Context(), "b", "2") }, "Two"},
		{`'type':'checkboxes',` + options, []any{}, []any{two, one}, "selected_options", func(a *Actor) error { return a.Tick(t.Context(), "b", "2", "1", "2") }, "Two, One"},
		{`'type':'multi_static_select',` + options, []any{}, []any{two}, "selected_options", func(a *Actor) error {
			if err := a.Tick(t.Context(), "b", "1", "2"); err != nil {
				return err
			}
			return a.Untick(t.Context(), "b", "One")
		}, "Two"},
		{`'type':'users_select'`, nil, "U0SAM", "selected_user", func(a *Actor) error { return a.Pick(t.Context(), "b", "U0SAM") }, "@Sam Ortiz"},
		{`'type':'multi_users_select'`, []any{}, []any{"U0SAM", "U0ADA"}, "selected_users", func(a *Actor) error { return a.Tick(t.Context(), "b", "U0SAM", "U0ADA") }, "@Sam Ortiz, @Ada Park"},
		{`'type':'datepicker'`, nil, "2026-12-24", "selected_date", func(a *Actor) error { return a.Pick(t.Context(), "b", "2026-12-24") }, "2026-12-24"},
		{`'type':'static_select','initial_option':{'text':{'type':'plain_text','text':'One'},'value':'1'},` + options, one, nil, "selected_option", func(a *Actor) error { return a.Pick(t.Context(), "b", "") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.element, func(t *testing.T) {
			w, _ := newWorld(t)
			raw(t, w, `[{'type':'input','block_id':'b','optional':true,'label':{'type':'plain_text','text':'x'},'element':{'action_id':'a',`+tt.element+`}}]`)
			ann := w.As("U0ANN")
			before := ann.View().Values["b"]["a"]
			want := map[string]any{"type": before["type"], tt.key: tt.untouched}
			if diff := cmp.Diff(want, before); diff != "" {
				t.Errorf("untouched: %s", diff)
			}
			if err := tt.use(ann); err != nil {
				t.Fatal(err)
			}
			want[tt.key] = tt.after
			if diff := cmp.Diff(want, ann.View().Values["b"]["a"]); diff != "" {
				t.Errorf("after: %s", diff)
			}
			if got := ann.View().Field("b"); got != tt.reads {
				t.Errorf("reads %q, want %q", got, tt.reads)
			}
		})
	}
}

func TestOnlyWhatIsOfferedCanBeChosen(t *testing.T) {
	w, _ := newWorld(t)
	raw(t, w, `[{'type':'input','block_id':'who','label':{'type':'plain_text','text':'x'},'element':{'type':'users_select'}},
		{'type':'input','block_id':'two','label':{'type':'plain_text','text':'x'},'element':{'type':'multi_users_select','max_selected_items':2}}]`)
	ann := w.As("U0ANN")
	for _, nobody := range []string{"U0DAN", "U0NOBODY", "Ann Lee"} {
		if err := ann.Pick(t.Context(), "who", nobody); err == nil {
			t.Errorf("%s can be chosen", nobody)
		}
	}
	if err := ann.Tick(t.Context(), "two", "U0SAM", "U0OLGA", "U0ADA"); err == nil || ann.View().Field("two") != "@Sam Ortiz, @Olga Braun" {
		t.Errorf("%v; chosen: %s", err, ann.View().Field("two"))
	}
}

// TestOfTwoAnswersToTypingTheFirstOneStands is what an app sees that answers to one character after the next one.
func TestOfTwoAnswersToTypingTheFirstOneStands(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	opens(t, w, api, talking(form(""), "mail"))
	ann := w.As("U0ANN")
	if err := ann.Keystrokes(t.Context(), "E-mail", "ab"); err != nil {
		t.Fatal(err)
	}
	calls := w.CallsOf("interactive")
	answer := func(to int, title string) string {
		view := talking(form(""), "mail")
		view.Title = plainText(title)
		of := object(calls[to].Args, "view")
		_, err := api.UpdateViewContext(t.Context(), view, "", str(of, "hash"), str(of, "id"))
		return code(err)
	}
	if got := []string{answer(1, "second"), answer(0, "first")}; !slices.Equal(got, []string{"", "hash_conflict"}) {
		t.Errorf("got %q", got)
	}
	if seen := ann.View(); seen.Title != "second" || seen.Field("E-mail") != "ab" {
		t.Errorf("%s with %q", seen.Title, seen.Field("E-mail"))
	}
}

func TestAnUpdateKeepsWhatWasEntered(t *testing.T) {
	input := func(block, action, initial string) string {
		return `[{'type':'input','optional':true,'block_id':'` + block + `','label':{'type':'plain_text','text':'x'},'element':{'type':'plain_text_input','action_id':'` + action + `'` + initial + `}}]`
	}
	menu := func(values string) string {
		var options []string
		for _, v := range values {
			options = append(options, `{'text':{'type':'plain_text','text':'now `+string(v)+`'},'value':'`+string(v)+`'}`)
		}
		return `[{'type':'input','block_id':'b','label':{'type':'plain_text','text':'x'},'element':{'type':'static_select','action_id':'a','options':[` + strings.Join(options, ",") + `]}}]`
	}
	initial := func(s string) string { return `,'initial_value':'` + s + `'` }
	tests := []struct {
		name, before string
		typed        func(*Actor) error
		after, reads string
	}{
		{"what was typed", input("b", "a", ""), typing("mine"), input("b", "a", ""), "mine"},
		{"what was typed, whatever the app would begin with", input("b", "a", ""), typing("mine"), input("b", "a", initial("theirs")), "mine"},
		{"what was there from the beginning", input("b", "a", initial("first")), nil, input("b", "a", initial("second")), "first"},
		{"nothing, where somebody took it out", input("b", "a", initial("first")), typing(""), input("b", "a", initial("first")), ""},
		{"not an empty field that nobody touched", input("b", "a", ""), nil, input("b", "a", initial("theirs")), "theirs"},
		{"not under another block ID", input("b", "a", ""), typing("mine"), input("c", "a", initial("theirs")), "theirs"},
		{"not under another action ID", input("b", "a", ""), typing("mine"), input("b", "c", initial("theirs")), "theirs"},
		{"not in an element of another type", input("b", "a", ""), typing("mine"), menu("12"), ""},
		{"a choice, in today's words", menu("12"), func(a *Actor) error { return a.Pick(t.Context(), "x", "1") }, menu("123"), "now 1"},
		{"not a choice that is no longer offered", menu("12"), func(a *Actor) error { return a.Pick(t.Context(), "x", "1") }, menu("23"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t)
			raw(t, w, tt.before)
			ann := w.As("U0ANN")
			if tt.typed != nil {
				if err := tt.typed(ann); err != nil {
					t.Fatal(err)
				}
			}
			w.mu.Lock()
			v := w.topLocked("U0ANN")
			content := clone(v.json)
			content["blocks"] = jsonOf(t, tt.after)
			for range 2 { // the second update keeps what the first one kept
				w.setLocked(v, content)
			}
			w.mu.Unlock()
			seen := ann.View()
			if got := seen.Field("x"); got != tt.reads {
				t.Errorf("holds %q, want %q", got, tt.reads)
			}
			for e := range elements(seen.Blocks) {
				if got := seen.Values[e.id().block][e.id().action]["type"]; got != e.element["type"] {
					t.Errorf("a %v has the value of a %v", e.element["type"], got)
				}
			}
		})
	}
}

func typing(text string) func(*Actor) error {
	return func(a *Actor) error { return a.Fill("x", text) }
}

func TestAModalReadsAsThePersonReadsIt(t *testing.T) {
	w, _ := newWorld(t)
	raw(t, w, `[{'type':'section','text':{'type':'mrkdwn','text':'Known: *acme.example*, asked by <@U0SAM>'}},
		{'type':'context','elements':[{'type':'mrkdwn','text':'2 guests &amp; 1 active'}]},
		{'type':'input','block_id':'m','label':{'type':'plain_text','text':'E-mail'},'element':{'type':'plain_text_input'}},
		{'type':'actions','elements':[{'type':'button','text':{'type':'plain_text','text':'Look again'}}]}]`)
	seen := w.As("U0ANN").View()
	if want := "Known: *acme.example*, asked by @Sam Ortiz\n2 guests & 1 active\nE-mail\n[]\n[Look again]"; seen.Text != want {
		t.Errorf("reads %q", seen.Text)
	}
	if seen.Depth != 1 || !slices.Equal(seen.Buttons(), []string{"Look again"}) || seen.Error("E-mail") != "" {
		t.Errorf("%+v", seen)
	}
	if err := w.As("U0ANN").Submit(t.Context()); err == nil || w.As("U0ANN").View().Error("E-mail") == "" {
		t.Errorf("an empty field: %v", err)
	}
}

func TestWaitingEndsWithWhatWasAwaitedOrWithTheContext(t *testing.T) {
	w, _ := newWorld(t)
	done := make(chan error, 1)
	go func() {
		done <- w.Until(t.Context(), "a message", func() bool { return len(w.Messages("C0FALCON")) == 2 })
	}()
	for range 2 {
		if err := w.As("U0SAM").Say(t.Context(), "C0FALCON", "hello"); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.cancel()
	if err := w.Until(w.ctx, "rain", func() bool { return false }); err == nil || !strings.Contains(err.Error(), "rain") {
		t.Errorf("got %v", err)
	}
}

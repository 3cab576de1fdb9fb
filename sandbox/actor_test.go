package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func option(value, text string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, plainText(text), nil)
}

// form is a modal with one input of most kinds.
func form(mail string) slack.ModalViewRequest {
	input := func(id, label string, e slack.BlockElement, optional bool) *slack.InputBlock {
		return slack.NewInputBlock(id, plainText(label), nil, e).WithOptional(optional)
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "ask", Title: plainText("Invite a partner"), Submit: plainText("Ask"), PrivateMetadata: "pm",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			input("mail", "E-mail", &slack.EmailTextInputBlockElement{Type: slack.METEmailTextInput, ActionID: "v", InitialValue: mail}, false),
			input("why", "Why", &slack.PlainTextInputBlockElement{Type: slack.METPlainTextInput, ActionID: "v", Multiline: true}, true),
			input("access", "Access", slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "v", option("falcon", "Project Falcon"), option("heron", "Project Heron")), false),
			input("terms", "Terms", slack.NewCheckboxGroupsBlockElement("v", option("nda", "NDA signed"), option("dpa", "DPA signed")), true),
		}},
	}
}

// decoded is the payload of an envelope as JSON.
func decoded(t *testing.T, e socketmode.Event) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(e.Request.Payload, &v); err != nil {
		t.Errorf("payload: %v", err)
	}
	return v
}

func TestAModalAsksAgainUntilTheAnswerIsRight(t *testing.T) {
	w, _ := newWorld(t)
	opened, submitted := make(chan error, 1), make(chan map[string]any, 4)
	var api *slack.Client
	ready := make(chan struct{})
	api = connect(t, w, func(e socketmode.Event) any {
		<-ready
		p := decoded(t, e)
		switch {
		case e.Request.Type == "slash_commands":
			_, err := api.OpenViewContext(context.WithoutCancel(t.Context()), str(p, "trigger_id"), form("jane@acme.example"))
			opened <- err
			return nil
		case str(p, "type") == "view_submission":
			values := object(object(object(p, "view"), "state"), "values")
			submitted <- values
			if !strings.HasSuffix(str(object(object(values, "mail"), "v"), "value"), "@acme.example") {
				return map[string]any{"response_action": "errors", "errors": map[string]string{"mail": "Only acme.example."}}
			}
		}
		return nil
	})
	close(ready)
	ann := w.As("U0ANN")
	if err := ann.Slash(t.Context(), "C0GENERAL", "/invite-partner jane@acme.example for <b> & https://x.example/a"); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	text := str(w.CallsOf("slash_commands")[0].Args, "text")
	if want := "<mailto:jane@acme.example|jane@acme.example> for &lt;b&gt; &amp; <https://x.example/a>"; text != want {
		t.Errorf("the text arrived as %q, want %q", text, want)
	}
	if err := ann.Submit(t.Context()); err == nil || ann.View().Errors["access"] == "" || len(submitted) != 0 {
		t.Fatalf("a missing answer is Slack's own business: %v, %v", err, ann.View().Errors)
	}
	for _, fill := range [][2]string{{"E-mail", "jane@evil.example"}, {"access", "Project Heron"}, {"Terms", "nda"}, {"Terms", "DPA signed"}} {
		if err := ann.Fill(fill[0], fill[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := ann.Submit(t.Context()); err == nil || ann.View().Errors["mail"] != "Only acme.example." {
		t.Fatalf("got %v, %+v", err, ann.View())
	}
	if got := str(ann.View().Values["mail"]["v"], "value"); got != "jane@evil.example" {
		t.Errorf("what was typed is lost: %q", got)
	}
	<-submitted
	if err := ann.Fill("E-mail", "jane@acme.example"); err != nil {
		t.Fatal(err)
	}
	if err := ann.Submit(t.Context()); err != nil || ann.View() != nil {
		t.Fatalf("%v, %+v", err, ann.View())
	}
	values := <-submitted
	if why := object(object(values, "why"), "v"); why["value"] != nil {
		t.Errorf("an untouched input is %v, want null", why)
	}
	if got := str(object(object(object(values, "access"), "v"), "selected_option"), "value"); got != "heron" {
		t.Errorf("access is %q", got)
	}
	if got := objects(object(object(values, "terms"), "v")["selected_options"]); len(got) != 2 {
		t.Errorf("terms are %v", got)
	}
}

func TestSlackItselfChecksInputs(t *testing.T) {
	tests := []struct {
		element map[string]any
		value   string
		fits    bool
	}{
		{map[string]any{"type": "email_text_input"}, "jane@acme.example", true},
		{map[string]any{"type": "email_text_input"}, "jane", false},
		{map[string]any{"type": "email_text_input"}, "Jane <jane@acme.example>", false},
		{map[string]any{"type": "url_text_input"}, "https://acme.example", true},
		{map[string]any{"type": "url_text_input"}, "acme", false},
		{map[string]any{"type": "number_input", "is_decimal_allowed": false, "min_value": "2", "max_value": "9"}, "3", true},
		{map[string]any{"type": "number_input", "is_decimal_allowed": false}, "3.5", false},
		{map[string]any{"type": "number_input", "is_decimal_allowed": true, "min_value": "2"}, "1", false},
		{map[string]any{"type": "number_input", "is_decimal_allowed": true, "max_value": "9"}, "10", false},
		{map[string]any{"type": "number_input", "is_decimal_allowed": true}, "many", false},
		{map[string]any{"type": "plain_text_input", "min_length": 3.0}, "ab", false},
		{map[string]any{"type": "plain_text_input", "max_length": 3.0}, "abcd", false},
		{map[string]any{"type": "plain_text_input"}, strings.Repeat("x", 3001), false},
		{map[string]any{"type": "plain_text_input"}, strings.Repeat("é", 3000), true},
		{map[string]any{"type": "datepicker"}, "2026-02-30", false},
		{map[string]any{"type": "datepicker"}, "2026-02-28", true},
	}
	w, _ := newWorld(t)
	for _, tt := range tests {
		state, err := w.choseLocked(tt.element, nil, tt.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := unfitValue(tt.element, state, false); (got == "") != tt.fits {
			t.Errorf("%v with %.20q: %q", tt.element, tt.value, got)
		}
	}
	emptied := map[string]any{"type": "plain_text_input", "value": ""}
	if got := unfitValue(map[string]any{"type": "plain_text_input"}, emptied, true); got != "" || emptied["value"] != nil {
		t.Errorf("an optional input that was emptied: %q, %v; want null", got, emptied)
	}
}

// card posts a message with two buttons and a menu.
func card(t *testing.T, api *slack.Client, channel string) string {
	t.Helper()
	approve := slack.NewButtonBlockElement("approve", "INV-1", plainText("Approve"))
	deny := slack.NewButtonBlockElement("deny", "INV-1", plainText("Deny"))
	menu := slack.NewOverflowBlockElement("more", option("show", "Show"), option("help", "Help"))
	_, ts, err := api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("card", false),
		slack.MsgOptionBlocks(section("Jane?"), slack.NewActionBlock("decide", approve, deny, menu)))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestAClickCarriesWhoClickedWhatWhere(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	ts := card(t, api, "C0FALCON")
	if err := w.As("U0SAM").ClickText(t.Context(), "C0FALCON", ts, "Approve"); err != nil {
		t.Fatal(err)
	}
	if err := w.As("U0OLGA").Choose(t.Context(), "C0FALCON", ts, "more", "Help"); err != nil {
		t.Fatal(err)
	}
	clicks := w.CallsOf("interactive")
	p := clicks[0].Args
	action := objects(p["actions"])[0]
	container := map[string]any{"type": "message", "message_ts": ts, "channel_id": "C0FALCON", "is_ephemeral": false}
	user := map[string]any{"id": "U0SAM", "username": "sam", "name": "sam", "team_id": TeamID}
	if action["value"] != "INV-1" || action["action_id"] != "approve" || action["block_id"] != "decide" ||
		!cmp.Equal(p["container"], any(container)) || !cmp.Equal(p["user"], any(user)) ||
		str(object(p, "message"), "ts") != ts || str(p, "response_url") == "" || str(p, "trigger_id") == "" {
		t.Errorf("%+v", p)
	}
	chosen := objects(clicks[1].Args["actions"])[0]
	if str(object(chosen, "selected_option"), "value") != "help" {
		t.Errorf("%+v", chosen)
	}
}

func TestOnlyWhatIsThereCanBeClicked(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	ts, private := card(t, api, "C0FALCON"), card(t, api, "C0HERON")
	whisper, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0SAM", slack.MsgOptionText("x", false),
		slack.MsgOptionBlocks(slack.NewActionBlock("b", slack.NewButtonBlockElement("approve", "1", plainText("Approve")))))
	if err != nil {
		t.Fatal(err)
	}
	w.SetPerson("U0ADA", func(p *Person) { p.Deleted = true })
	tests := []struct {
		name, who, channel, ts, action string
		ok                             bool
	}{
		{"a member", "U0OLGA", "C0FALCON", ts, "approve", true},
		{"somebody who reads a public channel", "U0BEN", "C0FALCON", ts, "approve", true},
		{"a Slack guest of the channel", "U0GUS", "C0FALCON", ts, "approve", true},
		{"a visitor of the channel", "U0VERA", "C0FALCON", ts, "approve", true},
		{"somebody deactivated a moment ago", "U0ADA", "C0FALCON", ts, "approve", true},
		{"another's private channel", "U0ANN", "C0HERON", private, "approve", false},
		{"a button that is gone", "U0OLGA", "C0FALCON", ts, "withdraw", false},
		{"a message that is gone", "U0OLGA", "C0FALCON", "1.000001", "approve", false},
		{"one's own ephemeral message", "U0SAM", "C0FALCON", whisper, "approve", true},
		{"another's ephemeral message", "U0OLGA", "C0FALCON", whisper, "approve", false},
		{"nobody", "U0NOBODY", "C0FALCON", ts, "approve", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.CallsOf("interactive"))
			err := w.As(tt.who).Click(t.Context(), tt.channel, tt.ts, tt.action)
			if delivered := len(w.CallsOf("interactive")) > before; (err == nil) != tt.ok || delivered != tt.ok {
				t.Errorf("err %v, delivered %t, want %t", err, delivered, tt.ok)
			}
		})
	}
}

func TestCommandsAreForMembersOfTheWorkspace(t *testing.T) {
	w, _ := newWorld(t)
	connect(t, w, func(socketmode.Event) any { return map[string]string{"text": "done"} })
	for who, ok := range map[string]bool{"U0ANN": true, "U0GUS": true, "U0VERA": false, "U0DAN": false, "U0BOT": false} {
		a := w.As(who)
		err := a.Slash(t.Context(), "C0FALCON", "/invite-partner")
		sees := slices.ContainsFunc(a.Sees("C0FALCON"), func(m Message) bool { return m.Ephemeral && m.Text == "done" })
		if (err == nil) != ok || sees != ok {
			t.Errorf("%s: %v, sees the answer: %t", who, err, sees)
		}
	}
	if err := w.As("U0ANN").Slash(t.Context(), "C0FALCON", "/dance"); err == nil || w.As("U0ANN").Notice() == "" {
		t.Errorf("an unknown command: %v", err)
	}
	if err := w.As("U0ANN").Slash(t.Context(), "C0HERON", "/invite-partner"); err == nil {
		t.Error("in a channel that is closed to Ann")
	}
}

func TestASilentAppIsToldToThePerson(t *testing.T) {
	w, _ := newWorld(t, quickAck)
	ann := w.As("U0ANN")
	if err := ann.Slash(t.Context(), "C0GENERAL", "/invite-partner"); !errors.Is(err, errDispatch) {
		t.Errorf("without a connection: %v", err)
	}
	api := connect(t, w, func(socketmode.Event) any { return silence{} })
	if err := ann.Slash(t.Context(), "C0GENERAL", "/invite-partner"); !errors.Is(err, errTimeout) || !strings.Contains(ann.Notice(), "operation_timeout") {
		t.Errorf("without an answer: %v, notice %q", err, ann.Notice())
	}
	ann.Dismiss()
	ts := card(t, api, "C0FALCON")
	if err := ann.Click(t.Context(), "C0FALCON", ts, "approve"); !errors.Is(err, errTimeout) || ann.Notice() != notResponding {
		t.Errorf("a click: %v, notice %q", err, ann.Notice())
	}
	if err := w.As("U0ANN").OpenHome(t.Context()); !errors.Is(err, errTimeout) {
		t.Errorf("Home: %v", err)
	}
}

func TestHomeIsPublishedToOnePerson(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	ann := w.As("U0ANN")
	if err := ann.OpenHome(t.Context()); err != nil {
		t.Fatal(err)
	}
	event := object(w.CallsOf("events_api")[0].Args, "event")
	if event["type"] != "app_home_opened" || event["user"] != "U0ANN" || event["tab"] != "home" {
		t.Errorf("%v", event)
	}
	publish := func(user, hash string) (*slack.ViewResponse, error) {
		view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewActionBlock("b", slack.NewButtonBlockElement("show", "INV-1", plainText("Show"))),
			slack.NewActionBlock("c", slack.NewButtonBlockElement("show", "INV-2", plainText("Show"))),
		}}}
		var h *string
		if hash != "" {
			h = &hash
		}
		return api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: user, View: view, Hash: h})
	}
	first, err := publish("U0ANN", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publish("U0ANN", first.Hash); err != nil {
		t.Error(err)
	}
	if _, err := publish("U0ANN", first.Hash); code(err) != "hash_conflict" {
		t.Errorf("an old hash: %v", err)
	}
	if _, err := publish("U0VERA", ""); code(err) != "invalid_arguments" {
		t.Errorf("for a visitor: %v", err)
	}
	if w.As("U0BEN").Home() != nil || ann.Home() == nil {
		t.Error("Home is not Ann's alone")
	}
	if err := ann.ClickHome(t.Context(), "show", "INV-2"); err != nil {
		t.Fatal(err)
	}
	p := w.CallsOf("interactive")[0].Args
	if objects(p["actions"])[0]["value"] != "INV-2" || p["response_url"] != nil || p["channel"] != nil || str(object(p, "view"), "type") != "home" {
		t.Errorf("%v", p)
	}
}

func TestAClosedViewIsReportedIfTheAppAskedForIt(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	for i, notify := range []bool{false, true} {
		view := form("")
		view.NotifyOnClose = notify
		if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), view); err != nil {
			t.Fatal(err)
		}
		if err := w.As("U0ANN").CloseView(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(w.CallsOf("interactive")); got != i {
			t.Errorf("notify %t: %d deliveries", notify, got)
		}
	}
	if got := str(w.CallsOf("interactive")[0].Args, "type"); got != "view_closed" {
		t.Errorf("got %s", got)
	}
}

func TestAClickInAModalCarriesWhatWasEntered(t *testing.T) {
	w, _ := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), talking(form(""), "access")); err != nil {
		t.Fatal(err)
	}
	ann := w.As("U0ANN")
	if err := ann.Fill("Access", "heron"); err != nil {
		t.Fatal(err)
	}
	state := map[string]map[string]map[string]any{"why": {"v": {"type": "plain_text_input", "value": "because"}}, "made": {"up": {"value": "x"}}}
	err := w.Act(t.Context(), Act{As: "U0ANN", Do: "view_click", BlockID: "access", ActionID: "v", State: state})
	if err != nil {
		t.Fatal(err)
	}
	p := w.CallsOf("interactive")[0].Args
	values := object(object(object(p, "view"), "state"), "values")
	action := objects(p["actions"])[0]
	if str(object(object(values, "why"), "v"), "value") != "because" || values["made"] != nil {
		t.Errorf("values %v", values)
	}
	if str(object(action, "selected_option"), "value") != "heron" || action["type"] != "static_select" {
		t.Errorf("action %v", action)
	}
}

func TestPressureFromManyPeopleKeepsTheWorldWhole(t *testing.T) {
	w, _ := newWorld(t, unlimited)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	ts := card(t, api, "C0FALCON")
	people := []string{"U0ANN", "U0BEN", "U0SAM", "U0OLGA", "U0ADA", "U0GUS", "U0VERA"}
	errs := make(chan error, 64)
	for i := range cap(errs) {
		go func() {
			a := w.As(people[i%len(people)])
			err := a.Click(t.Context(), "C0FALCON", ts, "approve")
			_, _, _, updated := api.UpdateMessageContext(t.Context(), "C0FALCON", ts, slack.MsgOptionText(strconv.Itoa(i), false),
				slack.MsgOptionBlocks(section("still"), slack.NewActionBlock("decide", slack.NewButtonBlockElement("approve", "1", plainText("Approve")))))
			w.State(a.ID())
			a.Sees("C0FALCON")
			errs <- errors.Join(err, updated)
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := len(w.CallsOf("interactive")); got != cap(errs) {
		t.Errorf("%d clicks arrived", got)
	}
}

func TestThePageSeesWhatThePersonMaySee(t *testing.T) {
	w, _ := newWorld(t)
	api := client(t, w)
	card(t, api, "C0HERON")
	if _, err := api.PostEphemeralContext(t.Context(), "C0FALCON", "U0SAM", slack.MsgOptionText("psst", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessageContext(t.Context(), "U0SAM", slack.MsgOptionText("hello", false)); err != nil {
		t.Fatal(err)
	}
	channels := func(as string) map[string]int {
		list := map[string]int{}
		for _, c := range w.State(as).Channels {
			list[c.ID] = c.Unread
		}
		return list
	}
	sam := w.As("U0SAM")
	for as, want := range map[string]map[string]int{
		"U0SAM":    {"C0GENERAL": 0, "C0RANDOM": 0, "C0FALCON": 1, sam.DM(): 1},
		"U0OLGA":   {"C0GENERAL": 0, "C0RANDOM": 0, "C0FALCON": 0, "C0HERON": 1},
		"U0VERA":   {"C0FALCON": 0},
		"U0GUS":    {"C0GENERAL": 0, "C0FALCON": 0},
		"U0NOBODY": {},
	} {
		if diff := cmp.Diff(want, channels(as)); diff != "" {
			t.Errorf("%s: %s", as, diff)
		}
	}
	if got := len(w.State("U0SAM").Messages["C0FALCON"]); got != 1 {
		t.Errorf("Sam sees %d messages", got)
	}
	if got := len(w.State("U0OLGA").Messages["C0FALCON"]); got != 0 {
		t.Errorf("Olga sees %d messages", got)
	}
	sam.Read("C0FALCON")
	if got := channels("U0SAM")["C0FALCON"]; got != 0 {
		t.Errorf("%d unread after reading", got)
	}
	roles := map[string]string{}
	for _, p := range w.State("U0SAM").People {
		roles[p.ID] = p.Role
	}
	want := map[string]string{
		"U0ANN": "employee", "U0BEN": "employee", "U0SAM": "sponsor", "U0OLGA": "sponsor", "U0ADA": "admin", "U0GUS": "guest",
		"U0VERA": "connect", "U0DAN": "deactivated", "U0BOT": "bot", "USLACKBOT": "bot",
	}
	if !maps.Equal(roles, want) {
		t.Errorf("roles %v", roles)
	}
}

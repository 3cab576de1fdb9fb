package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// jsonOf is JSON with single quotes for double ones, and @n for a string of n letters.
func jsonOf(t *testing.T, s string) any {
	t.Helper()
	s = strings.ReplaceAll(s, "'", `"`)
	for _, n := range []int{24, 25, 30, 31, 75, 76, 100, 101, 150, 151, 255, 256, 300, 301, 2000, 2001, 3000, 3001} {
		s = strings.ReplaceAll(s, fmt.Sprintf(`"@%d"`, n), `"`+strings.Repeat("é", n)+`"`)
	}
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

func times(n int, item string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

// numbered is n options with values of their own.
func numbered(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(choice, "#", strconv.Itoa(i))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

const (
	button = `{'type':'button','text':{'type':'plain_text','text':'x'}}`
	choice = `{'text':{'type':'plain_text','text':'x'},'value':'v#'}`
)

func TestBlocksAreRefusedWhereSlackRefusesThem(t *testing.T) {
	txt := func(s string) string { return `{'type':'plain_text','text':'` + s + `'}` }
	input := func(e string) string { return `[{'type':'input','label':` + txt("x") + `,'element':` + e + `}]` }
	focused := func(kind string) string {
		return `{'type':'input','label':` + txt("x") + `,'element':{'type':'` + kind + `','focus_on_load':true}}`
	}
	tests := []struct{ name, blocks, at string }{
		{"a list is needed", `{}`, "/blocks"},
		{"fifty at most", times(51, `{'type':'divider'}`), "/blocks"},
		{"fifty", times(50, `{'type':'divider'}`), ""},
		{"a type is needed", `[{}]`, "/blocks/0"},
		{"unknown block", `[{'type':'banner'}]`, "/blocks/0/type"},
		{"no video", `[{'type':'video'}]`, "/blocks/0/type"},
		{"unknown field", `[{'type':'divider','colour':'red'}]`, "/blocks/0"},
		{"a field called type where none belongs", `[{'type':'actions','elements':[{'type':'overflow','options':[{'type':'x','text':` + txt("x") + `,'value':'v'}]}]}]`, "/blocks/0/elements/0/options/0"},
		{"block ID", `[{'type':'divider','block_id':'@256'}]`, "/blocks/0/block_id"},
		{"block ID twice", `[{'type':'divider','block_id':'a'},{'type':'divider','block_id':'a'}]`, "/blocks/1/block_id"},
		{"empty section", `[{'type':'section'}]`, "/blocks/0"},
		{"section text", `[{'type':'section','text':` + txt("@3001") + `}]`, "/blocks/0/text/text"},
		{"section text that fits", `[{'type':'section','text':` + txt("@3000") + `}]`, ""},
		{"empty text", `[{'type':'section','text':` + txt("") + `}]`, "/blocks/0/text/text"},
		{"section fields", `[{'type':'section','fields':` + times(11, txt("x")) + `}]`, "/blocks/0/fields"},
		{"section field", `[{'type':'section','fields':[` + txt("@2001") + `]}]`, "/blocks/0/fields/0/text"},
		{"input as accessory", `[{'type':'section','text':` + txt("x") + `,'accessory':{'type':'plain_text_input'}}]`, "/blocks/0/accessory/type"},
		{"header", `[{'type':'header','text':` + txt("@151") + `}]`, "/blocks/0/text/text"},
		{"header with markup", `[{'type':'header','text':{'type':'mrkdwn','text':'x'}}]`, "/blocks/0/text/type"},
		{"verbatim plain text", `[{'type':'section','text':{'type':'plain_text','text':'x','verbatim':true}}]`, "/blocks/0/text"},
		{"emoji in markup", `[{'type':'section','text':{'type':'mrkdwn','text':'x','emoji':true}}]`, "/blocks/0/text"},
		{"context", `[{'type':'context','elements':` + times(11, txt("x")) + `}]`, "/blocks/0/elements"},
		{"empty context", `[{'type':'context','elements':[]}]`, "/blocks/0/elements"},
		{"actions", `[{'type':'actions','elements':` + times(26, button) + `}]`, "/blocks/0/elements"},
		{"unknown element", `[{'type':'actions','elements':[{'type':'slider'}]}]`, "/blocks/0/elements/0/type"},
		{"action ID twice", `[{'type':'actions','elements':` + times(2, `{'type':'button','action_id':'a','text':`+txt("x")+`}`) + `}]`, "/blocks/0/elements/1/action_id"},
		{"button text", `[{'type':'actions','elements':[{'type':'button','text':` + txt("@76") + `}]}]`, "/blocks/0/elements/0/text/text"},
		{"button value", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'value':'@2001'}]}]`, "/blocks/0/elements/0/value"},
		{"button style", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'style':'default'}]}]`, "/blocks/0/elements/0/style"},
		{"button URL", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'url':'here'}]}]`, "/blocks/0/elements/0/url"},
		{"confirm title", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'confirm':{'title':` + txt("@101") + `,'text':` + txt("@300") + `,'confirm':` + txt("@30") + `,'deny':` + txt("x") + `}}]}]`, "/blocks/0/elements/0/confirm/title/text"},
		{"confirm text", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'confirm':{'title':` + txt("@100") + `,'text':` + txt("@301") + `,'confirm':` + txt("@30") + `,'deny':` + txt("x") + `}}]}]`, "/blocks/0/elements/0/confirm/text/text"},
		{"confirm button", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'confirm':{'title':` + txt("@100") + `,'text':` + txt("@300") + `,'confirm':` + txt("@31") + `,'deny':` + txt("x") + `}}]}]`, "/blocks/0/elements/0/confirm/confirm/text"},
		{"confirm without deny", `[{'type':'actions','elements':[{'type':'button','text':` + txt("x") + `,'confirm':{'title':` + txt("x") + `,'text':` + txt("x") + `,'confirm':` + txt("x") + `}}]}]`, "/blocks/0/elements/0/confirm"},
		{"overflow", `[{'type':'actions','elements':[{'type':'overflow','options':` + numbered(6) + `}]}]`, "/blocks/0/elements/0/options"},
		{"option text", input(`{'type':'static_select','options':[{'text':` + txt("@76") + `,'value':'v'}]}`), "/blocks/0/element/options/0/text/text"},
		{"option value", input(`{'type':'static_select','options':[{'text':` + txt("x") + `,'value':'@151'}]}`), "/blocks/0/element/options/0/value"},
		{"option value that fits", input(`{'type':'static_select','options':[{'text':` + txt("x") + `,'value':'@150'}]}`), ""},
		{"option value twice", input(`{'type':'static_select','options':` + times(2, choice) + `}`), "/blocks/0/element/options"},
		{"no options", input(`{'type':'static_select','options':[]}`), "/blocks/0/element/options"},
		{"neither options nor groups", input(`{'type':'static_select'}`), "/blocks/0/element"},
		{"101 options", input(`{'type':'static_select','options':` + numbered(101) + `}`), "/blocks/0/element/options"},
		{"initial option of no list", input(`{'type':'static_select','options':[{'text':` + txt("x") + `,'value':'a'}],'initial_option':{'text':` + txt("y") + `,'value':'a'}}`), "/blocks/0/element/initial_option"},
		{"placeholder", input(`{'type':'plain_text_input','placeholder':` + txt("@151") + `}`), "/blocks/0/element/placeholder/text"},
		{"label", `[{'type':'input','label':` + txt("@2001") + `,'element':{'type':'plain_text_input'}}]`, "/blocks/0/label/text"},
		{"hint", `[{'type':'input','label':` + txt("x") + `,'hint':` + txt("@2001") + `,'element':{'type':'plain_text_input'}}]`, "/blocks/0/hint/text"},
		{"button as input", input(button), "/blocks/0/element/type"},
		{"max_length", input(`{'type':'plain_text_input','max_length':3001}`), "/blocks/0/element/max_length"},
		{"lengths the wrong way round", input(`{'type':'plain_text_input','max_length':3,'min_length':4}`), "/blocks/0/element/min_length"},
		{"multiline as text", input(`{'type':'plain_text_input','multiline':'yes'}`), "/blocks/0/element/multiline"},
		{"multiline e-mail", input(`{'type':'email_text_input','multiline':true}`), "/blocks/0/element"},
		{"a number's kind", input(`{'type':'number_input'}`), "/blocks/0/element"},
		{"eleven boxes", input(`{'type':'checkboxes','options':` + numbered(11) + `}`), "/blocks/0/element/options"},
		{"eleven radios", input(`{'type':'radio_buttons','options':` + numbered(11) + `}`), "/blocks/0/element/options"},
		{"eleven people at once", input(`{'type':'multi_users_select','max_selected_items':101}`), "/blocks/0/element/max_selected_items"},
		{"people in a menu", `[{'type':'actions','elements':[{'type':'multi_users_select','initial_users':['U0ANN']}]}]`, ""},
		{"typing that tells", `[{'type':'input','dispatch_action':true,'label':` + txt("x") + `,'element':{'type':'plain_text_input','dispatch_action_config':{'trigger_actions_on':['on_character_entered','on_enter_pressed']}}}]`, ""},
		{"typing that tells of something else", input(`{'type':'plain_text_input','dispatch_action_config':{'trigger_actions_on':['on_blur']}}`), "/blocks/0/element/dispatch_action_config/trigger_actions_on/0"},
		{"typing that tells of nothing", input(`{'type':'plain_text_input','dispatch_action_config':{'trigger_actions_on':[]}}`), "/blocks/0/element/dispatch_action_config/trigger_actions_on"},
		{"menus that tell how", input(`{'type':'users_select','dispatch_action_config':{}}`), "/blocks/0/element"},
		{"a placeholder on radio buttons", input(`{'type':'radio_buttons','placeholder':` + txt("x") + `,'options':` + numbered(2) + `}`), "/blocks/0/element"},
		{"markup in radio buttons", input(`{'type':'radio_buttons','options':[{'text':{'type':'mrkdwn','text':'*x*'},'value':'v'}]}`), ""},
		{"markup in a menu", input(`{'type':'static_select','options':[{'text':{'type':'mrkdwn','text':'*x*'},'value':'v'}]}`), "/blocks/0/element/options/0/text/type"},
		{"two that want the focus", `[` + focused("plain_text_input") + `,` + focused("datepicker") + `]`, "/blocks"},
		{"one that wants the focus", `[` + focused("plain_text_input") + `]`, ""},
		{"a file in a message", input(`{'type':'file_input'}`), "/blocks/0/element/type"},
		{"date", input(`{'type':'datepicker','initial_date':'tomorrow'}`), "/blocks/0/element/initial_date"},
		{"image without source", `[{'type':'image','alt_text':'x'}]`, "/blocks/0"},
		{"image without words", `[{'type':'image','image_url':'https://x.example/i.png'}]`, "/blocks/0"},
		{"rich text", `[{'type':'rich_text','elements':[{'type':'rich_text_section','elements':[{'type':'text','text':'x','style':{'bold':true}},{'type':'user','user_id':'U0ANN'},{'type':'date','timestamp':1,'format':'{date}','fallback':'x'}]},{'type':'rich_text_list','style':'bullet','elements':[{'type':'rich_text_section','elements':[]}]}]}]`, ""},
		{"rich text style", `[{'type':'rich_text','elements':[{'type':'rich_text_section','elements':[{'type':'text','text':'x','style':{'loud':true}}]}]}]`, "/blocks/0/elements/0/elements/0/style"},
		{"empty rich text piece", `[{'type':'rich_text','elements':[{'type':'rich_text_section','elements':[{'type':'text','text':''}]}]}]`, "/blocks/0/elements/0/elements/0/text"},
		{"rich text list style", `[{'type':'rich_text','elements':[{'type':'rich_text_list','style':'stars','elements':[]}]}]`, "/blocks/0/elements/0/style"},
		{"unknown rich text", `[{'type':'rich_text','elements':[{'type':'rich_text_table','elements':[]}]}]`, "/blocks/0/elements/0/type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := checkBlocks(jsonOf(t, tt.blocks), maxMessageBlocks, "/blocks")
			switch {
			case tt.at == "" && len(got) > 0:
				t.Errorf("refused: %q", got)
			case tt.at != "" && (len(got) != 1 || !strings.HasSuffix(got[0], "[json-pointer:"+tt.at+"]")):
				t.Errorf("got %q, want one problem at %s", got, tt.at)
			}
		})
	}
}

func TestViewsAreRefusedWhereSlackRefusesThem(t *testing.T) {
	file := func(fields string, telling bool) string {
		return fmt.Sprintf(`[{'type':'input','label':{'type':'plain_text','text':'x'},'dispatch_action':%t,'element':{'type':'file_input',%s}}]`, telling, fields)
	}
	const title = `'title':{'type':'plain_text','text':'x'}`
	const ask = `[{'type':'input','label':{'type':'plain_text','text':'x'},'element':{'type':'plain_text_input'}}]`
	tests := []struct{ name, view, at string }{
		{"a modal", `{'type':'modal',` + title + `,'blocks':[]}`, ""},
		{"a Home", `{'type':'home','blocks':` + ask + `}`, ""},
		{"no title", `{'type':'modal','blocks':[]}`, "/view"},
		{"title", `{'type':'modal','title':{'type':'plain_text','text':'@25'},'blocks':[]}`, "/view/title/text"},
		{"submit", `{'type':'modal',` + title + `,'submit':{'type':'plain_text','text':'@25'},'blocks':[]}`, "/view/submit/text"},
		{"inputs without submit", `{'type':'modal',` + title + `,'blocks':` + ask + `}`, "/view/submit"},
		{"null blocks", `{'type':'modal',` + title + `,'blocks':null}`, "/view/blocks"},
		{"a hundred blocks", `{'type':'modal',` + title + `,'blocks':` + times(101, `{'type':'divider'}`) + `}`, "/view/blocks"},
		{"private metadata", `{'type':'modal',` + title + `,'private_metadata':'@3001','blocks':[]}`, "/view/private_metadata"},
		{"callback ID", `{'type':'modal',` + title + `,'callback_id':'@256','blocks':[]}`, "/view/callback_id"},
		{"files", `{'type':'modal',` + title + `,'submit':{'type':'plain_text','text':'x'},'blocks':` + file(`'max_files':10,'filetypes':['csv','txt']`, false) + `}`, ""},
		{"eleven files", `{'type':'modal',` + title + `,'submit':{'type':'plain_text','text':'x'},'blocks':` + file(`'max_files':11`, false) + `}`, "/view/blocks/0/element/max_files"},
		{"no files", `{'type':'modal',` + title + `,'submit':{'type':'plain_text','text':'x'},'blocks':` + file(`'max_files':0`, false) + `}`, "/view/blocks/0/element/max_files"},
		{"files that tell at once", `{'type':'modal',` + title + `,'submit':{'type':'plain_text','text':'x'},'blocks':` + file(`'max_files':1`, true) + `}`, "/view/blocks/0/element/type"},
		{"files in Home", `{'type':'home','blocks':` + file(`'max_files':1`, false) + `}`, "/view/blocks/0/element/type"},
		{"a field of another surface", `{'type':'home',` + title + `,'blocks':[]}`, "/view"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			view, _ := jsonOf(t, tt.view).(map[string]any)
			got := checkView(view)
			switch {
			case tt.at == "" && len(got) > 0:
				t.Errorf("refused: %q", got)
			case tt.at != "" && (len(got) != 1 || !strings.HasSuffix(got[0], "[json-pointer:"+tt.at+"]")):
				t.Errorf("got %q, want one problem at %s", got, tt.at)
			}
		})
	}
}

func TestMarkupPingsAndLinksAsInSlack(t *testing.T) {
	tests := []struct {
		name, text string
		find       finding
		want       string
		pings      []string
		links      []Link
	}{
		{"a broadcast", "<!channel> hi", findNothing, "@channel hi", []string{"channel"}, nil},
		{"a person and a group", "<@U0ANN> <!subteam^S0FALCON|@falcon>", findNothing, "@U0ANN @falcon", []string{"U0ANN", "S0FALCON"}, nil},
		{"a forged link", "<https://evil.example|Approve>", findNothing, "Approve", nil, []Link{{"https://evil.example", "Approve"}}},
		{"escaped", "&lt;!channel&gt; &amp;lt; &lt;https://evil.example|x&gt;", findNothing, "<!channel> &lt; <https://evil.example|x>", nil, nil},
		{"bare words, verbatim", "@here https://a.example jane@acme.example", findNothing, "@here https://a.example jane@acme.example", nil, nil},
		{"bare words in a message", "@here https://a.example", findLinks, "@here https://a.example", nil, []Link{{"https://a.example", "https://a.example"}}},
		{
			"bare words in mrkdwn", "@here and me@everyone.example @everyone", findAll, "@here and me@everyone.example @everyone",
			[]string{"here", "everyone"},
			[]Link{{"mailto:me@everyone.example", "me@everyone.example"}},
		},
		{"a channel", "<#C0FALCON|falcon>", findNothing, "falcon", nil, nil},
		{"a date", "<!date^1760000000^{date}|9 Oct>", findNothing, "9 Oct", nil, nil},
		{"a date with a link", "<!date^1760000000^{date}^https://a.example|9 Oct>", findNothing, "9 Oct", nil, []Link{{"https://a.example", "9 Oct"}}},
		{"a smaller and a greater", "a <b> c", findNothing, "a <b> c", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(nil)
			if got := r.mrkdwn(tt.text, tt.find); got != tt.want {
				t.Errorf("reads %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.pings, r.pings, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("pings %s", diff)
			}
			if diff := cmp.Diff(tt.links, r.links, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("links %s", diff)
			}
		})
	}
}

func TestPlainIsWhatAReaderSees(t *testing.T) {
	blocks := `[
		{'type':'header','text':{'type':'plain_text','text':'Guest <!channel>'}},
		{'type':'section','text':{'type':'mrkdwn','text':'*Who* <@U0ANN> &amp; co'},'accessory':{'type':'button','text':{'type':'plain_text','text':'Show'},'url':'https://a.example'}},
		{'type':'rich_text','elements':[
			{'type':'rich_text_section','elements':[{'type':'text','text':'why <@U0BEN> '},{'type':'usergroup','usergroup_id':'S0FALCON'}]},
			{'type':'rich_text_list','style':'ordered','elements':[{'type':'rich_text_section','elements':[{'type':'text','text':'one'}]}]},
			{'type':'rich_text_quote','elements':[{'type':'text','text':'a\nb'}]}]},
		{'type':'divider'},
		{'type':'context','elements':[{'type':'plain_text','text':'@here'},{'type':'image','image_url':'https://a.example/i','alt_text':'a face'}]},
		{'type':'actions','elements':[{'type':'button','text':{'type':'plain_text','text':'Approve'}},{'type':'overflow','options':[{'text':{'type':'plain_text','text':'More'},'value':'m'}]}]}
	]`
	w, _ := newWorld(t)
	list, _ := jsonOf(t, blocks).([]any)
	m := &Message{Channel: "C0FALCON", User: BotUser, Text: "note for <@U0SAM> at <https://unseen.example>", Blocks: objects(any(list))}
	w.mu.Lock()
	w.addMessageLocked(m)
	w.mu.Unlock()
	got := w.Messages("C0FALCON")[0]
	want := "Guest <!channel>\n*Who* @Ann Lee & co\n[Show]\nwhy <@U0BEN> @falcon-sponsors\n1. one\n> a\n> b\n----\n@here a face\n[Approve] [More]"
	if diff := cmp.Diff(want, got.Plain()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"U0SAM", "U0ANN", "S0FALCON"}, got.Pings); diff != "" {
		t.Errorf("pings %s", diff)
	}
	if diff := cmp.Diff([]Link{{"https://a.example", "Show"}}, got.Links); diff != "" {
		t.Errorf("links %s", diff)
	}
	if diff := cmp.Diff([]string{"Show", "Approve"}, got.Buttons()); diff != "" {
		t.Errorf("buttons %s", diff)
	}
}

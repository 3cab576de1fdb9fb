package sandbox

import "maps"

// maxTextObject is the most that any text object holds; many fields take less.
const maxTextObject = 3000

// kind is what sort of value a field holds.
type kind int

const (
	aString  kind = iota // of min..max characters; one of of, if given
	aBool                //
	aNumber              // between min and max, if max is given
	aText                // a text object of one of the types of, with 1..max characters
	anObject             // an object with a type, one of of
	aRecord              // an object without a type, of the record of[0]
	aList                // of min..max items
	anything             // checked elsewhere
)

// rule is what Slack takes for one field.
type rule struct {
	kind     kind
	min, max int
	of       []string
	item     *rule
	required bool
}

type fields map[string]rule

func (r rule) must() rule { r.required = true; return r }

func text(limit int) rule  { return rule{kind: aString, min: 0, max: limit} }
func some(limit int) rule  { return rule{kind: aString, min: 1, max: limit} }
func flag() rule           { return rule{kind: aBool} }
func number() rule         { return rule{kind: aNumber} }
func plain(limit int) rule { return rule{kind: aText, max: limit, of: []string{"plain_text"}} }

func between(least, most int) rule { return rule{kind: aNumber, min: least, max: most} }
func oneOf(words ...string) rule   { return rule{kind: aString, of: words} }
func typeOf(types ...string) rule  { return rule{kind: anObject, of: types} }
func record(name string) rule      { return rule{kind: aRecord, of: []string{name}} }
func list(least, most int, item rule) rule {
	return rule{kind: aList, min: least, max: most, item: &item}
}

func anyText(limit int) rule {
	return rule{kind: aText, max: limit, of: []string{"plain_text", "mrkdwn"}}
}

// with is the fields plus those that many shapes share.
func (f fields) with(more ...fields) fields {
	for _, m := range more {
		maps.Copy(f, m)
	}
	return f
}

var (
	named       = fields{"block_id": text(255)}
	acting      = fields{"action_id": text(255)}
	confirming  = fields{"confirm": record("confirm")}
	focusing    = fields{"focus_on_load": flag()}
	placeholder = fields{"placeholder": plain(150)}
	dispatching = fields{"dispatch_action_config": record("dispatch")}
	styled      = fields{"style": record("style")}
)

// The types that may stand in each place.
var (
	blockTypes  = []string{"section", "header", "context", "divider", "actions", "input", "image", "rich_text"}
	actionTypes = []string{
		"button", "overflow", "static_select", "multi_static_select", "users_select", "multi_users_select", "datepicker",
		"checkboxes", "radio_buttons",
	}
	accessoryTypes = append([]string{"image"}, actionTypes...)
	inputTypes     = []string{
		"plain_text_input", "email_text_input", "url_text_input", "number_input", "static_select", "multi_static_select",
		"users_select", "multi_users_select", "datepicker", "checkboxes", "radio_buttons", "file_input",
	}
	inlineTypes = []string{
		"text", "link", "user", "usergroup", "channel", "team", "emoji", "broadcast", "date", "color",
	}
	richTypes = []string{"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
)

// views are the fields of whole views; their blocks are checked apart.
var views = map[string]fields{
	"modal": {
		"blocks": {kind: anything, required: true}, "title": plain(24).must(), "submit": plain(24), "close": plain(24), "private_metadata": text(3000),
		"callback_id": text(255), "external_id": text(255), "clear_on_close": flag(), "notify_on_close": flag(),
	},
	"home": {"blocks": {kind: anything, required: true}, "private_metadata": text(3000), "callback_id": text(255), "external_id": text(255)},
}

// records are objects that carry no type.
var records = map[string]fields{
	"confirm": {
		"title": plain(100).must(), "text": anyText(300).must(), "confirm": plain(30).must(), "deny": plain(30).must(),
		"style": oneOf("primary", "danger"),
	},
	"dispatch": {"trigger_actions_on": list(1, 2, oneOf("on_enter_pressed", "on_character_entered"))},
	"option":   {"text": plain(75).must(), "value": some(150).must(), "description": plain(75), "url": text(3000)},
	"markdownOption": {
		"text": anyText(75).must(), "value": some(150).must(), "description": anyText(75),
	},
	"group": {"label": plain(75).must(), "options": list(1, 100, record("option")).must()},
	"style": {
		"bold": flag(), "italic": flag(), "strike": flag(), "code": flag(), "underline": flag(), "highlight": flag(),
		"client_highlight": flag(), "unlink": flag(),
	},
	"file": {"id": some(255), "url": some(3000)},
}

// shapes are the objects that carry a type: text objects, blocks, elements, and the parts of rich text.
var shapes = map[string]fields{
	"plain_text": {"text": some(maxTextObject).must(), "emoji": flag()},
	"mrkdwn":     {"text": some(maxTextObject).must(), "verbatim": flag()},

	"section": fields{
		"text": anyText(3000), "fields": list(1, 10, anyText(2000)), "accessory": typeOf(accessoryTypes...), "expand": flag(),
	}.with(named),
	"header":  fields{"text": plain(150).must(), "level": between(1, 4)}.with(named),
	"context": fields{"elements": list(1, 10, rule{kind: anObject, of: []string{"plain_text", "mrkdwn", "image"}}).must()}.with(named),
	"divider": fields{}.with(named),
	"actions": fields{"elements": list(1, 25, typeOf(actionTypes...)).must()}.with(named),
	"input": fields{
		"label": plain(2000).must(), "element": typeOf(inputTypes...).must(), "hint": plain(2000), "optional": flag(),
		"dispatch_action": flag(),
	}.with(named),
	"image": fields{
		"image_url": some(3000), "slack_file": record("file"), "alt_text": some(2000).must(), "title": plain(2000),
	}.with(named),
	"rich_text": fields{"elements": list(0, 0, typeOf(richTypes...)).must()}.with(named),

	"button": fields{
		"text": plain(75).must(), "value": text(2000), "url": text(3000), "style": oneOf("primary", "danger"),
		"accessibility_label": text(75),
	}.with(acting, confirming),
	"overflow": fields{"options": list(1, 5, record("option")).must()}.with(acting, confirming),
	"static_select": fields{
		"options": list(1, 100, record("option")), "option_groups": list(1, 100, record("group")),
		"initial_option": record("option"),
	}.with(acting, confirming, focusing, placeholder),
	"multi_static_select": fields{
		"options": list(1, 100, record("option")), "option_groups": list(1, 100, record("group")),
		"initial_options": list(1, 100, record("option")), "max_selected_items": between(1, 100),
	}.with(acting, confirming, focusing, placeholder),
	"users_select": fields{"initial_user": some(255)}.with(acting, confirming, focusing, placeholder),
	"multi_users_select": fields{
		"initial_users": list(0, 100, some(255)), "max_selected_items": between(1, 100),
	}.with(acting, confirming, focusing, placeholder),
	"datepicker": fields{"initial_date": some(10)}.with(acting, confirming, focusing, placeholder),
	"checkboxes": fields{
		"options": list(1, 10, record("markdownOption")).must(), "initial_options": list(1, 10, record("markdownOption")),
	}.with(acting, confirming, focusing),
	"radio_buttons": fields{
		"options": list(1, 10, record("markdownOption")).must(), "initial_option": record("markdownOption"),
	}.with(acting, confirming, focusing),
	"file_input": fields{"filetypes": list(0, 0, some(255)), "max_files": between(1, maxFiles)}.with(acting),
	"plain_text_input": fields{
		"initial_value": text(3000), "multiline": flag(), "min_length": between(0, 3000), "max_length": between(1, 3000),
	}.with(acting, focusing, placeholder, dispatching),
	"email_text_input": fields{"initial_value": text(3000)}.with(acting, focusing, placeholder, dispatching),
	"url_text_input":   fields{"initial_value": text(3000)}.with(acting, focusing, placeholder, dispatching),
	"number_input": fields{
		"is_decimal_allowed": flag().must(), "initial_value": text(255), "min_value": text(255), "max_value": text(255),
	}.with(acting, focusing, placeholder, dispatching),

	"rich_text_section":      {"elements": list(0, 0, typeOf(inlineTypes...)).must()},
	"rich_text_quote":        {"elements": list(0, 0, typeOf(inlineTypes...)).must(), "border": between(0, 1)},
	"rich_text_preformatted": {"elements": list(0, 0, typeOf("text", "link")).must(), "border": between(0, 1), "language": text(255)},
	"rich_text_list": {
		"elements": list(0, 0, typeOf("rich_text_section")).must(), "style": oneOf("bullet", "ordered").must(),
		"indent": between(0, 8), "offset": number(), "border": between(0, 1),
	},
	"text":      fields{"text": some(0).must()}.with(styled),
	"link":      fields{"url": some(3000).must(), "text": text(0), "unsafe": flag()}.with(styled),
	"user":      fields{"user_id": some(255).must()}.with(styled),
	"usergroup": fields{"usergroup_id": some(255).must()}.with(styled),
	"channel":   fields{"channel_id": some(255).must()}.with(styled),
	"team":      fields{"team_id": some(255).must()}.with(styled),
	"emoji":     fields{"name": some(255).must(), "unicode": text(255), "url": text(3000)}.with(styled),
	"broadcast": fields{"range": oneOf("here", "channel", "everyone").must()}.with(styled),
	"date": fields{
		"timestamp": number().must(), "format": some(0).must(), "fallback": text(0), "url": text(3000),
	}.with(styled),
	"color": fields{"value": some(7).must()}.with(styled),
}

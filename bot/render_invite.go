package bot

import (
	"slices"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

const (
	maxLabel      = 300 // of a question, and of its hint
	maxInputs     = 60  // of an access
	maxActionBase = 200 // of the ID of an input, without its number
)

// whileTyping lets Slack tell us of a text input while it is typed in, and at Enter.
var whileTyping = slack.DispatchActionConfig{TriggerActionsOn: []string{"on_enter_pressed", "on_character_entered"}}

// Form is the modal of /invite-partner. Its fields are plain inputs without
// limits of their own, so that every refusal is ours, says what to do, and
// leaves what was typed in place. What depends on the access is asked once one
// is chosen. The IDs of blocks and inputs stay the same however often it is
// drawn, for that is what keeps what was typed.
func (d render) Form(locale string, f Form) slack.ModalViewRequest {
	f = f.preset(d.Policy())
	email := d.input(locale, approvals.FieldEmail, "form.email", "form.email.example", f.fresh(approvals.FieldEmail, f.Email))
	watched(email, f)
	blocks := []slack.Block{email}
	blocks = append(blocks, d.preflight(locale, f)...)
	blocks = append(blocks, slack.NewActionBlock("several", button(ActionSeveral, CallbackSeveral, d.Words.Say(locale, "button.several", nil))))
	blocks = append(blocks, d.guestInputs(locale, f)...)
	blocks = append(blocks, d.chooseAccess(locale, f)...)
	blocks = append(blocks, d.termsInputs(locale, f)...)
	view := d.modal(locale, CallbackInvite, "form.title", "form.submit", append(blocks, d.whyInput(locale, f)))
	view.PrivateMetadata = f.usual.write()
	return view
}

func (d render) modal(locale, callback, title, submit string, blocks []slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback,
		Title:  plainText(d.Words.Say(locale, title, nil), maxModalTitle),
		Submit: plainText(d.Words.Say(locale, submit, nil), maxModalTitle),
		Close:  plainText(d.Words.Say(locale, "form.close", nil), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// input is a line to type in, filled with what it begins with.
func (d render) input(locale string, field approvals.Field, label, placeholder, value string) *slack.InputBlock {
	el := slack.NewPlainTextInputBlockElement(plainText(d.Words.Say(locale, placeholder, nil), maxPlaceholder), string(field))
	el.InitialValue = cut(value, maxPrefill)
	return slack.NewInputBlock(string(field), plainText(d.Words.Say(locale, label, nil), maxText), nil, el)
}

// watched has Slack tell us of an input while somebody types in it.
func watched(block *slack.InputBlock, f Form) {
	if el, ok := block.Element.(*slack.PlainTextInputBlockElement); ok {
		el.ActionID = f.action(block.BlockID, ActionForm+":"+block.BlockID)
		el.DispatchActionConfig = &whileTyping
	}
	block.DispatchAction = true
}

// fresh is what an input begins with: nothing where somebody types just now, so
// that nothing takes their letters back.
func (f Form) fresh(field approvals.Field, value string) string {
	if f.typing == string(field) {
		return ""
	}
	return value
}

// guestInputs ask who the guest is, beside the address.
func (d render) guestInputs(locale string, f Form) []slack.Block {
	return []slack.Block{
		d.input(locale, approvals.FieldName, "form.name", "form.name.example", f.Name),
		d.input(locale, approvals.FieldCompany, "form.company", "form.company.example", f.Company).WithOptional(true),
	}
}

func (d render) whyInput(locale string, f Form) *slack.InputBlock {
	reason := d.input(locale, approvals.FieldReason, "form.reason", "form.reason.example", f.Reason)
	reason.Hint = plainText(d.Words.Say(locale, "form.reason.hint", nil), maxText)
	multiline(reason)
	return reason
}

func multiline(block *slack.InputBlock) {
	if el, ok := block.Element.(*slack.PlainTextInputBlockElement); ok {
		el.Multiline = true
	}
}

// chooseAccess offers what this person may ask for, and describes what is chosen.
func (d render) chooseAccess(locale string, f Form) []slack.Block {
	var options []*slack.OptionBlockObject
	for _, a := range f.offers(d.Policy()) {
		options = append(options, option(a.ID, a.Title, a.Description))
	}
	access := d.choose(locale, f, approvals.FieldAccess, ActionForm+":access", "form.access", options, f.Access)
	out := []slack.Block{access}
	if a, ok := f.access(d.Policy()); ok && typed(a.Description) != "" {
		out = append(out, slack.NewContextBlock("access about", plainText(typed(a.Description), maxText)))
	}
	return out
}

// termsInputs ask for how long, and what the chosen access wants to know.
func (d render) termsInputs(locale string, f Form) []slack.Block {
	a, ok := f.access(d.Policy())
	if !ok {
		return nil
	}
	return d.accessInputs(locale, f, a)
}

// accessInputs are what an access asks of everybody who wants it.
func (d render) accessInputs(locale string, f Form, a approvals.Access) []slack.Block {
	out := []slack.Block{d.chooseFor(locale, f, a)}
	if f.For == forDate {
		out = append(out, d.chooseEnd(locale, f, a))
	}
	for _, q := range a.Questions {
		out = append(out, d.question(locale, f, a, q))
	}
	return out[:min(len(out), maxInputs)]
}

// chooseFor offers the lengths that the access allows.
func (d render) chooseFor(locale string, f Form, a approvals.Access) *slack.InputBlock {
	var options []*slack.OptionBlockObject
	for _, length := range lengths(a) {
		options = append(options, option(length, d.choice(locale, length), ""))
	}
	if len(options) == 0 { // Slack takes no list of nothing; choosing this is refused
		options = append(options, option("none", d.Words.Say(locale, "form.for.none", nil), ""))
	}
	block := d.choose(locale, f, approvals.FieldFor, cut(ActionForm+":for:"+a.ID, maxActionBase), "form.for", options, f.For)
	block.Hint = plainText(d.Words.Say(locale, "form.for.hint", nil), maxText)
	return block
}

// choice words what can be chosen for how long.
func (d render) choice(locale, length string) string {
	switch length {
	case forDate:
		return d.Words.Say(locale, "form.for.date", nil)
	case forEver:
		return d.Words.Say(locale, "form.for.ever", nil)
	}
	t, err := time.ParseDuration(length)
	if err != nil {
		return length
	}
	return d.duration(locale, t)
}

func (d render) chooseEnd(locale string, f Form, a approvals.Access) *slack.InputBlock {
	block := d.pickDay(locale, approvals.FieldEnds, "form.ends", f.Ends, f.action(string(approvals.FieldEnds), ActionForm+":ends"))
	block.Hint = plainText(d.Words.Say(locale, "form.ends.hint", Args{"longest": d.duration(locale, a.Longest)}), maxText)
	block.DispatchAction = true
	return block
}

// pickDay is a calendar.
func (d render) pickDay(locale string, field approvals.Field, label, day, action string) *slack.InputBlock {
	el := slack.NewDatePickerBlockElement(action)
	if _, err := time.Parse(time.DateOnly, day); err == nil {
		el.InitialDate = day
	}
	return slack.NewInputBlock(string(field), plainText(d.Words.Say(locale, label, nil), maxText), nil, el)
}

// question is one of the access's own.
func (d render) question(locale string, f Form, a approvals.Access, q approvals.Question) *slack.InputBlock {
	field, action := approvals.FieldQuestion(q.ID), cut("of "+a.ID, maxActionBase)
	var el slack.BlockElement
	switch q.Kind {
	case approvals.AskChoice:
		var options []*slack.OptionBlockObject
		for _, o := range q.Options {
			options = append(options, option(o, o, ""))
		}
		el = d.pickOne(locale, action, options, f.Answers[q.ID])
	case approvals.AskDate:
		el = d.pickDay(locale, field, "form.ends", f.Answers[q.ID], action).Element
	case approvals.AskText:
		text := slack.NewPlainTextInputBlockElement(nil, action)
		text.Multiline, text.InitialValue = true, cut(f.Answers[q.ID], maxPrefill)
		el = text
	}
	block := slack.NewInputBlock(string(field), plainText(typed(q.Label), maxLabel), nil, el).WithOptional(!q.Required)
	if hint := typed(q.Hint); hint != "" {
		block.Hint = plainText(hint, maxLabel)
	}
	return block
}

// choose is a select that other parts of the form depend on.
func (d render) choose(locale string, f Form, field approvals.Field, action, label string, options []*slack.OptionBlockObject, chosen string) *slack.InputBlock {
	el := d.pickOne(locale, f.action(string(field), action), options, chosen)
	return slack.NewInputBlock(string(field), plainText(d.Words.Say(locale, label, nil), maxText), nil, el).WithDispatchAction(true)
}

// pickOne is a list to choose one of.
func (d render) pickOne(locale, action string, options []*slack.OptionBlockObject, chosen string) *slack.SelectBlockElement {
	options = options[:min(len(options), maxOptions)]
	el := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText(d.Words.Say(locale, "form.choose", nil), maxPlaceholder), action, options...)
	if i := slices.IndexFunc(options, func(o *slack.OptionBlockObject) bool { return o.Value == chosen }); i >= 0 {
		el.InitialOption = options[i]
	}
	return el
}

func option(value, text, description string) *slack.OptionBlockObject {
	o := slack.NewOptionBlockObject(value, plainText(typed(text), maxOption), nil)
	if description = typed(description); description != "" {
		o.Description = plainText(description, maxOption)
	}
	return o
}

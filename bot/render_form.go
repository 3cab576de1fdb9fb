package bot

import (
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Form is what the invitation form begins with. What the policy does not offer
// is left unchosen.
type Form struct {
	Email, Name, Company string
	Access               string // ID
	For                  string // Go duration, e.g. 720h0m0s
	Reason               string
}

// Form is the modal of /invite-partner. Its fields are plain inputs without
// limits of their own, so that every refusal is ours, says what to do, and
// leaves what was typed in place.
func (d render) Form(locale string, f Form) slack.ModalViewRequest {
	say := func(id string) string { return d.Words.Say(locale, id, nil) }
	input := func(field approvals.Field, label, placeholder, value string) *slack.InputBlock {
		el := slack.NewPlainTextInputBlockElement(plainText(say(placeholder), maxPlaceholder), string(field))
		el.InitialValue = cut(value, maxPrefill)
		return slack.NewInputBlock(string(field), plainText(say(label), maxText), nil, el)
	}
	email := input(approvals.FieldEmail, "form.email", "form.email.example", f.Email)
	name := input(approvals.FieldName, "form.name", "form.name.example", f.Name)
	company := input(approvals.FieldCompany, "form.company", "form.company.example", f.Company).WithOptional(true)
	reason := input(approvals.FieldReason, "form.reason", "form.reason.example", f.Reason)
	reason.Hint = plainText(say("form.reason.hint"), maxText)
	if el, ok := reason.Element.(*slack.PlainTextInputBlockElement); ok {
		el.Multiline = true
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackInvite,
		Title:  plainText(say("form.title"), maxModalTitle),
		Submit: plainText(say("form.submit"), maxModalTitle),
		Close:  plainText(say("form.close"), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: []slack.Block{email, name, company, d.chooseAccess(locale, f.Access), d.chooseFor(locale, f.For), reason}},
	}
}

func (d render) chooseAccess(locale, chosen string) *slack.InputBlock {
	var options []*slack.OptionBlockObject
	for _, a := range d.Policy.Accesses {
		options = append(options, option(a.ID, a.Title, a.Description))
	}
	return d.choose(locale, approvals.FieldAccess, "form.access", options, chosen)
}

// chooseFor offers the lengths of all accesses, and says at each which accesses
// allow it unless all do.
func (d render) chooseFor(locale, chosen string) *slack.InputBlock {
	lengths := map[time.Duration][]string{}
	for _, a := range d.Policy.Accesses {
		for _, t := range a.Durations {
			lengths[t] = append(lengths[t], typed(a.Title))
		}
	}
	var order []time.Duration
	differ := false
	for t, titles := range lengths {
		order = append(order, t)
		differ = differ || len(titles) < len(d.Policy.Accesses)
	}
	slices.Sort(order)
	var options []*slack.OptionBlockObject
	for _, t := range order {
		which := ""
		if titles := lengths[t]; len(titles) < len(d.Policy.Accesses) {
			which = d.Words.Say(locale, "form.for.only", Args{"access": strings.Join(titles, ", ")})
		}
		options = append(options, option(t.String(), d.duration(locale, t), which))
	}
	block := d.choose(locale, approvals.FieldFor, "form.for", options, chosen)
	if differ {
		block.Hint = plainText(d.Words.Say(locale, "form.for.hint", nil), maxText)
	}
	return block
}

// choose is a select with one option chosen: the wanted one, or the only one.
func (d render) choose(locale string, field approvals.Field, label string, options []*slack.OptionBlockObject, chosen string) *slack.InputBlock {
	options = options[:min(len(options), maxOptions)]
	el := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText(d.Words.Say(locale, "form.choose", nil), maxPlaceholder), string(field), options...)
	for _, o := range options {
		if o.Value == chosen || len(options) == 1 {
			el.InitialOption = o
		}
	}
	return slack.NewInputBlock(string(field), plainText(d.Words.Say(locale, label, nil), maxText), nil, el)
}

func option(value, text, description string) *slack.OptionBlockObject {
	o := slack.NewOptionBlockObject(value, plainText(typed(text), maxOption), nil)
	if description = typed(description); description != "" {
		o.Description = plainText(description, maxOption)
	}
	return o
}

// DenyForm is the modal that asks why. What it carries says which card it came
// from; nothing of it is believed when it comes back.
func (d render) DenyForm(locale string, r approvals.Request) slack.ModalViewRequest {
	about := target(r, r.Stage)
	about.Channel = r.CurrentStage().Channel
	why := slack.NewPlainTextInputBlockElement(plainText(d.Words.Say(locale, "deny.example", nil), maxPlaceholder), string(approvals.FieldReason))
	why.Multiline = true
	input := slack.NewInputBlock(string(approvals.FieldReason), plainText(d.Words.Say(locale, "deny.reason", nil), maxText),
		plainText(d.Words.Say(locale, "deny.hint", nil), maxText), why)
	intro := paragraphs(d.Words.phrase(locale, "deny.intro", Args{
		"by": d.person(r.Requester), "guest": d.guest(locale, r), "access": Bold(shownText(r.Access.Title)),
	}))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackDeny, PrivateMetadata: about.Value(),
		Title:  plainText(d.Words.Say(locale, "deny.title", Args{"id": r.ID}), maxModalTitle),
		Submit: plainText(d.Words.Say(locale, "button.deny", nil), maxModalTitle),
		Close:  plainText(d.Words.Say(locale, "form.close", nil), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: []slack.Block{intro, input}},
	}
}

package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// The blocks of a decision's forms that are no field of a refusal.
const (
	blockAlso = "also" // whether a change approves, too
	ticked    = "yes"
)

// mostTicks is how many boxes Slack lets people tick in one block.
const mostTicks = 10

// decision is a form about a card. What it carries says which card it came from,
// and nothing of it is believed when it comes back.
func (d render) decision(locale, callback string, r approvals.Request, blocks ...slack.Block) slack.ModalViewRequest {
	about := target(r, r.Stage)
	about.Channel = r.CurrentStage().Channel
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: about.Value(),
		Title:  plainText(d.Words.Say(locale, callback+".title", Args{"id": r.ID}), maxModalTitle),
		Submit: plainText(d.Words.Say(locale, callback+".submit", nil), maxModalTitle),
		Close:  plainText(d.Words.Say(locale, "form.close", nil), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// intro says what a form is about. It comes first, so that it can be left out for
// somebody who may not read it.
func (d render) intro(locale, callback string, r approvals.Request) slack.Block {
	return paragraphs(d.Words.phrase(locale, callback+".intro", Args{
		"by": d.person(r.Requester), "guest": d.guest(locale, r), "access": Bold(shownText(r.Access.Title)), "lasts": d.lasts(locale, r),
		"what": d.grants(locale, r.Access.Grants), "several": len(r.Guests) > 0, "given": given(r),
	}))
}

// words asks for what somebody has to say.
func (d render) words(locale, callback string) *slack.InputBlock {
	el := slack.NewPlainTextInputBlockElement(plainText(d.Words.Say(locale, callback+".example", nil), maxPlaceholder), string(approvals.FieldReason))
	el.Multiline = true
	return slack.NewInputBlock(string(approvals.FieldReason), plainText(d.Words.Say(locale, callback+".reason", nil), maxText),
		plainText(d.Words.Say(locale, callback+".hint", nil), maxText), el)
}

// DenyForm is the modal that asks why not.
func (d render) DenyForm(locale string, r approvals.Request) slack.ModalViewRequest {
	why := d.words(locale, CallbackDeny)
	if r.CurrentStage().Channel == "" {
		why.Hint = plainText(d.Words.Say(locale, "deny.hint_direct", nil), maxText)
	}
	return d.decision(locale, CallbackDeny, r, d.intro(locale, CallbackDeny, r), why)
}

// AskForm is the modal for a question to the requester.
func (d render) AskForm(locale string, r approvals.Request) slack.ModalViewRequest {
	return d.decision(locale, CallbackAsk, r, d.intro(locale, CallbackAsk, r), d.words(locale, CallbackAsk))
}

// RevokeForm is the modal that asks why an access is to end. It need not be said.
func (d render) RevokeForm(locale string, r approvals.Request) slack.ModalViewRequest {
	why := d.words(locale, CallbackRevoke).WithOptional(true)
	return d.decision(locale, CallbackRevoke, r, d.intro(locale, CallbackRevoke, r), why)
}

// given reports whether a guest has anything that could be taken back.
func given(r approvals.Request) bool { return r.Account.ID != "" || len(r.Children) > 0 }

// ChooseForm is the modal of an approval that says who decides the next stage. If
// somebody said so meanwhile it only approves.
func (d render) ChooseForm(locale string, r approvals.Request) slack.ModalViewRequest {
	blocks := []slack.Block{d.intro(locale, CallbackChoose, r)}
	if r.Choosing() {
		blocks = append(blocks, d.chooser(locale, r))
	}
	return d.decision(locale, CallbackChoose, r, blocks...)
}

func (d render) chooser(locale string, r approvals.Request) *slack.InputBlock {
	el := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText(d.Words.Say(locale, "choose.example", nil), maxPlaceholder), string(approvals.FieldChoose))
	label := d.Words.Say(locale, "choose.who", Args{"stage": cut(typed(r.Access.Stages[r.Stage+1].Name), shortName)})
	return slack.NewInputBlock(string(approvals.FieldChoose), plainText(label, maxText),
		plainText(d.Words.Say(locale, "choose.hint", nil), maxText), el)
}

// ChangeForm is the modal that gives less than was asked for: for a shorter time,
// or not all that the access opens.
func (d render) ChangeForm(locale string, r approvals.Request, now time.Time) slack.ModalViewRequest {
	blocks := []slack.Block{d.intro(locale, CallbackChange, r), d.shorter(locale, r, now)}
	if takesDays(r) {
		day := slack.NewDatePickerBlockElement(string(approvals.FieldEnds))
		blocks = append(blocks, slack.NewInputBlock(string(approvals.FieldEnds), plainText(d.Words.Say(locale, "change.day", nil), maxText),
			plainText(d.Words.Say(locale, "change.day.hint", nil), maxText), day).WithOptional(true))
	}
	if keep := d.keep(locale, r); keep != nil {
		blocks = append(blocks, keep)
	}
	also := slack.NewCheckboxGroupsBlockElement(blockAlso, option(ticked, d.Words.Say(locale, "change.also.yes", nil), ""))
	blocks = append(blocks, slack.NewInputBlock(blockAlso, plainText(d.Words.Say(locale, "change.also", nil), maxText),
		plainText(d.Words.Say(locale, "change.also.hint", nil), maxText), also).WithOptional(true))
	if r.Choosing() {
		blocks = append(blocks, d.chooser(locale, r).WithOptional(true))
	}
	return d.decision(locale, CallbackChange, r, blocks...)
}

// takesDays reports whether a day may be chosen for the end of the access.
func takesDays(r approvals.Request) bool { return r.Access.Longest > 0 || !r.Ends.IsZero() }

// lessToGive reports whether a Change form has anything to choose.
func lessToGive(r approvals.Request, now time.Time) bool {
	return len(r.Access.Grants) > 1 || takesDays(r) || slices.ContainsFunc(r.Access.Durations, func(t time.Duration) bool {
		return endsEarlier(now.Add(t), r.Terms(), now)
	})
}

// shorter offers what was asked for, and every length that ends earlier.
func (d render) shorter(locale string, r approvals.Request, now time.Time) *slack.InputBlock {
	asked := d.Words.Say(locale, "change.asked", Args{"lasts": d.lasts(locale, r)})
	options := []*slack.OptionBlockObject{option(writeLength(r.Terms()), asked, "")}
	for _, t := range r.Access.Durations {
		if endsEarlier(now.Add(t), r.Terms(), now) {
			options = append(options, option(t.String(), d.duration(locale, t), ""))
		}
	}
	options = options[:min(len(options), maxOptions)]
	el := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText(d.Words.Say(locale, "form.choose", nil), maxPlaceholder), string(approvals.FieldFor), options...)
	el.InitialOption = options[0]
	return slack.NewInputBlock(string(approvals.FieldFor), plainText(d.Words.Say(locale, "change.for", nil), maxText), nil, el)
}

// keep are boxes for what the access opens, all ticked; nil if there is nothing to
// choose between.
func (d render) keep(locale string, r approvals.Request) slack.Block {
	grants := r.Access.Grants
	if len(grants) < 2 {
		return nil
	}
	var options []*slack.OptionBlockObject
	for _, g := range grants[:min(len(grants), maxOptions)] {
		options = append(options, option(g.Key(), firstOf(typed(g.Title), g.Group), ""))
	}
	label := plainText(d.Words.Say(locale, "change.grants", nil), maxText)
	hint := plainText(d.Words.Say(locale, "change.grants.hint", nil), maxText)
	if len(options) > mostTicks {
		el := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic,
			plainText(d.Words.Say(locale, "form.choose", nil), maxPlaceholder), string(approvals.FieldGrants), options...)
		el.InitialOptions = options
		return slack.NewInputBlock(string(approvals.FieldGrants), label, hint, el).WithOptional(true)
	}
	el := slack.NewCheckboxGroupsBlockElement(string(approvals.FieldGrants), options...)
	el.InitialOptions = options
	return slack.NewInputBlock(string(approvals.FieldGrants), label, hint, el).WithOptional(true)
}

// What stands in a form for access without an end, and begins what stands for a day.
const (
	lengthEver  = "ever"
	lengthUntil = "until "
)

// writeLength writes how long terms last as the value of an option.
func writeLength(t approvals.Terms) string {
	switch {
	case t.OpenEnded:
		return lengthEver
	case !t.Ends.IsZero():
		return lengthUntil + strconv.FormatInt(t.Ends.Unix(), 10)
	}
	return t.For.String()
}

// readLength reads what writeLength wrote.
func readLength(s string) (approvals.Terms, bool) {
	if s == lengthEver {
		return approvals.Terms{OpenEnded: true}, true
	}
	if unix, ok := strings.CutPrefix(s, lengthUntil); ok {
		n, err := strconv.ParseInt(unix, 10, 64)
		return approvals.Terms{Ends: time.Unix(n, 0).UTC()}, err == nil
	}
	t, err := time.ParseDuration(s)
	return approvals.Terms{For: t}, err == nil && t > 0
}

// endsEarlier reports whether a moment is before the end of access by terms that
// begins now.
func endsEarlier(end time.Time, t approvals.Terms, now time.Time) bool {
	switch {
	case t.OpenEnded:
		return true
	case !t.Ends.IsZero():
		return end.Before(t.Ends)
	}
	return end.Before(now.Add(t.For))
}

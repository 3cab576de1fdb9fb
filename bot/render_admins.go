package bot

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// maxOpen is how many incidents stand above a list.
const maxOpen = 3

// Failure is a request that failed as the admins see it: for whom it is, what is
// in the way, and the button to try again. When it is not failed any more it
// says what became of it.
func (d render) Failure(locale string, r approvals.Request) Message {
	state := d.state(locale, r)
	body := paragraphs(d.Words.phrase(locale, "card.asks", Args{
		"by": d.person(r.Requester), "access": Bold(shownText(r.Access.Title)), "guest": d.guest(locale, r),
	}))
	body.Elements = append(body.Elements, d.standing(locale, forApprovers, r, d.progress(locale, r)...)...)
	buttons := []slack.BlockElement{d.show(locale, r)}
	if retryable(r) {
		body.Elements = append(body.Elements, paragraphs(d.Words.phrase(locale, "failure.todo", Args{"own": ownCause(r)})).Elements...)
		buttons = append([]slack.BlockElement{d.retry(locale, r)}, buttons...)
	}
	return Message{
		Text: fallback(d.Words.Say(locale, "card.text", Args{
			"id": r.ID, "state": state, "guest": d.guestName(locale, r), "access": shownText(r.Access.Title),
		})),
		Blocks: []slack.Block{
			header(d.Words.Say(locale, "card.head", Args{"id": r.ID, "state": state})), body, slack.NewActionBlock("", buttons...),
		},
	}
}

// retryable reports whether an admin may have the request tried again. Where the
// guest was erased there is nobody to invite.
func retryable(r approvals.Request) bool { return r.State == approvals.Failed && r.Erased.IsZero() }

// show is the button to a request's story.
func (d render) show(locale string, r approvals.Request) *slack.ButtonBlockElement {
	b := button(ActionShow, string(r.ID), d.Words.Say(locale, "button.show", nil))
	b.AccessibilityLabel = d.Words.Say(locale, "button.show.label", Args{"id": r.ID})
	return b
}

// Incident is trouble that everybody has as the admins see it: what is wrong,
// since when, what waits because of it and what to do; in the end, that it is over.
func (d render) Incident(locale string, i approvals.Incident) Message {
	title, args := d.incidentTitle(locale, i), incidentArgs(i)
	if !i.Over.IsZero() {
		over := paragraphs(d.Words.phrase(locale, "incident.over", args))
		return Message{Text: fallback(title), Blocks: []slack.Block{header(title), over}}
	}
	body := paragraphs(d.Words.phrase(locale, "incident."+incidentKind(i)+".what", args))
	switch {
	case strings.HasPrefix(i.Key, "entra "):
		body.Elements = append(body.Elements, d.cause(locale, &i.Trouble)...)
	case i.Key == approvals.WidePolicy:
		if q := quote(i.Trouble.Text); q != nil {
			body.Elements = append(body.Elements, q)
		}
	}
	body.Elements = append(body.Elements, paragraphs(d.todo(locale, i), d.Words.phrase(locale, "incident.resumes", nil)).Elements...)
	return Message{Text: fallback(title), Blocks: []slack.Block{header(title), body}}
}

// incidentTitle names an incident in one line.
func (d render) incidentTitle(locale string, i approvals.Incident) string {
	title := d.Words.Say(locale, "incident."+incidentKind(i), incidentArgs(i))
	if i.Over.IsZero() {
		return title
	}
	return d.Words.Say(locale, "incident.is_over", Args{"title": title})
}

// todo says what an admin is to do about an incident.
func (d render) todo(locale string, i approvals.Incident) []piece {
	return d.Words.phrase(locale, "incident."+incidentKind(i)+".todo", incidentArgs(i))
}

// open are the incidents above a list of what waits, nothing if there are none.
func (d render) open(locale string, all []approvals.Incident) []slack.Block {
	all = slices.DeleteFunc(slices.Clone(all), func(i approvals.Incident) bool { return !i.Over.IsZero() })
	var out []slack.Block
	for _, i := range all[:min(len(all), maxOpen)] {
		since := d.Words.Markup(locale, "incident.since", incidentArgs(i)) + " " + asMarkup(d.todo(locale, i))
		out = append(out,
			slack.NewSectionBlock(plainText(d.incidentTitle(locale, i), maxText), nil, nil),
			slack.NewContextBlock("", markupText(since)))
	}
	if more := len(all) - maxOpen; more > 0 {
		out = append(out, paragraphs(d.Words.phrase(locale, "incident.more", Args{"count": more})))
	}
	return out
}

// incidentKind is an incident as its sentences are called in the catalogue.
func incidentKind(i approvals.Incident) string {
	switch {
	case i.Key == approvals.WideToken:
		return "token"
	case i.Key == approvals.WideInvitations:
		return "invitations"
	case i.Key == approvals.WideDirectory:
		return "directory"
	case strings.HasPrefix(i.Key, approvals.WideStuck):
		return "stuck"
	case strings.HasPrefix(i.Key, approvals.WideStranded):
		return "stranded"
	case i.Key == approvals.WidePolicy:
		return "policy"
	case i.Key == approvals.WideSlackToken:
		return "slack_token"
	case strings.HasPrefix(i.Key, approvals.WideChannel):
		return "channel"
	case strings.HasPrefix(i.Key, approvals.WideScope):
		return "scope"
	}
	return "other"
}

// incidentArgs are what the sentences about an incident need to know.
func incidentArgs(i approvals.Incident) Args {
	channel, _ := strings.CutPrefix(i.Key, approvals.WideChannel)
	scope, _ := strings.CutPrefix(i.Key, approvals.WideScope)
	request := strings.TrimPrefix(strings.TrimPrefix(i.Key, approvals.WideStuck), approvals.WideStranded)
	return Args{
		"since": minute(i.Since), "over": minute(i.Over), "key": shownText(i.Key), "channel": ChannelMention(channel), "request": shownText(request), "id": shownText(channel),
		"scope": shownText(scope), "archived": i.Trouble.Code == "is_archived", "outside": i.Trouble.Code == "not_in_channel",
		"missing": i.Trouble.Code == "channel_not_found", "stage": shownText(i.Trouble.Text),
	}
}

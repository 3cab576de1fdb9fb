package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

const (
	openFacts   = time.Second             // of a trigger's three: the form opens without facts after that
	submitFacts = time.Second             // of the acknowledgement's: without facts nobody may ask
	submitLooks = 1900 * time.Millisecond // of the same, with all that a submission looks at in Slack
)

// mostTwins are the requests in the way of a list that are told of at once.
const mostTwins = 5

// place is where somebody did something, and so how to answer them in private.
type place struct {
	who     approvals.PersonID
	channel string
	url     string // a capability: never logged
}

// invite answers /invite-partner with the form, filled with what was typed.
func (b *Bot) invite(_ context.Context, c command) (answer, error) {
	if isHelp(c.Text) {
		return b.help(c), nil
	}
	f, several := severalTyped(c.Text)
	draw := b.cfg.Desk.render.SeveralForm
	if !several {
		f, draw = parseTyped(c.Text), b.cfg.Desk.render.Form
	}
	return answer{later: func(ctx context.Context) {
		b.openForm(ctx, c.place(), c.Trigger, f, draw, func(locale string) Message {
			return b.words().Notice(locale, "form.late", Args{"typed": CommandInvite + " " + plainTyped(c.Text)})
		})
	}}, nil
}

// inviteClicked is App Home's button for the same form.
func (b *Bot) inviteClicked(_ context.Context, c click) (answer, error) {
	return answer{later: func(ctx context.Context) {
		b.openForm(ctx, c.place(), c.Trigger, Form{}, b.cfg.Desk.render.Form, func(locale string) Message {
			return b.words().Notice(locale, "form.late", Args{"typed": CommandInvite})
		})
	}}, nil
}

func isHelp(text string) bool { return strings.EqualFold(strings.TrimSpace(text), "help") }

func (b *Bot) help(c command) answer {
	return answer{later: func(ctx context.Context) {
		b.tell(ctx, c.place(), b.cfg.Desk.render.Help(b.cfg.Desk.locale(ctx, c.who()), c.Name))
	}}
}

// openForm opens a form for somebody who may ask. Whoever cannot be described
// in time gets it too: what they submit is judged on its own. What is known of the
// guest follows once it is open.
func (b *Bot) openForm(ctx context.Context, at place, trigger string, f Form, draw func(locale string, f Form) slack.ModalViewRequest, late func(locale string) Message) {
	look, cancel := context.WithTimeout(ctx, openFacts)
	defer cancel()
	who, err := b.facts(look, at.who, openFacts)
	if err == nil {
		err = who.Colleague()
	}
	if len(refusalsIn(err)) > 0 {
		b.tellWhy(ctx, at, "opening_form", err)
		return
	}
	f.Offered = b.offered(look, at.who)
	if f.Offered != nil && len(f.Offered) == 0 {
		b.tell(ctx, at, b.words().Notice(who.Locale, "form.nothing", Args{"admins": b.words().admins(who.Locale, strings.Join(b.cfg.Desk.render.Policy().Admins, ","))}))
		return
	}
	form := draw(who.Locale, f)
	opened := b.openView(ctx, at, trigger, form, late(who.Locale))
	if opened != nil {
		b.tellRest(ctx, approvals.Person{ID: at.who, Locale: who.Locale}, f)
	}
	if opened == nil || err != nil || f.Email == "" && f.Guests == "" {
		return
	}
	i := interaction{View: view{ID: opened.ID, Hash: opened.Hash, Callback: form.CallbackID}}
	i.User.ID, i.User.TeamID = at.who.User, at.who.Team
	b.redraw(ctx, i, b.forms.opened(opened.ID, opened.Hash), f)
}

// openView opens a modal and returns it, or says what to do when the trigger is
// used up.
func (b *Bot) openView(ctx context.Context, at place, trigger string, v slack.ModalViewRequest, late Message) *slack.View {
	opened, err := b.cfg.API.OpenViewContext(ctx, trigger, v)
	switch {
	case err == nil:
		return &opened.View
	case isLate(err):
		b.cfg.Log.WarnContext(ctx, "trigger expired", "person", at.who.String())
		b.tell(ctx, at, late)
	default:
		b.tellWhy(ctx, at, "opening_view", apiTrouble(err))
	}
	return nil
}

// isLate reports that a trigger has expired or was used, by any of the names
// that Slack has for it.
func isLate(err error) bool {
	t := apiTrouble(err)
	return slices.Contains([]string{
		"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged", "invalid_trigger_id", "invalid_trigger",
	}, t.Code) || t.Code == "invalid_arguments" && strings.Contains(t.Text, "trigger_id")
}

// submit makes a request of a submitted form. An empty answer means that it is
// on disk; otherwise the form stays open with a sentence at every wrong field.
func (b *Bot) submit(ctx context.Context, i interaction) (answer, error) {
	if a, asked := b.completed(ctx, i); asked {
		return a, nil
	}
	by, unread, err := b.submitter(ctx, i)
	if unread != nil {
		return *unread, nil
	}
	var r approvals.Request
	if err == nil {
		r, err = b.cfg.Service.Submit(ctx, draft(i.View, by))
	}
	if err == nil {
		b.cfg.Log.InfoContext(ctx, "request submitted", "request", string(r.ID), "person", i.who().String())
		return answer{later: b.homeAgain(i.who())}, nil
	}
	sentences, ok := b.atFields(by.Locale, i.View, err)
	if !ok {
		return answer{}, err
	}
	return answer{reply: fieldErrors(sentences), later: b.pointToTwin(i.who(), by.Locale, err)}, nil
}

// submitter describes whoever sent a form. unread is the answer to a form whose
// sender cannot be read: it stays as it is.
func (b *Bot) submitter(ctx context.Context, i interaction) (by approvals.Person, unread *answer, err error) {
	by, err = b.facts(ctx, i.who(), submitFacts)
	if err == nil || len(refusalsIn(err)) > 0 {
		return by, nil, err
	}
	b.cfg.Log.WarnContext(ctx, "requester unreadable", "person", i.who().String(), "code", codeOf(err))
	sentence := b.words().Say(b.knownLocale(ctx, i.who()), "form.unreadable", nil)
	return by, &answer{reply: fieldErrors(map[string]string{i.View.anchor(): sentence})}, nil
}

// completed asks for what a form lacks that was sent before it had grown: the
// fields that depend on the chosen access.
func (b *Bot) completed(ctx context.Context, i interaction) (answer, bool) {
	f := filled(i.View)
	a, ok := f.access(b.cfg.Desk.render.Policy())
	grown := f.actions[string(approvals.FieldFor)] != "" && (f.For != forDate || f.actions[string(approvals.FieldEnds)] != "")
	for _, q := range a.Questions {
		grown = grown && f.actions[string(approvals.FieldQuestion(q.ID))] != ""
	}
	if !ok || grown {
		return answer{}, false
	}
	mine := b.forms.touch(i.View.ID, i.View.Hash)
	sentence := b.words().Say(b.knownLocale(ctx, i.who()), "form.incomplete", Args{"access": shownText(a.Title)})
	return answer{
		reply: fieldErrors(map[string]string{string(approvals.FieldAccess): sentence}),
		later: func(ctx context.Context) { b.redraw(ctx, i, mine, f) },
	}, true
}

// twinsIn are the requests that stand in the way of what was refused, of one guest
// or of some in a list.
func twinsIn(err error) []approvals.RequestID {
	var out []approvals.RequestID
	for _, r := range refusalsIn(err) {
		code := approvals.Code(firstOf(r.Args["code"], string(r.Code)))
		id := approvals.RequestID(r.Args["id"])
		if (code == approvals.ErrAlreadyPending.Code || code == approvals.ErrAlreadyIn.Code) && id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out[:min(len(out), mostTwins)]
}

// pointToTwin tells of each request that stands in the way of another one, once
// to each person: those who may see it get a link, the others hear who asked.
// Errors at form fields carry no links.
func (b *Bot) pointToTwin(who approvals.PersonID, locale string, err error) func(context.Context) {
	twins := twinsIn(err)
	if len(twins) == 0 {
		return nil
	}
	return func(ctx context.Context) {
		for _, id := range twins {
			told := string(id) + " " + who.String()
			if !b.twins.add(told) {
				continue
			}
			m, err := b.twin(ctx, id, who, locale)
			if err == nil {
				err = b.cfg.Desk.Whisper(ctx, Whisper{To: who}, m)
			}
			if err != nil {
				b.twins.drop(told)
				b.cfg.Log.WarnContext(ctx, "not told of a twin", "request", string(id), "person", who.String(), "code", codeOf(err))
			}
		}
	}
}

// twin is what somebody may know of a request that is not theirs to make again.
func (b *Bot) twin(ctx context.Context, id approvals.RequestID, who approvals.PersonID, locale string) (Message, error) {
	r, _, err := b.cfg.Service.Story(ctx, id, who)
	if err == nil {
		link, err := b.linkTo(ctx, r, who)
		return b.linked(locale, r.ID, link), err
	}
	if !errors.Is(err, approvals.ErrNotFound) {
		return Message{}, err
	}
	by, err := b.cfg.Service.AskedBy(ctx, id)
	if err != nil {
		return Message{}, err
	}
	return b.words().Notice(locale, "twin.asked", Args{"id": id, "by": Mention(by.User)}), nil
}

// linkTo is the address of the message that shows a request to somebody: their
// own one if they asked, otherwise a card of their own, or the newest of a channel.
func (b *Bot) linkTo(ctx context.Context, r approvals.Request, who approvals.PersonID) (string, error) {
	shown, own := r.Shown.Direct, r.Requester.Same(who)
	for _, p := range cardsOf(r.Shown) {
		switch {
		case p.To == who.User && !r.Requester.Same(who):
			shown, own = p, true
		case !own && !isPerson(p.To): // nobody can open what is in somebody else's messages
			shown = p
		}
	}
	link, err := b.cfg.API.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: shown.Channel, Ts: shown.TS})
	if err != nil {
		return "", apiTrouble(err)
	}
	return link, nil
}

func (b *Bot) linked(locale string, id approvals.RequestID, link string) Message {
	sentence := b.words().phrase(locale, "twin.link", Args{"id": id})
	m := notice(sentence)
	block := paragraphs(sentence)
	block.Elements = append(block.Elements,
		slack.NewRichTextSection(slack.NewRichTextSectionLinkElement(link, b.words().Say(locale, "twin.open", Args{"id": id}), nil)))
	m.Blocks = []slack.Block{block}
	return m
}

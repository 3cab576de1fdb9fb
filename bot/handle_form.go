package bot

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// lookLimit is how long it may take to see what speaks for or against what is typed.
const lookLimit = 1500 * time.Millisecond

// formChanged answers what somebody typed or chose in a form: what depends on it
// is asked for, and what will come of it is said early. Of many changes only the
// newest is answered.
func (b *Bot) formChanged(_ context.Context, c click) (answer, error) {
	mine := b.forms.touch(c.View.ID, c.View.Hash)
	return answer{later: func(ctx context.Context) {
		f := filled(c.View)
		f.typing = fieldOf(c)
		b.redraw(ctx, c.interaction, mine, f)
	}}, nil
}

// severalClicked turns the form for one guest into that for several, and back.
func (b *Bot) severalClicked(_ context.Context, c click) (answer, error) {
	mine := b.forms.touch(c.View.ID, c.View.Hash)
	return answer{later: func(ctx context.Context) {
		i, f := c.interaction, filled(c.View)
		if i.View.Callback = CallbackInvite; c.value == CallbackSeveral {
			i.View.Callback = CallbackSeveral
			f = f.toSeveral()
		} else {
			f = f.toOne()
		}
		b.redraw(ctx, i, mine, f)
	}}, nil
}

// fieldOf is the block of the text input that somebody is typing in, if it is one.
func fieldOf(c click) string {
	for _, act := range c.Actions {
		for _, field := range []approvals.Field{approvals.FieldEmail, approvals.FieldGuests} {
			if baseAction(act.ID) == ActionForm+":"+string(field) {
				return string(field)
			}
		}
	}
	return ""
}

// redraw shows a form with what is in it and what is known by now. Whatever goes
// wrong is logged and changes nothing: what is sent is judged on its own.
func (b *Bot) redraw(ctx context.Context, i interaction, mine change, f Form) {
	if !mine.latest() {
		return
	}
	look, cancel := context.WithTimeout(ctx, lookLimit)
	view, ok := b.drawn(look, i, f, mine)
	cancel()
	if !ok || !mine.latest() {
		return
	}
	b.notDrawn(ctx, i, mine.draw(mine.chosen(f), b.update(ctx, mine, view)))
}

// chosen reports whether a change decides which fields the form has. Without its
// drawing somebody would wait for them; without that of anything else there is
// only less to read.
func (c change) chosen(f Form) bool { return c.n > 0 && (f.typing == "" || f.Access != "") }

// showResult puts what came of a form in its place, for good or to be mended.
func (b *Bot) showResult(ctx context.Context, i interaction, mine change, over bool, view slack.ModalViewRequest) {
	b.notDrawn(ctx, i, mine.result(over, b.update(ctx, mine, view)))
}

func (b *Bot) update(ctx context.Context, mine change, view slack.ModalViewRequest) func(hash string) (string, error) {
	return func(hash string) (string, error) {
		res, err := b.cfg.API.UpdateViewContext(ctx, view, "", hash, mine.view)
		if err != nil {
			return "", err
		}
		return res.Hash, nil
	}
}

// notDrawn logs why a form does not show what it should.
func (b *Bot) notDrawn(ctx context.Context, i interaction, err error) {
	if err == nil {
		return
	}
	level := slog.LevelWarn
	code := codeOf(apiTrouble(err))
	if code == hashConflict || code == "not_found" { // a newer drawing is there, or the form is gone
		level = slog.LevelDebug
	}
	b.cfg.Log.Log(ctx, level, "form not drawn", "person", i.who().String(), "code", code)
}

// drawn is a form as it looks with what is in it. It is false for one that is no
// longer anybody's.
func (b *Bot) drawn(ctx context.Context, i interaction, f Form, mine change) (slack.ModalViewRequest, bool) {
	d := b.cfg.Desk.render
	by, err := b.facts(ctx, i.who(), openFacts)
	readable := err == nil && by.Colleague() == nil
	if !readable {
		b.cfg.Log.WarnContext(ctx, "requester unreadable", "person", i.who().String(), "code", codeOf(err))
		by = approvals.Person{ID: i.who(), Locale: b.knownLocale(ctx, i.who())}
	}
	if i.View.Callback == CallbackEdit {
		return b.editDrawn(ctx, i, f)
	}
	f.Offered = b.offered(ctx, i.who())
	f = f.preset(d.Policy())
	if i.View.Callback == CallbackSeveral {
		if readable {
			f.Checked = b.readRoll(ctx, by, f)
		}
		return d.SeveralForm(by.Locale, f), true
	}
	if readable && mine.latest() {
		f.Known = b.lookAhead(ctx, by, f)
	}
	return d.Form(by.Locale, f), true
}

// offered are the accesses that somebody may ask for, by their user groups as far
// as they are known at once; nil if that is not known.
func (b *Bot) offered(ctx context.Context, who approvals.PersonID) []string {
	offered := []string{}
	for _, a := range b.cfg.Desk.render.Policy().Accesses {
		if len(a.Requesters) == 0 || slices.Contains(a.Requesters, who.User) {
			offered = append(offered, a.ID)
			continue
		}
		for _, g := range a.Requesters {
			if !approvals.IsGroup(g) {
				continue
			}
			members, err := b.glance.Members(ctx, g)
			if err != nil {
				b.cfg.Log.WarnContext(ctx, "requesters unreadable", "access", a.ID, "code", codeOf(err))
				return nil
			}
			if slices.Contains(members, who.User) {
				offered = append(offered, a.ID)
				break
			}
		}
	}
	return offered
}

// lookAhead is what is known of a request before it is made; nil if there is
// nothing to know yet, or nothing could be read.
func (b *Bot) lookAhead(ctx context.Context, by approvals.Person, f Form) *Preflight {
	if _, _, err := approvals.ParseAddress(f.Email); err != nil && f.Access == "" {
		return nil
	}
	d := f.draft(by)
	if d.Access == "" { // the guest can be looked at all the same
		offers := f.offers(b.cfg.Desk.render.Policy())
		if len(offers) == 0 {
			return nil
		}
		d.Access = offers[0].ID
	}
	seen, err := b.cfg.Service.Preview(ctx, d)
	if err != nil {
		b.cfg.Log.WarnContext(ctx, "no look ahead", "person", by.ID.String(), "error", err)
		return nil
	}
	known := &Preflight{Preview: seen, Viewer: by.ID, Links: map[approvals.RequestID]string{}}
	for _, q := range seen.Twins {
		if q.Access.ID != f.Access {
			continue
		}
		if r, _, err := b.cfg.Service.Story(ctx, q.ID, by.ID); err == nil {
			link, err := b.linkTo(ctx, r, by.ID)
			if err != nil {
				link = ""
			}
			known.Links[q.ID] = link
		}
	}
	return known
}

// readRoll reads the list of guests, and looks at one of each organisation.
func (b *Bot) readRoll(ctx context.Context, by approvals.Person, f Form) *Roll {
	if f.Guests == "" {
		return nil
	}
	guests, wrong := approvals.ParseGuests(f.Guests)
	out := &Roll{Guests: guests, Wrong: withoutLast(wrong, f)}
	seen := map[string]bool{}
	for _, g := range guests {
		_, domain, _ := approvals.ParseAddress(g.Email)
		if seen[domain] || len(out.Known) >= mostDomains {
			continue
		}
		seen[domain] = true
		one := f
		one.Email, one.Name, one.Company = g.Email, g.Name, firstOf(g.Company, f.Company)
		if known := b.lookAhead(ctx, by, one); known != nil {
			known.Twins, known.Wrong = nil, slices.DeleteFunc(known.Wrong, func(r *approvals.Refusal) bool { return r.Field != approvals.FieldEmail })
			out.Known = append(out.Known, *known)
		}
	}
	return out
}

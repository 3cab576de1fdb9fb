package bot

import (
	"context"
	"log/slog"
	"maps"
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
		i, f := c.interaction, filled(c.View)
		f.typing = fieldOf(c)
		for _, act := range c.Actions {
			f.usual = f.usual.touched(act.ID)
		}
		if to := mine.turned(i.View.Callback); to != i.View.Callback {
			f, i.View.Callback = f.turnedInto(to, i.View)
		}
		b.redraw(ctx, i, mine, f)
	}}, nil
}

// turnedInto is what is in a form as it stands in another one, and which one that
// is: it stays the one for several where something would be lost.
func (f Form) turnedInto(callback string, v view) (Form, string) {
	if callback == CallbackSeveral {
		return f.toSeveral(), CallbackSeveral
	}
	if one, ok := f.toOne(); ok && attached(v) == "" {
		return one, CallbackInvite
	}
	f.crowded = true
	return f, CallbackSeveral
}

// severalClicked turns the form for one guest into that for several, and back if
// nothing is lost by it.
func (b *Bot) severalClicked(_ context.Context, c click) (answer, error) {
	mine, to := b.forms.touch(c.View.ID, c.View.Hash), CallbackInvite
	if c.value == CallbackSeveral {
		to = CallbackSeveral
	}
	f, to := filled(c.View).turnedInto(to, c.View)
	mine.turn(to)
	return answer{later: func(ctx context.Context) {
		i := c.interaction
		i.View.Callback = to
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
	b.draw(ctx, i, &redrawing{change: mine, insists: mine.chosen(f), show: b.update(mine, view)})
}

// draw shows a form as it is to look, or leaves that to whoever draws it just now.
func (b *Bot) draw(ctx context.Context, i interaction, d *redrawing) {
	if d.begin() {
		b.drawNow(ctx, i, d)
	}
}

func (b *Bot) drawNow(ctx context.Context, i interaction, d *redrawing) {
	next, err := d.run(ctx)
	b.notDrawn(ctx, i, err)
	if next != nil {
		b.after(ctx, func(ctx context.Context) { b.drawNow(ctx, i, next) })
	}
	if err != nil && d.lost != nil {
		d.lost(ctx)
	}
}

// chosen reports whether a change decides which fields the form has. Without its
// drawing somebody would wait for them; without that of anything else there is
// only less to read.
func (c change) chosen(f Form) bool { return c.n > 0 && (f.typing == "" || f.Access != "") }

func (b *Bot) update(mine change, view slack.ModalViewRequest) func(ctx context.Context, hash string) (string, error) {
	return func(ctx context.Context, hash string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, drawLimit)
		defer cancel()
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
			f.Checked = b.readRoll(ctx, by, f, mine)
		}
		if f.crowded {
			f.Checked = &Roll{Trouble: b.words().Say(by.Locale, "guests.crowded", nil)}
		}
		return d.SeveralForm(by.Locale, f), true
	}
	if readable && mine.latest() {
		f.Known = b.pointed(ctx, by, f, b.lookAhead(ctx, by, f, 1))
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
			members, err := b.glance.Members(sparing(ctx), g)
			if err != nil {
				b.cfg.Log.Log(ctx, levelOf(err), "requesters unreadable", "access", a.ID, "code", codeOf(err))
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

// levelOf is how loudly a look that is done without is logged: what was left to
// decisions is no trouble.
func levelOf(err error) slog.Level {
	if codeOf(err) == approvals.CodePace {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// lookAhead is what is known of a request before it is made, for one of so many
// guests; nil if there is nothing to know yet, or nothing could be read.
func (b *Bot) lookAhead(ctx context.Context, by approvals.Person, f Form, guests int) *Preflight {
	if _, _, err := approvals.ParseAddress(f.Email); err != nil && f.Access == "" {
		return nil
	}
	d := f.draft(by)
	d.Guests = guests
	if d.Access == "" { // the guest can be looked at all the same
		offers := f.offers(b.cfg.Desk.render.Policy())
		if len(offers) == 0 {
			return nil
		}
		d.Access = offers[0].ID
	}
	seen, err := b.cfg.Service.Preview(sparing(ctx), d)
	if err != nil {
		b.cfg.Log.Log(ctx, levelOf(err), "no look ahead", "person", by.ID.String(), "error", err)
		return nil
	}
	return &Preflight{Preview: seen, Viewer: by.ID, Links: map[approvals.RequestID]string{}}
}

// pointed adds where those of the twins are to be seen that somebody may see.
func (b *Bot) pointed(ctx context.Context, by approvals.Person, f Form, known *Preflight) *Preflight {
	if known == nil {
		return nil
	}
	for _, q := range known.Twins {
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

// mostLooked is how many guests of a list are looked at while it is typed.
const mostLooked = 100

// readRoll reads the list of guests, and looks at each of them as far as there is
// time: what speaks against all of them is kept once, the facts of each organisation
// of its first one.
func (b *Bot) readRoll(ctx context.Context, by approvals.Person, f Form, mine change) *Roll {
	if f.Guests == "" {
		return nil
	}
	guests, wrong := approvals.ParseGuests(f.Guests)
	out := &Roll{Guests: guests, Wrong: withoutLast(wrong, f)}
	seen := map[string]bool{}
	for _, g := range guests[:min(len(guests), mostLooked)] {
		if ctx.Err() != nil || !mine.latest() {
			break
		}
		one := f
		one.Email, one.Name, one.Company = g.Email, g.Name, firstOf(g.Company, f.Company)
		known := b.lookAhead(ctx, by, one, len(guests))
		if known == nil {
			continue
		}
		out.note(f, g, *known)
		_, domain, _ := approvals.ParseAddress(g.Email)
		if !seen[domain] && len(out.Known) < mostDomains {
			known.Twins, known.Wrong = nil, nil
			out.Known = append(out.Known, *known)
		}
		seen[domain] = true
	}
	return out
}

// note keeps what speaks against one of the guests: what others have in common with
// them once, a request that is there for them already at their line.
func (c *Roll) note(f Form, g approvals.Guest, known Preflight) {
	for _, r := range known.Wrong {
		if !slices.ContainsFunc(c.Refused, func(q *approvals.Refusal) bool {
			return q.Code == r.Code && q.Field == r.Field && maps.Equal(q.Args, r.Args)
		}) {
			c.Refused = append(c.Refused, r)
		}
	}
	for _, q := range known.Twins {
		if q.Access.ID != f.Access {
			continue
		}
		twin := approvals.RefuseTwin(q)
		line := approvals.ErrGuestLine.With("text", g.Email).With("code", string(twin.Code))
		for name, value := range twin.Args {
			line = line.With(name, value)
		}
		c.Wrong = append(c.Wrong, line)
	}
}

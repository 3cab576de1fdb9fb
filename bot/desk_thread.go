package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"partnerbot/approvals"
)

// calledFor is how long something is worth saying under a card.
const calledFor = 48 * time.Hour

// Thread says under the cards what calls of the request are unsaid. One that is too
// old, or that nobody can act on any more, counts as said, and so does one that a
// later one repeats. A call under several cards is said under each of them once.
func (d *Desk) Thread(ctx context.Context, r approvals.Request, note approvals.Note) ([]approvals.Said, error) {
	var said []approvals.Said
	var failed error
	tell := func(what string) { said = append(said, approvals.Said{What: what, At: d.now()}) }
	for i, c := range r.Calls {
		if r.Shown.HasSaid(c.Name()) {
			continue
		}
		if !d.counts(r, i) {
			tell(c.Name())
			continue
		}
		under, err := d.say(ctx, r, c, note)
		if err == nil {
			tell(c.Name())
			continue
		}
		for _, what := range under {
			tell(what)
		}
		failed = worse(failed, err)
	}
	if failed != nil {
		failed = fmt.Errorf("what is said under the cards of %s: %w", r.ID, failed)
	}
	return said, failed
}

// counts reports whether a call is still worth saying.
func (d *Desk) counts(r approvals.Request, i int) bool {
	c := r.Calls[i]
	if r.State != approvals.Pending || c.Stage != r.Stage || d.now().Sub(c.At) >= calledFor {
		return false
	}
	return !slices.ContainsFunc(r.Calls[i+1:], func(later approvals.Call) bool { return later.Stage == c.Stage && repeats(later.Kind, c.Kind) })
}

// repeats reports whether two kinds of calls ask the same people for the same.
func repeats(a, b approvals.CallKind) bool {
	brings := func(k approvals.CallKind) bool { return k == approvals.CallEscalate || k == approvals.CallStranded }
	return a != approvals.CallAnswered && b != approvals.CallAnswered && brings(a) == brings(b)
}

// say says a call under every card that it belongs to, and returns under which
// it is said, by name. Whom Slack will never let us reach is given up.
func (d *Desk) say(ctx context.Context, r approvals.Request, c approvals.Call, note approvals.Note) ([]string, error) {
	spots, failed := d.spots(ctx, r, c)
	var done []string
	for _, s := range spots {
		what := s.name(c)
		if r.Shown.HasSaid(what) {
			continue
		}
		_, _, err := d.post(ctx, parcel{
			to: turn{s.card.Channel, string(r.ID), what}, thread: s.card.TS, tag: tagOf(r, what), note: note,
			draw: func(ctx context.Context, _ bool) (Message, error) { return d.drawCall(ctx, r, c, s) },
		}, "")
		if isPerson(s.card.To) && givenUp(err) {
			d.log.WarnContext(ctx, "somebody who may decide cannot be told", "request", r.ID, "person", s.card.To, "code", codeOf(err))
			err = nil
		}
		if err == nil {
			done = append(done, what)
		}
		failed = worse(failed, err)
	}
	return done, failed
}

// drawCall words a call for those who read it under a card.
func (d *Desk) drawCall(ctx context.Context, r approvals.Request, c approvals.Call, s spot) (Message, error) {
	locale := ""
	if isPerson(s.card.To) {
		who, err := d.reader(ctx, approvals.PersonID{Team: d.Team, User: s.card.To})
		if err != nil {
			return Message{}, err
		}
		locale = who.Locale
	}
	names, err := d.names(ctx, r)
	if err != nil {
		return Message{}, err
	}
	return d.render.naming(names).Call(locale, r, c, s.who), nil
}

package bot

import (
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// More is everything that is known of a request, for those who may see it: what a
// card has no room for, and its story.
func (d render) More(locale string, r approvals.Request, trail []approvals.Entry) slack.ModalViewRequest {
	r = d.seen(r)
	about := paragraphs(d.wish(locale, r))
	about.Elements = append(about.Elements, paragraphs(d.warnings(locale, r)...).Elements...)
	if q := quote(r.Reason); q != nil {
		about.Elements = append(about.Elements, q)
	}
	blocks := []slack.Block{header(d.Words.Say(locale, "card.head", Args{"id": r.ID, "state": d.state(locale, r)})), about}
	part := func(title string, all ...[]piece) {
		if body := d.part(locale, title, all...); body != nil {
			blocks = append(blocks, body)
		}
	}
	part("more.guests", d.everyGuest(r)...)
	part("more.answers", d.everyAnswer(locale, r)...)
	part("more.opens", d.everyGrant(locale, r)...)
	part("more.known", d.organisation(locale, r), d.guestHere(locale, r), d.lastDecisions(locale, r, len(r.Facts.Here.Last)), d.tenantSilent(locale, r), d.rulesApplied(locale, r))
	part("more.stages", d.everyStage(locale, r)...)
	part("more.changes", d.everyChange(locale, r)...)
	part("more.talk", d.wholeTalk(locale, r)...)
	blocks = append(blocks, paragraphs([]piece{Bold(d.Words.Say(locale, "more.story", nil))}), d.trail(locale, r, trail))
	return slack.ModalViewRequest{
		Type:   slack.VTModal,
		Title:  plainText(string(r.ID), maxModalTitle),
		Close:  plainText(d.Words.Say(locale, "story.close", nil), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// part is a list of points under a title, nil if there are none.
func (d render) part(locale, title string, all ...[]piece) slack.Block {
	points := bullets{Type: slack.RTEList, Style: slack.RTEListBullet}
	for _, line := range all {
		if els := asElements(line); len(els) > 0 {
			points.Elements = append(points.Elements, slack.NewRichTextSection(els...))
		}
	}
	if len(points.Elements) == 0 {
		return nil
	}
	block := paragraphs([]piece{Bold(d.Words.Say(locale, title, nil))})
	block.Elements = append(block.Elements, points)
	return block
}

func (d render) everyGuest(r approvals.Request) [][]piece {
	var all [][]piece
	if !r.Erased.IsZero() {
		return nil
	}
	for i, g := range r.Guests {
		line := []piece{literal(cut(typed(g.Name), shortName) + " (" + shortAddress(g.Email, shortEmail) + ")")}
		if i < len(r.Children) && r.Children[i].ID != "" {
			line = append(line, literal(" "+string(r.Children[i].ID)))
		}
		all = append(all, line)
	}
	return all
}

func (d render) everyAnswer(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for _, f := range r.Filled {
		all = append(all, d.Words.phrase(locale, "card.answer", Args{"label": shownText(f.Label), "value": Bold(cut(typed(f.Value), maxQuote))}))
	}
	return all
}

func (d render) everyGrant(locale string, r approvals.Request) [][]piece {
	all := [][]piece{{literal(cut(typed(r.Access.Description), maxQuote))}}
	for _, g := range r.Access.Grants {
		all = append(all, d.Words.phrase(locale, "more.grant", Args{"title": Bold(shownText(g.Title)), "group": shownText(g.Group)}))
	}
	return all
}

// tenantSilent says that Entra was asked and does not tell.
func (d render) tenantSilent(locale string, r approvals.Request) []piece {
	t := r.Facts.Tenant
	if t == nil || t.Trouble == "" {
		return nil
	}
	return d.Words.phrase(locale, "more.silent", Args{"code": shownText(t.Trouble)})
}

func (d render) everyStage(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for i, s := range r.Access.Stages {
		all = append(all, d.Words.phrase(locale, "more.stage", Args{
			"n": i + 1, "stage": Bold(shownText(s.Name)), "who": d.approvers(locale, r, i), "quorum": max(s.Quorum, 1),
			"deadline": d.duration(locale, s.Deadline), "rule": shownText(s.Rule), "by": d.list(locale, "list.and", d.approvedBy(r, i)),
		}))
	}
	return all
}

// everyChange has a line for each edit: what it made of what was there.
func (d render) everyChange(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for i, e := range r.Edits {
		is := r.Terms()
		if i+1 < len(r.Edits) {
			is = r.Edits[i+1].Was
		}
		all = append(all, d.Words.phrase(locale, "more.change", Args{"by": d.person(e.By), "at": minute(e.At), "what": Phrase(d.difference(locale, e.Was, is))}))
	}
	return all
}

func (d render) wholeTalk(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for _, e := range r.Talk {
		all = append(all, d.Words.phrase(locale, "more.question", Args{"by": d.person(e.By), "at": minute(e.At), "words": cut(typed(e.Question), maxQuote)}))
		if !e.Answered.IsZero() {
			all = append(all, d.Words.phrase(locale, "more.answer", Args{"by": d.person(r.Requester), "at": minute(e.Answered), "words": cut(typed(e.Answer), maxQuote)}))
		}
	}
	return all
}

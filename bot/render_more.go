package bot

import (
	"encoding/json"
	"slices"

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
	part := func(title string, room int, all [][]piece) {
		if body := d.part(locale, title, room, all); body != nil {
			blocks = append(blocks, body)
		}
	}
	part("more.guests", roomLong, d.everyGuest(locale, r))
	part("more.answers", roomLong, d.everyAnswer(locale, r))
	part("more.opens", roomShort, d.everyGrant(locale, r))
	part("more.known", roomShort, d.everyFact(locale, r))
	part("more.stages", roomShort, d.everyStage(locale, r))
	part("more.changes", roomLong, d.everyChange(locale, r))
	part("more.talk", roomLong, d.wholeTalk(locale, r))
	blocks = append(blocks, paragraphs([]piece{Bold(d.Words.Say(locale, "more.story", nil))}), d.trail(locale, r, trail))
	return slack.ModalViewRequest{
		Type:   slack.VTModal,
		Title:  plainText(string(r.ID), maxModalTitle),
		Close:  plainText(d.Words.Say(locale, "story.close", nil), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// How many bytes a part of More may take, so that all of it stays below the 250 KB
// that Slack takes of a view.
const (
	roomShort = 12_000
	roomLong  = 28_000
)

// part is a list of points under a title, nil if there are none. What it has no room
// for is counted.
func (d render) part(locale, title string, room int, all [][]piece) slack.Block {
	points := bullets{Type: slack.RTEList, Style: slack.RTEListBullet}
	omitted := 0
	for _, line := range all {
		els := asElements(line)
		if len(els) == 0 {
			continue
		}
		point := slack.NewRichTextSection(els...)
		if room -= bytesOf(point); room < 0 {
			omitted++
			continue
		}
		points.Elements = append(points.Elements, point)
	}
	if omitted > 0 {
		points.Elements = append(points.Elements, slack.NewRichTextSection(asElements(d.Words.phrase(locale, "list.more", Args{"count": omitted}))...))
	}
	if len(points.Elements) == 0 {
		return nil
	}
	block := paragraphs([]piece{Bold(d.Words.Say(locale, title, nil))})
	block.Elements = append(block.Elements, points)
	return block
}

// bytesOf is how long an element is when it is sent.
func bytesOf(el slack.RichTextElement) int {
	raw, err := json.Marshal(el)
	if err != nil { // then the whole view cannot be sent either
		return 0
	}
	return len(raw)
}

func (d render) everyGuest(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	if !r.Erased.IsZero() {
		return nil
	}
	for i, g := range r.Guests {
		g.Company = ""
		line := []piece{d.guestLine(locale, g, shortName, shortEmail)}
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
		all = append(all, d.Words.phrase(locale, "card.answer", Args{"label": shownText(introducing(f.Label)), "value": Bold(cut(typed(f.Value), maxQuote))}))
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

// everyFact is what is known of each organisation, and of the request.
func (d render) everyFact(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for _, f := range factsOf(r) {
		all = append(all, d.organisation(locale, f), d.lastDecisions(locale, f, len(f.Here.Last)))
	}
	return append(all, d.guestHere(locale, r), d.tenantSilent(locale, r), d.rulesApplied(locale, r))
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

// everyChange has a line for each edit, the newest first: what it made of what was
// there.
func (d render) everyChange(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for i, e := range r.Edits {
		is := r.Terms()
		if i+1 < len(r.Edits) {
			is = r.Edits[i+1].Was
		}
		all = append(all, d.Words.phrase(locale, "more.change", Args{"by": d.person(e.By), "at": minute(e.At), "what": Phrase(d.difference(locale, e.Was, is))}))
	}
	slices.Reverse(all)
	return all
}

// wholeTalk are the questions, the newest first, each with its answer.
func (d render) wholeTalk(locale string, r approvals.Request) [][]piece {
	var all [][]piece
	for _, e := range slices.Backward(r.Talk) {
		all = append(all, d.Words.phrase(locale, "more.question", Args{"by": d.person(e.By), "at": minute(e.At), "words": cut(quotable(e.Question), maxQuote)}))
		if !e.Answered.IsZero() {
			all = append(all, d.Words.phrase(locale, "more.answer", Args{"by": d.person(r.Requester), "at": minute(e.Answered), "words": cut(quotable(e.Answer), maxQuote)}))
		}
	}
	return all
}

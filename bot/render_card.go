package bot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Card is a request as the approvers of one stage see it: first who asks for what
// and what speaks for a second look, then what helps to decide, as much as fits in
// a few lines. More shows the rest. It carries live buttons only while that very
// stage decides, and speaks of granted access only after Entra confirmed it. Its
// buttons name the stage and the terms, so that a click on an old card never counts
// for a new one.
func (d render) Card(r approvals.Request, stage int) Message {
	l, r := d.Locale, d.seen(r)
	m := Message{
		Text: fallback(d.Words.Say(l, "card.text", Args{
			"id": r.ID, "state": d.cardState(r, stage), "guest": d.guestName(l, r), "access": shownText(r.Access.Title),
		})),
		Blocks: []slack.Block{header(d.Words.Say(l, "card.head", Args{"id": r.ID, "state": d.cardState(r, stage)}))},
	}
	room, status := cardLines-2, d.cardStatus(r, stage) // for the title, and for the buttons
	for _, row := range status {
		room -= row.height()
	}
	m.Blocks = append(m.Blocks, blockOf(d.fitting(d.cardBody(r, stage), room, deciding(r, stage))), blockOf(status))
	if b := d.cardButtons(r, stage); b != nil {
		m.Blocks = append(m.Blocks, b)
	}
	return m
}

// fitting are the rows for which there is room and, to whoever is to decide, how many
// there are not.
func (d render) fitting(rows []row, room int, decides bool) []row {
	rows = tight(rows, room)
	kept := fitted(rows, room)
	if !decides || len(kept) == len(rows) {
		return kept
	}
	said := func() []piece { return d.Words.phrase(d.Locale, "fact.more", Args{"count": len(rows) - len(kept)}) }
	if always(rows) >= room { // a line of its own would cost another
		if longer, ok := lengthened(kept, said()); ok {
			return longer
		}
	}
	kept = fitted(tight(rows, room-1), room-1)
	return append(kept, lines(0, said())...)
}

// deciding reports whether the stage of a card decides now.
func deciding(r approvals.Request, stage int) bool {
	return r.State == approvals.Pending && stage == r.Stage
}

// cardBody is what was asked for and what is known of it. What helps least to
// decide has the highest rank: an answer that the access demands helps more than
// whose guest it is, and that more than the talk. Once it is decided the warnings have done their work.
func (d render) cardBody(r approvals.Request, stage int) []row {
	l := d.Locale
	rows := lines(0, d.wish(l, r))
	if deciding(r, stage) {
		rows = append(rows, lines(0, d.someWarnings(l, r)...)...)
	}
	rows = append(rows, lines(3, d.guestList(l, r, 4))...)
	rows = append(rows, lines(4, d.opens(l, r))...)
	for _, el := range paragraphs(d.changed(l, r)).Elements {
		rows = append(rows, row{RichTextElement: clipped(el, 2*lineWidth), soft: true})
	}
	if q := quote(cut(typed(r.Reason), maxExcerpt)); q != nil {
		rows = append(rows, row{RichTextElement: q, rank: reasonRank(r, stage), soft: true})
	}
	for _, el := range paragraphs(d.answers(l, r)).Elements {
		rows = append(rows, row{RichTextElement: clipped(el, 2*lineWidth), rank: 1})
	}
	if !deciding(r, stage) {
		return rows
	}
	rows = append(rows, lines(2, d.organisations(l, r)...)...)
	rows = append(rows, lines(2, d.guestHere(l, r))...)
	rows = append(rows, lines(5, d.lastTalk(l, r))...)
	rows = append(rows, d.lately(r)...)
	return append(rows, lines(7, d.rulesApplied(l, r))...)
}

// reasonRank: nobody decides without the reason before their eyes.
func reasonRank(r approvals.Request, stage int) int {
	if deciding(r, stage) {
		return 0
	}
	return 1
}

// lately are the last decisions on guests of all the organisations. A no to one of
// them is there whatever else is to be read; the rest helps less than what the
// access opens.
func (d render) lately(r approvals.Request) []row {
	var last approvals.Facts
	if all := factsOf(r); len(all) == 1 {
		last = all[0]
	}
	last.Here.Last = decisionsOn(r)
	rows := lines(6, d.lastDecisions(d.Locale, last, 2))
	if len(rows) > 0 && last.Here.Last[0].State == approvals.Denied {
		short := clipped(lines(0, d.lastDecisions(d.Locale, last, 1))[0].RichTextElement, lineWidth)
		rows[0] = row{RichTextElement: short, long: rows[0].RichTextElement}
	}
	return rows
}

// decisionsOn are the last ones on guests of all the organisations, each once: first
// the denials, then the newest.
func decisionsOn(r approvals.Request) []approvals.Decision {
	var all []approvals.Decision
	for _, f := range factsOf(r) {
		for _, last := range f.Here.Last {
			if !slices.ContainsFunc(all, func(d approvals.Decision) bool { return d.ID == last.ID }) {
				all = append(all, last)
			}
		}
	}
	rank := func(d approvals.Decision) int {
		if d.State == approvals.Denied {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b approvals.Decision) int { return cmp.Or(rank(a)-rank(b), b.At.Compare(a.At)) })
	return all
}

// wish says who asks whom into what, for how long, cut so that long names leave
// room for the rest.
func (d render) wish(locale string, r approvals.Request) []piece {
	guest := d.guest(locale, r)
	if r.Erased.IsZero() && len(r.Guests) == 0 {
		guest = d.guestLine(locale, r.Guest, shortName, shortEmail)
	}
	return d.Words.phrase(locale, "card.wish", Args{
		"by": d.person(r.Requester), "guest": guest, "access": Bold(cut(typed(r.Access.Title), shortName)), "lasts": d.lasts(locale, r),
	})
}

// mostWarnings are shown on a card in full; of the others it says how many there are.
const mostWarnings = 3

func (d render) someWarnings(locale string, r approvals.Request) [][]piece {
	all := d.warnings(locale, r)
	if len(all) <= mostWarnings {
		return all
	}
	more := d.Words.phrase(locale, "warn.more", Args{"count": len(all) - mostWarnings + 1})
	return append(all[:mostWarnings-1:mostWarnings-1], more)
}

// guestList names the first of several guests.
func (d render) guestList(locale string, r approvals.Request, most int) []piece {
	if len(r.Guests) == 0 || !r.Erased.IsZero() {
		return nil
	}
	var who []piece
	for _, g := range r.Guests[:min(len(r.Guests), most)] {
		g.Company = ""
		who = append(who, d.guestLine(locale, g, shortName, shortEmail))
	}
	if more := len(r.Guests) - most; more > 0 {
		who = append(who, Phrase(d.Words.phrase(locale, "list.more", Args{"count": more})))
	}
	return d.Words.phrase(locale, "card.guests", Args{"list": d.list(locale, "list.and", who)})
}

// answers are what the requester answered to the questions of the access.
func (d render) answers(locale string, r approvals.Request) []piece {
	var list []piece
	for _, f := range r.Filled {
		list = append(list, Phrase(d.Words.phrase(locale, "card.answer", Args{"label": shownText(introducing(f.Label)), "value": Bold(shownWords(f.Value))})))
	}
	return d.list(locale, "list.dot", list)
}

// introducing is a question in front of its answer.
func introducing(label string) string {
	if label = strings.TrimSpace(label); strings.HasSuffix(label, "?") {
		return label
	}
	return strings.TrimSuffix(label, ":") + ":"
}

// lastTalk is the last question of an approver that was answered.
func (d render) lastTalk(locale string, r approvals.Request) []piece {
	n := len(r.Talk)
	if n == 0 || r.Talk[n-1].Answered.IsZero() {
		return nil
	}
	last := r.Talk[n-1]
	return d.Words.phrase(locale, "card.talk", Args{
		"by": d.bystander(last.By), "req": d.person(r.Requester), "question": cut(quotable(last.Question), shortName), "answer": cut(quotable(last.Answer), 2*shortName),
	})
}

// fact is one labelled line of a card, nothing for an empty value.
func (d render) fact(id, value string) []piece {
	if value == "" {
		return nil
	}
	return d.Words.phrase(d.Locale, id, Args{"value": value})
}

// cardState is the state in the few words of a card's title.
func (d render) cardState(r approvals.Request, stage int) string {
	if r.State == approvals.Pending && stage < r.Stage {
		return d.Words.Say(d.Locale, "state.passed", Args{"stage": shownText(r.CurrentStage().Name)})
	}
	return d.state(d.Locale, r)
}

// cardStatus says who has approved so far, and who decides now or what has come
// of the request.
func (d render) cardStatus(r approvals.Request, stage int) []row {
	said := d.progress(d.Locale, r)
	if deciding(r, stage) {
		said = append(said, d.decides(d.Locale, r))
		return lines(0, append(said, d.waiting(d.Locale, forApprovers, r)...)...)
	}
	var rows []row
	for _, el := range d.standing(d.Locale, forApprovers, r, said...) {
		rows = append(rows, row{RichTextElement: shortened(el)})
	}
	return rows
}

// decides says who may decide the current stage, and until when; not while the
// deadline waits for the requester.
func (d render) decides(locale string, r approvals.Request) []piece {
	s, needed, until := r.CurrentStage(), "", minute(r.Deadline)
	if s.Quorum > 1 && approved(r) == 0 {
		needed = strconv.Itoa(s.Quorum)
	}
	if _, asked := r.Asked(); asked {
		until = Moment{}
	}
	return d.Words.phrase(locale, "card.decides", Args{
		"needed": needed,
		"n":      strconv.Itoa(r.Stage + 1), "of": strconv.Itoa(len(r.Access.Stages)), "staged": len(r.Access.Stages) > 1,
		"stage": Bold(cut(typed(s.Name), shortName)), "who": d.approvers(locale, r, r.Stage), "until": until,
	})
}

// progress has a line for every stage that somebody has approved: by whom and
// when, or how many approvals are still missing.
func (d render) progress(locale string, r approvals.Request) [][]piece {
	var said [][]piece
	for i, stage := range r.Access.Stages {
		who := d.approvedBy(r, i)
		if len(who) == 0 {
			continue
		}
		var at time.Time
		for _, v := range r.Approvals() {
			if v.Stage == i {
				at = v.At
			}
		}
		args := Args{"who": d.list(locale, "list.and", who), "at": minute(at), "stage": ""}
		if len(r.Access.Stages) > 1 {
			args["stage"] = shownText(stage.Name)
		}
		id := "status.approved"
		if r.State == approvals.Pending && i == r.Stage {
			id, args["got"], args["needed"] = "card.tally", strconv.Itoa(len(who)), strconv.Itoa(stage.Quorum)
		}
		said = append(said, d.Words.phrase(locale, id, args))
	}
	return said
}

// approvedBy are the people who approved a stage, and for whom if for another.
func (d render) approvedBy(r approvals.Request, stage int) []piece {
	var who []piece
	for _, v := range r.Approvals() {
		if v.Stage != stage {
			continue
		}
		if p, ok := pieceOf(d.person(v.By)); ok {
			if v.For.User != "" {
				p = Phrase(d.Words.phrase(d.Locale, "approver.behalf", Args{"who": p, "for": d.bystander(v.For)}))
			}
			who = append(who, p)
		}
	}
	return who
}

// approved counts the approvals of the current stage.
func approved(r approvals.Request) int {
	n := 0
	for _, v := range r.Approvals() {
		if v.Stage == r.Stage {
			n++
		}
	}
	return n
}

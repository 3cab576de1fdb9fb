package bot

import (
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// Card is a request as the approvers of one stage see it. It carries live
// buttons only while that very stage decides, and speaks of granted access only
// after Entra confirmed it. Its buttons name the stage, so that a click on an
// old card never counts for a new one.
func (d render) Card(r approvals.Request, stage int) Message {
	l := d.Locale
	head := d.Words.Say(l, "card.head", Args{"id": r.ID, "state": d.cardState(r, stage)})
	asks := d.Words.phrase(l, "card.asks", Args{
		"by": d.person(r.Requester), "access": Bold(shownText(r.Access.Title)), "guest": d.guest(l, r),
	})
	body := paragraphs(asks,
		d.fact("card.access", shownText(r.Access.Description)),
		d.Words.phrase(l, "card.lasts", Args{"lasts": d.lasts(l, r)}))
	if q := quote(r.Reason); q != nil {
		body.Elements = append(body.Elements, q)
	}
	m := Message{
		Text: fallback(d.Words.Say(l, "card.text", Args{
			"id": r.ID, "state": d.cardState(r, stage), "guest": d.guestName(l, r), "access": shownText(r.Access.Title),
		})),
		Blocks: []slack.Block{header(head), body, d.cardStatus(r, stage)},
	}
	if b := d.cardButtons(r, stage); b != nil {
		m.Blocks = append(m.Blocks, b)
	}
	return m
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
func (d render) cardStatus(r approvals.Request, stage int) slack.Block {
	lines := d.progress(d.Locale, r)
	if r.State == approvals.Pending && stage == r.Stage {
		return paragraphs(append(lines, d.decides(d.Locale, r))...)
	}
	return slack.NewRichTextBlock("", d.standing(d.Locale, forApprovers, r, lines...)...)
}

// decides says who may decide the current stage, and until when.
func (d render) decides(locale string, r approvals.Request) []piece {
	s, needed := r.CurrentStage(), ""
	if s.Quorum > 1 && approved(r) == 0 {
		needed = strconv.Itoa(s.Quorum)
	}
	return d.Words.phrase(locale, "card.decides", Args{
		"needed": needed,
		"n":      strconv.Itoa(r.Stage + 1), "of": strconv.Itoa(len(r.Access.Stages)), "staged": len(r.Access.Stages) > 1,
		"stage": Bold(shownText(s.Name)), "who": d.approvers(locale, s), "until": minute(r.Deadline),
	})
}

// progress has a line for every stage that somebody has approved: by whom and
// when, or how many approvals are still missing.
func (d render) progress(locale string, r approvals.Request) [][]piece {
	var lines [][]piece
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
		lines = append(lines, d.Words.phrase(locale, id, args))
	}
	return lines
}

// approvedBy are the people who approved a stage.
func (d render) approvedBy(r approvals.Request, stage int) []piece {
	var who []piece
	for _, v := range r.Approvals() {
		if p, ok := pieceOf(d.person(v.By)); ok && v.Stage == stage {
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

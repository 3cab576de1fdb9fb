package bot

import (
	"slices"

	"partnerbot/approvals"
)

// difference says in words what terms give instead of others; nothing if they are
// the same.
func (d render) difference(locale string, was, is approvals.Terms) []piece {
	list := d.given(locale, was, is)
	say := func(id string, args Args) { list = append(list, Phrase(d.Words.phrase(locale, id, args))) }
	if was.Reason != is.Reason {
		say("differ.reason", Args{"is": shownWords(is.Reason)})
	}
	for _, pair := range answersChanged(was.Filled, is.Filled) {
		say("differ.answer", Args{"label": shownText(pair.Label), "is": shownWords(pair.Value)})
	}
	return d.list(locale, "list.semicolon", list)
}

// inBrief is the same beside the terms as they are: what stands there in full is
// only said to be another.
func (d render) inBrief(locale string, was, is approvals.Terms) []piece {
	list := d.given(locale, was, is)
	if was.Reason != is.Reason {
		list = append(list, Phrase(d.Words.phrase(locale, "differ.reason_here", nil)))
	}
	if n := len(answersChanged(was.Filled, is.Filled)); n > 0 {
		list = append(list, Phrase(d.Words.phrase(locale, "differ.answers_here", Args{"count": n})))
	}
	return d.list(locale, "list.semicolon", list)
}

// given is the part of a difference about what is given, and to whom.
func (d render) given(locale string, was, is approvals.Terms) []piece {
	var list []piece
	say := func(id string, args Args) { list = append(list, Phrase(d.Words.phrase(locale, id, args))) }
	if was.For != is.For || !was.Ends.Equal(is.Ends) || was.OpenEnded != is.OpenEnded {
		say("differ.length", Args{"is": d.span(locale, is), "was": d.span(locale, was)})
	}
	if gone := without(was.Grants, is.Grants); len(gone) > 0 {
		say("differ.without", Args{"what": d.grants(locale, gone)})
	}
	if more := without(is.Grants, was.Grants); len(more) > 0 {
		say("differ.with", Args{"what": d.grants(locale, more)})
	}
	for _, text := range [][3]string{{"differ.name", is.Name, was.Name}, {"differ.company", is.Company, was.Company}} {
		if text[1] != text[2] {
			say(text[0], Args{"is": shownWords(text[1]), "was": shownWords(text[2])})
		}
	}
	return list
}

// span is how long access by these terms lasts, for a comparison.
func (d render) span(locale string, t approvals.Terms) Phrase {
	if !t.OpenEnded && t.Ends.IsZero() && t.For > 0 {
		return Phrase{Bold(d.duration(locale, t.For))}
	}
	return d.length(locale, t)
}

// answersChanged are the answers that were not given before as they are now, and
// those that were taken away, empty.
func answersChanged(was, is []approvals.Filled) []approvals.Filled {
	var out []approvals.Filled
	for _, f := range is {
		if !slices.Contains(was, f) {
			out = append(out, f)
		}
	}
	for _, f := range was {
		if !slices.ContainsFunc(is, func(g approvals.Filled) bool { return g.ID == f.ID }) {
			f.Value = ""
			out = append(out, f)
		}
	}
	return out
}

// without are the grants that are not among others.
func without(all, others []approvals.Grant) []approvals.Grant {
	return slices.DeleteFunc(slices.Clone(all), func(g approvals.Grant) bool {
		return slices.ContainsFunc(others, func(o approvals.Grant) bool { return o.Key() == g.Key() })
	})
}

// grants names what grants open. Those without a title are counted.
func (d render) grants(locale string, gs []approvals.Grant) Phrase {
	var list []piece
	untitled := 0
	for _, g := range gs {
		if title := shownText(g.Title); title != "" {
			list = append(list, Bold(title))
		} else {
			untitled++
		}
	}
	if untitled > 0 {
		list = append(list, Phrase(d.Words.phrase(locale, "grants.untitled", Args{"count": untitled})))
	}
	return d.list(locale, "list.and", list)
}

// opens says what exactly the access opens.
func (d render) opens(locale string, r approvals.Request) []piece {
	about := shownText(r.Access.Description)
	if !slices.ContainsFunc(r.Access.Grants, func(g approvals.Grant) bool { return typed(g.Title) != "" }) {
		return d.fact("card.access", about)
	}
	return d.Words.phrase(locale, "card.opens", Args{"what": d.grants(locale, r.Access.Grants), "about": about})
}

// changed says what was changed of the wish since it was made, and by whom last.
func (d render) changed(locale string, r approvals.Request) []piece {
	if len(r.Edits) == 0 {
		return nil
	}
	what := d.inBrief(locale, r.Edits[0].Was, r.Terms())
	if len(what) == 0 { // there and back again
		return nil
	}
	last := r.Edits[len(r.Edits)-1]
	return d.Words.phrase(locale, "card.changed", Args{"by": d.bystander(last.By), "what": Phrase(what)})
}

// Refused is a refusal about a request as a message for one person. Whoever
// decided on terms that are no more is told what is another now.
func (d render) Refused(locale string, r approvals.Request, why *approvals.Refusal) Message {
	line := d.Words.refusal(locale, why)
	if !why.Is(approvals.ErrStaleTerms) {
		return notice(line)
	}
	what := d.difference(locale, r.TermsAt(edition(why)), r.Terms())
	if len(what) == 0 {
		return notice(line)
	}
	more := d.Words.phrase(locale, "stale.difference", Args{"what": Phrase(what), "by": d.lastEditor(r)})
	m := notice(line)
	m.Text = fallback(asPlain(line) + " " + asPlain(more))
	m.Blocks[0] = paragraphs(line, more)
	return m
}

func (d render) lastEditor(r approvals.Request) any {
	if n := len(r.Edits); n > 0 {
		return d.person(r.Edits[n-1].By)
	}
	return Mention("")
}

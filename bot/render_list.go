package bot

import (
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// PageSize is how many requests a list shows at once.
const PageSize = 10

// List is a page of /partner-requests: what waits for somebody, for admins, below
// the trouble that everybody has; one's own requests, for everybody else. The
// buttons carry the number of the request that the next page begins after.
func (d render) List(locale string, p approvals.Page, wrong []approvals.Incident, admin bool, viewer approvals.PersonID, now time.Time) Message {
	head := d.listHead(locale, p, admin)
	m := Message{Text: fallback(head), Blocks: append(d.open(locale, wrong), header(head))}
	if len(p.Requests) == 0 {
		m.Blocks = append(m.Blocks, paragraphs(d.Words.phrase(locale, emptyList(admin), Args{"command": CommandInvite})))
		return m
	}
	for _, r := range p.Requests[:min(len(p.Requests), 2*PageSize)] {
		m.Blocks = append(m.Blocks, d.listed(locale, r, viewer, now)...)
	}
	if turn := d.turnPage(locale, p); turn != nil {
		m.Blocks = append(m.Blocks, turn)
	}
	return m
}

func (d render) listHead(locale string, p approvals.Page, admin bool) string {
	switch {
	case !admin:
		return d.Words.Say(locale, "list.mine", nil)
	case p.Total > 0:
		return d.Words.Say(locale, "list.waiting", Args{"count": p.Total})
	}
	return d.Words.Say(locale, "list.open", nil)
}

func emptyList(admin bool) string {
	if admin {
		return "list.empty_admin"
	}
	return "list.empty"
}

// listed is one request of a list: what it is, with a button to its story, and
// what it waits for. What was typed is in the plain part only.
func (d render) listed(locale string, r approvals.Request, viewer approvals.PersonID, now time.Time) []slack.Block {
	d = d.at(now)
	title := d.Words.Say(locale, "list.title", Args{
		"id": r.ID, "state": d.state(locale, r), "lasts": d.lasts(locale, r),
		"guest": d.guestName(locale, r), "company": cut(enclosed(r.Guest.Company), maxName), "access": shownText(r.Access.Title),
	})
	args := Args{
		"by": d.person(r.Requester), "own": viewer.Same(r.Requester), "ago": d.roughly(locale, now.Sub(r.Opened)),
		"who": Phrase(nil), "until": Moment{}, "waited": "", "stage": shownText(r.CurrentStage().Name),
	}
	id := "list.since"
	q, asked := r.Asked()
	switch {
	case asked:
		id, args["waited"] = "list.asked", d.roughly(locale, now.Sub(q.At))
	case r.State == approvals.Pending:
		id, args["who"], args["until"] = "list.waits", d.approvers(locale, r, r.Stage), minute(r.Deadline)
		args["waited"] = d.roughly(locale, now.Sub(since(r)))
	}
	waits := slack.NewContextBlock("", markupText(d.Words.Markup(locale, id, args)))
	if line := d.hitch(locale, r); line != "" {
		waits.ContextElements.Elements = append(waits.ContextElements.Elements, plainText(line, maxText))
	}
	return []slack.Block{slack.NewSectionBlock(plainText(title, maxText), nil, slack.NewAccessory(d.show(locale, r))), waits}
}

// hitch says in one line what a request failed of or waits for, nothing if all is well.
func (d render) hitch(locale string, r approvals.Request) string {
	id := "list.delayed"
	switch {
	case r.State == approvals.Failed && r.Trouble != nil:
		id = "list.failed"
	case !delayed(r):
		return ""
	}
	return d.Words.Say(locale, id, Args{"why": cut(why(r.Trouble), maxHitch), "request_id": shownText(r.Trouble.RequestID)})
}

// turnPage are the buttons to the neighbouring pages, nil if there are none.
func (d render) turnPage(locale string, p approvals.Page) slack.Block {
	var turns []slack.BlockElement
	if p.Newer {
		first := strconv.FormatUint(p.Requests[0].ID.Number(), 10)
		turns = append(turns, button(ActionNewer, first, d.Words.Say(locale, "button.newer", nil)))
	}
	if p.Older {
		last := strconv.FormatUint(p.Requests[len(p.Requests)-1].ID.Number(), 10)
		turns = append(turns, button(ActionOlder, last, d.Words.Say(locale, "button.older", nil)))
	}
	if len(turns) == 0 {
		return nil
	}
	return slack.NewActionBlock("", turns...)
}

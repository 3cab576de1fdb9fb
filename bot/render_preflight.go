package bot

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"

	"partnerbot/approvals"
)

// Preflight is what is known of a request before it is made.
type Preflight struct {
	approvals.Preview
	Viewer approvals.PersonID
	Links  map[approvals.RequestID]string // where to look at those of the twins that the viewer may see
}

// Roll is what is known of a list of guests while it is written.
type Roll struct {
	Guests  []approvals.Guest
	Wrong   approvals.Refusals
	Known   []Preflight           // of the first of each organisation
	Refused approvals.Refusals    // what the policy says against any of the guests, each once
	Made    []approvals.RequestID // requests that were made of other lines of the list
	Trouble string                // why the list could not be read or sent
}

const (
	mostLines   = 5 // wrong lines of a list that are shown at once
	mostDomains = 5
)

// Link is a place to go to, under words of ours.
type Link struct{ To, Label string }

func (l Link) empty() bool    { return l.To == "" }
func (l Link) plain() string  { return l.Label }
func (l Link) markup() string { return "<" + l.To + "|" + slackutilsx.EscapeMessage(l.Label) + ">" }
func (l Link) elements() []slack.RichTextSectionElement {
	return []slack.RichTextSectionElement{slack.NewRichTextSectionLinkElement(l.To, l.Label, nil)}
}

// preflight says early what speaks against a request, in unmistakable lines, and
// what will happen to it, in a calm one.
func (d render) preflight(locale string, f Form) []slack.Block {
	if f.Known == nil {
		return nil
	}
	against := d.against(locale, f, *f.Known)
	return factBlocks(against, d.foreseen(locale, f, *f.Known))
}

// factBlocks are the lines that need attention, and a quiet one.
func factBlocks(loud [][]piece, quiet []piece) []slack.Block {
	var out []slack.Block
	if len(loud) > 0 {
		block := paragraphs(loud...)
		block.BlockID = blockFacts
		out = append(out, block)
	}
	if text := asMarkup(quiet); strings.TrimSpace(text) != "" {
		out = append(out, slack.NewContextBlock(blockFacts+" quiet", markupText(text)))
	}
	return out
}

// against is what stands in the way of a request, and then what calls for a
// second look, in a line each.
func (d render) against(locale string, f Form, known Preflight) [][]piece {
	var lines [][]piece
	for _, r := range known.Wrong {
		if unfinished(r) || f.Access == "" && r.Field != approvals.FieldEmail {
			continue
		}
		lines = append(lines, append([]piece{literal("⛔ ")}, d.Words.refusal(locale, r)...))
	}
	for _, q := range known.Twins {
		if f.Access != "" && q.Access.ID == f.Access {
			lines = append(lines, append([]piece{literal("⛔ ")}, d.twin(locale, q, known)...))
		}
	}
	return append(lines, d.warnings(locale, known.request())...)
}

// unfinished reports that a refusal may be of an address that is still being typed.
func unfinished(r *approvals.Refusal) bool {
	return r.Is(approvals.ErrEmailMalformed) || r.Is(approvals.ErrEmailEdge)
}

// twin is what somebody may know of a request that stands in the way of theirs:
// where it stands if they may see it, otherwise whom to ask.
func (d render) twin(locale string, q approvals.Request, known Preflight) []piece {
	link, seen := known.Links[q.ID]
	id := "pre.twin_asked"
	args := Args{
		"id": q.ID, "by": Mention(q.Requester.User), "access": shownText(q.Access.Title), "own": q.Requester.Same(known.Viewer),
		"state": "", "until": Moment{}, "link": Link{To: link, Label: d.Words.Say(locale, "twin.open", Args{"id": q.ID})},
	}
	if seen {
		id, args["state"], args["until"] = "pre.twin", d.state(locale, q), day(q.Until)
	}
	return d.Words.phrase(locale, id, args)
}

// request is the one that would be made, as far as it can be shown.
func (p Preflight) request() approvals.Request {
	r := approvals.Request{
		State: approvals.Pending, Requester: p.Viewer, Guest: p.Plan.Guest, Access: p.Plan.Access, Facts: p.Plan.Facts, Rules: p.Plan.Rules,
	}
	if p.Already != nil {
		r.Facts.Tenant = p.Already
	}
	if typed(r.Guest.Name) == "" { // it comes after the address
		r.Guest.Name = r.Guest.Email
	}
	return r
}

// foreseen says in one line whose guest it is, and what the policy does with the
// request.
func (d render) foreseen(locale string, f Form, known Preflight) []piece {
	r := known.request()
	var out []piece
	say := func(line []piece) {
		if len(line) > 0 && len(out) > 0 {
			out = append(out, literal(" "))
		}
		out = append(out, line...)
	}
	if !slices.ContainsFunc(known.Wrong, func(w *approvals.Refusal) bool { return w.Field == approvals.FieldEmail }) {
		lately := r
		lately.Facts.Tenant = nil // how many guests Entra had once is old by now
		say(d.organisation(locale, lately.Facts))
	}
	say(d.guestHere(locale, r))
	inTheWay := slices.ContainsFunc(known.Twins, func(q approvals.Request) bool { return q.Access.ID == f.Access })
	if f.Access != "" && len(known.Wrong) == 0 && !inTheWay {
		say(d.outlook(locale, known.Plan, r))
	}
	return out
}

// outlook says who will decide, and by when.
func (d render) outlook(locale string, plan approvals.Plan, r approvals.Request) []piece {
	if plan.Approved {
		rule := ""
		if i := slices.IndexFunc(plan.Rules, func(a approvals.Applied) bool { return a.Approve }); i >= 0 {
			rule = plan.Rules[i].Rule
		}
		return d.Words.phrase(locale, "pre.approved", Args{"rule": shownText(rule)})
	}
	var who []piece
	var longest time.Duration
	for i, s := range plan.Access.Stages {
		who = append(who, d.approvers(locale, r, i))
		longest += s.Deadline
	}
	if len(who) == 0 {
		return nil
	}
	return d.Words.phrase(locale, "pre.decides", Args{"who": d.joinedBy(locale, "pre.then", who), "within": d.duration(locale, longest)})
}

// joinedBy strings pieces together with the same words between them.
func (d render) joinedBy(locale, between string, ps []piece) Phrase {
	var out Phrase
	for i, p := range ps {
		if i > 0 {
			out = append(out, literal(d.Words.Say(locale, between, nil)))
		}
		out = append(out, p)
	}
	return out
}

// roll says what was read of a list of guests, and which lines are wrong.
func (d render) roll(locale string, f Form) []slack.Block {
	if f.Checked == nil {
		return nil
	}
	return factBlocks(d.rollLines(locale, f), d.counted(locale, f.Checked.Guests))
}

// rollLines are what is wrong with a list, a line each.
func (d render) rollLines(locale string, f Form) [][]piece {
	var lines [][]piece
	c := f.Checked
	if c.Trouble != "" {
		lines = append(lines, []piece{literal("⛔ " + cut(typed(c.Trouble), maxTrouble))})
	}
	if len(c.Made) > 0 {
		lines = append(lines, d.Words.phrase(locale, "roll.made", Args{"count": len(c.Made), "ids": d.called(locale, c.Made)}))
	}
	for _, r := range c.Wrong[:min(len(c.Wrong), mostLines)] {
		lines = append(lines, append([]piece{literal("⛔ ")}, d.Words.refusal(locale, r)...))
	}
	if more := len(c.Wrong) - mostLines; more > 0 {
		lines = append(lines, d.Words.phrase(locale, "roll.more", Args{"count": more}))
	}
	refused := d.against(locale, f, Preflight{Preview: approvals.Preview{Wrong: c.Refused}})
	lines = append(lines, refused[:min(len(refused), mostLines)]...)
	for _, known := range c.Known {
		lines = append(lines, d.against(locale, f, known)...)
	}
	return lines
}

// counted says how many guests a list has, and whose they are.
func (d render) counted(locale string, guests []approvals.Guest) []piece {
	if len(guests) == 0 {
		return nil
	}
	count := map[string]int{}
	var order []string
	for _, g := range guests {
		_, domain, _ := approvals.ParseAddress(g.Email)
		if count[domain]++; count[domain] == 1 {
			order = append(order, domain)
		}
	}
	var whose []piece
	for _, domain := range order {
		whose = append(whose, literal(shownText(domain)+" "+strconv.Itoa(count[domain])))
	}
	return d.Words.phrase(locale, "roll.read", Args{"count": len(guests), "whose": d.list(locale, "list.comma", whose)})
}

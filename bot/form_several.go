package bot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// severalTyped reads what was typed after /invite-partner as a list of guests:
// the addresses in it, and the rest as the reason. ok is false for fewer than two.
func severalTyped(text string) (f Form, ok bool) {
	var addresses []string
	var rest strings.Builder
	text = strings.TrimSpace(text)
	from := 0
	for start, end := range wordsIn(text) {
		address := addressIn(text[start:end])
		if address == "" {
			continue
		}
		addresses = append(addresses, address)
		rest.WriteString(text[from:start])
		from = end
	}
	rest.WriteString(text[from:])
	if len(addresses) < 2 {
		return Form{}, false
	}
	reason := strings.Join(strings.Fields(plainTyped(rest.String())), " ")
	f.Guests, f.Rest = roomFor(strings.Join(addresses, "\n"))
	f.Reason = reason
	return f, true
}

// toSeveral keeps what was typed for one guest as the first line of a list.
func (f Form) toSeveral() Form {
	if f.Email == "" && f.Name == "" {
		return f
	}
	line := f.Email
	if f.Name != "" {
		line += ", " + quoted(f.Name)
	}
	f.Guests = line
	return f
}

// toOne makes the guest of a list the form's own. ok is false if there is more in
// the list, which would be lost.
func (f Form) toOne() (one Form, ok bool) {
	guests, wrong := approvals.ParseGuests(f.Guests)
	switch {
	case strings.TrimSpace(f.Guests) == "":
		return f, true
	case len(guests) != 1 || len(wrong) > 0:
		return f, false
	}
	f.Email, f.Name = guests[0].Email, guests[0].Name
	f.Company = firstOf(guests[0].Company, f.Company)
	return f, true
}

// quoted writes a name so that a comma in it parts nothing.
func quoted(name string) string {
	if strings.ContainsAny(name, ",;\"") {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// withoutLast leaves out what is wrong with the line that is still being typed.
func withoutLast(wrong approvals.Refusals, f Form) approvals.Refusals {
	if f.typing != string(approvals.FieldGuests) || strings.HasSuffix(f.Guests, "\n") {
		return wrong
	}
	last := strconv.Itoa(strings.Count(f.Guests, "\n") + 1)
	var out approvals.Refusals
	for _, r := range wrong {
		if r.Args["line"] != last {
			out = append(out, r)
		}
	}
	return out
}

// baseAction is what an input is, whichever time it begins anew.
func baseAction(id string) string {
	base, _, _ := strings.Cut(id, "#")
	return base
}

// SeveralForm asks for several guests at once: a list, or a file with one.
func (d render) SeveralForm(locale string, f Form) slack.ModalViewRequest {
	f = f.preset(d.Policy())
	guests := d.input(locale, approvals.FieldGuests, "guests.guests", "guests.guests.example", f.fresh(approvals.FieldGuests, f.Guests)).WithOptional(true)
	guests.Hint = plainText(d.Words.Say(locale, "guests.guests.hint", nil), maxText)
	multiline(guests)
	watched(guests, f)
	blocks := append([]slack.Block{guests, d.chooseFile(locale, f)}, d.roll(locale, f)...)
	blocks = append(blocks, slack.NewActionBlock("several", button(ActionSeveral, CallbackInvite, d.Words.Say(locale, "button.one", nil))))
	blocks = append(blocks, d.input(locale, approvals.FieldCompany, "guests.company", "form.company.example", f.Company).WithOptional(true))
	blocks = append(blocks, d.chooseAccess(locale, f)...)
	blocks = append(blocks, d.termsInputs(locale, f)...)
	blocks = append(blocks, d.chooseEach(locale, f), d.whyInput(locale, f))
	return d.modal(locale, CallbackSeveral, "guests.title", "form.submit", blocks)
}

func (d render) chooseFile(locale string, f Form) *slack.InputBlock {
	file := slack.NewFileInputBlockElement(f.action(blockFile, blockFile)).WithFileTypes("csv", "txt", "text").WithMaxFiles(1)
	return slack.NewInputBlock(blockFile, plainText(d.Words.Say(locale, "guests.file", nil), maxText),
		plainText(d.Words.Say(locale, "guests.file.hint", nil), maxText), file).WithOptional(true)
}

// chooseEach asks whether one decision is for all guests.
func (d render) chooseEach(locale string, f Form) *slack.InputBlock {
	together := option(eachTogether, d.Words.Say(locale, "guests.together", nil), d.Words.Say(locale, "guests.together.hint", nil))
	alone := option(eachAlone, d.Words.Say(locale, "guests.each", nil), d.Words.Say(locale, "guests.each.hint", nil))
	el := slack.NewRadioButtonsBlockElement(blockEach, together, alone)
	el.InitialOption = together
	if f.Each {
		el.InitialOption = alone
	}
	return slack.NewInputBlock(blockEach, plainText(d.Words.Say(locale, "guests.decision", nil), maxText), nil, el)
}

// SeveralSent is what the form becomes once its requests are on disk.
func (d render) SeveralSent(locale string, made []approvals.Request) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type:   slack.VTModal,
		Title:  plainText(d.Words.Say(locale, "guests.title", nil), maxModalTitle),
		Close:  plainText(d.Words.Say(locale, "story.close", nil), maxModalTitle),
		Blocks: slack.Blocks{BlockSet: []slack.Block{paragraphs(d.severalSent(locale, made))}},
	}
}

// severalSent says which requests were made.
func (d render) severalSent(locale string, made []approvals.Request) []piece {
	id, args := "guests.sent", Args{"count": len(made), "id": "", "ids": ""}
	if len(made) == 1 && len(made[0].Guests) > 0 {
		id, args = "guests.sent_together", Args{"count": len(made[0].Guests), "id": made[0].ID}
	} else {
		args["ids"] = d.called(locale, idsOf(made))
	}
	return d.Words.phrase(locale, id, args)
}

// NotSent says to somebody who has closed the form what came of its list.
func (d render) NotSent(locale string, f Form) Message {
	lines := append([][]piece{d.Words.phrase(locale, "guests.closed", Args{"command": CommandInvite, "left": f.Guests != ""})}, d.rollLines(locale, f)...)
	m := notice(lines[0])
	m.Blocks = append([]slack.Block{paragraphs(lines...)}, listBlocks(f.Guests+f.Rest)...)
	return m
}

// Rest says to somebody which guests are left for whom the form has no room.
func (d render) Rest(locale string, f Form) Message {
	m := notice(d.Words.phrase(locale, "guests.rest", Args{"command": CommandInvite}))
	m.Blocks = append(m.Blocks, listBlocks(f.Rest)...)
	return m
}

// listBlocks show a list of guests line by line, to be copied.
func listBlocks(list string) []slack.Block {
	const mostBlocks = 40
	var out []slack.Block
	for rest := typedLines(list); rest != "" && len(out) < mostBlocks; {
		var part string
		part, rest = roomFor(rest)
		lines := slack.NewRichTextSectionTextElement(strings.TrimRight(part, "\n"), nil)
		out = append(out, slack.NewRichTextBlock("", &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{lines}}))
	}
	return out
}

// roomFor parts a list after as many whole lines as an input may begin with.
func roomFor(list string) (begins, rest string) {
	if utf8.RuneCountInString(list) <= maxPrefill {
		return list, ""
	}
	room := len(string([]rune(list)[:maxPrefill]))
	if end := strings.LastIndexByte(list[:room], '\n'); end >= 0 {
		return list[:end+1], list[end+1:]
	}
	return list[:room], list[room:]
}

// idsOf are the IDs of requests, in their order.
func idsOf(made []approvals.Request) []approvals.RequestID {
	var ids []approvals.RequestID
	for _, r := range made {
		ids = append(ids, r.ID)
	}
	slices.SortFunc(ids, func(a, b approvals.RequestID) int { return cmp.Compare(a.Number(), b.Number()) })
	return ids
}

// called lists requests by their IDs.
func (d render) called(locale string, ids []approvals.RequestID) Phrase {
	var list []piece
	for _, id := range ids {
		list = append(list, literal(string(id)))
	}
	return d.list(locale, "list.and", list)
}

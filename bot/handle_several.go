package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// maxFile is what a list of guests in a file may have, in bytes.
const maxFile = 256 << 10

var (
	// errFileLarge says that a file is larger than a list of guests can be.
	errFileLarge = errors.New("the file is too large")
	// errFileForeign says that a file is not one that its sender gave to Slack.
	errFileForeign = errors.New("the file is somebody else's")
)

// submitSeveral makes the requests of a form for several guests. A list that was
// typed is judged before the acknowledgement; a file is read after it, while the
// form stays as it is. Nobody reads that it was sent before it is on disk.
func (b *Bot) submitSeveral(ctx context.Context, i interaction) (answer, error) {
	if a, asked := b.completed(ctx, i); asked {
		return a, nil
	}
	by, unread, err := b.submitter(ctx, i)
	switch {
	case unread != nil:
		return *unread, nil
	case err == nil:
		err = by.Colleague()
	}
	if err != nil {
		return b.refuseSeveral(by.Locale, i, err)
	}
	if !b.forms.send(i.View.ID) {
		return answer{reply: b.reading(by.Locale)}, nil
	}
	f, mine := filled(i.View), b.forms.touch(i.View.ID, "")
	if file := attached(i.View); file != "" {
		return answer{reply: b.reading(by.Locale), later: func(ctx context.Context) { b.submitFile(ctx, i, mine, by, f, file) }}, nil
	}
	defer b.forms.sent(i.View.ID)
	guests, wrong := approvals.ParseGuests(f.Guests)
	if len(wrong) > 0 {
		return b.refuseSeveral(by.Locale, i, wrong)
	}
	made, left, err := b.makeSeveral(ctx, by, f, guests)
	switch {
	case err == nil:
		mine.end()
		return answer{reply: updated(b.cfg.Desk.render.SeveralSent(by.Locale, made)), later: b.homeAgain(i.who())}, nil
	case len(made) > 0:
		return b.partly(i, mine, by, len(made), left, b.pointToTwin(by.ID, by.Locale, err)), nil
	}
	return b.refuseSeveral(by.Locale, i, err)
}

// partly keeps the form open with what is left of its list. It is drawn after the
// acknowledgement, which may be too small for it.
func (b *Bot) partly(i interaction, mine change, by approvals.Person, made int, left Form, twins func(context.Context)) answer {
	sentence := b.words().Say(by.Locale, "guests.partly", Args{"count": made})
	return answer{
		reply: fieldErrors(map[string]string{string(approvals.FieldGuests): sentence}),
		later: func(ctx context.Context) {
			b.showLeft(ctx, i, mine, by, left)
			if twins != nil {
				twins(ctx)
			}
			if home := b.homeAgain(by.ID); home != nil {
				home(ctx)
			}
		},
	}
}

// showLeft draws the form with what is to be mended in it. Somebody who has closed
// it is told in a message.
func (b *Bot) showLeft(ctx context.Context, i interaction, mine change, by approvals.Person, left Form) {
	b.draw(ctx, i, &redrawing{
		change: mine, result: true, show: b.update(mine, b.cfg.Desk.render.SeveralForm(by.Locale, left)),
		lost: func(ctx context.Context) { b.tell(ctx, place{who: by.ID}, b.cfg.Desk.render.NotSent(by.Locale, left)) },
	})
	b.tellRest(ctx, by, left)
}

// tellRest names the guests in a message for whom the form has no room.
func (b *Bot) tellRest(ctx context.Context, by approvals.Person, f Form) {
	if f.Rest != "" {
		b.tell(ctx, place{who: by.ID}, b.cfg.Desk.render.Rest(by.Locale, f))
	}
}

func (b *Bot) refuseSeveral(locale string, i interaction, err error) (answer, error) {
	sentences, ok := b.atFields(locale, i.View, err)
	if !ok {
		return answer{}, err
	}
	return answer{reply: fieldErrors(sentences), later: b.pointToTwin(i.who(), locale, err)}, nil
}

// attached is the ID of the file in a form; empty if there is none.
func attached(v view) string {
	for _, in := range v.State.Values[blockFile] {
		for _, f := range in.Files {
			return f.ID
		}
	}
	return ""
}

// reading keeps a form open, with everything in it, while its file is read.
func (b *Bot) reading(locale string) []byte {
	return fieldErrors(map[string]string{blockFile: b.words().Say(locale, "guests.reading", nil)})
}

// updated shows a view in the place of the form that was sent.
func updated(v slack.ModalViewRequest) []byte {
	raw, err := json.Marshal(slack.NewUpdateViewSubmissionResponse(&v))
	if err != nil {
		return nil
	}
	return raw
}

// makeSeveral makes the requests for a list of guests. Where some were made and
// others not, left is the form with what is left.
func (b *Bot) makeSeveral(ctx context.Context, by approvals.Person, f Form, guests []approvals.Guest) (made []approvals.Request, left Form, err error) {
	d := f.draft(by)
	d.Email, d.Name = "", ""
	made, err = b.cfg.Service.SubmitSeveral(ctx, approvals.Several{Draft: d, Guests: guests, Each: f.Each})
	for _, r := range made {
		b.cfg.Log.InfoContext(ctx, "request submitted", "request", string(r.ID), "person", by.ID.String(), "guests", len(r.Guests))
	}
	if err != nil && len(made) > 0 {
		b.cfg.Log.WarnContext(ctx, "some requests not made", "person", by.ID.String(), "made", len(made), "of", len(guests), "code", codeOf(err))
		left = f.without(made, guests, refusalsIn(err))
	}
	return made, left, err
}

// without is the form with the guests that no request was made for.
func (f Form) without(made []approvals.Request, guests []approvals.Guest, wrong approvals.Refusals) Form {
	done := map[string]bool{}
	for _, r := range made {
		done[r.Guest.Email] = true
	}
	var list strings.Builder
	for _, g := range guests {
		if !done[g.Email] {
			line := fmt.Sprintf("%s, %s, %s", g.Email, quoted(g.Name), quoted(g.Company))
			list.WriteString(strings.TrimRight(line, ", ") + "\n")
		}
	}
	begins, rest := roomFor(list.String())
	f = f.choose(approvals.FieldGuests, begins)
	f.Rest = rest
	f.actions[blockFile] = next(f.actions[blockFile])
	f.Checked = &Roll{Wrong: wrong, Made: idsOf(made)}
	return f
}

// submitFile makes the requests for the guests in a file, and for those that were
// typed beside it. Where something is wrong the form says so, with all that was
// in it, and with the file's own lines to mend if there is room for them.
func (b *Bot) submitFile(ctx context.Context, i interaction, mine change, by approvals.Person, f Form, file string) {
	defer b.forms.sent(i.View.ID)
	again := func(f Form, c Roll) {
		f.Checked = &c
		b.showLeft(ctx, i, mine, by, f)
	}
	text, err := b.readFile(ctx, by.ID, file)
	if err != nil {
		again(f, Roll{Trouble: b.fileTrouble(ctx, by, err)})
		return
	}
	guests, wrong := bothLists(f.Guests, text)
	var made []approvals.Request
	var left Form
	if len(wrong) == 0 {
		made, left, err = b.makeSeveral(ctx, by, f, guests)
		wrong = refusalsIn(err)
	}
	if twins := b.pointToTwin(by.ID, by.Locale, wrong); twins != nil {
		defer twins(ctx)
	}
	switch {
	case len(made) > 0 && err != nil:
		again(left, *left.Checked)
	case err != nil && len(wrong) == 0:
		again(f, Roll{Trouble: b.words().Say(by.Locale, "fault.form", Args{"reference": b.fault(ctx, CallbackSeveral, by.ID, err)})})
	case len(wrong) > 0:
		again(f.mending(text), Roll{Guests: guests, Wrong: wrong})
	default:
		b.draw(ctx, i, &redrawing{
			change: mine, result: true, last: true, show: b.update(mine, b.cfg.Desk.render.SeveralSent(by.Locale, made)),
			lost: func(ctx context.Context) {
				b.tell(ctx, place{who: by.ID}, notice(b.cfg.Desk.render.severalSent(by.Locale, made)))
			},
		})
		if home := b.homeAgain(by.ID); home != nil {
			home(ctx)
		}
	}
}

// mending is the form with the lines of its file to be mended, where nothing else
// is in their place and there is room for them.
func (f Form) mending(text string) Form {
	if f.Guests != "" || utf8.RuneCountInString(text) > maxPrefill {
		return f
	}
	f = f.choose(approvals.FieldGuests, text)
	f.actions[blockFile] = next(f.actions[blockFile])
	return f
}

// bothLists are the guests of a list that was typed and of one in a file, each once.
func bothLists(list, file string) ([]approvals.Guest, approvals.Refusals) {
	guests, wrong := approvals.ParseGuests(file)
	if strings.TrimSpace(list) == "" {
		return guests, wrong
	}
	more, bad := approvals.ParseGuests(list)
	if len(guests) == 0 {
		wrong = slices.DeleteFunc(wrong, func(r *approvals.Refusal) bool { return r.Is(approvals.ErrGuestsMissing) })
	}
	for _, g := range more {
		if !slices.ContainsFunc(guests, func(h approvals.Guest) bool { return strings.EqualFold(g.Email, h.Email) }) {
			guests = append(guests, g)
		}
	}
	return guests, append(wrong, bad...)
}

// fileTrouble says why a file could not be read.
func (b *Bot) fileTrouble(ctx context.Context, by approvals.Person, err error) string {
	switch {
	case errors.Is(err, errFileForeign):
		return b.words().Say(by.Locale, "guests.file.foreign", nil)
	case errors.Is(err, errFileLarge):
		return b.words().Say(by.Locale, "guests.file.large", Args{"limit": strconv.Itoa(maxFile >> 10)})
	}
	ref := b.fault(ctx, "reading_file", by.ID, err)
	return b.words().Say(by.Locale, "guests.file.unread", Args{"reference": ref})
}

// readFile reads a list out of a file that somebody gave to Slack. Nobody's file but
// their own is opened, and none that lies elsewhere: the bot may read more than they.
func (b *Bot) readFile(ctx context.Context, by approvals.PersonID, id string) (string, error) {
	info, _, _, err := b.cfg.API.GetFileInfoContext(ctx, id, 0, 0)
	if err != nil {
		return "", fmt.Errorf("looking at file %s: %w", id, apiTrouble(err))
	}
	from := firstOf(info.URLPrivateDownload, info.URLPrivate)
	switch {
	case info.User != by.User || info.IsExternal || info.Mode == "external" || !b.cfg.Desk.mayReply(from):
		return "", errFileForeign
	case info.Size > maxFile:
		return "", errFileLarge
	}
	var to capped
	err = b.cfg.API.GetFileContext(ctx, from, &to)
	switch {
	case errors.Is(err, errFileLarge):
		return "", errFileLarge
	case err != nil:
		return "", fmt.Errorf("reading file %s: %w", id, apiTrouble(err))
	}
	return visible(decodedText(to.Bytes())), nil
}

// capped keeps what is written to it, up to maxFile.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxFile {
		return 0, errFileLarge
	}
	return c.Buffer.Write(p)
}

// decodedText is what a file says. Spreadsheets write UTF-8, UTF-16 with a mark
// in front, or the letters of Western Europe a byte each.
func decodedText(raw []byte) string {
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		high, low := 1, 0
		if raw[0] == 0xfe {
			high, low = 0, 1
		}
		var units []uint16
		for i := 2; i+1 < len(raw); i += 2 {
			units = append(units, uint16(raw[i+high])<<8|uint16(raw[i+low]))
		}
		return string(utf16.Decode(units))
	case utf8.Valid(raw):
		return string(bytes.TrimPrefix(raw, []byte("\ufeff")))
	}
	runes := make([]rune, 0, len(raw))
	for _, c := range raw {
		runes = append(runes, rune(c))
	}
	return string(runes)
}

package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

// severalView is the form for several guests as it is sent.
func severalView(list, file, each string) map[string]any {
	files := []any{}
	if file != "" {
		files = append(files, map[string]any{"id": file, "name": "guests.csv"})
	}
	return typedView(CallbackSeveral, map[string]map[string]any{
		"guests": under("form:guests", text(list)), "file": {"type": "file_input", "files": files}, "company": text("Contoso"),
		"access": under("form:access", picked("atlas")), "for": under("form:for:atlas", picked("12h0m0s")),
		"each": {"type": "radio_buttons", "selected_option": map[string]any{"value": each}}, "reason": text("They review"),
	})
}

const twoGuests = "mia@contoso.com, Mia Keller\nben@fabrikam.com, Ben Ode, Fabrikam"

var miaAndBen = []approvals.Guest{{Email: "mia@contoso.com", Name: "Mia Keller"}, {Email: "ben@fabrikam.com", Name: "Ben Ode", Company: "Fabrikam"}}

func TestSeveralAddressesOpenTheFormForSeveral(t *testing.T) {
	o := newOffice(t)
	o.command(t, "U0ANN", CommandInvite, "<mailto:mia@contoso.com|mia@contoso.com>, ben@fabrikam.com They review R&amp;D")
	opened := strings.Join(o.slack.calls("views.open"), "")
	for _, want := range []string{`"callback_id":"several"`, `mia@contoso.com\nben@fabrikam.com`, `They review R\u0026D`} {
		if !strings.Contains(opened, want) {
			t.Errorf("no %s in %s", want, opened)
		}
	}
	for _, one := range []string{"mia@contoso.com reviews", "", "she reviews"} {
		if _, several := severalTyped(one); several {
			t.Errorf("%q was taken for several", one)
		}
	}
}

func TestAListIsReadWhileItIsTyped(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	var looked []string
	o.service.preview = func(d approvals.Draft) (approvals.Preview, error) {
		looked = append(looked, d.Email)
		return approvals.Preview{Plan: approvals.Plan{Guest: approvals.Guest{Email: d.Email}}, Wrong: approvals.Refusals{approvals.ErrBlockedDomain.With("domain", "fabrikam.com")}}, nil
	}
	o.act(t, "form:guests", "", severalView("mia@contoso.com\nfoo@\nben@fabrikam.com\nada@contoso.com\nhalf@typ", "", eachTogether))
	d := o.drawn1(t)
	got := d.facts()
	for _, want := range []string{"Line 2", "foo@", "3 guests read", "contoso.com 2", "fabrikam.com 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "Line 5") || d.initial("guests") != "" {
		t.Errorf("the line being typed is judged or written over: %s", d.raw)
	}
	if diff := cmp.Diff([]string{"mia@contoso.com", "ben@fabrikam.com", "ada@contoso.com"}, looked); diff != "" {
		t.Errorf("looked at %s", diff)
	}
	if n := strings.Count(got, "⛔"); n != 2 {
		t.Errorf("one wrong line and one refusal are %d: %s", n, got)
	}
}

// TestAHopelessListIsSeenWhileItIsTyped, whichever field and whichever guest of it is
// to blame; what is the same for several of them is said once.
func TestAHopelessListIsSeenWhileItIsTyped(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	twin, elsewhere := inv7(), inv7()
	twin.Access.ID, elsewhere.Access.ID, elsewhere.ID = "atlas", "falcon", "INV-8"
	o.service.preview = func(d approvals.Draft) (approvals.Preview, error) {
		if d.Guests != 3 {
			t.Errorf("%s is one of %d", d.Email, d.Guests)
		}
		known := approvals.Preview{
			Plan:  approvals.Plan{Guest: approvals.Guest{Email: d.Email}, Facts: approvals.Facts{Domain: "contoso.com", Disposable: true}},
			Wrong: approvals.Refusals{approvals.ErrByRule.With("rule", "few").With("sentence", "At most one at once."), approvals.ErrForTooLong.With("longest", "240h")},
		}
		if d.Email == "ada@contoso.com" {
			known.Wrong = append(known.Wrong, approvals.ErrByRule.With("rule", "ada").With("sentence", "Not Ada."))
			known.Twins = []approvals.Request{twin, elsewhere}
		}
		return known, nil
	}
	o.act(t, "form:guests", "", severalView("mia@contoso.com\nben@contoso.com\nada@contoso.com\n", "", eachTogether))
	got := o.drawn1(t).facts()
	for _, once := range []string{"At most one at once.", "at most 10 days", "Not Ada.", "“ada@contoso.com”", "INV-7", "thrown away"} {
		if strings.Count(got, once) != 1 {
			t.Errorf("%q is said %d times in %s", once, strings.Count(got, once), got)
		}
	}
	if strings.Contains(got, "INV-8") {
		t.Errorf("a request for something else is in the way: %s", got)
	}
}

func TestAListIsToldAFewRefusalsAtOnce(t *testing.T) {
	c := &Roll{}
	for i := range mostLines + 2 {
		c.Refused = append(c.Refused, approvals.ErrByRule.With("sentence", fmt.Sprintf("Not %d.", i)))
	}
	if lines := look(t).rollLines("en", Form{Access: "falcon", Checked: c}); len(lines) != mostLines {
		t.Errorf("%d lines", len(lines))
	}
}

// TestALongListIsLookedAtNoLongerThanItMatters: not all of it, and not after a newer
// change of the form.
func TestALongListIsLookedAtNoLongerThanItMatters(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	var list strings.Builder
	for i := range mostLooked + 20 {
		fmt.Fprintf(&list, "guest%d@contoso.com\n", i)
	}
	looked := 0
	o.service.preview = func(approvals.Draft) (approvals.Preview, error) {
		looked++
		return approvals.Preview{}, nil
	}
	o.act(t, "form:guests", "", severalView(list.String(), "", eachTogether))
	if looked != mostLooked {
		t.Errorf("%d of a long list", looked)
	}
	looked = 0
	v := severalView(list.String(), "", eachTogether)
	o.service.preview = func(approvals.Draft) (approvals.Preview, error) {
		if looked++; looked == 3 {
			o.forms.touch(str(v["id"]), "")
		}
		return approvals.Preview{}, nil
	}
	o.act(t, "form:guests", "", v)
	if looked != 3 {
		t.Errorf("%d of a list that was typed on", looked)
	}
}

func TestAListBecomesRequests(t *testing.T) {
	for _, each := range []string{eachAlone, eachTogether} {
		o := newOffice(t)
		o.cfg.Desk.render.Policy = demanding().Always
		lead := inv7()
		lead.Guests = miaAndBen
		o.service.several = []approvals.Request{lead}
		reply := o.sendForm(t, severalView(twoGuests, "", each))
		if !strings.Contains(reply, `"response_action":"update"`) || !strings.Contains(reply, "one decision for 2 guests") {
			t.Errorf("answered %s", reply)
		}
		if len(o.service.lists) != 1 {
			t.Fatalf("%d lists", len(o.service.lists))
		}
		got := o.service.lists[0]
		if diff := cmp.Diff(miaAndBen, got.Guests); diff != "" || got.Each != (each == eachAlone) || got.Company != "Contoso" || got.Access != "atlas" || got.By.Email != "ann@northwind.example" {
			t.Errorf("%s: %+v %s", each, got, diff)
		}
	}
}

func TestWrongLinesAreNamedAndNothingIsMade(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	if reply := o.sendForm(t, severalView("mia@contoso.com\nfoo@\n", "", eachAlone)); !strings.Contains(reply, `"guests":"Line 2`) || len(o.service.lists) > 0 {
		t.Errorf("answered %s", reply)
	}
	if reply := o.sendForm(t, severalView("", "", eachAlone)); !strings.Contains(reply, `"guests":"No guests are named`) {
		t.Errorf("answered %s", reply)
	}
	o.service.severalErr = approvals.Refusals{approvals.ErrGuestsDiffer, approvals.ErrReasonMissing}
	if reply := o.sendForm(t, severalView(twoGuests, "", eachAlone)); !strings.Contains(reply, `"guests":"The policy`) || !strings.Contains(reply, `"reason":"The reason`) {
		t.Errorf("answered %s", reply)
	}
}

func TestWhatIsLeftOfAListStaysInTheForm(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	made := inv7()
	made.Guest = miaAndBen[0]
	o.service.several, o.service.severalErr = []approvals.Request{made}, approvals.Refusals{approvals.ErrGuestLine.With("text", "ben@fabrikam.com").With("code", "already_pending").With("id", "INV-3")}
	reply := o.sendForm(t, severalView(twoGuests, "", eachAlone))
	d := o.drawn1(t)
	if !strings.Contains(reply, `"guests":"1 request was sent`) || d.initial("guests") != "ben@fabrikam.com, Ben Ode, Fabrikam\n" || d.action("guests") != "form:guests#1" {
		t.Errorf("answered %s, drawn %s", reply, d.raw)
	}
	if got := d.facts(); !strings.Contains(got, "INV-7") || !strings.Contains(got, "ben@fabrikam.com") {
		t.Errorf("says %s", got)
	}
}

func TestAFileIsReadAfterTheAcknowledgement(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	o.slack.file = "Name;E-Mail;Company\nMia Keller;mia@contoso.com;\n"
	o.service.several = []approvals.Request{inv7()}
	reply := o.sendForm(t, severalView("ben@fabrikam.com, Ben Ode, Fabrikam", "F1", eachAlone))
	if !strings.Contains(reply, `"file":"Your file is being read`) {
		t.Errorf("answered %s", reply)
	}
	if len(o.service.lists) != 1 {
		t.Fatalf("%d lists", len(o.service.lists))
	}
	if diff := cmp.Diff(miaAndBen, o.service.lists[0].Guests); diff != "" {
		t.Error(diff)
	}
	if d := o.drawn1(t); !strings.Contains(d.all(t), "Sent: INV-7") || d.blocks["guests"] != nil {
		t.Errorf("drawn %s", d.raw)
	}
	o.slack.forget()
	o.act(t, "form:guests", "", severalView("ben@fabrikam.com", "F1", eachAlone))
	if n := len(o.drawings(t)); n > 0 {
		t.Errorf("a late change was drawn over what came of the form")
	}
}

func TestAFileThatCannotServeLeavesTheFormAsItIs(t *testing.T) {
	tests := []struct {
		name, file, fails, says string
		list                    any
	}{
		{"wrong lines, to be mended in the list", "mia@contoso.com\nfoo@\n", "", "Line 2", "mia@contoso.com\nfoo@\n"},
		{"too large", strings.Repeat("mia@contoso.com\n", 20_000), "", "too large", ""},
		{"unreadable", "", "internal_error", "could not be read", ""},
		{"nobody in it", "\n", "", "No guests are named", "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			o.cfg.Desk.render.Policy = demanding().Always
			o.slack.file, o.slack.fails["files.info"] = tt.file, tt.fails
			view := severalView("", "F1", eachAlone)
			o.sendForm(t, view)
			d := o.drawn1(t)
			if got := d.facts(); !strings.Contains(got, tt.says) || d.initial("guests") != tt.list || d.initial("reason") != "They review" {
				t.Errorf("drawn %s", d.raw)
			}
			if len(o.service.lists) > 0 {
				t.Error("requests were made")
			}
			o.sendForm(t, view)
			if n := len(o.drawings(t)); n != 2 {
				t.Errorf("sent again it was drawn %d times", n)
			}
		})
	}
}

// TestAFileThatSaysItIsSmallIsNotBelieved: what comes is counted.
func TestAFileThatSaysItIsSmallIsNotBelieved(t *testing.T) {
	var to capped
	for range maxFile / 1024 {
		if _, err := to.Write(make([]byte, 1024)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := to.Write([]byte("x")); !errors.Is(err, errFileLarge) {
		t.Errorf("one byte too many: %v", err)
	}
}

func TestAFormThatIsBeingSentIsNotSentAgain(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	if !o.forms.send("V7") {
		t.Fatal("a form cannot be sent")
	}
	if reply := o.sendForm(t, severalView(twoGuests, "", eachAlone)); !strings.Contains(reply, "being read") || len(o.service.lists) > 0 {
		t.Errorf("answered %s, %d lists", reply, len(o.service.lists))
	}
	o.forms.sent("V7")
	if o.sendForm(t, severalView(twoGuests, "", eachAlone)); len(o.service.lists) != 1 {
		t.Errorf("%d lists", len(o.service.lists))
	}
}

func TestFilesOfSpreadsheetsAreRead(t *testing.T) {
	for name, raw := range map[string]string{
		"UTF-8": "Mäx", "UTF-8 with a mark": "\xef\xbb\xbfMäx", "Latin 1": "M\xe4x", "UTF-16 LE": "\xff\xfeM\x00\xe4\x00x\x00", "UTF-16 BE": "\xfe\xff\x00M\x00\xe4\x00x",
	} {
		if got := decodedText([]byte(raw)); got != "Mäx" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAHugePolicyKeepsTheAcknowledgementsOfFormsSmall(t *testing.T) {
	o := newOffice(t)
	p := demanding()
	for i := range 99 {
		a := p.Accesses[1]
		a.ID, a.Title, a.Description = fmt.Sprintf("access-%d", i), strings.Repeat("Title ", 20), strings.Repeat("Description ", 50)
		p.Accesses = append(p.Accesses, a)
	}
	o.cfg.Desk.render.Policy = p.Always
	made := inv7()
	made.Guest = miaAndBen[0]
	o.service.several, o.service.severalErr = []approvals.Request{made}, approvals.Refusals{approvals.ErrGuestLine}
	if reply := o.sendForm(t, severalView(twoGuests, "", eachAlone)); reply == "" || len(reply) > maxReply {
		t.Errorf("an acknowledgement of %d bytes", len(reply))
	}
}

// TestOnlyAFileOfTheSendersIsOpened, and only where Slack keeps it: the bot may read
// files that its sender may not.
func TestOnlyAFileOfTheSendersIsOpened(t *testing.T) {
	for name, about := range map[string]string{
		"somebody else's": `"user":"U0SAM",`, "nobody's": `"user":"",`, "one that lies elsewhere": `"user":"U0ANN","is_external":true,`,
		"one at an address of no host of Slack's": `"user":"U0ANN","url_private_download":"http://127.0.0.1:1/api/file",`,
	} {
		o := newOffice(t)
		o.cfg.Desk.render.Policy = demanding().Always
		o.slack.file, o.slack.about = "Salary of Sam: 90k\nmia@contoso.com\n", about
		o.sendForm(t, severalView("", "F1", eachAlone))
		d := o.drawn1(t)
		if n := len(o.slack.calls("file")); n > 0 || strings.Contains(d.raw, "Salary") || len(o.service.lists) > 0 {
			t.Errorf("%s was opened %d times: %s", name, n, d.raw)
		}
		if got := d.facts(); !strings.Contains(got, "not a file that you gave to Slack") {
			t.Errorf("%s: says %s", name, got)
		}
	}
}

// TestWhoClosedTheFormIsToldWhatCameOfTheirFile in a message, with what is left of it.
func TestWhoClosedTheFormIsToldWhatCameOfTheirFile(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		says       []string
	}{
		{"sent", "mia@contoso.com\n", []string{"Sent: INV-7"}},
		{"wrong lines", "mia@contoso.com\nfoo@\x00\x07\n", []string{"You closed the form", "Line 2", "mia@contoso.com\nfoo@"}},
		{"too large", strings.Repeat("mia@contoso.com\n", 20_000), []string{"You closed the form", "too large"}},
	} {
		o := newOffice(t)
		o.cfg.Desk.render.Policy = demanding().Always
		o.slack.file, o.slack.fails["views.update"] = tt.file, "not_found"
		o.service.several = []approvals.Request{inv7()}
		o.sendForm(t, severalView("", "F1", eachAlone))
		told := o.slack.calls("chat.postMessage")
		if len(told) != 1 {
			t.Fatalf("%s: told %d times", tt.name, len(told))
		}
		blocks := textsIn(t, formOf([]byte(told[0]))("blocks"))
		for _, want := range tt.says {
			if !strings.Contains(blocks, want) {
				t.Errorf("%s: no %q in %s", tt.name, want, blocks)
			}
		}
		if strings.ContainsAny(blocks, "\x00\x07") {
			t.Errorf("%s: control characters in %s", tt.name, blocks)
		}
	}
}

// textsIn is what stands in blocks that are given as JSON.
func textsIn(t *testing.T, blocks string) string {
	t.Helper()
	var all []any
	if err := json.Unmarshal([]byte(blocks), &all); err != nil {
		t.Fatal(err)
	}
	return shown(all)
}

// TestNoGuestOfALongListIsLost: who is left and has no room in the form is named in
// a message.
func TestNoGuestOfALongListIsLost(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	var list strings.Builder
	var left []string
	for n := range 50 {
		email := fmt.Sprintf("firstname.lastname%02d@subsidiary.contoso-international.com", n)
		fmt.Fprintf(&list, "%s,\"Lästname, Firstname the %dth\",Contoso International\n", email, n)
		left = append(left, email)
	}
	made := inv7()
	made.Guest.Email, left = left[0], left[1:]
	o.slack.file = list.String()
	o.service.several, o.service.severalErr = []approvals.Request{made}, approvals.Refusals{approvals.ErrGuestLine}
	o.sendForm(t, severalView("", "F1", eachAlone))
	told := o.slack.calls("chat.postMessage")
	if len(told) != 1 {
		t.Fatalf("told %d times", len(told))
	}
	inForm := str(o.drawn1(t).initial("guests"))
	guests, wrong := approvals.ParseGuests(inForm + "\n" + strings.SplitAfterN(textsIn(t, formOf([]byte(told[0]))("blocks")), "is sent.", 2)[1])
	var got []string
	for _, g := range guests {
		got = append(got, g.Email)
	}
	if diff := cmp.Diff(left, got); diff != "" || len(wrong) > 0 || len([]rune(inForm)) > maxPrefill || len(inForm) < maxPrefill/2 {
		t.Errorf("in the form %d characters, wrong %v, left (-want +got):\n%s", len(inForm), wrong, diff)
	}
}

func TestOnlyOneGuestThrowsNothingAway(t *testing.T) {
	for list, file := range map[string]string{twoGuests: "", "mia@contoso.com\nfoo@": "", "mia@contoso.com": "F1"} {
		o := newOffice(t)
		o.cfg.Desk.render.Policy = demanding().Always
		o.act(t, ActionSeveral, CallbackInvite, severalView(list, file, eachAlone))
		if d := o.drawn1(t); d.callback != CallbackSeveral || d.initial("guests") != list || !strings.Contains(d.facts(), "Leave one line") {
			t.Errorf("%q: drawn %s", list, d.raw)
		}
	}
}

// TestAListWithTwinsTellsWhoAskedForThem: the refusal of a line speaks of that message.
func TestAListWithTwinsTellsWhoAskedForThem(t *testing.T) {
	twin := func(id string) *approvals.Refusal {
		return approvals.ErrGuestLine.With("text", "mia@contoso.com").With("code", "already_pending").With("id", id).With("access", "Project Falcon")
	}
	for _, file := range []string{"", "F1"} {
		o := newOffice(t)
		o.cfg.Desk.render.Policy = demanding().Always
		o.slack.file = twoGuests
		o.service.storyErr, o.service.severalErr = approvals.ErrNotFound, approvals.Refusals{twin("INV-3"), twin("INV-4"), twin("INV-3")}
		list := twoGuests
		if file != "" {
			list = ""
		}
		o.sendForm(t, severalView(list, file, eachTogether))
		told := o.slack.calls("chat.postMessage")
		if len(told) != 2 || !strings.Contains(told[0], "INV-3") || !strings.Contains(told[0], "U0ANN") || !strings.Contains(told[1], "INV-4") {
			t.Errorf("file %q: told %v", file, told)
		}
	}
}

func TestAnEmptyFileBesideAListIsNoMistake(t *testing.T) {
	if guests, wrong := bothLists("mia@contoso.com", "\n"); len(guests) != 1 || len(wrong) > 0 {
		t.Errorf("%v, %v", guests, wrong)
	}
	if _, wrong := bothLists("", "\n"); len(wrong) != 1 {
		t.Errorf("nobody at all: %v", wrong)
	}
}

func TestAFileIsShownWithoutItsControlCharacters(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	o.slack.file = "PK\x00\x01\x02 @\x07\u202e\n"
	o.sendForm(t, severalView("", "F1", eachAlone))
	if got := str(o.drawn1(t).initial("guests")); got != "PK @\n" {
		t.Errorf("%q", got)
	}
}

// TestAListLooksForNoLinksToWhatItDoesNotShow: a link to the twin of a line is told
// when the list is sent.
func TestAListLooksForNoLinksToWhatItDoesNotShow(t *testing.T) {
	o := newOffice(t)
	o.cfg.Desk.render.Policy = demanding().Always
	twin := inv7()
	twin.Access.ID = "atlas"
	o.service.preview = func(d approvals.Draft) (approvals.Preview, error) {
		return approvals.Preview{Plan: approvals.Plan{Guest: approvals.Guest{Email: d.Email}}, Twins: []approvals.Request{twin}}, nil
	}
	o.act(t, "form:guests", "", severalView(twoGuests, "", eachTogether))
	if n := len(o.slack.calls("chat.getPermalink")); n > 0 || len(o.drawings(t)) != 1 {
		t.Errorf("asked for %d links", n)
	}
}

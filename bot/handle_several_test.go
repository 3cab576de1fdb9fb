package bot

import (
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
	if diff := cmp.Diff([]string{"mia@contoso.com", "ben@fabrikam.com"}, looked); diff != "" {
		t.Errorf("one of each organisation: %s", diff)
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

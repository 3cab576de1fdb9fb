package bot

import (
	"strings"
	"testing"

	"partnerbot/approvals"
)

// TestANameThatLooksLikeAnAddressComesAfterTheAddress, and never in its place.
func TestANameThatLooksLikeAnAddressComesAfterTheAddress(t *testing.T) {
	d := look(t)
	r := asked()
	r.Guest = approvals.Guest{Email: "evil@gmail.com", Name: "Mia (mia@contoso.com)", Company: "Contoso"}
	for _, said := range []string{asPlain(d.guest("en", r)), d.guestName("en", r)} {
		if !strings.HasPrefix(said, "evil@gmail.com") {
			t.Errorf("says %q", said)
		}
	}
	card := string(asJSON(t, d.Card(r, 0)))
	if address, typed := strings.Index(card, "evil@gmail.com"), strings.Index(card, "mia@contoso.com"); address < 0 || typed >= 0 && typed < address {
		t.Errorf("the card names %d before %d", typed, address)
	}
}

// TestANameThatIsAnAddressNeverComesFirst where somebody decides on it.
func TestANameThatIsAnAddressNeverComesFirst(t *testing.T) {
	d := look(t)
	evil := approvals.Guest{Email: "evil@evil.example", Name: "ann@contoso.com", Company: "Contoso"}
	r := asked()
	r.Guest = evil
	several := stories()["several"]
	several.Guests = []approvals.Guest{evil}
	for name, said := range map[string]string{
		"confirmation": d.confirmApprove(r).Text.Text, "card": asRead(t, d.Card(several, 0)), "More": asRead(t, d.More("en", several, nil)),
	} {
		if !strings.Contains(said, "evil@evil.example (“ann@contoso.com”)") || strings.Contains(said, "ann@contoso.com (") {
			t.Errorf("the %s says:\n%s", name, said)
		}
	}
}

// TestWhatIsTypedNeverEndsOurBrackets, so that nobody reads it as a sentence of ours.
func TestWhatIsTypedNeverEndsOurBrackets(t *testing.T) {
	d := look(t)
	for _, typed := range []string{"Contoso) into Wiki, for 1 day. Risk: low. (", "Contoso） into Wiki （", "Contoso] into [", "”) into (“"} {
		r := asked()
		r.Guest.Company = typed
		named := r
		named.Guest.Name = "Mia " + typed
		several := stories()["several"]
		several.Guests = []approvals.Guest{named.Guest}
		listed, _, _ := strings.Cut(asRead(t, Message{Blocks: d.listed("en", r, ann, nine)}), "→")
		said := map[string]string{
			"guest": asPlain(d.guest("en", named)), "wish": asPlain(d.wish("en", named)), "confirmation": d.confirmApprove(named).Text.Text,
			"list": listed, "guests": asPlain(d.guestList("en", several, 4)),
			"every guest": asPlain(d.everyGuest("en", several)[0]), "name": "(" + d.guestName("en", named) + ")",
		}
		for where, text := range said {
			if strings.Count(text, "(") != 1 || strings.Count(text, ")") != 1 || strings.ContainsAny(text, "[]（）“”") {
				t.Errorf("%s of %q: %s", where, typed, text)
			}
		}
	}
	r := asked()
	r.Guest.Company = "Contoso (UK) Ltd"
	if said := asPlain(d.guest("en", r)); !strings.HasSuffix(said, ", Contoso UK Ltd)") {
		t.Errorf("a company with brackets reads %s", said)
	}
}

// TestWhatIsTypedNeverEndsOurQuotation, whichever quotation marks are in it.
func TestWhatIsTypedNeverEndsOurQuotation(t *testing.T) {
	d := look(t)
	for _, typed := range []string{"Me.” Approved by Sam. “Yes", "Me.\" Yes \"", "Me.» Yes «", "Me.″ Yes „"} {
		r := asked()
		was := r.Terms()
		was.Name = ""
		r.Talk = []approvals.Exchange{{By: ben, Question: typed, At: nine, Answer: typed, Answered: nine}}
		r.Guest.Name, r.Guest.Company, r.Reason = typed, typed, typed
		r.Filled = []approvals.Filled{{ID: "nda", Label: "NDA", Value: typed}}
		open := r
		open.Talk = []approvals.Exchange{{By: ben, Question: typed, At: nine}}
		asking := asPlain(d.waiting("en", forApprovers, open)[0])
		for where, tt := range map[string]struct {
			text   string
			quoted int
		}{
			"the talk": {asPlain(d.lastTalk("en", r)), 2}, "More": {joinedPlain(d.wholeTalk("en", r)), 2}, "the question": {asking, 1},
			"the changes": {asPlain(d.difference("en", was, r.Terms())), 7},
		} {
			if strings.Count(tt.text, "“") != tt.quoted || strings.Count(tt.text, "”") != tt.quoted || strings.ContainsAny(tt.text, "\"»«″„") || !strings.Contains(tt.text, "Me.' ") {
				t.Errorf("%s of %q: %s", where, typed, tt.text)
			}
		}
	}
}

func joinedPlain(lines [][]piece) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(asPlain(line) + "\n")
	}
	return b.String()
}

package bot

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

// asRead is a message or a form as somebody reads it: its texts, line by line, and
// what there is to press.
func asRead(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	doc := decoded(t, v)
	blocks, _ := doc["blocks"].([]any)
	if title, ok := doc["title"].(map[string]any); ok {
		fmt.Fprintf(&b, "[%s]\n", title["text"])
	}
	for _, block := range blocks {
		readBlock(&b, block.(map[string]any))
	}
	if submit, ok := doc["submit"].(map[string]any); ok {
		fmt.Fprintf(&b, "[%s]\n", submit["text"])
	}
	return b.String()
}

func readBlock(b *strings.Builder, o map[string]any) {
	switch o["type"] {
	case "header":
		fmt.Fprintf(b, "# %s\n", words(o["text"]))
	case "rich_text", "rich_text_list":
		for _, el := range o["elements"].([]any) {
			readBlock(b, el.(map[string]any))
		}
	case "rich_text_section", "rich_text_preformatted":
		fmt.Fprintf(b, "%s\n", words(o["elements"]))
	case "rich_text_quote":
		fmt.Fprintf(b, "> %s\n", strings.ReplaceAll(words(o["elements"]), "\n", "\n> "))
	case "actions":
		var buttons []string
		for _, el := range o["elements"].([]any) {
			buttons = append(buttons, "["+words(el.(map[string]any)["text"])+"]")
		}
		fmt.Fprintf(b, "%s\n", strings.Join(buttons, " "))
	case "input":
		fmt.Fprintf(b, "%s: %s", words(o["label"]), readInput(o["element"].(map[string]any)))
		if hint := words(o["hint"]); hint != "" {
			fmt.Fprintf(b, " (%s)", hint)
		}
		b.WriteString("\n")
	case "section", "context":
		fmt.Fprintf(b, "%s\n", words(o["text"])+words(o["elements"]))
	}
}

func readInput(el map[string]any) string {
	options, _ := el["options"].([]any)
	if len(options) == 0 {
		return "<" + el["type"].(string) + ">"
	}
	initial := []any{el["initial_option"]}
	if several, ok := el["initial_options"].([]any); ok {
		initial = append(initial, several...)
	}
	var out []string
	for _, o := range options {
		mark := "( ) "
		if slices.ContainsFunc(initial, func(is any) bool {
			chosen, ok := is.(map[string]any)
			return ok && chosen["value"] == o.(map[string]any)["value"]
		}) {
			mark = "(x) "
		}
		out = append(out, mark+words(o.(map[string]any)["text"]))
	}
	return strings.Join(out, " ")
}

// words is the text of an element, or of several in a row.
func words(v any) string {
	switch v := v.(type) {
	case []any:
		var out strings.Builder
		for _, x := range v {
			out.WriteString(words(x))
		}
		return out.String()
	case map[string]any:
		switch v["type"] {
		case "user":
			return "@" + v["user_id"].(string)
		case "usergroup":
			return "@" + v["usergroup_id"].(string)
		case "date":
			return v["fallback"].(string)
		}
		text, _ := v["text"].(string)
		return text
	}
	return ""
}

// TestCardsReadAsTheyDid keeps what approvers and requesters read in one file, to
// be looked at as a whole.
func TestCardsReadAsTheyDid(t *testing.T) {
	d := look(t)
	var b strings.Builder
	all := stories()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r := all[name]
		fmt.Fprintf(&b, "=== %s\n--- card\n%s--- direct\n%s\n", name, asRead(t, d.Card(r, r.Stage)), asRead(t, d.Direct("en", r)))
	}
	for _, name := range []string{"everything", "several", "choosing"} {
		r := all[name]
		for _, form := range []any{d.DenyForm("en", r), d.AskForm("en", r), d.ChangeForm("en", r, nine), d.ChooseForm("en", r), d.RevokeForm("en", r), d.More("en", r, trail()[:3])} {
			fmt.Fprintf(&b, "=== %s, form\n%s\n", name, asRead(t, form))
		}
	}
	got := b.String()
	path := filepath.Join("testdata", "decide.golden.txt")
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, -update to accept):\n%s", path, diff)
	}
}

// TestACardHasAtMostTwelveLines counts lines as a window shows them.
func TestACardHasAtMostTwelveLines(t *testing.T) {
	d := look(t)
	for name, r := range stories() {
		for stage := range r.Stage + 1 {
			text := asRead(t, d.naming(annByName).Card(r, stage))
			n := 0
			for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
				n += 1 + max(utf8.RuneCountInString(line)-1, 0)/lineWidth
			}
			if n > cardLines {
				t.Errorf("the card of %s, stage %d, has %d lines:\n%s", name, stage, n, text)
			}
		}
	}
}

func TestALongCardLeavesOutWhatHelpsLeastAndNeverAWarning(t *testing.T) {
	text := asRead(t, look(t).Card(stories()["everything"], 0))
	for _, has := range []string{"looks like contoso.com", "Look twice", "30 days instead of 90 days", "INV-3 denied by", "6 more facts: press More", "may decide", "@U0BEN is on it"} {
		if !strings.Contains(text, has) {
			t.Errorf("the card does not say %q:\n%s", has, text)
		}
	}
	if strings.Contains(text, "Rules:") || strings.Contains(text, "Yes, only those") {
		t.Errorf("the rules or the talk are on a card that has no room for them:\n%s", text)
	}
	clean := stories()["everything"]
	clean.Facts.Here.Last = clean.Facts.Here.Last[1:]
	if text := asRead(t, look(t).Card(clean, 0)); !strings.Contains(text, "4711-2026") || strings.Contains(text, "Last decisions") {
		t.Errorf("where nobody was denied, the last decisions are before the answers:\n%s", text)
	}
	warned := asRead(t, look(t).Card(stories()["suspicious"], 0))
	if !strings.Contains(warned, "2 more warnings: press More") || strings.Count(warned, "⚠️") != 3 {
		t.Errorf("four warnings read:\n%s", warned)
	}
}

// TestACardOfAnyLengthKeepsTwelveLines also where everything that people write is as
// long as it can be, and says nothing twice.
func TestACardOfAnyLengthKeepsTwelveLines(t *testing.T) {
	d := look(t)
	long := func(n int, words string) string { return cut(strings.Repeat(words+" ", n), n) }
	changed := stories()["known_partner"]
	changed.Facts = approvals.Facts{Domain: "contoso.com"}
	changed.Reason = "The launch is near. " + long(460, "Soon.")
	was := changed.Terms()
	was.Reason, was.Name, was.Company, was.For = "Because.", "Mia Keller-Bergmann", "Contoso Limited", was.For*3
	for i := range 8 {
		id := strconv.Itoa(i)
		changed.Filled = append(changed.Filled, approvals.Filled{ID: id, Label: long(70, "label"), Value: long(200, "value")})
		was.Grants = append(was.Grants, approvals.Grant{Group: id, Title: long(90, "drawings")})
	}
	changed.Edition, changed.Edits = 1, []approvals.Edit{{By: ann, At: nine, Edition: 1, Was: was}}
	questioned := changed
	questioned.Talk = []approvals.Exchange{{By: ben, Question: long(900, "question"), At: nine}}
	doubtful, reasoned := questioned, changed
	doubtful.Facts.Like, doubtful.Facts.Treat = suspicious().Like, approvals.Warned
	grave := doubtful
	grave.Facts.Disposable, grave.Edits = true, slices.Clone(changed.Edits)
	was.For, was.Name, was.Company, was.Grants = changed.For, changed.Guest.Name, changed.Guest.Company, changed.Access.Grants
	reasoned.Edits = []approvals.Edit{{By: ann, At: nine, Edition: 1, Was: was}}
	if text := asRead(t, d.Card(reasoned, 0)); !strings.Contains(text, "Changed by @U0ANN: another reason; 8 other answers.") {
		t.Errorf("what stands below is not only said to be another:\n%s", text)
	}
	for name, r := range map[string]approvals.Request{"changed": changed, "questioned": questioned, "reasoned": reasoned, "doubtful": doubtful, "grave": grave} {
		text := asRead(t, d.Card(r, 0))
		n := 0
		for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
			n += 1 + max(utf8.RuneCountInString(line)-1, 0)/lineWidth
		}
		if n > cardLines || strings.Count(text, "The launch is near.") != 1 || name != "reasoned" && !strings.Contains(text, "press More") {
			t.Errorf("%s: the card has %d lines:\n%s", name, n, text)
		}
	}
	if text := asRead(t, d.More("en", changed, nil)); !strings.Contains(text, "another reason: “The launch") {
		t.Errorf("More does not say what was changed:\n%s", text)
	}
}

// TestGuestsOfSeveralOrganisationsHaveALineForEach and the unknown ones come first.
func TestGuestsOfSeveralOrganisationsHaveALineForEach(t *testing.T) {
	d, r := look(t), stories()["several"]
	r.FactsOf = []approvals.Facts{partnerFacts(), {Domain: "fabrikam.com", Here: approvals.DomainCount{Before: 2}}, {Domain: "unknown.example"}}
	text := asRead(t, d.Card(r, 0))
	want := "fabrikam.com: no known partner, none of its guests here now.\nunknown.example: no known partner, nobody was ever asked in.\ncontoso.com: known partner Contoso, 4 of its guests here.\n"
	if !strings.Contains(text, want) {
		t.Errorf("no lines %q:\n%s", want, text)
	}
	for i := range 3 {
		r.FactsOf = append(r.FactsOf, approvals.Facts{Domain: "more" + strconv.Itoa(i) + ".example"})
	}
	if text := asRead(t, d.Card(r, 0)); !strings.Contains(text, "4 more organisations.") || strings.Contains(text, "more1.example") {
		t.Errorf("six organisations:\n%s", text)
	}
	text = asRead(t, d.More("en", r, nil))
	for _, f := range r.FactsOf {
		if !strings.Contains(text, f.Domain) {
			t.Errorf("More says nothing of %s:\n%s", f.Domain, text)
		}
	}
}

// TestCountsNameTheDomainThatTheyAreOf where it is not the guest's own.
func TestCountsNameTheDomainThatTheyAreOf(t *testing.T) {
	d, r := look(t), stories()["known_partner"]
	r.Facts.Domain = "mail.contoso.com"
	has := func(what string, want ...string) {
		t.Helper()
		text := asRead(t, d.Card(r, 0))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q:\n%s", what, w, text)
			}
		}
	}
	has("some here", "(mail.contoso.com). 4 of the guests of contoso.com here, 3 joined; 1 waiting; 2 earlier. Entra has 12 of mail.contoso.com, 2 disabled.", "Last decisions about contoso.com: ")
	r.Facts.Here.Live = 0
	has("none here", "None of the guests of contoso.com here now")
	r.Facts.Here = approvals.DomainCount{}
	has("never", "Nobody from contoso.com was ever asked in.")
	r.Facts.Domain = "contoso.onmicrosoft.com"
	has("a tenant's own", "Nobody from contoso.onmicrosoft.com was ever asked in. Entra has 12, 2 disabled.")
	r = stories()["several"]
	r.FactsOf = []approvals.Facts{{Domain: "x.fabrikam.com", Here: approvals.DomainCount{Live: 2}}, {Domain: "y.unknown.example"}}
	has("several", "x.fabrikam.com: no known partner, 2 of the guests of fabrikam.com here.", "y.unknown.example: no known partner, nobody from unknown.example was ever asked in.")
}

func TestWhatEntraWasNotAskedCostsNoLine(t *testing.T) {
	d := look(t)
	r := stories()["known_partner"]
	r.Facts.Tenant = nil
	if text := asRead(t, d.Card(r, 0)); strings.Contains(text, "Entra") || strings.Contains(text, "guest account") || !strings.Contains(text, "Known partner") {
		t.Errorf("before Entra said anything:\n%s", text)
	}
	if text := asRead(t, d.Card(stories()["silent_tenant"], 0)); strings.Contains(text, "Entra has") {
		t.Errorf("Entra did not say:\n%s", text)
	}
	if text := asRead(t, d.More("en", stories()["silent_tenant"], nil)); !strings.Contains(text, "Entra does not say more at present (Forbidden)") {
		t.Errorf("More does not say that Entra does not:\n%s", text)
	}
}

// TestADenialIsOnEveryCard: no length of what somebody writes, and no other guest of
// theirs, takes it off.
func TestADenialIsOnEveryCard(t *testing.T) {
	d := look(t)
	denied := approvals.Decision{ID: "INV-3", State: approvals.Denied, By: olga, At: nine.Add(-time.Hour)}
	no := approvals.Facts{Domain: "evil.example", Here: approvals.DomainCount{Before: 1, Last: []approvals.Decision{denied}}}
	long := stories()["everything"]
	long.Guest.Name, long.Guest.Company = strings.Repeat("Mia ", 40), strings.Repeat("Contoso ", 20)
	long.Reason, long.Facts = strings.Repeat("Soon. ", 80), no
	long.Filled = []approvals.Filled{{ID: "nda", Label: "NDA", Value: strings.Repeat("value ", 150)}}
	decoy := stories()["several"]
	decoy.FactsOf = []approvals.Facts{suspicious(), {Domain: "b.example"}, {Domain: "c.example"}, no, partnerFacts()}
	decoy.FactsOf[4].Here.Last = []approvals.Decision{{ID: "INV-5", State: approvals.Active, By: sam, At: nine}, denied, {ID: "INV-4", State: approvals.TimedOut, At: nine}}
	decoy.Facts = decoy.FactsOf[0]
	for name, r := range map[string]approvals.Request{"long": long, "decoy": decoy} {
		text := asRead(t, d.Card(r, 0))
		if !strings.Contains(text, "Last decisions: INV-3 denied by @U0OLGA on") || len(strings.Split(strings.TrimSpace(text), "\n")) > cardLines {
			t.Errorf("%s: the card does not say in its lines who was denied:\n%s", name, text)
		}
	}
	roomy := decoy
	roomy.FactsOf = slices.Clone(decoy.FactsOf[3:5])
	roomy.Facts = roomy.FactsOf[0]
	if text := asRead(t, d.Card(roomy, 0)); !strings.Contains(text, "INV-3 denied by @U0OLGA on 23 Nov 2026 and INV-5 approved by @U0SAM") {
		t.Errorf("the newest of the others does not follow where there is room:\n%s", text)
	}
}

func TestACardOffersWhatCanBePressedNow(t *testing.T) {
	pending := []string{ActionApprove, ActionDeny, ActionAsk, ActionClaim, ActionMore} // there is nothing less to give
	rich := []string{ActionApprove, ActionDeny, ActionChange, ActionAsk, ActionClaim, ActionMore}
	revocable := []string{ActionRevoke, ActionMore}
	tests := map[string][]string{
		"pending": pending, "stranded": rich, "several": rich,
		"asked":    {ActionApprove, ActionDeny, ActionChange, ActionClaim, ActionMore},
		"choosing": {ActionChoose, ActionDeny, ActionChange, ActionAsk, ActionClaim, ActionMore},
		"held":     {ActionUndo, ActionMore},
		"inviting": revocable, "granting": revocable, "invited": revocable, "active": revocable, "split": revocable, "inviting_several": revocable,
		"failed": {ActionRetry, ActionRevoke, ActionMore}, "failed_erased": nil,
		"denied": nil, "cancelled": nil, "timed_out": nil, "ending": nil, "revoking": nil, "revoked": nil, "ended": nil, "erased": nil,
	}
	d := look(t)
	for name, want := range tests {
		r := stories()[name]
		if got := pressable(t, d.Card(r, r.Stage)); !slices.Equal(got, want) {
			t.Errorf("%s offers %v, want %v", name, got, want)
		}
		if r.Stage > 0 {
			if got := pressable(t, d.Card(r, 0)); len(got) > 0 {
				t.Errorf("%s offers %v on the card of a stage that is over", name, got)
			}
		}
	}
	held := stories()["held"]
	if got := pressable(t, d.at(held.Hold).Card(held, 1)); !slices.Equal(got, revocable) {
		t.Errorf("after the hold it offers %v", got)
	}
	held.Account.Tried = nine
	if got := pressable(t, d.Card(held, 1)); !slices.Equal(got, revocable) {
		t.Errorf("once the invitation has left it offers %v", got)
	}
}

func pressable(t *testing.T, v any) []string {
	t.Helper()
	var out []string
	blocks, _ := decoded(t, v)["blocks"].([]any)
	for _, b := range blocks {
		if b := b.(map[string]any); b["type"] == "actions" {
			for _, el := range b["elements"].([]any) {
				out = append(out, el.(map[string]any)["action_id"].(string))
			}
		}
	}
	return out
}

func TestTheFirstPostNamesNobodyWhoHasNoPart(t *testing.T) {
	for name, r := range decisions() {
		if r.State != approvals.Pending {
			continue
		}
		names := maps.Clone(annByName) // the desk names whoever has a part
		for _, v := range r.Votes {
			names[v.By.User] = "Somebody"
		}
		raw := string(asJSON(t, look(t).naming(names).Card(r, r.Stage)))
		for _, id := range []string{"U0OLGA", "U0BEN", "U0ANN"} {
			if strings.Contains(raw, id) && !slices.Contains(r.Approvers(r.Stage), id) {
				t.Errorf("the first post of %s calls %s", name, id)
			}
		}
	}
}

func TestMoreOfAFullRequestKeepsSlacksLimits(t *testing.T) {
	d, r := look(t), stories()["everything"]
	long := strings.Repeat("word ", 200)
	for i := range 50 {
		r.Guests = append(r.Guests, approvals.Guest{Name: long, Email: fmt.Sprintf("guest%d@contoso.com", i), Company: long})
		r.Children = append(r.Children, approvals.Child{ID: approvals.NewID(uint64(100 + i)), State: approvals.Active})
	}
	for len(r.Talk) < 10 {
		r.Talk = append(r.Talk, approvals.Exchange{By: ben, Question: long, At: nine, Answer: long, Answered: nine})
	}
	for len(r.Edits) < 20 {
		was := r.Terms()
		was.Reason, was.Name, was.For = long, long, r.For+time.Hour
		r.Edits = append(r.Edits, approvals.Edit{By: sam, At: nine, Edition: len(r.Edits) + 1, Was: was})
	}
	for i := range 8 {
		r.Filled = append(r.Filled, approvals.Filled{ID: strconv.Itoa(i), Label: long, Value: strings.Repeat("<", 1000)})
		r.Access.Grants = append(r.Access.Grants, approvals.Grant{Group: strconv.Itoa(i), Title: long})
		r.FactsOf = append(r.FactsOf, partnerFacts())
	}
	for i := range r.Edits {
		r.Edits[i].Was.Name = strings.Repeat("<", 999) + strconv.Itoa(i)
		r.Edits[i].Was.Filled = slices.Clone(r.Filled[:i%8])
	}
	for i := range r.Talk {
		r.Talk[i].Question, r.Talk[i].Answer = strings.Repeat("<", 1000), strings.Repeat("<", 1000)
	}
	r.Reason = strings.Repeat("<", 1000)
	entries := trail()
	for range 20 {
		entries = append(entries, trail()...)
	}
	form := d.More("en", r, entries)
	if found := breaches(t, form); len(found) > 0 {
		t.Errorf("over the limits: %v", found)
	}
	if size := len(asJSON(t, form)); size > 250_000 {
		t.Errorf("the form has %d bytes", size)
	}
	if text := asRead(t, form); !strings.Contains(text, "guest49@contoso.com) INV-149") {
		t.Errorf("the last guest is missing:\n%s", text)
	}
}

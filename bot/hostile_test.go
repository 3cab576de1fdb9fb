package bot

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"partnerbot/approvals"
)

// hostile is text that would do harm somewhere if it were read as markup.
var hostile = map[string]string{
	"channel ping":   "<!channel> <!here> <!everyone>",
	"user ping":      "<@U0BOSS> <!subteam^S0ALL>",
	"forged link":    "<https://evil.example|Approve here>",
	"styling":        "`code` *bold* _it_ ~gone~ > quote",
	"override":       "safe\u202Eetats\u202C \u2066x\u2069",
	"zero width":     "a\u200Bb\u2060c\uFEFFd",
	"emoji flood":    strings.Repeat("🎉", 3000),
	"line breaks":    "one\ntwo\r\nthree\u2028four",
	"long":           strings.Repeat("word ", 900),
	"template":       "{{.link}} {{template \"x\"}} <no value>",
	"inner marks":    "\uE0000\uE001 \uE00099\uE001",
	"broken letters": "ok\xff\xfe\x00\x07",
	"nothing to see": "\u200B\u202E",
	"half an entity": "&lt;!channel&gt; &amp; <",
}

// poisoned is a request with the text in every field that somebody may have typed.
func poisoned(r approvals.Request, text string) approvals.Request {
	r.Guest = approvals.Guest{Email: text, Name: text, Company: text}
	r.Reason, r.Access.Title, r.Access.Description = text, text, text
	r.Access.Stages = append([]approvals.Stage{}, r.Access.Stages...)
	for i := range r.Access.Stages {
		r.Access.Stages[i].Name = text
	}
	if r.Closed != nil {
		closed := *r.Closed
		closed.Reason = text
		r.Closed = &closed
	}
	if r.Trouble != nil {
		r.Trouble = &approvals.Trouble{Text: text, Code: text, RequestID: text}
	}
	return poisonedFacts(r, text)
}

func TestTypedTextIsNeverMarkup(t *testing.T) {
	d := look(t)
	for kind, text := range hostile {
		t.Run(kind, func(t *testing.T) {
			for _, name := range []string{"pending", "half_quorum", "invited", "denied", "failed", "failed_own", "delayed", "found_joined", "everything", "asked", "suspicious", "several", "revoked"} { // every field is shown in one of them
				r := poisoned(stories()[name], text)
				d := d.naming(map[string]string{"U0ANN": text, "U0SAM": text})
				d.Company = text
				all := surfaces(t, d, r)
				entries := trail()
				for i := range entries {
					entries[i].Detail = text
				}
				all["story"] = d.Story("en", r, entries)
				for surface, v := range all {
					harmless(t, name+" "+surface, v)
				}
			}
		})
	}
}

// harmless checks a rendering: where Slack reads markup there is none but ours,
// and nowhere is a character that hides or turns around what follows.
func harmless(t *testing.T, name string, v any) {
	t.Helper()
	for _, b := range breaches(t, v) {
		t.Errorf("%s: %s", name, b)
	}
	doc := decoded(t, v)
	if text, ok := doc["text"].(string); ok {
		onlyOurMarkup(t, name+" text", text)
	}
	walk(doc, "", func(at, kind string, o map[string]any) {
		text, _ := o["text"].(string)
		if kind == "mrkdwn" {
			onlyOurMarkup(t, name+at, text)
		}
		if kind == "user" && !strings.HasPrefix(o["user_id"].(string), "U0") || kind == "broadcast" || kind == "link" {
			t.Errorf("%s%s: a %s that is not ours: %v", name, at, kind, o)
		}
		if hidden := strings.IndexAny(text, "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u200B\u2060\uFEFF\uE000\uE001\x00\x07"); hidden >= 0 && !ownInput(at) {
			t.Errorf("%s%s: hidden character in %q", name, at, text)
		}
		if o["emoji"] == true {
			t.Errorf("%s%s: colons become emoji in %q", name, at, text)
		}
	})
}

// ownInput is where somebody's own words are given back to them to go on typing.
func ownInput(at string) bool { return strings.HasSuffix(at, "/element") }

// onlyOurMarkup takes mentions and times of ours out of a mrkdwn text; no angle
// bracket may be left, and none of the pings that only somebody else can have typed.
func onlyOurMarkup(t *testing.T, name, text string) {
	t.Helper()
	for _, ours := range []string{"<@U0ANN>", "<@U0SAM>", "<@U0OLGA>", "<!subteam^S0FALCON>", "<!subteam^S0SEC>"} {
		text = strings.ReplaceAll(text, ours, "")
	}
	for {
		before, rest, ok := strings.Cut(text, "<!date^")
		if !ok {
			break
		}
		_, after, _ := strings.Cut(rest, ">")
		text = before + after
	}
	if strings.ContainsAny(text, "<>") {
		t.Errorf("%s: live markup in %q", name, text)
	}
	unescaped := strings.NewReplacer("&lt;", "", "&gt;", "", "&amp;", "").Replace(text)
	if strings.Contains(unescaped, "&") {
		t.Errorf("%s: half-escaped %q", name, text)
	}
}

func TestRefusalsAreNeverMarkup(t *testing.T) {
	d := look(t)
	for kind, text := range hostile {
		args := map[string]string{"id": "INV-7", "domain": text, "access": text, "character": text, "limit": text, "state": text, "how": text, "by": text, "at": text, "until": text}
		for _, code := range refusalCodes(t) {
			r := &approvals.Refusal{Code: approvals.Code(code), Args: args}
			onlyOurMarkupOrIDs(t, kind+" "+code, d.Words.Refusal("en", r))
			m := d.Words.Refused("en", r)
			onlyOurMarkup(t, kind+" "+code, m.Text)
			for _, b := range breaches(t, m) {
				t.Errorf("%s %s: %s", kind, code, b)
			}
		}
	}
}

// onlyOurMarkupOrIDs also allows mentions: an ID in the wrong form loses all but
// its letters and digits.
func onlyOurMarkupOrIDs(t *testing.T, name, text string) {
	t.Helper()
	for {
		before, rest, ok := strings.Cut(text, "<@")
		if !ok {
			break
		}
		id, after, _ := strings.Cut(rest, ">")
		if idOnly(id) != id {
			t.Errorf("%s: a mention of %q", name, id)
		}
		text = before + after
	}
	onlyOurMarkup(t, name, text)
}

func TestTheRedeemLinkIsShownToTheRequesterOnly(t *testing.T) {
	d, shown, linked := look(t), 0, []string{"invited", "found_invited", "found_unlinked", "found_joined"}
	for name, r := range stories() {
		r.Account.Link = redeemLink
		for surface, v := range surfaces(t, d, r) {
			raw, err := json.Marshal(decoded(t, v))
			if err != nil {
				t.Fatal(err)
			}
			has := strings.Contains(string(raw), "VerySecret")
			if has && (surface != "direct" || !slices.Contains(linked, name)) {
				t.Errorf("%s %s shows the redeem link", name, surface)
			}
			if has {
				shown++
			}
			if m, ok := v.(Message); ok && strings.Contains(m.Text, "VerySecret") {
				t.Errorf("%s %s has the redeem link in its notification", name, surface)
			}
		}
	}
	if shown != len(linked) {
		t.Errorf("the link is shown %d times, want once for each guest who needs it: to the requester", shown)
	}
}

func TestOnlyTheDecidingCardHasLiveButtons(t *testing.T) {
	d := look(t)
	for name, r := range stories() {
		for stage := range r.Stage + 1 {
			raw := string(asJSON(t, d.Card(r, stage)))
			live := strings.Contains(raw, `"action_id": "approve"`) || strings.Contains(raw, `"action_id": "choose"`)
			if want := r.State == approvals.Pending && stage == r.Stage; live != want {
				t.Errorf("%s, stage %d: live buttons %v, want %v", name, stage, live, want)
			}
			granted := strings.Contains(strings.ToLower(raw), "granted") && !strings.Contains(raw, "Nothing was granted")
			if entra := r.State == approvals.Invited || r.State == approvals.Active; granted != entra {
				t.Errorf("%s, stage %d: says granted %v, want %v", name, stage, granted, entra)
			}
		}
	}
}

func TestTheFirstPostNotifiesTheApproversOnly(t *testing.T) {
	d := look(t).naming(map[string]string{"U0ANN": "Ann Lee", "U0SAM": "Sam Ito", "U0OLGA": "Olga"})
	for _, name := range []string{"pending", "second_stage", "half_quorum"} {
		r := stories()[name]
		raw := string(asJSON(t, d.Card(r, r.Stage)))
		if strings.Contains(raw, "U0ANN") || strings.Contains(raw, "U0OLGA") {
			t.Errorf("%s mentions somebody who need not be called:\n%s", name, raw)
		}
		for _, id := range r.CurrentStage().Approvers {
			if !strings.Contains(raw, id) {
				t.Errorf("%s does not call %s", name, id)
			}
		}
	}
}

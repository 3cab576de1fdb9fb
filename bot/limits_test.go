package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"partnerbot/approvals"
)

// limit is what Block Kit takes at one place: objects of a type and a key in
// them ("*" for any type), and how many characters or items may be there.
type limit struct {
	in, key  string
	min, max int
}

var limits = []limit{
	{"header", "text", 1, 150},
	{"section", "text", 1, 3000},
	{"button", "text", 1, 75},
	{"button", "value", 1, 2000},
	{"button", "accessibility_label", 1, 75},
	{"confirm", "title", 1, 100},
	{"confirm", "text", 1, 300},
	{"confirm", "confirm", 1, 30},
	{"confirm", "deny", 1, 30},
	{"input", "label", 1, 2000},
	{"input", "hint", 1, 2000},
	{"option", "text", 1, 75},
	{"option", "description", 1, 75},
	{"option", "value", 1, 150},
	{"static_select", "options", 1, 100},
	{"multi_static_select", "options", 1, 100},
	{"checkboxes", "options", 1, 10},
	{"users_select", "placeholder", 1, 150},
	{"context", "elements", 1, 10},
	{"actions", "elements", 1, 25},
	{"modal", "title", 1, 24},
	{"modal", "submit", 1, 24},
	{"modal", "close", 1, 24},
	{"modal", "private_metadata", 1, 3000},
	{"modal", "blocks", 1, 100},
	{"home", "blocks", 1, 100},
	{"message", "blocks", 1, 50},
	{"message", "text", 1, 4000},
	{"plain_text_input", "initial_value", 1, 3000},
	{"plain_text_input", "placeholder", 1, 150},
	{"static_select", "placeholder", 1, 150},
	{"*", "action_id", 1, 255},
	{"*", "block_id", 1, 255},
	{"text", "text", 1, 3000},
	{"mrkdwn", "text", 1, 3000},
	{"plain_text", "text", 1, 3000},
	{"rich_text_section", "elements", 1, 200},
	{"rich_text_quote", "elements", 1, 200},
	{"rich_text", "elements", 1, 100},
}

// breaches names everything in a rendering that is over a limit, or empty where
// Slack wants something.
func breaches(t *testing.T, v any) []string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(asJSON(t, v), &doc); err != nil {
		t.Fatal(err)
	}
	if doc["type"] == nil {
		doc["type"] = "message"
	}
	var out []string
	walk(doc, "", func(at, kind string, o map[string]any) {
		for _, l := range limits {
			got, ok := o[l.key]
			if !ok || (l.in != "*" && l.in != kind) {
				continue
			}
			if n := size(got); n < l.min || n > l.max {
				out = append(out, fmt.Sprintf("%s: %s of %s is %d, allowed %d to %d", at, l.key, kind, n, l.min, l.max))
			}
		}
	})
	return append(out, twiceUsed(doc)...)
}

// walk visits every object. Objects without a type are known by where they are.
func walk(v any, at string, visit func(at, kind string, o map[string]any)) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			walk(x, fmt.Sprintf("%s/%d", at, i), visit)
		}
	case map[string]any:
		kind, _ := v["type"].(string)
		if kind == "" {
			kind = "option"
			if strings.HasSuffix(at, "/confirm") {
				kind = "confirm"
			}
		}
		visit(at, kind, v)
		for key, x := range v {
			walk(x, at+"/"+key, visit)
		}
	}
}

// size is the length of a text, or of a text object's text, or of a list.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v)
	case []any:
		return len(v)
	case map[string]any:
		text, _ := v["text"].(string)
		return utf8.RuneCountInString(text)
	}
	return -1
}

// twiceUsed names action IDs that are not unique within their block.
func twiceUsed(doc map[string]any) []string {
	var out []string
	blocks, _ := doc["blocks"].([]any)
	for i, b := range blocks {
		seenHere := map[any]bool{}
		walk(b, "", func(_, _ string, o map[string]any) {
			if id, ok := o["action_id"]; ok {
				if seenHere[id] {
					out = append(out, fmt.Sprintf("block %d: action_id %v is there twice", i, id))
				}
				seenHere[id] = true
			}
		})
	}
	return out
}

func TestRenderingsKeepSlacksLimits(t *testing.T) {
	d := look(t)
	for name, r := range stories() {
		for surface, v := range surfaces(t, d, r) {
			for _, b := range breaches(t, v) {
				t.Errorf("%s %s: %s", name, surface, b)
			}
		}
	}
	for name, v := range goldens(t) {
		for _, b := range breaches(t, v) {
			t.Errorf("%s: %s", name, b)
		}
	}
}

func TestAHugePolicyAndAFullPageKeepSlacksLimits(t *testing.T) {
	d := look(t)
	huge := falcon()
	huge.Title, huge.Description = strings.Repeat("Title ", 100), strings.Repeat("Description ", 400)
	for i := range 300 {
		huge.Stages[0].Approvers = append(huge.Stages[0].Approvers, fmt.Sprintf("U%04d", i))
	}
	huge.Stages[0].Name = strings.Repeat("Sponsor ", 50)
	d.Policy = (&approvals.Policy{}).Always
	for i := range 150 {
		huge.ID, huge.Durations = fmt.Sprintf("access-%d", i), []time.Duration{time.Duration(i+1) * time.Hour}
		d.Policy().Accesses = append(d.Policy().Accesses, huge)
	}
	r := stories()["pending"]
	r.Access = huge
	page := approvals.Page{Older: true, Newer: true, Total: 150}
	for range 80 {
		page.Requests = append(page.Requests, r)
	}
	long := trail()
	for range 20 {
		long = append(long, trail()...)
	}
	all := surfaces(t, d, r)
	all["page"] = d.List("en", page, allIncidents(), true, sam, nine)
	all["full home"] = d.Home("en", HomeView{Viewer: ann, Mine: page.Requests, Admin: true, Waiting: page, Wrong: allIncidents(), Now: nine})
	all["long story"] = d.Story("en", r, long)
	for name, v := range all {
		for _, b := range breaches(t, v) {
			t.Errorf("%s: %s", name, b)
		}
	}
}

func TestCardsStayShort(t *testing.T) {
	for name, r := range stories() {
		lines := 0
		walk(decoded(t, look(t).Card(r, r.Stage)), "", func(_, kind string, o map[string]any) {
			switch kind {
			case "header", "rich_text_section", "rich_text_quote", "actions":
				lines++
			}
		})
		if lines > 12 {
			t.Errorf("the card of %s has %d lines", name, lines)
		}
	}
}

func decoded(t *testing.T, v any) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(asJSON(t, v), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

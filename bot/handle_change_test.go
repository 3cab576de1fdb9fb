package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func lengthChosen(value string) map[string]any {
	return map[string]any{"type": "static_select", "selected_option": map[string]any{"value": value}}
}

func boxes(values ...string) map[string]any {
	ticks := []any{}
	for _, v := range values {
		ticks = append(ticks, map[string]any{"value": v})
	}
	return map[string]any{"type": "checkboxes", "selected_options": ticks}
}

func dayPicked(day string) map[string]any {
	return map[string]any{"type": "datepicker", "selected_date": day}
}

const month = "720h0m0s"

func TestAChangeIsReadOutOfItsForm(t *testing.T) {
	drawings, chat := rich().Grants[0], rich().Grants[1]
	both := []string{drawings.Key(), chat.Key()}
	asked := approvals.Terms{For: 90 * 24 * time.Hour, Grants: rich().Grants}
	bare := func(gs ...approvals.Grant) []approvals.Grant {
		for i := range gs {
			gs[i].Title = ""
		}
		return gs
	}
	tests := []struct {
		name   string
		was    approvals.Terms
		inputs map[string]map[string]any
		want   approvals.Terms
		wrong  string // the field and the first words of its error
	}{
		{
			"a shorter time", asked,
			map[string]map[string]any{"for": lengthChosen(month), "grants": boxes(both...)},
			approvals.Terms{For: 30 * 24 * time.Hour, Grants: bare(drawings, chat)},
			"",
		},
		{
			"less access", asked,
			map[string]map[string]any{"for": lengthChosen("2160h0m0s"), "grants": boxes(chat.Key())},
			approvals.Terms{For: 90 * 24 * time.Hour, Grants: bare(chat)},
			"",
		},
		{
			"a day", asked,
			map[string]map[string]any{"for": lengthChosen("2160h0m0s"), "ends": dayPicked("2026-12-24"), "grants": boxes(both...)},
			approvals.Terms{Ends: time.Date(2026, 12, 24, 23, 59, 59, 0, time.UTC), Grants: bare(drawings, chat)},
			"",
		},
		{
			"an end at all",
			approvals.Terms{OpenEnded: true, Grants: rich().Grants[:1]},
			map[string]map[string]any{"for": lengthChosen(month)},
			approvals.Terms{For: 30 * 24 * time.Hour, Grants: bare(drawings)},
			"",
		},
		{
			"less of what ends on a day",
			approvals.Terms{Ends: noon.Add(40 * 24 * time.Hour), Grants: rich().Grants},
			map[string]map[string]any{"for": lengthChosen(lengthUntil + "1798891200"), "grants": boxes(chat.Key())},
			approvals.Terms{Ends: noon.Add(40 * 24 * time.Hour), Grants: bare(chat)},
			"",
		},
		{"nothing", asked, map[string]map[string]any{"for": lengthChosen("2160h0m0s"), "grants": boxes(both...)}, approvals.Terms{}, `"for":"This changes nothing`},
		{"nothing of one grant", approvals.Terms{For: asked.For, Grants: rich().Grants[:1]}, map[string]map[string]any{"for": lengthChosen("2160h0m0s")}, approvals.Terms{}, `"for":"This changes nothing`},
		{"no access at all", asked, map[string]map[string]any{"for": lengthChosen(month), "grants": boxes()}, approvals.Terms{}, `"grants":"This changes nothing`},
		{"a day that is over", asked, map[string]map[string]any{"for": lengthChosen(month), "ends": dayPicked("2026-11-22"), "grants": boxes(both...)}, approvals.Terms{}, `"ends":"This day is over`},
		{"a later day", asked, map[string]map[string]any{"for": lengthChosen(month), "ends": dayPicked("2027-11-22"), "grants": boxes(both...)}, approvals.Terms{}, `"ends":"This would give more`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := decidable(t)
			meta := changing{Target: Target{ID: "INV-7", Tag: "tag7", Edition: 2, Channel: "C0FALCON"}, was: tt.was, all: len(tt.was.Grants)}.write()
			reply, err := o.view(t, CallbackChange, meta, tt.inputs)
			if err != nil {
				t.Fatal(err)
			}
			if tt.wrong != "" {
				if !strings.Contains(reply, tt.wrong) || len(o.service.presses) > 0 {
					t.Errorf("%q, pressed %v", reply, o.service.presses)
				}
				return
			}
			want := []approvals.Press{samSays(func(p *approvals.Press) { p.Verdict, p.Terms = approvals.Narrow, &tt.want })}
			if diff := cmp.Diff(want, o.service.presses); reply != "" || diff != "" {
				t.Errorf("%q, %s", reply, diff)
			}
		})
	}
}

func TestAChangeApprovesIfItSaysSo(t *testing.T) {
	o := decidable(t)
	was := approvals.Terms{For: 90 * 24 * time.Hour, Grants: rich().Grants}
	meta := changing{Target: Target{ID: "INV-7", Tag: "tag7", Edition: 2}, was: was, all: 2}.write()
	inputs := map[string]map[string]any{"for": lengthChosen(month), "grants": boxes(rich().Grants[0].Key()), "also": boxes(ticked), "choose": colleaguePicked("")}
	reply, err := o.view(t, CallbackChange, meta, inputs)
	if err != nil || !strings.Contains(reply, `"choose":"It has to be said`) || len(o.service.presses) > 0 {
		t.Fatalf("nobody chosen: %q, %v", reply, err)
	}
	inputs["choose"] = colleaguePicked("U0OMAR")
	reply, err = o.view(t, CallbackChange, meta, inputs)
	if err != nil || reply != "" || len(o.service.presses) != 1 || !o.service.presses[0].Also || o.service.presses[0].Choose != "U0OMAR" {
		t.Errorf("%q, %v, %v", reply, err, o.service.presses)
	}
}

func TestAChangeFormOffersLessOnly(t *testing.T) {
	d := look(t)
	r := asked()
	r.Access, r.For = rich(), 30*24*time.Hour
	r.Access.Durations = []time.Duration{7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour}
	text := asRead(t, d.ChangeForm("en", r, nine))
	if !strings.Contains(text, "For how long?: (x) As it is: 30 days from approval ( ) 7 days\n") {
		t.Errorf("of 30 days:\n%s", text)
	}
	r.For, r.OpenEnded = 0, true
	if text := asRead(t, d.ChangeForm("en", r, nine)); !strings.Contains(text, "(x) As it is: without an end ( ) 7 days ( ) 30 days ( ) 90 days\n") {
		t.Errorf("without an end:\n%s", text)
	}
	r.OpenEnded, r.Ends = false, nine.Add(40*24*time.Hour)
	if text := asRead(t, d.ChangeForm("en", r, nine)); !strings.Contains(text, "until 2 Jan 2027 ( ) 7 days ( ) 30 days\n") {
		t.Errorf("until a day:\n%s", text)
	}
	r.Access.Grants, r.Access.Longest, r.Ends, r.For = r.Access.Grants[:1], 0, time.Time{}, 30*24*time.Hour
	if text := asRead(t, d.ChangeForm("en", r, nine)); strings.Contains(text, "What may it open?") || strings.Contains(text, "datepicker") {
		t.Errorf("one grant, no days:\n%s", text)
	}
	for range 30 {
		r.Access.Grants = append(r.Access.Grants, r.Access.Grants[0])
		r.Access.Grants[len(r.Access.Grants)-1].Group += string(rune('a' + len(r.Access.Grants)))
	}
	if found := breaches(t, d.ChangeForm("en", r, nine)); len(found) > 0 || !strings.Contains(string(asJSON(t, d.ChangeForm("en", r, nine))), "multi_static_select") {
		t.Errorf("many grants: %v", found)
	}
}

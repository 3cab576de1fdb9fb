package approvals

import "testing"

// TestAQuestionTakesNoDecisionBack that waits to be counted; another decision does.
func TestAQuestionTakesNoDecisionBack(t *testing.T) {
	tests := []struct {
		name  string
		press []Verdict
		want  []Verdict
	}{
		{"a question", []Verdict{Approve, Ask}, []Verdict{Approve, Ask}},
		{"on it", []Verdict{Deny, OnIt}, []Verdict{Deny, OnIt}},
		{"the other way", []Verdict{OnIt, Approve}, []Verdict{OnIt, Approve}},
		{"thought better of it", []Verdict{Approve, Deny}, []Verdict{Deny}},
		{"less", []Verdict{Approve, Narrow}, []Verdict{Narrow}},
		{"twice", []Verdict{Ask, Ask}, []Verdict{Ask}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := fresh()
			for i, v := range tt.press {
				p := Press{By: id("sam"), Verdict: v, Reason: string(rune('a' + i)), Tag: r.Tag}
				if v == Narrow {
					p.Terms = &Terms{For: day, Grants: falcon().Grants}
				}
				next, _, err := r.Apply(Pressed{p}, nine)
				if err != nil {
					t.Fatal(err)
				}
				r = next
			}
			var got []Verdict
			for _, p := range r.Presses {
				got = append(got, p.Verdict)
			}
			if len(got) != len(tt.want) || got[0] != tt.want[0] || got[len(got)-1] != tt.want[len(tt.want)-1] {
				t.Errorf("%v wait, want %v", got, tt.want)
			}
		})
	}
}

package approvals

import "testing"

func TestCleanText(t *testing.T) {
	tests := []struct {
		name, typed, want string
		seen              bool
	}{
		{"plain", "  kick-off on Friday ", "kick-off on Friday", true},
		{"lines stay", "one\r\ntwo\tthree", "one \ntwo three", true},
		{"other scripts", "김철수 и 田中", "김철수 и 田中", true},
		{"joiners stay", "می\u200cخواهم 👩\u200d👧", "می\u200cخواهم 👩\u200d👧", true},
		{"turned direction", "Jane \u202e)nimdA TI(\u202c\u0007", "Jane )nimdA TI(", true},
		{"isolates", "\u2066x\u2069\u200e\u061c", "x", true},
		{"nothing to see", "\u200b\u2060\ufeff", "", false},
		{"a Hangul filler", "\u3164\u115f", "", false},
		{"an empty braille cell", "\u2800", "", false},
		{"a joiner alone", "\u200d", "\u200d", false},
		{"a combining mark alone", "\u034f\ufe0f", "\ufe0f", false},
		{"private use", "\ue000x", "x", true},
		{"broken UTF-8", "a\xffb", "ab", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := cleanText(tt.typed); got != tt.want || visible(tt.typed) != tt.seen {
				t.Errorf("got %q, visible %v; want %q, %v", got, visible(tt.typed), tt.want, tt.seen)
			}
		})
	}
}

// TestEverybodyReadsTheSameName: what the card shows is what Entra gets.
func TestEverybodyReadsTheSameName(t *testing.T) {
	g, _, err := policy().Check(draft(func(d *Draft) { d.Name = "Jane\u202e\n Doe\u0007" }), nine)
	if err != nil || g.Name != "Jane Doe" {
		t.Errorf("got %q, %v", g.Name, err)
	}
}

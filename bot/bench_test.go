package bot

import "testing"

func BenchmarkCard(b *testing.B) {
	words, err := NewWords()
	if err != nil {
		b.Fatal(err)
	}
	d, r := render{Words: words, Policy: policy().Always}, stories()["half_quorum"]
	for b.Loop() {
		d.Card(r, 1)
	}
}

package bot

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatTheBlocksHoldIsLeftOut(t *testing.T) {
	for raw, want := range map[string]string{
		`{"type":"x"}`: `{"type":"x"}`,
		`{"view":{"blocks":[{"a":[1,{"b":"]}"}]}],"id":"V1"}}`:       `{"view":{"blocks":[],"id":"V1"}}`,
		`{"message":{"blocks":[]},"view":{"blocks":["\\",2]},"n":1}`: `{"message":{"blocks":[]},"view":{"blocks":[]},"n":1}`,
		`{"value":"say \"blocks\":[ twice","blocks":["\""]}`:         `{"value":"say \"blocks\":[ twice","blocks":[]}`,
		`{"blocks":{"a":1},"reason":"blocks"}`:                       `{"blocks":{"a":1},"reason":"blocks"}`,
		`{"blocks":[{"a":1]`:                                         `{"blocks":[{"a":1]`,
		`{"blocks":["a`:                                              `{"blocks":["a`,
	} {
		if got := string(trimmed([]byte(raw))); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", raw, got, want)
		}
	}
}

// FuzzTrimmed holds that nothing that is read differs.
func FuzzTrimmed(f *testing.F) {
	f.Add(`{"type":"view_submission","user":{"id":"U1"},"view":{"blocks":[{"label":{"text":"[\"]"}}],"state":{"values":{"blocks":{"blocks":{"value":"blocks\":["}}}}}}`)
	f.Add(`{"type":"block_actions","message":{"blocks":[{}],"blocks":[[]]},"actions":[{"value":"\"blocks\":["}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var whole, part interaction
		if !json.Valid([]byte(raw)) || json.Unmarshal([]byte(raw), &whole) != nil {
			return
		}
		if err := json.Unmarshal(trimmed([]byte(raw)), &part); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, part); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzSoleField holds against the library what a form of one field says.
func FuzzSoleField(f *testing.F) {
	for _, body := range []string{"payload=%7B%22a%22%3A1%7D", "payload=a+b%2", "payload=", "payload=a&b=c", "payload=%zz", "payload=a%3Db=c;d", "a=b"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, ok := soleField([]byte(body), "payload")
		want, err := url.ParseQuery(body)
		if ok && (err != nil || string(got) != want.Get("payload") || len(want) != 1 || len(want["payload"]) != 1) {
			t.Errorf("%q: got %q, the library %v, %v", body, got, want, err)
		}
	})
}

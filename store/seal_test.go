package store_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"partnerbot/approvals"
	"partnerbot/store"
)

const secret = "the first key, which is long enough"

func TestKeysAreReadLineByLine(t *testing.T) {
	tests := []struct {
		name, text, want string
		bad              bool
	}{
		{"none", "", "", false},
		{"blank lines", "\n  \n", "", false},
		{"one", secret, idOf(secret), false},
		{"two, the first one seals", " " + secret + "\r\n\n" + secret + "2\n", idOf(secret) + "," + idOf(secret+"2"), false},
		{"one that is too short", secret + "\n" + strings.Repeat("k", 31), "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := store.ParseKeys(tt.text)
			if (err != nil) != tt.bad || keys.String() != tt.want || keys.Empty() != (tt.want == "") {
				t.Errorf("got %s, %v; want %s", keys, err, tt.want)
			}
			if err != nil {
				refusedWith(t, err, store.ErrKey)
			}
			for _, said := range []string{fmt.Sprint(err), fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, keys)} {
				if strings.Contains(said, "kkkk") || strings.Contains(said, "first key") || strings.Contains(said, hex.EncodeToString([]byte("first key"))) {
					t.Errorf("%q gives a key away", said)
				}
			}
		})
	}
}

func idOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// TestTheFormatOfTheTrail seals by the description of the format and by nothing else.
func TestTheFormatOfTheTrail(t *testing.T) {
	e := approvals.Entry{Request: "INV-2", Version: 3, At: nine, By: approvals.PersonID{Team: "T1", User: "U0SAM"}, Event: "voted", From: "pending", To: "denied", Detail: "deny", Words: "no <b>"}
	var first store.Head
	_, first, err := store.Seal(noKeys, first, approvals.Entry{Event: "opened"}, approvals.Request{})
	must(t, err)
	for _, key := range []string{"", secret} {
		text, head, err := store.Seal(keysOf(t, key), first, e, approvals.Request{})
		must(t, err)
		var r struct {
			N                        uint64
			Prev, Words, Salt, Proof string
			Key, MAC                 string
			Entry                    json.RawMessage
		}
		must(t, json.Unmarshal(text, &r))
		salt, _ := hex.DecodeString(r.Salt)
		prev, _ := hex.DecodeString(r.Prev)
		proof := sha256.Sum256(append(salt, "no <b>"...))
		h, id := sha256.New(), ""
		if key != "" {
			h, id = hmac.New(sha256.New, []byte(key)), idOf(key)
		}
		h.Write([]byte("partnerbot trail 1\n"))
		h.Write(binary.BigEndian.AppendUint64(nil, 2))
		h.Write(prev)
		h.Write(proof[:])
		h.Write(make([]byte, 64)) // was and is
		h.Write(r.Entry)
		equal(t, "the seal", r.MAC, hex.EncodeToString(h.Sum(nil)))
		equal(t, "the head", head.String(), "2:"+r.MAC)
		equal(t, "the rest", []any{r.N, r.Prev, r.Words, r.Proof, r.Key, len(salt)},
			[]any{uint64(2), strings.TrimPrefix(first.String(), "1:"), "no <b>", hex.EncodeToString(proof[:]), id, 16})
		equal(t, "the entry", string(r.Entry), `{"request":"INV-2","version":3,"at":"2026-11-23T09:00:00.123456789Z","by":{"team":"T1","user":"U0SAM"},`+
			`"event":"voted","from":"pending","to":"denied","detail":"deny"}`)
	}
}

func TestHeadsAreReadAsTheyAreWritten(t *testing.T) {
	head := store.Head{N: 1 << 40, MAC: sha256.Sum256([]byte("x"))}
	got, err := store.ParseHead(" " + head.String() + "\n")
	if err != nil || got != head {
		t.Errorf("got %s, %v; want %s", got, err, head)
	}
	text, err := json.Marshal(head)
	must(t, err)
	got = store.Head{}
	if err := json.Unmarshal(text, &got); err != nil || got != head {
		t.Errorf("got %s, %v; want %s", got, err, head)
	}
	for _, bad := range []string{"", "7", ":", "7:", "7:ab", "x" + head.String(), head.String() + "0", "-1" + head.String()} {
		if got, err := store.ParseHead(bad); err == nil {
			t.Errorf("%q was read as %s", bad, got)
		}
	}
}

// FuzzRecord: whatever is read as a record is written the same again, and has no
// words once they are erased.
func FuzzRecord(f *testing.F) {
	for _, words := range []string{"", "no", "no <b> \u2028 \\ \"", "\xff"} {
		for _, keys := range []string{"", secret} {
			k, err := store.ParseKeys(keys)
			must(f, err)
			text, _, err := store.Seal(k, store.Head{N: 7}, approvals.Entry{Request: "INV-1", Version: 1, At: nine, Event: "opened", Words: words}, full("INV-1"))
			must(f, err)
			f.Add(text)
			text, err = store.EraseWords(text)
			must(f, err)
			f.Add(text)
			f.Add(bytes.Replace(text, []byte(`{"n"`), []byte(`{ "n"`), 1))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		e, err := store.OpenRecord(text)
		if err != nil {
			return
		}
		without, err := store.EraseWords(text)
		if err != nil || !bytes.Equal(text, before) {
			t.Fatalf("erasing from %q: %v", text, err)
		}
		is, err := store.OpenRecord(without)
		if err != nil || is.Words != "" || is.N != e.N || (!is.Erased && e.Words != "") || !utf8.ValidString(e.Words) {
			t.Fatalf("%q erased is %+v, %v", text, is, err)
		}
		if again, err := store.EraseWords(without); err != nil || !bytes.Equal(again, without) {
			t.Fatalf("erased again it is %q, %v", again, err)
		}
	})
}

func TestOnlyWhatWasWrittenIsARecord(t *testing.T) {
	text, _, err := store.Seal(noKeys, store.Head{}, approvals.Entry{Request: "INV-1", Event: "opened", Words: "w"}, approvals.Request{})
	must(t, err)
	if _, err := store.OpenRecord(text); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a space":                {`{"n"`, `{ "n"`},
		"a member beside":        {`,"key"`, `,"note":"x","key"`},
		"a member twice":         {`,"key"`, `,"words":"w","key"`},
		"capital digits":         {`"prev":"0`, `"prev":"A`},
		"a short seal":           {`"prev":"0`, `"prev":"`},
		"words without salt":     {`"salt"`, `"salz"`},
		"another way of writing": {`"words":"w"`, `"words":"\u0077"`},
		"something after it":     {`"}`, `"} `},
		"two records":            {`{"n"`, `{}{"n"`},
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Fatalf("%s changes nothing of %s", name, text)
		}
		if e, err := store.OpenRecord([]byte(changed)); err == nil {
			t.Errorf("%s was read as %+v", name, e)
		}
	}
}

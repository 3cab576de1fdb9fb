package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"partnerbot/approvals"
)

// record is an entry as the trail keeps it; seal.go describes it.
type record struct {
	n      uint64
	prev   [sha256.Size]byte
	entry  []byte
	words  string
	salt   []byte // nil if there are no words, or none any more
	proof  [sha256.Size]byte
	proved bool // there are words, or were
	was    imprint
	is     imprint
	key    string
	mac    [sha256.Size]byte
}

// sealedEntry is the member entry of a record.
type sealedEntry struct {
	approvals.Entry
	Terms string `json:"terms,omitempty"`
}

// encodeEntry parts an entry into what is sealed and what can be erased. With terms
// it also seals what the approvers of its request say yes to from then on.
func encodeEntry(e approvals.Entry, r approvals.Request, terms bool) (unsealed, error) {
	words, sealed := strings.ToValidUTF8(e.Words, "\uFFFD"), sealedEntry{Entry: e}
	sealed.Words, sealed.N, sealed.Erased = "", 0, false
	if terms {
		sealed.Terms = termsOf(r.Access)
	}
	text, err := json.Marshal(sealed)
	return unsealed{entry: text, words: words}, err
}

// opens reports whether an entry is a request's first.
func opens(e approvals.Entry) bool { return e.Version == 1 && e.From == "" }

// termsOf is a digest of what an access gives and who decides about it.
func termsOf(a approvals.Access) string {
	sum := sha256.Sum256(termsText(a))
	return hex.EncodeToString(sum[:saltSize])
}

// termsText words the terms of an access. Titles and descriptions do not count.
// What is written here stays as it is, for entries that are sealed; what is added
// to an access later is added only where it is set.
func termsText(a approvals.Access) []byte {
	terms := fmt.Appendf(nil, "access %q\n", a.ID)
	for _, g := range a.Grants {
		terms = fmt.Appendf(terms, "grant %q\n", g.Key())
	}
	for _, s := range a.Stages {
		terms = fmt.Appendf(terms, "stage %q in %q: %d of %q within %d\n", s.Name, s.Channel, s.Quorum, s.Approvers, s.Deadline)
		if e := s.Escalate; e != nil {
			terms = fmt.Appendf(terms, "escalates after %d to %q in %q within %d\n", e.After, e.Approvers, e.Channel, e.Deadline)
		}
	}
	return terms
}

func prove(salt []byte, words string) [sha256.Size]byte {
	return sha256.Sum256(append(bytes.Clone(salt), words...))
}

// seal is the mac that a record must have under a key's hash.
func (r *record) seal(h hash.Hash) (mac [sha256.Size]byte) {
	h.Reset()
	head := append(make([]byte, 0, len(sealPrefix)+8), sealPrefix...)
	h.Write(binary.BigEndian.AppendUint64(head, r.n))
	h.Write(r.prev[:])
	h.Write(r.proof[:])
	h.Write(r.was[:])
	h.Write(r.is[:])
	h.Write(r.entry)
	h.Sum(mac[:0])
	return mac
}

// text is the one way to write a record.
func (r *record) text() []byte {
	b := make([]byte, 0, len(r.entry)+2*len(r.words)+600)
	b = strconv.AppendUint(append(b, `{"n":`...), r.n, 10)
	b = hex.AppendEncode(append(b, `,"prev":"`...), r.prev[:])
	b = append(append(b, `","entry":`...), r.entry...)
	if words, err := json.Marshal(r.words); err == nil && r.salt != nil { // a string never fails
		b = append(append(b, `,"words":`...), words...)
		b = hex.AppendEncode(append(b, `,"salt":"`...), r.salt)
		b = append(b, '"')
	}
	if r.proved {
		b = hex.AppendEncode(append(b, `,"proof":"`...), r.proof[:])
		b = append(b, '"')
	}
	b = appendDigest(appendDigest(b, `,"was":"`, r.was), `,"is":"`, r.is)
	b = append(append(b, `,"key":"`...), r.key...)
	b = hex.AppendEncode(append(b, `","mac":"`...), r.mac[:])
	return append(b, `"}`...)
}

func appendDigest(b []byte, name string, d imprint) []byte {
	if d == (imprint{}) {
		return b
	}
	return append(hex.AppendEncode(append(b, name...), d[:]), '"')
}

// errRecord says what is wrong with a record; the error of the store wraps ErrCorrupt.
var errRecord = errors.New("this is no record of the trail")

// parseRecord reads a record. Any text that is not as text writes it is refused,
// so that nothing can be hidden beside what is sealed.
func parseRecord(text []byte) (r record, err error) {
	var j struct {
		N     uint64          `json:"n"`
		Prev  string          `json:"prev"`
		Entry json.RawMessage `json:"entry"`
		Words *string         `json:"words"`
		Salt  *string         `json:"salt"`
		Proof *string         `json:"proof"`
		Was   string          `json:"was"`
		Is    string          `json:"is"`
		Key   string          `json:"key"`
		MAC   string          `json:"mac"`
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return record{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	r = record{n: j.N, entry: j.Entry, key: j.Key}
	good := unhex(r.prev[:], j.Prev) && unhex(r.mac[:], j.MAC) && (j.Words == nil) == (j.Salt == nil)
	good = good && (j.Was == "" || unhex(r.was[:], j.Was)) && (j.Is == "" || unhex(r.is[:], j.Is))
	if j.Proof != nil {
		r.proved = true
		good = good && unhex(r.proof[:], *j.Proof)
	}
	if j.Words != nil && j.Salt != nil {
		r.words, r.salt = *j.Words, make([]byte, saltSize)
		good = good && r.proved && unhex(r.salt, *j.Salt)
	}
	if !good || !bytes.Equal(r.text(), text) {
		return record{}, errRecord
	}
	return r, nil
}

// unhex fills to with a text of exactly that many digits.
func unhex(to []byte, text string) bool {
	if len(text) != hex.EncodedLen(len(to)) {
		return false
	}
	_, err := hex.Decode(to, []byte(text))
	return err == nil
}

// opened is the entry of a record, with its words and its place.
func (r *record) opened() (sealedEntry, error) {
	var e sealedEntry
	if err := json.Unmarshal(r.entry, &e); err != nil {
		return sealedEntry{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	e.N, e.Words, e.Erased = r.n, r.words, r.proved && r.salt == nil
	return e, nil
}

// openRecord is the entry that a record holds.
func openRecord(text []byte) (approvals.Entry, error) {
	r, err := parseRecord(text)
	if err != nil {
		return approvals.Entry{}, err
	}
	e, err := r.opened()
	return e.Entry, err
}

// eraseWords is a record without its words; what proves them stays.
func eraseWords(text []byte) ([]byte, error) {
	r, err := parseRecord(text)
	if err != nil || r.salt == nil {
		return text, err
	}
	r.words, r.salt = "", nil
	return r.text(), nil
}

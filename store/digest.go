package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"partnerbot/approvals"
)

// imprint is the digest that binds a request to its trail; the zero one is none.
type imprint [sha256.Size]byte

// requestPrefix is what every digest of a request begins with.
const requestPrefix = "partnerbot request 1\n"

// factsOf is all of a request that nothing but an event changes.
func factsOf(r approvals.Request) ([]byte, error) {
	r.Shown, r.Answers, r.Account.Tried = approvals.Shown{}, nil, time.Time{}
	text, err := json.Marshal(r)
	if err != nil || !bytes.Contains(text, []byte(`\ufffd`)) {
		return text, err
	}
	var kept approvals.Request // where something was no UTF-8, it is another text once it is kept
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, err
	}
	return json.Marshal(kept)
}

// digestOf is the digest of a text, of which the prefix says what it is.
func digestOf(h hash.Hash, prefix string, text []byte) (d imprint) {
	h.Reset()
	h.Write([]byte(prefix))
	h.Write(text)
	h.Sum(d[:0])
	return d
}

// changes reports whether an entry is about a change of its request.
func changes(e approvals.Entry) bool { return e.Event != approvals.EventRefused }

// ErrNoKey is wrapped by errors about a trail that is sealed with a key which is not there.
var ErrNoKey = errors.New("the audit key is missing")

// lacking is the error about a key of that name, nil if it is there.
func (k Keys) lacking(id string) error {
	if _, ok := k.hash(id); ok {
		return nil
	}
	return fmt.Errorf("%w: its trail is sealed with the key %s; set PARTNERBOT_AUDIT_KEY to that key, or add it there on a line below a newer one", ErrNoKey, id)
}

// unsealed encodes the entries of a change. The first that changes the request
// has the digest of what was, under the key of the entry that said so, and the
// last has that of what is, and the new terms if they are others.
func (s *sealer) unsealed(was *approvals.Request, c approvals.Change, key string) ([]unsealed, error) {
	entries := make([]unsealed, 0, len(c.Entries))
	first, last := slices.IndexFunc(c.Entries, changes), 0
	for i, e := range c.Entries {
		if changes(e) {
			last = i
		}
	}
	for i, e := range c.Entries {
		terms := opens(e) || i == last && was != nil && !bytes.Equal(termsText(was.Access), termsText(c.Request.Access))
		u, err := encodeEntry(e, c.Request, terms)
		if err != nil {
			return nil, fmt.Errorf("encoding the trail of %s: %w", c.Request.ID, err)
		}
		entries = append(entries, u)
	}
	if first < 0 {
		return entries, nil
	}
	var err error
	if was != nil {
		if entries[first].was, err = s.digest(*was, key); err != nil {
			return nil, err
		}
	}
	entries[last].is, err = s.digest(c.Request, s.id)
	return entries, err
}

func (s *sealer) digest(r approvals.Request, key string) (imprint, error) {
	h := s.hash
	if key != s.id {
		var ok bool
		if h, ok = s.keys.hash(key); !ok {
			return imprint{}, fmt.Errorf("sealing the trail of %s: %w", r.ID, s.keys.lacking(key))
		}
	}
	facts, err := factsOf(r)
	if err != nil {
		return imprint{}, fmt.Errorf("encoding %s: %w", r.ID, err)
	}
	return digestOf(h, requestPrefix, facts), nil
}

// keyOf is the name of the key that a record was sealed with, and whether it
// says what its request is. It trusts that the record is one.
func keyOf(record []byte) (id string, is bool) {
	const hex = 2 * sha256.Size
	end := len(record) - len(`","mac":""}`) - hex
	if end < 0 {
		return "", false
	}
	at := bytes.LastIndex(record[:end], []byte(`,"key":"`))
	if at < 0 {
		return "", false
	}
	from := at - len(`,"is":""`) - hex
	return string(record[at+len(`,"key":"`) : end]), from >= 0 && bytes.HasPrefix(record[from:], []byte(`,"is":"`))
}

package store

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// The trail of all requests is one chain. Every entry is sealed with the seal of
// the one before it, and only who has the key can seal. Format 1 of a record:
//
//	{"n":2,"prev":"…","entry":{…},"words":"…","salt":"…","proof":"…","was":"…","is":"…","key":"…","mac":"…"}
//
//	n      its place in the trail, from 1 without gaps
//	prev   mac of n-1; 64 zeros for the first
//	entry  the Entry as JSON, without its words and n; an opening, and what changes the
//	       terms, also has the terms (see termsOf)
//	words  what can be erased, with salt; absent where there are none or none any more
//	proof  SHA-256 of salt and words; stays when they are erased
//	was    digest of the request before the change, in its first entry, under the key
//	       of the entry with that "is"; absent in an opening, which there is nothing before
//	is     digest of the request after the change, in its last entry, under the key below
//	key    the first 8 digits of SHA-256 of the key; empty without a key
//	mac    HMAC-SHA256 with the key, or SHA-256 without one, of sealPrefix, n as 8
//	       bytes big-endian, prev, proof, was, is (zeros if absent) and the bytes of entry
//
// A digest is HMAC-SHA256 with a key, or SHA-256 without one, of requestPrefix and
// the JSON of the request as factsOf leaves it. Entries about what was refused
// change nothing and have none. Entries about delegations have no request: "is" is
// the digest of delegationPrefix and the delegation as it is kept, absent where
// one ended.
//
// Hashes and the salt are hexadecimal, in small letters.
const sealPrefix = "partnerbot trail 1\n"

const (
	saltSize = 16
	idSize   = 8 // digits of a key's name
	// minKey is how many characters a key has at least.
	minKey = 32
)

// ErrKey is wrapped by what ParseKeys says about a text that is no list of keys.
var ErrKey = errors.New("this is no audit key")

// Keys seal the trail and prove it. The first one seals, all of them prove. The
// zero Keys seal without a key: such a trail shows a mishap, but no forger.
type Keys struct{ list []key }

type key struct {
	id     string
	secret []byte
}

// ParseKeys reads keys, one a line; empty lines do not count. Errors name the
// line and never the key.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "":
			continue
		case len(line) < minKey:
			return Keys{}, fmt.Errorf("line %d: %w: it has %d characters and needs %d", n, ErrKey, len(line), minKey)
		}
		id := sha256.Sum256([]byte(line))
		k.list = append(k.list, key{hex.EncodeToString(id[:])[:idSize], []byte(line)})
	}
	if err := lines.Err(); err != nil {
		return Keys{}, fmt.Errorf("%w: a line is too long", ErrKey)
	}
	return k, nil
}

// Empty reports whether the trail is sealed without a key.
func (k Keys) Empty() bool { return len(k.list) == 0 }

// String names the keys, the sealing one first, without giving them away.
func (k Keys) String() string { return strings.Join(k.ids(), ",") }

func (k Keys) ids() []string {
	ids := make([]string, 0, len(k.list)+1)
	for _, key := range k.list {
		ids = append(ids, key.id)
	}
	return ids
}

// GoString is String, so that no way of printing gives a key away.
func (k Keys) GoString() string { return "store.Keys(" + k.String() + ")" }

// hash is a new hash under the key of a name; "" is sealing without one.
func (k Keys) hash(id string) (hash.Hash, bool) {
	if id == "" {
		return sha256.New(), true
	}
	for _, key := range k.list {
		if key.id == id {
			return hmac.New(sha256.New, key.secret), true
		}
	}
	return nil, false
}

// Head is the end of the trail: the place and the seal of its last entry. Noted
// somewhere else, it proves later that nothing up to it was cut off or replaced.
type Head struct {
	N   uint64
	MAC [sha256.Size]byte
}

// String is the head as ParseHead reads it: 17:3f…
func (h Head) String() string {
	return strconv.FormatUint(h.N, 10) + ":" + hex.EncodeToString(h.MAC[:])
}

// ParseHead reads a head that was noted.
func ParseHead(text string) (h Head, err error) {
	n, mac, ok := strings.Cut(strings.TrimSpace(text), ":")
	if h.N, err = strconv.ParseUint(n, 10, 64); err != nil || !ok || !unhex(h.MAC[:], mac) {
		return Head{}, fmt.Errorf("%q is no head of a trail: it has a number, a colon and %d hexadecimal digits", text, 2*sha256.Size)
	}
	return h, nil
}

const headSize = 8 + sha256.Size

// bytes is the head as stores keep it, headOf reads it.
func (h Head) bytes() []byte { return append(numberKey(h.N), h.MAC[:]...) }

func headOf(b []byte) (h Head, ok bool) {
	if len(b) != headSize {
		return Head{}, false
	}
	h.N = binary.BigEndian.Uint64(b)
	copy(h.MAC[:], b[8:])
	return h, true
}

// sealer seals entries. It is for one goroutine at a time.
type sealer struct {
	keys Keys
	id   string
	hash hash.Hash
}

func (k Keys) sealer() *sealer {
	s := &sealer{keys: k}
	if !k.Empty() {
		s.id = k.list[0].id
	}
	s.hash, _ = k.hash(s.id)
	return s
}

// seal makes the record of the entry that comes after a head, and the new head.
func (s *sealer) seal(after Head, u unsealed) ([]byte, Head) {
	r := record{n: after.N + 1, prev: after.MAC, entry: u.entry, was: u.was, is: u.is, key: s.id}
	if u.words != "" {
		r.words, r.salt = u.words, make([]byte, saltSize)
		_, _ = rand.Read(r.salt) // never fails
		r.proof, r.proved = prove(r.salt, r.words), true
	}
	r.mac = r.seal(s.hash)
	return r.text(), Head{N: r.n, MAC: r.mac}
}

// unsealed is an entry that is encoded and has no place in the trail yet.
type unsealed struct {
	entry   []byte
	words   string
	was, is imprint
}

// MarshalText and UnmarshalText are String and ParseHead.
func (h Head) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Head) UnmarshalText(text []byte) (err error) {
	*h, err = ParseHead(string(text))
	return err
}

package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"partnerbot/approvals"
)

// standing is what a request must agree with its trail about.
type standing struct {
	version uint64
	state   approvals.State
	guests  []string // e-mail
	terms   string
	digests map[string]imprint // by the name of the key
}

// joint is where two entries of the chain meet: the seal of one, and what the
// next one says it is. Each half waits for the other.
type joint struct {
	sealed bool // the half that waits is the seal
	mac    [sha256.Size]byte
}

// verifier walks a snapshot. It remembers of an entry only what its neighbours
// have not confirmed yet.
type verifier struct {
	ctx    context.Context
	keys   Keys
	opts   VerifyOptions
	last   uint64
	hashes map[string]hash.Hash
	report Report

	done, total uint64
	number      uint64              // of the request in hand
	kept        map[uint64]standing // requests whose trail is not read yet
	joints      map[uint64]joint    // by the place of the first of the two
	seen        map[uint64]uint64   // places that are there, 64 in a word
	noted       bool                // the noted entry is there
	told        story               // of the request in hand
	made        map[string]made     // the last entry about a delegation, by whose right it is
}

// made is what the trail says of somebody's delegation.
type made struct {
	n   uint64
	is  imprint // none: it ended
	key string  // of that digest
}

// story is what the trail says of one request.
type story struct {
	any, opened bool
	n           uint64 // of the opening
	opening     sealedEntry
	terms       string // the newest
	termsAt     uint64 // the entry that has them
	version     uint64
	state       approvals.State
	within      bool    // the change of the last entry has more of them
	is          imprint // of the request after the last change
	key         string  // of that digest
	erased      uint64  // the last entry whose words were erased
	sayErased   uint64  // the last entry that says so
	unreadable  bool    // an entry cannot be read, so nothing else is said
}

func newVerifier(ctx context.Context, s Snapshot, keys Keys, opts VerifyOptions) *verifier {
	return &verifier{
		ctx: ctx, keys: keys, opts: opts, last: s.Last(), hashes: map[string]hash.Hash{}, report: Report{Head: s.Head()},
		total: s.Last() + s.Head().N, kept: map[uint64]standing{}, seen: map[uint64]uint64{},
		joints: map[uint64]joint{0: {sealed: true}}, made: map[string]made{},
	}
}

func (v *verifier) find(n uint64, id approvals.RequestID, format string, args ...any) {
	if len(v.report.Findings) == v.opts.Limit {
		v.report.More++
		return
	}
	v.report.Findings = append(v.report.Findings, Finding{n, id, fmt.Sprintf(format, args...)})
}

// found is how much was found.
func (v *verifier) found() uint64 { return uint64(len(v.report.Findings)) + v.report.More }

func (v *verifier) step() error {
	v.done++
	if v.done%4096 != 0 {
		return nil
	}
	if v.opts.Progress != nil {
		v.opts.Progress(v.done, max(v.total, v.done))
	}
	return v.ctx.Err()
}

// request notes where a request stands.
func (v *verifier) request(number uint64, doc []byte) error {
	v.report.Requests++
	if number > v.last {
		v.find(0, approvals.NewID(number), "no request was given this number")
	} else {
		v.gap(v.number+1, number-1)
	}
	v.number = number
	r, err := decodeRequest(numberKey(number), doc)
	if err != nil {
		v.find(0, approvals.NewID(number), "the request cannot be read: %v", err)
		v.kept[number] = standing{}
		return v.step()
	}
	digests, err := v.digests(r)
	if err != nil {
		return err
	}
	v.kept[number] = standing{r.Version, r.State, r.Addresses(), termsOf(r.Access), digests}
	return v.step()
}

// digests are those that a request has under every key that is there.
func (v *verifier) digests(r approvals.Request) (map[string]imprint, error) {
	facts, err := factsOf(r)
	if err != nil {
		return nil, err
	}
	all := make(map[string]imprint, 1+len(v.keys.list))
	for _, id := range append(v.keys.ids(), "") {
		if h, ok := v.hashOf(id); ok {
			all[id] = digestOf(h, requestPrefix, facts)
		}
	}
	return all, nil
}

// hashOf is the hash under the key of a name.
func (v *verifier) hashOf(id string) (hash.Hash, bool) {
	h, ok := v.hashes[id]
	if !ok {
		if h, ok = v.keys.hash(id); ok {
			v.hashes[id] = h
		}
	}
	return h, ok
}

// gap finds requests missing, from one number to another.
func (v *verifier) gap(from, to uint64) {
	switch {
	case from > to:
	case from == to:
		v.find(0, approvals.NewID(from), "the request is missing")
	default:
		v.find(0, approvals.NewID(from), "the requests from here to %s are missing", approvals.NewID(to))
	}
}

// record checks an entry by itself and remembers what it says of its neighbours
// and of its request.
func (v *verifier) record(number, n uint64, text []byte) error {
	v.report.Entries++
	if number != v.number || !v.told.any {
		v.endOfRequest()
		v.number, v.told = number, story{any: true}
	}
	id := ofNumber(number)
	r, err := parseRecord(text)
	if err == nil {
		var e sealedEntry
		if e, err = r.opened(); err == nil {
			v.entry(id, n, &r, e)
		}
	}
	if err != nil {
		v.told.unreadable = true
		v.place(n, id)
		v.find(n, id, "the entry cannot be read, so it was changed: %v", err)
	}
	return v.step()
}

func (v *verifier) entry(id approvals.RequestID, n uint64, r *record, e sealedEntry) {
	v.place(n, id)
	if r.n != n || e.Request != id {
		v.find(n, id, "it was sealed as entry %d of %s", r.n, cmp.Or(e.Request, "no request"))
	}
	v.sealOf(n, id, r)
	if r.salt != nil && prove(r.salt, r.words) != r.proof {
		v.find(n, id, "what people typed was changed after it was sealed")
	}
	v.meet(n-1, id, joint{mac: r.prev})
	v.meet(n, id, joint{sealed: true, mac: r.mac})
	if n == v.report.Head.N && r.mac != v.report.Head.MAC {
		v.find(n, id, "the end of the trail is noted as another one")
	}
	if n == v.opts.Noted.N {
		if v.noted = true; r.mac != v.opts.Noted.MAC {
			v.find(n, id, "it is not the entry whose seal you noted: the trail was replaced")
		}
	}
	if id == "" {
		v.delegated(n, r, e)
		return
	}
	v.follow(n, id, r, e)
	v.tell(n, e)
}

// ofNumber is the request of entries that are kept under a number; those under 0 have none.
func ofNumber(number uint64) approvals.RequestID {
	if number == 0 {
		return ""
	}
	return approvals.NewID(number)
}

// sealOf checks who sealed an entry, and that nothing of it changed since.
func (v *verifier) sealOf(n uint64, id approvals.RequestID, r *record) {
	if r.key == "" {
		v.report.Plain++
		if !v.keys.Empty() && n >= v.opts.PlainBefore {
			v.find(n, id, "it is sealed without a key")
		}
	}
	h, ok := v.hashOf(r.key)
	switch {
	case !ok:
		v.find(n, id, "it is sealed with the key %s, which is not among yours", r.key)
	case r.seal(h) != r.mac:
		v.find(n, id, "it was changed after it was sealed")
	}
}

// place notes that an entry is there.
func (v *verifier) place(n uint64, id approvals.RequestID) {
	word, bit := n/64, uint64(1)<<(n%64)
	switch {
	case n == 0 || n > v.report.Head.N:
		v.find(n, id, "it is beyond the end of the trail, which is entry %d", v.report.Head.N)
	case v.seen[word]&bit != 0:
		v.find(n, id, "there are two entries with this place")
	}
	v.seen[word] |= bit
}

// meet joins half a joint to its other half.
func (v *verifier) meet(n uint64, id approvals.RequestID, half joint) {
	other, ok := v.joints[n]
	switch {
	case !ok:
		v.joints[n] = half
	case other.sealed == half.sealed: // an entry is there twice, which is found elsewhere
	default:
		delete(v.joints, n)
		if other.mac != half.mac {
			v.find(n+1, id, "it does not follow entry %d as it is", n)
		}
	}
}

// follow holds an entry to the one before it, of the same request.
func (v *verifier) follow(n uint64, id approvals.RequestID, r *record, e sealedEntry) {
	t := &v.told
	if !changes(e.Entry) {
		if e.Version != t.version || e.From != t.state || e.To != t.state || r.was != (imprint{}) || r.is != (imprint{}) {
			v.find(n, id, "it is about something refused, and changes the request")
		}
		return
	}
	if !t.unreadable && (e.Version != t.version+1 || e.From != t.state) {
		v.find(n, id, "it leads from version %d, %q, and the entry before it to version %d, %q", e.Version-1, e.From, t.version, t.state)
	}
	before := t.is
	if t.within {
		before = imprint{}
	}
	if !t.unreadable && r.was != before {
		v.find(n, id, "the request was changed between the entry before it and this one")
	}
	t.version, t.state, t.within, t.is, t.key = e.Version, e.To, r.is == imprint{}, r.is, r.key
}

// tell notes what an entry says of its request.
func (v *verifier) tell(n uint64, e sealedEntry) {
	t := &v.told
	if opens(e.Entry) && !t.opened {
		t.opened, t.n, t.opening = true, n, e
	}
	if e.Terms != "" {
		t.terms, t.termsAt = e.Terms, n
	}
	if e.Erased {
		v.report.Erased++
		t.erased = max(t.erased, n)
	}
	if e.Event == eventErased {
		t.sayErased = max(t.sayErased, n)
	}
}

// eventErased is how the trail calls the erasing of a guest.
const eventErased = "erased"

// endOfRequest compares a request with what its trail said.
func (v *verifier) endOfRequest() {
	t := v.told
	if !t.any || v.number == 0 {
		return
	}
	id, before := approvals.NewID(v.number), v.found()
	is, ok := v.kept[v.number]
	delete(v.kept, v.number)
	switch {
	case !ok:
		v.find(0, id, "its entries are there and the request is missing")
		return
	case is.version == 0 && is.state == "": // found already
		return
	case t.unreadable:
		return
	case !t.opened:
		v.find(0, id, "its opening entry is missing")
	default:
		v.compareOpening(id, is)
	}
	if is.version != t.version || is.state != t.state {
		v.find(0, id, "it is kept as version %d, %s, and its trail ends with version %d, %s", is.version, is.state, t.version, t.state)
	}
	if d, known := is.digests[t.key]; v.found() == before && (known || t.within) && d != t.is {
		v.find(0, id, "it is not what it was after the last entry of its trail")
	}
	if t.erased > t.sayErased {
		v.find(t.erased, id, "what people typed is gone, and no entry says that it was erased")
	}
}

// compareOpening holds a request to what it was when it was made, or its terms
// were changed for the last time.
func (v *verifier) compareOpening(id approvals.RequestID, is standing) {
	t := &v.told
	if t.terms != is.terms {
		v.find(max(t.n, t.termsAt), id, "what is asked for, or who decides about it, is not what this entry says")
	}
	switch {
	case t.opening.Erased && len(is.guests) > 0:
		v.find(t.n, id, "a guest is kept whose words were erased")
	case !t.opening.Erased && !names(t.opening.Words, is.guests):
		v.find(t.n, id, "the guest is not who was asked in when the request was made")
	}
}

// names reports whether the words of an opening are about guests: they begin with
// the address of the first, have those of the others behind it, each where one can
// begin, and what comes next cannot be of one.
func names(words string, guests []string) bool {
	for i, email := range guests {
		at := 0
		if i > 0 {
			if at = strings.Index(words, ", "+email); at < 0 {
				return false
			}
			at += len(", ")
		}
		rest, ok := strings.CutPrefix(words[at:], email)
		if !ok || email == "" || rest != "" && !strings.ContainsRune(" \t\n,;:<(", rune(rest[0])) {
			return false
		}
		words = rest
	}
	return len(guests) > 0
}

// endOfTrail finds the entries and requests that nothing was heard of.
func (v *verifier) endOfTrail() {
	for _, number := range slices.Sorted(maps.Keys(v.kept)) {
		v.find(0, approvals.NewID(number), "the request is there and its entries are missing")
	}
	expect := uint64(1)
	missing := func(to uint64) {
		switch {
		case expect == to:
			v.find(to, "", "the entry is missing")
		case expect < to:
			v.find(expect, "", "the entries from here to %d are missing", to)
		}
	}
	for _, word := range slices.Sorted(maps.Keys(v.seen)) {
		for set := v.seen[word]; set != 0; set &= set - 1 {
			n := word*64 + uint64(bits.TrailingZeros64(set)) //nolint:gosec // below 64
			if n == 0 || n > v.report.Head.N {
				continue
			}
			missing(n - 1)
			expect = n + 1
		}
	}
	missing(v.report.Head.N)
	if v.opts.Noted.N > 0 && !v.noted {
		v.find(v.opts.Noted.N, "", "the entry whose seal you noted is missing: the trail was cut off or replaced")
	}
}

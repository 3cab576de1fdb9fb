package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// shared is what one transaction of several writers sees and will write. Jobs
// see what the ones before them left; the database sees the sum. No other
// replica writes requests meanwhile: the head is locked.
type shared struct {
	ctx              context.Context // of the one transaction that this is
	conn             *pgx.Conn
	sealer           *sealer
	replica, channel string

	head      Head
	last      uint64
	pending   int // requests that wait for a person
	requests  map[uint64]kept
	live      map[string]*approvals.Request
	rows      map[row]*approvals.Owed
	leased    map[row]bool // in anybody's hand
	trail     map[uint64][]entryRow
	incidents map[string]approvals.Incident
	signers   map[uint64]string // by request, the name of the key of the last entry that says what it is

	inserted, updated []uint64
	entries           []entryRow
	erased            []entryRow
	touched           map[row]bool
	ended             []row             // hand-outs that are over
	changed           map[string][]byte // incidents as they are to be, nil to be forgotten
	delegations       map[string][]byte // as they are to be, nil to be forgotten
	tallies           map[string]tally  // by how much domains change
	decided           map[decided]bool  // whether a request is to count as decided in a domain
	came              bool              // what was in doubt is in the trail
	probe             string            // what is tried out beside, if anything
}

// kept is a request and the text it is kept as.
type kept struct {
	request approvals.Request
	doc     string
}

// entryRow is a row of the trail.
type entryRow struct {
	n, request uint64
	record     []byte
}

func newShared(ctx context.Context, conn *pgx.Conn, p *Postgres) *shared {
	return &shared{
		ctx: ctx, conn: conn, sealer: p.sealer, replica: p.replica, channel: p.channel,
		requests: map[uint64]kept{}, live: map[string]*approvals.Request{},
		rows: map[row]*approvals.Owed{}, leased: map[row]bool{}, touched: map[row]bool{},
		trail: map[uint64][]entryRow{}, incidents: map[string]approvals.Incident{}, changed: map[string][]byte{}, signers: map[uint64]string{},
		delegations: map[string][]byte{}, tallies: map[string]tally{}, decided: map[decided]bool{},
	}
}

// request is one that is there, as a copy of its own: what a change does to
// slices must not outlive a refusal.
func (s *shared) request(id approvals.RequestID) (approvals.Request, error) {
	was, ok := s.requests[id.Number()]
	if !ok {
		return approvals.Request{}, approvals.ErrNotFound.With("id", string(id))
	}
	return decodeDoc(id.Number(), []byte(was.doc))
}

// change plans a change of a request that is there.
func (s *shared) change(id approvals.RequestID, change func(approvals.Request) (approvals.Change, error), work *approvals.Owed) (plan, error) {
	was, err := s.request(id)
	if err != nil {
		return plan{}, err
	}
	c, err := change(was)
	if err != nil {
		return plan{}, err
	}
	return s.plan(approvals.NewID(id.Number()), &was, c, work)
}

// others are the live requests for a request's guests beside it, newest first.
func (s *shared) others(r approvals.Request) (found []approvals.Request, err error) {
	emails := r.Addresses()
	for n, k := range s.requests {
		if n == r.ID.Number() || !k.request.Live() || !slices.ContainsFunc(emails, func(email string) bool { return isFor(k.request, email) }) {
			continue
		}
		mine, err := decodeDoc(n, []byte(k.doc))
		if err != nil {
			return nil, err
		}
		found = append(found, mine)
	}
	slices.SortFunc(found, newest)
	return found, nil
}

// liveRequest is the live request that has a key, nil if none has.
func (s *shared) liveRequest(key string) (*approvals.Request, error) {
	if live, looked := s.live[key]; looked {
		return live, nil
	}
	s.live[key] = nil
	rows, err := s.conn.Query(s.ctx, docsOfKeys, [][]byte{[]byte(key)})
	if err != nil {
		return nil, err
	}
	err = s.readLive(rows)
	return s.live[key], err
}

// plan checks a change and encodes all of it. work is the row to strike out, nil for none.
func (s *shared) plan(id approvals.RequestID, was *approvals.Request, c approvals.Change, work *approvals.Owed) (plan, error) {
	if c.Request.ID != id {
		return plan{}, fmt.Errorf("changing %s: the change is of %q", id, c.Request.ID)
	}
	if err := oneLive(c.Request, s.liveRequest); err != nil {
		return plan{}, err
	}
	doc, err := json.Marshal(c.Request)
	if err != nil {
		return plan{}, fmt.Errorf("encoding %s: %w", id, err)
	}
	entries, err := s.sealer.unsealed(was, c, s.sealedWith(id.Number()))
	if err != nil {
		return plan{}, err
	}
	rows, err := planRows(c, work, func(r row) (*approvals.Owed, error) { return s.rows[r], nil })
	if err != nil {
		return plan{}, err
	}
	p := plan{request: c.Request, rows: rows}
	if work != nil {
		p.ends = rowOf(*work)
	}
	p.keep = func() error {
		s.keepRequest(c.Request, string(doc))
		for _, e := range entries {
			var record []byte
			record, s.head = s.sealer.seal(s.head, e)
			s.entries = append(s.entries, entryRow{s.head.N, id.Number(), record})
			s.signers[id.Number()] = s.sealer.id
		}
		s.keepRows(p.ends, rows)
		return nil
	}
	return p, nil
}

// sealedWith is the name of the key of the last entry that says what a request is.
func (s *shared) sealedWith(number uint64) string {
	if key, ok := s.signers[number]; ok {
		return key
	}
	return s.sealer.id
}

func (s *shared) keepRequest(is approvals.Request, doc string) {
	n := is.ID.Number()
	was, there := s.requests[n]
	switch {
	case !there:
		s.last = n
		s.inserted = append(s.inserted, n)
	case was.doc == doc:
		return
	default:
		s.updated = append(s.updated, n)
	}
	s.requests[n] = kept{is, doc}
	s.countDomains(was.request, is)
	if was.request.Live() {
		s.live[was.request.LiveKey()] = nil
	}
	if is.Live() {
		s.live[is.LiveKey()] = &is
	}
	if there && pendingIndex(was.request) != nil {
		s.pending--
	}
	if pendingIndex(is) != nil {
		s.pending++
	}
}

func (s *shared) keepRows(ends row, changes []rowChange) {
	for _, c := range changes {
		s.rows[c.row] = c.is
		s.touched[c.row] = true
	}
	if ends != (row{}) {
		s.ended = append(s.ended, ends)
		s.leased[ends] = false
	}
}

// erase takes the words from every entry of a request, those of this
// transaction included.
func (s *shared) erase(number uint64) error {
	for _, old := range s.trail[number] {
		record, err := eraseWords(old.record)
		if err != nil {
			return fmt.Errorf("table trail, entry %d: %w: %w", old.n, ErrCorrupt, err)
		}
		s.erased = append(s.erased, entryRow{old.n, number, record})
	}
	for i, e := range s.entries {
		if e.request != number {
			continue
		}
		record, err := eraseWords(e.record)
		if err != nil {
			return err
		}
		s.entries[i].record = record
	}
	return nil
}

func (s *shared) keepIncident(key string, is approvals.Incident, value []byte) {
	s.changed[key], s.incidents[key] = value, is
	if value == nil {
		delete(s.incidents, key)
	}
}

// decodeDoc reads the text of a request.
func decodeDoc(number uint64, doc []byte) (approvals.Request, error) {
	var r approvals.Request
	if err := json.Unmarshal(doc, &r); err != nil {
		return approvals.Request{}, fmt.Errorf("table requests, number %d: %w: %w", number, ErrCorrupt, err)
	}
	if r.ID != approvals.NewID(number) || r.State == "" {
		return approvals.Request{}, fmt.Errorf("table requests, number %d: %w: it is of %q, state %q", number, ErrCorrupt, r.ID, r.State)
	}
	return r, nil
}

// decodeAny reads the text of a request, whichever it is.
func decodeAny(doc []byte) (approvals.Request, error) {
	var r struct{ ID approvals.RequestID }
	if err := json.Unmarshal(doc, &r); err != nil {
		return approvals.Request{}, fmt.Errorf("table requests: %w: %w", ErrCorrupt, err)
	}
	return decodeDoc(r.ID.Number(), doc)
}

// eachDoc reads rows of number and doc.
func eachDoc(rows pgx.Rows, do func(n uint64, doc []byte, r approvals.Request)) error {
	var n uint64
	var doc []byte
	_, err := pgx.ForEachRow(rows, []any{&n, &doc}, func() error {
		r, err := decodeDoc(n, doc)
		if err == nil {
			do(n, doc, r)
		}
		return err
	})
	return err
}

// eachOwed reads rows of owed work, and what stands behind its columns, into o and more.
func eachOwed(rows pgx.Rows, o *approvals.Owed, more []any, do func()) error {
	var n uint64
	var nanos int16
	_, err := pgx.ForEachRow(rows, append([]any{&n, &o.Kind, &o.Version, &o.Due, &nanos, &o.Attempts}, more...), func() error {
		o.Request, o.Due = approvals.NewID(n), whole(o.Due, nanos)
		do()
		return nil
	})
	return err
}

// whole is a time from the two columns that split makes of it.
func whole(t time.Time, nanos int16) time.Time { return t.UTC().Add(time.Duration(nanos)) }

// split cuts a time to the microseconds that the database keeps, and the rest.
func split(t time.Time) (time.Time, int16) {
	rest := t.Nanosecond() % 1000
	return t.UTC().Add(-time.Duration(rest)), int16(rest)
}

// liveColumn is what only one live request may have, nil for one that is not live.
func liveColumn(r approvals.Request) []byte {
	if !r.Live() {
		return nil
	}
	return []byte(r.LiveKey())
}

// severalColumn are the guests of a request for several, nil for none.
func severalColumn(r approvals.Request) (emails []string) {
	if len(r.Guests) == 0 {
		return nil
	}
	for _, email := range r.Addresses() {
		emails = append(emails, strings.ToLower(email))
	}
	return emails
}

// listText writes a list as the database does, nil for none: lists of lists would
// have to be of one length.
func listText(list []string) *string {
	if list == nil {
		return nil
	}
	var b strings.Builder
	for _, s := range list {
		b.WriteString(`,"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`)
	}
	text := "{" + b.String()[1:] + "}"
	return &text
}

// guestColumn is the guest as requests are searched by, nil for none.
func guestColumn(r approvals.Request) *string {
	if r.Guest.Email == "" {
		return nil
	}
	email := strings.ToLower(r.Guest.Email)
	return &email
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
)

// shared is what one transaction of several writers sees and will write. Jobs
// see what the ones before them left; the database sees the sum.
type shared struct {
	ctx              context.Context
	conn             *pgx.Conn
	replica, channel string

	last     uint64
	requests map[uint64]kept // those that jobs change, locked
	live     map[string]*approvals.Request
	rows     map[row]*approvals.Owed
	leased   map[row]bool // in anybody's hand

	inserted, updated []uint64
	pending           int // more pending requests than before
	entryOf           []int64
	entries           []string
	touched           map[row]bool
	ended             []row // hand-outs that are over
}

// kept is a request and the text it is kept as.
type kept struct {
	request approvals.Request
	doc     string
}

func newShared(ctx context.Context, conn *pgx.Conn, replica, channel string) *shared {
	return &shared{
		ctx: ctx, conn: conn, replica: replica, channel: channel,
		requests: map[uint64]kept{}, live: map[string]*approvals.Request{},
		rows: map[row]*approvals.Owed{}, leased: map[row]bool{}, touched: map[row]bool{},
	}
}

// changed plans a change of a request that is there.
func (s *shared) changed(id approvals.RequestID, change func(approvals.Request) (approvals.Change, error), work *approvals.Owed) (plan, error) {
	was, ok := s.requests[id.Number()]
	if !ok {
		return plan{}, approvals.ErrNotFound.With("id", string(id))
	}
	// A copy of its own: what change does to slices must not outlive a refusal.
	mine, err := decodeDoc(id.Number(), []byte(was.doc))
	if err != nil {
		return plan{}, err
	}
	c, err := change(mine)
	if err != nil {
		return plan{}, err
	}
	return s.plan(was.request.ID, c, work)
}

// liveRequest is the live request that has a key, nil if none has.
func (s *shared) liveRequest(key string) (*approvals.Request, error) {
	if live, looked := s.live[key]; looked {
		return live, nil
	}
	s.live[key] = nil
	rows, err := s.conn.Query(s.ctx, `SELECT number, doc FROM requests WHERE live_key = $1`, []byte(key))
	if err != nil {
		return nil, err
	}
	err = s.readLive(rows)
	return s.live[key], err
}

// plan checks a change and encodes all of it. work is the row to strike out, nil for none.
func (s *shared) plan(id approvals.RequestID, c approvals.Change, work *approvals.Owed) (plan, error) {
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
	entries, err := encodeAll(c.Entries)
	if err != nil {
		return plan{}, fmt.Errorf("encoding the trail of %s: %w", id, err)
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
			s.entryOf, s.entries = append(s.entryOf, int64(id.Number())), append(s.entries, string(e)) //nolint:gosec // not above what the database gave
		}
		s.keepRows(p.ends, rows)
		return nil
	}
	return p, nil
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

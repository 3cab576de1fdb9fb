package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// tables are the buckets as one writing transaction sees them, and the end of the trail.
type tables struct {
	meta, probe, requests, trail, live, guests, pending, mine, owed, due, incidents *bbolt.Bucket
	domains, decided, delegations                                                   *bbolt.Bucket

	sealer *sealer
	head   Head
}

// growing is how full pages are left where keys only grow, in mine for each requester,
// in decided for each domain.
const growing = 0.9

func openTables(tx *bbolt.Tx, s *sealer) (*tables, error) {
	t := &tables{
		meta: tx.Bucket(bucketMeta), probe: tx.Bucket(bucketProbe), requests: tx.Bucket(bucketRequests), trail: tx.Bucket(bucketTrail), live: tx.Bucket(bucketLive),
		guests: tx.Bucket(bucketGuests), pending: tx.Bucket(bucketPending), mine: tx.Bucket(bucketMine), owed: tx.Bucket(bucketOwed),
		due: tx.Bucket(bucketDue), incidents: tx.Bucket(bucketIncidents),
		domains: tx.Bucket(bucketDomains), decided: tx.Bucket(bucketDecided), delegations: tx.Bucket(bucketDelegations), sealer: s,
	}
	for _, bucket := range []*bbolt.Bucket{t.requests, t.trail, t.pending, t.mine, t.decided} {
		bucket.FillPercent = growing
	}
	var err error
	t.head, err = headAt(t.meta)
	return t, err
}

// headAt reads the end of the trail.
func headAt(meta *bbolt.Bucket) (Head, error) {
	value := meta.Get(keyHead)
	head, ok := headOf(value)
	if !ok {
		return Head{}, corrupt(bucketMeta, keyHead, fmt.Sprintf("it has %d bytes", len(value)))
	}
	return head, nil
}

// keepHead notes the end of the trail if it moved.
func (t *tables) keepHead(was Head) error {
	if t.head == was {
		return nil
	}
	return errors.Join(t.meta.Put(keyHead, t.head.bytes()), t.meta.Put(keySigner, []byte(t.sealer.id)))
}

// errNothing rolls back a transaction in which everybody was refused.
var errNothing = errors.New("nothing to keep")

// transact runs every job on what the ones before it left. A job that is
// refused, fails or panics leaves nothing; if keeping fails, all fail.
func (b *Bolt) transact(jobs []*job[*tables]) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if b.lacks != nil {
		return b.lacks
	}
	b.filling.Lock()
	defer b.filling.Unlock()
	err = b.db.Update(func(tx *bbolt.Tx) error {
		t, err := openTables(tx, b.sealer)
		if err != nil {
			return err
		}
		was, kept := t.head, 0
		for _, j := range jobs {
			if j.plan, j.err = j.decided(t); j.err != nil {
				continue
			}
			if err := j.plan.keep(); err != nil {
				return err
			}
			kept++
		}
		if kept == 0 {
			return errNothing
		}
		return t.keepHead(was)
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	err = ofDisk(err)
	b.health.note(err)
	return err
}

// Create implements approvals.Store.
func (b *Bolt) Create(ctx context.Context, liveKey string, create func(approvals.RequestID, *approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return b.write(ctx, needs{}, func(t *tables) (plan, error) {
		id := approvals.NewID(t.requests.Sequence() + 1)
		live, err := t.liveRequest(liveKey)
		if err != nil {
			return plan{}, err
		}
		c, err := create(id, live)
		if err != nil {
			return plan{}, err
		}
		return t.plan(id, nil, c, nil)
	})
}

// Update implements approvals.Store.
func (b *Bolt) Update(ctx context.Context, id approvals.RequestID, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return b.write(ctx, needs{}, func(t *tables) (plan, error) { return t.changed(id, change, nil) })
}

// Settle implements approvals.Store. If change refuses, the work stays in hand,
// to be postponed.
func (b *Bolt) Settle(ctx context.Context, work approvals.Owed, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return b.write(ctx, needs{}, func(t *tables) (plan, error) { return t.changed(work.Request, change, &work) })
}

// changed plans a change of a request that is there.
func (t *tables) changed(id approvals.RequestID, change func(approvals.Request) (approvals.Change, error), work *approvals.Owed) (plan, error) {
	was, err := requestAt(t.requests, id)
	if err != nil {
		return plan{}, err
	}
	c, err := change(was)
	if err != nil {
		return plan{}, err
	}
	return t.plan(was.ID, &was, c, work)
}

// liveRequest is the live request that has a key, nil if none has.
func (t *tables) liveRequest(key string) (*approvals.Request, error) {
	number := t.live.Get([]byte(key))
	if number == nil {
		return nil, nil // no request is an answer here, not a fault
	}
	value := t.requests.Get(number)
	if value == nil {
		return nil, corrupt(bucketLive, []byte(key), "its request is missing")
	}
	r, err := decodeRequest(number, value)
	return &r, err
}

// liveBeside is liveRequest for everybody but the request of that ID, which need not be read.
func (t *tables) liveBeside(id approvals.RequestID) func(key string) (*approvals.Request, error) {
	return func(key string) (*approvals.Request, error) {
		if bytes.Equal(t.live.Get([]byte(key)), numberKey(id.Number())) {
			return nil, nil // nobody beside it is an answer here, not a fault
		}
		return t.liveRequest(key)
	}
}

// plan checks a change and encodes all of it, so that keeping it can fail only
// for reasons of the file. work is the row to strike out, nil for none.
func (t *tables) plan(id approvals.RequestID, was *approvals.Request, c approvals.Change, work *approvals.Owed) (plan, error) {
	if c.Request.ID != id {
		return plan{}, fmt.Errorf("changing %s: the change is of %q", id, c.Request.ID)
	}
	if err := oneLive(c.Request, t.liveBeside(id)); err != nil {
		return plan{}, err
	}
	value, err := json.Marshal(c.Request)
	if err != nil {
		return plan{}, fmt.Errorf("encoding %s: %w", id, err)
	}
	entries, err := t.sealer.unsealed(was, c, t.sealedWith(id))
	if err != nil {
		return plan{}, err
	}
	rowAt := t.rowToChange
	if was == nil {
		rowAt = noRow
	}
	rows, err := planRows(c, work, rowAt)
	if err != nil {
		return plan{}, err
	}
	p := plan{request: c.Request, rows: rows}
	if work != nil {
		p.ends = rowOf(*work)
	}
	p.keep = func() error {
		if err := t.keepRequest(was, c.Request, value); err != nil {
			return err
		}
		if err := t.keepTrail(c.Request.ID.Number(), entries); err != nil {
			return err
		}
		for _, c := range rows {
			if err := t.keepRow(c); err != nil {
				return err
			}
		}
		return nil
	}
	return p, nil
}

// oneLive refuses a change that would make a second live request of a guest
// and access, as a retry of a failed one may.
func oneLive(r approvals.Request, live func(key string) (*approvals.Request, error)) error {
	if !r.Live() {
		return nil
	}
	other, err := live(r.LiveKey())
	if err != nil || other == nil || other.ID == r.ID {
		return err
	}
	return approvals.RefuseTwin(*other)
}

func (t *tables) keepRequest(was *approvals.Request, is approvals.Request, value []byte) error {
	key := numberKey(is.ID.Number())
	if was == nil {
		if err := t.requests.SetSequence(is.ID.Number()); err != nil {
			return err
		}
	} else if bytes.Equal(t.requests.Get(key), value) {
		return nil
	}
	if err := t.requests.Put(key, value); err != nil {
		return err
	}
	return t.keepIndexes(was, is, key)
}

// sealedWith is the name of the key of the last entry that says what a request is.
func (t *tables) sealedWith(id approvals.RequestID) string {
	if t.sealer.keys.Empty() {
		return ""
	}
	c, mine := t.trail.Cursor(), numberKey(id.Number())
	before := c.Prev
	if k, _ := c.Seek(numberKey(id.Number() + 1)); k == nil {
		before = c.Last
	}
	for k, v := before(); bytes.HasPrefix(k, mine); k, v = c.Prev() {
		if key, is := keyOf(v); is {
			return key
		}
	}
	return t.sealer.id
}

// keepTrail seals the entries of a request at the end of the trail; 0 is none.
func (t *tables) keepTrail(number uint64, entries []unsealed) error {
	for _, u := range entries {
		var record []byte
		record, t.head = t.sealer.seal(t.head, u)
		if err := t.trail.Put(trailKey(number, t.head.N), record); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// fillBatch is how many bytes are put into one transaction of Fill, so that
// memory stays flat whatever the size of the store.
const fillBatch = 16 << 20

// Fill implements Archive. Nobody else writes meanwhile. A file whose filling was
// cut off by a crash is refused by Open.
func (b *Bolt) Fill(ctx context.Context, from Snapshot, progress func(done, total uint64)) error {
	b.filling.Lock()
	defer b.filling.Unlock()
	f := &filler{ctx: ctx, b: b, progress: progress, total: from.Last() + from.Head().N, end: from.Head().N}
	if err := f.begin(); err != nil {
		return fmt.Errorf("filling the store: %w", err)
	}
	err := f.fill(from)
	if err == nil {
		return nil
	}
	if f.tx != nil {
		_ = f.tx.Rollback() // of what is thrown away
	}
	if wipe := f.wipe(); wipe != nil {
		err = errors.Join(err, fmt.Errorf("emptying the store again: %w", wipe))
	}
	return fmt.Errorf("filling the store: %w", ofDisk(err))
}

// filler puts a snapshot into a file, in several transactions.
type filler struct {
	ctx         context.Context
	b           *Bolt
	progress    func(done, total uint64)
	done, total uint64

	tx   *bbolt.Tx
	t    *tables
	size int // of what the transaction holds

	end    uint64 // the place of the last entry
	signer string // the name of its key
}

// begin marks an empty file as being filled.
func (f *filler) begin() error {
	return f.b.db.Update(func(tx *bbolt.Tx) error {
		t, err := openTables(tx, f.b.sealer)
		if err != nil {
			return err
		}
		if t.requests.Sequence() > 0 || t.head.N > 0 || !empty(t.requests, t.trail, t.owed, t.incidents, t.delegations) {
			return ErrNotEmpty
		}
		return t.meta.Put(keyFilling, nil)
	})
}

func empty(buckets ...*bbolt.Bucket) bool {
	for _, b := range buckets {
		if k, _ := b.Cursor().First(); k != nil {
			return false
		}
	}
	return true
}

func (f *filler) fill(from Snapshot) error {
	if err := f.next(); err != nil {
		return err
	}
	if err := from.Requests(f.request); err != nil {
		return err
	}
	if err := from.Trail(f.entry); err != nil {
		return err
	}
	if err := from.Owed(f.owed); err != nil {
		return err
	}
	if err := from.Incidents(f.incident); err != nil {
		return err
	}
	if err := from.Delegations(f.delegation); err != nil {
		return err
	}
	if err := f.t.requests.SetSequence(from.Last()); err != nil {
		return err
	}
	if err := f.t.meta.Put(keyHead, from.Head().bytes()); err != nil {
		return err
	}
	if err := f.t.meta.Put(keySigner, []byte(f.signer)); err != nil {
		return err
	}
	if err := f.t.meta.Delete(keyFilling); err != nil {
		return err
	}
	if err := f.commit(); err != nil {
		return err
	}
	if f.progress != nil {
		f.progress(f.total, f.total)
	}
	return nil
}

func (f *filler) request(number uint64, doc []byte) error {
	key := numberKey(number)
	r, err := decodeRequest(key, doc)
	if err != nil {
		return err
	}
	if err := f.t.requests.Put(key, doc); err != nil {
		return err
	}
	if err := f.t.keepIndexes(nil, r, key); err != nil {
		return err
	}
	return f.put(len(doc))
}

func (f *filler) entry(number, n uint64, record []byte) error {
	if n == f.end {
		f.signer, _ = keyOf(record)
	}
	if err := f.t.trail.Put(trailKey(number, n), record); err != nil {
		return err
	}
	return f.put(len(record))
}

func (f *filler) owed(o approvals.Owed) error {
	o.Due = o.Due.UTC()
	c, err := rowOf(o).change(nil, &o)
	if err != nil {
		return err
	}
	if err := f.t.keepRow(c); err != nil {
		return err
	}
	return f.put(len(c.value))
}

func (f *filler) incident(i approvals.Incident) error {
	var is approvals.Incident
	value, err := changeIncident(approvals.Incident{Key: i.Key}, func(approvals.Incident) (approvals.Incident, error) { return i, nil }, &is)
	if err != nil {
		return err
	}
	if err := f.t.incidents.Put([]byte(i.Key), value); err != nil {
		return err
	}
	return f.put(len(value))
}

func (f *filler) delegation(person string, doc []byte) error {
	if _, err := decodeDelegation(person, doc); err != nil {
		return err
	}
	if err := f.t.delegations.Put([]byte(person), doc); err != nil {
		return err
	}
	return f.put(len(doc))
}

// put counts what was put, and begins a new transaction when the one in hand is full.
func (f *filler) put(size int) error {
	f.size += size
	if f.done++; f.progress != nil && f.done%4096 == 0 {
		f.progress(f.done, max(f.total, f.done))
	}
	if f.size < fillBatch {
		return f.ctx.Err()
	}
	if err := f.commit(); err != nil {
		return err
	}
	return f.next()
}

func (f *filler) next() (err error) {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	if f.tx, err = f.b.db.Begin(true); err != nil {
		return err
	}
	f.size = 0
	f.t, err = openTables(f.tx, f.b.sealer)
	return err
}

func (f *filler) commit() error {
	tx := f.tx
	f.tx = nil
	return tx.Commit()
}

// wipe makes the file as empty as it was.
func (f *filler) wipe() error {
	return f.b.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets() {
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
		}
		return makeBuckets(tx)
	})
}

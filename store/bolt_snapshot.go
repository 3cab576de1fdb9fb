package store

import (
	"context"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// boltSnapshot is a file as a reading transaction sees it.
type boltSnapshot struct{ tx *bbolt.Tx }

// Snapshot implements Archive. Pages that are in it cannot be used again until
// read returns, so the file grows a little if much is written meanwhile.
func (b *Bolt) Snapshot(ctx context.Context, read func(Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.view(func(tx *bbolt.Tx) error {
		if _, err := headAt(tx.Bucket(bucketMeta)); err != nil {
			return err
		}
		return read(boltSnapshot{tx})
	})
}

// Schema implements Snapshot.
func (s boltSnapshot) Schema() int { return schema }

// Last implements Snapshot.
func (s boltSnapshot) Last() uint64 { return s.tx.Bucket(bucketRequests).Sequence() }

// Head implements Snapshot.
func (s boltSnapshot) Head() Head {
	head, _ := headAt(s.tx.Bucket(bucketMeta)) // which was read before
	return head
}

// Requests implements Snapshot.
func (s boltSnapshot) Requests(yield func(number uint64, doc []byte) error) error {
	return s.tx.Bucket(bucketRequests).ForEach(func(k, v []byte) error {
		if len(k) != numberSize {
			return corrupt(bucketRequests, k, "its key is no number")
		}
		return yield(binary.BigEndian.Uint64(k), v)
	})
}

// Trail implements Snapshot.
func (s boltSnapshot) Trail(yield func(number, n uint64, record []byte) error) error {
	return s.tx.Bucket(bucketTrail).ForEach(func(k, v []byte) error {
		if len(k) != 2*numberSize {
			return corrupt(bucketTrail, k, "its key is not two numbers")
		}
		return yield(binary.BigEndian.Uint64(k), binary.BigEndian.Uint64(k[numberSize:]), v)
	})
}

// Owed implements Snapshot.
func (s boltSnapshot) Owed(yield func(approvals.Owed) error) error {
	return s.tx.Bucket(bucketOwed).ForEach(func(k, v []byte) error {
		o, err := decodeOwed(k, v)
		if err != nil {
			return err
		}
		return yield(o)
	})
}

// Delegations implements Snapshot.
func (s boltSnapshot) Delegations(yield func(person string, doc []byte) error) error {
	return s.tx.Bucket(bucketDelegations).ForEach(func(k, v []byte) error { return yield(string(k), v) })
}

// Incidents implements Snapshot.
func (s boltSnapshot) Incidents(yield func(approvals.Incident) error) error {
	return s.tx.Bucket(bucketIncidents).ForEach(func(k, v []byte) error {
		i, err := decodeIncident(k, v)
		if err != nil {
			return err
		}
		return yield(i)
	})
}

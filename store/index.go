package store

import (
	"bytes"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// keepIndexes makes live, mine, guests and pending say what the request now is.
func (t *tables) keepIndexes(was *approvals.Request, is approvals.Request, key []byte) error {
	old := approvals.Request{}
	if was != nil {
		old = *was
	}
	if err := move(t.live, liveIndex(old), liveIndex(is), key); err != nil {
		return err
	}
	if err := move(t.mine, mineIndex(old), mineIndex(is), nil); err != nil {
		return err
	}
	if err := move(t.guests, guestIndex(old), guestIndex(is), nil); err != nil {
		return err
	}
	before, after := pendingIndex(old), pendingIndex(is)
	if err := move(t.pending, before, after, nil); err != nil {
		return err
	}
	switch {
	case before == nil && after != nil:
		return t.pending.SetSequence(t.pending.Sequence() + 1)
	case before != nil && after == nil:
		return t.pending.SetSequence(t.pending.Sequence() - 1)
	}
	return nil
}

// Where a request stands in an index, nil for nowhere.
func liveIndex(r approvals.Request) []byte {
	if !r.Live() {
		return nil
	}
	return []byte(r.LiveKey())
}

func mineIndex(r approvals.Request) []byte {
	if r.ID == "" {
		return nil
	}
	return append(minePrefix(r.Requester.User), numberKey(r.ID.Number())...)
}

// guestIndex: a guest who was erased has no address any more.
func guestIndex(r approvals.Request) []byte {
	if r.Guest.Email == "" {
		return nil
	}
	return append(guestPrefix(r.Guest.Email), numberKey(r.ID.Number())...)
}

func pendingIndex(r approvals.Request) []byte {
	if !r.Waits() {
		return nil
	}
	return numberKey(r.ID.Number())
}

// move takes an entry of an index from one key to another; nil is nowhere.
func move(index *bbolt.Bucket, from, to, value []byte) error {
	if bytes.Equal(from, to) {
		return nil
	}
	if from != nil {
		if err := index.Delete(from); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return index.Put(to, value)
}

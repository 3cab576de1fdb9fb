package store

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// keepIndexes makes all that is found by something else than its number say what
// the request now is.
func (t *tables) keepIndexes(was *approvals.Request, is approvals.Request, key []byte) error {
	old := approvals.Request{}
	if was != nil {
		old = *was
	}
	if err := moveAll(t.live, liveIndex(old), liveIndex(is), key); err != nil {
		return err
	}
	if err := move(t.mine, mineIndex(old), mineIndex(is), nil); err != nil {
		return err
	}
	if err := moveAll(t.guests, guestIndex(old), guestIndex(is), nil); err != nil {
		return err
	}
	if err := t.keepDomains(old, is); err != nil {
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

// liveIndex begins with the key that only one live request may have.
func liveIndex(r approvals.Request) [][]byte {
	if !r.Live() {
		return nil
	}
	keys := [][]byte{[]byte(r.LiveKey())}
	for _, g := range r.Guests {
		if g.Email != "" {
			keys = append(keys, append(append(guestPrefix(g.Email), 0), numberKey(r.ID.Number())...))
		}
	}
	return keys
}

func mineIndex(r approvals.Request) []byte {
	if r.ID == "" {
		return nil
	}
	return append(minePrefix(r.Requester.User), numberKey(r.ID.Number())...)
}

// guestIndex: a guest who was erased has no address any more.
func guestIndex(r approvals.Request) (keys [][]byte) {
	for _, email := range r.Addresses() {
		keys = append(keys, append(guestPrefix(email), numberKey(r.ID.Number())...))
	}
	return keys
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

// moveAll is move for something that stands in several places.
func moveAll(index *bbolt.Bucket, from, to [][]byte, value []byte) error {
	for _, key := range from {
		if !holds(to, key) {
			if err := index.Delete(key); err != nil {
				return err
			}
		}
	}
	for _, key := range to {
		if !holds(from, key) {
			if err := index.Put(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func holds(keys [][]byte, key []byte) bool {
	return slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, key) })
}

package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"

	"partnerbot/approvals"
)

// Counts is what a snapshot holds, in numbers. Two with the same Counts hold the same.
type Counts struct {
	Requests    map[approvals.State]uint64 `json:"requests"`
	Last        uint64                     `json:"last"` // the last number given to a request
	Entries     uint64                     `json:"entries"`
	Rows        uint64                     `json:"rows"` // of owed work
	Incidents   uint64                     `json:"incidents"`
	Delegations uint64                     `json:"delegations"`
	Head        Head                       `json:"head"`
	Digest      string                     `json:"digest"` // of everything, in order
}

// Equal reports whether two snapshots held the same.
func (c Counts) Equal(d Counts) bool {
	return c.Digest == d.Digest && c.Last == d.Last && c.Head == d.Head && maps.Equal(c.Requests, d.Requests) &&
		c.Entries == d.Entries && c.Rows == d.Rows && c.Incidents == d.Incidents && c.Delegations == d.Delegations
}

// Total is how many requests there are.
func (c Counts) Total() (n uint64) {
	for _, of := range c.Requests {
		n += of
	}
	return n
}

// digest is a hash of parts, each with its length, so that no two lists of parts are one.
type digest struct{ hash.Hash }

func (d digest) add(parts ...[]byte) {
	for _, p := range parts {
		_, _ = d.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p)))) // a hash never fails
		_, _ = d.Write(p)
	}
}

func (d digest) addJSON(v any) error {
	text, err := json.Marshal(v)
	d.add(text)
	return err
}

// Count reads all of a snapshot.
func Count(ctx context.Context, s Snapshot) (Counts, error) {
	c := Counts{Requests: map[approvals.State]uint64{}, Last: s.Last(), Head: s.Head()}
	d := digest{sha256.New()}
	d.add(numberKey(c.Last), c.Head.bytes())
	err := s.Requests(func(number uint64, doc []byte) error {
		r, err := decodeRequest(numberKey(number), doc)
		if err != nil {
			return err
		}
		c.Requests[r.State]++
		d.add([]byte("request"), numberKey(number), doc)
		return ctx.Err()
	})
	if err != nil {
		return Counts{}, fmt.Errorf("counting requests: %w", err)
	}
	err = s.Trail(func(number, n uint64, record []byte) error {
		c.Entries++
		d.add([]byte("entry"), numberKey(number), numberKey(n), record)
		return ctx.Err()
	})
	if err != nil {
		return Counts{}, fmt.Errorf("counting the trail: %w", err)
	}
	err = s.Owed(func(o approvals.Owed) error {
		c.Rows++
		o.Due = o.Due.UTC()
		d.add([]byte("owed"))
		return d.addJSON(o)
	})
	if err != nil {
		return Counts{}, fmt.Errorf("counting owed work: %w", err)
	}
	err = s.Incidents(func(i approvals.Incident) error {
		c.Incidents++
		d.add([]byte("incident"))
		return d.addJSON(i)
	})
	if err != nil {
		return Counts{}, fmt.Errorf("counting incidents: %w", err)
	}
	err = s.Delegations(func(person string, doc []byte) error {
		c.Delegations++
		d.add([]byte("delegation"), []byte(person), doc)
		return ctx.Err()
	})
	if err != nil {
		return Counts{}, fmt.Errorf("counting delegations: %w", err)
	}
	c.Digest = hex.EncodeToString(d.Sum(nil))
	return c, nil
}

// Copy fills an empty store with what another holds, reads both and compares
// them. An error that is ErrNotSame means that the copy must not be used.
func Copy(ctx context.Context, from, to Archive, progress func(done, total uint64)) (Counts, error) {
	var want, got Counts
	err := from.Snapshot(ctx, func(s Snapshot) (err error) {
		if want, err = Count(ctx, s); err != nil {
			return err
		}
		return to.Fill(ctx, s, progress)
	})
	if err != nil {
		return Counts{}, fmt.Errorf("copying the store: %w", err)
	}
	err = to.Snapshot(ctx, func(s Snapshot) (err error) { got, err = Count(ctx, s); return err })
	switch {
	case err != nil:
		return Counts{}, fmt.Errorf("reading the copy: %w", err)
	case !got.Equal(want):
		return Counts{}, fmt.Errorf("%w: it has %d requests, %d entries and %d rows of %d, %d and %d",
			ErrNotSame, got.Total(), got.Entries, got.Rows, want.Total(), want.Entries, want.Rows)
	}
	return got, nil
}

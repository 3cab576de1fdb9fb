package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"partnerbot/approvals"
)

// Get implements approvals.Reader.
func (b *Bolt) Get(ctx context.Context, id approvals.RequestID) (r approvals.Request, err error) {
	if err := ctx.Err(); err != nil {
		return approvals.Request{}, err
	}
	err = b.view(func(tx *bbolt.Tx) (err error) {
		r, err = requestAt(tx.Bucket(bucketRequests), id)
		return err
	})
	return r, err
}

// requestAt reads the request with an ID, or ErrNotFound.
func requestAt(requests *bbolt.Bucket, id approvals.RequestID) (approvals.Request, error) {
	key := numberKey(id.Number())
	value := requests.Get(key)
	if value == nil {
		return approvals.Request{}, approvals.ErrNotFound.With("id", string(id))
	}
	return decodeRequest(key, value)
}

// Trail implements approvals.Reader. A request that is not there has no trail
// but ErrNotFound.
func (b *Bolt) Trail(ctx context.Context, id approvals.RequestID) ([]approvals.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var entries []approvals.Entry
	err := b.view(func(tx *bbolt.Tx) error {
		if _, err := requestAt(tx.Bucket(bucketRequests), id); err != nil {
			return err
		}
		for k, v := range keysFrom(tx.Bucket(bucketTrail), numberKey(id.Number())) {
			e, err := openRecord(v)
			if err != nil {
				return corrupt(bucketTrail, k, err)
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// Guest implements approvals.Reader.
func (b *Bolt) Guest(ctx context.Context, email string) (found []approvals.Request, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = b.view(func(tx *bbolt.Tx) (err error) {
		found, err = liveOf(tx.Bucket(bucketRequests), tx.Bucket(bucketLive), "", email)
		return err
	})
	return found, err
}

// liveOf are the live requests for guests other than one, newest first.
func liveOf(requests, live *bbolt.Bucket, but approvals.RequestID, emails ...string) (found []approvals.Request, err error) {
	seen := map[approvals.RequestID]bool{but: true}
	for _, email := range emails {
		for k, number := range keysFrom(live, []byte(approvals.LiveKey(email, ""))) {
			r, err := indexed(requests, bucketLive, k, number)
			if err != nil {
				return nil, err
			}
			if !seen[r.ID] && isFor(r, email) {
				seen[r.ID] = true
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, newest)
	return found, nil
}

// isFor reports whether one of the guests of a request has an address.
func isFor(r approvals.Request, email string) bool {
	return slices.ContainsFunc(r.Addresses(), func(a string) bool { return strings.EqualFold(a, email) })
}

// newest orders requests as people read them.
func newest(x, y approvals.Request) int { return cmp.Compare(y.ID.Number(), x.ID.Number()) }

// History implements approvals.Reader.
func (b *Bolt) History(ctx context.Context, email string) (found []approvals.Request, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = b.view(func(tx *bbolt.Tx) error {
		for k := range keysFrom(tx.Bucket(bucketGuests), guestPrefix(email)) {
			number := bytes.TrimPrefix(k, guestPrefix(email))
			r, err := indexed(tx.Bucket(bucketRequests), bucketGuests, k, number)
			if err != nil {
				return err
			}
			found = append(found, r)
		}
		return nil
	})
	slices.SortFunc(found, newest)
	return found, err
}

// List implements approvals.Reader. It costs the page; only pending requests of
// one person are found by passing over that person's others.
func (b *Bolt) List(ctx context.Context, q approvals.Query) (page approvals.Page, err error) {
	if err := ctx.Err(); err != nil {
		return approvals.Page{}, err
	}
	err = b.view(func(tx *bbolt.Tx) error {
		l := listOf(tx, q)
		var numbers []uint64
		numbers, page = l.cut(q)
		for _, n := range numbers {
			key := numberKey(n)
			r, err := indexed(tx.Bucket(bucketRequests), l.name, key, key)
			if err != nil {
				return err
			}
			page.Requests = append(page.Requests, r)
		}
		return nil
	})
	if err != nil {
		return approvals.Page{}, fmt.Errorf("listing requests: %w", err)
	}
	return page, nil
}

// indexed reads the request that an index points at.
func indexed(requests *bbolt.Bucket, index, key, number []byte) (approvals.Request, error) {
	value := requests.Get(number)
	if value == nil {
		return approvals.Request{}, corrupt(index, key, "its request is missing")
	}
	return decodeRequest(number, value)
}

// view runs a reading transaction.
func (b *Bolt) view(read func(*bbolt.Tx) error) error {
	err := b.db.View(read)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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
		prefix := numberKey(id.Number())
		c := tx.Bucket(bucketTrail).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			var e approvals.Entry
			if err := json.Unmarshal(v, &e); err != nil {
				return corrupt(bucketTrail, k, err)
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// Guest implements approvals.Reader, newest first.
func (b *Bolt) Guest(ctx context.Context, email string) ([]approvals.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var found []approvals.Request
	err := b.view(func(tx *bbolt.Tx) error {
		prefix := []byte(approvals.LiveKey(email, ""))
		requests, c := tx.Bucket(bucketRequests), tx.Bucket(bucketLive).Cursor()
		for k, number := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, number = c.Next() {
			r, err := indexed(requests, bucketLive, k, number)
			if err != nil {
				return err
			}
			found = append(found, r)
		}
		return nil
	})
	slices.SortFunc(found, func(x, y approvals.Request) int { return cmp.Compare(y.ID.Number(), x.ID.Number()) })
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

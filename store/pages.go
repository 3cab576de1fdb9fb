package store

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// How many requests a page has if nobody says so, and at most.
const (
	defaultLimit = 10
	maxLimit     = 100
)

// list is a bucket whose keys are a prefix and a number, read as a list of
// those numbers that are also in the bucket only, if that is set.
type list struct {
	name   []byte
	in     *bbolt.Bucket
	prefix []byte
	only   *bbolt.Bucket
	total  int // -1 if nobody counts it
}

// listOf picks the index that answers a query.
func listOf(tx *bbolt.Tx, q approvals.Query) list {
	pending := tx.Bucket(bucketPending)
	switch {
	case q.Requester.User != "":
		l := list{name: bucketMine, in: tx.Bucket(bucketMine), prefix: minePrefix(q.Requester.User), total: -1}
		if q.Pending {
			l.only = pending
		}
		return l
	case q.Pending:
		return list{name: bucketPending, in: pending, total: int(pending.Sequence())} //nolint:gosec // a count of requests
	}
	return list{name: bucketRequests, in: tx.Bucket(bucketRequests), total: -1}
}

// cut returns the numbers of a page, newest first, and what there is around it.
func (l list) cut(q approvals.Query) ([]uint64, approvals.Page) {
	limit := min(q.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	page := approvals.Page{Total: l.total}
	if q.After > 0 {
		numbers, more := first(l.up(q.After), q.After, limit)
		slices.Reverse(numbers)
		page.Newer, page.Older = more, some(l.down(q.After))
		return numbers, page
	}
	bound := q.Before
	if bound == 0 {
		bound = math.MaxUint64
	}
	numbers, more := first(l.down(bound), bound, limit)
	page.Older, page.Newer = more, some(l.up(bound))
	return numbers, page
}

// down walks the numbers from n, n included, to the oldest.
func (l list) down(n uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		bound := l.key(n)
		c := l.in.Cursor()
		k, _ := c.Seek(bound)
		switch {
		case k == nil:
			k, _ = c.Last()
		case !bytes.Equal(k, bound):
			k, _ = c.Prev()
		}
		for ; l.has(k); k, _ = c.Prev() {
			if n, ok := l.number(k); ok && !yield(n) {
				return
			}
		}
	}
}

// up walks the numbers from n, n included, to the newest.
func (l list) up(n uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		c := l.in.Cursor()
		for k, _ := c.Seek(l.key(n)); l.has(k); k, _ = c.Next() {
			if n, ok := l.number(k); ok && !yield(n) {
				return
			}
		}
	}
}

func (l list) key(n uint64) []byte { return append(bytes.Clone(l.prefix), numberKey(n)...) }

// has reports whether a key is of this list. User IDs hold no zero byte, so no
// one's prefix begins another's keys.
func (l list) has(k []byte) bool {
	return len(k) == len(l.prefix)+numberSize && bytes.HasPrefix(k, l.prefix)
}

// number reads a key; it does not count if it is missing where it must be too.
func (l list) number(k []byte) (uint64, bool) {
	number := k[len(l.prefix):]
	if l.only != nil {
		if at, _ := l.only.Cursor().Seek(number); !bytes.Equal(at, number) {
			return 0, false
		}
	}
	return binary.BigEndian.Uint64(number), true
}

// first takes up to limit numbers other than the bound, and says whether there are more.
func first(numbers iter.Seq[uint64], bound uint64, limit int) (page []uint64, more bool) {
	for n := range numbers {
		switch {
		case n == bound:
			continue
		case len(page) == limit:
			return page, true
		}
		page = append(page, n)
	}
	return page, false
}

func some(numbers iter.Seq[uint64]) bool {
	for range numbers {
		return true
	}
	return false
}

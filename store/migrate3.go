package store

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// toSchema3 leads a file of schema 2 on, where nothing was counted by domain and
// there were no delegations, and returns how many requests there are.
func toSchema3(tx *bbolt.Tx) (requests int, err error) {
	for _, name := range [][]byte{bucketDomains, bucketDecided, bucketDelegations} {
		if _, err := tx.CreateBucket(name); err != nil {
			return 0, err
		}
	}
	sums, decided := map[string]tally{}, [][]byte(nil)
	err = tx.Bucket(bucketRequests).ForEach(func(k, v []byte) error {
		r, err := decodeRequest(k, v)
		if err != nil {
			return err
		}
		requests++
		for domain, by := range tallied(approvals.Request{}, r) {
			sums[domain] = sums[domain].plus(by)
		}
		decided = append(decided, decidedKeys(r)...)
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := putDomains(tx, sums, decided); err != nil {
		return 0, err
	}
	return requests, tx.Bucket(bucketMeta).Put(keySchema, []byte(strconv.Itoa(schema)))
}

// putDomains writes in the order of the keys, so that pages are full.
func putDomains(tx *bbolt.Tx, sums map[string]tally, decided [][]byte) error {
	domains, decisions := tx.Bucket(bucketDomains), tx.Bucket(bucketDecided)
	decisions.FillPercent = growing
	for _, domain := range slices.Sorted(maps.Keys(sums)) {
		if err := domains.Put([]byte(domain), sums[domain].bytes()); err != nil {
			return err
		}
	}
	slices.SortFunc(decided, bytes.Compare)
	for _, key := range decided {
		if err := decisions.Put(key, nil); err != nil {
			return err
		}
	}
	return nil
}

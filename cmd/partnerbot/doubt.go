package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"partnerbot/store"
)

// check reads all of a bbolt file that nobody has open: its schema version, every
// page of it, and what it holds. doubt is what stands against its trail, nil if nothing does.
func (a place) check(ctx context.Context, p program) (counts store.Counts, doubt, err error) {
	counts, err = store.CheckFile(a.Bolt, a.keys) //nolint:contextcheck // it takes none and reads to the end
	if !errors.Is(err, store.ErrTampered) {
		return counts, nil, err
	}
	err = a.read(ctx, func(s store.Snapshot) error {
		doubt, err = doubtsOf(ctx, s, a.keys, p)
		return err
	})
	return counts, doubt, err
}

// doubtsOf verifies the trail of a store that is copied. Entries sealed without a
// key are taken: it is `audit verify` that asks since when there has been one.
func doubtsOf(ctx context.Context, s store.Snapshot, keys store.Keys, p program) (doubt, err error) {
	if keys.Empty() {
		if keyed, err := needsKey(s); keyed || err != nil {
			p.say("The trail was not verified: it is sealed with a key, and PARTNERBOT_AUDIT_KEY is not set.")
			return nil, err
		}
	}
	opts := store.VerifyOptions{PlainBefore: math.MaxUint64, Limit: 10, Progress: p.progress("verifying", "requests and entries")}
	report, err := store.Verify(ctx, s, keys, opts)
	if err != nil || report.Good() {
		return nil, err
	}
	for _, finding := range report.Findings {
		p.say(finding)
	}
	return fmt.Errorf("its trail does not hold: %s", verdict(report, keys)), nil
}

var errFound = errors.New("found")

// needsKey reports whether any entry is sealed with a key.
func needsKey(s store.Snapshot) (bool, error) {
	err := s.Trail(func(_, _ uint64, text []byte) error {
		var r struct{ Key string }
		if json.Unmarshal(text, &r) == nil && r.Key != "" {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

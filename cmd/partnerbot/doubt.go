package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"partnerbot/store"
)

// check reads all of a bbolt file that nobody has open: its schema version, every
// page of it, and what it holds. doubt is what stands against its trail, nil if nothing does.
func (a place) check(ctx context.Context, p program, plainBefore uint64) (counts store.Counts, doubt, err error) {
	counts, err = store.CheckFile(ctx, a.Bolt, a.keys, plainBefore)
	if !errors.Is(err, store.ErrTampered) {
		return counts, nil, err
	}
	err = a.read(ctx, func(s store.Snapshot) error {
		doubt, err = doubtsOf(ctx, s, a.keys, plainBefore, p)
		return err
	})
	return counts, doubt, err
}

// doubtsOf verifies the trail of a store that is copied. With a key at hand, only
// entries before plainBefore may be sealed without one; a trail of which any entry
// is sealed with a key is in doubt without it.
func doubtsOf(ctx context.Context, s store.Snapshot, keys store.Keys, plainBefore uint64, p program) (doubt, err error) {
	if keys.Empty() {
		switch keyed, err := needsKey(s); {
		case err != nil:
			return nil, err
		case keyed:
			return errUnproved, nil
		}
	}
	opts := store.VerifyOptions{PlainBefore: plainBefore, Limit: 10, Progress: p.progress("verifying", "requests and entries")}
	report, err := store.Verify(ctx, s, keys, opts)
	if err != nil || report.Good() {
		return nil, err
	}
	for _, finding := range report.Findings {
		p.say(finding)
	}
	return fmt.Errorf("its trail does not hold: %s", verdict(report, keys)), nil
}

var errUnproved = errors.New("its trail was not verified: it is sealed with a key, and PARTNERBOT_AUDIT_KEY is not set")

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

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"partnerbot/store"
)

// noKeyError is why nothing can be said of a trail: no entry of it is sealed with
// a key that we have.
type noKeyError struct {
	id    string // of the key that sealed last
	wrong bool   // we have one, but not this
}

func (l *noKeyError) Error() string {
	if l.wrong {
		return fmt.Sprintf("it is sealed with the key %s, which is not the one you gave: set PARTNERBOT_AUDIT_KEY to that", l.id)
	}
	return fmt.Sprintf("it is sealed with the key %s: set PARTNERBOT_AUDIT_KEY", l.id)
}

var errProves = errors.New("a key of ours proves some of it")

// mustProve returns a noKeyError if the trail is sealed with keys and none of
// them is ours. A trail in which ours seals anything is for Verify to judge.
func mustProve(s store.Snapshot, keys store.Keys) error {
	ours := strings.Split(keys.String(), ",")
	lacking, last := &noKeyError{wrong: !keys.Empty()}, uint64(0)
	err := s.Trail(func(_, n uint64, text []byte) error {
		var r struct{ Key string }
		if json.Unmarshal(text, &r) == nil && slices.Contains(ours, r.Key) && r.Key != "" {
			return errProves
		}
		if r.Key != "" && n >= last {
			lacking.id, last = r.Key, n
		}
		return nil
	})
	if err == nil && lacking.id != "" {
		return lacking
	}
	if errors.Is(err, errProves) {
		err = nil
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
)

// movedKey is the incident that marks a store whose company lives elsewhere, or
// is on its way there. Nobody is told of it: serve refuses the store.
const movedKey = "moved"

// markMoved marks a store and returns the mark that was there before.
func markMoved(ctx context.Context, from approvals.Store, to string, now time.Time) (before approvals.Incident, err error) {
	_, err = from.Incident(ctx, movedKey, func(i approvals.Incident) (approvals.Incident, error) {
		before = i
		return approvals.Incident{Key: movedKey, Trouble: approvals.Trouble{Kind: approvals.Refused, Text: to}, Since: now, Version: 1, Told: 1}, nil
	})
	if before.Since.IsZero() {
		before = approvals.Incident{}
	}
	if err != nil {
		return before, fmt.Errorf("marking the store as moved: %w", err)
	}
	return before, nil
}

// mustBeHere refuses a store that is marked.
func mustBeHere(ctx context.Context, db approvals.Store, name string) error {
	all, err := db.Incidents(ctx)
	if err != nil {
		return fmt.Errorf("reading whether the store was moved: %w", err)
	}
	for _, i := range all {
		if i.Key == movedKey {
			return errors.New(elsewhere(name, i))
		}
	}
	return nil
}

// elsewhere says where the company is, as the mark of the store says.
func elsewhere(name string, mark approvals.Incident) string {
	if mark.Trouble.Text == name {
		return "a copy into " + name + " did not come to its end: empty it and run partnerbot copy again"
	}
	return name + " was moved to " + mark.Trouble.Text + " on " + mark.Since.UTC().Format(time.DateOnly) +
		": set store in the configuration to that. If the copying did not end well, run partnerbot copy again; " +
		"to come back, copy from there into a store that is not there yet"
}

// warnIfMoved tells whoever reads a store that it is not where the company is.
func (p program) warnIfMoved(name string, s store.Snapshot) error {
	return s.Incidents(func(i approvals.Incident) error {
		if i.Key == movedKey {
			p.say("This is not where the company is: " + elsewhere(name, i) + ".")
		}
		return nil
	})
}

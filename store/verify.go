package store

import (
	"context"
	"fmt"

	"partnerbot/approvals"
)

// VerifyOptions are what an auditor knows beside the keys.
type VerifyOptions struct {
	// PlainBefore is the place of the first entry that must be sealed with a key,
	// for a company that began without one; 0 means that all must be. It says
	// nothing if there are no keys.
	PlainBefore uint64
	// Noted is a head that was written down earlier; the zero Head for none.
	Noted Head
	// Limit is how many findings are listed; 0 means 100.
	Limit int
	// Progress, if any, is told now and then how much is read.
	Progress func(done, total uint64)
}

// Finding is something that cannot be so if nobody changed the store behind our back.
type Finding struct {
	N       uint64              `json:"n,omitempty"`       // the entry; 0 for none in particular
	Request approvals.RequestID `json:"request,omitempty"` // "" for none in particular
	Text    string              `json:"text"`
}

func (f Finding) String() string {
	switch {
	case f.N > 0 && f.Request != "":
		return fmt.Sprintf("entry %d, %s: %s", f.N, f.Request, f.Text)
	case f.N > 0:
		return fmt.Sprintf("entry %d: %s", f.N, f.Text)
	case f.Request != "":
		return fmt.Sprintf("%s: %s", f.Request, f.Text)
	}
	return f.Text
}

// Report is what Verify found.
type Report struct {
	Head     Head      `json:"head"` // to be noted
	Requests uint64    `json:"requests"`
	Entries  uint64    `json:"entries"`
	Erased   uint64    `json:"erased"` // entries whose words were erased
	Plain    uint64    `json:"plain"`  // entries that are sealed without a key
	Findings []Finding `json:"findings,omitempty"`
	More     uint64    `json:"more,omitempty"` // findings beyond the limit
}

// Good reports whether nothing was found.
func (r Report) Good() bool { return len(r.Findings) == 0 }

// Verify reads all of a snapshot and reports every entry that was changed,
// removed, moved or put in, every request and delegation that was put in, taken out
// or changed without the trail, and a trail that was cut off or replaced after a
// noted head. Its
// error is about reading, not about what is found.
func Verify(ctx context.Context, s Snapshot, keys Keys, opts VerifyOptions) (Report, error) {
	if opts.Limit <= 0 {
		opts.Limit = 100
	}
	v := newVerifier(ctx, s, keys, opts)
	if err := s.Requests(v.request); err != nil {
		return Report{}, fmt.Errorf("verifying requests: %w", err)
	}
	v.gap(v.number+1, s.Last())
	if err := s.Trail(v.record); err != nil {
		return Report{}, fmt.Errorf("verifying the trail: %w", err)
	}
	v.endOfRequest()
	v.endOfTrail()
	if err := v.delegations(s); err != nil {
		return Report{}, fmt.Errorf("verifying the delegations: %w", err)
	}
	if opts.Progress != nil {
		opts.Progress(v.total, v.total)
	}
	return v.report, nil
}

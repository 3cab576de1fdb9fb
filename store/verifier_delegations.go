package store

import (
	"maps"
	"slices"

	"partnerbot/approvals"
)

// delegated notes what an entry says of a delegation. It changes no request.
func (v *verifier) delegated(n uint64, r *record, e sealedEntry) {
	if e.Event != approvals.EventDelegated || e.Version != 0 || e.From != "" || e.To != "" || r.was != (imprint{}) {
		v.find(n, "", "it is about no request, and about no delegation either")
		return
	}
	v.made[e.By.User] = made{n, r.is, r.key}
}

// delegations compares every delegation with the last entry about it.
func (v *verifier) delegations(s Snapshot) error {
	err := s.Delegations(func(person string, doc []byte) error {
		is, said := v.made[person]
		delete(v.made, person)
		h, known := v.hashOf(is.key)
		switch {
		case !said:
			v.find(0, "", "a delegation by %s is kept, and no entry says so", person)
		case is.is == (imprint{}):
			v.find(is.n, "", "the delegation by %s ended here, and one is kept", person)
		case known && digestOf(h, delegationPrefix, doc) != is.is:
			v.find(is.n, "", "the delegation by %s is not what this entry says", person)
		}
		return v.step()
	})
	for _, person := range slices.Sorted(maps.Keys(v.made)) {
		if is := v.made[person]; err == nil && is.is != (imprint{}) {
			v.find(is.n, "", "the delegation by %s is missing", person)
		}
	}
	return err
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// delegationPrefix is what every digest of a delegation begins with.
const delegationPrefix = "partnerbot delegation 1\n"

// errNobodys refuses a delegation that says nobody's right.
var errNobodys = errors.New("it is nobody's right that is given away")

// delegation encodes a delegation as it is kept, nil if it ends the one before,
// and its entry, which has the digest of what is kept.
func (s *sealer) delegation(d approvals.Delegation) (doc []byte, u unsealed, err error) {
	if d.From.User == "" {
		return nil, unsealed{}, errNobodys
	}
	if u, err = encodeEntry(d.Entry(), approvals.Request{}, false); err != nil || d.To.User == "" {
		return nil, u, err
	}
	if doc, err = json.Marshal(d); err == nil {
		u.is = digestOf(s.hash, delegationPrefix, doc)
	}
	return doc, u, err
}

// decodeDelegation reads a delegation by the user whose right it gives.
func decodeDelegation(person string, doc []byte) (d approvals.Delegation, err error) {
	if err := json.Unmarshal(doc, &d); err != nil {
		return approvals.Delegation{}, corrupt(bucketDelegations, []byte(person), err)
	}
	if d.From.User != person || d.To.User == "" {
		return approvals.Delegation{}, corrupt(bucketDelegations, []byte(person), fmt.Sprintf("it is from %q to %q", d.From, d.To))
	}
	return d, nil
}

// Delegate implements approvals.Store.
func (b *Bolt) Delegate(ctx context.Context, d approvals.Delegation) error {
	_, err := b.write(ctx, needs{}, func(t *tables) (plan, error) {
		doc, u, err := t.sealer.delegation(d)
		if err != nil {
			return plan{}, err
		}
		return plan{keep: func() error {
			if err := t.keepTrail(0, []unsealed{u}); err != nil {
				return err
			}
			if doc == nil {
				return t.delegations.Delete([]byte(d.From.User))
			}
			return t.delegations.Put([]byte(d.From.User), doc)
		}}, nil
	})
	if err != nil {
		return fmt.Errorf("keeping the delegation of %s: %w", d.From, err)
	}
	return nil
}

// Delegations implements approvals.Reader.
func (b *Bolt) Delegations(ctx context.Context) (all []approvals.Delegation, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = b.view(func(tx *bbolt.Tx) error {
		return boltSnapshot{tx}.Delegations(func(person string, doc []byte) error {
			d, err := decodeDelegation(person, doc)
			all = append(all, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the delegations: %w", err)
	}
	return all, nil
}

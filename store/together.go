package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// Together implements approvals.Store.
func (b *Bolt) Together(ctx context.Context, id approvals.RequestID, change func(approvals.Request, []approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return b.write(ctx, needs{}, func(t *tables) (plan, error) {
		return t.changed(id, func(r approvals.Request) (approvals.Change, error) {
			others, err := liveOf(t.requests, t.live, r.ID, r.Addresses()...)
			if err != nil {
				return approvals.Change{}, err
			}
			return change(r, others)
		}, nil)
	})
}

// Erase implements approvals.Store.
func (b *Bolt) Erase(ctx context.Context, id approvals.RequestID, change func(approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	return b.write(ctx, needs{}, func(t *tables) (plan, error) {
		p, err := t.changed(id, change, nil)
		if err != nil {
			return plan{}, err
		}
		keep := p.keep
		p.keep = func() error {
			if err := keep(); err != nil {
				return err
			}
			return eraseTrail(t.trail, id.Number())
		}
		return p, nil
	})
}

// eraseTrail takes the words out of every entry of a request.
func eraseTrail(trail *bbolt.Bucket, number uint64) error {
	type entry struct{ key, record []byte }
	var changed []entry
	for k, v := range keysFrom(trail, numberKey(number)) {
		record, err := eraseWords(v)
		if err != nil {
			return corrupt(bucketTrail, k, err)
		}
		if !bytes.Equal(record, v) {
			changed = append(changed, entry{bytes.Clone(k), record})
		}
	}
	for _, e := range changed {
		if err := trail.Put(e.key, e.record); err != nil {
			return err
		}
	}
	return nil
}

// Incident implements approvals.Store.
func (b *Bolt) Incident(ctx context.Context, key string, change func(approvals.Incident) (approvals.Incident, error)) (is approvals.Incident, err error) {
	_, err = b.write(ctx, needs{}, func(t *tables) (plan, error) {
		was, err := incidentAt(t.incidents, key)
		if err != nil {
			return plan{}, err
		}
		value, err := changeIncident(was, change, &is)
		if err != nil {
			return plan{}, err
		}
		return plan{keep: func() error {
			if value == nil {
				return t.incidents.Delete([]byte(key))
			}
			return t.incidents.Put([]byte(key), value)
		}}, nil
	})
	if err != nil {
		return approvals.Incident{}, err
	}
	return is, nil
}

// changeIncident decides what becomes of an incident and encodes it; nil if it is forgotten.
func changeIncident(was approvals.Incident, change func(approvals.Incident) (approvals.Incident, error), is *approvals.Incident) ([]byte, error) {
	var err error
	if *is, err = change(was); err != nil || is.Key == "" {
		return nil, err
	}
	if is.Key != was.Key {
		return nil, fmt.Errorf("changing the incident %q: the change is of %q", was.Key, is.Key)
	}
	value, err := json.Marshal(is)
	if err != nil {
		return nil, fmt.Errorf("encoding the incident %q: %w", was.Key, err)
	}
	return value, nil
}

// incidentAt reads the incident of a key, with nothing but that key if there is none.
func incidentAt(incidents *bbolt.Bucket, key string) (approvals.Incident, error) {
	value := incidents.Get([]byte(key))
	if value == nil {
		return approvals.Incident{Key: key}, nil
	}
	return decodeIncident([]byte(key), value)
}

func decodeIncident(key, value []byte) (i approvals.Incident, err error) {
	if err := json.Unmarshal(value, &i); err != nil {
		return i, corrupt(bucketIncidents, key, err)
	}
	if i.Key != string(key) {
		return i, corrupt(bucketIncidents, key, fmt.Sprintf("it is %q", i.Key))
	}
	return i, nil
}

// Incidents implements approvals.Reader.
func (b *Bolt) Incidents(ctx context.Context) (all []approvals.Incident, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = b.view(func(tx *bbolt.Tx) error {
		return boltSnapshot{tx}.Incidents(func(i approvals.Incident) error { all = append(all, i); return nil })
	})
	return all, err
}

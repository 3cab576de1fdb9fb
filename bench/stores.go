package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// nothing is a store that keeps nothing: what is left of a submission without
// one. It can make requests and no more, which is all that is measured.
type nothing struct {
	unread
	last atomic.Uint64
}

// unread is the reading that a submission does, of a store that has nothing to tell.
type unread struct{ approvals.Store }

func (unread) Guest(context.Context, string) ([]approvals.Request, error) { return nil, nil }

func (unread) Domain(context.Context, string) (approvals.DomainCount, error) {
	return approvals.DomainCount{}, nil
}

func (s *nothing) Create(_ context.Context, _ string, open func(approvals.RequestID, *approvals.Request) (approvals.Change, error)) (approvals.Request, error) {
	c, err := open(approvals.NewID(s.last.Add(1)), nil)
	return c.Request, err
}

// plain is what would be written without a thought for company: one bbolt
// transaction for every request, over the rows that our own store keeps of it.
type plain struct {
	unread
	db *bbolt.DB
}

func openPlain(path string) (*plain, error) {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"meta", "requests", "trail", "live", "guests", "pending", "mine", "owed", "due"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	return &plain{db: db}, err
}

func (s *plain) Create(_ context.Context, liveKey string, open func(approvals.RequestID, *approvals.Request) (approvals.Change, error)) (r approvals.Request, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		n, err := tx.Bucket([]byte("requests")).NextSequence()
		if err != nil {
			return err
		}
		var live *approvals.Request
		if number := tx.Bucket([]byte("live")).Get([]byte(liveKey)); number != nil {
			live = &approvals.Request{}
			if err := json.Unmarshal(tx.Bucket([]byte("requests")).Get(number), live); err != nil {
				return err
			}
		}
		c, err := open(approvals.NewID(n), live)
		if err != nil {
			return err
		}
		r = c.Request
		return keepPlainly(tx, n, liveKey, c)
	})
	return r, err
}

func keepPlainly(tx *bbolt.Tx, n uint64, liveKey string, c approvals.Change) error {
	number := binary.BigEndian.AppendUint64(nil, n)
	w := writer{tx: tx}
	w.put("requests", number, c.Request)
	w.put("live", []byte(liveKey), nil, number...)
	w.put("pending", number, nil)
	w.put("guests", append([]byte(strings.ToLower(c.Request.Guest.Email)+"\x00"), number...), nil)
	w.put("mine", append([]byte(c.Request.Requester.User+"\x00"), number...), nil)
	pending := tx.Bucket([]byte("pending"))
	w.note(pending.SetSequence(pending.Sequence() + 1))
	for _, e := range c.Entries {
		w.chain(number, e)
	}
	for _, o := range c.Owed {
		due := o.Due
		if due.IsZero() {
			due = c.Request.Changed
		}
		w.put("owed", append(number, o.Kind...), approvals.Owed{Kind: o.Kind, Request: c.Request.ID, Version: 1, Due: due})
		w.put("due", append(append(dueKey(o.Kind.Lane(), due), o.Kind...), number...), nil)
	}
	return w.err
}

func dueKey(lane approvals.Lane, due time.Time) []byte {
	key := binary.BigEndian.AppendUint64([]byte(lane+"\x00"), uint64(due.Unix()))
	return binary.BigEndian.AppendUint32(key, uint32(due.Nanosecond()))
}

// writer puts rows until one cannot be put.
type writer struct {
	tx  *bbolt.Tx
	err error
}

func (w *writer) note(err error) {
	if w.err == nil {
		w.err = err
	}
}

// chain puts an entry of the trail together with the hash of it and of the one
// before it, which is the end of the trail from then on.
func (w *writer) chain(number []byte, e approvals.Entry) {
	at, err := w.tx.Bucket([]byte("trail")).NextSequence()
	w.note(err)
	text, err := json.Marshal(e)
	w.note(err)
	prev := w.tx.Bucket([]byte("meta")).Get([]byte("head"))
	head := sha256.Sum256(append(bytes.Clone(prev), text...))
	w.put("trail", binary.BigEndian.AppendUint64(number, at), map[string]any{
		"n": at, "prev": hex.EncodeToString(prev), "entry": json.RawMessage(text), "mac": hex.EncodeToString(head[:]),
	})
	w.put("meta", []byte("head"), nil, head[:]...)
}

// put writes a value as JSON, or as it is.
func (w *writer) put(bucket string, key []byte, value any, raw ...byte) {
	if value != nil {
		var err error
		raw, err = json.Marshal(value)
		w.note(err)
	}
	if w.err == nil {
		w.note(w.tx.Bucket([]byte(bucket)).Put(key, raw))
	}
}

// count is how many requests there are.
func (s *plain) count() (n int, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		n = tx.Bucket([]byte("requests")).Stats().KeyN
		return nil
	})
	return n, err
}

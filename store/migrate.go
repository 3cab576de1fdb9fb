package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// migrateFile brings a file of an older schema up to date, all of it or nothing,
// after a copy of it was put beside it and checked.
func migrateFile(db *bbolt.DB, version int, opts Options) error {
	aside, err := copyAside(db, version)
	if err != nil {
		return fmt.Errorf("copying the file before it is brought up to date: %w", err)
	}
	var m migration
	var requests int
	err = db.Update(func(tx *bbolt.Tx) error {
		m = migration{tx: tx, sealer: Keys{}.sealer(), last: map[uint64]uint64{}}
		if version == 1 {
			if err := m.toSchema2(); err != nil {
				return err
			}
		}
		requests, err = toSchema3(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("bringing the file from schema version %d to %d: %w", version, schema, err)
	}
	opts.Log.Info("the store was brought up to date", "schema", schema, "copy_of_the_old_file", aside, "requests", requests)
	logPlain(opts.Log, opts.Keys, m.head.N)
	return nil
}

// logPlain says which entries of an older schema are sealed without a key, as
// nobody can prove who wrote them.
func logPlain(log *slog.Logger, keys Keys, n uint64) {
	if !keys.Empty() && n > 0 {
		log.Warn("entries of the older schema are sealed without a key: verify with --plain-before", "plain_before", n+1)
	}
}

// copyAside copies the file to one beside it, named for its schema and for when it
// was last written. Doing so again after a crash makes the same copy.
func copyAside(db *bbolt.DB, version int) (path string, err error) {
	info, err := os.Stat(db.Path())
	if err != nil {
		return "", err
	}
	path = fmt.Sprintf("%s.schema%d-%s", db.Path(), version, info.ModTime().UTC().Format("20060102T150405Z"))
	half := path + ".part"
	if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(half, 0o600) }); err != nil {
		return "", errors.Join(err, os.Remove(half))
	}
	if err := checkCopy(half); err != nil {
		return "", errors.Join(err, os.Remove(half))
	}
	if err := os.Rename(half, path); err != nil {
		return "", err
	}
	return path, syncFolder(filepath.Dir(path))
}

// checkCopy puts a copy on the disk for good and looks at every page of it.
func checkCopy(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	db, err := openFile(path, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(db.View(checkPages), db.Close())
}

// migration is the one from schema 1. There the trail was not sealed, what people
// typed was in Detail, due had no lanes, and there was no index of guests.
type migration struct {
	tx     *bbolt.Tx
	sealer *sealer
	head   Head
	last   map[uint64]uint64 // by request, the old place of the last entry that is about a change
}

func (m *migration) toSchema2() error {
	for _, name := range [][]byte{bucketGuests, bucketIncidents, bucketProbe} {
		if _, err := m.tx.CreateBucket(name); err != nil {
			return err
		}
	}
	for _, step := range []func() error{m.indexGuests, m.sealTrail, m.laneDue} {
		if err := step(); err != nil {
			return err
		}
	}
	return m.tx.Bucket(bucketMeta).Put(keyHead, m.head.bytes())
}

func (m *migration) indexGuests() error {
	guests := m.tx.Bucket(bucketGuests)
	return m.tx.Bucket(bucketRequests).ForEach(func(k, v []byte) error {
		r, err := decodeRequest(k, v)
		if err != nil {
			return err
		}
		return moveAll(guests, nil, guestIndex(r), nil)
	})
}

// sealTrail seals the entries in the order in which they were kept. Its sequence
// was the order; where it had gaps, entries move to a lower place, which is free.
func (m *migration) sealTrail() error {
	trail := m.tx.Bucket(bucketTrail)
	var keys [][]byte
	err := trail.ForEach(func(k, v []byte) error {
		if len(k) != 2*numberSize {
			return corrupt(bucketTrail, k, "its key is not two numbers")
		}
		var e approvals.Entry
		if err := json.Unmarshal(v, &e); err != nil {
			return corrupt(bucketTrail, k, err)
		}
		if changes(e) {
			m.last[binary.BigEndian.Uint64(k)] = binary.BigEndian.Uint64(k[numberSize:])
		}
		keys = append(keys, slices.Clone(k))
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(keys, func(a, b []byte) int { return slices.Compare(a[numberSize:], b[numberSize:]) })
	for _, k := range keys {
		if err := m.sealOne(trail, k); err != nil {
			return err
		}
	}
	return trail.SetSequence(0)
}

func (m *migration) sealOne(trail *bbolt.Bucket, k []byte) error {
	var e approvals.Entry
	if err := json.Unmarshal(trail.Get(k), &e); err != nil {
		return corrupt(bucketTrail, k, err)
	}
	number := binary.BigEndian.Uint64(k)
	r, err := requestAt(m.tx.Bucket(bucketRequests), approvals.NewID(number))
	if err != nil {
		return corrupt(bucketTrail, k, err)
	}
	u, err := encodeEntry(partWords(e), r, opens(e))
	if err != nil {
		return fmt.Errorf("encoding the trail of %s: %w", r.ID, err)
	}
	if m.last[number] == binary.BigEndian.Uint64(k[numberSize:]) {
		if u.is, err = m.sealer.digest(r, ""); err != nil {
			return err
		}
	}
	if err := trail.Delete(k); err != nil {
		return err
	}
	var record []byte
	record, m.head = m.sealer.seal(m.head, u)
	return trail.Put(trailKey(number, m.head.N), record)
}

// partWords moves what people typed, and who the guest is, out of the detail of an
// entry of schema 1.
func partWords(e approvals.Entry) approvals.Entry {
	switch e.Event {
	case "opened":
		e.Detail, e.Words, _ = strings.Cut(e.Detail, " for ")
	case "voted":
		e.Detail, e.Words, _ = strings.Cut(e.Detail, ": ")
	case "delayed", "refused by Entra":
		e.Detail, e.Words = "", e.Detail
	}
	return e
}

// laneDue makes the bucket due anew. A row that cannot be read is passed over
// later as it was before.
func (m *migration) laneDue() error {
	if err := m.tx.DeleteBucket(bucketDue); err != nil {
		return err
	}
	due, err := m.tx.CreateBucket(bucketDue)
	if err != nil {
		return err
	}
	return m.tx.Bucket(bucketOwed).ForEach(func(k, v []byte) error {
		o, err := decodeOwed(k, v)
		if err != nil {
			return nil //nolint:nilerr // it has no due time that could be read
		}
		return due.Put(rowOf(o).dueKey(o.Due), nil)
	})
}

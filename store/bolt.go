package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"partnerbot/approvals"
)

// The buckets of the file. Numbers are those of INV-n: eight bytes, big-endian,
// so that keys sort as requests were made; so is a place in the trail. Values are
// JSON unless said otherwise.
//
//	bucket     key                                         value            bucket sequence
//	meta       "schema"                                    decimal number
//	meta       "head"                                      place, 32 bytes of seal
//	meta       "signer"                                    name of the key of that seal
//	meta       "filling"                                   nothing
//	probe      nothing but one key                         zeros that Writable wrote
//	requests   number                                      Request          last number given out
//	trail      number, place                               record, sealed (seal.go)
//	live       LiveKey (e-mail, 0x00, access)              number
//	live       e-mail in small letters, 0x00, 0x00, number number
//	guests     e-mail in small letters, 0x00, number       nothing
//	domains    base of a mail domain                       how many requests: pending, live, active, past (8 bytes each)
//	decided    base of a mail domain, 0x00, when it was decided (12 bytes), number  nothing
//	pending    number                                      nothing          how many wait for a person
//	mine       requester's user ID, 0x00, number           nothing
//	owed       number, kind                                Owed
//	due        lane, 0x00, due time (12 bytes), kind, number  nothing
//	incidents  key                                         Incident
//	delegations  user ID of whose right it is              Delegation
//
// live holds live requests only, one for several guests also by each of them;
// pending holds those that wait for a person, guests all whose guest was not
// erased, by each guest; domains and decided say what Domain tells. Entries about
// delegations are in the trail under the number 0. Every row of owed has one of
// due, and the other way round. filling is there while a copy is put into the
// file, and never else.
var (
	bucketMeta        = []byte("meta")
	bucketProbe       = []byte("probe")
	bucketRequests    = []byte("requests")
	bucketTrail       = []byte("trail")
	bucketLive        = []byte("live")
	bucketGuests      = []byte("guests")
	bucketPending     = []byte("pending")
	bucketMine        = []byte("mine")
	bucketOwed        = []byte("owed")
	bucketDue         = []byte("due")
	bucketIncidents   = []byte("incidents")
	bucketDomains     = []byte("domains")
	bucketDecided     = []byte("decided")
	bucketDelegations = []byte("delegations")

	keySchema  = []byte("schema")
	keyHead    = []byte("head")
	keySigner  = []byte("signer")
	keyFilling = []byte("filling")
	keyProbe   = []byte("probe")
)

// buckets are all of them.
func buckets() [][]byte {
	return [][]byte{
		bucketMeta, bucketProbe, bucketRequests, bucketTrail, bucketLive, bucketGuests,
		bucketPending, bucketMine, bucketOwed, bucketDue, bucketIncidents,
		bucketDomains, bucketDecided, bucketDelegations,
	}
}

// schema is the version of the table above. A change of its meaning adds one.
const schema = 3

// How a store can be unusable. Open's errors say which file and what to do.
var (
	ErrInUse       = errors.New("the file is in use by another process")
	ErrNotStore    = errors.New("what is there is not a partnerbot store")
	ErrNewerSchema = errors.New("it was written by a newer partnerbot")
	ErrNoFolder    = errors.New("the folder does not exist")
	ErrHalfFilled  = errors.New("a copy into it was not finished")
)

// ErrClosed is returned by everything that is asked of a closed store.
var ErrClosed = errors.New("the store is closed")

// ErrUnsure is wrapped by errors about a write that was under way when whoever
// waited for it had no more time: it may be kept or not.
var ErrUnsure = errors.New("the write was not answered in time")

// ErrCorrupt is wrapped by errors about a value that cannot be what was written.
var ErrCorrupt = errors.New("corrupt value")

// Options are what an operator may choose. The zero value is good.
type Options struct {
	// Timeout is how long Open waits for another process to let go of the file;
	// 0 means 300 ms, enough for a restart that overlaps a little.
	Timeout time.Duration
	// Keys seal the trail. Without the one that its end is sealed with, Open
	// refuses the file with ErrNoKey.
	Keys Keys
	// Reading opens the file all the same; then whatever is written is refused so.
	Reading bool
	// Quiet is how long a write that was kept proves that the next one will be;
	// 0 means 10 s.
	Quiet time.Duration
	// Log is told of rows that cannot be read, and of a file that was brought up
	// to date; nil is silence.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 300 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Bolt keeps requests in one file, of which it is the only user. All methods
// may be called by any number of goroutines.
type Bolt struct {
	committer[*tables]
	db      *bbolt.DB
	log     *slog.Logger
	sealer  *sealer // the committer's
	lacks   error   // why nothing may be written
	skipped skipped
	health  *health
	filling sync.Mutex // held by who writes: the committer, or Fill
	wg      sync.WaitGroup
}

var (
	_ approvals.Store = (*Bolt)(nil)
	_ Archive         = (*Bolt)(nil)
)

const (
	// mapped is how much of the address space a file has from the start. bbolt
	// would else move its mapping as the file grows, and let all writers wait until
	// nobody reads any more: a backup takes long. It costs no memory and no disk.
	mapped = min(16<<30, math.MaxInt/2)
	// growth is by how much the file grows.
	growth = 4 << 20
)

// Open opens the store in a file, or makes it. A file of an older partnerbot is
// brought up to date, after a copy of it was put beside it. Rows of work that were
// in hand when the last process ended are free again.
func Open(path string, opts Options) (*Bolt, error) {
	opts = opts.withDefaults()
	db, err := openFile(path, bbolt.Options{Timeout: opts.Timeout, InitialMmapSize: mapped})
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	db.AllocSize = growth
	if err := prepare(db, opts); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, errors.Join(ofDisk(err), db.Close()))
	}
	lacks := lackingIn(db, opts.Keys)
	if lacks != nil && !opts.Reading {
		return nil, fmt.Errorf("opening the store %s: %w", path, errors.Join(lacks, db.Close()))
	}
	b := &Bolt{db: db, lacks: lacks, log: opts.Log, sealer: opts.Keys.sealer(), health: newHealth(opts.Quiet)}
	b.committer = newCommitter(b.transact)
	b.wg.Go(b.commitAll)
	return b, nil
}

// lackingIn is why nothing may be added to the trail of a file, nil if it may.
func lackingIn(db *bbolt.DB, keys Keys) error {
	return db.View(func(tx *bbolt.Tx) error { return keys.lacking(string(tx.Bucket(bucketMeta).Get(keySigner))) })
}

// Close finishes the writes that are waiting, refuses new ones and lets go of
// the file. Closing twice is harmless.
func (b *Bolt) Close() error {
	b.queue.close()
	b.wg.Wait()
	b.health.stop()
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// openFile locks and maps the file, and words what stands against it. One that was
// cut short is refused before anything is read where it has no bytes any more,
// which would end the process.
func openFile(path string, opts bbolt.Options) (*bbolt.DB, error) {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || (err == nil && !info.IsDir()) {
		return nil, fmt.Errorf("%w: make %s first, or name another file", ErrNoFolder, folder)
	}
	err := wholeFile(path, opts)
	if err == nil {
		var db *bbolt.DB
		if db, err = bbolt.Open(path, 0o600, &opts); err == nil {
			return db, nil
		}
	}
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: stop the other partnerbot, or give this one a file of its own", ErrInUse)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w: name another file, or put a backup in its place (%w)", ErrNotStore, err)
	}
	return nil, ofDisk(err)
}

// wholeFile compares the size of a file, if there is one, with what it says of
// itself. It only looks: to write, bbolt reads all over the file as it opens it.
func wholeFile(path string, opts bbolt.Options) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // it is made, or cannot be, when it is opened
	}
	opts.ReadOnly, opts.InitialMmapSize = true, 0
	db, err := bbolt.Open(path, 0o600, &opts)
	if err != nil {
		return err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		info, err := os.Stat(path)
		if err == nil && info.Size() < tx.Size() {
			err = fmt.Errorf("%w: it ends after %d bytes of %d; only a backup that is whole can take its place", ErrDamaged, info.Size(), tx.Size())
		}
		return err
	})
	return errors.Join(err, db.Close())
}

// prepare makes the buckets of a new file and brings those of an older one up to
// date. A file that is not ours, or newer than this program, is left as it is.
func prepare(db *bbolt.DB, opts Options) error {
	version := 0
	err := db.View(func(tx *bbolt.Tx) (err error) {
		if first, _ := tx.Cursor().First(); first == nil {
			return nil
		}
		version, err = versionOf(tx)
		return err
	})
	switch {
	case err != nil || version == schema:
		return err
	case version > 0:
		return migrateFile(db, version, opts)
	}
	if err := db.Update(makeBuckets); err != nil {
		return fmt.Errorf("making the buckets: %w", err)
	}
	return syncFolder(filepath.Dir(db.Path()))
}

// versionOf is the schema of a file that this program can use.
func versionOf(tx *bbolt.Tx) (int, error) {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return 0, fmt.Errorf("%w: another program keeps its data there; name another file", ErrNotStore)
	}
	text := string(meta.Get(keySchema))
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return 0, fmt.Errorf("%w: its schema version %q is no number", ErrNotStore, text)
	case n > schema:
		return 0, fmt.Errorf("%w: it has schema version %d and this program knows %d; install the newer one again", ErrNewerSchema, n, schema)
	case meta.Get(keyFilling) != nil:
		return 0, fmt.Errorf("%w: delete the file and copy again", ErrHalfFilled)
	}
	return n, nil
}

func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(bucketMeta)
	if err := meta.Put(keyHead, Head{}.bytes()); err != nil {
		return err
	}
	return meta.Put(keySchema, []byte(strconv.Itoa(schema)))
}

// syncFolder makes sure that the name of a new file survives a power cut too.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

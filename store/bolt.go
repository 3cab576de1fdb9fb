package store

import (
	"errors"
	"fmt"
	"io/fs"
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
// so that keys sort as requests were made. Values are JSON unless said otherwise.
//
//	bucket    key                                value            bucket sequence
//	meta      "schema"                           decimal number
//	requests  number                             Request          last number given out
//	trail     number, sequence                   Entry            last sequence given out
//	live      LiveKey (e-mail, 0x00, access)     number
//	pending   number                             nothing          how many wait for a person
//	mine      requester's user ID, 0x00, number  nothing
//	owed      number, kind                       Owed
//	due       due time (12 bytes), kind, number  nothing
//
// live holds live requests only, pending those that wait for a person. Every row of owed
// has one of due, and the other way round.
var (
	bucketMeta     = []byte("meta")
	bucketRequests = []byte("requests")
	bucketTrail    = []byte("trail")
	bucketLive     = []byte("live")
	bucketPending  = []byte("pending")
	bucketMine     = []byte("mine")
	bucketOwed     = []byte("owed")
	bucketDue      = []byte("due")

	keySchema = []byte("schema")
)

// schema is the version of the table above. A change of its meaning adds one.
const schema = 1

// How a store can be unusable. Open's errors say which file and what to do.
var (
	ErrInUse       = errors.New("the file is in use by another process")
	ErrNotStore    = errors.New("what is there is not a partnerbot store")
	ErrNewerSchema = errors.New("it was written by a newer partnerbot")
	ErrNoFolder    = errors.New("the folder does not exist")
)

// ErrClosed is returned by everything that is asked of a closed store.
var ErrClosed = errors.New("the store is closed")

// ErrCorrupt is wrapped by errors about a value that cannot be what was written.
var ErrCorrupt = errors.New("corrupt value")

// Options are what an operator may choose. The zero value is good.
type Options struct {
	// Timeout is how long Open waits for another process to let go of the file;
	// 0 means 300 ms, enough for a restart that overlaps a little.
	Timeout time.Duration
}

// Bolt keeps requests in one file, of which it is the only user. All methods
// may be called by any number of goroutines.
type Bolt struct {
	committer[*tables]
	db *bbolt.DB
	wg sync.WaitGroup
}

var _ approvals.Store = (*Bolt)(nil)

// Open opens the store in a file, or makes it. Rows of work that were in hand
// when the last process ended are free again.
func Open(path string, opts Options) (*Bolt, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = 300 * time.Millisecond
	}
	db, err := openFile(path, opts.Timeout)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	if err := prepare(db); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, errors.Join(err, db.Close()))
	}
	b := &Bolt{db: db}
	b.committer = newCommitter(b.transact)
	b.wg.Go(b.commitAll)
	return b, nil
}

// Close finishes the writes that are waiting, refuses new ones and lets go of
// the file. Closing twice is harmless.
func (b *Bolt) Close() error {
	b.queue.close()
	b.wg.Wait()
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// openFile locks and maps the file, and words what stands against it.
func openFile(path string, timeout time.Duration) (*bbolt.DB, error) {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || (err == nil && !info.IsDir()) {
		return nil, fmt.Errorf("%w: make %s first, or name another file", ErrNoFolder, folder)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: timeout})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: stop the other partnerbot, or give this one a file of its own", ErrInUse)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w: name another file, or put a backup in its place (%w)", ErrNotStore, err)
	}
	return nil, err
}

// prepare makes the buckets of a new file. A file that is not ours, or newer
// than this program, is left as it is.
func prepare(db *bbolt.DB) error {
	fresh := false
	err := db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			first, _ := tx.Cursor().First()
			if fresh = first == nil; fresh {
				return nil
			}
			return fmt.Errorf("%w: another program keeps its data there; name another file", ErrNotStore)
		}
		return checkSchema(string(meta.Get(keySchema)))
	})
	if err != nil || !fresh {
		return err
	}
	if err := db.Update(makeBuckets); err != nil {
		return fmt.Errorf("making the buckets: %w", err)
	}
	return syncFolder(filepath.Dir(db.Path()))
}

func checkSchema(text string) error {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("%w: its schema version %q is no number", ErrNotStore, text)
	case n > schema:
		return fmt.Errorf("%w: it has schema version %d and this program knows %d; install the newer one again", ErrNewerSchema, n, schema)
	}
	return nil
}

func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketMeta, bucketRequests, bucketTrail, bucketLive, bucketPending, bucketMine, bucketOwed, bucketDue} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketMeta).Put(keySchema, []byte(strconv.Itoa(schema)))
}

// syncFolder makes sure that the name of a new file survives a power cut too.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.etcd.io/bbolt"
)

// Backup writes the file as it is at one moment, whatever is written meanwhile,
// and returns its size. What comes out is a store that Open opens.
func (b *Bolt) Backup(ctx context.Context, w io.Writer) (size int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p := &patient{ctx: ctx, to: w}
	err = b.view(func(tx *bbolt.Tx) (err error) {
		size, err = tx.WriteTo(p)
		return cmp.Or(p.err, err) // bbolt keeps only the words of an error
	})
	if err != nil {
		return size, fmt.Errorf("backing up the store: %w", ofDisk(err))
	}
	return size, nil
}

// patient is a writer until its context ends. It remembers what went wrong.
type patient struct {
	ctx context.Context
	to  io.Writer
	err error
}

func (p *patient) Write(b []byte) (n int, err error) {
	if p.err = p.ctx.Err(); p.err == nil {
		n, p.err = p.to.Write(b)
	}
	return n, p.err
}

// Errors of CheckFile. A file that is damaged is no backup; one whose trail does
// not verify is a true copy of a store that was tampered with.
var (
	ErrDamaged  = errors.New("the file is damaged")
	ErrTampered = errors.New("the audit trail does not verify")
)

// CheckFile reads all of a file that nobody has open, and changes nothing in it:
// its schema version, every page, every request, row and entry, and the trail as
// far as keys prove it: with any, entries before plainBefore may have been sealed
// without. With ErrTampered there are Counts too.
func CheckFile(ctx context.Context, path string, keys Keys, plainBefore uint64) (Counts, error) {
	db, err := openFile(path, bbolt.Options{Timeout: 300 * time.Millisecond, ReadOnly: true})
	if err != nil {
		return Counts{}, fmt.Errorf("checking %s: %w", path, err)
	}
	var c Counts
	err = db.View(func(tx *bbolt.Tx) (err error) {
		c, err = checkAll(ctx, tx, keys, plainBefore)
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return c, fmt.Errorf("checking %s: %w", path, err)
	}
	return c, nil
}

func checkAll(ctx context.Context, tx *bbolt.Tx, keys Keys, plainBefore uint64) (Counts, error) {
	version, err := versionOf(tx)
	switch {
	case err != nil:
		return Counts{}, err
	case version != schema:
		return Counts{}, fmt.Errorf("it has schema version %d and this program writes %d: open it once with serve, which brings it up to date", version, schema)
	}
	if err := checkPages(tx); err != nil {
		return Counts{}, err
	}
	if _, err := headAt(tx.Bucket(bucketMeta)); err != nil {
		return Counts{}, err
	}
	s := boltSnapshot{tx}
	c, err := Count(ctx, s)
	if err != nil {
		return Counts{}, err
	}
	report, err := Verify(ctx, s, keys, VerifyOptions{PlainBefore: plainBefore, Limit: 1})
	if err == nil && !report.Good() {
		err = fmt.Errorf("%w: %s", ErrTampered, report.Findings[0])
	}
	return c, err
}

// checkPages is bbolt's own look at every page.
func checkPages(tx *bbolt.Tx) error {
	var first error
	for err := range tx.Check() { // to the end, for its goroutine to end
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, first)
	}
	return nil
}

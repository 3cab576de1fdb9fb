package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
	"partnerbot/cmd/partnerbot/config"
	"partnerbot/store"
)

type backupCmd struct {
	Where       whichStore `embed:""`
	Out         string     `help:"The new file for it." required:"" type:"path" placeholder:"FILE"`
	PlainBefore uint64     `help:"Entries before this one may be sealed without a key." placeholder:"N"`
}

// Run writes what the store holds now into a new bbolt file, which is there only
// if it was read again and found whole. `serve` goes on meanwhile.
func (c backupCmd) Run(ctx context.Context, p program) error {
	at, err := c.Where.place(p)
	if err != nil {
		return err
	}
	var counts store.Counts
	var doubt error
	err = publishAs(c.Out, func(draft string) error {
		if err := at.copyTo(ctx, draft, p); err != nil {
			return err
		}
		counts, doubt, err = at.fileAt(draft).check(ctx, p, c.PlainBefore)
		return err
	})
	if err != nil {
		return fmt.Errorf("backing up %s: %w", at, err)
	}
	if _, err := fmt.Fprintf(p.out, "%s holds %s.\n", c.Out, inWords(counts)); err != nil {
		return err
	}
	if doubt != nil {
		return fmt.Errorf("the backup is made and is as the store is, but %w", doubt)
	}
	return nil
}

// fileAt is a bbolt file whose trail is sealed with the same keys.
func (a place) fileAt(path string) place {
	return place{Store: config.Store{Bolt: path}, keys: a.keys, log: a.log}
}

// copyTo makes a bbolt file with all that the store holds now, and nothing that
// it held once: what was erased is in no backup that is made later.
func (a place) copyTo(ctx context.Context, path string, p program) error {
	if a.Bolt == "" {
		return a.copyDatabase(ctx, path, p)
	}
	pages := path + ".pages"
	if err := a.copyPages(ctx, pages, p); err != nil {
		return err
	}
	return errors.Join(compact(path, pages), os.Remove(pages))
}

// copyPages makes a file with every page of the store's, the free ones too.
func (a place) copyPages(ctx context.Context, path string, p program) error {
	line, serves, err := a.serving(ctx)
	if err != nil {
		return err
	}
	if serves {
		defer line.hangUp()
		return line.backup(ctx, path)
	}
	db, err := a.reading().open(ctx)
	if err != nil {
		return err
	}
	if err := a.warnOf(ctx, db, p); err != nil {
		return errors.Join(err, db.Close())
	}
	file, ok := db.(*store.Bolt)
	if !ok {
		return errors.Join(fmt.Errorf("%s has no pages to copy", a), db.Close())
	}
	err = writeNew(path, func(w io.Writer) error {
		_, err := file.Backup(ctx, w)
		return err
	})
	return errors.Join(err, file.Close())
}

// warnOf tells whoever backs up a store that it is not where the company is.
func (a place) warnOf(ctx context.Context, db books, p program) error {
	return db.Snapshot(ctx, func(s store.Snapshot) error { return p.warnIfMoved(a.String(), s) })
}

// compactAtOnce is how many bytes are copied in one transaction.
const compactAtOnce = 16 << 20

// compact makes a file with what another holds.
func compact(path, from string) error {
	source, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	target, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return errors.Join(err, source.Close())
	}
	err = bbolt.Compact(target, source, compactAtOnce)
	return errors.Join(err, target.Sync(), target.Close(), source.Close())
}

func (a place) copyDatabase(ctx context.Context, path string, p program) error {
	db, err := a.reading().open(ctx)
	if err != nil {
		return err
	}
	if err := a.warnOf(ctx, db, p); err != nil {
		return errors.Join(err, db.Close())
	}
	file, err := a.fileAt(path).make(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	_, err = store.Copy(ctx, db, file, p.progress("copying", "requests and entries"))
	return errors.Join(err, file.Close(), db.Close())
}

// inWords says what a store holds.
func inWords(c store.Counts) string {
	var states []string
	for _, s := range approvals.States() {
		if n := c.Requests[s]; n > 0 {
			states = append(states, fmt.Sprintf("%d %s", n, s))
		}
	}
	text := fmt.Sprintf("%d requests", c.Total())
	if len(states) > 0 {
		text += " (" + strings.Join(states, ", ") + ")"
	}
	return text + fmt.Sprintf(", %d entries of the trail, %d rows of owed work, %d incidents; head %s", c.Entries, c.Rows, c.Incidents, c.Head)
}

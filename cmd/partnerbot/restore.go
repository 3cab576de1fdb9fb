package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"partnerbot/approvals"
	"partnerbot/store"
)

type restoreCmd struct {
	Where       whichStore `embed:""`
	From        string     `help:"The backup." required:"" type:"path" placeholder:"FILE"`
	PlainBefore uint64     `help:"Entries before this one may be sealed without a key." placeholder:"N"`
	Unverified  bool       `help:"Restore even if the trail in it does not hold."`
}

// Run fills a store that is not there yet, or is empty, from a backup. The
// backup stays as it is; a store that holds anything does too.
func (c restoreCmd) Run(ctx context.Context, p program) error {
	at, err := c.Where.place(p)
	if err != nil {
		return err
	}
	if err := c.mustBeFile(); err != nil {
		return err
	}
	counts, err := c.restore(ctx, at, p)
	switch {
	case errors.Is(err, store.ErrNotEmpty):
		return fmt.Errorf("restoring into %s: %w, and a restore replaces nothing: name a store that is not there yet, or move this one away", at, err)
	case err != nil:
		return fmt.Errorf("restoring into %s: %w", at, err)
	}
	_, err = fmt.Fprintf(p.out, "%s holds %s.\n", at, inWords(counts))
	return err
}

func (c restoreCmd) restore(ctx context.Context, at place, p program) (counts store.Counts, err error) {
	if err := at.mustBeFree(ctx); err != nil {
		return counts, err
	}
	folder, err := os.MkdirTemp("", "partnerbot-")
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := at.fileAt(filepath.Join(folder, "backup.db")).reading()
	if err := writeNew(copied.Bolt, func(w io.Writer) error { return readInto(w, c.From) }); err != nil {
		return counts, fmt.Errorf("copying the backup (TMPDIR names another folder): %w", err)
	}
	from, err := copied.open(ctx) // which brings what an older version wrote up to date
	if err != nil {
		return counts, fmt.Errorf("reading %s: %w", c.From, err)
	}
	if err := from.Close(); err != nil {
		return counts, err
	}
	_, doubt, err := copied.check(ctx, p, c.PlainBefore)
	switch {
	case err != nil:
		return counts, fmt.Errorf("checking %s: %w", c.From, err)
	case doubt != nil && !c.Unverified:
		return counts, fmt.Errorf("%s is readable, but %w; --unverified restores it all the same", c.From, doubt)
	}
	if from, err = copied.open(ctx); err != nil {
		return counts, err
	}
	counts, err = at.receive(ctx, from, p, func(db books) error { return showAgain(ctx, db) })
	return counts, errors.Join(err, from.Close())
}

// mustBeFile refuses what cannot be a backup by what it is.
func (c restoreCmd) mustBeFile() error {
	info, err := os.Stat(c.From)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no backup at %s: name the file that `partnerbot backup --out` wrote", absolute(c.From))
	case err != nil:
		return fmt.Errorf("reading the backup: %w", err)
	case info.IsDir():
		return fmt.Errorf("%s is a folder: name the backup in it, which is one file", absolute(c.From))
	}
	return nil
}

func readInto(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return errors.Join(err, file.Close())
}

// showAgain has Slack brought to what restored requests say. What is shown there
// may be newer than the backup.
func showAgain(ctx context.Context, db books) error {
	var going []approvals.RequestID
	err := db.Snapshot(ctx, func(s store.Snapshot) error {
		return s.Requests(func(number uint64, doc []byte) error {
			var r struct{ State approvals.State }
			if err := json.Unmarshal(doc, &r); err != nil {
				return err
			}
			if !slices.Contains([]approvals.State{approvals.Denied, approvals.Cancelled, approvals.TimedOut, approvals.Ended}, r.State) {
				going = append(going, approvals.NewID(number))
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(64) // they share commits
	for _, id := range going {
		group.Go(func() error {
			_, err := db.Update(ctx, id, unshown)
			return err
		})
	}
	return group.Wait()
}

// unshown owes what Slack shows of a request anew.
func unshown(r approvals.Request) (approvals.Change, error) {
	r.Shown.Cards, r.Shown.Admins = slices.Clone(r.Shown.Cards), slices.Clone(r.Shown.Admins)
	r.Shown.Direct.Version = 0
	for _, all := range [][]approvals.Posted{r.Shown.Cards, r.Shown.Admins} {
		for i := range all {
			all[i].Version = 0
		}
	}
	owed := []approvals.Owing{{Kind: approvals.WorkCards}, {Kind: approvals.WorkDirect}, {Kind: approvals.WorkFailure}}
	return approvals.Change{Request: r, Owed: owed}, nil
}

// receive copies all of another store into this one, which must not be there yet
// or be empty, and compares the two. then is the last step before a new file
// takes its name.
func (a place) receive(ctx context.Context, from books, p program, then func(books) error) (counts store.Counts, err error) {
	if a.Bolt == "" || absent(a.Bolt) != nil {
		return a.fill(ctx, from, p, then)
	}
	err = publishAs(a.Bolt, func(draft string) error {
		counts, err = a.fileAt(draft).fill(ctx, from, p, then)
		return err
	})
	return counts, err
}

func (a place) fill(ctx context.Context, from books, p program, then func(books) error) (counts store.Counts, err error) {
	to, err := a.make(ctx)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if counts, err = store.Copy(ctx, from, to, p.progress("copying", "requests and entries")); err != nil {
		return counts, err
	}
	return counts, then(to)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"partnerbot/approvals"
	"partnerbot/cmd/partnerbot/config"
	"partnerbot/store"
)

// whichStore is what every operator's command takes.
type whichStore struct {
	Config string `help:"The configuration file that names the store." default:"partnerbot.yaml" type:"path" placeholder:"FILE"`
	Store  string `help:"The store itself, instead of a configuration: bolt:FILE or postgres://USER@HOST/DATABASE." placeholder:"STORE"`
}

// place is a store and the keys that seal its trail.
type place struct {
	config.Store
	keys store.Keys
	log  *slog.Logger
	// reads says that nothing is written, so that the key of the trail may be missing.
	reads bool
}

// reading is the same place, to be opened without writing to it.
func (a place) reading() place {
	a.reads = true
	return a
}

// place finds the store. What is wrong with its address or the keys is a wrong usage.
func (w whichStore) place(p program) (place, error) {
	at, keys, err := config.LoadStore(w.Config, w.Store, os.ReadFile, p.env)
	if err != nil {
		return place{}, usageError{err}
	}
	return place{Store: at, keys: keys, log: p.log()}, nil
}

// log is for what a store has to say while a command uses it.
func (p program) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.err, nil))
}

// books is a store as its operators need it.
type books interface {
	approvals.Store
	store.Archive
	Close() error
}

// open opens the store for this process alone if it is a file. A file must be
// there: only `serve`, `restore` and `copy` make one.
func (a place) open(ctx context.Context) (books, error) {
	if a.Bolt == "" {
		return a.make(ctx)
	}
	if _, err := os.Stat(a.Bolt); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no store at %s: name the file that `store` in the configuration names", absolute(a.Bolt))
	}
	return a.make(ctx)
}

// absolute is a path as it is from anywhere, for what people read and compare.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// make is open for a store that may not be there yet.
func (a place) make(ctx context.Context) (books, error) {
	if a.Bolt == "" {
		address, _ := a.As("command")
		db, err := store.OpenPostgres(ctx, address, store.PostgresOptions{Keys: a.keys, Reading: a.reads, Log: a.log})
		if err != nil {
			return nil, err
		}
		return db, nil
	}
	db, err := store.Open(a.Bolt, store.Options{Keys: a.keys, Reading: a.reads, Log: a.log})
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("%w; if it is `partnerbot serve`, its log says why it takes no commands at %s", err, socketOf(a.Bolt))
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// read gives fn what the store holds now. A file that `serve` has open is read
// from a copy, which is gone when read returns: nothing is held up by a reader,
// however slow.
func (a place) read(ctx context.Context, fn func(store.Snapshot) error) error {
	line, serves, err := a.serving(ctx)
	if err != nil {
		return err
	}
	if serves {
		defer line.hangUp()
		return a.readCopy(ctx, line, fn)
	}
	db, err := a.reading().open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(db.Snapshot(ctx, fn), db.Close())
}

func (a place) readCopy(ctx context.Context, line *line, fn func(store.Snapshot) error) (err error) {
	folder, err := os.MkdirTemp("", "partnerbot-")
	if err != nil {
		return fmt.Errorf("making room for a copy of the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := a.fileAt(filepath.Join(folder, "copy.db"))
	if err := line.backup(ctx, copied.Bolt); err != nil {
		return fmt.Errorf("copying the store into %s (TMPDIR names another folder): %w", folder, err)
	}
	db, err := copied.reading().open(ctx)
	if err != nil {
		return err
	}
	// Whatever becomes of this process, the copy does not stay: an open file needs no name.
	_ = os.RemoveAll(folder)
	return errors.Join(db.Snapshot(ctx, fn), db.Close())
}

// progressEvery is how often something long says how far it is.
const progressEvery = 2 * time.Second

// progress returns what tells on standard error how far something has come: not
// at all if it is done before the first time to tell.
func (p program) progress(doing, what string) func(done, total uint64) {
	next := time.Now().Add(progressEvery)
	return func(done, total uint64) {
		if now := time.Now(); now.After(next) {
			next = now.Add(progressEvery)
			p.say(fmt.Sprintf("%s: %d of %d %s", doing, done, total, what))
		}
	}
}

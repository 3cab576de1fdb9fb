package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// publish makes a new file, for this user alone: it is there whole or not at
// all, and takes no other file's place.
func publish(path string, write func(io.Writer) error) error {
	return publishAs(path, func(draft string) error { return writeNew(draft, write) })
}

// publishAs is publish for what makes a file by its name, of which it is given
// one beside path. What is not published is removed.
func publishAs(path string, draw func(draft string) error) (err error) {
	if err := absent(path); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".partnerbot-")
	if err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	draft := filepath.Join(folder, filepath.Base(path))
	if err := draw(draft); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil { // unlike a rename it replaces nothing
		if taken := absent(path); taken != nil {
			return taken
		}
		if err := os.Rename(draft, path); err != nil { // a file system without links
			return err
		}
	}
	return syncFolder(filepath.Dir(path))
}

// absent refuses a name that is taken.
func absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s is there already and stays as it is: name another file", path)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// syncFolder makes sure that a new name survives a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// writeNew writes a new file, for this user alone, and returns when it is on disk.
func writeNew(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Sync(), file.Close())
}

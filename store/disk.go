package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// Why a disk keeps nothing. The store goes on by itself when that is over;
// nothing that was acknowledged is lost.
var (
	ErrNoRoom   = errors.New("there is no room on the disk")
	ErrReadOnly = errors.New("the disk cannot be written")
)

// ofDisk adds what an operator should do to an error of the disk.
func ofDisk(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrNoRoom) || errors.Is(err, ErrReadOnly):
		return err
	case because(err, syscall.ENOSPC):
		return fmt.Errorf("%w: make some, it goes on by itself (%w)", ErrNoRoom, err)
	case because(err, syscall.EDQUOT), because(err, syscall.EFBIG):
		return fmt.Errorf("%w: the file may not grow further, raise the limit, it goes on by itself (%w)", ErrNoRoom, err)
	case because(err, syscall.EROFS):
		return fmt.Errorf("%w: it is mounted read-only, mount it for writing (%w)", ErrReadOnly, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: let the user that runs partnerbot write the file and its folder (%w)", ErrReadOnly, err)
	}
	return err
}

// because reports whether an error is of that number. bbolt keeps only the words
// of some.
func because(err error, number syscall.Errno) bool {
	return errors.Is(err, number) || strings.HasSuffix(err.Error(), ": "+number.Error())
}

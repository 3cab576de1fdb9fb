package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"partnerbot/approvals"
	"partnerbot/store"
)

// roomFile names the variable that tells the test binary to be the process whose
// file may not grow.
const roomFile = "PARTNERBOT_STORE_ROOM_FILE"

// runOutOfRoom writes until the file may not grow, reads, and goes on when it may again.
func runOutOfRoom(path string) error {
	s, err := store.Open(path, store.Options{})
	if err != nil {
		return err
	}
	ctx, kept, asked := context.Background(), atomic.Int64{}, atomic.Int64{}
	add := func() error {
		email := guestNo(int(asked.Add(1)))
		_, err := s.Create(ctx, approvals.LiveKey(email, "falcon"), openChange(email))
		if err == nil {
			kept.Add(1)
		}
		return err
	}
	var whole syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &whole); err != nil {
		return err
	}
	for round, share := range []uint64{1, 1, 2, 8} { // of the file that may be written
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		tight := syscall.Rlimit{Cur: uint64(info.Size()) / share, Max: whole.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
			return err
		}
		addMany(add)
		for err = nil; err == nil; err = add() {
		}
		if err := noRoom("creating", err); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if share == 1 { // else it depends on where in the file there is room
			if err := errors.Join(noRoom("trying", s.Writable(ctx)), noRoom("once more", add())); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
		if page, err := s.List(ctx, approvals.Query{Pending: true}); err != nil || int64(page.Total) != kept.Load() {
			return fmt.Errorf("round %d: %d of %d are listed: %w", round, page.Total, kept.Load(), err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &whole); err != nil {
			return err
		}
		if err := errors.Join(s.Writable(ctx), add()); err != nil {
			return fmt.Errorf("round %d, with room again: %w", round, err)
		}
	}
	if err := s.Close(); err != nil {
		return err
	}
	counts, err := store.CheckFile(ctx, path, store.Keys{}, 0)
	if err == nil && counts.Total() != uint64(kept.Load()) {
		err = fmt.Errorf("%d requests are there; %d were kept", counts.Total(), kept.Load())
	}
	return err
}

// addMany adds with many hands until one of them fails.
func addMany(add func() error) {
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for add() == nil {
			}
		})
	}
	wg.Wait()
}

func noRoom(what string, err error) error {
	if !errors.Is(err, store.ErrNoRoom) || !strings.Contains(err.Error(), "goes on by itself") {
		return fmt.Errorf("%s without room: %w", what, err)
	}
	return nil
}

func TestTheStoreGoesOnWhenThereIsRoomAgain(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), roomFile+"="+filepath.Join(t.TempDir(), "requests.db"))
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAFolderThatCannotBeWrittenIsSaid(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want error
		says string
	}{
		"no room":           {&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, store.ErrNoRoom, "make some"},
		"no room, in words": {errors.New("file resize error: truncate x: no space left on device"), store.ErrNoRoom, "make some"},
		"a file too large":  {errors.New("file resize error: truncate x: file too large"), store.ErrNoRoom, "raise the limit"},
		"a quota":           {&os.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT}, store.ErrNoRoom, "raise the limit"},
		"a read-only disk":  {&os.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, store.ErrReadOnly, "mount it for writing"},
		"somebody else's":   {&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, store.ErrReadOnly, "let the user"},
		"something else":    {errTest, errTest, "no, thank you"},
		"nothing":           {nil, nil, "<nil>"},
	} {
		err := store.OfDisk(tt.err)
		if !errors.Is(err, tt.want) || (tt.err != nil && !errors.Is(err, tt.err)) || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
		if again := store.OfDisk(err); !errors.Is(again, tt.want) || fmt.Sprint(again) != fmt.Sprint(err) {
			t.Errorf("%s, said twice: %v", name, again)
		}
	}
}

func TestWritableTriesOnlyIfItDoesNotKnow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	s := openBolt(t, path)
	create(t, s, "jane@acme.example")
	must(t, s.Close())
	tried := func(opts store.Options, before func(s *store.Bolt)) int {
		was := commits(t, path)
		s, err := store.Open(path, opts)
		must(t, err)
		before(s)
		must(t, s.Writable(t.Context()))
		must(t, s.Close())
		return commits(t, path) - was
	}
	nothing := func(*store.Bolt) {}
	if n := tried(store.Options{}, nothing); n != 1 {
		t.Errorf("%d writes after opening; want one", n)
	}
	if n := tried(store.Options{}, func(s *store.Bolt) { update(t, s, "INV-1") }); n != 1 {
		t.Errorf("%d writes after one; want no other", n)
	}
	if n := tried(store.Options{}, func(s *store.Bolt) {
		refusedWith(t, errOf(s.Update(t.Context(), "INV-99", next())), approvals.ErrNotFound)
	}); n != 1 {
		t.Errorf("%d writes after a refusal; want one", n)
	}
	n := tried(store.Options{Quiet: 1}, func(s *store.Bolt) {
		update(t, s, "INV-1")
		update(t, s, "INV-1")
		for s.Healthy() {
			runtime.Gosched()
		}
	})
	if n != 3 {
		t.Errorf("%d writes, of which one long ago; want another", n)
	}
}

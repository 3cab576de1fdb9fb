package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"partnerbot/cmd/partnerbot/config"
	"partnerbot/store"
)

// TestTheSocketIsForTheOwnerAlone looks at it while serve runs, after a kill,
// while serve runs again, and after an orderly end.
func TestTheSocketIsForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	path := socketOf(r.file())
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		r.start()
		info, err := os.Lstat(path)
		r.p.must(err)
		if info.Mode() != fs.ModeSocket|0o600 {
			t.Errorf("the socket's mode is %v", info.Mode())
		}
		r.does("audit", "head").must(t, exitWell, "0:", "")
		r.end(end)
		r.does("audit", "head").must(t, exitWell, "0:", "")
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after an orderly end the socket is there: %v", err)
	}
}

// TestWhatIsNoSocketStays holds serve to leaving a file alone that only has the name.
func TestWhatIsNoSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := listenPrivately(t.Context(), path); err == nil {
		t.Error("it listens", l.Close())
	}
	if text, err := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

// TestAPathTooLongForASocket is said in the log, and to whoever gives a command.
func TestAPathTooLongForASocket(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	folder := filepath.Join(r.p.set.data, strings.Repeat("long", 30))
	r.p.must(os.Mkdir(folder, 0o700))
	text, err := os.ReadFile(r.path)
	r.p.must(err)
	moved := strings.Replace(string(text), r.file(), filepath.Join(folder, demoStore), 1)
	r.p.must(os.WriteFile(r.path, []byte(moved), 0o600))
	r.start()
	if logged := r.log.String(); !strings.Contains(logged, "commands such as backup and audit will not be taken") || !strings.Contains(logged, "shorter") {
		t.Errorf("the log:\n%s", logged)
	}
	r.does("audit", "head").must(t, exitFailed, "", "in use by another process")
}

// TestAReaderThatStallsHoldsNothingUp begins a backup, reads none of it, and
// lets serve end in order meanwhile.
func TestAReaderThatStallsHoldsNothingUp(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	conn, err := net.Dial("unix", socketOf(r.file()))
	r.p.must(err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("GET /v1/backup HTTP/1.1\r\nHost: x\r\n\r\n"))
	r.p.must(err)
	if status := r.end(syscall.SIGTERM); status != exitWell {
		t.Errorf("status %d\n%s", status, r.log.String())
	}
}

// TestACopyThatIsReadHasNoName holds a command that reads a running store to
// leaving nothing behind, even if it is killed.
func TestACopyThatIsReadHasNoName(t *testing.T) {
	r := newCompany(t)
	r.start()
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	at := place{Store: config.Store{Bolt: r.file()}, log: slog.New(slog.DiscardHandler)}
	read := false
	r.p.must(at.read(t.Context(), func(store.Snapshot) error {
		read = true
		if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
			t.Errorf("while it is read there are %v, %v", left, err)
		}
		return nil
	}))
	if !read {
		t.Error("nothing was read")
	}
}

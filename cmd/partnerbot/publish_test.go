package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestAFileIsPublishedWholeOrNotAtAll looks at what is there after writing went
// well, broke off, and was overtaken.
func TestAFileIsPublishedWholeOrNotAtAll(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x")
	hello := func(w io.Writer) error {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is there before it is whole: %v", err)
		}
		_, err := io.WriteString(w, "hello")
		return err
	}
	broken := errors.New("broken")
	if err := publish(path, func(w io.Writer) error { return errors.Join(hello(w), broken) }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("what is left: %v, %v", left, err)
	}
	overtaken := func(w io.Writer) error { return errors.Join(hello(w), os.WriteFile(path, []byte("mine"), 0o600)) }
	if err := publish(path, overtaken); err == nil {
		t.Error("it took another file's place")
	}
	if text, err := os.ReadFile(path); string(text) != "mine" || err != nil {
		t.Errorf("the other file holds %q, %v", text, err)
	}
	if err := errors.Join(os.Remove(path), publish(path, hello)); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 || info.Size() != 5 {
		t.Errorf("it is %v, %v", info, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("what is left: %v, %v", left, err)
	}
}

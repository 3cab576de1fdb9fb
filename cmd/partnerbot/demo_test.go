package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"partnerbot/store"
)

// TestTheDemoTouchesItsOwnStoreOnly plays the demo in the folder of a real
// installation, and then begins another one there.
func TestTheDemoTouchesItsOwnStoreOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a #1: folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"demo.yaml": "mine", "partnerbot.db": "mine", "partnerbot.yaml": "mine"}
	for name, text := range want {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs journal
	if got := run(t.Context(), []string{"demo", "--script", "--data", dir}, program{out: &out, err: &errs}); got != exitWell {
		t.Fatalf("exit status %d\n%s\n%s", got, out.String(), errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "demo.db")); err != nil {
		t.Errorf("the store is not kept: %v", err)
	}
	if _, _, err := (demoCmd{Data: dir}).folder(); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			var text []byte
			text, err = os.ReadFile(filepath.Join(dir, name))
			got[name] = string(text)
		}
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the folder when the next demo begins (-want +got):\n%s%v", diff, err)
	}
}

func TestTheDemoRemovesNothingButAnEarlierDemo(t *testing.T) {
	t.Run("what is no store stays", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "demo.db")
		if err := os.WriteFile(path, []byte("a film"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := demoCmd{Data: dir}.folder()
		if text, _ := os.ReadFile(path); !errors.Is(err, store.ErrNotStore) || string(text) != "a film" {
			t.Errorf("%v; the file holds %q", err, text)
		}
	})
	t.Run("a demo that runs keeps its store", func(t *testing.T) {
		dir := t.TempDir()
		db, err := store.Open(filepath.Join(dir, "demo.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, _, err := (demoCmd{Data: dir}).folder(); !errors.Is(err, store.ErrInUse) {
			t.Errorf("got %v", err)
		}
	})
}

// TestTheDemoHasTheMessagesTabOfTheManifest keeps the demo from offering a
// message box that the real app does not have.
func TestTheDemoHasTheMessagesTabOfTheManifest(t *testing.T) {
	text, err := os.ReadFile(root + "manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Features struct {
			AppHome struct {
				ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
			} `yaml:"app_home"`
		}
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	world, err := newWorld(setting{now: time.Now, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := world.State(ann).App.MessagesReadOnly, manifest.Features.AppHome.ReadOnly; got != want {
		t.Errorf("read-only in the demo: %v, in the manifest: %v", got, want)
	}
}

// TestTheDemoSaysThatItsStoreIsNotKept looks where people look.
func TestTheDemoSaysThatItsStoreIsNotKept(t *testing.T) {
	var help journal
	run(t.Context(), []string{"demo", "--help"}, program{out: &help, err: io.Discard})
	if got := strings.Join(strings.Fields(help.String()), " "); !strings.Contains(got, "every demo starts it afresh") {
		t.Errorf("the help does not say so:\n%s", help.String())
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	dir := t.TempDir()
	read, write := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"demo", "--addr", "127.0.0.1:0", "--data", dir}, program{out: write, err: io.Discard})
		_ = write.Close()
	}()
	var welcome strings.Builder
	for lines := bufio.NewScanner(read); lines.Scan(); {
		welcome.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C") {
			stop()
		}
	}
	if got := <-ended; got != exitWell {
		t.Errorf("exit status %d", got)
	}
	if !strings.Contains(welcome.String(), "starts it afresh") || !strings.Contains(welcome.String(), filepath.Join(dir, "demo.db")) {
		t.Errorf("the welcome does not say so:\n%s", welcome.String())
	}
}

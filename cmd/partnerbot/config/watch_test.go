package config

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// watched is a folder with a watcher, of which each look is asked for.
type watched struct {
	*testing.T

	dir  string
	w    *Watcher
	log  bytes.Buffer
	told []string
}

func watch(t *testing.T, start files) *watched {
	t.Helper()
	w := &watched{T: t, dir: t.TempDir()}
	start.write(t, w.dir)
	path := filepath.Join(w.dir, "partnerbot.yaml")
	cfg, err := LoadPolicy(path, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	w.w = NewWatcher(Watching{
		Path: path, Started: cfg, Read: os.ReadFile, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Told: func(_ context.Context, err error) {
			if err == nil {
				w.told = append(w.told, "well")
				return
			}
			w.told = append(w.told, strings.ReplaceAll(err.Error(), w.dir, "DIR"))
		},
	})
	return w
}

func (w *watched) looks(n int) {
	for range n {
		w.w.changed(w.Context())
	}
}

func (w *watched) title() string { return w.w.Now().Accesses[0].Title }

func (w *watched) heard() string { return strings.Join(w.told, "|") }

func titled(title string) string {
	return strings.Replace(small, "    grants:", "    title: "+title+"\n    grants:", 1)
}

func TestAnEditIsTakenWhenItWasSeenTwice(t *testing.T) {
	w := watch(t, files{"partnerbot.yaml": titled("One")})
	before := w.w.Now()
	w.looks(2)
	if w.w.Now() != before {
		t.Error("nothing has changed, and the policy is another")
	}
	files{"partnerbot.yaml": titled("Two")}.write(t, w.dir)
	w.looks(1)
	files{"partnerbot.yaml": titled("Three")}.write(t, w.dir)
	w.looks(1)
	if got := w.title(); got != "One" {
		t.Errorf("%s was seen once and is in force", got)
	}
	w.looks(1)
	if got := w.title(); got != "Three" || w.heard() != "" {
		t.Errorf("%s is in force; heard %q", got, w.heard())
	}
}

// TestASignalReadsAtOnce, and looks go on beside it until the end.
func TestASignalReadsAtOnce(t *testing.T) {
	w := watch(t, files{"partnerbot.yaml": titled("One")})
	look, again := make(chan time.Time), make(chan os.Signal)
	w.w.Look, w.w.Again = look, again
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.w.Run(ctx) }()
	files{"partnerbot.yaml": titled("Two")}.write(t, w.dir)
	again <- os.Interrupt
	look <- time.Time{} // is taken when the signal is done
	if got := w.title(); got != "Two" {
		t.Errorf("a signal brings %s", got)
	}
	files{"partnerbot.yaml": titled("Three")}.write(t, w.dir)
	for range 3 {
		look <- time.Time{}
	}
	if got := w.title(); got != "Three" {
		t.Errorf("two looks bring %s", got)
	}
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestABrokenEditKeepsTheOldPolicyAndIsToldOnce(t *testing.T) {
	w := watch(t, files{"partnerbot.yaml": titled("One")})
	broken := strings.Replace(titled("Two"), "C0FALCON", "falcon", 1)
	files{"partnerbot.yaml": broken}.write(t, w.dir)
	w.looks(4)
	w.w.load(t.Context(), w.w.look()) // as a signal does
	w.looks(2)
	const first = `DIR/partnerbot.yaml:7: access.falcon.stages[0].channel: "falcon" is not a channel ID like C0FALCON (in Slack: channel name, About)`
	if w.title() != "One" || w.heard() != first {
		t.Errorf("%s is in force; heard %s", w.title(), w.heard())
	}
	files{"partnerbot.yaml": broken + "\n"}.write(t, w.dir)
	w.looks(4)
	if w.heard() != first+"|"+first {
		t.Errorf("another broken content: heard %s", w.heard())
	}
	if err := os.Remove(filepath.Join(w.dir, "partnerbot.yaml")); err != nil {
		t.Fatal(err)
	}
	w.looks(4)
	if !strings.Contains(w.heard(), "|DIR/partnerbot.yaml: cannot be read: no such file") || w.title() != "One" {
		t.Errorf("no file at all: heard %s", w.heard())
	}
	files{"partnerbot.yaml": titled("Two")}.write(t, w.dir)
	w.looks(4)
	if w.title() != "Two" || !strings.HasSuffix(w.heard(), "|well") || strings.Count(w.heard(), "well") != 1 {
		t.Errorf("%s is in force; heard %s", w.title(), w.heard())
	}
}

func TestIncludedFilesAreWatchedToo(t *testing.T) {
	w := watch(t, files{"partnerbot.yaml": small + "include: ['policy/*.yaml']\n", "policy/a.yaml": heron})
	has := func(id string) bool { _, ok := w.w.Now().Access(id); return ok }
	files{"policy/b.yaml": strings.ReplaceAll(heron, "heron:", "osprey:")}.write(t, w.dir)
	w.looks(3)
	if !has("osprey") {
		t.Error("a new file that the pattern matches is not read")
	}
	files{"policy/b.yaml": strings.ReplaceAll(heron, "heron:", "falcon:")}.write(t, w.dir)
	w.looks(3)
	if !has("osprey") || !strings.Contains(w.heard(), "is there already") {
		t.Errorf("a broken part: heard %s", w.heard())
	}
	if err := os.Remove(filepath.Join(w.dir, "policy/b.yaml")); err != nil {
		t.Fatal(err)
	}
	w.looks(3)
	if has("osprey") || !strings.HasSuffix(w.heard(), "|well") {
		t.Errorf("a part is gone: heard %s", w.heard())
	}
	before := w.w.Now()
	w.looks(4)
	if w.w.Now() != before {
		t.Error("nothing has changed since, and the policy was read anew")
	}
}

// TestABrokenPartIsWatchedFromTheFirst: a file that was named by a broken edit only
// is looked at as well.
func TestABrokenPartIsWatchedFromTheFirst(t *testing.T) {
	w := watch(t, files{"partnerbot.yaml": small})
	files{"partnerbot.yaml": small + "include: [a.yaml]\n"}.write(t, w.dir)
	w.looks(9)
	if n := strings.Count(w.log.String(), "the policy has mistakes"); n != 1 {
		t.Errorf("the same mistakes were read %d times", n)
	}
	files{"a.yaml": heron}.write(t, w.dir)
	w.looks(3)
	if _, ok := w.w.Now().Access("heron"); !ok || !strings.HasSuffix(w.heard(), "|well") {
		t.Errorf("heard %s", w.heard())
	}
}

func TestOtherKeysNeedARestart(t *testing.T) {
	w := watch(t, files{"partnerbot.yaml": titled("One")})
	files{"partnerbot.yaml": titled("Two") + "store: bolt:other.db\nentra: {cloud: usgov}\n"}.write(t, w.dir)
	w.looks(3)
	files{"partnerbot.yaml": titled("Three") + "store: bolt:other.db\nentra: {cloud: usgov}\n"}.write(t, w.dir)
	w.looks(3)
	if log := w.log.String(); strings.Count(log, `keys="[store entra.cloud]"`) != 1 || strings.Count(log, "the policy was read anew") != 2 || w.title() != "Three" {
		t.Errorf("%s is in force; the log says\n%s", w.title(), log)
	}
}

// TestWhatChangedBeforeAnybodyWatchedIsSeen: an edit while the program starts is not lost.
func TestWhatChangedBeforeAnybodyWatchedIsSeen(t *testing.T) {
	text := titled("One")
	read := func(string) ([]byte, error) { return []byte(text), nil }
	cfg, err := LoadPolicy("partnerbot.yaml", read)
	if err != nil {
		t.Fatal(err)
	}
	text = titled("Two")
	w := NewWatcher(Watching{Path: "partnerbot.yaml", Started: cfg, Read: read, Log: slog.New(slog.DiscardHandler)})
	for range 2 {
		w.changed(t.Context())
	}
	if got := w.Now().Accesses[0].Title; got != "Two" {
		t.Errorf("%s is in force", got)
	}
}

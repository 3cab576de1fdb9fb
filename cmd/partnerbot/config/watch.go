package config

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"partnerbot/approvals"
)

// Watching says what a Watcher watches.
type Watching struct {
	Path    string
	Started *Config // as the program was started with it
	Read    func(string) ([]byte, error)
	Look    <-chan time.Time // when to look whether a file has changed, every few seconds
	Again   <-chan os.Signal // reads anew at once: SIGHUP
	// Told hears the mistakes of an edit, once for each content that has some, and
	// nil when the files are well again. The policy that was in force stays until then.
	Told func(context.Context, error)
	Log  *slog.Logger
}

// Watcher holds the policy that is in force and exchanges it when its files change.
type Watcher struct {
	Watching

	policy   atomic.Pointer[approvals.Policy]
	files    []string // of the last reading, whether it went well or not
	patterns []string
	read     digest // what was read last
	seen     digest // a change that was seen once
	broken   digest // what was read last has mistakes
	restart  string // keys that were said to need a restart
}

// digest stands for the contents of all files; its zero value for none.
type digest [sha256.Size]byte

// NewWatcher begins with the policy that the program was started with.
func NewWatcher(w Watching) *Watcher {
	out := &Watcher{Watching: w, files: w.Started.Files, patterns: w.Started.patterns, read: w.Started.digest}
	out.policy.Store(w.Started.Policy)
	return out
}

// Now is the policy in force. It is never nil, and any goroutine may ask.
func (w *Watcher) Now() *approvals.Policy { return w.policy.Load() }

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.Again:
			w.load(ctx, w.look())
		case <-w.Look:
			w.changed(ctx)
		}
	}
}

// changed reads the files anew if they have changed and were the same at the last
// look: a file that is being written is not taken for an edit.
func (w *Watcher) changed(ctx context.Context) {
	is := w.look()
	now := is.digest()
	if now == w.read || now != w.seen {
		w.seen = now
		return
	}
	w.load(ctx, is)
}

// contents are files as they were at one look.
type contents map[string]content

type content struct {
	text []byte
	err  error
}

func (c contents) digest() digest {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(c)) {
		_, _ = fmt.Fprintf(sum, "%q %q %v\n", name, c[name].text, c[name].err)
	}
	return digest(sum.Sum(nil))
}

// look reads every file that the policy was read from, and those that have come
// to match its patterns.
func (w *Watcher) look() contents {
	names := slices.Clone(w.files)
	for _, p := range w.patterns {
		found, _ := filepath.Glob(p) // a pattern that is none was named when it was read
		names = append(names, found...)
	}
	out := contents{}
	for _, name := range names {
		_, _ = out.reading(w.Read)(name)
	}
	return out
}

// reading reads each file once.
func (c contents) reading(read func(string) ([]byte, error)) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		name = filepath.Clean(name)
		got, ok := c[name]
		if !ok {
			got.text, got.err = read(name)
			c[name] = got
		}
		return got.text, got.err
	}
}

// load takes what the files say now, or leaves everything as it is.
func (w *Watcher) load(ctx context.Context, is contents) {
	cfg, found := readFiles(w.Path, is.reading(w.Read))
	_, err := cfg.unless(found)
	w.files, w.patterns = found.files, found.patterns
	w.read = cfg.digest
	if err != nil {
		w.Log.ErrorContext(ctx, "the policy has mistakes: the one before stays in force", "problems", len(found.problems))
		if w.broken != w.read {
			w.broken = w.read
			w.Told(ctx, err)
		}
		return
	}
	w.policy.Store(cfg.Policy)
	w.Log.InfoContext(ctx, "the policy was read anew", "accesses", len(cfg.Policy.Accesses), "partners", len(cfg.Policy.Partners), "rules", len(cfg.Policy.Rules))
	if keys := w.Started.differs(cfg); len(keys) > 0 && fmt.Sprint(keys) != w.restart {
		w.restart = fmt.Sprint(keys)
		w.Log.WarnContext(ctx, "keys have changed that count from the next start on", "keys", keys)
	}
	if w.broken != (digest{}) {
		w.broken = digest{}
		w.Told(ctx, nil)
	}
}

// differs names the keys beside the policy that another configuration has otherwise.
func (c *Config) differs(other *Config) []string {
	var out []string
	for _, is := range []struct {
		key  string
		same bool
	}{
		{"listen", c.Listen == other.Listen},
		{"store", c.Store == other.Store},
		{"slack.mode", c.Slack.Mode == other.Slack.Mode},
		{"slack.api_url", c.Slack.APIURL == other.Slack.APIURL},
		{"entra.cloud", c.Entra.Cloud == other.Entra.Cloud},
		{"entra.graph_url", c.Entra.GraphURL == other.Entra.GraphURL},
		{"entra.redirect_url", c.Entra.RedirectURL == other.Entra.RedirectURL},
		{"entra.invitation_mail", c.Entra.Mail == other.Entra.Mail},
	} {
		if !is.same {
			out = append(out, is.key)
		}
	}
	return out
}

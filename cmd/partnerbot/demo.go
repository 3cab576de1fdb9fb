package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"partnerbot/sandbox"
	"partnerbot/store"
)

// demoAddr is where the page is when nobody says otherwise; if it is taken, any
// free port will do.
const demoAddr = "127.0.0.1:8484"

// undoHeld is for how long an approval can be undone in the demo.
const undoHeld = 20 * time.Second

type demoCmd struct {
	Script bool   `help:"Play the story in the terminal, print what is then in Slack and in the tenant, and end."`
	Addr   string `help:"Where the page is served." placeholder:"HOST:PORT"`
	Mode   string `help:"How the bot is reached by the simulated Slack: ${enum}." enum:"socket,http" default:"socket"`
	Data   string `help:"Keep the store in this folder, as demo.db, to look at afterwards; every demo starts it afresh. Without this, it is in a temporary folder that is removed in the end." type:"path" placeholder:"DIR"`
	Log    bool   `help:"Show the bot's log on standard error."`
}

// Run serves the demo until ctx ends, or plays the script.
func (c demoCmd) Run(ctx context.Context, p program) error {
	data, clean, err := c.folder()
	if err != nil {
		return err
	}
	defer clean()
	log := slog.New(slog.DiscardHandler)
	if c.Log {
		log = slog.New(slog.NewTextHandler(p.err, nil))
	}
	undo := undoHeld
	if c.Script {
		undo = time.Second // nobody thinks better of it
	}
	clock := sandbox.NewClock(time.Now)
	s, err := c.raise(ctx, setting{mode: c.Mode, data: data, now: clock.Now, move: clock.Move, log: log, lag: 2 * time.Second, undo: undo})
	if err != nil {
		return err
	}
	if c.Script {
		tale := newStory(s.world, p.out)
		return errors.Join(tale.tell(ctx), s.close())
	}
	if err := c.welcome(p, s.world, data); err != nil {
		return errors.Join(err, s.close())
	}
	return s.wait(ctx)
}

// folder is where the demo keeps its store, and what removes it.
func (c demoCmd) folder() (string, func(), error) {
	if c.Data != "" {
		return c.Data, func() {}, errors.Join(os.MkdirAll(c.Data, 0o700), forget(filepath.Join(c.Data, demoStore)))
	}
	dir, err := os.MkdirTemp("", "partnerbot-demo-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// forget removes the store of an earlier demo, whose people and guests are gone:
// the simulated workspace and tenant are new at each start. What is no store, or
// is in use, stays.
func forget(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := store.Open(path, store.Options{})
	if err != nil {
		return fmt.Errorf("removing the store of an earlier demo: %w", err)
	}
	return errors.Join(db.Close(), os.Remove(path))
}

func (c demoCmd) raise(ctx context.Context, set setting) (*stage, error) {
	set.addr = c.Addr
	switch {
	case c.Addr != "":
		if err := onThisMachine(c.Addr); err != nil {
			return nil, usageError{err}
		}
	case c.Script || taken(ctx, demoAddr):
		set.addr = "127.0.0.1:0"
	default:
		set.addr = demoAddr
	}
	return raise(ctx, set)
}

// onThisMachine refuses to show the demo to a network: whoever opens its page
// may be anybody in it.
func onThisMachine(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr: %q is no address; write HOST:PORT, e.g. %s", addr, demoAddr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--addr: the demo is for this machine only; write 127.0.0.1:PORT instead of %s", addr)
	}
	return nil
}

func taken(ctx context.Context, addr string) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return true
	}
	return l.Close() != nil
}

func (c demoCmd) welcome(p program, w *sandbox.World, data string) error {
	kept := "a temporary folder"
	if c.Data != "" {
		kept = filepath.Join(data, demoStore) + "\n(the next demo starts it afresh, as Slack and Entra here are new each time)"
	}
	_, err := fmt.Fprintf(p.out, `The demo is ready: %s

You are Ann, an employee. In any channel, type
  /invite-partner jane@acme.example Kick-off on Friday
then be Sam (a sponsor) and approve in #falcon-sponsors. For %s the
approval can be undone; then the invitation leaves. Redeem as Jane on the right,
and see in Ann's messages that she has joined.

Also worth a try: zoe@gl0bex.example (it only looks like Globex), joe@gmail.com (one
stage more), eve@rival.example (refused), several addresses in one command, the
Atlas data room (questions; Ben decides, then whom he chooses), Change and Ask on
a card, and the clock of the page for reminders, escalations and ends.

The bot runs in %s mode and keeps its store in %s.
Press Ctrl-C to stop.
`, w.URL(), undoHeld, map[string]string{"socket": "Socket", "http": "HTTP"}[c.Mode], kept)
	return err
}

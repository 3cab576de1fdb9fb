// Command bench measures partnerbot beside what a team would otherwise write,
// in one run on one machine: how fast the same submitted form is kept and
// acknowledged, and how a large store answers. Every contestant is a process of
// its own and this one is the load. It prints tables, and how each goal did.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// program is what may be touched of the outside.
type program struct {
	in       io.Reader
	out, err io.Writer
}

// say writes a line to standard error. If that fails there is nobody left to tell.
func (p program) say(format string, args ...any) { _, _ = fmt.Fprintf(p.err, format+"\n", args...) }

// wishes are what whoever runs it may choose.
type wishes struct {
	quick       bool
	rounds      int
	length      time.Duration
	connections string
	only        string
	requests    int
	folder      string
	profiles    string

	serve, place, profile string // of a contestant
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	if err := run(ctx, os.Args[1:], p); err != nil {
		p.say("bench: %v", err)
		os.Exit(1)
	}
}

// run measures, or is a contestant. A goal that is missed is no error.
func run(ctx context.Context, args []string, p program) error {
	w, err := read(args, p.err)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case w.serve != "":
		return serve(context.WithoutCancel(ctx), w, p) // the end of its input ends it
	}
	return w.measure(ctx, p)
}

func read(args []string, says io.Writer) (w wishes, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(says)
	flags.BoolVar(&w.quick, "quick", false, "one round of a second, and a store a tenth as large: to see that it works, not how fast")
	flags.IntVar(&w.rounds, "rounds", 3, "how often every contestant meets every load")
	flags.DurationVar(&w.length, "length", 4*time.Second, "how long each is measured, after a quarter of that to warm up")
	flags.StringVar(&w.connections, "connections", "1,16,64,256", "the loads")
	flags.StringVar(&w.only, "only", "", "only these `names`: nothing, plain, bolt, postgres, bolt-js, bolt-js+sqlite, large")
	flags.IntVar(&w.requests, "requests", 1_000_000, "how many requests are in the large store")
	flags.StringVar(&w.folder, "folder", "bin", "where the data is while it is measured: on a disk, for in memory a commit costs nothing")
	flags.StringVar(&w.profiles, "profiles", "", "a folder for CPU profiles of our contestants")
	flags.StringVar(&w.serve, "serve", "", "be this contestant (for bench itself)")
	flags.StringVar(&w.place, "place", "", "where the contestant keeps its data")
	flags.StringVar(&w.profile, "profile", "", "where the contestant puts its CPU profile")
	if err := flags.Parse(args); err != nil {
		return w, err
	}
	if w.quick {
		w.rounds, w.length, w.requests = 1, time.Second, w.requests/10
	}
	if w.rounds < 1 || w.length < 100*time.Millisecond || w.requests < 1 {
		return w, errors.New("there is nothing to measure: -rounds and -requests are at least 1, -length is at least 100ms")
	}
	return w, nil
}

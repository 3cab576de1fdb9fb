package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"partnerbot/store/pgtest"
)

// contestant is one way to take the same form.
type contestant struct {
	name  string // for -only, and of the kind of store if it is ours
	title string
	js    bool
}

// The names of the contestants that goals speak of.
const (
	withoutStore = "nothing"
	oneByOne     = "plain"
	onBolt       = "bolt"
	onPostgres   = "postgres"
	boltJS       = "bolt-js"
	boltJSKeeps  = "bolt-js+sqlite"
)

func contestants() []contestant {
	return []contestant{
		{name: withoutStore, title: "(a) partnerbot without any store"},
		{name: oneByOne, title: "(b) partnerbot, one bbolt transaction a request"},
		{name: onBolt, title: "    partnerbot on bbolt"},
		{name: onPostgres, title: "    partnerbot on PostgreSQL"},
		{name: boltJS, title: "    Bolt for JavaScript, acknowledges only", js: true},
		{name: boltJSKeeps, title: "(c) Bolt for JavaScript and better-sqlite3", js: true},
	}
}

// The rate of the goal for latency, and over how many connections it comes.
const (
	steady            = 1000
	steadyConnections = 64
)

// contest measures every contestant under every load, round after round, so that
// whatever else the machine does meets all of them.
type contest struct {
	program
	contestants []contestant
	loads       []load
	rounds      int
	folder      string // for the data, on the disk that is measured
	profiles    string // where to put CPU profiles; "": none
	database    *pgtest.Server
}

// score is what a contestant did under a load, round by round.
type score map[string]map[string][]result

func (c *contest) run(ctx context.Context) (score, error) {
	s := score{}
	for round := range c.rounds {
		for _, l := range c.loads {
			for i := range c.contestants {
				who := c.contestants[(i+round)%len(c.contestants)]
				r, err := c.measure(ctx, who, l, round)
				if err != nil {
					return nil, fmt.Errorf("measuring %s with %s: %w", who.name, l, err)
				}
				if s[who.name] == nil {
					s[who.name] = map[string][]result{}
				}
				s[who.name][l.String()] = append(s[who.name][l.String()], r)
				c.say("round %d of %d, %-15s %-15s %s", round+1, c.rounds, l.String()+":", who.name, r)
			}
		}
	}
	return s, nil
}

func (r result) String() string {
	return fmt.Sprintf("%8.0f/s   p50 %s   p99 %s   CPU a request %s", r.rate, ms(r.p50), ms(r.p99), ms(r.cpu))
}

// ms words a time as milliseconds, with three digits that mean something.
func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	switch {
	case v < 1:
		return fmt.Sprintf("%.3f ms", v)
	case v < 10:
		return fmt.Sprintf("%.2f ms", v)
	}
	return fmt.Sprintf("%.1f ms", v)
}

// measure presses a contestant that begins with nothing kept, and checks
// afterwards that everything it acknowledged is there.
func (c *contest) measure(ctx context.Context, who contestant, l load, round int) (r result, err error) {
	folder, err := os.MkdirTemp(c.folder, "run")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	place := folder
	if who.name == onPostgres {
		address, drop, err := emptySchema(ctx, c.database)
		if err != nil {
			return result{}, err
		}
		defer func() { err = errors.Join(err, drop()) }()
		place = address
	}
	return c.press(ctx, who, l, round, folder, place)
}

func (c *contest) press(ctx context.Context, who contestant, l load, round int, folder, place string) (result, error) {
	name, args, err := c.command(who, l, round, folder, place)
	if err != nil {
		return result{}, err
	}
	one, err := begin(ctx, folder, name, args, []string{"SLACK_SIGNING_SECRET=" + signingSecret})
	if err != nil {
		return result{}, err
	}
	before := one.cpu()
	r, err := l.run(ctx, one.address)
	if err != nil {
		return result{}, one.abandon(err)
	}
	r.cpu = (one.cpu() - before) / time.Duration(r.accepted)
	kept, err := one.end()
	if err == nil && kept != uncounted && kept != r.accepted {
		err = fmt.Errorf("it acknowledged %d requests and kept %d", r.accepted, kept)
	}
	return r, err
}

// command is how a contestant is started.
func (c *contest) command(who contestant, l load, round int, folder, place string) (name string, args []string, err error) {
	if who.js {
		args = []string{filepath.Join(scripts, "app.js")}
		if who.name == boltJSKeeps {
			args = append(args, filepath.Join(folder, "requests.sqlite"))
		}
		return "node", args, nil
	}
	name, err = os.Executable()
	args = []string{"-serve", who.name, "-place", place}
	if c.profiles != "" {
		file := fmt.Sprintf("%s-%d-%d-%d.pprof", who.name, l.connections, l.rate, round+1)
		args = append(args, "-profile", filepath.Join(c.profiles, file))
	}
	return name, args, err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"partnerbot/store/pgtest"
)

// scripts is where the contestants in JavaScript are, seen from the folder of
// the project.
const scripts = "bench/bolt-js"

// large is the name of the large store among what can be measured.
const large = "large"

// measure runs everything that is wanted and prints what came of it.
func (w wishes) measure(ctx context.Context, p program) (err error) {
	names, err := w.names()
	if err != nil {
		return err
	}
	loads, err := w.loads()
	if err != nil {
		return err
	}
	folder, err := w.makeFolder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var lines []string
	if slices.ContainsFunc(contestants(), func(c contestant) bool { return slices.Contains(names, c.name) }) {
		c := &contest{program: p, loads: loads, rounds: w.rounds, folder: folder, profiles: w.profiles}
		if lines, err = c.all(ctx, names); err != nil {
			return err
		}
	}
	if slices.Contains(names, large) {
		more, err := readLarge(ctx, w.requests, p)
		if err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	_, err = fmt.Fprintf(p.out, "\nGoals\n%s\n", strings.Join(lines, "\n"))
	return err
}

// names are what is to be measured.
func (w wishes) names() ([]string, error) {
	all := []string{large}
	for _, c := range contestants() {
		all = append(all, c.name)
	}
	if w.only == "" {
		return all, nil
	}
	only := strings.Split(w.only, ",")
	for _, name := range only {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("-only: %q is none of %s", name, strings.Join(all, ", "))
		}
	}
	return only, nil
}

// loads are the numbers of connections, and the steady rate last.
func (w wishes) loads() ([]load, error) {
	var loads []load
	for text := range strings.SplitSeq(w.connections, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-connections: %q is no number of connections", text)
		}
		loads = append(loads, load{connections: n})
	}
	loads = append(loads, load{connections: steadyConnections, rate: steady})
	for i := range loads {
		loads[i].warm, loads[i].length = w.length/4, w.length
	}
	return loads, nil
}

// makeFolder makes one for this run and for whatever asks for a temporary one,
// which the database does as another user: it is as open as such folders are.
func (w wishes) makeFolder() (string, error) {
	parent, err := filepath.Abs(w.folder)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	if w.profiles != "" {
		if err := os.MkdirAll(w.profiles, 0o755); err != nil {
			return "", err
		}
	}
	folder, err := os.MkdirTemp(parent, "bench")
	if err != nil {
		return "", err
	}
	return folder, errors.Join(os.Chmod(folder, 0o777|os.ModeSticky), os.Setenv("TMPDIR", folder))
}

// all holds the contest among those who are wanted and can run here, prints its
// tables and returns how each goal did.
func (c *contest) all(ctx context.Context, names []string) (lines []string, err error) {
	for _, who := range contestants() {
		if !slices.Contains(names, who.name) {
			continue
		}
		missing := who.missing()
		if who.name == onPostgres {
			c.database, missing = startDatabase()
		}
		if missing != nil {
			c.say("Not measured: %s: %v", strings.TrimSpace(who.title), missing)
			continue
		}
		c.contestants = append(c.contestants, who)
	}
	if c.database != nil {
		defer func() { err = errors.Join(err, c.database.Remove()) }()
	}
	s, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.report(s); err != nil {
		return nil, err
	}
	for _, g := range goals() {
		if line, measured := g.verdict(s); measured {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// missing is what a contestant needs and this machine does not have.
func (c contestant) missing() error {
	if !c.js {
		return nil
	}
	if _, err := exec.LookPath("node"); err != nil {
		return errors.New("node is not installed")
	}
	if _, err := os.Stat(filepath.Join(scripts, "node_modules")); err != nil {
		return fmt.Errorf("its libraries are not installed: npm ci --prefix %s", scripts)
	}
	return nil
}

// startDatabase starts a PostgreSQL server as its packages configure it, so that
// a commit is on disk when it is answered; nil if there is none.
func startDatabase() (*pgtest.Server, error) {
	s, err := pgtest.New(pgtest.Options{Durable: true})
	if err != nil {
		return nil, err
	}
	return s, nil
}

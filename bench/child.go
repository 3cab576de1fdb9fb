package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What a contestant says on its standard output.
const (
	listeningPrefix = "listening"
	keptPrefix      = "kept"
)

// patience is how long a contestant may take to start, and to end.
const patience = 30 * time.Second

// child is a contestant that listens. It lives no longer than its standard
// input is open, however this process ends.
type child struct {
	address string
	cmd     *exec.Cmd
	cancel  context.CancelFunc
	leash   io.WriteCloser
	said    *bufio.Reader
	log     string // the file of its standard error
}

// begin starts a contestant in a folder and returns when it listens.
func begin(ctx context.Context, folder, name string, args, env []string) (*child, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &child{cancel: cancel, cmd: exec.CommandContext(ctx, name, args...), log: filepath.Join(folder, "log")}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.WaitDelay = patience
	log, err := os.Create(c.log)
	if err != nil {
		cancel()
		return nil, err
	}
	defer func() { _ = log.Close() }() // the contestant has its own
	c.cmd.Stderr = log
	out, outErr := c.cmd.StdoutPipe()
	leash, inErr := c.cmd.StdinPipe()
	if err := errors.Join(outErr, inErr); err != nil {
		cancel()
		return nil, err
	}
	c.leash, c.said = leash, bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	if c.address, err = c.hear(listeningPrefix); err != nil {
		return nil, c.abandon(fmt.Errorf("starting: %w", err))
	}
	return c, nil
}

// hear waits for a line that begins with a word, and returns the rest of it.
func (c *child) hear(word string) (string, error) {
	defer time.AfterFunc(patience, c.cancel).Stop()
	line, err := c.said.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("waiting for %q: %w", word, err)
	}
	rest, found := strings.CutPrefix(strings.TrimSpace(line), word+" ")
	if !found {
		return "", fmt.Errorf("waiting for %q: it said %q", word, line)
	}
	return rest, nil
}

// cpu is the processor time that a contestant has used, 0 where the kernel does
// not say it as Linux does.
func (c *child) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // after the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, userErr := strconv.Atoi(fields[11])
	system, systemErr := strconv.Atoi(fields[12])
	if errors.Join(userErr, systemErr) != nil {
		return 0
	}
	return time.Duration(user+system) * (time.Second / 100)
}

// end ends a contestant and returns how many requests it says it kept.
func (c *child) end() (kept int, err error) {
	defer c.cancel()
	if err := c.leash.Close(); err != nil {
		return 0, c.abandon(err)
	}
	text, err := c.hear(keptPrefix)
	if err != nil {
		return 0, c.abandon(fmt.Errorf("ending: %w", err))
	}
	if kept, err = strconv.Atoi(text); err != nil {
		return 0, c.abandon(fmt.Errorf("ending: %w", err))
	}
	if err := c.cmd.Wait(); err != nil {
		return 0, c.abandon(fmt.Errorf("ending: %w", err))
	}
	return kept, nil
}

// abandon ends a contestant that did something wrong, and adds what it last
// wrote into its log.
func (c *child) abandon(err error) error {
	c.cancel()
	_ = c.cmd.Wait() // why it ended badly is known already
	text, _ := os.ReadFile(c.log)
	return fmt.Errorf("%w\n%s", err, text[max(0, len(text)-2000):])
}

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"partnerbot/cmd/partnerbot/config"
)

// asChild is set for a test binary that is to be the program.
const asChild = "PARTNERBOT_TEST_CHILD"

// process is the real program, in a process of its own, on a world in this one.
type process struct {
	p       *play
	env     []string
	path    string       // of partnerbot.yaml
	moved   func(string) // told where it listens, and "" when it is gone
	cmd     *exec.Cmd    // nil while it does not run
	log     *journal     // of the newest run
	address chan string  // closed when the run ends
	read    chan struct{}
}

// fleet are replicas of the program on one world and one store.
type fleet struct {
	p        *play
	replicas []*process
}

// newProcess sets a world up and the program beside it, not started yet.
func newProcess(t testing.TB, mode string, free bool) *process {
	t.Helper()
	return newFleet(t, mode, free, "", 1).replicas[0]
}

var storeLine = regexp.MustCompile(`(?m)^store: .*$`)

// newFleet sets a world up and replicas of the program beside it, not started
// yet. Their store is a file of their own if none is named. Over HTTP a balancer
// stands before several of them. Edits change what the operator wrote.
func newFleet(t testing.TB, mode string, free bool, store string, replicas int, edits ...func(written string) string) *fleet {
	t.Helper()
	p := &play{t: t, clock: &clock{}, log: &journal{}}
	p.set = setting{addr: "127.0.0.1:0", mode: mode, data: t.TempDir(), now: p.clock.now, log: slog.New(slog.DiscardHandler), free: free}
	world, err := newWorld(p.set)
	p.must(err)
	p.must(world.Start(t.Context(), p.set.addr))
	p.stage = &stage{world: world}
	p.story = newStory(world, t.Output())
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
		p.checkContracts()
	})
	text, err := p.stage.configText(p.set)
	p.must(err)
	written := string(text)
	if store != "" {
		written = storeLine.ReplaceAllLiteralString(written, fmt.Sprintf("store: %q", store))
	}
	for _, edit := range edits {
		written = edit(written)
	}
	env, path := p.environment(written)
	f := &fleet{p: p}
	for i, moved := range f.ways(replicas) {
		r := &process{p: p, env: env, path: path, moved: moved}
		f.replicas = append(f.replicas, r)
		t.Cleanup(func() {
			r.end(syscall.SIGKILL)
			if t.Failed() && r.log != nil {
				_, _ = fmt.Fprintf(t.Output(), "the newest run of replica %d:\n%s", i+1, r.log.String())
			}
		})
	}
	return f
}

// environment writes the files of an operator, and returns the variables and the
// configuration's path.
func (p *play) environment(written string) (env []string, path string) {
	p.t.Helper()
	path = filepath.Join(p.set.data, "partnerbot.yaml")
	p.must(os.WriteFile(path, []byte(written), 0o600))
	ca := filepath.Join(p.set.data, "ca.pem")
	p.must(os.WriteFile(ca, p.world.CA(), 0o600))
	bot, app, signing := p.world.Credentials()
	env = []string{
		"SLACK_BOT_TOKEN=" + bot, "SLACK_APP_TOKEN=" + app, "SLACK_SIGNING_SECRET=" + signing, "SSL_CERT_FILE=" + ca, "HOME=" + p.set.data,
		"GORACE=atexit_sleep_ms=10", // a program under the race detector ends as quickly as any other
	}
	for k, v := range p.world.Tenant().Env() {
		env = append(env, k+"="+v)
	}
	return env, path
}

// ways are how Slack gets to each replica.
func (f *fleet) ways(replicas int) []func(string) {
	moved := make([]func(string), replicas)
	var b *balancer
	if f.p.set.mode == "http" && replicas > 1 {
		b = newBalancer(f.p.t, replicas)
		f.p.world.SetAppURL(b.server.URL + "/slack/events")
	}
	for i := range moved {
		moved[i] = func(address string) {
			switch {
			case b != nil:
				b.move(i, address)
			case f.p.set.mode == "http" && address != "":
				f.p.world.SetAppURL("http://" + address + "/slack/events")
			}
		}
	}
	return moved
}

// start starts every replica and returns when all listen.
func (f *fleet) start() {
	f.p.t.Helper()
	for _, r := range f.replicas {
		if r.cmd == nil {
			f.p.must(r.launch())
		}
	}
	for _, r := range f.replicas {
		f.p.must(r.ready())
	}
}

// stop ends every replica in order.
func (f *fleet) stop() {
	f.p.t.Helper()
	for _, r := range f.replicas {
		if r.cmd != nil {
			_ = r.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, r := range f.replicas {
		r.endsWell()
	}
}

// command is `partnerbot serve`: this test binary, which is the program when
// asChild tells it so.
func (r *process) command() *exec.Cmd {
	cmd := exec.Command(os.Args[0], "serve", "--config", r.path)
	cmd.Env = append(slices.Clone(r.env), asChild+"=1")
	return cmd
}

// start runs `partnerbot serve` and returns when it says that it listens.
func (r *process) start() {
	r.p.t.Helper()
	r.p.must(r.launch())
	r.p.must(r.ready())
}

// launch starts the program and waits for nothing.
func (r *process) launch() error {
	cmd, log := r.command(), &journal{}
	lines, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	address, read := make(chan string, 1), make(chan struct{})
	r.cmd, r.log, r.address, r.read = cmd, log, address, read
	go func() {
		defer close(read)
		follow(lines, log, address)
	}()
	return nil
}

// follow keeps what the program logs and tells where it listens.
func follow(lines io.Reader, log *journal, address chan<- string) {
	defer close(address)
	said := false
	for reader := bufio.NewReader(io.TeeReader(lines, log)); ; {
		text, err := reader.ReadBytes('\n')
		var line struct{ Msg, Address string }
		if json.Unmarshal(text, &line) == nil && line.Msg == "listening" && !said {
			said = true
			address <- line.Address
		}
		if err != nil {
			return
		}
	}
}

// ready returns when the program that was launched says that it listens.
func (r *process) ready() error {
	select {
	case at, ok := <-r.address:
		if !ok {
			return fmt.Errorf("the program ended before it listened:\n%s", r.log.String())
		}
		r.moved(at)
		return nil
	case <-time.After(patience):
		return fmt.Errorf("the program does not listen:\n%s", r.log.String())
	}
}

// end sends a signal and waits for the program to be gone; it returns its exit status.
func (r *process) end(signal syscall.Signal) int {
	if r.cmd == nil {
		return -1
	}
	_ = r.cmd.Process.Signal(signal)
	<-r.read
	_ = r.cmd.Wait()
	status := r.cmd.ProcessState.ExitCode()
	r.cmd = nil
	r.moved("")
	if strings.Contains(r.log.String(), "WARNING: DATA RACE") {
		r.p.t.Errorf("the program has a data race:\n%s", r.log.String())
	}
	return status
}

// endLimit is how long the program may take to end in order.
const endLimit = 10 * time.Second

// endsWell ends the program in order, and checks that it is quick and content.
func (r *process) endsWell() {
	r.p.t.Helper()
	if r.cmd == nil {
		return
	}
	began, hung := time.Now(), r.cmd.Process
	late := time.AfterFunc(2*endLimit, func() { _ = hung.Kill() })
	defer late.Stop()
	status := r.end(syscall.SIGTERM)
	if took := time.Since(began); status != exitWell || took > endLimit {
		r.p.t.Errorf("after SIGTERM: exit status %d in %s\n%s", status, took, r.log.String())
	}
}

// withAccesses replaces the accesses in an operator's configuration.
func withAccesses(accesses string) func(string) string {
	return func(written string) string {
		before, _, _ := strings.Cut(written, "access:\n")
		return before + accesses
	}
}

// config is what the program reads.
func (r *process) config() (*config.Config, error) {
	return config.Load(r.path, os.ReadFile, func(name string) string {
		for _, v := range r.env {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	})
}

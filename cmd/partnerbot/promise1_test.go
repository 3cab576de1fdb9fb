package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// asChild is set for a test binary that is to be the program.
const asChild = "PARTNERBOT_TEST_CHILD"

// process is the real program, in a process of its own, on a world in this one.
type process struct {
	p    *play
	env  []string
	path string // of partnerbot.yaml
	cmd  *exec.Cmd
	log  *journal
}

// newProcess sets a world up and the program beside it, not started yet.
func newProcess(t testing.TB, mode string, free bool) *process {
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
	path := filepath.Join(p.set.data, "partnerbot.yaml")
	p.must(os.WriteFile(path, text, 0o600))
	ca := filepath.Join(p.set.data, "ca.pem")
	p.must(os.WriteFile(ca, world.CA(), 0o600))
	bot, app, signing := world.Credentials()
	env := []string{"SLACK_BOT_TOKEN=" + bot, "SLACK_APP_TOKEN=" + app, "SLACK_SIGNING_SECRET=" + signing, "SSL_CERT_FILE=" + ca, "HOME=" + p.set.data}
	for k, v := range world.Tenant().Env() {
		env = append(env, k+"="+v)
	}
	return &process{p: p, env: env, path: path}
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
	t := r.p.t
	t.Helper()
	log := &journal{}
	r.log = log
	r.cmd = r.command()
	lines, writer := io.Pipe()
	r.cmd.Stderr = writer
	r.p.must(r.cmd.Start())
	address := make(chan string, 1)
	go func() {
		decoder := json.NewDecoder(io.TeeReader(lines, log))
		for {
			var line struct{ Msg, Address string }
			if err := decoder.Decode(&line); err != nil {
				_, _ = io.Copy(log, lines)
				close(address)
				return
			}
			if line.Msg == "listening" {
				address <- line.Address
			}
		}
	}()
	select {
	case at, ok := <-address:
		if !ok {
			t.Fatalf("the program ended before it listened:\n%s", r.log.String())
		}
		if r.p.set.mode == "http" {
			r.p.world.SetAppURL("http://" + at + "/slack/events")
		}
	case <-time.After(patience):
		t.Fatalf("the program does not listen:\n%s", r.log.String())
	}
	t.Cleanup(func() { r.end(syscall.SIGKILL) })
}

// end sends a signal and waits for the program to be gone; it returns its exit status.
func (r *process) end(signal syscall.Signal) int {
	if r.cmd == nil {
		return -1
	}
	_ = r.cmd.Process.Signal(signal)
	_ = r.cmd.Wait()
	if w, ok := r.cmd.Stderr.(io.Closer); ok {
		_ = w.Close()
	}
	status := r.cmd.ProcessState.ExitCode()
	r.cmd = nil
	return status
}

// TestPromise1AcknowledgedMeansKept kills the program with -9 right after Slack
// got its acknowledgement, before anything was done about it: the request's
// card, the sponsor's click, and everything that follows are there all the same.
func TestPromise1AcknowledgedMeansKept(t *testing.T) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			r := newProcess(t, mode, false)
			p := r.p
			never := sandbox.Fault{Cut: true, Times: 1_000_000} // whatever the bot says is lost
			p.world.Fail("chat.postMessage", never)
			r.start()
			p.asks(ann, jane, "Project Falcon", "30 days", "acknowledged")
			r.end(syscall.SIGKILL)
			if n := len(p.world.Messages(falconSponsors)); n != 0 {
				t.Fatalf("%d messages before the kill", n)
			}
			p.world.Heal("chat.postMessage")
			r.start()
			p.sees(sam, falconSponsors, "INV-1", "acknowledged", "[Approve]")
			p.sees(ann, p.world.As(ann).DM(), "INV-1")

			p.world.Fail("users.info", never) // the click is kept, nobody can be asked about it
			p.must(p.presses(sam, "INV-1", "Approve"))
			r.end(syscall.SIGKILL)
			if p.invitations(jane) > 0 {
				t.Fatal("an invitation before the kill")
			}
			p.world.Heal("users.info")
			r.start()
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
			p.sees(sam, falconSponsors, "INV-1", "Sam", "aiting for")
		})
	}
}

// TestPromise1AtAnyMoment kills the program at random moments while people ask
// and sponsors approve. In the end every acknowledged request has one guest,
// invited once, with the group; the seed of the moments is in the output.
func TestPromise1AtAnyMoment(t *testing.T) {
	const rounds, guests = 6, 12
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	r := newProcess(t, "http", true)
	p := r.p
	r.start()
	var asked []string
	for round := range rounds {
		at := time.Duration(dice.IntN(400)) * time.Millisecond
		killed := make(chan struct{})
		go func() {
			time.Sleep(at) // the moment itself is what is tried
			r.end(syscall.SIGKILL)
			close(killed)
		}()
		for i := range guests / rounds {
			email := fmt.Sprintf("guest%d.%d@acme.example", round, i)
			if p.tries(email) {
				asked = append(asked, email)
			}
		}
		p.approveAll()
		<-killed
		r.start()
	}
	done := func() bool {
		p.approveAll()
		return !slices.ContainsFunc(asked, func(email string) bool { return !p.inGroup(email, "Project Falcon")() })
	}
	// A kill may fall between the note that an invitation leaves and its leaving.
	// Then it is looked for half a minute before another one may leave.
	for range 3 {
		if p.until(t.Context(), "everything acknowledged to be done", done) == nil {
			break
		}
	}
	if !done() {
		t.Fatalf("not everything acknowledged was done:\n%s", r.log.String())
	}
	for _, email := range asked {
		if n := p.invitations(email); n != 1 {
			t.Errorf("%s was invited %d times", email, n)
		}
	}
	t.Logf("%d of %d requests were acknowledged", len(asked), guests)
}

// tries files a request while the program may be dead, and reports whether it
// was acknowledged: the form is closed by that and nothing else.
func (p *play) tries(email string) bool {
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Second)
	defer cancel()
	person := p.world.As(ann)
	for person.View() == nil {
		if ctx.Err() != nil || person.Slash(ctx, general, "/invite-partner") != nil {
			return false
		}
		_ = p.until(ctx, "the form", func() bool { return person.View() != nil })
	}
	for _, f := range [][2]string{{"email", email}, {"name", "Guest"}, {"access", "Project Falcon"}, {"for", "30 days"}, {"reason", "load"}} {
		p.must(person.Fill(f[0], f[1]))
	}
	err := person.Submit(ctx)
	return err == nil && person.View() == nil
}

// approveAll presses Approve on every card that has the button. Whether a press
// arrives is for Slack to say.
func (p *play) approveAll() {
	for _, m := range p.world.Messages(falconSponsors) {
		if slices.Contains(m.Buttons(), "Approve") {
			_ = p.world.As(sam).ClickText(p.t.Context(), falconSponsors, m.TS, "Approve")
		}
	}
}

// TestSIGTERM ends the program in order: what is in hand is finished, the exit
// status is 0, and the next start finds everything.
func TestSIGTERM(t *testing.T) {
	r := newProcess(t, "socket", false)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	if status := r.end(syscall.SIGTERM); status != exitWell {
		t.Errorf("exit status %d\n%s", status, r.log.String())
	}
	r.start()
	r.p.sees(sam, falconSponsors, "INV-1", "[Approve]")
}

// TestASecondServeOnTheSameFileIsRefused starts the program twice.
func TestASecondServeOnTheSameFileIsRefused(t *testing.T) {
	r := newProcess(t, "http", false)
	r.start()
	second := r.command()
	out, err := second.CombinedOutput()
	if err == nil || second.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "in use") {
		t.Errorf("exit status %d, %s", second.ProcessState.ExitCode(), out)
	}
}

package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"partnerbot/sandbox"
	"partnerbot/store/pgtest"
)

var listeningAt = regexp.MustCompile(`"msg":"listening","address":"([^"]+)"`)

// readiness is what the program's probe says.
func (r *process) readiness() (int, string) {
	found := listeningAt.FindStringSubmatch(r.log.String())
	if found == nil {
		return 0, "it does not listen"
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(r.p.t.Context(), http.MethodGet, "http://"+found[1]+"/readyz", nil)
	r.p.must(err)
	res, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	r.p.must(err)
	return res.StatusCode, string(text)
}

// unready waits until the probe says that a part is not ready.
func (r *process) unready(part string) {
	r.p.t.Helper()
	r.becomes(part+" to be unready", func(status int, text string) bool {
		return status == http.StatusServiceUnavailable && strings.Contains(text, part+": NOT YET")
	})
}

// readyAgain waits until the program says that all is well, by itself.
func (r *process) readyAgain() {
	r.p.t.Helper()
	r.becomes("the program to be ready", func(status int, _ string) bool { return status == http.StatusOK })
}

func (r *process) becomes(what string, so func(int, string) bool) {
	r.p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		status, text := r.readiness()
		if so(status, text) {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			r.p.t.Fatalf("waited for %s; readyz says %d\n%s\n%s", what, status, text, r.log.String())
		}
	}
}

// fills lets the program's files grow no further, as a full disk does, or as
// far as before.
func (r *process) fills(full bool) {
	r.p.t.Helper()
	var limit unix.Rlimit
	r.p.must(unix.Prlimit(r.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &limit))
	limit.Cur = limit.Max
	if full {
		limit.Cur = 0
	}
	r.p.must(unix.Prlimit(r.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}

// triesInVain submits a form that cannot be kept: it stays open, says so, and loses nothing.
func (p *play) triesInVain(email string) {
	p.t.Helper()
	p.drafts(email)
	person := p.world.As(ann)
	err := person.Submit(p.t.Context())
	v := person.View()
	switch {
	case v == nil:
		p.t.Fatal("a request was acknowledged that cannot be kept")
	case typed(v, "email") != email || typed(v, "reason") != "load":
		p.t.Fatal("what was typed is lost")
	case !slices.ContainsFunc(values(v.Errors), func(s string) bool { return strings.Contains(s, "nothing you typed is lost") }):
		p.t.Fatalf("the form says %v (%v)", v.Errors, err)
	}
}

func values(m map[string]string) []string {
	all := make([]string, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// outlives is what every outage of the store has in common: who asks and who
// presses is told clearly, the probe says it, and when it is over everything
// goes on by itself, with all that was acknowledged.
func (r *process) outlives(away, back func(), part string) {
	p, t := r.p, r.p.t
	t.Helper()
	p.asks(ann, jane, "Project Falcon", "30 days", "before")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	p.sees(ann, p.world.As(ann).DM(), "INV-1")
	away()
	p.triesInVain(bob)
	r.unready(part)
	if err := p.presses(sam, "INV-1", "Approve"); err == nil {
		t.Error("a press was acknowledged that cannot be kept")
	}
	if n := p.invitations(jane); n > 0 {
		t.Fatalf("%d invitations left", n)
	}
	back()
	r.readyAgain()
	// What was in doubt may have been kept after all; then it is not made twice.
	_ = p.world.As(ann).Submit(t.Context())
	p.sees(sam, falconSponsors, bob, "[Approve]")
	_ = p.presses(sam, "INV-1", "Approve")
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	r.end(syscall.SIGKILL)
	r.start()
	p.sees(sam, falconSponsors, "INV-1", "Sam")
	if n := p.invitations(jane); n != 1 {
		t.Errorf("%d invitations", n)
	}
}

// TestAFullDisk takes the room from the running program.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	r := newProcess(t, "socket", false)
	r.start()
	r.outlives(func() { r.fills(true) }, func() { r.fills(false) }, "store writable")
}

// TestAFullDiskAfterAPost takes the room when a card was posted and that is not
// written down yet: there is one card in the end, and it says what is so.
func TestAFullDiskAfterAPost(t *testing.T) {
	t.Parallel()
	r := newProcess(t, "socket", false)
	p := r.p
	p.world.Fail("chat.postMessage", sandbox.Fault{Cut: true, AfterEffect: true, Times: 2})
	p.world.Fail("conversations.history", sandbox.Fault{Status: http.StatusServiceUnavailable, Times: 1000})
	r.start()
	p.asks(ann, jane, "Project Falcon", "30 days", "under way")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	r.fills(true)
	p.world.Heal("conversations.history")
	r.unready("store writable")
	looks := len(p.world.CallsOf("conversations.history"))
	p.eventually("a look for the card", func() bool { return len(p.world.CallsOf("conversations.history")) > looks })
	r.fills(false)
	r.readyAgain()
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	p.sees(sam, falconSponsors, "INV-1", "aiting for")
	if cards := p.world.Messages(falconSponsors); len(cards) != 1 {
		t.Errorf("%d cards: %v", len(cards), plain(cards))
	}
}

// TestAReadOnlyDisk starts the program on a store that it may read and not
// write: it says which file and what to do, and ends. The folder is mounted
// read-only in a namespace of the program's own, which needs no rights and
// stops root as well. Under a running program no such mount can be made; a write
// then fails as on a full disk.
func TestAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	r := newProcess(t, "socket", false)
	r.start()
	r.end(syscall.SIGTERM)
	const mount = `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`
	inside := func(args ...string) *exec.Cmd {
		return exec.Command("unshare", append([]string{"--user", "--map-root-user", "--mount", "sh", "-c", mount, r.p.set.data}, args...)...)
	}
	if out, err := inside("true").CombinedOutput(); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("Not checked: a start on a read-only disk; namespaces are not allowed here: %v %s", err, out)
	}
	served := r.command()
	cmd := inside(served.Args...)
	cmd.Env = served.Env
	out, err := cmd.CombinedOutput()
	ended, _ := errors.AsType[*exec.ExitError](err)
	if ended == nil || ended.ExitCode() != exitFailed || !strings.Contains(string(out), filepath.Join(r.p.set.data, demoStore)) || !strings.Contains(string(out), "read-only") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheDatabaseIsGone stops the PostgreSQL server, and starts it again; and
// lets it hang, as a machine does that swaps.
func TestTheDatabaseIsGone(t *testing.T) {
	for name, how := range map[string]struct{ away, back func(*pgtest.Server) error }{
		"stopped": {(*pgtest.Server).Stop, (*pgtest.Server).Start},
		"killed":  {(*pgtest.Server).Kill, (*pgtest.Server).Start},
		"hanging": {(*pgtest.Server).Pause, (*pgtest.Server).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Own(t, pgtest.Options{})
			r := newProcess(t, "socket", false)
			text, err := os.ReadFile(r.path)
			r.p.must(err)
			text = regexp.MustCompile(`(?m)^store: .*$`).ReplaceAllLiteral(text, []byte("store: "+server.Empty(t)))
			r.p.must(os.WriteFile(r.path, text, 0o600))
			r.start()
			r.outlives(func() { r.p.must(how.away(server)) }, func() { r.p.must(how.back(server)) }, "store writable")
		})
	}
}

// TestSIGTERMWhileThePlatformsHang ends the program in time although nothing
// that it waits for is answered; the next start takes up at once what it let go.
func TestSIGTERMWhileThePlatformsHang(t *testing.T) {
	t.Parallel()
	r := newProcess(t, "socket", false)
	p := r.p
	r.start()
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	hang := sandbox.Fault{Delay: time.Minute, Cut: true, Times: 1000}
	p.world.Tenant().Fail("*", "/invitations", sandbox.GraphFault{Delay: time.Minute, Cut: true, Times: 1})
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.sees(sam, falconSponsors, "INV-1", "being invited")
	p.world.Fail("chat.postMessage", hang)
	p.world.Fail("chat.update", hang)
	p.asks(ann, bob, "Project Falcon", "30 days", "kick-off")
	began := time.Now()
	if status := r.end(syscall.SIGTERM); status != exitWell {
		t.Errorf("exit status %d\n%s", status, r.log.String())
	}
	took := time.Since(began)
	t.Logf("it took %v to end", took.Round(time.Millisecond))
	if took > 10*time.Second {
		t.Errorf("it took %v to end", took)
	}
	p.world.Heal("chat.postMessage")
	p.world.Heal("chat.update")
	r.start()
	began = time.Now()
	p.sees(sam, falconSponsors, "INV-2", "[Approve]")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the next start took %v to go on", took)
	}
}

// TestSIGTERMWhileSlackDoesNotAnswerAtTheStart ends a program that is not ready yet.
func TestSIGTERMWhileSlackDoesNotAnswerAtTheStart(t *testing.T) {
	t.Parallel()
	r := newProcess(t, "socket", false)
	r.p.world.Fail("auth.test", sandbox.Fault{Status: http.StatusServiceUnavailable})
	r.p.world.Fail("auth.test", sandbox.Fault{Delay: time.Minute, Cut: true})
	r.p.must(r.launch())
	r.p.eventually("Slack to be asked", func() bool { return len(r.p.world.CallsOf("auth.test")) > 0 })
	began := time.Now()
	if status := r.end(syscall.SIGTERM); status != exitWell || time.Since(began) > 10*time.Second {
		t.Errorf("exit status %d after %v\n%s", status, time.Since(began), r.log.String())
	}
}

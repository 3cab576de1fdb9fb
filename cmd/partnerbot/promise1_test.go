package main

import (
	"strings"
	"syscall"
	"testing"

	"partnerbot/sandbox"
)

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

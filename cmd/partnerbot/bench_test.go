package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"partnerbot/sandbox"
)

// BenchmarkAcknowledgement sends commands at 200 a second, signed, each its own,
// and reports how long Slack waits for the acknowledgement.
func BenchmarkAcknowledgement(b *testing.B) {
	p := newFreePlay(b, "http", true)
	_, _, secret := p.world.Credentials()
	took := make([]time.Duration, b.N)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	tick := time.NewTicker(time.Second / 200)
	defer tick.Stop()
	b.ResetTimer()
	for i := range b.N {
		<-tick.C
		body := url.Values{
			"command": {"/partner-requests"}, "text": {"help"}, "user_id": {ann}, "team_id": {sandbox.TeamID},
			"channel_id": {general}, "trigger_id": {strconv.Itoa(i)}, "response_url": {p.world.URL() + "/nowhere"},
		}.Encode()
		req := p.world.SignedRequest(b.Context(), []byte(body), "application/x-www-form-urlencoded", p.clock.now(), secret)
		wg.Go(func() {
			began := time.Now()
			resp, err := client.Do(req)
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Error(err)
				return
			}
			_ = resp.Body.Close()
			took[i] = time.Since(began)
		})
	}
	wg.Wait()
	b.StopTimer()
	percentiles(b, took)
}

// BenchmarkSubmission files requests one after another, and reports how long
// Slack waits: each acknowledgement comes after a commit.
func BenchmarkSubmission(b *testing.B) {
	p := newFreePlay(b, "http", true)
	took := make([]time.Duration, b.N)
	for i := range b.N {
		p.drafts(fmt.Sprintf("guest%d@acme.example", i))
		began := time.Now()
		p.must(p.world.As(ann).Submit(b.Context()))
		took[i] = time.Since(began)
	}
	percentiles(b, took)
}

// drafts opens the form and fills it.
func (p *play) drafts(email string) {
	p.t.Helper()
	person := p.world.As(ann)
	p.must(person.Slash(p.t.Context(), general, "/invite-partner"))
	p.eventually("the form", func() bool { return person.View() != nil })
	p.must(p.fillIn(p.t.Context(), ann, [][2]string{{"email", email}, {"name", "Guest"}, {"access", "Project Falcon"}, {"for", "30 days"}, {"reason", "load"}}...))
}

// BenchmarkClickToCard presses Approve and reports how long it takes until the
// card has no buttons: the commit, two questions to Slack about the person, the
// decision's commit and the card's update, with the simulated Slack's own time.
func BenchmarkClickToCard(b *testing.B) {
	p := newFreePlay(b, "http", true)
	took := make([]time.Duration, b.N)
	over := make([]time.Duration, b.N)
	for i := range b.N {
		p.drafts(fmt.Sprintf("guest%d@acme.example", i))
		p.must(p.world.As(ann).Submit(b.Context()))
		p.eventually("the card", func() bool { return len(p.world.Messages(falconSponsors)) > i })
		card := p.world.Messages(falconSponsors)[i]
		calls := len(p.world.Calls())
		p.must(p.world.As(sam).ClickText(b.Context(), falconSponsors, card.TS, "Approve"))
		p.eventually("the card brought up to date", func() bool { return updated(p.world.Calls()[calls:], card.TS) != nil })
		took[i], over[i] = clickToCard(p.world.Calls()[calls:], card.TS)
	}
	percentiles(b, took)
	b.ReportMetric(ms(at(over, 50)), "over-p50-ms")
	b.ReportMetric(ms(at(over, 99)), "over-p99-ms")
}

// updated is the first call that brought a card up to date.
func updated(calls []sandbox.Call, ts string) *sandbox.Call {
	for i, c := range calls {
		if c.Method == "chat.update" && c.Args["ts"] == ts {
			return &calls[i]
		}
	}
	return nil
}

// clickToCard is the time from the moment that Slack sends a click to the moment
// that it has the new card, and that time without Slack's own part in it.
func clickToCard(calls []sandbox.Call, ts string) (whole, ours time.Duration) {
	update := updated(calls, ts)
	end := update.At.Add(update.Took)
	began := end
	var slacks time.Duration
	for _, c := range calls {
		switch {
		case c.Dir == sandbox.ToApp && c.Method == "interactive":
			began = c.At
		case slices.Contains([]string{"users.info", "usergroups.users.list"}, c.Method), c.Method == "chat.update" && c.Args["ts"] == ts && c.At.Equal(update.At):
			slacks += c.Took
		}
	}
	return end.Sub(began), end.Sub(began) - slacks
}

// BenchmarkStart runs the program to the moment that it listens, and reports
// the memory it then holds while nothing happens.
func BenchmarkStart(b *testing.B) {
	took := make([]time.Duration, b.N)
	resident := 0
	for i := range b.N {
		r := newProcess(b, "http", true)
		began := time.Now()
		r.start()
		took[i] = time.Since(began)
		resident = max(resident, residentKiB(b, r.cmd.Process.Pid))
		r.end(syscall.SIGTERM)
	}
	percentiles(b, took)
	b.ReportMetric(float64(resident)/1024, "resident-MiB")
}

// residentKiB reads what the kernel says of a process.
func residentKiB(b *testing.B, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("the memory of a process cannot be read here")
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

func percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	b.ReportMetric(ms(at(took, 50)), "p50-ms")
	b.ReportMetric(ms(at(took, 99)), "p99-ms")
}

func at(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"partnerbot/approvals"
	"partnerbot/store"
)

// crashFile names the variable that tells the test binary to be the writer of
// the crash test, and on which file.
const crashFile = "PARTNERBOT_STORE_CRASH_FILE"

// writeUntilKilled makes and changes requests with several hands at once, and
// acknowledges each on out once the store says that it is kept.
func writeUntilKilled(path string, out io.Writer) error {
	s, err := store.Open(path, store.Options{})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	acknowledge := func(r approvals.Request) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%s %d %s\n", r.ID, r.Version, r.Guest.Email)
	}
	var wg sync.WaitGroup
	for hand := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				email := fmt.Sprintf("guest%d.%d.%d@acme.example", os.Getpid(), hand, n)
				r, err := s.Create(context.Background(), approvals.LiveKey(email, "falcon"), openChange(email))
				if err != nil {
					return
				}
				acknowledge(r)
				if r, err = s.Update(context.Background(), r.ID, next(owing(guest, nine))); err != nil {
					return
				}
				acknowledge(r)
			}
		})
	}
	wg.Wait()
	return s.Close()
}

type acknowledged struct {
	version uint64
	email   string
}

func TestWhatWasAcknowledgedSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	kept := map[approvals.RequestID]acknowledged{}
	for range 3 {
		killAfter(t, path, 1+rand.IntN(300), kept)
		checkAcknowledged(t, path, kept)
	}
}

// killAfter runs a writer and kills it after so many acknowledgements. What it
// still said before it died counts too.
func killAfter(t *testing.T, path string, count int, kept map[approvals.RequestID]acknowledged) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashFile+"="+path)
	child.Stderr = t.Output()
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	heard := 0
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		var id approvals.RequestID
		var a acknowledged
		if _, err := fmt.Sscanf(strings.TrimSpace(line), "%s %d %s", &id, &a.version, &a.email); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		kept[id] = a
		if heard++; heard == count {
			must(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); heard < count {
		t.Fatalf("the writer ended by itself after %d acknowledgements: %v", heard, err)
	}
}

// checkAcknowledged opens the file anew and looks for every acknowledged
// request, its trail, its place in the lists and its work.
func checkAcknowledged(t *testing.T, path string, kept map[approvals.RequestID]acknowledged) {
	t.Helper()
	s, err := store.Open(path, store.Options{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	owed := map[approvals.RequestID]int{}
	for _, lane := range approvals.Lanes() {
		rows, _, err := s.Take(t.Context(), nine, lane, 1<<20)
		must(t, err)
		for _, o := range rows {
			owed[o.Request]++
		}
	}
	must(t, s.Snapshot(t.Context(), func(is store.Snapshot) error {
		report, err := store.Verify(t.Context(), is, store.Keys{}, store.VerifyOptions{})
		if !report.Good() {
			t.Errorf("the trail after a kill: %v", report.Findings)
		}
		return err
	}))
	for id, a := range kept {
		r := get(t, s, id)
		if r.Version < a.version || r.Guest.Email != a.email {
			t.Errorf("%s is version %d for %s; acknowledged was version %d for %s", id, r.Version, r.Guest.Email, a.version, a.email)
		}
		trail, err := s.Trail(t.Context(), id)
		must(t, err)
		if uint64(len(trail)) != r.Version || uint64(owed[id]) != r.Version {
			t.Errorf("%s, version %d, has %d entries and owes %d", id, r.Version, len(trail), owed[id])
		}
	}
	if page := list(t, s, approvals.Query{Pending: true}); page.Total < len(kept) {
		t.Errorf("%d pending; %d were acknowledged", page.Total, len(kept))
	}
}

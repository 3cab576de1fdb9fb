package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"partnerbot/approvals"
	"partnerbot/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// handler is a contestant's, in this process.
func handler(t *testing.T, requests approvals.Store) http.Handler {
	b, err := newBot(requests, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})))
	must(t, err)
	t.Cleanup(func() { must(t, b.Close(context.Background())) })
	return b.Handler(signingSecret)
}

func address(t *testing.T, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

var (
	crowd = load{connections: 8, length: time.Second / 2}
	even  = load{connections: 8, rate: 200, length: time.Second / 2}
)

func TestEveryFormIsAccepted(t *testing.T) {
	for _, l := range []load{crowd, even} {
		t.Run(l.String(), func(t *testing.T) {
			requests := &nothing{}
			r, err := l.run(t.Context(), address(t, handler(t, requests)))
			must(t, err)
			if r.accepted == 0 || r.p50 <= 0 || r.p99 < r.p50 || requests.last.Load() != uint64(r.accepted) {
				t.Errorf("%d requests of %+v", requests.last.Load(), r)
			}
		})
	}
}

func TestARefusalIsNoSpeed(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"an error at a field": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"response_action":"errors","errors":{"email":"is in already"}}`)
		},
		"an error of the server": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"another status":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
		"an end":                 func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, h := range answers {
		for _, l := range []load{crowd, even} {
			t.Run(name+"/"+l.String(), func(t *testing.T) {
				if r, err := l.run(t.Context(), address(t, h)); err == nil {
					t.Errorf("it counts: %+v", r)
				}
			})
		}
	}
}

// TestWhoIsOverrunIsSlow: one form is answered after the end, and the others
// wait for it all the time.
func TestWhoIsOverrunIsSlow(t *testing.T) {
	over := make(chan struct{})
	time.AfterFunc(2*even.length, func() { close(over) })
	l := load{connections: 1, rate: even.rate, length: even.length}
	r, err := l.run(t.Context(), address(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over })))
	must(t, err)
	if r.accepted != 1 || r.rate != 0 || r.p50 < l.length/8 || r.p50 > l.length || r.p99 <= l.length {
		t.Errorf("%+v", r)
	}
}

func TestAFormSentTwiceIsRefused(t *testing.T) {
	requests, err := store.Open(t.TempDir()+"/requests.db", store.Options{})
	must(t, err)
	defer func() { must(t, requests.Close()) }()
	f, err := newForm()
	must(t, err)
	c, err := connect(t.Context(), address(t, handler(t, requests)))
	must(t, err)
	defer c.close()
	now := time.Now()
	must(t, c.send(f.next(7, now)))
	if err := c.send(f.next(7, now.Add(time.Second))); err == nil {
		t.Error("a second request for the same guest counts")
	}
}

// TestOneByOneKeepsWhatWeKeep holds contestant (b) to the rows of our own store.
func TestOneByOneKeepsWhatWeKeep(t *testing.T) {
	ours, theirs := rowsOf(t, onBolt, "requests.db"), rowsOf(t, oneByOne, "plain.db")
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Errorf("rows of three requests by bucket (-ours +one by one):\n%s", diff)
	}
}

// rowsOf counts what three more requests add to each bucket.
func rowsOf(t *testing.T, kind, file string) map[string]int {
	t.Helper()
	rows := rowsAfter(t, kind, file, 4)
	for bucket, n := range rowsAfter(t, kind, file, 1) {
		if rows[bucket] -= n; rows[bucket] == 0 {
			delete(rows, bucket)
		}
	}
	return rows
}

func rowsAfter(t *testing.T, kind, file string, forms uint64) map[string]int {
	t.Helper()
	folder := t.TempDir()
	kept, done, requests, err := openKind(t.Context(), kind, folder)
	must(t, err)
	f, err := newForm()
	must(t, err)
	c, err := connect(t.Context(), address(t, handler(t, requests)))
	must(t, err)
	defer c.close()
	for n := range forms {
		must(t, c.send(f.next(n, time.Now())))
	}
	if n, err := kept(); n != int(forms) || err != nil {
		t.Errorf("%s kept %d: %v", kind, n, err)
	}
	must(t, done())
	db, err := bbolt.Open(filepath.Join(folder, file), 0o600, nil)
	must(t, err)
	rows := map[string]int{}
	must(t, db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			rows[string(name)] = b.Stats().KeyN
			return nil
		})
	}))
	must(t, db.Close())
	return rows
}

func TestAGoalIsMetInTheMiddle(t *testing.T) {
	g := goal{what: "x", load: load{connections: 64}, of: rate, ours: onBolt, theirs: boltJS, limit: 2}
	at := func(rates ...float64) map[string][]result {
		var rs []result
		for _, r := range rates {
			rs = append(rs, result{rate: r})
		}
		return map[string][]result{g.load.String(): rs}
	}
	for want, s := range map[string]score{
		"met     2,":    {onBolt: at(10, 60, 20), boltJS: at(10, 10, 10)},
		"MISSED  1.99,": {onBolt: at(10, 60, 19.9), boltJS: at(10, 10, 10)},
		"":              {onBolt: at(10)},
	} {
		if line, measured := g.verdict(s); !strings.HasPrefix(line, want) || measured != (want != "") {
			t.Errorf("%q; want %q", line, want)
		}
	}
	g.atMost = true
	if line, _ := g.verdict(score{onBolt: at(3), boltJS: at(1)}); !strings.HasPrefix(line, "MISSED  3, goal at most 2") {
		t.Errorf("%q", line)
	}
}

func TestFiguresAreReadByNameAndUnit(t *testing.T) {
	got, err := figuresOf(strings.NewReader("goos: linux\nBenchmarkLarge/bolt/newest_20_pending-2 \t 4365\t 337482 ns/op\t 0.22 p50-ms\t 2.2 p99-ms\nPASS\n"))
	must(t, err)
	want := map[string]map[string]float64{"BenchmarkLarge/bolt/newest_20_pending": {"ns/op": 337482, "p50-ms": 0.22, "p99-ms": 2.2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeMeasuredIsSaid(t *testing.T) {
	for _, args := range [][]string{
		{"-only", "mongo"}, {"-connections", "many"}, {"-connections", "0"}, {"-rounds", "0"}, {"-length", "1ms"}, {"-serve", "mongo"}, {"-x"},
	} {
		p := program{in: strings.NewReader(""), out: io.Discard, err: io.Discard}
		if err := run(t.Context(), append(args, "-folder", t.TempDir()), p); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

// TestAContestantServesUntilItsInputEnds is the whole way of one of ours: it
// says where it is, is pressed, and counts what it kept.
func TestAContestantServesUntilItsInputEnds(t *testing.T) {
	in, leash := io.Pipe()
	out, says := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(t.Context(), []string{"-serve", onBolt, "-place", t.TempDir()}, program{in: in, out: says, err: io.Discard})
	}()
	c := child{said: bufio.NewReader(out), cancel: func() {}}
	at, err := c.hear(listeningPrefix)
	must(t, err)
	r, err := crowd.run(t.Context(), at)
	must(t, err)
	must(t, leash.Close())
	if kept, err := c.hear(keptPrefix); kept != strconv.Itoa(r.accepted) || err != nil {
		t.Errorf("it kept %s of %d: %v", kept, r.accepted, err)
	}
	must(t, <-ended)
}

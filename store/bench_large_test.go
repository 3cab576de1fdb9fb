package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// place is where a benchmark's data is, and how a program opens it.
type place struct {
	name string
	open func() (closing, error)
	size func() int64 // bytes on disk
}

type closing interface {
	approvals.Store
	Close() error
}

func places(b *testing.B) []place {
	file := filepath.Join(b.TempDir(), "requests.db")
	list := []place{{
		name: "bolt",
		open: func() (closing, error) { return store.Open(file, store.Options{}) },
		size: func() int64 {
			info, err := os.Stat(file)
			must(b, err)
			return info.Size()
		},
	}}
	return append(list, place{name: "postgres"})
}

// in makes the place of a database when its turn has come.
func (p place) in(b *testing.B) place {
	if p.open != nil {
		return p
	}
	address := pgtest.URL(b)
	p.open = func() (closing, error) {
		return store.OpenPostgres(context.Background(), address, store.PostgresOptions{})
	}
	p.size = func() (bytes int64) {
		conn, err := pgx.Connect(context.Background(), address)
		must(b, err)
		defer func() { must(b, conn.Close(context.Background())) }()
		must(b, conn.QueryRow(context.Background(), `SELECT sum(pg_total_relation_size(oid)) FROM pg_class
			WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`).Scan(&bytes))
		return bytes
	}
	return p
}

// howMany is how large a store is measured: large enough that what costs the
// store and not the page shows, unless more is asked for.
func howMany(b *testing.B) int {
	text := os.Getenv("PARTNERBOT_BENCH_REQUESTS")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	must(b, err)
	return n
}

// asServed lets as much garbage lie as `serve` does, which has little alive and
// collects less often: the figures are to be those of the program.
func asServed(b *testing.B) {
	was := debug.SetGCPercent(400)
	b.Cleanup(func() { debug.SetGCPercent(was) })
}

// BenchmarkLarge asks a store of many requests, a tenth of them pending. The
// store was opened anew after it was filled.
func BenchmarkLarge(b *testing.B) {
	asServed(b)
	for _, p := range places(b) {
		b.Run(p.name, func(b *testing.B) {
			p, n := p.in(b), howMany(b)
			fillWith(b, p, n, func(i int, id approvals.RequestID) approvals.Change { return aged(i, id) })
			s, err := p.open()
			must(b, err)
			b.Cleanup(func() { must(b, s.Close()) })
			askLarge(b, s, n)
			b.Run("size", func(b *testing.B) {
				for b.Loop() {
					list(b, s, approvals.Query{Pending: true, Limit: 20})
				}
				b.ReportMetric(float64(p.size())/(1<<20), "disk-MiB")
				b.ReportMetric(ownMemory(b), "memory-MiB")
			})
		})
	}
}

// askLarge measures what people and the program ask.
func askLarge(b *testing.B, s approvals.Store, n int) {
	page := func(q approvals.Query, want int) {
		if p := list(b, s, q); len(p.Requests) != want || (q.Pending && p.Total != n/10) {
			b.Fatalf("%+v: %d requests of %d", q, len(p.Requests), p.Total)
		}
	}
	timed(b, "newest 20 pending", func() { page(approvals.Query{Pending: true, Limit: 20}, 20) })
	timed(b, "20 pending anywhere", func() {
		page(approvals.Query{Pending: true, Limit: 20, Before: uint64(n/2 + rand.IntN(n/2))}, 20)
	})
	timed(b, "count of the pending", func() { page(approvals.Query{Pending: true, Limit: 1}, 1) })
	timed(b, "newest 20 of one person", func() { page(approvals.Query{Requester: person(rand.IntN(askers)), Limit: 20}, 20) })
	timed(b, "search by guest living", func() {
		rs, err := s.Guest(b.Context(), guestNo(10*rand.IntN(n/10)))
		must(b, err)
		if len(rs) != 1 {
			b.Fatalf("%d requests", len(rs))
		}
	})
	timed(b, "search by guest whole history", func() {
		rs, err := s.History(b.Context(), guestNo(10*rand.IntN(n/10)))
		must(b, err)
		if len(rs) == 0 {
			b.Fatal("no requests")
		}
	})
	timed(b, "what is known of the domain of all", func() {
		if c := domain(b, s, "acme.example"); c.Pending != n/10 || c.Before != n-n/10 || len(c.Last) != 3 {
			b.Fatal(c)
		}
	})
	timed(b, "one request", func() { get(b, s, approvals.NewID(uint64(1+rand.IntN(n)))) })
	timed(b, "take nothing due", func() {
		rows, _, err := s.Take(b.Context(), nine.Add(-time.Hour), approvals.LaneSlack, 16)
		must(b, err)
		if len(rows) > 0 {
			b.Fatal(rows)
		}
	})
}

// timed runs something again and again, and reports how long it takes most of
// the time and nearly always.
func timed(b *testing.B, name string, do func()) {
	b.Run(name, func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			began := time.Now()
			do()
			took = append(took, time.Since(began))
		}
		reportTimes(b, took)
	})
}

func reportTimes(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, percent := range []int{50, 99} {
		at := took[min(len(took)*percent/100, len(took)-1)]
		b.ReportMetric(float64(at.Nanoseconds())/1e6, fmt.Sprintf("p%d-ms", percent))
	}
}

// fillWith makes n requests as fast as the store takes them.
func fillWith(b *testing.B, p place, n int, change func(i int, id approvals.RequestID) approvals.Change) {
	s, err := p.open()
	must(b, err)
	const writers = 512
	failed := make(chan error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n; i += writers {
				_, err := s.Create(context.Background(), approvals.LiveKey(guestNo(i), "falcon"),
					func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
						return change(i, id), nil
					})
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	must(b, <-failed)
	must(b, s.Close())
	debug.FreeOSMemory()
}

// askers is how many people ask in a large store.
const askers = 1000

func person(i int) approvals.PersonID {
	return approvals.PersonID{Team: "T0NORTH", User: fmt.Sprintf("U0ASKER%03d", i)}
}

// aged is a request as it looks after some life: one in ten waits for a
// decision, with its clock owed, the others have ended.
func aged(i int, id approvals.RequestID) approvals.Change {
	c := pending(id, guestNo(i))
	r := &c.Request
	r.Requester, r.For, r.Deadline = person(i%askers), 30*24*time.Hour, nine.Add(120*time.Hour)
	c.Entries[0].By = r.Requester
	r.Access.Grants = []approvals.Grant{{Group: "6f0c5a3e-0000-0000-0000-000000000001"}}
	r.Access.Stages = []approvals.Stage{{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON"}, Quorum: 1, Deadline: 120 * time.Hour}}
	r.Shown = approvals.Shown{
		Cards:  []approvals.Posted{{Channel: "C0FALCON", TS: "1795409399.000100", Version: 1}},
		Direct: approvals.Posted{Channel: "D0ASKER", TS: "1795409399.000200", Version: 1},
	}
	c.Owed = []approvals.Owing{{Kind: approvals.WorkClock, Due: r.Deadline}}
	if i%10 != 0 {
		r.State, c.Owed = approvals.Ended, nil
		r.Votes = []approvals.Vote{{By: person(0), Verdict: approvals.Approve, At: nine}}
		r.Account = approvals.Account{ID: "6f0c5a3e-0000-0000-0000-000000000002", Invited: nine, Joined: nine}
	}
	return c
}

// BenchmarkFirstWork starts a worker on a store in which 100,000 rows are owed
// already, and reports how long after the start the first of them is done.
func BenchmarkFirstWork(b *testing.B) {
	const rows = 100_000
	asServed(b)
	for _, p := range places(b) {
		b.Run(p.name, func(b *testing.B) {
			p := p.in(b)
			fillWith(b, p, rows, func(i int, id approvals.RequestID) approvals.Change {
				c := aged(10*i, id)
				c.Request.Guest.Email = guestNo(i)
				c.Owed = []approvals.Owing{{Kind: approvals.WorkCards}}
				return c
			})
			var took []time.Duration
			for b.Loop() {
				t, err := firstWork(p)
				must(b, err)
				took = append(took, t)
			}
			reportTimes(b, took)
		})
	}
}

// eager is a desk that says when it was first asked for a card.
type eager struct {
	approvals.Desk
	once  sync.Once
	asked chan struct{}
}

func (e *eager) Cards(context.Context, approvals.Request, approvals.Note) ([]approvals.Posted, error) {
	e.once.Do(func() { close(e.asked) })
	return nil, nil
}

// firstWork is how long that takes, the opening of the store included.
func firstWork(p place) (took time.Duration, err error) {
	began := time.Now()
	s, err := p.open()
	if err != nil {
		return 0, err
	}
	desk := &eager{asked: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	w := &approvals.Worker{
		Store: s, Desk: desk, Policy: (&approvals.Policy{}).Always, Now: func() time.Time { return nine.Add(time.Hour) },
		Log: slog.New(slog.DiscardHandler),
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	<-desk.asked
	took = time.Since(began)
	stop()
	return took, errors.Join(<-ended, s.Close())
}

// ownMemory is what this process holds besides files that it maps, in MiB; 0
// where the kernel does not say it as Linux does.
func ownMemory(b *testing.B) float64 {
	b.Helper()
	debug.FreeOSMemory()
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			must(b, err)
			return float64(kib) / 1024
		}
	}
	return 0
}

package store_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// traffic is two replicas that write and take, and what came of it.
type traffic struct {
	asked         sync.Map // address to ID, of what was acknowledged
	over          atomic.Bool
	kept, refused atomic.Int64
}

// askUntil asks for guest after guest.
func (c *traffic) askUntil(t *testing.T, s *store.Postgres, first int) {
	for n := first; !c.over.Load(); n++ {
		email := guestNo(n)
		r, err := s.Create(context.Background(), approvals.LiveKey(email, "falcon"), asks(email, "falcon"))
		switch {
		case err == nil:
			c.asked.Store(email, r.ID)
			c.kept.Add(1)
		case errors.Is(err, store.ErrUnreachable):
			c.refused.Add(1)
		default:
			t.Errorf("an error that does not say that the database is gone: %v", err)
		}
	}
}

// more waits until a count has grown.
func more(t *testing.T, what string, count *atomic.Int64) {
	t.Helper()
	was := count.Load()
	eventually(t, what, func() bool { return count.Load() > was+20 })
}

// TestNothingAcknowledgedIsLostWhileTheDatabaseComesAndGoes has two replicas
// write and take through a stop, a crash and a hang of the server.
func TestNothingAcknowledgedIsLostWhileTheDatabaseComesAndGoes(t *testing.T) {
	server := pgtest.Own(t, pgtest.Options{})
	address := server.Empty(t)
	opts := store.PostgresOptions{MaxConns: 4, Timeout: 2 * time.Second, Lease: time.Second}
	a, b := openReplica(t, address, opts), openReplica(t, address, opts)
	var c traffic
	var wg sync.WaitGroup
	defer wg.Wait()
	defer c.over.Store(true)
	for n := range 8 {
		s := []*store.Postgres{a, b}[n%2]
		wg.Go(func() { c.askUntil(t, s, n*1_000_000) })
		wg.Go(func() { takeUntil(t, s, &c.over) })
	}
	more(t, "writes at the start", &c.kept)
	for _, outage := range []struct {
		name       string
		begin, end func() error
	}{{"a stop", server.Stop, server.Start}, {"a crash", server.Kill, server.Start}, {"a hang", server.Pause, server.Resume}} {
		must(t, outage.begin())
		eventually(t, "the news of "+outage.name, func() bool { return a.Writable(t.Context()) != nil })
		must(t, outage.end())
		more(t, "writes after "+outage.name, &c.kept)
	}
	c.over.Store(true)
	wg.Wait()
	c.asked.Range(func(email, id any) bool {
		if got := get(t, a, id.(approvals.RequestID)); got.Guest.Email != email {
			t.Errorf("%s is for %s; want %s", id, got.Guest.Email, email)
		}
		return true
	})
	verified(t, b, store.Keys{})
	if c.refused.Load() == 0 {
		t.Error("nobody was refused, so the database was never gone")
	}
}

// takeUntil takes work and settles or postpones it.
func takeUntil(t *testing.T, s *store.Postgres, over *atomic.Bool) {
	for !over.Load() {
		rows, _, err := s.Take(context.Background(), nine, approvals.LaneSlack, 4)
		if err != nil && !errors.Is(err, store.ErrUnreachable) {
			t.Errorf("taking: %v", err)
		}
		for i, o := range rows {
			if i%2 == 0 {
				_, err = s.Settle(context.Background(), o, same())
			} else {
				err = s.Postpone(context.Background(), o, nine)
			}
			if err != nil && !errors.Is(err, store.ErrUnreachable) {
				t.Errorf("ending %v: %v", o, err)
			}
		}
	}
}

// TestACommitWhoseAnswerIsLostIsNotDoneTwice cuts the line after the database
// heard the end of a transaction and before we heard of it.
func TestACommitWhoseAnswerIsLostIsNotDoneTwice(t *testing.T) {
	address := pgURL(t)
	line := newLine(t, address)
	s := openPostgres(t, line.address)
	r := ask(t, s, "jane@acme.example", "falcon")
	for want := uint64(2); want < 7; want++ {
		var once sync.Once
		got, err := s.Update(t.Context(), r.ID, func(r approvals.Request) (approvals.Change, error) {
			once.Do(func() { line.loseNext(want%2 == 0) })
			return moves(approvals.Pending)(r)
		})
		must(t, err)
		if got.Version != want || get(t, s, r.ID).Version != want {
			t.Errorf("version %d, kept %d; want %d", got.Version, get(t, s, r.ID).Version, want)
		}
	}
	verified(t, s, store.Keys{})
	if line.cut.Load() < 5 {
		t.Errorf("the line was cut %d times; want 5", line.cut.Load())
	}
}

// line carries connections to a server, and can break before or after the server
// heard what is sent.
type line struct {
	address string
	lose    atomic.Int32 // 1: the next answer; 2: the next question
	cut     atomic.Int32
}

func newLine(t *testing.T, address string) *line {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	query := u.Query()
	server := filepath.Join(query.Get("host"), ".s.PGSQL.5432")
	l := &line{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	query.Del("host")
	u.Host, u.RawQuery = listener.Addr().String(), query.Encode()
	l.address = u.String()
	var wg sync.WaitGroup
	t.Cleanup(func() { must(t, listener.Close()); wg.Wait() })
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { l.carry(client, server, &wg) })
		}
	})
	return l
}

// loseNext breaks the next journey on its way back, or on its way there.
func (l *line) loseNext(answer bool) {
	if answer {
		l.lose.Store(1)
	} else {
		l.lose.Store(2)
	}
}

// carry ends the connection instead of what is to be lost. Only a transaction's
// end is waited for: what begins one is sent while nothing is to be lost.
func (l *line) carry(client net.Conn, address string, wg *sync.WaitGroup) {
	server, err := net.Dial("unix", address)
	if err != nil {
		_ = client.Close()
		return
	}
	end := func() { _, _ = client.Close(), server.Close() }
	wg.Go(func() {
		defer end()
		l.pass(server, client, 2, func(b []byte) bool { return strings.Contains(string(b), "UPDATE") || len(b) > 200 })
	})
	defer end()
	l.pass(client, server, 1, func(b []byte) bool { return strings.Contains(string(b), "COMMIT") })
}

func (l *line) pass(to, from net.Conn, which int32, is func([]byte) bool) {
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if n > 0 && is(b[:n]) && l.lose.CompareAndSwap(which, 0) {
			l.cut.Add(1)
			return
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			return
		}
	}
}

func TestClosingDoesNotWaitForADatabaseThatHangs(t *testing.T) {
	server := pgtest.Own(t, pgtest.Options{})
	s := openReplica(t, server.Empty(t), store.PostgresOptions{})
	r := create(t, s, "jane@acme.example")
	takeOne(t, s, nine)
	must(t, server.Pause())
	failed := make(chan error, 1)
	go func() { failed <- errOf(s.Update(context.Background(), r.ID, next())) }()
	short, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		must(t, err)
	case <-short.Done():
		t.Error("it waits for the database")
	}
	if err := <-failed; err == nil {
		t.Error("a write was acknowledged that the database did not answer")
	}
	must(t, server.Resume())
}

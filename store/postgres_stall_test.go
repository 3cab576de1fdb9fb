package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// TestAReplicaThatHangsInTheMiddleOfAWriteIsCutOff stops one replica after it
// locked the head and before it decided.
func TestAReplicaThatHangsInTheMiddleOfAWriteIsCutOff(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	r := ask(t, a, "jane@acme.example", "falcon")
	entered, leave, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		first <- errOf(a.Update(context.Background(), r.ID, func(r approvals.Request) (approvals.Change, error) {
			once.Do(func() { close(entered); <-leave })
			return moves(approvals.Denied)(r)
		}))
	})
	<-entered
	if _, err := b.Update(t.Context(), r.ID, moves(approvals.Pending)); err != nil {
		t.Errorf("the other replica waits for the one that hangs: %v", err)
	}
	close(leave)
	must(t, <-first)
	if got := get(t, b, r.ID); got.Version != 3 || got.State != approvals.Denied {
		t.Errorf("version %d, %s; want 3, denied, on what the other one kept", got.Version, got.State)
	}
	verified(t, b, store.Keys{})
}

// TestAReplicaThatHangsWhileItSendsIsCutOff holds the head as one does that was
// stopped in the middle of its journey: to the database it is not idle.
func TestAReplicaThatHangsWhileItSendsIsCutOff(t *testing.T) {
	address := pgURL(t)
	var log bytes.Buffer
	s := openReplica(t, address, store.PostgresOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	r := ask(t, s, "jane@acme.example", "falcon")
	conn, err := pgx.Connect(t.Context(), address)
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }() // cut off by then
	_, err = conn.Exec(t.Context(), `BEGIN; SELECT FROM head FOR UPDATE`)
	must(t, err)
	half := conn.PgConn().Frontend()
	half.SendParse(&pgproto3.Parse{Query: `SELECT 1`})
	half.SendBind(&pgproto3.Bind{})
	half.SendExecute(&pgproto3.Execute{})
	must(t, half.Flush())
	if _, err := s.Update(t.Context(), r.ID, moves(approvals.Denied)); err != nil {
		t.Errorf("the store waits for the one that hangs: %v", err)
	}
	if !strings.Contains(log.String(), "cut off") {
		t.Errorf("the log does not say so:\n%s", log.String())
	}
}

// TestNobodyIsCutOffForWaiting has many replicas queue for the head behind one
// that goes on, though slowly.
func TestNobodyIsCutOffForWaiting(t *testing.T) {
	address := pgURL(t)
	var log bytes.Buffer
	s := openReplica(t, address, store.PostgresOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	r := ask(t, s, "jane@acme.example", "falcon")
	conn := pgtest.Conn(t, address)
	_, err := conn.Exec(t.Context(), `BEGIN; SELECT FROM head FOR UPDATE`)
	must(t, err)
	kept := make(chan error, 1)
	go func() { _, err := s.Update(context.Background(), r.ID, moves(approvals.Denied)); kept <- err }()
	_, err = conn.Exec(t.Context(), `SELECT pg_sleep(3)`)
	must(t, err)
	_, err = conn.Exec(t.Context(), `COMMIT`)
	must(t, err)
	must(t, <-kept)
	if strings.Contains(log.String(), "cut off") {
		t.Errorf("somebody who was at work was cut off:\n%s", log.String())
	}
}

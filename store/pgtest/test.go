package pgtest

import (
	"context"
	"errors"
	"flag"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the server of this process. It is started by the first test that
// needs it, and a benchmark's is durable.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared is the server that all tests of this process share: none of them may
// stop it. It ends with the process. Without PostgreSQL the test is left out,
// except where CI says that nothing may be.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() {
		bench := flag.Lookup("test.bench")
		shared.server, shared.err = New(Options{Durable: bench != nil && bench.Value.String() != ""})
	})
	return found(t, shared.server, shared.err)
}

// Stop ends the shared server, if there is one; it ends with the process anyway.
func Stop() error {
	if shared.server == nil {
		return nil
	}
	return shared.server.Remove()
}

// Own is a server that one test may stop, kill and pause. It ends with the test.
func Own(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := New(opts)
	s = found(t, s, err)
	t.Cleanup(func() { must(t, s.Remove()) })
	return s
}

func found(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	if errors.Is(err, ErrNone) && !slices.Contains(os.Environ(), "CI=true") {
		t.Skip("Not checked: the store in PostgreSQL, which is not installed here (Debian: apt-get install postgresql).")
	}
	must(t, err)
	return s
}

// URL is the address of a new, empty schema on the shared server.
func URL(t testing.TB) string {
	t.Helper()
	return Shared(t).Empty(t)
}

// Empty is the address of a new, empty schema.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	address, err := s.Schema(context.Background())
	must(t, err)
	return address
}

// Exec changes a database behind the back of whoever uses it; each statement is
// a transaction of its own.
func Exec(t testing.TB, address string, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		must(t, execute(context.Background(), address, sql))
	}
}

// Conn is a connection that ends with the test.
func Conn(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), address)
	must(t, err)
	t.Cleanup(func() { must(t, conn.Close(context.Background())) })
	return conn
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

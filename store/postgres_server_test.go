package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
	"partnerbot/store"
)

// postgres is the server of this test process. It is started by the first test
// that needs it and stopped by TestMain.
var postgres struct {
	once    sync.Once
	server  *pgServer
	err     error
	schemas atomic.Int64
}

// pgServer is a PostgreSQL server of our own, in a folder of its own, reached
// through a socket in that folder.
type pgServer struct {
	folder, bin string
	cmd         *exec.Cmd
	leash       io.WriteCloser // the server lives until this is closed, however this process ends
}

var errNoPostgres = errors.New("there is no PostgreSQL server on this machine")

// pgBin finds the programs of the newest PostgreSQL: of Debian's packages, or in PATH.
func pgBin() (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errNoPostgres
	}
	return filepath.Dir(path), nil
}

func newPgServer() (*pgServer, error) {
	bin, err := pgBin()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &pgServer{folder: folder, bin: bin}
	if err := s.give(); err != nil {
		return nil, err
	}
	init := s.command(filepath.Join(bin, "initdb"), "-D", s.data(), "-U", "partnerbot", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.start()
}

func (s *pgServer) data() string { return filepath.Join(s.folder, "data") }

// give lets the server's user, who is not root, own the folder.
func (s *pgServer) give() error {
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	return os.Chown(s.folder, uid, gid)
}

// command is a program run by somebody who is not root, whom PostgreSQL refuses.
func (s *pgServer) command(name string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		args = append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups", "--", name}, args...)
		name = "setpriv"
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = s.folder
	return cmd
}

// onALeash runs a program until its own standard input ends.
const onALeash = `"$@" & pid=$!; read _; kill -INT $pid; wait $pid`

func (s *pgServer) start() error {
	args := []string{"-c", onALeash, "sh", filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.folder, "-c", "listen_addresses="}
	if bench := flag.Lookup("test.bench"); bench == nil || bench.Value.String() == "" {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	s.cmd = s.command("sh", args...)
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if s.leash, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.ready()
}

// ready asks until the server answers.
func (s *pgServer) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url(""))
		if err == nil {
			return conn.Close(ctx)
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("%w\n%s", err, text)
		}
		runtime.Gosched()
	}
}

func (s *pgServer) stop() error {
	return errors.Join(s.leash.Close(), s.cmd.Wait())
}

// url reaches a schema of the server.
func (s *pgServer) url(schema string) string {
	return "postgres://partnerbot@/postgres?host=" + url.QueryEscape(s.folder) + "&search_path=" + schema
}

// stopPostgres ends the server of this process, if there is one.
func stopPostgres() error {
	if postgres.server == nil {
		return nil
	}
	return errors.Join(postgres.server.stop(), os.RemoveAll(postgres.server.folder))
}

// pgURL is the address of a new, empty schema. Without PostgreSQL the test is
// left out, except where CI says that nothing may be.
func pgURL(t testing.TB) string {
	t.Helper()
	postgres.once.Do(func() { postgres.server, postgres.err = newPgServer() })
	if errors.Is(postgres.err, errNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip("Not checked: the store in PostgreSQL, which is not installed here (Debian: apt-get install postgresql).")
	}
	must(t, postgres.err)
	schema := fmt.Sprintf("t%d", postgres.schemas.Add(1))
	address := postgres.server.url(schema)
	pgExec(t, address, "CREATE SCHEMA "+schema)
	return address
}

// pgExec changes a database behind the store's back.
func pgExec(t testing.TB, address, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), address)
	must(t, err)
	defer func() { must(t, conn.Close(context.Background())) }()
	for part := range strings.SplitSeq(sql, ";;") {
		_, err = conn.Exec(context.Background(), part)
		must(t, err)
	}
}

func openPostgres(t testing.TB, address string) *store.Postgres {
	t.Helper()
	return openReplica(t, address, store.PostgresOptions{MaxConns: 8})
}

func openReplica(t testing.TB, address string, opts store.PostgresOptions) *store.Postgres {
	t.Helper()
	p, err := store.OpenPostgres(context.Background(), address, opts)
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	return p
}

// postgresOpener is for the list of stores.
func postgresOpener(t testing.TB) opener {
	address := pgURL(t)
	var last *store.Postgres
	return func(t testing.TB) approvals.Store {
		t.Helper()
		if last != nil {
			must(t, last.Close())
		}
		last = openPostgres(t, address)
		rings(t, "listening", last) // once, when it has begun to hear other replicas
		return last
	}
}

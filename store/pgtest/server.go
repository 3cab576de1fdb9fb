package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNone is returned where no PostgreSQL server is installed.
var ErrNone = errors.New("there is no PostgreSQL server on this machine (Debian: apt-get install postgresql)")

// Options are how a server is to run.
type Options struct {
	Durable  bool     // commits reach the disk, as an operator's do; tests need no disk
	Settings []string // name=value, as for postgres -c
}

// Server is a PostgreSQL server of our own. Its methods are for one goroutine.
type Server struct {
	opts        Options
	folder, bin string
	cmd         *exec.Cmd      // nil while it does not run
	leash       io.WriteCloser // the server lives no longer than this is open, however our process ends
	schemas     atomic.Int64
}

// New makes a server and starts it.
func New(opts Options) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, folder: folder, bin: bin}
	if err := errors.Join(s.prepare(), s.Start()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

// programs finds those of the newest PostgreSQL: of Debian's packages, or in PATH.
func programs() (folder string, err error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNone
	}
	return filepath.Dir(path), nil
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) prepare() error {
	if err := s.give(); err != nil {
		return err
	}
	init := s.command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "partnerbot", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// give lets the server's user, who is not root, own the folder.
func (s *Server) give() error {
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(who.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(who.Gid)
	if err != nil {
		return err
	}
	return os.Chown(s.folder, uid, gid)
}

// command is a program run by somebody who is not root, whom PostgreSQL refuses.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		args = append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups", "--", name}, args...)
		name = "setpriv"
	}
	cmd := exec.CommandContext(context.Background(), name, args...) //nolint:gosec // programs of this package
	cmd.Dir = s.folder
	return cmd
}

// children says which processes a server has, the first included.
const children = `all() { echo $1; ps -axo pid=,ppid= | awk -v p=$1 '$2 == p { print $1 }'; }; `

// onALeash runs a server until a line comes, or until nothing can come any more:
// then the folder, which is $0, goes too.
const onALeash = children + `"$@" & pid=$!
if read _; then kill -INT $pid; wait $pid; exit; fi
kill -CONT $(all $pid); kill -INT $pid; wait $pid; cd /; rm -rf -- "$0"`

// Start runs the server, again after Stop or Kill, and returns when it answers.
func (s *Server) Start() error {
	args := []string{
		"-c", onALeash, s.folder, filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.folder,
		"-c", "listen_addresses=", "-c", "max_connections=300",
	}
	if !s.opts.Durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	for _, setting := range s.opts.Settings {
		args = append(args, "-c", setting)
	}
	cmd := s.command("sh", args...)
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own
	cmd.Stdout, cmd.Stderr = log, log
	if s.leash, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	return s.ready()
}

func (s *Server) log() string { return filepath.Join(s.folder, "log") }

// ready asks until the server answers.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL(""))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(s.log())
			return fmt.Errorf("%w\n%s", err, text)
		}
	}
}

// Stop ends the server as an operator would: what is under way is cut off.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	_, err := io.WriteString(s.leash, "\n")
	err = errors.Join(err, s.cmd.Wait())
	s.cmd = nil
	return err
}

// Kill ends the server as a crash would. What was committed is found in its log
// by the next start.
func (s *Server) Kill() error {
	pid, err := s.pid()
	if err != nil {
		return err
	}
	err = sh(`kill -QUIT "$0"`, pid)
	_ = s.Stop() // which says that it did not end well
	return err
}

// Pause stops every process of the server in the middle of what it does, as a
// machine that hangs does. Connections stay open and nobody answers.
func (s *Server) Pause() error { return s.signal("-STOP") }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signal("-CONT") }

func (s *Server) signal(name string) error {
	pid, err := s.pid()
	if err != nil {
		return err
	}
	return sh(children+`kill "$1" "$0" && { kill "$1" $(all $0) 2>/dev/null || true; }`, pid, name)
}

func sh(script string, args ...string) error {
	out, err := exec.CommandContext(context.Background(), "sh", append([]string{"-c", script}, args...)...).CombinedOutput() //nolint:gosec // scripts of this file
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// pid is the number of the server's first process.
func (s *Server) pid() (string, error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return first, nil
}

// Remove ends the server and everything it kept.
func (s *Server) Remove() error {
	if s.cmd == nil {
		return os.RemoveAll(s.folder)
	}
	err := errors.Join(s.leash.Close(), s.cmd.Wait())
	s.cmd = nil
	return err
}

// URL reaches a schema of the server; the empty name is the server's own choice.
func (s *Server) URL(schema string) string {
	address := "postgres://partnerbot@/postgres?host=" + url.QueryEscape(s.folder)
	if schema != "" {
		address += "&search_path=" + schema
	}
	return address
}

// Schema makes a new, empty schema and returns its address.
func (s *Server) Schema(ctx context.Context) (string, error) {
	name := "t" + strconv.FormatInt(s.schemas.Add(1), 10)
	return s.URL(name), execute(ctx, s.URL(""), "CREATE SCHEMA "+name)
}

// execute runs statements in one transaction, over a connection of its own.
func execute(ctx context.Context, address, sql string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

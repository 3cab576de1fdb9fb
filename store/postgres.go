package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerbot/approvals"
)

// How a database can be unusable. OpenPostgres' errors name it and say what to do.
var (
	ErrUnreachable = errors.New("the database cannot be reached")
	ErrLogin       = errors.New("the database refuses this user")
)

// PostgresOptions are what an operator may choose. The zero value is good.
type PostgresOptions struct {
	// MaxConns is how many connections the pool may hold, beside the one that
	// listens; 0 means pool_max_conns of the URL, or as many as there are cores, at least 4.
	MaxConns int
	// Lease is how long the work in hand of a killed replica stays out of other
	// hands. Living replicas renew theirs, however long a run takes. 0 means 30 s.
	Lease time.Duration
	// Timeout ends a transaction that the database does not answer; 0 means 10 s.
	Timeout time.Duration
	// Log is told when the line to the other replicas breaks and is mended; nil is silence.
	Log *slog.Logger
}

func (o PostgresOptions) withDefaults() PostgresOptions {
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Postgres keeps requests in a database, or one schema of it, that any number of
// replicas share. Writers of one replica share commits. All methods may be called
// by any number of goroutines.
type Postgres struct {
	committer[*shared]
	pool    *pgxpool.Pool
	opts    PostgresOptions
	replica string // names this store among those on the database
	channel string // where replicas tell each other of due work
	taking  sync.Mutex
	closed  atomic.Bool
	stop    context.CancelFunc // ends listening and renewing
	wg      sync.WaitGroup
}

var _ approvals.Store = (*Postgres)(nil)

// OpenPostgres opens the store in a database and brings its schema up to date;
// replicas may do so at the same time.
func OpenPostgres(ctx context.Context, url string, opts PostgresOptions) (*Postgres, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the address of the store: %w", err)
	}
	p := &Postgres{opts: opts.withDefaults(), replica: rand.Text()}
	if err := p.open(ctx, cfg); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", nameOf(cfg.ConnConfig), worded(err))
	}
	return p, nil
}

// nameOf is the database without a secret.
func nameOf(c *pgx.ConnConfig) string {
	return fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.Database)
}

func (p *Postgres) open(ctx context.Context, cfg *pgxpool.Config) error {
	if p.opts.MaxConns > 0 {
		cfg.MaxConns = int32(min(p.opts.MaxConns, 1000))
	}
	cfg.MinConns = min(cfg.MinConns, cfg.MaxConns)
	session(cfg.ConnConfig)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	if p.channel, err = migrate(ctx, pool); err != nil {
		pool.Close()
		return err
	}
	p.pool = pool
	p.committer = newCommitter(p.transact)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	p.wg.Go(p.commitAll)
	p.wg.Go(func() { p.listen(running, cfg.ConnConfig.Copy()) })
	p.wg.Go(func() { p.renewAll(running) })
	return nil
}

// session says how our connections behave, unless the URL says otherwise: a
// commit is on disk when it is answered, nothing waits for ever, a replica that
// hangs loses its locks, and every query uses its index from the first row on.
func session(c *pgx.ConnConfig) {
	for name, value := range map[string]string{
		"application_name":                    "partnerbot",
		"synchronous_commit":                  "on",
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "5s",
		"enable_seqscan":                      "off",
		"jit":                                 "off",
	} {
		if _, said := c.RuntimeParams[name]; !said {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
}

// Close finishes the writes that are waiting, refuses new ones and gives the
// work in hand to other replicas. Closing twice is harmless.
func (p *Postgres) Close() error {
	p.queue.close()
	p.stop()
	p.wg.Wait()
	if p.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.opts.Timeout)
	defer cancel()
	err := p.releaseAll(ctx)
	p.pool.Close()
	if err != nil {
		return fmt.Errorf("closing the store: giving work in hand back: %w", worded(err))
	}
	return nil
}

// said puts an error of the database into words.
func (p *Postgres) said(err error) error {
	if err != nil && p.closed.Load() {
		return ErrClosed
	}
	return worded(err)
}

// worded adds what an operator should know to an error of the database.
func worded(err error) error {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch answer.Code {
		case "28000", "28P01":
			return fmt.Errorf("%w: check user and password in the address (%w)", ErrLogin, err)
		case "3D000":
			return fmt.Errorf("the database does not exist: create it, or name another (%w)", err)
		case "42501":
			return fmt.Errorf("%w: it may not do this; let it own the schema (%w)", ErrLogin, err)
		case "57P01", "57P02", "57P03": // shutting down, crashed, starting up
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return err
	}
	if isLost(err) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// isLost reports whether an error is of the way to the database, not its answer.
func isLost(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || pgconn.Timeout(err) || pgconn.SafeToRetry(err) || isCut(err)
}

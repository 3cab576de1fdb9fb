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

// How a database can be unusable. Errors name it and say what to do.
var (
	ErrUnreachable = errors.New("the database cannot be reached")
	ErrLogin       = errors.New("the database refuses this user")
)

// PostgresOptions are what an operator may choose. The zero value is good.
type PostgresOptions struct {
	// MaxConns is how many connections readers may hold. The few that write and
	// listen come on top, so that no reader keeps a write waiting. 0 means
	// pool_max_conns of the URL, or as many as there are cores, at least 4.
	MaxConns int
	// Lease is how long the work in hand of a killed replica stays out of other
	// hands. Living replicas renew theirs, however long a run takes. 0 means 10 s.
	Lease time.Duration
	// Timeout ends a transaction that the database does not answer; 0 means 10 s.
	Timeout time.Duration
	// Keys seal the trail. Without the one that its end is sealed with,
	// OpenPostgres refuses the database with ErrNoKey.
	Keys Keys
	// Reading opens the database all the same; then whatever is written is refused so.
	Reading bool
	// Quiet is how long a write that was kept proves that the next one will be;
	// 0 means 10 s.
	Quiet time.Duration
	// Log is told when the schema is migrated and when the line to the other
	// replicas breaks; nil is silence.
	Log *slog.Logger
}

func (o PostgresOptions) withDefaults() PostgresOptions {
	if o.Lease <= 0 {
		o.Lease = 10 * time.Second
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
	pool    *pgxpool.Pool // for readers
	writers *pgxpool.Pool // for commits and for what is in hand
	config  *pgx.ConnConfig
	opts    PostgresOptions
	replica string // names this store among those on the database
	channel string // where replicas tell each other of due work
	sealer  *sealer
	lacks   error // why nothing may be written
	taking  sync.Mutex
	health  *health
	full    atomic.Bool // the last write met a full disk
	lines   lines
	closed  atomic.Bool
	stop    context.CancelFunc // ends listening and renewing
	life    context.Context    // of the transactions under way, which Close ends
	abandon context.CancelFunc
	wg      sync.WaitGroup
}

var (
	_ approvals.Store = (*Postgres)(nil)
	_ Archive         = (*Postgres)(nil)
)

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

// writing is how many connections commit, and take and renew work.
const writing = 3

func (p *Postgres) open(ctx context.Context, cfg *pgxpool.Config) error {
	if p.opts.MaxConns > 0 {
		cfg.MaxConns = int32(min(p.opts.MaxConns, 1000))
	}
	cfg.MinConns = min(cfg.MinConns, cfg.MaxConns)
	session(cfg.ConnConfig)
	cfg.ConnConfig.DialFunc = p.lines.dial(cfg.ConnConfig.DialFunc)
	p.config = cfg.ConnConfig.Copy()
	channel, err := p.migrate(ctx)
	if err != nil {
		return err
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return err
	}
	few := cfg.Copy()
	few.MaxConns, few.MinConns, few.MinIdleConns = writing, 0, 0
	if p.writers, err = pgxpool.NewWithConfig(ctx, few); err != nil {
		p.pool.Close()
		return err
	}
	if err := p.findSigner(ctx); err != nil {
		p.writers.Close()
		p.pool.Close()
		return err
	}
	p.channel, p.sealer, p.health = channel, p.opts.Keys.sealer(), newHealth(p.opts.Quiet)
	p.committer = newCommitter(p.transact)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	p.life, p.abandon = context.WithCancel(context.WithoutCancel(ctx))
	p.wg.Go(p.commitAll)
	p.wg.Go(func() { p.listen(running) })
	p.wg.Go(func() { p.renewAll(running) })
	return nil
}

// session says how our connections behave, unless the URL says otherwise: a
// commit is on disk when it is answered, nothing waits for ever, a replica that
// hangs loses its locks, and every query uses its index from the first row on and
// is planned once.
func session(c *pgx.ConnConfig) {
	for name, value := range map[string]string{
		"application_name":                    "partnerbot",
		"synchronous_commit":                  "on",
		"lock_timeout":                        "2500ms",
		"idle_in_transaction_session_timeout": "2s",
		"enable_seqscan":                      "off",
		"jit":                                 "off",
		"plan_cache_mode":                     "force_generic_plan",
	} {
		if _, said := c.RuntimeParams[name]; !said {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
}

// farewell is how long Close waits for a database that does not answer, for the
// writes under way and again for giving work back.
const farewell = 2 * time.Second

// Close finishes the writes that are waiting, refuses new ones and gives the
// work in hand to other replicas. Work that a database out of reach does not take
// back is free when its lease ends. Closing twice is harmless.
func (p *Postgres) Close() error {
	p.queue.close()
	p.stop()
	patience := time.AfterFunc(farewell, p.abandon)
	p.wg.Wait()
	patience.Stop()
	p.abandon()
	p.health.stop()
	if p.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := p.releaseAll(ctx); err != nil {
		p.opts.Log.WarnContext(ctx, "work in hand is free for other replicas only when its lease ends", "error", worded(err))
		p.lines.cut()
	}
	defer time.AfterFunc(farewell, p.lines.cut).Stop()
	p.writers.Close()
	p.pool.Close()
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
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if isLost(err) {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return err
	}
	switch answer.Code {
	case "28000", "28P01":
		return fmt.Errorf("%w: check user and password in the address (%w)", ErrLogin, err)
	case "3D000":
		return fmt.Errorf("the database does not exist: create it, or name another (%w)", err)
	case "42501":
		return fmt.Errorf("%w: it may not do this; let it own the schema (%w)", ErrLogin, err)
	case "57P01", "57P02", "57P03", "25P03": // shutting down, crashed, starting up, cut off because we hung
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	case "53300":
		return fmt.Errorf("%w: it has no connection left for us; raise its max_connections or lower pool_max_conns in the address (%w)", ErrUnreachable, err)
	case "55P03":
		return fmt.Errorf("%w: another replica, or somebody by hand, keeps it locked (%w)", ErrUnreachable, err)
	case "53100":
		return fmt.Errorf("%w: its disk is full; make room (%w)", ErrNoRoom, err)
	case "25006":
		return fmt.Errorf("%w: it is a standby, or set to read only; name the one that takes writes (%w)", ErrReadOnly, err)
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

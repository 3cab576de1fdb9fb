package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	handlersAtOnce = 64
	helloLimit     = 45 * time.Second // for a second connection to be greeted
	drainLimit     = 3 * time.Second  // Slack waits no longer for an acknowledgement
	flushGrace     = 250 * time.Millisecond
)

// SocketConfig is how the bot listens over Socket Mode. Only AppToken is required.
type SocketConfig struct {
	AppToken string
	Ready    func()        // called once, after the first hello
	Opened   func(n int)   // called after every hello, with the connections that Slack counts for the app
	Lost     func()        // called when an open connection was lost; Opened follows when it is back
	Expected int           // connections the app should have, one for each replica; default 1
	Watchdog time.Duration // silence after which a second connection is opened; default 10 minutes
}

// ErrSocketRefused ends a Socket that no new connection can mend.
var ErrSocketRefused = errors.New("socket mode refused by Slack")

// Socket listens until ctx ends, and returns nil then: it stops taking, and
// finishes and acknowledges what is in hand. It returns an error for what no
// new connection can mend. Lost connections are opened again for ever. At most
// two connections are open, while one takes over from the other.
func (b *Bot) Socket(ctx context.Context, cfg SocketConfig) error {
	if cfg.AppToken == "" {
		return errors.New("bot: SocketConfig.AppToken is missing")
	}
	cfg.Expected = max(cfg.Expected, 1)
	if cfg.Watchdog <= 0 {
		cfg.Watchdog = 10 * time.Minute
	}
	for _, f := range []*func(){&cfg.Ready, &cfg.Lost} {
		if *f == nil {
			*f = func() {}
		}
	}
	if cfg.Opened == nil {
		cfg.Opened = func(int) {}
	}
	s := &socket{
		bot: b, cfg: cfg,
		ready:  sync.OnceFunc(cfg.Ready),
		heard:  make(chan struct{}, 1),
		failed: make(chan error, 1),
		hands:  make(chan struct{}, handlersAtOnce),
		pace:   newPacer(b.cfg.Now),
	}
	err := s.run(ctx)
	s.lines.Wait()
	return err
}

// socket is the listening of one Socket call: one line to Slack, two while they
// change over.
type socket struct {
	bot    *Bot
	cfg    SocketConfig
	ready  func()
	heard  chan struct{} // something came in
	failed chan error    // what ends it all
	hands  chan struct{} // one for each handler in flight
	pace   *pacer
	lines  sync.WaitGroup
}

// run keeps a line open and replaces it when nothing was heard for too long: a
// connection can be pinged and counted and yet be deaf.
func (s *socket) run(ctx context.Context) error {
	current := s.open(ctx, 0)
	silence := time.NewTimer(s.cfg.Watchdog)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			current.retire()
			return nil
		case err := <-s.failed:
			current.retire()
			return err
		case <-s.heard:
		case <-silence.C:
			current = s.replace(ctx, current)
		}
		silence.Reset(s.cfg.Watchdog)
	}
}

// replace opens a second line, waits for its hello and only then lets go of the
// first, so that there is always one that listens.
func (s *socket) replace(ctx context.Context, old *line) *line {
	s.bot.cfg.Log.InfoContext(ctx, "socket silent", "watchdog", s.cfg.Watchdog.String())
	next := s.open(ctx, 1)
	limit := time.NewTimer(helloLimit)
	defer limit.Stop()
	select {
	case <-next.greeted:
		s.lines.Go(old.retire)
		return next
	case <-limit.C:
		s.bot.cfg.Log.WarnContext(ctx, "socket not replaced", "waited", helloLimit.String())
	case err := <-s.failed:
		s.fail(err)
	case <-ctx.Done():
	}
	s.lines.Go(next.retire)
	return old
}

// open starts a line. It outlives ctx until it is retired, so that what is in
// hand by then can be acknowledged. beside is how many other lines of ours are
// open meanwhile.
func (s *socket) open(ctx context.Context, beside int) *line {
	api := *s.bot.cfg.API
	slack.OptionAppLevelToken(s.cfg.AppToken)(&api)
	slack.OptionHTTPClient(pacedClient{http: s.bot.cfg.HTTP, pace: s.pace})(&api)
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	l := &line{
		socket: s, client: socketmode.New(&api), end: end, beside: beside,
		greeted: make(chan struct{}), done: make(chan struct{}), leaving: make(chan struct{}),
	}
	l.greet = sync.OnceFunc(func() { close(l.greeted) })
	s.lines.Go(func() {
		defer close(l.done)
		if err := l.client.RunContext(life); life.Err() == nil {
			s.refused(err)
		}
	})
	s.lines.Go(func() { l.listen(life) })
	return l
}

// refused ends the socket with what a human can do about it.
func (s *socket) refused(err error) {
	s.fail(fmt.Errorf("%w: %w: check the app-level token (xapp-…, scope connections:write) and that Socket Mode is on", ErrSocketRefused, err))
}

// fail ends the socket, and keeps the first reason only.
func (s *socket) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// hear notes that something came in.
func (s *socket) hear() {
	select {
	case s.heard <- struct{}{}:
	default:
	}
}

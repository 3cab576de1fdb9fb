package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
	"partnerbot/entra"
	"partnerbot/store"
)

// outside is what a configuration does not say: the clock, the log and, where
// the platforms are stand-ins, how they are reached.
type outside struct {
	now        func() time.Time
	log        *slog.Logger
	credential azcore.TokenCredential // nil: from the environment
	listening  func(address string)   // told when the program is ready; may be nil
	timeout    time.Duration          // of a call to Slack or Graph; 0: their own
	nap        time.Duration          // of the worker; 0: its own
	unpaced    bool                   // Slack has no rate limits
	watching   *config.Watching       // the files of the policy; nil: it stays as it is
}

// stopLimit is how long the parts may take to finish what is in hand.
const stopLimit = 5 * time.Second

// app is the wired program.
type app struct {
	cfg    *config.Config
	out    outside
	store  approvals.Store
	api    *slack.Client
	tenant *entra.Client
	worker *approvals.Worker
	bot    *bot.Bot
	ops    *ops
	clock  *guard
	policy func() *approvals.Policy // as it is now
	edits  *config.Watcher          // nil if the policy stays as it is
}

// serve opens everything, says that it is listening once all parts are ready,
// and returns nil after ctx has ended and what was in hand is finished.
func serve(ctx context.Context, cfg *config.Config, out outside) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address for `listen` in the configuration", cfg.Listen, err)
	}
	defer func() { _ = listener.Close() }()
	db, err := openStore(ctx, cfg, out.log)
	if err != nil {
		return err
	}
	if err := mustBeHere(ctx, db, cfg.Store.String()); err != nil {
		return errors.Join(err, db.Close())
	}
	kept := keep(ctx, cfg, db, out)
	a := &app{cfg: cfg, out: out, store: db, policy: cfg.Policy.Always}
	if out.watching != nil {
		a.watch(*out.watching)
	}
	err = a.run(ctx, listener)
	kept.end(ctx)
	return errors.Join(err, db.Close())
}

// watch lets edits of the policy's files count, once the worker runs.
func (a *app) watch(w config.Watching) {
	w.Started, w.Log = a.cfg, a.out.log
	w.Told = func(ctx context.Context, err error) { a.worker.PolicyRead(ctx, err) }
	a.edits = config.NewWatcher(w)
	a.policy = a.edits.Now
}

func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger) (books, error) {
	if cfg.Store.Postgres != "" {
		address, _ := cfg.Store.As("serve")
		return store.OpenPostgres(ctx, address, store.PostgresOptions{Keys: cfg.Keys, Log: log})
	}
	return store.Open(cfg.Store.Bolt, store.Options{Keys: cfg.Keys, Log: log})
}

// run serves health from the start, so that a slow Slack is seen as not ready
// rather than dead, and everything else once Slack has said who we are.
func (a *app) run(ctx context.Context, listener net.Listener) error {
	a.clock = newGuard(a.out.now, a.out.log)
	calls := slackHTTP(a.out.timeout)
	calls.Transport = a.clock.watch(http.DefaultTransport)
	a.api = bot.NewClient(a.cfg.Slack.BotToken, a.cfg.Slack.AppToken, a.cfg.Slack.APIURL, calls)
	a.clock.ask = func(ctx context.Context) error {
		_, err := bot.WhoAmI(ctx, a.api)
		return err
	}
	a.out.now = a.clock.time
	a.ops = newOps(a.out.now, a.api, a.store, a.clock, a.out.log)
	server := &http.Server{
		Handler:           a.ops.handler(),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.out.log.Handler(), slog.LevelWarn),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving HTTP: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		if err := server.Shutdown(stop); errors.Is(err, context.DeadlineExceeded) {
			return server.Close() // whoever is still sending has had their time
		} else if err != nil {
			return fmt.Errorf("ending HTTP: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		err := a.work(ctx, group, listener.Addr().String())
		select {
		case <-ctx.Done(): // what breaks from here on is the end's doing
			return nil
		default:
			return err
		}
	})
	return group.Wait()
}

// work wires the parts that need to know the workspace, and starts them.
func (a *app) work(ctx context.Context, group *errgroup.Group, address string) error {
	who, err := a.identity(ctx)
	if err != nil {
		return err
	}
	if missing := bot.MissingScopes(who.Scopes); len(missing) > 0 {
		a.out.log.ErrorContext(ctx, "the app lacks scopes: add them as in manifest.yaml and install it again", "missing", missing)
	}
	if err := a.wire(who); err != nil {
		return err
	}
	if a.edits != nil {
		a.worker.PolicyRead(ctx, nil) // an edit that was broken when the last process ended is not any more
	}
	group.Go(func() error { return a.worker.Run(ctx) })
	if a.edits != nil {
		group.Go(func() error { return a.edits.Run(ctx) })
	}
	group.Go(func() error { return a.checkEntra(ctx) })
	if a.cfg.Slack.Mode == "http" {
		a.ops.slackEvents(a.bot.Handler(a.cfg.Slack.SigningSecret))
		a.ops.connected.Store(true)
		a.listening(ctx, who, address)
		<-ctx.Done()
	} else {
		err = a.socket(ctx, who, address)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	return errors.Join(err, a.bot.Close(stop))
}

func (a *app) socket(ctx context.Context, who bot.Identity, address string) error {
	return a.bot.Socket(ctx, bot.SocketConfig{
		AppToken: a.cfg.Slack.AppToken,
		Expected: a.sockets(),
		Ready:    func() { a.listening(ctx, who, address) },
		Opened: func(n int) {
			a.ops.connected.Store(true)
			a.ops.sockets.Set(float64(n))
		},
		Lost: func() { a.ops.connected.Store(false) },
	})
}

// sockets is how many connections of this app are no surprise: how many replicas
// share a database is not known, but Slack takes ten connections at most.
func (a *app) sockets() int {
	if a.cfg.Store.Postgres != "" {
		return 10
	}
	return 1
}

// checkEntra says early and plainly what would otherwise be found out at the
// first approval. It stops nothing: Entra may come back by itself.
func (a *app) checkEntra(ctx context.Context) error {
	if err := a.tenant.Check(ctx); err != nil && ctx.Err() == nil {
		a.out.log.WarnContext(ctx, "entra cannot be used yet: look at the AZURE_ variables and at the app's permissions", "error", err)
	}
	return nil
}

// listening says that everything is ready: Slack can be heard, and the worker works.
func (a *app) listening(ctx context.Context, who bot.Identity, address string) {
	select {
	case <-a.ops.working:
	case <-ctx.Done():
		return
	}
	a.ops.ready.Store(true)
	a.out.log.InfoContext(ctx, "listening", "address", address, "mode", a.cfg.Slack.Mode, "team", who.Team, "version", version())
	if a.out.listening != nil {
		a.out.listening(address)
	}
}

// identity asks Slack who we are, again and again while Slack cannot be
// reached; a token that Slack refuses ends the program.
func (a *app) identity(ctx context.Context) (bot.Identity, error) {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		who, err := bot.WhoAmI(ctx, a.api)
		if err == nil {
			return who, nil
		}
		if t, ok := errors.AsType[*approvals.Trouble](err); ok && t.Kind == approvals.Refused {
			return bot.Identity{}, fmt.Errorf("slack refuses SLACK_BOT_TOKEN (%s): copy the Bot User OAuth Token again from your app's page, OAuth & Permissions", t.Code)
		}
		a.out.log.WarnContext(ctx, "slack cannot be reached", "error", err, "retry_in", wait.String())
		select {
		case <-ctx.Done():
			return bot.Identity{}, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (a *app) wire(who bot.Identity) error {
	tenant, err := entra.New(entra.Config{
		Cloud: a.cfg.Entra.Cloud, GraphURL: a.cfg.Entra.GraphURL, RedirectURL: a.cfg.Entra.RedirectURL, Mail: a.cfg.Entra.Mail,
		TenantID: a.cfg.Entra.TenantID, AuthorityHost: a.cfg.Entra.AuthorityHost, Credential: a.out.credential,
		Timeout: a.out.timeout, Now: a.out.now, Log: a.out.log,
	})
	if err != nil {
		return usageError{fmt.Errorf("entra: %w", err)}
	}
	a.tenant = tenant
	api, err := url.Parse(a.cfg.Slack.APIURL)
	if err != nil {
		return usageError{fmt.Errorf("slack.api_url: %w", err)}
	}
	words, err := bot.NewWords()
	if err != nil {
		return err
	}
	desk := bot.NewDesk(bot.DeskConfig{
		API: a.api, HTTP: slackHTTP(a.out.timeout), APIHost: api.Host, Team: who.Team, Enterprise: who.Enterprise, Company: who.TeamName,
		Mail: a.cfg.Entra.Mail, Cloud: a.cfg.Entra.Cloud, Words: words, Policy: a.policy, Delegates: a.store.Delegations,
		Now: a.out.now, Log: a.out.log,
		Unpaced: a.out.unpaced,
	})
	service := &approvals.Service{Store: a.store, People: desk.Glance(), Policy: a.policy, Now: a.out.now}
	a.worker = &approvals.Worker{
		Store: a.store, Desk: desk, Tenant: tenant, Policy: a.policy, Now: a.out.now, Log: a.out.log, Done: a.ops.done, Beat: a.ops.beat, Nap: a.out.nap,
		Glance: desk.Glance(), ClockTrusted: a.clock.trusted,
	}
	a.bot, err = bot.New(bot.Config{
		API: a.api, Service: service, Desk: desk, HTTP: slackHTTP(a.out.timeout), Now: a.out.now, Log: a.out.log,
	})
	return err
}

// slackHTTP is the client for calls to Slack: bounded in time, following no
// redirect away from where it was sent.
func slackHTTP(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       cmp.Or(timeout, 15*time.Second),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Command is a slash command of the app's manifest.
type Command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
	UsageHint   string `json:"usage_hint"`
}

// Config is how the app is installed and how the world runs. Now and Log are required.
type Config struct {
	BotToken      string    // what the app must present to the Web API; default xoxb-sandbox-bot-token
	AppToken      string    // what it must present to open a socket; default xapp-sandbox-app-token
	SigningSecret string    // what signs requests to AppURL; default sandbox-signing-secret
	AppURL        string    // HTTP mode: every request goes here, signed; empty means Socket Mode
	Commands      []Command // of the app's manifest; others are no commands
	Scopes        []string  // bot scopes granted; none are implied
	BotEvents     []string  // events the app is subscribed to; others are not delivered
	NoRateLimits  bool      // for tests that are about something else

	MessagesReadOnly bool // the app's Messages tab takes nothing from people, by its manifest

	AckTimeout    time.Duration   // how long Slack waits for the app; default 3 s
	PingEvery     time.Duration   // between WebSocket pings; default 10 s
	EventRetries  []time.Duration // waits before each redelivery of an unanswered event; default at once, 1 min, 5 min
	WarningNotice time.Duration   // between a disconnect warning and the end of the socket; default 10 s

	Now  func() time.Time    // the clock of triggers, response URLs, rate limits, signatures and timestamps
	Move func(time.Duration) // moves that clock forward, for whoever looks at the page; nil: the page cannot
	Log  *slog.Logger
}

func (c *Config) complete() error {
	var problems []error
	if c.Now == nil {
		problems = append(problems, errors.New("sandbox: Config.Now is missing"))
	}
	if c.Log == nil {
		problems = append(problems, errors.New("sandbox: Config.Log is missing"))
	}
	c.BotToken = cmp.Or(c.BotToken, "xoxb-sandbox-bot-token")
	c.AppToken = cmp.Or(c.AppToken, "xapp-sandbox-app-token")
	c.SigningSecret = cmp.Or(c.SigningSecret, "sandbox-signing-secret")
	c.AckTimeout = cmp.Or(c.AckTimeout, 3*time.Second)
	c.PingEvery = cmp.Or(c.PingEvery, 10*time.Second)
	c.WarningNotice = cmp.Or(c.WarningNotice, 10*time.Second)
	if c.EventRetries == nil {
		c.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	return errors.Join(problems...)
}

// World is the workspace and the tenant. It is safe for concurrent use. Everything under mu is Slack's side; the
// tenant has a lock of its own, and neither is held while anything is sent.
type World struct {
	cfg    Config
	tenant *Tenant

	ctx    context.Context // the world's own life: ended by Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // everything that Close waits for
	server *http.Server
	base   string
	client *http.Client // carries deliveries in HTTP mode

	mu           sync.Mutex
	closing      bool
	changed      chan struct{}
	appURL       string
	people       map[string]*Person
	peopleOrder  []string
	groups       map[string]*userGroup
	groupOrder   []string
	channels     map[string]*channel
	channelOrder []string
	messages     map[string][]*Message
	unread       map[string]map[string]int
	notices      map[string]string
	stacks       map[string][]*view // open modals, top last
	homes        map[string]*view
	files        map[string]*file
	triggers     map[string]*trigger
	responses    map[string]*responseURL
	tickets      map[string]bool // unused ways into /link
	sockets      []*socket
	nextSocket   int
	awaiting     map[string]chan []byte // envelope ID to whoever waits for its ack
	limits       map[string][]time.Time
	faults       map[string][]Fault
	calls        []Call
	lastTS       int64
	serial       int64
}

// New returns a world with its cast in place. Nothing listens before Start.
func New(cfg Config) (*World, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &World{
		cfg: cfg, ctx: ctx, cancel: cancel, appURL: cfg.AppURL,
		changed:  make(chan struct{}),
		people:   map[string]*Person{},
		groups:   map[string]*userGroup{},
		channels: map[string]*channel{},
		messages: map[string][]*Message{}, unread: map[string]map[string]int{}, notices: map[string]string{},
		stacks: map[string][]*view{}, homes: map[string]*view{}, files: map[string]*file{},
		triggers: map[string]*trigger{}, responses: map[string]*responseURL{},
		tickets: map[string]bool{}, awaiting: map[string]chan []byte{},
		limits: map[string][]time.Time{}, faults: map[string][]Fault{},
	}
	w.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.tenant = newTenant(cfg.Now, w.touch)
	for _, p := range cast() {
		w.people[p.ID] = &p
		w.peopleOrder = append(w.peopleOrder, p.ID)
	}
	for _, g := range castGroups() {
		w.groups[g.ID] = &g
		w.groupOrder = append(w.groupOrder, g.ID)
	}
	for _, c := range castChannels() {
		w.channels[c.ID] = &c
		w.channelOrder = append(w.channelOrder, c.ID)
	}
	return w, nil
}

// Start listens on addr (127.0.0.1:0 takes any free port) and on the token authority's own port, and returns when
// both answer. The end of ctx does not stop the world; Close does.
func (w *World) Start(ctx context.Context, addr string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", addr, err)
	}
	w.base = "http://" + listener.Addr().String()
	w.tenant.setBase(w.base)
	if err := w.tenant.startAuthority(ctx); err != nil {
		return errors.Join(fmt.Errorf("starting the token authority: %w", err), listener.Close())
	}
	w.server = &http.Server{
		Handler:           localOnly(noForeignPage(w.tracked(w.routes()))),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return w.ctx },
		ErrorLog:          slog.NewLogLogger(w.cfg.Log.Handler(), slog.LevelDebug),
	}
	w.wg.Go(func() {
		if err := w.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.cfg.Log.ErrorContext(w.ctx, "serving ended", "error", err)
		}
	})
	return nil
}

func (w *World) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.dated(w.serveAPI))
	mux.HandleFunc("/link/", w.serveLink)
	mux.HandleFunc("POST /response/{team}/{id}", w.serveResponseURL)
	mux.HandleFunc("GET /files-pri/{key}/{path...}", w.serveFile)
	mux.HandleFunc("GET /signin", serveSignIn)
	w.tenant.routes(mux)
	w.pageRoutes(mux)
	return mux
}

// noForeignPage refuses what a browser sends for another site's page, to the platforms' side as well. Slack clients name
// Slack's own origin when they open a socket.
func noForeignPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for _, origin := range r.Header.Values("Origin") {
			if origin != "http://"+r.Host && origin != "https://api.slack.com" {
				http.Error(rw, "other sites have no business here", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(rw, r)
	})
}

// tracked makes Close wait for requests under way, and refuses those that come after it.
func (w *World) tracked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !w.enter() {
			http.Error(rw, "closing", http.StatusServiceUnavailable)
			return
		}
		defer w.wg.Done()
		next.ServeHTTP(rw, r)
	})
}

// enter counts a piece of work that Close waits for; false means that the world is closing.
func (w *World) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return false
	}
	w.wg.Add(1)
	return true
}

// Close stops everything and waits for it. A second call does nothing.
func (w *World) Close() error {
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return nil
	}
	w.closing = true
	sockets := slices.Clone(w.sockets)
	w.mu.Unlock()
	w.cancel()
	for _, s := range sockets {
		s.drop()
	}
	var err error
	if w.server != nil {
		err = w.server.Close()
	}
	w.wg.Wait()
	w.client.CloseIdleConnections()
	return errors.Join(err, w.tenant.close())
}

// URL is where the world listens: http://127.0.0.1:port.
func (w *World) URL() string { return w.base }

// SlackURL is the base of the Web API, with the slash that clients expect.
func (w *World) SlackURL() string { return w.base + "/api/" }

// GraphURL is the base of Microsoft Graph.
func (w *World) GraphURL() string { return w.base + "/v1.0" }

// AuthorityURL is the token authority, over https with a certificate of CA.
func (w *World) AuthorityURL() string { return w.tenant.authorityURL() }

// CA is the certificate that vouches for AuthorityURL, as PEM.
func (w *World) CA() []byte { return w.tenant.caPEM() }

// Tenant is the Entra side.
func (w *World) Tenant() *Tenant { return w.tenant }

// Credentials are what the app must present: bot token, app-level token, signing secret.
func (w *World) Credentials() (bot, app, signing string) {
	return w.cfg.BotToken, w.cfg.AppToken, w.cfg.SigningSecret
}

// SetAppURL switches to HTTP mode with this address, or with "" to Socket Mode.
func (w *World) SetAppURL(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.appURL = url
	w.touchLocked()
}

// Changed is closed at the next change of anything, in Slack or in the tenant. Take the channel first, then look.
func (w *World) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// Until returns when so is true. It looks at once and after every change of anything in the world, so whoever waits for
// something that only a clock brings should move it first. The end of ctx is an error that names what was awaited.
func (w *World) Until(ctx context.Context, what string, so func() bool) error {
	for {
		changed := w.Changed()
		if so() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

func (w *World) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.touchLocked()
}

func (w *World) touchLocked() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// tsLocked is a message timestamp: the clock's second and a count that makes it unique and growing.
func (w *World) tsLocked() string {
	w.lastTS = max(w.lastTS+100, w.cfg.Now().Unix()*1_000_000+100)
	return fmt.Sprintf("%d.%06d", w.lastTS/1_000_000, w.lastTS%1_000_000)
}

// idLocked is an ID that nothing else in this world has.
func (w *World) idLocked(prefix string) string {
	w.serial++
	n := strings.ToUpper(strconv.FormatInt(w.serial, 36))
	return prefix + strings.Repeat("0", max(0, 8-len(n))) + n
}

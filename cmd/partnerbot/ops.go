package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// ops is what operators and their probes see: health, readiness, metrics.
type ops struct {
	now       func() time.Time
	api       *slack.Client
	store     probedStore
	clock     *guard
	log       *slog.Logger
	began     time.Time
	ready     atomic.Bool   // everything was ready once
	beaten    atomic.Int64  // when the worker looked at the store last, and could: time since began
	working   chan struct{} // closed at the first of these looks
	firstBeat func()
	connected atomic.Bool // Slack's payloads can arrive: a socket is open, or HTTP is served
	events    atomic.Pointer[http.Handler]
	registry  *prometheus.Registry
	runs      *prometheus.CounterVec
	sockets   prometheus.Gauge

	asking  sync.Mutex
	asked   time.Time
	problem error

	telling sync.Mutex
	full    bool // it was said that the store cannot be written
}

// probedStore is a store as far as its readiness goes.
type probedStore interface {
	approvals.Reader
	Writable(ctx context.Context) error
}

func newOps(now func() time.Time, api *slack.Client, store probedStore, clock *guard, log *slog.Logger) *ops {
	o := &ops{
		now: now, api: api, store: store, clock: clock, log: log, began: time.Now(), registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "partnerbot_owed_runs_total", Help: "Runs of owed work, by kind and by whether it was done or must be tried again.",
		}, []string{"kind", "result"}),
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "partnerbot_socket_connections", Help: "Socket Mode connections of this app, as Slack counted them last.",
		}),
	}
	o.beaten.Store(-int64(beatsWithin))
	o.working = make(chan struct{})
	o.firstBeat = sync.OnceFunc(func() { close(o.working) })
	o.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), o.runs, o.sockets)
	for _, k := range approvals.Works() {
		for _, result := range []string{"done", "again"} {
			o.runs.WithLabelValues(string(k), result)
		}
	}
	return o
}

func (o *ops) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", o.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/slack/events", func(w http.ResponseWriter, r *http.Request) {
		if h := o.events.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		http.Error(w, "Slack's requests are not taken here: slack.mode is socket, or the start is not over.", http.StatusServiceUnavailable)
	})
	return mux
}

// slackEvents opens the way for Slack's own requests.
func (o *ops) slackEvents(h http.Handler) { o.events.Store(&h) }

// done counts a run of owed work.
func (o *ops) done(kind approvals.Work, err error) {
	result := "done"
	if err != nil {
		result = "again"
	}
	o.runs.WithLabelValues(string(kind), result).Inc()
}

// beat notes that the worker looked at the store, and could.
func (o *ops) beat(err error) {
	if err == nil {
		o.beaten.Store(int64(time.Since(o.began)))
		o.firstBeat()
	}
}

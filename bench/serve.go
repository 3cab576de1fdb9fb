package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/store"
)

// uncounted is said by contestants that keep nothing.
const uncounted = -1

// serve is a contestant of ours, in a process of its own: the product's handler
// over a store of that kind. It says where it listens, serves until its standard
// input ends, and then says how many requests it kept.
func serve(ctx context.Context, w wishes, p program) error {
	debug.SetGCPercent(400) // as the program has it
	kept, closeStore, requests, err := openKind(ctx, w.serve, w.place)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(p.err, nil))
	b, err := newBot(requests, log)
	if err != nil {
		return err
	}
	stop, err := profiled(w.profile)
	if err != nil {
		return err
	}
	err = answer(ctx, b.Handler(signingSecret), p)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	n, err := kept()
	if err != nil {
		return fmt.Errorf("counting what was kept: %w", err)
	}
	_, err = fmt.Fprintln(p.out, keptPrefix, n)
	return errors.Join(err, b.Close(ctx), closeStore())
}

// profiled writes what the processor does into a file until stop, if one is named.
func profiled(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, pprof.StartCPUProfile(f)
}

// answer serves until standard input ends.
func answer(ctx context.Context, handler http.Handler, p program) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ // as the program has it
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	_, err = fmt.Fprintln(p.out, listeningPrefix, listener.Addr())
	if err == nil {
		_, err = io.Copy(io.Discard, p.in)
	}
	if err := errors.Join(err, server.Shutdown(ctx)); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// openKind opens a store, and says how to count what it kept and how to close it.
func openKind(ctx context.Context, kind, place string) (kept func() (int, error), done func() error, requests approvals.Store, err error) {
	switch kind {
	case "nothing":
		return func() (int, error) { return uncounted, nil }, func() error { return nil }, &nothing{}, nil
	case "plain":
		s, err := openPlain(filepath.Join(place, "plain.db"))
		if err != nil {
			return nil, nil, nil, err
		}
		return s.count, s.db.Close, s, nil
	case "bolt":
		s, err := store.Open(filepath.Join(place, "requests.db"), store.Options{})
		if err != nil {
			return nil, nil, nil, err
		}
		return counted(ctx, s), s.Close, s, nil
	case "postgres":
		s, err := store.OpenPostgres(ctx, place, store.PostgresOptions{})
		if err != nil {
			return nil, nil, nil, err
		}
		return counted(ctx, s), s.Close, s, nil
	}
	return nil, nil, nil, fmt.Errorf("there is no store %q", kind)
}

func counted(ctx context.Context, s approvals.Store) func() (int, error) {
	return func() (int, error) {
		page, err := s.List(ctx, approvals.Query{Pending: true, Limit: 1})
		return page.Total, err
	}
}

// newBot wires the bot as the program does, before a Slack that only knows who
// people are, and says so without a network: in a day's work it was asked before.
func newBot(requests approvals.Store, log *slog.Logger) (*bot.Bot, error) {
	words, err := bot.NewWords()
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: time.Second, Transport: everybody{}}
	api := bot.NewClient("xoxb-bench", "", "http://slack.invalid/api/", client)
	policy := falcon()
	desk := bot.NewDesk(bot.DeskConfig{
		API: api, HTTP: client, APIHost: "slack.invalid", Team: "T0NORTH", Company: "Northwind",
		Mail: "microsoft", Words: words, Policy: policy.Always, Now: time.Now, Log: log,
	})
	service := &approvals.Service{Store: requests, People: desk.Glance(), Policy: policy.Always, Now: time.Now}
	return bot.New(bot.Config{API: api, Service: service, Desk: desk, HTTP: client, Now: time.Now, Log: log})
}

func falcon() *approvals.Policy {
	return &approvals.Policy{Accesses: []approvals.Access{{
		ID: "falcon", Title: "Project Falcon", Description: "The Falcon team's files, chat and planning board",
		Grants:    []approvals.Grant{{Group: "6f0c5a3e-0000-0000-0000-000000000001"}},
		Durations: []time.Duration{30 * 24 * time.Hour, 90 * 24 * time.Hour},
		Stages:    []approvals.Stage{{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON"}, Quorum: 1, Deadline: 5 * 24 * time.Hour}},
	}}}
}

// everybody is a Slack in which everybody who is asked for is a colleague.
type everybody struct{}

func (everybody) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ParseForm() != nil {
		return nil, fmt.Errorf("nobody can read what is asked of %s", r.URL.Path)
	}
	var body string
	switch {
	case strings.HasSuffix(r.URL.Path, "/users.info"):
		body = `{"ok":true,"user":{"id":"` + r.PostForm.Get("user") + `","team_id":"T0NORTH","real_name":"Ann Lee","locale":"en-US",` +
			`"profile":{"email":"ann@northwind.example"}}}`
	case strings.HasSuffix(r.URL.Path, "/usergroups.users.list"):
		body = `{"ok":true,"users":["U0SAM","U0OLGA"]}`
	default:
		return nil, fmt.Errorf("nobody expected %s", r.URL.Path)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

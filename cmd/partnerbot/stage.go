package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"text/template"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"partnerbot/bot"
	"partnerbot/cmd/partnerbot/config"
	"partnerbot/sandbox"
)

//go:embed demo.yaml
var demoConfig string

// configName is what the demo's configuration is called. It is no file.
const configName = "demo.yaml"

// demoStore is the demo's store in its data folder. It is not the name that
// `serve` uses by default.
const demoStore = "demo.db"

// stage is the demo's world with the real bot serving it.
type stage struct {
	world   *sandbox.World
	address string // where the bot serves HTTP
	end     context.CancelFunc
	wg      sync.WaitGroup
	err     error
}

// setting says how a stage is set up.
type setting struct {
	addr string // of the page
	mode string // socket or http
	data string // folder of the store
	now  func() time.Time
	log  *slog.Logger
	lag  time.Duration // of the tenant's replication
	free bool          // without Slack's rate limits

	move         func(time.Duration) // puts now forward from the page; nil: nobody does
	policy       func() string       // the configuration, in place of the demo's; it is a template, too
	look         <-chan time.Time    // when that is read again; nil: never
	undo         time.Duration       // how long an approval can be undone
	timeout, nap time.Duration       // of the bot's calls to Slack and Graph, and of its worker; 0: their own
}

// raise starts the world and the bot on it, and returns when both are ready.
func raise(ctx context.Context, set setting) (*stage, error) {
	world, err := newWorld(set)
	if err != nil {
		return nil, err
	}
	if err := world.Start(ctx, set.addr); err != nil {
		return nil, err
	}
	s := &stage{world: world}
	if err := s.serve(ctx, set); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// newWorld makes a workspace in which the app is installed as its manifest asks.
func newWorld(set setting) (*sandbox.World, error) {
	app := bot.Manifest()
	cfg := sandbox.Config{
		Scopes: app.Scopes, BotEvents: app.Events, MessagesReadOnly: true,
		NoRateLimits: set.free, Now: set.now, Move: set.move, Log: set.log,
	}
	for _, c := range app.Commands {
		cfg.Commands = append(cfg.Commands, sandbox.Command{Command: c.Name, Description: c.Description, UsageHint: c.UsageHint})
	}
	world, err := sandbox.New(cfg)
	if err != nil {
		return nil, err
	}
	world.Tenant().Set(func(s *sandbox.Settings) { s.ReplicationLag = set.lag })
	return world, errors.Join(
		world.Tenant().SetManager("ann@northwind.example", "ben@northwind.example"),
		world.Tenant().SetManager("ben@northwind.example", "olga@northwind.example"),
	)
}

// serve runs the program in this process, with the configuration that an
// operator would write for these addresses.
func (s *stage) serve(ctx context.Context, set setting) error {
	cfg, err := s.config(set)
	if err != nil {
		return err
	}
	credential, err := s.credential()
	if err != nil {
		return err
	}
	ctx, s.end = context.WithCancel(ctx)
	ready := make(chan string, 1)
	ended := make(chan struct{})
	out := outside{now: set.now, log: set.log, credential: credential, timeout: set.timeout, nap: set.nap, unpaced: set.free, listening: func(address string) { ready <- address }}
	if set.look != nil {
		out.watching = &config.Watching{Path: configName, Read: s.read(set), Look: set.look}
	}
	s.wg.Go(func() {
		defer close(ended)
		s.err = serve(ctx, cfg, out)
	})
	select {
	case s.address = <-ready:
		if set.mode == "http" {
			s.world.SetAppURL("http://" + s.address + "/slack/events")
		}
		return nil
	case <-ended:
		return s.err
	}
}

// config reads the demo's configuration from memory: no file is written beside
// the store, and none that is there is read.
func (s *stage) config(set setting) (*config.Config, error) {
	env := s.world.Tenant().Env()
	env["SLACK_BOT_TOKEN"], env["SLACK_APP_TOKEN"], env["SLACK_SIGNING_SECRET"] = s.world.Credentials()
	return config.Load(configName, s.read(set), func(key string) string { return env[key] })
}

func (s *stage) read(set setting) func(string) ([]byte, error) {
	return func(string) ([]byte, error) { return s.configText(set) }
}

// configText is what an operator would write for these addresses.
func (s *stage) configText(set setting) ([]byte, error) {
	var text bytes.Buffer
	words := demoConfig
	if set.policy != nil {
		words = set.policy()
	}
	err := template.Must(template.New("demo").Parse(words)).Execute(&text, map[string]string{
		"Store": "bolt:" + filepath.Join(set.data, demoStore), "Mode": set.mode, "Undo": strconv.Itoa(int(set.undo.Seconds())) + "s",
		"SlackURL": s.world.SlackURL(), "GraphURL": s.world.GraphURL(),
	})
	return text.Bytes(), err
}

// credential is a client secret of the simulated tenant, asked for at its own
// authority, whose certificate nobody else would trust.
func (s *stage) credential() (azcore.TokenCredential, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.world.CA()) {
		return nil, errors.New("the simulated authority has no certificate")
	}
	env := s.world.Tenant().Env()
	opts := azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true}
	opts.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: s.world.AuthorityURL()}
	opts.Transport = &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}
	return azidentity.NewClientSecretCredential(env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"], env["AZURE_CLIENT_SECRET"], &opts)
}

// wait returns when the bot has ended by itself or ctx has.
func (s *stage) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return s.close()
}

// close ends the bot, then the world.
func (s *stage) close() error {
	if s.end != nil {
		s.end()
	}
	s.wg.Wait()
	if err := s.world.Close(); err != nil {
		return errors.Join(s.err, fmt.Errorf("closing the sandbox: %w", err))
	}
	return s.err
}

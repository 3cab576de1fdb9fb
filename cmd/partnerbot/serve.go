package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"partnerbot/cmd/partnerbot/config"
)

// lookEvery is how often the files of the policy are looked at for an edit.
const lookEvery = 5 * time.Second

type serveCmd struct {
	Config string `help:"The configuration file." default:"partnerbot.yaml" type:"path" placeholder:"FILE"`
	Debug  bool   `help:"Log more."`
}

// Run serves until ctx ends. Everything that is wrong with the configuration is
// said before anything starts.
func (c serveCmd) Run(ctx context.Context, p program) error {
	cfg, err := config.Load(c.Config, os.ReadFile, p.env)
	if err != nil {
		return usageError{err}
	}
	if secret := cfg.Entra.ClientSecret; secret != "" { // azidentity reads the variable only
		if err := os.Setenv("AZURE_CLIENT_SECRET", secret); err != nil {
			return err
		}
	}
	if p.env("GOGC") == "" { // little is alive, so collecting it less often saves a third of the processor's time
		debug.SetGCPercent(400)
	}
	level := slog.LevelInfo
	if c.Debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: level}))
	look, again := time.NewTicker(lookEvery), make(chan os.Signal, 1)
	defer look.Stop()
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	return serve(ctx, cfg, outside{
		now: time.Now, log: log, watching: &config.Watching{Path: c.Config, Read: os.ReadFile, Look: look.C, Again: again},
	})
}

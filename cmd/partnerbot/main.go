// Command partnerbot lets partners into a company's Microsoft Entra tenant, and
// out again, by requests and approvals in Slack. This package reads flags and
// the environment and wires the parts; it decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	exitWell   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong usage or configuration
)

// program is what a command may touch of the outside.
type program struct {
	env      func(string) string
	in       io.Reader
	out, err io.Writer
}

// say writes a line to standard error. If that fails there is nobody left to tell.
func (p program) say(line ...any) { _, _ = fmt.Fprintln(p.err, line...) }

// usageError marks what the person who started the program can mend.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], program{env: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

type commands struct {
	Serve   serveCmd   `cmd:"" help:"Serve a Slack workspace and an Entra tenant."`
	Demo    demoCmd    `cmd:"" help:"Run the whole product on this machine, with a simulated Slack workspace and Entra tenant."`
	Audit   auditCmd   `cmd:"" help:"Verify or export the audit trail."`
	Erase   eraseCmd   `cmd:"" help:"Erase a guest's personal data from requests and the audit trail."`
	Backup  backupCmd  `cmd:"" help:"Write a checked backup of the store, also while serve runs."`
	Restore restoreCmd `cmd:"" help:"Fill a new store from a backup."`
	Copy    copyCmd    `cmd:"" help:"Move a company to another store: from bbolt to PostgreSQL, or any other way round."`
	Policy  policyCmd  `cmd:"" help:"Check, explain and test the policy."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// run is the program: it returns the exit status when the command is done or
// ctx has ended.
func run(ctx context.Context, args []string, p program) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("partnerbot"),
		kong.Description("Partners in and out of Microsoft Entra, asked for and approved in Slack."),
		kong.UsageOnError(),
		kong.Writers(p.out, p.err),
		kong.Exit(func(status int) { exited = status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		p.say("partnerbot:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help was answered
		return exited
	}
	if err != nil {
		p.say("partnerbot:", err)
		p.say("Run `partnerbot --help` to see what it takes.")
		return exitUsage
	}
	return status(parsed.Run(), p)
}

// status says on standard error what went wrong, and which exit status it is.
func status(err error, p program) int {
	if err == nil {
		return exitWell
	}
	p.say(err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

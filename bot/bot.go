package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

const (
	ackBudget   = 2500 * time.Millisecond // of Slack's three seconds
	laterLimit  = 20 * time.Second        // for what runs after an acknowledgement
	laterAtOnce = 64
	factsAge    = 10 * time.Minute // how old facts may be for what is shown and for a draft
	replayAge   = 11 * time.Minute // a signature is good for 300 s on both sides of now
	twinAge     = 30 * 24 * time.Hour
	homeAge     = 30 * 24 * time.Hour
	manyKeys    = 1 << 16
)

// Service is what the bot asks of the domain: approvals.Service.
type Service interface {
	Submit(ctx context.Context, d approvals.Draft) (approvals.Request, error)
	Press(ctx context.Context, id approvals.RequestID, p approvals.Press) (approvals.Request, error)
	Withdraw(ctx context.Context, id approvals.RequestID, w approvals.Withdrawn) (approvals.Request, error)
	MayDecide(ctx context.Context, id approvals.RequestID, p approvals.Press) (approvals.Request, error)
	Pending(ctx context.Context, by approvals.PersonID, q approvals.Query) (approvals.Page, bool, error)
	SubmitSeveral(ctx context.Context, d approvals.Several) ([]approvals.Request, error)
	Preview(ctx context.Context, d approvals.Draft) (approvals.Preview, error)
	Edit(ctx context.Context, id approvals.RequestID, tag string, edition int, d approvals.Draft) (approvals.Request, error)
	Answer(ctx context.Context, id approvals.RequestID, a approvals.Answered) (approvals.Request, error)
	Nudge(ctx context.Context, id approvals.RequestID, n approvals.Nudged) (approvals.Request, error)
	Delegate(ctx context.Context, from approvals.Person, to approvals.PersonID, start, end time.Time) (approvals.Delegation, error)
	Delegation(ctx context.Context, from approvals.PersonID) (approvals.Delegation, bool, error)
	Tell(ctx context.Context, id approvals.RequestID, to approvals.PersonID, why *approvals.Refusal) *approvals.Refusal
	Own(ctx context.Context, by approvals.PersonID, q approvals.Query) (approvals.Page, error)
	Story(ctx context.Context, id approvals.RequestID, by approvals.PersonID) (approvals.Request, []approvals.Entry, error)
	AskedBy(ctx context.Context, id approvals.RequestID) (approvals.PersonID, error)
	Incidents(ctx context.Context, by approvals.PersonID) ([]approvals.Incident, error)
}

// Config is what a Bot needs; every field is required.
type Config struct {
	API     *slack.Client // made by NewClient
	Service Service       // keeps what people ask and press
	Desk    *Desk         // whose words, people and ways to answer are used
	HTTP    *http.Client  // opens sockets; must have a timeout
	Now     func() time.Time
	Log     *slog.Logger
}

func (c Config) validate() error {
	var wrong []error
	for name, missing := range map[string]bool{
		"API": c.API == nil, "Service": c.Service == nil, "Desk": c.Desk == nil,
		"HTTP": c.HTTP == nil, "Now": c.Now == nil, "Log": c.Log == nil,
	} {
		if missing {
			wrong = append(wrong, fmt.Errorf("bot: Config.%s is missing", name))
		}
	}
	return errors.Join(wrong...)
}

// Bot listens to Slack, over a socket or over HTTP, and lets people ask,
// decide and look. What it acknowledged is on disk.
type Bot struct {
	cfg      Config
	routes   routes
	requests *seen // signatures of requests that were served
	events   *seen // IDs of events that were taken
	twins    *seen // who was told of which request that stands in the way of theirs
	homes    *seen // who has opened App Home
	forms    *forms
	glance   *Glance // user groups, as forms show what somebody may ask for

	over <-chan struct{} // cuts short what runs after acknowledgements; closed by end
	end  context.CancelFunc
	turn chan struct{} // one for each of those that run at once

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// New makes a Bot. Nothing is asked of Slack before the first payload.
func New(cfg Config) (*Bot, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	b := &Bot{
		cfg:      cfg,
		requests: newSeen(cfg.Now, replayAge, manyKeys),
		events:   newSeen(cfg.Now, replayAge, manyKeys),
		twins:    newSeen(cfg.Now, twinAge, manyKeys),
		homes:    newSeen(cfg.Now, homeAge, manyKeys),
		forms:    newForms(cfg.Now),
		glance:   cfg.Desk.Glance(),
		turn:     make(chan struct{}, laterAtOnce),
	}
	b.routes = b.table()
	life, end := context.WithCancel(context.Background())
	b.over, b.end = life.Done(), end
	return b, nil
}

// Close waits for everything that runs after acknowledgements. When ctx ends
// first it is cut short, and ctx's error is returned. Nothing new is begun.
func (b *Bot) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.wg.Wait()
		close(done)
	}()
	defer b.end()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		b.end()
		<-done
		return ctx.Err()
	}
}

// after runs what is to happen after an acknowledgement, within laterLimit and
// never more than laterAtOnce of them at once.
func (b *Bot) after(ctx context.Context, later func(context.Context)) {
	if later == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), laterLimit)
	b.wg.Go(func() {
		select {
		case <-b.over:
		case <-ctx.Done():
		}
		cancel()
	})
	b.wg.Go(func() {
		defer cancel()
		select {
		case b.turn <- struct{}{}:
			defer func() { <-b.turn }()
		case <-ctx.Done():
			return
		}
		_, err := guarded(func() (answer, error) {
			later(ctx)
			return answer{}, nil
		})
		if err != nil {
			b.fault(ctx, "after_acknowledgement", approvals.PersonID{}, err)
		}
	})
}

// guarded turns a panic into an error, so that one payload harms no other.
func guarded(run func() (answer, error)) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			a, err = answer{}, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run()
}

// fault logs what went wrong and returns the reference under which it is found.
func (b *Bot) fault(ctx context.Context, doing string, who approvals.PersonID, err error) string {
	reference := rand.Text()[:8]
	b.cfg.Log.ErrorContext(ctx, "fault", "doing", doing, "reference", reference, "person", who.String(), "error", err)
	return reference
}

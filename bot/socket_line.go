package bot

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"partnerbot/approvals"
)

// line is one connection to Slack, reopened by its client whenever it is lost.
type line struct {
	socket  *socket
	client  *socketmode.Client
	end     context.CancelFunc
	beside  int // connections of ours that the first hello counts too
	greet   func()
	greeted chan struct{} // closed by the first hello
	leaving chan struct{} // closed when nothing more is to be waited for
	done    chan struct{} // closed when the client has ended
	inHand  sync.WaitGroup
}

// envelope is what a socket carries, read by ourselves from the raw message
// where slack-go could not read it.
type envelope struct {
	Type    string          `json:"type"`
	ID      string          `json:"envelope_id"`
	Payload json.RawMessage `json:"payload"`
}

// listen takes what the client brings until the line leaves, and then what it
// has brought already.
func (l *line) listen(ctx context.Context) {
	for {
		select {
		case ev := <-l.client.Events:
			l.take(ctx, ev)
		case <-l.leaving:
			for {
				select {
				case ev := <-l.client.Events:
					l.take(ctx, ev)
				default:
					l.drained(ctx)
					return
				}
			}
		}
	}
}

// drained waits for what is in hand and ends the line. slack-go tells nobody
// when an acknowledgement has left, so it is given a moment to.
func (l *line) drained(ctx context.Context) {
	finished := make(chan struct{})
	go func() {
		l.inHand.Wait()
		close(finished)
	}()
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	select {
	case <-finished:
	case <-limit.C:
		l.socket.bot.cfg.Log.WarnContext(ctx, "socket closed with work in hand", "waited", drainLimit.String())
	}
	grace := time.NewTimer(flushGrace)
	defer grace.Stop()
	select {
	case <-grace.C:
	case <-l.done:
	}
	l.end()
	<-finished
}

// retire lets the line go and returns when it is gone. It may be called once.
func (l *line) retire() {
	close(l.leaving)
	<-l.done
}

// hopeless are the answers to apps.connections.open that slack-go asks again
// after, for ever, and that only a human can change.
var hopeless = map[string]bool{
	"missing_scope": true, "not_allowed_token_type": true, "token_expired": true, "no_permission": true,
	"access_denied": true, "team_access_not_granted": true, "org_login_required": true, "forbidden_team": true,
}

func (l *line) take(ctx context.Context, ev socketmode.Event) {
	log := l.socket.bot.cfg.Log
	switch ev.Type {
	case socketmode.EventTypeHello:
		l.hello(ctx, ev.Request.NumConnections)
	case socketmode.EventTypeConnecting:
		l.lost()
	case socketmode.EventTypeConnectionError:
		l.notConnected(ctx, ev.Data)
	case socketmode.EventTypeErrorBadMessage:
		l.badMessage(ctx, ev.Data)
	case socketmode.EventTypeErrorWriteFailed:
		log.WarnContext(ctx, "acknowledgement not sent")
	case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
		l.handle(ctx, envelope{Type: ev.Request.Type, ID: ev.Request.EnvelopeID, Payload: ev.Request.Payload})
	case socketmode.EventTypeConnected, socketmode.EventTypeIncomingError, socketmode.EventTypeInvalidAuth, socketmode.EventTypeDisconnect:
		log.DebugContext(ctx, "socket event", "type", string(ev.Type))
	default:
		log.WarnContext(ctx, "socket event unknown", "type", string(ev.Type))
	}
}

// hello means that Slack listens. It counts connections that ended without its
// knowing: payloads that go down one of those are lost.
func (l *line) hello(ctx context.Context, n int) {
	s := l.socket
	s.hear()
	l.greet()
	s.ready()
	s.cfg.Opened(n)
	s.bot.cfg.Log.InfoContext(ctx, "socket open", "num_connections", n)
	if expected := s.cfg.Expected + l.beside; n > expected {
		s.bot.cfg.Log.WarnContext(ctx, "more connections than expected", "num_connections", n, "expected", expected)
	}
	l.beside = 0
}

// lost tells of a connection that was there; a line that was never greeted or
// that leaves loses nothing.
func (l *line) lost() {
	select {
	case <-l.leaving:
	case <-l.greeted:
		l.socket.cfg.Lost()
	default:
	}
}

func (l *line) notConnected(ctx context.Context, data any) {
	why, ok := data.(*slack.ConnectionErrorEvent)
	if !ok {
		return
	}
	l.socket.bot.cfg.Log.WarnContext(ctx, "socket not opened", "attempt", why.Attempt, "backoff", why.Backoff.String(), "error", reason(why.ErrorObj))
	if refusal, ok := errors.AsType[slack.SlackErrorResponse](why.ErrorObj); ok && hopeless[refusal.Err] {
		l.socket.refused(refusal)
	}
}

// reason is an error without the address that it may carry: a socket's address
// holds a ticket.
func reason(err error) string {
	if refusal, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refusal.Err
	}
	return withoutURL(err).Error()
}

// badMessage handles what slack-go could not read: an envelope that we can read
// is handled like any other, and any other is acknowledged, because Slack sends
// it again for as long as it is not.
func (l *line) badMessage(ctx context.Context, data any) {
	bad, ok := data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var e envelope
	if err := decode(bad.Message, &e); err != nil || e.ID == "" {
		l.socket.bot.cfg.Log.WarnContext(ctx, "socket message unreadable", "bytes", len(bad.Message))
		return
	}
	l.handle(ctx, e)
}

// handle answers one envelope beside the others, at most handlersAtOnce of
// them; what is beyond that waits in the connection.
func (l *line) handle(ctx context.Context, e envelope) {
	s := l.socket
	s.hear()
	select {
	case s.hands <- struct{}{}:
	case <-ctx.Done():
		return
	}
	l.inHand.Go(func() {
		defer func() { <-s.hands }()
		reply, later, err := s.bot.receive(ctx, kind(e.Type), e.Payload)
		if err != nil && !errors.Is(err, errGarbled) {
			return
		}
		if err := l.acknowledge(ctx, e.ID, reply); err != nil {
			s.bot.fault(ctx, "acknowledging", approvals.PersonID{}, err)
		}
		s.bot.after(ctx, later)
	})
}

func (l *line) acknowledge(ctx context.Context, id string, reply []byte) error {
	if id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	if len(reply) == 0 {
		return l.client.AckCtx(ctx, id, nil)
	}
	return l.client.AckCtx(ctx, id, json.RawMessage(reply))
}

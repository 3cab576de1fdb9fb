package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const verificationToken = "sandbox-verification-token" //nolint:gosec // nobody trusts it; Slack still sends the field

// What Slack says when the app does not answer a command or a click as it should.
var (
	errTimeout  = errors.New("operation_timeout")
	errDispatch = errors.New("dispatch_failed")
	errHTTP     = errors.New("http_service_error")
	errAnswer   = errors.New("invalid_command_response")
)

// delivery is one payload for the app.
type delivery struct {
	kind    string // slash_commands, interactive, events_api
	what    string // for people: the command, the action, the event
	payload map[string]any
	attempt int // of events: 0 first
	reason  string
}

// ack is the app's answer to a delivery: a JSON object, plain text, or nothing.
type ack struct {
	body map[string]any
	text string
}

// deliver hands a payload to the app, over the socket or by HTTP, and waits for its answer as long as Slack does.
func (w *World) deliver(ctx context.Context, d delivery) (ack, error) {
	at := w.cfg.Now()
	w.mu.Lock()
	url, fault := w.appURL, w.takeFaultLocked(d.kind)
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, w.cfg.AckTimeout)
	defer cancel()
	stop := context.AfterFunc(w.ctx, cancel) //nolint:contextcheck // the end of the world ends the wait too
	defer stop()
	var reply ack
	err := errTimeout
	if fault != nil {
		pause(ctx, fault.Delay)
	}
	switch {
	case fault != nil && fault.Cut && !fault.AfterEffect:
		<-ctx.Done()
	case url != "":
		reply, err = w.deliverHTTP(ctx, url, d)
	default:
		reply, err = w.deliverSocket(ctx, d)
	}
	if fault != nil && fault.Cut {
		reply, err = ack{}, errTimeout
	}
	record := Call{
		At: at, Dir: ToApp, Method: d.kind, What: strings.TrimSpace(d.kind + " " + d.what), Args: clone(d.payload),
		Status: http.StatusOK, Response: reply.body,
	}
	if err != nil {
		record.Error, record.Status = err.Error(), 0
	}
	w.record(record)
	return reply, err
}

// decodeAck reads the body of an answer: JSON if it is an object, else text.
func decodeAck(body []byte) ack {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return ack{}
	}
	var a ack
	if json.Unmarshal(body, &a.body) != nil {
		return ack{text: text}
	}
	return a
}

// showAnswer posts what the app said in its answer to a command.
func (w *World) showAnswer(a ack, channelID, user string) error {
	if a.text != "" {
		a.body = map[string]any{"text": a.text}
	}
	if len(a.body) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.postResponseLocked(&responseURL{channel: channelID, user: user}, clone(a.body)) != "" {
		return errAnswer
	}
	return nil
}

// interactionLocked is what all interaction payloads have in common.
func (w *World) interactionLocked(kind string, p Person, viewID string) map[string]any {
	return map[string]any{
		"type": kind, "token": verificationToken, "api_app_id": AppID, "trigger_id": w.triggerLocked(p.ID, viewID),
		"team": map[string]any{"id": TeamID, "domain": TeamDomain}, "enterprise": nil, "is_enterprise_install": false,
		"user": map[string]any{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": p.TeamID},
	}
}

// event delivers an event if the app is subscribed to its kind. It returns after the first attempt; Slack's later
// attempts go on by themselves until the app answers, or the world closes.
func (w *World) event(ctx context.Context, kind string, event map[string]any) error {
	if !slices.Contains(w.cfg.BotEvents, kind) {
		return nil
	}
	w.mu.Lock()
	d := delivery{kind: "events_api", what: kind, payload: map[string]any{
		"type": "event_callback", "token": verificationToken, "team_id": TeamID, "context_team_id": TeamID,
		"context_enterprise_id": nil, "api_app_id": AppID, "event": event, "event_id": w.idLocked("Ev"),
		"event_time": w.cfg.Now().Unix(), "event_context": "4-" + secret(), "is_ext_shared_channel": false,
		"authorizations": []any{map[string]any{
			"enterprise_id": nil, "team_id": TeamID, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false,
		}},
	}}
	w.mu.Unlock()
	_, err := w.deliver(ctx, d)
	if err == nil || !w.enter() {
		return err
	}
	go func() {
		defer w.wg.Done()
		w.redeliver(d, err)
	}()
	return err
}

func (w *World) redeliver(d delivery, err error) {
	for i, wait := range w.cfg.EventRetries {
		pause(w.ctx, wait)
		if w.ctx.Err() != nil {
			return
		}
		if errors.Is(err, errNoRetry) {
			return
		}
		d.attempt, d.reason = i+1, retryReason(err)
		if _, err = w.deliver(w.ctx, d); err == nil {
			return
		}
	}
}

func retryReason(err error) string {
	switch {
	case errors.Is(err, errTimeout):
		return "http_timeout"
	case errors.Is(err, errDispatch):
		return "connection_failed"
	}
	return "http_error"
}

// Emit delivers any other event, such as user_change, as Slack would at this moment.
func (w *World) Emit(ctx context.Context, event map[string]any) error {
	event = maps.Clone(event)
	if _, ok := event["event_ts"]; !ok {
		w.mu.Lock()
		event["event_ts"] = w.tsLocked()
		w.mu.Unlock()
	}
	return w.event(ctx, str(event, "type"), event)
}

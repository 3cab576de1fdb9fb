package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"
)

const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

// responseURL lets the app answer one command or click, a few times, in the channel where it happened.
type responseURL struct {
	channel, user string
	source        *Message // the message that was clicked; nil for commands
	made          time.Time
	uses          int
}

func (w *World) responseURLLocked(channelID, user string, source *Message) string {
	if len(w.responses)%1024 == 1023 {
		maps.DeleteFunc(w.responses, func(_ string, u *responseURL) bool { return w.cfg.Now().Sub(u.made) > 2*responseLife })
	}
	id := secret()
	w.responses[id] = &responseURL{channel: channelID, user: user, source: source, made: w.cfg.Now()}
	return w.base + "/response/" + TeamID + "/" + id
}

func (w *World) serveResponseURL(rw http.ResponseWriter, r *http.Request) {
	const name = "response_url"
	at := w.cfg.Now()
	args := map[string]any{}
	body, err := readBody(r)
	if err == nil {
		err = json.Unmarshal(body, &args)
	}
	w.mu.Lock()
	fault := w.takeFaultLocked(name)
	w.mu.Unlock()
	fault.wait(r.Context(), false)
	status, code := http.StatusOK, ""
	if !fault.spoils() || fault.AfterEffect {
		w.mu.Lock()
		status, code = w.respondLocked(r.PathValue("id"), args, err)
		w.mu.Unlock()
	}
	fault.wait(r.Context(), true)
	record := Call{At: at, Dir: FromApp, Method: name, What: name, Args: redacted(args), Status: status, Error: code}
	if fault.spoils() {
		record.Status, record.Error = fault.Status, fault.name()
		w.record(record)
		fault.write(rw)
		return
	}
	w.record(record)
	if code != "" {
		writeJSON(rw, status, map[string]any{"ok": false, "error": code})
		return
	}
	_, _ = rw.Write([]byte("ok")) // the peer may be gone; there is nobody to tell
}

// respondLocked spends one use of the URL. A refused message costs no use.
func (w *World) respondLocked(id string, args map[string]any, decoding error) (status int, code string) {
	u := w.responses[id]
	switch {
	case u == nil:
		return http.StatusNotFound, "no_team"
	case w.cfg.Now().Sub(u.made) > responseLife:
		return http.StatusNotFound, "expired_url"
	case u.uses >= responseUses:
		return http.StatusNotFound, "used_url"
	case decoding != nil:
		return http.StatusBadRequest, "invalid_payload"
	}
	code = w.postResponseLocked(u, args)
	if code != "" {
		return http.StatusBadRequest, code
	}
	u.uses++
	return http.StatusOK, ""
}

// postResponseLocked does what a response asks for: delete or replace the message it answers, or add one.
func (w *World) postResponseLocked(u *responseURL, args map[string]any) string {
	if truthy(args["delete_original"]) {
		if u.source == nil {
			return "cant_delete_message"
		}
		w.removeLocked(u.source)
		return ""
	}
	if args["blocks"] == nil {
		delete(args, "blocks")
	}
	if str(object(args, "metadata"), "event_type") == "" {
		delete(args, "metadata")
	}
	c := &apiCall{args: args}
	if problem := w.contentProblem(c, true); problem != nil {
		return str(problem.body, "error")
	}
	if truthy(args["replace_original"]) && u.source != nil {
		u.source.Text, u.source.Blocks = c.string("text"), clone(objects(args["blocks"]))
		w.nameBlocksLocked(u.source.Blocks)
		w.understandLocked(u.source)
		w.touchLocked()
		return ""
	}
	m := &Message{
		Channel: u.channel, User: BotUser, Text: cutOff(c.string("text"), maxText), ThreadTS: c.string("thread_ts"),
		Blocks: clone(objects(args["blocks"])), Metadata: clone(c.object("metadata")),
	}
	if c.string("response_type") == "in_channel" {
		m.Unfurls = c.unfurls()
	} else {
		m.Ephemeral, m.ForUser = true, u.user
	}
	w.addMessageLocked(m)
	return ""
}

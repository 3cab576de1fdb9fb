package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	streamPause = 50 * time.Millisecond // at most 20 snapshots a second
	streamPulse = 15 * time.Second      // between comments that keep the connection alive
)

// snapshot is a person's State and the user groups that messages mention.
type snapshot struct {
	State
	UserGroups []snapshotGroup `json:"usergroups"`
}

type snapshotGroup struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

// snapshotFor is the world as the person sees it; for a stranger or nobody, as the first person in it does.
func (w *World) snapshotFor(as string) ([]byte, error) {
	w.mu.Lock()
	reader := w.peopleOrder[0]
	if p, known := w.people[as]; known {
		reader = p.ID
	}
	groups := make([]snapshotGroup, 0, len(w.groupOrder))
	for _, id := range w.groupOrder {
		g := w.groups[id]
		groups = append(groups, snapshotGroup{ID: g.ID, Handle: g.Handle, Name: g.Name})
	}
	w.mu.Unlock()
	data, err := json.Marshal(snapshot{State: w.State(reader), UserGroups: groups})
	if err != nil {
		return nil, fmt.Errorf("writing the world as %s sees it: %w", reader, err)
	}
	return data, nil
}

func (w *World) serveState(rw http.ResponseWriter, r *http.Request) {
	data, err := w.snapshotFor(r.URL.Query().Get("as"))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	_, _ = rw.Write(data)
}

// serveStream sends a snapshot at once and after every change, until the reader leaves or the world closes. Changes
// that come faster than they are sent share a snapshot; the last one is never left out.
func (w *World) serveStream(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	pulse := time.NewTicker(streamPulse)
	defer pulse.Stop()
	pause := time.NewTimer(streamPause)
	defer pause.Stop()
	for {
		pause.Reset(streamPause)
		changed := w.Changed()
		data, err := w.snapshotFor(r.URL.Query().Get("as"))
		if err != nil || !send(rw, "event: state\ndata: %s\n\n", data) {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-r.Context().Done():
				return
			case <-pulse.C:
				if !send(rw, "%s", []byte(": still here\n\n")) {
					return
				}
			case <-changed:
				waiting = false
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-pause.C:
		}
	}
}

// send writes and flushes; false means that the reader is gone.
func send(rw http.ResponseWriter, format string, data []byte) bool {
	if _, err := fmt.Fprintf(rw, format, data); err != nil {
		return false
	}
	return http.NewResponseController(rw).Flush() == nil
}

package approvals

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"
)

// lookAgain is how often the incidents are read, for what other replicas opened
// and for what is to be told again.
const lookAgain = 10 * time.Second

// incidents are those that last, as far as this process knows, by key, with the
// time at which it last wrote down that they were met.
type incidents struct {
	mu   sync.Mutex
	open map[string]time.Time
	ring chan struct{} // there is something to tell
}

// begin forgets what was known before, when a run begins. Somebody may be raising
// an incident already.
func (s *incidents) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = map[string]time.Time{}
	if s.ring == nil {
		s.ring = make(chan struct{}, 1)
	}
}

// rings is where it is rung that there is something to tell; nil before a run.
func (s *incidents) rings() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ring
}

func (s *incidents) bell() {
	select {
	case s.rings() <- struct{}{}:
	default: // it rings already, or nobody listens
	}
}

// know remembers whether an incident lasts, and when that it was met was written down.
func (s *incidents) know(key string, lasts bool, seen time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !lasts {
		delete(s.open, key)
		return
	}
	if s.open == nil {
		s.open = map[string]time.Time{}
	}
	s.open[key] = seen
}

func (s *incidents) known(key string) (seen time.Time, lasts bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, lasts = s.open[key]
	return seen, lasts
}

// raise opens the incident of trouble that is not one request's, or keeps that it
// was met again.
func (w *Worker) raise(ctx context.Context, t Trouble) {
	now := w.Now().UTC()
	if seen, lasts := w.incidents.known(t.Wide); lasts && recent(seen, now, seenEvery) {
		return
	}
	news := false
	is, err := w.Store.Incident(ctx, t.Wide, func(i Incident) (Incident, error) {
		was := i.Version
		i, err := i.met(t, now)
		news = i.Version != was
		return i, err
	})
	switch {
	case isNotDue(err): // another replica just said so
		w.incidents.know(t.Wide, true, now)
		return
	case err != nil:
		w.Log.ErrorContext(ctx, "opening an incident", "incident", t.Wide, "trouble", t.inLog(), "error", err)
		return
	}
	w.incidents.know(is.Key, is.lasts(), is.Seen)
	if news {
		w.Log.ErrorContext(ctx, "an incident began", "incident", is.Key, "trouble", t.inLog(), "request_id", t.RequestID)
		w.incidents.bell()
	}
}

// over ends an incident, if it lasts, because of a call that began at a time and
// did not meet it.
func (w *Worker) over(ctx context.Context, key string, began time.Time) {
	if _, lasts := w.incidents.known(key); !lasts {
		return
	}
	_, err := w.Store.Incident(ctx, key, func(i Incident) (Incident, error) { return i.ended(began, w.Now().UTC()) })
	switch {
	case isNotDue(err): // it is over already, or younger than the call: the next look at the incidents says
	case err != nil:
		w.Log.ErrorContext(ctx, "ending an incident", "incident", key, "error", err)
	default:
		w.incidents.know(key, false, time.Time{})
		w.Log.InfoContext(ctx, "an incident is over", "incident", key)
		w.incidents.bell()
	}
}

// runTelling tells the admins of incidents while ctx lasts, under work.
func (w *Worker) runTelling(ctx, work context.Context) {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		if err := w.tellAll(work); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "looking at the incidents", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-w.incidents.rings():
		}
	}
}

// tellAll looks at every incident: what is not told is told, what is not met any
// more ends, and what is over and told long ago is forgotten.
func (w *Worker) tellAll(ctx context.Context) error {
	all, err := w.Store.Incidents(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		now := w.Now()
		w.incidents.know(i.Key, i.lasts(), i.Seen)
		switch {
		case i.lasts() && strings.HasPrefix(i.Key, "slack ") && !recent(i.Seen, now, quietFor) && !i.Seen.After(now):
			w.over(ctx, i.Key, now)
		case !i.Over.IsZero() && i.Told == i.Version && !recent(i.Over, now, forgottenAfter) && !i.Over.After(now):
			w.changeIncident(ctx, i.Key, func(is Incident) (Incident, error) {
				if is.Version != i.Version {
					return is, ErrNotDue
				}
				return Incident{}, nil
			})
		case i.toTell(now):
			w.tell(ctx, i.Key)
		}
	}
	return nil
}

// tell shows the admins one incident as it is now, if no other replica does.
// What fails is tried again when the time that one message takes is over.
func (w *Worker) tell(ctx context.Context, key string) {
	i, ok := w.changeIncident(ctx, key, func(i Incident) (Incident, error) {
		now := w.Now().UTC()
		if !i.toTell(now) {
			return i, ErrNotDue
		}
		i.Telling = now
		return i, nil
	})
	if !ok {
		return
	}
	shown, failed := w.Desk.Incident(ctx, i, w.noteIncident(key))
	if failed != nil {
		w.Log.WarnContext(ctx, "telling the admins of an incident", "incident", key, "trouble", new(troubleOf(failed)).inLog())
	}
	w.changeIncident(ctx, key, func(is Incident) (Incident, error) {
		if !is.Since.Equal(i.Since) { // another one by now
			return is, ErrNotDue
		}
		is.Shown = shown
		if failed == nil {
			is.Told, is.Telling, is.Tried = i.Version, time.Time{}, nil
		}
		return is, nil
	})
}

func (w *Worker) changeIncident(ctx context.Context, key string, change func(Incident) (Incident, error)) (Incident, bool) {
	i, err := w.Store.Incident(ctx, key, change)
	if err != nil && !isNotDue(err) {
		w.Log.ErrorContext(ctx, "keeping an incident", "incident", key, "error", err)
	}
	return i, err == nil
}

// noteIncident writes down in an incident that a message is about to be posted.
func (w *Worker) noteIncident(key string) Note {
	return func(ctx context.Context, name string) (before time.Time, err error) {
		_, err = w.Store.Incident(ctx, key, func(i Incident) (Incident, error) {
			now := w.Now().UTC()
			i.Tried, before = noted(i.Tried, name, now)
			i.Telling = now
			return i, nil
		})
		return before, err
	}
}

// noted is the notes with one more, and when it was written down before.
func noted(tried map[string]time.Time, name string, now time.Time) (map[string]time.Time, time.Time) {
	before, ok := tried[name]
	if ok {
		return tried, before
	}
	tried = maps.Clone(tried)
	if tried == nil {
		tried = map[string]time.Time{}
	}
	tried[name] = now
	return tried, time.Time{}
}

// PolicyRead tells the admins that the configuration has mistakes, so that the
// policy before it stays in force, or with a nil error that it is well again.
func (w *Worker) PolicyRead(ctx context.Context, err error) {
	if err == nil {
		w.over(ctx, WidePolicy, w.Now())
		return
	}
	w.raise(ctx, Trouble{Kind: Refused, Wide: WidePolicy, Code: "policy", Doing: "reading the configuration", Text: err.Error(), Err: err})
}

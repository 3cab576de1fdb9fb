package approvals

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	soonestCheck = 10 * time.Minute
	latestCheck  = 6 * time.Hour
)

// cards shows the request in its stages' channels. While it waits for a person
// it is looked at again now and then, so that a card which somebody deleted comes
// back; the longer it waits, the less often.
func (w *Worker) cards(ctx context.Context, r Request) (outcome, error) {
	began := w.Now()
	posted, err := w.Desk.Cards(ctx, r, w.note(r.ID))
	for _, p := range posted {
		if was, _ := r.Shown.Card(p.Stage, p.To); p.TS != "" && was != p {
			w.over(ctx, WideChannel+p.Channel, began)
			w.over(ctx, WideSlackToken, began)
		}
	}
	if err != nil && len(posted) == 0 {
		return outcome{}, err
	}
	out := outcome{trouble: err, note: func(q *Request, _ time.Time) {
		for _, p := range posted {
			if was, _ := r.Shown.Card(p.Stage, p.To); p.TS != "" && was.TS != p.TS {
				delete(q.Shown.Tried, p.Name())
			}
		}
		q.Shown.Tried = settled(q.Shown.Tried, err, "card ")
		q.Shown.Cards = posted
	}}
	if r.Waits() {
		out.again = w.Now().Add(min(max(w.Now().Sub(r.Changed)/4, soonestCheck), latestCheck))
	}
	return out, nil
}

func (w *Worker) direct(ctx context.Context, r Request) (outcome, error) {
	posted, said, err := w.Desk.Direct(ctx, r, w.note(r.ID))
	if err != nil && posted.TS == "" {
		return outcome{}, err
	}
	return outcome{trouble: err, note: func(q *Request, _ time.Time) {
		if posted.TS != r.Shown.Direct.TS {
			delete(q.Shown.Tried, "direct")
		}
		q.Shown.Tried = settled(q.Shown.Tried, err, "direct")
		q.Shown.Direct = posted
		for _, s := range said {
			delete(q.Shown.Tried, "said "+s.What)
			if !q.Shown.HasSaid(s.What) {
				q.Shown.Said = append(q.Shown.Said, s)
			}
		}
	}}, nil
}

// thread says what is unsaid under the cards.
func (w *Worker) thread(ctx context.Context, r Request) (outcome, error) {
	said, err := w.Desk.Thread(ctx, r, w.note(r.ID))
	if err != nil && len(said) == 0 {
		return outcome{}, err
	}
	return outcome{trouble: err, note: func(q *Request, _ time.Time) {
		q.Shown.Tried = settled(q.Shown.Tried, err, "call ")
		for _, s := range said {
			if !q.Shown.HasSaid(s.What) {
				q.Shown.Said = append(q.Shown.Said, s)
			}
		}
	}}, nil
}

// failure shows the admins a request that failed, and what became of it.
func (w *Worker) failure(ctx context.Context, r Request) (outcome, error) {
	posted, err := w.Desk.Failure(ctx, r, w.note(r.ID))
	if err != nil && len(posted) == 0 {
		return outcome{}, err
	}
	return outcome{trouble: err, note: func(q *Request, _ time.Time) {
		q.Shown.Tried = settled(q.Shown.Tried, err, "failure ")
		q.Shown.Admins = posted
	}}, nil
}

// note writes down in a request that a message is about to be posted.
func (w *Worker) note(id RequestID) Note {
	return func(ctx context.Context, name string) (before time.Time, err error) {
		_, err = w.Store.Update(ctx, id, func(r Request) (Change, error) {
			r = r.clone()
			r.Shown.Tried, before = noted(r.Shown.Tried, name, w.Now())
			if !before.IsZero() {
				return Change{}, ErrNotDue
			}
			return Change{Request: r}, nil
		})
		if isNotDue(err) {
			err = nil
		}
		return before, err
	}
}

// settled are the notes without those whose names begin so, once all of their
// messages are known to be posted.
func settled(tried map[string]time.Time, err error, names ...string) map[string]time.Time {
	if err == nil {
		maps.DeleteFunc(tried, func(name string, _ time.Time) bool {
			return slices.ContainsFunc(names, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		})
	}
	if len(tried) == 0 {
		return nil
	}
	return tried
}

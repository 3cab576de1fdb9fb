package approvals

import (
	"context"
	"sync"
	"time"
)

// runLane takes rows of a lane while ctx lasts and does them under work.
func (w *Worker) runLane(ctx, work context.Context, lane Lane) {
	hands := make(chan struct{}, w.hands())
	var wg sync.WaitGroup
	defer wg.Wait()
	var latest time.Time
	for {
		hands <- struct{}{}
		<-hands
		if ctx.Err() != nil {
			return
		}
		latest = w.recall(work, lane, latest)
		next, err := w.round(work, lane, hands, &wg)
		if w.Beat != nil {
			w.Beat(err)
		}
		if err != nil {
			w.Log.ErrorContext(ctx, "taking owed work", "lane", lane, "error", err)
			next = w.Now().Add(w.nap())
		}
		if !w.rest(ctx, lane, next, hands) {
			return
		}
	}
}

// round takes as many due rows of a lane as there are free hands and starts them.
func (w *Worker) round(ctx context.Context, lane Lane, hands chan struct{}, wg *sync.WaitGroup) (time.Time, error) {
	rows, next, err := w.Store.Take(ctx, w.Now(), lane, cap(hands)-len(hands))
	if err != nil {
		return time.Time{}, err
	}
	for _, row := range rows {
		hands <- struct{}{}
		wg.Go(func() {
			defer func() { <-hands }()
			w.do(ctx, row)
		})
	}
	return next, nil
}

const (
	setBack     = time.Minute      // a clock that goes back by more than this ran ahead before
	aheadAtMost = 10 * time.Minute // how far in the future work is put off that did not succeed
	recallEach  = 1000             // rows in one question to the store
)

// recall makes work due now that was put off by a clock which ran ahead and was
// set back, so that it need not wait for that time to come again. What is due
// later by right is looked at once, and put off again. What cannot be taken now is
// recalled by the next call, for which it returns the latest time that was seen.
func (w *Worker) recall(ctx context.Context, lane Lane, latest time.Time) time.Time {
	now := w.Now().Round(0) // of the wall, as stores keep it
	if latest.Sub(now) < setBack {
		if now.After(latest) {
			return now
		}
		return latest
	}
	rows, err := w.takeAll(ctx, latest.Add(aheadAtMost), lane)
	for _, row := range rows {
		w.putOff(ctx, row, now)
	}
	if err != nil {
		w.Log.ErrorContext(ctx, "recalling owed work", "lane", lane, "error", err)
		return latest
	}
	w.Log.WarnContext(ctx, "the clock was set back", "lane", lane, "by", latest.Sub(now), "recalled", len(rows))
	return now
}

// takeAll takes all that is due at a time, or with an error a part of it.
func (w *Worker) takeAll(ctx context.Context, at time.Time, lane Lane) (rows []Owed, err error) {
	for {
		more, _, err := w.Store.Take(ctx, at, lane, recallEach)
		if rows = append(rows, more...); err != nil || len(more) == 0 {
			return rows, err
		}
	}
}

// rest waits for the next due row, for news or for the longest nap. It returns
// false when ctx has ended.
func (w *Worker) rest(ctx context.Context, lane Lane, next time.Time, hands chan struct{}) bool {
	wait := w.nap()
	if !next.IsZero() {
		wait = min(wait, max(next.Sub(w.Now()), 0))
	}
	if wait == 0 && len(hands) < cap(hands) {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(max(wait, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-w.Store.Woken(lane):
	case <-timer.C:
	}
	return true
}

func (w *Worker) hands() int {
	if w.Hands > 0 {
		return w.Hands
	}
	return 16
}

func (w *Worker) nap() time.Duration {
	if w.Nap > 0 {
		return w.Nap
	}
	return time.Second
}

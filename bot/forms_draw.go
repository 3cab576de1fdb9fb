package bot

import (
	"context"
	"net/http"
	"slices"
	"time"

	"partnerbot/approvals"
)

const (
	drawLimit = 8 * time.Second // for one drawing
	drawKept  = 2 * laterLimit  // after that a drawing that never came to its end is given up
	hashKept  = 32              // hashes that a form is known to have had

	hashConflict = "hash_conflict" // Slack's code where the form is not the one any more that was drawn over
)

// redrawing is a look that a form is to get. It is given the hash of what is shown,
// and returns that of what it shows.
type redrawing struct {
	change
	insists bool // what another replica drew meanwhile gives way
	result  bool // it is what came of the form: what was typed meanwhile gives way, too
	last    bool // and is no form any more
	show    func(ctx context.Context, hash string) (string, error)
	lost    func(context.Context) // for a result that could not be drawn; may be nil
}

// begin reports whether the drawing may run now. While another one runs nobody
// waits for it: the newest is left for whoever draws, and older ones are dropped.
func (d *redrawing) begin() bool {
	d.all.mu.Lock()
	defer d.all.mu.Unlock()
	f, now := d.form, d.all.now()
	switch {
	case !d.result && (f.over || f.newest != d.n):
		return false
	case now.Sub(f.drawing) >= drawKept:
		f.drawing, f.over = now, f.over || d.last
		return true
	case d.result:
		f.result = d
	default:
		f.next = d
	}
	return false
}

// run draws, and returns what is to be drawn then, nil if nothing. If another
// replica has drawn meanwhile, nobody knows what it drew: a change that insists is
// drawn over it, once, any other is not.
func (d *redrawing) run(ctx context.Context) (*redrawing, error) {
	hash, err := d.show(ctx, d.over())
	if err != nil && d.insists && again(err) && ctx.Err() == nil && d.latest() {
		hash, err = d.show(ctx, "")
	}
	return d.done(hash, err), err
}

// again reports whether a drawing may succeed that did not.
func again(err error) bool {
	t := apiTrouble(err)
	return t.Code == hashConflict || t.Kind == approvals.Later && t.Status != http.StatusTooManyRequests
}

// over is the hash of what is to be drawn over, empty if that may be anything.
func (d *redrawing) over() string {
	d.all.mu.Lock()
	defer d.all.mu.Unlock()
	f := d.form
	if d.result {
		return ""
	}
	if d.hash != "" && d.hash != f.hash && !slices.Contains(f.before, d.hash) { // drawn by somebody else meanwhile
		f.become(d.hash)
	}
	return f.hash
}

// done notes what is shown now.
func (d *redrawing) done(hash string, err error) *redrawing {
	d.all.mu.Lock()
	defer d.all.mu.Unlock()
	f := d.form
	if err == nil {
		f.become(hash)
	}
	next := f.result
	if f.result = nil; next == nil {
		next, f.next = f.next, nil
		if next != nil && (f.over || f.newest != next.n) {
			next = nil
		}
	}
	f.drawing = time.Time{}
	if next != nil {
		f.drawing, f.over = d.all.now(), f.over || next.last
	}
	return next
}

func (f *openForm) become(hash string) {
	f.before = append(f.before, f.hash)
	f.before = f.before[max(0, len(f.before)-hashKept):]
	f.hash = hash
}

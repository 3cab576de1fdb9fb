package bot

import (
	"sync"
	"time"
)

const (
	formAge   = 2 * time.Hour // an open form that nobody touched for so long is forgotten
	manyForms = 4096
)

// forms keeps what is known of open forms: which change of each is the newest,
// so that no older one is drawn over it, and which forms are being sent.
type forms struct {
	now func() time.Time

	mu   sync.Mutex
	open map[string]*openForm
}

// openForm is one form on somebody's screen.
type openForm struct {
	touched time.Time
	newest  int
	sending time.Time // since then; zero: it is not
	over    bool      // it shows what came of it, and is no form any more
	turned  string    // callback of the form that it was turned into last; empty: it never was

	drawing time.Time  // since then, one after the other; zero: it is not
	result  *redrawing // what is to be drawn when that is done, first
	next    *redrawing // and then
	hash    string     // Slack's, of what is shown
	before  []string   // those that it had
}

// change is one thing that somebody did in a form.
type change struct {
	all  *forms
	view string
	form *openForm
	n    int
	hash string
}

func newForms(now func() time.Time) *forms { return &forms{now: now, open: map[string]*openForm{}} }

// touch notes that something changed in a form. Those who ask after it are the
// newest until something else does.
func (f *forms) touch(view, hash string) change {
	f.mu.Lock()
	defer f.mu.Unlock()
	is := f.formLocked(view)
	is.newest++
	return change{all: f, view: view, form: is, n: is.newest, hash: hash}
}

// opened is a form as it was opened, older than whatever somebody does in it:
// they may be quicker than the answer that says that it is open.
func (f *forms) opened(view, hash string) change {
	f.mu.Lock()
	defer f.mu.Unlock()
	return change{all: f, view: view, form: f.formLocked(view), hash: hash}
}

func (f *forms) formLocked(view string) *openForm {
	now := f.now()
	is := f.open[view]
	if is == nil {
		if len(f.open) >= manyForms {
			f.forgetLocked(now)
		}
		is = &openForm{}
		f.open[view] = is
	}
	is.touched = now
	return is
}

// forgetLocked drops the forms that are old, and another if none is.
func (f *forms) forgetLocked(now time.Time) {
	last := ""
	for view, is := range f.open {
		if now.Sub(is.touched) > formAge {
			delete(f.open, view)
		}
		last = view
	}
	if len(f.open) >= manyForms {
		delete(f.open, last)
	}
}

// turn notes that the form is to become another one.
func (c change) turn(callback string) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.form.turned = callback
}

// turned is the callback of the form as it is to be, although somebody still saw
// another one.
func (c change) turned(seen string) string {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	return firstOf(c.form.turned, seen)
}

// latest reports whether nothing has changed in the form since.
func (c change) latest() bool {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	return c.form.newest == c.n
}

// end says that the form was answered for good.
func (c change) end() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.form.over = true
}

// send reports whether a form may be sent now; one that is being sent may not.
func (f *forms) send(view string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	is := f.formLocked(view)
	now := f.now()
	if now.Sub(is.sending) < 2*laterLimit {
		return false
	}
	is.sending = now
	return true
}

// sent says that the sending of a form is over.
func (f *forms) sent(view string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.formLocked(view).sending = time.Time{}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// plan is what a job wants kept, decided but not yet written.
type plan struct {
	request approvals.Request
	keep    func() error // writes it all; called at most once
	rows    []rowChange  // work that may be due sooner than was known
	ends    row          // the hand-out that is over once this is kept; the zero row for none
}

// job is one writer's wish in the queue. Whoever moves its state away from
// waiting, the committer or the writer that lost patience, owns what follows.
type job struct {
	decide func(*tables) (plan, error)
	state  atomic.Int32
	done   chan struct{} // closed when plan and err are final
	plan   plan
	err    error
}

const (
	waiting = iota
	running
	givenUp
)

// queue is where jobs wait while a commit is under way.
type queue struct {
	mu     sync.Mutex
	jobs   []*job
	closed bool
	news   chan struct{} // holds a value while there is something to look at
}

func newQueue() queue { return queue{news: make(chan struct{}, 1)} }

func (q *queue) add(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	q.jobs = append(q.jobs, j)
	q.ring()
	return nil
}

// takeAll empties the queue; over says that nothing will ever come any more.
func (q *queue) takeAll() (jobs []*job, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs, q.jobs = q.jobs, nil
	return jobs, q.closed
}

func (q *queue) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ring()
}

func (q *queue) ring() {
	select {
	case q.news <- struct{}{}:
	default:
	}
}

// write has a job done in the next commit and returns when it is on disk, or
// nothing of it is. A job whose ctx ends while it waits will not be done; one
// that is under way is waited for.
func (b *Bolt) write(ctx context.Context, decide func(*tables) (plan, error)) (approvals.Request, error) {
	if err := ctx.Err(); err != nil {
		return approvals.Request{}, err
	}
	j := &job{decide: decide, done: make(chan struct{})}
	if err := b.queue.add(j); err != nil {
		return approvals.Request{}, err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, givenUp) {
			return approvals.Request{}, ctx.Err()
		}
		<-j.done
	}
	if j.err != nil {
		return approvals.Request{}, j.err
	}
	return j.plan.request, nil
}

// commitAll is the committer: whoever waits is in the next commit. It ends
// when the queue is closed and empty.
func (b *Bolt) commitAll() {
	company := false
	for range b.queue.news {
		if company {
			b.linger()
		}
		jobs, over := b.queue.takeAll()
		if len(jobs) > 0 {
			b.commit(jobs)
			company = len(jobs) > 1 || b.queue.waits() > 0
		}
		if over && b.queue.waits() == 0 {
			return
		}
	}
}

// linger lets those who were just answered come back with their next job, as
// long as each look finds more of them. Only after a shared commit: a lone
// writer never waits for company.
func (b *Bolt) linger() {
	for n := 0; ; {
		runtime.Gosched()
		m := b.queue.waits()
		if m == n {
			return
		}
		n = m
	}
}

// commit does jobs in one transaction and answers all of them after it, also
// those refused: what they were refused for may not have come to be.
func (b *Bolt) commit(jobs []*job) {
	jobs = start(jobs)
	if err := b.transact(jobs); err != nil {
		err = fmt.Errorf("committing %d writes: %w", len(jobs), err)
		for _, j := range jobs {
			j.err = err
		}
	}
	b.hands.settle(jobs)
	for _, j := range jobs {
		close(j.done)
	}
}

// start leaves out the jobs whose writers lost patience.
func start(jobs []*job) []*job {
	kept := jobs[:0]
	for _, j := range jobs {
		if j.state.CompareAndSwap(waiting, running) {
			kept = append(kept, j)
		}
	}
	return kept
}

// errNothing rolls back a transaction in which everybody was refused.
var errNothing = errors.New("nothing to keep")

// transact runs every job on what the ones before it left. A job that is
// refused, fails or panics leaves nothing; if keeping fails, all fail.
func (b *Bolt) transact(jobs []*job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	err = b.db.Update(func(tx *bbolt.Tx) error {
		t := openTables(tx)
		kept := 0
		for _, j := range jobs {
			if j.plan, j.err = j.decided(t); j.err != nil {
				continue
			}
			if err := j.plan.keep(); err != nil {
				return err
			}
			kept++
		}
		if kept == 0 {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// decided asks the job what it wants; a panic in there is that job's error alone.
func (j *job) decided(t *tables) (p plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = plan{}, fmt.Errorf("deciding a change: panic: %v\n%s", r, debug.Stack())
		}
	}()
	return j.decide(t)
}

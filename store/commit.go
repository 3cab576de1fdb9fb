package store

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

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
type job[T any] struct {
	needs  needs
	decide func(T) (plan, error) // T is the tables as the transaction sees them
	state  atomic.Int32
	done   chan struct{} // closed when plan and err are final
	plan   plan
	err    error
}

// needs is what a job reads, so that a store far away reads it for all jobs in
// one journey.
type needs struct {
	number   uint64 // a request and its rows of work; 0 for none
	family   bool   // the other live requests of its guest
	trail    bool   // its entries
	create   bool   // the next number, and the live request of liveKey
	liveKey  string
	incident string // the key of one; "" for none
}

const (
	waiting = iota
	running
	givenUp
)

// queue is where jobs wait while a commit is under way.
type queue[T any] struct {
	mu     sync.Mutex
	jobs   []*job[T]
	closed bool
	news   chan struct{} // holds a value while there is something to look at
}

func newQueue[T any]() queue[T] { return queue[T]{news: make(chan struct{}, 1)} }

func (q *queue[T]) add(j *job[T]) error {
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
func (q *queue[T]) takeAll() (jobs []*job[T], over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs, q.jobs = q.jobs, nil
	return jobs, q.closed
}

func (q *queue[T]) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}

func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ring()
}

func (q *queue[T]) ring() {
	select {
	case q.news <- struct{}{}:
	default:
	}
}

// committer shares commits: whoever waits while one is under way is in the next.
type committer[T any] struct {
	queue    queue[T]
	hands    hands
	transact func([]*job[T]) error // does jobs in one transaction; an error fails them all
}

func newCommitter[T any](transact func([]*job[T]) error) committer[T] {
	return committer[T]{queue: newQueue[T](), hands: newHands(), transact: transact}
}

// write has a job done in the next commit and returns when it is on disk, or
// nothing of it is. A job whose ctx ends while it waits will not be done; if it
// is under way by then, the error is ErrUnsure.
func (c *committer[T]) write(ctx context.Context, n needs, decide func(T) (plan, error)) (approvals.Request, error) {
	if err := ctx.Err(); err != nil {
		return approvals.Request{}, err
	}
	j := &job[T]{needs: n, decide: decide, done: make(chan struct{})}
	if err := c.queue.add(j); err != nil {
		return approvals.Request{}, err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, givenUp) {
			return approvals.Request{}, ctx.Err()
		}
		return approvals.Request{}, fmt.Errorf("%w: %w", ErrUnsure, ctx.Err())
	}
	if j.err != nil {
		return approvals.Request{}, j.err
	}
	return j.plan.request, nil
}

// commitAll ends when the queue is closed and empty.
func (c *committer[T]) commitAll() {
	company := false
	for range c.queue.news {
		if company {
			c.linger()
		}
		jobs, over := c.queue.takeAll()
		if len(jobs) > 0 {
			c.commit(jobs)
			company = len(jobs) > 1 || c.queue.waits() > 0
		}
		if over && c.queue.waits() == 0 {
			return
		}
	}
}

// linger lets those who were just answered come back with their next job, as
// long as each look finds more of them. Only after a shared commit: a lone
// writer never waits for company.
func (c *committer[T]) linger() {
	for n := 0; ; {
		runtime.Gosched()
		m := c.queue.waits()
		if m == n {
			return
		}
		n = m
	}
}

// commit does jobs in one transaction and answers all of them after it, also
// those refused: what they were refused for may not have come to be.
func (c *committer[T]) commit(jobs []*job[T]) {
	jobs = start(jobs)
	if err := c.transact(jobs); err != nil {
		err = fmt.Errorf("committing %d writes: %w", len(jobs), err)
		for _, j := range jobs {
			j.err = err
		}
	}
	settle(&c.hands, jobs)
	for _, j := range jobs {
		close(j.done)
	}
}

// start leaves out the jobs whose writers lost patience.
func start[T any](jobs []*job[T]) []*job[T] {
	kept := jobs[:0]
	for _, j := range jobs {
		if j.state.CompareAndSwap(waiting, running) {
			kept = append(kept, j)
		}
	}
	return kept
}

// decided asks the job what it wants; a panic in there is that job's error alone.
func (j *job[T]) decided(t T) (p plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = plan{}, fmt.Errorf("deciding a change: panic: %v\n%s", r, debug.Stack())
		}
	}()
	return j.decide(t)
}

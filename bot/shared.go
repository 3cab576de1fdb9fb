package bot

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// sharedLimit is how long one shared reading may take.
const sharedLimit = 15 * time.Second

// shared lets those who ask for the same at about the same time have one reading.
// It begins after each of them asked, so it is as fresh as one of their own: who
// comes while one is under way gets the next.
type shared[T any] struct {
	mu    sync.Mutex
	lines map[string]*readers[T]
}

// readers wait for one thing, which is read as long as there are any.
type readers[T any] struct {
	read func(context.Context) (T, error)
	next *shareof[T] // has not begun
}

type shareof[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// ask waits for a reading that begins now or later, but never longer than ctx lives.
func (s *shared[T]) ask(ctx context.Context, what string, read func(context.Context) (T, error)) (T, error) {
	mine := s.join(ctx, what, read)
	select {
	case <-mine.done:
		return mine.value, mine.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (s *shared[T]) join(ctx context.Context, what string, read func(context.Context) (T, error)) *shareof[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[what]
	if l == nil {
		if s.lines == nil {
			s.lines = map[string]*readers[T]{}
		}
		l = &readers[T]{read: read}
		s.lines[what] = l
		go s.run(context.WithoutCancel(ctx), what, l) // for everybody who waits, so it does not end with whoever came first
	}
	if l.next == nil {
		l.next = &shareof[T]{done: make(chan struct{})}
	}
	return l.next
}

// run reads until nobody waits any more.
func (s *shared[T]) run(ctx context.Context, what string, l *readers[T]) {
	for {
		s.mu.Lock()
		now := l.next
		l.next = nil
		if now == nil {
			delete(s.lines, what)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		now.fill(ctx, l.read)
	}
}

// fill ends a reading, whatever happens in it: a panic is an error for all who wait.
func (s *shareof[T]) fill(ctx context.Context, read func(context.Context) (T, error)) {
	defer close(s.done)
	defer func() {
		if p := recover(); p != nil {
			s.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	limited, cancel := context.WithTimeout(ctx, sharedLimit)
	defer cancel()
	s.value, s.err = read(limited)
}

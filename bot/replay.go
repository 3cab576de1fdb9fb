package bot

import (
	"sync"
	"time"
)

// seen remembers keys for at least a window, in bounded memory. When more keys
// come in one window than it holds, the oldest half is forgotten.
type seen struct {
	now    func() time.Time
	window time.Duration
	limit  int // of one generation

	mu     sync.Mutex
	young  map[string]struct{}
	old    map[string]struct{}
	turned time.Time
}

func newSeen(now func() time.Time, window time.Duration, limit int) *seen {
	return &seen{now: now, window: window, limit: limit, young: map[string]struct{}{}, turned: now()}
}

// add remembers a key and reports whether it is new.
func (s *seen) add(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn()
	if _, ok := s.young[key]; ok {
		return false
	}
	if _, ok := s.old[key]; ok {
		return false
	}
	s.young[key] = struct{}{}
	return true
}

// has reports whether a key is remembered.
func (s *seen) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, young := s.young[key]
	_, old := s.old[key]
	return young || old
}

// drop forgets a key, so that what failed may be tried again.
func (s *seen) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.young, key)
	delete(s.old, key)
}

// turn starts a new generation when the young one is a window old or full. A
// key is forgotten when the generation after its own is turned away.
func (s *seen) turn() {
	now := s.now()
	age := now.Sub(s.turned)
	if age < s.window && len(s.young) < s.limit {
		return
	}
	s.old = s.young
	if age >= 2*s.window {
		s.old = nil
	}
	s.young, s.turned = map[string]struct{}{}, now
}

package sandbox

import (
	"sync/atomic"
	"time"
)

// Clock runs as another clock does, ahead of it by as much as it was moved. Its two methods are what Config asks for;
// an app that is to share the world's time takes Now too.
type Clock struct {
	base  func() time.Time
	ahead atomic.Int64
}

// NewClock returns a clock that has not been moved.
func NewClock(base func() time.Time) *Clock { return &Clock{base: base} }

// Now is the time by this clock.
func (c *Clock) Now() time.Time { return c.base().Add(time.Duration(c.ahead.Load())) }

// Move puts the clock forward.
func (c *Clock) Move(by time.Duration) { c.ahead.Add(int64(by)) }

package store

// Waiting is how many writes wait for the next commit.
func (b *Bolt) Waiting() int { return b.queue.waits() }

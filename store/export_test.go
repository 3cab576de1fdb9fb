package store

import "context"

// Waiting is how many writes wait for the next commit.
func (c *committer[T]) Waiting() int { return c.queue.waits() }

// Kill ends the store as the end of its process would: the database hears nothing.
func (p *Postgres) Kill() {
	p.queue.close()
	p.stop()
	p.wg.Wait()
	p.closed.Store(true)
	p.abandon()
	p.health.stop()
	p.writers.Close()
	p.pool.Close()
}

// Setting is what a parameter is in this store's sessions.
func (p *Postgres) Setting(ctx context.Context, name string) (value string) {
	_ = p.pool.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
	return value
}

package store

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// lines are the connections that are open, so that those to a database that does
// not answer can be ended without its goodbye.
type lines struct {
	mu   sync.Mutex
	open map[*line]bool
}

// line is one of them.
type line struct {
	net.Conn
	all *lines
}

// dial remembers what a dialler opens.
func (l *lines) dial(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		is := &line{conn, l}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.open == nil {
			l.open = map[*line]bool{}
		}
		l.open[is] = true
		return is, nil
	}
}

// Close implements net.Conn.
func (is *line) Close() error {
	is.all.mu.Lock()
	defer is.all.mu.Unlock()
	delete(is.all.open, is)
	return is.Conn.Close()
}

// cut ends all of them.
func (l *lines) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for is := range l.open {
		_ = is.Conn.Close() // whoever uses it is told
	}
}

package store_test

import (
	"context"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
)

// TestARowAskedForWhileItIsSettledIsHandedOutAgain settles one row that is owed
// again at once, while somebody else takes what is due.
func TestARowAskedForWhileItIsSettledIsHandedOutAgain(t *testing.T) {
	p := openReplica(t, pgURL(t), store.PostgresOptions{MaxConns: 8})
	create(t, p, "jane@acme.example")
	rows := make(chan approvals.Owed, 10)
	ctx, stop := context.WithCancel(t.Context())
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		for ctx.Err() == nil {
			got, _, err := p.Take(ctx, nine, approvals.LaneSlack, 10)
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			for _, o := range got {
				if o.Kind == cards {
					rows <- o
				}
			}
		}
	}()
	defer func() { stop(); <-taken }()
	for n := range 2000 {
		select {
		case o := <-rows:
			if _, err := p.Settle(t.Context(), o, next(owing(cards, nine))); err != nil {
				t.Fatal(err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("after %d times the row is in nobody's hand and leased", n)
		}
	}
}

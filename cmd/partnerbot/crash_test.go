package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"partnerbot/store/pgtest"
)

const (
	roundsShort    = 6
	roundsInAWorld = 10              // then everything is looked at, and a new world begins
	settleLimit    = 2 * time.Minute // for everything acknowledged to be done
	settleEvery    = 3 * time.Second
	roundLength    = 1500 * time.Millisecond
)

// TestCrash kills the program with -9 at random moments, again and again, while
// people ask, approve, deny, withdraw and redeem: on bbolt, and three replicas
// on PostgreSQL, where one, two or all of them are killed. In the end nothing is
// lost and nothing was done twice.
//
// The seed decides who does what and when, and what is killed when. A failure
// says how to have the same again.
func TestCrash(t *testing.T) {
	t.Parallel()
	t.Run("bolt", func(t *testing.T) {
		t.Parallel()
		crashes(t, 1, func(testing.TB) string { return "" })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		crashes(t, 3, pgtest.URL)
	})
}

// crashes plays as many rounds as PARTNERBOT_CRASH_ROUNDS says, from the seed
// PARTNERBOT_CRASH_SEED on.
func crashes(t *testing.T, replicas int, store func(testing.TB) string) {
	rounds := numberIn(t, "PARTNERBOT_CRASH_ROUNDS", roundsShort)
	seed := numberIn(t, "PARTNERBOT_CRASH_SEED", uint64(time.Now().UnixNano()))
	began := time.Now()
	for from := uint64(0); from < rounds && !t.Failed(); from += roundsInAWorld {
		now, n := seed+from, min(roundsInAWorld, rounds-from)
		ok := t.Run(fmt.Sprintf("rounds %d to %d", from+1, from+n), func(t *testing.T) {
			t.Logf("seed %d", now)
			newCrash(t, now, replicas, store(t), n == roundsInAWorld).play(n)
		})
		if !ok {
			t.Logf("the same again: PARTNERBOT_CRASH_SEED=%d PARTNERBOT_CRASH_ROUNDS=%d go test -count=1 -run '%s' ./cmd/partnerbot", now, n, t.Name())
		}
		t.Logf("%d of %d rounds in %s", from+n, rounds, time.Since(began).Round(time.Second))
	}
}

func numberIn(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// crash is some rounds in one world.
type crash struct {
	*fleet
	t     *testing.T
	store string // of PostgreSQL; empty: a file
	long  bool   // half minutes are waited for, too: of leases, and of invitations that may have left
	plan  planner
	wall  *wall
	crowd *crowd
}

func newCrash(t *testing.T, seed uint64, replicas int, store string, long bool) *crash {
	plan := newPlanner(seed, replicas, long)
	mode := oneOf(plan, []string{"http", "socket"})
	c := &crash{fleet: newFleet(t, mode, true, store, replicas, withAccesses(crashAccesses)), t: t, store: store, long: long, plan: plan}
	c.p.crashWorld()
	c.wall = newWall(t, c.p.world)
	c.crowd = newCrowd(c.p, c.wall)
	return c
}

func (c *crash) play(rounds uint64) {
	watching, enough := context.WithCancel(c.t.Context())
	var watch sync.WaitGroup
	defer watch.Wait()
	defer enough()
	watch.Go(func() { c.wall.follow(watching) })
	ctx, cancel := context.WithCancel(c.t.Context())
	defer c.crowd.wg.Wait()
	defer cancel()
	c.start()
	for n := range rounds {
		c.round(ctx, c.plan.round(int(n)))
		c.look()
	}
	c.settle(ctx)
	enough()
	watch.Wait()
	c.check()
}

// round begins what people do in it, and ends when everything that was killed
// in it runs again. What people have not finished by then goes on.
func (c *crash) round(ctx context.Context, r crashRound) {
	counts := map[string]int{}
	for _, kind := range c.plan.calls {
		counts[kind] = c.wall.count(kind)
	}
	c.crowd.lead(ctx, r.wishes)
	var all sync.WaitGroup
	for i, replica := range c.replicas {
		all.Go(func() {
			for _, o := range r.outages {
				if o.replica == i {
					c.suffers(ctx, replica, o, counts[o.call])
				}
			}
		})
	}
	wait(ctx, roundLength)
	all.Wait()
}

// suffers kills a replica in its moment, and starts it again.
func (c *crash) suffers(ctx context.Context, r *process, o outage, before int) {
	if o.call != "" {
		soon, cancel := context.WithTimeout(ctx, roundLength)
		c.wall.until(soon, func() bool { return c.wall.count(o.call) >= before+o.count })
		cancel()
	}
	wait(ctx, o.after)
	r.end(syscall.SIGKILL)
	wait(ctx, o.down)
	err := r.launch()
	if err == nil && o.again > 0 {
		wait(ctx, o.again)
		r.end(syscall.SIGKILL)
		err = r.launch()
	}
	if err == nil {
		err = r.ready()
	}
	if err != nil {
		c.t.Error(err)
	}
}

// settle returns when people have done what they wanted and the program what it
// owes. Then nothing of it runs any more. Until then it is ended in order and
// started again, which is quicker than to wait for a new minute in which Slack
// may be asked as much again.
func (c *crash) settle(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		soon, enough := context.WithTimeout(limit, settleEvery)
		done := c.wall.until(soon, func() bool { return len(c.crowd.undone()) == 0 })
		enough()
		c.stop()
		left := c.owed()
		switch {
		case done && len(left) == 0:
			return
		case limit.Err() != nil:
			c.t.Errorf("after %s, this is left to do: %q\n%s", settleLimit, left, strings.Join(c.crowd.undone(), "\n"))
			return
		}
		if c.store != "" && !c.long { // the leases of the killed end: nobody else has any
			pgtest.Exec(c.t, c.store, `UPDATE owed SET leased_by = NULL, leased_until = NULL`)
		}
		c.start()
		if done {
			wait(limit, time.Second)
		}
	}
}

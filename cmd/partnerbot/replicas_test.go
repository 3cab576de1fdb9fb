package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"partnerbot/sandbox"
	"partnerbot/store/pgtest"
)

// ben asks for guests, too.
const ben = "U0BEN"

// lease is how long the work in hand of a killed replica stays out of other hands.
const lease = 30 * time.Second

// onReplicas runs a test with replicas on one database, over both ways into the bot.
func onReplicas(t *testing.T, replicas int, test func(t *testing.T, f *fleet, database string)) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			database := pgtest.URL(t)
			test(t, newFleet(t, mode, true, database, replicas), database)
		})
	}
}

// TestReplicas tells the main job to three replicas, and lets each of them be
// killed in turn right after it, or another, acknowledged a request: the others
// go on, and what the killed one had in hand is theirs when its lease ends.
func TestReplicas(t *testing.T) {
	onReplicas(t, 3, func(t *testing.T, f *fleet, database string) {
		p := f.p
		f.start()
		p.must(p.tell(t.Context()))
		for i, victim := range f.replicas {
			id, email := fmt.Sprintf("INV-%d", i+2), fmt.Sprintf("guest%d@acme.example", i)
			p.asks(ann, email, "Project Falcon", "30 days", "whoever takes it")
			victim.end(syscall.SIGKILL)
			p.leasesEnd(database)
			p.sees(sam, falconSponsors, id+" ", "[Approve]")
			p.keepsPressing(sam, id, "Approve")
			p.eventually("the guest in the group", p.inGroup(email, "Project Falcon"))
			p.sees(ann, p.world.As(ann).DM(), id+" ", "aiting for")
			if n := p.invitations(email); n != 1 {
				t.Errorf("%s was invited %d times", email, n)
			}
			victim.start()
		}
		f.stop()
	})
}

// leasesEnd lets the time of all leases pass: of the living, who have nothing in
// hand for long here, and of the killed.
func (p *play) leasesEnd(database string) {
	p.t.Helper()
	pgtest.Exec(p.t, database, `UPDATE owed SET leased_until = clock_timestamp() WHERE leased_until IS NOT NULL`)
}

// inHand waits until a replica has work of a kind in hand.
func (p *play) inHand(database, kind string) {
	p.t.Helper()
	conn := pgtest.Conn(p.t, database)
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for held := false; !held; {
		p.must(conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM owed WHERE kind = $1 AND leased_until IS NOT NULL)`, kind).Scan(&held))
	}
}

// keepsPressing lets somebody press a button until Slack has its acknowledgement:
// a socket of the killed may have had its turn.
func (p *play) keepsPressing(who, id, button string) {
	p.t.Helper()
	p.eventually(who+" to be heard", func() bool {
		card := p.message(who, falconSponsors, id+" ")
		return !slices.Contains(card.Buttons(), button) || p.world.As(who).ClickText(p.t.Context(), falconSponsors, card.TS, button) == nil
	})
}

// TestReplicasHaveOneOutcome lets eight sponsors approve and deny at once, each
// heard by another replica than the one before: one decision, and everybody else
// is told who was first.
func TestReplicasHaveOneOutcome(t *testing.T) {
	onReplicas(t, 3, func(t *testing.T, f *fleet, _ string) {
		p := f.p
		f.start()
		ids := p.sponsors(8)
		p.asks(ann, jane, "Project Falcon", "30 days", "everybody at once")
		card := p.sees(ids[0], falconSponsors, "INV-1", "[Approve]")
		for _, id := range ids[:4] {
			p.must(p.world.As(id).ClickText(t.Context(), falconSponsors, card.TS, "Deny"))
			p.eventually("the form of "+id, func() bool { return p.world.As(id).View() != nil })
			p.must(p.world.As(id).Fill("reason", "no, says "+id))
		}
		var all sync.WaitGroup
		for i, id := range ids {
			all.Go(func() {
				if i < 4 {
					_ = p.world.As(id).Submit(t.Context())
				} else {
					_ = p.world.As(id).ClickText(t.Context(), falconSponsors, card.TS, "Approve")
				}
			})
		}
		all.Wait()
		p.eventually("the buttons to vanish", func() bool { return !slices.Contains(p.message(sam, falconSponsors, "INV-1").Buttons(), "Approve") })
		first := p.decider()
		p.eventually("everybody else to be told", func() bool {
			return !slices.ContainsFunc(ids, func(id string) bool {
				return id != first && !slices.ContainsFunc(p.told(id), func(s string) bool { return strings.Contains(s, "Person "+first) })
			})
		})
		denied := slices.Contains(ids[:4], first)
		if denied {
			p.sees(sam, falconSponsors, "INV-1", "Denied")
		} else {
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
		}
		if n := p.invitations(jane); (n == 0) != denied || n > 1 {
			t.Errorf("decided by %s, and %d invitations left", first, n)
		}
		f.stop()
	})
}

// TestReplicasEndInOrder stops a replica that has work in hand which it cannot
// finish, while others ask and press: it is gone within ten seconds, nothing of
// it is lost, and the other replica has its work long before a lease would end.
func TestReplicasEndInOrder(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, f *fleet, database string) {
		p, leaver, other := f.p, f.replicas[0], f.replicas[1]
		leaver.start()
		p.asks(ann, jane, "Project Falcon", "30 days", "in the middle of it")
		p.sees(sam, falconSponsors, "INV-1", "[Approve]")
		p.world.Fail("users.info", sandbox.Fault{Delay: 2 * lease}) // once: whoever asks who Sam is waits for that
		p.must(p.presses(sam, "INV-1", "Approve"))
		p.inHand(database, "votes")
		other.start()
		ctx, enough := context.WithCancel(t.Context())
		w := newWall(t, p.world)
		c := newCrowd(p, w)
		var load sync.WaitGroup
		defer load.Wait()
		defer enough()
		load.Go(func() { w.follow(ctx) })
		p.crashWorld()
		var wishes []wish
		for n := range 6 {
			wishes = append(wishes, wish{
				guest: fmt.Sprintf("Guest %d", n), title: "Project Falcon", by: requesters[n%5],
				deeds: []deed{{who: sponsorsOfAll[1], what: approves}},
			})
		}
		p.world.SetGroup("S0FALCON", append(slices.Clone(sponsorsOfAll), sam)...)
		c.lead(ctx, wishes)
		leaver.endsWell()
		began := time.Now()
		p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
		if took := time.Since(began); took > lease/3 {
			t.Errorf("its work was taken over after %s", took)
		}
		for _, w := range wishes {
			p.eventually(w.guest+" in the group", p.inGroup(w.email(), "Project Falcon"))
		}
		c.wg.Wait()
		for _, l := range c.all() {
			if !l.acknowledged() {
				t.Errorf("%s was not acknowledged", l.name())
			}
		}
		f.stop()
	})
}

// TestReplicasInviteOneGuestOnce approves two requests for one guest at the same
// moment, each heard by another replica, while nobody but the invitation itself
// knows the new guest: one invitation leaves for both.
func TestReplicasInviteOneGuestOnce(t *testing.T) {
	onReplicas(t, 2, func(t *testing.T, f *fleet, _ string) {
		const pairs = 4
		p := f.p
		p.world.Tenant().Set(func(s *sandbox.Settings) { s.ReplicationLag = 2 * time.Second })
		f.start()
		var both sync.WaitGroup
		for n := range pairs {
			email := fmt.Sprintf("guest%d@acme.example", n)
			p.asks(ann, email, "Project Falcon", "30 days", "one")
			p.asks(ben, email, "Project Heron", "7 days", "the other")
			first, second := fmt.Sprintf("INV-%d", 2*n+1), fmt.Sprintf("INV-%d", 2*n+2)
			p.must(p.presses(sam, second, "Approve"))
			stage := p.sees(ada, heronOwners, second+" ", "[Approve]")
			p.must(p.world.As(olga).ClickText(t.Context(), heronOwners, stage.TS, "Approve"))
			p.sees(ada, heronOwners, second+" ", "1 of 2", "[Approve]")
			card := p.sees(sam, falconSponsors, first+" ", "[Approve]")
			both.Go(func() { _ = p.world.As(sam).ClickText(t.Context(), falconSponsors, card.TS, "Approve") })
			both.Go(func() { _ = p.world.As(ada).ClickText(t.Context(), heronOwners, stage.TS, "Approve") })
			both.Wait()
		}
		for n := range pairs {
			email := fmt.Sprintf("guest%d@acme.example", n)
			p.eventually(email+" in both groups", p.inGroup(email, "Project Falcon", "Project Heron"))
			if sent := p.invitations(email); sent != 1 {
				t.Errorf("%s was invited %d times", email, sent)
			}
		}
		f.stop()
	})
}

package approvals

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// TestAReplicaWhoseClockIsOffInvitesNobodyTwice: for another request while the
// invitation is under way.
func TestAReplicaWhoseClockIsOffInvitesNobodyTwice(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": 2 * time.Minute, "behind": -2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			story(t, func(w *world) {
				w.hands = 1
				w.tenant.fails("invite", takes(10*time.Second))
				w.start()
				w.tenant.blindTo = time.Now().Add(20 * time.Second)
				harbor, pier := w.submit("harbor"), w.submit("pier")
				w.approve(harbor)
				w.pass(time.Second)
				ctx, cancel := context.WithCancel(w.Context())
				other := &Worker{
					Store: w.store, Desk: w.desk, Tenant: w.tenant, Policy: w.policy.Always, Log: slog.New(slog.NewTextHandler(w.Output(), nil)),
					Now: func() time.Time { return time.Now().Add(off) },
				}
				done := make(chan error, 1)
				go func() { done <- other.Run(ctx) }()
				w.approve(pier)
				w.pass(5 * time.Minute)
				cancel()
				<-done
				if n := len(w.tenant.calls("invite")); n != 1 || w.get(harbor.ID).State != Invited {
					t.Errorf("invited %d times, %s", n, w.get(harbor.ID).State)
				}
			})
		})
	}
}

// TestADoubtEnds: by how long it is known, or by its note being older than clocks
// may differ; and a new note is a new doubt.
func TestADoubtEnds(t *testing.T) {
	var d doubts
	r := fresh()
	r.Account.Tried = nine.Add(3 * time.Minute) // by a clock that is ahead
	ages := func(after, want time.Duration) {
		t.Helper()
		if got := d.age(r, nine.Add(after)); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	ages(0, 0)
	ages(time.Minute, time.Minute)
	r.Account.Tried = nine.Add(time.Minute)
	ages(2*time.Minute, 0)
	ages(5*time.Minute, 3*time.Minute)
	r.Account.Tried = nine.Add(-time.Hour) // before this process began
	ages(0, time.Hour-clocksDiffer)
	for n := range uint64(100) {
		r.ID, r.Account.Tried = NewID(n+10), nine.Add(time.Duration(n)*time.Hour)
		ages(time.Duration(n)*time.Hour, 0)
	}
	if len(d.seen) > 2 {
		t.Errorf("%d doubts are kept", len(d.seen))
	}
}

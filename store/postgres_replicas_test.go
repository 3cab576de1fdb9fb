package store_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
	"partnerbot/store"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// replicas are two stores on one new database.
func replicas(t *testing.T, opts store.PostgresOptions) (a, b *store.Postgres, address string) {
	t.Helper()
	address = pgURL(t)
	return openReplica(t, address, opts), openReplica(t, address, opts), address
}

// eventually asks until it is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !is() {
		if ctx.Err() != nil {
			t.Fatalf("never came: %s", what)
		}
		runtime.Gosched()
	}
}

func rings(t testing.TB, what string, s approvals.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-s.Woken():
	case <-ctx.Done():
		t.Fatalf("nobody was woken by %s", what)
	}
}

func TestReplicasLoseNoUpdate(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	r := create(t, a, "jane@acme.example")
	both(100, a, b, func(_ int, s *store.Postgres) {
		if _, err := s.Update(context.Background(), r.ID, next(func(c *approvals.Change) { c.Request.Stage++ })); err != nil {
			t.Error(err)
		}
	})
	trail, err := b.Trail(t.Context(), r.ID)
	must(t, err)
	if got := get(t, a, r.ID); got.Stage != 200 || got.Version != 201 || len(trail) != 201 {
		t.Errorf("stage %d, version %d, %d in the trail; want 200, 201, 201", got.Stage, got.Version, len(trail))
	}
}

func TestAReplicaWaitsForTheChangeOfTheOther(t *testing.T) {
	a, b, address := replicas(t, store.PostgresOptions{})
	r := create(t, a, "jane@acme.example")
	conn, err := pgx.Connect(t.Context(), address)
	must(t, err)
	defer func() { must(t, conn.Close(context.Background())) }()
	entered, leave, second := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		_, err := a.Update(context.Background(), r.ID, func(r approvals.Request) (approvals.Change, error) {
			close(entered)
			<-leave
			return next()(r)
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-entered
	wg.Go(func() { second <- errOf(b.Update(context.Background(), r.ID, next())) })
	var waiting bool
	for !waiting && len(second) == 0 {
		must(t, conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT number%')`).Scan(&waiting))
	}
	close(leave)
	must(t, <-second)
	wg.Wait()
	if got := get(t, a, r.ID); got.Version != 3 {
		t.Errorf("version %d; want 3", got.Version)
	}
}

func TestReplicasGiveEachNumberOnce(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	both(50, a, b, func(n int, s *store.Postgres) {
		if _, err := s.Create(context.Background(), "", openChange(guestNo(n))); err != nil {
			t.Error(err)
		}
	})
	page := list(t, a, approvals.Query{Pending: true, Limit: 100})
	if page.Total != 100 || page.Requests[0].ID != "INV-100" {
		t.Errorf("%d pending, the newest is %s; want 100 and INV-100", page.Total, page.Requests[0].ID)
	}
}

// both has two replicas do something a number of times each, one after the
// other but at the same time as the other replica.
func both(times int, a, b *store.Postgres, do func(n int, s *store.Postgres)) {
	var wg sync.WaitGroup
	for at, s := range []*store.Postgres{a, b} {
		wg.Go(func() {
			for n := range times {
				do(at*times+n, s)
			}
		})
	}
	wg.Wait()
}

func TestOneLiveRequestWhicheverReplicaIsAsked(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	for n := range 30 {
		email := guestNo(n)
		failed := create(t, a, email)
		update(t, a, failed.ID, to(approvals.Failed))
		var wg sync.WaitGroup
		var errs [2]error
		wg.Go(func() { errs[0] = errOf(a.Update(context.Background(), failed.ID, next(to(approvals.Inviting)))) })
		wg.Go(func() { errs[1] = errOf(b.Create(context.Background(), failed.LiveKey(), openChange(email))) })
		wg.Wait()
		refused := 0
		for _, err := range errs {
			if _, refusal := errors.AsType[*approvals.Refusal](err); refusal {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if found, err := b.Guest(t.Context(), email); err != nil || len(found) != 1 || refused != 1 {
			t.Errorf("%d live, %d refused, %v; want one of each", len(found), refused, err)
		}
	}
}

func TestReplicasShareTheWork(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	const all = 200
	for n := range all {
		create(t, a, guestNo(n))
	}
	var mu sync.Mutex
	hands := map[approvals.RequestID]int{}
	both(all, a, b, func(_ int, s *store.Postgres) {
		rows, _, err := s.Take(context.Background(), nine, 2)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, o := range rows {
			hands[o.Request]++
		}
	})
	for id, n := range hands {
		if n != 1 {
			t.Errorf("the cards of %s were in %d hands", id, n)
		}
	}
	if len(hands) != all {
		t.Errorf("%d rows handed out; want %d", len(hands), all)
	}
}

func TestARowThatIsBeingWrittenDelaysNoOther(t *testing.T) {
	a, _, address := replicas(t, store.PostgresOptions{})
	create(t, a, guestNo(1))
	create(t, a, guestNo(2))
	conn, err := pgx.Connect(t.Context(), address)
	must(t, err)
	defer func() { must(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(t.Context(), `BEGIN; SELECT FROM owed WHERE request = 1 FOR UPDATE`)
	must(t, err)
	if got := takeOne(t, a, nine); got.Request != "INV-2" {
		t.Errorf("took the cards of %s; want those of INV-2, which nobody holds", got.Request)
	}
}

func TestTheWorkOfAKilledReplicaIsTakenWhenItsLeaseEnds(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{Lease: time.Second})
	create(t, a, "jane@acme.example")
	want := takeOne(t, a, nine)
	if rows, _ := take(t, b, nine); len(rows) != 0 {
		t.Fatalf("taken by two replicas: %v", rows)
	}
	a.Kill()
	var rows []approvals.Owed
	eventually(t, "the row of the killed replica", func() bool {
		rows, _ = take(t, b, nine)
		return len(rows) > 0
	})
	equal(t, "the row", rows, []approvals.Owed{want})
}

func TestALivingReplicaKeepsItsWorkBeyondTheLease(t *testing.T) {
	a, b, address := replicas(t, store.PostgresOptions{Lease: time.Second})
	create(t, a, "jane@acme.example")
	work := takeOne(t, a, nine)
	conn, err := pgx.Connect(t.Context(), address)
	must(t, err)
	defer func() { must(t, conn.Close(context.Background())) }()
	var end time.Time
	must(t, conn.QueryRow(t.Context(), `SELECT leased_until FROM owed WHERE kind = 'cards'`).Scan(&end))
	eventually(t, "a time after the first lease", func() bool {
		if rows, _ := take(t, b, nine); len(rows) != 0 {
			t.Fatalf("taken from a living replica: %v", rows)
		}
		var over bool
		must(t, conn.QueryRow(t.Context(), `SELECT clock_timestamp() > $1`, end.Add(500*time.Millisecond)).Scan(&over))
		return over
	})
	_, err = a.Settle(t.Context(), work, same())
	must(t, err)
	if rows, _ := take(t, b, nine); len(rows) != 0 {
		t.Errorf("settled work was handed out: %v", rows)
	}
}

func TestARowIsNotTakenTwiceByTheReplicaThatHasIt(t *testing.T) {
	a, _, address := replicas(t, store.PostgresOptions{Lease: time.Hour})
	create(t, a, "jane@acme.example")
	work := takeOne(t, a, nine)
	pgExec(t, address, `UPDATE owed SET leased_until = clock_timestamp() WHERE kind = 'cards'`)
	if rows, _ := take(t, a, nine); len(rows) != 0 {
		t.Errorf("in two hands of one replica: %v", rows)
	}
	must(t, a.Postpone(t.Context(), work, nine))
	takeOne(t, a, nine)
}

func TestALateRunDoesNotTakeTheRowFromItsNewHand(t *testing.T) {
	a, b, address := replicas(t, store.PostgresOptions{Lease: time.Hour})
	r := create(t, a, "jane@acme.example")
	late := takeOne(t, a, nine)
	pgExec(t, address, `UPDATE owed SET leased_until = clock_timestamp() WHERE kind = 'cards'`)
	takeOne(t, b, nine)
	update(t, b, r.ID, owing(cards, nine))
	_, err := a.Settle(t.Context(), late, same())
	must(t, err)
	if rows, _ := take(t, a, nine); len(rows) != 0 {
		t.Errorf("taken though another replica has it: %v", rows)
	}
}

func TestClosingGivesWorkToTheOtherReplica(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{Lease: time.Hour})
	rings(t, "listening", b)
	create(t, a, "jane@acme.example")
	want := takeOne(t, a, nine)
	rings(t, "the new request", b)
	take(t, b, nine)
	must(t, a.Close())
	rings(t, "the end of the other replica", b)
	equal(t, "the row", takeOne(t, b, nine), want)
}

func TestACommitWakesTheOtherReplica(t *testing.T) {
	a, b, address := replicas(t, store.PostgresOptions{})
	rings(t, "listening", b)
	take(t, b, nine)
	r := create(t, a, "jane@acme.example")
	rings(t, "the new request", b)
	take(t, b, nine)
	update(t, a, r.ID, owing(guest, nine.Add(time.Minute)))
	rings(t, "work sooner than was known", b)
	t.Run("also after the line was cut", func(t *testing.T) {
		take(t, b, nine)
		pgExec(t, address, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()`)
		rings(t, "listening again", b)
		take(t, b, nine)
		update(t, a, r.ID, owing(approvals.WorkVotes, nine.Add(time.Second)))
		rings(t, "work sooner than was known", b)
	})
}

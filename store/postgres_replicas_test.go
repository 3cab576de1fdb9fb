package store_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
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

// rings waits for the bell of each lane, of all lanes if none is named.
func rings(t testing.TB, what string, s approvals.Store, lanes ...approvals.Lane) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if len(lanes) == 0 {
		lanes = approvals.Lanes()
	}
	for _, lane := range lanes {
		select {
		case <-s.Woken(lane):
		case <-ctx.Done():
			t.Fatalf("nobody was woken in the lane %s by %s", lane, what)
		}
	}
}

// asks opens a request of a guest for an access, as an auditor expects it.
func asks(email, access string) func(approvals.RequestID, *approvals.Request) (approvals.Change, error) {
	return func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
		c := pending(id, email)
		c.Request.Access.ID = access
		c.Entries[0].Detail, c.Entries[0].Words = access, email
		return c, nil
	}
}

// moves takes a request to a state, as an auditor expects it.
func moves(state approvals.State) func(approvals.Request) (approvals.Change, error) {
	return func(r approvals.Request) (approvals.Change, error) {
		was := r.State
		r.Version, r.State = r.Version+1, state
		return approvals.Change{Request: r, Entries: []approvals.Entry{{Request: r.ID, Version: r.Version, At: nine, Event: "moved", From: was, To: state}}}, nil
	}
}

func ask(t testing.TB, s approvals.Store, email, access string) approvals.Request {
	t.Helper()
	r, err := s.Create(t.Context(), approvals.LiveKey(email, access), asks(email, access))
	must(t, err)
	return r
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
		must(t, conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM head%FOR UPDATE')`).Scan(&waiting))
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
		rows, _, err := s.Take(context.Background(), nine, approvals.LaneSlack, 2)
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
	rings(t, "the new request", b, approvals.LaneSlack)
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
	rings(t, "the new request", b, approvals.LaneSlack)
	take(t, b, nine)
	update(t, a, r.ID, owing(approvals.WorkVotes, nine.Add(time.Minute)))
	rings(t, "work sooner than was known", b, approvals.LaneSlack)
	t.Run("also after the line was cut", func(t *testing.T) {
		take(t, b, nine)
		pgExec(t, address, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()`)
		rings(t, "listening again", b)
		take(t, b, nine)
		update(t, a, r.ID, owing(approvals.WorkVotes, nine.Add(time.Second)))
		rings(t, "work sooner than was known", b, approvals.LaneSlack)
	})
}

func TestNewsIsOfItsLane(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	rings(t, "listening", b)
	r := create(t, a, "jane@acme.example")
	rings(t, "the new request", b, approvals.LaneSlack)
	take(t, b, nine)
	update(t, a, r.ID, owing(guest, nine.Add(time.Minute)))
	rings(t, "work for Entra", b, approvals.LaneEntra)
	if woken(b) {
		t.Error("the lane of Slack was woken by work for Entra")
	}
	if rows, _, err := b.Take(t.Context(), nine.Add(time.Minute), approvals.LaneEntra, 9); err != nil || len(rows) != 1 || rows[0].Kind != guest {
		t.Errorf("took %v, %v; want the guest alone", rows, err)
	}
}

// TestTakingCostsItsLane looks at how many rows the database reads for work of a
// lane when the other one is full.
func TestTakingCostsItsLane(t *testing.T) {
	address := pgURL(t)
	s := openPostgres(t, address)
	r := create(t, s, "jane@acme.example")
	update(t, s, r.ID, owing(guest, nine.Add(time.Minute)))
	pgExec(t, address, `INSERT INTO owed (request, kind, version, due, nanos, attempts) SELECT n, 'cards', 1, '2026-01-01', 0, 0 FROM generate_series(1000, 6000) n;; ANALYZE owed`)
	var lines string
	rows, err := pgtest.Conn(t, address).Query(t.Context(), `EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off)
		SELECT due, nanos FROM owed WHERE lane = 'entra' AND (leased_until IS NULL OR leased_until <= clock_timestamp()) ORDER BY lane, due, nanos LIMIT 1`)
	must(t, err)
	var line string
	_, err = pgx.ForEachRow(rows, []any{&line}, func() error { lines += line + "\n"; return nil })
	must(t, err)
	if !strings.Contains(lines, "owed_due") || strings.Contains(lines, "Removed") || strings.Contains(lines, "Sort") {
		t.Errorf("rows of the other lane are read:\n%s", lines)
	}
}

func TestOfAHundredDecidersOnTwoReplicasOneIsFirst(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	r := ask(t, a, "jane@acme.example", "falcon")
	decided := func(r approvals.Request) (approvals.Change, error) {
		if r.State != approvals.Pending {
			return approvals.Change{}, errTest
		}
		return moves(approvals.Denied)(r)
	}
	errs := make([]error, 100)
	var wg sync.WaitGroup
	for n := range errs {
		wg.Go(func() { _, errs[n] = []*store.Postgres{a, b}[n%2].Update(context.Background(), r.ID, decided) })
	}
	wg.Wait()
	first := 0
	for _, err := range errs {
		if err == nil {
			first++
		} else if !errors.Is(err, errTest) {
			t.Errorf("one failed: %v", err)
		}
	}
	trail, err := a.Trail(t.Context(), r.ID)
	must(t, err)
	if first != 1 || len(trail) != 2 || get(t, b, r.ID).Version != 2 {
		t.Errorf("%d were first, %d entries; want 1 and 2", first, len(trail))
	}
	verified(t, a, store.Keys{})
}

// claim lets a request go on unless another one of its guest did.
func claim(r approvals.Request, others []approvals.Request) (approvals.Change, error) {
	for _, o := range others {
		if o.State == approvals.Inviting {
			return approvals.Change{}, errTest
		}
	}
	return moves(approvals.Inviting)(r)
}

func TestTogetherOneOfTwoReplicasClaimsTheGuest(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	for n := range 50 {
		var ids [2]approvals.RequestID
		for i, access := range []string{"falcon", "condor"} {
			ids[i] = ask(t, a, []string{guestNo(n), strings.ToUpper(guestNo(n))}[i], access).ID
		}
		var errs [2]error
		var wg sync.WaitGroup
		for i, s := range []*store.Postgres{a, b} {
			wg.Go(func() { _, errs[i] = s.Together(context.Background(), ids[i], claim) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), errTest) {
			t.Fatalf("got %v; want one who claims and one who is refused", errs)
		}
	}
	verified(t, b, store.Keys{})
}

func TestTogetherSeesWhatItsOwnCommitBringsAbout(t *testing.T) {
	s := openPostgres(t, pgURL(t))
	first, other := ask(t, s, "jane@acme.example", "falcon"), ask(t, s, "jane@acme.example", "condor")
	errs := together(
		t, s,
		func() error { return errOf(s.Together(context.Background(), first.ID, claim)) },
		func() error { return errOf(s.Together(context.Background(), other.ID, claim)) },
	)
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("got %v; want one who claims and one who is refused", errs)
	}
}

func TestReplicasShareAnIncident(t *testing.T) {
	a, b, _ := replicas(t, store.PostgresOptions{})
	both(20, a, b, func(_ int, s *store.Postgres) {
		_, err := s.Incident(context.Background(), approvals.WideToken, func(i approvals.Incident) (approvals.Incident, error) {
			i.Version++
			return i, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	all, err := b.Incidents(t.Context())
	must(t, err)
	equal(t, "the incidents", all, []approvals.Incident{{Key: approvals.WideToken, Version: 40}})
}

package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
)

const (
	cards  = approvals.WorkCards
	direct = approvals.WorkDirect
	clock  = approvals.WorkClock
	guest  = approvals.WorkGuest
)

func testTakeOrder(t *testing.T, open opener) {
	s := open(t)
	for n := range 4 {
		r := create(t, s, guestNo(n))
		update(t, s, r.ID, owing(cards, nine.Add(-time.Duration(n)*time.Minute)))
	}
	old := time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC)
	update(t, s, "INV-2", owing(direct, old))
	update(t, s, "INV-1", owing(clock, time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)))
	rows, next, err := s.Take(t.Context(), nine, approvals.LaneSlack, 3)
	must(t, err)
	var got []approvals.RequestID
	for _, o := range rows {
		got = append(got, o.Request)
	}
	equal(t, "the longest due", got, []approvals.RequestID{"INV-2", "INV-4", "INV-3"})
	if want := nine.Add(-time.Minute); !next.Equal(want) {
		t.Errorf("next at %s; want %s, which was left over", next, want)
	}
	if rows, next := take(t, s, nine); len(rows) != 2 || !next.Equal(nine.Add(time.Hour)) {
		t.Errorf("took %v, next %s; want two, next in an hour", rows, next)
	}
	if rows, next, err := s.Take(t.Context(), nine.Add(2*time.Hour), approvals.LaneSlack, 0); len(rows) != 0 || !next.Equal(nine.Add(time.Hour)) || err != nil {
		t.Errorf("no hand free: took %v, next %s, %v", rows, next, err)
	}
	take(t, s, nine.Add(2*time.Hour))
	if _, next := take(t, s, nine.Add(2*time.Hour)); next.Year() != 3000 {
		t.Errorf("next at %s; want the year 3000", next)
	}
}

func testTakeOnce(t *testing.T, open opener) {
	s := open(t)
	if rows, next := take(t, s, nine); len(rows) != 0 || !next.IsZero() {
		t.Errorf("an empty store gave %v, next %s", rows, next)
	}
	r := create(t, s, "jane@acme.example")
	want := approvals.Owed{Kind: cards, Request: r.ID, Version: 1, Due: nine}
	equal(t, "the row", takeOne(t, s, nine), want)
	if rows, next := take(t, s, nine); len(rows) != 0 || !next.Equal(nine.Add(time.Hour)) {
		t.Errorf("again %v, next %s; want none, next in an hour", rows, next)
	}
	update(t, s, r.ID, owing(cards, nine))
	if rows, _ := take(t, s, nine); len(rows) != 0 {
		t.Errorf("a row in hand was handed out again when it was asked for again: %v", rows)
	}
}

func testTakeMany(t *testing.T, open opener) {
	s := open(t)
	for n := range 100 {
		create(t, s, guestNo(n))
	}
	var mu sync.Mutex
	hands := map[approvals.RequestID]int{}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
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
	}
	wg.Wait()
	for id, n := range hands {
		if n != 1 {
			t.Errorf("the cards of %s were in %d hands", id, n)
		}
	}
	if len(hands) != 100 {
		t.Errorf("%d rows handed out; want 100", len(hands))
	}
}

func testTakeReopen(t *testing.T, open opener) {
	s := open(t)
	create(t, s, "jane@acme.example")
	want := takeOne(t, s, nine)
	s = open(t)
	equal(t, "the row in hand", takeOne(t, s, nine), want)
}

func testSettle(t *testing.T, open opener) {
	s := open(t)
	create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	r, err := s.Settle(t.Context(), work, same(func(c *approvals.Change) {
		c.Request.Shown.Cards = []approvals.Posted{{Channel: "C1", TS: "1.1", Version: 1}}
	}, owing(approvals.WorkDirect, nine)))
	must(t, err)
	equal(t, "the request", get(t, s, r.ID), r)
	if len(r.Shown.Cards) != 1 {
		t.Error("what is shown was not kept")
	}
	equal(t, "what is left", kinds(rowsOf(take(t, s, nine.Add(time.Hour)))), []approvals.Work{clock, approvals.WorkDirect})
	s = open(t)
	equal(t, "what is on disk", kinds(rowsOf(take(t, s, nine.Add(time.Hour)))), []approvals.Work{clock, approvals.WorkDirect})
}

func rowsOf(rows []approvals.Owed, _ time.Time) []approvals.Owed { return rows }

func testSettleRefused(t *testing.T, open opener) {
	s := open(t)
	create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	_, err := s.Settle(t.Context(), work, func(approvals.Request) (approvals.Change, error) { return approvals.Change{}, errTest })
	refusedWith(t, err, errTest)
	if rows, _ := take(t, s, nine); len(rows) != 0 {
		t.Errorf("work was handed out twice: %v", rows)
	}
	must(t, s.Postpone(t.Context(), work, nine.Add(time.Minute)))
	if got := takeOne(t, s, nine.Add(time.Minute)); got.Attempts != 1 {
		t.Errorf("%d attempts; want 1", got.Attempts)
	}
}

func testSettleRestamped(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	update(t, s, r.ID, owing(cards, nine.Add(time.Second)))
	_, err := s.Settle(t.Context(), work, same())
	must(t, err)
	again := takeOne(t, s, nine.Add(time.Second))
	equal(t, "the row", again, approvals.Owed{Kind: cards, Request: r.ID, Version: 2, Due: nine.Add(time.Second)})
	_, err = s.Settle(t.Context(), again, same())
	must(t, err)
	if rows, _ := take(t, s, nine.Add(time.Second)); len(rows) != 0 {
		t.Errorf("still owed: %v", rows)
	}
}

func testSettleLater(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	must(t, s.Postpone(t.Context(), work, nine))
	work = takeOne(t, s, nine)
	_, err := s.Settle(t.Context(), work, next(owing(cards, time.Time{}), owing(cards, nine.Add(time.Minute))))
	must(t, err)
	if rows, next := take(t, s, nine); len(rows) != 0 || !next.Equal(nine.Add(time.Minute)) {
		t.Errorf("took %v, next %s; want none before a minute has passed", rows, next)
	}
	equal(t, "the later look", takeOne(t, s, nine.Add(time.Minute)),
		approvals.Owed{Kind: cards, Request: r.ID, Version: 2, Due: nine.Add(time.Minute)})
}

func testSettleLaterRestamped(t *testing.T, open opener) {
	for name, tt := range map[string]struct{ asked, later, want time.Duration }{
		"asked for sooner": {time.Second, time.Minute, time.Second},
		"asked for later":  {time.Minute, time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			r := create(t, s, name+"@acme.example")
			work := takeOne(t, s, nine)
			update(t, s, r.ID, owing(cards, nine.Add(tt.asked)))
			_, err := s.Settle(t.Context(), work, same(owing(cards, nine.Add(tt.later))))
			must(t, err)
			got := takeOne(t, s, nine.Add(tt.want))
			equal(t, "the row", got, approvals.Owed{Kind: cards, Request: r.ID, Version: 2, Due: nine.Add(tt.want)})
			_, err = s.Settle(t.Context(), got, same())
			must(t, err)
		})
	}
}

func testPostpone(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	for attempt := range 3 {
		now := nine.Add(time.Duration(attempt) * time.Minute)
		work := takeOne(t, s, now)
		equal(t, "the row", work, approvals.Owed{Kind: cards, Request: r.ID, Version: 1, Due: now, Attempts: attempt})
		must(t, s.Postpone(t.Context(), work, now.Add(time.Minute)))
		if rows, next := take(t, s, now.Add(time.Minute-1)); len(rows) != 0 || !next.Equal(now.Add(time.Minute)) {
			t.Errorf("took %v, next %s; want none for a minute", rows, next)
		}
	}
	s = open(t)
	work := takeOne(t, s, nine.Add(3*time.Minute))
	if work.Attempts != 3 {
		t.Errorf("%d attempts after reopening; want 3", work.Attempts)
	}
	work.Attempts-- // it was not tried
	must(t, s.Postpone(t.Context(), work, nine.Add(4*time.Minute)))
	if got := takeOne(t, s, nine.Add(4*time.Minute)); got.Attempts != 3 {
		t.Errorf("%d attempts after one that was none; want 3", got.Attempts)
	}
	update(t, s, r.ID, owing(cards, nine))
	must(t, s.Postpone(t.Context(), approvals.Owed{Kind: guest, Request: "INV-99"}, nine))
	equal(t, "a request", get(t, s, r.ID).Version, uint64(2))
}

func testPostponeRestamped(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	update(t, s, r.ID, owing(cards, nine.Add(time.Second)))
	must(t, s.Postpone(t.Context(), work, nine.Add(time.Minute)))
	equal(t, "the row", takeOne(t, s, nine.Add(time.Second)),
		approvals.Owed{Kind: cards, Request: r.ID, Version: 2, Due: nine.Add(time.Second)})
}

func testPostponeFails(t *testing.T, open opener) {
	s := open(t)
	create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	woken(s)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	refusedWith(t, s.Postpone(gone, work, nine.Add(time.Minute)), context.Canceled)
	if !woken(s) {
		t.Error("nobody was told when the work is free again")
	}
	if rows, next := take(t, s, nine.Add(time.Second)); len(rows) != 0 || !next.Equal(nine.Add(time.Minute)) {
		t.Errorf("took %v, next %s; want none for a minute", rows, next)
	}
	equal(t, "the row", takeOne(t, s, nine.Add(time.Minute)), work)
	if rows, _ := take(t, s, nine.Add(time.Minute)); len(rows) != 0 {
		t.Errorf("handed out twice: %v", rows)
	}
}

func testNewestOwing(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	work := takeOne(t, s, nine)
	must(t, s.Postpone(t.Context(), work, nine.Add(time.Hour)))
	update(t, s, r.ID, owing(cards, nine.Add(time.Second)), owing(cards, nine.Add(time.Minute)))
	if rows, next := take(t, s, nine.Add(time.Second)); len(rows) != 0 || !next.Equal(nine.Add(time.Minute)) {
		t.Errorf("took %v, next %s; want none for a minute", rows, next)
	}
	equal(t, "the row", takeOne(t, s, nine.Add(time.Minute)),
		approvals.Owed{Kind: cards, Request: r.ID, Version: 2, Due: nine.Add(time.Minute)})
}

func testWoken(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	steps := []struct {
		name string
		do   func()
		want bool
	}{
		{"a new request", func() {}, true},
		{"nothing since", func() {}, false},
		{"taking", func() { take(t, s, nine) }, false},
		{"work for later than the clock that is known", func() { update(t, s, r.ID, owing(direct, nine.Add(2*time.Hour))) }, false},
		{"work sooner than that", func() { update(t, s, r.ID, owing(direct, nine.Add(time.Minute))) }, true},
		{"a row in hand that is asked for again", func() { update(t, s, r.ID, owing(cards, nine)) }, false},
		{"the end of its hand-out", func() {
			_, err := s.Settle(t.Context(), approvals.Owed{Kind: cards, Request: r.ID, Version: 1}, same())
			must(t, err)
		}, true},
		{"settling for good", func() {
			_, err := s.Settle(t.Context(), takeOne(t, s, nine), same())
			must(t, err)
		}, false},
		{"a refusal", func() {
			_, err := s.Update(t.Context(), r.ID, func(approvals.Request) (approvals.Change, error) { return approvals.Change{}, errTest })
			refusedWith(t, err, errTest)
		}, false},
		{"postponing to sooner than anything", func() {
			rows, _ := take(t, s, nine.Add(time.Minute))
			i := slices.IndexFunc(rows, func(o approvals.Owed) bool { return o.Kind == direct })
			must(t, s.Postpone(t.Context(), rows[i], nine.Add(2*time.Minute)))
		}, true},
	}
	for _, step := range steps {
		step.do()
		if got := woken(s); got != step.want {
			t.Errorf("%s: woken %t; want %t", step.name, got, step.want)
		}
	}
}

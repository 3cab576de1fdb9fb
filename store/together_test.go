package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partnerbot/approvals"
)

// createFor makes a request for a guest and an access.
func createFor(t testing.TB, s approvals.Store, email, access string) approvals.Request {
	t.Helper()
	r, err := s.Create(t.Context(), approvals.LiveKey(email, access), func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
		c := pending(id, email)
		c.Request.Access.ID = access
		return c, nil
	})
	must(t, err)
	return r
}

func testTogether(t *testing.T, open opener) {
	s := open(t)
	falcon, condor := createFor(t, s, "jane@acme.example", "falcon"), createFor(t, s, "Jane@acme.example", "condor")
	gone := createFor(t, s, "jane@acme.example", "gone")
	update(t, s, gone.ID, to(approvals.Denied))
	createFor(t, s, "jane@acme.example.org", "falcon")
	last := createFor(t, s, "jane@acme.example", "eagle")
	see := func(id approvals.RequestID) (seen []approvals.Request) {
		_, err := s.Together(t.Context(), id, func(r approvals.Request, others []approvals.Request) (approvals.Change, error) {
			if r.ID != id {
				t.Errorf("given %s; want %s", r.ID, id)
			}
			seen = others
			return next()(r)
		})
		must(t, err)
		return seen
	}
	equal(t, "beside one that is live", see(falcon.ID), []approvals.Request{last, condor})
	falcon = get(t, s, falcon.ID)
	equal(t, "beside one that is not", see(gone.ID), []approvals.Request{last, condor, falcon})
	if falcon.Version != 2 {
		t.Errorf("version %d; want 2", falcon.Version)
	}
	_, err := s.Together(t.Context(), falcon.ID, func(r approvals.Request, _ []approvals.Request) (approvals.Change, error) {
		c, _ := next(to(approvals.Denied))(r)
		return c, errTest
	})
	refusedWith(t, err, errTest)
	equal(t, "after a refusal", get(t, s, falcon.ID), falcon)
	_, err = s.Together(t.Context(), "INV-99", func(approvals.Request, []approvals.Request) (approvals.Change, error) {
		return approvals.Change{}, nil
	})
	refusedWith(t, err, approvals.ErrNotFound)
}

// testTogetherClaims: a claim is a mark on one request that the others of the
// guest can see. Whoever sees one lets it be.
func testTogetherClaims(t *testing.T, open opener) {
	s := open(t)
	ids := []approvals.RequestID{createFor(t, s, "jane@acme.example", "falcon").ID, createFor(t, s, "jane@acme.example", "condor").ID}
	var wg sync.WaitGroup
	var claims atomic.Int32
	for n := range 100 {
		wg.Go(func() {
			_, err := s.Together(context.Background(), ids[n%2], func(r approvals.Request, others []approvals.Request) (approvals.Change, error) {
				if !r.Account.Tried.IsZero() || !others[0].Account.Tried.IsZero() {
					return approvals.Change{}, errTest
				}
				return next(func(c *approvals.Change) { c.Request.Account.Tried = nine })(r)
			})
			switch {
			case err == nil:
				claims.Add(1)
			case !errors.Is(err, errTest):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := claims.Load(); n != 1 {
		t.Errorf("%d claimed; want one", n)
	}
}

func testHistory(t *testing.T, open opener) {
	s := open(t)
	first := createFor(t, s, "jane@acme.example", "falcon")
	first = update(t, s, first.ID, to(approvals.Denied))
	second := createFor(t, s, "Jane@Acme.example", "falcon")
	third := createFor(t, s, "jane@acme.example", "condor")
	createFor(t, s, "jane@acme.example.org", "falcon")
	createFor(t, s, "mary-jane@acme.example", "falcon")
	for range 2 {
		found, err := s.History(t.Context(), "JANE@acme.example")
		must(t, err)
		equal(t, "the guest's requests", found, []approvals.Request{third, second, first})
		if found, err := s.History(t.Context(), "nobody@acme.example"); err != nil || len(found) != 0 {
			t.Errorf("found %v, %v; want nothing", found, err)
		}
		s = open(t)
	}
}

// erased is the change that takes a guest out of a request.
func erased(r approvals.Request) (approvals.Change, error) {
	r.Version++
	r.Guest, r.Reason = approvals.Guest{}, ""
	if len(r.Guests) > 0 {
		r.Guests = make([]approvals.Guest, len(r.Guests))
	}
	e := approvals.Entry{Request: r.ID, Version: r.Version, At: nine, Event: "erased", From: r.State, To: r.State, Words: "by ann"}
	return approvals.Change{Request: r, Entries: []approvals.Entry{e}, Owed: []approvals.Owing{{Kind: cards, Due: nine}}}, nil
}

func testErase(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	other := create(t, s, "bob@acme.example")
	take(t, s, nine.Add(time.Hour))
	update(t, s, r.ID, to(approvals.Denied), func(c *approvals.Change) { c.Entries[0].Words = "not Jane" })
	update(t, s, r.ID)
	is, err := s.Erase(t.Context(), r.ID, erased)
	must(t, err)
	if is.Version != 4 || is.Guest.Email != "" {
		t.Errorf("kept is %+v", is)
	}
	s = open(t)
	equal(t, "the request", get(t, s, r.ID), is)
	trail, err := s.Trail(t.Context(), r.ID)
	must(t, err)
	want := []approvals.Entry{
		{Request: r.ID, Version: 1, At: nine, By: r.Requester, Event: "opened", To: approvals.Pending, Detail: "falcon", Erased: true, N: 1},
		{Request: r.ID, Version: 2, At: nine, Event: "edited", From: approvals.Pending, To: approvals.Denied, Erased: true, N: 3},
		{Request: r.ID, Version: 3, At: nine, Event: "edited", From: approvals.Denied, To: approvals.Denied, N: 4},
		{Request: r.ID, Version: 4, At: nine, Event: "erased", From: approvals.Denied, To: approvals.Denied, Erased: true, N: 5},
	}
	equal(t, "its trail", trail, want)
	found, err := s.History(t.Context(), "jane@acme.example")
	if err != nil || len(found) != 0 {
		t.Errorf("found %v, %v; want nothing of who was erased", found, err)
	}
	if trail, err := s.Trail(t.Context(), other.ID); err != nil || trail[0].Words == "" {
		t.Errorf("the other guest's trail is %v, %v", trail, err)
	}
	if page := list(t, s, approvals.Query{Requester: r.Requester}); len(page.Requests) != 2 {
		t.Errorf("%d of the requester's requests; want both", len(page.Requests))
	}
	if rows, _ := take(t, s, nine); len(rows) != 2 {
		t.Errorf("owed are %v; want the cards of both", rows)
	}
	create(t, s, "jane@acme.example")
	report := verify(t, s, noKeys)
	if !report.Good() || report.Erased != 3 {
		t.Errorf("%d erased, found %v; want 3, and nothing wrong", report.Erased, report.Findings)
	}
}

func testEraseRefused(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	_, err := s.Erase(t.Context(), r.ID, func(r approvals.Request) (approvals.Change, error) {
		c, _ := erased(r)
		return c, errTest
	})
	refusedWith(t, err, errTest)
	_, err = s.Erase(t.Context(), "INV-99", erased)
	refusedWith(t, err, approvals.ErrNotFound)
	equal(t, "the request", get(t, s, r.ID), r)
	trail, err := s.Trail(t.Context(), r.ID)
	if err != nil || len(trail) != 1 || trail[0].Words == "" || trail[0].Erased {
		t.Errorf("the trail is %+v, %v; want it as it was", trail, err)
	}
	if found, err := s.History(t.Context(), "jane@acme.example"); err != nil || len(found) != 1 {
		t.Errorf("found %v, %v; want the request", found, err)
	}
}

package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"partnerbot/approvals"
)

// TestStores is what every store must do, one list for all of them.
func TestStores(t *testing.T) {
	tests := []struct {
		name string
		run  func(t *testing.T, open opener)
	}{
		{"a request comes back as it was kept", testRoundTrip},
		{"times are kept to the nanosecond in any zone", testZones},
		{"a refused change keeps nothing", testRefused},
		{"a change of another request is refused", testOtherRequest},
		{"a panic harms only the one who panics", testPanic},
		{"what is not there is not found", testNotFound},
		{"one live request a guest and access", testLiveKey},
		{"a retry does not make a second live request", testRetryTwin},
		{"of 64 who ask at once one gets it", testManyCreate},
		{"100 at once lose no update", testManyUpdate},
		{"a writer who lost patience changes nothing", testPatience},
		{"reopening keeps everything", testReopen},
		{"the live requests of a guest are found", testGuest},
		{"the trail is told in order", testTrail},
		{"pages are cut right at every edge", testPages},
		{"lists follow the state of requests", testLists},
		{"the longest due is handed out first", testTakeOrder},
		{"a row is in one hand only", testTakeOnce},
		{"64 takers share the rows", testTakeMany},
		{"rows in hand are free after reopening", testTakeReopen},
		{"settled work is gone", testSettle},
		{"a refused settling keeps the work in hand", testSettleRefused},
		{"work asked for again meanwhile stays", testSettleRestamped},
		{"a later look is due when the change says", testSettleLater},
		{"a later look does not delay what was asked for meanwhile", testSettleLaterRestamped},
		{"postponed work is due later, one attempt more", testPostpone},
		{"postponing does not delay what was asked for meanwhile", testPostponeRestamped},
		{"work that could not be postponed is not lost", testPostponeFails},
		{"the newest owing sets the due time", testNewestOwing},
		{"news rings, and only news", testWoken},
		{"each lane has its own work", testLanes},
		{"news rings in its lane", testLanesWoken},
		{"together the guest's other live requests are seen", testTogether},
		{"of 100 who claim together one gets it", testTogetherClaims},
		{"all requests of a guest are found, whatever became of them", testHistory},
		{"erasing takes the words and the guest away", testErase},
		{"a refused erasing erases nothing", testEraseRefused},
		{"what is known of a domain follows its requests", testDomain},
		{"the newest decisions of a domain are told", testDomainDecisions},
		{"a subdomain is no other domain", testSubdomains},
		{"a guest who was erased counts in no domain", testDomainErased},
		{"of changes at once none is counted wrong", testDomainMany},
		{"a request for several is found by each guest", testSeveral},
		{"every kind of work is in its lane", testKinds},
		{"a text with a zero character is kept", testZeroCharacter},
		{"the trail follows the terms", testTermsFollowed},
		{"a delegation takes the place of the one before", testDelegations},
		{"a refused delegation keeps nothing", testDelegationsRefused},
		{"100 at once lose no delegation", testDelegationsMany},
		{"an incident is one for all", testIncident},
		{"a refused change of an incident keeps nothing", testIncidentRefused},
		{"100 at once lose no change of an incident", testIncidentMany},
		{"a store that can write says so", testWritable},
		{"the trail is sealed and verifies", testVerifies},
		{"a snapshot is of one moment", testSnapshotMoment},
		{"a copy is the same", testCopy},
		{"only an empty store is filled", testFillNotEmpty},
		{"a filling that fails leaves an empty store", testFillFails},
	}
	for name, kind := range stores() {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) { tt.run(t, kind(t)) })
		}
	}
}

// full is a request with every field set.
func full(id approvals.RequestID) approvals.Request {
	ann, sam := approvals.PersonID{Team: "T1", User: "U0ANN"}, approvals.PersonID{Team: "T1", User: "U0SAM"}
	return approvals.Request{
		ID: id, Version: 7, State: approvals.Inviting, Requester: ann,
		Guest: approvals.Guest{Email: "jane@acme.example", Name: "Jane <b>&amp; \u2028", Company: "Acme"},
		Access: approvals.Access{
			ID: "falcon", Title: "Project Falcon", Description: "the drawings", Grants: []approvals.Grant{{Group: "6f0c5a3e"}},
			Durations: []time.Duration{time.Hour, 90 * 24 * time.Hour},
			Stages:    []approvals.Stage{{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON", "U0SAM"}, Quorum: 2, Deadline: time.Hour}},
		},
		For: time.Hour, Reason: "the audit", Opened: nine, Changed: nine.Add(1), Stage: 1, Deadline: nine.Add(2), Until: nine.Add(3),
		Presses: []approvals.Press{{By: sam, Verdict: approvals.Deny, Reason: "no", Stage: 1, At: nine, Reply: "https://hooks.example/1"}},
		Votes:   []approvals.Vote{{By: sam, Verdict: approvals.Approve, Reason: "yes", Stage: 1, At: nine}},
		Answers: []approvals.Answer{{
			To: sam, Refusal: approvals.Refusal{Code: "decided", Field: approvals.FieldFor, Args: map[string]string{"id": "INV-1"}},
			Reply: "https://hooks.example/2", At: nine,
		}},
		Account: approvals.Account{
			ID: "a1", Link: "https://redeem.example/1", Found: true, Tried: nine, Invited: nine, Joined: nine,
			Granted: []string{"group:1"}, Taken: []string{"group:2"},
		},
		Trouble: &approvals.Trouble{Kind: approvals.Unsure, Doing: "inviting", Code: "c", Text: "t", Status: 503, RequestID: "r1", After: time.Second, Wide: approvals.WideToken},
		Closed:  &approvals.Closed{By: sam, Reason: "enough", At: nine},
		Shown: approvals.Shown{
			Cards:  []approvals.Posted{{Channel: "C0FALCON", TS: "1.2", Version: 6}},
			Direct: approvals.Posted{Channel: "D1", TS: "2.3", Version: 5}, Said: []approvals.Said{{What: "joined", At: nine}},
			Admins: []approvals.Posted{{Channel: "D2", TS: "3.4", Version: 5}}, Tried: map[string]time.Time{"card 0": nine},
		},
	}
}

func testRoundTrip(t *testing.T, open opener) {
	s := open(t)
	want := full("INV-1")
	entry := approvals.Entry{Request: "INV-1", Version: 7, At: nine, By: want.Requester, Event: "voted", From: "a", To: "b", Detail: "d", Words: "no <b>&amp; \u2028 \"x\""}
	got, err := s.Create(t.Context(), want.LiveKey(), func(approvals.RequestID, *approvals.Request) (approvals.Change, error) {
		return approvals.Change{Request: want, Entries: []approvals.Entry{entry}, Owed: []approvals.Owing{{Kind: approvals.WorkGuest}}}, nil
	})
	must(t, err)
	equal(t, "what Create returned", got, want)
	equal(t, "what Get returned", get(t, s, "INV-1"), want)
	equal(t, "what List returned", list(t, s, approvals.Query{}).Requests, []approvals.Request{want})
	trail, err := s.Trail(t.Context(), "INV-1")
	must(t, err)
	entry.N = 1
	equal(t, "the trail", trail, []approvals.Entry{entry})
	rows, _ := take(t, s, nine.Add(time.Hour))
	equal(t, "what is owed", rows, []approvals.Owed{{Kind: approvals.WorkGuest, Request: "INV-1", Version: 7, Due: want.Changed}})
}

func testZones(t *testing.T, open opener) {
	s := open(t)
	for n, zone := range []*time.Location{time.UTC, time.FixedZone("Nepal", 5*3600+45*60), time.FixedZone("west", -11*3600)} {
		r := create(t, s, guestNo(n))
		takeOne(t, s, nine)
		due := nine.Add(time.Duration(n) * time.Nanosecond).In(zone)
		update(t, s, r.ID, func(c *approvals.Change) { c.Request.Until = due }, owing(approvals.WorkGuest, due))
		if got := get(t, s, r.ID).Until; !got.Equal(due) {
			t.Errorf("%s: got %s; want %s", zone, got, due)
		}
		if rows, _ := take(t, s, due.Add(-time.Nanosecond)); len(rows) != 0 {
			t.Errorf("%s: work was handed out a nanosecond early", zone)
		}
		rows, _ := take(t, s, due.In(time.Local))
		equal(t, zone.String(), rows, []approvals.Owed{{Kind: approvals.WorkGuest, Request: r.ID, Version: 2, Due: due}})
	}
}

func testRefused(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	taken, _ := take(t, s, nine)
	refuse := func(r approvals.Request) (approvals.Change, error) {
		c, _ := next(to(approvals.Denied), owing(approvals.WorkGuest, nine))(r)
		return c, errTest
	}
	_, err := s.Update(t.Context(), r.ID, refuse)
	refusedWith(t, err, errTest)
	_, err = s.Settle(t.Context(), taken[0], refuse)
	refusedWith(t, err, errTest)
	_, err = s.Create(t.Context(), "k", func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
		return pending(id, "b@acme.example"), errTest
	})
	refusedWith(t, err, errTest)
	equal(t, "the request", get(t, s, r.ID), r)
	trail, err := s.Trail(t.Context(), r.ID)
	must(t, err)
	if page := list(t, s, approvals.Query{Pending: true}); page.Total != 1 || len(trail) != 1 {
		t.Errorf("%d pending, %d in the trail; want 1 and 1", page.Total, len(trail))
	}
	if rows, next := take(t, s, nine); len(rows) != 0 || !next.Equal(nine.Add(time.Hour)) {
		t.Errorf("owed %v, next %s; want nothing new", rows, next)
	}
}

func testOtherRequest(t *testing.T, open opener) {
	s := open(t)
	a, b := create(t, s, guestNo(1)), create(t, s, guestNo(2))
	if _, err := s.Update(t.Context(), a.ID, next(func(c *approvals.Change) { c.Request.ID = b.ID })); err == nil {
		t.Error("a change of INV-1 wrote INV-2")
	}
	equal(t, "the other one", get(t, s, b.ID), b)
	if _, err := s.Create(t.Context(), "k", func(approvals.RequestID, *approvals.Request) (approvals.Change, error) {
		return pending(a.ID, guestNo(3)), nil
	}); err == nil {
		t.Error("a new request took the ID of an old one")
	}
}

func testPanic(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			if n%2 == 0 {
				if _, err := s.Update(context.Background(), r.ID, func(approvals.Request) (approvals.Change, error) { panic("oh") }); err == nil {
					t.Error("a panic is not an error")
				}
				return
			}
			if _, err := s.Update(context.Background(), r.ID, next()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := get(t, s, r.ID).Version; got != 21 {
		t.Errorf("version %d after 20 good updates; want 21", got)
	}
}

func testNotFound(t *testing.T, open opener) {
	s := open(t)
	for _, id := range []approvals.RequestID{"INV-1", "INV-0", "nonsense", ""} {
		_, err := s.Get(t.Context(), id)
		refusedWith(t, err, approvals.ErrNotFound)
		if refusal, ok := errors.AsType[*approvals.Refusal](err); !ok || refusal.Args["id"] != string(id) {
			t.Errorf("%v does not name %q", err, id)
		}
		_, err = s.Update(t.Context(), id, next())
		refusedWith(t, err, approvals.ErrNotFound)
		_, err = s.Settle(t.Context(), approvals.Owed{Kind: approvals.WorkCards, Request: id}, same())
		refusedWith(t, err, approvals.ErrNotFound)
		_, err = s.Trail(t.Context(), id)
		refusedWith(t, err, approvals.ErrNotFound)
	}
	found, err := s.Guest(t.Context(), "nobody@acme.example")
	if err != nil || len(found) != 0 {
		t.Errorf("got %v, %v; want nobody", found, err)
	}
}

func testManyCreate(t *testing.T, open opener) {
	s := open(t)
	key := approvals.LiveKey("jane@acme.example", "falcon")
	var wg sync.WaitGroup
	got := make(chan approvals.RequestID, 64)
	for range 64 {
		wg.Go(func() {
			r, err := s.Create(context.Background(), key, openChange("jane@acme.example"))
			if err == nil {
				got <- r.ID
				return
			}
			if refusal, ok := errors.AsType[*approvals.Refusal](err); !ok || refusal.Args["id"] != "INV-1" {
				t.Errorf("got %v; want to hear of INV-1", err)
			}
		})
	}
	wg.Wait()
	if len(got) != 1 || <-got != "INV-1" {
		t.Error("not exactly one was first, as INV-1")
	}
	if page := list(t, s, approvals.Query{Pending: true}); page.Total != 1 || len(page.Requests) != 1 {
		t.Errorf("%d of %d listed; want one", len(page.Requests), page.Total)
	}
}

func testManyUpdate(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := s.Update(context.Background(), r.ID, next(func(c *approvals.Change) { c.Request.Stage++ })); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	trail, err := s.Trail(t.Context(), r.ID)
	must(t, err)
	if got := get(t, s, r.ID); got.Stage != 100 || got.Version != 101 || len(trail) != 101 {
		t.Errorf("stage %d, version %d, %d in the trail; want 100, 101, 101", got.Stage, got.Version, len(trail))
	}
}

// testPatience holds a commit up, so that the next writer waits for certain.
func testPatience(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := s.Update(context.Background(), r.ID, func(r approvals.Request) (approvals.Change, error) {
			close(entered)
			<-leave
			return next()(r)
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := s.Update(ctx, r.ID, func(approvals.Request) (approvals.Change, error) {
		t.Error("a change ran though its writer was gone")
		return approvals.Change{}, errTest
	})
	refusedWith(t, err, context.DeadlineExceeded)
	close(leave)
	wg.Wait()
	if got := update(t, s, r.ID).Version; got != 3 {
		t.Errorf("version %d; want 3", got)
	}
}

func testReopen(t *testing.T, open opener) {
	s := open(t)
	a := create(t, s, guestNo(1))
	b := create(t, s, guestNo(2))
	b = update(t, s, b.ID, to(approvals.Denied))
	page, trail := list(t, s, approvals.Query{}), 2
	s = open(t)
	equal(t, "the list", list(t, s, approvals.Query{}), page)
	equal(t, "the first", get(t, s, a.ID), a)
	if got, err := s.Trail(t.Context(), b.ID); err != nil || len(got) != trail {
		t.Errorf("trail %v, %v; want %d entries", got, err, trail)
	}
	if p := list(t, s, approvals.Query{Pending: true}); p.Total != 1 {
		t.Errorf("%d pending; want 1", p.Total)
	}
	if rows, _ := take(t, s, nine); len(rows) != 2 {
		t.Errorf("%v owed; want the cards of both", rows)
	}
	if c := create(t, s, guestNo(3)); c.ID != "INV-3" {
		t.Errorf("the next is %s; want INV-3", c.ID)
	}
}

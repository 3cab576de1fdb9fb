package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
	"partnerbot/store"
)

var sam = approvals.PersonID{Team: "T1", User: "U0SAM"}

// domain is what a store knows of a mail domain.
func domain(t testing.TB, s approvals.Store, name string) approvals.DomainCount {
	t.Helper()
	c, err := s.Domain(t.Context(), name)
	must(t, err)
	return c
}

// counts is a DomainCount without its decisions.
func counts(pending, live, active, before int) approvals.DomainCount {
	return approvals.DomainCount{Pending: pending, Live: live, Active: active, Before: before}
}

// approved is an edit: somebody has said yes, hours after nine.
func approved(by approvals.PersonID, hours int) func(*approvals.Change) {
	return func(c *approvals.Change) {
		c.Request.Votes = append(c.Request.Votes, approvals.Vote{By: by, Verdict: approvals.Approve, At: nine.Add(time.Duration(hours) * time.Hour)})
	}
}

// denied is an edit: somebody said no, hours after nine, or time did.
func denied(by approvals.PersonID, hours int) func(*approvals.Change) {
	return func(c *approvals.Change) {
		to(approvals.Denied)(c)
		c.Request.Closed = &approvals.Closed{By: by, At: nine.Add(time.Duration(hours) * time.Hour)}
	}
}

func testDomain(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "Jane@Acme.Example")
	create(t, s, "joe@acme.example")
	create(t, s, "joe@acme.example.org")
	create(t, s, "joe@acme.example.com")
	create(t, s, `"joe@acme.example"@other.example`)
	create(t, s, "nobody")
	want := map[approvals.State]approvals.DomainCount{
		approvals.Pending: counts(2, 0, 0, 0), approvals.Split: counts(1, 0, 0, 0),
		approvals.Inviting: counts(1, 1, 0, 0), approvals.Invited: counts(1, 1, 0, 0), approvals.Active: counts(1, 1, 1, 0),
	}
	for _, state := range append(approvals.States(), approvals.Active) {
		update(t, s, r.ID, to(state))
		is, special := want[state]
		if !special {
			is = counts(1, 0, 0, 1)
		}
		equal(t, string(state), domain(t, s, "ACME.example"), is)
	}
	_, err := s.Update(t.Context(), r.ID, func(r approvals.Request) (approvals.Change, error) {
		c, _ := next(to(approvals.Ended))(r)
		return c, errTest
	})
	refusedWith(t, err, errTest)
	s = open(t)
	equal(t, "after a refusal and reopening", domain(t, s, "acme.example"), counts(1, 1, 1, 0))
	for _, name := range []string{"acme.example.org", "acme.example.com", "other.example"} {
		equal(t, name, domain(t, s, name), counts(1, 0, 0, 0))
	}
	for _, name := range []string{"", "example", "nobody", "cme.example", "acme.exampl"} {
		equal(t, name, domain(t, s, name), counts(0, 0, 0, 0))
	}
}

func testSubdomains(t *testing.T, open opener) {
	s := open(t)
	for _, email := range []string{
		"a@evil.example", "b@Mail.Evil.example", "c@x.mail.evil.example", // of one owner
		"d@gmail.com", "e@mail.gmail.com", // of many
		"f@contoso.onmicrosoft.com", "g@fabrikam.onmicrosoft.com", "h@mail.evil.co.uk", "i@other.co.uk",
	} {
		create(t, s, email)
	}
	createSeveral(t, s, "j@evil.example", "k@hr.evil.example")
	update(t, s, "INV-1", denied(sam, 1))
	s = open(t)
	evil := counts(3, 0, 0, 1)
	evil.Last = []approvals.Decision{{ID: "INV-1", State: approvals.Denied, By: sam, At: nine.Add(time.Hour)}}
	for _, name := range []string{"evil.example", "MAIL.evil.example", "never.seen.evil.example"} {
		equal(t, name, domain(t, s, name), evil)
	}
	for _, name := range []string{"gmail.com", "mail.gmail.com", "contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com", "evil.co.uk", "x.other.co.uk"} {
		equal(t, name, domain(t, s, name), counts(1, 0, 0, 0))
	}
	for _, name := range []string{"co.uk", "onmicrosoft.com", "x.gmail.com", "levil.example"} {
		equal(t, name, domain(t, s, name), counts(0, 0, 0, 0))
	}
}

// testDomainMiscounted has a domain whose requests were counted under another base.
func testDomainMiscounted(t *testing.T, open opener, forget func()) {
	s := open(t)
	for n := range 4 {
		create(t, s, guestNo(n))
	}
	update(t, s, "INV-1", to(approvals.Active))
	for _, step := range []struct {
		id     approvals.RequestID
		to     approvals.State
		forget bool
		want   approvals.DomainCount
	}{
		{"INV-2", approvals.Active, true, counts(0, 1, 1, 0)},
		{"INV-3", approvals.Denied, false, counts(0, 1, 1, 1)},
		{"INV-1", approvals.Ended, false, counts(0, 0, 0, 2)},
		{"INV-2", approvals.Ended, false, counts(0, 0, 0, 3)},
		{"INV-4", approvals.Active, true, counts(0, 1, 1, 0)},
		{"INV-4", approvals.Ended, true, counts(0, 0, 0, 1)},
	} {
		if step.forget {
			forget()
			s = open(t)
		}
		update(t, s, step.id, to(step.to))
		equal(t, string(step.id)+", "+string(step.to), domain(t, s, "acme.example"), step.want)
	}
}

func TestADomainThatWasCountedOtherwiseHindersNothing(t *testing.T) {
	t.Run("bolt", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "requests.db")
		var last *store.Bolt
		open := func(t testing.TB) approvals.Store {
			last = openBolt(t, path)
			return last
		}
		testDomainMiscounted(t, open, func() {
			must(t, last.Close())
			edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("domains")).Delete([]byte("acme.example")) })
		})
	})
	t.Run("postgres", func(t *testing.T) {
		address := pgURL(t)
		open := func(t testing.TB) approvals.Store { return openPostgres(t, address) }
		testDomainMiscounted(t, open, func() { pgExec(t, address, `DELETE FROM domains`) })
	})
}

func testDomainDecisions(t *testing.T, open opener) {
	s := open(t)
	ann := approvals.PersonID{Team: "T1", User: "U0ANN"}
	tell := func(n int, edits ...func(*approvals.Change)) {
		r := create(t, s, guestNo(n))
		update(t, s, r.ID, edits...)
	}
	decided := func(n uint64, state approvals.State, by approvals.PersonID, hours int) approvals.Decision {
		return approvals.Decision{ID: approvals.NewID(n), State: state, By: by, At: nine.Add(time.Duration(hours) * time.Hour)}
	}
	tell(1, to(approvals.Ended), approved(ann, 1))
	tell(2, denied(ann, 2))
	tell(3, to(approvals.Pending), approved(ann, 3))   // not by everybody yet
	tell(4, denied(approvals.PersonID{}, 4))           // by nobody
	tell(5, to(approvals.TimedOut), approved(ann, 5))  // half-way
	tell(6, to(approvals.Cancelled), approved(ann, 6)) // taken back
	tell(7, to(approvals.Inviting))                    // a rule let it in
	tell(8, to(approvals.Split), approved(ann, 8))     // each guest has a request
	tell(9, to(approvals.Inviting), approved(ann, 9), approved(sam, 10))
	equal(t, "the newest", domain(t, s, "acme.example").Last, []approvals.Decision{
		decided(9, approvals.Inviting, sam, 10), decided(2, approvals.Denied, ann, 2), decided(1, approvals.Ended, ann, 1),
	})
	create(t, s, "other@beta.example")
	update(t, s, "INV-10", denied(sam, 1))
	tell(11, denied(sam, 11), approved(ann, 1))
	update(t, s, "INV-9", to(approvals.Active))
	equal(t, "no more than three", domain(t, s, "acme.example").Last, []approvals.Decision{
		decided(11, approvals.Denied, sam, 11), decided(9, approvals.Active, sam, 10), decided(2, approvals.Denied, ann, 2),
	})
	update(t, s, "INV-9", to(approvals.Pending))
	s = open(t)
	equal(t, "after an undo", domain(t, s, "acme.example").Last, []approvals.Decision{
		decided(11, approvals.Denied, sam, 11), decided(2, approvals.Denied, ann, 2), decided(1, approvals.Ended, ann, 1),
	})
	update(t, s, "INV-4", denied(sam, 48))
	update(t, s, "INV-1", denied(ann, 48), func(c *approvals.Change) { c.Request.Closed.At = c.Request.Closed.At.Add(1) })
	first := decided(1, approvals.Denied, ann, 48)
	first.At = first.At.Add(1)
	equal(t, "the newest by when they were decided", domain(t, s, "acme.example").Last, []approvals.Decision{
		first, decided(4, approvals.Denied, sam, 48), decided(11, approvals.Denied, sam, 11),
	})
	equal(t, "the other domain", domain(t, s, "beta.example").Last, []approvals.Decision{decided(10, approvals.Denied, sam, 1)})
}

func testDomainErased(t *testing.T, open opener) {
	s := open(t)
	r, other := create(t, s, "jane@janes-own.example"), create(t, s, "joe@acme.example")
	gone := create(t, s, "jane@acme.example")
	for _, id := range []approvals.RequestID{r.ID, other.ID, gone.ID} {
		update(t, s, id, denied(sam, 1))
	}
	for _, id := range []approvals.RequestID{r.ID, gone.ID} {
		_, err := s.Erase(t.Context(), id, erased)
		must(t, err)
	}
	s = open(t)
	equal(t, "a domain of one's own", domain(t, s, "janes-own.example"), counts(0, 0, 0, 0))
	want := counts(0, 0, 0, 1)
	want.Last = []approvals.Decision{{ID: other.ID, State: approvals.Denied, By: sam, At: nine.Add(time.Hour)}}
	equal(t, "a domain of several", domain(t, s, "acme.example"), want)
}

// testDomainMany has requests of one domain change at once.
func testDomainMany(t *testing.T, open opener) {
	s := open(t)
	for n := range 8 {
		create(t, s, guestNo(n))
	}
	var wg sync.WaitGroup
	for n := range 8 {
		id := approvals.NewID(uint64(n) + 1)
		wg.Go(func() {
			for _, state := range []approvals.State{approvals.Inviting, approvals.Invited, approvals.Active, approvals.Ending, approvals.Ended} {
				if n%2 == 0 && state == approvals.Ending {
					return
				}
				if _, err := s.Update(context.Background(), id, next(to(state))); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			if _, err := s.Create(context.Background(), "", openChange(guestNo(100+n))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "afterwards", domain(t, s, "acme.example"), counts(8, 4, 4, 4))
}

// several is the change that opens a request of ann's for several guests.
func several(id approvals.RequestID, emails ...string) approvals.Change {
	c := pending(id, "")
	c.Request.Tag = "t" + string(id)
	c.Request.Guest, c.Request.Guests = approvals.Guest{}, nil
	for _, email := range emails {
		c.Request.Guests = append(c.Request.Guests, approvals.Guest{Email: email, Name: "Guest"})
	}
	c.Entries[0].Words = strings.Join(emails, " (Guest), ") + " (Guest): the audit"
	return c
}

func createSeveral(t testing.TB, s approvals.Store, emails ...string) approvals.Request {
	t.Helper()
	r, err := s.Create(t.Context(), "", func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
		return several(id, emails...), nil
	})
	must(t, err)
	return r
}

func testSeveral(t *testing.T, open opener) {
	s := open(t)
	emails := []string{"Jane@acme.example", `odd"\{},one@acme.example`, "joe@beta.example"}
	first := createSeveral(t, s, emails...)
	second := createSeveral(t, s, "JOE@beta.example")
	single := create(t, s, "jane@acme.example")
	find := func(what string, look func(context.Context, string) ([]approvals.Request, error), email string, want ...approvals.Request) {
		t.Helper()
		found, err := look(t.Context(), email)
		must(t, err)
		equal(t, what+" of "+email, numbers(found), numbers(want))
	}
	for range 2 {
		for _, look := range []func(context.Context, string) ([]approvals.Request, error){s.Guest, s.History} {
			find("those", look, "jane@ACME.example", single, first)
			find("those", look, emails[1], first)
			find("those", look, "joe@beta.example", second, first)
			find("those", look, "several")
			find("those", look, "")
		}
		s = open(t)
	}
	equal(t, "each counts once", domain(t, s, "acme.example"), counts(2, 0, 0, 0))
	equal(t, "in each domain", domain(t, s, "beta.example"), counts(2, 0, 0, 0))
	_, err := s.Together(t.Context(), first.ID, func(r approvals.Request, others []approvals.Request) (approvals.Change, error) {
		equal(t, "beside one for several", numbers(others), []uint64{3, 2})
		return approvals.Change{Request: r}, nil
	})
	must(t, err)
	_, err = s.Together(t.Context(), single.ID, func(r approvals.Request, others []approvals.Request) (approvals.Change, error) {
		equal(t, "beside one of them", others, []approvals.Request{first})
		return approvals.Change{Request: r}, nil
	})
	must(t, err)
	update(t, s, first.ID, to(approvals.Split), func(c *approvals.Change) { c.Request.Children = make([]approvals.Child, 3) })
	find("those that are live", s.Guest, "jane@acme.example", single)
	find("all", s.History, "jane@acme.example", single, first)
	equal(t, "once each guest has a request", domain(t, s, "acme.example"), counts(1, 0, 0, 0))
	update(t, s, first.ID, to(approvals.Ended))
	equal(t, "also when it is revoked", domain(t, s, "beta.example"), counts(1, 0, 0, 0))
	_, err = s.Erase(t.Context(), first.ID, erased)
	must(t, err)
	for _, email := range emails[:2] {
		if found, err := s.History(t.Context(), email); err != nil || len(found) > 1 {
			t.Errorf("found %v, %v by the address %s, which was erased", numbers(found), err, email)
		}
	}
	if report := verify(t, s, noKeys); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
}

func TestNothingIsLeftInTheFileOfAGuestWhoWasErased(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.db")
	s := openBolt(t, path)
	for _, r := range []approvals.Request{create(t, s, "Jane@janes.example"), createSeveral(t, s, "Jane@acme.example", "other.jane@janes.example")} {
		update(t, s, r.ID, denied(sam, 1))
		_, err := s.Erase(t.Context(), r.ID, erased)
		must(t, err)
	}
	must(t, s.Close())
	edit(t, path, func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if text := strings.ToLower(string(k) + string(v)); strings.Contains(text, "jane") {
					t.Errorf("bucket %s names the guest: %q", name, text)
				}
				return nil
			})
		})
	})
}

func TestGuestsThatWereNotAskedInAreFound(t *testing.T) {
	s := openBolt(t, filepath.Join(t.TempDir(), "requests.db"))
	createSeveral(t, s, "jane@acme.example", "joe@acme.example", "jo@acme.example")
	for name, change := range map[string]func(*approvals.Request){
		"the first":         func(r *approvals.Request) { r.Guests[0].Email = "eve@evil.example" },
		"the last":          func(r *approvals.Request) { r.Guests[2].Email = "eve@evil.example" },
		"the last, nearly":  func(r *approvals.Request) { r.Guests[2].Email = "o@acme.example" },
		"one more":          func(r *approvals.Request) { r.Guests = append(r.Guests, approvals.Guest{Email: "eve@evil.example"}) },
		"one instead":       func(r *approvals.Request) { r.Guests, r.Guest.Email = nil, "jan@acme.example" },
		"a longer address":  func(r *approvals.Request) { r.Guests[1].Email = "joe@acme.example.evil.example" },
		"a shorter address": func(r *approvals.Request) { r.Guests[1].Email = "joe@acme.exampl" },
		"nobody":            func(r *approvals.Request) { r.Guests = nil },
	} {
		l := takeLoose(t, s)
		l.requests[0].edited(change)
		report, err := store.Verify(t.Context(), l, noKeys, store.VerifyOptions{})
		must(t, err)
		equal(t, name, report.Findings[:1], []store.Finding{{N: 1, Request: "INV-1", Text: "the guest is not who was asked in when the request was made"}})
	}
}

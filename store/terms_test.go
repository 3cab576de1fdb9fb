package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
)

func testKinds(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	take(t, s, nine.Add(time.Hour))
	for _, kind := range approvals.Works() {
		update(t, s, r.ID, owing(kind, nine))
		if kind == cards || kind == clock { // in hand
			continue
		}
		rows, _, err := s.Take(t.Context(), nine, kind.Lane(), 10)
		must(t, err)
		equal(t, string(kind), kinds(rows), []approvals.Work{kind})
	}
}

func testZeroCharacter(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	r = update(t, s, r.ID, func(c *approvals.Change) {
		c.Request.Tag, c.Request.Reason = "t1", "the \x00 audit"
		c.Entries[0].Words = "a \x00"
	})
	equal(t, "the request", get(t, s, r.ID), r)
	if report := verify(t, s, noKeys); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
}

// narrowed is an edit: less access than was asked for.
func narrowed(groups ...string) func(*approvals.Change) {
	return func(c *approvals.Change) {
		c.Request.Access.Grants = nil
		for _, g := range groups {
			c.Request.Access.Grants = append(c.Request.Access.Grants, approvals.Grant{Group: g})
		}
	}
}

// testTermsFollowed changes what a request gives, which an auditor must not take for a forgery.
func testTermsFollowed(t *testing.T, open opener) {
	s := open(t)
	r := create(t, s, "jane@acme.example")
	update(t, s, r.ID, narrowed("a", "b"))
	update(t, s, r.ID)
	update(t, s, r.ID, narrowed("a"), func(c *approvals.Change) { c.Entries = append(c.Entries, c.Entries[0]); twice(c) })
	update(t, s, r.ID, to(approvals.Denied))
	_, err := s.Erase(t.Context(), r.ID, erased)
	must(t, err)
	if report := verify(t, s, noKeys); !report.Good() {
		t.Errorf("found %v", report.Findings)
	}
	var with []uint64
	snapshot(t, s, func(is store.Snapshot) error {
		return is.Trail(func(_, n uint64, record []byte) error {
			var e struct{ Entry struct{ Terms string } }
			must(t, json.Unmarshal(record, &e))
			if e.Entry.Terms != "" {
				with = append(with, n)
			}
			return nil
		})
	})
	equal(t, "entries that have terms", with, []uint64{1, 2, 5})
}

// twice makes the second entry of a change one version more.
func twice(c *approvals.Change) {
	c.Request.Version++
	c.Entries[1].Version = c.Request.Version
	c.Entries[1].From = c.Entries[0].To
}

func TestTermsThatWereNotGivenAreFound(t *testing.T) {
	s := openBolt(t, t.TempDir()+"/requests.db")
	create(t, s, "jane@acme.example")
	update(t, s, "INV-1", narrowed("a", "b"))
	update(t, s, "INV-1", narrowed("a"))
	l := takeLoose(t, s)
	l.requests[0].edited(func(q *approvals.Request) { q.Access.Grants = append(q.Access.Grants, approvals.Grant{Group: "b"}) })
	report, err := store.Verify(t.Context(), l, noKeys, store.VerifyOptions{})
	must(t, err)
	equal(t, "found", report.Findings, []store.Finding{
		{N: 3, Request: "INV-1", Text: "what is asked for, or who decides about it, is not what this entry says"},
	})
}

func TestWhoDecidesAfterAnEscalationIsOfTheTerms(t *testing.T) {
	terms := func(e *approvals.Escalation) string {
		r := approvals.Request{Access: approvals.Access{ID: "falcon", Stages: []approvals.Stage{{Name: "Sponsor", Approvers: []string{"S1"}, Quorum: 1, Escalate: e}}}}
		record, _, err := store.Seal(noKeys, store.Head{}, approvals.Entry{Request: "INV-1", Version: 1}, r)
		must(t, err)
		var is struct{ Entry struct{ Terms string } }
		must(t, json.Unmarshal(record, &is))
		return is.Entry.Terms
	}
	seen := map[string]bool{terms(nil): true}
	for _, e := range []approvals.Escalation{
		{Approvers: []string{"S2"}},
		{Approvers: []string{"S3"}},
		{Approvers: []string{"S2"}, Channel: "C1"},
		{Approvers: []string{"S2"}, After: time.Hour},
		{Approvers: []string{"S2"}, Deadline: time.Hour},
	} {
		if is := terms(&e); is == "" || seen[is] {
			t.Errorf("%+v is not told from another", e)
		} else {
			seen[is] = true
		}
	}
}

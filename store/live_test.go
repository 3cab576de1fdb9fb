package store_test

import (
	"errors"
	"testing"

	"partnerbot/approvals"
)

func testLiveKey(t *testing.T, open opener) {
	s := open(t)
	first := create(t, s, "Jane@acme.example")
	_, err := s.Create(t.Context(), approvals.LiveKey("jane@ACME.example", "falcon"), openChange("jane@acme.example"))
	refusedWith(t, err, approvals.ErrAlreadyPending)
	update(t, s, first.ID, to(approvals.Active))
	_, err = s.Create(t.Context(), first.LiveKey(), openChange("jane@acme.example"))
	refusedWith(t, err, approvals.ErrAlreadyPending)
	var seen *approvals.Request
	_, err = s.Create(t.Context(), first.LiveKey(), func(_ approvals.RequestID, live *approvals.Request) (approvals.Change, error) {
		seen = live
		return approvals.Change{}, errTest
	})
	refusedWith(t, err, errTest)
	equal(t, "the live request", *seen, get(t, s, first.ID))
	update(t, s, first.ID, to(approvals.Ended))
	if second := create(t, s, "jane@acme.example"); second.ID != "INV-2" {
		t.Errorf("the next is %s; want INV-2", second.ID)
	}
}

func testRetryTwin(t *testing.T, open opener) {
	s := open(t)
	failed := create(t, s, "jane@acme.example")
	update(t, s, failed.ID, to(approvals.Failed))
	second := create(t, s, "jane@acme.example")
	_, err := s.Update(t.Context(), failed.ID, next(to(approvals.Inviting)))
	refusedWith(t, err, approvals.ErrAlreadyPending)
	if refusal, ok := errors.AsType[*approvals.Refusal](err); !ok || refusal.Args["id"] != string(second.ID) {
		t.Errorf("%v does not name %s", err, second.ID)
	}
	update(t, s, second.ID, to(approvals.Invited))
	_, err = s.Update(t.Context(), failed.ID, next(to(approvals.Inviting)))
	refusedWith(t, err, approvals.ErrAlreadyIn)
	update(t, s, second.ID, to(approvals.Ended))
	update(t, s, failed.ID, to(approvals.Inviting))
	_, err = s.Create(t.Context(), failed.LiveKey(), openChange("jane@acme.example"))
	refusedWith(t, err, approvals.ErrAlreadyPending)
}

func testGuest(t *testing.T, open opener) {
	s := open(t)
	in := func(email, access string) approvals.Request {
		r, err := s.Create(t.Context(), approvals.LiveKey(email, access), func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
			c := pending(id, email)
			c.Request.Access.ID = access
			return c, nil
		})
		must(t, err)
		return r
	}
	falcon, condor := in("jane@acme.example", "falcon"), in("Jane@acme.example", "condor")
	in("jane@acme.example.org", "falcon")
	in("ajane@acme.example", "falcon")
	gone := in("jane@acme.example", "gone")
	update(t, s, gone.ID, to(approvals.Denied))
	found, err := s.Guest(t.Context(), "JANE@acme.example")
	must(t, err)
	equal(t, "the guest's requests", found, []approvals.Request{condor, falcon})
}

func testTrail(t *testing.T, open opener) {
	s := open(t)
	a, b := create(t, s, guestNo(1)), create(t, s, guestNo(2))
	for range 20 {
		update(t, s, a.ID)
		update(t, s, b.ID)
	}
	for _, id := range []approvals.RequestID{a.ID, b.ID} {
		trail, err := s.Trail(t.Context(), id)
		must(t, err)
		if len(trail) != 21 {
			t.Errorf("%s: %d entries; want 21", id, len(trail))
		}
		for n, e := range trail {
			if e.Request != id || e.Version != uint64(n)+1 {
				t.Errorf("entry %d of %s is version %d of %s", n, id, e.Version, e.Request)
			}
		}
	}
}

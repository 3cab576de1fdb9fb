package store_test

import (
	"testing"

	"partnerbot/approvals"
)

// testPages: of INV-1 to INV-10 the even ones are pending, 1, 2, 3 and 10 are bob's.
func testPages(t *testing.T, open opener) {
	s := open(t)
	bob := approvals.PersonID{Team: "T2", User: "U0BOB"}
	near := approvals.PersonID{User: "U0BO"}
	for n := 1; n <= 10; n++ {
		_, err := s.Create(t.Context(), "", func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
			c := pending(id, guestNo(n))
			if n <= 3 || n == 10 {
				c.Request.Requester = bob
			}
			if n == 9 {
				c.Request.Requester = near
			}
			if n%2 == 1 {
				c.Request.State = approvals.Denied
			}
			return c, nil
		})
		must(t, err)
	}
	type query = approvals.Query
	tests := []struct {
		name         string
		q            query
		want         []uint64
		newer, older bool
		total        int
	}{
		{"the newest", query{Limit: 3}, []uint64{10, 9, 8}, false, true, -1},
		{"ten by default", query{}, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, false, false, -1},
		{"a full page and no more", query{Limit: 10}, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, false, false, -1},
		{"older ones", query{Before: 8, Limit: 3}, []uint64{7, 6, 5}, true, true, -1},
		{"the oldest, exactly a page", query{Before: 4, Limit: 3}, []uint64{3, 2, 1}, true, false, -1},
		{"nothing older", query{Before: 1, Limit: 3}, []uint64{}, true, false, -1},
		{"before what is not there yet", query{Before: 99, Limit: 2}, []uint64{10, 9}, false, true, -1},
		{"before what comes next", query{Before: 11, Limit: 2}, []uint64{10, 9}, false, true, -1},
		{"newer ones are the nearest", query{After: 5, Limit: 3}, []uint64{8, 7, 6}, true, true, -1},
		{"newer ones to the end", query{After: 7, Limit: 3}, []uint64{10, 9, 8}, false, true, -1},
		{"nothing newer", query{After: 10, Limit: 3}, []uint64{}, false, true, -1},
		{"after counts more than before", query{After: 8, Before: 3, Limit: 3}, []uint64{10, 9}, false, true, -1},
		{"the pending", query{Pending: true, Limit: 2}, []uint64{10, 8}, false, true, 5},
		{"pending before one that is not", query{Pending: true, Before: 7, Limit: 2}, []uint64{6, 4}, true, true, 5},
		{"pending after one that is not", query{Pending: true, After: 1, Limit: 2}, []uint64{4, 2}, true, false, 5},
		{"pending after one that is", query{Pending: true, After: 2, Limit: 2}, []uint64{6, 4}, true, true, 5},
		{"bob's", query{Requester: bob, Limit: 3}, []uint64{10, 3, 2}, false, true, -1},
		{"bob's older", query{Requester: bob, Before: 2, Limit: 3}, []uint64{1}, true, false, -1},
		{"bob's newer", query{Requester: bob, After: 2, Limit: 1}, []uint64{3}, true, true, -1},
		{"bob's in another team", query{Requester: approvals.PersonID{User: "U0BOB"}}, []uint64{10, 3, 2, 1}, false, false, -1},
		{"bob's pending", query{Requester: bob, Pending: true, Limit: 1}, []uint64{10}, false, true, -1},
		{"bob's pending, older", query{Requester: bob, Pending: true, Before: 10}, []uint64{2}, true, false, -1},
		{"bob's pending, newer", query{Requester: bob, Pending: true, After: 1}, []uint64{10, 2}, false, false, -1},
		{"one whose ID begins bob's", query{Requester: near}, []uint64{9}, false, false, -1},
		{"nobody's", query{Requester: approvals.PersonID{User: "U0"}}, []uint64{}, false, false, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := list(t, s, tt.q)
			equal(t, "numbers", numbers(page.Requests), tt.want)
			if page.Newer != tt.newer || page.Older != tt.older || page.Total != tt.total {
				t.Errorf("newer %t, older %t, total %d; want %t, %t, %d", page.Newer, page.Older, page.Total, tt.newer, tt.older, tt.total)
			}
		})
	}
}

func testLists(t *testing.T, open opener) {
	s := open(t)
	pendings := func() approvals.Page { return list(t, s, approvals.Query{Pending: true, Limit: 1000}) }
	if page := pendings(); page.Total != 0 || len(page.Requests) != 0 || page.Newer || page.Older {
		t.Errorf("an empty store lists %+v", page)
	}
	for n := range 150 {
		create(t, s, guestNo(n))
	}
	if page := pendings(); page.Total != 150 || len(page.Requests) != 100 || !page.Older {
		t.Errorf("%d of %d on a page; want 100 of 150", len(page.Requests), page.Total)
	}
	for n := 3; n <= 150; n++ {
		update(t, s, approvals.NewID(uint64(n)), to(approvals.Inviting))
	}
	update(t, s, "INV-1")
	if page := pendings(); page.Total != 2 {
		t.Errorf("%d pending; want 2", page.Total)
	}
	update(t, s, "INV-7", to(approvals.Pending))
	page := pendings()
	equal(t, "pending", numbers(page.Requests), []uint64{7, 2, 1})
	if page.Total != 3 {
		t.Errorf("%d pending; want 3", page.Total)
	}
}

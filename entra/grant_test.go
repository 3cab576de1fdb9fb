package entra

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"partnerbot/approvals"
)

func TestAGrantIsAMemberOfTheSameGraph(t *testing.T) {
	g := newGraph(t, saysNothing(http.StatusNoContent))
	if err := g.client(t).Grant(t.Context(), theGuest, into); err != nil {
		t.Fatal(err)
	}
	sent := g.requests()
	if len(sent) != 1 || sent[0].method != http.MethodPost || sent[0].path != "/groups/"+theGroup+"/members/$ref" {
		t.Fatalf("asked %+v", sent)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(sent[0].body), &body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"@odata.id": g.URL + "/v1.0/directoryObjects/" + theGuest}, body); diff != "" {
		t.Error(diff)
	}
}

// Without /$ref the call would delete the person, not the membership.
func TestTakingBackNeverDeletesThePerson(t *testing.T) {
	g := newGraph(t, saysNothing(http.StatusNoContent))
	if err := g.client(t).TakeBack(t.Context(), theGuest, into); err != nil {
		t.Fatal(err)
	}
	sent := g.requests()
	if len(sent) != 1 || sent[0].method != http.MethodDelete || sent[0].url.EscapedPath() != "/v1.0/groups/"+theGroup+"/members/"+theGuest+"/$ref" {
		t.Errorf("asked %+v", sent)
	}
}

func TestAMissingGroupIsNotWaitedFor(t *testing.T) {
	const names = "does not exist or one of its queried reference-property objects are not present."
	missing := refuses(404, "Request_ResourceNotFound", "Resource '"+theGroup+"' "+names)
	tests := []struct {
		name   string
		answer http.HandlerFunc
		group  http.HandlerFunc
		want   approvals.TroubleKind
		asks   int // for the group
	}{
		{"the guest is named", refuses(404, "Request_ResourceNotFound", "Resource '"+theGuest+"' "+names), missing, replicating, 0},
		{"the group is named and missing", missing, missing, refused, 1},
		{"the group is named and there", missing, nil, replicating, 1},
		{"nobody is named, the group is missing", saysNothing(404), missing, refused, 1},
		{"the group cannot be asked for", missing, refuses(403, "Authorization_RequestDenied", "Insufficient privileges."), replicating, 1},
		{"the group's answer is lost", missing, saysHTML(502), replicating, 1},
		{"a proxy knows no group", missing, saysHTML(404), replicating, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGraph(t, tt.answer)
			g.group = tt.group
			err := g.client(t).Grant(t.Context(), theGuest, into)
			if kind := kindOf(t, err); kind != tt.want {
				t.Errorf("got %s, want %s: %v", kind, tt.want, err)
			}
			if n := g.count(http.MethodGet, "/groups/"+theGroup); n != tt.asks {
				t.Errorf("the group was asked for %d times, want %d", n, tt.asks)
			}
		})
	}
}

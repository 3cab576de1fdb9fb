package approvals

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTheDiagramIsTheMachine compares the arrows of docs/states.md with the
// changes of state that Apply accepts, found by trying every event everywhere.
func TestTheDiagramIsTheMachine(t *testing.T) {
	doc, err := os.ReadFile("../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, m := range regexp.MustCompile(`(?m)^\s+(\w+|\[\*\]) --> (\w+)`).FindAllStringSubmatch(string(doc), -1) {
		drawn = append(drawn, strings.ReplaceAll(m[1]+" -> "+m[2], "_", " "))
	}
	slices.Sort(drawn)
	if diff := cmp.Diff(drawn, explore(t)); diff != "" {
		t.Errorf("docs/states.md (-) and the machine (+) differ:\n%s", diff)
	}
}

// explore walks from a fresh request through every event that people, Entra and
// the clock can send, and returns the changes of state it met.
func explore(t *testing.T) []string {
	t.Helper()
	arrows := map[string]bool{}
	seen := map[string]bool{}
	var queue []Request
	for _, lead := range []bool{false, true} {
		for _, lets := range []bool{false, true} {
			r := beginning(lead, lets)
			queue = append(queue, r)
			arrows["[*] -> "+string(r.State)] = true
		}
	}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		for _, now := range []time.Time{nine, nine.Add(2 * time.Minute), nine.Add(1000 * time.Hour)} {
			for _, ev := range everyEvent(r) {
				next, _, err := r.Apply(ev, now)
				if err != nil {
					continue
				}
				if next.State != r.State {
					arrows[string(r.State)+" -> "+string(next.State)] = true
				}
				if key := shape(next); !seen[key] {
					seen[key] = true
					queue = append(queue, next)
				}
			}
		}
	}
	var list []string
	for a := range arrows {
		list = append(list, a)
	}
	slices.Sort(list)
	return list
}

// beginning is a request of falcon's, for one guest or for several, that people
// decide about or a rule has approved.
func beginning(lead, lets bool) Request {
	plan := Plan{Requester: id("ann"), Access: falcon(), Guest: Guest{Email: jane}, Approved: lets}
	plan.Terms = Terms{For: 30 * day, Grants: plan.Access.Grants}
	if lead {
		plan.Guest, plan.Guests = Guest{}, []Guest{{Email: jane}}
	}
	if lets {
		plan.Access.Stages = nil
	}
	return Open("INV-1", plan, Limits{Hold: time.Minute}, nine).Request
}

// shape is what decides a request's future, without times and versions.
func shape(r Request) string {
	parts := []string{string(r.State), string(rune('0' + r.Stage)), r.Account.ID, strconv.Itoa(len(r.Guests) + 2*len(r.Children)), strconv.FormatBool(r.Account.Tried.IsZero()), strconv.FormatBool(r.Hold.IsZero())}
	for _, v := range r.Votes {
		parts = append(parts, v.By.User)
	}
	for _, p := range r.Presses {
		parts = append(parts, p.By.User, string(p.Verdict))
	}
	parts = append(parts, r.Account.Granted...)
	parts = append(parts, r.Account.Taken...)
	if !r.Account.Joined.IsZero() {
		parts = append(parts, "joined")
	}
	if r.Deadline.After(nine.Add(100 * time.Hour)) {
		parts = append(parts, "late")
	}
	return strings.Join(parts, "|")
}

func everyEvent(r Request) []Event {
	evs := []Event{
		Withdrawn{id("ann"), r.Tag},
		DeadlinePassed{},
		InviteTried{},
		InviteHeld{},
		GuestFound{ID: "u1"},
		GuestFound{ID: "u1", Joined: nine},
		GuestInvited{ID: "u1"},
		GrantMade{"group:g1"},
		GrantMade{"group:g2"},
		GuestJoined{nine},
		TimeOver{},
		GrantTaken{"group:g1"},
		GrantTaken{"group:g2"},
		StepRefused{},
		Delayed{},
		Erased{},
		Ticked{},
		Spread{0, Child{ID: "INV-2"}},
	}
	for _, user := range []string{"sam", "olga", "omar"} {
		for _, v := range []Verdict{Approve, Deny} {
			evs = append(evs, Pressed{Press{By: id(user), Verdict: v, Reason: "r", Stage: r.Stage, Tag: r.Tag}})
		}
	}
	evs = append(evs, Pressed{Press{By: id("ada"), Verdict: Retry, Tag: r.Tag}}, Pressed{Press{By: id("omar"), Verdict: Undo, Tag: r.Tag}}, Pressed{Press{By: id("ada"), Verdict: Revoke, Tag: r.Tag}})
	for _, p := range r.Presses {
		who := colleague(p.By.User)
		evs = append(evs, Voted{By: who, Groups: groupsSeen(r, p.By.User), Press: p}, Retried{By: who, Admin: p.By.User == "ada", Press: p}, Dismissed{Press: p},
			Undone{By: who, Press: p}, Revoked{By: who, Admin: p.By.User == "ada", Press: p})
	}
	return evs
}

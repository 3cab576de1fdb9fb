package approvals

import (
	"os"
	"regexp"
	"slices"
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
	for _, m := range regexp.MustCompile(`(?m)^\s+(\w+) --> (\w+)`).FindAllStringSubmatch(string(doc), -1) {
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
	queue := []Request{fresh()}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		for _, now := range []time.Time{nine, nine.Add(1000 * time.Hour)} {
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

// shape is what decides a request's future, without times and versions.
func shape(r Request) string {
	parts := []string{string(r.State), string(rune('0' + r.Stage)), r.Account.ID}
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
	}
	for _, user := range []string{"sam", "olga", "omar"} {
		for _, v := range []Verdict{Approve, Deny} {
			evs = append(evs, Pressed{Press{By: id(user), Verdict: v, Reason: "r", Stage: r.Stage, Tag: r.Tag}})
		}
	}
	evs = append(evs, Pressed{Press{By: id("ada"), Verdict: Retry, Tag: r.Tag}})
	for _, p := range r.Presses {
		who := colleague(p.By.User)
		evs = append(evs, Voted{By: who, Groups: groupsOf(r, p.By.User), Press: p}, Retried{By: who, Admin: p.By.User == "ada", Press: p}, Dismissed{Press: p})
	}
	return evs
}

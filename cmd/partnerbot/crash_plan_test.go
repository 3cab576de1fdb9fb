package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partnerbot/sandbox"
)

// crashAccesses are what people ask for in the crash test: two grants, two
// stages with a quorum, and the plain case, each asked about in a channel of its own.
const crashAccesses = `access:
  falcon:
    title: Project Falcon
    grants:
      - group: 6f0c5a3e-0000-0000-0000-000000000001
      - group: 6f0c5a3e-0000-0000-0000-000000000002
    durations: [30d]
    stages:
      - {name: Sponsor, channel: C0FALCON, approvers: [S0FALCON], deadline: 5d}
  heron:
    title: Project Heron
    grants:
      - group: 6f0c5a3e-0000-0000-0000-000000000002
    durations: [30d]
    stages:
      - {name: Sponsor, channel: C0RANDOM, approvers: [S0FALCON], deadline: 5d}
      - {name: Owners, channel: C0HERON, approvers: [S0HERON], quorum: 2, deadline: 5d}
  osprey:
    title: Project Osprey
    grants:
      - group: 6f0c5a3e-0000-0000-0000-000000000001
    durations: [30d]
    stages:
      - {name: Sponsor, channel: C0GENERAL, approvers: [S0FALCON], deadline: 5d}
`

// The people of the crash test. The first sponsor asks for guests, too.
var (
	sponsorsOfAll = ids(0, 4)
	owners        = ids(10, 14)
	requesters    = append(ids(20, 25), sponsorsOfAll[0])
	strangersAll  = []string{ann, ada, ada, ann, gus, vera}
)

func ids(from, to int) []string {
	var all []string
	for n := from; n < to; n++ {
		all = append(all, person(n).ID)
	}
	return all
}

// titles are what people ask for, the rarest last.
var titles = []string{"Project Falcon", "Project Osprey", "Project Heron"}

// approversOf are who decides each stage of an access.
func approversOf(title string) [][]string {
	if title == "Project Heron" {
		return [][]string{sponsorsOfAll, owners}
	}
	return [][]string{sponsorsOfAll}
}

// quorumOf is how many must approve a stage.
func quorumOf(stage int) int { return stage + 1 }

// groupsOf are what an access opens.
func groupsOf(title string) []string {
	switch title {
	case "Project Falcon":
		return []string{"Project Falcon", "Project Heron"}
	case "Project Heron":
		return []string{"Project Heron"}
	}
	return []string{"Project Falcon"}
}

// wish is a request that somebody will make, and what people will do about it.
type wish struct {
	guest, title, by string
	after            time.Duration // of the round's begin
	deeds            []deed
	redeems          bool
	redeemsAfter     time.Duration // of being in the tenant
}

func (w *wish) email() string {
	return strings.ToLower(strings.ReplaceAll(w.guest, " ", ".")) + "@acme.example"
}

// name is how messages call the wish.
func (w *wish) name() string { return w.guest + " for " + w.title }

const (
	approves  = "Approve"
	denies    = "Deny"
	withdraws = "Withdraw"
)

// deed is what somebody does to a request once they see where.
type deed struct {
	who, what string
	stage     int
	after     time.Duration // of seeing it
}

// outage is one kill of one replica. Its moment is right after so many calls of
// a kind, which is when much is not written down yet, or by the clock.
type outage struct {
	replica int
	call    string
	count   int
	after   time.Duration
	down    time.Duration
	again   time.Duration // killed once more, so long after its start; 0: not
}

// crashRound is what happens in one round.
type crashRound struct {
	wishes  []wish
	outages []outage
}

// planner draws rounds. The same seed draws the same rounds.
type planner struct {
	dice     *rand.Rand
	replicas int
	calls    []string // after which a replica may be killed
}

func newPlanner(seed uint64, replicas int, long bool) planner {
	d := planner{dice: rand.New(rand.NewPCG(seed, 0)), replicas: replicas, calls: momentous}
	if long {
		d.calls = append(slices.Clone(momentous), beforeInviting)
	}
	return d
}

func (d planner) within(most time.Duration) time.Duration {
	return time.Duration(d.dice.Int64N(int64(most)))
}

func (d planner) chance(percent int) bool { return d.dice.IntN(100) < percent }

func oneOf[T any](d planner, of []T) T { return of[d.dice.IntN(len(of))] }

// round draws everything that happens in a round.
func (d planner) round(number int) crashRound {
	var r crashRound
	for n := range 3 + d.dice.IntN(3) { // about what Slack takes of a program that starts anew each time
		w := d.wish(fmt.Sprintf("Guest %d.%d", number, n), d.title())
		r.wishes = append(r.wishes, w)
		if d.chance(20) { // somebody else wants the same guest for something else, at the same time
			twin := d.wish(w.guest, titles[(slices.Index(titles, w.title)+1)%len(titles)])
			twin.after = w.after + d.within(100*time.Millisecond)
			r.wishes = append(r.wishes, twin)
		}
	}
	r.outages = d.outages()
	return r
}

func (d planner) title() string {
	return titles[min(d.dice.IntN(7)/3, len(titles)-1)]
}

func (d planner) wish(guest, title string) wish {
	w := wish{
		guest: guest, title: title, by: oneOf(d, requesters), after: d.within(time.Second),
		redeems: d.chance(50), redeemsAfter: d.within(300 * time.Millisecond),
	}
	what := d.dice.IntN(100)
	for stage, approvers := range approversOf(title) {
		can := slices.DeleteFunc(slices.Clone(approvers), func(id string) bool { return id == w.by })
		d.dice.Shuffle(len(can), func(i, j int) { can[i], can[j] = can[j], can[i] })
		for _, who := range can[:quorumOf(stage)] {
			w.add(d, who, approves, stage, what < 75)
		}
		w.add(d, can[len(can)-1], approves, stage, d.chance(25))
		w.add(d, can[len(can)-2], denies, stage, what >= 50 && what < 60 || what >= 75 && what < 85)
	}
	w.add(d, w.by, withdraws, 0, what >= 60 && what < 75 || what >= 85 && what < 93)
	w.add(d, oneOf(d, strangersAll), approves, 0, d.chance(45))
	w.add(d, w.by, approves, 0, w.by == sponsorsOfAll[0])
	return w
}

// add draws a deed, and keeps it if it is to be.
func (w *wish) add(d planner, who, what string, stage int, is bool) {
	after := d.within(250 * time.Millisecond)
	if d.chance(50) {
		after = 0 // together with others
	}
	if is {
		w.deeds = append(w.deeds, deed{who: who, what: what, stage: stage, after: after})
	}
}

// The calls after which a replica may be killed.
var momentous = []string{
	"chat.postMessage", "chat.postMessage", "chat.update", "interactive", "interactive", "interactive", "views.open", "users.info",
	"POST /invitations", "POST /invitations", "POST members",
}

// beforeInviting is the call after which an invitation is written down and
// leaves. Killed there, nobody knows for half a minute whether it did.
const beforeInviting = "GET /users"

// outages draws the kills of a round: of one replica, sometimes of two or all at once.
func (d planner) outages() []outage {
	var all []outage
	for range 2 + d.dice.IntN(2) {
		at := outage{after: d.within(roundLength / 2)}
		if d.chance(70) {
			at.call, at.count = oneOf(d, d.calls), 1+d.dice.IntN(4)
			at.after = d.within(2 * time.Millisecond)
		}
		victims := 1
		if d.replicas > 1 && d.chance(30) {
			victims = 2 + d.dice.IntN(d.replicas-1)
		}
		for _, replica := range d.dice.Perm(d.replicas)[:victims] {
			at.replica, at.down, at.again = replica, d.within(400*time.Millisecond), 0
			if d.chance(20) {
				at.again = 1 + d.within(150*time.Millisecond)
			}
			all = append(all, at)
		}
	}
	return all
}

// TestTheSameSeedIsTheSameCrash draws rounds twice.
func TestTheSameSeedIsTheSameCrash(t *testing.T) {
	draw := func(seed uint64) (rounds []crashRound) {
		d := newPlanner(seed, 3, true)
		for n := range 20 {
			rounds = append(rounds, d.round(n))
		}
		return rounds
	}
	same := cmp.AllowUnexported(crashRound{}, wish{}, deed{}, outage{})
	if diff := cmp.Diff(draw(7), draw(7), same); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(draw(7), draw(8), same) {
		t.Error("another seed draws the same")
	}
}

// crashWorld puts the people of the crash test into a world.
func (p *play) crashWorld() {
	everybody := slices.Concat(sponsorsOfAll, owners, requesters)
	for _, n := range everybody {
		var number int
		_, err := fmt.Sscanf(n, "U0TEST%03d", &number)
		p.must(err)
		p.world.AddPerson(person(number))
	}
	p.world.SetGroup("S0FALCON", sponsorsOfAll...)
	p.world.SetGroup("S0HERON", owners...)
	for _, channel := range []string{general, falconSponsors, "C0RANDOM"} {
		p.world.SetMembers(channel, append(slices.Clone(everybody), ann, ada, gus, vera, sandbox.BotUser)...)
	}
	p.world.SetMembers(heronOwners, append(slices.Clone(owners), sandbox.BotUser)...)
}

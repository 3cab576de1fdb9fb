package approvals

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestWhateverFailsItConverges: calls fail before and after their effect and
// processes are killed between any two steps, while people ask, decide and
// retry. In the end every guest whom all let in was invited once and has every
// right once, or the request says why not; everybody else has nothing; there is
// one message of each kind, and it is true.
func TestWhateverFailsItConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		deeds := append([]int{0, 1, 3, 3}, rapid.SliceOfN(rapid.IntRange(0, 23), 5, 60).Draw(t, "deeds")...)
		picks := rapid.SliceOfN(rapid.IntRange(0, 7), 1, 40).Draw(t, "picks")
		c := newChaos(drawFates(t, "disks", 60, 30), drawFates(t, "slack", 30, 3), drawFates(t, "entra", 30, 3))
		p := &drama{chaos: c, Context: t.Context(), picks: picks, replicas: []*Worker{c.replica(), c.replica()}}
		for _, deed := range deeds {
			p.deed(deed)
			p.work(3, c.now)
		}
		p.settle(30 * time.Minute)
		p.decided()
		p.settle(30 * time.Minute)
		for _, broken := range append(c.wrong, p.broken()...) {
			t.Errorf("%s", broken)
		}
		p.deed(11)
		p.settle(31 * 24 * time.Hour) // the end of every access
		if len(c.rights) > 0 {
			t.Errorf("after the end of everything these rights are left: %v", c.rights)
		}
	})
}

// drawFates draws what becomes of the first so many calls, one in rare of which
// does not go well.
func drawFates(t *rapid.T, whose string, most, rare int) []fate {
	list := rapid.SliceOfN(rapid.IntRange(0, rare*int(fates)-1), most/2, most).Draw(t, whose)
	out := make([]fate, len(list))
	for i, n := range list {
		if n%rare == 0 {
			out[i] = fate(n / rare)
		}
	}
	return out
}

// drama is people and replicas in a chaos.
type drama struct {
	*chaos
	context.Context

	replicas []*Worker
	picks    []int
	steps    int
}

func (p *drama) pick() int { p.steps++; return p.picks[p.steps%len(p.picks)] }

// work does some steps up to a time. A replica that was killed starts anew.
func (p *drama) work(steps int, until time.Time) bool {
	for range steps {
		n := p.pick() % len(p.replicas)
		more := p.step(p, p.replicas[n], p.pick(), until)
		if p.dead {
			p.dead, p.replicas[n] = false, p.replica()
			p.store.restart()
		}
		if !more {
			return false
		}
	}
	return true
}

func (p *drama) settle(d time.Duration) {
	until := p.now.Add(d)
	for p.work(100, until) {
	}
	p.now = until
}

// deed is something that somebody does, or that time passes.
func (p *drama) deed(n int) {
	s := &Service{Store: p.store, People: slackOf{p.chaos}, Policy: p.policy.Always, Now: p.clock}
	switch n {
	case 0, 1, 2:
		access := []string{"harbor", "pier", "falcon"}[n]
		_, _ = s.Submit(p, Draft{
			By: colleague("ann"), Email: jane, Name: "Jane", Access: access, For: 30 * 24 * time.Hour, Reason: "kick-off",
		})
	case 3, 4, 5, 6, 7, 8:
		user := []string{"sam", "sam", "olga", "omar", "ben", "ada"}[n-3]
		verdict := map[string]Verdict{"ada": Retry}[user]
		if verdict == "" {
			verdict = Approve
		}
		p.each(func(r Request) {
			_, _ = s.Press(p, r.ID, Press{By: id(user), Verdict: verdict, Stage: r.Stage, Edition: r.Edition, Tag: r.Tag})
		})
	case 9:
		p.now = p.now.Add(7 * time.Second)
	case 10:
		p.now = p.now.Add(3 * time.Minute)
	case 11:
		for _, a := range p.accounts {
			a.Pending, a.Joined = false, p.now
		}
	default:
		p.wish(s, n)
	}
}

// wish is what people do besides asking and deciding.
func (p *drama) wish(s *Service, n int) {
	switch n {
	case 12:
		p.press(s, "sam", Ask, nil)
	case 13:
		p.each(func(r Request) {
			if e, asked := r.Asked(); asked {
				_, _ = s.Answer(p, r.ID, Answered{By: id("ann"), Tag: r.Tag, Asked: e.At, Text: "yes"})
			}
		})
	case 14:
		p.each(func(r Request) { _, _ = s.Nudge(p, r.ID, Nudged{By: id("ann"), Tag: r.Tag}) })
	case 15:
		p.press(s, "olga", OnIt, nil)
	case 16:
		p.press(s, "sam", Narrow, &Terms{For: 10 * day, Grants: []Grant{{Group: "g1"}}})
	case 17:
		p.press(s, "sam", Undo, nil)
	case 18:
		p.press(s, "omar", Undo, nil)
	case 19:
		p.each(func(r Request) {
			_, _ = s.Edit(p, r.ID, r.Tag, r.Edition, Draft{By: colleague("ann"), Name: "Jane", For: 20 * day, Reason: "workshop"})
		})
	case 20:
		p.now = p.now.Add(time.Hour)
	case 21:
		_, _ = s.Delegate(p, colleague("olga"), id("ben"), p.now, p.now.Add(time.Hour))
	case 22:
		_, _ = s.SubmitSeveral(p, Several{
			Draft:  Draft{By: colleague("ann"), Access: "pier", For: 30 * day, Reason: "kick-off"},
			Guests: []Guest{{Email: "joe@acme.example"}, {Email: jane}},
		})
	case 23:
		if p.pick() == 0 { // now and then
			p.press(s, "ann", Revoke, nil)
		}
	}
}

func (p *drama) press(s *Service, user string, v Verdict, t *Terms) {
	p.each(func(r Request) {
		_, _ = s.Press(p, r.ID, Press{By: id(user), Verdict: v, Reason: "because", Terms: t, Also: p.pick()%2 == 0, Stage: r.Stage, Edition: r.Edition, Tag: r.Tag})
	})
}

// each visits every request, the oldest first.
func (p *drama) each(visit func(Request)) {
	p.store.mu.Lock()
	all := p.store.all()
	p.store.mu.Unlock()
	for _, r := range slices.Backward(all) {
		visit(r)
	}
}

// decided is everybody deciding who has not yet, and an admin trying again what failed.
func (p *drama) decided() {
	p.disks, p.slack, p.entra = nil, nil, nil // the weather clears up
	for _, n := range []int{3, 5, 6, 8} {
		p.deed(n)
		p.settle(time.Minute)
	}
}

// broken are the promises that the end does not keep.
func (p *drama) broken() (list []string) {
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	want := map[string][]string{jane: nil, "joe@acme.example": nil}
	p.each(func(r Request) {
		for _, v := range r.Votes {
			if !entitledIn(r, v) {
				say("%s counts %+v", r.ID, v)
			}
		}
		switch r.State {
		case Invited, Active:
			want[r.Guest.Email] = append(want[r.Guest.Email], r.grantKeys()...)
			if !letIn(r) || r.Account.ID != p.accounts[r.Guest.Email].ID {
				say("%s is %s with votes %v and account %q", r.ID, r.State, r.Votes, r.Account.ID)
			}
		case Pending, TimedOut:
			if letIn(r) {
				say("%s is %s though all let the guest in", r.ID, r.State)
			}
		case Failed:
			if r.Trouble == nil || !p.again(r) {
				say("%s failed because of %v, and was not retried", r.ID, r.Trouble)
			}
		case Split:
			for i, c := range r.Children {
				if c == (Child{}) || c.ID != "" && !letIn(p.get(c.ID)) {
					say("%s has %+v for guest %d", r.ID, c, i)
				}
			}
		case Ended:
			if r.Closed == nil || r.Closed.Verdict != Revoke {
				say("%s has ended: %+v", r.ID, r.Closed)
			}
		case Inviting, Denied, Cancelled, Ending:
			say("%s is %s: %v", r.ID, r.State, r.Trouble)
		}
		if r.State == Pending && len(r.Presses) > 0 {
			say("%s judges nobody of %+v", r.ID, r.Presses)
		}
		list = append(list, p.untrue(r)...)
	})
	for email, keys := range want {
		slices.Sort(keys)
		if has := p.rightsOf(email); !slices.Equal(has, slices.Compact(keys)) {
			say("%s has %v, want %v", email, has, keys)
		}
	}
	return list
}

// entitledIn reports whether a vote is of somebody who could have it: by a group,
// by name, as ann's manager, or for olga who gave hers away.
func entitledIn(r Request, v Vote) bool {
	right := v.By.User
	if v.For.User != "" {
		right = v.For.User
	}
	s := r.Access.Stages[v.Stage]
	mine := has(s.Approvers, right) || right == "ben" && s.Has(RoleManager)
	for _, g := range groupsOf(s.Approvers) {
		mine = mine || has(members[g], right)
	}
	return mine && right != "ann" && v.By.User != "ann" && (v.For.User == "" || v.For.User == "olga" && v.By.User == "ben")
}

func (p *drama) get(rid RequestID) (r Request) {
	p.each(func(q Request) {
		if q.ID == rid {
			r = q
		}
	})
	return r
}

// again reports whether the same was asked for anew, so that a retry is refused.
func (p *drama) again(r Request) (twin bool) {
	p.each(func(q Request) { twin = twin || q.ID != r.ID && q.Live() && q.LiveKey() == r.LiveKey() })
	return twin
}

// untrue are the messages about a request that are missing, too many, or say
// something else than the request.
func (p *drama) untrue(r Request) (list []string) {
	want := map[string]bool{"direct": true}
	for i := range r.Stage + 1 {
		if r.Lead == "" {
			want[fmt.Sprintf("card %d", i)] = true
		}
	}
	count := map[string]int{}
	for _, m := range p.messages {
		if m.request != r.ID {
			continue
		}
		count[m.name]++
		if want[m.name] && m.look != lookOf(r) {
			list = append(list, fmt.Sprintf("%s of %s shows %s, not %s", m.name, r.ID, m.look, lookOf(r)))
		}
	}
	for name := range want {
		count[name] += 0
	}
	for name, n := range count {
		if n != 1 {
			list = append(list, fmt.Sprintf("%d messages %q of %s", n, name, r.ID))
		}
	}
	maps.DeleteFunc(r.Shown.Tried, func(name string, _ time.Time) bool { return strings.HasPrefix(name, "said ") }) // it may be said later
	if len(r.Shown.Tried) > 0 {
		list = append(list, fmt.Sprintf("%s still notes %v", r.ID, r.Shown.Tried))
	}
	if len(r.Answers) > 0 || cmp.Equal(r.Shown.Direct, Posted{}) {
		list = append(list, fmt.Sprintf("%s owes %v", r.ID, r.Answers))
	}
	return list
}

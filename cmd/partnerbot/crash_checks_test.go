package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"partnerbot/approvals"
	"partnerbot/bot"
	"partnerbot/sandbox"
)

// Where a request stands, as a message's title says it.
var (
	saysPending   = words("state.pending", nil)
	saysInviting  = words("state.inviting", nil)
	saysInvited   = words("state.invited", nil)
	saysDenied    = words("state.denied", nil)
	saysCancelled = words("state.cancelled", nil)
	saysPassed    = words("state.passed", bot.Args{"stage": "Owners"})
)

// entitled reports whether somebody may decide a stage of the wish.
func (l *life) entitled(who string, stage int) bool {
	return who != l.by && slices.Contains(approversOf(l.title)[stage], who)
}

// decided reports whether what was acknowledged must have ended a stage.
func (l *life) decided(stage int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	yes := map[string]bool{}
	for _, d := range l.done {
		switch {
		case d.what == withdraws:
			return true
		case d.stage != stage || !l.entitled(d.who, stage):
		case d.what == denies:
			return true
		default:
			yes[d.who] = true
		}
	}
	return len(yes) >= quorumOf(stage)
}

func (c *crowd) all() []*life {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lives)
}

func (l *life) acknowledged() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// redeemed reports whether a guest has joined, whoever asked for them.
func (c *crowd) redeemed(address string) bool {
	return slices.ContainsFunc(c.all(), func(l *life) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.email() == address && l.redeemed
	})
}

// undone is what people still do, and what can be seen in Slack not to have come.
func (c *crowd) undone() (left []string) {
	for _, l := range c.all() {
		first, second, own := c.wall.post(peg{l.name(), 0}), c.wall.post(peg{l.name(), 1}), c.wall.post(peg{l.name(), direct})
		last, stage := first, 0
		if first.state == saysPassed {
			last, stage = second, 1
		}
		l.mu.Lock()
		asked, over := l.asked, l.over
		l.mu.Unlock()
		switch {
		case asked && over && first.ts == "", !over, last.state == saysPending && l.decided(stage), last.state == saysInviting,
			last.state == saysInvited && c.redeemed(l.email()), last.state != own.state:
			left = append(left, fmt.Sprintf("%s (asked: %t, over: %t): the card says %q and %q, the requester reads %q",
				l.name(), asked, over, first.state, second.state, own.state))
		}
	}
	return left
}

// withStore looks into the store while nothing else has it open.
func (c *crash) withStore(look func(approvals.Store)) {
	c.t.Helper()
	cfg, err := c.replicas[0].config()
	c.p.must(err)
	db, err := openStore(background(), cfg, c.p.set.log)
	c.p.must(err)
	look(db)
	c.p.must(db.Close())
}

// owed is what the program still has to do: what is due, what did not succeed
// yet, and everything about a guest on the way in. Later looks never end. What
// waits for its turn in Slack's next minute gets it now: nobody else is there.
func (c *crash) owed() (left []string) {
	c.withStore(func(db approvals.Store) {
		now := time.Now()
		for _, lane := range approvals.Lanes() {
			rows, _, err := db.Take(background(), now.Add(time.Hour), lane, 10_000)
			c.p.must(err)
			for _, row := range rows {
				r, err := db.Get(background(), row.Request)
				c.p.must(err)
				if !c.long && row.Kind != approvals.WorkGuest && row.Attempts == 0 && row.Due.After(now) && row.Due.Before(now.Add(time.Minute)) {
					row.Attempts-- // a wait is no attempt
					c.p.must(db.Postpone(background(), row, now))
				}
				if row.Attempts > 0 || row.Due.Before(now) || r.State == approvals.Inviting && row.Kind == approvals.WorkGuest {
					left = append(left, fmt.Sprintf("%s of %s (%s), due %s", row.Kind, row.Request, r.State, row.Due.Format(time.TimeOnly)))
				}
			}
		}
	})
	return left
}

// look checks at any time what must not be so for a moment.
func (c *crash) look() {
	c.t.Helper()
	c.wall.mu.Lock()
	defer c.wall.mu.Unlock()
	for _, text := range c.wall.again {
		c.t.Errorf("posted twice: %s", text)
	}
	c.wall.again = nil
	for address, at := range c.wall.invited {
		if len(at) > 1 {
			c.t.Errorf("%s was invited %d times", address, len(at))
		}
	}
}

// approved checks that every invitation left after enough of those who may had
// approved. A press is known when Slack is done with it, so this is for the end.
func (c *crash) approved() {
	c.t.Helper()
	for address, at := range c.wall.invited {
		if !slices.ContainsFunc(c.crowd.all(), func(l *life) bool { return l.email() == address && c.wall.approvedBy(l, at[0]) }) {
			c.t.Errorf("%s was invited, and nobody who may had approved it", address)
		}
	}
}

// approvedBy reports whether, by a time, enough of those who may had pressed
// Approve in every stage of a wish.
func (w *wall) approvedBy(l *life, by time.Time) bool {
	p := w.posts[peg{l.name(), 0}]
	if p == nil {
		return false
	}
	for stage := range approversOf(l.title) {
		yes := 0
		for _, who := range approversOf(l.title)[stage] {
			presses := w.clicks[click{p.id, stage, who}]
			if l.entitled(who, stage) && len(presses) > 0 && presses[0].Before(by) {
				yes++
			}
		}
		if yes < quorumOf(stage) {
			return false
		}
	}
	return true
}

// check looks at everything, when nothing is left to do.
func (c *crash) check() {
	c.look()
	c.approved()
	kept, trails := c.kept()
	known := map[string]*life{}
	for _, l := range c.crowd.all() {
		known[l.name()] = l
		if _, ok := kept[l.name()]; l.acknowledged() && !ok {
			c.t.Errorf("%s was acknowledged and is lost", l.name())
		}
	}
	for name, r := range kept {
		l := known[name]
		if l == nil {
			c.t.Errorf("nobody asked for %s: %s", r.ID, name)
			continue
		}
		c.stands(l, r, trails[r.ID])
		c.shown(r)
		c.granted(r)
	}
	c.guests(kept)
	c.messages(kept)
	c.told(kept)
	c.t.Logf("%d requests, %d guests, %d acknowledged deeds, %d calls", len(kept), len(c.wall.invited), c.crowd.deeds(), c.wall.slack+c.wall.graph)
}

func (c *crowd) deeds() (n int) {
	for _, l := range c.all() {
		n += len(l.done)
	}
	return n
}

// kept are the requests in the store, by what was wished.
func (c *crash) kept() (map[string]approvals.Request, map[approvals.RequestID][]approvals.Entry) {
	c.t.Helper()
	kept, trails := map[string]approvals.Request{}, map[approvals.RequestID][]approvals.Entry{}
	c.withStore(func(db approvals.Store) {
		for n := uint64(1); ; n++ {
			r, err := db.Get(background(), approvals.NewID(n))
			if err != nil { // numbers that were given are there, so this is the first that was not
				page, err := db.List(background(), approvals.Query{Limit: 1})
				c.p.must(err)
				if len(page.Requests) > 0 && page.Requests[0].ID.Number() >= n {
					continue
				}
				return
			}
			name := r.Guest.Name + " for " + r.Access.Title
			if other, ok := kept[name]; ok {
				c.t.Errorf("%s and %s are the same request", other.ID, r.ID)
			}
			kept[name] = r
			trails[r.ID], err = db.Trail(background(), r.ID)
			c.p.must(err)
		}
	})
	return kept, trails
}

// stands checks that a request is where those who may have brought it, and that
// it was decided once.
func (c *crash) stands(l *life, r approvals.Request, trail []approvals.Entry) {
	c.t.Helper()
	var ends []approvals.Entry
	for _, e := range trail {
		if e.From == approvals.Pending && e.To != approvals.Pending {
			ends = append(ends, e)
		}
	}
	if r.State == approvals.Pending {
		if l.decided(r.Stage) || len(ends) > 0 {
			c.t.Errorf("%s is pending in stage %d, and it was decided: %+v, %+v", r.ID, r.Stage+1, l.done, ends)
		}
		return
	}
	if len(ends) != 1 {
		c.t.Errorf("%s was decided %d times: %+v", r.ID, len(ends), ends)
		return
	}
	for _, d := range l.done {
		if d.what == withdraws && r.State != approvals.Cancelled && ends[0].At.After(d.at) {
			c.t.Errorf("%s was withdrawn at %s, and is %s since %s", r.ID, d.at, r.State, ends[0].At)
		}
	}
	c.ended(l, r)
}

// ended checks that a request which was decided is what those who may made of it.
func (c *crash) ended(l *life, r approvals.Request) {
	c.t.Helper()
	switch r.State {
	case approvals.Invited, approvals.Active:
		if redeemed := c.crowd.redeemed(l.email()); redeemed != (r.State == approvals.Active) {
			c.t.Errorf("%s is %s; redeemed: %t", r.ID, r.State, redeemed)
		}
		c.voted(l, r)
	case approvals.Denied:
		if r.Closed == nil || !l.entitled(r.Closed.By.User, r.Stage) {
			c.t.Errorf("%s was denied by somebody who may not: %+v", r.ID, r.Closed)
		}
	case approvals.Cancelled:
		if r.Closed == nil || r.Closed.By.User != l.by {
			c.t.Errorf("%s was withdrawn by somebody else: %+v", r.ID, r.Closed)
		}
	case approvals.Pending, approvals.Inviting, approvals.Ending, approvals.Split, approvals.TimedOut, approvals.Ended, approvals.Failed:
		c.t.Errorf("%s ended as %s: %+v", r.ID, r.State, r.Trouble)
	}
}

// voted checks that enough of those who may approved each stage, each by a press.
func (c *crash) voted(l *life, r approvals.Request) {
	c.t.Helper()
	yes := make([]int, len(r.Access.Stages))
	for _, v := range r.Votes {
		pressed := c.wall.clicks[click{string(r.ID), v.Stage, v.By.User}]
		if v.Verdict != approvals.Approve || !l.entitled(v.By.User, v.Stage) || len(pressed) == 0 {
			c.t.Errorf("%s counts %+v", r.ID, v)
			continue
		}
		yes[v.Stage]++
	}
	for stage, n := range yes {
		if n != quorumOf(stage) {
			c.t.Errorf("%s: %d votes in stage %d", r.ID, n, stage+1)
		}
	}
}

// labels are what buttons are called.
func labels(names ...string) (out []string) {
	for _, name := range names {
		out = append(out, words("button."+name, nil))
	}
	return out
}

// shown checks that there is one card for each stage that was reached and one
// message to the requester, and that each is as true as the request.
func (c *crash) shown(r approvals.Request) {
	c.t.Helper()
	name := r.Guest.Name + " for " + r.Access.Title
	for stage := range r.Access.Stages {
		card := c.wall.post(peg{name, stage})
		state, buttons := words("state."+strings.ReplaceAll(string(r.State), " ", "_"), nil), []string(nil)
		switch {
		case stage > r.Stage:
			state = ""
		case r.State == approvals.Pending && stage < r.Stage:
			state = saysPassed
		case r.State == approvals.Pending:
			buttons = labels("approve", "deny", "ask", "claim", "more")
			if slices.Contains(card.buttons, words("button.change", nil)) { // where less can be given
				buttons = labels("approve", "deny", "change", "ask", "claim", "more")
			}
		case stage == r.Stage && (r.State == approvals.Inviting || r.State == approvals.Invited || r.State == approvals.Active):
			buttons = labels("revoke", "more")
		}
		if card.state != state || !slices.Equal(card.buttons, buttons) {
			c.t.Errorf("%s is %s in stage %d; the card of stage %d says %q with %q", r.ID, r.State, r.Stage+1, stage+1, card.state, card.buttons)
		}
	}
	own := c.wall.post(peg{name, direct})
	if own.state != words("state."+strings.ReplaceAll(string(r.State), " ", "_"), nil) || own.offers(withdraws) != (r.State == approvals.Pending) {
		c.t.Errorf("%s is %s; the requester reads %q with %q", r.ID, r.State, own.state, own.buttons)
	}
}

// granted checks that a request which says so has every grant.
func (c *crash) granted(r approvals.Request) {
	c.t.Helper()
	if r.State != approvals.Invited && r.State != approvals.Active {
		return
	}
	for _, g := range r.Access.Grants {
		if !slices.Contains(r.Account.Granted, g.Key()) {
			c.t.Errorf("%s is %s without %s", r.ID, r.State, g.Key())
		}
	}
}

// guests checks that everybody who was approved is in the tenant, invited once,
// with every grant and no other, and nobody else is.
func (c *crash) guests(kept map[string]approvals.Request) {
	c.t.Helper()
	want := map[string][]string{}
	for _, r := range kept {
		if r.State == approvals.Invited || r.State == approvals.Active {
			groups := append(want[r.Guest.Email], groupsOf(r.Access.Title)...)
			slices.Sort(groups)
			want[r.Guest.Email] = slices.Compact(groups)
		}
	}
	for _, l := range c.crowd.all() {
		groups, approved := want[l.email()]
		g, there := c.p.world.Tenant().Guest(l.email())
		slices.Sort(g.Groups)
		invited := len(c.wall.invited[l.email()])
		switch {
		case approved && (!there || invited != 1 || !slices.Equal(g.Groups, groups)):
			c.t.Errorf("%s was invited %d times and is in %q; want once, and %q", l.email(), invited, g.Groups, groups)
		case !approved && (there || invited > 0):
			c.t.Errorf("%s was invited %d times without approval", l.email(), invited)
		}
	}
}

// messages counts what hangs in Slack: one message for each place, and no reply
// twice below one.
func (c *crash) messages(kept map[string]approvals.Request) {
	c.t.Helper()
	channels := []string{general, falconSponsors, "C0RANDOM", heronOwners}
	for _, who := range requesters {
		channels = append(channels, c.p.world.As(who).DM())
	}
	seen := map[string]int{}
	for _, channel := range channels {
		for _, m := range c.p.world.Messages(channel) {
			head, name, ok := strings.Cut(m.Text, ": ")
			id, _, named := strings.Cut(head, " · ")
			switch {
			case m.User != sandbox.BotUser:
			case isReply(m):
				seen[fmt.Sprintf("the reply below %s in %s: %s", m.ThreadTS, channel, m.Text)]++
			case ok && named:
				if r := kept[name]; string(r.ID) != id {
					c.t.Errorf("a message about a request that is not there: %s", m.Text)
				}
				seen[fmt.Sprintf("the message about %s in %s", id, channel)]++
			}
		}
	}
	for what, n := range seen {
		if n > 1 {
			c.t.Errorf("%s is there %d times", what, n)
		}
	}
}

// told checks that no message ever spoke of access before Entra had given all of it.
func (c *crash) told(kept map[string]approvals.Request) {
	c.t.Helper()
	for _, s := range c.wall.spoken {
		r := kept[s.wish]
		for _, g := range r.Access.Grants {
			at := c.wall.given[r.Account.ID+" in "+strings.TrimPrefix(g.Key(), "group:")]
			if at.IsZero() || s.at.Before(at) {
				c.t.Errorf("it spoke of %s before that was so:\n%s", g.Key(), s.text)
			}
		}
	}
}

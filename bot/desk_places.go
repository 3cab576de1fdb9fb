package bot

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerbot/approvals"
)

// maxCards bounds how many people get a card of their own in one stage.
const maxCards = 20

// cardPlace is where a card of a request belongs: in the channel of a stage or of its
// escalation, or in the direct messages of somebody who may decide.
type cardPlace struct {
	stage int
	to    string // as in Posted
	at    string // the channel, or the user ID of whose direct messages it is
	over  bool   // what is there is kept true, and nothing is posted any more
}

// places are where cards of the request belong, then where there are others, or
// where one may be whose answer was lost. They are of use even with an error.
func (d *Desk) places(ctx context.Context, r approvals.Request, shown []approvals.Posted) ([]cardPlace, error) {
	var out []cardPlace
	add := func(p cardPlace) {
		if !slices.ContainsFunc(out, func(q cardPlace) bool { return q.stage == p.stage && q.to == p.to }) {
			out = append(out, p)
		}
	}
	var failed error
	if r.Lead == "" {
		for i := range min(r.Stage+1, len(r.Access.Stages)) {
			if channel := r.Access.Stages[i].Channel; channel != "" {
				add(cardPlace{stage: i, at: channel})
			}
		}
		var own []cardPlace
		own, failed = d.ownPlaces(ctx, r, shown)
		for _, p := range own {
			add(p)
		}
	}
	for _, p := range shown {
		add(cardPlace{stage: p.Stage, to: p.To, at: firstOf(p.To, p.Channel), over: true})
	}
	for _, p := range lostCards(r) {
		add(p)
	}
	return out, failed
}

// ownPlaces are the places of the present stage that are not its channel: the
// people of a stage without one and, once it has escalated, the others.
func (d *Desk) ownPlaces(ctx context.Context, r approvals.Request, shown []approvals.Posted) ([]cardPlace, error) {
	if r.State != approvals.Pending || r.Stage >= len(r.Access.Stages) {
		return nil, nil
	}
	var out []cardPlace
	var failed error
	s := r.CurrentStage()
	if s.Channel == "" {
		out, failed = d.personal(ctx, r, stageOwn(r), shown)
	}
	switch e := s.Escalate; {
	case !escalated(r) || e.Channel != "" && e.Channel == s.Channel: // its card is there already
	case e.Channel != "":
		out = append(out, cardPlace{stage: r.Stage, to: e.Channel, at: e.Channel})
	default:
		others, err := d.personal(ctx, r, e.Approvers, shown)
		out, failed = append(out, others...), worse(failed, err)
	}
	return out, failed
}

// personal are the direct messages of those who could decide as the approvers or in
// their place: living colleagues who did not ask themselves, those who have a card
// first. An error says that somebody may be missing.
func (d *Desk) personal(ctx context.Context, r approvals.Request, approvers []string, shown []approvals.Posted) ([]cardPlace, error) {
	users, failed := d.expand(ctx, approvers)
	users = slices.DeleteFunc(users, func(user string) bool { return user == r.Requester.User })
	users, err := d.deputies.join(ctx, users, d.now())
	failed = worse(failed, err)
	has := func(user string) int { return min(cardAt(shown, r.Stage, user), 0) } // 0 or -1
	slices.SortStableFunc(users, func(a, b string) int { return has(b) - has(a) })
	var out []cardPlace
	for _, user := range users {
		if user == r.Requester.User || len(out) == maxCards {
			continue
		}
		if has(user) < 0 {
			who, err := d.Recent(ctx, approvals.PersonID{Team: d.Team, User: user}, glanceAge)
			if err != nil || who.Colleague() != nil {
				if !errors.Is(err, approvals.ErrUnknownPerson) {
					failed = worse(failed, err)
				}
				continue
			}
		}
		out = append(out, cardPlace{stage: r.Stage, to: user, at: user})
	}
	return out, failed
}

// expand are the users among approvers, and those in their user groups a moment ago.
func (d *Desk) expand(ctx context.Context, approvers []string) ([]string, error) {
	var users []string
	var failed error
	for _, id := range approvers {
		in := []string{id}
		if approvals.IsGroup(id) {
			members, err := d.sight.Members(ctx, id)
			failed = worse(failed, err)
			in = slices.Sorted(slices.Values(members))
		}
		for _, user := range in {
			if !slices.Contains(users, user) {
				users = append(users, user)
			}
		}
	}
	return users, failed
}

// stageOwn are the approvers of the present stage without those whom it has
// escalated to.
func stageOwn(r approvals.Request) []string {
	r.Escalated = time.Time{}
	return r.Approvers(r.Stage)
}

func escalated(r approvals.Request) bool {
	return r.State == approvals.Pending && !r.Escalated.IsZero() && r.CurrentStage().Escalate != nil
}

// cardsOf are the cards that are shown, each with its stage: once every stage had
// one, and they were noted in their order.
func cardsOf(s approvals.Shown) []approvals.Posted {
	out := slices.Clone(s.Cards)
	for i, p := range out {
		if old, ok := s.Card(i, ""); ok && p.Stage == 0 && p.To == "" && old.Channel == p.Channel && old.TS == p.TS {
			out[i].Stage = i
		}
	}
	return posted(out)
}

func posted(cards []approvals.Posted) []approvals.Posted {
	return slices.DeleteFunc(cards, func(p approvals.Posted) bool { return p.TS == "" })
}

// cardAt is the index of the card in a place, -1 if there is none.
func cardAt(cards []approvals.Posted, stage int, to string) int {
	return slices.IndexFunc(cards, func(p approvals.Posted) bool { return p.Stage == stage && p.To == to && p.TS != "" })
}

func anyOf(cards []approvals.Posted, stage int) bool {
	return slices.ContainsFunc(cards, func(p approvals.Posted) bool { return p.Stage == stage })
}

// lostCards are the places where a card was about to be posted and whose answer is
// not known.
func lostCards(r approvals.Request) []cardPlace {
	var out []cardPlace
	for name := range r.Shown.Tried {
		words := strings.Fields(name)
		if len(words) != 3 || words[0] != "card" {
			continue // one in the stage's own channel is looked for there
		}
		if n, err := strconv.Atoi(words[1]); err == nil {
			out = append(out, cardPlace{stage: n, to: words[2], at: words[2], over: true})
		}
	}
	slices.SortFunc(out, func(a, b cardPlace) int { return strings.Compare(a.to, b.to) })
	return out
}

package approvals

import (
	"context"
	"errors"
	"slices"
)

// sight reads people and groups from Slack, each at most once. It lives for one
// decision or one run of work, so what it says was read after whatever the
// person did.
type sight struct {
	people  People
	persons map[PersonID]Person
	members map[string][]string
}

// of describes somebody and says which of the groups they are in. An error
// means that nothing is known, which is never a yes.
func (s *sight) of(ctx context.Context, id PersonID, groups []string) (Person, []string, error) {
	who, ok := s.persons[id]
	if !ok {
		var err error
		if who, err = s.people.Person(ctx, id); err != nil {
			return Person{}, nil, err
		}
		if s.persons == nil {
			s.persons = map[PersonID]Person{}
		}
		s.persons[id] = who
	}
	if who.stranger() {
		return who, nil, nil // whatever group they are in, they decide nothing
	}
	var in []string
	for _, g := range groups {
		members, err := s.group(ctx, g)
		if err != nil {
			return Person{}, nil, err
		}
		if slices.Contains(members, id.User) {
			in = append(in, g)
		}
	}
	return who, in, nil
}

func (s *sight) group(ctx context.Context, g string) ([]string, error) {
	if members, ok := s.members[g]; ok {
		return members, nil
	}
	members, err := s.people.Members(ctx, g)
	if err != nil {
		return nil, err
	}
	if s.members == nil {
		s.members = map[string][]string{}
	}
	s.members[g] = members
	return members, nil
}

// behalf finds somebody who gave their right to decide the present stage to
// another person, and has one. It is the zero Behalf if nobody did.
func (s *sight) behalf(ctx context.Context, all []Delegation, r Request, p Press) (Behalf, error) {
	for _, d := range all {
		if !d.Holds(p.By, p.At) || d.From.Same(r.Requester) {
			continue
		}
		who, groups, err := s.of(ctx, d.From, groupsOf(r.Approvers(r.Stage)))
		if errors.Is(err, ErrUnknownPerson) {
			continue
		}
		if err != nil {
			return Behalf{}, err
		}
		if !who.stranger() && named(r.Approvers(r.Stage), d.From.User, groups) && !r.spent(d.From) {
			return Behalf{Of: who, Groups: groups}, nil
		}
	}
	return Behalf{}, nil
}

// able are the people who could decide a stage: living colleagues among the
// approvers who did not ask themselves. More than enough are not looked for.
func (s *sight) able(ctx context.Context, requester PersonID, approvers []string, enough int) ([]Person, error) {
	var found []Person
	looked := map[string]bool{requester.User: true}
	for _, id := range approvers {
		users := []string{id}
		switch {
		case isRole(id):
			continue
		case IsGroup(id):
			var err error
			if users, err = s.group(ctx, id); err != nil {
				return nil, err
			}
		}
		for _, user := range users {
			if looked[user] {
				continue
			}
			looked[user] = true
			who, _, err := s.of(ctx, PersonID{Team: requester.Team, User: user}, nil)
			if err != nil && !errors.Is(err, ErrUnknownPerson) {
				return nil, err
			}
			if err == nil && !who.stranger() {
				found = append(found, who)
			}
			if len(found) >= enough {
				return found, nil
			}
		}
	}
	return found, nil
}
